"""Tens of thousands of requests that no client would send. Every one is answered in good order, and
nothing has changed afterwards."""

import json
import random
import re
import string
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import botocore.session
import pytest
from raw_http import (
    JSON_1_1,
    Api,
    Closed,
    Connection,
    api_request,
    check_headers,
    encoded,
    request_bytes,
    signed_headers,
)
from trent_server import Trent

MODEL = botocore.session.get_session().get_service_model("kms")
OPERATIONS = sorted(MODEL.operation_names)

BODY_BYTES_MAX = 1024 * 1024
THREADS = 4
ANSWERED_WITHIN_SECONDS = 5

RANDOM_BODIES_PER_OPERATION = 60
MUTATED_BODIES_PER_OPERATION = 600
MUTATED_HEADERS = 6000
MALFORMED_REQUESTS = 1000
OTHER_PATHS = 4000
MUTATED_CIPHERTEXTS = 6000

# What any operation may answer, besides what the model declares for it.
COMMON_ERRORS = {
    "AccessDeniedException",
    "SerializationException",
    "UnsupportedOperationException",
    "ValidationException",
}
AUTHENTICATION_ERRORS = {
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
    "ExpiredTokenException",
}
# These may change the key that they are given, and get one of their own.
READING = re.compile(r"Encrypt|Decrypt|ReEncrypt|Generate|Get|List|Describe|Verify|Sign|Derive")


class Target:
    """A server to send nonsense to, and what must be the same afterwards."""

    def __init__(self, server, log):
        self.server = server
        self.log = log
        self.api = Api(server.port)
        self.key_id = self.new_key()
        self.api("CreateAlias", AliasName="alias/witness", TargetKeyId=self.key_id)
        self.api("TagResource", KeyId=self.key_id, Tags=[{"TagKey": "is", "TagValue": "witness"}])
        self.api("RotateKeyOnDemand", KeyId=self.key_id)
        self.ciphertext = self.api.ciphertext(self.key_id, b"the plaintext")
        self.victims = {name: self.new_key() for name in OPERATIONS if not READING.match(name)}

    def new_key(self):
        return self.api("CreateKey")["KeyMetadata"]["KeyId"]

    def state(self):
        """All that can be seen of the key that nobody may have changed, and of the clock."""
        of_key = [
            self.api(operation, KeyId=self.key_id)
            for operation in (
                "DescribeKey",
                "GetKeyPolicy",
                "GetKeyRotationStatus",
                "ListAliases",
                "ListKeyRotations",
                "ListResourceTags",
            )
        ]
        return of_key, self.server.get("/_trent/clock")["offset"]

    @contextmanager
    def unchanged(self):
        """Whatever is done in it may create the keys that it adds to the set, and nothing else."""
        state, keys, created = self.state(), self.keys(), set()
        yield created
        assert self.server.process.poll() is None, "the server has ended"
        assert self.server.get("/_trent/ready") == {"ready": True}
        jobs = self.server.get("/_trent/health")["jobs"]
        assert jobs["failures"] == jobs["damaged_records"] == 0, jobs
        assert self.state() == state
        assert self.api.plaintext(self.ciphertext) == b"the plaintext"
        again = self.api.ciphertext("alias/witness", b"again")
        assert self.api.plaintext(again) == b"again"
        assert self.keys() == keys | created
        log = self.log.read_text()
        assert "panicked" not in log and "ERROR" not in log, log[-4000:]

    def keys(self):
        """The keys of customers. Describing `alias/aws/…` makes a key of a service."""
        listed = {entry["KeyId"] for entry in self.api.pages("ListKeys", "Keys", Limit=1000)}
        aliases = self.api.pages("ListAliases", "Aliases", Limit=100)
        managed = {
            entry.get("TargetKeyId")
            for entry in aliases
            if entry["AliasName"].startswith("alias/aws/")
        }
        return listed - managed

    def key_for(self, operation):
        return self.victims.get(operation, self.key_id)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    directory = tmp_path_factory.mktemp("fuzz")
    with open(directory / "log", "w") as log:
        with Trent(data_dir=directory / "data", log=log) as server:
            yield Target(server, directory / "log")
        assert server.process.returncode == 0


