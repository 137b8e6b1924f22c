"""Time: the clock that can be moved, what happens when time has passed, restarts, reset."""

import urllib.error
import urllib.request
from datetime import timedelta

import pytest
from sdk_support import (
    DAY,
    Subject,
    close_to,
    denied,
    flat,
    key_arn,
    members,
    moment,
    pages,
    raises,
    utc_now,
)
from trent_server import wait_until

SEED_KEY = "bc436485-5092-42b8-92a3-0aa8b93536dc"
SEED = f"""
Keys:
  Symmetric:
    Aes:
      - Metadata:
          KeyId: {SEED_KEY}
        BackingKeys:
          - 5cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9
        NextKeyRotation: "{{next}}"
"""


def clock(server):
    return moment(server.get("/_trent/clock")["now"])


def set_clock(server, to):
    return server.post("/_trent/clock", {"set": to})


def rotations(kms, key):
    return kms.list_key_rotations(KeyId=key)["Rotations"]


# The clock


def test_the_clock_shows_real_time_until_it_is_moved(machine):
    answer = machine.get("/_trent/clock")
    assert answer.keys() == {"now", "offset"}
    assert close_to(utc_now(), moment(answer["now"]))
    assert answer["offset"] == "PT0S"


@pytest.mark.parametrize(
    ("duration", "by"),
    [
        ("PT1S", timedelta(seconds=1)),
        ("PT90M", timedelta(minutes=90)),
        ("P1D", DAY),
        ("P400D", 400 * DAY),
        ("P2W", 14 * DAY),
        ("P1DT12H", 1.5 * DAY),
        ("PT0S", timedelta(0)),
    ],
)
def test_the_clock_advances_by_the_duration(machine, duration, by):
    before = clock(machine)
    answer = machine.advance(duration)
    assert answer.keys() == {"now", "offset"}
    assert moment(answer["now"]) >= before + by
    assert close_to(before + by, moment(answer["now"]))
    assert clock(machine) >= moment(answer["now"])


def test_months_and_years_are_those_of_the_calendar(machine):
    assert set_clock(machine, "2040-01-31T00:00:00Z")[0] == 200
    assert close_to(moment("2040-02-29T00:00:00Z"), moment(machine.advance("P1M")["now"]))
    assert close_to(moment("2041-02-28T00:00:00Z"), moment(machine.advance("P1Y")["now"]))


def test_the_clock_is_set_to_a_moment_and_goes_on_from_there(machine):
    status, answer = set_clock(machine, "2035-05-05T05:05:05.005Z")
    assert status == 200
    assert close_to(moment("2035-05-05T05:05:05.005Z"), moment(answer["now"]))
    assert clock(machine) >= moment(answer["now"])


@pytest.mark.parametrize(
    "body",
    [
        {"advance": "-P1D"},
        {"advance": "soon"},
        {"advance": 5},
        {"advance": "P9000Y"},
        {"set": "2020-01-01T00:00:00Z"},
        {"set": "9999-01-01T00:00:00Z"},
        {"set": "tomorrow"},
        {"advance": "P1D", "set": "2040-01-01T00:00:00Z"},
        {"forward": "P1D"},
        {},
        [],
        None,
    ],
)
def test_a_clock_cannot_be_moved_back_nor_to_what_is_no_time(machine, body):
    status, answer = machine.post("/_trent/clock", body)
    assert status == 400
    assert answer["message"]
    assert machine.get("/_trent/clock")["offset"] == "PT0S"


