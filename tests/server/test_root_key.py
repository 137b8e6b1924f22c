"""Root keys: each provider from end to end, moving between them while the server works, and
rotations of the store key that are killed."""

import json
import random
import shutil
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest
from trent_server import (
    BINARY,
    Trent,
    TrentServe,
    clean_environment,
    postgres,
    store_arguments,
    wait_until,
)

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PASSPHRASE = "correct horse battery staple"
PIN = "4711"
FILE = {"provider": "file"}
PASSPHRASE_SETTINGS = {"provider": "passphrase", "passphrase": "env:PASSPHRASE"}
PASSPHRASE_WHERE = "passphrase:env:PASSPHRASE"
PKCS11 = {"provider": "pkcs11", "module": MODULE, "token": "trent", "pin": "env:PIN"}
PKCS11_WHERE = f"pkcs11:token=trent?module-path={MODULE}&pin-source=env:PIN"
SYSTEMD = {"provider": "systemd"}


# What is the same whatever the store is.
on_both_stores = pytest.mark.parametrize("house", ["sqlite", "postgres"], indirect=True)


class House(TrentServe):
    """A server with an administrator, whose root key is where `root_key` says. The store is in the
    data directory or, if `store` is `postgres`, in a database of its own."""

    def __init__(self, directory, root_key, store="sqlite", **options):
        self.database = postgres().new_database() if store == "postgres" else None
        settings = {"root_key": root_key}
        if self.database:
            settings["store"] = {"url": self.database}
        super().__init__(directory, tls=False, settings=settings, **options)
        self.directory = directory
        self.env |= {"PASSPHRASE": PASSPHRASE, "PIN": PIN}

    def make(self, where="file"):
        """Makes the data directory."""
        arguments = ["--data-dir", self.data_dir, "--root-key-provider", where]
        arguments += ["--store-url", self.database] if self.database else []
        made = self.run("init", *arguments, "--output", "json")
        assert made.returncode == 0, made.stderr
        self.key = json.loads(made.stdout)["AccessKey"]
        return self

    def use(self, root_key):
        """Says in the configuration where the root key is."""
        self.settings["root_key"] = root_key
        self.configure(self.settings)

    def kms(self):
        key = self.key
        return self.client(access_key_id=key["AccessKeyId"], secret=key["SecretAccessKey"])

    def root_key(self, *arguments):
        """Runs `trent root-key`; returns its answer."""
        done = self.run("root-key", *arguments, "--config", self.config, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def root_key_refusal(self, *arguments):
        done = self.run("root-key", *arguments, "--config", self.config)
        assert (done.returncode, done.stdout) == (1, ""), done
        return done.stderr

    def status(self):
        return self.root_key("status")

    def id_of(self, provider):
        (found,) = [key for key in self.status()["RootKeys"] if key["Provider"] == provider]
        return found["Id"]


@pytest.fixture
def house(request, tmp_path):
    """Makes servers that do not outlive the test."""
    made, store = [], getattr(request, "param", "sqlite")

    def make(root_key=FILE, where="file", **options):
        directory = tmp_path / str(len(made))
        directory.mkdir()
        log = open(directory / "log", "w")
        server = House(directory, root_key, store, log=log, **options)
        made.append((server, log))
        return server.make(where)

    yield make
    for server, log in made:
        if server.process is not None and server.process.poll() is None:
            server.kill()
        log.close()


@pytest.fixture
def token(tmp_path):
    """A token; returns the environment in which it is found."""
    (tmp_path / "tokens").mkdir()
    config = tmp_path / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\n")
    environment = {"SOFTHSM2_CONF": str(config)}
    arguments = ("--init-token", "--free", "--label", "trent", "--pin", PIN, "--so-pin", "0815")
    subprocess.run(
        ["softhsm2-util", *arguments],
        env={**clean_environment(), **environment},
        check=True,
        capture_output=True,
    )
    return environment


@pytest.fixture
def credential(tmp_path):
    """A credential as systemd hands it over; returns the environment in which it is found."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    made = subprocess.run([BINARY, "root-key", "generate"], capture_output=True, check=True)
    (folder / "trent-root-key").write_bytes(made.stdout)
    # A service that does not run as root gets it by an access control list, which looks like this.
    (folder / "trent-root-key").chmod(0o440)
    return {"CREDENTIALS_DIRECTORY": str(folder)}


class Load:
    """Callers that encrypt, decrypt and create keys until they are told to stop."""

    def __init__(self, server):
        self.kms = server.kms()
        self.key = self.kms.create_key()["KeyMetadata"]["KeyId"]
        self.ciphertexts, self.failures = [], []
        self.ends = threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.work, args=(n,)) for n in range(3)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        for thread in self.threads:
            thread.join()
        assert self.failures == []
        assert len(self.ciphertexts) > 10

    def work(self, number):
        count = 0
        while not self.ends.is_set():
            count += 1
            plaintext = f"{number} {count}".encode()
            try:
                key = self.key
                if count % 5 == 0:
                    key = self.kms.create_key()["KeyMetadata"]["KeyId"]
                    self.kms.create_alias(AliasName=f"alias/{key}", TargetKeyId=key)
                    self.kms.enable_key_rotation(KeyId=key)
                blob = self.kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
                assert self.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext
                self.ciphertexts.append((plaintext, blob))
            except Exception as error:  # noqa: BLE001
                self.failures.append(repr(error))


def check(server, ciphertexts):
    kms = server.kms()
    for plaintext, blob in ciphertexts:
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext


def encrypted(server, count=5):
    """Ciphertexts under as many keys."""
    kms, made = server.kms(), []
    for number in range(count):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        plaintext = f"of key {number}".encode()
        blob = kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
        made.append((plaintext, blob))
    return made


def is_all_under_the_current(status):
    current, *old = status["StoreKeys"]
    return current["Current"] and all(key["Records"] == 0 for key in old)


def sealed_bytes(server):
    """What is on disk but the root key file."""
    files = [path for path in server.data_dir.iterdir() if path.name.startswith("trent.db")]
    return b"".join(path.read_bytes() for path in files)


# Each provider from end to end


@on_both_stores
def test_a_file(house):
    server = house().start()
    made = encrypted(server)
    status = server.status()
    (root,), (store,) = status["RootKeys"], status["StoreKeys"]
    assert (root["Provider"], root["InUse"], store["Current"]) == ("file", True, True)
    assert root["Id"] == store["Id"]
    new = server.root_key("rotate")["StoreKeyId"]
    status = server.status()
    assert [key["Id"] for key in status["StoreKeys"]] == [new, store["Id"]]
    assert is_all_under_the_current(status) and "KeptUntil" in status["StoreKeys"][1]
    check(server, made)
    server.stop()
    server.start()
    check(server, made + encrypted(server))
    # What the server wrote while it did not know yet is sealed anew, too.
    assert wait_for(server, is_all_under_the_current)
    text = server.run("root-key", "status", "--config", server.config).stdout
    assert root["Id"] in text and "(current)" in text and "in use" in text


def used_without_a_file(server):
    """Starts a server, rotates and starts it again; returns its root key, which is not in the data
    directory, and ciphertexts."""
    server.start()
    assert not (server.data_dir / "root.key").exists()
    made = encrypted(server)
    server.root_key("rotate")
    check(server, made)
    server.stop()
    server.start()
    check(server, made)
    (root,) = server.status()["RootKeys"]
    return root, made


def test_a_passphrase(house):
    server = house(PASSPHRASE_SETTINGS, PASSPHRASE_WHERE)
    root, _ = used_without_a_file(server)
    assert root["Provider"] == "passphrase"
    table = table_of(server)
    parameters = table["root_keys"][0]["provider"]
    assert (parameters["memory_kib"], parameters["passes"], parameters["lanes"]) == (65536, 3, 4)
    assert PASSPHRASE.encode() not in sealed_bytes(server)
    server.stop()
    server.env["PASSPHRASE"] = "incorrect horse battery"
    for said in (server.refusal(), server.root_key_refusal("status")):
        assert "the passphrase is not that of a root key of this store" in said
        assert "incorrect" not in said and root["Id"] in said
    del server.env["PASSPHRASE"]
    assert "there is no variable PASSPHRASE" in server.refusal()


@pytest.mark.parametrize("how", ["file", "descriptor"])
def test_a_passphrase_is_read_from_elsewhere(house, tmp_path, how):
    server = house(PASSPHRASE_SETTINGS, PASSPHRASE_WHERE)
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    secret.chmod(0o600)
    command = [BINARY, "root-key", "status", "--data-dir", server.data_dir, "--root-key-provider"]
    with open(secret) as file:
        where = f"passphrase:file:{secret}" if how == "file" else f"passphrase:fd:{file.fileno()}"
        done = subprocess.run(
            [*command, where],
            pass_fds=(file.fileno(),),
            env=clean_environment(),
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert "passphrase" in done.stdout
    secret.chmod(0o644)
    done = server.run(*command[1:], f"passphrase:file:{secret}")
    assert done.returncode == 1 and "chmod 600" in done.stderr


def test_a_passphrase_is_never_an_argument(house):
    server = house()
    done = server.run("root-key", "status", "--root-key-provider", f"passphrase:{PASSPHRASE}")
    assert done.returncode == 2
    assert "env:NAME" in done.stderr
    server.env["SHORT"] = "too short"
    assert "at least 12" in server.root_key_refusal("add", "--provider", "passphrase:env:SHORT")
    assert len(server.status()["RootKeys"]) == 1


def test_a_credential_of_systemd(house, credential):
    server = house(SYSTEMD, "systemd", env=credential)
    root, _ = used_without_a_file(server)
    assert (root["Provider"], root["Name"]) == ("systemd", "trent-root-key")
    server.stop()
    genuine = Path(credential["CREDENTIALS_DIRECTORY"], "trent-root-key")
    genuine.write_text("trent-root-key-1:" + "00" * 32)
    assert "is not that of a root key of this store" in server.refusal()
    genuine.write_text("something else")
    assert "is not a root key" in server.refusal()
    genuine.unlink()
    assert str(genuine) in server.refusal()
    del server.env["CREDENTIALS_DIRECTORY"]
    assert "CREDENTIALS_DIRECTORY" in server.refusal()


def test_a_token(house, token):
    server = house(PKCS11, PKCS11_WHERE, env=token)
    root, made = used_without_a_file(server)
    assert (root["Provider"], root["Name"]) == ("pkcs11", "trent")
    server.stop()
    server.env["PIN"] = "1234"
    said = server.refusal()
    assert "the token `trent` does not accept the PIN" in said and "1234" not in said
    server.env["PIN"] = PIN
    server.use({**PKCS11, "module": "/nowhere/module.so"})
    assert "the PKCS#11 module `/nowhere/module.so` cannot be used" in server.refusal()
    server.use(PKCS11)
    tokens = Path(token["SOFTHSM2_CONF"]).parent / "tokens"
    tokens.rename(tokens.parent / "elsewhere")
    tokens.mkdir()
    assert "the module has 0 tokens with the label `trent`" in server.refusal()
    tokens.rmdir()
    (tokens.parent / "elsewhere").rename(tokens)
    server.start()
    check(server, made)


def test_what_a_token_has_sealed_cannot_be_changed(house, token):
    server = house(PKCS11, PKCS11_WHERE, env=token)
    genuine = table_of(server)
    (entry,) = genuine["root_keys"]
    (name,) = entry["store_keys"]
    for position in (0, 1, 20, -2):
        changed = json.loads(json.dumps(genuine))
        sealed = list(entry["store_keys"][name])
        sealed[position] = "A" if sealed[position] != "A" else "B"
        changed["root_keys"][0]["store_keys"][name] = "".join(sealed)
        put_table(server, changed)
        said = server.refusal()
        assert "damaged" in said or "unknown format" in said or "failed" in said, said
    put_table(server, genuine)
    server.start()


# Several root keys


@on_both_stores
def test_one_of_two_is_lost(house):
    server = house().start()
    made = encrypted(server)
    server.root_key("add", "--provider", PASSPHRASE_WHERE)
    server.stop()
    (server.data_dir / "root.key").unlink()
    said = server.refusal()
    assert "root key" in said and str(server.data_dir / "root.key") in said
    server.use(PASSPHRASE_SETTINGS)
    server.start()
    check(server, made)
    said = server.root_key_refusal("rotate")
    lost = server.id_of("file")
    assert f"`{lost}` (file)" in said and "remove them first" in said
    server.root_key("remove", lost)
    server.root_key("rotate")
    assert wait_for(server, is_all_under_the_current)
    check(server, made)


@on_both_stores
def test_removing(house):
    server = house().start()
    made = encrypted(server)
    first = server.id_of("file")
    assert "the last one" in server.root_key_refusal("remove", first)
    assert "there is no root key `00`" in server.root_key_refusal("remove", "00")
    copy = server.data_dir / "other.key"
    second = server.root_key("add", "--provider", f"file:{copy}")["RootKeyId"]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert "already" in server.root_key_refusal("add", "--provider", f"file:{copy}")
    server.root_key("remove", first)
    check(server, made)
    server.stop()
    assert "is not that of a root key of this store" in server.refusal()
    server.use({"provider": "file", "file": "other.key"})
    server.start()
    check(server, made)
    assert [key["Id"] for key in server.status()["RootKeys"]] == [second]
    # What the old one opens is the old store key, under which nothing is after a rotation.
    server.root_key("rotate")
    assert wait_for(server, is_all_under_the_current)


def test_a_server_that_cannot_open_the_new_store_key_writes_nothing(house):
    server = house().start()
    made = encrypted(server)
    first = server.id_of("file")
    server.root_key("add", "--provider", PASSPHRASE_WHERE)
    other = ("--config", server.config, "--root-key-provider", PASSPHRASE_WHERE)
    assert server.run("root-key", "remove", first, *other).returncode == 0
    assert server.run("root-key", "rotate", *other).returncode == 0

    def refuses():
        try:
            server.kms().create_key()
        except server.kms().exceptions.KMSInternalException:
            return True
        return False

    wait_until(refuses, 5)
    # What it has in memory goes on.
    check(server, made)
    assert "has been removed from the store" in (server.directory / "log").read_text()
    server.stop()
    server.use(PASSPHRASE_SETTINGS)
    server.start()
    check(server, made + encrypted(server))


def test_from_a_file_to_a_token_and_back_under_load(house, token):
    server = house(env=token).start()
    with Load(server) as load:
        time.sleep(0.5)
        file = server.id_of("file")
        server.root_key("add", "--provider", PKCS11_WHERE)
        server.root_key("rotate", "--provider", PKCS11_WHERE)
        time.sleep(1)
        made = list(load.ciphertexts)
    check(server, made)
    server.stop()
    server.use(PKCS11)
    server.start()
    check(server, load.ciphertexts)
    with Load(server) as more:
        server.root_key("remove", file)
        (server.data_dir / "root.key").unlink()
        server.root_key("rotate")
        time.sleep(1)
    ciphertexts = load.ciphertexts + more.ciphertexts
    check(server, ciphertexts)
    server.stop()
    server.start()
    check(server, ciphertexts)
    with Load(server) as more:
        where = f"file:{server.data_dir / 'root.key'}"
        server.root_key("add", "--provider", where)
        server.root_key("rotate", "--provider", where)
        time.sleep(1)
    ciphertexts += more.ciphertexts
    server.stop()
    server.use(FILE)
    server.start()
    with Load(server) as more:
        server.root_key("remove", server.id_of("pkcs11"))
        server.root_key("rotate")
        time.sleep(1)
    check(server, ciphertexts + more.ciphertexts)
    assert wait_for(server, is_all_under_the_current)
    server.stop()
    server.start()
    check(server, ciphertexts + more.ciphertexts)


# Rotations that are killed


@on_both_stores
def test_killed_rotations_are_resumed_and_lose_nothing(house):
    server = house().start()
    made = encrypted(server, 400)
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    began = time.monotonic()
    server.root_key("rotate")
    whole = time.monotonic() - began
    killed = 0
    for _ in range(10):
        command = [BINARY, "root-key", "rotate", "--config", server.config]
        environment = {**clean_environment(), **server.env}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env=environment, **quiet) as rotation:
            time.sleep(rng.uniform(0, whole))
            killed += rotation.poll() is None
            rotation.kill()
        if rng.random() < 0.3:
            server.kill()
            server.start()
        check(server, rng.sample(made, 20))
        server.kms().create_key()
    assert killed > 3
    # The server goes on where they were killed.
    assert wait_for(server, is_all_under_the_current)
    check(server, made)
    server.kill()
    server.start()
    check(server, made)
    assert server.status()["DamagedRecords"] == 0


def test_a_rotation_beside_no_server_is_resumed_by_the_next(house):
    server = house().start()
    made = encrypted(server, 50)
    server.stop()
    server.root_key("rotate")
    assert is_all_under_the_current(server.status())
    # As if it had been killed between the new store key and the first record under it.
    backup = server.directory / "backup"
    shutil.copytree(server.data_dir, backup)
    server.root_key("rotate")
    table = record(server, "store-keys")
    shutil.rmtree(server.data_dir)
    backup.rename(server.data_dir)
    put(server, "store-keys", *table)
    current, *old = server.status()["StoreKeys"]
    assert current["Records"] == 0 and sum(key["Records"] for key in old) > 50
    server.start()
    check(server, made)
    assert wait_for(server, is_all_under_the_current)
    check(server, made)


def test_an_old_store_key_is_forgotten_when_its_time_is_over(house):
    server = house().start()
    made = encrypted(server)
    page = server.kms().list_keys(Limit=1)
    assert "60 s" in server.root_key_refusal("rotate", "--keep-old", "59s").replace("1m", "60 s")
    server.root_key("rotate", "--keep-old", "60s")
    # What was handed out under the old store key is good while that is kept.
    server.kms().list_keys(Limit=1, Marker=page["NextMarker"])
    assert len(server.status()["StoreKeys"]) == 2
    wait_for(server, lambda status: len(status["StoreKeys"]) == 1, 90)
    with pytest.raises(server.kms().exceptions.InvalidMarkerException):
        server.kms().list_keys(Limit=1, Marker=page["NextMarker"])
    check(server, made + encrypted(server))
    server.stop()
    server.start()
    check(server, made)


def test_a_reset_keeps_the_store_keys(tmp_path):
    data_dir = tmp_path / "data"
    with Trent(data_dir=data_dir) as server:
        server.client().create_key()
        command = [BINARY, "root-key", "rotate", "--data-dir", data_dir, *store_arguments(server)]
        subprocess.run(command, check=True, capture_output=True, env=clean_environment())
        assert server.post("/_trent/reset")[0] == 200
        assert server.client().list_keys()["Keys"] == []
        key = server.client().create_key()["KeyMetadata"]["KeyId"]
    with Trent(data_dir=data_dir) as server:
        assert [found["KeyId"] for found in server.client().list_keys()["Keys"]] == [key]


# The configuration


def test_mistakes_in_the_configuration_are_told(house):
    server = house()
    for settings, said in (
        ({"provider": "paper"}, "expected one of `file`, `passphrase`, `systemd`, `pkcs11`"),
        ({"provider": "passphrase", "passphrase": PASSPHRASE}, "env:NAME"),
        ({"provider": "systemd", "credential": "../x"}, "`../x` is not a name of a credential"),
        ({"provider": "passphrase"}, "no terminal"),
    ):
        server.use(settings)
        refused = server.refusal()
        assert said in refused, refused
        assert PASSPHRASE not in refused


def test_another_provider_than_that_of_the_store_is_told(house):
    server = house()
    server.use(PASSPHRASE_SETTINGS)
    assert "no root key but that in its root key file" in server.refusal()
    server.use(FILE)
    server.start()


# Helpers


def wait_for(server, condition, seconds=60):
    """Waits until the status is such."""
    deadline = time.monotonic() + seconds
    while not condition(server.status()):
        assert time.monotonic() < deadline, server.status()
        time.sleep(1)
    return True


def record(server, name):
    """Version and content of a setting."""
    with sqlite3.connect(server.data_dir / "trent.db") as database:
        query = "SELECT version, sealed FROM record WHERE kind = 1 AND name = ?"
        return database.execute(query, (name,)).fetchone()


def put(server, name, version, sealed):
    with sqlite3.connect(server.data_dir / "trent.db") as database:
        update = "UPDATE record SET version = ?, sealed = ? WHERE kind = 1 AND name = ?"
        assert database.execute(update, (version, sealed, name)).rowcount == 1


def table_of(server):
    sealed = record(server, "store-keys")[1]
    assert sealed[0] == 1
    return json.loads(sealed[1:])


def put_table(server, table):
    version = record(server, "store-keys")[0]
    put(server, "store-keys", version, b"\x01" + json.dumps(table, separators=(",", ":")).encode())
