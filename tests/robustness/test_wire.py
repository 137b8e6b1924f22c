"""What goes over the wire: framing, headers, error bodies, and how the server ends."""

import base64
import contextlib
import json
import re
import resource
import signal
import socket
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime

import pytest
from raw_http import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    HTTP_2_PREFACE,
    JSON_1_1,
    NO_ERROR,
    PING,
    RST_STREAM,
    SETTINGS,
    STATUS_200,
    Api,
    Closed,
    Connection,
    api_request,
    check_headers,
    encoded,
    frame,
    next_frame,
    request_bytes,
    signed_headers,
)
from trent_server import Trent, wait_until

BODY_BYTES_MAX = 1024 * 1024


@pytest.fixture(scope="module")
def server():
    with Trent() as server:
        yield server


@pytest.fixture(scope="module")
def api(server):
    return Api(server.port)


@pytest.fixture(scope="module")
def key_id(api):
    return api("CreateKey")["KeyMetadata"]["KeyId"]


@pytest.fixture
def connection(server):
    with Connection(server.port) as connection:
        yield connection


def posted(connection, server, operation, body=b"{}", **options):
    return connection.exchange(api_request(server.port, operation, body, **options))


def check_error(answer, status, code, content_type=JSON_1_1):
    check_headers(answer, content_type)
    assert answer.status == status, answer
    assert answer.json["__type"] == code, answer
    assert answer.json.keys() <= {"__type", "message"}, answer


# --- Which operation ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type, answered",
    [
        ("application/x-amz-json-1.1", "application/x-amz-json-1.1"),
        ("application/x-amz-json-1.0", "application/x-amz-json-1.0"),
        ("application/x-amz-json-1.1; charset=utf-8", "application/x-amz-json-1.1"),
        ("Application/X-Amz-Json-1.1", "application/x-amz-json-1.1"),
    ],
)
def test_json_1_1_and_1_0_are_answered_in_kind(connection, server, content_type, answered):
    answer = posted(connection, server, "ListKeys", content_type=content_type)
    assert answer.status == 200 and "Keys" in answer.json
    check_headers(answer, answered)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "application/x-www-form-urlencoded", "application/cbor", ""],
)
def test_another_content_type_is_an_unknown_operation(connection, server, content_type):
    answer = posted(connection, server, "ListKeys", content_type=content_type)
    check_error(answer, 404, "UnknownOperationException")


def test_a_request_without_content_type_is_an_unknown_operation(connection, server):
    headers = signed_headers(server.port, b"{}", [("X-Amz-Target", "TrentService.ListKeys")])
    answer = connection.exchange(request_bytes(headers, b"{}"))
    check_error(answer, 404, "UnknownOperationException")


@pytest.mark.parametrize(
    "target",
    [None, "", "ListKeys", "TrentService.", "TrentService.NoSuch", "TrentService.listKeys"],
)
def test_a_missing_or_unknown_target_is_an_unknown_operation(connection, server, target):
    named = [("X-Amz-Target", target)] if target is not None else []
    headers = signed_headers(server.port, b"{}", [*named, ("Content-Type", JSON_1_1)])
    answer = connection.exchange(request_bytes(headers, b"{}"))
    check_error(answer, 404, "UnknownOperationException")


def test_header_names_are_found_in_any_case(connection, server):
    headers = signed_headers(
        server.port,
        b"{}",
        [("x-aMZ-tARGET", "TrentService.ListKeys"), ("CONTENT-TYPE", JSON_1_1)],
    )
    answer = connection.exchange(request_bytes(headers, b"{}"))
    assert answer.status == 200, answer


