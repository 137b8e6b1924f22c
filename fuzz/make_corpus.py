"""Writes the seeds of the fuzz targets, `corpus/TARGET/`, from the vectors of the tests, and the
dictionary of `request` from the model of the API:

    python3 fuzz/make_corpus.py

They are committed; this is how they came to be, and how to make them anew.
"""

import base64
import json
from pathlib import Path
from urllib.parse import urlencode

HERE = Path(__file__).parent
CRATES = HERE.parent / "crates"
KEY = "00000000-0000-4000-8000-000000000001"
EXTERNAL_KEY = "00000000-0000-4000-8000-000000000002"


def vectors(path):
    return json.loads((CRATES / path).read_text())


def seed(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    (folder / f"{name.replace(' ', '_')}.seed").write_bytes(content)


def ciphertext_blobs():
    for case in vectors("crypto/tests/golden/ciphertext_blobs_1.json"):
        if len(case["blob"]) < 1000:
            seed("ciphertext_blob", case["name"], bytes.fromhex(case["blob"]))


def sealed_records():
    for case in vectors("crypto/tests/golden/sealed_1.json"):
        seed("sealed_record", case["name"], bytes.fromhex(case["sealed"]))


def backups():
    genuine = (HERE.parent / "tests/golden/schema-2/backup").read_bytes()
    start = genuine.index(b"{")
    end = start + int.from_bytes(genuine[start - 4 : start], "big")
    seed("backup", "the beginning of a file", b"\x00" + genuine[: end + 400])
    seed("backup", "header", b"\x01" + genuine[start:end])
    header = json.loads(genuine[start:end])
    for provider in (
        {"kind": "systemd", "name": "a"}, {"kind": "pkcs11", "token": "a"},
        {"kind": "passphrase", "salt": "00" * 16, "memory_kib": 65536, "passes": 3, "lanes": 4},
    ):  # fmt: skip
        header["store_keys"]["root_keys"][0]["provider"] = provider
        text = json.dumps(header, separators=(",", ":"))
        seed("backup", f"header of {provider['kind']}", b"\x01" + text.encode())

    def record(kind, name, owner="", due=0):
        flags = bytes([due > 0]) + due.to_bytes(8, "big") + bytes([owner != ""])
        parts = [b"111122223333", b"us-east-1", name.encode(), owner.encode(), b"sealed"]
        texts = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return bytes([kind]) + (7).to_bytes(8, "big") + flags + texts

    records = [record(2, KEY, due=9), record(3, "alias/a", owner=KEY), record(4, "größe")]
    seed("backup", "records", b"\x02\x03" + b"".join(records))
    seed("backup", "a record twice", b"\x02\x02" + 2 * records[0])
    seed("backup", "no records", b"\x02\x00")


def attestation():
    fixtures = vectors("crypto/tests/outside/attestation.json")
    seed("attestation", "document", bytes.fromhex(fixtures["document"]))
    seed("attestation", "root", fixtures["roots_pem"]["root"])


def pem(pkcs8):
    text = base64.b64encode(pkcs8).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])


SPECS = [
    "Rsa2048", "Rsa3072", "Rsa4096", "EccNistP256", "EccNistP384", "EccNistP521", "EccSecgP256k1",
    "EccNistEdwards25519", "MlDsa44", "MlDsa65", "MlDsa87", "MlKem512", "MlKem768", "MlKem1024",
]  # fmt: skip
WRAPPING = ["RsaesOaepSha1", "RsaesOaepSha256", "RsaAesKeyWrapSha1", "RsaAesKeyWrapSha256"]
SIGNING = {"RsassaPssSha256": 0, "EcdsaSha256": 2, "MlDsaShake256": 6}


def key_import():
    fixtures = vectors("crypto/tests/outside/fixtures.json")

    def put(kind, number, name, content):
        seed("key_import", name, bytes([kind, number]) + content)

    for key in fixtures["keys"]:
        spec = key["spec"]
        if spec in ("Rsa3072", "Rsa4096"):
            continue
        number, pkcs8 = SPECS.index(spec), bytes.fromhex(key["pkcs8"])
        put(0, number, f"pkcs8 {spec}", pkcs8)
        put(1, number, f"spki {spec}", bytes.fromhex(key["spki"]))
        if spec == "Rsa2048":
            put(3, 0, "recipient", bytes.fromhex(key["spki"]))
        if spec in ("Rsa2048", "EccNistP256"):
            put(7, 0, f"pem {spec}", pem(pkcs8).encode())
    for wrapped in fixtures["wrapped"]:
        if wrapped["spec"] == "Rsa2048" and len(wrapped["wrapped"]) < 1200:
            algorithm = wrapped["algorithm"]
            put(2, WRAPPING.index(algorithm), f"wrapped {algorithm}", bytes.fromhex(wrapped["wrapped"]))
    for agreement in fixtures["agreements"]:
        spec = agreement["spec"]
        put(4, SPECS.index(spec), f"peer {spec}", bytes.fromhex(agreement["peer"]))
    for encapsulation in fixtures["encapsulations"]:
        spec = encapsulation["spec"]
        ciphertext = bytes.fromhex(encapsulation["ciphertext"])
        put(5, SPECS.index(spec), f"encapsulated {spec}", ciphertext)
    for signature in fixtures["signatures"]:
        number = SIGNING.get(signature["algorithm"])
        spec = signature["spec"]
        if number is not None and spec in ("Rsa2048", "EccNistP256", "MlDsa44"):
            # The same byte says which algorithm and which spec.
            number = number * len(SPECS) + SPECS.index(spec)
            put(6, number, f"signature {spec}", bytes.fromhex(signature["signature"]))


