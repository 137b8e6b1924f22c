"""Three nodes over one database, under load, while nodes are killed, the database is restarted and
a node is cut off: nothing that was acknowledged is lost, and nothing is used that must not be."""

import json
import os
import random
import subprocess
import threading
import time
from contextlib import contextmanager

from history import History, Key, Register, Use
from nodes import Proxy, Refused, Unknown
from postgres import SCRIPT

# What docs/cluster.md promises: `store.staleness_bound`.
BOUND = 2.0

SECONDS = float(os.environ.get("TRENT_CLUSTER_SECONDS", "45"))
KEYS_PER_OWNER = 4
OWNERS, USERS = 3, 4

ACCOUNT_ROOT = "arn:aws:iam::000000000000:root"
PERMITTING = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ROOT}, "Action": "kms:*", "Resource": "*"}
FORBIDDING = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "kms:GenerateDataKeyWithoutPlaintext",
    "Resource": "*",
}


def policy(permitted):
    statements = [PERMITTING] if permitted else [PERMITTING, FORBIDDING]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class Load:
    """Clients of all nodes: owners change their keys, users use all of them."""

    def __init__(self, nodes, seed):
        self.nodes = nodes
        self.seed = seed
        self.history = History()
        self.stopped = threading.Event()
        self.failures = []

    def run(self, faults):
        """Runs the load while `faults` are made one after the other."""
        threads = [self.thread(self.own, number) for number in range(OWNERS)]
        threads += [self.thread(self.use, number) for number in range(USERS)]
        try:
            faults()
        finally:
            self.stopped.set()
            for thread in threads:
                thread.join(60)
        assert not any(thread.is_alive() for thread in threads), "a request never ended"
        assert not self.failures, self.failures

    def thread(self, work, number):
        def guarded():
            try:
                work(random.Random(f"{self.seed}/{work.__name__}/{number}"), number)
            except Exception as error:  # noqa: BLE001
                self.failures.append(f"{work.__name__} {number}: {error!r}")

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    def certainly(self, rng, operation, **members):
        """Asks until it is acknowledged, of whatever node; what is asked may be done twice."""
        while True:
            node = rng.choice(self.nodes)
            try:
                return node, node.call(operation, **members)
            except Unknown:
                self.history.count("tried again")
                time.sleep(0.05)

    def own(self, rng, number):
        keys = [self.make_key(rng) for _ in range(KEYS_PER_OWNER)]
        with self.history.lock:
            self.history.keys += keys
        while not self.stopped.is_set():
            key = rng.choice(keys)
            change = rng.choice([self.enable, self.enable, self.permit, self.rotate, self.describe])
            change(rng, key)
            # Long enough for others to see it, and to use the key after the bound.
            time.sleep(rng.choice([0.0, 0.1, 0.5, 1.5]))

    def make_key(self, rng):
        asked = time.monotonic()
        _, reply = self.certainly(rng, "CreateKey")
        now = time.monotonic()
        metadata = reply["KeyMetadata"]
        return Key(
            key_id=metadata["Arn"],
            enabled=Register(True, asked, now),
            permitted=Register(True, asked, now),
            material=Register(metadata["CurrentKeyMaterialId"], asked, now),
        )

    def enable(self, rng, key):
        enable = not key.enabled.value
        asked = time.monotonic()
        key.enabled.ask(asked)
        self.certainly(rng, "EnableKey" if enable else "DisableKey", KeyId=key.key_id)
        key.enabled.acknowledge(enable, asked, time.monotonic())
        self.history.count("enabled" if enable else "disabled")

    def permit(self, rng, key):
        permitted = not key.permitted.value
        asked = time.monotonic()
        key.permitted.ask(asked)
        self.certainly(rng, "PutKeyPolicy", KeyId=key.key_id, Policy=policy(permitted))
        key.permitted.acknowledge(permitted, asked, time.monotonic())
        self.history.count("permitted" if permitted else "forbidden")

    def describe(self, rng, key):
        text = f"{rng.random()}"
        self.certainly(rng, "UpdateKeyDescription", KeyId=key.key_id, Description=text)
        key.description = text
        self.history.count("described")

    def rotate(self, rng, key):
        if not key.enabled.value or key.rotations + key.rotations_unknown >= 24:
            return
        asked = time.monotonic()
        key.material.ask(asked)
        node = rng.choice(self.nodes)
        try:
            node.call("RotateKeyOnDemand", KeyId=key.key_id)
            key.rotations += 1
        except Unknown:
            # It may happen still, as long as nobody is sure; nothing is expected of the material
            # until the next rotation that is acknowledged.
            key.rotations_unknown += 1
            return
        except Refused as refused:
            # One whose beginning was acknowledged to nobody is under way.
            assert refused.code == "ConflictException", refused
            return
        now = time.monotonic()
        # Changes are acknowledged by one node after the other: this is what the rotation has made.
        try:
            metadata = node.call("DescribeKey", KeyId=key.key_id)["KeyMetadata"]
            key.material.acknowledge(metadata["CurrentKeyMaterialId"], asked, now)
        except Unknown:
            pass
        self.history.count("rotated")

    def use(self, rng, number):
        while not self.stopped.is_set():
            with self.history.lock:
                keys = list(self.history.keys)
            if not keys:
                time.sleep(0.05)
                continue
            key, node = rng.choice(keys), rng.choice(self.nodes)
            start = time.monotonic()
            try:
                reply = node.call("GenerateDataKeyWithoutPlaintext", KeyId=key.key_id, KeySpec="AES_256")
                code, material = None, reply["KeyMaterialId"]
            except Unknown as unknown:
                self.history.count(f"no answer: {unknown}"[:60])
                time.sleep(0.01)
                continue
            except Refused as refused:
                code, material = refused.code, None
            end = time.monotonic()
            self.history.add(Use(node.number, key, start, end, code, material))
            if code is None and rng.random() < 0.05:
                with self.history.lock:
                    self.history.ciphertexts.append((key, reply["CiphertextBlob"]))
            time.sleep(0.002)


