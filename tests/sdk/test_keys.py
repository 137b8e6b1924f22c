"""CreateKey, DescribeKey, ListKeys, UpdateKeyDescription, EnableKey, DisableKey."""

import json

import pytest
from sdk_support import (
    ACCOUNT,
    MATERIAL_ID,
    UUID,
    close_to,
    flat,
    key_arn,
    members,
    pages,
    policy_allowing,
    raises,
    raises_violations,
    status_of,
    utc_now,
    violated,
)


def describe(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]


def test_a_new_key_has_the_documented_defaults_and_no_other_members(kms):
    response = kms.create_key()
    assert members(response).keys() == {"KeyMetadata"}
    metadata = response["KeyMetadata"]
    key_id = metadata["KeyId"]
    assert UUID.fullmatch(key_id)
    assert close_to(utc_now(), metadata.pop("CreationDate"))
    assert MATERIAL_ID.fullmatch(metadata.pop("CurrentKeyMaterialId"))
    assert metadata == {
        "AWSAccountId": ACCOUNT,
        "KeyId": key_id,
        "Arn": key_arn(key_id),
        "Enabled": True,
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }


def test_describing_a_key_answers_what_creating_it_did(kms):
    created = kms.create_key(Description="a key")["KeyMetadata"]
    assert describe(kms, created["KeyId"]) == created


def test_creating_twice_makes_two_keys_with_their_own_material(kms):
    first, second = (kms.create_key(Description="same")["KeyMetadata"] for _ in range(2))
    assert first["KeyId"] != second["KeyId"]
    assert first["CurrentKeyMaterialId"] != second["CurrentKeyMaterialId"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"KeySpec": "SYMMETRIC_DEFAULT"},
        {"CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"},
        {"KeyUsage": "ENCRYPT_DECRYPT"},
        {"Origin": "AWS_KMS"},
        {"MultiRegion": False},
        {"BypassPolicyLockoutSafetyCheck": True},
        {"Tags": []},
    ],
)
def test_saying_what_is_the_default_makes_the_default_key(kms, parameters):
    metadata = kms.create_key(**parameters)["KeyMetadata"]
    assert metadata["KeySpec"] == metadata["CustomerMasterKeySpec"] == "SYMMETRIC_DEFAULT"
    assert metadata["KeyUsage"] == "ENCRYPT_DECRYPT"
    assert metadata["Origin"] == "AWS_KMS"
    assert metadata["MultiRegion"] is False


@pytest.mark.parametrize("description", ["", "Grüße, 鍵 🔑", "d" * 8192])
def test_a_key_keeps_its_description_as_it_was_given(kms, description):
    key = kms.create_key(Description=description)["KeyMetadata"]["KeyId"]
    assert describe(kms, key)["Description"] == description


def test_a_key_is_created_with_tags(kms):
    tags = [{"TagKey": "b", "TagValue": "2"}, {"TagKey": "a", "TagValue": ""}]
    key = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    listed = kms.list_resource_tags(KeyId=key)["Tags"]
    assert listed == [{"TagKey": "a", "TagValue": ""}, {"TagKey": "b", "TagValue": "2"}]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["a", "a"], "Duplicate tag keys"),
        (["aws:x"], "Tags beginning with aws: are reserved"),
        (["AwS:x"], "Tags beginning with aws: are reserved"),
        ([str(number) for number in range(51)], "Too many tags"),
    ],
)
def test_tags_that_a_key_cannot_have_are_a_tag_exception(kms, tags, message):
    with raises("TagException", message):
        kms.create_key(Tags=[{"TagKey": tag, "TagValue": ""} for tag in tags])


def test_a_key_can_be_created_with_fifty_tags(kms):
    tags = [{"TagKey": str(number), "TagValue": "v"} for number in range(50)]
    key = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    assert len(kms.list_resource_tags(KeyId=key)["Tags"]) == 50


def test_a_key_is_created_with_its_policy_byte_for_byte(kms):
    policy = "\n " + policy_allowing(f"arn:aws:iam::{ACCOUNT}:root") + "\t\n"
    key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    assert kms.get_key_policy(KeyId=key)["Policy"] == policy


@pytest.mark.parametrize("policy", ["x", "{}", "[]", json.dumps({"Statement": []})])
def test_what_is_no_policy_document_creates_no_key(kms, policy):
    with raises("MalformedPolicyDocumentException"):
        kms.create_key(Policy=policy)


def test_a_policy_above_32768_bytes_is_too_large(kms):
    policy = policy_allowing(f"arn:aws:iam::{ACCOUNT}:root")
    largest = policy + " " * (32768 - len(policy))
    kms.create_key(Policy=largest)
    with raises("LimitExceededException"):
        kms.create_key(Policy=largest + " ")


def test_key_spec_and_its_old_name_cannot_both_be_given(kms):
    with raises("ValidationException"):
        kms.create_key(KeySpec="SYMMETRIC_DEFAULT", CustomerMasterKeySpec="SYMMETRIC_DEFAULT")


@pytest.mark.parametrize(
    "spec", ["RSA_2048", "ECC_NIST_P256", "HMAC_256", "ML_DSA_44", "ML_KEM_512"]
)
def test_other_keys_than_symmetric_encryption_keys_need_a_key_usage(kms, spec):
    message = (
        "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
    )
    with raises("ValidationException", message):
        kms.create_key(KeySpec=spec)


@pytest.mark.parametrize("usage", ["SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"])
def test_a_symmetric_key_is_for_encryption_only(kms, usage):
    message = f"KeyUsage {usage} is not compatible with KeySpec SYMMETRIC_DEFAULT"
    with raises("ValidationException", message):
        kms.create_key(KeyUsage=usage)


