"""Enclaves for tests: certificates, attestation documents, and what is encrypted for an enclave.

Nothing here comes from Trent: CBOR and COSE are written out, CMS is read by hand, and the
cryptography is that of another library.
"""

import datetime
import time
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

HOUR = datetime.timedelta(hours=1)
ALGORITHM = "RSAES_OAEP_SHA_256"


class Authority:
    """A name with a key on P-384 and a certificate, issued by another authority or by itself."""

    def __init__(self, name, issuer=None, depth=None, begin=-HOUR, end=HOUR):
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP384R1())
        issuer = issuer or self
        is_authority = depth is not None
        usage = dict.fromkeys(
            "digital_signature content_commitment key_encipherment data_encipherment "
            "key_agreement key_cert_sign crl_sign encipher_only decipher_only".split(),
            False,
        )
        usage["key_cert_sign" if is_authority else "digital_signature"] = True
        now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begin)
            .not_valid_after(now + end)
            .add_extension(x509.BasicConstraints(is_authority, depth), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .sign(issuer.key, hashes.SHA384())
        )

    @property
    def der(self):
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM)


class Nitro:
    """What signs attestation documents: a root, an intermediate authority and a signer."""

    def __init__(self, root=None, zone=None, signer=None):
        self.root = root or Authority("root", depth=2)
        self.zone = zone or Authority("zone", self.root, depth=0)
        self.signer = signer or Authority("signer", self.zone)

    def document(self, public_key, **changes):
        """A document signed now. A change replaces a field; a field changed to `...` is absent."""
        fields = {
            "module_id": "i-0123456789abcdef0-enc0123456789abcde",
            "digest": "SHA384",
            "timestamp": milliseconds(),
            "pcrs": {index: bytes([index]) * 48 for index in range(16)},
            "certificate": self.signer.der,
            "cabundle": [self.root.der, self.zone.der],
            "public_key": public_key,
            "user_data": None,
            "nonce": None,
            **changes,
        }
        return self.signed(cbor({k: v for k, v in fields.items() if v is not ...}))

    def signed(self, payload):
        """A COSE_Sign1 with the algorithm ES384 (RFC 9052)."""
        protected = cbor({1: -35})
        message = cbor(["Signature1", protected, b"", payload])
        signature = self.signer.key.sign(message, ec.ECDSA(hashes.SHA384()))
        numbers = (part.to_bytes(48, "big") for part in utils.decode_dss_signature(signature))
        return cbor([protected, {}, payload, b"".join(numbers)])


class Enclave:
    """Who asks: an RSA key whose private half stays here, attested by `nitro`."""

    def __init__(self, nitro, bits=2048):
        self.nitro = nitro
        self.key = rsa_key(bits)

    @property
    def public_key(self):
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def document(self, **changes):
        return self.nitro.document(**{"public_key": self.public_key, **changes})

    def recipient(self, **changes):
        return recipient(self.document(**changes))

    def open(self, message):
        """The content of a CMS EnvelopedData (RFC 5652) for this enclave."""
        _, ((_, [(_, version), (_, recipients), (_, content)]),) = read(message)[1][1]
        assert version == b"\2"
        ((_, [_, (_, key_id), _, (_, encrypted_key)]),) = recipients
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.public_key)
        assert key_id == digest.finalize()
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
        key = self.key.decrypt(encrypted_key, oaep)
        _, (_, [_, (_, vector)]), (_, ((_, ciphertext),)) = content
        assert (len(key), len(vector)) == (32, 16)
        cipher = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
        padded = cipher.update(ciphertext) + cipher.finalize()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()


def recipient(document):
    """The parameter Recipient."""
    return {"KeyEncryptionAlgorithm": ALGORITHM, "AttestationDocument": document}


def milliseconds(minutes=0):
    """The real time, or one so many minutes later, as documents give it."""
    return int((time.time() + minutes * 60) * 1000)


@cache
def rsa_key(bits):
    return rsa.generate_private_key(65537, bits)


def cbor(value):
    """Integers, bytes, texts, lists, maps and null in CBOR (RFC 8949)."""
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    pairs = (cbor(key) + cbor(item) for key, item in value.items())
    return head(5, len(value)) + b"".join(pairs)


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    code, size = next((c, s) for c, s in ((24, 1), (25, 2), (26, 4), (27, 8)) if number < 256**s)
    return bytes([major << 5 | code]) + number.to_bytes(size, "big")


def read(data):
    """The one BER value that `data` is (ITU-T X.690): its tag, and its bytes or its parts."""
    value, end = read_at(data, 0)
    assert end == len(data)
    return value


def read_at(data, at):
    tag, length, at = data[at], data[at + 1], at + 2
    if length == 0x80:
        parts = []
        while data[at : at + 2] != b"\0\0":
            part, at = read_at(data, at)
            parts.append(part)
        return (tag, parts), at + 2
    if length > 0x80:
        size = length - 0x80
        length, at = int.from_bytes(data[at : at + size], "big"), at + size
    end = at + length
    assert end <= len(data)
    if not tag & 0x20:
        return (tag, data[at:end]), end
    parts = []
    while at < end:
        part, at = read_at(data, at)
        parts.append(part)
    assert at == end
    return (tag, parts), end
