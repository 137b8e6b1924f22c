"""The AWS CLI: every built operation once, and a walk through a key's life."""

import base64
import itertools
from datetime import datetime, timedelta, timezone

import pytest
from sdk_support import (
    ACCOUNT,
    BUILT,
    DAY,
    OTHER_REGION,
    alias_arn,
    close_to,
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


COMMANDS = [
    cancel_key_deletion,
    create_alias,
    create_key,
    decrypt,
    delete_alias,
    describe_key,
    disable_key,
    disable_key_rotation,
    enable_key,
    enable_key_rotation,
    encrypt,
    generate_data_key,
    generate_data_key_without_plaintext,
    generate_random,
    get_key_policy,
    get_key_rotation_status,
    list_aliases,
    list_key_policies,
    list_key_rotations,
    list_keys,
    list_resource_tags,
    put_key_policy,
    re_encrypt,
    rotate_key_on_demand,
    schedule_key_deletion,
    tag_resource,
    untag_resource,
    update_alias,
    update_key_description,
]


def test_every_built_operation_is_called_by_the_cli():
    called = {command.__name__.replace("_", "") for command in COMMANDS}
    assert called == {operation.lower() for operation in BUILT}


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
