"""Makes the golden files of the built version, once: `.venv/bin/python tests/golden/make.py NAME`."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)
from golden import FOLDER, OTHER_REGION, REGION, REGIONS, THIRD_REGION, answer, to_json

from trent_server import BINARY, Trent

ROOT = "arn:aws:iam::000000000000:root"
CONTEXT = {"tenant": "a", "größe": "ß"}
PLAINTEXT = b"the truth"
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PEER = ec.generate_private_key(ec.SECP256R1())
SEEDED = "bc436485-5092-42b8-92a3-0aa8b93536dc"
SEEDED_IMPORTED = "5ef77041-d1e6-4af1-9a41-e49a4b45efb6"
SEEDED_RSA = "ff275b92-0def-4dfc-b0f6-87c96b26c6c7"
SEEDED_ECC = "800d5768-3fd7-4edd-a4b8-4c81c3e4c147"

# Key specs of key pairs and MACs, their usage, and how they sign.
SIGNING = {
    "RSA_2048": "RSASSA_PSS_SHA_256",
    "RSA_3072": "RSASSA_PKCS1_V1_5_SHA_384",
    "RSA_4096": "RSASSA_PSS_SHA_512",
    "ECC_NIST_P256": "ECDSA_SHA_256",
    "ECC_NIST_P384": "ECDSA_SHA_384",
    "ECC_NIST_P521": "ECDSA_SHA_512",
    "ECC_SECG_P256K1": "ECDSA_SHA_256",
    "ECC_NIST_EDWARDS25519": "ED25519_SHA_512",
    "ML_DSA_44": "ML_DSA_SHAKE_256",
    "ML_DSA_65": "ML_DSA_SHAKE_256",
    "ML_DSA_87": "ML_DSA_SHAKE_256",
}
MACS = ("HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512")
ENCAPSULATING = ("ML_KEM_512", "ML_KEM_768", "ML_KEM_1024")


class Recorder:
    """A server, and the calls whose answers are to stay the same."""

    def __init__(self, server):
        self.server = server
        self.clients = {region: server.client(region=region) for region in REGIONS}
        self.kms = self.clients[REGION]
        self.calls = []

    def record(self, operation, region=REGION, without=(), **parameters):
        """Records a call; `without` are members that time changes."""
        reply = answer(self.server, region, operation, parameters)
        for member in without:
            for part in (reply, reply.get("KeyMetadata", {})):
                part.pop(member, None)
        self.calls.append(
            {
                "region": region,
                "operation": operation,
                "parameters": to_json(parameters),
                "answer": reply,
            }
        )

    def create(self, **parameters):
        return self.kms.create_key(**parameters)["KeyMetadata"]["KeyId"]

    def encrypted(self, key, region=REGION, **context):
        """Records that a new ciphertext of a key is decrypted."""
        blob = self.clients[region].encrypt(KeyId=key, Plaintext=PLAINTEXT, **context)
        self.record("Decrypt", region, CiphertextBlob=blob["CiphertextBlob"], **context)
        return blob["CiphertextBlob"]

    def described(self, key, region=REGION, without=()):
        self.record("DescribeKey", region, KeyId=key, without=without)
        self.record("GetKeyPolicy", region, KeyId=key)
        self.record("ListResourceTags", region, KeyId=key)
        self.record("ListAliases", region, KeyId=key)
        self.record("ListGrants", region, KeyId=key)


def rotated(r):
    """A key that was rotated on demand and by schedule, with a ciphertext of every material."""
    key = r.create(Description="rotated", Tags=[{"TagKey": "a", "TagValue": "ä"}])
    r.kms.create_alias(AliasName="alias/golden/rotated", TargetKeyId=key)
    r.kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    for number in range(5):
        r.encrypted(key)
        r.encrypted(key, EncryptionContext=CONTEXT)
        if number % 2:
            r.kms.rotate_key_on_demand(KeyId=key)
        else:
            r.server.advance("P91D")
    r.encrypted(key)
    for name in ("generate_data_key", "generate_data_key_pair"):
        spec = {"KeySpec": "AES_256"} if name.endswith("key") else {"KeyPairSpec": "ECC_NIST_P256"}
        made = getattr(r.kms, name)(KeyId=key, EncryptionContext=CONTEXT, **spec)
        blob = made.get("CiphertextBlob") or made["PrivateKeyCiphertextBlob"]
        r.record("Decrypt", CiphertextBlob=blob, EncryptionContext=CONTEXT)
    r.kms.disable_key_rotation(KeyId=key)
    r.described(key)
    r.record("GetKeyRotationStatus", KeyId=key)
    r.record("ListKeyRotations", KeyId=key)


def scheduled(r):
    """A key that goes on rotating when its time comes."""
    key = r.create(Description="scheduled")
    r.kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=2560)
    r.encrypted(key)
    r.record("GetKeyRotationStatus", KeyId=key, without=["NextRotationDate"])


def governed(r):
    """A key with a policy, grants and several aliases; and one that is disabled."""
    statement = {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": ROOT}}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Action": "kms:*"}]}
    policy["Statement"][0]["Resource"] = "*"
    tags = [{"TagKey": name, "TagValue": name * 2} for name in "abc"]
    key = r.create(Description="größe", Policy=json.dumps(policy), Tags=tags)
    for number in range(3):
        r.kms.create_alias(AliasName=f"alias/golden/{number}", TargetKeyId=key)
    terms = {"KeyId": key, "GranteePrincipal": ROOT, "RetiringPrincipal": ROOT}
    constraints = {"EncryptionContextSubset": {"tenant": "a"}}
    r.kms.create_grant(**terms, Operations=["Decrypt"], Constraints=constraints)
    grant = r.kms.create_grant(**terms, Operations=["Encrypt", "DescribeKey"], Name="named")
    r.record("DescribeKey", KeyId=key, GrantTokens=[grant["GrantToken"]])
    r.record("ListRetirableGrants", RetiringPrincipal=ROOT)
    r.described(key)
    disabled = r.create(Description="disabled")
    r.kms.disable_key(KeyId=disabled)
    r.described(disabled)


def imported(r, key, material, region=REGION, **more):
    kms = r.clients[region]
    wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    parameters = kms.get_parameters_for_import(KeyId=key, **wrapping)
    kms.import_key_material(
        KeyId=key,
        ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=load_der_public_key(parameters["PublicKey"]).encrypt(material, OAEP),
        **FOREVER,
        **more,
    )


def importing(r):
    """Keys with imported material: two for encryption, one for MACs, and one that waits."""
    key = r.create(Origin="EXTERNAL", Description="imported")
    imported(r, key, bytes(range(32)), KeyMaterialDescription="first")
    r.encrypted(key)
    imported(r, key, bytes(range(1, 33)), ImportType="NEW_KEY_MATERIAL")
    r.kms.rotate_key_on_demand(KeyId=key)
    r.encrypted(key)
    r.described(key)
    r.record("ListKeyRotations", KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    pending = r.create(Origin="EXTERNAL", Description="pending")
    imported(r, pending, bytes(range(32)))
    r.encrypted(pending)
    imported(r, pending, bytes(range(3, 35)), ImportType="NEW_KEY_MATERIAL")
    r.described(pending)
    mac = r.create(Origin="EXTERNAL", KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    imported(r, mac, bytes(range(32)))
    r.record("GenerateMac", KeyId=mac, Message=PLAINTEXT, MacAlgorithm="HMAC_SHA_256")
    r.described(r.create(Origin="EXTERNAL", Description="waiting"))


def multi_region(r):
    """A multi-Region key with two replicas, each of which decrypts all ciphertexts."""
    key = r.create(MultiRegion=True, Description="primary")
    blobs = [r.encrypted(key)]
    for region in (OTHER_REGION, THIRD_REGION):
        r.kms.replicate_key(KeyId=key, ReplicaRegion=region, Description=region)
        r.clients[region].create_alias(AliasName="alias/golden/replica", TargetKeyId=key)
    r.kms.rotate_key_on_demand(KeyId=key)
    blobs += [r.encrypted(key, region) for region in REGIONS]
    r.kms.update_primary_region(KeyId=key, PrimaryRegion=OTHER_REGION)
    for region in REGIONS:
        for blob in blobs:
            r.record("Decrypt", region, CiphertextBlob=blob)
        r.described(key, region)
        r.record("ListKeyRotations", region, KeyId=key)


def signing(r):
    for spec, algorithm in SIGNING.items():
        key = r.create(KeySpec=spec, KeyUsage="SIGN_VERIFY")
        signed = {"KeyId": key, "Message": PLAINTEXT, "SigningAlgorithm": algorithm}
        r.record("Verify", **signed, Signature=r.kms.sign(**signed)["Signature"])
        r.record("GetPublicKey", KeyId=key)
        r.record("DescribeKey", KeyId=key)


def other_usages(r):
    """MACs, RSA encryption, key agreement, encapsulation."""
    for spec in MACS:
        key = r.create(KeySpec=spec, KeyUsage="GENERATE_VERIFY_MAC")
        mac = {"Message": PLAINTEXT, "MacAlgorithm": spec.replace("_", "_SHA_"), "KeyId": key}
        r.record("GenerateMac", **mac)
        r.record("VerifyMac", **mac, Mac=r.kms.generate_mac(**mac)["Mac"])
    rsa_key = r.create(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    for algorithm in ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"):
        parameters = {"KeyId": rsa_key, "EncryptionAlgorithm": algorithm}
        blob = r.kms.encrypt(Plaintext=PLAINTEXT, **parameters)["CiphertextBlob"]
        r.record("Decrypt", CiphertextBlob=blob, **parameters)
    r.record("GetPublicKey", KeyId=rsa_key)
    agreeing = r.create(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    peer = PEER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    agreement = {"KeyAgreementAlgorithm": "ECDH", "PublicKey": peer}
    r.record("DeriveSharedSecret", KeyId=agreeing, **agreement)
    for spec in ENCAPSULATING:
        key = r.create(KeySpec=spec, KeyUsage="ENCAPSULATE_DECAPSULATE")
        parameters = {"KeyId": key, "EncapsulationAlgorithm": "ML_KEM"}
        made = r.kms.encapsulate(**parameters)
        blob = made["SharedSecretCiphertextBlob"]
        r.record("Decapsulate", SharedSecretCiphertextBlob=blob, **parameters)
        r.record("GetPublicKey", KeyId=key)


def managed(r):
    """An AWS managed key, which rotates every year."""
    key = r.kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    r.described(key, without=["CurrentKeyMaterialId"])


def used(r):
    """A key of which nothing but its last usage is asked again."""
    key = r.create(Description="used")
    r.kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)
    r.record("GetKeyLastUsage", KeyId=key)


def listed(r):
    for region in REGIONS:
        r.record("ListKeys", region)


def pem(private_key, form):
    text = private_key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    return "".join(f"          {line}\n" for line in text.splitlines())


def seed():
    """A seed file with everything that it can have."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    ecc_key = ec.generate_private_key(ec.SECP256R1())
    return f"""\
Keys:
  Symmetric:
    Aes:
      - Metadata:
          KeyId: {SEEDED}
          Description: seeded
        BackingKeys:
          - {bytes(range(32)).hex()}
          - {bytes(range(1, 33)).hex()}
      - Metadata:
          KeyId: {SEEDED_IMPORTED}
          Origin: EXTERNAL
        BackingKeys:
          - {bytes(range(2, 34)).hex()}
  Asymmetric:
    Rsa:
      - Metadata:
          KeyId: {SEEDED_RSA}
          KeyUsage: ENCRYPT_DECRYPT
        PrivateKeyPem: |
{pem(rsa_key, PrivateFormat.TraditionalOpenSSL)}\
    Ecc:
      - Metadata:
          KeyId: {SEEDED_ECC}
          KeyUsage: SIGN_VERIFY
        PrivateKeyPem: |
{pem(ecc_key, PrivateFormat.PKCS8)}\
Aliases:
  - AliasName: alias/seeded
    TargetKeyId: {SEEDED}
"""


