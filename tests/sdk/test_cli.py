"""The AWS CLI: every built operation once, and a walk through a key's life."""

import base64
import itertools
from datetime import datetime, timedelta, timezone

import pytest
from sdk_support import (
    ACCOUNT,
    AGREEING,
    BUILT,
    DAY,
    GRANTEE,
    IMPORTED,
    MAC,
    OTHER_REGION,
    SIGNING,
    Primary,
    Subject,
    alias_arn,
    close_to,
    import_parameters,
    key_arn,
    new_alias_name,
    utc_now,
)


def text(encoded):
    return base64.b64decode(encoded).decode()


def at(seconds):
    """The moment of a date as the CLI prints it."""
    return datetime.fromtimestamp(seconds, timezone.utc)


@pytest.fixture
def file(tmp_path):
    """Writes bytes to a file and returns how the CLI is told to read them from there."""
    numbers = itertools.count()

    def write(content):
        path = tmp_path / f"blob-{next(numbers)}"
        path.write_bytes(content)
        return f"fileb://{path}"

    return write


# Each operation, as a function of the CLI and a fresh subject.


def create_key(cli, subject, file):
    metadata = cli("create-key", "--description", "by CLI", "--tags", "TagKey=a,TagValue=b")
    metadata = metadata["KeyMetadata"]
    assert metadata["Description"] == "by CLI"
    assert metadata["Arn"] == key_arn(metadata["KeyId"])


def describe_key(cli, subject, file):
    metadata = cli("describe-key", "--key-id", subject.alias)["KeyMetadata"]
    assert (metadata["KeyId"], metadata["AWSAccountId"]) == (subject.id, ACCOUNT)


def list_keys(cli, subject, file):
    assert subject.id in {entry["KeyId"] for entry in cli("list-keys")["Keys"]}


def update_key_description(cli, subject, file):
    assert cli("update-key-description", "--key-id", subject.id, "--description", "new") is None
    assert subject.kms.describe_key(KeyId=subject.id)["KeyMetadata"]["Description"] == "new"


def disable_key(cli, subject, file):
    assert cli("disable-key", "--key-id", subject.id) is None
    assert subject.state == "Disabled"


def enable_key(cli, subject, file):
    subject.bring_into("Disabled")
    assert cli("enable-key", "--key-id", subject.id) is None
    assert subject.state == "Enabled"


def schedule_key_deletion(cli, subject, file):
    answer = cli("schedule-key-deletion", "--key-id", subject.id, "--pending-window-in-days", "7")
    assert (answer["KeyId"], answer["KeyState"]) == (subject.arn, "PendingDeletion")
    assert answer["PendingWindowInDays"] == 7
    assert close_to(utc_now() + 7 * DAY, at(answer["DeletionDate"]))


def cancel_key_deletion(cli, subject, file):
    subject.bring_into("PendingDeletion")
    assert cli("cancel-key-deletion", "--key-id", subject.id) == {"KeyId": subject.arn}
    assert subject.state == "Disabled"


def encrypt(cli, subject, file):
    answer = cli("encrypt", "--key-id", subject.alias, "--plaintext", file(b"by CLI"))
    blob = base64.b64decode(answer["CiphertextBlob"])
    assert answer["KeyId"] == subject.arn
    assert subject.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"by CLI"


def decrypt(cli, subject, file):
    answer = cli("decrypt", "--ciphertext-blob", file(subject.ciphertext))
    assert (answer["KeyId"], text(answer["Plaintext"])) == (subject.arn, "secret")


def re_encrypt(cli, subject, file):
    answer = cli(
        "re-encrypt",
        *("--ciphertext-blob", file(subject.ciphertext)),
        *("--destination-key-id", subject.other),
        *("--destination-encryption-context", "a=b"),
    )
    blob = base64.b64decode(answer["CiphertextBlob"])
    decrypted = subject.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
    assert decrypted["Plaintext"] == b"secret"


def generate_data_key(cli, subject, file):
    answer = cli("generate-data-key", "--key-id", subject.id, "--key-spec", "AES_256")
    blob = base64.b64decode(answer["CiphertextBlob"])
    decrypted = subject.kms.decrypt(CiphertextBlob=blob)["Plaintext"]
    assert decrypted == base64.b64decode(answer["Plaintext"])


def generate_data_key_without_plaintext(cli, subject, file):
    answer = cli(
        "generate-data-key-without-plaintext", "--key-id", subject.id, "--number-of-bytes", "24"
    )
    assert "Plaintext" not in answer
    blob = base64.b64decode(answer["CiphertextBlob"])
    assert len(subject.kms.decrypt(CiphertextBlob=blob)["Plaintext"]) == 24


