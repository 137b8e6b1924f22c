"""Ways around the decision who may do what, each of which must stay closed."""

import json

import pytest
from permission_support import (
    ALICE,
    HIDDEN,
    NO_IDENTITY_POLICY,
    Person,
    allow,
    denial,
    deny,
    key_policy,
    policy,
    refused,
)
from sdk_support import (
    ACCOUNT,
    GRANTEE,
    OTHER_ACCOUNT,
    UNKNOWN_GRANT,
    UNKNOWN_KEY_ID,
    alias_arn,
    key_arn,
    new_alias_name,
    raises,
)

INVALID_TOKEN = "The security token included in the request is invalid."


def new_key(people, *statements, **parameters):
    """A key of the root, with a policy that adds the statements."""
    return people.root.kms.create_key(Policy=key_policy(*statements), **parameters)["KeyMetadata"]


# Sessions.


def test_a_temporary_access_key_is_nothing_without_its_token(people):
    session = people.session()
    session.client(service="sts").get_caller_identity()
    pair = session.credentials["aws_access_key_id"], session.credentials["aws_secret_access_key"]
    bare = Person(people.server, session.arn, *pair)
    with raises("UnrecognizedClientException", INVALID_TOKEN):
        bare.kms.list_keys()
    with raises("InvalidClientTokenId", INVALID_TOKEN, 403):
        bare.client(service="sts").get_caller_identity()


def test_a_session_is_of_one_partition(people):
    """Policies that name ARNs of one partition say nothing about those of another one."""
    # An account written as digits is one of any partition.
    trusting = {**allow("sts:AssumeRole"), "Principal": {"AWS": ACCOUNT}}
    trusting.pop("Resource")
    of_role = ("--account", ACCOUNT)
    create = ("role", "create", "guarded", *of_role, "--trust-policy", "-")
    people.run(*create, input=policy(trusting))
    put = ("policy", "put", "only", "--role", "guarded", *of_role, "--document", "-")
    people.run(*put, input=policy(allow("kms:*")))
    guarded = f"arn:aws:iam::{ACCOUNT}:role/guarded"
    elsewhere = guarded.replace("arn:aws:", "arn:aws-cn:")
    to_assume = allow("sts:AssumeRole")
    denying = deny("sts:AssumeRole") | {"Resource": guarded}
    carol = people.make_user("carol", policy(to_assume, denying))
    with raises("AccessDenied", status=403):
        carol.client(service="sts").assume_role(RoleArn=guarded, RoleSessionName="carol")
    chinese = carol.client("cn-north-1", "sts")
    given = chinese.assume_role(RoleArn=elsewhere, RoleSessionName="carol")["Credentials"]
    parts = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    session = Person(people.server, elsewhere, *parts)
    session.client("cn-north-1").list_keys()
    with raises("UnrecognizedClientException", INVALID_TOKEN):
        session.kms.list_keys()


# What strangers learn.


@pytest.mark.parametrize("condition", [{}, {"StringLike": {"aws:ResourceTag/secret": "x*"}}])
def test_denying_oneself_tells_nothing_of_keys_of_other_accounts(people, condition):
    """A session policy is the caller's own choice: its denials must not be an oracle."""
    key = new_key(people, Tags=[{"TagKey": "secret", "TagValue": "xyz"}])
    name = new_alias_name()
    people.root.kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    limit = policy(allow("kms:*"), deny("kms:*", Condition=condition))
    stranger = people.session(OTHER_ACCOUNT, limit=limit)
    message = denial(stranger, "DescribeKey", "this resource", HIDDEN)
    for named in (key["Arn"], key_arn(UNKNOWN_KEY_ID), alias_arn(name), alias_arn("alias/none")):
        with raises("AccessDeniedException", message):
            stranger.kms.describe_key(KeyId=named)


def test_managed_keys_of_other_accounts_are_not_told(people):
    people.root.kms.describe_key(KeyId="alias/aws/s3")
    message = denial(people.other_root, "Encrypt", "this resource", HIDDEN)
    for name in ("alias/aws/s3", "alias/aws/xray"):
        with raises("AccessDeniedException", message):
            people.other_root.kms.encrypt(KeyId=alias_arn(name), Plaintext=b"x")


def test_retiring_tells_nothing_of_keys_to_those_who_may_not(people):
    dave = people.make_user("dave")
    for arn in (new_key(people)["Arn"], key_arn(UNKNOWN_KEY_ID)):
        with refused(dave, "RetireGrant", arn, NO_IDENTITY_POLICY):
            dave.kms.retire_grant(KeyId=arn, GrantId=UNKNOWN_GRANT)


