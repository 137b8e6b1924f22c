"""Servers whose disks fail, fill up, lose power, or that are killed, at random moments. What was
acknowledged stays, nothing is there by halves, each answer has its record in the audit log, the
server says what is wrong, and when the fault ends it goes on."""

import base64
import itertools
import json
import random
import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import faults
import pytest
from faults import AUDIT, STORE, Faults
from raw_http import Api, ApiError, Connection, Malformed
from trent_server import TrentServe, wait_until

# Of the matrix below, for each kind of fault.
ROUNDS = 14
# How many seconds a round waits for its first fault.
PATIENCE = 1
STARTS = 40
WORKERS = 3
OLD_KEYS_PER_ROUND = 4
ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
HOME, ABROAD = "us-east-1", "eu-west-1"

LOST = (ConnectionError, Malformed, TimeoutError)

# What the log says of the faults of each target.
SAID = {
    # SQLite calls a page malformed that cannot be read.
    STORE: ["disk is full", "disk I/O error", "disk image is malformed", "unable to open"],
    AUDIT: "the audit log cannot be written, no request is answered",
}
CAUSES = re.compile(
    r"disk is full|disk I/O error|disk image is malformed|unable to open database file"
    r"|unable to get the page|No space left on device|Input/output error"
)


class Fact:
    """What something may be: one value, or several after a change whose end is not known."""

    def __init__(self, *values):
        self.allowed = list(values)

    def is_known(self):
        return len(self.allowed) == 1

    def found(self, value, what):
        assert value in self.allowed, f"{what} is {value}, not one of {self.allowed}"
        self.allowed = [value]


@dataclass
class Key:
    """What is known of a key and what hangs on it."""

    key_id: str
    description: Fact
    replicated: Fact = field(default_factory=lambda: Fact(False))
    aliases: dict = field(default_factory=dict)
    grants: dict = field(default_factory=dict)
    rotations: int = 0
    rotations_maybe: int = 0
    ciphertexts: list = field(default_factory=list)


class Run:
    """A server with faults below it, and all that is known of its keys."""

    def __init__(self, directory, library, rng, durability, data_dir=None):
        self.rng, self.durability = rng, durability
        self.faults = Faults(library, directory / "control", rng.getrandbits(60))
        # What a loss of power does not take: a log that is not synchronized survives a crash only.
        self.durable = STORE | AUDIT if durability == "fsync" else STORE
        audit = {"durability": durability}
        # Files that are soon full, so that others are begun, and can be read here.
        audit |= {"max_file_size": "16 KiB", "compress": False}
        self.log = directory / "log"
        self.server = TrentServe(
            directory,
            tls=False,
            settings={"audit": audit, "memory": {"lock": "off"}},
            log=open(self.log, "w"),
        )
        if data_dir:
            self.server.data_dir = data_dir
            self.server.configure({**self.server.settings, "data_dir": str(data_dir)})
        options = ["--data-dir", self.server.data_dir]
        made = self.server.run("init", *options, "--account", ACCOUNT, "--output", "json")
        assert made.returncode == 0, made.stderr
        access_key = json.loads(made.stdout)["AccessKey"]
        self.signing = {
            "access_key_id": access_key["AccessKeyId"],
            "secret": access_key["SecretAccessKey"],
        }
        self.public_key = directory / "audit.pub"
        self.serial = itertools.count()
        self.keys, self.answered = [], set()
        self.unknown_keys, self.surplus = 0, set()

    def api(self, region=HOME):
        return Api(self.server.port, region=region, **self.signing)

    def start(self):
        self.faults.started()
        # Not below other commands, which have files of their own.
        self.server.env = self.faults.env
        self.server.start()
        self.server.env = {}
        if not self.public_key.exists():
            printed = self.server.run("audit", "public-key", "--data-dir", self.server.data_dir)
            self.public_key.write_text(printed.stdout)

    def verify(self):
        """What `trent audit verify` says of the log: its status and its output."""
        folder = self.server.data_dir / "audit"
        return self.server.run("audit", "verify", "--public-key", self.public_key, folder)

    def recorded(self):
        """The ids of the requests in the audit log."""
        files = self.server.data_dir.glob("audit/audit-*.jsonl")
        texts = [re.findall(r'"requestID":"([^"]*)"', path.read_text()) for path in files]
        return set(itertools.chain(*texts))


