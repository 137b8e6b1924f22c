#!/usr/bin/env python3
"""Certificates and an attestation document of others for Trent, and Trent's reply for others.

It needs Python 3.9, the command `openssl`, and the package `cryptography`. CBOR is written out here.

    make_attestation.py make         write attestation.json beside this file, for the Rust tests
    make_attestation.py check FILE   decrypt what the test `attestation` wrote to FILE, which is
                                     target/tmp/ciphertext_for_recipient.ber
"""

import datetime
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2026, 1, 15, 12, 0, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
PLAINTEXT = b"a plaintext for a recipient"


def recipient():
    keys = json.loads((HERE / "fixtures.json").read_text())["keys"]
    return bytes.fromhex(next(key["pkcs8"] for key in keys if key["spec"] == "Rsa2048"))


def name(text):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def usage(*which):
    bits = "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
    bits += " key_cert_sign crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{bit: bit in which for bit in bits.split()})


class Authority:
    """A name with a key, which issues certificates."""

    def __init__(self, text, curve=None):
        self.name = name(text)
        self.key = ec.generate_private_key(curve or ec.SECP384R1())

    def issue(
        self,
        subject,
        constraints,
        key_usage,
        begin=NOW - DAY,
        end=NOW + DAY,
        hash=None,
        critical=None,
        plain=None,
    ):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject.name)
            .issuer_name(self.name)
            .public_key(subject.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )
        if constraints:
            builder = builder.add_extension(constraints, critical=True)
        if key_usage:
            builder = builder.add_extension(key_usage, critical=True)
        for text, is_critical in ((critical, True), (plain, False)):
            if text:
                oid = ObjectIdentifier("1.3.6.1.4.1.99999.1")
                extension = x509.UnrecognizedExtension(oid, text)
                builder = builder.add_extension(extension, critical=is_critical)
        return builder.sign(self.key, hash or hashes.SHA384())


def authority(path_length=None):
    return x509.BasicConstraints(ca=True, path_length=path_length)


SIGNS = usage("key_cert_sign", "crl_sign", "digital_signature")
TARGET = x509.BasicConstraints(ca=False, path_length=None)


def certificates(target_key):
    root, zone, instance = Authority("root"), Authority("zone"), Authority("instance")
    target, other = Authority("target"), Authority("root")
    target.key = target_key
    wrong_curve = Authority("target", ec.SECP256R1())
    small = Authority("zone", ec.SECP256R1())
    uses = usage("digital_signature", "content_commitment")
    return {
        "root": root.issue(root, authority(), SIGNS, end=NOW + 100 * DAY),
        "root_other": other.issue(other, authority(), SIGNS),
        "root_expired": root.issue(root, authority(), SIGNS, end=NOW - DAY / 2),
        "zone": root.issue(zone, authority(1), SIGNS, plain=b"\5\0"),
        "zone_path_0": root.issue(zone, authority(0), SIGNS),
        "zone_expired": root.issue(zone, authority(1), SIGNS, end=NOW - DAY / 2),
        "zone_early": root.issue(zone, authority(1), SIGNS, begin=NOW + DAY / 2),
        "zone_no_authority": root.issue(zone, TARGET, SIGNS),
        "zone_no_constraints": root.issue(zone, None, SIGNS),
        "zone_no_cert_sign": root.issue(zone, authority(1), usage("crl_sign")),
        "zone_no_usage": root.issue(zone, authority(1), None),
        "zone_critical": root.issue(zone, authority(1), SIGNS, critical=b"\5\0"),
        "zone_sha256": root.issue(zone, authority(1), SIGNS, hash=hashes.SHA256()),
        "zone_p256": root.issue(small, authority(1), SIGNS),
        "zone_of_other": other.issue(zone, authority(1), SIGNS),
        "zone_big": root.issue(zone, authority(1), SIGNS, plain=bytes(1024)),
        "instance": zone.issue(instance, authority(0), usage("key_cert_sign")),
        "target": instance.issue(target, TARGET, uses),
        "target_expired": instance.issue(target, TARGET, uses, end=NOW - DAY / 2),
        "target_authority": instance.issue(target, authority(), SIGNS),
        "target_no_usage": instance.issue(target, TARGET, None),
        "target_cert_sign": instance.issue(target, TARGET, usage("key_cert_sign")),
        "target_of_zone": zone.issue(target, TARGET, uses),
        "target_p256": instance.issue(wrong_curve, TARGET, uses),
        "target_substituted": instance.issue(Authority("target"), TARGET, uses),
        "target_forged": Authority("instance").issue(target, TARGET, uses),
    }


def head(major, number):
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | code]) + number.to_bytes(size, "big")
    raise ValueError(number)


def cbor(value):
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


def document(certs, target_key):
    public = load_der_private_key(recipient(), None).public_key()
    payload = cbor(
        {
            "module_id": "i-0123456789abcdef0-enc0123456789abcde",
            "digest": "SHA384",
            "timestamp": int(NOW.timestamp() * 1000),
            "pcrs": {0: b"\xaa" * 48, 1: bytes(48), 8: b"\x08" * 48},
            "certificate": certs["target"],
            "cabundle": [certs["root"], certs["zone"], certs["instance"]],
            "public_key": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "user_data": None,
            "nonce": b"nonce",
        }
    )
    protected = cbor({1: -35})
    message = cbor(["Signature1", protected, b"", payload])
    signature = target_key.sign(message, ec.ECDSA(hashes.SHA384()))
    r, s = utils.decode_dss_signature(signature)
    signature = r.to_bytes(48, "big") + s.to_bytes(48, "big")
    return cbor([protected, {}, payload, signature])


def make():
    target_key = ec.generate_private_key(ec.SECP384R1())
    issued = certificates(target_key)
    certs = {name: cert.public_bytes(Encoding.DER) for name, cert in issued.items()}
    private = target_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    fixtures = {
        "now_ms": int(NOW.timestamp() * 1000),
        "target_pkcs8": private.hex(),
        "roots_pem": {
            name: issued[name].public_bytes(Encoding.PEM).decode()
            for name in ("root", "root_other", "root_expired", "target")
        },
        "certificates": {name: cert.hex() for name, cert in certs.items()},
        "document": document(certs, target_key).hex(),
    }
    (HERE / "attestation.json").write_text(json.dumps(fixtures, indent=1) + "\n")


def check(path):
    message = pathlib.Path(path).read_bytes()
    key = load_der_private_key(recipient(), None)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with tempfile.TemporaryDirectory() as folder:
        pem = pathlib.Path(folder, "key.pem")
        pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", path]
        opened = subprocess.run([*command, "-inkey", pem], capture_output=True, check=True).stdout
        assert opened == PLAINTEXT, opened
        command = ["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", path]
        text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    for word in ("rsaesOaep", "sha256", "mgf1", "aes-256-cbc", "pkcs7-data", "subjectKeyIdentifier"):
        assert word in text, (word, text)
    assert hashlib.sha256(spki).digest() in message
    # The beginning and the ends of what AWS KMS answers, whose outer lengths are indefinite.
    assert message.startswith(bytes.fromhex("308006092a864886f70d010703a0803080020102"))
    assert message.endswith(bytes(10))
    print("openssl opened it")


if sys.argv[1:] == ["make"]:
    make()
elif len(sys.argv) == 3 and sys.argv[1] == "check":
    check(sys.argv[2])
else:
    sys.exit(__doc__)
