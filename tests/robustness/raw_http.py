"""HTTP/1.1 by hand: what is sent is exactly what the test says, and what comes back is checked
to be well-formed. Requests are signed as an SDK signs them."""

import base64
import json
import socket
import struct
import threading
import uuid
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

JSON_1_1 = "application/x-amz-json-1.1"
ERROR_OF_API = "__type"

HTTP_2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4
# The whole field `:status: 200` of the static table.
STATUS_200 = 0x88
NO_ERROR = b"\0\0\0\0"


class Malformed(AssertionError):
    """The answer is not HTTP as it must be."""


class Closed(ConnectionError):
    """The server closed the connection before an answer began."""


@dataclass
class Answer:
    """One answer, its framing already checked."""

    status: int
    headers: list
    body: bytes

    def header(self, name):
        """The only header of this name, or none."""
        values = [value for known, value in self.headers if known == name.lower()]
        if len(values) > 1:
            raise Malformed(f"header {name} {len(values)} times")
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The exception that the answer is, or none."""
        return self.json.get(ERROR_OF_API) if self.body and self.status != 200 else None

    @property
    def text(self):
        """The text of the exception."""
        return self.json.get("message")

    @property
    def ends_connection(self):
        return (self.header("connection") or "").lower() == "close"


class Connection:
    """One connection, kept alive as long as the server does."""

    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def exchange(self, data, method="POST"):
        try:
            self.send(data)
        except ConnectionError:
            # The server may have answered and gone before it had read everything.
            pass
        return self.receive(method)

    def receive(self, method="POST"):
        """The next answer. Informational answers are not skipped."""
        head = self._head()
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = status_line.partition(" ")
        status, _, reason = rest.partition(" ")
        if version != "HTTP/1.1" or len(status) != 3 or not status.isdigit():
            raise Malformed(f"status line {status_line!r}")
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            token = name and all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in name)
            if not colon or not token or not (value + " ").isprintable():
                raise Malformed(f"header line {line!r}")
            headers.append((name.lower(), value.strip()))
        answer = Answer(int(status), headers, b"")
        if method != "HEAD" and answer.status >= 200 and answer.status != 204:
            if answer.header("transfer-encoding") is not None:
                raise Malformed("no answer needs to be chunked")
            length = answer.header("content-length")
            if length is None or not length.isdigit():
                raise Malformed(f"Content-Length {length!r} in {head!r}")
            answer.body = self.exactly(int(length))
        return answer

    def at_end(self):
        """Whether the server has closed the connection and nothing more comes."""
        try:
            return not self.buffer and not self.socket.recv(1)
        except ConnectionResetError:
            return True

    def _head(self):
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return head

    def exactly(self, length):
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return body

    def _more(self):
        try:
            more = self.socket.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            if self.buffer:
                raise Malformed(f"the connection ended within an answer: {self.buffer[:200]!r}")
            raise Closed("the connection ended")
        self.buffer += more


def signed_headers(port, body, headers, region="us-east-1", access_key_id="trent", secret="trent"):
    """The headers of a request to `/`, signed: a list of name and value."""
    request = AWSRequest("POST", f"http://127.0.0.1:{port}/", headers=dict(headers), data=body)
    request.headers["Host"] = f"127.0.0.1:{port}"
    SigV4Auth(Credentials(access_key_id, secret), "kms", region).add_auth(request)
    return [(name, str(value)) for name, value in request.headers.items()]


def request_bytes(headers, body, method="POST", path="/"):
    """A request as it goes over the wire, with Content-Length unless that or chunking is given."""
    names = {name.lower() for name, _ in headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def api_request(port, operation, body=b"{}", content_type=JSON_1_1, extra=(), **signing):
    """A signed request of the API, as bytes."""
    headers = [("X-Amz-Target", f"TrentService.{operation}"), ("Content-Type", content_type)]
    return request_bytes(signed_headers(port, body, [*headers, *extra], **signing), body)


def encoded(value):
    """A value as JSON 1.1 of AWS writes it: bytes in base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: encoded(member) for name, member in value.items()}
    if isinstance(value, list):
        return [encoded(item) for item in value]
    return value


class ApiError(Exception):
    """An exception that the API answered."""

    def __init__(self, answer):
        self.answer = answer
        self.code = answer.code
        super().__init__(f"{answer.status} {answer.body!r}")


class Api:
    """The API over one connection per thread: `api("DescribeKey", KeyId=…)`. An exception of the
    API is raised as `ApiError`. Much faster than boto3, for tests that verify much."""

    def __init__(self, port, **signing):
        self.port = port
        self.signing = signing
        self.local = threading.local()

    def answer(self, operation, **members):
        body = json.dumps(encoded(members)).encode()
        data = api_request(self.port, operation, body, **self.signing)
        connection = getattr(self.local, "connection", None)
        if connection is not None:
            try:
                return connection.exchange(data)
            except Closed:
                # It was kept alive from before a restart.
                connection.close()
        self.local.connection = Connection(self.port, timeout=30)
        return self.local.connection.exchange(data)

    def __call__(self, operation, **members):
        answer = self.answer(operation, **members)
        if answer.status != 200:
            raise ApiError(answer)
        return answer.json if answer.body else None

    def refused(self, operation, **members):
        """The exception that must be the answer."""
        answer = self.answer(operation, **members)
        assert answer.status != 200, f"{operation} {members} was answered {answer.body!r}"
        return ApiError(answer)

    def pages(self, operation, member, **members):
        """All items of a listing."""
        items, marker = [], {}
        while True:
            page = self(operation, **members, **marker)
            items += page[member]
            if not page["Truncated"]:
                return items
            marker = {"Marker": page["NextMarker"]}

    def aliases(self, **members):
        """All aliases of customers: name → key id."""
        entries = self.pages("ListAliases", "Aliases", **members)
        return {
            entry["AliasName"]: entry["TargetKeyId"]
            for entry in entries
            if not entry["AliasName"].startswith("alias/aws/")
        }

    def plaintext(self, ciphertext, **members):
        reply = self("Decrypt", CiphertextBlob=ciphertext, **members)
        return base64.b64decode(reply["Plaintext"], validate=True)

    def ciphertext(self, key_id, plaintext, **members):
        reply = self("Encrypt", KeyId=key_id, Plaintext=plaintext, **members)
        return base64.b64decode(reply["CiphertextBlob"], validate=True)


def check_headers(answer, content_type=JSON_1_1):
    """The headers that every answer has; returns the request id."""
    request_id = answer.header("x-amzn-requestid")
    assert request_id and str(uuid.UUID(request_id)) == request_id, answer.headers
    assert answer.header("content-type") == content_type, answer.headers
    assert answer.header("cache-control") == "no-cache, no-store, must-revalidate, private"
    assert answer.header("expires") == "0"
    assert answer.header("pragma") == "no-cache"
    assert answer.header("date").endswith(" GMT") and parsedate_to_datetime(answer.header("date"))
    return request_id


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">IBBI", len(payload), kind, flags, stream)[1:] + payload


def next_frame(connection):
    """Kind, flags, stream and payload of the next frame."""
    head = connection.exactly(9)
    payload = connection.exactly(int.from_bytes(head[:3]))
    return head[3], head[4], int.from_bytes(head[5:]), payload
