"""The audit log: a record of each request, nothing secret in it, and nothing that could be taken
out of it unnoticed."""

import base64
import gzip
import hashlib
import json
import os
import resource
import subprocess
import threading
import uuid
from datetime import datetime, timedelta, timezone

import boto3
import pytest
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
from trent_server import BINARY, Trent, clean_environment, wait_until

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
        read = gzip.open if path.suffix == ".gz" else open
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


class Identities:
    """Accounts, users and roles of a `trent serve`."""

    def __init__(self, server):
        self.server = server
        self.account = self.run("account", "create")["Account"]["Id"]

    def run(self, *arguments):
        result = self.server.run(*arguments, "--data-dir", self.server.data_dir, "--output", "json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout or "{}")
