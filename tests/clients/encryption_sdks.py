"""The AWS Encryption SDKs for Python and for JavaScript, and the ways in which keys of Trent wrap
their data keys."""

import base64
import json
import random
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.errors import (
    ApiError,
    CollectionOfErrors,
    ComAmazonawsKms,
)
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsEcdhKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateAwsKmsMrkKeyringInput,
    CreateAwsKmsRsaKeyringInput,
    KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey,
    KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery,
    KmsPrivateKeyToStaticPublicKeyInput,
    KmsPublicKeyDiscoveryInput,
)
from aws_encryption_sdk import EncryptionSDKClient
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from aws_encryption_sdk.identifiers import Algorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from trent_server import clean_environment

HERE = Path(__file__).resolve().parent
REGION = "us-east-1"
OTHER_REGION = "eu-west-1"
THIRD_REGION = "ap-southeast-2"

# As large as a file: 256 frames and a bit.
FILE = random.Random(1).randbytes((1 << 20) + 100)
CONTEXT = {"tenant": "blue", "purpose": "end-to-end"}
OTHER_CONTEXT = {"tenant": "plum", "purpose": "end-to-end"}

PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
PYTHON = EncryptionSDKClient()


class Wrapping:
    """Keys on a server that wrap data keys in one way. Each keyring has a client of its own, so
    that nothing but the keys and their public halves outlives a restart of the server."""

    algorithm = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384

    def __init__(self, server):
        self.server = server
        self.create()

    def create(self):
        """Creates the keys; `self.arn` becomes that of the key that decrypts."""
        raise NotImplementedError

    def sender(self):
        """A keyring that encrypts."""
        raise NotImplementedError

    def recipient(self):
        """A keyring that decrypts."""
        raise NotImplementedError

    @property
    def region(self):
        return self.arn.split(":")[3]

    @property
    def kms(self):
        """A new client of the Region of the key that decrypts."""
        return self.server.client(region=self.region)

    def new_key(self, **parameters):
        return self.server.client().create_key(**parameters)["KeyMetadata"]["Arn"]

    def material(self):
        """The id of the key material that the key which decrypts has now."""
        return self.kms.describe_key(KeyId=self.arn)["KeyMetadata"]["CurrentKeyMaterialId"]

    def encrypt(self, plaintext=FILE):
        return encrypt(plaintext, self.sender(), self.algorithm)

    def decrypt(self, message, context=CONTEXT):
        return decrypt(message, self.recipient(), context)


class Symmetric(Wrapping):
    """A symmetric key: AWS KMS keyring."""

    def create(self):
        self.arn = self.new_key()

    def sender(self):
        return PROVIDERS.create_aws_kms_keyring(
            CreateAwsKmsKeyringInput(kms_key_id=self.arn, kms_client=self.kms)
        )

    recipient = sender

    def discovery(self):
        """A keyring that asks the server which key decrypts."""
        return PROVIDERS.create_aws_kms_discovery_keyring(
            CreateAwsKmsDiscoveryKeyringInput(kms_client=self.kms)
        )


class MultiRegion(Wrapping):
    """A multi-Region key that encrypts, and a replica that decrypts: AWS KMS MRK keyring."""

    def create(self):
        self.primary_arn = self.new_key(MultiRegion=True)
        replica = self.server.client().replicate_key(
            KeyId=self.primary_arn, ReplicaRegion=OTHER_REGION
        )
        self.arn = replica["ReplicaKeyMetadata"]["Arn"]

    def sender(self):
        return self.keyring_in(REGION)

    def recipient(self):
        return self.keyring_in(self.region)

    def keyring_in(self, region):
        return PROVIDERS.create_aws_kms_mrk_keyring(
            CreateAwsKmsMrkKeyringInput(
                kms_key_id=self.arn_in(region), kms_client=self.server.client(region=region)
            )
        )

    def encrypt_in(self, region):
        return encrypt(FILE, self.keyring_in(region), self.algorithm)

    def arn_in(self, region):
        return self.primary_arn.replace(REGION, region)


class Rsa(Wrapping):
    """An RSA key, whose public half encrypts without the server: AWS KMS RSA keyring."""

    key_spec = "RSA_2048"
    encryption_algorithm = "RSAES_OAEP_SHA_256"
    # The keyring does not do with suites that sign.
    algorithm = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY

    def create(self):
        self.arn = self.new_key(KeySpec=self.key_spec, KeyUsage="ENCRYPT_DECRYPT")
        public_key = load_der_public_key(self.kms.get_public_key(KeyId=self.arn)["PublicKey"])
        self.public_pem = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sender(self):
        return self.keyring(public_key=self.public_pem)

    def recipient(self):
        return self.keyring(kms_client=self.kms)

    def keyring(self, **parameters):
        return PROVIDERS.create_aws_kms_rsa_keyring(
            CreateAwsKmsRsaKeyringInput(
                kms_key_id=self.arn, encryption_algorithm=self.encryption_algorithm, **parameters
            )
        )


