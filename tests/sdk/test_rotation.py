"""EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, ListKeyRotations,
RotateKeyOnDemand: the rules of rotation, line by line."""

from datetime import timedelta

import pytest
from sdk_support import (
    DAY,
    MATERIAL_ID,
    Subject,
    close_to,
    flat,
    members,
    moment,
    pages,
    raises,
    raises_violations,
    utc_now,
    violated,
)

MINUTE = timedelta(minutes=1)


def status(kms, key):
    return members(kms.get_key_rotation_status(KeyId=key))


def rotations(kms, key, **parameters):
    return kms.list_key_rotations(KeyId=key, **parameters)["Rotations"]


def all_material(kms, key):
    return rotations(kms, key, IncludeKeyMaterial="ALL_KEY_MATERIAL")


def current_material(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


def enabled(kms, key, days=90):
    """Enables rotation; returns the first date of the schedule."""
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=days)
    return status(kms, key)["NextRotationDate"]


def set_clock(server, to):
    answer_status, answer = server.post("/_trent/clock", {"set": to.isoformat()})
    assert answer_status == 200, answer


def clock(server):
    return moment(server.get("/_trent/clock")["now"])


@pytest.fixture
def clocked(machine):
    """A key on a server whose clock may be moved: server, client and key id."""
    kms = machine.client()
    return machine, kms, kms.create_key()["KeyMetadata"]["KeyId"]


# The schedule


def test_a_new_key_does_not_rotate_and_its_status_says_no_more_than_that(kms, key):
    assert status(kms, key) == {"KeyId": key, "KeyRotationEnabled": False}
    assert rotations(kms, key) == []


PERIODS = (90, 91, 365, 730, 2559, 2560)


@pytest.mark.parametrize(
    ("given", "days"), [({}, 365), *(({"RotationPeriodInDays": days}, days) for days in PERIODS)]
)
def test_rotation_is_enabled_with_a_period_of_90_to_2560_days_or_365(kms, key, given, days):
    assert members(kms.enable_key_rotation(KeyId=key, **given)) == {}
    answer = status(kms, key)
    first = answer["NextRotationDate"]
    assert answer == {
        "KeyId": key,
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": days,
        "NextRotationDate": first,
    }
    assert close_to(utc_now() + days * DAY, first)


@pytest.mark.parametrize(
    ("days", "rule"),
    [
        (89, "have value greater than or equal to 90"),
        (0, "have value greater than or equal to 90"),
        (-365, "have value greater than or equal to 90"),
        (2561, "have value less than or equal to 2560"),
    ],
)
def test_other_periods_are_refused_and_change_nothing(kms, unchecked, key, days, rule):
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    before = status(kms, key)
    with raises_violations(violated("rotationPeriodInDays", rule, days)):
        unchecked.enable_key_rotation(KeyId=key, RotationPeriodInDays=days)
    assert status(kms, key) == before


def test_enabling_again_begins_a_new_period_at_that_moment(clocked):
    server, kms, key = clocked
    enabled(kms, key, days=90)
    server.advance("P80D")
    second = enabled(kms, key, days=180)
    assert close_to(clock(server) + 180 * DAY, second)
    server.advance("P100D")
    assert rotations(kms, key) == []
    server.advance("P80D")
    assert [entry["RotationDate"] for entry in rotations(kms, key)] == [second]


def test_enabling_again_without_a_period_sets_365_days(kms, key):
    enabled(kms, key, days=90)
    kms.enable_key_rotation(KeyId=key)
    answer = status(kms, key)
    assert answer["RotationPeriodInDays"] == 365
    assert close_to(utc_now() + 365 * DAY, answer["NextRotationDate"])


def test_disabling_forgets_the_schedule_and_can_be_repeated(kms, key):
    enabled(kms, key)
    for _ in range(2):
        assert members(kms.disable_key_rotation(KeyId=key)) == {}
        assert status(kms, key) == {"KeyId": key, "KeyRotationEnabled": False}


def test_a_key_whose_rotation_was_disabled_keeps_its_material_and_never_rotates(clocked):
    server, kms, key = clocked
    enabled(kms, key)
    server.advance("P100D")
    kms.disable_key_rotation(KeyId=key)
    before = all_material(kms, key)
    assert len(before) == 2
    server.advance("P3000D")
    assert all_material(kms, key) == before


