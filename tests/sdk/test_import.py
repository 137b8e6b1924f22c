"""Imported key material: GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial, keys
with Origin EXTERNAL, their rotation and their multi-Region kind. Material is made and wrapped
outside, by `cryptography` and by the openssl command line. The table of key states is in
test_key_states.py, but for the state PendingImport, which is here."""

import hashlib
import hmac
import itertools
import subprocess
from datetime import timedelta

import pytest
from botocore import xform_name
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from sdk_support import (
    DAY,
    MATERIAL_ID,
    OTHER_REGION,
    REGION,
    THIRD_REGION,
    close_to,
    flat,
    key_arn,
    members,
    moment,
    new_alias_name,
    pages,
    raises,
    raises_violations,
    utc_now,
    violated,
)

MINUTE = timedelta(minutes=1)
OAEP_1, OAEP_256 = "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"
WRAP_1, WRAP_256 = "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"
ALGORITHMS = (OAEP_1, OAEP_256, WRAP_1, WRAP_256)
WRAPPING_KEYS = ("RSA_2048", "RSA_3072", "RSA_4096")
HASHES = {"1": hashes.SHA1, "256": hashes.SHA256}
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
ENTRY_OF_MATERIAL = {"KeyId", "KeyMaterialId", "KeyMaterialState", "ImportState"}


# Outside: material, and how it is wrapped


def secret(name, length=32):
    """Secret bytes, the same for the same name."""
    return hashlib.shake_256(str(name).encode()).digest(length)


def pkcs8(pair):
    return pair.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def spki(pair):
    return pair.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


_rsa_pairs = {}


def rsa_pair(spec):
    """The key pair of an RSA key spec that all tests use."""
    if spec not in _rsa_pairs:
        bits = int(spec.removeprefix("RSA_"))
        _rsa_pairs[spec] = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return _rsa_pairs[spec]


CURVES = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
ECC = (*CURVES, "ECC_NIST_EDWARDS25519")
SIGNING_ALGORITHMS = {
    "ECC_NIST_P256": ("ECDSA_SHA_256", hashes.SHA256()),
    "ECC_NIST_P384": ("ECDSA_SHA_384", hashes.SHA384()),
    "ECC_NIST_P521": ("ECDSA_SHA_512", hashes.SHA512()),
    "ECC_SECG_P256K1": ("ECDSA_SHA_256", hashes.SHA256()),
}
HMACS = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}


def pair_of(spec, number=1):
    """A key pair of a key spec; the same one each time."""
    if spec in CURVES:
        return ec.derive_private_key(1234567890123456789 + number, CURVES[spec])
    if spec == "ECC_NIST_EDWARDS25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(secret(number))
    return rsa_pair(spec)


def oaep(algorithm):
    digest = HASHES[algorithm.rpartition("_")[2]]
    return padding.OAEP(padding.MGF1(digest()), digest(), None)


def wrapped(public_key, algorithm, material):
    """Material wrapped by `cryptography`."""
    public_key = serialization.load_der_public_key(public_key)
    if algorithm in (OAEP_1, OAEP_256):
        return public_key.encrypt(material, oaep(algorithm))
    aes_key = secret("ephemeral")
    return public_key.encrypt(aes_key, oaep(algorithm)) + aes_key_wrap_with_padding(
        aes_key, material
    )


def wrapped_by_openssl(directory, public_key, algorithm, material):
    """Material wrapped by the openssl command line, as the Developer Guide shows it."""

    def openssl(*arguments, content):
        paths = directory / "in", directory / "out"
        paths[0].write_bytes(content)
        command = ["openssl", *arguments, "-in", str(paths[0]), "-out", str(paths[1])]
        subprocess.run(command, check=True, capture_output=True)
        return paths[1].read_bytes()

    def encrypt(content):
        digest = f"sha{algorithm.rpartition('_')[2]}"
        (directory / "public.der").write_bytes(public_key)
        return openssl(
            *("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER"),
            *("-inkey", str(directory / "public.der")),
            *("-pkeyopt", "rsa_padding_mode:oaep"),
            *("-pkeyopt", f"rsa_oaep_md:{digest}", "-pkeyopt", f"rsa_mgf1_md:{digest}"),
            content=content,
        )

    if algorithm in (OAEP_1, OAEP_256):
        return encrypt(material)
    aes_key = secret("ephemeral of openssl")
    wrap = ("enc", "-id-aes256-wrap-pad", "-K", aes_key.hex(), "-iv", "A65959A6")
    return encrypt(aes_key) + openssl(*wrap, content=material)


# Inside: keys


class ImportedKey:
    """A key with Origin EXTERNAL, without key material yet."""

    def __init__(self, kms, **parameters):
        self.kms = kms
        metadata = kms.create_key(Origin="EXTERNAL", **parameters)["KeyMetadata"]
        self.id, self.arn, self.spec = (metadata[name] for name in ("KeyId", "Arn", "KeySpec"))
        self.tokens = {}

    def algorithm(self):
        is_secret = self.spec == "SYMMETRIC_DEFAULT" or self.spec in HMACS
        return OAEP_256 if is_secret else WRAP_256

    def parameters(self, algorithm=None, wrapping_key="RSA_2048", kms=None):
        return (kms or self.kms).get_parameters_for_import(
            KeyId=self.id,
            WrappingAlgorithm=algorithm or self.algorithm(),
            WrappingKeySpec=wrapping_key,
        )

    def import_with(self, parameters, encrypted, kms=None, **options):
        if "ValidTo" not in options and "ExpirationModel" not in options:
            options |= FOREVER
        answer = (kms or self.kms).import_key_material(
            KeyId=self.id,
            ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=encrypted,
            **options,
        )
        return members(answer)

    def import_material(self, material, algorithm=None, wrapping_key="RSA_2048", **options):
        """Imports material; the parameters are fetched once."""
        algorithm = algorithm or self.algorithm()
        if (algorithm, wrapping_key) not in self.tokens:
            self.tokens[algorithm, wrapping_key] = self.parameters(algorithm, wrapping_key)
        parameters = self.tokens[algorithm, wrapping_key]
        encrypted = wrapped(parameters["PublicKey"], algorithm, material)
        return self.import_with(parameters, encrypted, **options)

    def import_new(self, material, **options):
        answer = self.import_material(material, ImportType="NEW_KEY_MATERIAL", **options)
        return answer["KeyMaterialId"]

    def import_existing(self, material, **options):
        answer = self.import_material(material, ImportType="EXISTING_KEY_MATERIAL", **options)
        return answer["KeyMaterialId"]

    def rotate_to(self, material, **options):
        """Imports new material and rotates to it."""
        material_id = self.import_new(material, **options)
        self.kms.rotate_key_on_demand(KeyId=self.id)
        return material_id

    def delete_material(self, material_id=None):
        named = {} if material_id is None else {"KeyMaterialId": material_id}
        return members(self.kms.delete_imported_key_material(KeyId=self.id, **named))

    @property
    def metadata(self):
        return self.kms.describe_key(KeyId=self.id)["KeyMetadata"]

    @property
    def state(self):
        return self.metadata["KeyState"]

    @property
    def expiration(self):
        metadata = self.metadata
        return metadata.get("ExpirationModel"), metadata.get("ValidTo")

    def encrypt(self, plaintext=b"secret"):
        return self.kms.encrypt(KeyId=self.id, Plaintext=plaintext)["CiphertextBlob"]

    def decrypt(self, ciphertext):
        answer = self.kms.decrypt(CiphertextBlob=ciphertext)
        return answer["Plaintext"], answer["KeyMaterialId"]

    def all_material(self):
        return self.kms.list_key_rotations(
            KeyId=self.id, IncludeKeyMaterial="ALL_KEY_MATERIAL"
        )["Rotations"]

    def rotations(self):
        return self.kms.list_key_rotations(KeyId=self.id)["Rotations"]

    def material_states(self):
        """Per material, oldest first: its id, its state, and whether it is imported."""
        return [
            (entry["KeyMaterialId"], entry["KeyMaterialState"], entry["ImportState"])
            for entry in self.all_material()
        ]


USAGES = {"RSA": "SIGN_VERIFY", "ECC": "SIGN_VERIFY", "HMAC": "GENERATE_VERIFY_MAC"}


def new_key(kms, spec="SYMMETRIC_DEFAULT", **parameters):
    if spec != "SYMMETRIC_DEFAULT":
        parameters.setdefault("KeyUsage", USAGES[spec.partition("_")[0]])
    return ImportedKey(kms, KeySpec=spec, **parameters)


def material_of(spec):
    """Material that suits a key spec."""
    if spec == "SYMMETRIC_DEFAULT":
        return secret(1)
    return secret(1, HMACS[spec]) if spec in HMACS else pkcs8(pair_of(spec))


@pytest.fixture
def external(kms):
    """A fresh symmetric key without material."""
    return ImportedKey(kms)


@pytest.fixture
def imported(external):
    """A fresh symmetric key with one material that does not expire."""
    external.first = external.import_material(secret(1))["KeyMaterialId"]
    return external


@pytest.fixture
def clocked(machine):
    """A symmetric key without material, on a server whose clock may be moved."""
    key = ImportedKey(machine.client())
    key.server = machine
    return key


def clock(server):
    return moment(server.get("/_trent/clock")["now"])


def set_clock(server, to):
    status, answer = server.post("/_trent/clock", {"set": to.isoformat()})
    assert status == 200, answer


def whole_seconds(date):
    return date.replace(microsecond=0)


def pending_import(arn):
    return raises(
        "KMSInvalidStateException",
        f"{arn} is pending import because no key material has ever been imported or one of the "
        "imported key materials is deleted or expired.",
    )


def nothing_pending(arn):
    return raises(
        "KMSInvalidStateException",
        f"No available key material pending rotation for the key: {arn}.",
    )


def origin_unsuited(arn, origin):
    return raises(
        "UnsupportedOperationException",
        f"{arn} origin is {origin} which is not valid for this operation.",
    )


def incorrect_material():
    return raises("IncorrectKeyMaterialException")


# A key without material, and the parameters for an import