def wait_for_all(nodes, seconds=30):
    deadline = time.monotonic() + seconds
    while not all(node.is_ready() for node in nodes):
        assert time.monotonic() < deadline, [node.is_ready() for node in nodes]
        time.sleep(0.1)


class Faults:
    """What goes wrong, one after the other."""

    def __init__(self, nodes, postgres, rng):
        self.nodes = nodes
        self.postgres = postgres
        self.rng = rng
        # Whether a node that was cut off said so.
        self.cut_off = []

    def __call__(self):
        end = time.monotonic() + SECONDS
        time.sleep(2)
        faults = [self.kill, self.silence, self.restart_database, self.refuse, self.end]
        while time.monotonic() < end:
            for fault in faults:
                fault(self.rng.choice(self.nodes))
                wait_for_all(self.nodes)
                time.sleep(1)
                if time.monotonic() > end:
                    break
        assert self.cut_off and not any(self.cut_off), "a node that was cut off was ready"

    def kill(self, node):
        node.trent.kill()
        time.sleep(0.5)
        node.start()

    def end(self, node):
        """As in a rolling restart."""
        assert node.trent.stop() == 0
        node.start()

    def silence(self, node):
        self.cut(node, Proxy.SILENT)

    def refuse(self, node):
        self.cut(node, Proxy.REFUSING)

    def cut(self, node, way):
        node.proxy.cut(way)
        time.sleep(BOUND + 1.5)
        self.cut_off.append(node.is_ready())
        time.sleep(0.5)
        node.proxy.mend()

    def restart_database(self, _):
        subprocess.run([SCRIPT, "crash", self.postgres.folder], check=True)
        time.sleep(0.5)
        subprocess.run([SCRIPT, "start", self.postgres.folder], check=True)


def test_nothing_acknowledged_is_lost_and_nothing_old_is_used(cluster, postgres):
    seed = os.environ.get("TRENT_TEST_SEED") or str(random.SystemRandom().randrange(2**32))
    print(f"TRENT_TEST_SEED={seed}")
    nodes = cluster()
    load = Load(nodes, seed)
    load.run(Faults(nodes, postgres, random.Random(seed)))
    history = load.history
    print(dict(history.counts))
    faults = list(history.faults(BOUND))
    assert not faults, "\n".join([f"{len(faults)} of {len(history.uses)} uses:", *faults[:20]])
    checked = history.checked(BOUND)
    print(len(history.uses), "uses", dict(checked))
    print(len(list(history.faults(0.0))), "of them saw an earlier state, all within the bound")
    assert min(checked[what] for what in ("disabled", "forbidden", "rotated")) > 20, checked
    check_end(nodes, history)


def check_end(nodes, history):
    """Everything that was acknowledged is there, on every node."""
    time.sleep(BOUND)
    for key in history.keys:
        for node in nodes:
            metadata = node.call("DescribeKey", KeyId=key.key_id)["KeyMetadata"]
            assert metadata["Enabled"] == key.enabled.value, key
            assert metadata["Description"] == key.description, key
            found = json.loads(node.call("GetKeyPolicy", KeyId=key.key_id)["Policy"])
            assert (FORBIDDING not in found["Statement"]) == key.permitted.value, key
            listed = node.call("ListKeyRotations", KeyId=key.key_id, Limit=100)["Rotations"]
            most = key.rotations + key.rotations_unknown
            assert key.rotations <= len(listed) <= most, key
    for key in history.keys:
        nodes[0].call("EnableKey", KeyId=key.key_id)
    time.sleep(BOUND)
    assert len(history.ciphertexts) > 50
    for key, ciphertext in history.ciphertexts:
        for node in nodes:
            node.call("Decrypt", KeyId=key.key_id, CiphertextBlob=ciphertext)


