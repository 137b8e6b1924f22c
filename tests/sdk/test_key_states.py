"""Which operation works in which key state: the published table, operation by operation."""

import pytest
from sdk_support import (
    BUILT,
    OF_PRIMARIES,
    OTHER_REGION,
    REGION,
    UNKNOWN_GRANT,
    WAYS,
    WITHOUT_KEY,
    Primary,
    Replica,
    Subject,
    kind_for,
    raises,
)
from trent_server import Trent

DISABLED = ("DisabledException", "{} is disabled.")
PENDING = ("KMSInvalidStateException", "{} is pending deletion.")
REPLICA_PENDING = ("KMSInvalidStateException", "{} is pending replica deletion.")
NOT_PENDING = ("KMSInvalidStateException", "{} is not pending deletion.")
CREATING = ("KMSInvalidStateException", "{} is creating.")
UPDATING = ("KMSInvalidStateException", "{} is updating.")
NO_GRANT = ("InvalidGrantIdException", f"Grant '{UNKNOWN_GRANT}' does not exist.")
NO_PRIMARY = ("UnsupportedOperationException", "{} is not a multi-region primary key.")

STATES = (
    "Enabled",
    "Disabled",
    "PendingDeletion",
    "PendingReplicaDeletion",
    "Creating",
    "Updating",
)

# Per operation: the outcome in each state; None means that it works.
CRYPTOGRAPHY = (None, DISABLED, PENDING, REPLICA_PENDING, CREATING, None)
ALWAYS = (None, None, None, None, None, None)
UNLESS_PENDING = (None, None, PENDING, REPLICA_PENDING, None, None)
SWITCHING = (None, None, PENDING, REPLICA_PENDING, CREATING, UPDATING)
TABLE = {
    "CancelKeyDeletion": (NOT_PENDING, NOT_PENDING, None, None, NOT_PENDING, NOT_PENDING),
    "CreateAlias": UNLESS_PENDING,
    "CreateGrant": CRYPTOGRAPHY,
    "Decapsulate": CRYPTOGRAPHY,
    "Decrypt": CRYPTOGRAPHY,
    "DeleteImportedKeyMaterial": (None, None, None, None, CREATING, UPDATING),
    "DeriveSharedSecret": CRYPTOGRAPHY,
    "DescribeKey": ALWAYS,
    "DisableKey": SWITCHING,
    "DisableKeyRotation": CRYPTOGRAPHY,
    "EnableKey": SWITCHING,
    "EnableKeyRotation": CRYPTOGRAPHY,
    "Encapsulate": CRYPTOGRAPHY,
    "Encrypt": CRYPTOGRAPHY,
    "GenerateDataKey": CRYPTOGRAPHY,
    "GenerateDataKeyPair": CRYPTOGRAPHY,
    "GenerateDataKeyPairWithoutPlaintext": CRYPTOGRAPHY,
    "GenerateDataKeyWithoutPlaintext": CRYPTOGRAPHY,
    "GenerateMac": CRYPTOGRAPHY,
    "GetKeyLastUsage": ALWAYS,
    "GetKeyPolicy": ALWAYS,
    "GetKeyRotationStatus": ALWAYS,
    "GetParametersForImport": SWITCHING,
    "GetPublicKey": (None, None, PENDING, REPLICA_PENDING, CREATING, None),
    "ImportKeyMaterial": (None, None, None, None, CREATING, None),
    "ListAliases": ALWAYS,
    "ListGrants": ALWAYS,
    "ListKeyPolicies": ALWAYS,
    "ListKeyRotations": ALWAYS,
    "ListResourceTags": ALWAYS,
    "PutKeyPolicy": ALWAYS,
    "ReEncrypt from": CRYPTOGRAPHY,
    "ReEncrypt to": CRYPTOGRAPHY,
    # What is being created is a replica, and replicas are not replicated.
    "ReplicateKey": (None, DISABLED, PENDING, REPLICA_PENDING, NO_PRIMARY, UPDATING),
    # What is being created has no grants yet.
    "RevokeGrant": (None, None, None, None, NO_GRANT, None),
    "RotateKeyOnDemand": CRYPTOGRAPHY,
    "ScheduleKeyDeletion": (None, None, PENDING, REPLICA_PENDING, None, UPDATING),
    "Sign": CRYPTOGRAPHY,
    "TagResource": UNLESS_PENDING,
    "UntagResource": UNLESS_PENDING,
    "UpdateAlias": UNLESS_PENDING,
    "UpdateKeyDescription": UNLESS_PENDING,
    "UpdatePrimaryRegion": (None, DISABLED, PENDING, REPLICA_PENDING, NO_PRIMARY, None),
    "Verify": CRYPTOGRAPHY,
    "VerifyMac": CRYPTOGRAPHY,
}


