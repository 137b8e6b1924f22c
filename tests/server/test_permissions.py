"""Who may call which operation: for each row of the table, what each kind of policy and a grant do
for it. Texts: IAM User Guide, "Troubleshoot access denied error messages"."""

import pytest
from permission_support import (
    ALICE,
    DENIED_BY,
    HIDDEN,
    NO_BOUNDARY,
    NO_IDENTITY_POLICY,
    NO_KEY_POLICY,
    NO_SESSION_POLICY,
    OTHER_ROLE,
    OTHER_ROOT,
    ROLE,
    ROOT,
    Target,
    all_but,
    allow,
    denial,
    deny,
    names,
    policy,
    refused,
)
from permission_table import ALIAS, GRANT, KEY, NOTHING, ROWS, STORE, TABLE, rows
from sdk_support import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OTHER_REGION,
    WOULD_SUCCEED,
    alias_arn,
    key_arn,
    new_alias_name,
    raises,
)

CONTEXT = {"Purpose": "test"}
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:topic"
ON_KEYS = rows(KEY, ALIAS)
GRANTABLE = rows(KEY, where=lambda row: row.grant)
of_keys = pytest.mark.parametrize("row", ON_KEYS, ids=names)


def test_the_table_has_each_operation_once():
    assert len(ROWS) == len(TABLE) == 56


# Policies of the account of the key.


@of_keys
def test_a_key_policy_alone_allows_a_user_that_it_names(people, row):
    target = Target(people, row)
    target.put_policy(all_but(row.asks, ALICE))
    target.check_refused(people.alice, NO_KEY_POLICY)
    for action in row.asks[1:]:
        target.put_policy(all_but([action], ALICE))
        target.check_refused(people.alice, NO_KEY_POLICY, action)
    target.put_policy(allow(row.asks, ALICE))
    target.check_refused(people.caller(row, ()), NO_KEY_POLICY)
    target.call(people.alice)


@of_keys
def test_a_key_policy_alone_allows_the_sessions_of_a_role_that_it_names(people, row):
    target = Target(people, row)
    target.put_policy(allow(row.asks, ROLE))
    target.call(people.caller(row, ()))


@of_keys
def test_an_iam_policy_allows_what_the_key_policy_leaves_to_the_account(people, row):
    target = Target(people, row)
    allowed, bare = people.caller(row), people.caller(row, ())
    target.put_policy()
    target.check_refused(allowed, NO_KEY_POLICY)
    target.put_policy(all_but(row.asks, ROOT))
    target.check_refused(allowed, NO_KEY_POLICY)
    target.put_policy(allow(row.asks, ROOT))
    target.check_refused(bare, NO_IDENTITY_POLICY)
    target.call(allowed)


@of_keys
def test_an_explicit_deny_wins_in_every_policy(people, row):
    target = Target(people, row)
    allowed = people.caller(row)
    target.put_policy(allow("kms:*", [ROOT, ROLE]), deny(row.asks, ROLE))
    target.check_refused(allowed, DENIED_BY.format("a resource-based policy"))
    target.put_policy(allow("kms:*", [ROOT, ROLE]))
    first = target.first_resource
    denied = people.caller(row, denied_by="identity")
    target.check_refused(denied, DENIED_BY.format("an identity-based policy"), resource=first)
    denied = people.caller(row, denied_by="boundary")
    target.check_refused(denied, DENIED_BY.format("a permissions boundary"), resource=first)
    denied = people.caller(row, limit=policy(allow("kms:*"), deny(row.asks)))
    target.check_refused(denied, DENIED_BY.format("a session policy"), resource=first)
    target.call(allowed)


@of_keys
def test_boundary_and_session_policy_must_allow_too(people, row):
    target = Target(people, row)
    target.put_policy(allow(row.asks, [ROOT, ROLE]))
    first = target.first_resource
    target.check_refused(people.caller(row, lacking="boundary"), NO_BOUNDARY, resource=first)
    limited = people.caller(row, limit=policy(all_but(row.asks)))
    target.check_refused(limited, NO_SESSION_POLICY, resource=first)
    target.call(people.caller(row, limit=policy(allow(row.asks + row.also))))


# Grants.


