"""`trent doctor` finds what is wrong, says what to do, and changes nothing."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from postgres import database_of
from test_root_key import (  # noqa: F401
    PASSPHRASE_WHERE,
    PKCS11_WHERE,
    encrypted,
    house,
    token,
)
from trent_server import ROOT, Trent, postgres


def told(server, *arguments):
    """Status and checks, as lists by their names."""
    done = server.run("doctor", *(arguments or ("--config", server.config)), "--output", "json")
    answer = json.loads(done.stdout)
    statuses = [check["Status"] for check in answer["Checks"]]
    assert answer["Problems"] == statuses.count("Problem"), answer
    assert answer["Warnings"] == statuses.count("Warning"), answer
    assert done.returncode == (1 if answer["Problems"] else 0), done
    for check in answer["Checks"]:
        assert ("Advice" in check) == (check["Status"] != "Ok"), check
    return answer["Checks"]


def problems(server, *arguments):
    return [
        (check["Check"], check["Text"])
        for check in told(server, *arguments)
        if check["Status"] == "Problem"
    ]


def the_problem(server, *arguments):
    (problem,) = problems(server, *arguments)
    return problem


def sql(server, statement, *values):
    with closing(sqlite3.connect(server.data_dir / "trent.db")) as connection, connection:
        return connection.execute(statement, values).fetchall()


def snapshot(directory):
    """Every file with its content and mode."""
    return {
        path: (path.stat().st_mode, path.read_bytes())
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_all_is_well_with_and_without_a_server(house):
    server = house().start()
    encrypted(server)
    kms = server.kms()
    made = kms.create_key(MultiRegion=True)["KeyMetadata"]
    key, root = made["KeyId"], f"arn:aws:iam::{made['AWSAccountId']}:root"
    kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    kms.create_alias(AliasName="alias/a", TargetKeyId=key)
    terms = {"GranteePrincipal": root, "RetiringPrincipal": root, "Operations": ["Decrypt"]}
    kms.create_grant(KeyId=key, **terms)
    names = {check["Check"]: check["Text"] for check in told(server) if check["Status"] == "Ok"}
    assert set(names) == {
        *("configuration", "permissions", "disk space", "database", "schema", "root key"),
        *("records", "clock", "audit log", "time"),
    }
    assert "7 KMS keys among them" in names["records"]
    server.stop()
    before = snapshot(server.data_dir)
    assert problems(server) == []
    assert problems(server, "--data-dir", server.data_dir) == []
    assert snapshot(server.data_dir) == before
    text = server.run("doctor", "--config", server.config).stdout
    assert text.endswith("0 problems, 0 warnings\n") or "disk space" in text
    # After a crash, too.
    server.start()
    made = encrypted(server)
    server.kill()
    assert problems(server) == []
    server.start()
    assert server.kms().decrypt(CiphertextBlob=made[0][1])["Plaintext"] == made[0][0]


def test_the_configuration(house):
    server = house()
    server.settings["regions"] = ["nowhere!"]
    server.configure(server.settings)
    check, text = the_problem(server)
    assert check == "configuration" and "nowhere!" in text
    server.settings["regions"] = []
    server.settings["tls"] = {"certificate": "/missing.crt", "private_key": "/missing.key"}
    server.configure(server.settings)
    check, text = the_problem(server)
    assert check == "configuration" and "/missing.crt" in text
    del server.settings["tls"]
    server.settings["events"] = {"webhook": {"url": "https://hook", "secret_file": "/missing"}}
    server.configure(server.settings)
    check, text = the_problem(server)
    assert check == "configuration" and "/missing" in text
    done = server.run("doctor")
    assert done.returncode == 2 and "--data-dir" in done.stderr


@pytest.mark.parametrize("house", ["postgres"], indirect=True)
def test_a_store_in_postgresql(house):
    server = house().start()
    encrypted(server, 3)
    key = server.kms().create_key()["KeyMetadata"]["KeyId"]
    server.kms().create_alias(AliasName="alias/left-over", TargetKeyId=key)
    server.stop()

    def change(statement):
        postgres().sql(statement, database_of(server.database))

    assert problems(server) == []
    flip = "UPDATE record SET sealed = set_byte(sealed, 100, get_byte(sealed, 100) # 1)"
    row = f"kind = 2 AND name = '{key}'"
    change(f"{flip} WHERE {row}")
    check, text = the_problem(server)
    assert check == "records" and f"key/{key} is damaged" in text
    change(f"{flip} WHERE {row}")
    assert problems(server) == []
    change(f"DELETE FROM record WHERE {row}")
    check, text = the_problem(server)
    assert check == "records" and "alias/left-over needs" in text and text.endswith("missing")
    change("UPDATE trent_store SET schema = 99")
    check, text = the_problem(server)
    assert check == "database" and "a newer version has written it" in text
    change("DROP TABLE trent_store")
    check, text = the_problem(server)
    assert check == "database" and "other tables" in text


def test_permissions(house):
    server = house().start()
    server.stop()
    folder = server.data_dir
    (audit,) = (folder / "audit").glob("audit-*")
    for path, mode in (
        (folder, 0o750),
        (folder / "trent.db", 0o640),
        (folder / "root.key", 0o604),
        (folder / "audit", 0o711),
        (audit, 0o644),
    ):
        right = path.stat().st_mode & 0o777
        path.chmod(mode)
        found = problems(server)
        path.chmod(right)
        assert ("permissions", f"`{path}` can be used by others (mode {mode:04o})") in found
    assert problems(server) == []
    # Of a file that can be used by others nothing is read.
    (folder / "root.key").chmod(0o644)
    assert "root key" in dict(problems(server))


def test_the_root_key(house):
    server = house()
    genuine = (server.data_dir / "root.key").read_text()
    (server.data_dir / "root.key").write_text(server.run("root-key", "generate").stdout)
    check, text = the_problem(server)
    assert check == "root key" and "the store is sealed under root key" in text
    (server.data_dir / "root.key").unlink()
    assert the_problem(server)[0] == "root key"
    (server.data_dir / "root.key").write_text(genuine)
    (server.data_dir / "root.key").chmod(0o600)
    assert problems(server) == []


def test_several_root_keys(house, token, tmp_path):
    server = house(env=token)
    server.root_key("add", "--provider", PKCS11_WHERE)
    server.root_key("add", "--provider", PASSPHRASE_WHERE)
    all_of_them = ("--config", server.config, "--provider", PKCS11_WHERE, "--provider", PASSPHRASE_WHERE)
    keys = [check["Text"] for check in told(server, *all_of_them) if check["Check"] == "root key"]
    assert len(keys) == 3 and "(file, opens the store)" in keys[0] and "(pkcs11)" in keys[0]
    assert all(text.endswith("opens the store, too") for text in keys[1:])
    (tmp_path / "tokens").rename(tmp_path / "away")
    (tmp_path / "tokens").mkdir()
    check, text = the_problem(server, *all_of_them)
    assert check == "root key" and "0 tokens with the label `trent`" in text


def test_the_schema(house, tmp_path):
    server = house()
    sql(server, "PRAGMA user_version = 99")
    check, text = the_problem(server)
    assert check == "database" and "schema 99" in text and "a newer version has written it" in text
    said = server.run("serve", "--config", server.config).stderr
    assert "a newer version has written it; use that one" in said
    old = tmp_path / "old"
    shutil.copytree(ROOT / "tests/golden/0.1.0/data", old)
    old.chmod(0o700)
    for path in old.iterdir():
        path.chmod(0o600)
    before = snapshot(old)
    checks = told(server, "--data-dir", old)
    (schema,) = [check for check in checks if check["Check"] == "schema"]
    assert schema["Status"] == "Warning" and schema["Text"].startswith("1; this version")
    assert snapshot(old) == before


def test_damaged_records(house):
    server = house().start()
    encrypted(server, 30)
    kms = server.kms()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/left-over", TargetKeyId=key)
    server.stop()
    row = "kind = 2 AND name = ?"
    ((sealed,),) = sql(server, f"SELECT sealed FROM record WHERE {row}", key)
    flipped = bytearray(sealed)
    flipped[100] ^= 1
    sql(server, f"UPDATE record SET sealed = ? WHERE {row}", bytes(flipped), key)
    check, text = the_problem(server)
    assert check == "records" and f"key/{key} is damaged" in text
    sql(server, f"UPDATE record SET sealed = ? WHERE {row}", sealed, key)
    assert problems(server) == []
    # Another thing's record, other columns.
    sql(server, f"UPDATE record SET due_at = 1 WHERE {row}", key)
    assert "its due time column is not what it says" in the_problem(server)[1]
    sql(server, f"DELETE FROM record WHERE {row}", key)
    check, text = the_problem(server)
    assert check == "records" and "alias/left-over needs" in text and text.endswith("missing")
    sql(server, "DELETE FROM record WHERE name = 'alias/left-over'")
    assert problems(server) == []
    # Many are told in few lines.
    sql(server, "UPDATE record SET version = version + 1 WHERE kind = 2")
    found = problems(server)
    assert len(found) == 21 and found[-1] == ("records", "10 more like these")


def test_a_damaged_database(house):
    server = house().start()
    encrypted(server, 30)
    server.stop()
    path = server.data_dir / "trent.db"
    whole = path.read_bytes()
    for damage in (whole[: len(whole) // 2], b"x" * 5000, whole[:8192] + b"\0" * (len(whole) - 8192)):
        path.write_bytes(damage)
        found = problems(server)
        assert "database" in dict(found), found
        assert path.read_bytes() == damage
    path.write_bytes(whole)
    assert problems(server) == []
    path.unlink()
    assert "database" in dict(problems(server))


def test_the_audit_log(house):
    server = house().start()
    encrypted(server)
    server.stop()
    (file,) = (server.data_dir / "audit").glob("audit-*")
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"CreateKey", b"DeleteKey", 1))
    check, text = the_problem(server)
    assert check == "audit log" and str(file) in text and "line" in text
    file.write_bytes(whole)
    assert problems(server) == []
    year = max(line.split(b'"eventTime":"')[1][:4] for line in whole.splitlines() if b"eventT" in line)
    file.write_bytes(whole.replace(b'"eventTime":"' + year, b'"eventTime":"9' + year[1:]))
    assert {check for check, _ in problems(server)} == {"audit log", "time"}
    file.write_bytes(whole)
    server.settings["audit"] = {"dangerously_off": True}
    server.configure(server.settings)
    (warning,) = [check for check in told(server) if check["Check"] == "audit log"]
    assert warning["Status"] == "Warning"


def test_a_clock_that_was_moved(house, tmp_path):
    server = house()
    data_dir = tmp_path / "dev"
    with Trent(data_dir=data_dir) as dev:
        dev.advance("P1D")
    checks = told(server, "--data-dir", data_dir)
    (clock,) = [check for check in checks if check["Check"] == "clock"]
    assert clock["Status"] == "Warning" and "moved ahead by 24h" in clock["Text"]
    check, _ = the_problem(server, "--data-dir", data_dir, "--config", server.config)
    assert check == "clock"


@pytest.mark.parametrize("arguments", [(), ("--output", "json")])
def test_what_is_nowhere(house, tmp_path, arguments):
    server = house()
    done = server.run("doctor", "--data-dir", tmp_path / "nowhere", *arguments)
    assert done.returncode == 1 and "trent init" in done.stdout
    assert not (tmp_path / "nowhere").exists()