# Conditions are about what the operation does.


PROJECT = {"TagKey": "Project", "TagValue": "mine"}


@pytest.mark.parametrize(
    "operation, condition, members",
    [
        (
            "TagResource",
            {"ForAnyValue:StringEquals": {"aws:TagKeys": ["Project"]}},
            {"Tags": [{"TagKey": "other", "TagValue": "x"}], "TagKeys": ["Project"]},
        ),
        (
            "UntagResource",
            {"StringEquals": {"aws:RequestTag/Project": "mine"}},
            {"TagKeys": ["other"], "Tags": [PROJECT]},
        ),
    ],
)
def test_tags_that_the_operation_ignores_meet_no_condition(people, operation, condition, members):
    key = new_key(people, allow(operation, ALICE, Condition=condition))
    answer = people.alice.send(operation, {"KeyId": key["KeyId"], **members})
    assert (answer.status, answer.body and answer.code) == (400, "AccessDeniedException")


def test_of_tags_that_differ_in_case_none_meets_a_condition(people):
    """Whoever may give one tag must not choose which of two counts then."""
    of_request = {"StringEquals": {"aws:RequestTag/Project": "mine"}}
    of_key = {"StringEquals": {"aws:ResourceTag/Project": "mine"}}
    key = new_key(
        people,
        allow("TagResource", ALICE, Condition=of_request),
        allow("DescribeKey", ALICE, Condition=of_key),
    )["KeyId"]
    one, another = PROJECT, {"TagKey": "project", "TagValue": "mine"}
    for tags in ([one, {**another, "TagValue": "x"}], [another, {**one, "TagValue": "x"}]):
        with raises("AccessDeniedException"):
            people.alice.kms.tag_resource(KeyId=key, Tags=tags)
    people.alice.kms.tag_resource(KeyId=key, Tags=[another])
    people.alice.kms.describe_key(KeyId=key)
    people.root.kms.tag_resource(KeyId=key, Tags=[{**one, "TagValue": "x"}])
    with raises("AccessDeniedException"):
        people.alice.kms.describe_key(KeyId=key)


def test_the_constraints_of_a_grant_to_retire_are_its_own(people):
    key = new_key(people)
    terms = {"GranteePrincipal": GRANTEE, "Operations": ["Decrypt"]}
    given = people.root.kms.create_grant(KeyId=key["KeyId"], **terms)
    condition = {"StringEquals": {"kms:EncryptionContext:a": "b"}}
    erin = people.make_user("erin", policy(allow("RetireGrant", Condition=condition)))
    spoofed = {"EncryptionContextEquals": {"a": "b"}}
    answer = erin.send("RetireGrant", {"GrantToken": given["GrantToken"], "Constraints": spoofed})
    assert (answer.status, answer.body and answer.code) == (400, "AccessDeniedException")


@pytest.mark.parametrize("context", [{"DEPT": "IT", "Dept": "HR"}, {"Dept": "IT", "dept": "HR"}])
def test_of_pairs_that_differ_in_case_none_meets_a_condition(people, context):
    condition = {"StringEquals": {"kms:EncryptionContext:Dept": "IT"}}
    key = new_key(people, allow("Encrypt", ALICE, Condition=condition))["KeyId"]
    people.alice.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"dept": "IT"})
    with raises("AccessDeniedException"):
        people.alice.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)


def test_a_context_that_must_equal_has_no_other_pairs(people):
    key = new_key(people)["KeyId"]
    terms = {"GranteePrincipal": ALICE, "Operations": ["Encrypt"]}
    pairs = {"A": "1", "a": "1"}
    people.root.kms.create_grant(
        KeyId=key, Constraints={"EncryptionContextEquals": pairs}, **terms
    )
    people.alice.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=pairs)
    with raises("AccessDeniedException"):
        others = {"A": "1", "other": "2"}
        people.alice.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=others)


# Bounds.


def test_a_huge_encryption_context_is_not_judged(people):
    """A policy or many grants would have to be held against each of its names."""
    key = new_key(people, allow("Encrypt", ALICE))["KeyId"]
    fits = {"a" * 100: "b" * 8_092}
    people.alice.kms.encrypt(KeyId=key, Plaintext=b"x" * 4096, EncryptionContext=fits)
    many = {f"{index:x}": "" for index in range(80_000)}
    for context in (many, {"a" * 100: "b" * 16_000}):
        body = {"KeyId": key, "Plaintext": "eA==", "EncryptionContext": context}
        # Without white space, the context fits into the largest request.
        body = json.dumps(body, separators=(",", ":")).encode()
        assert people.alice.send("Encrypt", body).code == "ValidationException"