@pytest.mark.parametrize("row", GRANTABLE, ids=names)
def test_a_grant_alone_allows_its_operations_to_its_grantee(people, row):
    target = Target(people, row)
    target.put_policy()
    lacking = ["CreateGrant"] if "DescribeKey" in row.grant else ["DescribeKey"]
    caller = people.caller(row, ())
    target.give(ROLE, lacking)
    target.give(ALICE, row.grant)
    target.check_refused(caller, NO_KEY_POLICY)
    for action in row.asks[1:]:
        target.give(ROLE, set(row.grant) - {action})
        target.check_refused(caller, NO_KEY_POLICY, action)
    target.give(ROLE, row.grant)
    target.put_policy(deny(row.asks, ROLE))
    target.check_refused(caller, DENIED_BY.format("a resource-based policy"))
    target.put_policy()
    target.call(caller)


@pytest.mark.parametrize("row", rows(KEY, where=lambda row: row.contexts), ids=names)
@pytest.mark.parametrize("kind", ["EncryptionContextEquals", "EncryptionContextSubset"])
def test_a_grant_allows_no_other_encryption_context_than_that_of_its_constraint(people, row, kind):
    target = Target(people, row, context=CONTEXT)
    target.put_policy()
    target.give(ALICE, row.grant, Constraints={kind: CONTEXT})
    for context in ({}, {"Purpose": "other"}, {"Purpose": "Test"}, {"other": "test"}):
        for member in row.contexts:
            action = row.asks[0]
            if len(row.contexts) == 2:
                action = {"Source": "ReEncryptFrom", "Destin": "ReEncryptTo"}[member[:6]]
            target.check_refused(people.alice, NO_KEY_POLICY, action, **{member: context})
    # Names of pairs are compared without case.
    changes = dict.fromkeys(row.contexts, {"purpose": "test"})
    if "CiphertextBlob" in target.parameters:
        changes["CiphertextBlob"] = target.encrypted({"purpose": "test"})
    target.call(people.alice, **changes)
    wider = {**CONTEXT, "more": "x"}
    changes = dict.fromkeys(row.contexts, wider)
    if "CiphertextBlob" in target.parameters:
        changes["CiphertextBlob"] = target.encrypted(wider)
    if kind == "EncryptionContextEquals":
        target.check_refused(people.alice, NO_KEY_POLICY, **changes)
    else:
        target.call(people.alice, **changes)
    target.call(people.alice)


def test_a_child_grant_gives_no_more_than_its_parent(people):
    def create(operations, **constraints):
        wanted = {"Operations": operations}
        if constraints:
            wanted["Constraints"] = constraints
        return people.alice.kms.create_grant(KeyId=key, GranteePrincipal=ROLE, **wanted)

    row = ROWS["CreateGrant"]
    target = Target(people, row)
    key = target.arn
    target.put_policy()

    def no_more():
        return refused(people.alice, "CreateGrant", key, NO_KEY_POLICY)

    subset = {"EncryptionContextSubset": CONTEXT}
    parent = target.give(ALICE, ["CreateGrant", "Encrypt"], Constraints=subset)
    with no_more():
        create(["Encrypt"])
    with no_more():
        create(["Encrypt", "Decrypt"], **subset)
    with no_more():
        create(["Encrypt"], EncryptionContextSubset={"Purpose": "other"})
    create(["Encrypt"], **subset)
    create(["Encrypt"], EncryptionContextSubset={**CONTEXT, "more": "x"})
    create(["Encrypt", "CreateGrant"], EncryptionContextEquals=CONTEXT)
    people.root.kms.revoke_grant(KeyId=key, GrantId=parent["GrantId"])
    with no_more():
        create(["Encrypt"], **subset)
    equals = {"EncryptionContextEquals": CONTEXT}
    target.give(ALICE, ["CreateGrant", "Encrypt"], Constraints=equals)
    with no_more():
        create(["Encrypt"], **subset)
    with no_more():
        create(["Encrypt"], EncryptionContextEquals={**CONTEXT, "more": "x"})
    create(["Encrypt"], **equals)