@pytest.mark.parametrize("path", ["/_trent/clock", "/_trent/reset"])
def test_web_pages_can_neither_move_the_clock_nor_reset(machine, path):
    kms = machine.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    request = urllib.request.Request(
        machine.url + path,
        data=b'{"advance":"P1D"}',
        headers={"Origin": "https://example.com", "Content-Type": "text/plain"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 403
    refused.value.close()
    assert machine.get("/_trent/clock")["offset"] == "PT0S"
    kms.describe_key(KeyId=key)


def test_everything_is_dated_by_the_clock(machine):
    kms = machine.client()
    machine.advance("P1000D")
    subject = Subject(kms)
    now = clock(machine)
    assert close_to(now, kms.describe_key(KeyId=subject.id)["KeyMetadata"]["CreationDate"])
    (alias,) = kms.list_aliases(KeyId=subject.id)["Aliases"]
    assert close_to(now, alias["CreationDate"])
    kms.rotate_key_on_demand(KeyId=subject.id)
    assert close_to(now, rotations(kms, subject.id)[0]["RotationDate"])
    kms.enable_key_rotation(KeyId=subject.id)
    next_date = kms.get_key_rotation_status(KeyId=subject.id)["NextRotationDate"]
    assert close_to(now + 365 * DAY, next_date)
    deletion = kms.schedule_key_deletion(KeyId=subject.other)["DeletionDate"]
    assert close_to(now + 30 * DAY, deletion)


def test_signatures_are_checked_against_real_time_wherever_the_clock_is(start):
    server = start("--access-key", "AKIDTEST:secret")
    kms = server.client(access_key_id="AKIDTEST", secret="secret")
    server.advance("P3650D")
    assert kms.create_key()["KeyMetadata"]["KeyId"]


def test_when_the_clock_has_been_moved_what_was_due_has_happened(machine):
    kms = machine.client()
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(60)]
    for key in keys:
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    machine.advance("P91D")
    assert {len(rotations(kms, key)) for key in keys} == {1}


def test_the_health_counts_what_the_jobs_have_done(machine):
    kms = machine.client()
    subject = Subject(kms)
    kms.rotate_key_on_demand(KeyId=subject.id)
    kms.enable_key_rotation(KeyId=subject.id, RotationPeriodInDays=90)
    kms.schedule_key_deletion(KeyId=subject.other, PendingWindowInDays=7)
    machine.advance("P200D")
    health = machine.get("/_trent/health")
    assert close_to(clock(machine), moment(health["now"]))
    jobs = health["jobs"]
    assert jobs["on_demand_rotations"] == 1
    assert jobs["automatic_rotations"] == 2
    assert jobs["deletions"] == 1
    assert jobs["failures"] == jobs["damaged_records"] == 0
    assert moment(jobs["last_run"]) <= clock(machine)


# Deletion


def test_a_key_is_deleted_with_its_aliases_at_the_end_of_the_window(machine):
    kms = machine.client()
    subject = Subject(kms)
    kms.schedule_key_deletion(KeyId=subject.id, PendingWindowInDays=7)
    machine.advance("P6DT23H")
    assert subject.state == "PendingDeletion"
    machine.advance("PT1H")
    missing = f"Key '{subject.arn}' does not exist"
    for form in (subject.id, subject.arn):
        with raises("NotFoundException", missing):
            kms.describe_key(KeyId=form)
    with raises("NotFoundException", missing):
        kms.cancel_key_deletion(KeyId=subject.id)
    with raises("NotFoundException", missing):
        kms.decrypt(KeyId=subject.id, CiphertextBlob=subject.ciphertext)
    with raises("NotFoundException", f"Alias {subject.alias_arn} is not found."):
        kms.describe_key(KeyId=subject.alias)
    listed = {entry["KeyId"] for entry in flat(pages(kms.list_keys, "Keys"))}
    assert listed == {subject.other}
    aliases = {entry["AliasName"] for entry in flat(pages(kms.list_aliases, "Aliases"))}
    assert subject.alias not in aliases
    assert subject.other_alias in aliases


def test_nothing_is_left_that_could_decrypt_for_a_deleted_key(machine):
    kms = machine.client()
    subject = Subject(kms)
    kms.schedule_key_deletion(KeyId=subject.id, PendingWindowInDays=7)
    machine.advance("P8D")
    with raises(
        "AccessDeniedException",
        denied("kms:Decrypt", "the resource associated with this ciphertext"),
    ):
        kms.decrypt(CiphertextBlob=subject.ciphertext)


def test_the_alias_names_of_a_deleted_key_can_be_given_again(machine):
    kms = machine.client()
    subject = Subject(kms)
    kms.schedule_key_deletion(KeyId=subject.id, PendingWindowInDays=7)
    machine.advance("P8D")
    kms.create_alias(AliasName=subject.alias, TargetKeyId=subject.other)
    assert kms.describe_key(KeyId=subject.alias)["KeyMetadata"]["KeyId"] == subject.other


def test_a_key_whose_deletion_was_cancelled_is_not_deleted(machine):
    kms = machine.client()
    subject = Subject(kms)
    kms.schedule_key_deletion(KeyId=subject.id, PendingWindowInDays=7)
    machine.advance("P6D")
    kms.cancel_key_deletion(KeyId=subject.id)
    machine.advance("P100D")
    assert subject.state == "Disabled"


def test_a_key_pending_deletion_does_not_rotate_before_it_is_deleted(machine):
    kms = machine.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    machine.advance("P80D")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=30)
    machine.advance("P29D")
    assert rotations(kms, key) == []
    machine.advance("P2D")
    with raises("NotFoundException", f"Key '{key_arn(key)}' does not exist"):
        kms.describe_key(KeyId=key)


