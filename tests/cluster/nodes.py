"""Nodes of a cluster, the database behind them, and the proxies between."""

import base64
import json
import secrets
import socket
import threading
import time
import urllib.request
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from trent_server import Trent

# An access key that a node knows without its store, so that it answers from memory what it can.
ACCESS_KEY, SECRET = "AKIACLUSTERTEST00000", "secret-of-the-cluster"
CREDENTIALS = Credentials(ACCESS_KEY, SECRET)

# What a client tries again: the store or a node is not there just now.
RETRIED = ("ServiceUnavailable", "KMSInternalException", "DependencyTimeoutException")


class Proxy:
    """The way from one node to the database."""

    OPEN, REFUSING, SILENT = "open", "refusing", "silent"

    def __init__(self, postgres):
        # The socket of the server, on which everybody may log in.
        self.target = str(postgres.folder / f".s.PGSQL.{postgres.port}")
        self.way = self.OPEN
        self.lock = threading.Lock()
        self.pairs = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, way):
        """From now on all connections are refused and broken, or nothing passes any more."""
        with self.lock:
            self.way = way
            pairs = list(self.pairs)
        if way == self.REFUSING:
            for pair in pairs:
                self._break(pair)

    def mend(self):
        """What was silent is broken, as when a route comes back: its bytes are lost."""
        with self.lock:
            self.way = self.OPEN
            pairs = list(self.pairs)
        for pair in pairs:
            self._break(pair)

    def close(self):
        self.listener.close()
        self.cut(self.REFUSING)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.way == self.REFUSING:
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        # A silent way does not even lead to the database.
        while self.way == self.SILENT:
            time.sleep(0.02)
        try:
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
        except OSError:
            client.close()
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self.lock:
            self.pairs.append(pair)
        back = threading.Thread(target=self._pass, args=(server, client, pair), daemon=True)
        back.start()
        self._pass(client, server, pair)

    def _pass(self, source, sink, pair):
        try:
            while data := source.recv(65536):
                while self.way == self.SILENT:
                    time.sleep(0.02)
                sink.sendall(data)
        except OSError:
            pass
        self._break(pair)

    def _break(self, pair):
        with self.lock:
            if pair in self.pairs:
                self.pairs.remove(pair)
        for one in pair:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


class Node:
    """One `trent dev` over the database of all, behind a proxy."""

    def __init__(self, number, postgres, database, folder, arguments):
        self.number = number
        self.database = database
        self.proxy = Proxy(postgres)
        url = f"postgres://trent@127.0.0.1:{self.proxy.port}/{database}?sslmode=disable"
        self.log = (folder / f"node-{number}.log").open("w")
        self.trent = Trent(
            *("--store-url", url, "--enforce", "--access-key", f"{ACCESS_KEY}:{SECRET}"),
            *arguments,
            data_dir=data_dir_of(number, folder),
            log=self.log,
        )
        self.local = threading.local()
        self.starting = None

    def begin(self):
        self.starting = threading.Thread(target=self.trent.start)
        self.starting.start()

    def wait_until_begun(self):
        self.starting.join(60)
        assert self.trent.process.poll() is None, Path(self.log.name).read_text()

    def start(self):
        self.trent.start()
        # The connections were to the process before.
        self.local = threading.local()

    def end(self):
        if self.trent.process is not None and self.trent.process.poll() is None:
            self.trent.kill()
        self.proxy.close()
        self.log.close()

    def call(self, operation, timeout=20, **members):
        """The reply, or raises `Refused` with the exception, or `Unknown` if there is no answer."""
        body = json.dumps(members, default=lambda data: base64.b64encode(data).decode())
        headers = {
            "Host": f"127.0.0.1:{self.trent.port}",
            "X-Amz-Target": f"TrentService.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
        }
        request = AWSRequest("POST", f"{self.trent.url}/", headers=headers, data=body)
        SigV4Auth(CREDENTIALS, "kms", "us-east-1").add_auth(request)
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = HTTPConnection("127.0.0.1", self.trent.port, timeout=timeout)
            self.local.connection = connection
        try:
            connection.request("POST", "/", body, dict(request.headers))
            response = connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            self.local.connection = None
            raise Unknown(f"{type(error).__name__}: {error}") from error
        reply = json.loads(text) if text else None
        if status == 200:
            return reply
        if reply["__type"] in RETRIED:
            raise Unknown(reply["__type"])
        raise Refused(reply["__type"], reply.get("message") or reply.get("Message"))

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.trent.url}/_trent/ready", timeout=20) as response:
                return response.status == 200
        except (OSError, HTTPException):
            return False


def data_dir_of(number, folder):
    """A new data directory for a node: all in the folder have the same root key."""
    data_dir = folder / f"node-{number}"
    data_dir.mkdir(mode=0o700)
    shared, root_key = folder / "root.key", data_dir / "root.key"
    if not shared.exists():
        shared.write_text(f"trent-root-key-1:{secrets.token_hex(32)}\n")
    root_key.touch(mode=0o600)
    root_key.write_text(shared.read_text())
    return data_dir


class Unknown(Exception):
    """There was no answer, or one that says to try again: a change may have been made or not."""


class Refused(Exception):
    """An exception of the API."""

    def __init__(self, code, message):
        self.code = code
        super().__init__(f"{code}: {message}")