def test_a_grant_is_of_its_key_alone_and_ends_when_it_is_revoked(people):
    row = ROWS["Encrypt"]
    target, other = Target(people, row), Target(people, row)
    for one in (target, other):
        one.put_policy()
    grant = target.give(ALICE, ["Encrypt"])
    target.call(people.alice)
    target.call(people.alice, GrantTokens=[grant["GrantToken"]])
    other.check_refused(people.alice, NO_KEY_POLICY)
    other.check_refused(people.alice, NO_KEY_POLICY, GrantTokens=[grant["GrantToken"]])
    target.check_refused(people.bob, NO_KEY_POLICY, GrantTokens=[grant["GrantToken"]])
    people.root.kms.revoke_grant(KeyId=target.arn, GrantId=grant["GrantId"])
    target.check_refused(people.alice, NO_KEY_POLICY)


def test_a_grant_to_the_account_leaves_the_operation_to_its_iam_policies(people):
    row = ROWS["Encrypt"]
    target = Target(people, row)
    target.put_policy()
    target.give(ROOT, ["Encrypt"])
    target.check_refused(people.alice, NO_IDENTITY_POLICY)
    target.call(people.caller(row))


def test_a_grant_with_a_source_arn_is_for_services_alone(people):
    row = ROWS["Encrypt"]
    target = Target(people, row)
    target.put_policy()
    target.give(ALICE, ["Encrypt"], Constraints={"SourceArn": TOPIC})
    target.check_refused(people.alice, NO_KEY_POLICY)


# Keys of another account.


@pytest.mark.parametrize("row", rows(KEY, where=lambda row: row.abroad), ids=names)
@pytest.mark.parametrize("named", [OTHER_ROOT, OTHER_ROLE], ids=["account", "role"])
def test_another_account_needs_both_the_key_policy_and_its_own_iam_policy(people, row, named):
    target = Target(people, row)
    allowed = people.caller(row, account=OTHER_ACCOUNT)
    bare = people.caller(row, (), account=OTHER_ACCOUNT)
    for nothing in ([], [allow("kms:*", ROOT)], [all_but(row.asks, named)]):
        target.put_policy(*nothing)
        target.check_hidden(allowed)
        target.check_hidden(bare)
    target.put_policy(allow(row.asks, named), deny(row.asks, OTHER_ROLE))
    target.check_hidden(allowed)
    target.put_policy(allow(row.asks, named))
    target.check_refused(bare, NO_IDENTITY_POLICY)
    denied = people.caller(row, account=OTHER_ACCOUNT, denied_by="identity")
    target.check_refused(denied, DENIED_BY.format("an identity-based policy"))
    target.call(allowed)


@pytest.mark.parametrize("row", GRANTABLE, ids=names)
def test_a_grant_to_another_account_needs_its_iam_policy_too(people, row):
    target = Target(people, row)
    allowed = people.caller(row, account=OTHER_ACCOUNT)
    bare = people.caller(row, (), account=OTHER_ACCOUNT)
    target.put_policy()
    target.give(ROLE, row.grant)
    target.check_hidden(allowed)
    target.give(OTHER_ROLE, row.grant)
    target.check_refused(bare, NO_IDENTITY_POLICY)
    target.call(allowed)


@pytest.mark.parametrize("row", rows(KEY, where=lambda row: not row.abroad), ids=names)
def test_other_operations_are_not_for_keys_of_other_accounts(people, row):
    target = Target(people, row)
    target.put_policy(allow("kms:*", [ROOT, OTHER_ROOT, OTHER_ROLE]))
    target.check_hidden(people.caller(row, account=OTHER_ACCOUNT))
    target.check_hidden(people.other_root)


def test_aliases_are_of_keys_of_their_own_account(people):
    target = Target(people, ROWS["CreateAlias"])
    target.put_policy(allow("kms:*", [ROOT, OTHER_ROOT, OTHER_ROLE]))
    caller = people.caller(target.row, account=OTHER_ACCOUNT)
    target.check_hidden(caller)
    # Their own alias, pointed at a key of the other account.
    theirs = people.other_root.kms.create_key()["KeyMetadata"]["KeyId"]
    alias = new_alias_name()
    people.other_root.kms.create_alias(AliasName=alias, TargetKeyId=theirs)
    updater = people.caller(ROWS["UpdateAlias"], account=OTHER_ACCOUNT)
    update = Target(people, ROWS["UpdateAlias"], AliasName=alias, TargetKeyId=target.arn)
    update.check_hidden(updater)
    missing = f"Alias {alias_arn(target.parameters['AliasName'], account=OTHER_ACCOUNT)}"
    with raises("NotFoundException", f"{missing} is not found."):
        people.other_root.kms.delete_alias(AliasName=target.parameters["AliasName"])


