"""Quotas of an account in a Region: how many KMS keys it may have."""

from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError
from sdk_support import OTHER_ACCOUNT, OTHER_REGION, raises, status_of


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