class Sender:
    """Sends over one connection, which is replaced when the server has closed it."""

    def __init__(self, port, rng):
        self.port = port
        self.rng = rng
        self.connection = Connection(port, timeout=ANSWERED_WITHIN_SECONDS)

    def reconnect(self):
        self.connection.close()
        self.connection = Connection(self.port, timeout=ANSWERED_WITHIN_SECONDS)

    def send(self, data, method="POST"):
        """The answer to a request. The server may not answer with a failure of its own, nor late,
        nor not at all."""
        began = time.monotonic()
        try:
            answer = self.connection.exchange(data, method)
        except (AssertionError, OSError) as error:
            raise AssertionError(f"{error!r} after {data[:2000]!r}") from error
        took = time.monotonic() - began
        assert took < ANSWERED_WITHIN_SECONDS, f"{took} s for {data[:2000]!r}"
        assert answer.status < 500, f"{answer} to {data[:3000]!r}"
        if answer.ends_connection:
            self.reconnect()
        return answer

    def send_to_api(self, data, allowed):
        """A request that is good HTTP: the answer is a reply, which is returned, or a known
        exception in JSON."""
        answer = self.send(data)
        check_headers(answer, content_type=answer.header("content-type"))
        assert answer.header("content-type").startswith("application/x-amz-json-1.")
        if answer.status == 200:
            assert not answer.body or isinstance(answer.json, dict)
            return answer
        assert answer.code in allowed, f"{answer} to {data[:3000]!r}"
        assert answer.json.keys() <= {"__type", "message", "Message"}, answer
        return None


def in_threads(target, rng, count, run):
    """Runs `run(sender, number)` for all numbers, in a few threads; the sum of the results."""
    def thread(share, seed):
        sender = Sender(target.server.port, random.Random(seed))
        results = [run(sender, number) or 0 for number in share]
        sender.connection.close()
        assert len(results) == len(share)
        return sum(results)

    shares = [range(first, count, THREADS) for first in range(THREADS)]
    seeds = [rng.random() for _ in shares]
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(thread, shares, seeds))


def allowed_of(operation):
    return COMMON_ERRORS | {shape.name for shape in MODEL.operation_model(operation).error_shapes}


# --- Requests as a client could send them ---------------------------------------------------------


def sample(shape, rng, target, operation, name=""):
    """A value of a shape of the model that the server has no reason to refuse."""
    if name.endswith("KeyId"):
        return target.key_for(operation)
    if name == "AliasName":
        return f"alias/fuzz-{rng.randrange(10**9)}"
    if name in ("CiphertextBlob", "Marker", "Policy"):
        return target.ciphertext if name == "CiphertextBlob" else None
    if shape.type_name == "structure":
        members = {
            member: sample(of, rng, target, operation, member)
            for member, of in shape.members.items()
            if member in shape.required_members or rng.random() < 0.5
        }
        return {member: value for member, value in members.items() if value is not None}
    if shape.type_name == "list":
        return [sample(shape.member, rng, target, operation) for _ in range(rng.randrange(1, 3))]
    if shape.type_name == "map":
        return {random_text(rng): random_text(rng) for _ in range(rng.randrange(3))}
    if shape.type_name == "string":
        return rng.choice(shape.enum) if shape.enum else random_text(rng)
    if shape.type_name in ("integer", "long"):
        return rng.randint(shape.metadata.get("min", 0), shape.metadata.get("max", 1000))
    if shape.type_name == "boolean":
        return rng.random() < 0.5
    if shape.type_name == "blob":
        return rng.randbytes(rng.randrange(1, 64))
    if shape.type_name == "timestamp":
        return rng.randrange(2**31)
    raise AssertionError(f"no sample of {shape.type_name}")


def random_text(rng):
    alphabet = string.ascii_letters + string.digits + "-_/"
    return "".join(rng.choices(alphabet, k=rng.randrange(1, 12)))


def sample_body(operation, rng, target):
    shape = MODEL.operation_model(operation).input_shape
    return encoded(sample(shape, rng, target, operation)) if shape else {}


# --- Mutations of bodies --------------------------------------------------------------------------