class Rsa4096(Rsa):
    key_spec = "RSA_4096"


class Rsa3072Sha1(Rsa):
    key_spec = "RSA_3072"
    encryption_algorithm = "RSAES_OAEP_SHA_1"


class Ecdh(Wrapping):
    """Two elliptic curve keys that agree on a secret: AWS KMS ECDH keyring."""

    curve = "ECC_NIST_P256"

    def create(self):
        self.sender_arn, self.arn = (
            self.new_key(KeySpec=self.curve, KeyUsage="KEY_AGREEMENT") for _ in range(2)
        )
        self.public_key = self.kms.get_public_key(KeyId=self.arn)["PublicKey"]

    def sender(self):
        return self.keyring(
            KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(
                KmsPrivateKeyToStaticPublicKeyInput(
                    sender_kms_identifier=self.sender_arn, recipient_public_key=self.public_key
                )
            )
        )

    def recipient(self):
        return self.keyring(
            KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery(
                KmsPublicKeyDiscoveryInput(recipient_kms_identifier=self.arn)
            )
        )

    def keyring(self, scheme):
        return PROVIDERS.create_aws_kms_ecdh_keyring(
            CreateAwsKmsEcdhKeyringInput(
                key_agreement_scheme=scheme, curve_spec=self.curve, kms_client=self.kms
            )
        )


class EcdhP384(Ecdh):
    curve = "ECC_NIST_P384"


def encrypt(plaintext, keyring, algorithm):
    """Encrypts with the SDK for Python, with CONTEXT."""
    message, header = PYTHON.encrypt(
        source=plaintext, keyring=keyring, encryption_context=CONTEXT, algorithm=algorithm
    )
    assert header.algorithm is algorithm
    return message


def decrypt(message, keyring, context=CONTEXT):
    """Decrypts with the SDK for Python, which expects the message to have the context."""
    plaintext, header = PYTHON.decrypt(source=message, keyring=keyring, encryption_context=context)
    assert context.items() <= header.encryption_context.items()
    return plaintext


def with_other_context(message):
    """The message, with OTHER_CONTEXT in its header in the place of CONTEXT."""
    tenant, other_tenant = (
        b"tenant\0\4" + context["tenant"].encode() for context in (CONTEXT, OTHER_CONTEXT)
    )
    assert message.count(tenant) == 1
    return message.replace(tenant, other_tenant)


@contextmanager
def refused(*texts):
    """Expects that the SDK for Python fails, for just the reasons with these texts if any."""
    with pytest.raises((AWSEncryptionSDKClientError, ApiError)) as caught:
        yield
    reasons = reasons_of(caught.value)
    assert not texts or [str(reason) for reason in reasons] == list(texts)


@contextmanager
def kms_refuses(text):
    """Expects that the SDK for Python fails, for just this answer of the server."""
    with pytest.raises((AWSEncryptionSDKClientError, ComAmazonawsKms)) as caught:
        yield
    (reason,) = reasons_of(caught.value)
    assert (type(reason), str(reason)) == (ComAmazonawsKms, text)


def invalid_ciphertext():
    """Expects that the server refuses a ciphertext, which it does without words."""
    return kms_refuses("")


def reasons_of(error):
    """What went wrong with each of the data keys."""
    if isinstance(error, AWSEncryptionSDKClientError):
        (error,) = error.args
    return error.list if isinstance(error, CollectionOfErrors) else [error]


class JavaScriptError(Exception):
    """What the SDK for JavaScript throws, in its words."""


class Node:
    """A process with the SDK for JavaScript, which does one job after the other."""

    def __enter__(self):
        self.process = subprocess.Popen(
            ["node", str(HERE / "encryption_sdk.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def run(self, message, **job):
        """Returns a message and its encryption context if that is known."""
        job["message"] = base64.b64encode(message).decode()
        limit = threading.Timer(120, self.process.kill)
        limit.start()
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            outcome = json.loads(self.process.stdout.readline())
        finally:
            limit.cancel()
        if "error" in outcome:
            raise JavaScriptError(outcome["error"])
        return base64.b64decode(outcome["message"]), outcome.get("encryptionContext")


class JavaScript:
    """The SDK for JavaScript with CONTEXT and the key of an ARN; `keyring` is "KMS" or
    "multi-Region"."""

    def __init__(self, node, server, arn, keyring="KMS"):
        self.node = node
        self.common = {"endpoint": server.url, "keyArn": arn, "keyring": keyring}

    def encrypt(self, plaintext=FILE):
        message, _ = self.node.run(
            plaintext, operation="encrypt", encryptionContext=CONTEXT, **self.common
        )
        return message

    def decrypt(self, message):
        plaintext, context = self.node.run(message, operation="decrypt", **self.common)
        assert CONTEXT.items() <= context.items()
        return plaintext


@contextmanager
def javascript_refused(text):
    """Expects that the SDK for JavaScript fails, with this text among its words."""
    with pytest.raises(JavaScriptError) as caught:
        yield
    assert text in str(caught.value)
