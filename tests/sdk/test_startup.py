"""Start, options, environment, seeds, the data directory, and what is beside the API."""

import os
import re
import signal
import stat
import subprocess
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sdk_support import (
    ACCOUNT,
    OTHER_ACCOUNT,
    Subject,
    close_to,
    import_parameters,
    key_arn,
    moment,
    raises,
    utc_now,
)
from trent_server import BINARY, Trent, clean_environment, free_port

KEY_A = "bc436485-5092-42b8-92a3-0aa8b93536dc"
KEY_B = "1f0a3b52-6d35-4a0c-8f43-5c0f3b7f3a11"
MATERIAL = "5cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9"
NEWER_MATERIAL = "34743777217a25367a2a462d4a614e645267556a586e3272357538782f413f44"
SEED = f"""
Keys:
  Symmetric:
    Aes:
      - Metadata:
          KeyId: {KEY_A}
          Description: "from the seed"
        BackingKeys:
          - {MATERIAL}
Aliases:
  - AliasName: alias/seeded
    TargetKeyId: {KEY_A}
"""
VERSION = re.compile(r"\d+\.\d+\.\d+\S*")

in_a_file = pytest.mark.skipif(
    os.environ.get("TRENT_TEST_STORE") == "postgres", reason="it is about a store in a file"
)