def test_a_ciphertext_finds_its_key_in_another_account(people):
    row = ROWS["Decrypt"]
    target = Target(people, row)
    target.parameters.pop("KeyId")

    def check(person, reason):
        on = "the resource associated with this ciphertext"
        with raises("AccessDeniedException", denial(person, "Decrypt", on, reason)):
            target.call(person)

    own, abroad = {}, {"account": OTHER_ACCOUNT}
    target.put_policy()
    check(people.caller(row, **own), NO_KEY_POLICY)
    check(people.caller(row, **abroad), HIDDEN)
    target.put_policy(allow("Decrypt", [ROOT, OTHER_ROOT]))
    for account in (own, abroad):
        check(people.caller(row, (), **account), NO_IDENTITY_POLICY)
        assert target.call(people.caller(row, **account))["Plaintext"] == b"secret"


# What is only tried.

DRY = """
CreateGrant Decapsulate Decrypt DeriveSharedSecret Encapsulate Encrypt GenerateDataKey
GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext GenerateMac
ReEncrypt RevokeGrant Sign Verify VerifyMac
"""


@pytest.mark.parametrize("operation", DRY.split())
def test_a_dry_run_tells_whether_it_is_permitted(people, operation):
    target = Target(people, ROWS[operation], DryRun=True)
    target.put_policy()
    target.check_refused(people.alice, NO_KEY_POLICY)
    target.check_hidden(people.caller(target.row, account=OTHER_ACCOUNT))
    target.put_policy(allow(target.row.asks, ALICE))
    with raises("DryRunOperationException", WOULD_SUCCEED):
        target.call(people.alice)


def test_a_resource_that_is_an_alias_does_not_allow_the_use_of_its_key(people):
    row = ROWS["Encrypt"]
    target = Target(people, row)
    target.put_policy(allow("kms:*", ROOT))
    alias = alias_arn(target.alias)
    caller = people.caller(row, limit=policy(allow("kms:*", Resource=alias)))
    target.check_refused(caller, NO_SESSION_POLICY)
    target.check_refused(caller, NO_SESSION_POLICY, KeyId=alias)


# Operations that are about no key.


@pytest.mark.parametrize("row", rows(NOTHING), ids=names)
def test_an_operation_without_a_key_is_for_iam_policies_alone(people, row):
    target = Target(people, row)

    def check(person, reason):
        target.check_refused(person, reason, resource="*")

    check(people.bob, NO_IDENTITY_POLICY)
    check(people.caller(row, ()), NO_IDENTITY_POLICY)
    others = tuple(action for action in ROWS if action not in (*row.asks, "CreateKey"))[:40]
    check(people.caller(row, others), NO_IDENTITY_POLICY)
    check(people.caller(row, denied_by="identity"), DENIED_BY.format("an identity-based policy"))
    check(people.caller(row, denied_by="boundary"), DENIED_BY.format("a permissions boundary"))
    check(people.caller(row, lacking="boundary"), NO_BOUNDARY)
    check(people.caller(row, limit=policy(all_but(row.asks))), NO_SESSION_POLICY)
    on_keys = policy(allow(row.asks, Resource="arn:aws:kms:*:*:key/*"))
    check(people.caller(row, limit=on_keys), NO_SESSION_POLICY)
    target.call(people.caller(row, limit=policy(allow(row.asks))))
    target.call(people.caller(row))
    target.call(people.root)


@pytest.mark.parametrize("row", rows(STORE), ids=names)
def test_operations_on_custom_key_stores_are_not_built(people, row):
    target = Target(people, row)
    message = f"{row.operation} is not supported by Trent yet."
    for person in (people.bob, people.root):
        with raises("UnsupportedOperationException", message):
            target.call(person)