def test_an_unsigned_get_is_answered_in_xml(connection):
    answer = connection.exchange(request_bytes([("Host", "localhost")], b"", "GET"), "GET")
    assert answer.status == 400
    check_headers(answer, "application/xml")
    assert re.fullmatch(
        rb"<MissingAuthenticationTokenException>\s*"
        rb"<Message>Missing Authentication Token</Message>\s*"
        rb"</MissingAuthenticationTokenException>\s*",
        answer.body,
    )


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post", "BREW"])
def test_other_methods_are_not_allowed(connection, method):
    answer = connection.exchange(request_bytes([("Host", "localhost")], b"", method), method)
    assert answer.status == 405
    assert answer.header("allow") == "POST"
    check_headers(answer, "application/xml")


def test_head_is_answered_without_a_body(connection, server):
    answer = connection.exchange(request_bytes([("Host", "localhost")], b"", "HEAD"), "HEAD")
    assert answer.status == 400 and answer.body == b""
    # What follows on the connection is the next answer, not a body.
    assert posted(connection, server, "ListKeys").status == 200


@pytest.mark.parametrize(
    "path", ["/x", "//", "/_trent", "/_trent/nothing", "/kms", "/%2f", "/ListKeys"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_paths_are_not_found(connection, path, method):
    answer = connection.exchange(request_bytes([("Host", "localhost")], b"{}", method, path))
    check_error(answer, 404, "UnknownOperationException", content_type="application/json")


# --- Bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"{", b"}", b"[]", b'["a"]', b"null", b"1", b'"text"', b"{'KeyId':1}", b"{}{}", b"{} x"]
    + [b'{"Limit":}', b'{"Limit":01}', b'{"Limit":1,}', b"\xff", b'{"Marker":"\xff"}']
    + [b"\x00", b" "]
    + [b"<xml/>", b"Action=ListKeys", b'{"Limit":NaN}', b'{"Marker":"\\ud800"}', b"[" * 100_000],
)
def test_a_body_that_is_no_json_object_is_a_serialization_exception(connection, server, body):
    check_error(posted(connection, server, "ListKeys", body), 400, "SerializationException")


@pytest.mark.parametrize(
    "operation, members",
    [
        ("ListKeys", {"Limit": "10"}),
        ("ListKeys", {"Limit": 1.5}),
        ("ListKeys", {"Limit": 2**31}),
        ("ListKeys", {"Limit": True}),
        ("ListKeys", {"Limit": [1]}),
        ("ListKeys", {"Marker": 1}),
        ("DescribeKey", {"KeyId": 1}),
        ("DescribeKey", {"KeyId": {}}),
        ("DescribeKey", {"KeyId": "x", "GrantTokens": "token"}),
        ("DescribeKey", {"KeyId": "x", "GrantTokens": [1]}),
        ("CreateKey", {"Tags": {"TagKey": "a", "TagValue": "b"}}),
        ("CreateKey", {"Tags": ["a"]}),
        ("CreateKey", {"MultiRegion": "true"}),
        ("CreateKey", {"KeySpec": 1}),
        ("Encrypt", {"KeyId": "x", "Plaintext": 1}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "not base64!"}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "eA=="[:3]}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "eA==", "EncryptionContext": {"a": 1}}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "eA==", "EncryptionContext": {"a": None}}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "eA==", "EncryptionContext": ["a"]}),
    ],
)
def test_a_member_of_the_wrong_type_is_a_serialization_exception(
    connection, server, operation, members
):
    answer = posted(connection, server, operation, json.dumps(members).encode())
    check_error(answer, 400, "SerializationException")


def test_an_empty_body_is_an_empty_object(connection, server):
    answer = posted(connection, server, "ListKeys", b"")
    assert answer.status == 200 and "Keys" in answer.json
    answer = posted(connection, server, "DescribeKey", b"")
    check_error(answer, 400, "ValidationException")
    assert "'keyId'" in answer.text and "must not be null" in answer.text


def test_unknown_members_are_ignored(connection, server):
    members = {"Limit": 1, "limit": "x", "Unknown": {"deep": [1, None]}, "": None}
    answer = posted(connection, server, "ListKeys", json.dumps(members).encode())
    assert answer.status == 200


