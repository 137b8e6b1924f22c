"""Certificates for tests of TLS."""

import os
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
ADDRESS = ip_address("127.0.0.1")


class Authority:
    """Signs certificates; its own is written to `path`."""

    def __init__(self, path, name="authority"):
        self.path = path
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name_of(name)
        certificate = (
            builder(self.name, self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        path.write_bytes(certificate.public_bytes(Encoding.PEM))

    def certify(self, certificate_path, key_path, name="localhost"):
        """A fresh key and its certificate, for a server or a client of this name. Each file is
        replaced as a whole, the key readable by its owner only. Returns the serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name), x509.IPAddress(ADDRESS)]
        certificate = (
            builder(name_of(name), self.name, key.public_key())
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        replace(key_path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        replace(certificate_path, certificate.public_bytes(Encoding.PEM))
        return certificate.serial_number


def builder(subject, issuer, public_key):
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def replace(path, content):
    new = path.with_suffix(".new")
    new.touch(0o600)
    new.write_bytes(content)
    os.replace(new, path)
