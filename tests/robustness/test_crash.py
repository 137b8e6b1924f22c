"""The server is killed (SIGKILL) at random moments. What it acknowledged must still be there."""

import http.client
import itertools
import random
import subprocess
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import botocore.exceptions
import trent_server
from raw_http import Api
from trent_server import Trent, wait_until

ROUNDS = 80
WORKERS = 6
ACKNOWLEDGED_PER_ROUND_MAX = 200
EARLIER_KEYS_PER_ROUND = 12
STARTS_KILLED = 25

KINDS = ("keys", "rotations", "ciphertexts", "aliases", "tags")

CONNECTION_LOST = (
    botocore.exceptions.ConnectionClosedError,
    botocore.exceptions.EndpointConnectionError,
    botocore.exceptions.ConnectionError,
    botocore.exceptions.HTTPClientError,
)


@dataclass
class Key:
    """What is known of one key: what must be there, and what may be."""

    key_id: str
    tags: dict = field(default_factory=dict)
    tags_cut_off: dict = field(default_factory=lambda: defaultdict(set))
    rotations: int = 0
    rotations_cut_off: int = 0
    ciphertexts: list = field(default_factory=list)


class Known:
    """Everything that the server has acknowledged, and what was cut off."""

    def __init__(self):
        self.lock = threading.Lock()
        self.keys = {}
        self.order = []
        self.aliases = {}
        self.aliases_cut_off = {}
        self.touched = set()
        self.acknowledged = 0
        self.totals = defaultdict(int)
        self.serial = itertools.count()

    def began(self):
        with self.lock:
            self.touched = set()
            self.acknowledged = 0

    def add(self, what, key_id):
        """Counts an acknowledgement; the caller holds the lock."""
        self.touched.add(key_id)
        self.acknowledged += 1
        self.totals[what] += 1


class Worker:
    """One client, which does what comes to its mind until the server is gone."""

    def __init__(self, number, known, client, seed):
        self.tag = f"worker-{number}"
        self.known = known
        self.client = client
        self.rng = random.Random(seed)
        self.stop = threading.Event()

    def run(self):
        steps = [self.create_key, self.rotate, self.encrypt, self.alias, self.tag_resource]
        while not self.stop.is_set():
            step = self.rng.choices(steps, weights=[2, 3, 6, 2, 3])[0]
            try:
                step()
            except CONNECTION_LOST:
                return

    def some_key(self):
        """Mostly one of the newest few, so that the workers meet on the same keys."""
        with self.known.lock:
            order = self.known.order
            if not order:
                return None
            among = order[-8:] if self.rng.random() < 0.7 else order
            return self.known.keys[self.rng.choice(among)]

    def create_key(self):
        tag = str(next(self.known.serial))
        reply = self.client.create_key(Tags=[{"TagKey": "made-as", "TagValue": tag}])
        key = Key(reply["KeyMetadata"]["KeyId"], {"made-as": tag})
        with self.known.lock:
            self.known.keys[key.key_id] = key
            self.known.order.append(key.key_id)
            self.known.add("keys", key.key_id)

    def rotate(self):
        if not (key := self.some_key()):
            return
        try:
            self.client.rotate_key_on_demand(KeyId=key.key_id)
        except CONNECTION_LOST:
            with self.known.lock:
                key.rotations_cut_off += 1
                self.known.touched.add(key.key_id)
            raise
        except botocore.exceptions.ClientError as error:
            # Another worker is rotating the same key, or it has had its 25.
            code = error.response["Error"]["Code"]
            assert code in ("ConflictException", "LimitExceededException"), error
            if code == "LimitExceededException":
                with self.known.lock:
                    assert key.rotations + key.rotations_cut_off + WORKERS >= 25, key
            return
        with self.known.lock:
            key.rotations += 1
            self.known.add("rotations", key.key_id)

    def encrypt(self):
        if not (key := self.some_key()):
            return
        plaintext = self.rng.randbytes(self.rng.randrange(1, 200))
        context = {"n": str(next(self.known.serial))} if self.rng.random() < 0.5 else {}
        reply = self.client.encrypt(
            KeyId=key.key_id, Plaintext=plaintext, EncryptionContext=context
        )
        with self.known.lock:
            key.ciphertexts.append((reply["CiphertextBlob"], plaintext, context))
            self.known.add("ciphertexts", key.key_id)

    def alias(self):
        if not (key := self.some_key()):
            return
        name = f"alias/crash-{next(self.known.serial)}"
        try:
            self.client.create_alias(AliasName=name, TargetKeyId=key.key_id)
        except CONNECTION_LOST:
            with self.known.lock:
                self.known.aliases_cut_off[name] = key.key_id
            raise
        with self.known.lock:
            self.known.aliases[name] = key.key_id
            self.known.add("aliases", key.key_id)

    def tag_resource(self):
        if not (key := self.some_key()):
            return
        value = str(next(self.known.serial))
        try:
            self.client.tag_resource(
                KeyId=key.key_id, Tags=[{"TagKey": self.tag, "TagValue": value}]
            )
        except CONNECTION_LOST:
            with self.known.lock:
                key.tags_cut_off[self.tag].add(value)
                self.known.touched.add(key.key_id)
            raise
        with self.known.lock:
            key.tags[self.tag] = value
            self.known.add("tags", key.key_id)


