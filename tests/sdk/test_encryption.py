"""Encrypt, Decrypt, ReEncrypt."""

import pytest
from sdk_support import (
    INCORRECT_KEY,
    WOULD_SUCCEED,
    denied,
    members,
    raises,
    raises_violations,
    violated,
)

CONTEXT = {"purpose": "test", "Größe": "鍵", "": "", "empty": ""}


def current_material(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


def altered(blob, position):
    changed = bytearray(blob)
    changed[position] ^= 1
    return bytes(changed)


# Encrypt and Decrypt


@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias_arn"])
def test_encrypt_answers_blob_algorithm_and_the_arn_of_the_key(kms, subject, form):
    response = members(kms.encrypt(KeyId=getattr(subject, form), Plaintext=b"x"))
    blob = response.pop("CiphertextBlob")
    assert 1 <= len(blob) <= 6144
    assert response == {"KeyId": subject.arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}


@pytest.mark.parametrize("form", [None, "id", "arn", "alias", "alias_arn"])
def test_decrypt_answers_plaintext_algorithm_material_and_the_arn_of_the_key(kms, subject, form):
    named = {} if form is None else {"KeyId": getattr(subject, form)}
    response = members(kms.decrypt(CiphertextBlob=subject.ciphertext, **named))
    assert response == {
        "KeyId": subject.arn,
        "Plaintext": b"secret",
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "KeyMaterialId": current_material(kms, subject.id),
    }


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 1024, 4095, 4096])
def test_plaintexts_of_1_to_4096_bytes_come_back_as_they_were(kms, key, size):
    plaintext = bytes(number % 256 for number in range(size))
    blob = kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
    assert len(blob) <= 6144
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext


@pytest.mark.parametrize(
    ("plaintext", "rule"),
    [
        (b"", "have length greater than or equal to 1"),
        (b"x" * 4097, "have length less than or equal to 4096"),
    ],
)
def test_a_plaintext_has_1_to_4096_bytes_and_is_not_repeated_in_the_error(
    unchecked, key, plaintext, rule
):
    with raises_violations(violated("plaintext", rule)):
        unchecked.encrypt(KeyId=key, Plaintext=plaintext)


@pytest.mark.parametrize(
    ("blob", "rule"),
    [
        (b"", "have length greater than or equal to 1"),
        (b"x" * 6145, "have length less than or equal to 6144"),
    ],
)
def test_a_ciphertext_has_1_to_6144_bytes(unchecked, key, blob, rule):
    with raises_violations(violated("ciphertextBlob", rule)):
        unchecked.decrypt(CiphertextBlob=blob)
    with raises_violations(violated("ciphertextBlob", rule)):
        unchecked.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)


def test_encrypting_the_same_twice_gives_different_ciphertexts(kms, key):
    blobs = {kms.encrypt(KeyId=key, Plaintext=b"same")["CiphertextBlob"] for _ in range(20)}
    assert len(blobs) == 20


def test_the_plaintext_is_not_in_the_ciphertext(kms, key):
    plaintext = b"a plaintext that would be recognised"
    assert plaintext not in kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]


def test_the_encryption_context_must_be_the_same_in_whatever_order(kms, key):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]
    reordered = dict(reversed(CONTEXT.items()))
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=reordered)["Plaintext"] == b"x"


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"a": "b"},
        {"a": "1", "b": "2", "c": "3"},
        {"a": "1", "b": "3"},
        {"A": "1", "b": "2"},
        {"a": "2", "b": "1"},
        {"1": "a", "2": "b"},
        {"a": "1b", "b": "2"},
        {"a1": "", "b": "2"},
        {"a": "1", "b": "2 "},
    ],
)
def test_any_other_encryption_context_is_an_invalid_ciphertext_without_a_message(
    kms, key, context
):
    encryption = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "1", "b": "2"})
    with raises("InvalidCiphertextException", ""):
        kms.decrypt(CiphertextBlob=encryption["CiphertextBlob"], EncryptionContext=context)


