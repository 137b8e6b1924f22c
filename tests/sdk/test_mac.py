"""GenerateMac, VerifyMac. MACs under imported key material are made by Python, too."""

import hmac

import pytest
from sdk_support import (
    MAC,
    OTHER_REGION,
    WOULD_SUCCEED,
    algorithm_refused,
    altered,
    check_new_key,
    check_no_rotation,
    import_key,
    key_arn,
    last_use,
    members,
    new_alias_name,
    raises,
    raises_violations,
    usage_refused,
    violated,
)

MESSAGE = b"a message to authenticate"
SPECS = {
    "HMAC_224": ("HMAC_SHA_224", 28),
    "HMAC_256": ("HMAC_SHA_256", 32),
    "HMAC_384": ("HMAC_SHA_384", 48),
    "HMAC_512": ("HMAC_SHA_512", 64),
}
USAGE = "GENERATE_VERIFY_MAC"


@pytest.fixture
def keeper(key_of):
    """The id of an HMAC key: `keeper(spec)`."""
    return lambda spec: key_of(spec, USAGE)


def generate(kms, key, algorithm, message=MESSAGE, **more):
    return kms.generate_mac(KeyId=key, Message=message, MacAlgorithm=algorithm, **more)["Mac"]


def verify(kms, key, algorithm, mac, message=MESSAGE, **more):
    parameters = {"KeyId": key, "MacAlgorithm": algorithm, "Mac": mac, "Message": message}
    assert kms.verify_mac(**parameters, **more)["MacValid"] is True


@pytest.mark.parametrize("spec", SPECS)
def test_a_new_hmac_key_has_its_algorithm_and_no_key_material_id(kms, spec):
    check_new_key(kms, spec, USAGE, {"MacAlgorithms": [SPECS[spec][0]]})


@pytest.mark.parametrize("spec", SPECS)
def test_an_hmac_key_can_be_asked_for_by_the_old_name_of_its_spec(kms, spec):
    metadata = kms.create_key(CustomerMasterKeySpec=spec, KeyUsage=USAGE)["KeyMetadata"]
    assert metadata["KeySpec"] == metadata["CustomerMasterKeySpec"] == spec


@pytest.mark.parametrize("spec", SPECS)
def test_hmac_keys_do_not_rotate(kms, keeper, spec):
    check_no_rotation(kms, keeper(spec))


def test_an_alias_moves_between_hmac_keys_of_any_spec(kms, keeper):
    name = new_alias_name()
    kms.create_alias(AliasName=name, TargetKeyId=keeper("HMAC_256"))
    kms.update_alias(AliasName=name, TargetKeyId=keeper("HMAC_512"))
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeySpec"] == "HMAC_512"


@pytest.mark.parametrize("spec", SPECS)
def test_a_mac_comes_with_the_arn_of_the_key_and_the_algorithm(kms, keeper, spec):
    key, (algorithm, length) = keeper(spec), SPECS[spec]
    parameters = {"KeyId": key, "Message": MESSAGE, "MacAlgorithm": algorithm}
    response = members(kms.generate_mac(**parameters))
    mac = response.pop("Mac")
    assert len(mac) == length
    assert response == {"KeyId": key_arn(key), "MacAlgorithm": algorithm}
    assert members(kms.verify_mac(**parameters, Mac=mac)) == {
        "KeyId": key_arn(key),
        "MacValid": True,
        "MacAlgorithm": algorithm,
    }


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("size", [1, 28, 64, 65, 128, 129, 4096])
def test_the_mac_of_a_message_is_always_the_same_and_of_no_other_message(
    kms, keeper, spec, size
):
    key, (algorithm, _) = keeper(spec), SPECS[spec]
    message = bytes(number % 256 for number in range(size))
    mac = generate(kms, key, algorithm, message)
    assert generate(kms, key, algorithm, message) == mac
    verify(kms, key, algorithm, mac, message)
    other = altered(message, -1)
    assert generate(kms, key, algorithm, other) != mac
    with raises("KMSInvalidMacException", ""):
        verify(kms, key, algorithm, mac, other)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("size", [1, 64, 128, 4096])
