"""Regions and accounts: each has keys and aliases of its own, and what crosses between them."""

import json

import pytest
from sdk_support import (
    ACCOUNT,
    ACROSS_ACCOUNTS,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    TAKING_ALIASES,
    WAYS,
    Subject,
    action_of,
    alias_arn,
    denied,
    flat,
    key_arn,
    kind_for,
    members,
    new_alias_name,
    pages,
    policy_allowing,
    raises,
)


@pytest.fixture(scope="session")
def elsewhere(server):
    """A client of the same account in another Region."""
    return server.client(region=OTHER_REGION)


@pytest.fixture(scope="session")
def stranger(server):
    """A client of another account in the same Region."""
    return server.client(access_key_id=OTHER_ACCOUNT)


def key_ids(kms):
    return {entry["KeyId"] for entry in flat(pages(kms.list_keys, "Keys"))}


# Regions


def test_a_key_belongs_to_the_region_that_its_request_was_signed_for(elsewhere):
    metadata = elsewhere.create_key()["KeyMetadata"]
    assert metadata["Arn"] == key_arn(metadata["KeyId"], region=OTHER_REGION)


def test_a_key_does_not_exist_in_another_region(kms, elsewhere, key):
    assert key in key_ids(kms)
    assert key not in key_ids(elsewhere)
    with raises("NotFoundException", f"Key '{key_arn(key, OTHER_REGION)}' does not exist"):
        elsewhere.describe_key(KeyId=key)
    with raises("NotFoundException", f"Invalid arn {REGION}"):
        elsewhere.describe_key(KeyId=key_arn(key))


def test_an_alias_name_is_given_once_per_region(kms, elsewhere, key):
    name = new_alias_name()
    there = elsewhere.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=name, TargetKeyId=key)
    elsewhere.create_alias(AliasName=name, TargetKeyId=there)
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == key
    assert elsewhere.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == there
    (entry,) = elsewhere.list_aliases(KeyId=there)["Aliases"]
    assert entry["AliasArn"] == alias_arn(name, region=OTHER_REGION)


def test_an_alias_cannot_stand_for_a_key_of_another_region(elsewhere, key):
    with raises("NotFoundException"):
        elsewhere.create_alias(AliasName=new_alias_name(), TargetKeyId=key)
    with raises("NotFoundException", f"Invalid arn {REGION}"):
        elsewhere.create_alias(AliasName=new_alias_name(), TargetKeyId=key_arn(key))


def test_a_ciphertext_is_not_decrypted_in_another_region(elsewhere, subject):
    with raises(
        "AccessDeniedException",
        denied("kms:Decrypt", "the resource associated with this ciphertext"),
    ):
        elsewhere.decrypt(CiphertextBlob=subject.ciphertext)


def test_a_marker_of_one_region_is_not_valid_in_another(kms, elsewhere, key, other_key):
    for _ in range(2):
        elsewhere.create_key()
    marker = kms.list_keys(Limit=1)["NextMarker"]
    with raises("InvalidMarkerException"):
        elsewhere.list_keys(Marker=marker)


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-west-2", "aws"),
        ("ap-southeast-4", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
    ],
)
def test_arns_are_of_the_partition_of_their_region(server, region, partition):
    kms = server.client(region=region)
    metadata = kms.create_key()["KeyMetadata"]
    expected = f"arn:{partition}:kms:{region}:{ACCOUNT}:key/{metadata['KeyId']}"
    assert metadata["Arn"] == expected
    policy = json.loads(kms.get_key_policy(KeyId=expected)["Policy"])
    assert policy["Statement"][0]["Principal"]["AWS"] == f"arn:{partition}:iam::{ACCOUNT}:root"
    name = new_alias_name()
    kms.create_alias(AliasName=name, TargetKeyId=expected)
    (entry,) = kms.list_aliases(KeyId=expected)["Aliases"]
    assert entry["AliasArn"] == f"arn:{partition}:kms:{region}:{ACCOUNT}:{name}"
    assert kms.encrypt(KeyId=entry["AliasArn"], Plaintext=b"x")["KeyId"] == expected


# Accounts


def test_an_access_key_id_of_12_digits_is_the_root_of_that_account(stranger):
    metadata = stranger.create_key()["KeyMetadata"]
    assert metadata["AWSAccountId"] == OTHER_ACCOUNT
    assert metadata["Arn"] == key_arn(metadata["KeyId"], account=OTHER_ACCOUNT)
    policy = json.loads(stranger.get_key_policy(KeyId=metadata["KeyId"])["Policy"])
    assert policy["Statement"][0]["Principal"]["AWS"] == f"arn:aws:iam::{OTHER_ACCOUNT}:root"


@pytest.mark.parametrize("access_key_id", ["trent", "AKIAIOSFODNN7EXAMPLE", "1234567890123", "1"])
def test_any_other_access_key_id_is_the_root_of_the_usual_account(server, access_key_id):
    kms = server.client(access_key_id=access_key_id, secret="anything")
    assert kms.create_key()["KeyMetadata"]["AWSAccountId"] == ACCOUNT


