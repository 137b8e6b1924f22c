"""This version reads what earlier ones wrote: data directories, ciphertexts, signatures, seeds."""

import json
import shutil
import sqlite3
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from golden import FOLDER, REGION, answer, from_json, holds

from trent_server import BINARY, Trent

# From `schema-2` on there are commands and a backup, too.
VERSIONS = sorted(path.parent.name for path in FOLDER.glob("*/answers.json"))


def calls_of(version):
    return json.loads((FOLDER / version / "answers.json").read_text(encoding="utf-8"))


def cases(kind):
    return [
        pytest.param(version, call, id=f"{version}-{number}-{call['operation']}")
        for version in VERSIONS
        for number, call in enumerate(calls_of(version)[kind])
    ]


WITH_COMMANDS = [version for version in VERSIONS if "commands" in calls_of(version)]


def run(*arguments):
    """Runs `trent`; returns what it prints."""
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


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
    for action in ("add", "rotate"):
        where = f"file:{tmp_path / 'other.key'}"
        run("root-key", action, "--provider", where, "--data-dir", data_dir)
    with Trent(data_dir=data_dir) as server:
        for call in calls_of(version)["data"]:
            check(server, call)


@pytest.mark.parametrize("version", WITH_COMMANDS)
def test_commands_answer_as_they_did(version, tmp_path):
    data_dir = copied(version, tmp_path / "data")
    for command in calls_of(version)["commands"]:
        output = run(*command["arguments"], "--data-dir", data_dir)
        if "json" in command["arguments"]:
            assert holds(json.loads(command["output"]), json.loads(output)), output
        else:
            assert output == command["output"]


@pytest.mark.parametrize("version", WITH_COMMANDS)
def test_a_backup_is_restored_and_answers_as_the_store_did(version, tmp_path):
    backup = FOLDER / version / "backup"
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    shutil.copy(FOLDER / version / "data/root.key", data_dir)
    (data_dir / "root.key").chmod(0o600)
    run("backup", "verify", backup, "--data-dir", data_dir)
    run("restore", backup, "--data-dir", data_dir)
    assert json.loads(run("doctor", "--data-dir", data_dir, "--output", "json"))["Problems"] == 0
    with Trent(data_dir=data_dir) as server:
        for call in calls_of(version)["data"]:
            check(server, call)
    for command in calls_of(version)["commands"]:
        assert run(*command["arguments"], "--data-dir", data_dir) == command["output"]


@pytest.mark.parametrize("version", WITH_COMMANDS)
def test_imported_key_material_that_waits_outlives_the_store_key(version, tmp_path):
    described = recorded(version, "DescribeKey", KeyMetadata={"Description": "pending"})
    key = described["parameters"]["KeyId"]
    data_dir = copied(version, tmp_path / "data")
    run("root-key", "rotate", "--data-dir", data_dir)
    old = json.loads(run("root-key", "status", "--data-dir", data_dir, "--output", "json"))
    assert [one["Records"] for one in old["StoreKeys"][1:]] == [0] * (len(old["StoreKeys"]) - 1)
    with Trent(data_dir=data_dir) as server:
        kms = server.client()
        kms.rotate_key_on_demand(KeyId=key)
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
        assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 1


def test_an_older_store_is_copied_before_it_is_brought_to_the_new_schema(tmp_path):
    data_dir = copied("0.1.0", tmp_path / "data")
    before = (data_dir / "trent.db").read_bytes()
    with Trent(data_dir=data_dir) as server:
        server.client().create_key()
    copy = data_dir / "trent.db.schema-1.bak"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data_dir.glob("*.bak")] == [copy.name]
    assert json.loads(run("doctor", "--data-dir", data_dir, "--output", "json"))["Problems"] == 0
    # The copy is the store as it was.
    with sqlite3.connect(f"file:{copy}?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        records = database.execute("SELECT * FROM record ORDER BY seq").fetchall()
    (tmp_path / "old.db").write_bytes(before)
    with sqlite3.connect(tmp_path / "old.db") as database:
        assert database.execute("SELECT * FROM record ORDER BY seq").fetchall() == records
    copy.rename(data_dir / "trent.db")
    with Trent(data_dir=data_dir) as server:
        for call in calls_of("0.1.0")["data"]:
            check(server, call)


def test_there_are_golden_files():
    assert VERSIONS and WITH_COMMANDS
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