def test_enabling_after_disabling_begins_a_new_schedule(clocked):
    server, kms, key = clocked
    enabled(kms, key)
    server.advance("P60D")
    kms.disable_key_rotation(KeyId=key)
    server.advance("P60D")
    assert close_to(clock(server) + 90 * DAY, enabled(kms, key))
    assert rotations(kms, key) == []


# Automatic rotation


def test_a_key_rotates_on_its_date_and_not_before(clocked):
    server, kms, key = clocked
    first_material = current_material(kms, key)
    first = enabled(kms, key)
    set_clock(server, first - MINUTE)
    assert rotations(kms, key) == []
    assert current_material(kms, key) == first_material
    server.advance("PT2M")
    (rotation,) = rotations(kms, key)
    assert rotation == {
        "KeyId": key,
        "KeyMaterialId": current_material(kms, key),
        "KeyMaterialState": "CURRENT",
        "RotationDate": first,
        "RotationType": "AUTOMATIC",
    }
    assert rotation["KeyMaterialId"] != first_material
    assert status(kms, key)["NextRotationDate"] == first + 90 * DAY


def test_400_days_hold_four_rotations_of_90_days_each_on_its_own_date(clocked):
    server, kms, key = clocked
    first = enabled(kms, key)
    server.advance("P400D")
    found = rotations(kms, key)
    assert [entry["RotationDate"] for entry in found] == [
        first + number * 90 * DAY for number in range(4)
    ]
    assert {entry["RotationType"] for entry in found} == {"AUTOMATIC"}
    assert len({entry["KeyMaterialId"] for entry in found}) == 4
    assert status(kms, key)["NextRotationDate"] == first + 360 * DAY


def test_several_keys_rotate_each_by_its_own_schedule(machine):
    kms = machine.client()
    schedules = {}
    for days in (90, 100, 365, 2560):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        schedules[key] = (enabled(kms, key, days), days)
    machine.advance("P800D")
    for key, (first, days) in schedules.items():
        expected = [first + number * days * DAY for number in range(800 // days)]
        assert [entry["RotationDate"] for entry in rotations(kms, key)] == expected


def test_every_old_ciphertext_decrypts_and_names_the_material_it_is_under(clocked):
    server, kms, key = clocked
    enabled(kms, key)
    written = []
    for number in range(5):
        plaintext = f"secret {number}".encode()
        blob = kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
        data_key = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
        assert data_key["KeyMaterialId"] == current_material(kms, key)
        written.append((blob, plaintext, current_material(kms, key)))
        written.append((data_key["CiphertextBlob"], data_key["Plaintext"], written[-1][2]))
        server.advance("P90D")
    assert len({material for _, _, material in written}) == 5
    for blob, plaintext, material in written:
        decrypted = kms.decrypt(CiphertextBlob=blob, KeyId=key)
        assert (decrypted["Plaintext"], decrypted["KeyMaterialId"]) == (plaintext, material)
    listed = [entry["KeyMaterialId"] for entry in all_material(kms, key)]
    assert listed[:-1] == list(dict.fromkeys(material for _, _, material in written))


def test_every_operation_that_names_key_material_names_the_one_it_used(clocked):
    server, kms, key = clocked
    old_blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    old = current_material(kms, key)
    kms.rotate_key_on_demand(KeyId=key)
    new = current_material(kms, key)
    assert new != old
    assert kms.generate_data_key(KeyId=key, KeySpec="AES_128")["KeyMaterialId"] == new
    without = kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_128")
    assert without["KeyMaterialId"] == new
    again = kms.re_encrypt(CiphertextBlob=old_blob, DestinationKeyId=key)
    assert again["SourceKeyMaterialId"] == old
    assert again["DestinationKeyMaterialId"] == new
    assert kms.decrypt(CiphertextBlob=again["CiphertextBlob"])["KeyMaterialId"] == new
    assert "KeyMaterialId" not in kms.encrypt(KeyId=key, Plaintext=b"x")


def test_rotation_changes_key_material_and_nothing_else(clocked):
    server, kms, key = clocked
    kms.create_alias(AliasName="alias/a", TargetKeyId=key)
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}])
    before = kms.describe_key(KeyId=key)["KeyMetadata"]
    policy = kms.get_key_policy(KeyId=key)["Policy"]
    enabled(kms, key)
    server.advance("P90D")
    after = kms.describe_key(KeyId="alias/a")["KeyMetadata"]
    assert after.pop("CurrentKeyMaterialId") != before.pop("CurrentKeyMaterialId")
    assert after == before
    assert kms.get_key_policy(KeyId=key)["Policy"] == policy
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "a", "TagValue": "b"}]


