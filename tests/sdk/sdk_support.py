"""What the SDK tests share: expected errors, raw signed requests, keys to call operations on."""

import base64
import http.client
import itertools
import json
import re
import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import cache

import pytest
from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)

ACCOUNT = "000000000000"
OTHER_ACCOUNT = "111122223333"
REGION = "us-east-1"
OTHER_REGION = "eu-west-1"
THIRD_REGION = "ap-southeast-2"

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MATERIAL_ID = re.compile(r"[0-9a-f]{64}")
UNKNOWN_KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
UNKNOWN_GRANT = "0" * 64
GRANTEE = f"arn:aws:iam::{ACCOUNT}:role/grantee"
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


# Kinds of keys, beside the symmetric encryption key that CreateKey makes when it is not told more.
SIGNING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
MAC = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
AGREEING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}
ENCAPSULATING = {"KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}
IMPORTED = {"Origin": "EXTERNAL"}

# Key specs that the enumeration of the old name of KeySpec does not have.
WITHOUT_OLD_SPEC = {
    "ECC_NIST_EDWARDS25519",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
}


def spec_members(spec):
    """A key spec under its name and, where that has it, under its old name."""
    if spec in WITHOUT_OLD_SPEC:
        return {"KeySpec": spec}
    return {"KeySpec": spec, "CustomerMasterKeySpec": spec}


def check_new_key(kms, spec, usage, algorithms):
    """Creates an asymmetric or HMAC key and checks every member of its metadata."""
    metadata = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert kms.describe_key(KeyId=metadata["KeyId"])["KeyMetadata"] == metadata
    key_id = metadata["KeyId"]
    assert UUID.fullmatch(key_id)
    assert close_to(utc_now(), metadata.pop("CreationDate"))
    assert metadata == {
        "AWSAccountId": ACCOUNT,
        "KeyId": key_id,
        "Arn": key_arn(key_id),
        "Enabled": True,
        "Description": "",
        "KeyUsage": usage,
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "MultiRegion": False,
        **spec_members(spec),
        **algorithms,
    }


def check_public_key(kms, spec, key, algorithms):
    """Checks every member of what GetPublicKey answers; returns the key for use outside."""
    response = members(kms.get_public_key(KeyId=key))
    encoded = response.pop("PublicKey")
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert response == {
        "KeyId": metadata["Arn"],
        "KeyUsage": metadata["KeyUsage"],
        **spec_members(spec),
        **algorithms,
    }
    return encoded


def check_no_rotation(kms, key):
    """Checks what the operations of rotation answer about a key that does not rotate."""
    with raises("UnsupportedOperationException", ""):
        kms.enable_key_rotation(KeyId=key)
    with raises("UnsupportedOperationException", ""):
        kms.disable_key_rotation(KeyId=key)
    with raises("UnsupportedOperationException", ""):
        kms.rotate_key_on_demand(KeyId=key)
    status = members(kms.get_key_rotation_status(KeyId=key))
    assert status == {"KeyId": key, "KeyRotationEnabled": False}
    for include in ("ROTATIONS_ONLY", "ALL_KEY_MATERIAL"):
        listed = members(kms.list_key_rotations(KeyId=key, IncludeKeyMaterial=include))
        assert listed == {"Rotations": [], "Truncated": False}
    kms.disable_key(KeyId=key)
    with raises("DisabledException", f"{key_arn(key)} is disabled."):
        kms.rotate_key_on_demand(KeyId=key)
    kms.enable_key(KeyId=key)


def last_use(kms, key):
    """What a key was last used for; None if it was not used."""
    return kms.get_key_last_usage(KeyId=key)["KeyLastUsage"].get("Operation")


def usage_refused(arn, usage, operation):
    """Expects a key to be refused because it is for something else."""
    message = f"{arn} key usage is {usage} which is not valid for {operation}."
    return raises("InvalidKeyUsageException", message)


def algorithm_refused(algorithm, spec):
    """Expects an algorithm to be refused because keys of the spec do not have it."""
    message = f"Algorithm {algorithm} is incompatible with key spec {spec}."
    return raises("InvalidKeyUsageException", message)


def altered(data, position):
    """The same bytes but for one bit of the byte at a position."""
    changed = bytearray(data)
    changed[position] ^= 1
    return bytes(changed)


@cache
def private_key(spec):
    """A private key of our own, of an RSA or elliptic curve key spec."""
    if spec.startswith("RSA"):
        return rsa.generate_private_key(65537, int(spec[-4:]))
    if spec == "ECC_NIST_EDWARDS25519":
        return ed25519.Ed25519PrivateKey.generate()
    curves = {
        "ECC_NIST_P256": ec.SECP256R1,
        "ECC_NIST_P384": ec.SECP384R1,
        "ECC_NIST_P521": ec.SECP521R1,
        "ECC_SECG_P256K1": ec.SECP256K1,
    }
    return ec.generate_private_key(curves[spec]())


def pkcs8(private_key):
    """A private key as it is imported."""
    return private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def import_key(kms, spec, usage, material):
    """Creates a key of key material that is known outside, and returns its id."""
    key = kms.create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    is_pair = not spec.startswith("HMAC")
    algorithm = "RSA_AES_KEY_WRAP_SHA_256" if is_pair else "RSAES_OAEP_SHA_256"
    parameters = kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048"
    )
    scheme = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
    wrapping_key = load_der_public_key(parameters["PublicKey"])
    if is_pair:
        once = bytes(range(32))
        wrapped = wrapping_key.encrypt(once, scheme) + aes_key_wrap_with_padding(once, material)
    else:
        wrapped = wrapping_key.encrypt(material, scheme)
    kms.import_key_material(
        KeyId=key,
        ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=wrapped,
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    return key


# A public key to agree on a secret with.
PEER = (
    ec.derive_private_key(7, ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)


def import_parameters(kms, key):
    """What ImportKeyMaterial needs to import material that is always the same."""
    answer = kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = load_der_public_key(answer["PublicKey"]).encrypt(bytes(range(32)), oaep)
    return {
        "ImportToken": answer["ImportToken"],
        "EncryptedKeyMaterial": wrapped,
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    }


def made_with(kms, metadata):
    """What a key makes of `secret` and takes back: a ciphertext, a signature or a MAC."""
    key, usage = metadata["KeyId"], metadata["KeyUsage"]
    if usage == "SIGN_VERIFY":
        signed = kms.sign(KeyId=key, Message=b"secret", SigningAlgorithm="ECDSA_SHA_256")
        return signed["Signature"]
    if usage == "GENERATE_VERIFY_MAC":
        return kms.generate_mac(KeyId=key, Message=b"secret", MacAlgorithm="HMAC_SHA_256")["Mac"]
    if usage == "ENCAPSULATE_DECAPSULATE":
        encapsulated = kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM")
        return encapsulated["SharedSecretCiphertextBlob"]
    if usage == "KEY_AGREEMENT":
        return None
    return kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]


class Subject:
    """A key, an alias and a ciphertext of it, and another key: enough for every operation.

    A key that does not encrypt has a signature or a MAC instead of the ciphertext. A key with
    imported material has parameters to import it again."""

    importable = {"ImportToken": b"x", "EncryptedKeyMaterial": b"x"}

    def __init__(self, kms, **parameters):
        metadata = kms.create_key(**parameters)["KeyMetadata"]
        self.receive_material(kms, metadata)
        self.surround(kms, metadata, made_with(kms, metadata))
        self.give_grant()

    def receive_material(self, kms, metadata):
        """Imports the material of a key for which it is to be imported."""
        if metadata["Origin"] == "EXTERNAL":
            key = metadata["KeyId"]
            self.importable = import_parameters(kms, key)
            kms.import_key_material(KeyId=key, **self.importable)

    def surround(self, kms, metadata, made):
        self.kms = kms
        self.id, self.arn = metadata["KeyId"], metadata["Arn"]
        self.made = self.ciphertext = made
        self.alias = new_alias_name()
        self.alias_arn = alias_arn(self.alias)
        kms.create_alias(AliasName=self.alias, TargetKeyId=self.id)
        self.other = kms.create_key()["KeyMetadata"]["KeyId"]
        self.other_ciphertext = kms.encrypt(KeyId=self.other, Plaintext=b"x")["CiphertextBlob"]
        self.other_alias = new_alias_name()
        kms.create_alias(AliasName=self.other_alias, TargetKeyId=self.other)

    def give_grant(self):
        """Makes the grant that is there to be revoked; needs a key that is enabled."""
        terms = {"GranteePrincipal": GRANTEE, "Operations": ["DescribeKey"]}
        self.grant = self.kms.create_grant(KeyId=self.id, **terms)["GrantId"]

    def bring_into(self, state):
        if state == "Disabled":
            self.kms.disable_key(KeyId=self.id)
        elif state in ("PendingDeletion", "PendingReplicaDeletion"):
            self.kms.schedule_key_deletion(KeyId=self.id)
        assert self.state == state

    @property
    def state(self):
        return self.kms.describe_key(KeyId=self.id)["KeyMetadata"]["KeyState"]

    def call(self, way, key=None):
        """Calls an operation in one of `WAYS`, naming the key as `key`."""
        operation = getattr(self.kms, xform_name(way.split()[0]))
        return operation(**WAYS[way](self, key or self.id))


class Primary(Subject):
    """A multi-Region primary key with a replica in another Region."""

    def __init__(self, kms, **parameters):
        super().__init__(kms, MultiRegion=True, **parameters)
        kms.replicate_key(KeyId=self.id, ReplicaRegion=OTHER_REGION)


class Replica(Subject):
    """A replica of a primary key of another Region, where the ciphertext was made. It has no
    grant, as none can be made while it is being created."""

    grant = UNKNOWN_GRANT

    def __init__(self, kms, elsewhere, **parameters):
        primary = elsewhere.create_key(MultiRegion=True, **parameters)["KeyMetadata"]
        self.receive_material(elsewhere, primary)
        made = made_with(elsewhere, primary)
        region = kms.meta.region_name
        answer = elsewhere.replicate_key(KeyId=primary["KeyId"], ReplicaRegion=region)
        self.surround(kms, answer["ReplicaKeyMetadata"], made)

    def settle(self):
        """What can be done when the replica is no longer being created."""
        metadata = self.kms.describe_key(KeyId=self.id)["KeyMetadata"]
        self.receive_material(self.kms, metadata)
        self.give_grant()


def policy(*statements):
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trust_policy(account):
    """A trust policy that leaves it to an account who may assume the role."""
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    return policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root})