def test_null_members_are_absent_members(connection, server, key_id):
    answer = posted(connection, server, "ListKeys", b'{"Limit":null,"Marker":null}')
    assert answer.status == 200
    body = json.dumps({"KeyId": key_id, "GrantTokens": None}).encode()
    assert posted(connection, server, "DescribeKey", body).status == 200
    answer = posted(connection, server, "DescribeKey", b'{"KeyId":null}')
    check_error(answer, 400, "ValidationException")


def test_a_body_of_1_mib_is_read_and_one_byte_more_is_too_large(connection, server):
    fitting = b'{"Unknown":"' + b"x" * (BODY_BYTES_MAX - 14) + b'"}'
    assert len(fitting) == BODY_BYTES_MAX
    assert posted(connection, server, "ListKeys", fitting).status == 200
    answer = posted(connection, server, "ListKeys", fitting + b" ")
    check_error(answer, 413, "RequestEntityTooLargeException")


def test_the_refusal_of_a_body_that_is_too_large_reaches_a_client_that_still_sends(server):
    body = b"x" * (4 * BODY_BYTES_MAX)
    for _ in range(20):
        with Connection(server.port) as connection:
            answer = connection.exchange(api_request(server.port, "ListKeys", body))
            check_error(answer, 413, "RequestEntityTooLargeException")


