"""Ways around the decision who may do what, each of which must stay closed."""


import pytest
from permission_support import (
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