def seeded(r):
    """What a fresh server with the seed answers, always."""
    for key in (SEEDED, SEEDED_IMPORTED):
        r.encrypted(key, EncryptionContext=CONTEXT)
        r.record("DescribeKey", KeyId=key, without=["CreationDate"])
    r.record("DescribeKey", KeyId="alias/seeded", without=["CreationDate"])
    algorithm = {"EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    blob = r.kms.encrypt(KeyId=SEEDED_RSA, Plaintext=PLAINTEXT, **algorithm)["CiphertextBlob"]
    r.record("Decrypt", KeyId=SEEDED_RSA, CiphertextBlob=blob, **algorithm)
    signed = {"KeyId": SEEDED_ECC, "Message": PLAINTEXT, "SigningAlgorithm": "ECDSA_SHA_256"}
    r.record("Verify", **signed, Signature=r.kms.sign(**signed)["Signature"])
    for key in (SEEDED_RSA, SEEDED_ECC):
        r.record("GetPublicKey", KeyId=key)
        r.record("DescribeKey", KeyId=key, without=["CreationDate"])


PARTS = (rotated, scheduled, governed, importing, multi_region, signing, other_usages, managed, used)


ACCOUNT = "111122223333"
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/division/app"},
    },
}
IDENTITIES = {
    "accounts": {
        ACCOUNT: {
            "name": "größe",
            "users": {
                "app": {
                    "path": "/division/",
                    "tags": {"team": "a"},
                    "policies": {"decrypt": ALLOW},
                    "boundary": ALLOW,
                    "access_keys": [{"id": "AKIAIOSFODNN7EXAMPLE", "secret": "x" * 40}],
                }
            },
            "roles": {"worker": {"trust_policy": TRUST, "max_session": "2h"}},
        }
    }
}