# Disabled keys


def test_the_status_of_a_disabled_key_is_as_it_was(kms, key):
    enabled(kms, key)
    before = status(kms, key)
    kms.disable_key(KeyId=key)
    assert status(kms, key) == before


def test_a_disabled_key_that_is_overdue_rotates_once_when_enabled_and_stays_on_its_grid(clocked):
    server, kms, key = clocked
    first = enabled(kms, key)
    kms.disable_key(KeyId=key)
    server.advance("P200D")
    assert rotations(kms, key) == []
    assert status(kms, key)["NextRotationDate"] == first
    kms.enable_key(KeyId=key)
    (rotation,) = rotations(kms, key)
    assert close_to(clock(server), rotation["RotationDate"])
    assert rotation["RotationType"] == "AUTOMATIC"
    assert status(kms, key)["NextRotationDate"] == first + 180 * DAY
    server.advance("P80D")
    dates = [entry["RotationDate"] for entry in rotations(kms, key)]
    assert dates == [rotation["RotationDate"], first + 180 * DAY]


def test_a_disabled_key_that_is_enabled_before_its_date_rotates_on_its_date(clocked):
    server, kms, key = clocked
    first = enabled(kms, key)
    kms.disable_key(KeyId=key)
    server.advance("P50D")
    kms.enable_key(KeyId=key)
    assert rotations(kms, key) == []
    server.advance("P50D")
    assert [entry["RotationDate"] for entry in rotations(kms, key)] == [first]


# Keys pending deletion


def test_the_status_reads_off_while_deletion_is_pending_and_comes_back(kms, key):
    enabled(kms, key, days=180)
    before = status(kms, key)
    kms.schedule_key_deletion(KeyId=key)
    assert status(kms, key) == {"KeyId": key, "KeyRotationEnabled": False}
    kms.cancel_key_deletion(KeyId=key)
    assert status(kms, key) == before


def test_a_key_that_became_overdue_while_pending_deletion_rotates_when_enabled(clocked):
    server, kms, key = clocked
    first = enabled(kms, key)
    server.advance("P80D")
    kms.schedule_key_deletion(KeyId=key)
    server.advance("P20D")
    kms.cancel_key_deletion(KeyId=key)
    assert rotations(kms, key) == []
    kms.enable_key(KeyId=key)
    (rotation,) = rotations(kms, key)
    assert close_to(clock(server), rotation["RotationDate"])
    assert status(kms, key)["NextRotationDate"] == first + 90 * DAY


# On demand


def test_rotation_on_demand_answers_the_arn_and_rotates(kms, subject):
    before = current_material(kms, subject.id)
    assert members(kms.rotate_key_on_demand(KeyId=subject.id)) == {"KeyId": subject.arn}
    (rotation,) = rotations(kms, subject.id)
    assert close_to(utc_now(), rotation["RotationDate"])
    assert rotation["RotationType"] == "ON_DEMAND"
    assert rotation["KeyMaterialId"] == current_material(kms, subject.id) != before
    assert status(kms, subject.id) == {"KeyId": subject.id, "KeyRotationEnabled": False}
    decrypted = kms.decrypt(CiphertextBlob=subject.ciphertext)
    assert (decrypted["Plaintext"], decrypted["KeyMaterialId"]) == (b"secret", before)


def test_rotation_on_demand_leaves_the_schedule_in_place(clocked):
    """The documented example: 730 days, rotated on demand four days before the date."""
    server, kms, key = clocked
    first = enabled(kms, key, days=730)
    server.advance("P726D")
    before = status(kms, key)
    kms.rotate_key_on_demand(KeyId=key)
    assert status(kms, key) == before
    server.advance("P4D")
    found = [(entry["RotationType"], entry["RotationDate"]) for entry in rotations(kms, key)]
    assert [kind for kind, _ in found] == ["ON_DEMAND", "AUTOMATIC"]
    assert found[1][1] == first
    assert status(kms, key)["NextRotationDate"] == first + 730 * DAY