def test_a_chunked_body_is_read(connection, server, key_id):
    body = json.dumps({"KeyId": key_id}).encode()
    headers = [("X-Amz-Target", "TrentService.DescribeKey"), ("Content-Type", JSON_1_1)]
    headers = [*signed_headers(server.port, body, headers), ("Transfer-Encoding", "chunked")]
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[at : at + 1]) for at in range(len(body)))
    for ending in (b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n"):
        request = request_bytes(headers, chunks + ending)
        answer = connection.exchange(request)
        assert answer.status == 200 and answer.json["KeyMetadata"]["KeyId"] == key_id


def test_a_chunked_body_that_is_too_large_is_refused(connection, server):
    headers = [("X-Amz-Target", "TrentService.ListKeys"), ("Content-Type", JSON_1_1)]
    headers = [*signed_headers(server.port, b"", headers), ("Transfer-Encoding", "chunked")]
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = connection.exchange(request_bytes(headers, chunk * 17))
    check_error(answer, 413, "RequestEntityTooLargeException")


def test_expect_100_continue_is_continued_before_the_body_is_sent(connection, server):
    body = b'{"Limit":1}'
    request = api_request(server.port, "ListKeys", body, extra=[("Expect", "100-continue")])
    connection.send(request[: -len(body)])
    assert connection.receive().status == 100
    connection.send(body)
    answer = connection.receive()
    assert answer.status == 200
    check_headers(answer)


# --- Answers --------------------------------------------------------------------------------------


def test_every_answer_has_its_headers_and_a_request_id_of_its_own(connection, server, key_id):
    good = json.dumps({"KeyId": key_id}).encode()
    requests = [
        api_request(server.port, "ListKeys"),
        api_request(server.port, "DescribeKey", good),
        api_request(server.port, "DescribeKey", b'{"KeyId":"alias/none"}'),
        api_request(server.port, "DescribeKey", b"x"),
        api_request(server.port, "NoSuch"),
        api_request(server.port, "EnableKey", good),
        request_bytes([("Host", "localhost")], b"", "POST", "/nowhere"),
        request_bytes([("Host", "localhost")], b"", "GET", "/_trent/health"),
        request_bytes([("Host", "localhost")], b"", "GET", "/"),
        request_bytes([("Host", "localhost")], b"", "PUT", "/"),
    ]
    seen = set()
    for request in requests * 20:
        answer = connection.exchange(request)
        seen.add(check_headers(answer, answer.header("content-type")))
        assert int(answer.header("content-length")) == len(answer.body)
        date = parsedate_to_datetime(answer.header("date")).timestamp()
        assert abs(date - time.time()) < 5
    assert len(seen) == len(requests) * 20
    assert {uuid.UUID(one).version for one in seen} == {4}


def test_an_error_has_its_type_bare_and_its_message_in_lower_case(connection, server):
    absent = str(uuid.UUID(int=7))
    answer = posted(connection, server, "DescribeKey", json.dumps({"KeyId": absent}).encode())
    check_headers(answer)
    assert answer.status == 400
    arn = f"arn:aws:kms:us-east-1:000000000000:key/{absent}"
    assert answer.json == {
        "__type": "NotFoundException",
        "message": f"Key '{arn}' does not exist",
    }


def test_an_error_without_text_has_no_message(connection, server, key_id):
    body = json.dumps({"KeyId": key_id, "CiphertextBlob": "AAAA"}).encode()
    answer = posted(connection, server, "Decrypt", body)
    check_headers(answer)
    assert (answer.status, answer.json) == (400, {"__type": "InvalidCiphertextException"})


def test_access_denied_has_its_message_with_a_capital_letter(connection, server):
    arn = f"arn:aws:kms:us-east-1:999999999999:key/{uuid.UUID(int=7)}"
    answer = posted(connection, server, "DescribeKey", json.dumps({"KeyId": arn}).encode())
    check_headers(answer)
    assert answer.status == 400
    assert answer.json.keys() == {"__type", "Message"}
    assert answer.json["__type"] == "AccessDeniedException"
    assert answer.json["Message"].startswith("User: arn:aws:iam::000000000000:root is not auth")


TIMESTAMPS = [
    ("DescribeKey", ("KeyMetadata", "CreationDate")),
    ("DescribeKey", ("KeyMetadata", "DeletionDate")),
    ("GetKeyRotationStatus", ("NextRotationDate",)),
    ("ListKeyRotations", ("Rotations", 0, "RotationDate")),
    ("ListAliases", ("Aliases", 0, "CreationDate")),
    ("ListAliases", ("Aliases", 0, "LastUpdatedDate")),
]


def test_timestamps_are_numbers_of_seconds_with_at_most_3_decimals(connection, server, api):
    for number in range(10):
        key = {"KeyId": api("CreateKey")["KeyMetadata"]["KeyId"]}
        api("CreateAlias", AliasName=f"alias/time-{number}", TargetKeyId=key["KeyId"])
        api("EnableKeyRotation", **key)
        api("RotateKeyOnDemand", **key)
        bodies = {}
        for operation in {operation for operation, _ in TIMESTAMPS} - {"DescribeKey"}:
            answer = posted(connection, server, operation, json.dumps(key).encode())
            bodies[operation] = answer.body
        scheduled = posted(connection, server, "ScheduleKeyDeletion", json.dumps(key).encode())
        assert re.search(rb'"DeletionDate":\d{10}(\.\d{1,3})?[,}]', scheduled.body)
        bodies["DescribeKey"] = posted(
            connection, server, "DescribeKey", json.dumps(key).encode()
        ).body
        for operation, path in TIMESTAMPS:
            value = json.loads(bodies[operation])
            for step in path:
                value = value[step]
            assert isinstance(value, (int, float)) and abs(value - time.time()) < 366 * 86400
            pattern = rf'"{path[-1]}":\d{{10}}(\.\d{{1,3}})?[,}}]'.encode()
            assert re.search(pattern, bodies[operation]), bodies[operation]


def test_operations_without_output_have_an_empty_body(connection, server, api):
    key = api("CreateKey")["KeyMetadata"]["KeyId"]
    other = api("CreateKey")["KeyMetadata"]["KeyId"]
    policy = api("GetKeyPolicy", KeyId=key)["Policy"]
    tags = [{"TagKey": "a", "TagValue": "b"}]
    for operation, members in [
        ("CreateAlias", {"AliasName": "alias/empty", "TargetKeyId": key}),
        ("UpdateAlias", {"AliasName": "alias/empty", "TargetKeyId": other}),
        ("DeleteAlias", {"AliasName": "alias/empty"}),
        ("DisableKey", {"KeyId": key}),
        ("EnableKey", {"KeyId": key}),
        ("EnableKeyRotation", {"KeyId": key}),
        ("DisableKeyRotation", {"KeyId": key}),
        ("PutKeyPolicy", {"KeyId": key, "Policy": policy}),
        ("TagResource", {"KeyId": key, "Tags": tags}),
        ("UntagResource", {"KeyId": key, "TagKeys": ["a"]}),
        ("UpdateKeyDescription", {"KeyId": key, "Description": "x"}),
    ]:
        answer = posted(connection, server, operation, json.dumps(members).encode())
        assert (answer.status, answer.body) == (200, b""), (operation, answer)
        assert answer.header("content-length") == "0"
        check_headers(answer)


# --- Connections ----------------------------------------------------------------------------------


def test_one_connection_takes_many_requests(connection, server, key_id):
    body = json.dumps({"KeyId": key_id}).encode()
    for number in range(1000):
        operation = ("DescribeKey", "GetKeyPolicy", "NoSuch")[number % 3]
        answer = posted(connection, server, operation, body)
        assert answer.status == (404 if operation == "NoSuch" else 200)
        assert not answer.ends_connection


def test_pipelined_requests_are_answered_in_order(connection, server, key_id):
    plaintexts = [f"number {number}".encode() for number in range(100)]
    bodies = [json.dumps(encoded({"KeyId": key_id, "Plaintext": one})) for one in plaintexts]
    connection.send(b"".join(api_request(server.port, "Encrypt", one.encode()) for one in bodies))
    blobs = [connection.receive().json["CiphertextBlob"] for _ in plaintexts]
    bodies = [json.dumps({"CiphertextBlob": blob}).encode() for blob in blobs]
    connection.send(b"".join(api_request(server.port, "Decrypt", one) for one in bodies))
    for plaintext in plaintexts:
        assert base64.b64decode(connection.receive().json["Plaintext"]) == plaintext


def test_a_connection_is_closed_when_the_client_asks_for_it(connection, server):
    answer = posted(connection, server, "ListKeys", extra=[("Connection", "close")])
    assert answer.status == 200 and answer.ends_connection
    assert connection.at_end()


def test_http_1_0_is_answered(connection, server):
    request = api_request(server.port, "ListKeys").replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)
    connection.send(request)
    with contextlib.suppress(ConnectionResetError):
        while more := connection.socket.recv(65536):
            connection.buffer += more
    head, _, body = connection.buffer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 ") and "Keys" in json.loads(body)


