"""Very many rotations that come due at the same moment, on three nodes at work: none is lost, none
happens twice, and how many happen in a second is printed."""

import json
import threading
import time
import uuid
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest
import zstandard
from nodes import data_dir_of
from raw_http import Connection, api_request
from trent_server import Trent

KEYS = 100_000
NODES = 3

# From the beginning of the seeding; where that takes longer, the keys are overdue when the nodes begin.
DUE_AFTER = timedelta(seconds=15)

MATERIAL = "5cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9"


@pytest.fixture
def nodes(postgres, tmp_path):
    """Nodes that speak with the database directly and keep an audit log, not yet started."""
    url = postgres.new_database()
    with open(tmp_path / "log", "w") as log:
        made = []
        for number in range(NODES):
            data_dir = data_dir_of(number, tmp_path)
            node = Trent(
                *("--store-url", url, "--audit-dir", data_dir / "audit"), data_dir=data_dir, log=log
            )
            node.audit = data_dir / "audit"
            made.append(node)
        yield made
        for node in made:
            if node.process is not None and node.process.poll() is None:
                node.kill()


def test_what_comes_due_at_once_is_rotated_exactly_once(nodes, tmp_path):
    keys = [str(uuid.uuid4()) for _ in range(KEYS)]
    begun = time.monotonic()
    due = datetime.now(timezone.utc).replace(microsecond=0) + DUE_AFTER
    seeding, *others = nodes
    seeding.arguments += ["--seed", str(seed(tmp_path / "seed.yaml", keys, due))]
    seeding.start()
    print(f"{KEYS} keys made in {time.monotonic() - begun:.1f} s")
    due = max(due, datetime.now(timezone.utc))
    for node in others:
        node.start()

    while sum(map(rotations, nodes)) < KEYS:
        assert time.monotonic() < begun + 180, "waited too long"
        time.sleep(0.1)
    took = (datetime.now(timezone.utc) - due).total_seconds()
    shares = [rotations(node) for node in nodes]
    print(f"rotated in {took:.1f} s: {KEYS / took:.0f} keys/s; by node {shares}")
    assert min(shares) > KEYS / 10, "a node has not done its share"

    begun = time.monotonic()
    check_keys(nodes, keys)
    print(f"checked in {time.monotonic() - begun:.1f} s")
    # Whoever had done one twice would have done it by now.
    assert sum(map(rotations, nodes)) == KEYS
    assert [node.stop() for node in nodes] == [0] * NODES
    check_records(nodes, keys, shares)


def seed(path, keys, due):
    """A seed file of keys that rotate at `due`, all with the same key material."""
    key = "      - {{Metadata: {{KeyId: {}}}, BackingKeys: {}, NextKeyRotation: {}}}\n"
    with open(path, "w") as file:
        file.write("Keys:\n  Symmetric:\n    Aes:\n")
        file.write(key.format(keys[0], f"&material [{MATERIAL}]", f"&due {due:%Y-%m-%dT%H:%M:%SZ}"))
        file.writelines(key.format(one, "*material", "*due") for one in keys[1:])
    return path


def rotations(node):
    """How many automatic rotations a node has done."""
    return node.get("/_trent/health")["jobs"]["automatic_rotations"]


def check_keys(nodes, keys):
    """Every key has rotated once, as any node says."""
    failures = []

    def check(number):
        try:
            listed = Listed(nodes[number % NODES].port)
            mine = keys[number :: 2 * NODES]
            for begin in range(0, len(mine), Listed.AT_ONCE):
                listed.check(mine[begin : begin + Listed.AT_ONCE])
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=check, args=(number,)) for number in range(2 * NODES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


class Listed:
    """The rotations of keys, asked for one after the other without waiting for the answers."""

    # As many requests as fit into the buffers of a connection.
    AT_ONCE = 50

    def __init__(self, port):
        self.connection = Connection(port, timeout=30)
        # A node of development does not verify the signature of an access key that it does not know.
        body = json.dumps({"KeyId": ""}).encode()
        request = api_request(port, "ListKeyRotations", body)
        self.head, _, self.body = request.partition(body)
        length = len(body) + len(str(uuid.UUID(int=0)))
        assert self.head.count(b"Content-Length: ") == 1
        self.head = self.head.replace(b"Content-Length: %d" % len(body), b"Content-Length: %d" % length)

    def check(self, keys):
        bodies = [json.dumps({"KeyId": key}).encode() for key in keys]
        self.connection.send(b"".join(self.head + body for body in bodies))
        later = []
        for key in keys:
            answer = self.connection.receive()
            if answer.code == "ServiceUnavailable":
                later.append(key)
                continue
            assert answer.status == 200, (key, answer)
            [rotation] = answer.json["Rotations"]
            assert rotation["KeyId"].endswith(key) and rotation["RotationType"] == "AUTOMATIC", key
        if later:
            # The machine is busy: the node has not been able to follow the others in time.
            time.sleep(1)
            self.check(later)


def check_records(nodes, keys, shares):
    """The audit logs of all nodes have one rotation of every key, each node those that it counted."""
    recorded = [list(recorded_rotations(node.audit)) for node in nodes]
    assert [len(rotated) for rotated in recorded] == shares
    rotated = Counter(key for some in recorded for key in some)
    assert rotated == Counter(keys)


def recorded_rotations(folder):
    for path in [*folder.glob("audit-*.jsonl"), *folder.glob("audit-*.jsonl.zst")]:
        read = zstandard.open if path.suffix == ".zst" else open
        with read(path, "rt") as file:
            for line in file:
                if '"RotateKey"' in line:
                    event = json.loads(line)["event"]
                    assert event["eventName"] == "RotateKey"
                    details = event["serviceEventDetails"]
                    assert details["previousKeyMaterialId"] != details["currentKeyMaterialId"]
                    yield details["keyId"]
