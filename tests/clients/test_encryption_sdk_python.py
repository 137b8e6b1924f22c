"""The AWS Encryption SDK for Python, with each of its keyrings that wrap data keys in AWS KMS."""

import pytest
from encryption_sdks import (
    CONTEXT,
    FILE,
    OTHER_CONTEXT,
    OTHER_REGION,
    PYTHON,
    REGION,
    THIRD_REGION,
    Ecdh,
    EcdhP384,
    MultiRegion,
    Rsa,
    Rsa3072Sha1,
    Rsa4096,
    Symmetric,
    decrypt,
    invalid_ciphertext,
    kms_refuses,
    refused,
    with_other_context,
)

WRAPPINGS = (Symmetric, MultiRegion, Rsa, Rsa3072Sha1, Rsa4096, Ecdh, EcdhP384)
# One of each keyring.
KEYRINGS = (Symmetric, MultiRegion, Rsa, Ecdh)

every_wrapping = pytest.mark.parametrize("wrapping", WRAPPINGS)
every_keyring = pytest.mark.parametrize("wrapping", KEYRINGS)


@every_wrapping
def test_a_file_is_encrypted_and_decrypted(wrapping, server):
    keys = wrapping(server)
    message = keys.encrypt()
    assert len(message) > len(FILE)
    assert keys.decrypt(message) == FILE


@every_keyring
@pytest.mark.parametrize("plaintext", [b"", b"x"], ids=["nothing", "one byte"])
def test_little_is_encrypted_and_decrypted(wrapping, plaintext, server):
    keys = wrapping(server)
    assert keys.decrypt(keys.encrypt(plaintext)) == plaintext


def test_a_file_is_encrypted_and_decrypted_as_a_stream(server):
    keys = Symmetric(server)
    with PYTHON.stream(
        mode="encrypt", source=FILE, keyring=keys.sender(), encryption_context=CONTEXT
    ) as encryptor:
        message = b"".join(encryptor)
    with PYTHON.stream(
        mode="decrypt", source=message, keyring=keys.recipient(), encryption_context=CONTEXT
    ) as decryptor:
        assert b"".join(decryptor) == FILE


@every_keyring
def test_another_key_does_not_decrypt(wrapping, server):
    message = wrapping(server).encrypt()
    others = wrapping(server)
    with refused():
        others.decrypt(message)


@every_keyring
def test_the_caller_must_expect_the_encryption_context_of_the_message(wrapping, server):
    keys = wrapping(server)
    message = keys.encrypt()
    with refused("Encryption context does not match reproduced encryption context."):
        keys.decrypt(message, context=OTHER_CONTEXT)


@pytest.mark.parametrize("wrapping", [Symmetric, MultiRegion])
def test_kms_refuses_a_data_key_with_another_encryption_context(wrapping, server):
    keys = wrapping(server)
    forged = with_other_context(keys.encrypt())
    with invalid_ciphertext():
        keys.decrypt(forged, context=OTHER_CONTEXT)


@pytest.mark.parametrize(
    "wrapping, refusal",
    [
        (Rsa, "Encryption context digest does not match expected value."),
        (Ecdh, "Commitment keys do not match"),
    ],
)
def test_the_data_key_of_a_forged_encryption_context_does_not_fit(wrapping, refusal, server):
    keys = wrapping(server)
    forged = with_other_context(keys.encrypt())
    with refused(refusal):
        keys.decrypt(forged, context=OTHER_CONTEXT)


@every_keyring
def test_a_disabled_key_decrypts_only_after_it_is_enabled_again(wrapping, server):
    keys = wrapping(server)
    message = keys.encrypt()
    keys.kms.disable_key(KeyId=keys.arn)
    with kms_refuses(f"{keys.arn} is disabled."):
        keys.decrypt(message)
    keys.kms.enable_key(KeyId=keys.arn)
    assert keys.decrypt(message) == FILE


@every_keyring
def test_a_key_that_is_pending_deletion_does_not_decrypt(wrapping, server):
    keys = wrapping(server)
    message = keys.encrypt()
    keys.kms.schedule_key_deletion(KeyId=keys.arn, PendingWindowInDays=7)
    with kms_refuses(f"{keys.arn} is pending deletion."):
        keys.decrypt(message)