# Restarts


def state_of(kms, subject):
    """Everything that the API tells about a key."""
    return [
        members(response)
        for response in (
            kms.describe_key(KeyId=subject.id),
            kms.get_key_policy(KeyId=subject.id),
            kms.get_key_rotation_status(KeyId=subject.id),
            kms.list_key_rotations(KeyId=subject.id, IncludeKeyMaterial="ALL_KEY_MATERIAL"),
            kms.list_resource_tags(KeyId=subject.id),
            kms.list_aliases(KeyId=subject.id),
            kms.decrypt(CiphertextBlob=subject.ciphertext),
        )
    ]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_everything_that_was_answered_is_there_after_a_restart(start, data_dir, end):
    server = start(data_dir=data_dir)
    subject = Subject(server.client())
    kms = subject.kms
    kms.tag_resource(KeyId=subject.id, Tags=[{"TagKey": "a", "TagValue": "b"}])
    kms.update_key_description(KeyId=subject.id, Description="kept")
    kms.enable_key_rotation(KeyId=subject.id, RotationPeriodInDays=90)
    server.advance("P100D")
    kms.rotate_key_on_demand(KeyId=subject.id)
    kms.schedule_key_deletion(KeyId=subject.other)
    before = state_of(kms, subject)
    other = kms.describe_key(KeyId=subject.other)["KeyMetadata"]
    getattr(server, end)()
    server.start()
    kms = server.client()
    assert state_of(kms, subject) == before
    assert kms.describe_key(KeyId=subject.other)["KeyMetadata"] == other


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_does_not_take_time_back(start, data_dir, end):
    server = start(data_dir=data_dir)
    server.advance("P400D")
    before = clock(server)
    getattr(server, end)()
    server.start()
    assert before <= clock(server) <= before + timedelta(seconds=60)


def test_rotation_goes_on_after_a_restart_on_the_same_schedule(start, data_dir):
    server = start(data_dir=data_dir)
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    first = kms.get_key_rotation_status(KeyId=key)["NextRotationDate"]
    for number in range(1, 4):
        server.advance("P90D")
        server.kill()
        server.start()
        dates = [entry["RotationDate"] for entry in rotations(server.client(), key)]
        assert dates == [first + DAY * 90 * done for done in range(number)]


def test_a_running_rotation_on_demand_survives_a_restart(start, data_dir):
    server = start("--rotation-delay", "PT1H", data_dir=data_dir)
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.rotate_key_on_demand(KeyId=key)
    before = members(kms.get_key_rotation_status(KeyId=key))
    assert "OnDemandRotationStartDate" in before
    server.kill()
    server.start()
    kms = server.client()
    assert members(kms.get_key_rotation_status(KeyId=key)) == before
    server.advance("PT1H")
    assert len(rotations(kms, key)) == 1


def test_without_a_data_directory_nothing_is_kept(machine):
    machine.client().create_key()
    machine.stop()
    machine.start()
    assert machine.client().list_keys()["Keys"] == []