def sigv4():
    wanted = [
        "json request (header)", "json request (query)", "session token (header)",
        "session token (query)", "date header (header)", "ipv6 host (header)",
        "repeated headers (header)", "encoded path (header)", "query encoded (header)",
        "utf-8 header (header)", "dot segments (query)",
    ]  # fmt: skip
    for request in vectors("iam/tests/vectors/botocore.json")["requests"]:
        if request["name"] in wanted:
            query = f"?{request['query']}" if request["query"] else ""
            lines = [f"{request['method']} {request['path']}{query}"]
            lines += [f"{name}:{value}" for name, value in request["headers"]]
            head = "\n".join([*lines, "", ""]).encode()
            seed("sigv4", request["name"].replace("(", "").replace(")", ""),
                 head + base64.b64decode(request["body"]))  # fmt: skip


def web_identity():
    issuer = vectors("iam/tests/vectors/web_identity.json")
    for algorithm, token in issuer["tokens"].items():
        keys = [key for key in issuer["jwks"]["keys"] if key["kid"] == algorithm]
        seed("web_identity", algorithm, f"{token}\n{json.dumps({'keys': keys})}")


def policies():
    lines = (CRATES / "iam/tests/policy/decisions.txt").read_text().splitlines()
    conditions, section = [], ""
    for line in lines:
        if line.startswith("["):
            section = line[1 : line.index("]")]
        elif section == "conditions" and line and not line.startswith("#"):
            operator, value, given, holds = line.split(" | ")[:4]
            if holds == "yes" and operator not in [known[0] for known in conditions]:
                conditions.append((operator, value, given))
    alice, worker = "user/Alice", "assumed-role/Worker/session"
    ask = f"kms:Decrypt\narn:aws:kms:us-east-1:111122223333:key/{KEY}\n"
    arn = "arn:aws:iam::111122223333:"
    for number in range(0, len(conditions), 8):
        some = conditions[number : number + 8]
        blocks = {operator: {f"k:{place}": json.loads(value)} for place, (operator, value, _) in enumerate(some)}
        keys = "; ".join(f"k:{place}={given}" for place, (_, _, given) in enumerate(some) if given != "-")
        statement = {"Sid": "a", "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": blocks}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        seed("policy", f"conditions {number}", f"{ask}{arn}{alice}\n{keys}\n{json.dumps(policy)}")
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": f"{arn}root"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": [f"{arn}role/Worker", "AIDAALICE00000000000"]},
         "Action": ["kms:Dec?ypt", "kms:Encrypt"], "Resource": "*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": f"{arn}{alice}"}, "NotAction": "kms:Encrypt",
         "Resource": "*", "Condition": {"Null": {"aws:tokenissuetime": "false"}}},
        {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com", "Federated": "example.com"},
         "Action": "kms:*", "NotResource": "arn:aws:kms:*:*:key/${aws:PrincipalTag/key, 'none'}"},
    ]  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Id": "x", "Statement": statements})
    for who in (f"{arn}root", f"arn:aws:sts::111122223333:{worker}", "logs.amazonaws.com", "example.com"):
        name = who.rsplit(":", 1)[-1].replace("/", " ")
        seed("policy", f"key policy {name}", f"{ask}{who}\naws:principaltag/key=b\n{policy}")
    trust = {"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole",
        "Condition": {"ForAnyValue:StringLike": {"sts:externalid": ["a*", "b"]}}}}  # fmt: skip
    ask = f"sts:AssumeRole\n*\n{arn}{alice}\nsts:externalid=[abc, d]\n"
    seed("policy", "trust policy", ask + json.dumps(trust))


