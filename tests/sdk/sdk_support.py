"""What the SDK tests share: expected errors, raw signed requests, keys to call operations on."""

import base64
import http.client
import itertools
import json
import re
import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest
from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
OTHER_ACCOUNT = "111122223333"
REGION = "us-east-1"
OTHER_REGION = "eu-west-1"

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MATERIAL_ID = re.compile(r"[0-9a-f]{64}")
UNKNOWN_KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
DAY = timedelta(days=1)

WOULD_SUCCEED = "The request would have succeeded, but the DryRun option is set."
INCORRECT_KEY = "The key ID in the request does not identify a CMK that can perform this operation."

_numbers = itertools.count(1)


def key_arn(key_id, region=REGION, account=ACCOUNT):
    return f"arn:aws:kms:{region}:{account}:key/{key_id}"


def alias_arn(name, region=REGION, account=ACCOUNT):
    return f"arn:aws:kms:{region}:{account}:{name}"


def denied(action, resource, account=ACCOUNT):
    """The text about keys of other accounts, which does not tell whether they exist."""
    return (
        f"User: arn:aws:iam::{account}:root is not authorized to perform: {action} on {resource} "
        "because the resource does not exist in this Region, no resource-based policies allow "
        "access, or a resource-based policy explicitly denies access"
    )


def new_alias_name():
    """A name that no other test uses."""
    return f"alias/test-{next(_numbers)}-{uuid.uuid4().hex[:8]}"


def moment(text):
    """The moment of an RFC 3339 text, as the SDK gives dates."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def close_to(expected, actual, seconds=20):
    """Whether two moments are the same but for the time that a test takes."""
    return abs(expected - actual) < timedelta(seconds=seconds)


def utc_now():
    return datetime.now(timezone.utc)


def members(response):
    """A reply without what the SDK adds."""
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


def status_of(response):
    return response["ResponseMetadata"]["HTTPStatusCode"]


@contextmanager
def raises(code, message=None, status=400):
    """Expects an exception of the API: its code, its status and, if given, its whole message."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    assert error["Code"] == code, caught.value
    assert status_of(caught.value.response) == status
    if message is not None:
        assert error.get("Message") == message


def violated(path, rule, value=None):
    shown = "" if value is None else f" '{value}'"
    return f"Value{shown} at '{path}' failed to satisfy constraint: Member must {rule}"


def missing(path):
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


@contextmanager
def raises_violations(*details):
    """Expects one ValidationException that reports exactly these violations."""
    with raises("ValidationException") as caught:
        yield
    plural = "" if len(details) == 1 else "s"
    head = f"{len(details)} validation error{plural} detected: "
    message = caught.value.response["Error"]["Message"]
    assert message.startswith(head), message
    assert sorted(message.removeprefix(head).split("; ")) == sorted(details)


def pages(operation, member, **parameters):
    """All pages of a list: follows the markers and checks what every page says about itself."""
    found = []
    while True:
        page = operation(**parameters)
        found.append(page[member])
        assert page["Truncated"] is ("NextMarker" in page)
        if not page["Truncated"]:
            return found
        parameters["Marker"] = page["NextMarker"]


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


# Raw requests: what an SDK cannot or will not send.


class Answer:
    """An HTTP answer."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["__type"]

    @property
    def message(self):
        body = self.json
        return body.get("Message" if self.code == "AccessDeniedException" else "message")


def request_headers(operation, content_type="application/x-amz-json-1.1"):
    return {"Content-Type": content_type, "X-Amz-Target": f"TrentService.{operation}"}


def signed(
    server,
    body,
    headers,
    access_key_id="trent",
    secret="trent",
    region=REGION,
    service="kms",
    token=None,
):
    """The headers of a request to `/`, with its SigV4 signature."""
    request = AWSRequest("POST", f"{server.url}/", headers=headers, data=body)
    credentials = Credentials(access_key_id, secret, token)
    SigV4Auth(credentials, service, region).add_auth(request)
    return dict(request.headers.items())


def send(server, body=b"", headers=None, method="POST", path="/"):
    """Sends a request as it stands."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def call(server, operation, body, **signing):
    """Sends a signed request; `body` is JSON to encode, or bytes as they stand."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    headers = signed(server, body, request_headers(operation), **signing)
    return send(server, body, headers)


# Keys, and how each operation is called on one.


class Subject:
    """A key, an alias and a ciphertext of it, and another key: enough for every operation."""

    def __init__(self, kms):
        self.kms = kms
        metadata = kms.create_key()["KeyMetadata"]
        self.id, self.arn = metadata["KeyId"], metadata["Arn"]
        self.alias = new_alias_name()
        self.alias_arn = alias_arn(self.alias)
        kms.create_alias(AliasName=self.alias, TargetKeyId=self.id)
        self.ciphertext = kms.encrypt(KeyId=self.id, Plaintext=b"secret")["CiphertextBlob"]
        self.other = kms.create_key()["KeyMetadata"]["KeyId"]
        self.other_ciphertext = kms.encrypt(KeyId=self.other, Plaintext=b"x")["CiphertextBlob"]
        self.other_alias = new_alias_name()
        kms.create_alias(AliasName=self.other_alias, TargetKeyId=self.other)

    def bring_into(self, state):
        if state == "Disabled":
            self.kms.disable_key(KeyId=self.id)
        elif state == "PendingDeletion":
            self.kms.schedule_key_deletion(KeyId=self.id)
        assert self.state == state

    @property
    def state(self):
        return self.kms.describe_key(KeyId=self.id)["KeyMetadata"]["KeyState"]

    def call(self, way, key=None):
        """Calls an operation in one of `WAYS`, naming the key as `key`."""
        operation = getattr(self.kms, xform_name(way.split()[0]))
        return operation(**WAYS[way](self, key or self.id))


def policy_allowing(principal, sid="all"):
    """A key policy that lets a principal, and the account of the tests, do everything."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": sid,
                    "Effect": "Allow",
                    "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", principal]},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )


# Every way to name a key in a built operation, with the least parameters it needs.
WAYS = {
    "CancelKeyDeletion": lambda s, key: {"KeyId": key},
    "CreateAlias": lambda s, key: {"AliasName": new_alias_name(), "TargetKeyId": key},
    "Decrypt": lambda s, key: {"KeyId": key, "CiphertextBlob": s.ciphertext},
    "DescribeKey": lambda s, key: {"KeyId": key},
    "DisableKey": lambda s, key: {"KeyId": key},
    "DisableKeyRotation": lambda s, key: {"KeyId": key},
    "EnableKey": lambda s, key: {"KeyId": key},
    "EnableKeyRotation": lambda s, key: {"KeyId": key},
    "Encrypt": lambda s, key: {"KeyId": key, "Plaintext": b"x"},
    "GenerateDataKey": lambda s, key: {"KeyId": key, "KeySpec": "AES_256"},
    "GenerateDataKeyWithoutPlaintext": lambda s, key: {"KeyId": key, "KeySpec": "AES_256"},
    "GetKeyPolicy": lambda s, key: {"KeyId": key},
    "GetKeyRotationStatus": lambda s, key: {"KeyId": key},
    "ListAliases": lambda s, key: {"KeyId": key},
    "ListKeyPolicies": lambda s, key: {"KeyId": key},
    "ListKeyRotations": lambda s, key: {"KeyId": key},
    "ListResourceTags": lambda s, key: {"KeyId": key},
    "PutKeyPolicy": lambda s, key: {
        "KeyId": key,
        "Policy": policy_allowing(f"arn:aws:iam::{ACCOUNT}:root"),
    },
    "ReEncrypt from": lambda s, key: {
        "CiphertextBlob": s.ciphertext,
        "SourceKeyId": key,
        "DestinationKeyId": s.other,
    },
    "ReEncrypt to": lambda s, key: {
        "CiphertextBlob": s.other_ciphertext,
        "DestinationKeyId": key,
    },
    "RotateKeyOnDemand": lambda s, key: {"KeyId": key},
    "ScheduleKeyDeletion": lambda s, key: {"KeyId": key},
    "TagResource": lambda s, key: {"KeyId": key, "Tags": [{"TagKey": "a", "TagValue": "b"}]},
    "UntagResource": lambda s, key: {"KeyId": key, "TagKeys": ["a"]},
    "UpdateAlias": lambda s, key: {"AliasName": s.other_alias, "TargetKeyId": key},
    "UpdateKeyDescription": lambda s, key: {"KeyId": key, "Description": "d"},
}

# Operations whose key may be named by an alias; the others take a key id or key ARN only.
TAKING_ALIASES = {
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncrypt from",
    "ReEncrypt to",
}

# Operations that work on a key of another account.
ACROSS_ACCOUNTS = TAKING_ALIASES | {"GetKeyRotationStatus"}

# Operations that cryptography is done with.
CRYPTOGRAPHIC = TAKING_ALIASES - {"DescribeKey"}

# Built operations that name no key, or name it by an alias only.
WITHOUT_KEY = {"CreateKey", "DeleteAlias", "GenerateRandom", "ListKeys"}

BUILT = {way.split()[0] for way in WAYS} | WITHOUT_KEY


def action_of(way):
    """The permission that an operation needs on the key that it names in this way."""
    actions = {"ReEncrypt from": "kms:ReEncryptFrom", "ReEncrypt to": "kms:ReEncryptTo"}
    return actions.get(way, f"kms:{way}")


def encode(data):
    return base64.b64encode(data).decode()