ODD_LITERALS = [
    "null", "true", "false", "0", "-0", "-1", "1.5", "1e400", "-1e400", "1e-400", "1E5",
    str(2**31), str(-(2**31) - 1), str(2**63), str(2**64), str(10**40), "9" * 5000,
    '""', '" "', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\uffff"', '"\u202e"',
    '"\U0001f511"', '"=="', '"AA"', '"AA=="', '"A==="', '"%%%%"', '"arn:aws:kms:::key/"',
    '"alias/"', '"alias/aws/s3"',
    '"arn:aws:kms:us-east-1:000000000000:key/x"', '"arn:aws:kms:eu-west-1:000000000000:alias/x"',
    '"mrk-00000000000000000000000000000000"', '"../../etc/passwd"', '"\' OR 1=1 --"',
    "[]", "[null]", "[[]]", "{}", '{"":null}', "[1,2,3]", '{"a":{"b":[{"c":{}}]}}',
    "NaN", "Infinity", "+1", "01", "0x10", "'x'", "undefined", "",
]  # fmt: skip


def places(value, path=()):
    """The paths to everything in a JSON value."""
    yield path
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*path, name))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], (*path, index))


PLACEHOLDER = "\x01placeholder\x01"


def with_literal(value, path, literal):
    """The value as JSON text with any text at one place of it, valid or not."""
    if not path:
        return literal
    value = json.loads(json.dumps(value))
    parent = value
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = PLACEHOLDER
    return json.dumps(value).replace(json.dumps(PLACEHOLDER), literal)


def odd_literal(rng):
    kind = rng.randrange(10)
    if kind == 0:
        depth = rng.choice([10, 100, 126, 127, 128, 129, 1000, 20000])
        opening, closing = rng.choice([("[", "]"), ('{"a":', "}")])
        return opening * depth + "1" + closing * (depth if rng.random() < 0.8 else 0)
    if kind == 1:
        length = rng.choice([129, 257, 2049, 4097, 8193, 40000, 140000])
        return json.dumps(rng.choice(["a", "é", "\x00", "😀", "/"]) * length)
    if kind == 2:
        return json.dumps(encoded(rng.randbytes(rng.choice([0, 1, 31, 4097, 6145]))))
    if kind == 3:
        return "[" + ",".join(rng.choices(ODD_LITERALS[:12], k=rng.choice([60, 1500]))) + "]"
    return rng.choice(ODD_LITERALS)


