"""AWS STS beside KMS: who one is, without identities; errors; the forms of a request."""

import json
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from trent_server import Trent

NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"
ACCOUNT = "000000000000"


def sts_client(server, access_key_id="trent", secret="trent", **more):
    return boto3.client(
        "sts",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}),
        **more,
    )


def code_and_status(failure):
    response = failure.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def post(server, body, **headers):
    """Posts a form, unsigned; returns status, headers and the XML's root."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    request = urllib.request.Request(server.url + "/", data=body.encode(), headers=headers)
    return exchange(request)


def exchange(request):
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.headers, ElementTree.parse(response).getroot()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, ElementTree.parse(error).getroot()


def test_an_unknown_access_key_is_the_root_of_the_account(server):
    identity = sts_client(server).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert identity["UserId"] == identity["Account"] == ACCOUNT
    assert identity["ResponseMetadata"]["RequestId"]


def test_an_access_key_of_12_digits_is_of_that_account(server):
    identity = sts_client(server, access_key_id="111122223333").get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::111122223333:root"


def test_the_partition_is_that_of_the_region(server):
    client = boto3.client(
        "sts",
        endpoint_url=server.url,
        region_name="cn-north-1",
        aws_access_key_id="trent",
        aws_secret_access_key="trent",
    )
    assert client.get_caller_identity()["Arn"] == f"arn:aws-cn:iam::{ACCOUNT}:root"


def test_the_aws_cli_asks_who_it_is(server):
    answer = server.cli("get-caller-identity", service="sts", region="eu-central-1")
    assert answer == {
        "UserId": ACCOUNT,
        "Account": ACCOUNT,
        "Arn": f"arn:aws:iam::{ACCOUNT}:root",
    }


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_presigned_request_is_answered(server, method):
    url = sts_client(server).generate_presigned_url(
        "get_caller_identity", ExpiresIn=60, HttpMethod=method.upper()
    )
    data = b"" if method == "post" else None
    status, headers, root = exchange(urllib.request.Request(url, data=data))
    assert status == 200 and headers["content-type"] == "text/xml"
    assert root.findtext(f".//{NAMESPACE}Arn") == f"arn:aws:iam::{ACCOUNT}:root"


def test_a_wrong_signature_is_refused():
    with Trent("--access-key", "AKIDKNOWN0123456:secret:111122223333") as server:
        known = sts_client(server, access_key_id="AKIDKNOWN0123456", secret="secret")
        assert known.get_caller_identity()["Account"] == "111122223333"
        with pytest.raises(ClientError) as failure:
            sts_client(server, "AKIDKNOWN0123456", "wrong").get_caller_identity()
        assert code_and_status(failure) == ("SignatureDoesNotMatch", 403)
        wrong = sts_client(server, "AKIDKNOWN0123456", "wrong")
        status, _, root = exchange(
            urllib.request.Request(wrong.generate_presigned_url("get_caller_identity"))
        )
        assert status == 403
        assert root.findtext(f".//{NAMESPACE}Code") == "SignatureDoesNotMatch"


def test_a_signature_for_kms_is_none_for_sts(server):
    kms = server.client()
    # The same credentials, scoped to another service.
    scope = kms.generate_presigned_url("list_keys")
    query = scope.split("?", 1)[1].replace("Action=ListKeys&", "")
    url = f"{server.url}/?Action=GetCallerIdentity&Version=2011-06-15&{query}"
    status, _, root = exchange(urllib.request.Request(url))
    assert status == 403
    assert root.findtext(f".//{NAMESPACE}Code") == "SignatureDoesNotMatch"
    assert "correct service: 'sts'" in root.findtext(f".//{NAMESPACE}Message")


def test_a_role_must_exist(server):
    role = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    with pytest.raises(ClientError) as failure:
        sts_client(server).assume_role(RoleArn=role, RoleSessionName="session")
    assert code_and_status(failure) == ("AccessDenied", 403)
    assert failure.value.response["Error"]["Message"] == (
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: sts:AssumeRole on "
        f"resource: {role}"
    )
    assert failure.value.response["Error"]["Type"] == "Sender"


def test_other_actions_are_not_known(server):
    with pytest.raises(ClientError) as failure:
        sts_client(server).get_session_token()
    assert code_and_status(failure) == ("InvalidAction", 400)


def test_nobody_s_web_identity_is_trusted(server):
    with pytest.raises(ClientError) as failure:
        sts_client(server).assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/ci",
            RoleSessionName="session",
            WebIdentityToken="no token",
        )
    assert code_and_status(failure) == ("InvalidIdentityToken", 400)


def test_an_unsigned_request_is_missing_its_token(server):
    status, headers, root = post(server, "Action=GetCallerIdentity&Version=2011-06-15")
    assert (status, headers["content-type"]) == (403, "text/xml")
    assert root.tag == f"{NAMESPACE}ErrorResponse"
    assert root.findtext(f".//{NAMESPACE}Type") == "Sender"
    assert root.findtext(f".//{NAMESPACE}Code") == "MissingAuthenticationToken"
    assert root.findtext(f"{NAMESPACE}RequestId") == headers["x-amzn-requestid"]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("", "MissingAction", "missing an action"),
        ("Action=", "MissingAction", "missing an action"),
        ("Action=GetCallerIdentity", "InvalidAction", "version NO_VERSION_SPECIFIED"),
        ("Action=GetCallerIdentity&Version=1", "InvalidAction", "version 1"),
        ("Action=%3C%00%26&Version=2011-06-15", "InvalidAction", "<\ufffd& for"),
        ("Action=A&Action=B", "MalformedInput", "repeated"),
        ("&".join(f"p{number}=" for number in range(300)), "MalformedInput", "too many"),
        ("a=" + "x" * 300_000, "MalformedInput", "too long"),
    ],
)
def test_malformed_forms_are_refused(server, body, code, message):
    status, _, root = post(server, body)
    assert (status, root.findtext(f".//{NAMESPACE}Code")) == (400, code)
    assert message in root.findtext(f".//{NAMESPACE}Message")


def test_a_target_goes_before_a_form(server):
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Amz-Target": "TrentService.ListKeys",
    }
    request = urllib.request.Request(server.url + "/", data=b"Action=X", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(request, timeout=60)
    assert failure.value.code == 404
    assert json.load(failure.value)["__type"] == "UnknownOperationException"