def generate_random(cli, subject, file):
    answer = cli("generate-random", "--number-of-bytes", "33")
    assert len(base64.b64decode(answer["Plaintext"])) == 33


def create_alias(cli, subject, file):
    name = new_alias_name()
    assert cli("create-alias", "--alias-name", name, "--target-key-id", subject.id) is None
    assert subject.kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == subject.id


def update_alias(cli, subject, file):
    names = ("--alias-name", subject.alias, "--target-key-id", subject.other)
    assert cli("update-alias", *names) is None
    found = subject.kms.describe_key(KeyId=subject.alias)["KeyMetadata"]["KeyId"]
    assert found == subject.other


def delete_alias(cli, subject, file):
    assert cli("delete-alias", "--alias-name", subject.alias) is None
    assert subject.kms.list_aliases(KeyId=subject.id)["Aliases"] == []


def list_aliases(cli, subject, file):
    (entry,) = cli("list-aliases", "--key-id", subject.id)["Aliases"]
    assert (entry["AliasArn"], entry["TargetKeyId"]) == (alias_arn(subject.alias), subject.id)


def tag_resource(cli, subject, file):
    tags = ("--tags", "TagKey=a,TagValue=1", "TagKey=b,TagValue=")
    assert cli("tag-resource", "--key-id", subject.id, *tags) is None
    assert len(subject.kms.list_resource_tags(KeyId=subject.id)["Tags"]) == 2


def untag_resource(cli, subject, file):
    subject.call("TagResource")
    assert cli("untag-resource", "--key-id", subject.id, "--tag-keys", "a") is None
    assert subject.kms.list_resource_tags(KeyId=subject.id)["Tags"] == []


def list_resource_tags(cli, subject, file):
    subject.call("TagResource")
    tags = cli("list-resource-tags", "--key-id", subject.id)["Tags"]
    assert tags == [{"TagKey": "a", "TagValue": "b"}]


def get_key_policy(cli, subject, file):
    answer = cli("get-key-policy", "--key-id", subject.id, "--policy-name", "default")
    assert answer == {
        "Policy": subject.kms.get_key_policy(KeyId=subject.id)["Policy"],
        "PolicyName": "default",
    }


def put_key_policy(cli, subject, file):
    policy = subject.kms.get_key_policy(KeyId=subject.id)["Policy"] + "\n"
    assert cli("put-key-policy", "--key-id", subject.id, "--policy", policy) is None
    assert subject.kms.get_key_policy(KeyId=subject.id)["Policy"] == policy


def list_key_policies(cli, subject, file):
    answer = cli("list-key-policies", "--key-id", subject.id)
    assert answer["PolicyNames"] == ["default"]


def enable_key_rotation(cli, subject, file):
    period = ("--rotation-period-in-days", "180")
    assert cli("enable-key-rotation", "--key-id", subject.id, *period) is None
    status = subject.kms.get_key_rotation_status(KeyId=subject.id)
    assert status["RotationPeriodInDays"] == 180


def disable_key_rotation(cli, subject, file):
    subject.call("EnableKeyRotation")
    assert cli("disable-key-rotation", "--key-id", subject.id) is None
    assert not subject.kms.get_key_rotation_status(KeyId=subject.id)["KeyRotationEnabled"]


def get_key_rotation_status(cli, subject, file):
    answer = cli("get-key-rotation-status", "--key-id", subject.id)
    assert answer == {"KeyId": subject.id, "KeyRotationEnabled": False}


def rotate_key_on_demand(cli, subject, file):
    assert cli("rotate-key-on-demand", "--key-id", subject.id) == {"KeyId": subject.arn}
    assert len(subject.kms.list_key_rotations(KeyId=subject.id)["Rotations"]) == 1


def list_key_rotations(cli, subject, file):
    subject.call("RotateKeyOnDemand")
    material = ("--include-key-material", "ALL_KEY_MATERIAL")
    answer = cli("list-key-rotations", "--key-id", subject.id, *material)
    states = [entry["KeyMaterialState"] for entry in answer["Rotations"]]
    assert states == ["NON_CURRENT", "CURRENT"]


