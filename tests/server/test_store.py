"""Where the store is: PostgreSQL in place of SQLite, and from one to the other."""

import sqlite3
import subprocess
from contextlib import closing

import pytest
from postgres import database_of
from trent_server import BINARY, Trent, clean_environment, postgres


def trent(*arguments, env=None):
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**clean_environment(), **(env or {})},
    )


@pytest.fixture
def database():
    """The URL of an empty PostgreSQL database."""
    return postgres().new_database()


NAMES = "SELECT name FROM record ORDER BY seq"


def names_in_sqlite(path):
    """The names of all records in the order in which they were first written."""
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute(NAMES)]


def dev(directory, url):
    return Trent("--store-url", url, data_dir=directory)


def test_a_store_is_copied_to_postgresql_and_back(tmp_path, database):
    directory = tmp_path / "data"
    there, back = f"sqlite:{tmp_path}/there.db", f"sqlite:{tmp_path}/back.db"
    with dev(directory, there) as server:
        kms = server.client()
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.update_key_description(KeyId=key, Description="described")
        kms.create_alias(AliasName="alias/a", TargetKeyId=key)
        blob = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
        # Their names are random, and therefore in another order.
        for _ in range(20):
            kms.create_key()
    written = names_in_sqlite(tmp_path / "there.db")
    assert written != sorted(written)
    copied = trent("store", "copy", "--from", there, "--to", database)
    assert copied.returncode == 0, copied.stderr
    assert f"{len(written)} records" in copied.stdout
    assert postgres().sql(NAMES, database_of(database)).split() == written
    with dev(directory, database) as server:
        kms = server.client()
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"kept"
        assert kms.describe_key(KeyId="alias/a")["KeyMetadata"]["Description"] == "described"
        kms.update_key_description(KeyId=key, Description="changed")
    copied = trent("store", "copy", "--from", database, "--to", back)
    assert copied.returncode == 0, copied.stderr
    assert names_in_sqlite(tmp_path / "back.db")[: len(written)] == written
    with dev(directory, back) as server:
        described = server.client().describe_key(KeyId=key)
        assert described["KeyMetadata"]["Description"] == "changed"


def test_a_store_that_has_records_is_not_copied_over(tmp_path, database):
    first, second = f"sqlite:{tmp_path}/first.db", f"sqlite:{tmp_path}/second.db"
    for name, url in [("a", first), ("b", second), ("c", database)]:
        with dev(tmp_path / name, url) as server:
            server.client().create_key()
    for url in [second, database]:
        refused = trent("store", "copy", "--from", first, "--to", url)
        assert refused.returncode == 1 and "not empty" in refused.stderr, refused
    missing = trent("store", "copy", "--from", f"sqlite:{tmp_path}/missing.db", "--to", database)
    assert missing.returncode == 1 and "no store" in missing.stderr, missing


def test_init_and_administration_use_a_database(tmp_path, database):
    directory = tmp_path / "data"
    env = {"TRENT_STORE_URL": database}
    made = trent("init", "--data-dir", directory, env=env)
    assert made.returncode == 0, made.stderr
    assert not (directory / "trent.db").exists()
    user = trent("user", "create", "--data-dir", directory, "alice", env=env)
    assert user.returncode == 0, user.stderr
    listed = trent("user", "list", "--data-dir", directory, env=env)
    assert "alice" in listed.stdout, listed
    again = trent("init", "--data-dir", tmp_path / "other", env=env)
    assert again.returncode == 1 and "not empty" in again.stderr, again
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("url", ["postgres://u:secret@h/d?x=1", "mysql://u:secret@h/d"])
def test_no_message_shows_a_password(tmp_path, url):
    config = tmp_path / "trent.toml"
    config.write_text(f'listen = "127.0.0.1:1"\n[store]\nurl = "{url}"\n')
    for arguments in [
        ["dev", "--data-dir", tmp_path / "data", "--store-url", url],
        ["store", "copy", "--from", url, "--to", url],
        ["serve", "--config", config],
    ]:
        refused = trent(*arguments)
        assert refused.returncode != 0
        assert "where a store is" in refused.stderr and "secret" not in refused.stderr, refused


@pytest.mark.parametrize(
    "setting",
    [
        'url = "postgres://u:secret@h/d',
        "url = postgres://u:secret@h/d",
        'url = ["postgres://u:secret@h/d"]',
        'url = "mysql://u:secret@h/d"',
    ],
)
def test_a_mistake_in_the_configuration_is_told_without_its_line(tmp_path, setting):
    config = tmp_path / "trent.toml"
    config.write_text(f'listen = "127.0.0.1:1"\n[store]\n{setting}\n')
    for arguments in (["serve"], ["serve", "--check"], ["doctor"], ["user", "list"]):
        refused = trent(*arguments, "--config", config)
        said = refused.stdout + refused.stderr
        assert refused.returncode != 0 and "secret" not in said, refused
        assert f"{config}: line 3, column " in said, refused
