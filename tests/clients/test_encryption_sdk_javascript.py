"""The AWS Encryption SDK for JavaScript, alone and together with that for Python."""

import pytest
from encryption_sdks import (
    FILE,
    OTHER_REGION,
    REGION,
    THIRD_REGION,
    JavaScript,
    MultiRegion,
    Symmetric,
    javascript_refused,
    with_other_context,
)


@pytest.fixture
def keys(server):
    """A symmetric key, as the SDK for Python uses it."""
    return Symmetric(server)


@pytest.fixture
def javascript(node, keys):
    """The same key, as the SDK for JavaScript uses it."""
    return JavaScript(node, keys.server, keys.arn)


def multi_region(node, keys, region):
    """The multi-Region key of a Region, as the SDK for JavaScript uses it."""
    return JavaScript(node, keys.server, keys.arn_in(region), keyring="multi-Region")


@pytest.mark.parametrize("plaintext", [b"", b"x", FILE], ids=["nothing", "one byte", "a file"])
def test_javascript_encrypts_and_decrypts(plaintext, javascript):
    assert javascript.decrypt(javascript.encrypt(plaintext)) == plaintext


def test_javascript_decrypts_what_python_encrypted(keys, javascript):
    assert javascript.decrypt(keys.encrypt()) == FILE


def test_python_decrypts_what_javascript_encrypted(keys, javascript):
    assert keys.decrypt(javascript.encrypt()) == FILE


def test_javascript_does_not_decrypt_with_another_key(node, server, javascript):
    other = JavaScript(node, server, Symmetric(server).arn)
    with javascript_refused("unencryptedDataKey has not been set"):
        other.decrypt(javascript.encrypt())


def test_kms_refuses_javascript_a_data_key_with_another_encryption_context(javascript):
    forged = with_other_context(javascript.encrypt())
    with javascript_refused("InvalidCiphertextException"):
        javascript.decrypt(forged)


def test_javascript_neither_encrypts_nor_decrypts_with_a_disabled_key(keys, javascript):
    message = javascript.encrypt()
    keys.kms.disable_key(KeyId=keys.arn)
    refusal = f"DisabledException: {keys.arn} is disabled."
    with javascript_refused(refusal):
        javascript.encrypt()
    with javascript_refused(refusal):
        javascript.decrypt(message)


def test_messages_pass_between_the_sdks_and_regions(node, server):
    keys = MultiRegion(server)
    home, away = (multi_region(node, keys, region) for region in (REGION, OTHER_REGION))
    assert away.decrypt(keys.encrypt()) == FILE
    message = home.encrypt()
    assert away.decrypt(message) == keys.decrypt(message) == FILE


def test_javascript_does_not_decrypt_where_there_is_no_replica(node, server):
    keys = MultiRegion(server)
    message = keys.encrypt()
    absent = f"NotFoundException: Key '{keys.arn_in(THIRD_REGION)}' does not exist"
    with javascript_refused(absent):
        multi_region(node, keys, THIRD_REGION).decrypt(message)


def test_messages_pass_between_the_sdks_after_a_rotation_and_a_restart(node, durable):
    keys = Symmetric(durable)
    javascript = JavaScript(node, durable, keys.arn)
    messages = [keys.encrypt(), javascript.encrypt()]
    material = keys.material()
    keys.kms.enable_key_rotation(KeyId=keys.arn)
    durable.advance("P400D")
    assert keys.material() != material
    messages += [keys.encrypt(), javascript.encrypt()]
    assert durable.stop() == 0
    durable.start()
    for message in messages:
        assert javascript.decrypt(message) == keys.decrypt(message) == FILE
