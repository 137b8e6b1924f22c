"""Recipient: replies that only the enclave reads that made the attestation document."""

import base64
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from enclave import (
    ALGORITHM,
    HOUR,
    Authority,
    Enclave,
    Nitro,
    cbor,
    milliseconds,
    recipient,
    rsa_key,
)
from sdk_support import (
    AGREEING,
    REGION,
    UNKNOWN_KEY_ID,
    WOULD_SUCCEED,
    altered,
    call,
    last_use,
    members,
    pkcs8,
    raises,
    raises_violations,
)
from trent_server import ROOT, Trent

REFUSED = "Recipient is refused: "
INCOMPLETE = "Recipient needs both KeyEncryptionAlgorithm and AttestationDocument."
AWS_FINGERPRINT = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"


@pytest.fixture(scope="module")
def nitro():
    return Nitro()


@pytest.fixture(scope="module")
def enclave(nitro):
    return Enclave(nitro)


@pytest.fixture(scope="module")
def root_file(nitro, tmp_path_factory):
    path = tmp_path_factory.mktemp("attestation") / "root.pem"
    path.write_bytes(nitro.root.pem)
    return path


@pytest.fixture(scope="module")
def attesting(root_file):
    """A server that trusts the root of these tests."""
    with Trent("--attestation-root", root_file) as server:
        yield server


@pytest.fixture(scope="module")
def kms(attesting):
    return attesting.client()


@pytest.fixture(scope="module")
def unchecked(attesting):
    return attesting.client(parameter_validation=False)


@pytest.fixture(scope="module")
def key(kms):
    return kms.create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture(scope="module")
def agreeing(kms):
    return kms.create_key(**AGREEING)["KeyMetadata"]["KeyId"]


PEER_KEY = ec.generate_private_key(ec.SECP256R1())
PEER = PEER_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def decrypt(kms, key, agreeing, **parameters):
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    return kms.decrypt(CiphertextBlob=blob, **parameters)


def derive_shared_secret(kms, key, agreeing, **parameters):
    return kms.derive_shared_secret(
        KeyId=agreeing, KeyAgreementAlgorithm="ECDH", PublicKey=PEER, **parameters
    )


def generate_data_key(kms, key, agreeing, **parameters):
    return kms.generate_data_key(KeyId=key, KeySpec="AES_256", **parameters)


def generate_data_key_pair(kms, key, agreeing, **parameters):
    return kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256", **parameters)


def generate_random(kms, key, agreeing, **parameters):
    return kms.generate_random(NumberOfBytes=32, **parameters)


ON_KEYS = [decrypt, derive_shared_secret, generate_data_key, generate_data_key_pair]
OPERATIONS = [*ON_KEYS, generate_random]

on_keys = pytest.mark.parametrize("operation", ON_KEYS)
operations = pytest.mark.parametrize("operation", OPERATIONS)


# What the enclave gets


def test_decrypt_answers_for_the_recipient(kms, key, agreeing, enclave):
    reply = members(decrypt(kms, key, agreeing, Recipient=enclave.recipient()))
    assert enclave.open(reply.pop("CiphertextForRecipient")) == b"secret"
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    assert reply == {"KeyId": arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}


@pytest.mark.parametrize("length", [1, 15, 16, 17, 4096])
def test_plaintexts_of_every_length_are_answered(kms, key, enclave, length):
    plaintext = bytes(range(256)) * 16
    blob = kms.encrypt(KeyId=key, Plaintext=plaintext[:length])["CiphertextBlob"]
    reply = kms.decrypt(CiphertextBlob=blob, Recipient=enclave.recipient())
    assert enclave.open(reply["CiphertextForRecipient"]) == plaintext[:length]