def run(*arguments, env=None):
    """Runs the binary to its end."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=10,
        env={**clean_environment(), **(env or {})},
    )


def refused(*arguments, env=None):
    """Runs a server that must not start; returns what it says about why."""
    result = run("dev", "--listen", "127.0.0.1:0", *arguments, env=env)
    assert result.returncode == 1, result.stderr
    assert "Ready." not in result.stdout
    return result.stderr


def misunderstood(*arguments, env=None):
    """Runs a command line that cannot be understood; returns what is said about it."""
    result = run(*arguments, env=env)
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    return result.stderr


@contextmanager
def serving(port, *arguments, env):
    """A server that is not told on the command line where to listen."""
    process = subprocess.Popen(
        [str(BINARY), "dev", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**clean_environment(), **env},
    )
    try:
        lines = []
        while not lines or lines[-1] != "Ready.":
            line = process.stdout.readline()
            assert line, f"ended with {process.wait()}: {lines}"
            lines.append(line.rstrip("\n"))
        server = Trent()
        server.port = port
        yield server, lines
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


# Start and stop


@in_a_file
def test_the_start_says_how_to_use_the_server_and_ends_with_ready(start):
    server = start()
    address = f"http://127.0.0.1:{server.port}"
    lines = server.startup
    assert re.fullmatch(rf"Trent \d\S* speaks the AWS KMS API on {address}", lines[0])
    assert lines[1] == (
        f"Development mode: any credentials, account {ACCOUNT}; nothing is kept (no --data-dir)."
    )
    assert f"  export AWS_ENDPOINT_URL_KMS={address}" in lines
    assert f"  export AWS_ENDPOINT_URL_STS={address}" in lines
    assert "  export AWS_ACCESS_KEY_ID=trent AWS_SECRET_ACCESS_KEY=trent" in lines
    assert "  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1" in lines
    assert lines[-1] == "Ready."


@in_a_file
def test_the_start_says_where_keys_are_kept_and_names_account_and_region(start, data_dir):
    options = ("--account", OTHER_ACCOUNT, "--region", "eu-central-1")
    text = "\n".join(start(*options, data_dir=data_dir).startup)
    assert f"account {OTHER_ACCOUNT}; keys are kept in {data_dir}." in text
    assert "AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1" in text


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_with_status_0_when_it_is_asked_to(start, asked):
    server = start()
    server.client().create_key()
    server.process.send_signal(asked)
    assert server.process.wait(30) == 0


def test_an_address_that_is_taken_is_refused(server):
    result = run("dev", "--listen", f"127.0.0.1:{server.port}")
    assert result.returncode == 1
    assert f"listening on 127.0.0.1:{server.port}" in result.stderr


def test_a_port_is_chosen_and_told_when_0_is_asked_for():
    with serving(None, env={"TRENT_LISTEN": "127.0.0.1:0"}) as (server, lines):
        server.port = int(lines[0].rsplit(":", 1)[1])
        assert server.get("/_trent/ready") == {"ready": True}


# Beside the API


def test_health_tells_version_time_and_jobs(start):
    health = start().get("/_trent/health")
    assert health["status"] == "ok"
    assert VERSION.fullmatch(health["version"])
    assert close_to(utc_now(), moment(health["now"]))
    assert health["jobs"].keys() >= {
        "automatic_rotations",
        "on_demand_rotations",
        "deletions",
        "failures",
        "damaged_records",
        "last_run",
    }


def test_a_started_server_is_ready(server):
    assert server.get("/_trent/ready") == {"ready": True}


def test_tools_made_for_localstack_find_kms_available(server):
    assert server.get("/_localstack/health")["services"]["kms"] in ("available", "running")


# The command line


def test_help_names_the_commands_and_every_option():
    result = run("--help")
    assert result.returncode == 0
    assert re.search(r"^ +dev ", result.stdout, re.MULTILINE)
    result = run("dev", "--help")
    assert result.returncode == 0
    for option in (
        "--listen",
        "--data-dir",
        "--account",
        "--region",
        "--seed",
        "--access-key",
        "--rotation-delay",
        "--replication-delay",
        "--attestation-root",
        "--cached-keys",
        "--keys-per-region-max",
        "--throttle",
        "--audit-dir",
        "--events-file",
        "--log",
    ):
        assert f"{option} <" in result.stdout
    for default in ("127.0.0.1:4566", "000000000000", "us-east-1"):
        assert default in result.stdout


def test_help_never_prints_the_secrets_of_the_environment():
    result = run("dev", "--help", env={"TRENT_ACCESS_KEYS": "AKID:hidden-secret"})
    assert "hidden-secret" not in result.stdout + result.stderr


def test_the_version_is_printed():
    result = run("--version")
    assert result.returncode == 0
    assert re.fullmatch(r"trent \d+\.\d+\.\d+\S*\n", result.stdout)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--listen", "nowhere"),
        ("--listen", "127.0.0.1"),
        ("--account", "12"),
        ("--account", "12345678901x"),
        ("--region", "nowhere"),
        ("--access-key", "AKID"),
        ("--access-key", ":secret"),
        ("--access-key", "AKID:"),
        ("--access-key", "AKID:secret:12"),
        ("--rotation-delay", "soon"),
        ("--rotation-delay", "-5s"),
        ("--replication-delay", "soon"),
        ("--replication-delay", "-5s"),
        ("--cached-keys", "many"),
        ("--cached-keys", "-1"),
        ("--keys-per-region-max", "0"),
        ("--keys-per-region-max", "many"),
        ("--throttle", "on"),
        ("--log", "a=b=c"),
    ],
)
def test_a_value_that_an_option_cannot_have_is_refused(option, value):
    assert option in misunderstood("dev", "--listen=127.0.0.1:0", f"{option}={value}")


@pytest.mark.parametrize("arguments", [["dev", "--unknown"], ["unknown"], ["dev", "x"], []])
def test_a_command_line_that_is_not_understood_is_refused(arguments):
    assert "Usage:" in misunderstood(*arguments)


def test_a_refused_access_key_is_not_repeated_with_its_secret():
    assert "hidden-secret" not in misunderstood("dev", "--access-key=AKID:hidden-secret:12")
    keys = {"TRENT_ACCESS_KEYS": "AKID:hidden-secret:12"}
    assert "hidden-secret" not in misunderstood("dev", env=keys)


# The environment


def test_every_option_can_be_given_in_the_environment(data_dir, seed_file):
    port = free_port()
    env = {
        "TRENT_LISTEN": f"127.0.0.1:{port}",
        "TRENT_DATA_DIR": str(data_dir),
        "TRENT_ACCOUNT": OTHER_ACCOUNT,
        "TRENT_REGION": "eu-west-1",
        "TRENT_SEED": str(seed_file(SEED)),
        "TRENT_ROTATION_DELAY": "PT1H",
        "TRENT_REPLICATION_DELAY": "PT1H",
        "TRENT_CACHED_KEYS": "10",
        "TRENT_KEYS_PER_REGION_MAX": "2",
        "TRENT_THROTTLE": "aws",
        "TRENT_AUDIT_DIR": str(data_dir / "audit"),
        "TRENT_EVENTS_FILE": str(data_dir / "events.jsonl"),
        "TRENT_LOG": "error",
    }
    with serving(port, env=env) as (server, lines):
        kms = server.client(region="eu-west-1")
        metadata = kms.describe_key(KeyId="alias/seeded")["KeyMetadata"]
        assert metadata["Arn"] == key_arn(KEY_A, region="eu-west-1", account=OTHER_ACCOUNT)
        kms.rotate_key_on_demand(KeyId=KEY_A)
        assert "OnDemandRotationStartDate" in kms.get_key_rotation_status(KeyId=KEY_A)
        primary = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
        kms.replicate_key(KeyId=primary, ReplicaRegion="us-east-1")
        replica = server.client(region="us-east-1").describe_key(KeyId=primary)["KeyMetadata"]
        assert replica["KeyState"] == "Creating"
        with raises("LimitExceededException"):
            kms.create_key()
        with raises("ThrottlingException"):
            for _ in range(1000):
                kms.enable_key(KeyId=KEY_A)
        assert (data_dir / "root.key").exists()
        assert list((data_dir / "audit").glob("audit-*.jsonl"))
        assert (data_dir / "events.jsonl").exists()


def test_the_environment_of_local_kms_is_understood(data_dir, seed_file):
    port = free_port()
    env = {
        "PORT": str(port),
        "KMS_ACCOUNT_ID": OTHER_ACCOUNT,
        "KMS_REGION": "eu-west-2",
        "KMS_SEED_PATH": str(seed_file(SEED)),
        "KMS_DATA_PATH": str(data_dir),
    }
    with serving(port, env=env) as (server, lines):
        kms = server.client(region="eu-west-2")
        metadata = kms.describe_key(KeyId=KEY_A)["KeyMetadata"]
        assert metadata["Arn"] == key_arn(KEY_A, region="eu-west-2", account=OTHER_ACCOUNT)
        assert (data_dir / "root.key").exists()


def test_the_own_environment_goes_before_that_of_local_kms(tmp_path):
    port = free_port()
    env = {
        "TRENT_LISTEN": f"127.0.0.1:{port}",
        "PORT": str(free_port()),
        "TRENT_ACCOUNT": OTHER_ACCOUNT,
        "KMS_ACCOUNT_ID": "210987654321",
        "TRENT_DATA_DIR": str(tmp_path / "own"),
        "KMS_DATA_PATH": str(tmp_path / "other"),
    }
    with serving(port, env=env) as (server, lines):
        assert server.client().create_key()["KeyMetadata"]["AWSAccountId"] == OTHER_ACCOUNT
        assert (tmp_path / "own").exists()
        assert not (tmp_path / "other").exists()


def test_the_command_line_goes_before_the_environment(start):
    server = start("--account", OTHER_ACCOUNT, env={"TRENT_ACCOUNT": "210987654321"})
    assert server.client().create_key()["KeyMetadata"]["AWSAccountId"] == OTHER_ACCOUNT


@pytest.mark.parametrize(
    "env",
    [
        {"PORT": "x"},
        {"PORT": "70000"},
        {"KMS_ACCOUNT_ID": "1"},
        {"KMS_REGION": "nowhere"},
        {"TRENT_LISTEN": "x"},
        {"TRENT_ROTATION_DELAY": "x"},
        {"TRENT_REPLICATION_DELAY": "x"},
    ],
)
def test_a_value_that_the_environment_cannot_have_is_refused(env):
    assert "invalid value" in misunderstood("dev", env=env)


# The log


def test_the_log_names_requests_by_their_id_and_never_holds_secrets(tmp_path):
    path = tmp_path / "log"
    with path.open("w") as log, Trent("--log", "trace", log=log) as server:
        kms = server.client(secret="hidden-secret")
        subject = Subject(kms)
        answer = kms.encrypt(KeyId=subject.id, Plaintext=b"hidden-plaintext")
        kms.decrypt(CiphertextBlob=answer["CiphertextBlob"])
        data_key = kms.generate_data_key(KeyId=subject.id, KeySpec="AES_256")["Plaintext"]
    text = path.read_text()
    assert answer["ResponseMetadata"]["RequestId"] in text
    for hidden in ("hidden-secret", "hidden-plaintext", "aGlkZGVuLXBsYWludGV4d", data_key.hex()):
        assert hidden not in text


def test_a_log_that_is_no_terminal_has_no_escape_sequences():
    assert "\x1b" not in refused("--seed", "/nonexistent")


# Seeds


def test_a_seed_makes_keys_and_aliases(start, seed_file):
    kms = start("--seed", seed_file(SEED)).client()
    metadata = kms.describe_key(KeyId="alias/seeded")["KeyMetadata"]
    assert metadata["KeyId"] == KEY_A
    assert metadata["Description"] == "from the seed"
    assert metadata["KeyState"] == "Enabled"
    blob = kms.encrypt(KeyId=KEY_A, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert [entry["KeyId"] for entry in kms.list_keys()["Keys"]] == [KEY_A]
    assert not kms.get_key_rotation_status(KeyId=KEY_A)["KeyRotationEnabled"]


def test_servers_with_the_same_seed_read_each_others_ciphertexts(start, seed_file):
    one = start("--seed", seed_file(SEED)).client()
    newer = SEED.replace(f"- {MATERIAL}", f"- {MATERIAL}\n          - {NEWER_MATERIAL}")
    two = start("--seed", seed_file(newer, "newer.yaml")).client()
    written = one.encrypt(KeyId=KEY_A, Plaintext=b"x")["CiphertextBlob"]
    read = two.decrypt(CiphertextBlob=written)
    current = one.describe_key(KeyId=KEY_A)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert (read["Plaintext"], read["KeyMaterialId"]) == (b"x", current)
    newest = two.describe_key(KeyId=KEY_A)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert newest != current
    assert two.generate_data_key(KeyId=KEY_A, KeySpec="AES_256")["KeyMaterialId"] == newest
    with raises("InvalidCiphertextException", ""):
        one.decrypt(CiphertextBlob=two.encrypt(KeyId=KEY_A, Plaintext=b"x")["CiphertextBlob"])


def test_a_seed_can_say_when_a_key_rotates_next(start, seed_file):
    date = 'NextKeyRotation: "2099-09-09T09:09:09Z"'
    text = SEED.replace("BackingKeys:", f"{date}\n        BackingKeys:")
    kms = start("--seed", seed_file(text)).client()
    status = kms.get_key_rotation_status(KeyId=KEY_A)
    assert status["KeyRotationEnabled"] is True
    assert status["RotationPeriodInDays"] == 365
    assert status["NextRotationDate"] == moment("2099-09-09T09:09:09Z")


def test_a_seed_can_have_imported_key_material(start, seed_file):
    external = SEED.replace("Description:", "Origin: EXTERNAL\n          Description:")
    kms = start("--seed", seed_file(external)).client()
    metadata = kms.describe_key(KeyId=KEY_A)["KeyMetadata"]
    assert (metadata["Origin"], metadata["KeyState"]) == ("EXTERNAL", "Enabled")
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    blob = kms.encrypt(KeyId=KEY_A, Plaintext=b"x")["CiphertextBlob"]
    ours = start("--seed", seed_file(SEED)).client()
    assert ours.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    kms.delete_imported_key_material(KeyId=KEY_A)
    assert kms.describe_key(KeyId=KEY_A)["KeyMetadata"]["KeyState"] == "PendingImport"


def test_a_seeded_key_may_wait_for_its_key_material(start, seed_file):
    external = SEED.replace("Description:", "Origin: EXTERNAL\n          Description:")
    waiting = external.replace(f"        BackingKeys:\n          - {MATERIAL}\n", "")
    kms = start("--seed", seed_file(waiting)).client()
    assert kms.describe_key(KeyId=KEY_A)["KeyMetadata"]["KeyState"] == "PendingImport"
    kms.import_key_material(KeyId=KEY_A, **import_parameters(kms, KEY_A))
    assert kms.describe_key(KeyId=KEY_A)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_seed_never_overwrites_what_exists(start, seed_file, data_dir):
    path = seed_file(SEED)
    server = start("--seed", path, data_dir=data_dir)
    kms = server.client()
    kms.update_key_description(KeyId=KEY_A, Description="changed")
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName="alias/seeded", TargetKeyId=other)
    server.stop()
    path.write_text(SEED.replace(KEY_A, KEY_B).replace("alias/seeded", "alias/new") + SEED_TAIL)
    server.start()
    kms = server.client()
    assert kms.describe_key(KeyId=KEY_A)["KeyMetadata"]["Description"] == "changed"
    assert kms.describe_key(KeyId="alias/seeded")["KeyMetadata"]["KeyId"] == other
    assert kms.describe_key(KeyId="alias/new")["KeyMetadata"]["KeyId"] == KEY_B


SEED_TAIL = f"""  - AliasName: alias/seeded
    TargetKeyId: {KEY_B}