def test_a_list_of_the_aliases_of_a_key_needs_no_permission_for_it(people):
    row = ROWS["ListAliases"]
    target = Target(people, row)
    target.put_policy()
    target.call(people.caller(row), KeyId=target.arn)
    caller = people.caller(row, account=OTHER_ACCOUNT)
    target.check_hidden(caller, KeyId=target.arn)


# What needs more than one permission.


@pytest.mark.parametrize("row", rows(ALIAS), ids=names)
def test_an_alias_operation_needs_the_alias_and_the_key(people, row):
    target = Target(people, row)
    target.put_policy(allow("kms:*", ROOT))
    alias = target.first_resource
    key_only = people.session(on="key")
    target.check_refused(key_only, NO_IDENTITY_POLICY, resource=alias)
    target.check_refused(people.session(on="alias"), NO_IDENTITY_POLICY, resource=target.arn)
    target.call(people.caller(row))


def test_a_key_policy_does_not_allow_an_alias_operation_on_the_alias(people):
    target = Target(people, ROWS["CreateAlias"])
    target.put_policy(allow("kms:*", ROLE))
    bare = people.session(on="nothing")
    target.check_refused(bare, NO_IDENTITY_POLICY, resource=target.first_resource)


def test_an_alias_is_moved_with_the_permissions_for_both_keys(people):
    row = ROWS["UpdateAlias"]
    old, new = Target(people, row), Target(people, row)
    move = {"AliasName": old.alias, "TargetKeyId": new.arn}
    caller = people.session(on="alias")
    for lacking, having in ((old, new), (new, old)):
        lacking.put_policy()
        having.put_policy(allow("UpdateAlias", ROLE))
        lacking.check_refused(caller, NO_KEY_POLICY, **move)
    old.put_policy(allow("UpdateAlias", ROLE))
    new.put_policy(allow("UpdateAlias", ROLE))
    old.call(caller, **move)


def test_a_key_with_tags_is_created_with_the_permission_to_tag(people):
    row = ROWS["CreateKey"]
    target = Target(people, row)
    tags = {"Tags": [{"TagKey": "a", "TagValue": "b"}]}
    caller = people.caller(row)
    target.check_refused(caller, NO_IDENTITY_POLICY, "TagResource", "*", **tags)
    target.call(people.caller(actions=("CreateKey", "TagResource")), **tags)


def test_a_replica_needs_the_permission_to_create_a_key_too(people):
    row = ROWS["ReplicateKey"]
    target = Target(people, row)
    target.put_policy(allow("ReplicateKey", ROLE))
    tags = {"Tags": [{"TagKey": "a", "TagValue": "b"}]}
    target.check_refused(people.caller(actions=()), NO_IDENTITY_POLICY, "CreateKey", "*")
    creator = people.caller(actions=("CreateKey",))
    target.check_refused(creator, NO_IDENTITY_POLICY, "TagResource", "*", **tags)
    denied = people.caller(actions=("CreateKey",), denied_by="identity")
    target.check_refused(denied, DENIED_BY.format("an identity-based policy"))
    target.call(people.caller(actions=("CreateKey", "TagResource")), **tags)


def test_re_encryption_needs_the_permission_for_either_key(people):
    row = ROWS["ReEncrypt"]
    source, destination = Target(people, row), Target(people, row)
    caller = people.caller(row, ())
    changes = {"DestinationKeyId": destination.arn}
    source.put_policy(allow("ReEncryptTo", ROLE))
    destination.put_policy(allow("ReEncryptTo", ROLE))
    source.check_refused(caller, NO_KEY_POLICY, "ReEncryptFrom", **changes)
    source.put_policy(allow("ReEncryptFrom", ROLE))
    destination.put_policy(allow("ReEncryptFrom", ROLE))
    source.check_refused(caller, NO_KEY_POLICY, "ReEncryptTo", destination.arn, **changes)
    destination.put_policy(allow("ReEncryptTo", ROLE))
    source.call(caller, **changes)