def test_decrypt_with_an_asymmetric_key_answers_for_the_recipient(kms, enclave):
    metadata = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]
    named = {"KeyId": metadata["KeyId"], "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    blob = kms.encrypt(Plaintext=b"secret", **named)["CiphertextBlob"]
    reply = kms.decrypt(CiphertextBlob=blob, Recipient=enclave.recipient(), **named)
    assert enclave.open(reply.pop("CiphertextForRecipient")) == b"secret"
    assert members(reply) == {**named, "KeyId": metadata["Arn"]}


def test_derive_shared_secret_answers_for_the_recipient(kms, key, agreeing, enclave):
    reply = members(derive_shared_secret(kms, key, agreeing, Recipient=enclave.recipient()))
    secret = enclave.open(reply.pop("CiphertextForRecipient"))
    public = load_der_public_key(kms.get_public_key(KeyId=agreeing)["PublicKey"])
    assert secret == PEER_KEY.exchange(ec.ECDH(), public)
    in_the_clear = members(derive_shared_secret(kms, key, agreeing))
    assert secret == in_the_clear.pop("SharedSecret")
    assert reply == in_the_clear


@pytest.mark.parametrize(
    ("size", "length"),
    [({"KeySpec": "AES_128"}, 16), ({"KeySpec": "AES_256"}, 32), ({"NumberOfBytes": 1024}, 1024)],
)
def test_generate_data_key_answers_for_the_recipient(kms, key, enclave, size, length):
    context = {"EncryptionContext": {"purpose": "test"}}
    reply = members(
        kms.generate_data_key(KeyId=key, Recipient=enclave.recipient(), **size, **context)
    )
    data_key = enclave.open(reply.pop("CiphertextForRecipient"))
    assert len(data_key) == length
    decrypted = kms.decrypt(CiphertextBlob=reply.pop("CiphertextBlob"), **context)
    assert decrypted["Plaintext"] == data_key
    assert reply == {"KeyId": decrypted["KeyId"]}


@pytest.mark.parametrize("spec", ["ECC_NIST_P521", "RSA_4096"])
def test_generate_data_key_pair_answers_for_the_recipient(kms, key, enclave, spec):
    reply = members(
        kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec, Recipient=enclave.recipient())
    )
    private = enclave.open(reply.pop("CiphertextForRecipient"))
    decrypted = kms.decrypt(CiphertextBlob=reply.pop("PrivateKeyCiphertextBlob"))
    assert decrypted["Plaintext"] == private
    public = load_der_private_key(private, None).public_key()
    encoded = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert reply.pop("PublicKey") == encoded
    assert reply == {"KeyId": decrypted["KeyId"], "KeyPairSpec": spec}


def test_generate_random_answers_for_the_recipient(kms, enclave):
    made = set()
    for length in (1, 1024, 1024):
        reply = kms.generate_random(NumberOfBytes=length, Recipient=enclave.recipient())
        made.add(enclave.open(reply.pop("CiphertextForRecipient")))
        assert members(reply) == {}
    assert sorted(map(len, made)) == [1, 1024, 1024]


@pytest.mark.parametrize("bits", [3072, 4096])
def test_the_key_of_a_recipient_may_be_longer(kms, nitro, bits):
    enclave = Enclave(nitro, bits)
    reply = kms.generate_random(NumberOfBytes=32, Recipient=enclave.recipient())
    assert len(enclave.open(reply["CiphertextForRecipient"])) == 32


def test_only_the_attested_key_opens_the_answer(kms, key, agreeing, nitro, enclave):
    reply = decrypt(kms, key, agreeing, Recipient=Enclave(nitro, 3072).recipient())
    with pytest.raises(AssertionError):
        enclave.open(reply["CiphertextForRecipient"])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl")
def test_openssl_reads_the_answer(kms, key, agreeing, enclave, tmp_path):
    reply = decrypt(kms, key, agreeing, Recipient=enclave.recipient())
    paths = tmp_path / "key.der", tmp_path / "message.ber"
    for path, content in zip(paths, (pkcs8(enclave.key), reply["CiphertextForRecipient"])):
        path.write_bytes(content)
    command = ["openssl", "cms", "-decrypt", "-binary", "-keyform", "DER", "-inkey", paths[0]]
    result = subprocess.run(
        [*command, "-inform", "DER", "-in", paths[1]], capture_output=True, check=True
    )
    assert result.stdout == b"secret"


def test_the_cli_takes_a_recipient(attesting, enclave, tmp_path):
    document = tmp_path / "document"
    document.write_bytes(enclave.document())
    reply = attesting.cli(
        *("generate-random", "--number-of-bytes", "32", "--recipient"),
        f"KeyEncryptionAlgorithm={ALGORITHM},AttestationDocument@=fileb://{document}",
    )
    assert len(enclave.open(base64.b64decode(reply.pop("CiphertextForRecipient")))) == 32
    assert reply == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"pcrs": ..., "nitrotpm_pcrs": {index: bytes(48) for index in range(24)}},
        {"timestamp": -4},
        {"timestamp": 4},
        {"user_data": b"x" * 512, "nonce": b""},
        {"user_data": ..., "nonce": ..., "a field of the future": [None]},
    ],
    ids=["NitroTPM", "four minutes old", "four minutes early", "data", "other fields"],
)
def test_a_genuine_document_is_accepted(kms, enclave, changes):
    if "timestamp" in changes:
        changes = {"timestamp": milliseconds(changes["timestamp"])}
    reply = kms.generate_random(NumberOfBytes=32, Recipient=enclave.recipient(**changes))
    assert len(enclave.open(reply["CiphertextForRecipient"])) == 32