def mutated_body(value, rng):
    """The JSON of a request with something wrong, or at least unusual, about it."""
    body = json.dumps(value).encode()
    kind = rng.randrange(12)
    if kind <= 4:
        path = rng.choice(list(places(value)))
        return with_literal(value, path, odd_literal(rng)).encode("utf-8", "surrogatepass")
    if kind == 5:
        flipped = bytearray(body)
        for _ in range(rng.randrange(1, 4)):
            flipped[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        return bytes(flipped)
    if kind == 6:
        return body[: rng.randrange(len(body))]
    if kind == 7 and value:
        name = rng.choice(list(value))
        other = rng.choice([json.dumps(value[name]), odd_literal(rng)])
        first = f"{{{json.dumps(name)}:{other},".encode("utf-8", "surrogatepass")
        return first + body[1:]
    if kind == 8:
        at = rng.randrange(len(body))
        return body[:at] + rng.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x00"]) + body[at:]
    if kind == 9:
        return rng.choice([b"\xef\xbb\xbf", b" \n\t", b"/**/", b"\x00", b"[", b")]}'"]) + body
    if kind == 10:
        return body + rng.choice([b" ", b"\n", b"}", b"{}", b"\x00", b",", rng.randbytes(8)])
    kept = {name: member for name, member in value.items() if rng.random() < 0.6}
    kept[random_text(rng)] = rng.choice([None, 1, [], {}, "x"])
    return json.dumps(kept).encode()


def test_random_bytes_as_body_of_every_operation_are_refused_in_good_order(target, rng):
    assert len(OPERATIONS) == 56

    def run(sender, number):
        operation = OPERATIONS[number % len(OPERATIONS)]
        body = sender.rng.randbytes(sender.rng.choice([1, 2, 10, 100, 1000, 20000]))
        if sender.rng.random() < 0.3:
            # Not `{` alone: with one random byte that may be an empty object.
            body = b"{\xff" + body
        request = api_request(sender.port, operation, body)
        # Operations that are not built yet do not read their body.
        refusals = {"SerializationException", "UnsupportedOperationException"}
        assert sender.send_to_api(request, refusals) is None, body
        return 1

    count = RANDOM_BODIES_PER_OPERATION * len(OPERATIONS)
    with target.unchanged():
        assert in_threads(target, rng, count, run) == count


def test_mutated_bodies_of_every_operation_are_answered_in_good_order(target, rng):
    replied = set()

    def run(sender, number):
        operation = OPERATIONS[number % len(OPERATIONS)]
        body = mutated_body(sample_body(operation, sender.rng, target), sender.rng)
        too_large = len(body) > BODY_BYTES_MAX
        allowed = {"RequestEntityTooLargeException"} if too_large else allowed_of(operation)
        reply = sender.send_to_api(api_request(sender.port, operation, body), allowed)
        if too_large:
            # What is left of the body is not read.
            sender.reconnect()
        if reply:
            replied.add(operation)
        if operation == "CreateKey" and reply:
            created.add(reply.json["KeyMetadata"]["KeyId"])
        return 1

    count = MUTATED_BODIES_PER_OPERATION * len(OPERATIONS)
    with target.unchanged() as created:
        assert in_threads(target, rng, count, run) == count
    # Not all were so odd that they were refused at the door.
    print(f"some succeeded: {sorted(replied)}")
    assert len(replied) > 15 and created


# --- Headers --------------------------------------------------------------------------------------


def header_value(rng):
    """Anything that may stand in a header."""
    length = rng.choice([0, 1, 5, 20, 100, 3000])
    kind = rng.randrange(3)
    if kind == 0:
        return "".join(rng.choices(string.printable[:95], k=length))
    if kind == 1:
        return "".join(chr(rng.randrange(0x80, 0x100)) for _ in range(length))
    return "".join(rng.choices(" \t=,/;:\"'%", k=length))


def mutated_text(text, rng):
    kind = rng.randrange(6)
    at = rng.randrange(len(text) + 1)
    if kind == 0:
        return text[:at]
    if kind == 1:
        return text[:at] + header_value(rng) + text[at:]
    if kind == 2:
        return text.swapcase()
    if kind == 3:
        return text[:at] + text[at + 1 :]
    if kind == 4:
        return re.sub(r"[A-Za-z0-9]+", lambda word: rng.choice([word[0], "", "x"]), text)
    return text + text


ODD_TARGETS = [
    "", ".", "TrentService", "TrentService.", "TrentService..", "trentservice.ListKeys",
    "TrentService.listkeys", "TrentService.ListKeys.", "TrentService ListKeys", "ListKeys",
    "DynamoDB_20120810.ListTables", "TrentService.\xc3\xa9",
]  # fmt: skip
ODD_DATES = [
    "", "0", "20200101T000000Z", "99999999T999999Z", "20261301T000000Z", "99991231T235960Z",
    "-0010101T000000Z", "2026-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT",
    "20260101T000000z",
]  # fmt: skip
ODD_AUTHORIZATIONS = [
    "", " ", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 ,,,", "AWS4-HMAC-SHA256 =",
    "AWS4-HMAC-SHA256 Credential", "AWS4-HMAC-SHA256 Credential=", "Basic dHJlbnQ6dHJlbnQ=",
    "AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=host,Signature=00",
    "AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=;;;, Signature=%",
    "AWS4-HMAC-SHA256 Credential=" + "/" * 3000 + ", SignedHeaders=host, Signature=0",
    "AWS4-HMAC-SHA256 Credential=t/20260101/us-east-1/kms/aws4_request, SignedHeaders="
    + "host;" * 800 + ", Signature=" + "0" * 64,
    "AWS4-HMAC-SHA256 Signature=1, Signature=2, Credential=3, Credential=4, SignedHeaders=5",
    "AWS4-ECDSA-P256-SHA256 Credential=t/20260101/kms/aws4_request, SignedHeaders=host",
]  # fmt: skip


def mutated_headers(port, body, rng):
    headers = [("X-Amz-Target", "TrentService.DescribeKey"), ("Content-Type", JSON_1_1)]
    if rng.random() < 0.2:
        headers.append(("X-Amz-Security-Token", header_value(rng) or "x"))
    if rng.random() < 0.5:
        # Odd before it is signed.
        name, odd = rng.choice([("X-Amz-Target", ODD_TARGETS), ("Content-Type", ["", "text/xml"])])
        value = rng.choice([*odd, header_value(rng).encode("latin-1", "replace").decode("latin-1")])
        headers = [(known, value if known == name else of) for known, of in headers]
        return signed_headers(port, body, headers)
    headers = signed_headers(port, body, headers)
    name = rng.choice(["Authorization", "X-Amz-Date", "Host", "X-Amz-Target", "Content-Type"])
    kind = rng.randrange(4)
    if kind == 0:
        return [(known, value) for known, value in headers if known != name or name == "Host"]
    if kind == 1:
        odd = {"Authorization": ODD_AUTHORIZATIONS, "X-Amz-Date": ODD_DATES}.get(name, [""])
        value = rng.choice(odd)
    elif kind == 2:
        value = mutated_text(dict(headers)[name], rng)
    else:
        return [*headers, (name, header_value(rng))]
    return [(known, value if known == name else of) for known, of in headers]


def test_mutated_headers_are_answered_in_good_order(target, rng):
    body = json.dumps({"KeyId": target.key_id}).encode()
    allowed = allowed_of("DescribeKey") | AUTHENTICATION_ERRORS | {"UnknownOperationException"}

    def run(sender, number):
        headers = mutated_headers(sender.port, body, sender.rng)
        sender.send_to_api(request_bytes(headers, body), allowed)
        return 1

    with target.unchanged():
        assert in_threads(target, rng, MUTATED_HEADERS, run) == MUTATED_HEADERS


SIGNED_AND_CHANGED = 1500


def changed_after_signing(port, body, rng):
    """A request signed with a known access key, and then changed in one of the signed parts."""
    named = [("X-Amz-Target", "TrentService.Encrypt"), ("Content-Type", JSON_1_1)]
    named.append(("X-Amz-Meta", "signed"))
    headers = dict(signed_headers(port, body, named, access_key_id="known", secret="the secret"))
    kind = rng.randrange(8)
    if kind == 0:
        at = rng.randrange(len(body))
        body = body[:at] + bytes([body[at] ^ 1 << rng.randrange(8)]) + body[at + 1 :]
    elif kind == 1:
        body += b" "
    elif kind == 2:
        at = rng.randrange(1, 65)
        digit = rng.choice("0123456789abcdef".replace(headers["Authorization"][-at], ""))
        value = headers["Authorization"]
        headers["Authorization"] = value[: len(value) - at] + digit + value[len(value) - at + 1 :]
    elif kind == 3:
        headers["X-Amz-Target"] = "TrentService." + rng.choice(["Decrypt", "GenerateDataKey"])
    elif kind == 4:
        seconds = str((int(headers["X-Amz-Date"][-3:-1]) + rng.randrange(1, 60)) % 60).zfill(2)
        headers["X-Amz-Date"] = headers["X-Amz-Date"][:-3] + seconds + "Z"
    elif kind == 5:
        headers["X-Amz-Meta"] = rng.choice(["Signed", "signe", "signed.", ""])
    elif kind == 6:
        signed = rng.choice(["host;", "x-amz-date;", "x-amz-meta;", "content-type;"])
        headers["Authorization"] = headers["Authorization"].replace(signed, "")
    else:
        scope = rng.choice([("us-east-1", "us-west-2"), ("/kms/", "/s3/"), ("aws4_", "aws5_")])
        headers["Authorization"] = headers["Authorization"].replace(*scope)
    return request_bytes(list(headers.items()), body)


def test_a_request_changed_after_it_was_signed_is_refused(tmp_path, rng):
    with open(tmp_path / "log", "w") as log:
        with Trent("--access-key", "known:the secret", log=log) as server:
            target = Target(server, tmp_path / "log")
            body = json.dumps(encoded({"KeyId": target.key_id, "Plaintext": b"x"})).encode()
            signing = {"access_key_id": "known", "secret": "the secret"}

            def run(sender, number):
                data = changed_after_signing(sender.port, body, sender.rng)
                assert sender.send_to_api(data, AUTHENTICATION_ERRORS) is None, data
                return 1

            with target.unchanged():
                assert in_threads(target, rng, SIGNED_AND_CHANGED, run) == SIGNED_AND_CHANGED
            genuine = api_request(server.port, "Encrypt", body, **signing)
            with Connection(server.port) as connection:
                assert connection.exchange(genuine).status == 200


# --- HTTP -----------------------------------------------------------------------------------------


def malformed_request(rng):
    """Bytes that are no HTTP request, or one that a server must not accept."""
    host = b"Host: localhost\r\n"
    kind = rng.randrange(12)
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 200)).replace(b"\n", b"") + b"\n\r\n\r\n"
    if kind == 1:
        return b"POST / HTTP/1.1\r\n" + host + b"Content-Length: " + rng.choice(
            [b"abc", b"-1", b"+1", b"1 1", b"0x10", b"99999999999999999999999999", b"1,2", b"\xff"]
        ) + b"\r\n\r\n{}"  # fmt: skip
    if kind == 2:
        return b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
    if kind == 3:
        return b"POST / HTTP/1.1\r\n" + host + b"X-Amz-Target: a\x00b\r\nContent-Length: 0\r\n\r\n"
    if kind == 4:
        return b"POST / HTTP/1.1\r\n" + host + b"Bad Header: x\r\n\r\n"
    if kind == 5:
        return b"POST / HTTP/1.1\r\n" + host + b"no colon here\r\n\r\n"
    if kind == 6:
        return b"POST / HTTP/" + rng.choice([b"3.0", b"1.10", b"x", b"0.9", b""]) + b"\r\n\r\n"
    if kind == 7:
        return b"POST / HTTP/1.1\r\n" + host + b"X: " + b"x" * 600_000 + b"\r\n\r\n"
    if kind == 8:
        return b"POST / HTTP/1.1\r\n" + host + b"X: y\r\n" * 2000 + b"\r\n"
    if kind == 9:
        return b"POST /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + host + b"\r\n"
    if kind == 10:
        return b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n" + rng.choice(
            [b"zz\r\n", b"ffffffffffffffffff\r\n", b"2\r\n{}x", b"-1\r\n\r\n"]
        )  # fmt: skip
    return b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: gzip\r\n\r\n"