def test_slow_and_half_sent_requests_do_not_block_others(server, api, key_id):
    request = api_request(server.port, "ListKeys", b'{"Limit":1}')
    with contextlib.ExitStack() as held:
        for number in range(200):
            slow = held.enter_context(Connection(server.port))
            # Nothing, a part of the head, the head without body, all but a byte.
            cut = [0, 1, 20, request.index(b"\r\n\r\n"), -11, -1][number % 6]
            slow.send(request[:cut])
        began = time.monotonic()
        for _ in range(100):
            assert api("DescribeKey", KeyId=key_id)["KeyMetadata"]["KeyId"] == key_id
        assert time.monotonic() - began < 5
        # The last one is still taken when the rest of it comes.
        with Connection(server.port) as slow:
            for byte in request:
                slow.send(bytes([byte]))
            assert slow.receive().status == 200


def test_clients_that_vanish_do_not_disturb_others(server, api, key_id):
    request = api_request(server.port, "ListKeys")
    for number in range(300):
        with Connection(server.port) as vanishing:
            vanishing.send(request[: (number * 7) % (len(request) + 1)])
            if number % 2:
                # Reset instead of a regular end.
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                vanishing.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert api("DescribeKey", KeyId=key_id)["KeyMetadata"]["KeyId"] == key_id