def test_re_encryption_may_go_from_and_to_keys_of_other_accounts(people):
    row = ROWS["ReEncrypt"]
    source, destination = Target(people, row), Target(people, row)
    caller = people.caller(row, account=OTHER_ACCOUNT)
    changes = {"DestinationKeyId": destination.arn}
    source.put_policy(allow("ReEncryptFrom", OTHER_ROOT))
    destination.put_policy()
    source.check_hidden(caller, "ReEncryptTo", **changes)
    destination.put_policy(allow("ReEncryptTo", OTHER_ROOT))
    source.put_policy()
    source.check_hidden(caller, "ReEncryptFrom", **changes)
    source.put_policy(allow("ReEncryptFrom", OTHER_ROOT))
    only_to = people.caller(row, ("ReEncryptTo",), account=OTHER_ACCOUNT)
    source.check_refused(only_to, NO_IDENTITY_POLICY, "ReEncryptFrom", **changes)
    source.call(caller, **changes)


def test_the_primary_region_is_changed_with_the_permission_for_both_keys(people):
    row = ROWS["UpdatePrimaryRegion"]
    target = Target(people, row)
    caller = people.caller(row, ())
    mine, theirs = target.regions
    replica = key_arn(target.id, region=OTHER_REGION)
    permission = allow("UpdatePrimaryRegion", ROLE)
    target.put_policy(regions=[mine])
    target.put_policy(permission, regions=[theirs])
    target.check_refused(caller, NO_KEY_POLICY)
    target.put_policy(permission, regions=[mine])
    target.put_policy(regions=[theirs])
    target.check_refused(caller, NO_KEY_POLICY, resource=replica)
    target.put_policy(permission)
    target.call(caller)


# Retiring and revoking grants, and seeing which can be retired.


@pytest.mark.parametrize("row", rows(GRANT), ids=names)
@pytest.mark.parametrize("by", ["token", "id"])
def test_a_grant_is_retired_by_whom_it_names(people, row, by):
    target = Target(people, row)

    def check(person, reason=None, **terms):
        """Lets a person retire a grant; `reason` is why it may not."""
        terms = {"grantee": ROLE, "operations": ["Encrypt"], **terms}
        grant = target.give(**terms)
        named = {"KeyId": target.arn, "GrantId": grant["GrantId"]}
        if by == "token":
            named = {"GrantToken": grant["GrantToken"]}
        if reason is None:
            person.kms.retire_grant(**named)
        else:
            target.parameters = named
            target.check_refused(person, reason)

    target.put_policy(allow("kms:*", [ALICE, ROLE]))
    # The retiring principal.
    check(people.alice, RetiringPrincipal=ALICE)
    check(people.alice, NO_IDENTITY_POLICY, RetiringPrincipal=people.bob.arn)
    # Its grantee, if RetireGrant is among the operations; constraints do not matter.
    constraint = {"Constraints": {"EncryptionContextEquals": CONTEXT}}
    check(people.alice, grantee=ALICE, operations=["Encrypt", "RetireGrant"], **constraint)
    check(people.alice, NO_IDENTITY_POLICY, grantee=ALICE)
    # Whoever may by an IAM policy of the account that gave it; a key policy has no say.
    check(people.alice, NO_IDENTITY_POLICY)
    check(people.caller(row, ()), NO_IDENTITY_POLICY)
    check(people.caller(row))
    check(people.root)
    # What limits a principal limits this, too.
    denied = people.caller(row, denied_by="identity")
    named = {"RetiringPrincipal": ROLE}
    check(denied, DENIED_BY.format("an identity-based policy"), **named)
    check(people.caller(row, lacking="boundary"), NO_BOUNDARY, **named)
    limited = people.caller(row, (), limit=policy(all_but(row.asks)))
    check(limited, NO_SESSION_POLICY, **named)
    check(people.caller(row, (), limit=policy(allow(row.asks))), **named)


