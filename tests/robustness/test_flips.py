"""Bits are flipped in a store with every kind of record. Each flip is noticed, by a server that
does not start or by an exception, or it changes nothing. No answer is ever wrong."""

import base64
import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import flips
import pytest
import trent_server
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from raw_http import Api, Connection, api_request, request_bytes
from sdk_support import import_key
from trent_server import Trent

FLIPS = 500
AT_ONCE = 2

ACCESS_KEY, SECRET = "AKIA0123456789ABCDEF", "a-secret-of-forty-characters-0123456789"
ALLOW = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
}
IDENTITIES = {
    "accounts": {
        "111122223333": {
            "users": {
                "app": {
                    "policies": {"use": {"Version": "2012-10-17", "Statement": [ALLOW]}},
                    "access_keys": [{"id": ACCESS_KEY, "secret": SECRET}],
                },
                **{f"user-{number}": {} for number in range(8)},
            },
            "roles": {"worker": {"trust_policy": TRUST}},
        }
    }
}
# What a server says that does not start.
REFUSALS = ["damaged", "not a store of this program", "is sealed under root key"]

LISTS = [("account", "list"), ("user", "list"), ("role", "list"), ("access-key", "list")]

# What a key is asked, in this order: a use of it counts as its last.
ASKED = [
    "GetKeyLastUsage",
    "DescribeKey",
    "GetKeyPolicy",
    "ListKeyPolicies",
    "ListResourceTags",
    "GetKeyRotationStatus",
    "ListKeyRotations",
    "ListGrants",
    "ListAliases",
    "GetPublicKey",
]


@dataclass
class House:
    """A store, as files, and what is asked of it."""

    files: dict = field(default_factory=dict)
    keys: list = field(default_factory=list)
    aliases: list = field(default_factory=list)
    # Requests about what was made with the keys: operation and members.
    uses: list = field(default_factory=list)

    def requests(self):
        """All questions, as they go over the wire. Signed anew: a signature is good for minutes."""
        asked = [("ListKeys", {"Limit": 1000}), ("ListAliases", {"Limit": 100})]
        for operation in ASKED:
            asked += [(operation, {"KeyId": key}) for key in self.keys]
        asked += [("DescribeKey", {"KeyId": alias}) for alias in self.aliases]
        asked.append(("ListRetirableGrants", {"RetiringPrincipal": RETIRING}))
        requests = [
            api_request(1, operation, json.dumps(members).encode())
            for operation, members in [*asked, *self.uses]
        ]
        return [*requests, who_am_i()]

    def snapshot(self, folder):
        """Database and write-ahead log, as they are now."""
        names = ["trent.db", "trent.db-wal"]
        return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


RETIRING = "arn:aws:iam::111122223333:user/app"


