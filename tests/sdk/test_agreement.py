"""DeriveSharedSecret, Encapsulate, Decapsulate. `cryptography` holds the other end."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from sdk_support import (
    AGREEING,
    ENCAPSULATING,
    OTHER_REGION,
    PEER,
    WOULD_SUCCEED,
    altered,
    check_new_key,
    check_no_rotation,
    check_public_key,
    import_key,
    key_arn,
    last_use,
    members,
    pkcs8,
    private_key,
    raises,
    raises_violations,
    usage_refused,
    violated,
)

# Curve and width of the shared secret.
CURVES = {
    "ECC_NIST_P256": (ec.SECP256R1, 32),
    "ECC_NIST_P384": (ec.SECP384R1, 48),
    "ECC_NIST_P521": (ec.SECP521R1, 66),
}
AGREEMENT = "KEY_AGREEMENT"
# Lengths of public key and ciphertext.
KEMS = {"ML_KEM_512": (800, 768), "ML_KEM_768": (1184, 1088), "ML_KEM_1024": (1568, 1568)}
# The specs that `cryptography` knows.
OUTSIDE_KEMS = {
    "ML_KEM_768": mlkem.MLKEM768PublicKey,
    "ML_KEM_1024": mlkem.MLKEM1024PublicKey,
}
ENCAPSULATION = "ENCAPSULATE_DECAPSULATE"


def encoded(public_key):
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def outside(spec, number=7):
    """A private key of our own on the curve of a spec."""
    return ec.derive_private_key(number, CURVES[spec][0]())


def derive(kms, key, public_key, **more):
    return kms.derive_shared_secret(
        KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=public_key, **more
    )


def encapsulate(kms, key, **more):
    return kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM", **more)


def decapsulate(kms, key, blob, **more):
    return kms.decapsulate(
        KeyId=key,
        SharedSecretCiphertextBlob=blob,
        EncapsulationAlgorithm="ML_KEM",
        **more,
    )


# Keys


@pytest.mark.parametrize("spec", CURVES)
def test_a_new_key_for_key_agreement_has_its_algorithm_and_no_key_material_id(kms, spec):
    check_new_key(kms, spec, AGREEMENT, {"KeyAgreementAlgorithms": ["ECDH"]})


@pytest.mark.parametrize("spec", KEMS)
def test_a_new_ml_kem_key_has_its_algorithm_and_no_key_material_id(kms, spec):
    check_new_key(kms, spec, ENCAPSULATION, {"EncapsulationAlgorithms": ["ML_KEM"]})


@pytest.mark.parametrize("spec", CURVES)
def test_the_public_key_for_key_agreement_is_on_the_named_curve(kms, key_of, spec):
    algorithms = {"KeyAgreementAlgorithms": ["ECDH"]}
    found = check_public_key(kms, spec, key_of(spec, AGREEMENT), algorithms)
    public_key = load_der_public_key(found)
    assert isinstance(public_key.curve, CURVES[spec][0])
    assert encoded(public_key) == found


@pytest.mark.parametrize("spec", KEMS)
def test_the_public_key_of_ml_kem_has_the_length_of_its_spec(kms, key_of, spec):
    algorithms = {"EncapsulationAlgorithms": ["ML_KEM"]}
    found = check_public_key(kms, spec, key_of(spec, ENCAPSULATION), algorithms)
    length = KEMS[spec][0]
    # SEQUENCE, AlgorithmIdentifier with the object identifier 2.16.840.1.101.3.4.4.n, BIT STRING.
    number = list(KEMS).index(spec) + 1
    algorithm = bytes.fromhex("300b06096086480165030404") + bytes([number])
    key = b"\x03\x82" + (length + 1).to_bytes(2, "big") + b"\0"
    start = algorithm + key
    header = b"\x30\x82" + (len(start) + length).to_bytes(2, "big")
    assert found[: len(header + start)] == header + start
    assert len(found) == len(header + start) + length
    if spec in OUTSIDE_KEMS:
        public_key = load_der_public_key(found)
        assert isinstance(public_key, OUTSIDE_KEMS[spec])
        assert encoded(public_key) == found


@pytest.mark.parametrize("spec", CURVES)
def test_keys_for_key_agreement_do_not_rotate(kms, key_of, spec):
    check_no_rotation(kms, key_of(spec, AGREEMENT))


@pytest.mark.parametrize("spec", KEMS)
def test_ml_kem_keys_do_not_rotate(kms, key_of, spec):
    check_no_rotation(kms, key_of(spec, ENCAPSULATION))


# DeriveSharedSecret


@pytest.mark.parametrize("spec", CURVES)
def test_a_shared_secret_comes_with_the_arn_of_the_key_its_origin_and_the_algorithm(
    kms, key_of, spec
):
    key = key_of(spec, AGREEMENT)
    response = members(derive(kms, key, encoded(outside(spec).public_key())))
    assert len(response.pop("SharedSecret")) == CURVES[spec][1]
    assert response == {
        "KeyId": key_arn(key),
        "KeyAgreementAlgorithm": "ECDH",
        "KeyOrigin": "AWS_KMS",
    }


@pytest.mark.parametrize("spec", CURVES)
def test_a_shared_secret_is_what_the_other_side_derives_outside(kms, key_of, spec):
    """Often enough for secrets that begin with zeros, which are kept."""
    key = key_of(spec, AGREEMENT)
    public_key = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    for number in range(1, 41):
        own = outside(spec, number)
        secret = derive(kms, key, encoded(own.public_key()))["SharedSecret"]
        assert secret == own.exchange(ec.ECDH(), public_key)


@pytest.mark.parametrize("spec", CURVES)
def test_a_key_that_was_imported_derives_what_it_does_outside(kms, spec):
    own = private_key(spec)
    key = import_key(kms, spec, AGREEMENT, pkcs8(own))
    peer = outside(spec).public_key()
    response = derive(kms, key, encoded(peer))
    assert response["SharedSecret"] == own.exchange(ec.ECDH(), peer)
    assert response["KeyOrigin"] == "EXTERNAL"


@pytest.mark.parametrize("spec", CURVES)
def test_two_keys_derive_the_same_secret_from_each_other(kms, key_of, spec):
    one = key_of(spec, AGREEMENT)
    other = kms.create_key(KeySpec=spec, KeyUsage=AGREEMENT)["KeyMetadata"]["KeyId"]
    secrets = [
        derive(kms, own, kms.get_public_key(KeyId=peer)["PublicKey"])["SharedSecret"]
        for own, peer in ((one, other), (other, one))
    ]
    assert secrets[0] == secrets[1]


def not_public_keys(spec):
    """What is no public key on the curve of a spec."""
    good = encoded(outside(spec).public_key())
    point = outside(spec).public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    others = [other for other in CURVES if other != spec]
    return {
        **{f"on {other}": encoded(outside(other).public_key()) for other in others},
        "on secp256k1": encoded(ec.derive_private_key(7, ec.SECP256K1()).public_key()),
        "Ed25519": encoded(ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32).public_key()),
        "point not on the curve": altered(good, -1),
        "point alone": point,
        "cut": good[:-1],
        "with more behind it": good + b"\0",
        "PEM": outside(spec)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "coordinates of zero": good[: -len(point)] + b"\x04" + bytes(len(point) - 1),
        "nothing": b"\0",
        "garbage": b"garbage",
        "very long": b"\xff" * 8192,
    }


@pytest.mark.parametrize("spec", CURVES)
def test_what_is_no_public_key_on_the_curve_is_refused_without_a_message(kms, key_of, spec):
    for name, public_key in not_public_keys(spec).items():
        with raises("ValidationException", "") as caught:
            derive(kms, key_of(spec, AGREEMENT), public_key)
        assert caught.value.operation_name == "DeriveSharedSecret", name


def test_the_public_key_of_an_rsa_key_is_refused_without_a_message(kms, key_of):
    rsa = kms.get_public_key(KeyId=key_of("RSA_2048", "SIGN_VERIFY"))["PublicKey"]
    with raises("ValidationException", ""):
        derive(kms, key_of("ECC_NIST_P256", AGREEMENT), rsa)


@pytest.mark.parametrize(
    ("public_key", "rule"),
    [
        (b"", "have length greater than or equal to 1"),
        (b"x" * 8193, "have length less than or equal to 8192"),
    ],
)
def test_a_public_key_has_1_to_8192_bytes(unchecked, key_of, public_key, rule):
    with raises_violations(violated("publicKey", rule)):
        derive(unchecked, key_of("ECC_NIST_P256", AGREEMENT), public_key)


# Encapsulate and Decapsulate


@pytest.mark.parametrize("spec", KEMS)
def test_an_encapsulated_secret_comes_back_from_decapsulation(kms, key_of, spec):
    key = key_of(spec, ENCAPSULATION)
    made = members(encapsulate(kms, key))
    secret, blob = made.pop("SharedSecret"), made.pop("SharedSecretCiphertextBlob")
    assert (len(secret), len(blob)) == (32, KEMS[spec][1])
    assert made == {"KeyId": key_arn(key), "EncapsulationAlgorithm": "ML_KEM"}
    assert members(decapsulate(kms, key, blob)) == {**made, "SharedSecret": secret}


@pytest.mark.parametrize("spec", KEMS)
def test_every_encapsulation_makes_another_secret(kms, key_of, spec):
    made = [encapsulate(kms, key_of(spec, ENCAPSULATION)) for _ in range(5)]
    assert len({response["SharedSecret"] for response in made}) == 5
    assert len({response["SharedSecretCiphertextBlob"] for response in made}) == 5


@pytest.mark.parametrize("spec", OUTSIDE_KEMS)
def test_a_secret_that_was_encapsulated_outside_is_decapsulated(kms, key_of, spec):
    key = key_of(spec, ENCAPSULATION)
    public_key = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    secret, blob = public_key.encapsulate()
    assert decapsulate(kms, key, blob)["SharedSecret"] == secret


@pytest.mark.parametrize("spec", KEMS)
def test_an_altered_blob_yields_another_secret_and_always_the_same(kms, key_of, spec):
    key = key_of(spec, ENCAPSULATION)
    made = encapsulate(kms, key)
    length = KEMS[spec][1]
    blob = made["SharedSecretCiphertextBlob"]
    for bad in (altered(blob, 0), altered(blob, -1), bytes(length), b"\xff" * length):
        secrets = {decapsulate(kms, key, bad)["SharedSecret"] for _ in range(2)}
        assert [len(secret) for secret in secrets] == [32]
        assert made["SharedSecret"] not in secrets


@pytest.mark.parametrize("spec", KEMS)
def test_a_blob_for_another_key_yields_another_secret(kms, key_of, spec):
    key = key_of(spec, ENCAPSULATION)
    other = kms.create_key(KeySpec=spec, KeyUsage=ENCAPSULATION)["KeyMetadata"]["KeyId"]
    made = encapsulate(kms, key)
    found = decapsulate(kms, other, made["SharedSecretCiphertextBlob"])["SharedSecret"]
    assert len(found) == 32
    assert found != made["SharedSecret"]


@pytest.mark.parametrize("spec", KEMS)
def test_a_blob_of_a_length_that_does_not_fit_the_spec_is_invalid_without_a_message(
    kms, key_of, spec
):
    right = KEMS[spec][1]
    for length in {1, 32, 768, 1088, 1568, right - 1, right + 1, 6144} - {right}:
        with raises("InvalidCiphertextException", ""):
            decapsulate(kms, key_of(spec, ENCAPSULATION), b"x" * length)


@pytest.mark.parametrize(
    ("blob", "rule"),
    [
        (b"", "have length greater than or equal to 1"),
        (b"x" * 6145, "have length less than or equal to 6144"),
    ],
)
def test_an_encapsulated_secret_has_1_to_6144_bytes(unchecked, key_of, blob, rule):
    with raises_violations(violated("sharedSecretCiphertextBlob", rule)):
        decapsulate(unchecked, key_of("ML_KEM_512", ENCAPSULATION), blob)


# What they share


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("ML_DSA_44", "SIGN_VERIFY"),
    ],
)
def test_a_key_for_something_else_agrees_on_nothing(kms, key_of, spec, usage):
    key = key_of(spec, usage)
    with usage_refused(key_arn(key), usage, "DeriveSharedSecret"):
        derive(kms, key, PEER)
    with usage_refused(key_arn(key), usage, "Encapsulate"):
        encapsulate(kms, key)
    with usage_refused(key_arn(key), usage, "Decapsulate"):
        decapsulate(kms, key, bytes(768))


def test_key_agreement_and_encapsulation_are_not_mistaken_for_each_other(kms, key_of):
    agreeing = key_of("ECC_NIST_P256", AGREEMENT)
    encapsulating = key_of("ML_KEM_512", ENCAPSULATION)
    with usage_refused(key_arn(encapsulating), ENCAPSULATION, "DeriveSharedSecret"):
        derive(kms, encapsulating, PEER)
    with usage_refused(key_arn(agreeing), AGREEMENT, "Encapsulate"):
        encapsulate(kms, agreeing)
    with usage_refused(key_arn(agreeing), AGREEMENT, "Decapsulate"):
        decapsulate(kms, agreeing, bytes(768))


def test_a_grant_token_that_no_grant_has_is_invalid(kms, key_of):
    with raises("InvalidGrantTokenException"):
        derive(kms, key_of("ECC_NIST_P256", AGREEMENT), PEER, GrantTokens=["token"])
    key = key_of("ML_KEM_512", ENCAPSULATION)
    with raises("InvalidGrantTokenException"):
        encapsulate(kms, key, GrantTokens=["token"])
    with raises("InvalidGrantTokenException"):
        decapsulate(kms, key, bytes(768), GrantTokens=["token"])


def test_a_dry_run_that_would_succeed_says_so(kms, key_of):
    key = key_of("ML_KEM_512", ENCAPSULATION)
    blob = encapsulate(kms, key, DryRun=False)["SharedSecretCiphertextBlob"]
    decapsulate(kms, key, blob, DryRun=False)
    for try_it in (
        lambda: derive(kms, key_of("ECC_NIST_P256", AGREEMENT), PEER, DryRun=True),
        lambda: encapsulate(kms, key, DryRun=True),
        lambda: decapsulate(kms, key, blob, DryRun=True),
    ):
        with raises("DryRunOperationException", WOULD_SUCCEED):
            try_it()


def test_a_dry_run_that_would_fail_fails_in_the_same_way(kms, key_of):
    with raises("ValidationException", ""):
        derive(kms, key_of("ECC_NIST_P384", AGREEMENT), PEER, DryRun=True)
    with raises("InvalidCiphertextException", ""):
        decapsulate(kms, key_of("ML_KEM_512", ENCAPSULATION), b"x", DryRun=True)
    key = key_of("ECC_NIST_P256", "SIGN_VERIFY")
    with usage_refused(key_arn(key), "SIGN_VERIFY", "Encapsulate"):
        encapsulate(kms, key, DryRun=True)


@pytest.mark.parametrize("spec", CURVES)
def test_multi_region_keys_derive_the_same_secret_in_every_region(server, kms, spec):
    elsewhere = server.client(region=OTHER_REGION)
    key = kms.create_key(KeySpec=spec, KeyUsage=AGREEMENT, MultiRegion=True)
    key = key["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)
    assert (
        kms.get_public_key(KeyId=key)["PublicKey"]
        == elsewhere.get_public_key(KeyId=key)["PublicKey"]
    )
    peer = encoded(outside(spec).public_key())
    here, there = derive(kms, key, peer), derive(elsewhere, key, peer)
    assert here["SharedSecret"] == there["SharedSecret"]
    assert there["KeyId"] == key_arn(key, region=OTHER_REGION)


@pytest.mark.parametrize("spec", KEMS)
def test_multi_region_ml_kem_keys_decapsulate_in_every_region(server, kms, spec):
    elsewhere = server.client(region=OTHER_REGION)
    key = kms.create_key(KeySpec=spec, KeyUsage=ENCAPSULATION, MultiRegion=True)
    key = key["KeyMetadata"]["KeyId"]
    replica = kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)["ReplicaKeyMetadata"]
    assert replica["EncapsulationAlgorithms"] == ["ML_KEM"]
    assert "CurrentKeyMaterialId" not in replica
    for making, opening in ((kms, elsewhere), (elsewhere, kms)):
        made = encapsulate(making, key)
        opened = decapsulate(opening, key, made["SharedSecretCiphertextBlob"])
        assert opened["SharedSecret"] == made["SharedSecret"]


def test_each_of_them_is_noted_as_the_last_use(kms):
    agreeing = kms.create_key(**AGREEING)["KeyMetadata"]["KeyId"]
    with raises("DryRunOperationException"):
        derive(kms, agreeing, PEER, DryRun=True)
    with raises("ValidationException"):
        derive(kms, agreeing, b"garbage")
    assert last_use(kms, agreeing) is None
    derive(kms, agreeing, PEER)
    assert last_use(kms, agreeing) == "DeriveSharedSecret"

    key = kms.create_key(**ENCAPSULATING)["KeyMetadata"]["KeyId"]
    with raises("DryRunOperationException"):
        encapsulate(kms, key, DryRun=True)
    assert last_use(kms, key) is None
    blob = encapsulate(kms, key)["SharedSecretCiphertextBlob"]
    assert last_use(kms, key) == "Encapsulate"
    decapsulate(kms, key, blob)
    assert last_use(kms, key) == "Decapsulate"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_keys_that_agree_and_encapsulate_survive_a_restart(start, data_dir, end):
    server = start(data_dir=data_dir)
    kms = server.client()
    agreed, encapsulated = [], []
    for spec in CURVES:
        key = kms.create_key(KeySpec=spec, KeyUsage=AGREEMENT)["KeyMetadata"]["KeyId"]
        peer = encoded(outside(spec).public_key())
        agreed.append((key, peer, derive(kms, key, peer)["SharedSecret"]))
    for spec in KEMS:
        key = kms.create_key(KeySpec=spec, KeyUsage=ENCAPSULATION)["KeyMetadata"]["KeyId"]
        encapsulated.append((key, encapsulate(kms, key)))
    getattr(server, end)()
    kms = server.start().client()
    for key, peer, secret in agreed:
        assert derive(kms, key, peer)["SharedSecret"] == secret
    for key, made in encapsulated:
        opened = decapsulate(kms, key, made["SharedSecretCiphertextBlob"])
        assert opened["SharedSecret"] == made["SharedSecret"]