def test_what_is_no_http_is_refused_or_cut_off(target, rng):
    def run(sender, number):
        request = malformed_request(sender.rng)
        sender.reconnect()
        try:
            answer = sender.connection.exchange(request)
        except Closed:
            return 1
        except (AssertionError, OSError) as error:
            raise AssertionError(f"{error!r} after {request[:2000]!r}") from error
        assert 400 <= answer.status < 500, f"{answer} to {request[:2000]!r}"
        return 1

    with target.unchanged():
        assert in_threads(target, rng, MALFORMED_REQUESTS, run) == MALFORMED_REQUESTS


METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "POST", "X", "get", "P0ST!"]
BESIDE = ["/_trent/health", "/_trent/ready", "/_trent/clock", "/_localstack/health"]
CLOCK_MOVES = [
    b"", b"{}", b"null", b"[]", b'{"advance":null}', b'{"advance":5}', b'{"advance":""}',
    b'{"advance":"-P1D"}', b'{"advance":"P99999Y"}', b'{"advance":"P9999999999999999D"}',
    b'{"set":"1970-01-01T00:00:00Z"}', b'{"set":"9999-12-31T23:59:59Z"}', b'{"set":"now"}',
    b'{"advance":"PT0S","set":"2030-01-01T00:00:00Z"}', b'{"advance":"P1D","x":1}',
    b'{"set":"-009999-01-01T00:00:00Z"}', b'{"set":253402207200}', b"[" * 16_000, b"x" * 17_000,
]  # fmt: skip