"""


@pytest.mark.parametrize("text", ["", "# nothing\n", "Keys: {}\n", "Aliases: []\n"])
def test_a_seed_may_be_empty(start, seed_file, text):
    assert start("--seed", seed_file(text)).client().list_keys()["Keys"] == []


@pytest.mark.parametrize(
    ("found", "changed", "place"),
    [
        (KEY_A, "not-a-key-id", "Keys.Symmetric.Aes[0]"),
        (f"KeyId: {KEY_A}", "KeyId: mrk-1234abcd12ab34cd56ef1234567890ab", "Keys.Symmetric.Aes[0]"),
        (MATERIAL, MATERIAL[:-2], "Keys.Symmetric.Aes[0]"),
        (MATERIAL, "x" * 64, "BackingKeys[0]"),
        (f"\n          - {MATERIAL}", f" {MATERIAL}", "BackingKeys"),
        (f"\n          - {MATERIAL}", " []", "Keys.Symmetric.Aes[0]"),
        ("Description:", "Origin: AWS_CLOUDHSM\n          Description:", "Origin AWS_CLOUDHSM"),
        ("alias/seeded", "seeded", "Aliases[0]"),
        ("alias/seeded", "alias/aws/seeded", "Aliases[0]"),
        (f"TargetKeyId: {KEY_A}", f"TargetKeyId: {KEY_B}", "Aliases[0]"),
        ("Keys:", "Keys: [", ""),
    ],
)
def test_a_seed_that_cannot_be_made_is_refused_with_the_place(seed_file, found, changed, place):
    assert found in SEED
    path = seed_file(SEED.replace(found, changed, 1))
    said = refused("--seed", path)
    assert str(path) in said
    assert place in said
    assert MATERIAL[:-2] not in said


KEY_C = "7d0f9a31-52a4-4c55-9df4-6c1b6a3f6c22"
CURVES = [
    ("ECC_NIST_P256", "ECDSA_SHA_256", ec.SECP256R1, hashes.SHA256),
    ("ECC_NIST_P384", "ECDSA_SHA_384", ec.SECP384R1, hashes.SHA384),
    ("ECC_NIST_P521", "ECDSA_SHA_512", ec.SECP521R1, hashes.SHA512),
    ("ECC_SECG_P256K1", "ECDSA_SHA_256", ec.SECP256K1, hashes.SHA256),
]


def pem_of(private_key, form=PrivateFormat.PKCS8):
    return private_key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def key_pair_seed(family, pem, usage="SIGN_VERIFY"):
    """A seed of one asymmetric key."""
    lines = "".join(f"          {line}\n" for line in pem.splitlines())
    return f"""