def test_markers_stay_valid_across_a_restart(start, data_dir):
    server = start(data_dir=data_dir)
    kms = server.client()
    keys = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)}
    first = kms.list_keys(Limit=2)
    server.stop()
    server.start()
    rest = server.client().list_keys(Marker=first["NextMarker"])
    assert {entry["KeyId"] for entry in first["Keys"] + rest["Keys"]} == keys


# Catching up


def overdue(start, seed_file, **options):
    """A server on which a key has been overdue since long before it was started."""
    server = start("--seed", seed_file(SEED.format(next="2020-02-02T02:02:02Z")), **options)
    kms = server.client()
    wait_until(lambda: rotations(kms, SEED_KEY))
    return server, kms


def test_a_key_that_became_overdue_while_the_server_was_down_rotates_once(start, seed_file):
    server, kms = overdue(start, seed_file)
    (rotation,) = rotations(kms, SEED_KEY)
    assert close_to(utc_now(), rotation["RotationDate"], seconds=60)
    assert rotation["RotationType"] == "AUTOMATIC"


def test_after_catching_up_the_key_is_back_on_its_schedule(start, seed_file):
    server, kms = overdue(start, seed_file)
    next_date = kms.get_key_rotation_status(KeyId=SEED_KEY)["NextRotationDate"]
    assert timedelta(0) < next_date - utc_now() <= 365 * DAY
    assert (next_date - moment("2020-02-02T02:02:02Z")) % (365 * DAY) == timedelta(0)
    server.advance("P365D")
    dates = [entry["RotationDate"] for entry in rotations(kms, SEED_KEY)]
    assert len(dates) == 2
    assert dates[1] == next_date


def test_catching_up_happens_once_and_not_at_every_start(start, seed_file, data_dir):
    server, kms = overdue(start, seed_file, data_dir=data_dir)
    before = rotations(kms, SEED_KEY)
    server.kill()
    server.start()
    kms = server.client()
    ready = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=ready, RotationPeriodInDays=90)
    server.advance("PT1S")
    assert rotations(kms, SEED_KEY) == before


# Reset


@pytest.mark.parametrize("kept", [True, False])
def test_a_reset_empties_the_server_and_puts_the_clock_back(start, data_dir, kept):
    server = start(data_dir=data_dir if kept else None)
    kms = server.client()
    subject = Subject(kms)
    server.advance("P100D")
    status, answer = server.post("/_trent/reset")
    assert status == 200
    assert answer["offset"] == "PT0S"
    assert close_to(utc_now(), moment(answer["now"]))
    assert close_to(utc_now(), clock(server))
    assert kms.list_keys()["Keys"] == []
    assert not [entry for entry in kms.list_aliases()["Aliases"] if "TargetKeyId" in entry]
    with raises("NotFoundException", f"Key '{subject.arn}' does not exist"):
        kms.describe_key(KeyId=subject.id)
    with raises("NotFoundException", f"Alias {subject.alias_arn} is not found."):
        kms.describe_key(KeyId=subject.alias)


def test_a_server_works_after_a_reset_as_after_a_start(machine):
    machine.post("/_trent/reset")
    subject = Subject(machine.client())
    assert subject.kms.decrypt(CiphertextBlob=subject.ciphertext)["Plaintext"] == b"secret"
    subject.kms.enable_key_rotation(KeyId=subject.id, RotationPeriodInDays=90)
    machine.advance("P100D")
    assert len(rotations(subject.kms, subject.id)) == 1


def test_a_reset_data_directory_stays_usable_and_empty_across_a_restart(start, data_dir):
    server = start(data_dir=data_dir)
    server.client().create_key()
    server.advance("P100D")
    server.post("/_trent/reset")
    kept = server.client().create_key()["KeyMetadata"]["KeyId"]
    server.kill()
    server.start()
    assert [entry["KeyId"] for entry in server.client().list_keys()["Keys"]] == [kept]
    assert close_to(utc_now(), clock(server))