def tokens():
    cases = vectors("crypto/tests/golden/sealed_1.json")
    sealed = bytes.fromhex(next(case for case in cases if case["name"] == "a marker")["sealed"])
    # Right up to where it says what it is.
    sealed = sealed[:-16] + bytes(16)
    for place in range(8):
        coded = base64.b64encode(sealed) if place == 6 else base64.urlsafe_b64encode(sealed)
        coded = coded if place == 6 else coded.rstrip(b"=")
        seed("token", f"place {place}", bytes([place]) + coded)


def seeds():
    key = bytes.fromhex(next(
        key for key in vectors("crypto/tests/outside/fixtures.json")["keys"]
        if key["spec"] == "EccNistP256")["pkcs8"])  # fmt: skip
    text = pem(key).replace("\n", "\n          ").rstrip()
    seed("seed", "local kms", f"""Keys:
  Symmetric:
    Aes:
      - Metadata:
          KeyId: {KEY}
          Description: first
        BackingKeys:
          - 5cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9
          - 6cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9
        NextKeyRotation: "2030-01-01T00:00:00Z"
      - Metadata: {{KeyId: {EXTERNAL_KEY}, Origin: EXTERNAL}}
        BackingKeys: []
  Asymmetric:
    Ecc:
      - Metadata:
          KeyId: 00000000-0000-4000-8000-000000000003
          KeyUsage: SIGN_VERIFY
        PrivateKeyPem: |
          {text}
Aliases:
  - AliasName: alias/first
    TargetKeyId: {KEY}
""")
    seed("seed", "empty", "Keys: {}\nAliases: []\n")