def test_a_new_key_for_imported_material_is_pending_import_and_disabled(external):
    metadata = external.metadata
    assert metadata["Origin"] == "EXTERNAL"
    assert metadata["KeyState"] == "PendingImport"
    assert metadata["Enabled"] is False
    absent = {"ExpirationModel", "ValidTo", "CurrentKeyMaterialId"}
    assert not absent & metadata.keys()
    assert external.all_material() == []


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        *((f"ML_DSA_{size}", "SIGN_VERIFY") for size in (44, 65, 87)),
        *((f"ML_KEM_{size}", "ENCAPSULATE_DECAPSULATE") for size in (512, 768, 1024)),
    ],
)
def test_the_material_of_post_quantum_keys_cannot_be_imported(kms, spec, usage):
    with raises("UnsupportedOperationException"):
        kms.create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")


@pytest.mark.parametrize("wrapping_key", WRAPPING_KEYS)
def test_the_parameters_are_a_public_key_of_the_spec_and_a_token_good_for_24_hours(
    external, wrapping_key
):
    answer = external.parameters(OAEP_256, wrapping_key)
    names = {"KeyId", "ImportToken", "PublicKey", "ParametersValidTo"}
    assert members(answer).keys() == names
    assert answer["KeyId"] == external.arn
    assert close_to(utc_now() + DAY, answer["ParametersValidTo"])
    public_key = serialization.load_der_public_key(answer["PublicKey"])
    assert public_key.key_size == int(wrapping_key.removeprefix("RSA_"))
    assert 1 <= len(answer["ImportToken"]) <= 6144
    assert external.state == "PendingImport"


def test_each_call_gives_another_wrapping_key_and_token(external):
    answers = [external.parameters() for _ in range(3)]
    assert len({answer["PublicKey"] for answer in answers}) == 3
    assert len({answer["ImportToken"] for answer in answers}) == 3


@pytest.mark.parametrize(
    ("spec", "algorithm", "wrapping_key"),
    [
        *itertools.product(
            ("SYMMETRIC_DEFAULT", *HMACS), (WRAP_1, WRAP_256), ("RSA_2048", "RSA_4096")
        ),
        *itertools.product(WRAPPING_KEYS, (OAEP_1, OAEP_256), ("RSA_2048", "RSA_4096")),
        ("ECC_NIST_P521", OAEP_1, "RSA_2048"),
        ("ECC_NIST_P521", OAEP_256, "RSA_2048"),
    ],
)
def test_a_wrapping_that_does_not_suit_the_material_is_refused(
    kms, spec, algorithm, wrapping_key
):
    key = new_key(kms, spec)
    with raises("ValidationException"):
        key.parameters(algorithm, wrapping_key)


@pytest.mark.parametrize("spec", ["SYMMETRIC_DEFAULT", "HMAC_256", "RSA_2048", "ECC_NIST_P256"])
def test_the_wrapping_algorithm_that_was_given_up_is_unsupported(kms, spec):
    with raises("UnsupportedOperationException"):
        new_key(kms, spec).parameters("RSAES_PKCS1_V1_5")


@pytest.mark.parametrize(
    ("algorithm", "wrapping_key"),
    [("SM2PKE", "SM2"), ("SM2PKE", "RSA_2048"), (OAEP_256, "SM2")],
)
def test_wrapping_with_what_exists_in_china_only_is_unsupported(
    external, algorithm, wrapping_key
):
    with raises("UnsupportedOperationException"):
        external.parameters(algorithm, wrapping_key)


def test_unknown_wrapping_algorithms_and_key_specs_are_refused(unchecked, external):
    with raises("ValidationException"):
        external.parameters("RSAES_OAEP_SHA_512", kms=unchecked)
    with raises("ValidationException"):
        external.parameters(OAEP_256, "RSA_1024", kms=unchecked)


