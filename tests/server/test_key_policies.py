"""Key policies where they are enforced: which are refused, whom they mean, what they tell.

AWS KMS Developer Guide, "Key policies in AWS KMS"; AWS KMS API Reference, "PutKeyPolicy".
"""

import json
import time

import pytest
from permission_support import (
    ALICE,
    DENIED_BY,
    NO_IDENTITY_POLICY,
    NO_KEY_POLICY,
    OTHER_ROLE,
    OTHER_ROOT,
    ROLE,
    ROOT,
    Target,
    allow,
    denial,
    deny,
    key_policy,
    names,
    policy,
)
from permission_table import KEY, ROWS, rows
from sdk_support import (
    ACCOUNT,
    OTHER_ACCOUNT,
    REGION,
    THIRD_REGION,
    UNKNOWN_KEY_ID,
    alias_arn,
    key_arn,
    new_alias_name,
    raises,
)

MALFORMED = "MalformedPolicyDocumentException"
LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
INVALID_PRINCIPAL = "Policy contains a statement with one or more invalid principals."
OVERLY_PERMISSIVE = (
    "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition "
    "key matches requests without the specified [encryption context or tag] or with an unspecified "
    "[encryption context or tag]. To fix, remove ForAllValues."
)
UNKNOWN_ACCOUNT = "999988887777"


@pytest.fixture
def key(people):
    """A fresh key."""
    return people.root.kms.create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture
def put(people, key):
    """Puts a policy of these statements, as the root."""

    def put(*statements, **options):
        people.root.kms.put_key_policy(KeyId=key, Policy=policy(*statements), **options)

    return put


# Whoever puts a policy can put another one.


LOCKING = {
    "nobody": [allow("Encrypt", ROOT)],
    "somebody else": [allow("kms:*", ALICE)],
    "another account": [allow("kms:*", OTHER_ROOT)],
    "denied": [allow("kms:*", ROOT), deny("PutKeyPolicy", ROOT)],
    "everybody denied": [allow("kms:*", ROOT), deny("kms:Put*", "*")],
    "without Action": [{"Effect": "Allow", "Principal": {"AWS": ROOT}, "Resource": "*"}],
    "without Resource": [{"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*"}],
    "a condition that does not hold": [
        allow("kms:*", ROOT, Condition={"StringEquals": {"kms:ViaService": "x.amazonaws.com"}})
    ],
}


def creation(people, operation):
    """An operation that puts a policy, called by the root."""
    kms = people.root.kms
    if operation == "CreateKey":
        return kms.create_key
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    if operation == "PutKeyPolicy":
        return lambda **given: kms.put_key_policy(KeyId=key, **given)
    return lambda **given: kms.replicate_key(KeyId=key, ReplicaRegion=THIRD_REGION, **given)


@pytest.mark.parametrize("statements", LOCKING.values(), ids=LOCKING)
@pytest.mark.parametrize("operation", ["CreateKey", "PutKeyPolicy", "ReplicateKey"])
def test_nobody_locks_itself_out_unless_it_says_so(people, operation, statements):
    call = creation(people, operation)
    for bypass in ({}, {"BypassPolicyLockoutSafetyCheck": False}):
        with raises(MALFORMED, LOCKED_OUT):
            call(Policy=policy(*statements), **bypass)
    call(Policy=policy(*statements), BypassPolicyLockoutSafetyCheck=True)


def test_the_lockout_check_is_about_the_one_who_calls(people):
    target = Target(people, ROWS["PutKeyPolicy"])
    target.put_policy(allow("PutKeyPolicy", [ALICE, ROLE]))

    def put(person, *statements):
        person.kms.put_key_policy(KeyId=target.id, Policy=policy(*statements))

    session = people.caller(actions=())
    with raises(MALFORMED, LOCKED_OUT):
        put(session, allow("kms:*", ALICE))
    with raises(MALFORMED, LOCKED_OUT):
        put(people.alice, allow("kms:*", ROLE))
    put(session, allow("PutKeyPolicy", [session.arn, ALICE]))
    put(people.alice, allow("PutKeyPolicy", ALICE))
    # Through the account it is enough.
    put(people.alice, allow("PutKeyPolicy", ROOT), allow("PutKeyPolicy", ALICE))
    put(people.alice, allow("kms:*", ROOT))


