"""The store is changed by somebody who can write the database file and does not have the root key,
or by a failing disk. What is damaged is noticed and named; everything else works."""

import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest
import trent_server
from raw_http import Api
from trent_server import wait_until

KEYS = 30
ACCOUNT, REGION = "000000000000", "us-east-1"
PERIOD = 90
SETTING, KEY, ALIAS = 1, 2, 3

# Of sealed bytes: format (1), id of the root key (8), nonce (16), ciphertext, tag (16).
ROOT_KEY_ID = slice(1, 9)

KEYED = [
    ("DescribeKey", {}),
    ("Encrypt", {"Plaintext": b"x"}),
    ("GenerateDataKey", {"KeySpec": "AES_256"}),
    ("GetKeyPolicy", {}),
    ("GetKeyRotationStatus", {}),
    ("ListAliases", {}),
    ("ListKeyRotations", {}),
    ("ListResourceTags", {}),
    ("DisableKey", {}),
    ("EnableKeyRotation", {}),
    ("RotateKeyOnDemand", {}),
    ("ScheduleKeyDeletion", {}),
    ("TagResource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    ("UpdateKeyDescription", {"Description": "other"}),
]


def arn_of(key_id):
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key_id}"


def damaged_text(key_id):
    return f"The record of {arn_of(key_id)} is damaged."


