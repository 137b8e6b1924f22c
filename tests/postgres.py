"""A throw-away PostgreSQL server of Debian's package, and databases in it."""

import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "scripts/postgres"


class Postgres:
    """A running server. It ends with this process, also when that crashes: it runs until its
    standard input is closed."""

    started = itertools.count()

    def __init__(self, port=0, *settings):
        """`port` is one of 127.0.0.1 beside the socket; `settings` are those of PostgreSQL."""
        # A path that is short enough for a socket, and open to the user of the server.
        name = f"trent-postgres-{os.getpid()}-{next(Postgres.started)}"
        self.folder = Path(tempfile.gettempdir()) / name
        self.port = port or 5432
        self.process = subprocess.Popen(
            [SCRIPT, "run", self.folder, str(port), "fsync=off", *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self.process.stdout.readline() != "Ready.\n":
            raise RuntimeError("PostgreSQL has not started")
        self.numbers = itertools.count()

    def new_database(self):
        """The URL of an empty database."""
        name = f"trent_{next(self.numbers)}"
        self.sql(f"CREATE DATABASE {name}", "postgres")
        return f"postgres:///{name}?host={self.folder}&user=trent&port={self.port}"

    def sql(self, statement, database):
        """Executes a statement; returns what psql prints of its result."""
        login = ["--host", self.folder, "--port", str(self.port), "--username", "trent"]
        login += ["--dbname", database, "--no-psqlrc", "--tuples-only", "--no-align"]
        done = subprocess.run(
            ["psql", *login, "--set", "ON_ERROR_STOP=1", "--command", statement],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def database_of(url):
    """The name of the database in a URL of `new_database`."""
    return url.removeprefix("postgres:///").partition("?")[0]