def replicate_key(cli, subject, file):
    primary = cli("create-key", "--multi-region")["KeyMetadata"]
    assert primary["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    answer = cli(
        "replicate-key",
        *("--key-id", primary["KeyId"]),
        *("--replica-region", OTHER_REGION),
        *("--description", "by CLI"),
        *("--tags", "TagKey=a,TagValue=b"),
    )
    assert answer.keys() == {"ReplicaKeyMetadata", "ReplicaPolicy", "ReplicaTags"}
    replica = answer["ReplicaKeyMetadata"]
    assert replica["Arn"] == key_arn(primary["KeyId"], region=OTHER_REGION)
    described = cli("describe-key", "--key-id", primary["KeyId"], region=OTHER_REGION)
    assert described["KeyMetadata"]["Description"] == "by CLI"


def update_primary_region(cli, subject, file):
    key = Primary(subject.kms).id
    region = ("--primary-region", OTHER_REGION)
    assert cli("update-primary-region", "--key-id", key, *region) is None
    described = cli("describe-key", "--key-id", key)["KeyMetadata"]["MultiRegionConfiguration"]
    assert described["MultiRegionKeyType"] == "REPLICA"
    assert described["PrimaryKey"]["Region"] == OTHER_REGION


def sign(cli, subject, file):
    signer = Subject(subject.kms, **SIGNING)
    algorithm = ("--signing-algorithm", "ECDSA_SHA_256")
    message = ("--message", file(b"by CLI"), "--message-type", "RAW")
    answer = cli("sign", "--key-id", signer.alias, *message, *algorithm)
    assert (answer["KeyId"], answer["SigningAlgorithm"]) == (signer.arn, "ECDSA_SHA_256")
    signature = base64.b64decode(answer["Signature"])
    verified = subject.kms.verify(
        KeyId=signer.id,
        Message=b"by CLI",
        Signature=signature,
        SigningAlgorithm="ECDSA_SHA_256",
    )
    assert verified["SignatureValid"] is True


def verify(cli, subject, file):
    signer = Subject(subject.kms, **SIGNING)
    answer = cli(
        "verify",
        *("--key-id", signer.id),
        *("--message", file(b"secret")),
        *("--signature", file(signer.made)),
        *("--signing-algorithm", "ECDSA_SHA_256"),
    )
    assert answer == {
        "KeyId": signer.arn,
        "SignatureValid": True,
        "SigningAlgorithm": "ECDSA_SHA_256",
    }


def get_public_key(cli, subject, file):
    signer = Subject(subject.kms, **SIGNING)
    answer = cli("get-public-key", "--key-id", signer.alias)
    expected = subject.kms.get_public_key(KeyId=signer.id)["PublicKey"]
    assert base64.b64decode(answer["PublicKey"]) == expected
    assert answer["SigningAlgorithms"] == ["ECDSA_SHA_256"]


def generate_mac(cli, subject, file):
    keeper = Subject(subject.kms, **MAC)
    message = ("--message", file(b"secret"), "--mac-algorithm", "HMAC_SHA_256")
    answer = cli("generate-mac", "--key-id", keeper.alias, *message)
    assert base64.b64decode(answer["Mac"]) == keeper.made


def verify_mac(cli, subject, file):
    keeper = Subject(subject.kms, **MAC)
    message = ("--message", file(b"secret"), "--mac-algorithm", "HMAC_SHA_256")
    answer = cli("verify-mac", "--key-id", keeper.id, *message, "--mac", file(keeper.made))
    assert answer == {"KeyId": keeper.arn, "MacValid": True, "MacAlgorithm": "HMAC_SHA_256"}


def derive_shared_secret(cli, subject, file):
    first, second = (Subject(subject.kms, **AGREEING) for _ in range(2))
    secrets = []
    for own, peer in ((first, second), (second, first)):
        public_key = subject.kms.get_public_key(KeyId=peer.id)["PublicKey"]
        answer = cli(
            "derive-shared-secret",
            *("--key-id", own.id),
            *("--key-agreement-algorithm", "ECDH"),
            *("--public-key", file(public_key)),
        )
        assert answer["KeyOrigin"] == "AWS_KMS"
        secrets.append(base64.b64decode(answer["SharedSecret"]))
    assert secrets[0] == secrets[1]


def generate_data_key_pair(cli, subject, file):
    spec = ("--key-pair-spec", "ECC_NIST_P256")
    answer = cli("generate-data-key-pair", "--key-id", subject.alias, *spec)
    blob = base64.b64decode(answer["PrivateKeyCiphertextBlob"])
    decrypted = subject.kms.decrypt(CiphertextBlob=blob)["Plaintext"]
    assert decrypted == base64.b64decode(answer["PrivateKeyPlaintext"])


