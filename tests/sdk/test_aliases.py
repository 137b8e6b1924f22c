"""CreateAlias, UpdateAlias, DeleteAlias, ListAliases."""

import pytest
from sdk_support import (
    alias_arn,
    close_to,
    flat,
    members,
    new_alias_name,
    pages,
    raises,
    raises_violations,
    utc_now,
    violated,
)

PATTERN = "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"
PREFIX = 'Alias must start with the prefix "alias/".'


@pytest.fixture
def alias(kms, key):
    """The name of a fresh alias of `key`."""
    name = new_alias_name()
    kms.create_alias(AliasName=name, TargetKeyId=key)
    return name


def entry_of(kms, key, alias):
    (entry,) = [one for one in aliases_of(kms, key) if one["AliasName"] == alias]
    return entry


def aliases_of(kms, key):
    return kms.list_aliases(KeyId=key)["Aliases"]


def test_a_new_alias_is_listed_with_name_arn_target_and_dates(kms, key):
    name = new_alias_name()
    assert members(kms.create_alias(AliasName=name, TargetKeyId=key)) == {}
    (entry,) = aliases_of(kms, key)
    created = entry["CreationDate"]
    assert close_to(utc_now(), created)
    assert entry == {
        "AliasName": name,
        "AliasArn": alias_arn(name),
        "TargetKeyId": key,
        "CreationDate": created,
        "LastUpdatedDate": created,
    }


def test_the_target_of_a_new_alias_may_be_a_key_arn_and_is_listed_by_id(kms, subject):
    name = new_alias_name()
    kms.create_alias(AliasName=name, TargetKeyId=subject.arn)
    assert entry_of(kms, subject.id, name)["TargetKeyId"] == subject.id


def test_alias_names_are_told_apart_by_case(kms, key, other_key):
    name = new_alias_name()
    kms.create_alias(AliasName=name, TargetKeyId=key)
    kms.create_alias(AliasName=name.replace("test", "TEST"), TargetKeyId=other_key)
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == key


@pytest.mark.parametrize("rest", ["a", "a/b/c", "A-Z_0:9/", "aws", "awsome/x", "x" * 250])
def test_alias_names_may_have_all_permitted_characters_and_256_of_them(start, rest):
    kms = start().client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{rest}", TargetKeyId=key)
    assert kms.describe_key(KeyId=f"alias/{rest}")["KeyMetadata"]["KeyId"] == key


def test_a_name_is_given_once(kms, key, other_key, alias):
    for target in (key, other_key):
        with raises(
            "AlreadyExistsException", f"An alias with the name {alias_arn(alias)} already exists"
        ):
            kms.create_alias(AliasName=alias, TargetKeyId=target)


def test_an_alias_must_have_its_prefix(kms, key):
    for operation in (kms.create_alias, kms.update_alias):
        with raises("ValidationException") as caught:
            operation(AliasName="name", TargetKeyId=key)
        assert caught.value.response["Error"]["Message"].startswith(PREFIX)
    with raises("ValidationException") as caught:
        kms.delete_alias(AliasName="name")
    assert caught.value.response["Error"]["Message"].startswith(PREFIX)


@pytest.mark.parametrize("name", ["alias/a b", "alias/ä", "alias/a.b", "alias/a@b"])
def test_other_characters_than_the_permitted_ones_violate_the_pattern(unchecked, key, name):
    expected = violated("aliasName", PATTERN, name)
    with raises_violations(expected):
        unchecked.create_alias(AliasName=name, TargetKeyId=key)
    with raises_violations(expected):
        unchecked.update_alias(AliasName=name, TargetKeyId=key)
    with raises_violations(expected):
        unchecked.delete_alias(AliasName=name)


def test_an_alias_name_has_1_to_256_characters(unchecked, key):
    name = "alias/" + "x" * 251
    with raises_violations(violated("aliasName", "have length less than or equal to 256", name)):
        unchecked.create_alias(AliasName=name, TargetKeyId=key)
    with raises_violations(
        violated("aliasName", "have length greater than or equal to 1", ""),
        violated("aliasName", PATTERN, ""),
    ):
        unchecked.create_alias(AliasName="", TargetKeyId=key)


@pytest.mark.parametrize("name", ["alias/", "alias/aws/", "alias/aws/s3"])
def test_empty_names_and_those_kept_for_aws_are_invalid(kms, key, name):
    with raises("InvalidAliasNameException"):
        kms.create_alias(AliasName=name, TargetKeyId=key)


@pytest.mark.parametrize("name", ["alias/aws/s3", "alias/nowhere"])
def test_an_alias_that_does_not_exist_can_be_neither_moved_nor_deleted(kms, key, name):
    message = f"Alias {alias_arn(name)} is not found."
    with raises("NotFoundException", message):
        kms.update_alias(AliasName=name, TargetKeyId=key)
    with raises("NotFoundException", message):
        kms.delete_alias(AliasName=name)


def test_moving_an_alias_changes_its_target_and_only_its_last_update(kms, key, other_key, alias):
    before = entry_of(kms, key, alias)
    assert members(kms.update_alias(AliasName=alias, TargetKeyId=other_key)) == {}
    assert aliases_of(kms, key) == []
    after = entry_of(kms, other_key, alias)
    assert after == {
        **before,
        "TargetKeyId": other_key,
        "LastUpdatedDate": after["LastUpdatedDate"],
    }
    assert after["LastUpdatedDate"] >= before["LastUpdatedDate"]
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == other_key


