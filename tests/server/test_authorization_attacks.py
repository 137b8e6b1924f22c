"""Ways around the decision who may do what, each of which must stay closed."""

from permission_support import Person, allow, deny, key_policy, policy
from sdk_support import ACCOUNT, raises

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
