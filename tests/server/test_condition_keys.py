"""Condition keys: what value each has in which operation, shown by a policy with a value that
matches and by one with a value that does not.

AWS KMS Developer Guide, "AWS KMS condition keys"; IAM User Guide, "AWS global condition context
keys".
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from enclave import Enclave
from permission_support import (
    ALICE,
    NO_KEY_POLICY,
    NO_SESSION_POLICY,
    OTHER_ROOT,
    ROLE,
    ROOT,
    People,
    Person,
    Target,
    allow,
    deny,
    policy,
    refused,
)
from permission_table import KEY, ROWS, rows
from sdk_support import (
    ACCOUNT,
    GRANTEE,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    SIGNING,
    TAKING_ALIASES,
    THIRD_REGION,
    action_of,
    alias_arn,
    encode,
    key_arn,
    new_alias_name,
    raises,
)
from trent_server import Trent, TrentServe

SYMMETRIC = "SYMMETRIC_DEFAULT"
PURPOSE = {"Purpose": "test"}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
NOW = datetime.now(timezone.utc)
MONTHS = NOW.replace(microsecond=0) + timedelta(days=60)
RSA = {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}
PRIMARY = {"MultiRegion": True}
TAGGED = {"Tags": [{"TagKey": "Team", "TagValue": "blue"}]}
TWO_TAGS = {"Tags": [*TAGGED["Tags"], {"TagKey": "Cost", "TagValue": "low"}]}
ALL_EQUAL, ANY_EQUALS = "ForAllValues:StringEquals", "ForAnyValue:StringEquals"


@dataclass(frozen=True)
class Case:
    """A condition key in an operation with a value that matches and one that does not."""

    key: str
    operation: str
    good: object
    bad: object
    operator: str = "StringEquals"
    # Parameters that are not those of the table; None takes one away.
    changes: dict = field(default_factory=dict)
    # What CreateKey is told.
    kind: dict = None
    context: dict = None

    @property
    def row(self):
        return ROWS[self.operation]

    def target(self, people):
        return Target(people, self.row, self.context, self.kind, **self.changes)

    def condition(self, value):
        return {self.operator: {self.key: value}}


def label(value):
    if isinstance(value, Case):
        return f"{value.key}-{value.operation}-{value.operator}-{value.good}"
    return None


def constraint(kind, empty=None):
    constraints = {kind: PURPOSE}
    if empty:
        constraints[empty] = {}
    return {"Constraints": constraints}


FOR_SERVICE = {
    "GranteePrincipal": None,
    "GranteeServicePrincipal": "sns.amazonaws.com",
    "RetiringServicePrincipal": "sqs.amazonaws.com",
    "Constraints": {"SourceArn": TOPIC},
}
WITH_CONTEXT = [row.operation for row in rows(KEY, where=lambda row: row.contexts)]
EXPIRING = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": MONTHS}
EPOCH = int(MONTHS.timestamp())


def null(key, operation, **options):
    """A condition key that the request does not have."""
    return Case(key, operation, "true", "false", "Null", **options)


# What is known of services, organisations, VPCs and the like alone.
OF_OTHER_CALLERS = """
CalledVia CalledViaFirst CalledViaLast Ec2InstanceSourcePrivateIPv4 Ec2InstanceSourceVpc
FederatedProvider MultiFactorAuthAge PrincipalOrgID PrincipalOrgPaths PrincipalServiceName
PrincipalServiceNamesList Referer ResourceOrgID ResourceOrgPaths SourceAccount SourceArn
SourceIdentity SourceOrgID SourceOrgPaths SourceVpc SourceVpce VpcSourceIp
"""

CASES = [
    Case("kms:CallerAccount", "DescribeKey", ACCOUNT, OTHER_ACCOUNT),
    # Of the key.
    Case("kms:CustomerMasterKeySpec", "DescribeKey", SYMMETRIC, "RSA_2048"),
    Case("kms:KeySpec", "Encrypt", SYMMETRIC, "RSA_2048"),
    Case("kms:KeySpec", "Sign", "ECC_NIST_P256", SYMMETRIC),
    Case("kms:CustomerMasterKeyUsage", "DescribeKey", "ENCRYPT_DECRYPT", "SIGN_VERIFY"),
    Case("kms:KeyUsage", "GenerateMac", "GENERATE_VERIFY_MAC", "SIGN_VERIFY"),
    Case("kms:KeyOrigin", "GetParametersForImport", "EXTERNAL", "AWS_KMS"),
    Case("kms:KeyOrigin", "TagResource", "AWS_KMS", "EXTERNAL"),
    Case("kms:MultiRegion", "DescribeKey", "false", "true", "Bool"),
    Case("kms:MultiRegion", "DescribeKey", "true", "false", "Bool", kind=PRIMARY),
    Case("kms:MultiRegionKeyType", "DescribeKey", "PRIMARY", "REPLICA", kind=PRIMARY),
    null("kms:MultiRegionKeyType", "DescribeKey"),
    # Of the request.
    Case(
        "kms:BypassPolicyLockoutSafetyCheck",
        "PutKeyPolicy",
        "true",
        "false",
        "Bool",
        {"BypassPolicyLockoutSafetyCheck": True},
    ),
    null("kms:BypassPolicyLockoutSafetyCheck", "PutKeyPolicy"),
    Case("kms:DataKeyPairSpec", "GenerateDataKeyPair", "ECC_NIST_P256", "RSA_2048"),
    Case(
        "kms:DataKeyPairSpec",
        "GenerateDataKeyPairWithoutPlaintext",
        "ECC_*",
        "RSA_*",
        "StringLike",
    ),
    null("kms:DataKeyPairSpec", "GenerateDataKey"),
    *(Case("kms:EncryptionAlgorithm", one, SYMMETRIC, "RSAES_OAEP_SHA_1") for one in WITH_CONTEXT),
    Case(
        "kms:EncryptionAlgorithm",
        "Encrypt",
        "RSAES_OAEP_SHA_256",
        SYMMETRIC,
        changes={"EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
        kind=RSA,
    ),
    null("kms:EncryptionAlgorithm", "DescribeKey"),
    *(
        Case("kms:EncryptionContext:Purpose", one, "test", "Test", context=PURPOSE)
        for one in WITH_CONTEXT
    ),
    # Names are compared without case, values by the operator.
    Case("kms:EncryptionContext:PURPOSE", "Encrypt", "test", "other", context=PURPOSE),
    Case(
        "kms:EncryptionContext:purpose",
        "Encrypt",
        "TEST",
        "other",
        "StringEqualsIgnoreCase",
        context=PURPOSE,
    ),
    Case("kms:EncryptionContext:Purpose", "Encrypt", "te?t", "te?", "StringLike", context=PURPOSE),
    null("kms:EncryptionContext:Other", "Encrypt", context=PURPOSE),
    null("kms:EncryptionContext:Purpose", "Encrypt"),
    Case(
        "kms:EncryptionContext:Purpose",
        "CreateGrant",
        "test",
        "other",
        changes=constraint("EncryptionContextEquals"),
    ),
    Case(
        "kms:EncryptionContext:Purpose",
        "CreateGrant",
        "test",
        "other",
        changes=constraint("EncryptionContextSubset"),
    ),
    *(
        Case("kms:EncryptionContextKeys", one, "Purpose", "Other", ANY_EQUALS, context=PURPOSE)
        for one in WITH_CONTEXT
    ),
    Case(
        "kms:EncryptionContextKeys",
        "Encrypt",
        ["Purpose", "More"],
        ["Purpose"],
        ALL_EQUAL,
        context={**PURPOSE, "More": "x"},
    ),
    Case(
        "kms:EncryptionContextKeys",
        "CreateGrant",
        "Purpose",
        "Other",
        ANY_EQUALS,
        constraint("EncryptionContextSubset"),
    ),
    null("kms:EncryptionContextKeys", "Encrypt"),
    Case(
        "kms:ExpirationModel",
        "ImportKeyMaterial",
        "KEY_MATERIAL_DOES_NOT_EXPIRE",
        "KEY_MATERIAL_EXPIRES",
    ),
    null("kms:ExpirationModel", "ImportKeyMaterial", changes={**EXPIRING, "ExpirationModel": None}),
    Case("kms:ValidTo", "ImportKeyMaterial", EPOCH, EPOCH + 1, "NumericEquals", EXPIRING),
    Case(
        "kms:ValidTo",
        "ImportKeyMaterial",
        (MONTHS + timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
        (MONTHS - timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
        "DateLessThan",
        EXPIRING,
    ),
    null("kms:ValidTo", "ImportKeyMaterial"),
    *(
        Case("kms:GrantConstraintType", "CreateGrant", good, bad, changes=constraint(good, other))
        for good, bad in [
            ("EncryptionContextEquals", "EncryptionContextSubset"),
            ("EncryptionContextSubset", "EncryptionContextEquals"),
        ]
        for other in (None, bad)
    ),
    null("kms:GrantConstraintType", "CreateGrant"),
    Case(
        "kms:GrantConstraintSourceArn",
        "CreateGrant",
        "arn:aws:sns:*:*:topic",
        QUEUE,
        "ArnLike",
        {"Constraints": {"SourceArn": TOPIC}},
    ),
    null("kms:GrantConstraintSourceArn", "CreateGrant"),
    Case("kms:GrantIsForAWSResource", "CreateGrant", "false", "true", "Bool"),
    Case("kms:GrantIsForAWSResource", "ListGrants", "false", "true", "Bool"),
    Case("kms:GrantIsForAWSResource", "RevokeGrant", "false", "true", "Bool"),
    Case(
        "kms:GrantOperations",
        "CreateGrant",
        ["Encrypt", "Decrypt"],
        ["Encrypt"],
        ALL_EQUAL,
        {"Operations": ["Encrypt", "Decrypt"]},
    ),
    Case(
        "kms:GrantOperations",
        "CreateGrant",
        ["Encrypt"],
        ["DescribeKey"],
        ANY_EQUALS,
        {"Operations": ["Encrypt", "Decrypt"]},
    ),
    Case("kms:GranteePrincipal", "CreateGrant", GRANTEE, ALICE),
    null("kms:GranteePrincipal", "CreateGrant", changes=FOR_SERVICE),
    Case(
        "kms:GranteeServicePrincipal",
        "CreateGrant",
        "sns.amazonaws.com",
        "sqs.amazonaws.com",
        changes=FOR_SERVICE,
    ),
    null("kms:GranteeServicePrincipal", "CreateGrant"),
    Case(
        "kms:RetiringServicePrincipal",
        "CreateGrant",
        "sqs.amazonaws.com",
        "sns.amazonaws.com",
        changes=FOR_SERVICE,
    ),
    Case(
        "kms:RetiringPrincipal",
        "CreateGrant",
        ALICE,
        GRANTEE,
        changes={"RetiringPrincipal": ALICE},
    ),
    null("kms:RetiringPrincipal", "CreateGrant"),
    Case("kms:KeyAgreementAlgorithm", "DeriveSharedSecret", "ECDH", "ECMQV"),
    Case("kms:MacAlgorithm", "GenerateMac", "HMAC_SHA_256", "HMAC_SHA_512"),
    Case("kms:MacAlgorithm", "VerifyMac", "HMAC_SHA_256", "HMAC_SHA_512"),
    Case("kms:MessageType", "Sign", "RAW", "DIGEST"),
    Case("kms:MessageType", "Verify", "RAW", "DIGEST"),
    Case(
        "kms:MessageType",
        "Sign",
        "DIGEST",
        "RAW",
        changes={"MessageType": "DIGEST", "Message": bytes(32)},
    ),
    Case("kms:SigningAlgorithm", "Sign", "ECDSA_SHA_256", "ECDSA_SHA_384"),
    Case("kms:SigningAlgorithm", "Verify", "ECDSA_SHA_256", "ECDSA_SHA_384"),
    Case("kms:PrimaryRegion", "UpdatePrimaryRegion", OTHER_REGION, REGION),
    Case("kms:ReEncryptOnSameKey", "ReEncrypt", "true", "false", "Bool"),
    Case("kms:ReplicaRegion", "ReplicateKey", THIRD_REGION, OTHER_REGION),
    Case("kms:MultiRegionKeyType", "ReplicateKey", "PRIMARY", "REPLICA"),
    Case(
        "kms:RotationPeriodInDays",
        "EnableKeyRotation",
        180,
        179,
        "NumericLessThanEquals",
        {"RotationPeriodInDays": 180},
    ),
    null("kms:RotationPeriodInDays", "EnableKeyRotation"),
    Case(
        "kms:ScheduleKeyDeletionPendingWindowInDays",
        "ScheduleKeyDeletion",
        7,
        8,
        "NumericGreaterThanEquals",
        {"PendingWindowInDays": 7},
    ),
    null("kms:ScheduleKeyDeletionPendingWindowInDays", "ScheduleKeyDeletion"),
    *(
        Case("kms:TrailingDaysWithoutKeyUsage", one, 0, 1, "NumericGreaterThanEquals")
        for one in ("DisableKey", "ScheduleKeyDeletion")
    ),
    null("kms:TrailingDaysWithoutKeyUsage", "EnableKey"),
    null("kms:ViaService", "Encrypt"),
    Case(
        "kms:WrappingAlgorithm",
        "GetParametersForImport",
        "RSAES_OAEP_SHA_256",
        "RSAES_OAEP_SHA_1",
    ),
    Case("kms:WrappingKeySpec", "GetParametersForImport", "RSA_2048", "RSA_4096"),
    null("kms:RecipientAttestation:PCR0", "GenerateDataKey"),
    null("kms:RequestAlias", "Encrypt"),
    # Of the request, and of all services.
    Case("aws:RequestTag/Team", "TagResource", "blue", "red", changes=TAGGED),
    Case("aws:RequestTag/team", "ReplicateKey", "blue", "Blue", changes=TAGGED),
    null("aws:RequestTag/Cost", "TagResource", changes=TAGGED),
    null("aws:RequestTag/a", "UntagResource"),
    Case("aws:TagKeys", "TagResource", ["Team", "Cost"], ["Team"], ALL_EQUAL, TWO_TAGS),
    Case("aws:TagKeys", "TagResource", "Cost", "More", ANY_EQUALS, TWO_TAGS),
    Case("aws:TagKeys", "UntagResource", "a", "b", ANY_EQUALS),
    null("aws:TagKeys", "DescribeKey"),
    Case("aws:ResourceTag/Team", "Encrypt", "blue", "red", kind=TAGGED),
    null("aws:ResourceTag/Cost", "Encrypt", kind=TAGGED),
    Case("aws:ResourceAccount", "Encrypt", ACCOUNT, OTHER_ACCOUNT),
    Case("aws:RequestedRegion", "Encrypt", REGION, OTHER_REGION),
    Case("aws:SourceIp", "Encrypt", "127.0.0.0/8", "10.0.0.0/8", "IpAddress"),
    Case("aws:SourceIp", "Encrypt", "10.0.0.0/8", "127.0.0.1", "NotIpAddress"),
    Case("aws:SecureTransport", "Encrypt", "false", "true", "Bool"),
    Case("aws:CurrentTime", "Encrypt", "2100-01-01T00:00:00Z", "2020-01-01", "DateLessThan"),
    Case("aws:CurrentTime", "Encrypt", "2020-01-01", "2100-01-01", "DateGreaterThan"),
    Case("aws:EpochTime", "Encrypt", 4102444800, 1577836800, "NumericLessThan"),
    Case("aws:EpochTime", "Encrypt", 1577836800, 4102444800, "DateGreaterThan"),
    Case("aws:UserAgent", "Encrypt", "Boto3/*", "aws-cli/*", "StringLike"),
    Case("aws:PrincipalAccount", "Encrypt", ACCOUNT, OTHER_ACCOUNT),
    Case("aws:PrincipalIsAWSService", "Encrypt", "false", "true", "Bool"),
    Case("aws:ViaAWSService", "Encrypt", "false", "true", "Bool"),
    *(null(f"aws:{key}", "Encrypt") for key in OF_OTHER_CALLERS.split()),
]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_a_key_policy_asks_for_a_condition(people, case):
    target = case.target(people)
    asks = case.row.asks
    person = people.alice
    if case.changes is TAGGED and case.operation == "ReplicateKey":
        person = people.caller(actions=("CreateKey", "TagResource"))
    for value in (case.bad, case.good):
        target.put_policy(allow(asks, person_arn(person), Condition=case.condition(value)))
        if value == case.bad:
            target.check_refused(person, NO_KEY_POLICY)
    target.call(person)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_an_iam_policy_asks_for_a_condition(people, case):
    target = case.target(people)
    target.put_policy(allow("kms:*", ROOT))
    row = case.row
    allowed = row.asks + row.also + ("TagResource",)

    def person(value):
        conditional = allow(row.asks, Condition=case.condition(value))
        others = [allow(one) for one in allowed if one not in row.asks]
        return people.caller(actions=allowed, limit=policy(conditional, *others))

    target.check_refused(person(case.bad), NO_SESSION_POLICY)
    target.call(person(case.good))


def person_arn(person):
    return ROLE if ":assumed-role/" in person.arn else person.arn


def test_a_moment_between_two_seconds_is_compared_as_a_date(people):
    row = ROWS["ImportKeyMaterial"]
    target = Target(people, row)
    names = ("ImportToken", "EncryptedKeyMaterial")
    body = {name: encode(target.parameters[name]) for name in names}
    body.update(KeyId=target.id, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=EPOCH + 0.5)
    before = {"DateLessThan": {"kms:ValidTo": MONTHS.isoformat()}}
    after = {"DateGreaterThanEquals": {"kms:ValidTo": MONTHS.isoformat()}}
    target.put_policy(allow(row.asks, ALICE), deny(row.asks, ALICE, Condition=after))
    assert people.alice.send(row.operation, body).code == "AccessDeniedException"
    target.put_policy(allow(row.asks, ALICE), deny(row.asks, ALICE, Condition=before))
    assert people.alice.send(row.operation, body).status == 200


@pytest.mark.parametrize("first, last", [("1", "2"), ("2", "1")])
def test_conditions_are_about_what_is_done_where_a_member_is_repeated(people, first, last):
    row = ROWS["Encrypt"]
    target = Target(people, row)
    only = {"StringEquals": {"kms:EncryptionContext:a": last}}
    target.put_policy(allow("Encrypt", ALICE, Condition=only))
    head = f'"KeyId":"{target.arn}","Plaintext":"eA==","EncryptionContext"'
    contexts = f'{head}:{{"a":"{first}"}},"EncryptionContext":{{"a":"{last}"}}'
    pairs = f'{head}:{{"a":"{first}","a":"{last}"}}'
    for body in (contexts, pairs):
        answer = people.alice.send("Encrypt", f"{{{body}}}".encode())
        assert answer.status == 200
        blob = base64.b64decode(answer.json["CiphertextBlob"])
        target.owner.decrypt(CiphertextBlob=blob, EncryptionContext={"a": last})


def test_names_of_the_context_that_differ_in_case_alone_are_refused_where_a_policy_asks(people):
    target = Target(people, ROWS["Encrypt"])
    context = {"A": "1", "a": "2"}
    arguments = {"KeyId": target.id, "Plaintext": b"x", "EncryptionContext": context}
    client = people.alice.client()
    target.put_policy(allow("Encrypt", ALICE))
    client.encrypt(**arguments)
    for value in context.values():
        only = {"StringEquals": {"kms:EncryptionContext:a": value}}
        target.put_policy(allow("Encrypt", ALICE, Condition=only))
        try:
            client.encrypt(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            assert code in ("ValidationException", "AccessDeniedException")
        else:
            raise AssertionError("a context that can be read in two ways was accepted")


# Keys that only IAM policies can ask for.


@pytest.mark.parametrize(
    "case",
    [
        Case("kms:KeySpec", "CreateKey", SYMMETRIC, "RSA_2048"),
        Case("kms:KeySpec", "CreateKey", "ECC_NIST_P256", SYMMETRIC, changes=SIGNING),
        Case("kms:CustomerMasterKeySpec", "CreateKey", SYMMETRIC, "RSA_2048"),
        Case("kms:KeyUsage", "CreateKey", "ENCRYPT_DECRYPT", "SIGN_VERIFY"),
        Case("kms:KeyUsage", "CreateKey", "SIGN_VERIFY", "ENCRYPT_DECRYPT", changes=SIGNING),
        Case("kms:CustomerMasterKeyUsage", "CreateKey", "ENCRYPT_DECRYPT", "SIGN_VERIFY"),
        Case("kms:KeyOrigin", "CreateKey", "AWS_KMS", "EXTERNAL"),
        Case("kms:KeyOrigin", "CreateKey", "EXTERNAL", "AWS_KMS", changes={"Origin": "EXTERNAL"}),
        Case("kms:MultiRegion", "CreateKey", "false", "true", "Bool"),
        Case("kms:MultiRegion", "CreateKey", "true", "false", "Bool", PRIMARY),
        Case("kms:MultiRegionKeyType", "CreateKey", "PRIMARY", "REPLICA", changes=PRIMARY),
        null("kms:MultiRegionKeyType", "CreateKey"),
        null("kms:BypassPolicyLockoutSafetyCheck", "CreateKey"),
        Case(
            "kms:BypassPolicyLockoutSafetyCheck",
            "CreateKey",
            "true",
            "false",
            "Bool",
            {"BypassPolicyLockoutSafetyCheck": True},
        ),
        Case("aws:RequestTag/Team", "CreateKey", "blue", "red", changes=TAGGED),
        Case("aws:TagKeys", "CreateKey", ["Team", "Cost"], "Team", ALL_EQUAL, TWO_TAGS),
        Case("aws:RequestedRegion", "CreateKey", REGION, OTHER_REGION),
        null("aws:ResourceAccount", "CreateKey"),
        Case("kms:CallerAccount", "CreateKey", ACCOUNT, OTHER_ACCOUNT),
        Case("aws:RequestedRegion", "GenerateRandom", REGION, OTHER_REGION),
    ],
    ids=label,
)
def test_an_operation_without_a_key_has_condition_keys(people, case):
    target = case.target(people)
    actions = ("CreateKey", "TagResource", "GenerateRandom")

    def person(value):
        conditional = allow(case.operation, Condition=case.condition(value))
        return people.caller(actions=actions, limit=policy(conditional, allow("TagResource")))

    target.check_refused(person(case.bad), NO_SESSION_POLICY, resource="*")
    target.call(person(case.good))


def test_a_replica_is_created_under_the_conditions_of_keys_that_are_created(people):
    target = Target(people, ROWS["ReplicateKey"])
    target.put_policy(allow("ReplicateKey", ROLE))

    def person(key, value):
        condition = {"StringEquals": {key: value}}
        limit = policy(allow("ReplicateKey"), allow("CreateKey", Condition=condition))
        return people.caller(actions=("CreateKey",), limit=limit)

    for key, good, bad in [
        ("aws:RequestedRegion", THIRD_REGION, REGION),
        ("kms:MultiRegionKeyType", "REPLICA", "PRIMARY"),
        ("kms:KeySpec", SYMMETRIC, "RSA_2048"),
    ]:
        refusal = {"action": "CreateKey", "resource": "*"}
        target.check_refused(person(key, bad), NO_SESSION_POLICY, **refusal)
    target.call(person("kms:MultiRegionKeyType", "REPLICA"))
    replica = key_arn(target.id, region=THIRD_REGION)
    for value, reason in (("REPLICA", None), ("PRIMARY", NO_KEY_POLICY)):
        only = {"StringEquals": {"kms:MultiRegionKeyType": value}}
        target.put_policy(allow("DescribeKey", ALICE, Condition=only), regions=[THIRD_REGION])
        kms = people.alice.client(THIRD_REGION)
        if reason is None:
            kms.describe_key(KeyId=replica)
            continue
        with refused(people.alice, "DescribeKey", replica, reason):
            kms.describe_key(KeyId=replica)


def test_the_aliases_of_a_key_are_for_iam_policies(people):
    row = ROWS["Encrypt"]
    target = Target(people, row)
    target.put_policy(allow("kms:*", ROOT))

    def limited(operator, *values):
        only = {operator: {"kms:ResourceAliases": list(values)}}
        return people.caller(row, limit=policy(allow("Encrypt", Condition=only)))

    good = limited(ANY_EQUALS, target.alias)
    other = limited(ANY_EQUALS, "alias/other")
    target.call(good)
    target.check_refused(other, NO_SESSION_POLICY)
    target.call(limited("ForAnyValue:StringLike", "alias/test-*"))
    target.call(limited("ForAllValues:StringLike", "alias/test-*"))
    second = new_alias_name()
    target.owner.create_alias(AliasName=second, TargetKeyId=target.id)
    target.call(good)
    target.call(limited(ANY_EQUALS, second))
    target.check_refused(limited(ALL_EQUAL, second), NO_SESSION_POLICY)
    for alias in (target.alias, second):
        target.owner.delete_alias(AliasName=alias)
    target.check_refused(good, NO_SESSION_POLICY)
    # Aliases play no part in key policies.
    only = {ANY_EQUALS: {"kms:ResourceAliases": target.alias}}
    target.put_policy(allow("Encrypt", ALICE, Condition=only))
    target.owner.create_alias(AliasName=target.alias, TargetKeyId=target.id)
    target.check_refused(people.alice, NO_KEY_POLICY)


def test_a_key_that_is_in_use_is_not_disabled():
    with Trent("--enforce") as server:
        kms = server.client()
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        is_unused = {"NumericGreaterThanEquals": {"kms:TrailingDaysWithoutKeyUsage": 90}}
        only = allow(["DisableKey", "ScheduleKeyDeletion"], ROOT, Condition=is_unused)
        others = allow(["kms:Put*", "EnableKey", "Encrypt"], ROOT)
        kms.put_key_policy(KeyId=key, Policy=policy(others, only))

        def check_in_use():
            for operation in (kms.disable_key, kms.schedule_key_deletion):
                with raises("AccessDeniedException"):
                    operation(KeyId=key)

        check_in_use()
        server.advance("P89DT23H")
        check_in_use()
        kms.encrypt(KeyId=key, Plaintext=b"x")
        server.advance("P89DT23H")
        check_in_use()
        server.advance("PT2H")
        kms.disable_key(KeyId=key)
        kms.schedule_key_deletion(KeyId=key)


@pytest.mark.parametrize("way", sorted(TAKING_ALIASES))
def test_a_policy_asks_for_the_alias_that_the_request_names(people, way):
    row = ROWS[way.split()[0]]
    target = Target(people, row)
    alias, second = target.alias, new_alias_name()
    target.owner.create_alias(AliasName=second, TargetKeyId=target.id)
    action = action_of(way).removeprefix("kms:")
    members = {"ReEncryptFrom": "SourceKeyId", "ReEncryptTo": "DestinationKeyId"}
    member = members.get(action, "KeyId")
    only = {"StringEquals": {"kms:RequestAlias": alias}}
    other = [allow(one, ALICE) for one in row.asks if one != action]
    target.put_policy(allow(action, ALICE, Condition=only), *other)
    for name in (target.arn, target.id, second, alias_arn(second)):
        target.check_refused(people.alice, NO_KEY_POLICY, action, **{member: name})
    for name in (alias, alias_arn(alias)):
        target.call(people.alice, **{member: name})


def test_either_side_of_re_encryption_has_conditions_of_its_own(people):
    row = ROWS["ReEncrypt"]
    source, destination = Target(people, row, context={"Side": "source"}), Target(people, row)
    changes = {
        "DestinationKeyId": destination.arn,
        "DestinationEncryptionContext": {"Side": "destination"},
    }

    def only(action, **conditions):
        matched = {key.replace("__", ":"): value for key, value in conditions.items()}
        return allow(action, ALICE, Condition={"StringEquals": matched})

    to = "ReEncryptTo"
    context = "kms__EncryptionContext__Side"
    source.put_policy(only("ReEncryptFrom", **{context: "source"}))
    destination.put_policy(only(to, **{context: "source"}))
    source.check_refused(people.alice, NO_KEY_POLICY, to, destination.arn, **changes)
    destination.put_policy(only(to, **{context: "destination"}))
    source.call(people.alice, **changes)
    source.put_policy(only("ReEncryptFrom", **{context: "destination"}))
    source.check_refused(people.alice, NO_KEY_POLICY, "ReEncryptFrom", **changes)
    for value in ("true", "false"):
        same = {"Bool": {"kms:ReEncryptOnSameKey": value}}
        destination.put_policy(allow(to, ALICE, Condition=same))
        source.put_policy(allow("ReEncryptFrom", ALICE, Condition=same))
        if value == "true":
            source.check_refused(people.alice, NO_KEY_POLICY, to, destination.arn, **changes)
        else:
            source.call(people.alice, **changes)


def test_a_grant_is_retired_under_the_conditions_of_its_constraint(people):
    row = ROWS["RetireGrant"]
    target = Target(people, row)

    def limited(key, value):
        operator = ANY_EQUALS if key.endswith("Keys") else "StringEquals"
        conditional = allow("RetireGrant", Condition={operator: {key: value}})
        return people.caller(row, limit=policy(conditional))

    for key, good, bad in [
        ("kms:EncryptionContext:purpose", "test", "other"),
        ("kms:GrantConstraintType", "EncryptionContextSubset", "EncryptionContextEquals"),
        ("kms:EncryptionContextKeys", "Purpose", "Other"),
    ]:
        grant = target.give(GRANTEE, ["Encrypt"], Constraints={"EncryptionContextSubset": PURPOSE})
        named = {"GrantId": grant["GrantId"]}
        target.check_refused(limited(key, bad), NO_SESSION_POLICY, **named)
        target.call(limited(key, good), **named)


# Enclaves.


@pytest.fixture(scope="module")
def enclave(nitro):
    return Enclave(nitro)


ATTESTED = [
    ("kms:RecipientAttestation:ImageSha384", "00" * 48, "01" * 48),
    ("kms:RecipientAttestation:PCR0", "00" * 48, "01" * 48),
    ("kms:RecipientAttestation:PCR10", "0A" * 48, "0B" * 48),
    ("kms:recipientattestation:pcr15", "0f" * 48, "0f" * 47),
]
OF_ENCLAVES = ["Decrypt", "DeriveSharedSecret", "GenerateDataKey", "GenerateDataKeyPair"]


@pytest.mark.parametrize("key, good, bad", ATTESTED)
@pytest.mark.parametrize("operation", OF_ENCLAVES)
def test_a_key_policy_asks_for_what_an_enclave_runs(people, enclave, operation, key, good, bad):
    target = Target(people, ROWS[operation])

    def put(value):
        only = {"StringEqualsIgnoreCase": {key: value}}
        target.put_policy(allow(operation, ALICE, Condition=only))

    put(bad)
    recipient = enclave.recipient()
    target.check_refused(people.alice, NO_KEY_POLICY, Recipient=recipient)
    put(good)
    target.check_refused(people.alice, NO_KEY_POLICY)
    assert enclave.open(target.call(people.alice, Recipient=recipient)["CiphertextForRecipient"])


def test_a_key_policy_asks_for_what_an_instance_runs(people, enclave):
    row = ROWS["Decrypt"]
    target = Target(people, row)
    registers = {4: b"\x44" * 48}
    recipient = enclave.recipient(pcrs=..., nitrotpm_pcrs=registers)
    key = "kms:RecipientAttestation:NitroTPMPCR4"
    target.put_policy(allow("Decrypt", ALICE, Condition={"StringEquals": {key: "45" * 48}}))
    target.check_refused(people.alice, NO_KEY_POLICY, Recipient=recipient)
    target.put_policy(allow("Decrypt", ALICE, Condition={"StringEquals": {key: "44" * 48}}))
    target.call(people.alice, Recipient=recipient)
    target.check_refused(people.alice, NO_KEY_POLICY, Recipient=enclave.recipient())


def test_an_iam_policy_asks_for_whom_randomness_is(people, enclave):
    row = ROWS["GenerateRandom"]
    target = Target(people, row)

    def limited(value):
        only = {"StringEquals": {"kms:RecipientAttestation:PCR1": value}}
        return people.caller(row, limit=policy(allow("GenerateRandom", Condition=only)))

    recipient = enclave.recipient()
    refusal = {"reason": NO_SESSION_POLICY, "resource": "*"}
    target.check_refused(limited("02" * 48), **refusal, Recipient=recipient)
    target.check_refused(limited("01" * 48), **refusal)
    target.call(limited("01" * 48), Recipient=recipient)


# Who calls, from where.


def check_of(people, person, key, good, bad, operator="StringEquals"):
    """Checks a condition key in a key policy that is for everybody."""
    target = Target(people, ROWS["Encrypt"])
    for value in (bad, good):
        target.put_policy(allow("Encrypt", "*", Condition={operator: {key: value}}))
        if value == bad:
            target.check_refused(person, NO_KEY_POLICY)
    target.call(person)


def test_condition_keys_tell_who_a_user_is(people):
    tagged = people.make_user("tagged", tags=["Team=blue"])
    check_of(people, tagged, "aws:PrincipalTag/Team", "blue", "red")
    check_of(people, tagged, "aws:principaltag/team", "blue", "Blue")
    check_of(people, tagged, "aws:username", "tagged", "Tagged")
    check_of(people, tagged, "aws:userid", tagged.id, "AIDA")
    check_of(people, tagged, "aws:PrincipalType", "User", "AssumedRole")
    check_of(people, tagged, "aws:PrincipalArn", tagged.arn, ALICE, "ArnEquals")
    for absent in ("TokenIssueTime", "MultiFactorAuthPresent", "PrincipalTag/Cost"):
        check_of(people, tagged, f"aws:{absent}", "true", "false", "Null")


def test_condition_keys_tell_who_a_session_is(people):
    session = people.session(name="me", Team="red")
    check_of(people, session, "aws:PrincipalTag/Team", "red", "blue")
    check_of(people, session, "aws:PrincipalType", "AssumedRole", "User")
    check_of(people, session, "aws:PrincipalArn", ROLE, session.arn, "ArnEquals")
    check_of(people, session, "aws:userid", "AROA*:me", "AROA*:you", "StringLike")
    check_of(people, session, "aws:username", "true", "false", "Null")
    check_of(people, session, "aws:MultiFactorAuthPresent", "false", "true", "Bool")
    now = datetime.now(timezone.utc)
    soon, before = (now + timedelta(days=sign) for sign in (1, -1))
    times = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (soon, before))
    check_of(people, session, "aws:TokenIssueTime", *times, "DateLessThan")


def test_condition_keys_tell_who_a_root_is(people):
    target = Target(people, ROWS["Encrypt"])
    for kind in ("User", "Account"):
        only = {"StringEquals": {"aws:PrincipalType": kind}}
        people.root.kms.put_key_policy(
            KeyId=target.id,
            Policy=policy(allow("PutKeyPolicy", ROOT), allow("Encrypt", ROOT, Condition=only)),
        )
        if kind == "User":
            target.check_refused(people.root, NO_KEY_POLICY)
    target.call(people.root)


def test_a_source_identity_is_a_condition_key(people):
    parameters = {"RoleArn": ROLE, "RoleSessionName": "with-identity", "SourceIdentity": "Diego"}
    answer = people.root.client(service="sts").assume_role(**parameters)
    given = [answer["Credentials"][n] for n in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    session = Person(people.server, answer["AssumedRoleUser"]["Arn"], *given)
    check_of(people, session, "aws:SourceIdentity", "Diego", "diego")


def test_a_condition_may_compare_with_a_variable(people):
    tagged = people.make_user("variable", tags=["Team=blue"])
    target = Target(people, ROWS["Encrypt"])
    own = {"StringEquals": {"kms:EncryptionContext:Team": "${aws:PrincipalTag/Team}"}}
    target.put_policy(allow("Encrypt", "*", Condition=own))
    target.call(tagged, EncryptionContext={"Team": "blue"})
    for context in ({"Team": "red"}, {}, {"Team": "${aws:PrincipalTag/Team}"}):
        target.check_refused(tagged, NO_KEY_POLICY, EncryptionContext=context)
    target.check_refused(people.bob, NO_KEY_POLICY, EncryptionContext={"Team": "blue"})


def test_a_foreign_key_is_used_under_conditions_of_either_account(people):
    row = ROWS["Encrypt"]
    target = Target(people, row, context=PURPOSE)
    only = {"StringEquals": {"kms:EncryptionContext:Purpose": "test"}}
    caller = people.caller(row, account=OTHER_ACCOUNT)
    for value in (ACCOUNT, OTHER_ACCOUNT):
        both = {"StringEquals": {**only["StringEquals"], "kms:CallerAccount": value}}
        target.put_policy(allow("Encrypt", "*", Condition=both))
        if value == ACCOUNT:
            target.check_hidden(caller)
    target.call(caller)
    target.check_hidden(caller, EncryptionContext={})
    target.put_policy(allow("Encrypt", OTHER_ROOT))
    limit = policy(allow("Encrypt", Condition=only))
    limited = people.caller(row, account=OTHER_ACCOUNT, limit=limit)
    target.call(limited)
    target.check_refused(limited, NO_SESSION_POLICY, EncryptionContext={})


def test_a_request_over_tls_is_secure(tmp_path):
    with TrentServe(tmp_path, log=open(tmp_path / "log", "w")) as server:
        people = People(server)
        check_of(people, people.bob, "aws:SecureTransport", "true", "false", "Bool")


def test_a_user_agent_is_what_the_client_says(people):
    target = Target(people, ROWS["Encrypt"])
    only = {"StringLike": {"aws:UserAgent": "my-agent*"}}
    target.put_policy(allow("Encrypt", ALICE, Condition=only))
    target.check_refused(people.alice, NO_KEY_POLICY)
    agent = Config(retries={"max_attempts": 0}, user_agent="my-agent/1")
    people.alice.client(config=agent).encrypt(**target.parameters)


def test_a_referer_is_what_the_client_says(people):
    target = Target(people, ROWS["Encrypt"])
    for referer in ("https://other.example/", "https://mine.example/"):
        only = {"StringEquals": {"aws:Referer": referer}}
        target.put_policy(allow("Encrypt", ALICE, Condition=only))
        kms = people.alice.client(config=Config(retries={"max_attempts": 0}))
        kms.meta.events.register(
            "before-sign.kms.Encrypt",
            lambda request, **_: request.headers.add_header("Referer", "https://mine.example/"),
        )
        if "other" in referer:
            with refused(people.alice, "Encrypt", target.arn, NO_KEY_POLICY):
                kms.encrypt(**target.parameters)
        else:
            kms.encrypt(**target.parameters)


def test_an_iam_policy_of_a_user_may_have_conditions(people):
    only = {"StringEquals": {"kms:EncryptionContext:Purpose": "test"}}
    user = people.make_user("conditional", policy(allow("Encrypt", Condition=only)))
    target = Target(people, ROWS["Encrypt"])
    target.put_policy(allow("kms:*", ROOT))
    target.call(user, EncryptionContext=PURPOSE)
    reason = "because no identity-based policy allows the kms:{} action"
    target.check_refused(user, reason, EncryptionContext={"Purpose": "other"})