def who_am_i():
    """GetCallerIdentity of AWS STS, signed with an access key of the store."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Host": "127.0.0.1"}
    request = AWSRequest("POST", "http://127.0.0.1/", headers=headers, data=body)
    SigV4Auth(Credentials(ACCESS_KEY, SECRET), "sts", "us-east-1").add_auth(request)
    return request_bytes(list(request.headers.items()), body)


def furnish(house, server):
    """Keys of every kind, and everything that hangs on them."""
    api, kms = Api(server.port), server.client()

    def key(**members):
        house.keys.append(api("CreateKey", **members)["KeyMetadata"]["KeyId"])
        return house.keys[-1]

    def use(operation, **members):
        house.uses.append((operation, {name: text(value) for name, value in members.items()}))

    plain = [key(Description=f"key {number}", Tags=TAGS) for number in range(6)]
    for number, key_id in enumerate(plain):
        house.aliases.append(f"alias/of-key-{number}")
        api("CreateAlias", AliasName=house.aliases[-1], TargetKeyId=key_id)
        use("Decrypt", CiphertextBlob=api.ciphertext(key_id, key_id.encode()))
        api("RotateKeyOnDemand", KeyId=key_id)
    api("EnableKeyRotation", KeyId=plain[0])
    api("DisableKey", KeyId=plain[1])
    api("ScheduleKeyDeletion", KeyId=plain[2])
    grantee = {"GranteePrincipal": RETIRING, "RetiringPrincipal": RETIRING}
    for number in range(6):
        name = f"grant-{number}"
        api("CreateGrant", KeyId=plain[3], Name=name, Operations=["Decrypt"], **grantee)
    primary = key(MultiRegion=True)
    api("ReplicateKey", KeyId=primary, ReplicaRegion="eu-west-1")
    pair = key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    signing = {"KeyId": pair, "Message": b"message", "SigningAlgorithm": "ECDSA_SHA_256"}
    use("Verify", Signature=base64.b64decode(api("Sign", **signing)["Signature"]), **signing)
    decrypting = key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    rsa = {"KeyId": decrypting, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    encrypted = api("Encrypt", Plaintext=b"of RSA", **rsa)["CiphertextBlob"]
    use("Decrypt", CiphertextBlob=base64.b64decode(encrypted), **rsa)
    house.keys.append(import_key(kms, "HMAC_256", "GENERATE_VERIFY_MAC", bytes(range(32))))
    use("GenerateMac", KeyId=house.keys[-1], Message=b"message", MacAlgorithm="HMAC_SHA_256")


TAGS = [{"TagKey": "owner", "TagValue": "somebody"}]


def text(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A furnished store that was closed: there is no write-ahead log."""
    house, folder = House(), tmp_path_factory.mktemp("house")
    identities = folder / "identities.json"
    identities.write_text(json.dumps(IDENTITIES))
    with Trent("--identities", identities, data_dir=folder / "data") as server:
        furnish(house, server)
    house.files = {
        **house.snapshot(folder / "data"),
        "root.key": (folder / "data/root.key").read_bytes(),
    }
    return house


class Trial:
    """The store in one state, and what it answers."""

    def __init__(self, folder, house):
        self.folder, self.house = folder, house
        self.requests = house.requests()

    def put(self, files):
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for old in self.folder.iterdir():
            old.unlink()
        for name, content in files.items():
            path = self.folder / name
            path.write_bytes(content)
            path.chmod(0o600)

    def answers(self, files):
        """What a server over these files answers, and what it has logged; if it does not start, no
        answers."""
        self.put(files)
        with open(self.folder.with_suffix(".log"), "w+") as log:
            server = Trent("--log", "error", data_dir=self.folder, log=log)
            answers = None
            try:
                server.start()
                with Connection(server.port, timeout=20) as connection:
                    answers = [self.ask(connection, request) for request in self.requests]
                answers += [self.list_of(log, *arguments) for arguments in LISTS]
                server.kill()
            except RuntimeError:
                # It has ended without the line `Ready.`.
                assert server.process.returncode == 1, server.process.returncode
                server.process.stdout.close()
            log.seek(0)
            return answers, log.read()

    def ask(self, connection, request):
        answer = connection.exchange(request)
        if answer.status == 500:
            return None
        return re.sub(rb"<RequestId>.*?</RequestId>", b"", answer.body)

    def list_of(self, log, *arguments):
        command = [trent_server.BINARY, *arguments, "--data-dir", self.folder, "--output", "json"]
        environment = trent_server.clean_environment()
        ran = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=log, timeout=20, env=environment
        )
        return ran.stdout if ran.returncode == 0 else None


def judge(true, answers, log):
    """What became of a flip; an answer that is wrong is raised."""
    assert "panicked" not in log, log
    if answers is None:
        assert any(text in log for text in REFUSALS), log
        return "refused"
    assert len(answers) == len(true)
    wrong = [pair for pair in zip(true, answers) if pair[1] is not None and pair[0] != pair[1]]
    assert not wrong, f"instead of {wrong[0][0]} came {wrong[0][1]}"
    if None in answers:
        assert "damaged" in log, log
        return "named"
    return "harmless"


def flip_all(tmp_path, house, files, places, truths):
    """Tries each flip; `truths` has for each the lists of answers one of which is to come."""
    def outcome(trial, flip):
        answers, log = trial.answers(flip.applied(files))
        faults = []
        for true in truths(flip):
            try:
                return judge(true, answers, log)
            except AssertionError as fault:
                faults.append(str(fault))
        return f"{flip}: {faults[0]}"

    def worker(number):
        trial = Trial(tmp_path / f"trial-{number}", house)
        outcomes = []
        for index, flip in enumerate(places[number::AT_ONCE]):
            if index % 50 == 0:
                trial.requests = house.requests()
            outcomes.append(outcome(trial, flip))
        return outcomes

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = [one for some in pool.map(worker, range(AT_ONCE)) for one in some]
    counts = {what: outcomes.count(what) for what in ("refused", "named", "harmless")}
    print(counts)
    faults = [one for one in outcomes if one not in counts]
    assert not faults, "\n".join(faults)
    return counts


