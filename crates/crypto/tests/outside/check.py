#!/usr/bin/env python3
"""Keys, signatures and ciphertexts of others for Trent, and Trent's for others.

It needs Python 3.9, the command `openssl`, and the package `cryptography` 48 or newer, which brings
an OpenSSL of its own. Ed25519ph, which neither has, is written out here from RFC 8032.

    check.py make         write fixtures.json beside this file, which the Rust tests read
    check.py check FILE   check what the example `outside` wrote to FILE
"""

import hashlib
import json
import math
import os
import pathlib
import subprocess
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, hmac, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

HERE = pathlib.Path(__file__).parent

CURVES = {
    "EccNistP256": ec.SECP256R1(),
    "EccNistP384": ec.SECP384R1(),
    "EccNistP521": ec.SECP521R1(),
    "EccSecgP256k1": ec.SECP256K1(),
}
ML_DSA = {
    "MlDsa44": mldsa.MLDSA44PrivateKey,
    "MlDsa65": mldsa.MLDSA65PrivateKey,
    "MlDsa87": mldsa.MLDSA87PrivateKey,
}
# `cryptography` has no ML-KEM-512.
ML_KEM = {"MlKem768": mlkem.MLKEM768PrivateKey, "MlKem1024": mlkem.MLKEM1024PrivateKey}
HASHES = {
    "224": hashes.SHA224(),
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
OAEP = {"Sha1": hashes.SHA1(), "Sha256": hashes.SHA256()}


def algorithms(spec):
    if spec.startswith("Rsa"):
        schemes = ("RsassaPss", "RsassaPkcs1V15")
        return [f"{scheme}Sha{bits}" for scheme in schemes for bits in (256, 384, 512)]
    if spec.startswith("MlDsa"):
        return ["MlDsaShake256"]
    return {
        "EccNistP256": ["EcdsaSha256"],
        "EccNistP384": ["EcdsaSha384"],
        "EccNistP521": ["EcdsaSha512"],
        "EccSecgP256k1": ["EcdsaSha256"],
        "EccNistEdwards25519": ["Ed25519Sha512", "Ed25519PhSha512"],
    }.get(spec, [])


def hash_of(algorithm):
    return HASHES[algorithm[-3:]]


def rsa_padding(algorithm):
    if algorithm.startswith("RsassaPkcs1V15"):
        return padding.PKCS1v15()
    chosen = hash_of(algorithm)
    return padding.PSS(mgf=padding.MGF1(chosen), salt_length=chosen.digest_size)


def oaep(algorithm):
    chosen = OAEP["Sha256" if algorithm.endswith("Sha256") else "Sha1"]
    return padding.OAEP(mgf=padding.MGF1(chosen), algorithm=chosen, label=None)


def pkcs8(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def spki(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def digest(chosen, message):
    context = hashes.Hash(chosen)
    context.update(message)
    return context.finalize()


def mu(public_key, message):
    """FIPS 204 section 5.3 with an empty context."""
    tr = hashlib.shake_256(public_key.public_bytes_raw()).digest(64)
    return hashlib.shake_256(tr + b"\0\0" + message).digest(64)


# Ed25519ph, from RFC 8032 sections 5.1 and 6.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decompress(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def compress(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
DOM2 = b"SigEd25519 no Ed25519 collisions\1\0"


def sha512_number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def ed25519ph_sign(seed, message):
    expanded = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(expanded[:32], "little") & (2**254 - 8) | 2**254
    public = compress(multiply(scalar, BASE))
    hashed = hashlib.sha512(message).digest()
    r = sha512_number(DOM2, expanded[32:], hashed)
    encoded_r = compress(multiply(r, BASE))
    s = (r + sha512_number(DOM2, encoded_r, public, hashed) * scalar) % L
    return encoded_r + s.to_bytes(32, "little")


def ed25519ph_verify(public, message, signature):
    hashed = hashlib.sha512(message).digest()
    s = int.from_bytes(signature[32:], "little")
    k = sha512_number(DOM2, signature[:32], public, hashed)
    expected = add(decompress(signature[:32]), multiply(k, decompress(public)))
    if s >= L or compress(multiply(s, BASE)) != compress(expected):
        raise InvalidSignature


def sign(key, algorithm, message):
    if algorithm.startswith("Rsassa"):
        return key.sign(message, rsa_padding(algorithm), hash_of(algorithm))
    if algorithm.startswith("Ecdsa"):
        return key.sign(message, ec.ECDSA(hash_of(algorithm)))
    if algorithm == "Ed25519PhSha512":
        return ed25519ph_sign(key.private_bytes_raw(), hashlib.sha512(message).digest())
    return key.sign(message)


def verify(key, algorithm, message, signature):
    """Verifies over the message, and where there is a digest also over that."""
    if algorithm.startswith("Rsassa"):
        chosen = hash_of(algorithm)
        key.verify(signature, message, rsa_padding(algorithm), chosen)
        key.verify(signature, digest(chosen, message), rsa_padding(algorithm), Prehashed(chosen))
    elif algorithm.startswith("Ecdsa"):
        key.verify(signature, message, ec.ECDSA(hash_of(algorithm)))
    elif algorithm == "Ed25519PhSha512":
        ed25519ph_verify(key.public_bytes_raw(), hashlib.sha512(message).digest(), signature)
    else:
        key.verify(signature, message)


# DER, for keys that no library writes.


def der(tag, content):
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    encoded = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(encoded)]) + encoded + content


def integer(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def rsa_pkcs8(*numbers, version=0, rest=b""):
    key = der(0x30, integer(version) + b"".join(map(integer, numbers)) + rest)
    algorithm = der(0x30, der(6, bytes.fromhex("2a864886f70d010101")) + der(5, b""))
    return der(0x30, integer(0) + algorithm + der(4, key))


def p256_identifiers():
    curve = der(6, bytes.fromhex("2a8648ce3d030107"))
    return curve, der(0x30, der(6, bytes.fromhex("2a8648ce3d0201")) + curve)


def rsa_numbers(key):
    private = key.private_numbers()
    public = private.public_numbers
    crt = [private.dmp1, private.dmq1, private.iqmp]
    return [public.n, public.e, private.d, private.p, private.q, *crt]


def prime(bits):
    command = ["openssl", "prime", "-generate", "-bits", str(bits), "-hex"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout, 16)


def composite_rsa():
    """n = p * q with q = q1 * q2, and all the rest as if p and q were prime."""
    while True:
        p, q = prime(1024), prime(512) * prime(512)
        n, e = p * q, 65537
        if n.bit_length() == 2048 and math.gcd(e, (p - 1) * (q - 1)) == 1:
            d = pow(e, -1, math.lcm(p - 1, q - 1))
            return rsa_pkcs8(n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))


def openssl(*arguments, data=b""):
    command = ["openssl", *arguments]
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def to_der(pem):
    return openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", data=pem)


def make_keys():
    keys = {f"Rsa{bits}": rsa.generate_private_key(65537, bits) for bits in (2048, 3072, 4096)}
    keys |= {spec: ec.generate_private_key(curve) for spec, curve in CURVES.items()}
    keys["EccNistEdwards25519"] = ed25519.Ed25519PrivateKey.generate()
    return keys | {spec: made.generate() for spec, made in (ML_DSA | ML_KEM).items()}


def make_signatures(keys):
    for spec, key in keys.items():
        for algorithm in algorithms(spec):
            message = b"signed with " + algorithm.encode()
            case = {"spec": spec, "algorithm": algorithm, "message": message.hex()}
            if spec.startswith("MlDsa"):
                case["mu"] = mu(key.public_key(), message).hex()
            yield case | {"signature": sign(key, algorithm, message).hex()}


def make_ciphertexts(keys):
    for spec in ("Rsa2048", "Rsa3072", "Rsa4096"):
        for algorithm in ("RsaesOaepSha1", "RsaesOaepSha256"):
            overhead = 2 * oaep(algorithm)._algorithm.digest_size + 2
            longest = keys[spec].key_size // 8 - overhead
            for plaintext in (b"", b"x", os.urandom(longest)):
                ciphertext = keys[spec].public_key().encrypt(plaintext, oaep(algorithm))
                yield {
                    "spec": spec,
                    "algorithm": algorithm,
                    "plaintext": plaintext.hex(),
                    "ciphertext": ciphertext.hex(),
                }


def make_agreements(keys):
    for spec in ("EccNistP256", "EccNistP384", "EccNistP521"):
        peer = ec.generate_private_key(CURVES[spec])
        secret = keys[spec].exchange(ec.ECDH(), peer.public_key())
        yield {"spec": spec, "peer": spki(peer.public_key()).hex(), "secret": secret.hex()}


def make_encapsulations(keys):
    for spec in ML_KEM:
        secret, ciphertext = keys[spec].public_key().encapsulate()
        yield {"spec": spec, "ciphertext": ciphertext.hex(), "secret": secret.hex()}


def wrap(public_key, algorithm, material):
    if algorithm.startswith("RsaesOaep"):
        return public_key.encrypt(material, oaep(algorithm))
    aes_key = os.urandom(32)
    wrapped = keywrap.aes_key_wrap_with_padding(aes_key, material)
    return public_key.encrypt(aes_key, oaep(algorithm)) + wrapped


def make_wrapped(keys):
    direct = ["RsaesOaepSha1", "RsaesOaepSha256"]
    in_two_steps = ["RsaAesKeyWrapSha1", "RsaAesKeyWrapSha256"]
    materials = [(os.urandom(length), direct) for length in (32, 128)]
    materials += [(os.urandom(33), in_two_steps)]
    materials += [(pkcs8(keys["EccNistP256"]), direct + in_two_steps)]
    for spec in ("EccNistP521", "Rsa2048", "Rsa4096"):
        materials += [(pkcs8(keys[spec]), in_two_steps)]
    for material, chosen in materials:
        for spec in ("Rsa2048", "Rsa3072", "Rsa4096"):
            for algorithm in chosen:
                wrapped = wrap(keys[spec].public_key(), algorithm, material)
                yield {
                    "spec": spec,
                    "algorithm": algorithm,
                    "material": material.hex(),
                    "wrapped": wrapped.hex(),
                }


def make_imports(keys):
    """Other encodings of keys, and keys that are unusual but right."""
    private = keys["EccNistP256"].private_numbers().private_value.to_bytes(32, "big")
    curve, algorithm = p256_identifiers()
    public = keys["EccNistP256"].public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    variants = {
        "no public key": b"",
        "the curve twice": der(0xA0, curve),
        "a compressed public key": der(0xA1, der(3, b"\0" + point)),
    }
    for name, rest in variants.items():
        key = der(0x30, integer(1) + der(4, private) + rest)
        document = der(0x30, integer(0) + algorithm + der(4, key))
        yield {"name": name, "spec": "EccNistP256", "pkcs8": document.hex(), "same": True}

    numbers = rsa_numbers(keys["Rsa2048"])
    n, e, _, p, q = numbers[:5]
    euler = pow(e, -1, (p - 1) * (q - 1))
    document = rsa_pkcs8(n, e, euler, *numbers[3:])
    yield {"name": "d by Euler's totient", "spec": "Rsa2048", "pkcs8": document.hex()}
    made = pkcs8(rsa.generate_private_key(3, 2048))
    yield {"name": "e = 3", "spec": "Rsa2048", "pkcs8": made.hex()}
    options = ["rsa_keygen_bits:2048", "rsa_keygen_pubexp:4294967297"]
    made = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", options[0], "-pkeyopt", options[1])
    yield {"name": "e = 2^32 + 1", "spec": "Rsa2048", "pkcs8": to_der(made).hex()}
    for spec, name in (("EccNistP384", "secp384r1"), ("EccSecgP256k1", "secp256k1")):
        made = openssl("ecparam", "-name", name, "-genkey", "-noout")
        yield {"name": f"{name} by openssl", "spec": spec, "pkcs8": to_der(made).hex()}


def make_refused(keys):
    """What is no key of its spec. Where `by_pair`, only using it shows so."""
    numbers = rsa_numbers(keys["Rsa2048"])
    n, e, d, p, q, dp, dq, qinv = numbers

    def refuse(name, document, spec="Rsa2048", by_pair=False):
        return {"name": name, "spec": spec, "pkcs8": document.hex(), "by_pair": by_pair}

    yield refuse("three primes", to_der(openssl("genrsa", "-primes", "3", "2048")))
    yield refuse("a factor that is not prime", composite_rsa(), by_pair=True)
    yield refuse("another modulus", rsa_pkcs8(n + 2, *numbers[1:]))
    yield refuse("another exponent", rsa_pkcs8(n, 3, *numbers[2:]))
    yield refuse("another private exponent", rsa_pkcs8(n, e, d + 2, *numbers[3:]))
    yield refuse("another CRT exponent", rsa_pkcs8(n, e, d, p, q, dp + 2, dq, qinv))
    yield refuse("another CRT coefficient", rsa_pkcs8(n, e, d, p, q, dp, dq, qinv + 1))
    yield refuse("n and d alone", rsa_pkcs8(n, 0, d, 0, 0, 0, 0, 0))
    yield refuse("no factors", rsa_pkcs8(n, e, d, 0, 0, 0, 0, 0))
    yield refuse("one factor", rsa_pkcs8(n, 1, 1, n, 1, 1, 0, 1))
    yield refuse("e = 1", rsa_pkcs8(n, 1, 1, p, q, 1, 1, qinv))
    small = rsa.generate_private_key(65537, 1024)
    yield refuse("RSA of 1024 bits", pkcs8(small))
    uneven = rsa_numbers(rsa.generate_private_key(65537, 2056))
    yield refuse("RSA of 2056 bits", rsa_pkcs8(*uneven))
    yield refuse("bytes after the key", pkcs8(keys["Rsa2048"]) + b"\0")
    wrong = keys["EccNistP256"].private_numbers().private_value
    point = spki(ec.generate_private_key(ec.SECP256R1()).public_key())[-65:]
    _, algorithm = p256_identifiers()
    for name, private, rest in (
        ("the point of another key", wrong, der(0xA1, der(3, b"\0" + point))),
        ("zero", 0, b""),
        ("more than the order", 2**256 - 1, b""),
    ):
        key = der(0x30, integer(1) + der(4, private.to_bytes(32, "big")) + rest)
        document = der(0x30, integer(0) + algorithm + der(4, key))
        yield refuse(name, document, spec="EccNistP256")


def identity(key, key_id):
    context = hmac.HMAC(key, hashes.SHA256())
    context.update(b"trent key material id" + key_id)
    return context.finalize()


def make_identities(keys):
    for spec, key in keys.items():
        key_id = os.urandom(16)
        yield {"spec": spec, "key_id": key_id.hex(), "id": identity(pkcs8(key), key_id).hex()}


def make_mac_identities():
    for bits in ("224", "256", "384", "512"):
        for length in (int(bits) // 8, 128):
            key, key_id = os.urandom(length), os.urandom(16)
            hashed = digest(hashes.SHA256(), b"trent mac key material id" + key)
            yield {
                "algorithm": f"HmacSha{bits}",
                "key": key.hex(),
                "key_id": key_id.hex(),
                "id": identity(hashed, key_id).hex(),
            }


def make():
    keys = make_keys()
    fixtures = {
        "keys": [
            {"spec": spec, "pkcs8": pkcs8(key).hex(), "spki": spki(key.public_key()).hex()}
            for spec, key in keys.items()
        ],
        "signatures": list(make_signatures(keys)),
        "ciphertexts": list(make_ciphertexts(keys)),
        "agreements": list(make_agreements(keys)),
        "encapsulations": list(make_encapsulations(keys)),
        "wrapped": list(make_wrapped(keys)),
        "identities": list(make_identities(keys)),
        "mac_identities": list(make_mac_identities()),
        "imports": list(make_imports(keys)),
        "refused": list(make_refused(keys)),
    }
    (HERE / "fixtures.json").write_text(json.dumps(fixtures, indent=1) + "\n")


def hexed(case, *names):
    return [bytes.fromhex(case[name]) for name in names]


def check(path):
    ours = json.loads(pathlib.Path(path).read_text())
    keys = {}
    for case in ours["keys"]:
        private, public = hexed(case, "pkcs8", "spki")
        if case["spec"] == "MlKem512":
            continue
        key = load_der_private_key(private, None)
        keys[case["spec"]] = key
        assert spki(key.public_key()) == public, case["spec"]
        assert spki(load_der_public_key(public)) == public, case["spec"]
        assert len(private) == len(pkcs8(key)), case["spec"]
        if case["spec"].startswith("Rsa"):
            assert key.key_size == int(case["spec"][3:])
            assert key.public_key().public_numbers().e == 65537
        print("key:", case["spec"])
    for case in ours["signatures"]:
        message, signature = hexed(case, "message", "signature")
        key = keys[case["spec"]].public_key()
        verify(key, case["algorithm"], message, signature)
        try:
            verify(key, case["algorithm"], message + b"x", signature)
        except InvalidSignature:
            print("signature:", case["spec"], case["algorithm"], case["type"])
            continue
        raise AssertionError(case)
    for case in ours["ciphertexts"]:
        plaintext, ciphertext = hexed(case, "plaintext", "ciphertext")
        assert keys[case["spec"]].decrypt(ciphertext, oaep(case["algorithm"])) == plaintext
        print("ciphertext:", case["spec"], case["algorithm"], len(plaintext))
    for case in ours["agreements"]:
        peer, secret = hexed(case, "peer", "secret")
        assert keys[case["spec"]].exchange(ec.ECDH(), load_der_public_key(peer)) == secret
        print("agreement:", case["spec"], len(secret))
    for case in ours["encapsulations"]:
        ciphertext, secret = hexed(case, "ciphertext", "secret")
        if case["spec"] in keys:
            assert keys[case["spec"]].decapsulate(ciphertext) == secret
            print("encapsulation:", case["spec"])
    for case in ours["macs"]:
        key, message, mac = hexed(case, "key", "message", "mac")
        context = hmac.HMAC(key, HASHES[case["algorithm"][-3:]])
        context.update(message)
        context.verify(mac)
        print("mac:", case["algorithm"], len(key))
    print({name: len(cases) for name, cases in ours.items()}, "are as they should be")


if sys.argv[1:] == ["make"]:
    make()
elif len(sys.argv) == 3 and sys.argv[1] == "check":
    check(sys.argv[2])
else:
    sys.exit(__doc__)