def test_material_is_not_imported_into_a_key_whose_material_was_made_here(kms, key):
    arn = key_arn(key)
    with origin_unsuited(arn, "AWS_KMS"):
        kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm=OAEP_256, WrappingKeySpec="RSA_2048"
        )
    with origin_unsuited(arn, "AWS_KMS"):
        kms.import_key_material(
            KeyId=key, ImportToken=b"x", EncryptedKeyMaterial=b"x", **FOREVER
        )
    with origin_unsuited(arn, "AWS_KMS"):
        kms.delete_imported_key_material(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


# Imports, and that the key then works as the outside says


@pytest.mark.parametrize("wrapping_key", WRAPPING_KEYS)
@pytest.mark.parametrize("algorithm", [OAEP_1, OAEP_256])
def test_a_symmetric_key_works_with_imported_material(external, algorithm, wrapping_key):
    answer = external.import_material(secret(1), algorithm, wrapping_key)
    assert answer.keys() == {"KeyId", "KeyMaterialId"}
    assert answer["KeyId"] == external.arn
    assert MATERIAL_ID.fullmatch(answer["KeyMaterialId"])
    metadata = external.metadata
    assert (metadata["KeyState"], metadata["Enabled"]) == ("Enabled", True)
    assert metadata["CurrentKeyMaterialId"] == answer["KeyMaterialId"]
    assert external.expiration == ("KEY_MATERIAL_DOES_NOT_EXPIRE", None)
    assert external.decrypt(external.encrypt()) == (b"secret", answer["KeyMaterialId"])
    data_key = external.kms.generate_data_key(KeyId=external.id, KeySpec="AES_256")
    assert data_key["KeyMaterialId"] == answer["KeyMaterialId"]
    assert external.decrypt(data_key["CiphertextBlob"])[0] == data_key["Plaintext"]


@pytest.mark.parametrize("wrapping_key", ["RSA_2048", "RSA_3072"])
@pytest.mark.parametrize("algorithm", [OAEP_1, OAEP_256])
@pytest.mark.parametrize("spec", HMACS)
def test_an_hmac_key_makes_the_macs_of_its_imported_secret(kms, spec, algorithm, wrapping_key):
    key = new_key(kms, spec)
    material = secret(spec, HMACS[spec])
    answer = key.import_material(material, algorithm, wrapping_key)
    assert answer == {"KeyId": key.arn}
    assert key.state == "Enabled"
    size = spec.removeprefix("HMAC_")
    mac = kms.generate_mac(KeyId=key.id, Message=b"message", MacAlgorithm=f"HMAC_SHA_{size}")
    assert mac["Mac"] == hmac.new(material, b"message", f"sha{size}").digest()


@pytest.mark.parametrize("spec", HMACS)
def test_an_hmac_secret_has_from_the_bits_of_its_spec_up_to_1024(kms, spec):
    size = spec.removeprefix("HMAC_")
    for length in (HMACS[spec], HMACS[spec] + 1, 128):
        key = new_key(kms, spec)
        key.import_material(secret(length, length))
        mac = kms.generate_mac(KeyId=key.id, Message=b"m", MacAlgorithm=f"HMAC_SHA_{size}")
        expected = hmac.new(secret(length, length), b"m", f"sha{size}").digest()
        assert mac["Mac"] == expected
    for length in (1, HMACS[spec] - 1, 129):
        key = new_key(kms, spec)
        with incorrect_material():
            key.import_material(secret(length, length))
        assert key.state == "PendingImport"


def verified_rsa(kms, key, public_key):
    signature = kms.sign(
        KeyId=key.id, Message=b"message", SigningAlgorithm="RSASSA_PSS_SHA_256"
    )["Signature"]
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
    public_key.verify(signature, b"message", pss, hashes.SHA256())
    signature = kms.sign(
        KeyId=key.id, Message=b"message", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_512"
    )["Signature"]
    public_key.verify(signature, b"message", padding.PKCS1v15(), hashes.SHA512())


def verified_ecc(kms, key, public_key):
    if key.spec == "ECC_NIST_EDWARDS25519":
        signature = kms.sign(
            KeyId=key.id, Message=b"message", SigningAlgorithm="ED25519_SHA_512"
        )["Signature"]
        public_key.verify(signature, b"message")
        return
    algorithm, digest = SIGNING_ALGORITHMS[key.spec]
    signature = kms.sign(KeyId=key.id, Message=b"message", SigningAlgorithm=algorithm)
    public_key.verify(signature["Signature"], b"message", ec.ECDSA(digest))


@pytest.mark.parametrize(
    ("spec", "algorithm", "wrapping_key"),
    [
        *itertools.product(["RSA_2048"], (WRAP_1, WRAP_256), WRAPPING_KEYS),
        *itertools.product(("RSA_3072", "RSA_4096"), (WRAP_1, WRAP_256), ["RSA_2048"]),
    ],
)
def test_an_imported_rsa_key_pair_signs_as_the_outside_verifies(
    kms, spec, algorithm, wrapping_key
):
    key, pair = new_key(kms, spec), rsa_pair(spec)
    assert key.import_material(pkcs8(pair), algorithm, wrapping_key) == {"KeyId": key.arn}
    assert kms.get_public_key(KeyId=key.id)["PublicKey"] == spki(pair)
    verified_rsa(kms, key, pair.public_key())


def test_an_imported_rsa_key_pair_decrypts_what_the_outside_encrypted(kms):
    key, pair = new_key(kms, "RSA_2048", KeyUsage="ENCRYPT_DECRYPT"), rsa_pair("RSA_2048")
    key.import_material(pkcs8(pair))
    for algorithm in (OAEP_1, OAEP_256):
        ciphertext = pair.public_key().encrypt(b"from outside", oaep(algorithm))
        answer = kms.decrypt(
            KeyId=key.id, CiphertextBlob=ciphertext, EncryptionAlgorithm=algorithm
        )
        assert answer["Plaintext"] == b"from outside"


@pytest.mark.parametrize(
    ("spec", "algorithm", "wrapping_key"),
    [
        *itertools.product(["ECC_NIST_P256"], ALGORITHMS, WRAPPING_KEYS),
        *itertools.product(ECC[1:], ALGORITHMS, ["RSA_3072"]),
        ("ECC_NIST_P384", OAEP_256, "RSA_2048"),
        ("ECC_NIST_P384", OAEP_1, "RSA_2048"),
        ("ECC_NIST_P521", WRAP_1, "RSA_2048"),
        ("ECC_NIST_P521", WRAP_256, "RSA_2048"),
        ("ECC_NIST_P521", OAEP_256, "RSA_4096"),
    ],
)
def test_an_imported_ecc_key_pair_signs_as_the_outside_verifies(
    kms, spec, algorithm, wrapping_key
):
    key, pair = new_key(kms, spec), pair_of(spec)
    answer = key.import_material(pkcs8(pair), algorithm, wrapping_key)
    assert answer == {"KeyId": key.arn}
    assert key.expiration == ("KEY_MATERIAL_DOES_NOT_EXPIRE", None)
    assert "CurrentKeyMaterialId" not in key.metadata
    assert kms.get_public_key(KeyId=key.id)["PublicKey"] == spki(pair)
    verified_ecc(kms, key, pair.public_key())


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_an_imported_ecc_key_pair_agrees_on_a_secret_with_the_outside(kms, spec):
    key, pair = new_key(kms, spec, KeyUsage="KEY_AGREEMENT"), pair_of(spec)
    key.import_material(pkcs8(pair))
    peer = pair_of(spec, number=2)
    answer = kms.derive_shared_secret(
        KeyId=key.id, KeyAgreementAlgorithm="ECDH", PublicKey=spki(peer)
    )
    assert answer["SharedSecret"] == peer.exchange(ec.ECDH(), pair.public_key())
    assert answer["KeyOrigin"] == "EXTERNAL"


@pytest.mark.parametrize("wrapping_key", WRAPPING_KEYS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_the_openssl_command_line_wrapped_is_imported(
    kms, tmp_path, algorithm, wrapping_key
):
    is_secret = algorithm in (OAEP_1, OAEP_256)
    spec = "HMAC_256" if is_secret else "RSA_2048"
    key = new_key(kms, spec)
    parameters = key.parameters(algorithm, wrapping_key)
    encrypted = wrapped_by_openssl(
        tmp_path, parameters["PublicKey"], algorithm, material_of(spec)
    )
    key.import_with(parameters, encrypted)
    if is_secret:
        mac = kms.generate_mac(KeyId=key.id, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
        assert mac == hmac.new(secret(1), b"m", "sha256").digest()
    else:
        assert kms.get_public_key(KeyId=key.id)["PublicKey"] == spki(rsa_pair(spec))
        verified_rsa(kms, key, rsa_pair(spec).public_key())


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_EDWARDS25519"])
def test_a_key_pair_made_and_wrapped_by_the_openssl_command_line_is_imported(
    kms, tmp_path, spec
):
    path = tmp_path / "pair.der"
    kind = {
        "ECC_NIST_P256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
        "ECC_NIST_EDWARDS25519": ("-algorithm", "ED25519"),
    }[spec]
    command = ["openssl", "genpkey", *kind, "-outform", "DER", "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    pair = serialization.load_der_private_key(path.read_bytes(), None)
    key = new_key(kms, spec)
    parameters = key.parameters(OAEP_256)
    encrypted = wrapped_by_openssl(
        tmp_path, parameters["PublicKey"], OAEP_256, pkcs8(pair)
    )
    key.import_with(parameters, encrypted)
    assert kms.get_public_key(KeyId=key.id)["PublicKey"] == spki(pair)
    verified_ecc(kms, key, pair.public_key())


def test_the_same_material_in_two_keys_has_two_ids_and_neither_decrypts_for_the_other(kms):
    keys = [ImportedKey(kms), ImportedKey(kms)]
    ids = [key.import_material(secret(1))["KeyMaterialId"] for key in keys]
    assert ids[0] != ids[1]
    for key, other in itertools.permutations(keys):
        ciphertext = key.encrypt()
        with raises("IncorrectKeyException"):
            kms.decrypt(KeyId=other.id, CiphertextBlob=ciphertext)
        answer = kms.decrypt(CiphertextBlob=ciphertext)
        assert answer["KeyId"] == key.arn


# Material that is not what the key needs


@pytest.mark.parametrize("length", [1, 16, 31, 33, 64])
def test_symmetric_material_has_exactly_32_bytes(external, length):
    with incorrect_material():
        external.import_material(secret(1, length))
    assert external.state == "PendingImport"


def sec1(spec):
    return pair_of(spec).private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    ("spec", "material"),
    [
        ("RSA_2048", lambda: pkcs8(rsa_pair("RSA_3072"))),
        ("RSA_3072", lambda: pkcs8(rsa_pair("RSA_2048"))),
        ("RSA_2048", lambda: pkcs8(pair_of("ECC_NIST_P256"))),
        ("RSA_2048", lambda: spki(rsa_pair("RSA_2048"))),
        ("RSA_2048", lambda: sec1("RSA_2048")),
        ("RSA_2048", lambda: secret(1)),
        ("RSA_2048", lambda: pkcs8(rsa_pair("RSA_2048"))[:-1]),
        ("ECC_NIST_P256", lambda: pkcs8(pair_of("ECC_SECG_P256K1"))),
        ("ECC_SECG_P256K1", lambda: pkcs8(pair_of("ECC_NIST_P256"))),
        ("ECC_NIST_P256", lambda: pkcs8(pair_of("ECC_NIST_P384"))),
        ("ECC_NIST_P521", lambda: pkcs8(pair_of("ECC_NIST_P384"))),
        ("ECC_NIST_EDWARDS25519", lambda: pkcs8(pair_of("ECC_NIST_P256"))),
        ("ECC_NIST_EDWARDS25519", lambda: secret(1)),
        ("ECC_NIST_P256", lambda: spki(pair_of("ECC_NIST_P256"))),
        ("ECC_NIST_P256", lambda: pkcs8(pair_of("ECC_NIST_P256")) + b"\0"),
    ],
)
def test_a_key_pair_of_another_spec_or_format_is_incorrect_material(kms, spec, material):
    key = new_key(kms, spec)
    with incorrect_material():
        key.import_material(material())
    assert key.state == "PendingImport"
    key.import_material(material_of(spec))
    assert key.state == "Enabled"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "damage",
    [
        lambda encrypted: encrypted[:-1] + bytes([encrypted[-1] ^ 1]),
        lambda encrypted: bytes([encrypted[0] ^ 1]) + encrypted[1:],
        lambda encrypted: encrypted[:-1],
        lambda encrypted: encrypted + b"\0",
        lambda encrypted: encrypted[:256],
        lambda encrypted: encrypted[:255],
        lambda encrypted: b"x",
        lambda encrypted: bytes(6144),
    ],
    ids=["last", "first", "shorter", "longer", "256", "255", "one", "zeros"],
)
def test_what_cannot_be_unwrapped_is_an_invalid_ciphertext(kms, algorithm, damage):
    key = new_key(kms, "ECC_NIST_P256")
    parameters = key.parameters(algorithm)
    encrypted = wrapped(parameters["PublicKey"], algorithm, material_of(key.spec))
    damaged = damage(encrypted)
    if damaged == encrypted:
        # The first 256 bytes are all of it: then another half is missing.
        damaged = encrypted[128:]
    with raises("InvalidCiphertextException"):
        key.import_with(parameters, damaged)
    assert key.state == "PendingImport"
    key.import_with(parameters, encrypted)
    assert key.state == "Enabled"


@pytest.mark.parametrize(
    ("said", "done"),
    [(OAEP_256, OAEP_1), (OAEP_1, OAEP_256), (WRAP_256, WRAP_1), (OAEP_256, WRAP_256)],
)
def test_material_wrapped_by_another_algorithm_than_was_said_is_invalid(kms, said, done):
    key = new_key(kms, "ECC_NIST_P256")
    parameters = key.parameters(said)
    encrypted = wrapped(parameters["PublicKey"], done, material_of(key.spec))
    with raises("InvalidCiphertextException"):
        key.import_with(parameters, encrypted)


def test_an_aes_key_of_128_bits_does_not_wrap_material(kms):
    key = new_key(kms, "RSA_2048")
    parameters = key.parameters(WRAP_256)
    public_key = serialization.load_der_public_key(parameters["PublicKey"])
    short = secret("short", 16)
    encrypted = public_key.encrypt(short, oaep(WRAP_256))
    encrypted += aes_key_wrap_with_padding(short, material_of(key.spec))
    with raises("InvalidCiphertextException"):
        key.import_with(parameters, encrypted)


def test_token_and_material_have_1_to_6144_bytes(unchecked, external):
    for name, path in (
        ("ImportToken", "importToken"),
        ("EncryptedKeyMaterial", "encryptedKeyMaterial"),
    ):
        rules = {0: "greater than or equal to 1", 6145: "less than or equal to 6144"}
        for length, rule in rules.items():
            blobs = {"ImportToken": b"x", "EncryptedKeyMaterial": b"x", name: bytes(length)}
            with raises_violations(
                f"Value at '{path}' failed to satisfy constraint: Member must have length {rule}"
            ):
                unchecked.import_key_material(KeyId=external.id, **blobs, **FOREVER)


# Tokens


def test_a_token_is_good_for_many_imports(imported):
    for _ in range(3):
        assert imported.import_material(secret(1))["KeyMaterialId"] == imported.first
    second = imported.rotate_to(secret(2))
    assert len(imported.tokens) == 1
    assert imported.metadata["CurrentKeyMaterialId"] == second


def test_several_sets_of_parameters_are_good_at_the_same_time(external):
    sets = [external.parameters(OAEP_256, wrapping_key) for wrapping_key in WRAPPING_KEYS]
    ids = set()
    for parameters in reversed(sets):
        encrypted = wrapped(parameters["PublicKey"], OAEP_256, secret(1))
        ids.add(external.import_with(parameters, encrypted)["KeyMaterialId"])
    assert len(ids) == 1


def test_public_key_and_token_of_different_sets_do_not_go_together(external):
    first, second = external.parameters(), external.parameters()
    encrypted = wrapped(first["PublicKey"], OAEP_256, secret(1))
    with raises("InvalidCiphertextException"):
        external.import_with(second, encrypted)
    external.import_with(first, encrypted)


def test_a_token_of_another_key_is_invalid(kms, external):
    other = ImportedKey(kms)
    parameters = other.parameters()
    encrypted = wrapped(parameters["PublicKey"], OAEP_256, secret(1))
    with raises("InvalidImportTokenException"):
        external.import_with(parameters, encrypted)
    assert external.state == other.state == "PendingImport"


def test_an_altered_token_is_invalid_whichever_byte_was_altered(external):
    parameters = external.parameters()
    encrypted = wrapped(parameters["PublicKey"], OAEP_256, secret(1))
    token = parameters["ImportToken"]
    positions = {0, 1, 8, 9, 16, 24, len(token) // 2, len(token) - 17, len(token) - 1}
    for position in positions:
        altered = bytearray(token)
        altered[position] ^= 1
        with raises("InvalidImportTokenException"):
            external.import_with({"ImportToken": bytes(altered)}, encrypted)
    external.import_with(parameters, encrypted)


@pytest.mark.parametrize(
    "garbage",
    [b"x", b"\0" * 100, secret("garbage", 1200), bytes(6144), b"\x01", b'{"key":""}\n'],
    ids=["one", "zeros", "random", "longest", "version", "json"],
)
def test_garbage_is_an_invalid_token(external, garbage):
    with raises("InvalidImportTokenException"):
        external.import_with({"ImportToken": garbage}, b"x")


def test_neither_a_shorter_nor_a_longer_token_nor_a_ciphertext_is_a_token(kms, key, external):
    token = external.parameters()["ImportToken"]
    ciphertext = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    for other in (token[:-1], token[1:], token + b"\0", token * 2, ciphertext):
        with raises("InvalidImportTokenException"):
            external.import_with({"ImportToken": other}, b"x")


def test_a_token_expires_after_24_hours(clocked):
    parameters = clocked.parameters()
    encrypted = wrapped(parameters["PublicKey"], OAEP_256, secret(1))
    set_clock(clocked.server, parameters["ParametersValidTo"] - MINUTE)
    clocked.import_with(parameters, encrypted)
    set_clock(clocked.server, parameters["ParametersValidTo"])
    with raises("ExpiredImportTokenException"):
        clocked.import_with(parameters, encrypted)
    assert clocked.state == "Enabled"
    clocked.tokens = {}
    clocked.import_material(secret(1))


def test_each_set_of_parameters_expires_at_its_own_time(clocked):
    first = clocked.parameters()
    clocked.server.advance("PT12H")
    second = clocked.parameters()
    clocked.server.advance("PT12H")
    with raises("ExpiredImportTokenException"):
        clocked.import_with(first, wrapped(first["PublicKey"], OAEP_256, secret(1)))
    clocked.import_with(second, wrapped(second["PublicKey"], OAEP_256, secret(1)))


# Expiration


def test_material_expires_unless_the_request_says_that_it_does_not(external):
    with raises(
        "ValidationException",
        "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
    ):
        external.import_material(secret(1), ExpirationModel="KEY_MATERIAL_EXPIRES")
    parameters = external.parameters()
    with raises(
        "ValidationException",
        "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
    ):
        external.kms.import_key_material(
            KeyId=external.id,
            ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=wrapped(parameters["PublicKey"], OAEP_256, secret(1)),
        )
    assert external.state == "PendingImport"


def test_a_date_is_not_taken_for_material_that_does_not_expire(external):
    with raises(
        "ValidationException",
        "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
    ):
        external.import_material(secret(1), ValidTo=utc_now() + DAY, **FOREVER)
    assert external.state == "PendingImport"


@pytest.mark.parametrize("ago", [timedelta(seconds=2), DAY, 3650 * DAY])
def test_a_date_in_the_past_is_refused(external, ago):
    with raises("ValidationException", "The validTo date must be in the future"):
        external.import_material(secret(1), ValidTo=utc_now() - ago)
    assert external.state == "PendingImport"


@pytest.mark.parametrize("ahead", [365 * DAY + MINUTE, 366 * DAY, 10000 * DAY])
def test_a_date_more_than_365_days_ahead_is_refused(external, ahead):
    with raises(
        "ValidationException", "The validTo date must be at most 365 days in the future"
    ):
        external.import_material(secret(1), ValidTo=utc_now() + ahead)
    assert external.state == "PendingImport"


@pytest.mark.parametrize("explicit", [{}, {"ExpirationModel": "KEY_MATERIAL_EXPIRES"}])
@pytest.mark.parametrize("ahead", [MINUTE, DAY, 365 * DAY])
def test_a_date_up_to_365_days_ahead_is_shown(external, ahead, explicit):
    valid_to = whole_seconds(utc_now() + ahead)
    external.import_material(secret(1), ValidTo=valid_to, **explicit)
    assert external.expiration == ("KEY_MATERIAL_EXPIRES", valid_to)
    (entry,) = external.all_material()
    assert (entry["ExpirationModel"], entry["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", valid_to)


@pytest.mark.parametrize("spec", ["SYMMETRIC_DEFAULT", "HMAC_384", "RSA_2048", "ECC_NIST_P256"])
def test_a_key_is_unusable_from_the_moment_its_material_expires(machine, spec):
    key = new_key(machine.client(), spec)
    valid_to = whole_seconds(clock(machine) + 10 * DAY)
    key.import_material(material_of(spec), ValidTo=valid_to)
    set_clock(machine, valid_to - MINUTE)
    assert key.state == "Enabled"
    assert key.expiration == ("KEY_MATERIAL_EXPIRES", valid_to)
    uses = {
        "SYMMETRIC_DEFAULT": lambda: key.encrypt(),
        "HMAC_384": lambda: key.kms.generate_mac(
            KeyId=key.id, Message=b"m", MacAlgorithm="HMAC_SHA_384"
        ),
        "RSA_2048": lambda: key.kms.sign(
            KeyId=key.id, Message=b"m", SigningAlgorithm="RSASSA_PSS_SHA_256"
        ),
        "ECC_NIST_P256": lambda: key.kms.sign(
            KeyId=key.id, Message=b"m", SigningAlgorithm="ECDSA_SHA_256"
        ),
    }
    uses[spec]()
    set_clock(machine, valid_to)
    with pending_import(key.arn):
        uses[spec]()
    assert key.state == "PendingImport"
    assert key.expiration == (None, None)
    key.tokens = {}
    key.import_material(material_of(spec))
    assert key.state == "Enabled"
    uses[spec]()


def test_a_re_import_changes_when_material_expires(clocked):
    start = whole_seconds(clock(clocked.server))
    first = clocked.import_material(secret(1), ValidTo=start + 2 * DAY)["KeyMaterialId"]
    ciphertext = clocked.encrypt()
    clocked.import_material(secret(1), ValidTo=start + 100 * DAY)
    assert clocked.expiration == ("KEY_MATERIAL_EXPIRES", start + 100 * DAY)
    clocked.server.advance("P50D")
    assert clocked.decrypt(ciphertext) == (b"secret", first)
    clocked.tokens = {}
    clocked.import_material(secret(1))
    assert clocked.expiration == ("KEY_MATERIAL_DOES_NOT_EXPIRE", None)
    clocked.server.advance("P500D")
    assert clocked.decrypt(ciphertext) == (b"secret", first)
    clocked.tokens = {}
    clocked.import_material(secret(1), ValidTo=whole_seconds(clock(clocked.server) + DAY))
    clocked.server.advance("P1D")
    with pending_import(clocked.arn):
        clocked.decrypt(ciphertext)


def test_an_expired_material_can_be_imported_again_and_its_ciphertexts_decrypt(clocked):
    valid_to = whole_seconds(clock(clocked.server) + DAY)
    first = clocked.import_material(secret(1), ValidTo=valid_to)["KeyMaterialId"]
    ciphertext = clocked.encrypt()
    clocked.server.advance("P30D")
    assert clocked.material_states() == [(first, "CURRENT", "PENDING_IMPORT")]
    clocked.tokens = {}
    with incorrect_material():
        clocked.import_material(secret(2))
    assert clocked.import_material(secret(1))["KeyMaterialId"] == first
    assert clocked.decrypt(ciphertext) == (b"secret", first)


def test_the_earliest_date_of_several_materials_is_shown_and_counts(clocked):
    start = whole_seconds(clock(clocked.server))
    first = clocked.import_material(secret(1), ValidTo=start + 200 * DAY)["KeyMaterialId"]
    second = clocked.rotate_to(secret(2), ValidTo=start + 100 * DAY)
    third = clocked.rotate_to(secret(3))
    assert clocked.expiration == ("KEY_MATERIAL_EXPIRES", start + 100 * DAY)
    ciphertext = clocked.encrypt()
    set_clock(clocked.server, start + 100 * DAY)
    assert clocked.state == "PendingImport"
    with pending_import(clocked.arn):
        clocked.decrypt(ciphertext)
    assert clocked.material_states() == [
        (first, "NON_CURRENT", "IMPORTED"),
        (second, "NON_CURRENT", "PENDING_IMPORT"),
        (third, "CURRENT", "IMPORTED"),
    ]
    clocked.tokens = {}
    clocked.import_existing(secret(2))
    assert clocked.expiration == ("KEY_MATERIAL_EXPIRES", start + 200 * DAY)
    assert clocked.decrypt(ciphertext) == (b"secret", third)


def test_pending_material_that_expires_is_forgotten_and_the_key_works_on(clocked):
    first = clocked.import_material(secret(1))["KeyMaterialId"]
    clocked.import_new(secret(2), ValidTo=whole_seconds(clock(clocked.server) + DAY))
    assert clocked.expiration == ("KEY_MATERIAL_DOES_NOT_EXPIRE", None)
    clocked.server.advance("P1D")
    assert clocked.state == "Enabled"
    assert clocked.material_states() == [(first, "CURRENT", "IMPORTED")]
    with nothing_pending(clocked.arn):
        clocked.kms.rotate_key_on_demand(KeyId=clocked.id)
    clocked.tokens = {}
    third = clocked.rotate_to(secret(3))
    assert clocked.decrypt(clocked.encrypt()) == (b"secret", third)


def test_material_that_expires_while_the_key_is_pending_deletion_leaves_it_so(clocked):
    clocked.import_material(
        secret(1), ValidTo=whole_seconds(clock(clocked.server) + DAY)
    )
    clocked.kms.schedule_key_deletion(KeyId=clocked.id)
    clocked.server.advance("P2D")
    assert clocked.state == "PendingDeletion"
    clocked.kms.cancel_key_deletion(KeyId=clocked.id)
    assert clocked.state == "PendingImport"


def test_material_of_a_disabled_key_expires_as_well(clocked):
    clocked.import_material(
        secret(1), ValidTo=whole_seconds(clock(clocked.server) + DAY)
    )
    clocked.kms.disable_key(KeyId=clocked.id)
    clocked.server.advance("P1D")
    assert clocked.state == "PendingImport"
    clocked.tokens = {}
    clocked.import_material(secret(1))
    assert clocked.state == "Enabled"


# PendingImport


class PendingKeys:
    """A key of each kind that lacks its material, and what is needed to call operations on it."""

    def __init__(self, kms):
        self.symmetric = ImportedKey(kms)
        self.symmetric.import_material(secret(1))
        self.ciphertext = self.symmetric.encrypt()
        self.symmetric.delete_material()
        self.mac = new_key(kms, "HMAC_256")
        self.signer = new_key(kms, "ECC_NIST_P256")
        self.agreeing = new_key(kms, "ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
        self.multi_region = ImportedKey(kms, MultiRegion=True)
        self.other = kms.create_key()["KeyMetadata"]["KeyId"]
        self.other_ciphertext = kms.encrypt(KeyId=self.other, Plaintext=b"x")["CiphertextBlob"]


ROOT = "arn:aws:iam::000000000000:root"
MESSAGE = {"Message": b"m"}
ECDSA = {**MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
HMAC = {**MESSAGE, "MacAlgorithm": "HMAC_SHA_256"}

# Operation: key, parameters.
REFUSED_WHILE_PENDING_IMPORT = {
    "CreateGrant": ("symmetric", {"GranteePrincipal": ROOT, "Operations": ["Encrypt"]}),
    "Decrypt": ("symmetric", {"CiphertextBlob": "ciphertext"}),
    "DeriveSharedSecret": (
        "agreeing",
        {"KeyAgreementAlgorithm": "ECDH", "PublicKey": spki(pair_of("ECC_NIST_P256"))},
    ),
    "DisableKey": ("symmetric", {}),
    "EnableKey": ("symmetric", {}),
    "Encrypt": ("symmetric", {"Plaintext": b"x"}),
    "GenerateDataKey": ("symmetric", {"KeySpec": "AES_256"}),
    "GenerateDataKeyPair": ("symmetric", {"KeyPairSpec": "ECC_NIST_P256"}),
    "GenerateDataKeyPairWithoutPlaintext": ("symmetric", {"KeyPairSpec": "ECC_NIST_P256"}),
    "GenerateDataKeyWithoutPlaintext": ("symmetric", {"KeySpec": "AES_256"}),
    "GenerateMac": ("mac", HMAC),
    "ReplicateKey": ("multi_region", {"ReplicaRegion": OTHER_REGION}),
    "RotateKeyOnDemand": ("symmetric", {}),
    "Sign": ("signer", ECDSA),
    "UpdatePrimaryRegion": ("multi_region", {"PrimaryRegion": OTHER_REGION}),
    "Verify": ("signer", {**ECDSA, "Signature": b"x"}),
    "VerifyMac": ("mac", {**HMAC, "Mac": bytes(32)}),
}

WORKING_WHILE_PENDING_IMPORT = {
    "DeleteImportedKeyMaterial": {},
    "DescribeKey": {},
    "GetKeyPolicy": {},
    "GetKeyRotationStatus": {},
    "GetParametersForImport": {"WrappingAlgorithm": OAEP_256, "WrappingKeySpec": "RSA_2048"},
    "ListAliases": {},
    "ListGrants": {},
    "ListKeyPolicies": {},
    "ListKeyRotations": {},
    "ListResourceTags": {},
    "TagResource": {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
    "UntagResource": {"TagKeys": ["a"]},
    "UpdateKeyDescription": {"Description": "d"},
    "ScheduleKeyDeletion": {},
}


@pytest.mark.parametrize("operation", REFUSED_WHILE_PENDING_IMPORT)
def test_an_operation_that_needs_the_material_says_that_it_is_to_be_imported(kms, operation):
    keys = PendingKeys(kms)
    name, parameters = REFUSED_WHILE_PENDING_IMPORT[operation]
    key = getattr(keys, name)
    if "CiphertextBlob" in parameters:
        parameters = {"CiphertextBlob": keys.ciphertext}
    with pending_import(key.arn):
        getattr(kms, xform_name(operation))(KeyId=key.id, **parameters)
    assert key.state == "PendingImport"


def test_re_encryption_from_or_to_a_key_without_its_material_is_refused(kms):
    keys = PendingKeys(kms)
    with pending_import(keys.symmetric.arn):
        kms.re_encrypt(CiphertextBlob=keys.ciphertext, DestinationKeyId=keys.other)
    with pending_import(keys.symmetric.arn):
        kms.re_encrypt(
            CiphertextBlob=keys.other_ciphertext, DestinationKeyId=keys.symmetric.id
        )


def test_a_ciphertext_whose_key_is_not_named_is_refused_while_the_material_is_missing(kms):
    keys = PendingKeys(kms)
    with pending_import(keys.symmetric.arn):
        kms.decrypt(CiphertextBlob=keys.ciphertext)


@pytest.mark.parametrize("operation", WORKING_WHILE_PENDING_IMPORT)
@pytest.mark.parametrize("ever", [True, False])
def test_management_works_while_the_material_is_missing(external, operation, ever):
    if ever:
        external.import_material(secret(1))
        external.delete_material()
    call = getattr(external.kms, xform_name(operation))
    call(KeyId=external.id, **WORKING_WHILE_PENDING_IMPORT[operation])
    is_doomed = operation == "ScheduleKeyDeletion"
    assert external.state == ("PendingDeletion" if is_doomed else "PendingImport")


def test_aliases_are_made_and_moved_while_the_material_is_missing(kms, external, key):
    name, other_name = new_alias_name(), new_alias_name()
    kms.create_alias(AliasName=name, TargetKeyId=external.id)
    kms.create_alias(AliasName=other_name, TargetKeyId=key)
    kms.update_alias(AliasName=other_name, TargetKeyId=external.id)
    entries = kms.list_aliases(KeyId=external.id)["Aliases"]
    assert {entry["AliasName"] for entry in entries} == {name, other_name}
    kms.update_alias(AliasName=name, TargetKeyId=key)
    kms.delete_alias(AliasName=other_name)


def test_a_deletion_that_is_not_scheduled_is_not_cancelled_while_the_material_is_missing(
    external,
):
    with raises("KMSInvalidStateException", f"{external.arn} is not pending deletion."):
        external.kms.cancel_key_deletion(KeyId=external.id)


def test_a_cancelled_deletion_leaves_a_key_without_material_pending_import(external):
    external.kms.schedule_key_deletion(KeyId=external.id)
    assert external.state == "PendingDeletion"
    external.kms.cancel_key_deletion(KeyId=external.id)
    assert external.state == "PendingImport"
    external.import_material(secret(1))
    assert external.state == "Enabled"


def test_the_public_key_is_there_while_the_private_one_is_missing(kms):
    key = new_key(kms, "ECC_NIST_P384")
    key.import_material(material_of(key.spec))
    key.delete_material()
    assert key.state == "PendingImport"
    expected = spki(pair_of("ECC_NIST_P384"))
    assert kms.get_public_key(KeyId=key.id)["PublicKey"] == expected


# Deletion of material, and importing it again


def test_deleting_the_material_makes_the_key_pending_import(imported):
    ciphertext = imported.encrypt()
    expected = {"KeyId": imported.arn, "KeyMaterialId": imported.first}
    assert imported.delete_material() == expected
    metadata = imported.metadata
    assert (metadata["KeyState"], metadata["Enabled"]) == ("PendingImport", False)
    assert metadata["CurrentKeyMaterialId"] == imported.first
    assert imported.expiration == (None, None)
    assert imported.material_states() == [(imported.first, "CURRENT", "PENDING_IMPORT")]
    with pending_import(imported.arn):
        imported.decrypt(ciphertext)


def test_deleting_the_material_again_is_harmless(imported):
    answers = [imported.delete_material() for _ in range(3)]
    assert all(answer["KeyId"] == imported.arn for answer in answers)
    assert imported.state == "PendingImport"


def test_deleting_before_anything_was_imported_is_harmless(external):
    assert external.delete_material()["KeyId"] == external.arn
    assert external.state == "PendingImport"


def test_the_same_bytes_imported_again_bring_everything_back(imported):
    ciphertext = imported.encrypt()
    imported.delete_material()
    assert imported.import_material(secret(1))["KeyMaterialId"] == imported.first
    assert imported.state == "Enabled"
    assert imported.decrypt(ciphertext) == (b"secret", imported.first)
    assert imported.rotations() == []


@pytest.mark.parametrize(
    "options", [{}, {"ImportType": "EXISTING_KEY_MATERIAL"}], ids=["default", "existing"]
)
@pytest.mark.parametrize("deleted", [True, False])
def test_other_bytes_are_not_taken_for_the_material_of_the_key(imported, options, deleted):
    if deleted:
        imported.delete_material()
    before = imported.state
    with incorrect_material():
        imported.import_material(secret(2), **options)
    assert imported.state == before
    assert len(imported.all_material()) == 1


@pytest.mark.parametrize("spec", ["HMAC_256", "RSA_2048", "ECC_NIST_P256"])
def test_a_key_that_cannot_rotate_takes_its_own_material_only(kms, spec):
    others = {
        "HMAC_256": lambda: secret(2),
        "RSA_2048": lambda: pkcs8(rsa.generate_private_key(65537, 2048)),
        "ECC_NIST_P256": lambda: pkcs8(pair_of(spec, number=2)),
    }
    key = new_key(kms, spec)
    key.import_material(material_of(spec))
    with incorrect_material():
        key.import_material(others[spec]())
    assert key.delete_material() == {"KeyId": key.arn}
    assert key.state == "PendingImport"
    with incorrect_material():
        key.import_material(others[spec]())
    key.import_material(material_of(spec))
    assert key.state == "Enabled"
    assert kms.list_key_rotations(
        KeyId=key.id, IncludeKeyMaterial="ALL_KEY_MATERIAL"
    )["Rotations"] == []


@pytest.mark.parametrize("spec", ["HMAC_256", "RSA_2048", "ECC_NIST_P256"])
@pytest.mark.parametrize(
    "option",
    [
        {"ImportType": "NEW_KEY_MATERIAL"},
        {"ImportType": "EXISTING_KEY_MATERIAL"},
        {"KeyMaterialDescription": "d"},
        {"KeyMaterialId": "0" * 64},
    ],
    ids=["new", "existing", "description", "id"],
)
def test_only_symmetric_keys_take_what_is_about_several_materials(kms, spec, option):
    key = new_key(kms, spec)
    with raises("ValidationException"):
        key.import_material(material_of(spec), **option)
    assert key.state == "PendingImport"


def test_a_disabled_key_takes_its_material_again_and_stays_disabled(imported):
    imported.kms.disable_key(KeyId=imported.id)
    imported.import_material(secret(1))
    assert imported.state == "Disabled"


def test_a_key_pending_deletion_takes_its_material_again_and_stays_so(imported):
    imported.kms.schedule_key_deletion(KeyId=imported.id)
    imported.delete_material()
    imported.import_material(secret(1))
    assert imported.state == "PendingDeletion"
    imported.kms.cancel_key_deletion(KeyId=imported.id)
    assert imported.state == "Disabled"


# Several materials on one symmetric key


def test_new_material_waits_for_its_rotation(imported):
    second = imported.import_new(secret(2))
    assert second != imported.first
    assert imported.material_states() == [
        (imported.first, "CURRENT", "IMPORTED"),
        (second, "PENDING_ROTATION", "IMPORTED"),
    ]
    assert imported.metadata["CurrentKeyMaterialId"] == imported.first
    assert imported.decrypt(imported.encrypt())[1] == imported.first
    assert imported.rotations() == []


def test_rotation_on_demand_makes_the_waiting_material_current(imported):
    old = imported.encrypt(b"old")
    second = imported.import_new(secret(2))
    answer = imported.kms.rotate_key_on_demand(KeyId=imported.id)
    assert members(answer) == {"KeyId": imported.arn}
    assert imported.metadata["CurrentKeyMaterialId"] == second
    assert imported.material_states() == [
        (imported.first, "NON_CURRENT", "IMPORTED"),
        (second, "CURRENT", "IMPORTED"),
    ]
    assert imported.decrypt(imported.encrypt(b"new")) == (b"new", second)
    assert imported.decrypt(old) == (b"old", imported.first)
    re_encrypted = imported.kms.re_encrypt(CiphertextBlob=old, DestinationKeyId=imported.id)
    assert re_encrypted["SourceKeyMaterialId"] == imported.first
    assert re_encrypted["DestinationKeyMaterialId"] == second


def test_without_waiting_material_there_is_no_rotation(imported):
    with nothing_pending(imported.arn):
        imported.kms.rotate_key_on_demand(KeyId=imported.id)
    imported.rotate_to(secret(2))
    with nothing_pending(imported.arn):
        imported.kms.rotate_key_on_demand(KeyId=imported.id)
    assert len(imported.rotations()) == 1


def test_only_one_material_waits(imported):
    second = imported.import_new(secret(2))
    with raises("KMSInvalidStateException") as caught:
        imported.import_new(secret(3))
    message = caught.value.response["Error"]["Message"]
    head, tail = "New key material (id: ", (
        f") cannot be imported into KMS key {imported.id}, because another key material "
        f"(id: {second}) is pending rotation."
    )
    assert message.startswith(head) and message.endswith(tail)
    refused = message.removeprefix(head).removesuffix(tail)
    assert MATERIAL_ID.fullmatch(refused)
    assert imported.delete_material(second)["KeyMaterialId"] == second
    assert imported.import_new(secret(3)) == refused


def test_after_a_rotation_the_next_material_can_wait(imported):
    ids = [imported.first]
    ciphertexts = [imported.encrypt(b"1")]
    for number in (2, 3, 4):
        ids.append(imported.rotate_to(secret(number)))
        ciphertexts.append(imported.encrypt(str(number).encode()))
    ids.append(imported.import_new(secret(5)))
    assert len(set(ids)) == 5
    assert imported.material_states() == [
        *((material_id, "NON_CURRENT", "IMPORTED") for material_id in ids[:3]),
        (ids[3], "CURRENT", "IMPORTED"),
        (ids[4], "PENDING_ROTATION", "IMPORTED"),
    ]
    for number, ciphertext in enumerate(ciphertexts):
        assert imported.decrypt(ciphertext) == (str(number + 1).encode(), ids[number])


def test_the_first_import_may_say_that_it_is_new(external):
    first = external.import_new(secret(1))
    assert external.material_states() == [(first, "CURRENT", "IMPORTED")]


def test_the_first_import_cannot_be_of_existing_material(external):
    with incorrect_material():
        external.import_existing(secret(1))
    assert external.state == "PendingImport"
    assert external.all_material() == []


def test_material_of_the_key_is_not_new(imported):
    second = imported.rotate_to(secret(2))
    for number in (1, 2):
        with incorrect_material():
            imported.import_new(secret(number))
    assert imported.metadata["CurrentKeyMaterialId"] == second
    assert len(imported.all_material()) == 2


@pytest.mark.parametrize("deleted", [0, 1, 2])
def test_without_any_one_of_its_materials_the_key_is_unusable(imported, deleted):
    ids = [imported.first, imported.rotate_to(secret(2)), imported.rotate_to(secret(3))]
    ciphertext = imported.encrypt()
    assert imported.delete_material(ids[deleted])["KeyMaterialId"] == ids[deleted]
    assert imported.state == "PendingImport"
    assert imported.metadata["CurrentKeyMaterialId"] == ids[2]
    for refused in (imported.encrypt, lambda: imported.decrypt(ciphertext)):
        with pending_import(imported.arn):
            refused()
    expected = ["IMPORTED"] * 3
    expected[deleted] = "PENDING_IMPORT"
    assert [state for _, _, state in imported.material_states()] == expected
    with incorrect_material():
        imported.import_existing(secret(4))
    # Importing what is there already does not bring back what is missing.
    imported.import_existing(secret((deleted + 1) % 3 + 1))
    assert imported.state == "PendingImport"
    assert imported.import_existing(secret(deleted + 1)) == ids[deleted]
    assert imported.state == "Enabled"
    assert imported.decrypt(ciphertext) == (b"secret", ids[2])
    assert [entry["KeyMaterialId"] for entry in imported.all_material()] == ids


def test_every_missing_material_is_to_be_imported_again(imported):
    ids = [imported.first, imported.rotate_to(secret(2)), imported.rotate_to(secret(3))]
    for material_id in ids:
        imported.delete_material(material_id)
    for number in (3, 1, 2):
        assert imported.state == "PendingImport"
        imported.import_existing(secret(number))
    assert imported.state == "Enabled"


def test_without_an_id_the_current_material_is_deleted(imported):
    second = imported.rotate_to(secret(2))
    imported.import_new(secret(3))
    assert imported.delete_material()["KeyMaterialId"] == second
    states = [state for _, _, state in imported.material_states()]
    assert states == ["IMPORTED", "PENDING_IMPORT", "IMPORTED"]


def test_deleting_waiting_material_is_harmless_and_it_is_forgotten(imported):
    second = imported.import_new(secret(2))
    expected = {"KeyId": imported.arn, "KeyMaterialId": second}
    assert imported.delete_material(second) == expected
    assert imported.state == "Enabled"
    assert imported.material_states() == [(imported.first, "CURRENT", "IMPORTED")]
    with nothing_pending(imported.arn):
        imported.kms.rotate_key_on_demand(KeyId=imported.id)
    with incorrect_material():
        imported.import_existing(secret(2))
    assert imported.import_new(secret(2)) == second


def test_a_material_of_nowhere_is_not_deleted(imported):
    with raises("NotFoundException"):
        imported.delete_material("0" * 64)
    assert imported.state == "Enabled"


def test_waiting_material_can_be_imported_again_to_change_when_it_expires(imported):
    second = imported.import_new(secret(2))
    valid_to = whole_seconds(utc_now() + DAY)
    assert imported.import_existing(secret(2), ValidTo=valid_to) == second
    _, entry = imported.all_material()
    assert entry["KeyMaterialState"] == "PENDING_ROTATION"
    assert entry["ValidTo"] == valid_to
    assert imported.expiration == ("KEY_MATERIAL_DOES_NOT_EXPIRE", None)
    imported.kms.rotate_key_on_demand(KeyId=imported.id)
    assert imported.expiration == ("KEY_MATERIAL_EXPIRES", valid_to)


def test_new_material_waits_also_while_another_is_missing_and_rotates_when_it_is_back(imported):
    imported.delete_material()
    second = imported.import_new(secret(2))
    assert imported.state == "PendingImport"
    with pending_import(imported.arn):
        imported.kms.rotate_key_on_demand(KeyId=imported.id)
    imported.import_existing(secret(1))
    assert imported.state == "Enabled"
    imported.kms.rotate_key_on_demand(KeyId=imported.id)
    assert imported.metadata["CurrentKeyMaterialId"] == second


# KeyMaterialId of a request


def test_existing_material_may_be_named_and_must_be_that(imported):
    second = imported.rotate_to(secret(2))
    imported.delete_material(imported.first)
    with incorrect_material():
        imported.import_existing(secret(1), KeyMaterialId=second)
    with incorrect_material():
        imported.import_existing(secret(2), KeyMaterialId=imported.first)
    with incorrect_material():
        imported.import_existing(secret(1), KeyMaterialId="0" * 64)
    assert imported.state == "PendingImport"
    found = imported.import_existing(secret(1), KeyMaterialId=imported.first)
    assert found == imported.first
    assert imported.import_material(secret(2), KeyMaterialId=second)["KeyMaterialId"] == second
    assert imported.state == "Enabled"


def test_new_material_is_not_named(imported):
    with raises("ValidationException"):
        imported.import_new(secret(2), KeyMaterialId="0" * 64)
    assert len(imported.all_material()) == 1


def test_the_first_material_is_new_and_not_named_either(external):
    """Without ImportType it is new. What it must not be named by is not taken silently."""
    with raises("ValidationException"):
        external.import_material(secret(1), KeyMaterialId="0" * 64)
    assert external.state == "PendingImport"


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("0" * 63, "have length greater than or equal to 64"),
        ("0" * 65, "have length less than or equal to 64"),
        ("A" * 64, "satisfy regular expression pattern: ^[a-f0-9]+$"),
    ],
)
def test_a_material_id_is_64_lower_case_hexadecimal_digits(unchecked, imported, value, rule):
    with raises_violations(violated("keyMaterialId", rule, value)):
        unchecked.delete_imported_key_material(KeyId=imported.id, KeyMaterialId=value)
    assert imported.state == "Enabled"


# Descriptions


def descriptions(key):
    return [entry.get("KeyMaterialDescription") for entry in key.all_material()]


def test_each_material_has_its_description(external):
    external.import_material(secret(1), KeyMaterialDescription="first: 2024/a_b.c-d")
    external.rotate_to(secret(2))
    external.import_new(secret(3), KeyMaterialDescription="x" * 256)
    assert descriptions(external) == ["first: 2024/a_b.c-d", None, "x" * 256]


def test_a_re_import_changes_the_description_only_if_it_gives_one(external):
    external.import_material(secret(1), KeyMaterialDescription="one")
    external.import_material(secret(1))
    assert descriptions(external) == ["one"]
    external.import_material(secret(1), KeyMaterialDescription="two")
    assert descriptions(external) == ["two"]
    external.delete_material()
    assert descriptions(external) == ["two"]
    external.import_material(secret(1))
    assert descriptions(external) == ["two"]


def test_waiting_material_keeps_its_description_when_it_becomes_current(imported):
    imported.rotate_to(secret(2), KeyMaterialDescription="second")
    assert descriptions(imported) == [None, "second"]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("x" * 257, "have length less than or equal to 256"),
        ("ä", r"satisfy regular expression pattern: ^[a-zA-Z0-9:/_\s.-]+$"),
        ("a=b", r"satisfy regular expression pattern: ^[a-zA-Z0-9:/_\s.-]+$"),
    ],
    ids=["long", "letter", "sign"],
)
def test_other_descriptions_are_refused(unchecked, external, value, rule):
    with raises_violations(violated("keyMaterialDescription", rule, value)):
        external.import_with(
            {"ImportToken": b"x"}, b"x", kms=unchecked, KeyMaterialDescription=value
        )


# Lists and status


def test_the_list_tells_everything_about_each_material(external):
    valid_to = whole_seconds(utc_now() + DAY)
    first = external.import_material(
        secret(1), ValidTo=valid_to, KeyMaterialDescription="first"
    )["KeyMaterialId"]
    second = external.rotate_to(secret(2))
    third = external.import_new(secret(3), KeyMaterialDescription="third")
    entries = external.all_material()
    date = entries[1]["RotationDate"]
    assert close_to(utc_now(), date)
    rotated = {
        "KeyId": external.id,
        "KeyMaterialId": second,
        "KeyMaterialState": "CURRENT",
        "ImportState": "IMPORTED",
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        "RotationDate": date,
        "RotationType": "ON_DEMAND",
    }
    assert entries == [
        {
            "KeyId": external.id,
            "KeyMaterialId": first,
            "KeyMaterialDescription": "first",
            "KeyMaterialState": "NON_CURRENT",
            "ImportState": "IMPORTED",
            "ExpirationModel": "KEY_MATERIAL_EXPIRES",
            "ValidTo": valid_to,
        },
        rotated,
        {
            "KeyId": external.id,
            "KeyMaterialId": third,
            "KeyMaterialDescription": "third",
            "KeyMaterialState": "PENDING_ROTATION",
            "ImportState": "IMPORTED",
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        },
    ]
    assert external.rotations() == [rotated]
    external.delete_material(second)
    (entry,) = external.rotations()
    assert entry["ImportState"] == "PENDING_IMPORT"
    assert "ValidTo" not in entry
    assert entry.keys() >= ENTRY_OF_MATERIAL | {"RotationDate", "RotationType"}


def test_the_list_is_paged(imported):
    for number in range(2, 6):
        imported.rotate_to(secret(number))
    imported.import_new(secret(6))
    everything = imported.all_material()
    found = pages(
        imported.kms.list_key_rotations,
        "Rotations",
        KeyId=imported.id,
        IncludeKeyMaterial="ALL_KEY_MATERIAL",
        Limit=4,
    )
    assert [len(page) for page in found] == [4, 2]
    assert flat(found) == everything


def test_the_status_of_a_key_with_imported_material_is_that_it_does_not_rotate(external):
    expected = {"KeyId": external.id, "KeyRotationEnabled": False}
    for prepare in (lambda: None, lambda: external.import_material(secret(1))):
        prepare()
        answer = external.kms.get_key_rotation_status(KeyId=external.id)
        assert members(answer) == expected


@pytest.mark.parametrize("operation", ["enable_key_rotation", "disable_key_rotation"])
@pytest.mark.parametrize("state", ["Enabled", "PendingImport"])
def test_imported_material_does_not_rotate_automatically(external, operation, state):
    if state == "Enabled":
        external.import_material(secret(1))
    with origin_unsuited(external.arn, "EXTERNAL"):
        getattr(external.kms, operation)(KeyId=external.id)
    assert external.state == state


@pytest.mark.parametrize("spec", ["HMAC_256", "RSA_2048", "ECC_NIST_P256"])
def test_keys_with_one_material_do_not_rotate_on_demand(kms, spec):
    key = new_key(kms, spec)
    with pending_import(key.arn):
        kms.rotate_key_on_demand(KeyId=key.id)
    key.import_material(material_of(spec))
    with raises("UnsupportedOperationException"):
        kms.rotate_key_on_demand(KeyId=key.id)


def test_25_rotations_to_imported_material_are_all_that_a_key_has(imported):
    ciphertext = imported.encrypt()
    for number in range(2, 27):
        imported.rotate_to(secret(number))
    waiting = imported.import_new(secret(27))
    with raises(
        "LimitExceededException",
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand "
        f"rotations can be performed for this key: {imported.arn}",
    ):
        imported.kms.rotate_key_on_demand(KeyId=imported.id)
    assert len(imported.rotations()) == 25
    assert imported.material_states()[-1] == (waiting, "PENDING_ROTATION", "IMPORTED")
    assert imported.decrypt(ciphertext) == (b"secret", imported.first)


def test_a_rotation_that_was_refused_does_not_count(imported):
    for _ in range(26):
        with nothing_pending(imported.arn):
            imported.kms.rotate_key_on_demand(KeyId=imported.id)
    second = imported.rotate_to(secret(2))
    assert imported.metadata["CurrentKeyMaterialId"] == second


def test_a_disabled_key_does_not_rotate_to_its_waiting_material(imported):
    imported.import_new(secret(2))
    imported.kms.disable_key(KeyId=imported.id)
    with raises("DisabledException", f"{imported.arn} is disabled."):
        imported.kms.rotate_key_on_demand(KeyId=imported.id)
    assert imported.rotations() == []


# Multi-Region keys


REGIONS = (REGION, OTHER_REGION, THIRD_REGION)


class RelatedKeys:
    """A multi-Region key with imported material, replicated to `replicas`. A key is named by its
    Region."""

    def __init__(self, server, *replicas):
        self.server = server
        clients = [server.client(region=region) for region in REGIONS]
        primary = ImportedKey(clients[0], MultiRegion=True)
        self.id = primary.id
        self.keys = {REGION: primary}
        for region, kms in zip(REGIONS[1:], clients[1:], strict=True):
            key = ImportedKey.__new__(ImportedKey)
            key.kms, key.id, key.spec, key.tokens = kms, self.id, primary.spec, {}
            key.arn = key_arn(self.id, region=region)
            self.keys[region] = key
        self.home, self.away, self.third = self.keys.values()
        self.first = self.home.import_material(secret(1))["KeyMaterialId"]
        for region in replicas:
            self.replicate(region)

    def replicate(self, region):
        self.home.kms.replicate_key(KeyId=self.id, ReplicaRegion=region)


@pytest.fixture
def pair(server):
    """A primary with its material, and a replica that has none of the bytes."""
    return RelatedKeys(server, OTHER_REGION)


@pytest.fixture
def ready(pair):
    """A primary and a replica with the same material."""
    pair.away.import_material(secret(1))
    return pair


@pytest.fixture
def three(server):
    """A primary and two replicas with the same material."""
    keys = RelatedKeys(server, OTHER_REGION, THIRD_REGION)
    keys.away.import_material(secret(1))
    keys.third.import_material(secret(1))
    return keys


WAITING = "PENDING_ROTATION"
WAITING_FOR_REPLICAS = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"


def no_primary(arn):
    return raises("UnsupportedOperationException", f"{arn} is not a multi-region primary key.")


def test_a_key_without_material_is_not_replicated(server):
    key = ImportedKey(server.client(), MultiRegion=True)
    with pending_import(key.arn):
        key.kms.replicate_key(KeyId=key.id, ReplicaRegion=OTHER_REGION)


def test_a_replica_begins_without_the_material(pair):
    assert pair.home.state == "Enabled"
    metadata = pair.away.metadata
    assert (metadata["KeyState"], metadata["Origin"]) == ("PendingImport", "EXTERNAL")
    assert pair.away.material_states() == [(pair.first, "CURRENT", "PENDING_IMPORT")]
    with pending_import(pair.away.arn):
        pair.away.encrypt()
    with pending_import(pair.away.arn):
        pair.away.decrypt(pair.home.encrypt())


def test_the_same_bytes_make_the_replica_work_and_ciphertexts_readable_across(pair):
    assert pair.away.import_material(secret(1)) == {
        "KeyId": pair.away.arn,
        "KeyMaterialId": pair.first,
    }
    assert pair.away.state == "Enabled"
    for one, other in itertools.permutations((pair.home, pair.away)):
        assert other.decrypt(one.encrypt()) == (b"secret", pair.first)


@pytest.mark.parametrize(
    "options", [{}, {"ImportType": "EXISTING_KEY_MATERIAL"}], ids=["default", "existing"]
)
def test_other_bytes_are_refused_by_a_replica(pair, options):
    with incorrect_material():
        pair.away.import_material(secret(2), **options)
    assert pair.away.state == "PendingImport"


@pytest.mark.parametrize("number", [1, 2])
def test_new_material_is_refused_by_a_replica(ready, number):
    with no_primary(ready.away.arn):
        ready.away.import_new(secret(number))
    assert len(ready.home.all_material()) == len(ready.away.all_material()) == 1


def test_a_token_is_good_in_its_region_only(pair):
    parameters = pair.home.parameters()
    encrypted = wrapped(parameters["PublicKey"], OAEP_256, secret(1))
    with raises("InvalidImportTokenException"):
        pair.away.import_with(parameters, encrypted)


@pytest.mark.parametrize(
    ("spec", "material"),
    [("HMAC_256", secret(1)), ("ECC_NIST_P256", pkcs8(pair_of("ECC_NIST_P256")))],
)
def test_a_replica_of_a_key_with_one_material_takes_the_same_bytes_only(server, spec, material):
    key = new_key(server.client(), spec, MultiRegion=True)
    key.import_material(material)
    key.kms.replicate_key(KeyId=key.id, ReplicaRegion=OTHER_REGION)
    key.kms = server.client(region=OTHER_REGION)
    key.tokens = {}
    assert key.state == "PendingImport"
    other = secret(2) if spec == "HMAC_256" else pkcs8(pair_of(spec, number=2))
    with incorrect_material():
        key.import_material(other)
    key.import_material(material)
    assert key.state == "Enabled"


def test_material_expires_in_each_region_by_itself(machine):
    keys = RelatedKeys(machine, OTHER_REGION)
    valid_to = whole_seconds(clock(machine) + DAY)
    keys.away.import_material(secret(1), ValidTo=valid_to)
    assert keys.home.expiration == ("KEY_MATERIAL_DOES_NOT_EXPIRE", None)
    assert keys.away.expiration == ("KEY_MATERIAL_EXPIRES", valid_to)
    ciphertext = keys.home.encrypt()
    machine.advance("P1D")
    assert keys.away.state == "PendingImport"
    assert keys.home.decrypt(ciphertext) == (b"secret", keys.first)


def test_material_is_deleted_in_each_region_by_itself(ready):
    ready.away.delete_material()
    assert (ready.home.state, ready.away.state) == ("Enabled", "PendingImport")
    ready.away.import_material(secret(1))
    ready.home.delete_material()
    assert (ready.home.state, ready.away.state) == ("PendingImport", "Enabled")
    ready.home.import_material(secret(1))
    assert ready.home.decrypt(ready.away.encrypt()) == (b"secret", ready.first)


def test_a_primary_without_replicas_rotates_like_any_other_key(server):
    keys = RelatedKeys(server)
    second = keys.home.import_new(secret(2))
    assert keys.home.material_states()[1] == (second, WAITING, "IMPORTED")
    keys.home.kms.rotate_key_on_demand(KeyId=keys.id)
    assert keys.home.metadata["CurrentKeyMaterialId"] == second


def test_new_material_waits_until_every_replica_has_it(three):
    second = three.home.import_new(secret(2), KeyMaterialDescription="second")
    for importing in (three.away, three.third):
        assert three.home.material_states()[1] == (second, WAITING_FOR_REPLICAS, "IMPORTED")
        for replica in (three.away, three.third):
            entry = replica.all_material()[1]
            assert entry["KeyMaterialId"] == second
            assert entry["KeyMaterialDescription"] == "second"
            assert entry["KeyMaterialState"] == WAITING_FOR_REPLICAS
            assert replica.state == "Enabled"
        assert importing.all_material()[1]["ImportState"] == "PENDING_IMPORT"
        with nothing_pending(three.home.arn):
            three.home.kms.rotate_key_on_demand(KeyId=three.id)
        with incorrect_material():
            importing.import_existing(secret(3))
        assert importing.import_existing(secret(2)) == second
    for key in (three.home, three.away, three.third):
        assert key.material_states() == [
            (three.first, "CURRENT", "IMPORTED"),
            (second, WAITING, "IMPORTED"),
        ]
        assert key.metadata["CurrentKeyMaterialId"] == three.first


def test_the_rotation_of_the_primary_rotates_all(three):
    old = three.away.encrypt(b"old")
    second = three.home.import_new(secret(2))
    three.away.import_existing(secret(2))
    three.third.import_existing(secret(2))
    three.home.kms.rotate_key_on_demand(KeyId=three.id)
    keys = (three.home, three.away, three.third)
    dates = set()
    for key in keys:
        assert key.state == "Enabled"
        assert key.metadata["CurrentKeyMaterialId"] == second
        assert key.material_states() == [
            (three.first, "NON_CURRENT", "IMPORTED"),
            (second, "CURRENT", "IMPORTED"),
        ]
        assert key.decrypt(old) == (b"old", three.first)
        dates |= {entry["RotationDate"] for entry in key.rotations()}
    assert len(dates) == 1
    for one, other in itertools.permutations(keys, 2):
        assert other.decrypt(one.encrypt()) == (b"secret", second)


def test_a_replica_is_not_rotated_whatever_waits_there(ready):
    with no_primary(ready.away.arn):
        ready.away.kms.rotate_key_on_demand(KeyId=ready.id)
    ready.home.import_new(secret(2))
    with no_primary(ready.away.arn):
        ready.away.kms.rotate_key_on_demand(KeyId=ready.id)
    ready.away.import_existing(secret(2))
    with no_primary(ready.away.arn):
        ready.away.kms.rotate_key_on_demand(KeyId=ready.id)
    assert ready.home.rotations() == ready.away.rotations() == []


def test_waiting_material_deleted_on_the_primary_is_gone_everywhere(ready):
    second = ready.home.import_new(secret(2))
    ready.away.import_existing(secret(2))
    ready.home.delete_material(second)
    for key in (ready.home, ready.away):
        assert key.state == "Enabled"
        assert key.material_states() == [(ready.first, "CURRENT", "IMPORTED")]
    with incorrect_material():
        ready.away.import_existing(secret(2))
    assert ready.home.import_new(secret(3)) != second


def test_waiting_material_deleted_on_a_replica_is_gone_there_only(ready):
    second = ready.home.import_new(secret(2))
    ready.away.import_existing(secret(2))
    assert ready.away.delete_material(second)["KeyMaterialId"] == second
    assert ready.away.state == "Enabled"
    assert ready.away.material_states()[1] == (second, WAITING_FOR_REPLICAS, "PENDING_IMPORT")
    assert ready.home.material_states()[1] == (second, WAITING_FOR_REPLICAS, "IMPORTED")
    with nothing_pending(ready.home.arn):
        ready.home.kms.rotate_key_on_demand(KeyId=ready.id)
    ready.away.import_existing(secret(2))
    ready.home.kms.rotate_key_on_demand(KeyId=ready.id)
    assert ready.away.metadata["CurrentKeyMaterialId"] == second


def test_waiting_material_that_expires_on_a_replica_is_to_be_imported_there_again(machine):
    keys = RelatedKeys(machine, OTHER_REGION)
    keys.away.import_material(secret(1))
    second = keys.home.import_new(secret(2))
    keys.away.import_existing(secret(2), ValidTo=whole_seconds(clock(machine) + DAY))
    machine.advance("P1D")
    assert keys.away.state == "Enabled"
    assert keys.home.material_states()[1] == (second, WAITING_FOR_REPLICAS, "IMPORTED")
    keys.away.tokens = {}
    keys.away.import_existing(secret(2))
    assert keys.home.material_states()[1] == (second, WAITING, "IMPORTED")


def test_waiting_material_that_expires_on_the_primary_is_gone_everywhere(machine):
    keys = RelatedKeys(machine, OTHER_REGION)
    keys.away.import_material(secret(1))
    keys.home.import_new(secret(2), ValidTo=whole_seconds(clock(machine) + DAY))
    keys.away.import_existing(secret(2))
    machine.advance("P1D")
    for key in (keys.home, keys.away):
        assert key.state == "Enabled"
        assert key.material_states() == [(keys.first, "CURRENT", "IMPORTED")]


def test_a_replica_made_later_needs_every_material_of_the_primary(server):
    keys = RelatedKeys(server)
    old = keys.home.encrypt(b"old")
    second = keys.home.rotate_to(secret(2))
    keys.replicate(OTHER_REGION)
    assert keys.away.material_states() == [
        (keys.first, "NON_CURRENT", "PENDING_IMPORT"),
        (second, "CURRENT", "PENDING_IMPORT"),
    ]
    keys.away.import_material(secret(2))
    assert keys.away.state == "PendingImport"
    keys.away.import_material(secret(1))
    assert keys.away.state == "Enabled"
    assert keys.away.decrypt(old) == (b"old", keys.first)


def test_a_replica_made_while_material_waits_needs_that_too(ready):
    second = ready.home.import_new(secret(2))
    ready.away.import_existing(secret(2))
    assert ready.home.material_states()[1][1] == WAITING
    ready.replicate(THIRD_REGION)
    assert ready.home.material_states()[1][1] == WAITING_FOR_REPLICAS
    ready.third.import_existing(secret(1))
    assert ready.third.state == "Enabled"
    ready.third.import_existing(secret(2))
    assert ready.home.material_states()[1] == (second, WAITING, "IMPORTED")


def test_the_description_of_a_material_is_changed_on_the_primary_only(ready):
    ready.home.import_existing(secret(1), KeyMaterialDescription="of the primary")
    assert descriptions(ready.home) == descriptions(ready.away) == ["of the primary"]
    try:
        ready.away.import_existing(secret(1), KeyMaterialDescription="of the replica")
    except ready.away.kms.exceptions.ClientError:
        pass
    assert descriptions(ready.home) == descriptions(ready.away) == ["of the primary"]


def test_the_new_primary_takes_new_material_and_rotates(ready):
    ready.home.kms.update_primary_region(KeyId=ready.id, PrimaryRegion=OTHER_REGION)
    with no_primary(ready.home.arn):
        ready.home.import_new(secret(2))
    second = ready.away.import_new(secret(2))
    ready.home.import_existing(secret(2))
    ready.away.kms.rotate_key_on_demand(KeyId=ready.id)
    assert ready.home.decrypt(ready.away.encrypt()) == (b"secret", second)


# Durability


def test_imported_material_survives_a_restart(start, data_dir):
    server = start(data_dir=data_dir)
    key = ImportedKey(server.client())
    valid_to = whole_seconds(clock(server) + 10 * DAY)
    first = key.import_material(secret(1), KeyMaterialDescription="first")["KeyMaterialId"]
    old = key.encrypt(b"old")
    key.rotate_to(secret(2), ValidTo=valid_to)
    waiting = key.import_new(secret(3))
    signer = new_key(server.client(), "RSA_2048")
    signer.import_material(material_of("RSA_2048"))
    missing = ImportedKey(server.client())
    missing.import_material(secret(1))
    missing.delete_material()
    before = [(one.metadata, one.all_material()) for one in (key, signer, missing)]

    server.kill()
    server.start()
    kms = server.client()
    for one in (key, signer, missing):
        one.kms = kms
    assert [(one.metadata, one.all_material()) for one in (key, signer, missing)] == before
    assert key.decrypt(old) == (b"old", first)
    verified_rsa(kms, signer, rsa_pair("RSA_2048").public_key())
    # The token from before the restart is still good.
    missing.import_material(secret(1))
    assert missing.state == "Enabled"
    kms.rotate_key_on_demand(KeyId=key.id)
    assert key.metadata["CurrentKeyMaterialId"] == waiting
    server.advance("P10D")
    assert key.state == "PendingImport"


def test_material_that_expired_while_the_server_was_down_is_gone(start, data_dir):
    server = start(data_dir=data_dir)
    key = ImportedKey(server.client())
    valid_to = whole_seconds(clock(server) + timedelta(hours=1))
    first = key.import_material(secret(1), ValidTo=valid_to)["KeyMaterialId"]
    server.advance("PT59M")
    server.kill()
    server.start()
    key.kms = server.client()
    assert key.state == "Enabled"
    server.advance("PT1M")
    server.kill()
    server.start()
    key.kms = server.client()
    assert key.state == "PendingImport"
    assert key.material_states() == [(first, "CURRENT", "PENDING_IMPORT")]