def test_a_server_out_of_file_descriptors_serves_whom_it_knows_and_recovers(tmp_path, servers):
    with open(tmp_path / "log", "w") as log:
        server = servers(data_dir=tmp_path / "data", log=log).start()
        api = Api(server.port)
        key_id = api("CreateKey")["KeyMetadata"]["KeyId"]
        assert api("DescribeKey", KeyId=key_id)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (64, 64))
        with contextlib.ExitStack() as held:
            for _ in range(100):
                held.enter_context(Connection(server.port))
            # Its descriptors cannot be counted: /proc/PID/fd is closed to its user.
            failed = "accepting a connection failed"
            wait_until(lambda: failed in (tmp_path / "log").read_text())
            for _ in range(100):
                assert api("DescribeKey", KeyId=key_id)["KeyMetadata"]["KeyId"] == key_id
        with Connection(server.port) as connection:
            assert posted(connection, server, "ListKeys").status == 200
        other = api("CreateKey")["KeyMetadata"]["KeyId"]
        assert api.plaintext(api.ciphertext(other, b"x")) == b"x"
        assert server.stop() == 0
    assert "panicked" not in (tmp_path / "log").read_text()


# --- curl -----------------------------------------------------------------------------------------


def curl(server, *arguments):
    result = subprocess.run(
        ["curl", "--silent", "--show-error", "--include", "--max-time", "20"]
        + ["--aws-sigv4", "aws:amz:us-east-1:kms", "--user", "trent:trent"]
        + ["--header", f"Content-Type: {JSON_1_1}", *arguments, server.url],
        capture_output=True,
        timeout=30,
    )
    assert result.returncode == 0, result.stderr
    head, _, body = result.stdout.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return status, dict(line.lower().split(": ", 1) for line in lines), body


@pytest.mark.parametrize(
    "arguments, version", [((), "HTTP/1.1"), (("--http2-prior-knowledge",), "HTTP/2")]
)
def test_plain_curl_speaks_with_the_server(server, key_id, arguments, version):
    status, headers, body = curl(
        server,
        *arguments,
        "--header",
        "X-Amz-Target: TrentService.DescribeKey",
        "--data",
        json.dumps({"KeyId": key_id}),
    )
    assert status.split()[:2] == [version, "200"]
    assert json.loads(body)["KeyMetadata"]["KeyId"] == key_id
    assert headers["content-type"] == JSON_1_1
    assert uuid.UUID(headers["x-amzn-requestid"])
    assert headers["cache-control"] == "no-cache, no-store, must-revalidate, private"
    assert parsedate_to_datetime(headers["date"])
    assert int(headers["content-length"]) == len(body)


def test_errors_over_http_2_are_those_of_http_1(server):
    target = "X-Amz-Target: TrentService.DescribeKey"
    for data in ('{"KeyId":"alias/none"}', "[]", "{}", "x" * 10):
        status_1, _, body_1 = curl(server, "--header", target, "--data", data)
        status_2, _, body_2 = curl(
            server, "--http2-prior-knowledge", "--header", target, "--data", data
        )
        assert status_1.split()[1] == status_2.split()[1] == "400"
        assert body_1 == body_2


def literal(name, value):
    """A header field of HPACK as it stands: neither indexed nor compressed."""
    def text(of):
        return (bytes([len(of)]) if len(of) < 127 else bytes([127, *varint(len(of) - 127)])) + of

    def varint(rest):
        while rest >= 128:
            yield rest % 128 + 128
            rest //= 128
        yield rest

    return b"\0" + text(name.lower().encode()) + text(value.encode())


