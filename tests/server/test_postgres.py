"""The way to a PostgreSQL database: TLS, passwords, client certificates. What is wrong with it is told
at once, and no password with it."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from certificates import Authority
from postgres import Postgres
from trent_server import BINARY, ROOT, clean_environment, free_port

PASSWORD = "correct-horse-4711"
# As it is written in a URL.
QUOTED = "correct%2Dhorse-4711"
WRONG = "battery-staple-0815"
SECRETS = (PASSWORD, QUOTED, WRONG)

# A login by password, and one by client certificate.
LOGINS = """\
local all trent trust
hostssl all certified all cert
host all all all scram-sha-256
"""

# Longer than a server takes to say that it does not start, shorter than anybody waits.
SOON = 10


class Database(Postgres):
    """A server that speaks TLS, and a database in it."""

    def __init__(self):
        self.files = Path(tempfile.mkdtemp())
        self.files.chmod(0o755)
        self.authority = Authority(self.files / "authority.crt")
        self.other = Authority(self.files / "other.crt", "other")
        certificate, key = self.files / "server.crt", self.files / "server.key"
        # Not for `localhost`, but for its address.
        self.authority.certify(certificate, key, "database")
        if os.geteuid() == 0:
            for path in (certificate, key):
                shutil.chown(path, "postgres")
        self.authority.certify(self.files / "client.crt", self.files / "client.key", "certified")
        self.other.certify(self.files / "stranger.crt", self.files / "stranger.key", "certified")
        logins = self.files / "logins"
        logins.write_text(LOGINS)
        super().__init__(
            free_port(),
            "ssl=on",
            f"ssl_cert_file={certificate}",
            f"ssl_key_file={key}",
            f"ssl_ca_file={self.authority.path}",
            f"hba_file={logins}",
        )
        for role in ("app", "certified"):
            self.sql(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'", "postgres")
            self.sql(f"CREATE DATABASE {role} OWNER {role}", "postgres")

    def url(self, login="app", host="127.0.0.1", database=None, **parameters):
        parameters = {"sslmode": "verify-full", "sslrootcert": self.authority.path} | parameters
        query = "&".join(f"{name}={value}" for name, value in parameters.items() if value)
        database = database or login.partition(":")[0]
        return f"postgres://{login}@{host}:{self.port}/{database}?{query}"

    def connections(self):
        """User and TLS of all connections of Trent."""
        query = "SELECT DISTINCT usename, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
        return self.sql(f"{query} WHERE application_name = 'trent'", "postgres").splitlines()

    def stop(self):
        super().stop()
        shutil.rmtree(self.files)


@pytest.fixture(scope="module")
def database():
    server = Database()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def plain():
    """A server that does not speak TLS."""
    server = Postgres(free_port())
    yield server
    server.stop()


@pytest.fixture
def made(database, serve):
    """A server that has made its store in the database, with its password in a file."""
    database.sql("DROP DATABASE app WITH (FORCE)", "postgres")
    database.sql("CREATE DATABASE app OWNER app", "postgres")
    return make(serve, database.url())


def make(serve, url):
    server = serve(tls=False, env={})
    server.password_file = server.config.with_name("password")
    server.password_file.touch(0o600)
    server.password_file.write_text(f"{PASSWORD}\n")
    use(server, url)
    # It has no configuration yet.
    server.env["PGPASSWORD"] = PASSWORD
    init = server.run("init", "--data-dir", server.data_dir, "--store-url", url, "--output", "json")
    assert init.returncode == 0, init.stderr
    server.access_key = json.loads(init.stdout)["AccessKey"]
    return server


def use(server, url, password_file=True):
    """Says in the configuration where the store is."""
    server.settings["store"] = {"url": url}
    if password_file:
        server.settings["store"]["password_file"] = str(server.password_file)
    server.configure(server.settings)


def works(server):
    """Whether the server and the commands use the store, and show no password to others."""
    server.start()
    users = server.run("user", "list", "--config", server.config)
    assert users.returncode == 0 and "admin" in users.stdout, users
    command = Path(f"/proc/{server.process.pid}/cmdline").read_text()
    doctor = server.run("doctor", "--config", server.config)
    server.stop()
    said = doctor.stdout + doctor.stderr + users.stdout + server.log_path.read_text() + command
    return not any(secret in said for secret in SECRETS) and "0 problems" in doctor.stdout


def refused(server, *parts):
    """That everything that opens the store says what is wrong, soon and without a password."""
    config = ("--config", server.config)
    for arguments in (("serve", *config), ("user", "list", *config), ("doctor", *config)):
        began = time.monotonic()
        done = server.run(*arguments)
        said = done.stdout + done.stderr
        assert done.returncode == 1 and time.monotonic() - began < SOON, done
        assert any(part in said for part in parts), said
        assert not any(secret in said for secret in SECRETS), said


# Stores and nodes


def test_a_second_node_as_the_page_says(database, made, serve):
    steps = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/cluster.md").read_text(), re.DOTALL)
    first, further = (text.splitlines() for text in steps)
    assert first == ['trent init --data-dir /var/lib/trent --store-url "$STORE_URL"']
    node = serve(tls=False)
    node.password_file = made.password_file
    use(node, database.url())
    folder = node.config.parent
    shutil.copy(made.data_dir / "root.key", folder)
    script = "\n".join(further).replace("/var/lib/trent", str(node.data_dir))
    path = os.pathsep.join([str(BINARY.parent), os.environ["PATH"]])
    environment = {**clean_environment(), "PATH": path}
    options = {"capture_output": True, "text": True, "env": environment, "timeout": 60}
    done = subprocess.run(["bash", "-eux"], input=script, cwd=folder, **options)
    assert done.returncode == 0 and "0 problems" in done.stdout, done
    made.start()
    node.start()
    login = made.access_key["AccessKeyId"], made.access_key["SecretAccessKey"]
    one, other = (server.client("us-east-1", *login) for server in (made, node))
    key = one.create_key()["KeyMetadata"]["KeyId"]
    blob = other.encrypt(KeyId=key, Plaintext=b"shared")["CiphertextBlob"]
    assert one.decrypt(CiphertextBlob=blob)["Plaintext"] == b"shared"
    for server in (made, node):
        assert server.stop() == 0
    # Each has a log of its own, signed with the same key.
    public_key = folder / "public.pem"
    public_key.write_text(made.run("audit", "public-key", "--config", made.config).stdout)
    for server in (made, node):
        log = server.data_dir / "audit"
        verified = server.run("audit", "verify", log, "--public-key", public_key)
        assert verified.returncode == 0 and verified.stdout.endswith("ok\n"), verified


def test_a_store_is_not_begun_by_accident(database, made):
    database.sql("DROP DATABASE app WITH (FORCE)", "postgres")
    database.sql("CREATE DATABASE app OWNER app", "postgres")
    refused(made, "nothing is in it; `trent init` makes a store")
    assert database.sql("SELECT count(*) FROM pg_class WHERE relname = 'record'", "app") == "0"
    # Nor among the tables of others.
    database.sql("SET ROLE app; CREATE TABLE other()", "app")
    refused(made, "1 other tables")


# A password


def test_a_password_in_a_file(database, made):
    assert works(made)
    made.password_file.chmod(0o640)
    refused(made, "0640")
    made.password_file.chmod(0o600)
    made.password_file.write_text(WRONG)
    refused(made, 'password authentication failed for user "app"')


def test_a_password_in_the_environment(database, made):
    use(made, database.url(), password_file=False)
    assert works(made)
    made.env["PGPASSWORD"] = WRONG
    refused(made, 'password authentication failed for user "app"')
    # The file goes before it.
    use(made, database.url())
    assert works(made)


def test_a_password_in_the_url(database, made):
    del made.env["PGPASSWORD"]
    use(made, database.url(f"app:{QUOTED}", database="app"), password_file=False)
    assert works(made)
    use(made, database.url(f"app:{WRONG}", database="app"), password_file=False)
    refused(made, 'password authentication failed for user "app"')
    use(made, database.url(), password_file=False)
    refused(made, "password")


# TLS


def test_the_server_is_verified(database, made):
    assert works(made)
    use(made, database.url(host="localhost"))
    refused(made, "certificate not valid for name")
    use(made, database.url(sslrootcert=database.other.path))
    refused(made, "invalid peer certificate")
    # Without an authority of its own, those that are public are asked.
    use(made, database.url(sslrootcert=None))
    refused(made, "invalid peer certificate")
    use(made, database.url(sslrootcert="/nowhere/authority.crt"))
    refused(made, "/nowhere/authority.crt")
    # Encrypted, for whoever answers.
    use(made, database.url(sslmode="require", sslrootcert=None))
    assert works(made)


def test_connections_are_encrypted(database, made):
    made.start()
    assert database.connections() == ["app|t"]
    made.stop()
    use(made, database.url(sslmode="disable", sslrootcert=None))
    made.start()
    assert database.connections() == ["app|f"]


def test_a_client_certificate(database, serve):
    certificate, key = database.files / "client.crt", database.files / "client.key"
    shown = {"sslcert": certificate, "sslkey": key}
    server = make(serve, database.url("certified", **shown))
    assert works(server)
    use(server, database.url("certified"))
    refused(server, "certificate")
    stranger = {"sslcert": database.files / "stranger.crt", "sslkey": database.files / "stranger.key"}
    use(server, database.url("certified", **stranger))
    refused(server, "certificate", "UnknownCA", "unknown")
    use(server, database.url("certified", sslcert=certificate, sslkey="/nowhere/client.key"))
    refused(server, "/nowhere/client.key")


# What is not there


def test_what_is_not_there(database, made, tmp_path):
    use(made, database.url(database="missing"))
    refused(made, 'database "missing" does not exist')
    use(made, database.url("nobody", database="app"))
    refused(made, 'password authentication failed for user "nobody"')
    use(made, f"postgres://app@127.0.0.1:{free_port()}/app?sslmode=disable")
    refused(made, "Connection refused")
    use(made, f"postgres:///app?host={tmp_path}&user=app")
    refused(made, "No such file")


def test_a_server_without_tls_is_not_spoken_to(made, plain):
    use(made, f"postgres://trent@127.0.0.1:{plain.port}/postgres?sslmode=verify-full")
    refused(made, "TLS")
    use(made, f"postgres://trent@127.0.0.1:{plain.port}/postgres?sslmode=require")
    refused(made, "TLS")


def test_a_server_that_says_nothing_is_not_waited_for(database, made):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        use(made, f"postgres://app@127.0.0.1:{port}/app?sslmode=verify-full")
        began = time.monotonic()
        assert "timed out" in made.refusal()
        assert time.monotonic() - began < SOON