def test_the_usual_account_can_be_chosen(start):
    server = start("--account", "210987654321")
    metadata = server.client().create_key()["KeyMetadata"]
    assert metadata["AWSAccountId"] == "210987654321"
    other = server.client(access_key_id=OTHER_ACCOUNT).create_key()["KeyMetadata"]
    assert other["AWSAccountId"] == OTHER_ACCOUNT


def test_accounts_list_their_own_keys_and_aliases_only(kms, stranger, subject):
    theirs = Subject(stranger)
    assert subject.id in key_ids(kms)
    assert theirs.id not in key_ids(kms)
    assert theirs.id in key_ids(stranger)
    assert subject.id not in key_ids(stranger)
    names = {entry["AliasName"] for entry in flat(pages(stranger.list_aliases, "Aliases"))}
    assert theirs.alias in names
    assert subject.alias not in names


def test_a_key_id_and_an_alias_name_are_those_of_the_own_account(stranger, subject):
    arn = key_arn(subject.id, account=OTHER_ACCOUNT)
    with raises("NotFoundException", f"Key '{arn}' does not exist"):
        stranger.encrypt(KeyId=subject.id, Plaintext=b"x")
    arn = alias_arn(subject.alias, account=OTHER_ACCOUNT)
    with raises("NotFoundException", f"Alias {arn} is not found."):
        stranger.encrypt(KeyId=subject.alias, Plaintext=b"x")


def test_an_alias_name_is_given_once_per_account(kms, stranger, key):
    name = new_alias_name()
    theirs = stranger.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=name, TargetKeyId=key)
    stranger.create_alias(AliasName=name, TargetKeyId=theirs)
    assert stranger.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == theirs


def test_a_marker_of_one_account_is_not_valid_in_another(kms, stranger, key, other_key):
    marker = kms.list_keys(Limit=1)["NextMarker"]
    with raises("InvalidMarkerException"):
        stranger.list_keys(Marker=marker)


# A key of another account


class Shared(Subject):
    """A key whose policy admits another account, called by that account."""

    def __init__(self, kms, stranger, **parameters):
        super().__init__(kms, **parameters)
        policy = policy_allowing(f"arn:aws:iam::{OTHER_ACCOUNT}:root")
        kms.put_key_policy(KeyId=self.id, Policy=policy)
        self.kms = stranger
        own = Subject(stranger)
        self.other, self.other_ciphertext = own.other, own.other_ciphertext
        self.other_alias = own.other_alias


@pytest.fixture
def shared(request, kms, stranger):
    """Of the kind that suits the test's operation."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    return Shared(kms, stranger, **kind_for(parameters.get("way")))


@pytest.mark.parametrize("way", sorted(ACROSS_ACCOUNTS))
def test_what_works_across_accounts_works_with_a_key_arn_that_the_policy_admits(shared, way):
    answer = shared.call(way, shared.arn)
    if way == "DescribeKey":
        assert answer["KeyMetadata"]["Arn"] == shared.arn
        assert answer["KeyMetadata"]["AWSAccountId"] == ACCOUNT
    elif way == "ReEncrypt from":
        assert answer["SourceKeyId"] == shared.arn
    elif way == "ListGrants":
        assert {entry["KeyId"] for entry in answer["Grants"]} == {shared.arn}
    elif way == "CreateGrant":
        assert answer.keys() >= {"GrantId", "GrantToken"}
    elif way == "RevokeGrant":
        assert members(answer) == {}
    else:
        assert shared.id in answer["KeyId"]


@pytest.mark.parametrize("way", sorted(TAKING_ALIASES))
def test_what_takes_aliases_takes_the_alias_arn_of_another_account(shared, way):
    shared.call(way, shared.alias_arn)


@pytest.mark.parametrize("way", sorted(WAYS.keys() - ACROSS_ACCOUNTS))
def test_everything_else_is_denied_on_a_key_of_another_account(shared, way):
    with raises(
        "AccessDeniedException", denied(action_of(way), "this resource", account=OTHER_ACCOUNT)
    ):
        shared.call(way, shared.arn)


@pytest.mark.parametrize("way", sorted(ACROSS_ACCOUNTS))
def test_a_key_of_another_account_and_region_is_denied_as_if_it_did_not_exist(shared, way):
    with raises(
        "AccessDeniedException", denied(action_of(way), "this resource", account=OTHER_ACCOUNT)
    ):
        shared.call(way, key_arn(shared.id, region=OTHER_REGION))


def test_an_alias_of_another_account_that_does_not_exist_is_denied(stranger):
    with raises(
        "AccessDeniedException", denied("kms:Encrypt", "this resource", account=OTHER_ACCOUNT)
    ):
        stranger.encrypt(KeyId=alias_arn("alias/nowhere"), Plaintext=b"x")


def test_the_key_of_another_account_is_found_from_the_ciphertext(shared, stranger):
    decrypted = stranger.decrypt(CiphertextBlob=shared.ciphertext)
    assert (decrypted["KeyId"], decrypted["Plaintext"]) == (shared.arn, b"secret")


def test_reencrypt_moves_a_ciphertext_from_one_account_to_another(shared, stranger):
    moved = stranger.re_encrypt(CiphertextBlob=shared.ciphertext, DestinationKeyId=shared.other)
    assert moved["SourceKeyId"] == shared.arn
    assert moved["KeyId"] == key_arn(shared.other, account=OTHER_ACCOUNT)
    assert stranger.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"secret"