USAGES = {
    **dict.fromkeys(("RSA_2048", "RSA_3072", "RSA_4096"), {"ENCRYPT_DECRYPT", "SIGN_VERIFY"}),
    **dict.fromkeys(
        ("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"), {"SIGN_VERIFY", "KEY_AGREEMENT"}
    ),
    **dict.fromkeys(
        ("ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87"),
        {"SIGN_VERIFY"},
    ),
    **dict.fromkeys(("HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"), {"GENERATE_VERIFY_MAC"}),
    **dict.fromkeys(("ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"), {"ENCAPSULATE_DECAPSULATE"}),
}


@pytest.mark.parametrize("spec", USAGES)
def test_a_usage_that_does_not_suit_the_spec_is_reported_as_such(kms, spec):
    for usage in set().union(*USAGES.values()) - USAGES[spec]:
        message = f"KeyUsage {usage} is not compatible with KeySpec {spec}"
        with raises("ValidationException", message):
            kms.create_key(KeySpec=spec, KeyUsage=usage)


def test_keys_are_listed_with_id_and_arn_whatever_their_state(kms, subject, key):
    subject.bring_into("PendingDeletion")
    kms.disable_key(KeyId=key)
    listed = flat(pages(kms.list_keys, "Keys"))
    for key_id in (subject.id, subject.other, key):
        assert listed.count({"KeyId": key_id, "KeyArn": key_arn(key_id)}) == 1


def test_an_empty_server_lists_no_keys(start):
    response = members(start().client().list_keys())
    assert response == {"Keys": [], "Truncated": False}


def test_pages_of_keys_are_as_large_as_asked_and_together_complete(start):
    kms = start().client()
    keys = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(105)}
    for limit, sizes in [(40, [40, 40, 25]), (105, [105]), (1000, [105]), (104, [104, 1])]:
        found = pages(kms.list_keys, "Keys", Limit=limit)
        assert [len(page) for page in found] == sizes
        assert {entry["KeyId"] for entry in flat(found)} == keys
    assert [len(page) for page in pages(kms.list_keys, "Keys")] == [100, 5]


def test_keys_created_while_paging_do_not_disturb_the_pages(start):
    kms = start().client()
    keys = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(4)}
    first = kms.list_keys(Limit=2)
    kms.create_key()
    rest = flat(pages(kms.list_keys, "Keys", Marker=first["NextMarker"]))
    found = [entry["KeyId"] for entry in first["Keys"] + rest]
    assert len(found) == len(set(found))
    assert keys <= set(found)


def test_the_sdk_paginates_keys_by_itself(start):
    kms = start().client()
    keys = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)}
    paginator = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    assert {entry["KeyId"] for page in paginator for entry in page["Keys"]} == keys


def test_keys_of_the_own_account_are_listed_unless_others_are_asked_for(kms, key):
    for owners in (["SELF"], ["SELF", "OTHER_ACCOUNTS_VIA_RAM"]):
        listed = flat(pages(kms.list_keys, "Keys", ResourceOwners=owners))
        assert key in {entry["KeyId"] for entry in listed}
    response = members(kms.list_keys(ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM"]))
    assert response == {"Keys": [], "Truncated": False}


@pytest.mark.parametrize("marker", ["x", "AAAA", "=", "a b"])
def test_a_marker_that_no_list_gave_is_refused_by_list_keys(kms, marker):
    with raises("InvalidMarkerException"):
        kms.list_keys(Marker=marker)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_the_limit_of_list_keys_is_1_to_1000(unchecked, limit):
    bound = "less than or equal to 1000" if limit > 1 else "greater than or equal to 1"
    with raises_violations(violated("limit", f"have value {bound}", limit)):
        unchecked.list_keys(Limit=limit)


def test_a_description_is_replaced_and_can_be_emptied(kms, key):
    for description in ("first", "second", ""):
        response = kms.update_key_description(KeyId=key, Description=description)
        assert members(response) == {}
        assert describe(kms, key)["Description"] == description


def test_a_description_has_at_most_8192_characters(kms, unchecked, key):
    kms.update_key_description(KeyId=key, Description="d" * 8192)
    rule = "have length less than or equal to 8192"
    with raises_violations(violated("description", rule, "d" * 8193)):
        unchecked.update_key_description(KeyId=key, Description="d" * 8193)
    with raises_violations(violated("description", rule, "d" * 8193)):
        unchecked.create_key(Description="d" * 8193)


def test_disabling_and_enabling_change_state_and_enabled_and_nothing_else(kms, key):
    before = describe(kms, key)
    assert members(kms.disable_key(KeyId=key)) == {}
    assert describe(kms, key) == {**before, "Enabled": False, "KeyState": "Disabled"}
    assert members(kms.enable_key(KeyId=key)) == {}
    assert describe(kms, key) == before


def test_disabling_and_enabling_again_succeed_without_effect(kms, key):
    kms.enable_key(KeyId=key)
    assert describe(kms, key)["KeyState"] == "Enabled"
    for _ in range(2):
        kms.disable_key(KeyId=key)
    assert describe(kms, key)["KeyState"] == "Disabled"


def test_describe_key_takes_grant_tokens(kms, key):
    assert kms.describe_key(KeyId=key, GrantTokens=[])["KeyMetadata"]["KeyId"] == key


def test_operations_without_output_answer_200_with_an_empty_body(kms, key):
    for response in (
        kms.disable_key(KeyId=key),
        kms.enable_key(KeyId=key),
        kms.update_key_description(KeyId=key, Description=""),
    ):
        assert status_of(response) == 200
        assert response["ResponseMetadata"]["HTTPHeaders"]["content-length"] == "0"