def test_a_mac_is_the_one_that_is_made_outside_of_the_same_key(kms, spec, size):
    algorithm, length = SPECS[spec]
    secret, message = bytes(range(length)), b"m" * size
    key = import_key(kms, spec, USAGE, secret)
    expected = hmac.digest(secret, message, f"sha{8 * length}")
    assert generate(kms, key, algorithm, message) == expected
    verify(kms, key, algorithm, expected, message)


@pytest.mark.parametrize("spec", SPECS)
def test_every_hmac_key_makes_macs_of_its_own(kms, keeper, spec):
    algorithm = SPECS[spec][0]
    other = kms.create_key(KeySpec=spec, KeyUsage=USAGE)["KeyMetadata"]["KeyId"]
    mac = generate(kms, other, algorithm)
    assert mac != generate(kms, keeper(spec), algorithm)
    with raises("KMSInvalidMacException", ""):
        verify(kms, keeper(spec), algorithm, mac)


@pytest.mark.parametrize("spec", SPECS)
def test_a_bad_mac_is_an_exception_without_a_message(kms, keeper, spec):
    key, (algorithm, length) = keeper(spec), SPECS[spec]
    mac = generate(kms, key, algorithm)
    for bad in (
        *(altered(mac, position) for position in range(length)),
        mac[:-1],
        mac[: length // 2],
        mac[:1],
        mac + b"\0",
        mac + mac,
        bytes(length),
        b"\xff" * 6144,
    ):
        with raises("KMSInvalidMacException", ""):
            verify(kms, key, algorithm, bad)
    verify(kms, key, algorithm, mac)


@pytest.mark.parametrize("spec", SPECS)
def test_only_the_algorithm_of_the_key_is_taken(kms, keeper, spec):
    for algorithm, length in SPECS.values():
        if algorithm != SPECS[spec][0]:
            with algorithm_refused(algorithm, spec):
                generate(kms, keeper(spec), algorithm)
            with algorithm_refused(algorithm, spec):
                verify(kms, keeper(spec), algorithm, bytes(length))


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
    ],
)
def test_a_key_for_something_else_makes_and_verifies_no_mac(kms, key_of, spec, usage):
    key = key_of(spec, usage)
    with usage_refused(key_arn(key), usage, "GenerateMac"):
        generate(kms, key, "HMAC_SHA_256")
    with usage_refused(key_arn(key), usage, "VerifyMac"):
        verify(kms, key, "HMAC_SHA_256", b"x")


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        (b"", "have length greater than or equal to 1"),
        (b"x" * 4097, "have length less than or equal to 4096"),
    ],
)
def test_a_message_has_1_to_4096_bytes_and_is_not_repeated_in_the_error(
    unchecked, keeper, message, rule
):
    with raises_violations(violated("message", rule)):
        generate(unchecked, keeper("HMAC_256"), "HMAC_SHA_256", message)
    with raises_violations(violated("message", rule)):
        verify(unchecked, keeper("HMAC_256"), "HMAC_SHA_256", b"x", message)


@pytest.mark.parametrize(
    ("mac", "rule"),
    [
        (b"", "have length greater than or equal to 1"),
        (b"x" * 6145, "have length less than or equal to 6144"),
    ],
)
def test_a_mac_has_1_to_6144_bytes(unchecked, keeper, mac, rule):
    with raises_violations(violated("mac", rule)):
        verify(unchecked, keeper("HMAC_256"), "HMAC_SHA_256", mac)


def test_a_grant_token_that_no_grant_has_is_invalid(kms, keeper):
    with raises("InvalidGrantTokenException"):
        generate(kms, keeper("HMAC_256"), "HMAC_SHA_256", GrantTokens=["token"])
    with raises("InvalidGrantTokenException"):
        verify(kms, keeper("HMAC_256"), "HMAC_SHA_256", b"x", GrantTokens=["token"])