def test_a_key_that_nobody_may_change_stays_as_it_is(people, key, put):
    put(allow("GetKeyPolicy", ROOT), BypassPolicyLockoutSafetyCheck=True)
    message = denial(people.root, "PutKeyPolicy", f"resource: {key_arn(key)}", NO_KEY_POLICY)
    with raises("AccessDeniedException", message):
        put(allow("kms:*", ROOT))
    with raises("AccessDeniedException", message):
        put(allow("kms:*", ROOT), BypassPolicyLockoutSafetyCheck=True)
    got = people.root.kms.get_key_policy(KeyId=key)["Policy"]
    assert got == policy(allow("GetKeyPolicy", ROOT))


def test_what_is_refused_makes_no_key(people):
    def keys():
        return [one["KeyId"] for one in people.root.kms.list_keys(Limit=1000)["Keys"]]

    before = keys()
    for statements in LOCKING.values():
        with raises(MALFORMED, LOCKED_OUT):
            people.root.kms.create_key(Policy=policy(*statements))
    with raises(MALFORMED, INVALID_PRINCIPAL):
        people.root.kms.create_key(Policy=key_policy(allow("kms:*", f"{ALICE}-unknown")))
    assert keys() == before


# Whom a policy may name.


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{ACCOUNT}:user/nobody",
        f"arn:aws:iam::{ACCOUNT}:user/Alice",
        f"arn:aws:iam::{ACCOUNT}:user/team/alice",
        f"arn:aws:iam::{ACCOUNT}:role/nobody",
        f"arn:aws:iam::{OTHER_ACCOUNT}:user/alice",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/nobody/session",
        f"arn:aws:iam::{ACCOUNT}:group/all",
        f"arn:aws:iam::{ACCOUNT}:user/*",
        f"arn:aws:iam::{ACCOUNT}:*",
        f"arn:aws-cn:iam::{ACCOUNT}:root",
        f"arn:aws:iam::{UNKNOWN_ACCOUNT}:root",
        UNKNOWN_ACCOUNT,
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{UNKNOWN_KEY_ID}",
        "alice",
        "",
    ],
)
def test_a_policy_names_nobody_who_does_not_exist(people, key, put, principal):
    before = people.root.kms.get_key_policy(KeyId=key)["Policy"]
    for statement in (allow("kms:*", principal), deny("kms:*", principal)):
        with raises(MALFORMED, INVALID_PRINCIPAL):
            put(allow("kms:*", ROOT), statement)
    assert people.root.kms.get_key_policy(KeyId=key)["Policy"] == before


@pytest.mark.parametrize(
    "principal",
    [
        ROOT,
        ACCOUNT,
        OTHER_ROOT,
        OTHER_ACCOUNT,
        ALICE,
        ROLE,
        OTHER_ROLE,
        [ALICE, ROLE, "*"],
        f"arn:aws:sts::{ACCOUNT}:assumed-role/caller/any-session",
        f"arn:aws:sts::{ACCOUNT}:federated-user/anybody",
    ],
)
def test_a_policy_names_whoever_exists(people, key, put, principal):
    put(allow("kms:*", ROOT), allow("Encrypt", principal))
    assert "kms:Encrypt" in people.root.kms.get_key_policy(KeyId=key)["Policy"]


def test_a_policy_may_name_services(put):
    service = {**allow("Encrypt", "*"), "Principal": {"Service": "sns.amazonaws.com"}}
    put(allow("kms:*", ROOT), service)


def test_an_account_may_be_12_digits(people):
    target = Target(people, ROWS["Encrypt"])
    target.put_policy(allow("Encrypt", OTHER_ACCOUNT))
    target.call(people.caller(target.row, account=OTHER_ACCOUNT))