@every_keyring
def test_messages_outlive_a_restart(wrapping, durable):
    keys = wrapping(durable)
    message = keys.encrypt()
    assert durable.stop() == 0
    durable.start()
    assert keys.decrypt(message) == FILE
    assert keys.decrypt(keys.encrypt()) == FILE


# Symmetric keys


def test_a_disabled_key_does_not_encrypt(server):
    keys = Symmetric(server)
    keys.kms.disable_key(KeyId=keys.arn)
    with kms_refuses(f"{keys.arn} is disabled."):
        keys.encrypt()


def test_a_discovery_keyring_finds_the_key(server):
    keys = Symmetric(server)
    assert decrypt(keys.encrypt(), keys.discovery()) == FILE


def test_messages_from_before_and_after_a_rotation_decrypt(machine):
    keys = Symmetric(machine)
    before = keys.encrypt()
    material = keys.material()
    keys.kms.enable_key_rotation(KeyId=keys.arn)
    machine.advance("P400D")
    assert keys.material() != material
    after = keys.encrypt()
    assert keys.decrypt(before) == keys.decrypt(after) == FILE


def test_messages_outlive_a_rotation_and_a_restart(durable):
    keys = Symmetric(durable)
    before = keys.encrypt()
    material = keys.material()
    keys.kms.enable_key_rotation(KeyId=keys.arn)
    durable.advance("P400D")
    assert keys.material() != material
    after = keys.encrypt()
    assert durable.stop() == 0
    durable.start()
    assert keys.decrypt(before) == keys.decrypt(after) == FILE


# Multi-Region keys


def test_a_multi_region_message_decrypts_wherever_there_is_a_replica(server):
    keys = MultiRegion(server)
    messages = [keys.encrypt_in(region) for region in (REGION, OTHER_REGION)]
    for region in (REGION, OTHER_REGION):
        for message in messages:
            assert decrypt(message, keys.keyring_in(region)) == FILE


def test_a_multi_region_message_does_not_decrypt_where_there_is_no_replica(server):
    keys = MultiRegion(server)
    message = keys.encrypt()
    with kms_refuses(f"Key '{keys.arn_in(THIRD_REGION)}' does not exist"):
        decrypt(message, keys.keyring_in(THIRD_REGION))


def test_a_disabled_replica_does_not_keep_the_primary_from_decrypting(server):
    keys = MultiRegion(server)
    message = keys.encrypt_in(OTHER_REGION)
    keys.kms.disable_key(KeyId=keys.arn)
    assert decrypt(message, keys.keyring_in(REGION)) == FILE


def test_multi_region_messages_from_before_and_after_a_rotation_decrypt(machine):
    keys = MultiRegion(machine)
    before = keys.encrypt()
    material = keys.material()
    machine.client().enable_key_rotation(KeyId=keys.primary_arn)
    machine.advance("P400D")
    assert keys.material() != material
    after = keys.encrypt()
    assert keys.decrypt(before) == keys.decrypt(after) == FILE


def test_a_multi_region_message_decrypts_with_a_new_primary(server):
    keys = MultiRegion(server)
    message = keys.encrypt()
    server.client().update_primary_region(KeyId=keys.primary_arn, PrimaryRegion=OTHER_REGION)
    for region in (REGION, OTHER_REGION):
        assert decrypt(message, keys.keyring_in(region)) == FILE


# RSA keys


def test_a_public_key_encrypts_even_while_its_private_key_is_disabled(server):
    keys = Rsa(server)
    keys.kms.disable_key(KeyId=keys.arn)
    message = keys.encrypt()
    keys.kms.enable_key(KeyId=keys.arn)
    assert keys.decrypt(message) == FILE


# Elliptic curve keys


def test_the_sender_of_a_message_decrypts_it_too(server):
    keys = Ecdh(server)
    assert decrypt(keys.encrypt(), keys.sender()) == FILE


def test_a_disabled_sender_does_not_encrypt(server):
    keys = Ecdh(server)
    message = keys.encrypt()
    keys.kms.disable_key(KeyId=keys.sender_arn)
    with kms_refuses(f"{keys.sender_arn} is disabled."):
        keys.encrypt()
    assert keys.decrypt(message) == FILE
