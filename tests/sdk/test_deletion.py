"""ScheduleKeyDeletion and CancelKeyDeletion. That keys are deleted when their time comes is in
test_time.py."""

import pytest
from sdk_support import DAY, close_to, members, raises, raises_violations, utc_now, violated


def describe(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]


@pytest.mark.parametrize("days", [7, 8, 29, 30])
def test_a_deletion_is_scheduled_for_the_end_of_its_window(kms, subject, days):
    response = kms.schedule_key_deletion(KeyId=subject.id, PendingWindowInDays=days)
    date = response["DeletionDate"]
    assert members(response) == {
        "KeyId": subject.arn,
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": days,
        "DeletionDate": date,
    }
    assert close_to(utc_now() + days * DAY, date)


def test_the_window_is_30_days_unless_it_is_given(kms, subject):
    response = kms.schedule_key_deletion(KeyId=subject.id)
    assert response["PendingWindowInDays"] == 30
    assert close_to(utc_now() + 30 * DAY, response["DeletionDate"])


@pytest.mark.parametrize(
    ("days", "rule"),
    [
        (6, "have value greater than or equal to 7"),
        (0, "have value greater than or equal to 7"),
        (31, "have value less than or equal to 30"),
        (366, "have value less than or equal to 30"),
    ],
)
def test_a_window_outside_of_7_to_30_days_is_refused(kms, unchecked, key, days, rule):
    with raises_violations(violated("pendingWindowInDays", rule, days)):
        unchecked.schedule_key_deletion(KeyId=key, PendingWindowInDays=days)
    assert describe(kms, key)["KeyState"] == "Enabled"


def test_metadata_shows_the_date_of_deletion_only_while_it_is_pending(kms, key):
    before = describe(kms, key)
    date = kms.schedule_key_deletion(KeyId=key)["DeletionDate"]
    pending = {"Enabled": False, "KeyState": "PendingDeletion", "DeletionDate": date}
    assert describe(kms, key) == {**before, **pending}
    kms.cancel_key_deletion(KeyId=key)
    assert describe(kms, key) == {**before, "Enabled": False, "KeyState": "Disabled"}


def test_cancelling_answers_the_arn_of_the_key(kms, subject):
    kms.schedule_key_deletion(KeyId=subject.id)
    assert members(kms.cancel_key_deletion(KeyId=subject.id)) == {"KeyId": subject.arn}


def test_a_key_whose_deletion_is_cancelled_works_once_it_is_enabled(kms, subject):
    kms.schedule_key_deletion(KeyId=subject.id)
    kms.cancel_key_deletion(KeyId=subject.id)
    with raises("DisabledException", f"{subject.arn} is disabled."):
        kms.decrypt(CiphertextBlob=subject.ciphertext)
    kms.enable_key(KeyId=subject.id)
    assert kms.decrypt(CiphertextBlob=subject.ciphertext)["Plaintext"] == b"secret"


def test_a_disabled_key_can_be_scheduled_for_deletion(kms, subject):
    kms.disable_key(KeyId=subject.id)
    response = kms.schedule_key_deletion(KeyId=subject.id)
    assert response["KeyState"] == "PendingDeletion"


def test_deletion_is_scheduled_once_and_can_be_scheduled_again_after_cancelling(kms, subject):
    first = kms.schedule_key_deletion(KeyId=subject.id, PendingWindowInDays=30)
    with raises("KMSInvalidStateException", f"{subject.arn} is pending deletion."):
        kms.schedule_key_deletion(KeyId=subject.id, PendingWindowInDays=7)
    assert describe(kms, subject.id)["DeletionDate"] == first["DeletionDate"]
    kms.cancel_key_deletion(KeyId=subject.id)
    again = kms.schedule_key_deletion(KeyId=subject.id, PendingWindowInDays=7)
    assert close_to(utc_now() + 7 * DAY, again["DeletionDate"])


def test_aliases_tags_and_policy_stay_while_deletion_is_pending(kms, subject):
    kms.tag_resource(KeyId=subject.id, Tags=[{"TagKey": "a", "TagValue": "b"}])
    policy = kms.get_key_policy(KeyId=subject.id)["Policy"]
    subject.bring_into("PendingDeletion")
    assert describe(kms, subject.alias)["KeyId"] == subject.id
    assert kms.list_resource_tags(KeyId=subject.id)["Tags"] == [{"TagKey": "a", "TagValue": "b"}]
    assert kms.get_key_policy(KeyId=subject.id)["Policy"] == policy
