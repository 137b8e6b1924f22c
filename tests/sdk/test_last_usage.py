"""GetKeyLastUsage: what counts as the use of a key, and what is remembered of it."""

import re

import pytest
from botocore import xform_name
from sdk_support import (
    ACCOUNT,
    CRYPTOGRAPHIC,
    OTHER_REGION,
    WAYS,
    WOULD_SUCCEED,
    Subject,
    close_to,
    key_arn,
    members,
    moment,
    raises,
    utc_now,
)

EVENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def last_usage(kms, key):
    return kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]


def request_id(response):
    return response["ResponseMetadata"]["RequestId"]


@pytest.fixture(scope="module")
def elsewhere(server):
    """A client of the same account in another Region."""
    return server.client(region=OTHER_REGION)


def test_a_key_that_was_never_used_has_an_empty_last_usage(kms):
    metadata = kms.create_key()["KeyMetadata"]
    assert members(kms.get_key_last_usage(KeyId=metadata["KeyId"])) == {
        "KeyId": metadata["Arn"],
        "KeyLastUsage": {},
        "TrackingStartDate": metadata["CreationDate"],
        "KeyCreationDate": metadata["CreationDate"],
    }


@pytest.mark.parametrize("way", sorted(CRYPTOGRAPHIC))
def test_every_cryptographic_operation_is_a_use(kms, subject, way):
    response = subject.call(way)
    answer = members(kms.get_key_last_usage(KeyId=subject.id))
    assert answer.keys() == {"KeyId", "KeyLastUsage", "TrackingStartDate", "KeyCreationDate"}
    assert answer["KeyId"] == subject.arn
    usage = answer["KeyLastUsage"]
    assert EVENT_ID.fullmatch(usage["CloudTrailEventId"])
    assert close_to(utc_now(), usage["Timestamp"])
    assert usage == {
        "Operation": way.split()[0],
        "Timestamp": usage["Timestamp"],
        "CloudTrailEventId": usage["CloudTrailEventId"],
        "KmsRequestId": request_id(response),
    }


def test_reencrypt_is_a_use_of_both_keys(kms, subject):
    response = kms.re_encrypt(
        CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other
    )
    usages = [last_usage(kms, key) for key in (subject.id, subject.other)]
    assert {usage["Operation"] for usage in usages} == {"ReEncrypt"}
    assert {usage["KmsRequestId"] for usage in usages} == {request_id(response)}
    assert usages[0]["Timestamp"] == usages[1]["Timestamp"]


def test_reencrypt_under_the_same_key_is_a_use_of_it(kms, subject):
    response = kms.re_encrypt(CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.id)
    assert last_usage(kms, subject.id)["KmsRequestId"] == request_id(response)


def test_decrypting_is_a_use_though_the_key_is_not_named(kms, subject):
    response = kms.decrypt(CiphertextBlob=subject.ciphertext)
    usage = last_usage(kms, subject.id)
    assert (usage["Operation"], usage["KmsRequestId"]) == ("Decrypt", request_id(response))


def test_a_use_by_alias_is_one_of_the_key_behind_it(kms, subject):
    kms.update_alias(AliasName=subject.alias, TargetKeyId=subject.other)
    before = last_usage(kms, subject.id)
    response = kms.encrypt(KeyId=subject.alias, Plaintext=b"x")
    assert last_usage(kms, subject.other)["KmsRequestId"] == request_id(response)
    assert last_usage(kms, subject.id) == before


def test_the_last_use_is_the_one_that_counts(kms, subject):
    for operation, parameters in (
        ("Encrypt", {"KeyId": subject.id, "Plaintext": b"x"}),
        ("Decrypt", {"CiphertextBlob": subject.ciphertext}),
        ("GenerateDataKey", {"KeyId": subject.id, "NumberOfBytes": 16}),
        ("Encrypt", {"KeyId": subject.id, "Plaintext": b"y"}),
    ):
        response = getattr(kms, xform_name(operation))(**parameters)
        usage = last_usage(kms, subject.id)
        assert (usage["Operation"], usage["KmsRequestId"]) == (operation, request_id(response))


def test_the_use_of_one_key_is_not_one_of_another(kms, subject, key):
    before = last_usage(kms, subject.other)
    kms.encrypt(KeyId=subject.id, Plaintext=b"x")
    assert last_usage(kms, subject.other) == before
    assert last_usage(kms, key) == {}


def test_random_bytes_are_no_use_of_a_key(kms, subject):
    before = last_usage(kms, subject.id)
    kms.generate_random(NumberOfBytes=16)
    assert last_usage(kms, subject.id) == before