class Worker:
    """One client, with keys of its own, which does what comes to its mind."""

    def __init__(self, run, seed):
        self.run = run
        self.api, self.abroad = run.api(), run.api(ABROAD)
        self.rng = random.Random(seed)
        self.keys = []
        self.stop = threading.Event()
        self.failed = 0

    def work(self):
        steps = {
            self.create: 2,
            self.describe: 3,
            self.alias: 3,
            self.move_alias: 2,
            self.delete_alias: 1,
            self.grant: 3,
            self.revoke: 2,
            self.replicate: 2,
            self.rotate: 1,
            self.encrypt: 3,
            self.look: 3,
        }
        try:
            while not self.stop.is_set():
                if self.keys:
                    self.rng.choices([*steps], [*steps.values()])[0](self.rng.choice(self.keys))
                else:
                    self.create(None)
        except LOST:
            pass

    def ask(self, operation, maybe, api=None, **members):
        """The reply; nothing if the request fails as it may. `maybe` is called if it is not known
        whether the change was made."""
        try:
            answer = (api or self.api).answer(operation, **members)
        except LOST:
            maybe()
            raise
        if answer.status == 200:
            self.run.answered.add(answer.header("x-amzn-requestid"))
            return answer.json if answer.body else {}
        if answer.code == "ConflictException":
            # A rotation whose answer was lost is under way.
            return None
        assert (answer.status, answer.code) == (500, "KMSInternalException"), answer
        self.failed += 1
        maybe()
        return None

    def change(self, fact, value, operation, **members):
        reply = self.ask(operation, lambda: fact.allowed.append(value), **members)
        if reply is not None:
            fact.allowed = [value]
        return reply

    def text(self):
        return f"text-{next(self.run.serial)}"

    def create(self, _):
        def maybe():
            self.run.unknown_keys += 1

        text = self.text()
        reply = self.ask("CreateKey", maybe, Description=text, MultiRegion=True)
        if reply:
            key = Key(reply["KeyMetadata"]["KeyId"], Fact(text))
            self.keys.append(key)
            self.run.keys.append(key)

    def describe(self, key):
        text = self.text()
        members = {"KeyId": key.key_id, "Description": text}
        self.change(key.description, text, "UpdateKeyDescription", **members)

    def alias(self, key):
        name = f"alias/{self.text()}"
        key.aliases[name] = Fact(None)
        members = {"AliasName": name, "TargetKeyId": key.key_id}
        self.change(key.aliases[name], key.key_id, "CreateAlias", **members)

    def known_alias(self, key):
        """An alias that is there, or none."""
        known = [name for name, fact in key.aliases.items() if fact.is_known() and fact.allowed[0]]
        return self.rng.choice(known) if known else None

    def move_alias(self, key):
        if name := self.known_alias(key):
            target = self.rng.choice(self.keys).key_id
            members = {"AliasName": name, "TargetKeyId": target}
            self.change(key.aliases[name], target, "UpdateAlias", **members)

    def delete_alias(self, key):
        if name := self.known_alias(key):
            self.change(key.aliases[name], None, "DeleteAlias", AliasName=name)

    def grant(self, key):
        name = self.text()
        key.grants[name] = Fact(None)
        members = {"KeyId": key.key_id, "Name": name, "Operations": ["Decrypt"]}
        members |= {"GranteePrincipal": ROOT, "RetiringPrincipal": ROOT}
        reply = self.ask("CreateGrant", lambda: key.grants[name].allowed.append(True), **members)
        if reply:
            key.grants[name].allowed = [reply["GrantId"]]

    def revoke(self, key):
        known = [name for name, fact in key.grants.items() if fact.is_known() and fact.allowed[0]]
        if known:
            name = self.rng.choice(known)
            members = {"KeyId": key.key_id, "GrantId": key.grants[name].allowed[0]}
            self.change(key.grants[name], None, "RevokeGrant", **members)

    def replicate(self, key):
        if key.replicated.allowed == [False]:
            members = {"KeyId": key.key_id, "ReplicaRegion": ABROAD}
            self.change(key.replicated, True, "ReplicateKey", **members)

    def rotate(self, key):
        if key.rotations + key.rotations_maybe < 20:
            def maybe():
                key.rotations_maybe += 1

            if self.ask("RotateKeyOnDemand", maybe, KeyId=key.key_id) is not None:
                key.rotations += 1

    def encrypt(self, key):
        plaintext = self.rng.randbytes(20)
        reply = self.ask("Encrypt", lambda: None, KeyId=key.key_id, Plaintext=plaintext)
        if reply:
            key.ciphertexts.append((reply["CiphertextBlob"], plaintext))

    def look(self, key):
        """Whatever the disk does, an answer is right."""
        reply = self.ask("DescribeKey", lambda: None, KeyId=key.key_id)
        if reply:
            assert reply["KeyMetadata"]["Description"] in key.description.allowed, reply
        if key.ciphertexts:
            sealed, plaintext = self.rng.choice(key.ciphertexts)
            reply = self.ask("Decrypt", lambda: None, CiphertextBlob=sealed)
            assert not reply or base64.b64decode(reply["Plaintext"]) == plaintext