Keys:
  Asymmetric:
    {family}:
      - Metadata:
          KeyId: {KEY_C}
          KeyUsage: {usage}
          Description: "a key pair"
        PrivateKeyPem: |
{lines}Aliases:
  - AliasName: alias/pair
    TargetKeyId: {KEY_C}
"""


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize(("spec", "algorithm", "curve", "hash"), CURVES)
def test_a_seeded_ecc_key_signs(start, seed_file, form, spec, algorithm, curve, hash):
    private_key = ec.generate_private_key(curve())
    kms = start("--seed", seed_file(key_pair_seed("Ecc", pem_of(private_key, form)))).client()
    metadata = kms.describe_key(KeyId="alias/pair")["KeyMetadata"]
    assert (metadata["KeyId"], metadata["Description"]) == (KEY_C, "a key pair")
    assert (metadata["KeySpec"], metadata["KeyUsage"]) == (spec, "SIGN_VERIFY")
    assert (metadata["Origin"], metadata["KeyState"]) == ("AWS_KMS", "Enabled")
    answer = kms.sign(KeyId=KEY_C, Message=b"x", SigningAlgorithm=algorithm)
    private_key.public_key().verify(answer["Signature"], b"x", ec.ECDSA(hash()))


def test_a_seeded_ed25519_key_signs(start, seed_file):
    private_key = ed25519.Ed25519PrivateKey.generate()
    kms = start("--seed", seed_file(key_pair_seed("Ecc", pem_of(private_key)))).client()
    answer = kms.sign(KeyId=KEY_C, Message=b"x", SigningAlgorithm="ED25519_SHA_512")
    private_key.public_key().verify(answer["Signature"], b"x")


def test_a_seeded_ecc_key_can_be_for_key_agreement(start, seed_file):
    private_key, peer = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    seed = key_pair_seed("Ecc", pem_of(private_key), "KEY_AGREEMENT")
    kms = start("--seed", seed_file(seed)).client()
    public = peer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    answer = kms.derive_shared_secret(
        KeyId=KEY_C, KeyAgreementAlgorithm="ECDH", PublicKey=public
    )
    assert answer["SharedSecret"] == private_key.exchange(ec.ECDH(), peer.public_key())


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_a_seeded_rsa_key_signs(start, seed_file, form, bits):
    private_key = rsa.generate_private_key(65537, bits)
    kms = start("--seed", seed_file(key_pair_seed("Rsa", pem_of(private_key, form)))).client()
    assert kms.describe_key(KeyId=KEY_C)["KeyMetadata"]["KeySpec"] == f"RSA_{bits}"
    algorithm = "RSASSA_PKCS1_V1_5_SHA_256"
    answer = kms.sign(KeyId=KEY_C, Message=b"x", SigningAlgorithm=algorithm)
    scheme = padding.PKCS1v15()
    private_key.public_key().verify(answer["Signature"], b"x", scheme, hashes.SHA256())


def test_a_seeded_rsa_key_decrypts(start, seed_file):
    private_key = rsa.generate_private_key(65537, 2048)
    seed = key_pair_seed("Rsa", pem_of(private_key), "ENCRYPT_DECRYPT")
    kms = start("--seed", seed_file(seed)).client()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    answer = kms.decrypt(
        KeyId=KEY_C,
        CiphertextBlob=private_key.public_key().encrypt(b"secret", oaep),
        EncryptionAlgorithm="RSAES_OAEP_SHA_256",
    )
    assert answer["Plaintext"] == b"secret"


def test_a_seeded_key_pair_is_the_same_after_a_restart(start, seed_file, data_dir):
    path = seed_file(key_pair_seed("Ecc", pem_of(ec.generate_private_key(ec.SECP256R1()))))
    server = start("--seed", path, data_dir=data_dir)
    before = server.client().get_public_key(KeyId=KEY_C)["PublicKey"]
    server.stop()
    server.start()
    assert server.client().get_public_key(KeyId=KEY_C)["PublicKey"] == before


P256_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("family", "pem", "usage", "cause"),
    [
        ("Rsa", pem_of(P256_KEY), "SIGN_VERIFY", "PrivateKeyPem"),
        ("Ecc", pem_of(RSA_KEY), "SIGN_VERIFY", "PrivateKeyPem"),
        ("Ecc", pem_of(ec.generate_private_key(ec.SECP224R1())), "SIGN_VERIFY", "PrivateKeyPem"),
        ("Rsa", pem_of(rsa.generate_private_key(65537, 1024)), "SIGN_VERIFY", "PrivateKeyPem"),
        ("Ecc", "no PEM", "SIGN_VERIFY", "PEM"),
        ("Ecc", pem_of(P256_KEY)[:100], "SIGN_VERIFY", "PEM"),
        ("Ecc", pem_of(P256_KEY).replace("PRIVATE", "SECRET"), "SIGN_VERIFY", "`SECRET KEY`"),
        ("Ecc", pem_of(P256_KEY), "ENCRYPT_DECRYPT", "KeyUsage ENCRYPT_DECRYPT"),
        ("Rsa", pem_of(RSA_KEY), "KEY_AGREEMENT", "KeyUsage KEY_AGREEMENT"),
        ("Rsa", pem_of(RSA_KEY), "SIGN", "unknown variant `SIGN`"),
        ("Rsa", pem_of(RSA_KEY), "", "KeyUsage"),
    ],
)
def test_a_key_pair_that_cannot_be_seeded_is_refused(seed_file, family, pem, usage, cause):
    said = refused("--seed", seed_file(key_pair_seed(family, pem, usage)))
    assert f"Keys.Asymmetric.{family}[0]" in said
    assert cause in said
    for line in pem.splitlines()[1:-1]:
        assert line not in said


def test_imported_key_material_is_seeded_at_most_once(seed_file):
    external = SEED.replace("Description:", "Origin: EXTERNAL\n          Description:")
    twice = external.replace(f"- {MATERIAL}", f"- {MATERIAL}\n          - {NEWER_MATERIAL}")
    assert "BackingKeys" in refused("--seed", seed_file(twice))


def test_a_seed_file_that_does_not_exist_is_refused(tmp_path):
    assert str(tmp_path / "none") in refused("--seed", tmp_path / "none")


# The data directory


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def kept(start, data_dir):
    """A data directory with a key in it, whose server has ended."""
    server = start(data_dir=data_dir)
    subject = Subject(server.client())
    server.stop()
    return server, subject


def still_there(server, subject):
    """Whether the key of `kept` is what it was."""
    server.start()
    return server.client().decrypt(CiphertextBlob=subject.ciphertext)["Plaintext"] == b"secret"


def test_directory_and_root_key_are_made_for_their_owner_only(kept, data_dir):
    assert mode(data_dir) == 0o700
    assert mode(data_dir / "root.key") == 0o600
    assert mode(data_dir / "lock") == 0o600


def test_the_directory_and_its_parents_are_made(start, data_dir):
    nested = data_dir / "a" / "b"
    start(data_dir=nested)
    assert mode(nested) == 0o700


def test_nothing_in_the_directory_can_be_read_by_others(kept, data_dir):
    for path in data_dir.iterdir():
        assert mode(path) & 0o077 == 0, path.name


@in_a_file
def test_the_store_holds_no_secret_in_the_clear(start, seed_file, data_dir):
    server = start("--seed", seed_file(SEED), data_dir=data_dir)
    kms = server.client()
    kms.update_key_description(KeyId=KEY_A, Description="hidden-description")
    server.kill()
    root_key = (data_dir / "root.key").read_text().strip().split(":")[1]
    hidden = [b"hidden-description"]
    for digits in (MATERIAL, root_key):
        hidden += [digits.encode(), bytes.fromhex(digits)]
    stored = b"".join(path.read_bytes() for path in data_dir.iterdir() if path.name != "root.key")
    assert stored
    for secret in hidden:
        assert secret not in stored


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o660, 0o777])
def test_a_root_key_that_others_can_read_is_refused(kept, data_dir, bits):
    root_key = data_dir / "root.key"
    root_key.chmod(bits)
    said = refused("--data-dir", data_dir)
    assert str(root_key) in said
    assert f"{bits:04o}" in said
    root_key.chmod(0o600)
    assert still_there(*kept)


def test_a_root_key_that_only_its_owner_can_read_is_accepted(kept, data_dir):
    (data_dir / "root.key").chmod(0o400)
    assert still_there(*kept)


@in_a_file
def test_a_store_without_its_root_key_is_refused_and_gets_no_other(kept, data_dir):
    root_key = data_dir / "root.key"
    saved = root_key.rename(data_dir.parent / "saved.key")
    assert str(root_key) in refused("--data-dir", data_dir)
    assert not root_key.exists()
    saved.rename(root_key)
    assert still_there(*kept)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: "garbage\n",
        lambda text: text.strip()[:-1],
        lambda text: text.strip() + "0",
        lambda text: text.replace("trent-root-key-1:", ""),
        lambda text: text.replace("trent-root-key-1:", "trent-root-key-2:"),
        lambda text: text.strip()[:-1] + "x",
        lambda text: text * 100,
    ],
)
def test_what_is_no_root_key_is_refused_and_not_repeated(kept, data_dir, change):
    root_key = data_dir / "root.key"
    text = root_key.read_text()
    root_key.write_text(change(text))
    said = refused("--data-dir", data_dir)
    assert str(root_key) in said
    assert text.strip().split(":")[1][:60] not in said
    root_key.write_text(text)
    assert still_there(*kept)


@in_a_file
def test_the_root_key_of_another_store_is_refused(kept, data_dir, start, tmp_path):
    start(data_dir=tmp_path / "other").stop()
    root_key = data_dir / "root.key"
    text = root_key.read_text()
    root_key.write_text((tmp_path / "other" / "root.key").read_text())
    assert "root key" in refused("--data-dir", data_dir)
    root_key.write_text(text)
    assert still_there(*kept)


def test_each_store_has_a_root_key_of_its_own(start, tmp_path):
    texts = set()
    for name in ("a", "b"):
        start(data_dir=tmp_path / name)
        texts.add((tmp_path / name / "root.key").read_text())
    assert len(texts) == 2


def test_a_second_server_on_one_data_directory_is_refused(start, data_dir):
    server = start(data_dir=data_dir)
    subject = Subject(server.client())
    said = refused("--data-dir", data_dir)
    assert str(data_dir) in said
    assert "in use" in said
    assert subject.kms.decrypt(CiphertextBlob=subject.ciphertext)["Plaintext"] == b"secret"


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused("--data-dir", tmp_path / "file" / "data")


def test_a_store_that_is_none_is_refused(kept, data_dir):
    for path in data_dir.glob("trent.db*"):
        path.unlink()
    (data_dir / "trent.db").write_bytes(b"this is not a store" * 1000)
    assert refused("--data-dir", data_dir)
