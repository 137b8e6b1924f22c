#!/usr/bin/env python3
"""Checks the golden files without any of Trent's code.

An independent reading of the formats: ciphertext blob format 1, sealed format 1, the identity of
key material, and the key derivation function of NIST SP 800-108r1. It needs Python 3.9 and the
package `cryptography`, and reads the JSON files beside it.

    check.py          check everything, and print what was checked
    check.py --kdf    print the known answers that the unit test of the KDF holds
"""

import hashlib
import hmac
import json
import pathlib
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

HERE = pathlib.Path(__file__).parent


def kdf(key, label, context, length):
    """SP 800-108r1 section 4.1, by hand from HMAC and again by `cryptography`."""
    fixed_input = label + b"\0" + context + struct.pack(">I", length * 8)
    blocks = range(1, -(-length // 32) + 1)
    by_hand = b"".join(
        hmac.new(key, struct.pack(">I", i) + fixed_input, hashlib.sha256).digest() for i in blocks
    )[:length]
    by_library = KBKDFHMAC(
        algorithm=hashes.SHA256(),
        mode=Mode.CounterMode,
        length=length,
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=label,
        context=context,
        fixed=None,
    ).derive(key)
    assert by_hand == by_library
    return by_hand


def prefixed(part):
    return struct.pack(">I", len(part)) + part


def decrypt_message(key, label, n, associated, ciphertext_and_tag):
    derived = kdf(key, label, n, 32 + 12)
    return AESGCM(derived[:32]).decrypt(derived[32:], ciphertext_and_tag, associated)


def decrypt_blob(case, context):
    key = bytes.fromhex(case["key_material"])
    key_id = bytes.fromhex(case["key_id"])
    blob = bytes.fromhex(case["blob"])
    material_id = hmac.new(key, b"trent key material id" + key_id, hashlib.sha256).digest()
    assert material_id.hex() == case["key_material_id"]
    assert blob[:34] == bytes([1, case["multi_region"]]) + key_id + material_id[:16]

    pairs = sorted((k.encode(), v.encode()) for k, v in context.items())
    associated = blob[:50] + b"".join(prefixed(k) + prefixed(v) for k, v in pairs)
    return decrypt_message(key, b"trent ciphertext blob 1", blob[34:50], associated, blob[50:])


def open_sealed(case, purpose):
    root = bytes.fromhex(case["root_key"])
    sealed = bytes.fromhex(case["sealed"])
    root_id = kdf(root, b"trent root key id", b"", 8)
    assert root_id.hex() == case["root_key_id"]
    assert sealed[:9] == b"\1" + root_id

    key = kdf(root, b"trent seal " + purpose.encode(), b"", 32)
    parts = b"".join(prefixed(bytes.fromhex(part)) for part in case["associated"])
    return decrypt_message(key, b"trent sealed 1", sealed[9:25], sealed[:25] + parts, sealed[25:])


def refused(function, *arguments):
    try:
        function(*arguments)
    except InvalidTag:
        return True
    return False


def main():
    key = bytes(range(32))
    if sys.argv[1:] == ["--kdf"]:
        print(kdf(key, b"trent known answer", b"", 32).hex())
        print(kdf(key, b"trent known answer", b"\xa5" * 16, 44).hex())
        print(kdf(key, b"trent known answer", b"\xa5" * 16, 8).hex())
        return

    blobs = json.loads((HERE / "ciphertext_blobs_1.json").read_text())
    for case in blobs:
        plaintext = decrypt_blob(case, case["context"])
        assert plaintext.hex() == case["plaintext"], case["name"]
        assert refused(decrypt_blob, case, {**case["context"], "more": "x"}), case["name"]
        print("blob:", case["name"])

    sealed = json.loads((HERE / "sealed_1.json").read_text())
    purposes = ["record", "key material", "marker"]
    for case in sealed:
        assert open_sealed(case, case["purpose"]).hex() == case["plaintext"], case["name"]
        others = [purpose for purpose in purposes if purpose != case["purpose"]]
        assert all(refused(open_sealed, case, other) for other in others), case["name"]
        print("sealed:", case["name"])
    print(f"{len(blobs)} blobs and {len(sealed)} sealed things are as they should be")


main()