@pytest.fixture(scope="module")
def slow():
    """A server where replicas take an hour to be created and roles an hour to be exchanged."""
    with Trent("--replication-delay", "PT1H") as server:
        yield server


@pytest.fixture
def bring(kms, slow):
    """Makes a key that is in a state and of a kind that suits an operation."""

    def into(state, way=None):
        kind = kind_for(way)
        if state in ("Creating", "Updating"):
            elsewhere = slow.client(region=OTHER_REGION)
            subject = Replica(slow.client(), elsewhere, **kind)
            if state == "Updating":
                slow.advance("PT1H")
                subject.settle()
                elsewhere.update_primary_region(KeyId=subject.id, PrimaryRegion=REGION)
        elif state == "PendingReplicaDeletion":
            subject = Primary(kms, **kind)
        elif way not in OF_PRIMARIES:
            subject = Subject(kms, **kind)
        elif state == "PendingDeletion":
            subject = Subject(kms, MultiRegion=True)
        else:
            subject = Primary(kms)
        subject.bring_into(state)
        return subject

    return into


def test_every_built_operation_is_in_the_table():
    assert TABLE.keys() == WAYS.keys()
    assert {way.split()[0] for way in TABLE} == BUILT - WITHOUT_KEY


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("way", TABLE)
def test_each_operation_works_or_is_refused_as_the_state_of_the_key_says(bring, way, state):
    subject = bring(state, way)
    refusal = TABLE[way][STATES.index(state)]
    if refusal is None:
        subject.call(way)
        return
    code, message = refusal
    with raises(code, message.format(subject.arn)):
        subject.call(way)
    assert subject.state == state


@pytest.mark.parametrize(
    ("state", "code", "message"),
    [
        ("Disabled", *DISABLED),
        ("PendingDeletion", *PENDING),
        ("PendingReplicaDeletion", *REPLICA_PENDING),
        ("Creating", *CREATING),
    ],
)
def test_a_ciphertext_whose_key_is_not_named_is_refused_by_the_state_of_its_key(
    bring, state, code, message
):
    subject = bring(state)
    with raises(code, message.format(subject.arn)):
        subject.kms.decrypt(CiphertextBlob=subject.ciphertext)
    with raises(code, message.format(subject.arn)):
        subject.kms.re_encrypt(
            CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other
        )


@pytest.mark.parametrize("state", STATES)
def test_an_alias_can_be_moved_away_whatever_the_state_of_its_key(bring, state):
    subject = bring(state)
    subject.kms.update_alias(AliasName=subject.alias, TargetKeyId=subject.other)
    targets = {
        entry["AliasName"]: entry["TargetKeyId"]
        for entry in subject.kms.list_aliases(KeyId=subject.other)["Aliases"]
    }
    assert targets[subject.alias] == subject.other


@pytest.mark.parametrize("state", STATES)
def test_an_alias_can_be_deleted_whatever_the_state_of_its_key(bring, state):
    subject = bring(state)
    subject.kms.delete_alias(AliasName=subject.alias)
    assert subject.kms.list_aliases(KeyId=subject.id)["Aliases"] == []


def test_a_disabled_key_works_again_when_it_is_enabled(kms, subject):
    subject.bring_into("Disabled")
    kms.enable_key(KeyId=subject.id)
    assert kms.decrypt(CiphertextBlob=subject.ciphertext)["Plaintext"] == b"secret"