def test_a_dry_run_that_would_succeed_says_so(kms, keeper):
    key = keeper("HMAC_256")
    mac = generate(kms, key, "HMAC_SHA_256", DryRun=False)
    verify(kms, key, "HMAC_SHA_256", mac, DryRun=False)
    with raises("DryRunOperationException", WOULD_SUCCEED):
        generate(kms, key, "HMAC_SHA_256", DryRun=True)
    with raises("DryRunOperationException", WOULD_SUCCEED):
        verify(kms, key, "HMAC_SHA_256", mac, DryRun=True)


def test_a_dry_run_that_would_fail_fails_in_the_same_way(kms, keeper, key):
    with algorithm_refused("HMAC_SHA_512", "HMAC_256"):
        generate(kms, keeper("HMAC_256"), "HMAC_SHA_512", DryRun=True)
    with raises("KMSInvalidMacException", ""):
        verify(kms, keeper("HMAC_256"), "HMAC_SHA_256", b"x", DryRun=True)
    with usage_refused(key_arn(key), "ENCRYPT_DECRYPT", "GenerateMac"):
        generate(kms, key, "HMAC_SHA_256", DryRun=True)


@pytest.mark.parametrize("spec", SPECS)
def test_an_hmac_key_works_while_it_is_enabled(kms, spec):
    algorithm = SPECS[spec][0]
    key = kms.create_key(KeySpec=spec, KeyUsage=USAGE)["KeyMetadata"]["KeyId"]
    mac = generate(kms, key, algorithm)
    kms.disable_key(KeyId=key)
    with raises("DisabledException", f"{key_arn(key)} is disabled."):
        generate(kms, key, algorithm)
    with raises("DisabledException", f"{key_arn(key)} is disabled."):
        verify(kms, key, algorithm, mac)
    kms.enable_key(KeyId=key)
    verify(kms, key, algorithm, mac)
    kms.schedule_key_deletion(KeyId=key)
    with raises("KMSInvalidStateException", f"{key_arn(key)} is pending deletion."):
        verify(kms, key, algorithm, mac)


@pytest.mark.parametrize("spec", SPECS)
def test_a_multi_region_key_makes_the_same_mac_in_every_region(server, kms, spec):
    elsewhere, algorithm = server.client(region=OTHER_REGION), SPECS[spec][0]
    key = kms.create_key(KeySpec=spec, KeyUsage=USAGE, MultiRegion=True)["KeyMetadata"]["KeyId"]
    replica = kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)["ReplicaKeyMetadata"]
    assert replica["MacAlgorithms"] == [algorithm]
    assert "CurrentKeyMaterialId" not in replica
    mac = generate(kms, key, algorithm)
    assert generate(elsewhere, key, algorithm) == mac
    verify(elsewhere, key, algorithm, mac)


def test_making_and_verifying_macs_are_noted_as_the_last_use(kms):
    key = kms.create_key(**MAC)["KeyMetadata"]["KeyId"]
    with raises("DryRunOperationException"):
        generate(kms, key, "HMAC_SHA_256", DryRun=True)
    assert last_use(kms, key) is None
    mac = generate(kms, key, "HMAC_SHA_256")
    assert last_use(kms, key) == "GenerateMac"
    with raises("KMSInvalidMacException"):
        verify(kms, key, "HMAC_SHA_256", altered(mac, 0))
    assert last_use(kms, key) == "GenerateMac"
    verify(kms, key, "HMAC_SHA_256", mac)
    assert last_use(kms, key) == "VerifyMac"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_hmac_keys_survive_a_restart(start, data_dir, end):
    server = start(data_dir=data_dir)
    made = []
    for spec, (algorithm, _) in SPECS.items():
        kms = server.client()
        key = kms.create_key(KeySpec=spec, KeyUsage=USAGE)["KeyMetadata"]["KeyId"]
        made.append((key, algorithm, generate(kms, key, algorithm)))
    getattr(server, end)()
    kms = server.start().client()
    for key, algorithm, mac in made:
        assert generate(kms, key, algorithm) == mac
        verify(kms, key, algorithm, mac)