def test_everybody_is_everybody(people):
    target = Target(people, ROWS["Encrypt"])
    target.put_policy(allow("Encrypt", "*"))
    target.call(people.alice)
    target.call(people.caller(target.row, ()))
    bare = people.caller(target.row, (), account=OTHER_ACCOUNT)
    target.check_refused(bare, NO_IDENTITY_POLICY)
    target.call(people.caller(target.row, account=OTHER_ACCOUNT))
    everybody = {**allow("Encrypt", "*"), "Principal": {"AWS": "*"}}
    target.put_policy(everybody)
    target.call(people.alice)


def test_a_deny_for_all_but_some(people):
    target = Target(people, ROWS["Encrypt"])
    others = deny("Encrypt", "*")
    others["NotPrincipal"] = {"AWS": [ROOT, ALICE]}
    del others["Principal"]
    target.put_policy(allow("Encrypt", [ALICE, people.bob.arn]), others)
    target.call(people.alice)
    target.check_refused(people.bob, DENIED_BY.format("a resource-based policy"))


# A name alone is not a principal: whoever has it later is somebody else.


def settled():
    """Waits until the server has looked for changes of identities, which it does twice a second."""
    time.sleep(0.6)


def test_a_user_who_is_made_again_is_another_principal(people):
    row = ROWS["Encrypt"]
    first = people.make_user("again")
    target, granted = Target(people, row), Target(people, row)
    statements = [allow("kms:*", ROOT), allow("Encrypt", first.arn)]
    text = policy(*statements)
    target.owner.put_key_policy(KeyId=target.id, Policy=text)
    granted.put_policy()
    granted.give(first.arn, ["Encrypt"])
    target.call(first)
    granted.call(first)
    assert target.owner.get_key_policy(KeyId=target.id)["Policy"] == text

    people.run("user", "delete", "again", "--account", ACCOUNT)
    settled()
    invalid = "The security token included in the request is invalid."
    with raises("UnrecognizedClientException", invalid):
        target.call(first)
    # What is left of the user is a unique id.
    left = text.replace(f'"{first.arn}"', f'"{first.id}"')
    assert target.owner.get_key_policy(KeyId=target.id)["Policy"] == left

    second = people.make_user("again")
    assert (second.arn, second.id) != (first.arn, first.id)
    settled()
    target.check_refused(second, NO_IDENTITY_POLICY)
    granted.check_refused(second, NO_KEY_POLICY)
    assert target.owner.get_key_policy(KeyId=target.id)["Policy"] == left
    # It takes a policy and a grant that were given to the new user.
    target.owner.put_key_policy(KeyId=target.id, Policy=text)
    target.call(second)
    granted.give(second.arn, ["Encrypt"])
    granted.call(second)


def test_a_role_that_is_made_again_is_another_principal(people):
    row = ROWS["Encrypt"]
    people.make_role("again")
    role = f"arn:aws:iam::{ACCOUNT}:role/again"
    target, named = Target(people, row), Target(people, row)
    first = people.session(role="again", name="first")
    target.put_policy(allow("Encrypt", role))
    named.put_policy(allow("Encrypt", first.arn))
    target.call(first)
    named.call(first)
    people.run("role", "delete", "again", "--account", ACCOUNT)
    settled()
    with raises("UnrecognizedClientException"):
        target.call(first)
    people.made.clear()
    people.make_role("again")
    settled()
    second = people.session(role="again", name="first")
    assert second.arn == first.arn
    target.check_refused(second, NO_KEY_POLICY)
    named.check_refused(second, NO_KEY_POLICY)
    # The old session does not come back.
    with raises("UnrecognizedClientException"):
        target.call(first)
    shown = json.loads(target.owner.get_key_policy(KeyId=target.id)["Policy"])
    (principal,) = [one["Principal"] for one in shown["Statement"][1:]]
    assert principal["AWS"].startswith("AROA")


