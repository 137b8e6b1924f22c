"""Starts the built binary for a test, and speaks with what is beside its API.

With TRENT_TEST_STORE=postgres, each `trent dev` has its store in a PostgreSQL database of its own."""

import functools
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from certificates import Authority
from postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("TRENT_BINARY", ROOT / "target/release/trent"))


class Trent:
    """A running `trent dev`. Use it as a context manager, or call `start` and `stop`."""

    def __init__(self, *arguments, data_dir=None, env=None, log=None):
        self.port = free_port()
        self.arguments = [str(argument) for argument in arguments]
        if data_dir is not None:
            self.arguments += ["--data-dir", str(data_dir)]
        self.env = env or {}
        self.log = log
        self.process = None
        self.startup = []
        # Who has signed the certificate of the server, if it has one.
        self.authority = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def command(self):
        arguments = [*self.arguments, *store_arguments(self)]
        return [str(BINARY), "dev", "--listen", f"127.0.0.1:{self.port}", *arguments]

    def start(self):
        """Starts the server and waits for its line `Ready.`."""
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**clean_environment(), **self.env},
        )
        self.startup = []
        for line in self.process.stdout:
            self.startup.append(line.rstrip("\n"))
            if line == "Ready.\n":
                return self
        raise RuntimeError(f"trent ended with {self.process.wait()}: {self.startup}")

    def kill(self):
        """SIGKILL: what a power cut looks like to the process."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self, timeout=60):
        """SIGTERM; returns the exit status."""
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout)
        self.process.stdout.close()
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def client(self, region="us-east-1", access_key_id="trent", secret="trent", **config):
        """A boto3 client; calls are not retried, so that tests see every failure."""
        config.setdefault("retries", {"max_attempts": 0})
        return boto3.client(
            "kms",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret,
            verify=self.authority and str(self.authority.path),
            config=Config(**config),
        )

    def get(self, path):
        """GETs a path beside the API; returns the decoded JSON."""
        with urllib.request.urlopen(self.url + path, timeout=60, context=self.tls()) as response:
            return json.load(response)

    def tls(self):
        """What a client must know to speak TLS with the server, if it does."""
        return self.authority and ssl.create_default_context(cafile=self.authority.path)

    def post(self, path, body=None):
        """POSTs JSON to a path beside the API; returns status and decoded JSON."""
        data = json.dumps(body).encode() if body is not None else b""
        request = urllib.request.Request(self.url + path, data=data, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=600) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def advance(self, duration):
        """Moves the clock on by an ISO 8601 duration and plays the time through."""
        status, clock = self.post("/_trent/clock", {"advance": duration})
        assert status == 200, clock
        return clock

    def cli(self, *arguments, service="kms", region="us-east-1", check=True):
        """Runs the AWS CLI; returns its decoded output, or the whole result unless `check`."""
        result = subprocess.run(
            [str(ROOT / ".venv/bin/aws"), service, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            env={
                **clean_environment(),
                "AWS_ENDPOINT_URL": self.url,
                "AWS_ACCESS_KEY_ID": "trent",
                "AWS_SECRET_ACCESS_KEY": "trent",
                "AWS_DEFAULT_REGION": region,
                "AWS_MAX_ATTEMPTS": "1",
                "AWS_PAGER": "",
            },
        )
        if not check:
            return result
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout) if result.stdout.strip() else None


class TrentServe(Trent):
    """A running `trent serve`: its data directory, configuration and, unless `tls` is false,
    certificate are made in `directory`. `settings` go into the configuration: a value, or for a
    section a dictionary of values."""

    def __init__(self, directory, tls=True, settings=None, env=None, log=None):
        super().__init__(data_dir=directory / "data", env=env, log=log)
        self.config = directory / "trent.toml"
        self.data_dir = directory / "data"
        self.settings = {"listen": f"127.0.0.1:{self.port}", "data_dir": str(self.data_dir)}
        if tls:
            self.authority = Authority(directory / "authority.crt")
            self.certificate, self.private_key = directory / "tls.crt", directory / "tls.key"
            self.authority.certify(self.certificate, self.private_key)
            files = {"certificate": str(self.certificate), "private_key": str(self.private_key)}
            self.settings["tls"] = files
        for name, value in (settings or {}).items():
            if isinstance(value, dict):
                value = {**self.settings.get(name, {}), **value}
            self.settings[name] = value
        self.configure(self.settings)

    def configure(self, settings):
        """Writes the configuration."""
        lines = [f"{n} = {toml(v)}" for n, v in settings.items() if type(v) is not dict]
        for name, section in settings.items():
            if isinstance(section, dict):
                lines.append(f"[{name}]")
                lines += [f"{key} = {toml(value)}" for key, value in section.items()]
        self.config.write_text("\n".join(lines) + "\n")

    @property
    def url(self):
        return f"{'https' if self.authority else 'http'}://127.0.0.1:{self.port}"

    @property
    def command(self):
        return [str(BINARY), "serve", "--config", str(self.config)]

    def run(self, *arguments, input=None):
        """Runs `trent` with other arguments, and with a text as standard input, to its end."""
        return subprocess.run(
            [str(BINARY), *map(str, arguments)],
            input=input,
            capture_output=True,
            text=True,
            timeout=30,
            env={**clean_environment(), **self.env},
        )

    def init(self):
        """Makes the data directory."""
        made = self.run("init", "--data-dir", self.data_dir)
        assert made.returncode == 0, made.stderr
        return self

    def start(self):
        if not self.data_dir.exists():
            self.init()
        return super().start()

    def refusal(self, *arguments):
        """What is said by a server that must not start."""
        result = self.run("serve", "--config", self.config, *arguments)
        assert (result.returncode, result.stdout) == (1, ""), result
        return result.stderr


def store_arguments(server):
    """Where the store of a `trent dev` is, unless that is where it usually is."""
    if os.environ.get("TRENT_TEST_STORE") != "postgres":
        return []
    if "--data-dir" not in server.arguments:
        # It keeps nothing: each start is a new one.
        server.temporary = tempfile.TemporaryDirectory()
        return ["--data-dir", server.temporary.name, "--store-url", postgres().new_database()]
    directory = server.arguments[server.arguments.index("--data-dir") + 1]
    return ["--store-url", database_in(directory)]


@functools.cache
def postgres():
    """The PostgreSQL server of this run of tests."""
    return Postgres()


@functools.cache
def database_in(_directory):
    """The database of the servers that share a data directory."""
    return postgres().new_database()


def toml(value):
    """A value in TOML: as in JSON, but for tables."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {toml(one)}' for name, one in value.items())} }}"
    return json.dumps(value)


def clean_environment():
    """The environment without anything that would configure the server or an SDK."""
    prefixes = ("AWS_", "TRENT_", "KMS_", "PORT")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, seconds=30):
    """Waits until `condition()` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