def test_an_empty_encryption_context_is_the_same_as_none(kms, key):
    with_empty = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={})["CiphertextBlob"]
    without = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=with_empty)["Plaintext"] == b"x"
    assert kms.decrypt(CiphertextBlob=without, EncryptionContext={})["Plaintext"] == b"x"


def test_a_context_where_there_was_none_is_an_invalid_ciphertext(kms, subject):
    with raises("InvalidCiphertextException", ""):
        kms.decrypt(CiphertextBlob=subject.ciphertext, EncryptionContext={"a": "b"})


def test_an_alteration_of_any_byte_is_never_decrypted(kms, subject):
    """The bytes that name the key lead to a key that is not there, all others to garbage."""
    for position in range(len(subject.ciphertext)):
        with pytest.raises(kms.exceptions.ClientError) as caught:
            kms.decrypt(CiphertextBlob=altered(subject.ciphertext, position))
        code = caught.value.response["Error"]["Code"]
        assert code in ("InvalidCiphertextException", "AccessDeniedException"), position


def test_altered_content_is_an_invalid_ciphertext_without_a_message(kms, subject):
    for position in (-1, -16, -17, -20):
        blob = altered(subject.ciphertext, position)
        for named in ({}, {"KeyId": subject.id}):
            with raises("InvalidCiphertextException", ""):
                kms.decrypt(CiphertextBlob=blob, **named)


@pytest.mark.parametrize("blob", [b"x", b"garbage", bytes(200), b"\xff" * 6144])
def test_garbage_is_an_invalid_ciphertext_without_a_message(kms, key, blob):
    for named in ({}, {"KeyId": key}):
        with raises("InvalidCiphertextException", ""):
            kms.decrypt(CiphertextBlob=blob, **named)
    with raises("InvalidCiphertextException", ""):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)


def test_a_shortened_or_lengthened_ciphertext_is_invalid(kms, subject):
    for blob in (subject.ciphertext[:-1], subject.ciphertext + b"x", subject.ciphertext[:20]):
        with raises("InvalidCiphertextException", ""):
            kms.decrypt(CiphertextBlob=blob, KeyId=subject.id)


def test_decrypting_with_another_key_than_that_of_the_ciphertext_is_incorrect(kms, subject):
    with raises("IncorrectKeyException", INCORRECT_KEY):
        kms.decrypt(CiphertextBlob=subject.ciphertext, KeyId=subject.other)
    with raises("IncorrectKeyException", INCORRECT_KEY):
        kms.decrypt(CiphertextBlob=subject.ciphertext, KeyId=subject.other_alias)


def test_an_alias_that_was_moved_no_longer_fits_ciphertexts_of_the_old_key(kms, subject):
    kms.update_alias(AliasName=subject.alias, TargetKeyId=subject.other)
    with raises("IncorrectKeyException", INCORRECT_KEY):
        kms.decrypt(CiphertextBlob=subject.ciphertext, KeyId=subject.alias)
    assert kms.decrypt(CiphertextBlob=subject.ciphertext)["KeyId"] == subject.arn


def test_a_ciphertext_of_a_key_that_is_not_here_is_denied(start, subject):
    elsewhere = start().client()
    with raises(
        "AccessDeniedException",
        denied("kms:Decrypt", "the resource associated with this ciphertext"),
    ):
        elsewhere.decrypt(CiphertextBlob=subject.ciphertext)


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"])
def test_an_asymmetric_algorithm_does_not_fit_a_symmetric_key(kms, subject, algorithm):
    message = f"Algorithm {algorithm} is incompatible with key spec SYMMETRIC_DEFAULT."
    with raises("InvalidKeyUsageException", message):
        kms.encrypt(KeyId=subject.id, Plaintext=b"x", EncryptionAlgorithm=algorithm)
    with raises("InvalidKeyUsageException", message):
        kms.decrypt(
            KeyId=subject.id, CiphertextBlob=subject.ciphertext, EncryptionAlgorithm=algorithm
        )
    with raises("InvalidKeyUsageException", message):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext,
            DestinationKeyId=subject.other,
            DestinationEncryptionAlgorithm=algorithm,
        )
    with raises("InvalidKeyUsageException", message):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext,
            SourceKeyId=subject.id,
            SourceEncryptionAlgorithm=algorithm,
            DestinationKeyId=subject.other,
        )