def test_documents_are_of_real_time(root_file, enclave, start):
    machine = start("--attestation-root", root_file)
    machine.advance("P400D")
    kms = machine.client()
    reply = kms.generate_random(NumberOfBytes=32, Recipient=enclave.recipient())
    assert len(enclave.open(reply["CiphertextForRecipient"])) == 32


# What is refused


@operations
def test_an_untrusted_document_is_never_answered(kms, key, agreeing, operation):
    other = Enclave(Nitro()).recipient()
    with raises("ValidationException", f"{REFUSED}{OTHER_ROOT}."):
        operation(kms, key, agreeing, Recipient=other)


@operations
@pytest.mark.parametrize("kept", [(), ("KeyEncryptionAlgorithm",), ("AttestationDocument",)])
def test_an_incomplete_recipient_is_never_answered(kms, key, agreeing, enclave, operation, kept):
    given = {name: value for name, value in enclave.recipient().items() if name in kept}
    with raises("ValidationException", INCOMPLETE):
        operation(kms, key, agreeing, Recipient=given)


@operations
def test_another_algorithm_is_never_answered(unchecked, key, agreeing, enclave, operation):
    given = {**enclave.recipient(), "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_1"}
    with raises_violations(
        "Value 'RSAES_OAEP_SHA_1' at 'recipient.keyEncryptionAlgorithm' failed to satisfy "
        "constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_256]"
    ):
        operation(unchecked, key, agreeing, Recipient=given)


OTHER_ROOT = "the root of the attestation document is not trusted"
NO_COSE = "the attestation document is no COSE_Sign1"
NO_CHAIN = "the certificates of the attestation document are no chain"
BAD_SIGNATURE = "the signature of the attestation document is invalid"
EXPIRED = "a certificate of the attestation document is not valid at this time"
MALFORMED = "a certificate of the attestation document is malformed"
NOT_RSA = "the public key of the attestation document is no RSA key of 2048 to 4096 bits"


def field(name):
    return f"the field `{name}` of the attestation document is missing or malformed"


def expired(**which):
    """A document whose chain has a certificate that ended an hour ago, or begins in one."""

    def make(enclave):
        nitro = enclave.nitro
        zone, signer = nitro.zone, nitro.signer
        if "zone" in which:
            zone = Authority("zone", nitro.root, depth=0, **which["zone"])
            signer = Authority("signer", zone)
        if "signer" in which:
            signer = Authority("signer", zone, **which["signer"])
        return Enclave(Nitro(nitro.root, zone, signer)).document()

    return make


def substituted_signer(enclave):
    """A document of a signer that another authority of the same name issued."""
    zone = Authority("zone", depth=0)
    other = Nitro(enclave.nitro.root, enclave.nitro.zone, Authority("signer", zone))
    return Enclave(other).document()


def signed_by_nobody(enclave):
    """A document with the signer's certificate, which another key signed."""
    nitro = enclave.nitro
    other = Nitro(nitro.root, nitro.zone)
    return Enclave(other).document(certificate=nitro.signer.der)


def altered_payload(enclave):
    document = enclave.document()
    return altered(document, document.index(b"i-0123") + 3)


def substituted_key(enclave):
    """A genuine document in which somebody put a key of their own."""
    other = Enclave(enclave.nitro)
    other.key = OTHER_KEY
    return enclave.document().replace(enclave.public_key, other.public_key)


