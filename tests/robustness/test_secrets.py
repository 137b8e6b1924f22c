"""A thousand operations with secrets that are known to the test. Afterwards none of them is in any
file that was written, and none of those that went through is still in the memory of the server."""

import base64
import json
import os
import subprocess
import urllib.request
from pathlib import Path

import boto3
import pytest
import trent_server
import zstandard
from botocore.config import Config
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from enclave import Enclave, Nitro
from scan import Scanner, may_read_memory
from sdk_support import PEER, import_key, pkcs8, policy, trust_policy
from trent_server import TrentServe, free_port, wait_until

OPERATIONS = 1000
ACCOUNT = "111122223333"
ALLOW = policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})


class World:
    """A server that logs all it can, its clients, and the secrets that they see."""

    def __init__(self, directory, rng):
        self.rng, self.scanner = rng, Scanner(directory)
        self.nitro = Nitro()
        self.roots = directory / "roots.pem"
        self.roots.write_bytes(self.nitro.root.pem)
        self.metrics = f"127.0.0.1:{free_port()}"
        self.log = directory / "log"
        settings = {
            "log": {"level": "trace"},
            "metrics": {"listen": self.metrics},
            "attestation": {"roots": str(self.roots)},
            # Old keys leave the cache at once, and what was known of them leaves the memory.
            "cache": {"keys": 1},
            "memory": {"lock": "off"},
            "audit": {"max_file_size": "100 KB"},
        }
        self.server = TrentServe(directory, settings=settings, log=open(self.log, "w"))
        self.admin = self.init()
        self.server.start()
        self.clients = []

    def init(self):
        """Makes the data directory; the administrator's access key."""
        made = self.server.run(
            "init", "--data-dir", self.server.data_dir, "--account", ACCOUNT, "--output", "json"
        )
        assert made.returncode == 0, made.stderr
        return self.access_key(json.loads(made.stdout))

    def access_key(self, answer):
        key = answer["AccessKey"]
        self.scanner.add("secret access key", key["SecretAccessKey"])
        return {"access_key_id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}

    def trent(self, *arguments, input=None):
        """Administration on the command line."""
        done = self.server.run(
            *arguments, "--data-dir", self.server.data_dir, "--output", "json", input=input
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def secret(self, kind, value):
        """Takes note of a secret, and returns it."""
        self.scanner.add(kind, value)
        return value

    def client(self, service, access_key_id, secret, token=None):
        """A client with connections of its own."""
        client = boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name="us-east-1",
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret,
            aws_session_token=token,
            verify=str(self.server.authority.path),
            config=Config(retries={"max_attempts": 0}),
        )
        self.clients.append(client)
        return client

    def close(self):
        """Closes all connections of clients."""
        for client in self.clients:
            client.close()

    def plaintext(self, longest=4096):
        length = self.rng.choice([16, 32, 100, 190])
        return self.secret("plaintext", self.rng.randbytes(min(length, longest)))


def families(world, kms):
    """Functions that each do one or two operations with secrets."""
    rng, secret = world.rng, world.secret

    def key(**members):
        return kms.create_key(**members)["KeyMetadata"]["KeyId"]

    symmetric = [key() for _ in range(4)]
    signing = key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    mac = key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    encrypting = key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    agreeing = key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    kem = key(KeySpec="ML_KEM_768", KeyUsage="ENCAPSULATE_DECAPSULATE")
    enclave = Enclave(world.nitro)

    def encrypt():
        plaintext = world.plaintext()
        sealed = kms.encrypt(KeyId=rng.choice(symmetric), Plaintext=plaintext)["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == plaintext
        again = kms.re_encrypt(CiphertextBlob=sealed, DestinationKeyId=rng.choice(symmetric))
        assert kms.decrypt(CiphertextBlob=again["CiphertextBlob"])["Plaintext"] == plaintext
        return 4

    def rsa_encrypt():
        plaintext = world.plaintext(190)
        members = {"KeyId": encrypting, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
        sealed = kms.encrypt(Plaintext=plaintext, **members)["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=sealed, **members)["Plaintext"] == plaintext
        return 2

    def data_key():
        made = kms.generate_data_key(KeyId=rng.choice(symmetric), KeySpec="AES_256")
        secret("data key", made["Plaintext"])
        assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
        return 2

    def data_key_pair():
        spec = rng.choice(["ECC_NIST_P256", "ECC_NIST_EDWARDS25519"])
        made = kms.generate_data_key_pair(KeyId=rng.choice(symmetric), KeyPairSpec=spec)
        document = made["PrivateKeyPlaintext"]
        pair = serialization.load_der_private_key(document, None)
        secret("private key", private_part(pair))
        return 1

    def random():
        made = kms.generate_random(NumberOfBytes=rng.randrange(16, 200))
        secret("random bytes", made["Plaintext"])
        return 1

    def sign():
        message = secret("message", rng.randbytes(64))
        members = {"KeyId": signing, "Message": message, "SigningAlgorithm": "ECDSA_SHA_256"}
        kms.verify(Signature=kms.sign(**members)["Signature"], **members)
        return 2

    def generate_mac():
        message = secret("message", rng.randbytes(64))
        members = {"KeyId": mac, "Message": message, "MacAlgorithm": "HMAC_SHA_256"}
        kms.verify_mac(Mac=kms.generate_mac(**members)["Mac"], **members)
        return 2

    def agree():
        shared = kms.derive_shared_secret(
            KeyId=agreeing, PublicKey=PEER, KeyAgreementAlgorithm="ECDH"
        )
        secret("shared secret", shared["SharedSecret"])
        return 1

    def encapsulate():
        made = kms.encapsulate(KeyId=kem, EncapsulationAlgorithm="ML_KEM")
        secret("shared secret", made["SharedSecret"])
        sealed = made["SharedSecretCiphertextBlob"]
        again = kms.decapsulate(
            KeyId=kem, EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=sealed
        )
        assert again["SharedSecret"] == made["SharedSecret"]
        return 2

    def recipient():
        made = kms.generate_data_key(
            KeyId=rng.choice(symmetric), KeySpec="AES_256", Recipient=enclave.recipient()
        )
        secret("data key", enclave.open(made["CiphertextForRecipient"]))
        return 1

    def refused():
        plaintext = world.plaintext()
        with pytest.raises(kms.exceptions.NotFoundException):
            kms.encrypt(KeyId="00000000-0000-0000-0000-000000000000", Plaintext=plaintext)
        return 1

    return [
        *[encrypt, rsa_encrypt, data_key, data_key_pair, random, sign, generate_mac, agree],
        *[encapsulate, recipient, refused],
    ]


def private_part(pair):
    """The number or bytes that are secret in a private key."""
    if hasattr(pair, "private_numbers"):
        return pair.private_numbers().private_value.to_bytes(32)
    return pair.private_bytes_raw()


def import_all(world, kms):
    """Imports of key material that is known."""
    import_key(kms, "HMAC_256", "GENERATE_VERIFY_MAC", world.secret("material", os.urandom(32)))
    for spec, usage, pair in (
        ("ECC_NIST_P256", "SIGN_VERIFY", ec.generate_private_key(ec.SECP256R1())),
        ("RSA_2048", "SIGN_VERIFY", rsa.generate_private_key(65537, 2048)),
    ):
        numbers = pair.private_numbers()
        if spec == "RSA_2048":
            for part in (numbers.p, numbers.q):
                world.secret("material", part.to_bytes(128))
            world.secret("material", numbers.d.to_bytes(256))
        else:
            world.secret("material", numbers.private_value.to_bytes(32))
        import_key(kms, spec, usage, pkcs8(pair))


def play(world):
    """Does everything, the second half with a session of a role."""
    kms = world.client("kms", **world.admin)
    import_all(world, kms)
    world.trent("role", "create", "worker", "--trust-policy", "-", input=trust_policy(ACCOUNT))
    world.trent("policy", "put", "all", "--role", "worker", "--document", "-", input=ALLOW)
    world.trent("user", "create", "app")
    world.access_key(world.trent("access-key", "create", "--user", "app"))
    session = world.client("sts", **world.admin).assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/worker", RoleSessionName="session"
    )["Credentials"]
    world.secret("secret access key", session["SecretAccessKey"])
    world.secret("session token", session["SessionToken"])
    by_session = {
        "access_key_id": session["AccessKeyId"],
        "secret": session["SecretAccessKey"],
        "token": session["SessionToken"],
    }
    for caller in (kms, world.client("kms", **by_session)):
        steps = families(world, caller)
        done = 0
        while done < OPERATIONS // 2:
            done += world.rng.choice(steps)()


@pytest.fixture(scope="module")
def world(tmp_path_factory, module_rng):
    """The world after all operations; its server is still running, and nobody is connected."""
    world = World(tmp_path_factory.mktemp("secrets"), module_rng)
    root_key = (world.server.data_dir / "root.key").read_text().strip()
    world.secret("root key", bytes.fromhex(root_key.rpartition(":")[2]))
    play(world)
    world.close()
    yield world
    world.server.stop()


def test_the_scanner_finds_secrets_in_every_form_and_at_every_place(tmp_path, rng):
    scanner = Scanner(tmp_path)
    secret = rng.randbytes(40)
    scanner.add("planted", secret)
    encodings = [secret, secret[::-1], secret.hex().encode(), secret.hex().upper().encode()]
    encodings += [base64.b64encode(rng.randbytes(before) + secret) for before in range(3)]
    for encoding in encodings:
        before, after = rng.randbytes(rng.randrange(9_000_000)), rng.randbytes(100)
        whole = before + encoding + after
        found = scanner.found([whole[:-120], whole[-120:]])
        assert sum(found.values()) >= 3, encoding
        (tmp_path / "log.zst").write_bytes(zstandard.compress(whole))
        assert "log.zst" in scanner.found_in_files([tmp_path / "log.zst"])
    assert scanner.found([rng.randbytes(1 << 20)]) == {}


def test_of_what_went_through_nothing_is_left_in_memory(world):
    """Requests and answers, and everything made of them on the way, over connections that are
    closed. Key material of keys that have left the cache is gone, too."""
    process = world.server.process.pid
    if not may_read_memory(process):
        pytest.skip("only root may read the memory of a server")

    def left():
        return {name.partition(",")[0] for name in world.scanner.found_in_memory(process)}

    # Signatures are verified with them, so they stay, and show that something would be found.
    wait_until(lambda: left() <= {"secret access key", "root key"}, seconds=20)
    assert "secret access key" in left()


def test_no_secret_is_in_any_file_or_in_the_metrics(world):
    def files():
        return [path for path in world.server.data_dir.rglob("*") if path.name != "root.key"]

    def look():
        return world.scanner.found_in_files([world.log, *filter(Path.is_file, files())])

    folder = world.server.data_dir
    backup = [trent_server.BINARY, "backup", "create", folder / "backup", "--data-dir", folder]
    subprocess.run(backup, check=True, timeout=60, env=trent_server.clean_environment())
    assert {"trent.db-wal", "backup"} <= {path.name for path in files()}
    assert look() == {}
    with urllib.request.urlopen(f"http://{world.metrics}/metrics", timeout=30) as response:
        assert world.scanner.found([response.read()]) == {}
    assert world.server.stop() == 0
    assert look() == {}
    # There was something to look at: all operations are logged, and audit files were full.
    assert world.log.read_text().count("answered") >= OPERATIONS
    assert any(path.suffix == ".zst" for path in files())
