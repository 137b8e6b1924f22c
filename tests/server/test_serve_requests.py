"""What `trent serve` answers, and that it is no server for development."""

import json
import urllib.error

import pytest
from botocore.exceptions import ClientError
from raw_http import Connection, api_request, check_headers, request_bytes

INVALID_TOKEN = "The security token included in the request is invalid."


@pytest.fixture
def server(serve):
    return serve(tls=False).start()


@pytest.mark.parametrize("access_key_id", ["trent", "AKIAIOSFODNN7EXAMPLE", "111122223333"])
def test_an_unknown_access_key_is_refused(server, access_key_id):
    kms = server.client(access_key_id=access_key_id)
    for call in (kms.list_keys, kms.create_key, lambda: kms.describe_key(KeyId="alias/x")):
        with pytest.raises(ClientError) as caught:
            call()
        error = caught.value.response["Error"]
        assert (error["Code"], error["Message"]) == ("UnrecognizedClientException", INVALID_TOKEN)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_unsigned_request_is_refused(server):
    headers = [
        ("Host", "localhost"),
        ("X-Amz-Target", "TrentService.ListKeys"),
        ("Content-Type", "application/x-amz-json-1.1"),
    ]
    with Connection(server.port) as connection:
        answer = connection.exchange(request_bytes(headers, b"{}"))
    assert answer.code == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/_trent/clock", "/_trent/reset", "/_localstack/health"])
def test_what_is_for_development_is_not_there(server, method, path):
    body = b'{"advance":"P400D"}'
    with Connection(server.port) as connection:
        answer = connection.exchange(request_bytes([("Host", "x")], body, method, path))
        assert (answer.status, answer.code) == (404, "UnknownOperationException")
        check_headers(answer, "application/json")


def test_health_and_readiness_are_there(server):
    assert server.get("/_trent/health")["status"] == "ok"
    assert server.get("/_trent/ready") == {"ready": True}


def test_a_body_beside_the_api_is_bounded(server):
    request = request_bytes([("Host", "x")], b"x" * 20_000, "POST", "/_trent/health")
    with Connection(server.port) as connection:
        assert connection.exchange(request).status == 413


@pytest.mark.parametrize("option", ["--clock", "--access-key", "--seed"])
def test_options_of_development_are_not_understood(server, option):
    result = server.run("serve", "--config", server.config, option, "x")
    assert result.returncode == 2
    assert option in result.stderr


def test_a_request_for_a_region_that_is_not_configured_is_still_refused(serve):
    server = serve(tls=False, settings={"regions": ["eu-central-1"]}).start()
    for region in ("eu-central-1", "us-east-1"):
        with Connection(server.port) as connection:
            request = api_request(server.port, "ListKeys", region=region)
            answer = connection.exchange(request)
            assert json.loads(answer.body)["__type"] == "UnrecognizedClientException"


def test_a_server_that_is_not_there_has_no_path(server):
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.get("/elsewhere")
    assert caught.value.code == 404
