"""The audit log: a record of each request, nothing secret in it, and nothing that could be taken
out of it unnoticed."""

import base64
import hashlib
import json
import os
import resource
import subprocess
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import boto3
import pytest
import trent_server
import zstandard
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from raw_http import Connection, request_bytes
from sdk_support import policy
from trent_server import BINARY, clean_environment, wait_until

ACCOUNT = "000000000000"
REGION = "us-east-1"
UNKNOWN_KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
WRITTEN_ELSEWHERE = "AWS Internal"


DATE = "%b %d, %Y, %I:%M:%S %p"
VALID_TO = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=30)


def lines_of(folder):
    """All lines of a log, decoded, in their order."""
    lines = []
    for path in sorted(folder.glob("audit-*")):
        read = zstandard.open if path.suffix == ".zst" else open
        with read(path, "rt") as file:
            lines += [json.loads(line) for line in file]
    return lines


def events_of(folder):
    return [line["event"] for line in lines_of(folder) if "event" in line]


def run(*arguments):
    """Runs `trent` to its end."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
    )


def verified(*arguments):
    """The report of `trent audit verify`, which finds nothing."""
    result = run("audit", "--output", "json", "verify", *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


class Trent(trent_server.Trent):
    """A server that is told by an error, not ended by a signal, when a file may not grow."""

    @property
    def command(self):
        return ["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh", *super().command]


class Audited:
    """A server in development mode with an audit log."""

    def __init__(self, directory, *arguments, **options):
        self.folder = directory / "audit"
        self.log_path = directory / "log"
        self.log = open(self.log_path, "a")
        arguments = ("--audit-dir", self.folder, *arguments)
        self.server = Trent(*arguments, data_dir=directory / "data", log=self.log, **options)

    def __enter__(self):
        self.server.start()
        self.kms = self.server.client()
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.log.close()

    def since(self, count):
        return events_of(self.folder)[count:]


@pytest.fixture
def audited(tmp_path):
    with Audited(tmp_path) as audited:
        yield audited


# What is recorded

SECRETS = {
    "plaintext": b"a plaintext that must not be told",
    "message": b"a message that must not be told",
    "material": hashlib.sha256(b"imported").digest(),
    "custom": hashlib.sha256(b"custom").digest(),
}


def encodings(secret):
    """How a secret could be hidden in a text, whatever stands around it."""
    forms = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for offset in range(3):
        # The digits that depend on the secret alone.
        text = base64.b64encode(b"\0" * offset + secret)
        first = -(-offset * 4 // 3)
        for form in (text, text.replace(b"+", b"-").replace(b"/", b"_")):
            forms.add(form[first : len(secret) * 4 // 3 - 2])
    return forms


class Everything:
    """Calls each operation that is built once, and takes note of what it called and of what must
    not be told."""

    def __init__(self, kms, other):
        self.kms, self.other = kms, other
        self.called = []
        self.secrets = list(SECRETS.values())

    def call(self, name, resources=1, client=None, **parameters):
        reply = getattr(client or self.kms, name)(**parameters)
        request_id = reply["ResponseMetadata"]["RequestId"]
        operation = (client or self.kms).meta.method_to_api_mapping[name]
        self.called.append((operation, request_id, resources, parameters))
        for member in ("Plaintext", "PrivateKeyPlaintext", "CiphertextBlob", "SharedSecret"):
            if isinstance(reply.get(member), bytes):
                self.secrets.append(reply[member])
        for member in ("GrantToken",):
            if member in reply:
                self.secrets.append(reply[member].encode())
        for member in ("ImportToken", "Signature", "Mac"):
            if member in reply:
                self.secrets.append(reply[member])
        return reply

    def key(self, **parameters):
        return self.call("create_key", **parameters)["KeyMetadata"]["KeyId"]

    def all(self):
        self.encryption()
        self.asymmetric()
        self.management()
        self.imports()
        self.regions()

    def encryption(self):
        key = self.key(Description="first", Tags=[{"TagKey": "a", "TagValue": "b"}])
        self.first = key
        context = {"Dept": "IT"}
        blob = self.call(
            "encrypt", KeyId=key, Plaintext=SECRETS["plaintext"], EncryptionContext=context
        )["CiphertextBlob"]
        self.call("decrypt", CiphertextBlob=blob, EncryptionContext=context)
        self.call(
            "re_encrypt",
            CiphertextBlob=blob,
            SourceEncryptionContext=context,
            DestinationKeyId=key,
        )
        self.call("generate_data_key", KeyId=key, KeySpec="AES_256")
        self.call("generate_data_key_without_plaintext", KeyId=key, NumberOfBytes=64)
        self.call("generate_data_key_pair", KeyId=key, KeyPairSpec="ECC_NIST_P256")
        self.call(
            "generate_data_key_pair_without_plaintext", KeyId=key, KeyPairSpec="ECC_NIST_P256"
        )
        self.call("generate_random", resources=0, NumberOfBytes=40)

    def asymmetric(self):
        message = SECRETS["message"]
        signing = self.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        algorithm = {"SigningAlgorithm": "ECDSA_SHA_256"}
        signature = self.call("sign", KeyId=signing, Message=message, **algorithm)["Signature"]
        self.call("verify", KeyId=signing, Message=message, Signature=signature, **algorithm)
        self.call("get_public_key", KeyId=signing)
        mac = self.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        algorithm = {"MacAlgorithm": "HMAC_SHA_256"}
        tag = self.call("generate_mac", KeyId=mac, Message=message, **algorithm)["Mac"]
        self.call("verify_mac", KeyId=mac, Message=message, Mac=tag, **algorithm)
        agreement = self.key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
        peer = ec.generate_private_key(ec.SECP256R1()).public_key()
        self.call(
            "derive_shared_secret",
            KeyId=agreement,
            KeyAgreementAlgorithm="ECDH",
            PublicKey=peer.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        )

    def management(self):
        key, alias = self.first, f"alias/{uuid.uuid4().hex}"
        call = self.call
        call("create_alias", resources=2, AliasName=alias, TargetKeyId=key)
        other = self.key()
        call("update_alias", resources=3, AliasName=alias, TargetKeyId=other)
        call("delete_alias", resources=2, AliasName=alias)
        call("list_aliases", resources=0)
        call("describe_key", KeyId=key)
        call("list_keys", resources=0)
        call("update_key_description", KeyId=key, Description="second")
        call("disable_key", KeyId=key)
        call("enable_key", KeyId=key)
        call("enable_key_rotation", KeyId=key, RotationPeriodInDays=100)
        call("get_key_rotation_status", KeyId=key)
        call("disable_key_rotation", KeyId=key)
        call("rotate_key_on_demand", KeyId=key)
        call("list_key_rotations", KeyId=key)
        call("get_key_last_usage", KeyId=key)
        policy = call("get_key_policy", KeyId=key, PolicyName="default")["Policy"]
        call("put_key_policy", KeyId=key, PolicyName="default", Policy=policy)
        call("list_key_policies", KeyId=key)
        call("tag_resource", KeyId=key, Tags=[{"TagKey": "c", "TagValue": "d"}])
        call("list_resource_tags", KeyId=key)
        call("untag_resource", KeyId=key, TagKeys=["c"])
        role = f"arn:aws:iam::{ACCOUNT}:role/grantee"
        parameters = {"KeyId": key, "GranteePrincipal": role, "Operations": ["Decrypt"]}
        constraint = {"EncryptionContextSubset": {"Dept": "IT"}}
        grant = call("create_grant", Constraints=constraint, RetiringPrincipal=role, **parameters)
        call("list_grants", KeyId=key)
        call("list_retirable_grants", resources=0, RetiringPrincipal=role)
        call("retire_grant", GrantToken=grant["GrantToken"])
        grant = call("create_grant", **parameters)
        call("revoke_grant", KeyId=key, GrantId=grant["GrantId"])
        call("schedule_key_deletion", KeyId=other, PendingWindowInDays=7)
        call("cancel_key_deletion", KeyId=other)
        tag = {"TagKey": "_custom_key_material_"}
        tag["TagValue"] = base64.b64encode(SECRETS["custom"]).decode()
        self.key(Tags=[tag])

    def imports(self):
        key = self.key(Origin="EXTERNAL")
        wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        parameters = self.call("get_parameters_for_import", KeyId=key, **wrapping)
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        public_key = load_der_public_key(parameters["PublicKey"])
        encrypted = public_key.encrypt(SECRETS["material"], oaep)
        self.secrets.append(encrypted)
        self.call(
            "import_key_material",
            KeyId=key,
            ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=encrypted,
            ExpirationModel="KEY_MATERIAL_EXPIRES",
            ValidTo=VALID_TO,
        )
        self.call("delete_imported_key_material", KeyId=key)

    def regions(self):
        key = self.key(MultiRegion=True)
        self.call("replicate_key", KeyId=key, ReplicaRegion=self.other.meta.region_name)
        self.call("update_primary_region", KeyId=key, PrimaryRegion=self.other.meta.region_name)


NOT_OF_THIS_SDK = {"Decapsulate", "Encapsulate"}
CUSTOM_KEY_STORES = {
    f"{verb}CustomKeyStore{s}"
    for verb, s in [
        ("Connect", ""), ("Create", ""), ("Delete", ""),
        ("Describe", "s"), ("Disconnect", ""), ("Update", ""),
    ]
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """All operations were called; the log, and what was called."""
    directory = tmp_path_factory.mktemp("everything")
    with Audited(directory) as audited:
        everything = Everything(audited.kms, audited.server.client("eu-west-1"))
        everything.all()
    everything.folder = audited.folder
    everything.events = events_of(audited.folder)
    everything.data_dir = directory / "data"
    return everything


def test_each_operation_has_exactly_one_record(everything):
    operations = set(everything.kms.meta.service_model.operation_names)
    called = {operation for operation, *_ in everything.called}
    assert operations - called <= CUSTOM_KEY_STORES | NOT_OF_THIS_SDK
    for operation, request_id, resources, parameters in everything.called:
        [event] = [one for one in everything.events if one.get("requestID") == request_id]
        assert event["eventName"] == operation
        check_common(event)
        assert len(event["resources"]) == resources, event
        given = event["requestParameters"] or {}
        hidden = {"plaintext", "ciphertextBlob", "message", "signature", "mac", "grantToken"}
        hidden |= {"importToken", "encryptedKeyMaterial"}
        names = {name[0].lower() + name[1:] for name in parameters} - hidden
        assert names <= set(given), event
        assert not hidden & set(given), event
        assert "errorCode" not in event
    calls = [e for e in everything.events if e["sourceIPAddress"] != WRITTEN_ELSEWHERE]
    assert len(calls) == len(everything.called)


def check_common(event):
    assert event["eventVersion"] == "1.11"
    assert event["userIdentity"] == {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "accountId": ACCOUNT,
        "accessKeyId": "trent",
    }
    began = datetime.fromisoformat(event["eventTime"].replace("Z", "+00:00"))
    assert abs(datetime.now(timezone.utc) - began) < timedelta(minutes=10)
    assert event["eventSource"] == "kms.amazonaws.com"
    assert event["awsRegion"] == REGION
    assert event["sourceIPAddress"] == "127.0.0.1"
    assert event["userAgent"].startswith("Boto3/")
    assert uuid.UUID(event["eventID"]) and uuid.UUID(event["requestID"])
    assert event["eventType"] == "AwsApiCall"
    assert (event["managementEvent"], event["eventCategory"]) == (True, "Management")
    assert event["recipientAccountId"] == ACCOUNT
    for resource_ in event["resources"]:
        assert resource_["accountId"] == ACCOUNT
        kind = resource_["ARN"].split(":")[5].partition("/")[0]
        assert resource_["type"] == {"key": "AWS::KMS::Key", "alias": "AWS::KMS::Alias"}[kind]


def test_records_look_like_those_of_cloudtrail(everything):
    def first(name):
        return next(event for event in everything.events if event["eventName"] == name)

    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{everything.first}"
    encrypt = first("Encrypt")
    assert encrypt["requestParameters"] == {
        "keyId": everything.first,
        "encryptionContext": {"Dept": "IT"},
        "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }
    assert encrypt["responseElements"] is None
    assert encrypt["readOnly"] is True
    assert [one["ARN"] for one in encrypt["resources"]] == [arn]
    material = encrypt["additionalEventData"]["keyMaterialId"]
    assert len(material) == 64
    assert first("Decrypt")["additionalEventData"]["keyMaterialId"] == material
    re_encrypt = first("ReEncrypt")["additionalEventData"]
    assert re_encrypt["sourceKeyMaterialId"] == material
    assert re_encrypt["destinationKeyMaterialId"] == material
    created = first("CreateKey")
    assert created["readOnly"] is False
    metadata = created["responseElements"]["keyMetadata"]
    assert metadata["keyId"] == everything.first
    assert metadata["aWSAccountId"] == ACCOUNT
    assert datetime.strptime(metadata["creationDate"], DATE)
    assert first("GenerateRandom")["resources"] == []
    assert first("CreateGrant")["responseElements"].keys() == {"grantId", "keyId"}
    constraints = first("CreateGrant")["requestParameters"]["constraints"]
    assert constraints == {"encryptionContextSubset": {"Dept": "IT"}}
    assert first("DisableKey")["responseElements"] == {"keyId": arn}
    assert first("PutKeyPolicy")["requestParameters"]["policy"].startswith("{")
    imported = first("ImportKeyMaterial")["requestParameters"]
    # As `Jan 2, 2099, 3:04:05 PM`, in UTC.
    assert datetime.strptime(imported["validTo"] + " +0000", f"{DATE} %z") == VALID_TO
    tags = [e for e in everything.events if "_custom_key_material_" in json.dumps(e)]
    assert {"tagKey": "_custom_key_material_", "tagValue": "HIDDEN_DUE_TO_SECURITY_REASONS"} in [
        tag for event in tags for tag in event["requestParameters"]["tags"]
    ]


def test_no_secret_is_in_the_log(everything):
    files = sorted(everything.folder.glob("audit-*"))
    assert files and len(everything.secrets) > 15
    text = b"".join(path.read_bytes() for path in files)
    for secret in everything.secrets:
        for form in encodings(secret):
            assert len(form) > 15 and form not in text, form
    # The test would find one.
    assert everything.first.encode() in text


def test_the_log_is_verified_with_the_key_of_the_store(everything, tmp_path):
    key = run("audit", "--data-dir", everything.data_dir, "public-key")
    assert key.returncode == 0, key.stderr
    path = tmp_path / "audit.pub"
    path.write_text(key.stdout)
    report = verified("--public-key", path, "--closed", everything.folder)
    assert report["fault"] is None and report["isClosed"] and not report["trustsOwnKey"]
    assert report["events"] == len(everything.events)
    other = tmp_path / "other.pub"
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    other.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert run("audit", "verify", "--public-key", other, everything.folder).returncode == 1


def test_the_chain_is_what_the_documentation_says(everything):
    """Anybody can check the chain: each line names the SHA-256 of the line before."""
    before, number = "0" * 64, 0
    for path in sorted(everything.folder.glob("audit-*.jsonl")):
        for line in path.read_bytes().splitlines():
            read, number = json.loads(line), number + 1
            assert (read["seq"], read["prev"]) == (number, before)
            before = hashlib.sha256(line).hexdigest()
    assert number > 50


def test_a_changed_record_is_found(everything, tmp_path):
    path = next(everything.folder.glob("audit-*.jsonl"))
    text = path.read_text()
    forged = tmp_path / path.name
    forged.write_text(text.replace('"eventName":"Decrypt"', '"eventName":"Encrypt"', 1))
    result = run("audit", "verify", tmp_path)
    assert result.returncode == 1
    line = next(n for n, one in enumerate(text.splitlines(), 1) if '"eventName":"Decrypt"' in one)
    assert f"DAMAGED: {forged}, line {line + 1}: " in result.stdout


# Refused requests


def refused(call, code):
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response["ResponseMetadata"]["RequestId"]


def only_event(folder, request_id):
    [event] = [event for event in events_of(folder) if event.get("requestID") == request_id]
    return event


def test_refused_requests_are_recorded(audited):
    kms, folder = audited.kms, audited.folder
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    unknown = refused(lambda: kms.describe_key(KeyId=UNKNOWN_KEY_ID), "NotFoundException")
    event = only_event(folder, unknown)
    assert event["errorCode"] == "NotFoundException"
    assert UNKNOWN_KEY_ID in event["errorMessage"]
    assert event["requestParameters"] == {"keyId": UNKNOWN_KEY_ID}
    assert (event["responseElements"], event["resources"]) == (None, [])
    invalid = refused(lambda: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=1),
                      "ValidationException")
    event = only_event(folder, invalid)
    assert event["errorCode"] == "ValidationException"
    assert event["requestParameters"] == {"keyId": key, "pendingWindowInDays": 1}
    dry = refused(lambda: kms.encrypt(KeyId=key, Plaintext=b"x", DryRun=True),
                  "DryRunOperationException")
    event = only_event(folder, dry)
    assert event["errorCode"] == "DryRunOperationException"
    assert event["requestParameters"]["dryRun"] is True
    kms.disable_key(KeyId=key)
    disabled = refused(lambda: kms.encrypt(KeyId=key, Plaintext=b"x"), "DisabledException")
    assert len(only_event(folder, disabled)["resources"]) == 1
    unbuilt = refused(kms.describe_custom_key_stores, "UnsupportedOperationException")
    assert only_event(folder, unbuilt)["eventName"] == "DescribeCustomKeyStores"


def test_grant_tokens_are_not_repeated_by_errors(audited):
    key = audited.kms.create_key()["KeyMetadata"]["KeyId"]
    role = f"arn:aws:iam::{ACCOUNT}:role/grantee"
    grant = audited.kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"])
    tokens = [grant["GrantToken"]] * 11
    request_id = refused(
        lambda: audited.kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=tokens),
        "ValidationException",
    )
    event = only_event(audited.folder, request_id)
    assert event["errorMessage"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert grant["GrantToken"] not in json.dumps(events_of(audited.folder))


def test_bad_signatures_are_recorded_without_parameters(tmp_path):
    with Audited(tmp_path, "--access-key", "AKIDKNOWN:the right secret") as audited:
        kms = audited.server.client(access_key_id="AKIDKNOWN", secret="the wrong secret")
        request_id = refused(
            lambda: kms.describe_key(KeyId="alias/" + "x" * 200), "InvalidSignatureException"
        )
        event = only_event(audited.folder, request_id)
        assert event["userIdentity"] == {"type": "Unknown", "accessKeyId": "AKIDKNOWN"}
        assert event["errorCode"] == "InvalidSignatureException"
        assert event["requestParameters"] is None
        assert event["awsRegion"] == REGION
        assert "recipientAccountId" not in event
        headers = [
            ("Host", "localhost"),
            ("X-Amz-Target", "TrentService.ListKeys"),
            ("Content-Type", "application/x-amz-json-1.1"),
            ("User-Agent", "u" * 5000),
        ]
        with Connection(audited.server.port) as connection:
            connection.exchange(request_bytes(headers, b"{}"))
        event = events_of(audited.folder)[-1]
        assert event["errorCode"] == "MissingAuthenticationTokenException"
        assert event["userIdentity"] == {"type": "Unknown"}
        assert event["userAgent"] == "u" * 1024


# Who calls, and why it may

USERS_ACCOUNT = "111122223333"


class World:
    """A `trent serve` with a user who may do everything, one who may nothing, and a role."""

    def __init__(self, server):
        self.server = server.init()
        self.folder = server.data_dir / "audit"
        self.admin("account", "create", "--id", USERS_ACCOUNT)
        allow = {"Sid": "Everything", "Effect": "Allow", "Action": ["kms:*", "sts:*"],
                 "Resource": "*"}
        deny = {"Sid": "NoKeys", "Effect": "Deny", "Action": "kms:CreateKey", "Resource": "*"}
        trust = {"Effect": "Allow", "Principal": {"AWS": USERS_ACCOUNT}, "Action": "sts:AssumeRole"}
        self.alice, self.bob = self.user("alice", allow), self.user("bob", allow, deny)
        self.eve = self.user("eve")
        self.admin("role", "create", "operator", "--trust-policy", "-", "--account",
                   USERS_ACCOUNT, document=policy(trust))
        self.put_policy("--role", "operator", allow)
        server.start()

    def admin(self, *arguments, document=None):
        command = [str(BINARY), *arguments, "--data-dir", str(self.server.data_dir)]
        result = subprocess.run(
            [*command, "--output", "json"], input=document, capture_output=True, text=True,
            timeout=60, env=clean_environment(),
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout) if result.stdout.strip() else None

    def put_policy(self, whose, name, *statements):
        document = policy(*statements)
        arguments = (whose, name, "--document", "-", "main", "--account", USERS_ACCOUNT)
        self.admin("policy", "put", *arguments, document=document)

    def user(self, name, *statements):
        self.admin("user", "create", name, "--account", USERS_ACCOUNT)
        if statements:
            self.put_policy("--user", name, *statements)
        made = self.admin("access-key", "create", "--user", name, "--account", USERS_ACCOUNT)
        return made["AccessKey"]["AccessKeyId"], made["AccessKey"]["SecretAccessKey"]

    def client(self, key, service="kms", token=None):
        return boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name=REGION,
            aws_access_key_id=key[0],
            aws_secret_access_key=key[1],
            aws_session_token=token,
            verify=self.server.authority and str(self.server.authority.path),
            config=Config(retries={"max_attempts": 0}),
        )

    def last(self):
        return events_of(self.folder)[-1]


@pytest.fixture
def world(serve):
    return World(serve())


def test_who_calls_and_why_it_may(world):
    alice = world.client(world.alice)
    key = alice.create_key()["KeyMetadata"]["KeyId"]
    event = world.last()
    identity = event["userIdentity"]
    assert identity["principalId"].startswith("AIDA")
    del identity["principalId"]
    assert identity == {
        "type": "IAMUser",
        "arn": f"arn:aws:iam::{USERS_ACCOUNT}:user/alice",
        "accountId": USERS_ACCOUNT,
        "accessKeyId": world.alice[0],
        "userName": "alice",
    }
    [decision] = event["additionalEventData"]["authorization"]
    assert decision == {
        "action": "CreateKey",
        "decision": "Allow",
        "policy": "identity-based policy main",
        "statement": "Everything",
    }
    tls = event["tlsDetails"]
    assert tls["tlsVersion"] == "TLSv1.3" and tls["cipherSuite"].startswith("TLS_")
    assert tls["clientProvidedHostHeader"] == f"127.0.0.1:{world.server.port}"
    assert tls["keyExchange"]

    refused(world.client(world.bob).create_key, "AccessDeniedException")
    event = world.last()
    assert event["errorCode"] == "AccessDenied"
    assert "explicit deny in an identity-based policy" in event["errorMessage"]
    [decision] = event["additionalEventData"]["authorization"]
    assert (decision["decision"], decision["statement"]) == ("ExplicitDeny", "NoKeys")

    eve = world.client(world.eve)
    refused(lambda: eve.encrypt(KeyId=key, Plaintext=b"x"), "AccessDeniedException")
    [decision] = world.last()["additionalEventData"]["authorization"]
    assert decision == {
        "action": "Encrypt", "decision": "ImplicitDeny", "policy": "identity-based policy",
    }
    assert [one["ARN"].rsplit("/")[-1] for one in world.last()["resources"]] == [key]
    arn = f"arn:aws:iam::{USERS_ACCOUNT}:user/eve"
    grant = alice.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Encrypt"])
    eve.encrypt(KeyId=key, Plaintext=b"x")
    [decision] = world.last()["additionalEventData"]["authorization"]
    assert (decision["policy"], decision["grantId"]) == ("grant", grant["GrantId"])


def test_sessions_are_recorded_and_their_secrets_are_not(world):
    role = f"arn:aws:iam::{USERS_ACCOUNT}:role/operator"
    sts = world.client(world.alice, "sts")
    session = sts.assume_role(
        RoleArn=role, RoleSessionName="night-shift", DurationSeconds=900, ExternalId="external"
    )
    credentials, event = session["Credentials"], world.last()
    assert (event["eventSource"], event["eventName"]) == ("sts.amazonaws.com", "AssumeRole")
    assert event["userIdentity"]["userName"] == "alice"
    assert event["requestParameters"] == {
        "roleArn": role,
        "roleSessionName": "night-shift",
        "durationSeconds": "900",
        "externalId": "external",
    }
    answer = event["responseElements"]
    assert answer["credentials"].keys() == {"accessKeyId", "expiration"}
    assert answer["credentials"]["accessKeyId"] == credentials["AccessKeyId"]
    assert answer["assumedRoleUser"]["arn"] == session["AssumedRoleUser"]["Arn"]
    assert [one["ARN"] for one in event["resources"]] == [role]
    key = (credentials["AccessKeyId"], credentials["SecretAccessKey"])
    token = credentials["SessionToken"]
    world.client(key, token=token).list_keys()
    identity = world.last()["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == session["AssumedRoleUser"]["Arn"]
    assert identity["principalId"].endswith(":night-shift")
    assert identity["accessKeyId"] == credentials["AccessKeyId"]
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert (issuer["type"], issuer["arn"], issuer["userName"]) == ("Role", role, "operator")
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    world.client(key, "sts", token).get_caller_identity()
    assert world.last()["eventName"] == "GetCallerIdentity"
    refused(lambda: world.client(world.eve, "sts").assume_role(
        RoleArn=role + "x", RoleSessionName="night-shift"), "AccessDenied")
    assert world.last()["errorCode"] == "AccessDenied"
    refused(world.client((world.alice[0], "wrong"), "sts").get_caller_identity,
            "SignatureDoesNotMatch")
    assert world.last()["userIdentity"] == {"type": "Unknown", "accessKeyId": world.alice[0]}
    text = json.dumps(lines_of(world.folder))
    for secret in (credentials["SecretAccessKey"], token, world.alice[1]):
        assert secret not in text


def test_a_log_that_is_off_is_warned_of(serve):
    server = serve(tls=False, settings={"audit": {"dangerously_off": True}}).start()
    assert "THE AUDIT LOG IS OFF" in server.log_path.read_text()
    assert not (server.data_dir / "audit").exists()


# What the server does by itself


def test_what_the_jobs_do_is_recorded(audited):
    kms, server = audited.kms, audited.server
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]
    kms.replicate_key(KeyId=key["KeyId"], ReplicaRegion="eu-west-1")
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    doomed = kms.create_key()["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=doomed["KeyId"], PendingWindowInDays=7)
    count = len(events_of(audited.folder))
    server.advance("P100D")
    events = audited.since(count)
    [deleted] = [event for event in events if event["eventName"] == "DeleteKey"]
    [rotated] = [event for event in events if event["eventName"] == "RotateKey"]
    assert deleted["serviceEventDetails"] == {"keyId": doomed["KeyId"]}
    assert deleted["resources"] == [
        {"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": doomed["Arn"]}
    ]
    details = rotated["serviceEventDetails"]
    assert details["previousKeyMaterialId"] != details["currentKeyMaterialId"]
    assert (details["rotationType"], details["keyOrigin"]) == ("AUTOMATIC", "AWS_KMS")
    for event in (deleted, rotated):
        assert event["eventType"] == "AwsServiceEvent"
        identity = {"accountId": ACCOUNT, "invokedBy": WRITTEN_ELSEWHERE}
        assert event["userIdentity"] == identity
        assert (event["sourceIPAddress"], event["userAgent"]) == (WRITTEN_ELSEWHERE,) * 2
        assert event["requestParameters"] is None and "requestID" not in event
        assert event["readOnly"] is False
    # Each is dated when it was due.
    due = [event["eventTime"] for event in (deleted, rotated)]
    assert due[0] < due[1]
    replica = key["Arn"].replace(REGION, "eu-west-1")
    synchronized = [e for e in events if e["eventName"] == "SynchronizeMultiRegionKey"]
    assert [e["resources"][0]["ARN"] for e in synchronized] == [replica]
    assert synchronized[0]["requestID"] and synchronized[0]["eventType"] == "AwsApiCall"
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    rotated = [e for e in audited.since(count) if e["eventName"] == "RotateKey"]
    assert rotated[-1]["serviceEventDetails"]["rotationType"] == "ON_DEMAND"


def synchronized(audited, count, expected):
    """The Regions of the replicas that records since `count` say were synchronized."""

    def found():
        events = audited.since(count)
        return [e for e in events if e["eventName"] == "SynchronizeMultiRegionKey"]

    # They are kept in a moment, not before the answer.
    wait_until(lambda: len(found()) >= expected)
    events = found()
    for event in events:
        assert event["eventType"] == "AwsApiCall" and event["requestID"]
        assert event["requestParameters"] is None
        assert event["responseElements"] == {"keyId": event["resources"][0]["ARN"]}
        assert event["resources"][0]["ARN"].split(":")[3] == event["awsRegion"]
    return sorted(event["awsRegion"] for event in events)


def test_what_replicas_get_from_their_primary_key_is_recorded(audited):
    kms = audited.kms
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    count = len(events_of(audited.folder))
    kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    assert synchronized(audited, count, 1) == ["eu-west-1"]
    count = len(events_of(audited.folder))
    # The older replica learns of the new one.
    kms.replicate_key(KeyId=key, ReplicaRegion="ap-south-1")
    assert synchronized(audited, count, 2) == ["ap-south-1", "eu-west-1"]
    count = len(events_of(audited.folder))
    kms.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")
    assert synchronized(audited, count, 2) == ["ap-south-1", REGION]
    count = len(events_of(audited.folder))
    # What is not shared is not synchronized.
    other = audited.server.client(region="eu-west-1")
    other.update_key_description(KeyId=key, Description="another")
    other.enable_key_rotation(KeyId=key)
    assert synchronized(audited, count, 2) == ["ap-south-1", REGION]


def test_expiration_of_key_material_is_recorded(audited):
    calls = Everything(audited.kms, None)
    key = calls.key(Origin="EXTERNAL")
    wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    parameters = audited.kms.get_parameters_for_import(KeyId=key, **wrapping)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    encrypted = load_der_public_key(parameters["PublicKey"]).encrypt(os.urandom(32), oaep)
    imported = audited.kms.import_key_material(
        KeyId=key, ImportToken=parameters["ImportToken"], EncryptedKeyMaterial=encrypted,
        ExpirationModel="KEY_MATERIAL_EXPIRES",
        ValidTo=datetime.now(timezone.utc) + timedelta(days=2),
    )
    count = len(events_of(audited.folder))
    audited.server.advance("P3D")
    [event] = audited.since(count)
    assert event["eventName"] == "DeleteExpiredKeyMaterial"
    assert event["serviceEventDetails"] == {
        "keyId": key, "keyMaterialId": imported["KeyMaterialId"],
    }


# Crashes and full disks


def test_no_answered_request_lacks_its_record_after_a_crash(tmp_path):
    for round_ in range(4):
        answered, audited = [], Audited(tmp_path)
        with audited:
            key = audited.kms.create_key()["KeyMetadata"]["KeyId"]

            def work():
                client = audited.server.client()
                try:
                    while True:
                        reply = client.encrypt(KeyId=key, Plaintext=b"x")
                        answered.append(reply["ResponseMetadata"]["RequestId"])
                except (BotoCoreError, ClientError):
                    pass

            threads = [threading.Thread(target=work) for _ in range(6)]
            for thread in threads:
                thread.start()
            wait_until(lambda: len(answered) > 150 * (round_ + 1))
            audited.server.kill()
            for thread in threads:
                thread.join()
        report = verified(audited.folder)
        assert report["fault"] is None
        # Only the last line can be torn.
        text = b"".join(p.read_bytes() for p in sorted(audited.folder.glob("audit-*.jsonl")))
        whole = text[: text.rindex(b"\n") + 1].splitlines()
        recorded = {json.loads(line).get("event", {}).get("requestID") for line in whole}
        assert answered and set(answered) <= recorded
    with Audited(tmp_path):
        pass
    assert verified("--closed", audited.folder)["fault"] is None


def test_a_torn_end_is_named_and_repaired(tmp_path):
    with Audited(tmp_path) as audited:
        audited.kms.list_keys()
    [path] = audited.folder.glob("audit-*.jsonl")
    with open(path, "a") as file:
        file.write('{"seq":12,"prev":"00')
    assert verified(audited.folder)["tornBytes"] == 20
    assert "20 bytes after the last whole line" in run("audit", "verify", audited.folder).stdout
    assert run("audit", "verify", "--closed", audited.folder).returncode == 1
    with Audited(tmp_path):
        pass
    assert verified("--closed", audited.folder)["tornBytes"] == 0
    [repaired] = [line["repaired"] for line in lines_of(audited.folder) if "repaired" in line]
    assert repaired["removedBytes"] == 20


def test_a_full_disk_stops_answers_and_is_recovered_from(tmp_path):
    """The disk is full when a file may not grow further: a limit of the process, of which it is
    told by an error instead of a signal."""
    with Audited(tmp_path) as audited:
        kms, process = audited.kms, audited.server.process.pid
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.encrypt(KeyId=key, Plaintext=b"x")
        [path] = audited.folder.glob("audit-*.jsonl")
        size = path.stat().st_size
        before = resource.prlimit(process, resource.RLIMIT_FSIZE, (size + 300, -1))
        for _ in range(3):
            with pytest.raises(ClientError) as caught:
                kms.encrypt(KeyId=key, Plaintext=b"x")
            error = caught.value.response
            assert error["Error"]["Code"] == "KMSInternalException"
            assert error["ResponseMetadata"]["HTTPStatusCode"] == 500
            assert "CiphertextBlob" not in error
        with pytest.raises(ClientError):
            kms.create_key()
        assert not ready(audited.server)
        assert path.stat().st_size == size, "nothing torn is left"
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)
        wait_until(lambda: ready(audited.server))
        kms.encrypt(KeyId=key, Plaintext=b"x")
        # What was refused was not done.
        assert len(kms.list_keys()["Keys"]) == 1
    log = audited.log_path.read_text()
    assert "the audit log cannot be written, no request is answered" in log
    assert "File too large" in log and "can be written again" in log
    assert verified("--closed", audited.folder)["fault"] is None
    [repaired] = [line["repaired"] for line in lines_of(audited.folder) if "repaired" in line]
    assert repaired["removedBytes"] == 300 and repaired["refusedRecords"] >= 1


def ready(server):
    try:
        return server.get("/_trent/ready")["ready"]
    except OSError:
        return False


def test_a_client_that_goes_away_leaves_a_record(audited):
    """Whoever does not wait for the answer does not escape the log."""
    count = len(events_of(audited.folder))
    for number in range(1, 4):
        # It takes long to make.
        body = json.dumps({"KeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY"}).encode()
        headers = [
            ("Host", "localhost"),
            ("X-Amz-Target", "TrentService.CreateKey"),
            ("Content-Type", "application/x-amz-json-1.1"),
            ("X-Amz-Date", datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")),
            ("Authorization", authorization()),
        ]
        with Connection(audited.server.port) as connection:
            connection.send(request_bytes(headers, body))
            # It is being worked on.
            time.sleep(0.1)
        wait_until(lambda: len(audited.since(count)) == number)
    codes = [event.get("errorCode") for event in audited.since(count)]
    assert "RequestAborted" in codes and set(codes) <= {"RequestAborted", None}


def authorization():
    """Of the right form, which is enough for unknown access keys in development mode."""
    day = datetime.now(timezone.utc).strftime("%Y%m%d")
    return (
        f"AWS4-HMAC-SHA256 Credential=trent/{day}/{REGION}/kms/aws4_request, "
        f"SignedHeaders=host;x-amz-date;x-amz-target, Signature={'0' * 64}"
    )


# Files and the command line


def test_files_are_rotated_and_compressed(serve):
    settings = {"audit": {"max_file_size": "16 KiB"}}
    server = serve(tls=False, settings=settings).start()
    kms, folder = server.client(), server.data_dir / "audit"
    for _ in range(150):
        refused(kms.list_keys, "UnrecognizedClientException")
    wait_until(lambda: len(list(folder.glob("*.zst"))) > 2)
    assert verified(folder)["events"] == 150
    server.stop()
    report = verified("--closed", "--data-dir", server.data_dir)
    assert report["files"] > 3 and report["isClosed"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    gone = sorted(folder.glob("*.zst"))[1]
    gone.unlink()
    result = run("audit", "verify", folder)
    assert result.returncode == 1 and "is missing before it" in result.stdout


def test_tail_prints_what_is_asked_for(audited):
    kms = audited.kms
    first, second = (kms.create_key()["KeyMetadata"] for _ in range(2))
    kms.describe_key(KeyId=first["KeyId"])
    kms.encrypt(KeyId=second["KeyId"], Plaintext=b"x")

    def tail(*arguments):
        result = run("audit", "tail", *arguments, audited.folder)
        assert result.returncode == 0, result.stderr
        return [json.loads(line)["eventName"] for line in result.stdout.splitlines()]

    assert tail() == ["CreateKey", "CreateKey", "DescribeKey", "Encrypt"]
    assert tail("--key", first["KeyId"]) == ["CreateKey", "DescribeKey"]
    assert tail("--key", second["Arn"]) == ["CreateKey", "Encrypt"]
    assert tail("--event", "Encrypt") == ["Encrypt"]
    assert tail("--principal", f"arn:aws:iam::{ACCOUNT}:root", "--since", "1h") == tail()
    assert tail("--principal", "arn:aws:iam::1:root") == []
    assert tail("--since", "2999-01-01T00:00:00Z") == []
    process = subprocess.Popen(
        [str(BINARY), "audit", "tail", "--follow", "--event", "ListKeys", str(audited.folder)],
        stdout=subprocess.PIPE, text=True, env=clean_environment(),
    )
    try:
        kms.list_keys()
        assert json.loads(process.stdout.readline())["eventName"] == "ListKeys"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_log_has_one_writer(audited):
    result = run("dev", "--listen", "127.0.0.1:0", "--audit-dir", audited.folder)
    assert result.returncode == 1 and "is written by another trent" in result.stderr