OTHER_KEY = rsa_key.__wrapped__(2048)
PAST = {"begin": -3 * HOUR, "end": -HOUR}
COMING = {"begin": HOUR, "end": 2 * HOUR}


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda e: b"not CBOR at all", NO_COSE),
        (lambda e: b"\0", NO_COSE),
        (lambda e: cbor([b"", {}, b""]), NO_COSE),
        (lambda e: e.document() + b"\0", NO_COSE),
        (lambda e: e.document()[:-1], NO_COSE),
        (lambda e: b"x" * 262_144, NO_COSE),
        (lambda e: e.nitro.signed(b"x"), "the content of the attestation document is malformed"),
        (
            lambda e: e.document().replace(cbor({1: -35}), cbor({1: -34}), 1),
            "the attestation document is not signed with ES384 alone",
        ),
        (lambda e: Enclave(Nitro()).document(), OTHER_ROOT),
        (lambda e: e.document(cabundle=[e.nitro.zone.der]), OTHER_ROOT),
        (lambda e: e.document(cabundle=[]), field("cabundle")),
        (lambda e: e.document(cabundle=[e.nitro.root.der]), NO_CHAIN),
        (lambda e: e.document(cabundle=[e.nitro.root.der] * 2), NO_CHAIN),
        (lambda e: e.document(certificate=b"x"), MALFORMED),
        (substituted_signer, NO_CHAIN),
        (signed_by_nobody, BAD_SIGNATURE),
        (altered_payload, BAD_SIGNATURE),
        (substituted_key, BAD_SIGNATURE),
        (lambda e: altered(e.document(), -1), BAD_SIGNATURE),
        (expired(signer=PAST), EXPIRED),
        (expired(signer=COMING), EXPIRED),
        (expired(zone=PAST), EXPIRED),
        (
            lambda e: e.document(timestamp=milliseconds(-6)),
            "the attestation document is too old",
        ),
        (
            lambda e: e.document(timestamp=milliseconds(6)),
            "the timestamp of the attestation document is in the future",
        ),
        (lambda e: e.document(public_key=...), field("public_key")),
        (lambda e: e.document(public_key=None), field("public_key")),
        (lambda e: e.document(public_key=b""), field("public_key")),
        (lambda e: e.document(public_key=PEER), NOT_RSA),
        (lambda e: e.document(public_key=b"x" * 100), NOT_RSA),
        (lambda e: e.document(digest="SHA256"), field("digest")),
        (lambda e: e.document(pcrs=...), field("pcrs")),
    ],
)
def test_a_document_that_is_not_genuine_is_refused(kms, enclave, make, reason):
    with raises("ValidationException", f"{REFUSED}{reason}."):
        kms.generate_random(NumberOfBytes=32, Recipient=recipient(make(enclave)))


def test_no_altered_document_is_answered(kms, enclave):
    document = enclave.document()
    for position in [*range(40), *range(40, len(document), 37), len(document) - 1]:
        with raises("ValidationException"):
            kms.generate_random(
                NumberOfBytes=1, Recipient=recipient(altered(document, position))
            )


def test_a_document_has_1_to_262144_bytes(unchecked):
    path = "Value at 'recipient.attestationDocument' failed to satisfy constraint: Member must "
    for document, rule in (
        (b"", "have length greater than or equal to 1"),
        (b"x" * 262_145, "have length less than or equal to 262144"),
    ):
        with raises_violations(path + rule):
            unchecked.generate_random(NumberOfBytes=1, Recipient=recipient(document))


def test_an_answer_without_a_plaintext_takes_no_recipient(attesting, kms, key):
    """Where the API has no Recipient it is a member like any other that is not known."""
    body = {"KeyId": key, "KeySpec": "AES_256", "Recipient": {"AttestationDocument": "eA=="}}
    reply = call(attesting, "GenerateDataKeyWithoutPlaintext", body, region=REGION)
    assert (reply.status, "KeyMaterialId" in reply.json) == (200, True)


# When it is checked


@on_keys
def test_the_recipient_is_checked_before_the_key(kms, key, agreeing, operation, enclave):
    """Nobody learns about keys with a document that is not genuine."""
    refusal = raises("ValidationException", f"{REFUSED}{NO_COSE}.")
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    parameters = {"KeyId": UNKNOWN_KEY_ID, "GrantTokens": ["x"], "DryRun": True}
    calls = {
        decrypt: lambda r: kms.decrypt(CiphertextBlob=blob, Recipient=r, **parameters),
        derive_shared_secret: lambda r: kms.derive_shared_secret(
            KeyAgreementAlgorithm="ECDH", PublicKey=PEER, Recipient=r, **parameters
        ),
        generate_data_key: lambda r: kms.generate_data_key(
            KeySpec="AES_256", Recipient=r, **parameters
        ),
        generate_data_key_pair: lambda r: kms.generate_data_key_pair(
            KeyPairSpec="ECC_NIST_P256", Recipient=r, **parameters
        ),
    }
    with refusal:
        calls[operation](recipient(b"x"))
    with raises("InvalidGrantTokenException"):
        calls[operation](enclave.recipient())
    del parameters["GrantTokens"]
    with raises("NotFoundException"):
        calls[operation](enclave.recipient())