def check_key(api, key):
    """Holds one key against what is known of it, and takes note of how what was cut off ended."""
    metadata = api("DescribeKey", KeyId=key.key_id)["KeyMetadata"]
    assert metadata["KeyState"] == "Enabled", metadata
    tags = api.pages("ListResourceTags", "Tags", KeyId=key.key_id)
    tags = {tag["TagKey"]: tag["TagValue"] for tag in tags}
    for name in tags.keys() | key.tags.keys():
        allowed = {key.tags.get(name), *key.tags_cut_off[name]}
        assert tags.get(name) in allowed, f"tag {name} of {key.key_id}: {tags.get(name)}, {allowed}"
    rotations = api.pages(
        "ListKeyRotations", "Rotations", KeyId=key.key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL"
    )
    dates = [entry["RotationDate"] for entry in rotations[1:]]
    assert "RotationDate" not in rotations[0], rotations
    assert key.rotations <= len(dates) <= key.rotations + key.rotations_cut_off, (key, dates)
    materials = [entry["KeyMaterialId"] for entry in rotations]
    assert len(set(materials)) == len(materials)
    states = [entry["KeyMaterialState"] for entry in rotations]
    assert states == ["NON_CURRENT"] * len(dates) + ["CURRENT"]
    assert metadata["CurrentKeyMaterialId"] == materials[-1]
    for blob, plaintext, context in key.ciphertexts:
        assert api.plaintext(blob, EncryptionContext=context) == plaintext
    # From here on it is known, and must not change any more.
    key.tags, key.rotations = tags, len(dates)
    key.tags_cut_off.clear()
    key.rotations_cut_off = 0


def on_demand_rotations_are_completed(api, key_ids):
    """Whether no rotation is under way any more: one that was cut off is completed at the start."""
    return not any(
        "OnDemandRotationStartDate" in api("GetKeyRotationStatus", KeyId=key_id)
        for key_id in key_ids
    )


def check_lists(api, known):
    listed = {entry["KeyId"] for entry in api.pages("ListKeys", "Keys", Limit=1000)}
    assert known.keys.keys() <= listed, "acknowledged keys are missing"
    aliases = api.aliases(Limit=100)
    missing = known.aliases.items() - aliases.items()
    assert not missing, f"acknowledged aliases are missing or point elsewhere: {missing}"
    surplus = aliases.items() - known.aliases.items() - known.aliases_cut_off.items()
    assert not surplus, f"aliases that nobody asked for: {surplus}"
    known.aliases, known.aliases_cut_off = aliases, {}


