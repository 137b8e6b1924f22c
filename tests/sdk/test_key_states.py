"""Which operation works in which key state: the published table, operation by operation."""

import pytest
from sdk_support import BUILT, WAYS, WITHOUT_KEY, Subject, raises

DISABLED = ("DisabledException", "{} is disabled.")
PENDING = ("KMSInvalidStateException", "{} is pending deletion.")
NOT_PENDING = ("KMSInvalidStateException", "{} is not pending deletion.")

STATES = ("Enabled", "Disabled", "PendingDeletion")

# Per operation: the outcome in each state; None means that it works.
CRYPTOGRAPHY = (None, DISABLED, PENDING)
ALWAYS = (None, None, None)
UNLESS_PENDING = (None, None, PENDING)
TABLE = {
    "CancelKeyDeletion": (NOT_PENDING, NOT_PENDING, None),
    "CreateAlias": UNLESS_PENDING,
    "Decrypt": CRYPTOGRAPHY,
    "DescribeKey": ALWAYS,
    "DisableKey": UNLESS_PENDING,
    "DisableKeyRotation": CRYPTOGRAPHY,
    "EnableKey": UNLESS_PENDING,
    "EnableKeyRotation": CRYPTOGRAPHY,
    "Encrypt": CRYPTOGRAPHY,
    "GenerateDataKey": CRYPTOGRAPHY,
    "GenerateDataKeyWithoutPlaintext": CRYPTOGRAPHY,
    "GetKeyPolicy": ALWAYS,
    "GetKeyRotationStatus": ALWAYS,
    "ListAliases": ALWAYS,
    "ListKeyPolicies": ALWAYS,
    "ListKeyRotations": ALWAYS,
    "ListResourceTags": ALWAYS,
    "PutKeyPolicy": ALWAYS,
    "ReEncrypt from": CRYPTOGRAPHY,
    "ReEncrypt to": CRYPTOGRAPHY,
    "RotateKeyOnDemand": CRYPTOGRAPHY,
    "ScheduleKeyDeletion": UNLESS_PENDING,
    "TagResource": UNLESS_PENDING,
    "UntagResource": UNLESS_PENDING,
    "UpdateAlias": UNLESS_PENDING,
    "UpdateKeyDescription": UNLESS_PENDING,
}


def test_every_built_operation_is_in_the_table():
    assert TABLE.keys() == WAYS.keys()
    assert {way.split()[0] for way in TABLE} == BUILT - WITHOUT_KEY


@pytest.fixture(params=STATES)
def subject_in_state(request, kms):
    subject = Subject(kms)
    subject.bring_into(request.param)
    return subject, request.param


@pytest.mark.parametrize("way", TABLE)
def test_each_operation_works_or_is_refused_as_the_state_of_the_key_says(subject_in_state, way):
    subject, state = subject_in_state
    refusal = TABLE[way][STATES.index(state)]
    if refusal is None:
        subject.call(way)
        return
    code, message = refusal
    with raises(code, message.format(subject.arn)):
        subject.call(way)
    assert subject.state == state


@pytest.mark.parametrize(
    ("state", "code", "message"), [("Disabled", *DISABLED), ("PendingDeletion", *PENDING)]
)
def test_a_ciphertext_whose_key_is_not_named_is_refused_by_the_state_of_its_key(
    kms, subject, state, code, message
):
    subject.bring_into(state)
    with raises(code, message.format(subject.arn)):
        kms.decrypt(CiphertextBlob=subject.ciphertext)
    with raises(code, message.format(subject.arn)):
        kms.re_encrypt(CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other)


@pytest.mark.parametrize("state", STATES)
def test_an_alias_can_be_moved_away_whatever_the_state_of_its_key(kms, subject, state):
    subject.bring_into(state)
    kms.update_alias(AliasName=subject.alias, TargetKeyId=subject.other)
    targets = {
        entry["AliasName"]: entry["TargetKeyId"]
        for entry in kms.list_aliases(KeyId=subject.other)["Aliases"]
    }
    assert targets[subject.alias] == subject.other


@pytest.mark.parametrize("state", STATES)
def test_an_alias_can_be_deleted_whatever_the_state_of_its_key(kms, subject, state):
    subject.bring_into(state)
    kms.delete_alias(AliasName=subject.alias)
    assert kms.list_aliases(KeyId=subject.id)["Aliases"] == []


def test_a_disabled_key_works_again_when_it_is_enabled(kms, subject):
    subject.bring_into("Disabled")
    kms.enable_key(KeyId=subject.id)
    assert kms.decrypt(CiphertextBlob=subject.ciphertext)["Plaintext"] == b"secret"