def test_a_grant_is_retired_by_principals_of_other_accounts_that_it_names(people):
    row = ROWS["RetireGrant"]
    target = Target(people, row)
    bare = people.caller(row, (), account=OTHER_ACCOUNT)
    allowed = people.caller(row, account=OTHER_ACCOUNT)
    target.put_policy(allow("kms:*", [OTHER_ROOT, OTHER_ROLE]))
    for person in (bare, allowed, people.other_root):
        target.check_hidden(person)
    grant = target.give(ROLE, ["Encrypt"], RetiringPrincipal=OTHER_ROLE)
    target.call(bare, GrantId=grant["GrantId"])
    # A grant that the other account gave on this key is its own to retire, and the owner's to
    # revoke.
    giver = people.caller(ROWS["CreateGrant"], account=OTHER_ACCOUNT)
    terms = {"KeyId": target.arn, "GranteePrincipal": OTHER_ROLE, "Operations": ["Encrypt"]}
    grant = giver.kms.create_grant(**terms)
    target.check_refused(bare, NO_IDENTITY_POLICY, GrantId=grant["GrantId"])
    target.check_hidden(people.root, GrantId=grant["GrantId"])
    target.call(allowed, GrantId=grant["GrantId"])
    grant = giver.kms.create_grant(**terms)
    target.owner.revoke_grant(KeyId=target.arn, GrantId=grant["GrantId"])


def test_a_grant_is_not_revoked_by_a_grant(people):
    target = Target(people, ROWS["RevokeGrant"])
    target.put_policy()
    grant = target.give(ALICE, ["RetireGrant", "DescribeKey"], RetiringPrincipal=ALICE)
    target.check_refused(people.alice, NO_KEY_POLICY, GrantId=grant["GrantId"])


def test_grants_are_listed_for_retiring_principals_of_the_own_account(people):
    row = ROWS["ListRetirableGrants"]
    target = Target(people, row)
    target.put_policy()
    retiring = people.make_user("retiring").arn
    grant = target.give(ROLE, ["Encrypt"], RetiringPrincipal=retiring)
    grants = target.call(people.caller(row), RetiringPrincipal=retiring)["Grants"]
    assert [one["GrantId"] for one in grants] == [grant["GrantId"]]
    stranger = people.caller(row, account=OTHER_ACCOUNT)
    target.check_hidden(stranger, RetiringPrincipal=retiring)


# Sessions.


def test_a_key_policy_may_name_one_session(people):
    row = ROWS["Encrypt"]
    target = Target(people, row)
    named, other = (people.session(name=name) for name in ("named", "other"))
    target.put_policy(allow("Encrypt", named.arn))
    target.call(named)
    target.check_refused(other, NO_KEY_POLICY)
    target.put_policy(allow("Encrypt", ROLE), deny("Encrypt", named.arn))
    target.call(other)
    target.check_refused(named, DENIED_BY.format("a resource-based policy"))


def test_a_grant_may_name_one_session(people):
    row = ROWS["Encrypt"]
    target = Target(people, row)
    named, other = (people.session(name=name) for name in ("named", "other"))
    target.put_policy()
    target.give(named.arn, ["Encrypt"])
    target.call(named)
    target.check_refused(other, NO_KEY_POLICY)


def test_a_key_policy_may_ask_for_tags_of_the_session(people):
    row = ROWS["Encrypt"]
    target = Target(people, row)
    is_blue = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    target.put_policy(allow("Encrypt", ROLE, Condition=is_blue))
    target.call(people.session(team="blue"))
    target.check_refused(people.session(team="red"), NO_KEY_POLICY)
    target.check_refused(people.session(), NO_KEY_POLICY)


def test_a_session_policy_may_be_about_one_key(people):
    row = ROWS["Encrypt"]
    target, other = Target(people, row), Target(people, row)
    for one in (target, other):
        one.put_policy(allow("kms:*", ROOT))
    session = people.caller(row, limit=policy(allow("kms:*", Resource=target.arn)))
    target.call(session)
    other.check_refused(session, NO_SESSION_POLICY)


def test_the_root_of_the_account_has_what_the_key_policy_leaves_to_the_account(people):
    row = ROWS["Encrypt"]
    target = Target(people, row)
    target.put_policy(allow("kms:*", ROOT), deny("Encrypt", ROOT))
    target.check_refused(people.root, DENIED_BY.format("a resource-based policy"))
    # A Deny for the account is one for all of it.
    target.check_refused(people.caller(row), DENIED_BY.format("a resource-based policy"))
    only_put = allow("PutKeyPolicy", ROOT)
    target.owner.put_key_policy(KeyId=target.id, Policy=policy(only_put))
    target.check_refused(people.root, NO_KEY_POLICY)