@on_keys
def test_a_dry_run_with_a_recipient_would_succeed(kms, key, agreeing, enclave, operation):
    with raises("DryRunOperationException", WOULD_SUCCEED):
        operation(kms, key, agreeing, Recipient=enclave.recipient(), DryRun=True)


def test_a_wrong_ciphertext_is_refused_with_a_recipient_too(kms, key, enclave):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with raises("InvalidCiphertextException", ""):
        kms.decrypt(CiphertextBlob=altered(blob, -1), Recipient=enclave.recipient())


def test_a_refused_recipient_is_no_use_of_the_key(kms, enclave):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    with raises("ValidationException"):
        generate_data_key(kms, key, None, Recipient=recipient(b"x"))
    assert last_use(kms, key) is None
    generate_data_key(kms, key, None, Recipient=enclave.recipient())
    assert last_use(kms, key) == "GenerateDataKey"


# Roots


def test_the_root_of_aws_is_trusted_unless_told_otherwise(server, enclave):
    (path,) = (ROOT / "crates").glob("**/aws_nitro_root_g1.pem")
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert certificate.fingerprint(hashes.SHA256()).hex() == AWS_FINGERPRINT
    kms = server.client()
    with raises("ValidationException", f"{REFUSED}{OTHER_ROOT}."):
        kms.generate_random(NumberOfBytes=1, Recipient=enclave.recipient())
    # A chain that begins with it is looked at further.
    root = certificate.public_bytes(Encoding.DER)
    chain = [root, enclave.nitro.zone.der]
    with raises("ValidationException", f"{REFUSED}{NO_CHAIN}."):
        kms.generate_random(NumberOfBytes=1, Recipient=enclave.recipient(cabundle=chain))


def test_several_roots_can_be_trusted(nitro, start, tmp_path):
    other = Nitro()
    path = tmp_path / "roots.pem"
    path.write_bytes(b"# first\n" + nitro.root.pem + b"\n# second\n" + other.root.pem)
    kms = start(env={"TRENT_ATTESTATION_ROOT": str(path)}).client()
    for one in (nitro, other):
        reply = kms.generate_random(NumberOfBytes=1, Recipient=Enclave(one).recipient())
        assert len(Enclave(one).open(reply["CiphertextForRecipient"])) == 1
    with raises("ValidationException", f"{REFUSED}{OTHER_ROOT}."):
        kms.generate_random(NumberOfBytes=1, Recipient=Enclave(Nitro()).recipient())


def test_an_expired_root_is_accepted_at_the_start_and_refused_in_use(start, tmp_path):
    nitro = Nitro(Authority("root", depth=2, **PAST))
    path = tmp_path / "root.pem"
    path.write_bytes(nitro.root.pem)
    kms = start("--attestation-root", path).client()
    with raises("ValidationException", f"{REFUSED}{EXPIRED}."):
        kms.generate_random(NumberOfBytes=1, Recipient=Enclave(nitro).recipient())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not PEM",
        b"\xff",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        Authority("signer").pem,
        Authority("root", depth=2).pem + Authority("signer").pem,
        Authority("root", depth=2).pem + b"#" * 65_536,
        PEER_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["empty", "no PEM", "no text", "no certificate", "no authority", "one", "long", "key"],
)
def test_a_file_without_roots_is_refused_at_the_start(tmp_path, content):
    path = tmp_path / "root.pem"
    path.write_bytes(content)
    message = start_refused(path)
    assert "attestation roots" in message
    assert f"`{path}`" in message


def test_a_file_of_roots_that_does_not_exist_is_refused_at_the_start(tmp_path):
    message = start_refused(tmp_path / "missing.pem")
    assert re.search(r"attestation roots: reading `\S+/missing.pem`: No such file", message)


def start_refused(path: Path):
    log = path.parent / "log"
    with open(log, "w") as file:
        server = Trent("--attestation-root", path, log=file)
        with pytest.raises(RuntimeError, match="trent ended with 1"):
            server.start()
    return log.read_text()