def test_uses_are_dated_by_the_clock_and_tracked_since_the_key_was_created(machine):
    subject = Subject(machine.client())
    created = subject.kms.describe_key(KeyId=subject.id)["KeyMetadata"]["CreationDate"]
    machine.advance("P1000D")
    subject.kms.decrypt(CiphertextBlob=subject.ciphertext)
    answer = subject.kms.get_key_last_usage(KeyId=subject.id)
    now = moment(machine.get("/_trent/clock")["now"])
    assert close_to(now, answer["KeyLastUsage"]["Timestamp"])
    assert answer["KeyCreationDate"] == answer["TrackingStartDate"] == created


# What is no use


@pytest.mark.parametrize("way", sorted(CRYPTOGRAPHIC))
def test_a_dry_run_is_no_use(kms, subject, way):
    before = [last_usage(kms, key) for key in (subject.id, subject.other)]
    operation = getattr(kms, xform_name(way.split()[0]))
    with raises("DryRunOperationException", WOULD_SUCCEED):
        operation(**WAYS[way](subject, subject.id), DryRun=True)
    assert [last_usage(kms, key) for key in (subject.id, subject.other)] == before


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
@pytest.mark.parametrize("way", sorted(CRYPTOGRAPHIC))
def test_what_the_state_of_the_key_refuses_is_no_use(kms, subject, way, state):
    before = [last_usage(kms, key) for key in (subject.id, subject.other)]
    subject.bring_into(state)
    code = "DisabledException" if state == "Disabled" else "KMSInvalidStateException"
    with raises(code):
        subject.call(way)
    assert [last_usage(kms, key) for key in (subject.id, subject.other)] == before


@pytest.mark.parametrize("way", sorted(CRYPTOGRAPHIC))
def test_a_call_with_a_wrong_grant_token_is_no_use(kms, subject, way):
    before = [last_usage(kms, key) for key in (subject.id, subject.other)]
    operation = getattr(kms, xform_name(way.split()[0]))
    with raises("InvalidGrantTokenException"):
        operation(**WAYS[way](subject, subject.id), GrantTokens=["token"])
    assert [last_usage(kms, key) for key in (subject.id, subject.other)] == before


def test_a_failure_is_no_use_of_any_key(kms, subject):
    before = [last_usage(kms, key) for key in (subject.id, subject.other)]
    wrong_context = {"a": "b"}
    altered = subject.ciphertext[:-1] + bytes([subject.ciphertext[-1] ^ 1])
    with raises("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=subject.ciphertext, EncryptionContext=wrong_context)
    with raises("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=altered, KeyId=subject.id)
    with raises("InvalidCiphertextException"):
        kms.re_encrypt(CiphertextBlob=altered, DestinationKeyId=subject.other)
    with raises("InvalidCiphertextException"):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext,
            SourceEncryptionContext=wrong_context,
            DestinationKeyId=subject.other,
        )
    with raises("IncorrectKeyException"):
        kms.decrypt(CiphertextBlob=subject.ciphertext, KeyId=subject.other)
    with raises("IncorrectKeyException"):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext,
            SourceKeyId=subject.other,
            DestinationKeyId=subject.id,
        )
    with raises("ValidationException"):
        kms.generate_data_key(KeyId=subject.id, KeySpec="AES_256", NumberOfBytes=16)
    with raises("ValidationException"):
        kms.generate_data_key(KeyId=subject.id)
    assert [last_usage(kms, key) for key in (subject.id, subject.other)] == before


def test_a_reencryption_that_one_of_the_keys_refuses_is_no_use_of_the_other(kms, subject):
    kms.disable_key(KeyId=subject.other)
    before = last_usage(kms, subject.id)
    with raises("DisabledException"):
        kms.re_encrypt(CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other)
    with raises("DisabledException"):
        kms.re_encrypt(CiphertextBlob=subject.other_ciphertext, DestinationKeyId=subject.id)
    assert last_usage(kms, subject.id) == before