def test_no_flip_in_a_store_that_was_closed_makes_an_answer_wrong(tmp_path, rng, house):
    trial = Trial(tmp_path / "true", house)
    true, log = trial.answers(house.files)
    assert judge(true, true, log) == "harmless" and trial.answers(house.files)[0] == true
    database = {"trent.db": house.files["trent.db"]}
    places = [
        *flips.anywhere(database, rng, FLIPS // 2),
        *flips.in_structure(database, rng, FLIPS // 2),
    ]
    counts = flip_all(tmp_path, house, house.files, places, lambda _: [true])
    assert counts["refused"] > FLIPS / 10 and counts["named"] > FLIPS / 20, counts


def test_no_flip_in_a_store_that_was_killed_makes_an_answer_wrong(tmp_path, rng, house):
    """The newest changes are in the write-ahead log alone. What is damaged in the very last one
    looks like a write that lost its power, and that one alone is then undone."""
    trial = Trial(tmp_path / "true", house)
    trial.put(house.files)
    server = Trent(data_dir=trial.folder)
    server.start()
    api = Api(server.port)
    for number, key_id in enumerate(house.keys[3:]):
        api("TagResource", KeyId=key_id, Tags=[{"TagKey": "n", "TagValue": str(number)}])
        api("CreateAlias", AliasName=f"alias/late-{number}", TargetKeyId=key_id)
        house.aliases.append(f"alias/late-{number}")
    house.keys.append(api("CreateKey", Description="late")["KeyMetadata"]["KeyId"])
    before = {**house.files, **house.snapshot(trial.folder)}
    api("UpdateKeyDescription", KeyId=house.keys[-1], Description="the last change")
    server.process.send_signal(signal.SIGKILL)
    server.kill()
    files = {**house.files, **house.snapshot(trial.folder)}
    last = len(before["trent.db-wal"])
    assert files["trent.db-wal"][:last] == before["trent.db-wal"] != files["trent.db-wal"]

    trial.requests = house.requests()
    true, true_before = trial.answers(files)[0], trial.answers(before)[0]
    assert true != true_before
    sqlite = {name: files[name] for name in ("trent.db", "trent.db-wal")}
    places = [
        *flips.anywhere(sqlite, rng, FLIPS // 2),
        *flips.in_structure(sqlite, rng, FLIPS // 2),
    ]

    def truths(flip):
        is_in_last = flip.name == "trent.db-wal" and flip.offset >= last
        return [true, true_before] if is_in_last else [true]

    counts = flip_all(tmp_path, house, files, places, truths)
    assert counts["refused"] > FLIPS / 10, counts


def test_a_large_store_is_read_for_damage_beside_the_work(tmp_path, rng, house):
    trial = Trial(tmp_path / "large", house)

    def end(files):
        """The status of a server over these files, if it ends by itself, and what it has logged."""
        trial.put(files)
        # SQLite reads as many pages as the first one says.
        os.truncate(trial.folder / "trent.db", 300 * 1024 * 1024)
        path = tmp_path / "log"
        with open(path, "w") as log, Trent("--log", "info", data_dir=trial.folder, log=log) as one:
            deadline = time.monotonic() + 20
            while "read for damage" not in path.read_text() and time.monotonic() < deadline:
                if one.process.poll() is not None:
                    break
                time.sleep(0.01)
            return one.process.poll(), path.read_text()

    status, log = end(house.files)
    assert status is None and "there is none" in log, log
    database = {"trent.db": house.files["trent.db"]}
    ends = []
    # Not every damage is there; of some, the server that starts comes to know by itself.
    for flip in flips.in_structure(database, rng, 40):
        try:
            status, log = end(flip.applied(house.files))
        except RuntimeError:
            continue
        assert (status == 1) == ("nothing more is answered" in log), log
        ends.append(status)
    assert 1 in ends, ends