def http_2_requests(port, requests, meanwhile=lambda: None):
    """Begins all requests of operation and body on one connection before it ends any, and does
    something `meanwhile`. Returns the bodies of the answers, each of which must be a success."""
    with Connection(port) as connection:
        settings = frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0)
        out = [HTTP_2_PREFACE + settings]
        for number, (operation, body) in enumerate(requests):
            named = [("X-Amz-Target", f"TrentService.{operation}"), ("Content-Type", JSON_1_1)]
            headers = signed_headers(port, body, named)
            head = [(":method", "POST"), (":scheme", "http"), (":path", "/")]
            head.append((":authority", dict(headers)["Host"]))
            head += [(name, value) for name, value in headers if name != "Host"]
            block = b"".join(literal(name, value) for name, value in head)
            out.append(frame(HEADERS, END_HEADERS, 2 * number + 1, block))
        # The answer to a ping says that the server has read what was before it.
        connection.send(b"".join(out) + frame(PING, 0, 0, b"are read"))
        while next_frame(connection)[:2] != (PING, ACK):
            pass
        meanwhile()
        for number, (_, body) in reversed(list(enumerate(requests))):
            connection.send(frame(DATA, END_STREAM, 2 * number + 1, body))
        bodies, running = {2 * n + 1: b"" for n in range(len(requests))}, len(requests)
        while running:
            kind, flags, stream, payload = next_frame(connection)
            assert kind != RST_STREAM, payload
            if kind == GOAWAY:
                assert payload[4:8] == NO_ERROR, payload
            elif kind == PING and not flags & ACK:
                connection.send(frame(PING, ACK, 0, payload))
            elif kind == HEADERS:
                # A size update of the table may stand before the first field.
                assert payload.lstrip(b"\x20")[0] == STATUS_200, payload
            elif kind == DATA:
                bodies[stream] += payload
            running -= kind in (HEADERS, DATA) and bool(flags & END_STREAM)
        return list(bodies.values())


def test_many_requests_at_the_same_time_on_one_http_2_connection_are_all_answered(server, key_id):
    plaintexts = [f"number {number}".encode() for number in range(100)]
    requests = [{"KeyId": key_id, "Plaintext": plaintext} for plaintext in plaintexts]
    requests = [("Encrypt", json.dumps(encoded(members)).encode()) for members in requests]
    blobs = [json.loads(body)["CiphertextBlob"] for body in http_2_requests(server.port, requests)]
    requests = [("Decrypt", json.dumps({"CiphertextBlob": blob}).encode()) for blob in blobs]
    answers = [json.loads(body) for body in http_2_requests(server.port, requests)]
    assert [base64.b64decode(answer["Plaintext"]) for answer in answers] == plaintexts


# --- Control --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path, body", [("/_trent/clock", b'{"advance":"P400D"}'), ("/_trent/reset", b"")]
)
@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://example.com", "null", ""])
def test_control_requests_of_web_pages_are_refused(
    server, connection, key_id, api, path, body, origin
):
    before = server.get("/_trent/clock")["offset"]
    request = request_bytes([("Host", "localhost"), ("Origin", origin)], body, "POST", path)
    answer = connection.exchange(request)
    assert answer.status == 403
    check_headers(answer, "application/json")
    assert server.get("/_trent/clock")["offset"] == before
    assert api("DescribeKey", KeyId=key_id)


def test_a_control_request_that_is_too_large_or_unclear_changes_nothing(server, connection):
    before = server.get("/_trent/clock")["offset"]
    both = b'{"advance":"P1D","set":"2200-01-01T00:00:00Z"}'
    for body in (b"", b"{}", both, b'{"advance":"-P1D"}'):
        request = request_bytes([("Host", "localhost")], body, "POST", "/_trent/clock")
        assert connection.exchange(request).status == 400, body
    body = b'{"advance":"P1D"' + b" " * 20_000 + b"}"
    with Connection(server.port) as large:
        request = request_bytes([("Host", "localhost")], body, "POST", "/_trent/clock")
        assert large.exchange(request).status == 413
    assert server.get("/_trent/clock")["offset"] == before


# --- The end --------------------------------------------------------------------------------------

HAMMERING = 8


