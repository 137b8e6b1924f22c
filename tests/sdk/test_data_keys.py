"""GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom."""

import pytest
from sdk_support import WOULD_SUCCEED, members, raises, raises_violations, violated

SIZES = [
    ({"KeySpec": "AES_128"}, 16),
    ({"KeySpec": "AES_256"}, 32),
    ({"NumberOfBytes": 1}, 1),
    ({"NumberOfBytes": 64}, 64),
    ({"NumberOfBytes": 1024}, 1024),
]


@pytest.fixture(params=["generate_data_key", "generate_data_key_without_plaintext"])
def generate(request, kms):
    """Both operations that make data keys."""
    return getattr(kms, request.param)


def current_material(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


@pytest.mark.parametrize(("size", "length"), SIZES)
@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias_arn"])
def test_a_data_key_comes_in_the_clear_and_encrypted(kms, subject, form, size, length):
    response = members(kms.generate_data_key(KeyId=getattr(subject, form), **size))
    blob, plaintext = response.pop("CiphertextBlob"), response.pop("Plaintext")
    assert response == {
        "KeyId": subject.arn,
        "KeyMaterialId": current_material(kms, subject.id),
    }
    assert len(plaintext) == length
    decrypted = kms.decrypt(CiphertextBlob=blob)
    assert decrypted["Plaintext"] == plaintext
    assert decrypted["KeyMaterialId"] == response["KeyMaterialId"]


@pytest.mark.parametrize(("size", "length"), SIZES)
@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias_arn"])
def test_a_data_key_without_plaintext_comes_encrypted_only(kms, subject, form, size, length):
    response = members(
        kms.generate_data_key_without_plaintext(KeyId=getattr(subject, form), **size)
    )
    blob = response.pop("CiphertextBlob")
    assert response == {
        "KeyId": subject.arn,
        "KeyMaterialId": current_material(kms, subject.id),
    }
    assert len(kms.decrypt(CiphertextBlob=blob)["Plaintext"]) == length


def test_every_data_key_is_another_one(kms, key):
    keys = {kms.generate_data_key(KeyId=key, KeySpec="AES_128")["Plaintext"] for _ in range(20)}
    assert len(keys) == 20


def test_a_data_key_is_bound_to_its_encryption_context(kms, key, generate):
    context = {"a": "1"}
    blob = generate(KeyId=key, KeySpec="AES_256", EncryptionContext=context)["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    with raises("InvalidCiphertextException", ""):
        kms.decrypt(CiphertextBlob=blob)


@pytest.mark.parametrize("size", [{}, {"KeySpec": "AES_256", "NumberOfBytes": 32}])
def test_a_data_key_needs_either_its_spec_or_its_length(key, generate, size):
    with raises("ValidationException"):
        generate(KeyId=key, **size)


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        (0, "have value greater than or equal to 1"),
        (-1, "have value greater than or equal to 1"),
        (1025, "have value less than or equal to 1024"),
    ],
)
def test_data_keys_and_random_bytes_have_1_to_1024_bytes(unchecked, key, number, rule):
    expected = violated("numberOfBytes", rule, number)
    with raises_violations(expected):
        unchecked.generate_data_key(KeyId=key, NumberOfBytes=number)
    with raises_violations(expected):
        unchecked.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=number)
    with raises_violations(expected):
        unchecked.generate_random(NumberOfBytes=number)


def test_a_dry_run_makes_no_data_key(key, generate):
    with raises("DryRunOperationException", WOULD_SUCCEED):
        generate(KeyId=key, KeySpec="AES_256", DryRun=True)


def test_a_dry_run_that_would_fail_fails_in_the_same_way(subject, generate):
    with raises("ValidationException"):
        generate(KeyId=subject.id, DryRun=True)
    subject.bring_into("Disabled")
    with raises("DisabledException", f"{subject.arn} is disabled."):
        generate(KeyId=subject.id, KeySpec="AES_256", DryRun=True)


def test_dry_run_false_makes_a_data_key(key, generate):
    assert generate(KeyId=key, KeySpec="AES_256", DryRun=False)["CiphertextBlob"]


def test_no_grant_token_is_valid_as_there_are_no_grants(key, generate):
    with raises("InvalidGrantTokenException"):
        generate(KeyId=key, KeySpec="AES_256", GrantTokens=["token"])


@pytest.mark.parametrize("number", [1, 2, 32, 1023, 1024])
def test_random_bytes_come_in_the_number_asked_for(kms, number):
    response = members(kms.generate_random(NumberOfBytes=number))
    assert response.keys() == {"Plaintext"}
    assert len(response["Plaintext"]) == number


def test_random_bytes_are_never_the_same(kms):
    assert len({kms.generate_random(NumberOfBytes=16)["Plaintext"] for _ in range(50)}) == 50


def test_the_number_of_random_bytes_is_required(kms):
    with raises("ValidationException", "NumberOfBytes is required."):
        kms.generate_random()


def test_random_bytes_of_a_custom_key_store_that_does_not_exist_are_refused(kms):
    with raises("CustomKeyStoreNotFoundException"):
        kms.generate_random(NumberOfBytes=1, CustomKeyStoreId="cks-1234567890abcdef0")