def test_an_asymmetric_algorithm_needs_the_key_to_be_named(kms, subject):
    with raises("ValidationException"):
        kms.decrypt(
            CiphertextBlob=subject.ciphertext, EncryptionAlgorithm="RSAES_OAEP_SHA_256"
        )


def test_a_ciphertext_is_required(unchecked, key):
    message = (
        "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy "
        "constraint: Member must not be null"
    )
    with raises("ValidationException", message):
        unchecked.decrypt(KeyId=key)
    with raises("ValidationException", message):
        unchecked.re_encrypt(DestinationKeyId=key)


# ReEncrypt


@pytest.mark.parametrize("form", [None, "id", "arn", "alias", "alias_arn"])
def test_reencrypt_answers_both_keys_both_materials_and_both_algorithms(kms, subject, form):
    named = {} if form is None else {"SourceKeyId": getattr(subject, form)}
    response = members(
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other_alias, **named
        )
    )
    blob = response.pop("CiphertextBlob")
    destination = kms.describe_key(KeyId=subject.other)["KeyMetadata"]
    assert response == {
        "SourceKeyId": subject.arn,
        "KeyId": destination["Arn"],
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyMaterialId": current_material(kms, subject.id),
        "DestinationKeyMaterialId": destination["CurrentKeyMaterialId"],
    }
    decrypted = kms.decrypt(CiphertextBlob=blob)
    assert (decrypted["KeyId"], decrypted["Plaintext"]) == (destination["Arn"], b"secret")


def test_reencrypt_changes_the_encryption_context(kms, subject):
    blob = kms.encrypt(KeyId=subject.id, Plaintext=b"x", EncryptionContext={"old": "1"})
    new = kms.re_encrypt(
        CiphertextBlob=blob["CiphertextBlob"],
        SourceEncryptionContext={"old": "1"},
        DestinationKeyId=subject.other,
        DestinationEncryptionContext={"new": "2"},
    )["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=new, EncryptionContext={"new": "2"})["Plaintext"] == b"x"
    with raises("InvalidCiphertextException", ""):
        kms.decrypt(CiphertextBlob=new, EncryptionContext={"old": "1"})


def test_reencrypt_with_the_wrong_source_context_is_an_invalid_ciphertext(kms, subject):
    with raises("InvalidCiphertextException", ""):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext,
            SourceEncryptionContext={"a": "b"},
            DestinationKeyId=subject.other,
        )


def test_reencrypt_under_the_same_key_gives_a_new_ciphertext(kms, subject):
    response = kms.re_encrypt(CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.id)
    assert response["SourceKeyId"] == response["KeyId"] == subject.arn
    assert response["CiphertextBlob"] != subject.ciphertext
    assert kms.decrypt(CiphertextBlob=response["CiphertextBlob"])["Plaintext"] == b"secret"


def test_reencrypt_with_another_source_key_than_that_of_the_ciphertext_is_incorrect(kms, subject):
    with raises("IncorrectKeyException", INCORRECT_KEY):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext,
            SourceKeyId=subject.other,
            DestinationKeyId=subject.other,
        )


# Dry runs


def test_a_dry_run_that_would_succeed_says_so_and_does_nothing(kms, subject):
    with raises("DryRunOperationException", WOULD_SUCCEED):
        kms.encrypt(KeyId=subject.id, Plaintext=b"x", DryRun=True)
    with raises("DryRunOperationException", WOULD_SUCCEED):
        kms.decrypt(CiphertextBlob=subject.ciphertext, DryRun=True)
    with raises("DryRunOperationException", WOULD_SUCCEED):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other, DryRun=True
        )