def check(run, rng, all_keys=False):
    """Holds everything against what is known; from then on it is known for sure."""
    api, abroad = run.api(), run.api(ABROAD)
    listed = {entry["KeyId"] for entry in api.pages("ListKeys", "Keys", Limit=1000)}
    known = {key.key_id for key in run.keys}
    assert known <= listed, f"acknowledged keys are missing: {known - listed}"
    surplus = listed - known
    assert run.surplus <= surplus and len(surplus) <= run.unknown_keys, (surplus, run.unknown_keys)
    run.surplus, run.unknown_keys = surplus, len(surplus)
    aliases = api.aliases(Limit=100)
    for key in run.keys:
        for name, fact in key.aliases.items():
            fact.found(aliases.pop(name, None), name)
    assert not aliases, f"aliases that nobody asked for: {aliases}"
    grants = api.pages("ListRetirableGrants", "Grants", Limit=100, RetiringPrincipal=ROOT)
    retirable = {grant["GrantId"]: grant["KeyId"].rpartition("/")[2] for grant in grants}
    old = run.keys[:-8]
    some = rng.sample(old, min(len(old), OLD_KEYS_PER_ROUND))
    for key in run.keys if all_keys else [*some, *run.keys[-8:]]:
        of_key = {grant for grant, owner in retirable.items() if owner == key.key_id}
        check_key(api, abroad, key, of_key)


def check_key(api, abroad, key, retirable):
    def rotated():
        return "OnDemandRotationStartDate" not in api("GetKeyRotationStatus", KeyId=key.key_id)

    wait_until(rotated)
    metadata = api("DescribeKey", KeyId=key.key_id)["KeyMetadata"]
    key.description.found(metadata["Description"], f"the description of {key.key_id}")
    regions = metadata["MultiRegionConfiguration"]["ReplicaKeys"]
    key.replicated.found(bool(regions), f"whether {key.key_id} has a replica")
    # Either both keys know of each other, or there is one.
    answer = abroad.answer("DescribeKey", KeyId=key.key_id)
    assert (answer.status == 200) == bool(regions), (answer, regions)
    rotations = len(api.pages("ListKeyRotations", "Rotations", KeyId=key.key_id, Limit=100))
    assert key.rotations <= rotations <= key.rotations + key.rotations_maybe, (key, rotations)
    key.rotations, key.rotations_maybe = rotations, 0
    grants = api.pages("ListGrants", "Grants", KeyId=key.key_id, Limit=100)
    assert {grant["GrantId"] for grant in grants} == retirable, "a grant is there by halves"
    ids = {grant["Name"]: grant["GrantId"] for grant in grants}
    for name, fact in key.grants.items():
        if True in fact.allowed and name in ids:
            fact.allowed.append(ids[name])
        fact.found(ids.pop(name, None), f"grant {name}")
    assert not ids, f"grants that nobody asked for: {ids}"
    for sealed, plaintext in key.ciphertexts:
        assert api.plaintext(base64.b64decode(sealed)) == plaintext


