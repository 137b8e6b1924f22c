"""Encrypt, Decrypt and ReEncrypt with RSA keys. `cryptography` encrypts to them, too."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from sdk_support import (
    INCORRECT_KEY,
    OTHER_REGION,
    WOULD_SUCCEED,
    Subject,
    algorithm_refused,
    altered,
    check_new_key,
    check_no_rotation,
    check_public_key,
    import_key,
    key_arn,
    last_use,
    members,
    new_alias_name,
    pkcs8,
    private_key,
    raises,
    raises_violations,
    usage_refused,
    violated,
)

SHA_1, SHA_256 = "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"
HASHES = {SHA_1: hashes.SHA1(), SHA_256: hashes.SHA256()}
# The longest plaintext of each algorithm.
LIMITS = {
    "RSA_2048": {SHA_1: 214, SHA_256: 190},
    "RSA_3072": {SHA_1: 342, SHA_256: 318},
    "RSA_4096": {SHA_1: 470, SHA_256: 446},
}
CASES = [(spec, algorithm) for spec in LIMITS for algorithm in HASHES]
USAGE = "ENCRYPT_DECRYPT"
ALGORITHMS = {"EncryptionAlgorithms": [SHA_1, SHA_256]}
OTHER_USAGES = [
    ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ("RSA_2048", "SIGN_VERIFY"),
    ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
]


def oaep(algorithm):
    hash_ = HASHES[algorithm]
    return padding.OAEP(padding.MGF1(hash_), hash_, label=None)


def too_large(algorithm, spec):
    limit = LIMITS[spec][algorithm]
    return raises(
        "ValidationException",
        f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than "
        f"{limit} bytes.",
    )


def encrypt(kms, key, algorithm, plaintext, **more):
    parameters = {"KeyId": key, "EncryptionAlgorithm": algorithm, "Plaintext": plaintext}
    return kms.encrypt(**parameters, **more)["CiphertextBlob"]


def decrypt(kms, key, algorithm, blob, **more):
    parameters = {"KeyId": key, "EncryptionAlgorithm": algorithm, "CiphertextBlob": blob}
    return kms.decrypt(**parameters, **more)["Plaintext"]


def current_material(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


@pytest.fixture
def rsa(key_of):
    """The id of an RSA key that encrypts: `rsa(spec)`."""
    return lambda spec="RSA_2048": key_of(spec, USAGE)


# Keys


@pytest.mark.parametrize("spec", LIMITS)
def test_a_new_rsa_key_has_its_algorithms_and_no_key_material_id(kms, spec):
    check_new_key(kms, spec, USAGE, ALGORITHMS)


@pytest.mark.parametrize("spec", LIMITS)
def test_the_public_key_comes_with_spec_usage_and_algorithms(kms, rsa, spec):
    encoded = check_public_key(kms, spec, rsa(spec), ALGORITHMS)
    public_key = load_der_public_key(encoded)
    assert public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == encoded
    assert public_key.key_size == int(spec[-4:])
    assert public_key.public_numbers().e == 65537


@pytest.mark.parametrize("spec", LIMITS)
def test_rsa_keys_do_not_rotate(kms, rsa, spec):
    check_no_rotation(kms, rsa(spec))


def test_an_alias_moves_between_rsa_keys_but_not_to_a_symmetric_key(kms, rsa, key):
    name = new_alias_name()
    kms.create_alias(AliasName=name, TargetKeyId=rsa("RSA_2048"))
    with raises("ValidationException"):
        kms.update_alias(AliasName=name, TargetKeyId=key)
    kms.update_alias(AliasName=name, TargetKeyId=rsa("RSA_3072"))
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeySpec"] == "RSA_3072"


# Encrypt and Decrypt


@pytest.mark.parametrize(("spec", "algorithm"), CASES)
def test_a_ciphertext_comes_with_the_arn_of_the_key_and_the_algorithm(kms, rsa, spec, algorithm):
    named = {"KeyId": rsa(spec), "EncryptionAlgorithm": algorithm}
    encrypted = members(kms.encrypt(Plaintext=b"secret", **named))
    blob = encrypted.pop("CiphertextBlob")
    assert len(blob) == int(spec[-4:]) // 8
    assert encrypted == {"KeyId": key_arn(rsa(spec)), "EncryptionAlgorithm": algorithm}
    assert members(kms.decrypt(CiphertextBlob=blob, **named)) == {
        **encrypted,
        "Plaintext": b"secret",
    }


@pytest.mark.parametrize(("spec", "algorithm"), CASES)
def test_plaintexts_up_to_the_limit_come_back_as_they_were(kms, rsa, spec, algorithm):
    limit = LIMITS[spec][algorithm]
    for size in (1, 2, 32, limit - 1, limit):
        plaintext = bytes(number % 256 for number in range(size))
        blob = encrypt(kms, rsa(spec), algorithm, plaintext)
        assert decrypt(kms, rsa(spec), algorithm, blob) == plaintext


@pytest.mark.parametrize(("spec", "algorithm"), CASES)
def test_a_plaintext_above_the_limit_is_refused(kms, rsa, spec, algorithm):
    for size in (LIMITS[spec][algorithm] + 1, 512, 4096):
        with too_large(algorithm, spec):
            encrypt(kms, rsa(spec), algorithm, b"x" * size)


@pytest.mark.parametrize(
    ("plaintext", "rule"),
    [
        (b"", "have length greater than or equal to 1"),
        (b"x" * 4097, "have length less than or equal to 4096"),
    ],
)
def test_the_limits_of_the_api_come_first(unchecked, rsa, plaintext, rule):
    with raises_violations(violated("plaintext", rule)):
        encrypt(unchecked, rsa(), SHA_256, plaintext)


@pytest.mark.parametrize(("spec", "algorithm"), CASES)
def test_a_ciphertext_that_was_made_outside_is_decrypted(kms, rsa, spec, algorithm):
    public_key = load_der_public_key(kms.get_public_key(KeyId=rsa(spec))["PublicKey"])
    limit = LIMITS[spec][algorithm]
    for plaintext in (b"", b"x", b"\0" * 16, b"p" * limit):
        blob = public_key.encrypt(plaintext, oaep(algorithm))
        assert decrypt(kms, rsa(spec), algorithm, blob) == plaintext


@pytest.mark.parametrize(("spec", "algorithm"), CASES)
def test_a_ciphertext_is_decrypted_outside_with_the_private_key(kms, spec, algorithm):
    own = private_key(spec)
    key = import_key(kms, spec, USAGE, pkcs8(own))
    for plaintext in (b"x", b"p" * LIMITS[spec][algorithm]):
        blob = encrypt(kms, key, algorithm, plaintext)
        assert own.decrypt(blob, oaep(algorithm)) == plaintext


def test_encrypting_the_same_twice_gives_different_ciphertexts(kms, rsa):
    assert len({encrypt(kms, rsa(), SHA_256, b"same") for _ in range(5)}) == 5


@pytest.mark.parametrize(("spec", "algorithm"), CASES)
def test_what_is_not_a_ciphertext_of_the_key_is_invalid_without_a_message(
    kms, rsa, spec, algorithm
):
    blob = encrypt(kms, rsa(spec), algorithm, b"secret")
    length = len(blob)
    for bad in (
        altered(blob, 0),
        altered(blob, length // 2),
        altered(blob, -1),
        blob[:-1],
        blob + b"\0",
        b"\0" + blob,
        bytes(length),
        b"\xff" * length,
        b"x",
        b"x" * 6144,
    ):
        with raises("InvalidCiphertextException", ""):
            decrypt(kms, rsa(spec), algorithm, bad)


@pytest.mark.parametrize("spec", LIMITS)
def test_the_other_algorithm_does_not_decrypt(kms, rsa, spec):
    for made, used in ((SHA_1, SHA_256), (SHA_256, SHA_1)):
        blob = encrypt(kms, rsa(spec), made, b"secret")
        with raises("InvalidCiphertextException", ""):
            decrypt(kms, rsa(spec), used, blob)


def test_an_outside_ciphertext_with_a_label_or_another_mask_is_invalid(kms, rsa):
    public_key = load_der_public_key(kms.get_public_key(KeyId=rsa())["PublicKey"])
    sha1, sha256 = hashes.SHA1(), hashes.SHA256()
    for scheme in (
        padding.OAEP(padding.MGF1(sha256), sha256, label=b"label"),
        padding.OAEP(padding.MGF1(sha1), sha256, label=None),
        padding.PKCS1v15(),
    ):
        with raises("InvalidCiphertextException", ""):
            decrypt(kms, rsa(), SHA_256, public_key.encrypt(b"secret", scheme))


def test_another_rsa_key_does_not_decrypt(kms, rsa):
    other = kms.create_key(KeySpec="RSA_2048", KeyUsage=USAGE)["KeyMetadata"]["KeyId"]
    blob = encrypt(kms, other, SHA_256, b"secret")
    for spec in ("RSA_2048", "RSA_3072"):
        with raises("InvalidCiphertextException", ""):
            decrypt(kms, rsa(spec), SHA_256, blob)


def test_the_key_has_to_be_named_to_decrypt(kms, rsa):
    blob = encrypt(kms, rsa(), SHA_256, b"secret")
    for algorithm in (SHA_1, SHA_256):
        with raises("ValidationException"):
            kms.decrypt(CiphertextBlob=blob, EncryptionAlgorithm=algorithm)
    with raises("InvalidCiphertextException", ""):
        kms.decrypt(CiphertextBlob=blob)


@pytest.mark.parametrize("spec", LIMITS)
@pytest.mark.parametrize("algorithm", [None, "SYMMETRIC_DEFAULT", "SM2PKE"])
def test_the_algorithm_has_to_be_one_of_rsa(kms, rsa, spec, algorithm):
    named = {"KeyId": rsa(spec), **({"EncryptionAlgorithm": algorithm} if algorithm else {})}
    with algorithm_refused(algorithm or "SYMMETRIC_DEFAULT", spec):
        kms.encrypt(Plaintext=b"x", **named)
    with algorithm_refused(algorithm or "SYMMETRIC_DEFAULT", spec):
        kms.decrypt(CiphertextBlob=b"x" * 256, **named)


@pytest.mark.parametrize("operation", ["generate_data_key", "generate_data_key_without_plaintext"])
def test_an_rsa_key_protects_no_data_keys(kms, rsa, operation):
    with algorithm_refused("SYMMETRIC_DEFAULT", "RSA_2048"):
        getattr(kms, operation)(KeyId=rsa(), KeySpec="AES_256")


def test_an_encryption_context_is_refused(kms, rsa):
    blob, context = encrypt(kms, rsa(), SHA_256, b"secret"), {"EncryptionContext": {"a": "b"}}
    with raises("ValidationException"):
        encrypt(kms, rsa(), SHA_256, b"secret", **context)
    with raises("ValidationException"):
        decrypt(kms, rsa(), SHA_256, blob, **context)


def test_an_empty_encryption_context_is_as_good_as_none(kms, rsa):
    blob = encrypt(kms, rsa(), SHA_256, b"secret", EncryptionContext={})
    assert decrypt(kms, rsa(), SHA_256, blob, EncryptionContext={}) == b"secret"


@pytest.mark.parametrize(("spec", "usage"), OTHER_USAGES)
def test_a_key_for_something_else_is_wrong_to_encrypt_and_incorrect_to_decrypt(
    kms, key_of, spec, usage
):
    key = key_of(spec, usage)
    for algorithm in ("SYMMETRIC_DEFAULT", SHA_1, SHA_256):
        with usage_refused(key_arn(key), usage, "Encrypt"):
            encrypt(kms, key, algorithm, b"x")
        with raises("IncorrectKeyException", INCORRECT_KEY):
            decrypt(kms, key, algorithm, b"x" * 256)


@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias_arn"])
def test_the_key_is_named_in_any_form(kms, form):
    subject = RsaSubject(kms)
    name = getattr(subject, form)
    assert decrypt(kms, name, SHA_256, encrypt(kms, name, SHA_256, b"secret")) == b"secret"


class RsaSubject(Subject):
    """An RSA key with an alias."""

    def __init__(self, kms):
        metadata = kms.create_key(KeySpec="RSA_2048", KeyUsage=USAGE)["KeyMetadata"]
        self.surround(kms, metadata, encrypt(kms, metadata["KeyId"], SHA_256, b"secret"))


# ReEncrypt


@pytest.mark.parametrize("algorithm", HASHES)
def test_reencrypt_from_a_symmetric_key_to_rsa_names_the_source_material_only(
    kms, subject, rsa, algorithm
):
    response = members(
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext,
            DestinationKeyId=rsa(),
            DestinationEncryptionAlgorithm=algorithm,
        )
    )
    blob = response.pop("CiphertextBlob")
    assert response == {
        "SourceKeyId": subject.arn,
        "KeyId": key_arn(rsa()),
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": algorithm,
        "SourceKeyMaterialId": current_material(kms, subject.id),
    }
    assert decrypt(kms, rsa(), algorithm, blob) == b"secret"


@pytest.mark.parametrize("algorithm", HASHES)
def test_reencrypt_from_rsa_to_a_symmetric_key_names_the_destination_material_only(
    kms, key, rsa, algorithm
):
    response = members(
        kms.re_encrypt(
            CiphertextBlob=encrypt(kms, rsa(), algorithm, b"secret"),
            SourceKeyId=rsa(),
            SourceEncryptionAlgorithm=algorithm,
            DestinationKeyId=key,
            DestinationEncryptionContext={"a": "b"},
        )
    )
    blob = response.pop("CiphertextBlob")
    assert response == {
        "SourceKeyId": key_arn(rsa()),
        "KeyId": key_arn(key),
        "SourceEncryptionAlgorithm": algorithm,
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationKeyMaterialId": current_material(kms, key),
    }
    decrypted = kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
    assert decrypted["Plaintext"] == b"secret"


def test_reencrypt_between_rsa_keys_names_no_material(kms, rsa):
    response = members(
        kms.re_encrypt(
            CiphertextBlob=encrypt(kms, rsa(), SHA_1, b"secret"),
            SourceKeyId=rsa(),
            SourceEncryptionAlgorithm=SHA_1,
            DestinationKeyId=rsa("RSA_3072"),
            DestinationEncryptionAlgorithm=SHA_256,
        )
    )
    blob = response.pop("CiphertextBlob")
    assert response == {
        "SourceKeyId": key_arn(rsa()),
        "KeyId": key_arn(rsa("RSA_3072")),
        "SourceEncryptionAlgorithm": SHA_1,
        "DestinationEncryptionAlgorithm": SHA_256,
    }
    assert decrypt(kms, rsa("RSA_3072"), SHA_256, blob) == b"secret"


@pytest.mark.parametrize("dry_run", [False, True])
def test_reencrypt_of_what_is_too_large_for_rsa_is_refused(kms, key, rsa, dry_run):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x" * 191)["CiphertextBlob"]
    with too_large(SHA_256, "RSA_2048"):
        kms.re_encrypt(
            CiphertextBlob=blob,
            DestinationKeyId=rsa(),
            DestinationEncryptionAlgorithm=SHA_256,
            DryRun=dry_run,
        )


@pytest.mark.parametrize("dry_run", [False, True])
def test_reencrypt_refuses_an_encryption_context_on_the_side_of_rsa(
    kms, subject, rsa, dry_run
):
    with raises("ValidationException"):
        kms.re_encrypt(
            CiphertextBlob=subject.ciphertext,
            DestinationKeyId=rsa(),
            DestinationEncryptionAlgorithm=SHA_256,
            DestinationEncryptionContext={"a": "b"},
            DryRun=dry_run,
        )
    with raises("ValidationException"):
        kms.re_encrypt(
            CiphertextBlob=encrypt(kms, rsa(), SHA_256, b"secret"),
            SourceKeyId=rsa(),
            SourceEncryptionAlgorithm=SHA_256,
            SourceEncryptionContext={"a": "b"},
            DestinationKeyId=subject.id,
            DryRun=dry_run,
        )


def test_reencrypt_from_rsa_needs_the_source_key_to_be_named(kms, key, rsa):
    with raises("ValidationException"):
        kms.re_encrypt(
            CiphertextBlob=encrypt(kms, rsa(), SHA_256, b"secret"),
            SourceEncryptionAlgorithm=SHA_256,
            DestinationKeyId=key,
        )


def test_reencrypt_refuses_algorithms_that_do_not_fit_the_keys(kms, subject, rsa):
    with algorithm_refused("SYMMETRIC_DEFAULT", "RSA_2048"):
        kms.re_encrypt(CiphertextBlob=subject.ciphertext, DestinationKeyId=rsa())
    with algorithm_refused("SYMMETRIC_DEFAULT", "RSA_2048"):
        kms.re_encrypt(
            CiphertextBlob=encrypt(kms, rsa(), SHA_256, b"secret"),
            SourceKeyId=rsa(),
            DestinationKeyId=subject.id,
        )


def test_reencrypt_of_an_altered_rsa_ciphertext_is_an_invalid_ciphertext(kms, key, rsa):
    with raises("InvalidCiphertextException", ""):
        kms.re_encrypt(
            CiphertextBlob=altered(encrypt(kms, rsa(), SHA_256, b"secret"), 9),
            SourceKeyId=rsa(),
            SourceEncryptionAlgorithm=SHA_256,
            DestinationKeyId=key,
        )


@pytest.mark.parametrize(("spec", "usage"), OTHER_USAGES)
def test_reencrypt_from_or_to_a_key_for_something_else_is_refused(
    kms, subject, key_of, spec, usage
):
    key = key_of(spec, usage)
    with usage_refused(key_arn(key), usage, "ReEncrypt"):
        kms.re_encrypt(CiphertextBlob=subject.ciphertext, DestinationKeyId=key)
    for algorithm in ("SYMMETRIC_DEFAULT", SHA_256):
        with raises("IncorrectKeyException", INCORRECT_KEY):
            kms.re_encrypt(
                CiphertextBlob=subject.ciphertext,
                SourceKeyId=key,
                SourceEncryptionAlgorithm=algorithm,
                DestinationKeyId=subject.other,
            )


# Dry runs, states, Regions


def test_a_dry_run_that_would_succeed_says_so(kms, rsa):
    blob = encrypt(kms, rsa(), SHA_256, b"secret", DryRun=False)
    for try_it in (
        lambda: encrypt(kms, rsa(), SHA_256, b"secret", DryRun=True),
        lambda: decrypt(kms, rsa(), SHA_256, blob, DryRun=True),
        lambda: kms.decrypt(
            KeyId=rsa(),
            EncryptionAlgorithm=SHA_256,
            DryRun=True,
            DryRunModifiers=["IGNORE_CIPHERTEXT"],
        ),
    ):
        with raises("DryRunOperationException", WOULD_SUCCEED):
            try_it()


def test_a_dry_run_of_decrypt_that_would_fail_fails_in_the_same_way(kms, rsa):
    with raises("InvalidCiphertextException", ""):
        decrypt(kms, rsa(), SHA_256, b"x" * 256, DryRun=True)
    with raises("ValidationException"):
        kms.decrypt(CiphertextBlob=b"x", EncryptionAlgorithm=SHA_256, DryRun=True)


def test_a_dry_run_of_encrypt_that_would_fail_fails_in_the_same_way(kms, rsa):
    with algorithm_refused("SYMMETRIC_DEFAULT", "RSA_2048"):
        kms.encrypt(KeyId=rsa(), Plaintext=b"x", DryRun=True)
    with too_large(SHA_256, "RSA_2048"):
        encrypt(kms, rsa(), SHA_256, b"x" * 191, DryRun=True)
    with raises("ValidationException"):
        encrypt(kms, rsa(), SHA_256, b"x", EncryptionContext={"a": "b"}, DryRun=True)


def test_a_grant_token_that_no_grant_has_is_invalid(kms, rsa):
    with raises("InvalidGrantTokenException"):
        encrypt(kms, rsa(), SHA_256, b"x", GrantTokens=["token"])
    with raises("InvalidGrantTokenException"):
        decrypt(kms, rsa(), SHA_256, b"x" * 256, GrantTokens=["token"])


def test_an_rsa_key_works_while_it_is_enabled(kms, key):
    subject = RsaSubject(kms)
    reencryptions = (
        {
            "CiphertextBlob": subject.other_ciphertext,
            "DestinationKeyId": subject.id,
            "DestinationEncryptionAlgorithm": SHA_256,
        },
        {
            "CiphertextBlob": subject.ciphertext,
            "SourceKeyId": subject.id,
            "SourceEncryptionAlgorithm": SHA_256,
            "DestinationKeyId": key,
        },
    )
    operations = [
        lambda: encrypt(kms, subject.id, SHA_256, b"x"),
        lambda: decrypt(kms, subject.id, SHA_256, subject.ciphertext),
        *(lambda given=given: kms.re_encrypt(**given) for given in reencryptions),
    ]
    for operation in operations:
        operation()
    subject.bring_into("Disabled")
    for operation in operations:
        with raises("DisabledException", f"{subject.arn} is disabled."):
            operation()
    subject.bring_into("PendingDeletion")
    for operation in operations:
        with raises("KMSInvalidStateException", f"{subject.arn} is pending deletion."):
            operation()


def test_a_multi_region_rsa_key_decrypts_in_every_region(server, kms):
    elsewhere = server.client(region=OTHER_REGION)
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage=USAGE, MultiRegion=True)
    key = key["KeyMetadata"]["KeyId"]
    replica = kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)["ReplicaKeyMetadata"]
    assert replica["EncryptionAlgorithms"] == [SHA_1, SHA_256]
    assert "CurrentKeyMaterialId" not in replica
    for algorithm in HASHES:
        for here, there in ((kms, elsewhere), (elsewhere, kms)):
            blob = encrypt(here, key, algorithm, b"secret")
            assert decrypt(there, key, algorithm, blob) == b"secret"


def test_each_of_them_is_noted_as_the_last_use_of_both_keys(kms):
    subject = RsaSubject(kms)
    assert last_use(kms, subject.id) == "Encrypt"
    decrypt(kms, subject.id, SHA_256, subject.ciphertext)
    assert last_use(kms, subject.id) == "Decrypt"
    kms.re_encrypt(
        CiphertextBlob=subject.ciphertext,
        SourceKeyId=subject.id,
        SourceEncryptionAlgorithm=SHA_256,
        DestinationKeyId=subject.other,
    )
    assert last_use(kms, subject.id) == last_use(kms, subject.other) == "ReEncrypt"
    fresh = kms.create_key(KeySpec="RSA_2048", KeyUsage=USAGE)["KeyMetadata"]["KeyId"]
    with raises("ValidationException"):
        encrypt(kms, fresh, SHA_256, b"x" * 191)
    with raises("InvalidCiphertextException"):
        decrypt(kms, fresh, SHA_256, subject.ciphertext)
    assert last_use(kms, fresh) is None


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_rsa_keys_survive_a_restart(start, data_dir, end):
    server = start(data_dir=data_dir)
    kms = server.client()
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage=USAGE)["KeyMetadata"]["KeyId"]
    public_key = kms.get_public_key(KeyId=key)["PublicKey"]
    blobs = {algorithm: encrypt(kms, key, algorithm, b"secret") for algorithm in HASHES}
    getattr(server, end)()
    kms = server.start().client()
    assert kms.get_public_key(KeyId=key)["PublicKey"] == public_key
    for algorithm, blob in blobs.items():
        assert decrypt(kms, key, algorithm, blob) == b"secret"
    outside = load_der_public_key(public_key).encrypt(b"new", oaep(SHA_256))
    assert decrypt(kms, key, SHA_256, outside) == b"new"