class Commands:
    """Administration of a data directory, and the commands whose answers are to stay the same."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.recorded = []

    def run(self, *arguments, input=None):
        command = [BINARY, *arguments, "--data-dir", self.data_dir]
        done = subprocess.run(command, capture_output=True, text=True, check=True, input=input)
        return done.stdout

    def record(self, *arguments):
        self.recorded.append({"arguments": arguments, "output": self.run(*arguments)})


def administered(commands, folder):
    """A rotated store key, identities, a key that signs an audit log."""
    other = f"file:{folder / 'other.key'}"
    added = json.loads(commands.run("root-key", "add", "--provider", other, "--output", "json"))
    commands.run("root-key", "rotate", "--provider", other)
    commands.run("root-key", "remove", added["RootKeyId"])
    commands.run("apply", "-f", "-", input=json.dumps(IDENTITIES))
    commands.record("account", "list", "--output", "json")
    commands.record("user", "show", "app", "--output", "json")
    commands.record("role", "show", "worker", "--output", "json")
    commands.record("policy", "get", "decrypt", "--user", "app")
    commands.record("access-key", "list", "--user", "app", "--output", "json")
    commands.record("audit", "public-key")


def main(name):
    folder = FOLDER / name
    if folder.exists():
        raise SystemExit(f"{folder} exists and is never made again")
    with tempfile.TemporaryDirectory() as made:
        made = Path(made) / "golden"
        made.mkdir()
        with Trent(data_dir=made / "data") as server:
            r = Recorder(server)
            commands = Commands(made / "data")
            for part in PARTS[:3]:
                part(r)
            # What comes now is under another store key from the start.
            administered(commands, made)
            for part in PARTS[3:]:
                part(r)
            listed(r)
        commands.run("backup", "create", made / "backup")
        (made / "other.key").unlink()
        (made / "seed.yaml").write_text(seed())
        with Trent("--seed", made / "seed.yaml") as server:
            of_seed = Recorder(server)
            seeded(of_seed)
        answers = {"data": r.calls, "seed": of_seed.calls, "commands": commands.recorded}
        text = json.dumps(answers, indent=1, ensure_ascii=False)
        (made / "answers.json").write_text(text + "\n", encoding="utf-8")
        shutil.copytree(made, folder)


if __name__ == "__main__":
    main(sys.argv[1])