def policy_allowing(principal, sid="all"):
    """A key policy that lets a principal, and the account of the tests, do everything."""
    return policy(
        {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", principal]},
            "Action": "kms:*",
            "Resource": "*",
        }
    )


# Every way to name a key in a built operation, with the least parameters it needs.
WAYS = {
    "CancelKeyDeletion": lambda s, key: {"KeyId": key},
    "CreateAlias": lambda s, key: {"AliasName": new_alias_name(), "TargetKeyId": key},
    "CreateGrant": lambda s, key: {
        "KeyId": key,
        "GranteePrincipal": GRANTEE,
        "Operations": ["DescribeKey"],
    },
    "Decapsulate": lambda s, key: {
        "KeyId": key,
        "SharedSecretCiphertextBlob": s.made,
        "EncapsulationAlgorithm": "ML_KEM",
    },
    "Decrypt": lambda s, key: {"KeyId": key, "CiphertextBlob": s.ciphertext},
    "DeriveSharedSecret": lambda s, key: {
        "KeyId": key,
        "KeyAgreementAlgorithm": "ECDH",
        "PublicKey": PEER,
    },
    "DeleteImportedKeyMaterial": lambda s, key: {"KeyId": key},
    "DescribeKey": lambda s, key: {"KeyId": key},
    "DisableKey": lambda s, key: {"KeyId": key},
    "DisableKeyRotation": lambda s, key: {"KeyId": key},
    "EnableKey": lambda s, key: {"KeyId": key},
    "EnableKeyRotation": lambda s, key: {"KeyId": key},
    "Encapsulate": lambda s, key: {"KeyId": key, "EncapsulationAlgorithm": "ML_KEM"},
    "Encrypt": lambda s, key: {"KeyId": key, "Plaintext": b"x"},
    "GenerateDataKey": lambda s, key: {"KeyId": key, "KeySpec": "AES_256"},
    "GenerateDataKeyPair": lambda s, key: {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"},
    "GenerateDataKeyPairWithoutPlaintext": lambda s, key: {
        "KeyId": key,
        "KeyPairSpec": "ECC_NIST_P256",
    },
    "GenerateDataKeyWithoutPlaintext": lambda s, key: {"KeyId": key, "KeySpec": "AES_256"},
    "GenerateMac": lambda s, key: {
        "KeyId": key,
        "Message": b"x",
        "MacAlgorithm": "HMAC_SHA_256",
    },
    "GetKeyLastUsage": lambda s, key: {"KeyId": key},
    "GetKeyPolicy": lambda s, key: {"KeyId": key},
    "GetKeyRotationStatus": lambda s, key: {"KeyId": key},
    "GetParametersForImport": lambda s, key: {
        "KeyId": key,
        "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
        "WrappingKeySpec": "RSA_2048",
    },
    "GetPublicKey": lambda s, key: {"KeyId": key},
    "ImportKeyMaterial": lambda s, key: {"KeyId": key, **s.importable},
    "ListAliases": lambda s, key: {"KeyId": key},
    "ListGrants": lambda s, key: {"KeyId": key},
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
    "ReplicateKey": lambda s, key: {"KeyId": key, "ReplicaRegion": THIRD_REGION},
    "RevokeGrant": lambda s, key: {"KeyId": key, "GrantId": s.grant},
    "RotateKeyOnDemand": lambda s, key: {"KeyId": key},
    "ScheduleKeyDeletion": lambda s, key: {"KeyId": key},
    "Sign": lambda s, key: {
        "KeyId": key,
        "Message": b"x",
        "SigningAlgorithm": "ECDSA_SHA_256",
    },
    "TagResource": lambda s, key: {"KeyId": key, "Tags": [{"TagKey": "a", "TagValue": "b"}]},
    "UntagResource": lambda s, key: {"KeyId": key, "TagKeys": ["a"]},
    "UpdateAlias": lambda s, key: {"AliasName": s.other_alias, "TargetKeyId": key},
    "UpdateKeyDescription": lambda s, key: {"KeyId": key, "Description": "d"},
    "UpdatePrimaryRegion": lambda s, key: {"KeyId": key, "PrimaryRegion": OTHER_REGION},
    "Verify": lambda s, key: {
        "KeyId": key,
        "Message": b"secret",
        "Signature": s.made,
        "SigningAlgorithm": "ECDSA_SHA_256",
    },
    "VerifyMac": lambda s, key: {
        "KeyId": key,
        "Message": b"secret",
        "Mac": s.made,
        "MacAlgorithm": "HMAC_SHA_256",
    },
}

# The kind of key that an operation works on, where it is not a symmetric encryption key.
KINDS = {
    "Decapsulate": ENCAPSULATING,
    "DeleteImportedKeyMaterial": IMPORTED,
    "DeriveSharedSecret": AGREEING,
    "Encapsulate": ENCAPSULATING,
    "GenerateMac": MAC,
    "GetParametersForImport": IMPORTED,
    "GetPublicKey": SIGNING,
    "ImportKeyMaterial": IMPORTED,
    "Sign": SIGNING,
    "Verify": SIGNING,
    "VerifyMac": MAC,
}


def kind_for(way):
    """What CreateKey is told to make a key on which the operation works."""
    return KINDS.get(way, {})


# Operations that work on multi-Region primary keys only.
OF_PRIMARIES = {"ReplicateKey", "UpdatePrimaryRegion"}

# Operations whose key may be named by an alias; the others take a key id or key ARN only.
TAKING_ALIASES = {
    "Decapsulate",
    "Decrypt",
    "DeriveSharedSecret",
    "DescribeKey",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetPublicKey",
    "ReEncrypt from",
    "ReEncrypt to",
    "Sign",
    "Verify",
    "VerifyMac",
}

# Operations that work on a key of another account.
ACROSS_ACCOUNTS = TAKING_ALIASES | {
    "CreateGrant",
    "GetKeyRotationStatus",
    "ListGrants",
    "RevokeGrant",
}

# Operations that cryptography is done with.
CRYPTOGRAPHIC = TAKING_ALIASES - {"DescribeKey", "GetPublicKey"}

# Built operations that name no key, or only by an alias, or only by a grant token or its ARN.
WITHOUT_KEY = {
    "CreateKey",
    "DeleteAlias",
    "GenerateRandom",
    "ListKeys",
    "ListRetirableGrants",
    "RetireGrant",
}

BUILT = {way.split()[0] for way in WAYS} | WITHOUT_KEY


def action_of(way):
    """The permission that an operation needs on the key that it names in this way."""
    actions = {"ReEncrypt from": "kms:ReEncryptFrom", "ReEncrypt to": "kms:ReEncryptTo"}
    return actions.get(way, f"kms:{way}")


def encode(data):
    return base64.b64encode(data).decode()