def random_path(rng):
    kind = rng.randrange(4)
    if kind == 0:
        characters = string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/%"
        return "/" + "".join(rng.choices(characters, k=rng.randrange(1, 60)))
    if kind == 1:
        escaped = "".join(f"%{byte:02x}" for byte in rng.randbytes(rng.randrange(1, 20)))
        return "/" + escaped
    if kind == 2:
        path = rng.choice(BESIDE)
        return path + rng.choice(["/", "/..", "//", "%00", ";x", "/../../etc/passwd", "x"])
    query = "".join(rng.choices(string.ascii_letters + "%=&?/-", k=rng.randrange(200)))
    return rng.choice(["/", "//", "/?", *BESIDE]) + "?" + query


def test_other_paths_methods_and_queries_are_answered_in_good_order(target, rng):
    def run(sender, number):
        rng = sender.rng
        method, path = rng.choice(METHODS), random_path(rng)
        body = rng.randbytes(rng.choice([0, 1, 100, 20_000]))
        if rng.random() < 0.2:
            method, path, body = "POST", "/_trent/clock", rng.choice(CLOCK_MOVES)
        host = ("Host", "localhost")
        answer = sender.send(request_bytes([host], body, method, path), method)
        check_headers(answer, content_type=answer.header("content-type"))
        if path == "/_trent/clock":
            assert 400 <= answer.status, f"the clock was moved by {body[:100]}: {answer}"
        elif answer.status == 200:
            assert method in ("GET", "HEAD") and path.split("?")[0] in BESIDE, (method, path)
        return 1

    with target.unchanged():
        assert in_threads(target, rng, OTHER_PATHS, run) == OTHER_PATHS