def test_a_user_who_is_gone_is_shown_by_its_id_where_it_is_a_principal_only(people):
    user = people.make_user("gone")
    target = Target(people, ROWS["Encrypt"])
    is_user = {"ArnEquals": {"aws:PrincipalArn": user.arn}}
    statements = [allow("Encrypt", "*", Condition=is_user), allow("Decrypt", user.arn)]
    target.put_policy(*statements)
    people.run("user", "delete", "gone", "--account", ACCOUNT)
    statements[1] = allow("Decrypt", user.id)
    shown = target.owner.get_key_policy(KeyId=target.id)["Policy"]
    assert shown == key_policy(*statements)


def test_a_grant_with_a_name_is_a_new_one_for_a_user_who_is_made_again(people):
    first = people.make_user("granted")
    target = Target(people, ROWS["Encrypt"])
    target.put_policy()
    terms = {"grantee": first.arn, "operations": ["Encrypt"], "Name": "name"}
    grant = target.give(**terms)
    assert target.give(**terms)["GrantId"] == grant["GrantId"]
    target.call(first)
    people.run("user", "delete", "granted", "--account", ACCOUNT)
    second = people.make_user("granted")
    settled()
    target.check_refused(second, NO_KEY_POLICY)
    assert target.give(**terms)["GrantId"] != grant["GrantId"]
    target.call(second)


def test_a_grant_is_given_to_nobody_who_does_not_exist(people):
    target = Target(people, ROWS["CreateGrant"])
    unknown = f"arn:aws:iam::{ACCOUNT}:user/nobody"
    for member in ("GranteePrincipal", "RetiringPrincipal"):
        with raises("InvalidArnException"):
            target.call(people.root, **{member: unknown})
        with raises("InvalidArnException"):
            target.call(people.root, **{member: unknown}, DryRun=True)


def test_a_deny_for_a_user_who_is_gone_is_for_nobody(people):
    row = ROWS["Encrypt"]
    first = people.make_user("denied", policy(allow("Encrypt")))
    target = Target(people, row)
    target.put_policy(allow("kms:*", ROOT), deny("Encrypt", first.arn))
    target.check_refused(first, DENIED_BY.format("a resource-based policy"))
    people.run("user", "delete", "denied", "--account", ACCOUNT)
    settled()
    second = people.make_user("denied", policy(allow("Encrypt")))
    settled()
    target.call(second)


def test_a_policy_is_in_force_when_it_was_put(people):
    target = Target(people, ROWS["Encrypt"])
    for _ in range(20):
        target.put_policy(allow("Encrypt", ALICE))
        target.call(people.alice)
        target.put_policy()
        target.check_refused(people.alice, NO_KEY_POLICY)


def test_a_grant_is_in_force_when_it_was_given_and_none_when_it_was_revoked(people):
    target = Target(people, ROWS["Encrypt"])
    target.put_policy()
    for _ in range(10):
        grant = target.give(ALICE, ["Encrypt"])
        target.call(people.alice)
        target.owner.revoke_grant(KeyId=target.id, GrantId=grant["GrantId"])
        target.check_refused(people.alice, NO_KEY_POLICY)


def test_an_iam_policy_is_in_force_half_a_second_after_it_was_put(people):
    user = people.make_user("changing")
    target = Target(people, ROWS["Encrypt"])
    target.put_policy(allow("kms:*", ROOT))
    target.check_refused(user, NO_IDENTITY_POLICY)
    people.put_user_policy("changing", policy(allow("Encrypt")))
    settled()
    target.call(user)
    people.put_user_policy("changing", policy(allow("Decrypt")))
    settled()
    target.check_refused(user, NO_IDENTITY_POLICY)


# Documents.


