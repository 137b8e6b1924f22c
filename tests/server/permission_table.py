"""The table of permissions: a row for each operation of the API. `cargo xtask coverage` looks for
the name of each operation behind `Row(`.

AWS KMS Developer Guide, "AWS KMS permissions".
"""

from dataclasses import dataclass

from sdk_support import AGREEING, ENCAPSULATING, GRANTEE, IMPORTED, MAC, OTHER_REGION, SIGNING, WAYS

# What an operation is about.
KEY = "key"  # Key policy, IAM policies and grants decide.
ALIAS = "alias"  # The same, and an IAM policy for the alias.
NOTHING = "*"  # An IAM policy alone.
GRANT = "grant"  # What the grant says, or an IAM policy of the account that gave it.
STORE = "store"  # Custom key stores: an IAM policy alone; not built yet.


@dataclass(frozen=True)
class Row:
    operation: str
    resource: str
    # The parameters, of a `Target`; the least that are needed if not given.
    parameters: object = None
    # What CreateKey is told, if the key is not to be a symmetric encryption key.
    kind: dict = None
    # What is to be done to the key before; called with the `Target`.
    before: object = None
    # The permissions in the order in which they are looked for, if not that of the name.
    actions: tuple = ()
    # Permissions beside those on the key, which only IAM policies give.
    also: tuple = ()
    # The operations of a grant that permits it; none does if empty.
    grant: tuple = ()
    # Whether keys of other accounts can be named.
    abroad: bool = False
    # The members that are encryption contexts.
    contexts: tuple = ()

    @property
    def asks(self):
        return self.actions or (self.operation,)

    def parameters_for(self, target):
        if self.parameters is not None:
            return self.parameters(target)
        return WAYS[self.operation](target, target.arn)


CONTEXT = ("EncryptionContext",)

TABLE = [
    Row("CancelKeyDeletion", KEY, before=lambda t: t.owner.schedule_key_deletion(KeyId=t.id)),
    Row("ConnectCustomKeyStore", STORE, lambda t: {"CustomKeyStoreId": "cks-1"}),
    Row("CreateAlias", ALIAS),
    Row("CreateCustomKeyStore", STORE, lambda t: {"CustomKeyStoreName": "store"}),
    Row("CreateGrant", KEY, grant=("CreateGrant", "DescribeKey"), abroad=True),
    Row("CreateKey", NOTHING, lambda t: {}),
    Row("Decapsulate", KEY, kind=ENCAPSULATING, grant=("Decapsulate",), abroad=True),
    Row("Decrypt", KEY, grant=("Decrypt",), abroad=True, contexts=CONTEXT),
    Row("DeleteAlias", ALIAS, lambda t: {"AliasName": t.alias}),
    Row("DeleteCustomKeyStore", STORE, lambda t: {"CustomKeyStoreId": "cks-1"}),
    Row("DeleteImportedKeyMaterial", KEY, kind=IMPORTED),
    Row("DeriveSharedSecret", KEY, kind=AGREEING, grant=("DeriveSharedSecret",), abroad=True),
    Row("DescribeCustomKeyStores", STORE, lambda t: {}),
    Row("DescribeKey", KEY, grant=("DescribeKey",), abroad=True),
    Row("DisableKey", KEY),
    Row("DisableKeyRotation", KEY),
    Row("DisconnectCustomKeyStore", STORE, lambda t: {"CustomKeyStoreId": "cks-1"}),
    Row("EnableKey", KEY),
    Row("EnableKeyRotation", KEY),
    Row("Encapsulate", KEY, kind=ENCAPSULATING, grant=("Encapsulate",), abroad=True),
    Row("Encrypt", KEY, grant=("Encrypt",), abroad=True, contexts=CONTEXT),
    Row("GenerateDataKey", KEY, grant=("GenerateDataKey",), abroad=True, contexts=CONTEXT),
    Row("GenerateDataKeyPair", KEY, grant=("GenerateDataKeyPair",), abroad=True, contexts=CONTEXT),
    Row(
        "GenerateDataKeyPairWithoutPlaintext",
        KEY,
        grant=("GenerateDataKeyPairWithoutPlaintext",),
        abroad=True,
        contexts=CONTEXT,
    ),
    Row(
        "GenerateDataKeyWithoutPlaintext",
        KEY,
        grant=("GenerateDataKeyWithoutPlaintext",),
        abroad=True,
        contexts=CONTEXT,
    ),
    Row("GenerateMac", KEY, kind=MAC, grant=("GenerateMac",), abroad=True),
    Row("GenerateRandom", NOTHING, lambda t: {"NumberOfBytes": 1}),
    Row("GetKeyLastUsage", KEY),
    Row("GetKeyPolicy", KEY),
    Row("GetKeyRotationStatus", KEY, abroad=True),
    Row("GetParametersForImport", KEY, kind=IMPORTED),
    Row("GetPublicKey", KEY, kind=SIGNING, grant=("GetPublicKey",), abroad=True),
    Row("ImportKeyMaterial", KEY, kind=IMPORTED),
    Row("ListAliases", NOTHING, lambda t: {}),
    Row("ListGrants", KEY, abroad=True),
    Row("ListKeyPolicies", KEY),
    Row("ListKeyRotations", KEY),
    Row("ListKeys", NOTHING, lambda t: {}),
    Row("ListResourceTags", KEY),
    Row("ListRetirableGrants", NOTHING, lambda t: {"RetiringPrincipal": GRANTEE}),
    Row("PutKeyPolicy", KEY),
    Row(
        "ReEncrypt",
        KEY,
        lambda t: {
            "CiphertextBlob": t.ciphertext,
            "SourceKeyId": t.arn,
            "DestinationKeyId": t.arn,
        },
        actions=("ReEncryptTo", "ReEncryptFrom"),
        grant=("ReEncryptTo", "ReEncryptFrom"),
        abroad=True,
        contexts=("SourceEncryptionContext", "DestinationEncryptionContext"),
    ),
    Row("ReplicateKey", KEY, kind={"MultiRegion": True}, also=("CreateKey",)),
    Row(
        "RetireGrant",
        GRANT,
        lambda t: {"KeyId": t.arn, "GrantId": t.grant},
        grant=("RetireGrant",),
        abroad=True,
    ),
    Row("RevokeGrant", KEY, abroad=True),
    Row("RotateKeyOnDemand", KEY),
    Row("ScheduleKeyDeletion", KEY),
    Row("Sign", KEY, kind=SIGNING, grant=("Sign",), abroad=True),
    Row("TagResource", KEY),
    Row("UntagResource", KEY),
    Row("UpdateAlias", ALIAS, lambda t: {"AliasName": t.alias, "TargetKeyId": t.arn}),
    Row("UpdateCustomKeyStore", STORE, lambda t: {"CustomKeyStoreId": "cks-1"}),
    Row("UpdateKeyDescription", KEY),
    Row(
        "UpdatePrimaryRegion",
        KEY,
        kind={"MultiRegion": True},
        before=lambda t: t.replicate(OTHER_REGION),
    ),
    Row("Verify", KEY, kind=SIGNING, grant=("Verify",), abroad=True),
    Row("VerifyMac", KEY, kind=MAC, grant=("VerifyMac",), abroad=True),
]

ROWS = {row.operation: row for row in TABLE}


def rows(*resources, where=lambda row: True):
    """The rows of operations on such resources, as parameters of a test."""
    return [row for row in TABLE if row.resource in resources and where(row)]