def generate_data_key_pair_without_plaintext(cli, subject, file):
    spec = ("--key-pair-spec", "RSA_2048", "--encryption-context", "a=b")
    answer = cli("generate-data-key-pair-without-plaintext", "--key-id", subject.id, *spec)
    assert "PrivateKeyPlaintext" not in answer
    blob = base64.b64decode(answer["PrivateKeyCiphertextBlob"])
    assert subject.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})["Plaintext"]


def create_grant(cli, subject, file):
    answer = cli(
        "create-grant",
        *("--key-id", subject.id),
        *("--grantee-principal", GRANTEE),
        *("--operations", "Encrypt", "Decrypt"),
        *("--constraints", "EncryptionContextSubset={a=b}"),
        *("--name", "by-CLI"),
    )
    assert answer.keys() == {"GrantId", "GrantToken"}
    (entry,) = subject.kms.list_grants(KeyId=subject.id, GrantId=answer["GrantId"])["Grants"]
    assert entry["Operations"] == ["Encrypt", "Decrypt"]
    assert entry["Constraints"] == {"EncryptionContextSubset": {"a": "b"}}
    assert entry["Name"] == "by-CLI"


def list_grants(cli, subject, file):
    (entry,) = cli("list-grants", "--key-id", subject.id)["Grants"]
    assert (entry["KeyId"], entry["GrantId"]) == (subject.arn, subject.grant)
    assert entry["GranteePrincipal"] == GRANTEE


def list_retirable_grants(cli, subject, file):
    retirer = f"arn:aws:iam::{ACCOUNT}:role/{subject.id}"
    terms = {"GranteePrincipal": GRANTEE, "Operations": ["Encrypt"]}
    created = subject.kms.create_grant(KeyId=subject.id, RetiringPrincipal=retirer, **terms)
    (entry,) = cli("list-retirable-grants", "--retiring-principal", retirer)["Grants"]
    assert entry["GrantId"] == created["GrantId"]


def retire_grant(cli, subject, file):
    grant = ("--grant-id", subject.grant)
    assert cli("retire-grant", "--key-id", subject.arn, *grant) is None
    assert subject.kms.list_grants(KeyId=subject.id)["Grants"] == []


def revoke_grant(cli, subject, file):
    grant = ("--grant-id", subject.grant)
    assert cli("revoke-grant", "--key-id", subject.id, *grant) is None
    assert subject.kms.list_grants(KeyId=subject.id)["Grants"] == []


def get_key_last_usage(cli, subject, file):
    answer = cli("get-key-last-usage", "--key-id", subject.id)
    assert answer["KeyId"] == subject.arn
    assert answer["KeyLastUsage"]["Operation"] == "Encrypt"
    assert close_to(utc_now(), at(answer["KeyLastUsage"]["Timestamp"]))


def get_parameters_for_import(cli, subject, file):
    key = subject.kms.create_key(**IMPORTED)["KeyMetadata"]
    wrapping = ("--wrapping-algorithm", "RSAES_OAEP_SHA_256", "--wrapping-key-spec", "RSA_3072")
    answer = cli("get-parameters-for-import", "--key-id", key["KeyId"], *wrapping)
    assert answer["KeyId"] == key["Arn"]
    assert len(base64.b64decode(answer["PublicKey"])) > 3072 // 8
    assert close_to(utc_now() + DAY, at(answer["ParametersValidTo"]))


def import_key_material(cli, subject, file):
    key = subject.kms.create_key(**IMPORTED)["KeyMetadata"]
    parameters = import_parameters(subject.kms, key["KeyId"])
    answer = cli(
        "import-key-material",
        *("--key-id", key["KeyId"]),
        *("--import-token", file(parameters["ImportToken"])),
        *("--encrypted-key-material", file(parameters["EncryptedKeyMaterial"])),
        *("--expiration-model", "KEY_MATERIAL_EXPIRES"),
        *("--valid-to", (utc_now() + DAY).isoformat()),
        *("--key-material-description", "by CLI"),
    )
    described = subject.kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert answer == {
        "KeyId": key["Arn"],
        "KeyMaterialId": described["CurrentKeyMaterialId"],
    }
    assert described["KeyState"] == "Enabled"
    assert close_to(utc_now() + DAY, described["ValidTo"])


