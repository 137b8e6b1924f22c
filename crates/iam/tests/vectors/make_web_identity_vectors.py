"""Writes web_identity.json: tokens of every accepted algorithm, signed with Python's cryptography.

    python make_web_identity_vectors.py

Needs cryptography. The private keys are thrown away.
"""

import base64
import json
import pathlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

ISSUER = "https://token.example.com/tenant"
CLAIMS = {
    "iss": ISSUER,
    "sub": "repo:trent/trent:ref:refs/heads/main",
    "aud": ["sts.amazonaws.com", "https://other.example.com"],
    "iat": 1_700_000_000,
    "nbf": 1_700_000_000,
    "exp": 1_700_003_600,
    "ref": "refs/heads/main",
}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, length):
    return encode(value.to_bytes(length, "big"))


def signer(algorithm):
    """The public key as a JWK, and a function that signs."""
    if algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": encode(public)}, key.sign
    digest = HASHES[algorithm[2:]]
    if algorithm.startswith("ES"):
        name, curve, length = {
            "ES256": ("P-256", ec.SECP256R1(), 32),
            "ES384": ("P-384", ec.SECP384R1(), 48),
            "ES512": ("P-521", ec.SECP521R1(), 66),
        }[algorithm]
        key = ec.generate_private_key(curve)
        point = key.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": name, "x": number(point.x, length), "y": number(point.y, length)}

        def sign(data):
            r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
            return r.to_bytes(length, "big") + s.to_bytes(length, "big")

        return jwk, sign
    key = rsa.generate_private_key(65537, 2048)
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": number(numbers.n, 256), "e": number(numbers.e, 3)}
    scheme = padding.PKCS1v15()
    if algorithm.startswith("PS"):
        scheme = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
    return jwk, lambda data: key.sign(data, scheme, digest)


def main():
    keys, tokens = [], {}
    for algorithm in [f"{a}{h}" for a in ("RS", "PS", "ES") for h in HASHES] + ["EdDSA"]:
        jwk, sign = signer(algorithm)
        keys.append(jwk | {"kid": algorithm, "use": "sig", "alg": algorithm})
        header = {"alg": algorithm, "kid": algorithm, "typ": "JWT"}
        signed = ".".join(encode(json.dumps(part).encode()) for part in (header, CLAIMS))
        tokens[algorithm] = f"{signed}.{encode(sign(signed.encode()))}"
    out = pathlib.Path(__file__).parent / "web_identity.json"
    out.write_text(json.dumps({"jwks": {"keys": keys}, "tokens": tokens}, indent=2) + "\n")


main()