def ready(run):
    """Whether the server says that it is ready."""
    with Connection(run.server.port) as connection:
        asked = b"GET /_trent/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
        return connection.exchange(asked, "GET").status == 200


def works(run):
    """Whether the server is ready and writes again."""
    if not ready(run):
        return False
    answer = run.api().answer("CreateKey", Description="after a fault", MultiRegion=True)
    if answer.status != 200:
        run.unknown_keys += 1
        return False
    run.keys.append(Key(answer.json["KeyMetadata"]["KeyId"], Fact("after a fault")))
    return True


class Mode:
    """When calls fail: one of them, the n-th and those after it, or some now and then."""

    def __init__(self, rng, is_rare=False):
        if is_rare:
            self.rate, self.skip, self.times = faults.ALWAYS, 0, rng.choice([1, 1000])
            return
        self.rate, self.skip, self.times = {
            "one": lambda: (faults.ALWAYS, rng.randrange(60), rng.randrange(1, 4)),
            "all": lambda: (faults.ALWAYS, rng.randrange(60), faults.WITHOUT_END),
            "some": lambda: (rng.choice([600, 6000, 30000]), 0, faults.WITHOUT_END),
        }[rng.choice(["one", "all", "some"])]()


def play_round(run, kinds, targets):
    """Clients work while calls fail; then either the fault ends or the server is killed. Returns
    whether it was killed, and how many requests failed."""
    rng = run.rng
    workers = [Worker(run, rng.random()) for _ in range(WORKERS)]
    for number, worker in enumerate(workers):
        # Each goes on with some of the newest keys, and nobody else with the same.
        worker.keys = run.keys[-6:][number::WORKERS]
    # Files are begun and ended now and then only.
    is_rare = targets == AUDIT and kinds in (["CREATE_ENOSPC"], ["SYNC_EIO"])
    mode = Mode(rng, is_rare)
    with ThreadPoolExecutor(WORKERS) as pool:
        working = [pool.submit(worker.work) for worker in workers]
        time.sleep(rng.random() * 0.05)
        if kinds:
            before = run.faults.count()
            run.faults.begin(kinds, targets, mode.rate, mode.skip, mode.times)
            # How fast the clients are is the machine's affair.
            end = time.monotonic() + PATIENCE
            while run.faults.count() == before and time.monotonic() < end:
                time.sleep(0.005)
        time.sleep(0.05 + rng.random() * 0.1)
        is_killed = not kinds or rng.random() < 0.5
        if is_killed:
            run.server.kill()
        run.faults.end()
        for worker in workers:
            worker.stop.set()
        for one in working:
            one.result()
    return is_killed, sum(worker.failed for worker in workers)