def crash_round(server, known, clients, rng):
    """Lets the workers work and kills the server after a random number of acknowledgements and a
    few random fractions of a millisecond."""
    known.began()
    until = rng.randrange(ACKNOWLEDGED_PER_ROUND_MAX)
    instant = rng.random() * 0.004
    workers = [Worker(n, known, client, rng.random()) for n, client in enumerate(clients)]
    with ThreadPoolExecutor(WORKERS) as pool:
        running = [pool.submit(worker.run) for worker in workers]
        while known.acknowledged < until and all(not one.done() for one in running):
            time.sleep(0.0005)
        time.sleep(instant)
        server.kill()
        # A worker that waits between two calls would find the next server.
        for worker in workers:
            worker.stop.set()
        for one in running:
            one.result()


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path, rng, servers):
    known = Known()
    with open(tmp_path / "log", "w") as log:
        server = servers(data_dir=tmp_path / "data", log=log)
        clients = [
            server.client(connect_timeout=5, read_timeout=30, max_pool_connections=1)
            for _ in range(WORKERS)
        ]
        api = Api(server.port)
        for number in range(ROUNDS):
            server.start()
            crash_round(server, known, clients, rng)
            print(f"round {number}: killed after {known.acknowledged} acknowledgements")
            server.start()
            check_lists(api, known)
            wait_until(lambda: on_demand_rotations_are_completed(api, known.touched))
            earlier = [key_id for key_id in known.order if key_id not in known.touched]
            earlier = rng.sample(earlier, min(EARLIER_KEYS_PER_ROUND, len(earlier)))
            for key_id in [*sorted(known.touched), *earlier]:
                check_key(api, known.keys[key_id])
            # Half of the restarts follow a crash, the other half another kill without work.
            server.kill()
        server.start()
        check_lists(api, known)
        assert on_demand_rotations_are_completed(api, known.keys)
        for key in known.keys.values():
            check_key(api, key)
        print(dict(known.totals))
        assert all(known.totals[what] > ROUNDS for what in KINDS), known.totals
        assert server.get("/_trent/health")["jobs"]["failures"] == 0
        assert server.stop() == 0
    assert "panicked" not in (tmp_path / "log").read_text()


def test_a_server_killed_while_it_starts_starts_the_next_time(tmp_path, rng):
    def killed_after(data_dir, seconds):
        port = trent_server.free_port()
        process = subprocess.Popen(
            [trent_server.BINARY, "dev", "--listen", f"127.0.0.1:{port}", "--data-dir", data_dir],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=trent_server.clean_environment(),
        )
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            pass
        process.kill()
        process.wait()

    for number in range(STARTS_KILLED):
        data_dir = tmp_path / f"data-{number}"
        # The first start makes root key and store, the second one opens them.
        killed_after(data_dir, rng.random() * 0.02)
        with Trent(data_dir=data_dir) as server:
            api = Api(server.port)
            key_id = api("CreateKey")["KeyMetadata"]["KeyId"]
            ciphertext = api.ciphertext(key_id, b"from before")
        killed_after(data_dir, rng.random() * 0.02)
        with Trent(data_dir=data_dir) as server:
            assert Api(server.port).plaintext(ciphertext) == b"from before"


TRAVELLERS = 300
PERIOD_DAYS = 90
PERIOD_MS = PERIOD_DAYS * 24 * 3600 * 1000
JOURNEYS = 8
LOOKED_AT_MS = 5_000


def milliseconds(seconds):
    """A timestamp of the API, exactly."""
    return round(seconds * 1000)


def clock_of(server):
    """The server's clock, and how far it is ahead, in milliseconds."""
    now = server.get("/_trent/clock")["now"]
    real = time.time_ns() // 1_000_000
    now = round(datetime.fromisoformat(now).timestamp() * 1000)
    return now, now - real


