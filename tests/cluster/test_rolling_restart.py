"""Nodes of `trent serve` are restarted one after the other behind a load balancer: not one request
fails, though neither the clients nor the balancer try anything again."""

import json
import random
import shutil
import threading
import time
from collections import Counter

import boto3
import pytest
from balancer import Balancer
from botocore.config import Config
from raw_http import Connection, api_request
from trent_server import TrentServe, wait_until

NODES, ROUNDS = 3, 2

SETTINGS = {
    # More than the balancer takes to notice.
    "http": {"shutdown_delay": "2s"},
    # A machine that is busy with other tests must not make nodes refuse.
    "store": {"staleness_bound": "10s"},
}


@pytest.fixture
def nodes(postgres, tmp_path):
    """Nodes that run, with `credentials` of an administrator."""
    store = {**SETTINGS["store"], "url": postgres.new_database()}
    made = []
    with open(tmp_path / "log", "w") as log:
        for number in range(NODES):
            directory = tmp_path / f"node-{number}"
            directory.mkdir()
            settings = {**SETTINGS, "store": store}
            made.append(TrentServe(directory, tls=False, settings=settings, log=log))
        first, *others = made
        options = ("--store-url", store["url"], "--output", "json")
        init = first.run("init", "--data-dir", first.data_dir, *options)
        assert init.returncode == 0, init.stderr
        for node in others:
            node.data_dir.mkdir(mode=0o700)
            shutil.copy(first.data_dir / "root.key", node.data_dir)
        for node in made:
            node.credentials = json.loads(init.stdout)["AccessKey"]
            node.start()
        yield made
        for node in made:
            if node.process is not None and node.process.poll() is None:
                node.kill()


@pytest.fixture
def balancer(nodes, tmp_path):
    balancer = Balancer(nodes, tmp_path)
    yield balancer
    balancer.stop()


def test_a_rolling_restart_loses_no_request(nodes, balancer):
    for node in nodes:
        balancer.wait_until_up(node)
    load = Load(balancer, nodes[0].credentials)
    load.start()
    for node in nodes * ROUNDS:
        load.go_on()
        assert node.stop() == 0
        node.start()
        balancer.wait_until_up(node)
    load.go_on()
    load.stop()
    assert not load.failures, load.failures
    print(dict(load.counts))
    assert load.told_to_go > 0
    load.check_changes()


class Load:
    """Clients that read and change, each with keys of its own, and take note of every failure."""

    def __init__(self, balancer, credentials):
        self.balancer = balancer
        self.access_key_id = credentials["AccessKeyId"]
        self.secret = credentials["SecretAccessKey"]
        self.account = credentials["AccountId"]
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.counts = Counter()
        self.failures = []
        # How often a connection was closed in order.
        self.told_to_go = 0
        self.descriptions = {}
        clients = [(self.use_and_change, port) for port in [balancer.http] * 3 + [balancer.tcp] * 2]
        clients += [(self.work, balancer.http)]
        clients += [(self.keep_alive, port) for port in [balancer.http, balancer.tcp, balancer.tcp]]
        self.threads = [
            threading.Thread(target=self.guarded, args=client, daemon=True) for client in clients
        ]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self.threads), "a request never ended"

    def go_on(self):
        """Waits until more was answered."""
        begun = self.counts.total()
        wait_until(lambda: self.counts.total() > begun + 50 or self.failures)
        assert not self.failures, self.failures

    def guarded(self, work, port):
        try:
            work(port)
        except Exception as error:  # noqa: BLE001
            self.failures.append(f"{work.__name__} on {port}: {error!r}")

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def client(self, port):
        return boto3.client(
            "kms",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret,
            config=Config(retries={"max_attempts": 0}),
        )

    def use_and_change(self, port):
        kms = self.client(port)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        other = kms.create_key()["KeyMetadata"]["KeyId"]
        alias, number = f"alias/{key}", 0
        while not self.stopped.is_set():
            number += 1
            blob = kms.encrypt(KeyId=key, Plaintext=b"plaintext")["CiphertextBlob"]
            assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"plaintext"
            kms.update_key_description(KeyId=key, Description=f"{number}")
            self.descriptions[key] = f"{number}"
            grant = kms.create_grant(
                KeyId=key,
                GranteePrincipal=f"arn:aws:iam::{self.account}:root",
                Operations=["Encrypt"],
            )
            kms.disable_key(KeyId=other)
            kms.create_alias(AliasName=alias, TargetKeyId=key)
            kms.delete_alias(AliasName=alias)
            kms.retire_grant(GrantToken=grant["GrantToken"])
            kms.enable_key(KeyId=other)
            if number % 50 == 1:
                kms.rotate_key_on_demand(KeyId=key)
            self.count("rounds of uses and changes")
            time.sleep(0.01)

    def work(self, port):
        """Requests that take long."""
        kms = self.client(port)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        while not self.stopped.is_set():
            kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="RSA_3072")
            self.count("key pairs")
            time.sleep(0.2)

    def keep_alive(self, port):
        """Keeps a connection until it is told to go, and never looks whether it has ended."""
        key = self.client(port).create_key()["KeyMetadata"]["KeyId"]
        body = json.dumps({"KeyId": key, "KeySpec": "AES_256"}).encode()
        signing = {"access_key_id": self.access_key_id, "secret": self.secret}
        connection = None
        while not self.stopped.is_set():
            connection = connection or Connection(port, timeout=30)
            request = api_request(port, "GenerateDataKeyWithoutPlaintext", body, **signing)
            answer = connection.exchange(request)
            assert answer.status == 200, answer
            if answer.ends_connection:
                self.told_to_go += 1
                connection = None
            self.count("data keys over a kept connection")
            time.sleep(random.random() / 10)

    def check_changes(self):
        kms = self.client(self.balancer.http)
        for key, description in self.descriptions.items():
            assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == description
