"""Sign, Verify, GetPublicKey. Signatures are verified by `cryptography`, too."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from sdk_support import (
    OTHER_REGION,
    SIGNING,
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

MESSAGE = b"a message to sign"
RSASSA = [
    f"RSASSA_{scheme}_SHA_{size}" for scheme in ("PKCS1_V1_5", "PSS") for size in (256, 384, 512)
]
SPECS = {
    "RSA_2048": RSASSA,
    "RSA_3072": RSASSA,
    "RSA_4096": RSASSA,
    "ECC_NIST_P256": ["ECDSA_SHA_256"],
    "ECC_NIST_P384": ["ECDSA_SHA_384"],
    "ECC_NIST_P521": ["ECDSA_SHA_512"],
    "ECC_SECG_P256K1": ["ECDSA_SHA_256"],
    "ECC_NIST_EDWARDS25519": ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
    "ML_DSA_44": ["ML_DSA_SHAKE_256"],
    "ML_DSA_65": ["ML_DSA_SHAKE_256"],
    "ML_DSA_87": ["ML_DSA_SHAKE_256"],
}
PAIRS = [(spec, algorithm) for spec, algorithms in SPECS.items() for algorithm in algorithms]
# Algorithms that take a message or its digest.
HASHING = [pair for pair in PAIRS if pair[1].startswith(("RSASSA", "ECDSA"))]
ML_DSA = ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"]
EDWARDS = "ECC_NIST_EDWARDS25519"
ALL_ALGORITHMS = sorted({algorithm for _, algorithm in PAIRS} | {"SM2DSA"})
CURVES = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
ML_DSA_KEYS = {
    "ML_DSA_44": (mldsa.MLDSA44PublicKey, 1312, 2420),
    "ML_DSA_65": (mldsa.MLDSA65PublicKey, 1952, 3309),
    "ML_DSA_87": (mldsa.MLDSA87PublicKey, 2592, 4627),
}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def hash_of(algorithm):
    return HASHES[algorithm[-3:]]


def digest_of(algorithm, message):
    return hashlib.new(hash_of(algorithm).name, message).digest()


def mu_of(public_key, message):
    """The message representative of FIPS 204, with an empty context."""
    start = hashlib.shake_256(public_key.public_bytes_raw()).digest(64)
    return hashlib.shake_256(start + b"\0\0" + message).digest(64)


def suitable(algorithm, message=MESSAGE):
    """A message as the algorithm takes it: as it is, or its digest where nothing else is taken."""
    if algorithm == "ED25519_PH_SHA_512":
        return {"Message": hashlib.sha512(message).digest(), "MessageType": "DIGEST"}
    return {"Message": message}


def sign_outside(own, algorithm, message):
    if algorithm == "ED25519_SHA_512":
        return own.sign(message)
    if algorithm.startswith("ECDSA"):
        return own.sign(message, ec.ECDSA(hash_of(algorithm)))
    hash_ = hash_of(algorithm)
    if algorithm.startswith("RSASSA_PKCS1"):
        return own.sign(message, padding.PKCS1v15(), hash_)
    pss = padding.PSS(padding.MGF1(hash_), salt_length=hash_.digest_size)
    return own.sign(message, pss, hash_)


def verify_outside(public_key, algorithm, signature, message):
    if algorithm == "ML_DSA_SHAKE_256":
        public_key.verify(signature, message)
    elif algorithm == "ED25519_SHA_512":
        public_key.verify(signature, message)
    elif algorithm.startswith("ECDSA"):
        public_key.verify(signature, message, ec.ECDSA(hash_of(algorithm)))
    elif algorithm.startswith("RSASSA_PKCS1"):
        public_key.verify(signature, message, padding.PKCS1v15(), hash_of(algorithm))
    else:
        hash_ = hash_of(algorithm)
        pss = padding.PSS(padding.MGF1(hash_), salt_length=hash_.digest_size)
        public_key.verify(signature, message, pss, hash_)


@pytest.fixture
def signer(key_of):
    """The id of a signing key: `signer(spec)`."""
    return lambda spec: key_of(spec, "SIGN_VERIFY")


@pytest.fixture
def public_key_of(kms, signer):
    """The public key of a signing key, for use outside."""
    return lambda spec: load_der_public_key(kms.get_public_key(KeyId=signer(spec))["PublicKey"])


def sign(kms, key, algorithm, **message):
    response = kms.sign(KeyId=key, SigningAlgorithm=algorithm, **message)
    return response["Signature"]


def verify(kms, key, algorithm, signature, **message):
    parameters = {"KeyId": key, "SigningAlgorithm": algorithm, "Signature": signature}
    assert kms.verify(**parameters, **message)["SignatureValid"] is True


# Keys


@pytest.mark.parametrize("spec", SPECS)
def test_a_new_signing_key_has_its_algorithms_and_no_key_material_id(kms, spec):
    check_new_key(kms, spec, "SIGN_VERIFY", {"SigningAlgorithms": SPECS[spec]})


@pytest.mark.parametrize("spec", ["RSA_3072", "ECC_NIST_P256", "ECC_SECG_P256K1"])
def test_a_signing_key_can_be_asked_for_by_the_old_name_of_its_spec(kms, spec):
    metadata = kms.create_key(CustomerMasterKeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert metadata["KeySpec"] == metadata["CustomerMasterKeySpec"] == spec


@pytest.mark.parametrize("spec", SPECS)
def test_signing_keys_do_not_rotate(kms, signer, spec):
    check_no_rotation(kms, signer(spec))


def test_an_alias_moves_between_signing_keys_of_any_spec(kms):
    first = Subject(kms, **SIGNING)
    second = kms.create_key(KeySpec="ML_DSA_44", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=first.alias, TargetKeyId=second)
    assert kms.describe_key(KeyId=first.alias)["KeyMetadata"]["KeyId"] == second


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
    ],
)
def test_an_alias_does_not_move_from_a_signing_key_to_one_for_something_else(
    kms, signer, key_of, spec, usage
):
    name, key = new_alias_name(), signer("RSA_2048")
    kms.create_alias(AliasName=name, TargetKeyId=key)
    with raises("ValidationException"):
        kms.update_alias(AliasName=name, TargetKeyId=key_of(spec, usage))
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == key
    kms.delete_alias(AliasName=name)


# GetPublicKey


@pytest.mark.parametrize("spec", SPECS)
def test_the_public_key_comes_with_spec_usage_and_algorithms(kms, signer, spec):
    encoded = check_public_key(kms, spec, signer(spec), {"SigningAlgorithms": SPECS[spec]})
    public_key = load_der_public_key(encoded)
    assert public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == encoded
    assert kms.get_public_key(KeyId=signer(spec))["PublicKey"] == encoded


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_an_rsa_public_key_has_the_size_of_its_spec_and_the_exponent_65537(public_key_of, spec):
    public_key = public_key_of(spec)
    assert isinstance(public_key, rsa.RSAPublicKey)
    assert public_key.key_size == int(spec[-4:])
    assert public_key.public_numbers().e == 65537


@pytest.mark.parametrize("spec", CURVES)
def test_an_elliptic_curve_public_key_is_on_the_named_curve_of_its_spec(public_key_of, spec):
    assert isinstance(public_key_of(spec).curve, CURVES[spec])


def test_an_ed25519_public_key_is_encoded_as_rfc_8410_says(kms, signer, public_key_of):
    public_key = public_key_of(EDWARDS)
    assert isinstance(public_key, ed25519.Ed25519PublicKey)
    prefix = bytes.fromhex("302a300506032b6570032100")
    encoded = kms.get_public_key(KeyId=signer(EDWARDS))["PublicKey"]
    assert encoded == prefix + public_key.public_bytes_raw()


@pytest.mark.parametrize("spec", ML_DSA)
def test_an_ml_dsa_public_key_has_the_type_and_the_length_of_its_spec(public_key_of, spec):
    type_, length, _ = ML_DSA_KEYS[spec]
    public_key = public_key_of(spec)
    assert isinstance(public_key, type_)
    assert len(public_key.public_bytes_raw()) == length


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        *((f"HMAC_{size}", "GENERATE_VERIFY_MAC") for size in (224, 256, 384, 512)),
    ],
)
def test_keys_that_are_not_asymmetric_have_no_public_key(kms, key_of, spec, usage):
    with raises("UnsupportedOperationException", ""):
        kms.get_public_key(KeyId=key_of(spec, usage))


# Sign and Verify


@pytest.mark.parametrize(("spec", "algorithm"), PAIRS)
def test_a_signature_comes_with_the_arn_of_the_key_and_the_algorithm(
    kms, signer, spec, algorithm
):
    key = signer(spec)
    parameters = {"KeyId": key, "SigningAlgorithm": algorithm, **suitable(algorithm)}
    response = members(kms.sign(**parameters))
    signature = response.pop("Signature")
    assert response == {"KeyId": key_arn(key), "SigningAlgorithm": algorithm}
    assert members(kms.verify(**parameters, Signature=signature)) == {
        "KeyId": key_arn(key),
        "SignatureValid": True,
        "SigningAlgorithm": algorithm,
    }


@pytest.mark.parametrize(
    ("spec", "algorithm"), [pair for pair in PAIRS if pair[1] != "ED25519_PH_SHA_512"]
)
@pytest.mark.parametrize("size", [1, 64, 4096])
def test_a_signature_is_verified_outside(kms, signer, public_key_of, spec, algorithm, size):
    message = bytes(number % 256 for number in range(size))
    signature = sign(kms, signer(spec), algorithm, Message=message)
    verify_outside(public_key_of(spec), algorithm, signature, message)
    with pytest.raises(InvalidSignature):
        verify_outside(public_key_of(spec), algorithm, signature, message + b"x")


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec not in ML_DSA])
def test_a_signature_that_was_made_outside_with_the_same_key_is_good(kms, spec):
    own = private_key(spec)
    key = import_key(kms, spec, "SIGN_VERIFY", pkcs8(own))
    for algorithm in SPECS[spec]:
        if algorithm == "ED25519_PH_SHA_512":
            continue
        signature = sign_outside(own, algorithm, MESSAGE)
        verify(kms, key, algorithm, signature, Message=MESSAGE)
        with raises("KMSInvalidSignatureException", ""):
            verify(kms, key, algorithm, signature, Message=b"another message")
        verify_outside(
            own.public_key(), algorithm, sign(kms, key, algorithm, Message=MESSAGE), MESSAGE
        )


@pytest.mark.parametrize("size", [256, 384, 512])
def test_a_pss_signature_with_another_length_of_salt_is_bad(kms, size):
    own, hash_ = private_key("RSA_2048"), HASHES[str(size)]
    key = import_key(kms, "RSA_2048", "SIGN_VERIFY", pkcs8(own))
    for length in (0, 20, hash_.digest_size - 1, hash_.digest_size + 1, padding.PSS.MAX_LENGTH):
        pss = padding.PSS(padding.MGF1(hash_), salt_length=length)
        signature = own.sign(MESSAGE, pss, hash_)
        with raises("KMSInvalidSignatureException", ""):
            verify(kms, key, f"RSASSA_PSS_SHA_{size}", signature, Message=MESSAGE)


@pytest.mark.parametrize(("spec", "algorithm"), HASHING)
def test_a_signature_of_a_digest_is_one_of_the_message(
    kms, signer, public_key_of, spec, algorithm
):
    digest = {"Message": digest_of(algorithm, MESSAGE), "MessageType": "DIGEST"}
    raw = {"Message": MESSAGE, "MessageType": "RAW"}
    for signed in (digest, raw):
        signature = sign(kms, signer(spec), algorithm, **signed)
        verify_outside(public_key_of(spec), algorithm, signature, MESSAGE)
        for verified in (digest, raw, {"Message": MESSAGE}):
            verify(kms, signer(spec), algorithm, signature, **verified)


@pytest.mark.parametrize(("spec", "algorithm"), HASHING)
def test_a_digest_is_not_hashed_again(kms, signer, spec, algorithm):
    digest = digest_of(algorithm, MESSAGE)
    signature = sign(kms, signer(spec), algorithm, Message=digest, MessageType="DIGEST")
    with raises("KMSInvalidSignatureException", ""):
        verify(kms, signer(spec), algorithm, signature, Message=digest, MessageType="RAW")


@pytest.mark.parametrize(("spec", "algorithm"), HASHING)
def test_a_digest_that_was_made_outside_is_signed_for_a_message_of_any_length(
    kms, signer, public_key_of, spec, algorithm
):
    message = b"long" * 100_000
    digest = digest_of(algorithm, message)
    signature = sign(kms, signer(spec), algorithm, Message=digest, MessageType="DIGEST")
    verify_outside(public_key_of(spec), algorithm, signature, message)


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_the_salt_of_pss_is_as_long_as_the_hash(kms, signer, public_key_of, spec):
    for size in ("256", "384", "512"):
        algorithm, hash_ = f"RSASSA_PSS_SHA_{size}", HASHES[size]
        signature = sign(kms, signer(spec), algorithm, Message=MESSAGE)
        for length in (0, 20, hash_.digest_size - 1, hash_.digest_size + 1):
            pss = padding.PSS(padding.MGF1(hash_), salt_length=length)
            with pytest.raises(InvalidSignature):
                public_key_of(spec).verify(signature, MESSAGE, pss, hash_)
        verify_outside(public_key_of(spec), algorithm, signature, MESSAGE)


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_an_rsa_signature_is_as_long_as_the_key(kms, signer, spec):
    for algorithm in RSASSA:
        assert len(sign(kms, signer(spec), algorithm, Message=b"x")) == int(spec[-4:]) // 8


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
@pytest.mark.parametrize("size", [256, 384, 512])
def test_pkcs1_signatures_of_a_message_are_the_same_and_those_of_pss_are_not(
    kms, signer, spec, size
):
    pkcs1, pss = f"RSASSA_PKCS1_V1_5_SHA_{size}", f"RSASSA_PSS_SHA_{size}"
    assert len({sign(kms, signer(spec), pkcs1, Message=b"x") for _ in range(3)}) == 1
    assert len({sign(kms, signer(spec), pss, Message=b"x") for _ in range(3)}) == 3


@pytest.mark.parametrize("spec", CURVES)
def test_an_ecdsa_signature_is_der_of_two_numbers(kms, signer, spec):
    (algorithm,) = SPECS[spec]
    signature = sign(kms, signer(spec), algorithm, Message=MESSAGE)
    r, s = utils.decode_dss_signature(signature)
    assert r > 0 < s
    assert utils.encode_dss_signature(r, s) == signature


@pytest.mark.parametrize("spec", ML_DSA)
def test_an_ml_dsa_signature_has_the_length_of_its_spec(kms, signer, spec):
    signature = sign(kms, signer(spec), "ML_DSA_SHAKE_256", Message=MESSAGE)
    assert len(signature) == ML_DSA_KEYS[spec][2]


@pytest.mark.parametrize("spec", ML_DSA)
def test_an_external_mu_is_as_good_as_the_message(kms, signer, public_key_of, spec):
    key, public_key, algorithm = signer(spec), public_key_of(spec), "ML_DSA_SHAKE_256"
    raw = {"Message": MESSAGE, "MessageType": "RAW"}
    external = {"Message": mu_of(public_key, MESSAGE), "MessageType": "EXTERNAL_MU"}
    for signed in (raw, external):
        signature = sign(kms, key, algorithm, **signed)
        public_key.verify(signature, MESSAGE)
        public_key.verify_mu(signature, external["Message"])
        for verified in (raw, external):
            verify(kms, key, algorithm, signature, **verified)


@pytest.mark.parametrize("spec", ML_DSA)
def test_messages_above_4096_bytes_are_signed_by_their_external_mu(
    kms, signer, public_key_of, spec
):
    message = b"long" * 100_000
    signature = sign(
        kms,
        signer(spec),
        "ML_DSA_SHAKE_256",
        Message=mu_of(public_key_of(spec), message),
        MessageType="EXTERNAL_MU",
    )
    public_key_of(spec).verify(signature, message)


def test_ed25519_signatures_are_of_64_bytes_and_deterministic(kms, signer):
    for algorithm in SPECS[EDWARDS]:
        made = {sign(kms, signer(EDWARDS), algorithm, **suitable(algorithm)) for _ in range(3)}
        assert [len(signature) for signature in made] == [64]


def test_ed25519ph_is_another_scheme_than_ed25519(kms, signer, public_key_of):
    """Its message is the digest, which the scheme hashes again."""
    key, digest = signer(EDWARDS), hashlib.sha512(MESSAGE).digest()
    prehashed = sign(kms, key, "ED25519_PH_SHA_512", Message=digest, MessageType="DIGEST")
    verify(kms, key, "ED25519_PH_SHA_512", prehashed, Message=digest, MessageType="DIGEST")
    pure = sign(kms, key, "ED25519_SHA_512", Message=digest)
    assert pure != prehashed
    with raises("KMSInvalidSignatureException", ""):
        verify(kms, key, "ED25519_SHA_512", prehashed, Message=digest)
    with raises("KMSInvalidSignatureException", ""):
        verify(kms, key, "ED25519_SHA_512", prehashed, Message=MESSAGE)
    with raises("KMSInvalidSignatureException", ""):
        verify(kms, key, "ED25519_PH_SHA_512", pure, Message=digest, MessageType="DIGEST")
    for message in (MESSAGE, digest, hashlib.sha512(digest).digest()):
        with pytest.raises(InvalidSignature):
            public_key_of(EDWARDS).verify(prehashed, message)


# What is refused


@pytest.mark.parametrize(("spec", "algorithm"), PAIRS)
def test_a_bad_signature_is_an_exception_without_a_message(kms, signer, spec, algorithm):
    key, message = signer(spec), suitable(algorithm)
    signature = sign(kms, key, algorithm, **message)
    for bad in (
        altered(signature, 0),
        altered(signature, len(signature) // 2),
        altered(signature, -1),
        signature[:-1],
        signature + b"\0",
        b"x",
        bytes(len(signature)),
        b"\xff" * 6144,
    ):
        with raises("KMSInvalidSignatureException", ""):
            verify(kms, key, algorithm, bad, **message)
    with raises("KMSInvalidSignatureException", ""):
        verify(kms, key, algorithm, signature, **suitable(algorithm, b"another message"))
    verify(kms, key, algorithm, signature, **message)


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "RSA_4096"])
def test_a_signature_of_another_key_is_bad(kms, signer, spec):
    algorithm = SPECS[spec][0]
    other = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signature = sign(kms, other, algorithm, Message=MESSAGE)
    with raises("KMSInvalidSignatureException", ""):
        verify(kms, signer(spec), algorithm, signature, Message=MESSAGE)


@pytest.mark.parametrize("made", RSASSA)
def test_a_signature_of_one_rsa_algorithm_is_bad_in_every_other(kms, signer, made):
    signature = sign(kms, signer("RSA_2048"), made, Message=MESSAGE)
    for algorithm in RSASSA:
        if algorithm != made:
            with raises("KMSInvalidSignatureException", ""):
                verify(kms, signer("RSA_2048"), algorithm, signature, Message=MESSAGE)


@pytest.mark.parametrize("spec", SPECS)
def test_an_algorithm_that_does_not_fit_the_key_is_refused(kms, signer, spec):
    for algorithm in ALL_ALGORITHMS:
        if algorithm in SPECS[spec]:
            continue
        with algorithm_refused(algorithm, spec):
            sign(kms, signer(spec), algorithm, Message=MESSAGE)
        with algorithm_refused(algorithm, spec):
            verify(kms, signer(spec), algorithm, b"x", Message=MESSAGE)


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
    ],
)
@pytest.mark.parametrize("algorithm", ["ECDSA_SHA_256", "RSASSA_PSS_SHA_256"])
def test_a_key_for_something_else_neither_signs_nor_verifies(
    kms, key_of, spec, usage, algorithm
):
    key = key_of(spec, usage)
    with usage_refused(key_arn(key), usage, "Sign"):
        sign(kms, key, algorithm, Message=MESSAGE)
    with usage_refused(key_arn(key), usage, "Verify"):
        verify(kms, key, algorithm, b"x", Message=MESSAGE)


@pytest.mark.parametrize(("spec", "algorithm"), [*HASHING, (EDWARDS, "ED25519_PH_SHA_512")])
def test_a_digest_has_the_length_of_the_hash(kms, signer, spec, algorithm):
    right = hash_of(algorithm).digest_size
    for length in {1, 20, 32, 48, 64, right - 1, right + 1, 4096} - {right}:
        message = {"Message": b"d" * length, "MessageType": "DIGEST"}
        text = f"Digest is invalid length for algorithm {algorithm}."
        with raises("ValidationException", text):
            sign(kms, signer(spec), algorithm, **message)
        with raises("ValidationException", text):
            verify(kms, signer(spec), algorithm, b"x", **message)


@pytest.mark.parametrize("spec", ML_DSA)
@pytest.mark.parametrize("length", [1, 32, 63, 65, 4096])
def test_an_external_mu_has_64_bytes(kms, signer, spec, length):
    message = {"Message": b"m" * length, "MessageType": "EXTERNAL_MU"}
    with raises("ValidationException"):
        sign(kms, signer(spec), "ML_DSA_SHAKE_256", **message)
    with raises("ValidationException"):
        verify(kms, signer(spec), "ML_DSA_SHAKE_256", b"x", **message)


@pytest.mark.parametrize(
    ("spec", "algorithm", "message_type"),
    [
        *((spec, algorithm, "EXTERNAL_MU") for spec, algorithm in HASHING),
        (EDWARDS, "ED25519_SHA_512", "DIGEST"),
        (EDWARDS, "ED25519_SHA_512", "EXTERNAL_MU"),
        (EDWARDS, "ED25519_PH_SHA_512", "RAW"),
        (EDWARDS, "ED25519_PH_SHA_512", "EXTERNAL_MU"),
        *((spec, "ML_DSA_SHAKE_256", "DIGEST") for spec in ML_DSA),
    ],
)
def test_a_message_type_that_the_algorithm_does_not_take_is_refused(
    kms, signer, spec, algorithm, message_type
):
    message = {"Message": b"m" * 64, "MessageType": message_type}
    text = f"MessageType {message_type} is not valid for algorithm {algorithm}."
    with raises("ValidationException", text):
        sign(kms, signer(spec), algorithm, **message)
    with raises("ValidationException", text):
        verify(kms, signer(spec), algorithm, b"x", **message)


def test_ed25519ph_takes_no_message_of_the_usual_type(kms, signer):
    text = "MessageType RAW is not valid for algorithm ED25519_PH_SHA_512."
    with raises("ValidationException", text):
        sign(kms, signer(EDWARDS), "ED25519_PH_SHA_512", Message=b"m" * 64)


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        (b"", "have length greater than or equal to 1"),
        (b"x" * 4097, "have length less than or equal to 4096"),
    ],
)
def test_a_message_to_sign_has_1_to_4096_bytes_and_is_not_repeated_in_the_error(
    unchecked, signer, message, rule
):
    key = signer("ECC_NIST_P256")
    with raises_violations(violated("message", rule)):
        sign(unchecked, key, "ECDSA_SHA_256", Message=message)
    with raises_violations(violated("message", rule)):
        verify(unchecked, key, "ECDSA_SHA_256", b"x", Message=message)


@pytest.mark.parametrize(
    ("signature", "rule"),
    [
        (b"", "have length greater than or equal to 1"),
        (b"x" * 6145, "have length less than or equal to 6144"),
    ],
)
def test_a_signature_has_1_to_6144_bytes(unchecked, signer, signature, rule):
    with raises_violations(violated("signature", rule)):
        verify(unchecked, signer("ECC_NIST_P256"), "ECDSA_SHA_256", signature, Message=b"x")


def test_a_grant_token_that_no_grant_has_is_invalid(kms, signer):
    key, tokens = signer("ECC_NIST_P256"), ["token"]
    with raises("InvalidGrantTokenException"):
        sign(kms, key, "ECDSA_SHA_256", Message=b"x", GrantTokens=tokens)
    with raises("InvalidGrantTokenException"):
        verify(kms, key, "ECDSA_SHA_256", b"x", Message=b"x", GrantTokens=tokens)
    with raises("InvalidGrantTokenException"):
        kms.get_public_key(KeyId=key, GrantTokens=tokens)


# Dry runs


def test_a_dry_run_that_would_succeed_says_so(kms, signer):
    key = signer("ECC_NIST_P256")
    signature = sign(kms, key, "ECDSA_SHA_256", Message=b"x", DryRun=False)
    verify(kms, key, "ECDSA_SHA_256", signature, Message=b"x", DryRun=False)
    with raises("DryRunOperationException", WOULD_SUCCEED):
        sign(kms, key, "ECDSA_SHA_256", Message=b"x", DryRun=True)
    with raises("DryRunOperationException", WOULD_SUCCEED):
        verify(kms, key, "ECDSA_SHA_256", signature, Message=b"x", DryRun=True)


def test_a_dry_run_that_would_fail_fails_in_the_same_way(kms, signer):
    key, tried = signer("ECC_NIST_P256"), {"DryRun": True}
    with algorithm_refused("ECDSA_SHA_384", "ECC_NIST_P256"):
        sign(kms, key, "ECDSA_SHA_384", Message=b"x", **tried)
    with raises("KMSInvalidSignatureException", ""):
        verify(kms, key, "ECDSA_SHA_256", b"x", Message=b"x", **tried)
    text = "Digest is invalid length for algorithm ECDSA_SHA_256."
    with raises("ValidationException", text):
        verify(kms, key, "ECDSA_SHA_256", b"x", Message=b"x", MessageType="DIGEST", **tried)
    with raises("ValidationException", text):
        sign(kms, key, "ECDSA_SHA_256", Message=b"x", MessageType="DIGEST", **tried)


def test_a_dry_run_with_a_message_type_that_would_be_refused_is_refused(kms, signer):
    message = {"Message": b"m" * 64, "MessageType": "EXTERNAL_MU", "DryRun": True}
    with raises("ValidationException"):
        sign(kms, signer("ECC_NIST_P256"), "ECDSA_SHA_256", **message)
    with raises("ValidationException"):
        verify(kms, signer("ECC_NIST_P256"), "ECDSA_SHA_256", b"x", **message)


# What becomes of keys


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "RSA_4096"])
def test_a_disabled_signing_key_does_nothing_but_show_its_public_key(kms, spec):
    key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    algorithm, message = SPECS[spec][0], f"{key_arn(key)} is disabled."
    signature = sign(kms, key, algorithm, Message=MESSAGE)
    public_key = kms.get_public_key(KeyId=key)["PublicKey"]
    kms.disable_key(KeyId=key)
    with raises("DisabledException", message):
        sign(kms, key, algorithm, Message=MESSAGE)
    with raises("DisabledException", message):
        verify(kms, key, algorithm, signature, Message=MESSAGE)
    assert kms.get_public_key(KeyId=key)["PublicKey"] == public_key
    kms.enable_key(KeyId=key)
    verify(kms, key, algorithm, signature, Message=MESSAGE)
    kms.schedule_key_deletion(KeyId=key)
    for operation in (
        lambda: sign(kms, key, algorithm, Message=MESSAGE),
        lambda: verify(kms, key, algorithm, signature, Message=MESSAGE),
        lambda: kms.get_public_key(KeyId=key),
    ):
        with raises("KMSInvalidStateException", f"{key_arn(key)} is pending deletion."):
            operation()


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "RSA_4096"])
def test_a_multi_region_key_signs_and_verifies_in_every_region(server, kms, spec):
    elsewhere = server.client(region=OTHER_REGION)
    key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY", MultiRegion=True)
    key = key["KeyMetadata"]["KeyId"]
    replica = kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)["ReplicaKeyMetadata"]
    assert replica["SigningAlgorithms"] == SPECS[spec]
    assert "CurrentKeyMaterialId" not in replica
    public_key = kms.get_public_key(KeyId=key)["PublicKey"]
    assert elsewhere.get_public_key(KeyId=key)["PublicKey"] == public_key
    for algorithm in SPECS[spec]:
        message = suitable(algorithm)
        for signing, verifying in ((kms, elsewhere), (elsewhere, kms)):
            signature = sign(signing, key, algorithm, **message)
            verify(verifying, key, algorithm, signature, **message)


def test_signing_and_verifying_are_noted_as_the_last_use_and_nothing_else_is(kms):
    subject = kms.create_key(**SIGNING)["KeyMetadata"]["KeyId"]
    kms.get_public_key(KeyId=subject)
    with raises("DryRunOperationException"):
        sign(kms, subject, "ECDSA_SHA_256", Message=b"x", DryRun=True)
    assert last_use(kms, subject) is None
    signature = sign(kms, subject, "ECDSA_SHA_256", Message=b"x")
    assert last_use(kms, subject) == "Sign"
    with raises("KMSInvalidSignatureException"):
        verify(kms, subject, "ECDSA_SHA_256", signature, Message=b"y")
    assert last_use(kms, subject) == "Sign"
    verify(kms, subject, "ECDSA_SHA_256", signature, Message=b"x")
    assert last_use(kms, subject) == "Verify"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_signing_keys_survive_a_restart(start, data_dir, end):
    server = start(data_dir=data_dir)
    kms = server.client()
    made = []
    for spec in SPECS:
        if spec == "RSA_4096":
            continue
        key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        signature = sign(kms, key, SPECS[spec][0], Message=MESSAGE)
        made.append((key, SPECS[spec][0], signature, kms.get_public_key(KeyId=key)["PublicKey"]))
    getattr(server, end)()
    server.start()
    kms = server.client()
    for key, algorithm, signature, public_key in made:
        assert kms.get_public_key(KeyId=key)["PublicKey"] == public_key
        verify(kms, key, algorithm, signature, Message=MESSAGE)
        again = sign(kms, key, algorithm, Message=MESSAGE)
        verify_outside(load_der_public_key(public_key), algorithm, again, MESSAGE)


def test_creating_large_rsa_keys_does_not_hold_up_encryption(start):
    """More keys are created at once than there are processors. If that kept the threads that
    answer requests, there would be one to encrypt only when a key has just been created."""
    processors = os.cpu_count()
    creations, server = processors + 3, start()
    kms, key = server.client(), server.client().create_key()["KeyMetadata"]["KeyId"]
    creator = server.client(max_pool_connections=creations)
    large = {"KeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY"}
    encrypted = 0
    with ThreadPoolExecutor(creations) as pool:
        created = [pool.submit(creator.create_key, **large) for _ in range(creations)]
        while sum(not creation.done() for creation in created) > processors:
            kms.encrypt(KeyId=key, Plaintext=b"x")
            encrypted += 1
    specs = {creation.result()["KeyMetadata"]["KeySpec"] for creation in created}
    assert specs == {"RSA_4096"}
    assert encrypted > creations