def delete_imported_key_material(cli, subject, file):
    key = Subject(subject.kms, **IMPORTED)
    material = subject.kms.describe_key(KeyId=key.id)["KeyMetadata"]["CurrentKeyMaterialId"]
    named = ("--key-id", key.id, "--key-material-id", material)
    answer = cli("delete-imported-key-material", *named)
    assert answer == {"KeyId": key.arn, "KeyMaterialId": material}
    assert key.state == "PendingImport"


COMMANDS = [
    cancel_key_deletion,
    create_alias,
    create_grant,
    create_key,
    decrypt,
    delete_alias,
    delete_imported_key_material,
    derive_shared_secret,
    describe_key,
    disable_key,
    disable_key_rotation,
    enable_key,
    enable_key_rotation,
    encrypt,
    generate_data_key,
    generate_data_key_pair,
    generate_data_key_pair_without_plaintext,
    generate_data_key_without_plaintext,
    generate_mac,
    generate_random,
    get_key_last_usage,
    get_key_policy,
    get_key_rotation_status,
    get_parameters_for_import,
    get_public_key,
    import_key_material,
    list_aliases,
    list_grants,
    list_key_policies,
    list_key_rotations,
    list_keys,
    list_resource_tags,
    list_retirable_grants,
    put_key_policy,
    re_encrypt,
    replicate_key,
    retire_grant,
    revoke_grant,
    rotate_key_on_demand,
    schedule_key_deletion,
    sign,
    tag_resource,
    untag_resource,
    update_alias,
    update_key_description,
    update_primary_region,
    verify,
    verify_mac,
]


# Operations that are newer than the release of the CLI.
NOT_IN_CLI = {"Decapsulate", "Encapsulate"}


def test_every_built_operation_is_called_by_the_cli():
    called = {command.__name__.replace("_", "") for command in COMMANDS}
    assert called == {operation.lower() for operation in BUILT - NOT_IN_CLI}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_the_cli_calls_each_operation(server, subject, file, command):
    command(server.cli, subject, file)


def test_a_key_lives_on_through_rotations_and_a_power_cut(start, data_dir, file):
    server = start(data_dir=data_dir)
    cli = server.cli
    key = cli("create-key", "--description", "walk-through")["KeyMetadata"]["KeyId"]
    cli("create-alias", "--alias-name", "alias/walk", "--target-key-id", key)
    encrypted = cli(
        "encrypt",
        *("--key-id", "alias/walk"),
        *("--plaintext", file(b"from the first day")),
        *("--encryption-context", "order=1"),
    )
    period = ("--rotation-period-in-days", "90")
    cli("enable-key-rotation", "--key-id", key, *period)
    first = at(cli("get-key-rotation-status", "--key-id", key)["NextRotationDate"])
    server.advance("P400D")

    rotations = cli("list-key-rotations", "--key-id", key)["Rotations"]
    dates = [at(entry["RotationDate"]) for entry in rotations]
    assert len(dates) == 4
    for number, date in enumerate(dates):
        assert abs(date - first - timedelta(days=90 * number)) < timedelta(seconds=1)

    blob = file(base64.b64decode(encrypted["CiphertextBlob"]))
    old = ("--ciphertext-blob", blob, "--encryption-context", "order=1")
    before = cli("decrypt", *old)
    assert text(before["Plaintext"]) == "from the first day"
    assert before["KeyMaterialId"] not in {entry["KeyMaterialId"] for entry in rotations}

    server.kill()
    server.start()
    assert cli("decrypt", *old) == before
    assert cli("list-key-rotations", "--key-id", key)["Rotations"] == rotations
    assert cli("describe-key", "--key-id", "alias/walk")["KeyMetadata"]["KeyId"] == key


def test_the_cli_shows_the_exception_and_its_text(server, subject, file):
    subject.bring_into("Disabled")
    result = server.cli(
        "encrypt", "--key-id", subject.id, "--plaintext", file(b"x"), check=False
    )
    assert result.returncode != 0
    assert "DisabledException" in result.stderr
    assert f"{subject.arn} is disabled." in result.stderr


def test_the_cli_pages_through_everything_by_itself(start):
    server = start()
    kms = server.client()
    keys = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)}
    answer = server.cli("list-keys", "--page-size", "2")
    assert {entry["KeyId"] for entry in answer["Keys"]} == keys


def test_the_region_of_the_cli_is_that_of_the_key(server):
    metadata = server.cli("create-key", region=OTHER_REGION)["KeyMetadata"]
    assert metadata["Arn"] == key_arn(metadata["KeyId"], region=OTHER_REGION)