def test_dry_run_false_is_a_real_run(kms, subject):
    blob = kms.encrypt(KeyId=subject.id, Plaintext=b"x", DryRun=False)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, DryRun=False)["Plaintext"] == b"x"
    kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=subject.other, DryRun=False)


def test_a_dry_run_that_would_fail_fails_in_the_same_way(kms, subject):
    with raises("InvalidCiphertextException", ""):
        kms.decrypt(CiphertextBlob=subject.ciphertext, EncryptionContext={"a": "b"}, DryRun=True)
    with raises("IncorrectKeyException", INCORRECT_KEY):
        kms.decrypt(CiphertextBlob=subject.ciphertext, KeyId=subject.other, DryRun=True)
    subject.bring_into("Disabled")
    message = f"{subject.arn} is disabled."
    with raises("DisabledException", message):
        kms.encrypt(KeyId=subject.id, Plaintext=b"x", DryRun=True)
    with raises("DisabledException", message):
        kms.decrypt(CiphertextBlob=subject.ciphertext, DryRun=True)
    with raises("DisabledException", message):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other, DryRun=True
        )


IGNORING = {"DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}


def test_a_dry_run_can_ignore_the_ciphertext_and_do_without_it(kms, subject):
    for ciphertext in ({}, {"CiphertextBlob": b"garbage"}):
        with raises("DryRunOperationException", WOULD_SUCCEED):
            kms.decrypt(KeyId=subject.alias, **ciphertext, **IGNORING)
        with raises("DryRunOperationException", WOULD_SUCCEED):
            kms.re_encrypt(
                SourceKeyId=subject.arn, DestinationKeyId=subject.other, **ciphertext, **IGNORING
            )


def test_a_dry_run_that_ignores_the_ciphertext_needs_the_key(kms, subject):
    with raises("ValidationException"):
        kms.decrypt(CiphertextBlob=subject.ciphertext, **IGNORING)
    with raises("ValidationException"):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other, **IGNORING
        )


def test_a_dry_run_that_ignores_the_ciphertext_still_looks_at_the_key(kms, subject):
    subject.bring_into("Disabled")
    with raises("DisabledException", f"{subject.arn} is disabled."):
        kms.decrypt(KeyId=subject.id, **IGNORING)
    with raises("DisabledException", f"{subject.arn} is disabled."):
        kms.re_encrypt(SourceKeyId=subject.id, DestinationKeyId=subject.other, **IGNORING)


@pytest.mark.parametrize("dry_run", [{}, {"DryRun": False}])
def test_the_ciphertext_can_be_ignored_in_dry_runs_only(kms, subject, dry_run):
    parameters = {"DryRunModifiers": ["IGNORE_CIPHERTEXT"], **dry_run}
    with raises("ValidationException"):
        kms.decrypt(KeyId=subject.id, CiphertextBlob=subject.ciphertext, **parameters)
    with raises("ValidationException"):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext,
            SourceKeyId=subject.id,
            DestinationKeyId=subject.other,
            **parameters,
        )


# What all of them share


def test_no_grant_token_is_valid_as_there_are_no_grants(kms, subject):
    tokens = ["token"]
    with raises("InvalidGrantTokenException"):
        kms.encrypt(KeyId=subject.id, Plaintext=b"x", GrantTokens=tokens)
    with raises("InvalidGrantTokenException"):
        kms.decrypt(CiphertextBlob=subject.ciphertext, GrantTokens=tokens)
    with raises("InvalidGrantTokenException"):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext, DestinationKeyId=subject.other, GrantTokens=tokens
        )


def test_an_empty_list_of_grant_tokens_is_the_same_as_none(kms, subject):
    blob = kms.encrypt(KeyId=subject.id, Plaintext=b"x", GrantTokens=[])["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, GrantTokens=[])["Plaintext"] == b"x"