def test_management_is_no_use(kms, subject):
    before = last_usage(kms, subject.id)
    principal = f"arn:aws:iam::{ACCOUNT}:role/r"
    kms.create_grant(KeyId=subject.id, GranteePrincipal=principal, Operations=["Encrypt"])
    for way in (
        "DescribeKey",
        "GetKeyPolicy",
        "PutKeyPolicy",
        "TagResource",
        "ListResourceTags",
        "UntagResource",
        "CreateAlias",
        "ListAliases",
        "UpdateAlias",
        "UpdateKeyDescription",
        "RotateKeyOnDemand",
        "EnableKeyRotation",
        "GetKeyRotationStatus",
        "ListKeyRotations",
        "DisableKeyRotation",
        "DisableKey",
        "EnableKey",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
    ):
        subject.call(way)
        assert last_usage(kms, subject.id) == before, way
    kms.get_key_last_usage(KeyId=subject.id)
    assert last_usage(kms, subject.id) == before


# Where it is remembered, and how long


def test_changing_the_key_keeps_its_last_usage(kms, subject):
    response = kms.decrypt(CiphertextBlob=subject.ciphertext)
    kms.rotate_key_on_demand(KeyId=subject.id)
    kms.disable_key(KeyId=subject.id)
    kms.schedule_key_deletion(KeyId=subject.id)
    usage = last_usage(kms, subject.id)
    assert (usage["Operation"], usage["KmsRequestId"]) == ("Decrypt", request_id(response))


def test_related_multi_region_keys_are_tracked_separately(kms, elsewhere):
    metadata = kms.create_key(MultiRegion=True)["KeyMetadata"]
    key = metadata["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)
    encrypted = kms.encrypt(KeyId=key, Plaintext=b"x")
    replica = elsewhere.get_key_last_usage(KeyId=key)
    assert replica["KeyId"] == key_arn(key, region=OTHER_REGION)
    assert replica["KeyLastUsage"] == {}
    decrypted = elsewhere.decrypt(CiphertextBlob=encrypted["CiphertextBlob"])
    here, there = last_usage(kms, key), last_usage(elsewhere, key)
    assert (here["Operation"], here["KmsRequestId"]) == ("Encrypt", request_id(encrypted))
    assert (there["Operation"], there["KmsRequestId"]) == ("Decrypt", request_id(decrypted))


def test_a_replica_is_tracked_since_it_was_created(machine):
    kms, elsewhere = machine.client(), machine.client(region=OTHER_REGION)
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    machine.advance("P10D")
    kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)
    primary, replica = (client.get_key_last_usage(KeyId=key) for client in (kms, elsewhere))
    assert (replica["TrackingStartDate"] - primary["TrackingStartDate"]).days == 10
    assert replica["KeyCreationDate"] == replica["TrackingStartDate"]


def test_last_usages_survive_an_orderly_restart(start, data_dir):
    server = start(data_dir=data_dir)
    subject = Subject(server.client())
    keys = [subject.id, subject.other]
    for _ in range(300):
        key = subject.kms.create_key()["KeyMetadata"]["KeyId"]
        subject.kms.encrypt(KeyId=key, Plaintext=b"x")
        keys.append(key)
    server.advance("P3D")
    subject.kms.re_encrypt(CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other)
    before = {key: members(subject.kms.get_key_last_usage(KeyId=key)) for key in keys}
    assert all(answer["KeyLastUsage"] for answer in before.values())
    for _ in range(2):
        server.stop()
        server.start()
        kms = server.client()
        after = {key: members(kms.get_key_last_usage(KeyId=key)) for key in keys}
        assert after == before


def test_a_use_after_a_restart_replaces_the_one_before_it(start, data_dir):
    server = start(data_dir=data_dir)
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    for _ in range(2):
        server.stop()
        server.start()
        kms = server.client()
        assert last_usage(kms, key)
        response = kms.decrypt(CiphertextBlob=blob)
        assert last_usage(kms, key)["KmsRequestId"] == request_id(response)
    server.stop()
    server.start()
    assert last_usage(server.client(), key)["KmsRequestId"] == request_id(response)


@pytest.mark.parametrize("restarted", [True, False])
def test_a_deleted_key_takes_its_last_usage_with_it(start, data_dir, restarted):
    server = start(data_dir=data_dir)
    subject = Subject(server.client())
    if restarted:
        server.stop()
        server.start()
        subject.kms = server.client()
    subject.kms.schedule_key_deletion(KeyId=subject.id, PendingWindowInDays=7)
    server.advance("P8D")
    with raises("NotFoundException", f"Key '{subject.arn}' does not exist"):
        subject.kms.get_key_last_usage(KeyId=subject.id)
    server.stop()
    server.start()
    kms = server.client()
    with raises("NotFoundException", f"Key '{subject.arn}' does not exist"):
        kms.get_key_last_usage(KeyId=subject.id)
    assert last_usage(kms, subject.other)["Operation"] == "Encrypt"
