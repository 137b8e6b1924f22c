"""Backups: made beside a server that works, verified, restored onto a fresh machine."""

import json
import os
import random
import re
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from postgres import database_of
from test_root_key import (  # noqa: F401
    FILE,
    PASSPHRASE_SETTINGS,
    PASSPHRASE_WHERE,
    PKCS11,
    PKCS11_WHERE,
    House,
    check,
    encrypted,
    house,
    on_both_stores,
    token,
)
from trent_server import BINARY, ROOT, clean_environment, postgres, wait_until

FLIPS = 1000


def backup(server, name="backup", *arguments):
    """Makes a backup; returns its path."""
    path = server.directory / name
    done = server.run("backup", "create", path, "--config", server.config, *arguments)
    assert done.returncode == 0, done.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    assert not path.with_name(f"{name}.unfinished").exists()
    return path


def verified(server, path, *arguments):
    """What `trent backup verify` answers."""
    arguments = arguments or ("--config", server.config)
    done = server.run("backup", "verify", path, *arguments, "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(server, *arguments):
    done = server.run(*arguments)
    assert (done.returncode, done.stdout) == (1, ""), done
    return done.stderr


def doctor(server):
    done = server.run("doctor", "--config", server.config, "--output", "json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["Problems"]) == (0, 0), done.stdout
    return told


class FreshMachine(House):
    """A server that has nothing but its configuration and, if it is a file, a root key."""

    def __init__(self, directory, old, path, root_key=FILE, file=None, **options):
        directory.mkdir()
        super().__init__(directory, root_key, **options)
        self.env |= old.env
        self.key = old.key
        if file is not None:
            self.data_dir.mkdir(mode=0o700)
            shutil.copy(file, self.data_dir / "root.key")
        done = self.run("restore", path, "--config", self.config)
        assert done.returncode == 0, done.stderr
        self.said = done.stdout

    def __enter__(self):
        return self.start()


@pytest.mark.parametrize(
    ("house", "store"),
    [("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite"), ("postgres", "postgres")],
    indirect=["house"],
)
def test_onto_a_fresh_machine(house, store, tmp_path):
    old = house().start()
    made = encrypted(old)
    kms = old.kms()
    key = kms.create_key(Description="größe", MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/very-telling", TargetKeyId=key)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=123)
    kms.rotate_key_on_demand(KeyId=key)
    before = kms.describe_key(KeyId="alias/very-telling")["KeyMetadata"]
    public = ("audit", "public-key", "--config", old.config)
    public_key = old.run(*public).stdout
    path = backup(old)
    outline = verified(old, path)
    assert outline["Bytes"] == path.stat().st_size and outline["DamagedRecords"] == 0
    assert verified(old, path, "--without-root-key")["Records"] == outline["Records"]
    # Names stand open in a store, and not in a backup.
    if old.database:
        names = postgres().sql("SELECT name FROM record", database_of(old.database))
        assert "very-telling" in names
    else:
        assert b"very-telling" in (old.data_dir / "trent.db-wal").read_bytes()
    for text in (b"very-telling", b"alias/", key.encode(), old.key["AccessKeyId"].encode()):
        assert text not in path.read_bytes()
    later = encrypted(old, 1)
    old.kill()
    file = tmp_path / "root.key"
    shutil.move(old.data_dir / "root.key", file)
    shutil.rmtree(old.data_dir)
    with FreshMachine(tmp_path / "fresh", old, path, file=file, store=store) as new:
        assert (new.data_dir / "trent.db").exists() == (store == "sqlite")
        assert f"{outline['Records']} records" in new.said
        check(new, made)
        kms = new.kms()
        assert kms.describe_key(KeyId="alias/very-telling")["KeyMetadata"] == before
        rotation = kms.get_key_rotation_status(KeyId=key)
        assert rotation["RotationPeriodInDays"] == 123
        assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 1
        with pytest.raises(kms.exceptions.ClientError):
            kms.decrypt(CiphertextBlob=later[0][1])
        new_public = new.run("audit", "public-key", "--config", new.config).stdout
        assert new_public == public_key and "BEGIN PUBLIC KEY" in public_key
        check(new, encrypted(new))
        doctor(new)
        # It can be rotated and backed up as any other.
        new.root_key("rotate")
        check(new, made)
        assert verified(new, backup(new))["Records"] > outline["Records"]


@on_both_stores
def test_beside_writers_it_is_of_one_moment(house, tmp_path):
    server = house().start()
    ends, failures, ciphertexts = threading.Event(), [], []

    def work(number):
        kms, count = server.kms(), 0
        try:
            while not ends.is_set():
                count += 1
                key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
                kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
                kms.create_alias(AliasName=f"alias/{key}", TargetKeyId=key)
                kms.rotate_key_on_demand(KeyId=key)
                plaintext = f"{number} {count}".encode()
                blob = kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
                ciphertexts.append((plaintext, blob))
        except Exception as error:  # noqa: BLE001
            failures.append(repr(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    backups = []
    for number in range(6):
        time.sleep(0.2)
        made = list(ciphertexts)
        backups.append((backup(server, f"backup{number}"), made))
    ends.set()
    for thread in threads:
        thread.join()
    assert failures == [] and len(backups[-1][1]) > 20
    records = [verified(server, path)["Records"] for path, _ in backups]
    assert records == sorted(records) and len(set(records)) == len(records)
    for number, (path, made) in enumerate(backups[::2]):
        file = server.data_dir / "root.key"
        with FreshMachine(tmp_path / f"fresh{number}", server, path, file=file) as new:
            doctor(new)
            check(new, made)
            kms, other = new.kms(), new.client(
                "eu-west-1", new.key["AccessKeyId"], new.key["SecretAccessKey"]
            )
            keys = {key["KeyId"] for page in pages(kms, "list_keys") for key in page["Keys"]}
            replicas = {key["KeyId"] for page in pages(other, "list_keys") for key in page["Keys"]}
            aliases = [alias for page in pages(kms, "list_aliases") for alias in page["Aliases"]]
            targets = {alias["TargetKeyId"] for alias in aliases if "TargetKeyId" in alias}
            assert targets and targets <= keys
            # A primary key is there before its replica, and says so as soon as that is there.
            for key in keys:
                configuration = kms.describe_key(KeyId=key)["KeyMetadata"]
                configuration = configuration["MultiRegionConfiguration"]
                assert bool(configuration["ReplicaKeys"]) == (key in replicas)
            assert replicas <= keys


def pages(client, operation):
    return client.get_paginator(operation).paginate()


def test_from_a_file_to_a_token_and_back(house, token, tmp_path):
    server = house(env=token).start()
    made = encrypted(server)
    path = backup(server, "for-token", "--provider", PKCS11_WHERE)
    (root,) = verified(server, path, "--root-key-provider", PKCS11_WHERE)["RootKeys"]
    assert root["Provider"] == "pkcs11"
    # The store has got no root key by that, and its own one does not open the backup.
    assert [key["Provider"] for key in server.status()["RootKeys"]] == ["file"]
    said = refused(server, "backup", "verify", path, "--config", server.config)
    assert f"`{root['Id']}` (pkcs11, token `trent`)" in said
    server.stop()
    with FreshMachine(tmp_path / "on-token", server, path, PKCS11, env=token) as on_token:
        assert not (on_token.data_dir / "root.key").exists()
        check(on_token, made)
        made += encrypted(on_token)
        # A key that the token has already is the one.
        again = backup(on_token, "again", "--provider", PKCS11_WHERE)
        assert verified(on_token, again)["RootKeys"] == [root]
        file = tmp_path / "elsewhere.key"
        path = backup(on_token, "for-file", "--provider", f"file:{file}")
        assert file.stat().st_mode & 0o777 == 0o600
        assert verified(on_token, path, "--root-key-provider", f"file:{file}")["Records"] > 10
    with FreshMachine(tmp_path / "in-file", server, path, FILE, file=file) as in_file:
        check(in_file, made)
        doctor(in_file)
        in_file.root_key("rotate")
        check(in_file, made + encrypted(in_file))


@on_both_stores
def test_a_backup_with_several_root_keys_opens_with_each(house, tmp_path):
    server = house().start()
    made = encrypted(server)
    server.root_key("add", "--provider", PASSPHRASE_WHERE)
    path = backup(server)
    assert len(verified(server, path)["RootKeys"]) == 2
    server.stop()
    with FreshMachine(tmp_path / "fresh", server, path, PASSPHRASE_SETTINGS) as new:
        check(new, made)
        assert len(new.status()["RootKeys"]) == 2


def test_every_flipped_bit_is_found(house):
    server = house()
    path = backup(server)
    whole = path.read_bytes()
    seed = random.SystemRandom().randrange(2**32)
    rng = random.Random(seed)
    command = [BINARY, "backup", "verify", "--data-dir", server.data_dir]

    def is_found(number):
        place = number % len(whole) if number < 200 else rng.randrange(len(whole))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        copy = server.directory / f"flipped{threading.get_ident()}"
        copy.write_bytes(flipped)
        done = subprocess.run([*command, copy], capture_output=True, env=clean_environment())
        return (place, done.returncode == 1 and b"panicked" not in done.stderr)

    assert subprocess.run([*command, path], capture_output=True).returncode == 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(is_found, range(FLIPS)))
    assert [place for place, is_found in found if not is_found] == [], f"seed {seed}"


def test_nothing_is_overwritten(house, tmp_path):
    server = house()
    path = backup(server)
    before = path.read_bytes()
    create = ("backup", "create", path, "--config", server.config)
    assert "exists, and is not overwritten" in refused(server, *create)
    assert path.read_bytes() == before
    store = (server.data_dir / "trent.db").read_bytes()
    said = refused(server, "restore", path, "--config", server.config)
    assert "there is a store in" in said and "nothing was changed" in said
    assert (server.data_dir / "trent.db").read_bytes() == store
    missing = tmp_path / "missing" / "backup"
    assert str(missing) in refused(server, "backup", "create", missing, "--config", server.config)
    # What a backup that was cut off has left is in nobody's way.
    left = tmp_path / "next.unfinished"
    left.write_bytes(b"x" * 100_000)
    again = server.run("backup", "create", tmp_path / "next", "--config", server.config)
    assert again.returncode == 0 and not left.exists()
    assert verified(server, tmp_path / "next")["Bytes"] < 100_000


def test_what_cannot_be_restored_leaves_no_store(house, tmp_path):
    server = house()
    path = backup(server)
    data_dir = tmp_path / "new"
    restore = ("restore", path, "--data-dir", data_dir)
    said = refused(server, *restore)
    assert f"there is no root key `{data_dir}/root.key`" in said and not data_dir.exists()
    data_dir.mkdir(mode=0o755)
    shutil.copy(server.data_dir / "root.key", data_dir)
    assert "chmod 700" in refused(server, *restore)
    data_dir.chmod(0o700)
    damaged = bytearray(path.read_bytes())
    damaged[-100] ^= 1
    (tmp_path / "damaged").write_bytes(damaged)
    said = refused(server, "restore", tmp_path / "damaged", "--data-dir", data_dir)
    assert "the backup is DAMAGED" in said
    said = refused(server, "restore", server.config, "--data-dir", data_dir)
    assert "is not a backup of Trent" in said
    other = server.run("root-key", "generate").stdout
    (data_dir / "root.key").write_text(other)
    assert "is not that of a root key of this store" in refused(server, *restore)
    assert not (data_dir / "trent.db").exists()
    (data_dir / "trent.db-wal").touch()
    assert "there is a store in" in refused(server, *restore)
    (data_dir / "trent.db-wal").unlink()
    shutil.copy(server.data_dir / "root.key", data_dir)
    assert server.run(*restore).returncode == 0


@on_both_stores
def test_deletions_that_are_due_are_put_off(house, tmp_path):
    server = house().start()
    made = encrypted(server, 2)
    kms = server.kms()
    key = kms.list_keys()["Keys"][0]["KeyId"]
    soon = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["DeletionDate"]
    path = backup(server)
    server.stop()
    file = server.data_dir / "root.key"
    with FreshMachine(tmp_path / "fresh", server, path, file=file) as new:
        assert "1 KMS keys that were to be deleted sooner" in new.said
        kms = new.kms()
        described = kms.describe_key(KeyId=key)["KeyMetadata"]
        assert described["DeletionDate"] > soon
        kms.cancel_key_deletion(KeyId=key)
        kms.enable_key(KeyId=key)
        check(new, made)


def test_events_that_waited_come_again_under_the_same_id(house, tmp_path):
    def tells(server, path):
        server.settings["events"] = {"file": str(path)}
        server.configure(server.settings)
        return server

    def told(path):
        wait_until(lambda: path.exists() and path.read_text().endswith("\n"))
        [line] = path.read_text().splitlines()
        return line

    folder = tmp_path / "folder"
    folder.mkdir()
    first, second = folder / "events", tmp_path / "events"
    old = tells(house(), first).start()
    # Where nothing can be written, events wait.
    first.unlink()
    folder.rmdir()
    kms = old.kms()
    kms.rotate_key_on_demand(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    path = backup(old)
    folder.mkdir()
    delivered = told(first)
    old.stop()
    new = FreshMachine(tmp_path / "fresh", old, path, file=old.data_dir / "root.key")
    with tells(new, second):
        assert told(second) == delivered


def test_without_a_root_key_it_says_what_that_is_worth(house):
    server = house()
    path = backup(server)
    done = server.run("backup", "verify", path, "--without-root-key")
    assert done.returncode == 0 and "nothing is authenticated" in done.stdout
    flipped = bytearray(path.read_bytes())
    flipped[-50] ^= 1
    Path(path).write_bytes(flipped)
    said = refused(server, "backup", "verify", path, "--without-root-key")
    assert "it was changed after it was made" in said
    done = server.run("backup", "verify", path)
    assert done.returncode == 2 and "--data-dir" in done.stderr


def test_the_page_does_what_it_says(house, tmp_path):
    page = (ROOT / "docs/backup.md").read_text()

    def commands(heading):
        text = page.split(f"## {heading}\n")[1].split("\n## ")[0]
        return re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]

    def shell(script):
        environment = {**clean_environment(), **server.env}
        environment["PATH"] = os.pathsep.join([str(BINARY.parent), environment["PATH"]])
        options = {"capture_output": True, "text": True, "env": environment, "timeout": 60}
        done = subprocess.run(["bash", "-eux"], input=script, cwd=tmp_path, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    server = house().start()
    made = encrypted(server)
    (tmp_path / "trent.toml").symlink_to(server.config)
    assert shell(commands("Making one")).endswith("\nok\n")
    shell(commands("Is everything in order?"))
    server.stop()
    (tmp_path / "copies").mkdir()
    shutil.copy(server.data_dir / "root.key", tmp_path / "copies")
    shutil.rmtree(server.data_dir)
    # The configuration of the fresh machine.
    (tmp_path / "fresh").mkdir()
    fresh = House(tmp_path / "fresh", FILE)
    fresh.key = server.key
    *steps, serve = commands("Onto a fresh machine").splitlines()
    assert serve == "trent serve --config fresh/trent.toml" and len(steps) == 4
    assert "0 problems" in shell("\n".join(steps))
    with fresh:
        check(fresh, made)


def test_a_restoration_that_is_killed_leaves_nothing_that_can_be_used(house, tmp_path):
    server = house().start()
    encrypted(server, 200)
    path = backup(server)
    began = time.monotonic()
    with FreshMachine(tmp_path / "whole", server, path, file=server.data_dir / "root.key") as new:
        whole = time.monotonic() - began
        records = verified(new, path)["Records"]
    rng, killed = random.Random(1), 0
    for number in range(20):
        data_dir = tmp_path / f"killed{number}"
        data_dir.mkdir(mode=0o700)
        shutil.copy(server.data_dir / "root.key", data_dir)
        command = [BINARY, "restore", path, "--data-dir", data_dir]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env=clean_environment(), **quiet) as restoration:
            time.sleep(rng.uniform(0, whole / 4))
            killed += restoration.poll() is None
            restoration.kill()
        if not (data_dir / "trent.db").exists():
            continue
        opened = server.run("root-key", "status", "--data-dir", data_dir, "--output", "json")
        if opened.returncode == 0:
            # All of it or, if it was killed before the first record, nothing.
            (key,) = json.loads(opened.stdout)["StoreKeys"]
            assert key["Records"] in (1, records)
        else:
            assert "not restored to its end" in opened.stderr
    assert killed > 3