def play(run, kinds, targets):
    """Many rounds, each with its check."""
    rng, failed, torn = run.rng, 0, 0
    run.start()
    for _ in range(ROUNDS):
        is_killed, failures = play_round(run, kinds, targets)
        failed += failures
        if not is_killed:
            # Without a restart.
            wait_until(lambda: works(run), seconds=10)
            check(run, rng)
            run.server.kill()
        if rng.random() < 0.7:
            torn += run.faults.lose_power(rng, run.durable)
        run.start()
        check(run, rng)
        verified = run.verify()
        assert verified.returncode == 0, verified.stdout + verified.stderr
        missing = run.answered - run.recorded()
        assert not missing, f"answered and not recorded: {missing}"
    check(run, rng, all_keys=True)
    assert run.server.stop() == 0
    injected = {kind: count for kind, count in run.faults.injected.items() if count}
    print(f"{run.durability}: {len(run.keys)} keys, {len(run.answered)} answers", end=", ")
    print(f"{failed} failures, {torn} sectors torn, {injected}")
    log = run.log.read_text()
    assert "panicked" not in log
    return failed, torn, log


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return faults.library(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def run(request, tmp_path, library, rng):
    # The audit log is synchronized with each record, or when a file ends.
    run = Run(tmp_path, library, rng, getattr(request, "param", rng.choice(["fsync", "written"])))
    yield run
    if run.server.process and run.server.process.poll() is None:
        run.server.kill()


# What goes on with the rest of a short write does not fail.
@pytest.mark.parametrize(
    "kind", ["WRITE_ENOSPC", "WRITE_EIO", "WRITE_SHORT", "WRITE_TORN", "SYNC_EIO", "READ_EIO"]
)
def test_faults_below_the_store(run, kind):
    failed, _, log = play(run, [kind], STORE)
    assert run.faults.injected[kind]
    assert (kind == "WRITE_SHORT") == (not failed)
    assert not failed or any(text in log for text in SAID[STORE])
    assert "the audit log cannot be written" not in log


@pytest.mark.parametrize(
    "kinds",
    [
        ["WRITE_ENOSPC"],
        ["WRITE_EIO"],
        ["WRITE_SHORT"],
        ["WRITE_TORN"],
        ["WRITE_TORN", "TRUNCATE_EIO"],
        ["CREATE_ENOSPC"],
    ],
    ids="+".join,
)
def test_faults_below_the_audit_log(run, kinds):
    failed, _, log = play(run, kinds, AUDIT)
    assert any(run.faults.injected[kind] for kind in kinds)
    assert (kinds == ["WRITE_SHORT"]) == (not failed)
    assert not failed or SAID[AUDIT] in log and "can be written again" in log


@pytest.mark.parametrize("run", ["fsync", "written"], indirect=True)
def test_an_audit_log_that_is_not_synchronized(run):
    failed, _, log = play(run, ["SYNC_EIO"], AUDIT)
    assert run.faults.injected["SYNC_EIO"] and failed
    assert SAID[AUDIT] in log and "can be written again" in log


def test_faults_everywhere(run):
    failed, _, _ = play(run, faults.KINDS, STORE | AUDIT)
    assert failed


def test_lost_power(run):
    _, torn, _ = play(run, [], 0)
    assert torn


def test_faults_while_it_starts(run):
    """It starts, or says why not; either way nothing is lost."""
    run.start()
    refused = 0
    for number in range(STARTS):
        worker = Worker(run, run.rng.random())
        worker.create(None)
        for _ in range(10):
            worker.alias(worker.keys[0])
        # Mostly there is something in the write-ahead log to recover.
        run.server.kill() if run.rng.random() < 0.8 else run.server.stop()
        mode = Mode(run.rng)
        run.faults.begin(faults.KINDS, STORE | AUDIT, mode.rate, mode.skip, mode.times)
        said = run.log.stat().st_size
        try:
            run.start()
        except RuntimeError:
            refused += 1
            assert run.server.process.returncode == 1
            with open(run.log) as log:
                log.seek(said)
                assert CAUSES.search(log.read())
        else:
            run.server.kill()
        run.faults.end()
        run.faults.lose_power(run.rng, run.durable)
        run.start()
        check(run, run.rng)
    check(run, run.rng, all_keys=True)
    assert refused > STARTS / 10
    assert "panicked" not in run.log.read_text()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]).returncode:
        pytest.skip("only root may mount")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_disk_that_is_full(tmp_path, small_disk, library, rng):
    run = Run(tmp_path, library, rng, "written", data_dir=small_disk / "data")
    run.start()
    try:
        worker = Worker(run, rng.random())
        while worker.failed < 20:
            worker.create(None)
            for key in worker.keys[-1:]:
                worker.alias(key)
                worker.encrypt(key)
        assert not ready(run)
        assert "No space left on device" in run.log.read_text()
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
        wait_until(lambda: works(run), seconds=10)
        check(run, rng, all_keys=True)
        run.server.kill()
        run.start()
        check(run, rng, all_keys=True)
        assert run.verify().returncode == 0
        assert run.server.stop() == 0
    finally:
        run.server.kill()