# --- Ciphertexts ----------------------------------------------------------------------------------

REFUSALS = {
    "AccessDeniedException",
    "IncorrectKeyException",
    "InvalidCiphertextException",
    "ValidationException",
}


def refused(sender, target, blob):
    """Sends a blob that no key has made to Decrypt or ReEncrypt, naming the key or not."""
    rng = sender.rng
    if rng.random() < 0.7:
        operation, members = "Decrypt", rng.choice([{}, {"KeyId": target.key_id}])
    else:
        operation = "ReEncrypt"
        members = {"DestinationKeyId": target.key_id}
        members |= rng.choice([{}, {"SourceKeyId": "alias/witness"}])
    body = json.dumps(encoded(members | {"CiphertextBlob": blob})).encode()
    answer = sender.send(api_request(sender.port, operation, body))
    assert answer.status == 400 and answer.code in REFUSALS, f"{answer} to {blob.hex()}"
    assert b"Plaintext" not in answer.body and b"CiphertextBlob" not in answer.body
    return 1


def test_a_ciphertext_with_any_one_bit_flipped_is_not_decrypted(target, rng):
    def run(sender, bit):
        flipped = bytearray(target.ciphertext)
        flipped[bit // 8] ^= 1 << bit % 8
        return refused(sender, target, bytes(flipped))

    bits = len(target.ciphertext) * 8
    with target.unchanged():
        assert in_threads(target, rng, bits, run) == bits


def test_mutated_ciphertexts_are_not_decrypted(target, rng):
    others = [target.api.ciphertext(target.key_id, rng.randbytes(n)) for n in (1, 13, 4096)]
    foreign = target.api.ciphertext(target.new_key(), b"the plaintext")
    genuine = {target.ciphertext, foreign, *others}

    def mutated(rng):
        blob = rng.choice([target.ciphertext, *others])
        kind = rng.randrange(6)
        if kind == 0:
            flipped = bytearray(blob)
            for _ in range(rng.randrange(1, 40)):
                flipped[rng.randrange(len(blob))] = rng.randrange(256)
            return bytes(flipped)
        if kind == 1:
            return blob[: rng.randrange(len(blob))]
        if kind == 2:
            return blob + rng.randbytes(rng.randrange(1, 64))
        if kind == 3:
            return rng.randbytes(rng.choice([0, 1, 34, 65, 66, 67, 200, 6144, 6145]))
        if kind == 4:
            other = rng.choice([foreign, *others])
            at = rng.randrange(1, min(len(blob), len(other)))
            return blob[:at] + other[at:]
        at = rng.randrange(len(blob))
        return blob[:at] + blob[at + rng.randrange(1, 20) :]

    def run(sender, number):
        blob = mutated(sender.rng)
        while blob in genuine:
            blob = mutated(sender.rng)
        return refused(sender, target, blob)

    with target.unchanged():
        assert in_threads(target, rng, MUTATED_CIPHERTEXTS, run) == MUTATED_CIPHERTEXTS
    for blob in genuine:
        target.api("Decrypt", CiphertextBlob=blob)