def check_grid(api, key_id, enabled, started, now):
    """The schedule has a date every period. Each of them has its rotation at that date or, after a
    crash, at a start of the server; one made at a start also makes up for those before it."""
    rotations = api.pages("ListKeyRotations", "Rotations", KeyId=key_id)
    assert {entry["RotationType"] for entry in rotations} <= {"AUTOMATIC"}
    dates = [milliseconds(entry["RotationDate"]) for entry in rotations]
    assert all(one < later for one, later in itertools.pairwise(dates)), dates
    assert not dates or dates[-1] <= now, f"rotated in the future: {dates[-1]}, {now}"
    periods = [(date - enabled) // PERIOD_MS for date in dates]
    assert len(set(periods)) == len(periods), f"rotated twice for one date: {enabled}, {dates}"
    for before, period, date in zip([0, *periods], periods, dates):
        on_grid = (date - enabled) % PERIOD_MS == 0 and period == before + 1
        caught_up = any(since <= date <= until for since, until in started)
        assert on_grid or caught_up, f"{date} is neither the next of {dates} nor a catch-up"
    current = (now - enabled) // PERIOD_MS
    assert (periods[-1] if periods else 0) == current, f"missed: {enabled}, {dates}, {now}"
    status = api("GetKeyRotationStatus", KeyId=key_id)
    assert milliseconds(status["NextRotationDate"]) - enabled == (current + 1) * PERIOD_MS
    return len(dates)


def test_a_server_killed_while_time_is_played_through_rotates_every_key_once(
    tmp_path, rng, servers
):
    server = servers(data_dir=tmp_path / "data").start()
    api = Api(server.port)
    enabled, ciphertexts = {}, []

    def new_key(_):
        key_id = api("CreateKey")["KeyMetadata"]["KeyId"]
        api("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=PERIOD_DAYS)
        status = api("GetKeyRotationStatus", KeyId=key_id)
        enabled[key_id] = milliseconds(status["NextRotationDate"]) - PERIOD_MS

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(new_key, range(TRAVELLERS)))

    def encrypt_with(key_ids):
        for key_id in key_ids:
            plaintext = rng.randbytes(24)
            ciphertexts.append((api.ciphertext(key_id, plaintext), plaintext))

    encrypt_with(enabled)
    # How long it takes when nothing happens, which says when to kill.
    began = time.perf_counter()
    server.advance("P200D")
    took = time.perf_counter() - began
    started, interrupted = [], 0
    for number in range(JOURNEYS):
        before, _ = clock_of(server)
        rotated = sum(
            len(api.pages("ListKeyRotations", "Rotations", KeyId=key_id)) for key_id in enabled
        )
        journey = threading.Thread(target=travel_and_be_cut_off, args=(server.port,))
        journey.start()
        time.sleep(rng.random() * took)
        server.kill()
        journey.join()
        spawned = time.time_ns() // 1_000_000
        server.start()
        now, ahead = clock_of(server)
        assert now >= before, f"time went back from {before} to {now}"
        # What was due is caught up with; what is due in a moment becomes due.
        wait_until(lambda: none_is_due(server, api, enabled), seconds=60)
        now, _ = clock_of(server)
        started.append((spawned + ahead - 5, now))
        counts = [check_grid(api, key_id, at, started, now) for key_id, at in enabled.items()]
        interrupted += 0 < sum(counts) - rotated < 2 * TRAVELLERS
        print(f"journey {number}: {sum(counts) - rotated} rotations, clock {now - before} ms on")
        for ciphertext, plaintext in ciphertexts:
            assert api.plaintext(ciphertext) == plaintext
        encrypt_with(rng.sample(sorted(enabled), 40))
    assert interrupted, "no kill came in the middle"
    before, _ = clock_of(server)
    server.advance("P200D")
    now, _ = clock_of(server)
    assert now - before >= 200 * 24 * 3600 * 1000
    wait_until(lambda: none_is_due(server, api, enabled), seconds=60)
    now, _ = clock_of(server)
    for key_id, at in enabled.items():
        check_grid(api, key_id, at, started, now)
    health = server.get("/_trent/health")["jobs"]
    assert health["failures"] == health["damaged_records"] == 0
    assert server.stop() == 0


def travel_and_be_cut_off(port):
    """POSTs to the clock; the connection is expected to end without an answer, or with one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/_trent/clock", '{"advance": "P200D"}')
        connection.getresponse().read()
    except (ConnectionError, http.client.HTTPException):
        pass
    finally:
        connection.close()


def none_is_due(server, api, key_ids):
    """Whether nothing is due, nor becomes due while the keys are looked at."""
    due = min(
        milliseconds(api("GetKeyRotationStatus", KeyId=key_id)["NextRotationDate"])
        for key_id in key_ids
    )
    return due > clock_of(server)[0] + LOOKED_AT_MS
