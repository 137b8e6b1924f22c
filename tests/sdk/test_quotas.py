"""Quotas of an account in a Region: how many KMS keys it may have, and how many calls a second it
may make."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from sdk_support import (
    GRANTEE,
    OTHER_ACCOUNT,
    OTHER_REGION,
    UNKNOWN_KEY_ID,
    import_parameters,
    raises,
    status_of,
)


def few(start, count, **options):
    """A server whose accounts may have only so many keys in a Region."""
    return start("--keys-per-region-max", count, **options)


def fill(kms, count):
    return [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(count)]


def check_full(kms, **parameters):
    with raises("LimitExceededException") as caught:
        kms.create_key(**parameters)
    return caught.value.response["Error"]["Message"]


def test_the_number_of_keys_is_limited(start):
    kms = few(start, 3).client()
    keys = fill(kms, 3)
    assert check_full(kms).startswith("Key quota for this account in this region is 3 but the curren")
    check_full(kms, KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY")
    check_full(kms, Origin="EXTERNAL")
    assert sorted(entry["KeyId"] for entry in kms.list_keys()["Keys"]) == sorted(keys)


def test_every_account_and_region_has_its_own_quota(start):
    server = few(start, 1)
    for region in ("us-east-1", OTHER_REGION):
        for account in ("trent", OTHER_ACCOUNT):
            kms = server.client(region=region, access_key_id=account)
            fill(kms, 1)
            check_full(kms)


def test_a_key_counts_until_it_is_deleted(start):
    server = few(start, 2)
    kms = server.client()
    doomed, disabled = fill(kms, 2)
    kms.disable_key(KeyId=disabled)
    kms.schedule_key_deletion(KeyId=doomed, PendingWindowInDays=7)
    check_full(kms)
    server.advance("P8D")
    fill(kms, 1)
    check_full(kms)


def test_aws_managed_keys_do_not_count(start):
    server = few(start, 2, data_dir=None)
    kms = server.client()
    kms.describe_key(KeyId="alias/aws/s3")
    fill(kms, 1)
    kms.describe_key(KeyId="alias/aws/ebs")
    fill(kms, 1)
    check_full(kms)
    kms.describe_key(KeyId="alias/aws/rds")
    assert len(kms.list_keys()["Keys"]) == 5


def test_keys_of_before_the_start_count(start, data_dir):
    server = few(start, 2, data_dir=data_dir)
    kms = server.client()
    kms.describe_key(KeyId="alias/aws/s3")
    fill(kms, 1)
    server.stop()
    server.start()
    kms = server.client()
    fill(kms, 1)
    check_full(kms)


def test_a_replica_counts_in_its_region(start):
    server = few(start, 1)
    kms, elsewhere = server.client(), server.client(region=OTHER_REGION)
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    (taken,) = fill(elsewhere, 1)
    with raises("LimitExceededException"):
        kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)
    elsewhere.schedule_key_deletion(KeyId=taken, PendingWindowInDays=7)
    server.advance("P8D")
    kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)
    check_full(elsewhere)


def test_a_reset_makes_room(start):
    server = few(start, 1)
    fill(server.client(), 1)
    server.post("/_trent/reset")
    fill(server.client(), 1)
    check_full(server.client())


def test_a_key_that_is_not_created_does_not_count(start):
    kms = few(start, 2).client()
    fill(kms, 1)
    existing = {"TagKey": "_custom_id_", "TagValue": kms.list_keys()["Keys"][0]["KeyId"]}
    for _ in range(3):
        with raises("ValidationException"):
            kms.create_key(Tags=[existing])
    fill(kms, 1)


def test_requests_at_once_pass_the_quota_by_no_more_than_themselves(start):
    kms = few(start, 10).client(max_pool_connections=4)

    def create(_):
        try:
            return status_of(kms.create_key())
        except ClientError as error:
            assert error.response["Error"]["Code"] == "LimitExceededException"
            return 400

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(create, range(40)))
    assert 10 <= statuses.count(200) <= 13
    check_full(kms)


# Request quotas

THROTTLED = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."
MANY = 1000


def throttled(call):
    """Calls until it is throttled, whatever else is answered; returns how often it was not."""
    for passed in range(MANY):
        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"] == "ThrottlingException":
                assert status_of(error.response) == 400
                assert error.response["Error"]["Message"] == THROTTLED
                return passed
    return MANY


@pytest.fixture
def strict(start):
    """A server with the request quotas of AWS KMS."""
    return start("--throttle", "aws")


def test_requests_are_not_limited_by_default(server):
    kms = server.client(access_key_id="210987654321")
    for _ in range(30):
        kms.create_key()
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    for _ in range(3):
        import_parameters(kms, key)


def test_calls_beyond_the_quota_are_throttled(strict):
    assert 5 <= throttled(strict.client().create_key) < MANY


def test_other_accounts_regions_and_operations_are_not_affected(strict):
    kms = strict.client()
    throttled(kms.create_key)
    strict.client(access_key_id=OTHER_ACCOUNT).create_key()
    strict.client(region=OTHER_REGION).create_key()
    kms.list_keys()


def test_the_quota_is_that_of_the_caller_not_of_the_key(strict):
    arn = strict.client().create_key()["KeyMetadata"]["Arn"]
    other = strict.client(access_key_id=OTHER_ACCOUNT)
    terms = {"GranteePrincipal": GRANTEE, "Operations": ["DescribeKey"]}
    throttled(lambda: other.create_grant(KeyId=arn, **terms))
    strict.client().create_grant(KeyId=arn, **terms)


def test_calls_pass_again_when_time_has_passed(strict):
    kms = strict.client()
    throttled(kms.create_key)
    time.sleep(1.1)
    assert 5 <= throttled(kms.create_key) < MANY


def test_time_travel_does_not_fill_the_buckets(strict):
    kms = strict.client()
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    parameters = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    # One a second.
    assert throttled(lambda: kms.get_parameters_for_import(KeyId=key, **parameters)) < MANY
    throttled(kms.create_key)
    strict.advance("P1D")
    assert throttled(kms.create_key) < 5


def test_calls_that_fail_count(strict):
    kms = strict.client()
    assert 5 <= throttled(lambda: kms.enable_key(KeyId=UNKNOWN_KEY_ID)) < MANY


def test_data_key_pairs_have_a_quota_by_their_spec(strict):
    kms = strict.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    def pair(spec):
        kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec, DryRun=True)

    assert 1 <= throttled(lambda: pair("RSA_4096")) < 20
    assert 4 <= throttled(lambda: pair("RSA_3072")) < 20
    # They share it with the operation that keeps the private key back.
    other = kms.generate_data_key_pair_without_plaintext
    assert throttled(lambda: other(KeyId=key, KeyPairSpec="RSA_4096", DryRun=True)) <= 1
    kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")


def test_an_sdk_that_tries_again_gets_through(strict):
    kms = strict.client(retries={"mode": "standard", "max_attempts": 10})
    assert len(fill(kms, 12)) == 12
