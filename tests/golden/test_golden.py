"""This version reads what earlier ones wrote: data directories, ciphertexts, signatures, seeds."""

import json
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from golden import FOLDER, REGION, answer, from_json, holds

from trent_server import BINARY, Trent

VERSIONS = sorted(path.parent.name for path in FOLDER.glob("*/answers.json"))


def calls_of(version):
    return json.loads((FOLDER / version / "answers.json").read_text(encoding="utf-8"))


def cases(kind):
    return [
        pytest.param(version, call, id=f"{version}-{number}-{call['operation']}")
        for version in VERSIONS
        for number, call in enumerate(calls_of(version)[kind])
    ]


def copied(version, target):
    """A copy of a version's data directory, open to nobody else."""
    shutil.copytree(FOLDER / version / "data", target)
    target.chmod(0o700)
    for path in target.iterdir():
        path.chmod(0o600)
    return target


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A server of this version on a copy of a version's data directory; it is only read."""
    servers = {}

    def open_one(version):
        if version not in servers:
            data_dir = copied(version, tmp_path_factory.mktemp("golden") / "data")
            servers[version] = Trent(data_dir=data_dir).start()
        return servers[version]

    yield open_one
    for server in servers.values():
        server.stop()


@pytest.fixture(scope="module")
def seeded():
    """A server of this version with a version's seed."""
    servers = {}

    def start_one(version):
        if version not in servers:
            servers[version] = Trent("--seed", FOLDER / version / "seed.yaml").start()
        return servers[version]

    yield start_one
    for server in servers.values():
        server.stop()


def check(server, call):
    """Makes a recorded call again."""
    actual = answer(server, call["region"], call["operation"], from_json(call["parameters"]))
    assert holds(call["answer"], actual), (call["answer"], actual)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_is_read_as_it_was_after_its_store_key_was_rotated(version, tmp_path):
    data_dir = copied(version, tmp_path / "data")
    for arguments in (("add", "--provider", f"file:{tmp_path / 'other.key'}"), ("rotate",)):
        if arguments[0] == "rotate":
            arguments += ("--provider", f"file:{tmp_path / 'other.key'}")
        command = [BINARY, "root-key", *arguments, "--data-dir", data_dir]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    with Trent(data_dir=data_dir) as server:
        for call in calls_of(version)["data"]:
            check(server, call)


def test_there_are_golden_files():
    assert VERSIONS
    for version in VERSIONS:
        operations = [call["operation"] for call in calls_of(version)["data"]]
        for operation, times in {"Decrypt": 30, "Verify": 11, "VerifyMac": 4}.items():
            assert operations.count(operation) >= times


@pytest.mark.parametrize(("version", "call"), cases("data"))
def test_a_data_directory_answers_as_it_did(opened, version, call):
    check(opened(version), call)


@pytest.mark.parametrize(("version", "call"), cases("seed"))
def test_a_seed_answers_as_it_did(seeded, version, call):
    check(seeded(version), call)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_answers_do_not_change_with_the_years(tmp_path, version):
    with Trent(data_dir=copied(version, tmp_path / "data")) as server:
        server.advance("P4000D")
        assert server.get("/_trent/health")["jobs"]["automatic_rotations"] > 0
        for call in calls_of(version)["data"]:
            check(server, call)


def recorded(version, operation, **parameters):
    """The first recorded call of an operation whose answer has these members."""
    return next(
        call
        for call in calls_of(version)["data"]
        if call["operation"] == operation and holds(parameters, call["answer"])
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_new_signature_is_one_of_the_recorded_public_key(opened, version):
    call = recorded(version, "GetPublicKey", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    kms = opened(version).client()
    signed = kms.sign(**from_json(call["parameters"]), Message=b"x", SigningAlgorithm="ECDSA_SHA_256")
    public_key = load_der_public_key(from_json(call["answer"])["PublicKey"])
    public_key.verify(signed["Signature"], b"x", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_key_goes_on_rotating(tmp_path, version):
    call = recorded(version, "ListKeyRotations")
    key = call["parameters"]["KeyId"]
    with Trent(data_dir=copied(version, tmp_path / "data")) as server:
        kms = server.client()
        before = kms.list_key_rotations(KeyId=key)["Rotations"]
        kms.rotate_key_on_demand(KeyId=key)
        after = kms.list_key_rotations(KeyId=key)["Rotations"]
        assert len(after) == len(before) + 1
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        server.stop()
        server.start()
        assert server.client().decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
        for decryption in calls_of(version)["data"]:
            if decryption["operation"] == "Decrypt" and decryption["region"] == REGION:
                check(server, decryption)