BASE = allow("kms:*", ROOT)
MALFORMED_DOCUMENTS = {
    "not JSON": ("no policy", "not valid JSON: expected ident at line 1 column 2"),
    "a list": ("[]", "not an object"),
    "no Statement": ("{}", "no Statement"),
    "no statements": ({"Statement": []}, "Statement: empty"),
    "another version": ({"Version": "2020-01-01"}, "Version: `2020-01-01` is no version"),
    "unknown element": ({"Statements": []}, "unknown element `Statements`"),
    "no effect": ({"Statement": [{"Principal": "*"}]}, "Statement[0].Effect: missing"),
    "effect": ({"Statement": [{**BASE, "Effect": "allow"}]}, "neither Allow nor Deny"),
    "no principal": ({"Statement": [allow("kms:*")]}, "Statement[0]: no Principal"),
    "action": ({"Statement": [{**BASE, "Action": "Encrypt"}]}, "`Encrypt` is no action"),
    "both actions": ({"Statement": [{**BASE, "NotAction": "kms:*"}]}, "both Action and NotAction"),
    "operator": ({"Statement": [{**BASE, "Condition": {"Equals": {"a": "b"}}}]}, "Equals"),
    "in the second": ({"Statement": [BASE, {**BASE, "Effect": "x"}]}, "Statement[1].Effect: `x`"),
}


@pytest.mark.parametrize("document, part", MALFORMED_DOCUMENTS.values(), ids=MALFORMED_DOCUMENTS)
@pytest.mark.parametrize("operation", ["CreateKey", "PutKeyPolicy", "ReplicateKey"])
def test_a_malformed_document_is_refused_and_the_fault_is_told(people, operation, document, part):
    text = document if isinstance(document, str) else json.dumps(document)
    for bypass in (False, True):
        with raises(MALFORMED) as caught:
            creation(people, operation)(Policy=text, BypassPolicyLockoutSafetyCheck=bypass)
        assert part in caught.value.response["Error"]["Message"]


SINGLE_VALUED = ["kms:EncryptionContext:Purpose", "aws:RequestTag/Team", "aws:ResourceTag/Team"]


@pytest.mark.parametrize("condition_key", SINGLE_VALUED)
@pytest.mark.parametrize("operation", ["CreateKey", "PutKeyPolicy", "ReplicateKey"])
def test_for_all_values_is_not_for_keys_with_one_value(people, operation, condition_key):
    def of(operator):
        condition = {operator: {condition_key: "x"}}
        return policy(BASE, allow("Encrypt", ALICE, Condition=condition))

    call = creation(people, operation)
    for operator in ("ForAllValues:StringEquals", "ForAllValues:StringLikeIfExists"):
        with raises(MALFORMED, OVERLY_PERMISSIVE):
            call(Policy=of(operator), BypassPolicyLockoutSafetyCheck=True)
    call(Policy=of("ForAnyValue:StringEquals"))


@pytest.mark.parametrize("operation", ["CreateKey", "PutKeyPolicy", "ReplicateKey"])
def test_a_policy_has_at_most_32_kilobytes(people, operation):
    text = policy(BASE)
    call = creation(people, operation)
    with raises("LimitExceededException"):
        call(Policy=text + " " * (32769 - len(text)))
    call(Policy=text + " " * (32768 - len(text)))


# AWS managed keys.


def test_an_aws_managed_key_is_for_its_service_and_may_be_looked_at(people):
    root = people.root.kms
    arn = root.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    shown = json.loads(root.get_key_policy(KeyId=arn)["Policy"])
    via, direct = shown["Statement"]
    assert via["Principal"] == {"AWS": "*"}
    assert via["Condition"]["StringEquals"] == {
        "kms:CallerAccount": ACCOUNT,
        "kms:ViaService": f"s3.{REGION}.amazonaws.com",
    }
    assert direct["Principal"] == {"AWS": ROOT}
    looking = ("DescribeKey", "GetKeyRotationStatus", "ListGrants", "ListResourceTags")
    allowed = people.caller(actions=(*looking, "Encrypt", "DisableKey", "PutKeyPolicy"))
    for operation in looking:
        target = Target(people, ROWS[operation], KeyId=arn)
        target.call(allowed)
        target.call(people.root)
        target.check_refused(people.bob, NO_IDENTITY_POLICY, resource=arn)
        foreign = people.caller(ROWS[operation], account=OTHER_ACCOUNT)
        target.check_hidden(foreign)
    for operation in ("CreateGrant", "DisableKey", "Encrypt", "PutKeyPolicy", "TagResource"):
        target = Target(people, ROWS[operation], KeyId=arn)
        for person in (allowed, people.bob, people.root):
            target.check_refused(person, NO_KEY_POLICY, resource=arn)
        target.check_hidden(people.caller(ROWS[operation], account=OTHER_ACCOUNT))