def test_25_rotations_on_demand_are_all_that_a_key_has(kms, subject):
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=subject.id)
    with raises(
        "LimitExceededException",
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand "
        f"rotations can be performed for this key: {subject.arn}",
    ):
        kms.rotate_key_on_demand(KeyId=subject.id)
    assert len(rotations(kms, subject.id)) == 25
    assert kms.decrypt(CiphertextBlob=subject.ciphertext)["Plaintext"] == b"secret"
    kms.rotate_key_on_demand(KeyId=subject.other)


def test_automatic_rotations_do_not_count_against_the_limit(clocked):
    server, kms, key = clocked
    enabled(kms, key)
    server.advance("P300D")
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=key)
    with raises("LimitExceededException"):
        kms.rotate_key_on_demand(KeyId=key)
    server.advance("P90D")
    kinds = [entry["RotationType"] for entry in rotations(kms, key)]
    assert kinds == ["AUTOMATIC"] * 3 + ["ON_DEMAND"] * 25 + ["AUTOMATIC"]


@pytest.mark.parametrize("minutes", [19, 10, 1])
def test_within_20_minutes_of_the_automatic_date_rotation_on_demand_is_a_conflict(
    clocked, minutes
):
    server, kms, key = clocked
    set_clock(server, enabled(kms, key) - minutes * MINUTE)
    with raises("ConflictException"):
        kms.rotate_key_on_demand(KeyId=key)
    assert rotations(kms, key) == []


def test_more_than_20_minutes_before_the_automatic_date_rotation_on_demand_works(clocked):
    server, kms, key = clocked
    set_clock(server, enabled(kms, key) - 21 * MINUTE)
    kms.rotate_key_on_demand(KeyId=key)
    server.advance("PT22M")
    kinds = [entry["RotationType"] for entry in rotations(kms, key)]
    assert kinds == ["ON_DEMAND", "AUTOMATIC"]


def test_right_after_the_automatic_rotation_rotation_on_demand_works(clocked):
    server, kms, key = clocked
    enabled(kms, key)
    server.advance("P90D")
    kms.rotate_key_on_demand(KeyId=key)
    assert [entry["RotationType"] for entry in rotations(kms, key)] == ["AUTOMATIC", "ON_DEMAND"]


# On demand, with a delay


@pytest.fixture
def delayed(start):
    """A key on a server where rotation on demand takes ten minutes: server, client, subject."""
    server = start("--rotation-delay", "PT10M")
    kms = server.client()
    return server, kms, Subject(kms)


def test_a_running_rotation_shows_when_it_was_started_and_takes_effect_at_its_end(delayed):
    server, kms, subject = delayed
    before = current_material(kms, subject.id)
    kms.rotate_key_on_demand(KeyId=subject.id)
    answer = status(kms, subject.id)
    started = answer["OnDemandRotationStartDate"]
    assert close_to(utc_now(), started)
    assert answer == {
        "KeyId": subject.id,
        "KeyRotationEnabled": False,
        "OnDemandRotationStartDate": started,
    }
    server.advance("PT9M")
    assert current_material(kms, subject.id) == before
    assert rotations(kms, subject.id) == []
    server.advance("PT1M1S")
    (rotation,) = rotations(kms, subject.id)
    assert rotation["RotationDate"] == started + 10 * MINUTE
    assert current_material(kms, subject.id) == rotation["KeyMaterialId"] != before
    assert status(kms, subject.id) == {"KeyId": subject.id, "KeyRotationEnabled": False}


def test_a_running_rotation_is_shown_beside_the_schedule(delayed):
    server, kms, subject = delayed
    enabled(kms, subject.id)
    before = status(kms, subject.id)
    kms.rotate_key_on_demand(KeyId=subject.id)
    after = status(kms, subject.id)
    assert after.pop("OnDemandRotationStartDate")
    assert after == before


def test_a_second_rotation_while_one_is_running_is_a_conflict(delayed):
    server, kms, subject = delayed
    kms.rotate_key_on_demand(KeyId=subject.id)
    before = status(kms, subject.id)
    with raises("ConflictException"):
        kms.rotate_key_on_demand(KeyId=subject.id)
    assert status(kms, subject.id) == before
    server.advance("PT11M")
    kms.rotate_key_on_demand(KeyId=subject.id)
    server.advance("PT11M")
    assert len(rotations(kms, subject.id)) == 2