def test_the_date_of_the_last_update_is_that_of_the_move(machine):
    kms = machine.client()
    key, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName="alias/a", TargetKeyId=key)
    machine.advance("P10D")
    kms.update_alias(AliasName="alias/a", TargetKeyId=other)
    (entry,) = aliases_of(kms, other)
    assert (entry["LastUpdatedDate"] - entry["CreationDate"]).days == 10


def test_moving_an_alias_to_the_key_it_has_succeeds(kms, key, alias):
    kms.update_alias(AliasName=alias, TargetKeyId=key)
    assert entry_of(kms, key, alias)["TargetKeyId"] == key


def test_a_deleted_alias_is_gone_and_its_key_is_as_before(kms, key, alias):
    before = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert members(kms.delete_alias(AliasName=alias)) == {}
    assert aliases_of(kms, key) == []
    with raises("NotFoundException", f"Alias {alias_arn(alias)} is not found."):
        kms.describe_key(KeyId=alias)
    assert kms.describe_key(KeyId=key)["KeyMetadata"] == before


def test_the_name_of_a_deleted_alias_can_be_given_again(kms, other_key, alias):
    kms.delete_alias(AliasName=alias)
    kms.create_alias(AliasName=alias, TargetKeyId=other_key)
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == other_key


def test_a_key_has_at_most_50_aliases(kms, key, alias):
    for _ in range(49):
        kms.create_alias(AliasName=new_alias_name(), TargetKeyId=key)
    with raises("LimitExceededException"):
        kms.create_alias(AliasName=new_alias_name(), TargetKeyId=key)
    kms.update_alias(AliasName=alias, TargetKeyId=key)
    kms.delete_alias(AliasName=alias)
    kms.create_alias(AliasName=new_alias_name(), TargetKeyId=key)


def test_no_alias_can_be_moved_to_a_key_that_has_50(kms, key, other_key, alias):
    for _ in range(50):
        kms.create_alias(AliasName=new_alias_name(), TargetKeyId=other_key)
    with raises("LimitExceededException"):
        kms.update_alias(AliasName=alias, TargetKeyId=other_key)
    assert entry_of(kms, key, alias)["TargetKeyId"] == key


def test_an_alias_of_another_key_is_no_target(kms, alias):
    with raises("NotFoundException"):
        kms.create_alias(AliasName=new_alias_name(), TargetKeyId=alias)


def test_all_aliases_of_the_account_are_listed_without_a_key(kms, key, other_key):
    names = {new_alias_name(): target for target in (key, other_key, key)}
    for name, target in names.items():
        kms.create_alias(AliasName=name, TargetKeyId=target)
    listed = {
        entry["AliasName"]: entry.get("TargetKeyId")
        for entry in flat(pages(kms.list_aliases, "Aliases"))
    }
    assert names.items() <= listed.items()


def test_a_key_without_aliases_lists_none(kms, key):
    response = members(kms.list_aliases(KeyId=key))
    assert response == {"Aliases": [], "Truncated": False}


def test_pages_of_aliases_are_as_large_as_asked_and_at_most_100(start):
    kms = start().client()
    names = {}
    for _ in range(3):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        for _ in range(40):
            name = new_alias_name()
            names[name] = key
            kms.create_alias(AliasName=name, TargetKeyId=key)
    sizes = {30: 30, 50: 50, 100: 100, 1000: 100, None: 50}
    for limit, size in sizes.items():
        found = pages(kms.list_aliases, "Aliases", **({} if limit is None else {"Limit": limit}))
        assert {len(page) for page in found[:-1]} == {size}
        targets = {entry["AliasName"]: entry.get("TargetKeyId") for entry in flat(found)}
        assert {name: targets.get(name) for name in names} == names


def test_pages_of_one_key_hold_its_aliases_only(kms, key, other_key):
    names = [new_alias_name() for _ in range(5)]
    for name in names:
        kms.create_alias(AliasName=name, TargetKeyId=key)
        kms.create_alias(AliasName=new_alias_name(), TargetKeyId=other_key)
    found = pages(kms.list_aliases, "Aliases", KeyId=key, Limit=2)
    assert [len(page) for page in found] == [2, 2, 1]
    assert sorted(entry["AliasName"] for entry in flat(found)) == sorted(names)


def test_a_marker_of_one_key_is_not_valid_for_another_nor_for_all(kms, key, other_key):
    for target in (key, key, other_key, other_key):
        kms.create_alias(AliasName=new_alias_name(), TargetKeyId=target)
    marker = kms.list_aliases(KeyId=key, Limit=1)["NextMarker"]
    with raises("InvalidMarkerException"):
        kms.list_aliases(KeyId=other_key, Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_aliases(Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_keys(Marker=marker)


@pytest.mark.parametrize("marker", ["x", "AAAA", "="])
def test_a_marker_that_no_list_gave_is_refused(kms, key, marker):
    for named in ({}, {"KeyId": key}):
        with raises("InvalidMarkerException"):
            kms.list_aliases(Marker=marker, **named)


def test_decrypt_by_alias_follows_the_alias(kms, subject):
    kms.update_alias(AliasName=subject.alias, TargetKeyId=subject.other)
    assert kms.encrypt(KeyId=subject.alias, Plaintext=b"x")["KeyId"].endswith(subject.other)
