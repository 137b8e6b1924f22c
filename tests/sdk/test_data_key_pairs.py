"""GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext. `cryptography` uses the pairs."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from sdk_support import (
    OTHER_REGION,
    WOULD_SUCCEED,
    algorithm_refused,
    key_arn,
    last_use,
    members,
    raises,
    raises_violations,
    usage_refused,
    violated,
)

CURVES = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
RSA = ["RSA_2048", "RSA_3072", "RSA_4096"]
ED25519 = "ECC_NIST_EDWARDS25519"
# The specs that `cryptography` knows.
KEMS = {"ML_KEM_768": mlkem.MLKEM768PrivateKey, "ML_KEM_1024": mlkem.MLKEM1024PrivateKey}
OUTSIDE = [*RSA, *CURVES, ED25519, *KEMS]
SPECS = [*OUTSIDE, "ML_KEM_512"]
SMALL = "ECC_NIST_P256"


@pytest.fixture(params=["generate_data_key_pair", "generate_data_key_pair_without_plaintext"])
def generate(request, kms):
    """Both operations that make data key pairs."""
    return getattr(kms, request.param)


def current_material(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


def spki(public_key):
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("spec", SPECS)
def test_a_data_key_pair_comes_in_the_clear_and_encrypted(kms, key, spec):
    response = members(kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec))
    blob = response.pop("PrivateKeyCiphertextBlob")
    private_key, public_key = response.pop("PrivateKeyPlaintext"), response.pop("PublicKey")
    assert response == {
        "KeyId": key_arn(key),
        "KeyPairSpec": spec,
        "KeyMaterialId": current_material(kms, key),
    }
    assert len(blob) <= 6144
    decrypted = kms.decrypt(CiphertextBlob=blob)
    assert decrypted["Plaintext"] == private_key
    assert decrypted["KeyMaterialId"] == response["KeyMaterialId"]
    assert private_key not in blob
    assert public_key != private_key


@pytest.mark.parametrize("spec", SPECS)
def test_a_data_key_pair_without_plaintext_comes_with_its_public_key(kms, key, spec):
    response = members(
        kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec=spec)
    )
    blob, public_key = response.pop("PrivateKeyCiphertextBlob"), response.pop("PublicKey")
    assert response == {
        "KeyId": key_arn(key),
        "KeyPairSpec": spec,
        "KeyMaterialId": current_material(kms, key),
    }
    private_key = kms.decrypt(CiphertextBlob=blob)["Plaintext"]
    if spec in OUTSIDE:
        assert spki(load_der_private_key(private_key, None).public_key()) == public_key


@pytest.mark.parametrize("spec", OUTSIDE)
def test_the_private_key_is_pkcs8_and_the_public_key_spki_of_the_same_pair(kms, key, spec):
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec)
    private_key = load_der_private_key(pair["PrivateKeyPlaintext"], None)
    public_key = load_der_public_key(pair["PublicKey"])
    assert spki(public_key) == pair["PublicKey"]
    assert spki(private_key.public_key()) == pair["PublicKey"]
    if spec in RSA:
        assert isinstance(private_key, rsa.RSAPrivateKey)
        assert private_key.key_size == int(spec[-4:])
        assert public_key.public_numbers().e == 65537
    elif spec in CURVES:
        assert isinstance(private_key.curve, CURVES[spec])
    else:
        types = {ED25519: ed25519.Ed25519PrivateKey, **KEMS}
        assert isinstance(private_key, types[spec])


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", *CURVES, ED25519])
def test_a_pair_signs_outside(kms, key, spec):
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec)
    how = {
        "R": (padding.PKCS1v15(), hashes.SHA256()),
        "E": () if spec == ED25519 else (ec.ECDSA(hashes.SHA256()),),
    }[spec[0]]
    signature = load_der_private_key(pair["PrivateKeyPlaintext"], None).sign(b"x", *how)
    load_der_public_key(pair["PublicKey"]).verify(signature, b"x", *how)


@pytest.mark.parametrize("spec", KEMS)
def test_an_ml_kem_pair_encapsulates_and_decapsulates_outside(kms, key, spec):
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec)
    secret, blob = load_der_public_key(pair["PublicKey"]).encapsulate()
    assert load_der_private_key(pair["PrivateKeyPlaintext"], None).decapsulate(blob) == secret


def test_an_ml_kem_512_pair_is_encoded_as_those_of_the_other_specs_are(kms, key):
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ML_KEM_512")
    private_key, public_key = pair["PrivateKeyPlaintext"], pair["PublicKey"]
    algorithm = bytes.fromhex("300b0609608648016503040401")
    # The private key is the seed of 64 bytes.
    assert private_key[:-64] == bytes.fromhex("3054020100") + algorithm + b"\x04\x42\x80\x40"
    header = bytes.fromhex("30820332") + algorithm + bytes.fromhex("0382032100")
    assert public_key[:-800] == header


def test_an_ed25519_private_key_is_encoded_as_rfc_8410_says(kms, key):
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=ED25519)
    private_key = load_der_private_key(pair["PrivateKeyPlaintext"], None)
    encodings = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert pair["PrivateKeyPlaintext"] == private_key.private_bytes(*encodings)
    assert pair["PublicKey"][:12] == bytes.fromhex("302a300506032b6570032100")


def test_every_data_key_pair_is_another_one(key, generate):
    pairs = [generate(KeyId=key, KeyPairSpec=SMALL) for _ in range(10)]
    assert len({pair["PublicKey"] for pair in pairs}) == 10
    assert len({pair["PrivateKeyCiphertextBlob"] for pair in pairs}) == 10


def test_a_private_key_is_bound_to_its_encryption_context(kms, key, generate):
    context = {"a": "1"}
    pair = generate(KeyId=key, KeyPairSpec=SMALL, EncryptionContext=context)
    blob = pair["PrivateKeyCiphertextBlob"]
    private_key = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"]
    assert spki(load_der_private_key(private_key, None).public_key()) == pair["PublicKey"]
    for other in ({}, {"a": "2"}):
        with raises("InvalidCiphertextException", ""):
            kms.decrypt(CiphertextBlob=blob, EncryptionContext=other)


def test_a_private_key_is_reencrypted_as_any_ciphertext(kms, key, other_key):
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=SMALL)
    blob = pair["PrivateKeyCiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other_key)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=moved)["Plaintext"] == pair["PrivateKeyPlaintext"]


def test_a_private_key_is_decrypted_after_a_rotation(kms, key):
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=SMALL)
    kms.rotate_key_on_demand(KeyId=key)
    again = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=SMALL)
    assert again["KeyMaterialId"] == current_material(kms, key) != pair["KeyMaterialId"]
    for made in (pair, again):
        decrypted = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])
        assert decrypted["Plaintext"] == made["PrivateKeyPlaintext"]
        assert decrypted["KeyMaterialId"] == made["KeyMaterialId"]


def test_a_private_key_of_a_multi_region_key_is_decrypted_in_another_region(server, kms, generate):
    elsewhere = server.client(region=OTHER_REGION)
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)
    pair = generate(KeyId=key, KeyPairSpec=SMALL)
    private_key = elsewhere.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"]
    assert spki(load_der_private_key(private_key, None).public_key()) == pair["PublicKey"]


@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias_arn"])
def test_the_key_is_named_in_any_form_and_answered_by_its_arn(subject, generate, form):
    pair = generate(KeyId=getattr(subject, form), KeyPairSpec=SMALL)
    assert pair["KeyId"] == subject.arn


# What is refused


@pytest.mark.parametrize("dry_run", [False, True])
def test_pairs_of_china_regions_are_not_supported(key, generate, dry_run):
    with raises("UnsupportedOperationException"):
        generate(KeyId=key, KeyPairSpec="SM2", DryRun=dry_run)


@pytest.mark.parametrize("spec", ["ML_DSA_44", "SYMMETRIC_DEFAULT", "HMAC_256", "AES_256"])
def test_what_is_no_spec_of_a_data_key_pair_is_answered_with_those_there_are(
    key, generate, spec
):
    with raises("ValidationException") as caught:
        generate(KeyId=key, KeyPairSpec=spec)
    message = caught.value.response["Error"]["Message"]
    head = f"1 validation error detected: Value '{spec}' at 'keyPairSpec' failed to satisfy "
    start, _, listed = message.partition("constraint: Member must satisfy enum value set: ")
    assert start == head
    assert {*SPECS, "SM2"} <= set(listed.strip("[]").split(", "))


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("RSA_2048", "SIGN_VERIFY"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
    ],
)
def test_a_key_for_something_else_protects_no_pairs(kms, key_of, generate, spec, usage):
    key = key_of(spec, usage)
    name = {
        kms.generate_data_key_pair: "GenerateDataKeyPair",
        kms.generate_data_key_pair_without_plaintext: "GenerateDataKeyPairWithoutPlaintext",
    }[generate]
    with usage_refused(key_arn(key), usage, name):
        generate(KeyId=key, KeyPairSpec=SMALL)


def test_an_rsa_key_protects_no_pairs(key_of, generate):
    with algorithm_refused("SYMMETRIC_DEFAULT", "RSA_2048"):
        generate(KeyId=key_of("RSA_2048", "ENCRYPT_DECRYPT"), KeyPairSpec=SMALL)


def test_a_key_pair_spec_is_required(unchecked, key):
    for operation in (
        unchecked.generate_data_key_pair,
        unchecked.generate_data_key_pair_without_plaintext,
    ):
        with raises(
            "ValidationException",
            "1 validation error detected: Value null at 'keyPairSpec' failed to satisfy "
            "constraint: Member must not be null",
        ):
            operation(KeyId=key)
        with raises_violations(violated("keyId", "have length greater than or equal to 1", "")):
            operation(KeyId="", KeyPairSpec=SMALL)


def test_a_grant_token_that_no_grant_has_is_invalid(key, generate):
    with raises("InvalidGrantTokenException"):
        generate(KeyId=key, KeyPairSpec=SMALL, GrantTokens=["token"])


def test_a_dry_run_makes_no_data_key_pair(kms, key, generate):
    with raises("DryRunOperationException", WOULD_SUCCEED):
        generate(KeyId=key, KeyPairSpec=SMALL, DryRun=True)
    assert last_use(kms, key) is None
    assert generate(KeyId=key, KeyPairSpec=SMALL, DryRun=False)["PublicKey"]


def test_a_dry_run_that_would_fail_fails_in_the_same_way(kms, key, generate):
    kms.disable_key(KeyId=key)
    with raises("DisabledException", f"{key_arn(key)} is disabled."):
        generate(KeyId=key, KeyPairSpec=SMALL, DryRun=True)


def test_making_pairs_is_noted_as_the_last_use(kms, key):
    kms.generate_data_key_pair(KeyId=key, KeyPairSpec=SMALL)
    assert last_use(kms, key) == "GenerateDataKeyPair"
    kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec=SMALL)
    assert last_use(kms, key) == "GenerateDataKeyPairWithoutPlaintext"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_private_keys_are_decrypted_after_a_restart(start, data_dir, end):
    server = start(data_dir=data_dir)
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    pairs = [kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec) for spec in (SMALL, ED25519)]
    getattr(server, end)()
    kms = server.start().client()
    for pair in pairs:
        decrypted = kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])
        assert decrypted["Plaintext"] == pair["PrivateKeyPlaintext"]