@contextmanager
def no_commits(postgres, database):
    """All commits of a database wait."""
    login = ["--host", postgres.folder, "--port", str(postgres.port), "--username", "trent"]
    command = ["psql", *login, "--dbname", database, "--no-psqlrc", "--quiet", "--tuples-only"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as psql:
        print("BEGIN; LOCK TABLE trent_store IN EXCLUSIVE MODE; SELECT 'held';", file=psql.stdin, flush=True)
        assert "held" in psql.stdout.readline()
        yield
        psql.stdin.close()


def test_who_waits_at_a_node_that_is_cut_off_is_told_soon(cluster, postgres):
    nodes = cluster()
    other, node = nodes[:2]
    known, unknown = (other.call("CreateKey")["KeyMetadata"]["KeyId"] for _ in range(2))
    node.call("Encrypt", KeyId=known, Plaintext=b"x")
    answers = {}

    def ask(operation, **members):
        def call():
            try:
                said = node.call(operation, **members)
            except Unknown as unknown:
                said = str(unknown)
            answers[operation] = said, time.monotonic() - cut

        thread = threading.Thread(target=call)
        thread.start()
        return thread

    cut = time.monotonic()
    with no_commits(postgres, node.database):
        asked = [ask("DisableKey", KeyId=known)]
        time.sleep(0.3)
        node.proxy.cut(Proxy.SILENT)
        cut = time.monotonic()
        asked += [ask("DescribeKey", KeyId=unknown), ask("ListKeys"), ask("CreateKey")]
        asked += [ask("UpdateKeyDescription", KeyId=unknown, Description="x")]
        for thread in asked:
            thread.join(30)
    # What may have been written is waited for a second longer.
    said, took = answers.pop("DisableKey")
    assert said == "KMSInternalException" and took < BOUND + 2.5, (said, took)
    assert len(answers) == 4
    for operation, (said, took) in answers.items():
        assert said == "ServiceUnavailable" and took < BOUND + 1.5, (operation, said, took)
    began = time.monotonic()
    for operation in answers:
        ask(operation, **({} if operation == "ListKeys" else {"KeyId": unknown})).join()
        assert answers[operation][0] == "ServiceUnavailable", answers
    assert not node.is_ready() and time.monotonic() - began < 1
    node.proxy.mend()
    wait_for_all(nodes)
    assert node.call("DescribeKey", KeyId=unknown)["KeyMetadata"]["Description"] == ""


def test_what_is_due_happens_once_whichever_nodes_live(cluster):
    nodes = cluster("--rotation-delay", "6s")
    keys = []
    for number in range(240):
        node = nodes[number % 3]
        key = node.call("CreateKey")["KeyMetadata"]["KeyId"]
        node.call("RotateKeyOnDemand", KeyId=key)
        keys.append(key)
    rng = random.Random(1)
    for _ in range(4):
        node = rng.choice(nodes)
        node.trent.kill()
        time.sleep(0.3)
        node.start()
        time.sleep(rng.random())
    deadline = time.monotonic() + 60
    waiting = set(keys)
    while waiting:
        node = rng.choice(nodes)
        for key in list(waiting):
            if node.call("GetKeyRotationStatus", KeyId=key).get("OnDemandRotationStartDate") is None:
                waiting.discard(key)
        assert time.monotonic() < deadline, f"{len(waiting)} of {len(keys)} are not done"
        time.sleep(0.2)
    for number, key in enumerate(keys):
        listed = nodes[number % 3].call("ListKeyRotations", KeyId=key)["Rotations"]
        assert [one["RotationType"] for one in listed] == ["ON_DEMAND"], key


def test_a_node_that_ends_is_not_ready_first_and_answers_until_then(cluster):
    """A rolling restart loses no request: see `http.shutdown_delay`, which `trent dev` has not, for
    the time that load balancers need."""
    nodes = cluster()
    key = nodes[0].call("CreateKey")["KeyMetadata"]["KeyId"]
    for node in nodes:
        assert node.trent.stop() == 0
        others = [other for other in nodes if other is not node]
        for other in others:
            other.call("GenerateDataKey", KeyId=key, KeySpec="AES_256")
        node.start()
        node.call("GenerateDataKey", KeyId=key, KeySpec="AES_256")