def test_disabling_automatic_rotation_does_not_cancel_a_running_one(delayed):
    server, kms, subject = delayed
    enabled(kms, subject.id)
    kms.rotate_key_on_demand(KeyId=subject.id)
    kms.disable_key_rotation(KeyId=subject.id)
    assert status(kms, subject.id).keys() == {
        "KeyId",
        "KeyRotationEnabled",
        "OnDemandRotationStartDate",
    }
    server.advance("PT11M")
    assert [entry["RotationType"] for entry in rotations(kms, subject.id)] == ["ON_DEMAND"]


def test_a_rotation_that_was_running_when_its_key_was_disabled_ends_when_it_is_enabled(delayed):
    server, kms, subject = delayed
    kms.rotate_key_on_demand(KeyId=subject.id)
    kms.disable_key(KeyId=subject.id)
    server.advance("PT1H")
    assert rotations(kms, subject.id) == []
    kms.enable_key(KeyId=subject.id)
    (rotation,) = rotations(kms, subject.id)
    assert close_to(clock(server), rotation["RotationDate"])


# ListKeyRotations


@pytest.fixture(scope="module")
def rotated(kms):
    """The id of a key that was rotated five times."""
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for _ in range(5):
        kms.rotate_key_on_demand(KeyId=key)
    return key


def test_a_key_that_never_rotated_has_its_first_material_only(kms, key):
    assert members(kms.list_key_rotations(KeyId=key)) == {"Rotations": [], "Truncated": False}
    assert all_material(kms, key) == [
        {
            "KeyId": key,
            "KeyMaterialId": current_material(kms, key),
            "KeyMaterialState": "CURRENT",
        }
    ]


def test_rotations_are_listed_oldest_first_without_the_first_material(kms, rotated):
    found = rotations(kms, rotated)
    assert found == rotations(kms, rotated, IncludeKeyMaterial="ROTATIONS_ONLY")
    assert len(found) == 5
    assert found == sorted(found, key=lambda entry: entry["RotationDate"])
    for entry in found:
        assert entry.keys() == {
            "KeyId",
            "KeyMaterialId",
            "KeyMaterialState",
            "RotationDate",
            "RotationType",
        }
        assert entry["KeyId"] == rotated
        assert MATERIAL_ID.fullmatch(entry["KeyMaterialId"])
    assert found[-1]["KeyMaterialId"] == current_material(kms, rotated)


def test_all_material_begins_with_the_first_and_ends_with_the_current(kms, rotated):
    found = all_material(kms, rotated)
    assert found[1:] == rotations(kms, rotated)
    assert found[0].keys() == {"KeyId", "KeyMaterialId", "KeyMaterialState"}
    states = [entry["KeyMaterialState"] for entry in found]
    assert states == ["NON_CURRENT"] * 5 + ["CURRENT"]
    assert len({entry["KeyMaterialId"] for entry in found}) == 6


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 6), (2, [2, 2, 2]), (5, [5, 1]), (6, [6])])
def test_pages_of_rotations_are_as_large_as_asked_and_in_order(kms, rotated, limit, sizes):
    parameters = {"KeyId": rotated, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}
    found = pages(kms.list_key_rotations, "Rotations", Limit=limit, **parameters)
    assert [len(page) for page in found] == sizes
    assert flat(found) == all_material(kms, rotated)


def test_a_page_of_rotations_has_100_entries_unless_more_are_asked_for(clocked):
    server, kms, key = clocked
    enabled(kms, key)
    server.advance("P9540D")
    for limit, sizes in (({}, [100, 6]), ({"Limit": 1000}, [106])):
        found = pages(kms.list_key_rotations, "Rotations", KeyId=key, **limit)
        assert [len(page) for page in found] == sizes


def test_a_marker_is_valid_for_the_same_key_and_the_same_material_only(kms, key, rotated):
    marker = kms.list_key_rotations(KeyId=rotated, Limit=1)["NextMarker"]
    with raises("InvalidMarkerException"):
        kms.list_key_rotations(KeyId=key, Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_key_rotations(
            KeyId=rotated, IncludeKeyMaterial="ALL_KEY_MATERIAL", Marker=marker
        )
    with raises("InvalidMarkerException"):
        kms.list_resource_tags(KeyId=rotated, Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_key_rotations(KeyId=rotated, Marker="x")


def test_rotations_are_still_listed_while_deletion_is_pending(kms, subject):
    kms.rotate_key_on_demand(KeyId=subject.id)
    before = all_material(kms, subject.id)
    subject.bring_into("PendingDeletion")
    assert all_material(kms, subject.id) == before