def requests():
    def put(name, *steps):
        lines = [f"{step[0]} {json.dumps(step[1], separators=(',', ':'))}" for step in steps]
        seed("request", name, "\n".join(lines) + "\n")

    key, context = {"KeyId": KEY}, {"EncryptionContext": {"a": "b"}}
    made = {"KeyId": "$KeyId"}
    plain = {"Plaintext": "aGVsbG8="}
    put("encryption",
        ("Encrypt", key | plain | context),
        ("Decrypt", {"CiphertextBlob": "$CiphertextBlob"} | context),
        ("ReEncrypt", {"CiphertextBlob": "$CiphertextBlob", "DestinationKeyId": "alias/a",
                       "SourceEncryptionContext": {"a": "b"}}),
        ("GenerateDataKey", {"KeyId": "alias/a", "KeySpec": "AES_256", "DryRun": False}),
        ("GenerateDataKeyWithoutPlaintext", key | {"NumberOfBytes": 17}),
        ("GenerateDataKeyPair", key | {"KeyPairSpec": "ECC_NIST_P256"}),
        ("GenerateDataKeyPairWithoutPlaintext", key | {"KeyPairSpec": "ECC_NIST_EDWARDS25519"}),
        ("GenerateRandom", {"NumberOfBytes": 24}))  # fmt: skip
    put("rotation",
        ("EnableKeyRotation", key | {"RotationPeriodInDays": 90}), ("Advance", 100),
        ("RotateKeyOnDemand", key), ("ListKeyRotations", key | {"Limit": 1}),
        ("ListKeyRotations", key | {"Marker": "$NextMarker"}), ("GetKeyRotationStatus", key),
        ("DisableKeyRotation", key))  # fmt: skip
    put("states",
        ("DisableKey", key), ("EnableKey", key),
        ("ScheduleKeyDeletion", key | {"PendingWindowInDays": 7}), ("CancelKeyDeletion", key),
        ("UpdateKeyDescription", key | {"Description": "x"}), ("DescribeKey", key),
        ("GetKeyLastUsage", key), ("ScheduleKeyDeletion", key), ("Advance", 31), ("DescribeKey", key))  # fmt: skip
    put("aliases and tags",
        ("CreateAlias", {"AliasName": "alias/b", "TargetKeyId": KEY}),
        ("ListAliases", key | {"Limit": 1}), ("ListAliases", {"Marker": "$NextMarker"}),
        ("UpdateAlias", {"AliasName": "alias/b", "TargetKeyId": EXTERNAL_KEY}),
        ("DeleteAlias", {"AliasName": "alias/a"}),
        ("TagResource", key | {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        ("ListResourceTags", key), ("UntagResource", key | {"TagKeys": ["a"]}),
        ("ListKeys", {"Limit": 1}), ("DescribeKey", {"KeyId": "alias/aws/s3"}))  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
        "Action": "kms:*", "Resource": "*"}]}  # fmt: skip
    put("policies and grants",
        ("PutKeyPolicy", key | {"PolicyName": "default", "Policy": json.dumps(policy)}),
        ("GetKeyPolicy", key), ("ListKeyPolicies", key),
        ("CreateGrant", key | {
            "GranteePrincipal": "arn:aws:iam::000000000000:role/a", "Operations": ["Decrypt"],
            "RetiringPrincipal": "arn:aws:iam::000000000000:root",
            "Constraints": {"EncryptionContextSubset": {"a": "b"}}, "Name": "x"}),
        ("DescribeKey", key | {"GrantTokens": ["$GrantToken"]}), ("ListGrants", key),
        ("ListRetirableGrants", {"RetiringPrincipal": "arn:aws:iam::000000000000:root"}),
        ("RetireGrant", {"GrantToken": "$GrantToken"}),
        ("RevokeGrant", key | {"GrantId": "$GrantId"}))  # fmt: skip
    put("signing",
        ("CreateKey", {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}),
        ("Sign", made | {"Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"}),
        ("Verify", made | {"Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256",
                           "MessageType": "RAW", "Signature": "$Signature"}),
        ("GetPublicKey", made),
        ("CreateKey", {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}),
        ("GenerateMac", made | {"Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"}),
        ("VerifyMac", made | {"Message": "eA==", "MacAlgorithm": "HMAC_SHA_256", "Mac": "$Mac"}))  # fmt: skip
    put("agreement",
        ("CreateKey", {"KeySpec": "ECC_NIST_P384", "KeyUsage": "KEY_AGREEMENT"}),
        ("GetPublicKey", made),
        ("DeriveSharedSecret", made | {"KeyAgreementAlgorithm": "ECDH", "PublicKey": "$PublicKey"}))
    put("encapsulation",
        ("CreateKey", {"KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}),
        ("Encapsulate", made | {"EncapsulationAlgorithm": "ML_KEM"}),
        ("Decapsulate", made | {"EncapsulationAlgorithm": "ML_KEM",
                                "SharedSecretCiphertextBlob": "$SharedSecretCiphertextBlob"}))  # fmt: skip
    put("import",
        ("GetParametersForImport", {"KeyId": EXTERNAL_KEY, "WrappingKeySpec": "RSA_2048",
                                    "WrappingAlgorithm": "RSAES_OAEP_SHA_256"}),
        ("ImportKeyMaterial", {
            "KeyId": EXTERNAL_KEY, "ImportToken": "$ImportToken", "EncryptedKeyMaterial": "eA==",
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}),
        ("DeleteImportedKeyMaterial", {"KeyId": EXTERNAL_KEY}))  # fmt: skip
    put("multi Region",
        ("CreateKey", {"MultiRegion": True, "Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        ("ReplicateKey", made | {"ReplicaRegion": "eu-west-1"}),
        ("UpdatePrimaryRegion", {"KeyId": "$KeyId", "PrimaryRegion": "eu-west-1"}),
        ("Advance", 1), ("DescribeKey", made))  # fmt: skip


def sts():
    def put(name, action, **parameters):
        form = {"Action": action, "Version": "2011-06-15", **parameters}
        seed("sts", name, urlencode(form))

    role = {"RoleArn": "arn:aws:iam::000000000000:role/Worker", "RoleSessionName": "session"}
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    tag = {"Tags.member.1.Key": "a", "Tags.member.1.Value": "b", "TransitiveTagKeys.member.1": "a"}
    put("identity", "GetCallerIdentity")
    put("role", "AssumeRole", **role, Policy=json.dumps(policy), DurationSeconds="900",
        ExternalId="ex", SourceIdentity="me", **tag)  # fmt: skip
    token = vectors("iam/tests/vectors/web_identity.json")["tokens"]["ES256"]
    put("web identity", "AssumeRoleWithWebIdentity", **role, WebIdentityToken=token)


def words_of_requests():
    shapes = json.loads((HERE.parent / "model/kms-2014-11-01.json").read_text())["shapes"]
    operations, members, values = set(), set(), set()
    for name, shape in shapes.items():
        if name.endswith("Request"):
            operations.add(name.removesuffix("Request"))
            members |= shape.get("members", {}).keys()
        values |= set(shape.get("enum", []))
    values -= {"RSA_3072", "RSA_4096"}
    words = [*sorted(operations), "Advance "]
    words += [rf'\"{word}\"' for word in [*sorted(members), *sorted(values), KEY, EXTERNAL_KEY]]
    words += [rf'\"${name}\"' for name in ("KeyId", "Arn", "CiphertextBlob", "NextMarker", "GrantToken")]
    text = "".join(f'"{word}"\n' for word in words)
    (HERE / "dictionaries/request.dict").write_text(text)


for make in (ciphertext_blobs, sealed_records, backups, attestation, key_import, sigv4, web_identity,
             policies, tokens, seeds, requests, sts, words_of_requests):  # fmt: skip
    make()