class House:
    """A data directory with keys in it, and the server over it."""

    def __init__(self, path, servers, keys=KEYS):
        self.path = path
        self.log = open(path.with_suffix(".log"), "w+")
        self.server = servers(data_dir=path, log=self.log)
        self.api = Api(self.server.port)
        self.server.start()
        self.keys, self.aliases, self.ciphertexts = [], {}, {}
        for number in range(keys):
            key_id = self.api("CreateKey", Description=f"key {number}")["KeyMetadata"]["KeyId"]
            name = f"alias/key-{number:02}"
            self.api("CreateAlias", AliasName=name, TargetKeyId=key_id)
            self.keys.append(key_id)
            self.aliases[key_id] = name
            self.ciphertexts[key_id] = self.api.ciphertext(name, key_id.encode())
        self.stop()

    @property
    def database(self):
        return self.path / "trent.db"

    def start(self):
        self.log.seek(0)
        self.log.truncate()
        self.server.start()

    def stop(self):
        assert self.server.stop() == 0

    def logged(self):
        self.log.flush()
        text = self.path.with_suffix(".log").read_text()
        assert "panicked" not in text, text
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    def sql(self, statement, *values):
        """One statement on the database, which the server does not have open."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def row(self, key_id):
        """Version, sealed bytes and due time of a key."""
        columns = "SELECT version, sealed, due_at FROM record WHERE kind = ? AND name = ?"
        [row] = self.sql(columns, KEY, key_id)
        return row

    def put(self, column, value, kind, name):
        self.sql(f"UPDATE record SET {column} = ? WHERE kind = ? AND name = ?", value, kind, name)

    def put_sealed(self, sealed_of_keys):
        """The sealed bytes of many keys at once."""
        rows = [(sealed, KEY, key_id) for key_id, sealed in sealed_of_keys.items()]
        with closing(sqlite3.connect(self.database)) as connection, connection:
            statement = "UPDATE record SET sealed = ? WHERE kind = ? AND name = ?"
            assert connection.executemany(statement, rows).rowcount == len(rows)

    def check_whole(self, but=()):
        """Every key works under its id and its alias, apart from those that are damaged; and all
        are listed."""
        listed = [entry["KeyId"] for entry in self.api.pages("ListKeys", "Keys", Limit=7)]
        assert listed == sorted(self.keys)
        aliases = self.api.aliases(Limit=7)
        assert {key_id: name for name, key_id in aliases.items()} == self.aliases
        for key_id in self.keys:
            if key_id not in but:
                plaintext = self.api.plaintext(self.ciphertexts[key_id])
                assert plaintext == key_id.encode()
                described = self.api("DescribeKey", KeyId=self.aliases[key_id])
                assert described["KeyMetadata"]["KeyId"] == key_id

    def check_damaged(self, key_id, operations=KEYED):
        """Whatever needs the key says that its record is damaged, to the client and in the log."""
        refusals = [self.api.refused(name, KeyId=key_id, **rest) for name, rest in operations]
        refusals.append(self.api.refused("DescribeKey", KeyId=self.aliases[key_id]))
        refusals.append(self.api.refused("Decrypt", CiphertextBlob=self.ciphertexts[key_id]))
        refusals.append(
            self.api.refused("CreateAlias", AliasName="alias/new", TargetKeyId=key_id)
        )
        for refusal in refusals:
            assert refusal.answer.status == 500
            assert refusal.code == "KMSInternalException"
            assert refusal.answer.text == damaged_text(key_id)
        assert f"the record of {arn_of(key_id)} is damaged" in self.logged()


@pytest.fixture
def house(tmp_path, servers):
    return House(tmp_path / "data", servers)


@pytest.fixture
def small_house(tmp_path, servers):
    return House(tmp_path / "data", servers, keys=5)


def flipped(data, offset, bit=0):
    changed = bytearray(data)
    changed[offset] ^= 1 << bit
    return bytes(changed)


def test_a_flipped_byte_of_a_key_is_noticed_wherever_it_is_and_leaves_other_keys_alone(house, rng):
    length = len(house.row(house.keys[0])[1])
    # All of the frame, and a sample of what it frames.
    offsets = [*range(26), *sorted(rng.sample(range(26, length - 16), 14)), *range(-16, 0, 5), -1]
    for offset in offsets:
        victim = rng.choice(house.keys)
        sealed = house.row(victim)[1]
        house.put("sealed", flipped(sealed, offset, rng.randrange(8)), KEY, victim)
        house.start()
        house.check_damaged(victim)
        house.check_whole(but={victim})
        house.stop()
        house.put("sealed", sealed, KEY, victim)
    house.start()
    house.check_whole()


def test_every_byte_of_a_key_is_authenticated(house):
    genuine = {key_id: house.row(key_id)[1] for key_id in house.keys}
    length = min(map(len, genuine.values()))
    offset = 0
    while offset < length:
        # Every key but one has another byte flipped, so that few restarts are needed.
        victims = dict(zip(house.keys[1:], range(offset, length)))
        house.put_sealed({key: flipped(genuine[key], at) for key, at in victims.items()})
        house.start()
        for key_id in victims:
            house.check_damaged(key_id, operations=KEYED[:2])
        house.check_whole(but=victims)
        house.stop()
        house.put_sealed({key_id: genuine[key_id] for key_id in victims})
        offset += len(victims)
    assert offset >= length


@pytest.mark.parametrize("how", ["empty", "shortened", "extended", "zeros", "random"])
def test_a_key_whose_record_is_no_record_any_more_is_noticed(small_house, rng, how):
    house, victim = small_house, small_house.keys[2]
    sealed = house.row(victim)[1]
    changed = {
        "empty": b"",
        "shortened": sealed[: rng.randrange(1, len(sealed))],
        "extended": sealed + b"\0",
        "zeros": bytes(len(sealed)),
        "random": rng.randbytes(len(sealed)),
    }[how]
    house.put("sealed", changed, KEY, victim)
    house.start()
    house.check_damaged(victim)
    house.check_whole(but={victim})


def test_two_keys_with_their_records_exchanged_are_both_noticed(house):
    one, other = house.keys[3], house.keys[17]
    sealed_one, sealed_other = house.row(one)[1], house.row(other)[1]
    assert house.row(one)[0] == house.row(other)[0], "equal versions: only the name tells"
    house.put("sealed", sealed_other, KEY, one)
    house.put("sealed", sealed_one, KEY, other)
    house.start()
    house.check_damaged(one)
    house.check_damaged(other)
    house.check_whole(but={one, other})


def test_an_older_record_of_a_key_in_the_place_of_the_newer_is_noticed(house):
    # A row that is put back as a whole, version and sealed bytes, is as it was written and cannot
    # be told from the newest one; that is for backups and file permissions to prevent.
    victim = house.keys[5]
    older = house.row(victim)
    house.start()
    house.api("DisableKey", KeyId=victim)
    house.stop()
    newer = house.row(victim)
    assert newer[0] == older[0] + 1
    house.put("sealed", older[1], KEY, victim)
    house.start()
    house.check_damaged(victim)
    house.check_whole(but={victim})
    house.stop()
    house.put("sealed", newer[1], KEY, victim)
    house.start()
    assert house.api("DescribeKey", KeyId=victim)["KeyMetadata"]["KeyState"] == "Disabled"


@pytest.mark.parametrize("column, value", [("version", 7), ("account", "111111111111")])
def test_a_key_moved_to_another_version_or_account_is_noticed(small_house, column, value):
    house, victim = small_house, small_house.keys[1]
    house.put(column, value, KEY, victim)
    house.start()
    refusal = house.api.refused("Decrypt", CiphertextBlob=house.ciphertexts[victim])
    account = value if column == "account" else ACCOUNT
    assert refusal.code == "KMSInternalException"
    text = damaged_text(victim).replace(ACCOUNT, account)
    assert refusal.answer.text == text
    assert text.rstrip(".").lower() in house.logged().lower()
    for key_id in house.keys:
        if key_id != victim:
            assert house.api.plaintext(house.ciphertexts[key_id]) == key_id.encode()


# --- Aliases --------------------------------------------------------------------------------------


def test_a_damaged_alias_is_noticed_and_its_key_and_the_other_aliases_work(house):
    victim = house.keys[8]
    name = house.aliases[victim]
    [(sealed,)] = house.sql("SELECT sealed FROM record WHERE kind = ? AND name = ?", ALIAS, name)
    for offset in (0, 5, 20, len(sealed) // 2, len(sealed) - 1):
        house.put("sealed", flipped(sealed, offset), ALIAS, name)
        house.start()
        refusals = [
            house.api.refused("DescribeKey", KeyId=name),
            house.api.refused("Encrypt", KeyId=name, Plaintext=b"x"),
            house.api.refused("UpdateAlias", AliasName=name, TargetKeyId=house.keys[0]),
        ]
        for refusal in refusals:
            assert refusal.code == "KMSInternalException"
            assert name in refusal.answer.text and "damaged" in refusal.answer.text
        assert f"{name} is damaged" in house.logged()
        for key_id in house.keys:
            assert house.api.plaintext(house.ciphertexts[key_id]) == key_id.encode()
            if key_id != victim:
                described = house.api("DescribeKey", KeyId=house.aliases[key_id])
                assert described["KeyMetadata"]["KeyId"] == key_id
                house.api("ListAliases", KeyId=key_id)
        house.stop()


def test_a_listing_of_aliases_never_passes_over_a_damaged_one_in_silence(small_house):
    house, victim = small_house, small_house.keys[2]
    name = house.aliases[victim]
    [(sealed,)] = house.sql("SELECT sealed FROM record WHERE kind = ? AND name = ?", ALIAS, name)
    house.put("sealed", flipped(sealed, 30), ALIAS, name)
    house.start()
    for members in ({}, {"KeyId": victim}):
        refusal = house.api.refused("ListAliases", **members)
        assert refusal.code == "KMSInternalException" and name in refusal.answer.text
    assert f"{name} is damaged" in house.logged()
    # Pages that it is not on are answered.
    sound = house.keys[0]
    page = house.api("ListAliases", KeyId=sound)
    assert [entry["AliasName"] for entry in page["Aliases"]] == [house.aliases[sound]]


def test_an_alias_cannot_be_made_to_point_at_another_key(house):
    one, other = house.aliases[house.keys[2]], house.aliases[house.keys[4]]
    select = "SELECT sealed FROM record WHERE kind = ? AND name = ?"
    [(sealed_one,)], [(sealed_other,)] = (house.sql(select, ALIAS, name) for name in (one, other))
    house.put("sealed", sealed_other, ALIAS, one)
    house.put("sealed", sealed_one, ALIAS, other)
    house.start()
    for name in (one, other):
        refusal = house.api.refused("Encrypt", KeyId=name, Plaintext=b"secret")
        assert refusal.code == "KMSInternalException" and name in refusal.answer.text


def test_an_alias_filed_under_another_key_is_not_deleted_with_that_key(small_house):
    house = small_house
    doomed, other = house.keys[0], house.keys[1]
    name = house.aliases[other]
    house.put("owner", doomed, ALIAS, name)
    house.start()
    listed = house.api("ListAliases", KeyId=doomed)["Aliases"]
    assert [entry["AliasName"] for entry in listed] == [house.aliases[doomed]]
    house.api("ScheduleKeyDeletion", KeyId=doomed, PendingWindowInDays=7)
    house.server.advance("P8D")
    assert house.api.refused("DescribeKey", KeyId=doomed).code == "NotFoundException"
    assert house.api("DescribeKey", KeyId=name)["KeyMetadata"]["KeyId"] == other


# --- Due times ------------------------------------------------------------------------------------


def rotations(house, key_id):
    return house.api.pages("ListKeyRotations", "Rotations", KeyId=key_id)


def next_rotation(house, key_id):
    return house.api("GetKeyRotationStatus", KeyId=key_id)["NextRotationDate"]


def with_rotation(house):
    """All keys get automatic rotation; returns the dates of the next."""
    house.start()
    for key_id in house.keys:
        house.api("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=PERIOD)
    dates = {key_id: next_rotation(house, key_id) for key_id in house.keys}
    house.stop()
    return dates


def test_a_due_time_moved_to_the_past_does_not_rotate_early_and_is_put_right(small_house):
    house = small_house
    dates = with_rotation(house)
    one, never, *_ = house.keys
    right = house.row(one)[2]
    assert right == round(dates[one] * 1000)
    house.start()
    house.api("DisableKeyRotation", KeyId=never)
    house.stop()
    house.put("due_at", 1, KEY, one)
    house.put("due_at", 1, KEY, never)
    house.start()
    wait_until(lambda: house.server.get("/_trent/health")["jobs"]["last_run"])
    house.server.advance("P1D")
    assert rotations(house, one) == rotations(house, never) == []
    assert next_rotation(house, one) == dates[one]
    house.stop()
    assert house.row(one)[2] == right
    assert house.row(never)[2] is None
    house.start()
    house.server.advance("P90D")
    assert [entry["RotationDate"] for entry in rotations(house, one)] == [dates[one]]
    assert rotations(house, never) == []


def test_a_deletion_cannot_be_brought_forward_by_its_due_time(small_house):
    house, victim = small_house, small_house.keys[0]
    house.start()
    house.api("ScheduleKeyDeletion", KeyId=victim, PendingWindowInDays=30)
    house.stop()
    house.put("due_at", 1, KEY, victim)
    house.start()
    house.server.advance("P20D")
    state = house.api("DescribeKey", KeyId=victim)["KeyMetadata"]["KeyState"]
    assert state == "PendingDeletion"
    house.server.advance("P11D")
    assert house.api.refused("DescribeKey", KeyId=victim).code == "NotFoundException"


def test_a_due_time_moved_to_the_future_delays_the_rotation_and_loses_none(small_house):
    # The due time is what the jobs look for, so a later one makes them come later. It is put right
    # by whatever is next written of the key, or when the false time has come.
    house = small_house
    dates = with_rotation(house)
    written, waiting, removed, *others = house.keys
    later = round((dates[waiting] + 20 * 24 * 3600) * 1000)
    house.put("due_at", later, KEY, written)
    house.put("due_at", later, KEY, waiting)
    house.put("due_at", None, KEY, removed)
    house.start()
    house.server.advance("P91D")
    assert [len(rotations(house, key_id)) for key_id in others] == [1] * len(others)
    assert rotations(house, written) == rotations(house, waiting) == rotations(house, removed) == []
    for key_id in (written, removed):
        house.api("UpdateKeyDescription", KeyId=key_id, Description="written")
    house.server.advance("PT1S")
    assert len(rotations(house, written)) == len(rotations(house, removed)) == 1
    assert rotations(house, waiting) == []
    house.server.advance("P20D")
    assert len(rotations(house, waiting)) == 1
    house.server.advance("P90D")
    for key_id in house.keys:
        listed = [entry["RotationDate"] for entry in rotations(house, key_id)]
        assert len(listed) == 2 and listed == sorted(listed), listed
        second = dates[key_id] + PERIOD * 24 * 3600
        assert round(listed[1] * 1000) == round(second * 1000)
        assert house.api.plaintext(house.ciphertexts[key_id]) == key_id.encode()


def test_damaged_keys_that_are_due_do_not_keep_the_others_from_rotating(small_house):
    house = small_house
    dates = with_rotation(house)
    # The first and the last of those that are due.
    damaged = [house.keys[0], house.keys[4]]
    for key_id in damaged:
        house.put("sealed", flipped(house.row(key_id)[1], 40), KEY, key_id)
    house.start()
    house.server.advance("P91D")
    for key_id in house.keys[1:4]:
        assert [entry["RotationDate"] for entry in rotations(house, key_id)] == [dates[key_id]]
    assert house.server.get("/_trent/health")["jobs"]["damaged_records"] == 2
    for key_id in damaged:
        house.check_damaged(key_id)
        assert re.search(f"record={arn_of(key_id)}|record=\"{arn_of(key_id)}\"", house.logged())
    house.server.advance("P90D")
    assert [len(rotations(house, key_id)) for key_id in house.keys[1:4]] == [2, 2, 2]
    house.stop()
    # After a restart they are due again and are in nobody's way again.
    house.start()
    house.server.advance("P90D")
    assert [len(rotations(house, key_id)) for key_id in house.keys[1:4]] == [3, 3, 3]
    house.check_whole(but=damaged)


def test_more_damaged_keys_than_are_worked_on_at_once_do_not_keep_the_others_from_rotating(
    tmp_path, servers
):
    house = House(tmp_path / "data", servers, keys=300)
    dates = with_rotation(house)
    *damaged, last = house.keys
    house.put_sealed({key_id: flipped(house.row(key_id)[1], 40) for key_id in damaged})
    house.start()
    house.server.advance("P91D")
    assert [entry["RotationDate"] for entry in rotations(house, last)] == [dates[last]]
    assert house.server.get("/_trent/health")["jobs"]["damaged_records"] == len(damaged)


def test_a_damaged_alias_does_not_keep_other_keys_from_being_deleted(small_house):
    house = small_house
    first, second = house.keys[:2]
    name = house.aliases[first]
    [(sealed,)] = house.sql("SELECT sealed FROM record WHERE kind = ? AND name = ?", ALIAS, name)
    house.put("sealed", flipped(sealed, 30), ALIAS, name)
    house.start()
    for key_id in (first, second):
        house.api("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    house.server.advance("P8D")
    assert house.api.refused("DescribeKey", KeyId=second).code == "NotFoundException"
    assert f"{name} is damaged" in house.logged()


# --- The root key, and the store as a whole -------------------------------------------------------


def refused_to_start(data_dir):
    """Starts a server that must not start; what it says."""
    port = trent_server.free_port()
    result = subprocess.run(
        [trent_server.BINARY, "dev", "--listen", f"127.0.0.1:{port}", "--data-dir", data_dir],
        capture_output=True,
        text=True,
        timeout=30,
        env=trent_server.clean_environment(),
    )
    assert result.returncode == 1, result
    assert "Ready." not in result.stdout and "panicked" not in result.stderr, result
    return re.sub(r"\x1b\[[0-9;]*m", "", result.stderr)


def root_key_id(house):
    return house.row(house.keys[0])[1][ROOT_KEY_ID].hex()


def test_another_root_key_is_refused_naming_both(tmp_path, servers):
    one = House(tmp_path / "one", servers, keys=1)
    other = House(tmp_path / "other", servers, keys=1)
    genuine = (one.path / "root.key").read_bytes()
    shutil.copy(other.path / "root.key", one.path / "root.key")
    said = refused_to_start(one.path)
    assert root_key_id(one) != root_key_id(other)
    assert root_key_id(one) in said and root_key_id(other) in said, said
    assert "root key" in said
    (one.path / "root.key").write_bytes(genuine)
    one.start()
    one.check_whole()


@pytest.mark.parametrize("how", ["missing", "empty", "short", "garbage"])
def test_a_root_key_that_is_none_is_refused_naming_the_file(tmp_path, servers, how):
    house = House(tmp_path / "data", servers, keys=1)
    path = house.path / "root.key"
    genuine = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        content = {"empty": b"", "short": genuine[:-4], "garbage": b"\xff" * 82}[how]
        path.write_bytes(content)
    said = refused_to_start(house.path)
    assert str(path) in said, said
    # Least of all is a new root key made over the store.
    assert path.exists() == (how != "missing")
    path.write_bytes(genuine)
    path.chmod(0o600)
    house.start()
    house.check_whole()


def test_a_root_key_that_others_can_read_is_refused(tmp_path, servers):
    house = House(tmp_path / "data", servers, keys=1)
    (house.path / "root.key").chmod(0o640)
    said = refused_to_start(house.path)
    assert "root.key" in said and "chmod 600" in said


def test_files_of_the_data_directory_are_private(tmp_path, servers):
    house = House(tmp_path / "data", servers, keys=1)
    house.start()
    assert house.path.stat().st_mode & 0o777 == 0o700
    for name in os.listdir(house.path):
        assert (house.path / name).stat().st_mode & 0o077 == 0, name


def test_damaged_settings_keep_the_server_from_starting_and_are_named(tmp_path, servers):
    house = House(tmp_path / "data", servers, keys=1)
    house.start()
    house.server.advance("P1D")
    house.stop()
    settings = house.sql("SELECT name, sealed FROM record WHERE kind = ?", SETTING)
    assert {name for name, _ in settings} == {"root-key", "clock"}
    for name, sealed in settings:
        house.put("sealed", flipped(sealed, len(sealed) - 1), SETTING, name)
        assert name in refused_to_start(house.path)
        house.put("sealed", sealed, SETTING, name)
    house.start()
    house.check_whole()


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_file_that_is_no_store_is_refused_or_empty(tmp_path, servers, content):
    house = House(tmp_path / "data", servers, keys=1)
    genuine = house.database.read_bytes()
    house.database.write_bytes(content)
    if content:
        assert "store" in refused_to_start(house.path)
        assert house.database.read_bytes() == content, "it was written to"
        house.database.write_bytes(genuine)
        house.start()
        house.check_whole()
    else:
        house.start()
        assert house.api("ListKeys")["Keys"] == []


def test_a_second_server_on_the_same_data_directory_is_refused(tmp_path, servers):
    house = House(tmp_path / "data", servers, keys=2)
    house.start()
    assert "in use" in refused_to_start(house.path)
    house.check_whole()