def test_who_may_not_describe_a_key_makes_no_aws_managed_key(people):
    def target_of(alias):
        aliases = people.root.kms.list_aliases(Limit=100)["Aliases"]
        (entry,) = [one for one in aliases if one["AliasName"] == alias]
        return entry.get("TargetKeyId")

    alias = "alias/aws/xray"
    with raises("AccessDeniedException"):
        people.bob.kms.describe_key(KeyId=alias)
    assert target_of(alias) is None
    described = people.caller(ROWS["DescribeKey"]).kms.describe_key(KeyId=alias)
    assert target_of(alias) == described["KeyMetadata"]["KeyId"]


# What a stranger learns.


@pytest.mark.parametrize("row", rows(KEY), ids=names)
def test_a_stranger_does_not_learn_whether_a_key_exists(people, row):
    target = Target(people, row)
    target.put_policy()
    member = "SourceKeyId" if row.operation == "ReEncrypt" else "KeyId"
    missing = key_arn(UNKNOWN_KEY_ID)
    elsewhere = key_arn(target.id, region="eu-central-1")
    stranger = people.caller(row, account=OTHER_ACCOUNT)
    for arn in (target.arn, missing, elsewhere):
        named = {member: arn}
        if row.operation == "ReEncrypt":
            named["DestinationKeyId"] = arn
        target.check_hidden(stranger, **named)


@pytest.mark.parametrize("row", [ROWS["Encrypt"], ROWS["DescribeKey"], ROWS["Decrypt"]], ids=names)
def test_a_stranger_does_not_learn_whether_an_alias_exists(people, row):
    target = Target(people, row)
    target.put_policy()
    stranger = people.caller(row, account=OTHER_ACCOUNT)
    for alias in (target.alias, new_alias_name()):
        target.check_hidden(stranger, KeyId=alias_arn(alias))


def test_a_stranger_does_not_learn_whether_a_grant_exists(people):
    target = Target(people, ROWS["RetireGrant"])
    stranger = people.caller(target.row, account=OTHER_ACCOUNT)
    unknown = "0" * 64
    for changes in ({}, {"GrantId": unknown}, {"KeyId": key_arn(UNKNOWN_KEY_ID)}):
        target.check_hidden(stranger, **changes)


def test_who_has_no_permission_does_not_learn_whether_a_key_exists(people):
    row = ROWS["DescribeKey"]
    target = Target(people, row)
    for statements in ([], [allow("kms:*", ROOT)]):
        target.put_policy(*statements)
        with raises("AccessDeniedException"):
            target.call(people.bob)
    with raises("AccessDeniedException") as missing:
        target.call(people.bob, KeyId=UNKNOWN_KEY_ID)
    with raises("AccessDeniedException") as there:
        target.call(people.bob)
    texts = [one.value.response["Error"]["Message"] for one in (missing, there)]
    assert texts[0].replace(UNKNOWN_KEY_ID, target.id) == texts[1]
    # Who may look at keys learns it.
    with raises("NotFoundException", f"Key '{key_arn(UNKNOWN_KEY_ID)}' does not exist"):
        target.call(people.caller(row), KeyId=UNKNOWN_KEY_ID)


def test_a_ciphertext_does_not_tell_a_stranger_whether_its_key_exists(people):
    row = ROWS["Decrypt"]
    target = Target(people, row)
    target.put_policy()
    blob = target.ciphertext
    stranger = people.caller(row, account=OTHER_ACCOUNT)
    del target.parameters["KeyId"]
    resource = "the resource associated with this ciphertext"
    target.check_hidden(stranger, resource=resource)
    target.check_hidden(stranger, resource=resource, CiphertextBlob=of_another_key(blob))


def of_another_key(blob):
    """A ciphertext that names a key that does not exist."""
    changed = bytearray(blob)
    changed[5] ^= 1
    return bytes(changed)