def test_requests_in_flight_are_answered_when_the_server_is_asked_to_stop(tmp_path, servers, rng):
    """Every request that the server has begun to read is answered; a connection that is idle, or
    not accepted any more, ends between two answers and never within one."""
    for round_number in range(4):
        data_dir = tmp_path / f"data-{round_number}"
        with open(tmp_path / f"log-{round_number}", "w+") as log:
            server = servers(data_dir=data_dir, log=log).start()
            api = Api(server.port)
            key_id = api("CreateKey")["KeyMetadata"]["KeyId"]
            answered, until = [0] * HAMMERING, rng.randrange(400)
            tags = [None] * HAMMERING

            def hammer(number):
                # Until the server has closed the connection in good order.
                with Connection(server.port, timeout=30) as connection:
                    while True:
                        value = str(answered[number])
                        tag = {"TagKey": f"t{number}", "TagValue": value}
                        body = json.dumps({"KeyId": key_id, "Tags": [tag]}).encode()
                        try:
                            answer = posted(connection, server, "TagResource", body)
                        except Closed:
                            return
                        assert answer.status == 200, answer
                        tags[number] = value
                        answered[number] += 1
                        if answer.ends_connection:
                            assert connection.at_end()
                            return

            with ThreadPoolExecutor(HAMMERING) as pool:
                hammering = [pool.submit(hammer, number) for number in range(HAMMERING)]
                wait_until(lambda: all(answered) and sum(answered) > until)
                server.process.terminate()
                for one in hammering:
                    one.result()
            assert server.process.wait(30) == 0
            log.seek(0)
            assert log.read() == ""
            # All that was answered is kept, and nothing needed to be recovered.
            assert not (data_dir / "trent.db-wal").exists()
            server.start()
            listed = api("ListResourceTags", KeyId=key_id)["Tags"]
            listed = {tag["TagKey"]: int(tag["TagValue"]) for tag in listed}
            for number, value in enumerate(tags):
                assert listed[f"t{number}"] in (int(value), int(value) + 1)
            assert server.stop() == 0


def test_a_request_half_sent_when_the_server_is_asked_to_stop_is_answered(servers):
    server = servers().start()
    key_id = Api(server.port)("CreateKey")["KeyMetadata"]["KeyId"]
    body = json.dumps(encoded({"KeyId": key_id, "Plaintext": b"half"})).encode()
    request = api_request(server.port, "Encrypt", body)
    with Connection(server.port) as half_sent, Connection(server.port) as idle:
        assert posted(idle, server, "ListKeys").status == 200
        # The server has begun with the request: it says so.
        head = request[: -len(body) - 2] + b"Expect: 100-continue\r\n\r\n"
        half_sent.send(head + body[:5])
        assert half_sent.receive().status == 100
        server.process.terminate()
        # It has heard of the end: what is idle is closed, and nobody new is let in.
        assert idle.at_end()
        wait_until(lambda: not accepts(server.port))
        assert server.process.poll() is None
        half_sent.send(body[5:])
        answer = half_sent.receive()
        assert answer.status == 200 and answer.json["CiphertextBlob"]
        check_headers(answer)
        assert half_sent.at_end()
    assert server.process.wait(10) == 0


def accepts(port):
    try:
        Connection(port).close()
    except ConnectionError:
        return False
    return True


def test_http_2_requests_half_sent_when_the_server_is_asked_to_stop_are_answered(servers):
    server = servers().start()
    key_id = Api(server.port)("CreateKey")["KeyMetadata"]["KeyId"]

    def stop():
        server.process.terminate()
        wait_until(lambda: not accepts(server.port))
        assert server.process.poll() is None

    body = json.dumps({"KeyId": key_id}).encode()
    answers = http_2_requests(server.port, [("DescribeKey", body)] * 20, meanwhile=stop)
    assert [json.loads(answer)["KeyMetadata"]["KeyId"] for answer in answers] == [key_id] * 20
    assert server.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_at_once_with_connections_open(servers, number):
    server = servers().start()
    with contextlib.ExitStack() as held:
        for used in (True, False) * 10:
            connection = held.enter_context(Connection(server.port))
            if used:
                assert posted(connection, server, "ListKeys").status == 200
        began = time.monotonic()
        server.process.send_signal(number)
        assert server.process.wait(30) == 0
        assert time.monotonic() - began < 3
