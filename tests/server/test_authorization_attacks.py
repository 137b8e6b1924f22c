"""Ways around the decision who may do what, each of which must stay closed."""

from permission_support import Person, key_policy, policy
from sdk_support import raises

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
