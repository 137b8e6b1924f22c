"""AWS managed keys: keys of services behind `alias/aws/*`, which customers may look at, no more."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sdk_support import (
    ACCOUNT,
    CRYPTOGRAPHIC,
    DAY,
    MATERIAL_ID,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    UNKNOWN_GRANT,
    UUID,
    WAYS,
    Subject,
    action_of,
    alias_arn,
    call,
    close_to,
    denied,
    flat,
    key_arn,
    members,
    moment,
    new_alias_name,
    pages,
    raises,
    utc_now,
)

# Some of the services that have a key, with the service that calls for them.
SERVICES = {
    "acm": "acm",
    "dynamodb": "dynamodb",
    "ebs": "ec2",
    "rds": "rds",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
}
S3 = "alias/aws/s3"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"

# Ways of calling an operation that the policy of managed keys gives to customers.
PERMITTED = {
    way for way in WAYS if way.startswith(("Describe", "Get", "List")) or way == "RevokeGrant"
}
# Those of them that a key of AWS has nothing for.
FRUITLESS = {"GetParametersForImport", "GetPublicKey", "RevokeGrant"}
REFUSED = sorted(WAYS.keys() - PERMITTED)


def managed(kms, name=S3):
    """The metadata of the key behind a predefined alias."""
    return kms.describe_key(KeyId=name)["KeyMetadata"]


def refusal(way, arn):
    action = action_of(way)
    return (
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: {action} "
        f"on resource: {arn} because no resource-based policy allows the {action} action"
    )


def aliases(kms, **parameters):
    found = flat(pages(kms.list_aliases, "Aliases", **parameters))
    names = [entry["AliasName"] for entry in found]
    assert len(names) == len(set(names))
    return dict(zip(names, found, strict=True))


def key_ids(kms):
    return [entry["KeyId"] for entry in flat(pages(kms.list_keys, "Keys"))]


# Creation


@pytest.mark.parametrize("name", [S3, alias_arn(S3)])
def test_describing_a_predefined_alias_creates_its_key(machine, name):
    kms = machine.client()
    assert key_ids(kms) == []
    metadata = managed(kms, name)
    key_id = metadata["KeyId"]
    assert UUID.fullmatch(key_id)
    assert close_to(utc_now(), metadata["CreationDate"])
    assert MATERIAL_ID.fullmatch(metadata["CurrentKeyMaterialId"])
    assert metadata["Description"]
    assert metadata == {
        "AWSAccountId": ACCOUNT,
        "KeyId": key_id,
        "Arn": key_arn(key_id),
        "CreationDate": metadata["CreationDate"],
        "Enabled": True,
        "Description": metadata["Description"],
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "AWS",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
        "CurrentKeyMaterialId": metadata["CurrentKeyMaterialId"],
    }
    assert key_ids(kms) == [key_id]


def test_it_is_created_once_and_then_described(machine):
    kms = machine.client()
    first = managed(kms)
    machine.advance("P1D")
    for name in (S3, alias_arn(S3), first["KeyId"], first["Arn"]):
        assert managed(kms, name) == first
    assert key_ids(kms) == [first["KeyId"]]


def test_it_is_created_once_for_many_who_ask_at_once(machine):
    kms = machine.client()

    def describe(number):
        name = S3 if number % 2 else alias_arn(S3)
        return call(machine, "DescribeKey", {"KeyId": name})

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(describe, range(64)))
    assert {answer.status for answer in answers} == {200}
    found = {answer.json["KeyMetadata"]["KeyId"] for answer in answers}
    assert len(found) == 1
    assert key_ids(kms) == list(found)
    assert aliases(kms)[S3]["TargetKeyId"] in found


def test_every_predefined_alias_has_a_key_of_its_own(machine):
    kms = machine.client()
    names = list(aliases(kms))
    assert {f"alias/aws/{service}" for service in SERVICES} <= set(names)
    keys = {name: managed(kms, name) for name in names}
    assert {metadata["KeyManager"] for metadata in keys.values()} == {"AWS"}
    assert sorted(key_ids(kms)) == sorted(metadata["KeyId"] for metadata in keys.values())
    targets = {name: entry["TargetKeyId"] for name, entry in aliases(kms).items()}
    assert targets == {name: metadata["KeyId"] for name, metadata in keys.items()}


def test_each_region_and_each_account_has_keys_of_its_own(machine):
    kms = machine.client()
    elsewhere = machine.client(region=OTHER_REGION)
    stranger = machine.client(access_key_id=OTHER_ACCOUNT)
    arns = [managed(client)["Arn"] for client in (kms, elsewhere, stranger)]
    assert [arn.rsplit("/", 1)[0] for arn in arns] == [
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key",
        f"arn:aws:kms:{OTHER_REGION}:{ACCOUNT}:key",
        f"arn:aws:kms:{REGION}:{OTHER_ACCOUNT}:key",
    ]
    assert len(set(arns)) == 3


@pytest.mark.parametrize("name", ["alias/aws/nowhere", "alias/aws/S3", "alias/aws/s3/x"])
def test_an_alias_of_no_service_is_not_found(machine, name):
    kms = machine.client()
    for form in (name, alias_arn(name)):
        with raises("NotFoundException", f"Alias {alias_arn(name)} is not found."):
            kms.describe_key(KeyId=form)
    assert key_ids(kms) == []


def test_an_alias_arn_of_another_region_or_account_creates_no_key(machine):
    kms = machine.client()
    with raises("NotFoundException", f"Invalid arn {OTHER_REGION}"):
        kms.describe_key(KeyId=alias_arn(S3, region=OTHER_REGION))
    with raises("AccessDeniedException", denied("kms:DescribeKey", "this resource")):
        kms.describe_key(KeyId=alias_arn(S3, account=OTHER_ACCOUNT))
    for client in (
        kms,
        machine.client(region=OTHER_REGION),
        machine.client(access_key_id=OTHER_ACCOUNT),
    ):
        assert key_ids(client) == []


@pytest.mark.parametrize("way", sorted(CRYPTOGRAPHIC))
def test_cryptography_does_not_create_the_key(machine, way):
    subject = Subject(machine.client())
    before = key_ids(subject.kms)
    for name in (S3, alias_arn(S3)):
        with raises("NotFoundException", f"Alias {alias_arn(S3)} is not found."):
            subject.call(way, name)
    assert key_ids(subject.kms) == before


def test_managed_keys_survive_a_restart_and_are_not_created_again(start, data_dir):
    server = start(data_dir=data_dir)
    before = managed(server.client())
    server.kill()
    server.start()
    kms = server.client()
    assert managed(kms) == before
    assert key_ids(kms) == [before["KeyId"]]


def test_after_a_reset_a_predefined_alias_has_a_new_key(machine):
    kms = machine.client()
    before = managed(kms)
    machine.post("/_trent/reset")
    assert "TargetKeyId" not in aliases(kms)[S3]
    assert managed(kms)["KeyId"] != before["KeyId"]


# What customers may see


@pytest.mark.parametrize(("word", "service"), SERVICES.items())
def test_the_policy_admits_the_service_for_callers_of_the_account(kms, word, service):
    key = managed(kms, f"alias/aws/{word}")["KeyId"]
    answer = members(kms.get_key_policy(KeyId=key))
    assert answer.keys() == {"Policy", "PolicyName"}
    assert answer["PolicyName"] == "default"
    policy = json.loads(answer["Policy"])
    assert policy["Version"] == "2012-10-17"
    through, direct = policy["Statement"]
    assert through["Effect"] == direct["Effect"] == "Allow"
    assert through["Principal"] == {"AWS": "*"}
    assert through["Condition"] == {
        "StringEquals": {
            "kms:CallerAccount": ACCOUNT,
            "kms:ViaService": f"{service}.{REGION}.amazonaws.com",
        }
    }
    assert {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"} <= set(through["Action"])
    assert direct["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert sorted(direct["Action"]) == [
        "kms:Describe*",
        "kms:Get*",
        "kms:List*",
        "kms:RevokeGrant",
    ]
    assert "Condition" not in direct


def test_the_policy_is_of_the_region_and_the_account(server):
    kms = server.client(region="cn-north-1", access_key_id=OTHER_ACCOUNT)
    key = managed(kms, "alias/aws/ebs")["KeyId"]
    through, direct = json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"]
    condition = through["Condition"]["StringEquals"]
    assert condition["kms:CallerAccount"] == OTHER_ACCOUNT
    assert condition["kms:ViaService"].startswith("ec2.cn-north-1.amazonaws.com")
    assert direct["Principal"] == {"AWS": f"arn:aws-cn:iam::{OTHER_ACCOUNT}:root"}


def test_a_managed_key_has_no_tags_no_grants_and_was_never_used(kms):
    metadata = managed(kms)
    key = metadata["KeyId"]
    assert members(kms.list_resource_tags(KeyId=key)) == {"Tags": [], "Truncated": False}
    assert members(kms.list_grants(KeyId=key)) == {"Grants": [], "Truncated": False}
    assert members(kms.list_key_policies(KeyId=key)) == {
        "PolicyNames": ["default"],
        "Truncated": False,
    }
    assert members(kms.get_key_last_usage(KeyId=key)) == {
        "KeyId": metadata["Arn"],
        "KeyLastUsage": {},
        "TrackingStartDate": metadata["CreationDate"],
        "KeyCreationDate": metadata["CreationDate"],
    }


@pytest.mark.parametrize("way", sorted(PERMITTED - FRUITLESS))
@pytest.mark.parametrize("form", ["KeyId", "Arn"])
def test_customers_may_look_at_a_managed_key(subject, way, form):
    subject.call(way, managed(subject.kms)[form])


def test_asking_for_a_public_key_or_to_import_is_permitted_but_not_supported(kms):
    metadata = managed(kms)
    with raises("UnsupportedOperationException"):
        kms.get_public_key(KeyId=metadata["KeyId"])
    message = f"{metadata['Arn']} origin is AWS_KMS which is not valid for this operation."
    with raises("UnsupportedOperationException", message):
        kms.get_parameters_for_import(
            KeyId=metadata["KeyId"],
            WrappingAlgorithm="RSAES_OAEP_SHA_256",
            WrappingKeySpec="RSA_2048",
        )


def test_revoking_is_permitted_but_there_is_nothing_to_revoke(kms):
    with raises("InvalidGrantIdException"):
        kms.revoke_grant(KeyId=managed(kms)["KeyId"], GrantId=UNKNOWN_GRANT)


# What customers may not do


@pytest.mark.parametrize("form", ["KeyId", "Arn"])
@pytest.mark.parametrize("way", REFUSED)
def test_everything_else_is_denied_to_customers(subject, way, form):
    kms = subject.kms
    before = managed(kms)
    with raises("AccessDeniedException", refusal(way, before["Arn"])):
        subject.call(way, before[form])
    assert managed(kms) == before


@pytest.mark.parametrize("name", [S3, alias_arn(S3)])
@pytest.mark.parametrize("way", sorted(CRYPTOGRAPHIC))
def test_cryptography_by_its_alias_is_denied_too(subject, way, name):
    arn = managed(subject.kms)["Arn"]
    with raises("AccessDeniedException", refusal(way, arn)):
        subject.call(way, name)
    assert subject.kms.get_key_last_usage(KeyId=arn)["KeyLastUsage"] == {}


def test_a_dry_run_is_denied_too(kms):
    arn = managed(kms)["Arn"]
    with raises("AccessDeniedException", refusal("Encrypt", arn)):
        kms.encrypt(KeyId=S3, Plaintext=b"x", DryRun=True)
    with raises("AccessDeniedException", refusal("CreateGrant", arn)):
        kms.create_grant(
            KeyId=arn, GranteePrincipal=ROOT, Operations=["Encrypt"], DryRun=True
        )


@pytest.mark.parametrize("is_created", [True, False])
def test_a_predefined_alias_is_neither_created_nor_moved_nor_deleted(machine, is_created):
    kms = machine.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    if is_created:
        managed(kms)
    before = aliases(kms)
    with raises("InvalidAliasNameException"):
        kms.create_alias(AliasName=S3, TargetKeyId=key)
    with raises("NotFoundException", f"Alias {alias_arn(S3)} is not found."):
        kms.update_alias(AliasName=S3, TargetKeyId=key)
    with raises("NotFoundException", f"Alias {alias_arn(S3)} is not found."):
        kms.delete_alias(AliasName=S3)
    assert aliases(kms) == before


# Rotation


def test_rotation_is_always_on_with_a_period_of_365_days(kms):
    metadata = managed(kms, "alias/aws/rds")
    answer = members(kms.get_key_rotation_status(KeyId=metadata["KeyId"]))
    assert answer == {
        "KeyId": metadata["KeyId"],
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": 365,
        "NextRotationDate": answer["NextRotationDate"],
    }
    assert close_to(metadata["CreationDate"] + 365 * DAY, answer["NextRotationDate"], seconds=1)
    assert members(kms.list_key_rotations(KeyId=metadata["KeyId"])) == {
        "Rotations": [],
        "Truncated": False,
    }


def test_a_managed_key_rotates_every_365_days(machine):
    kms = machine.client()
    before = managed(kms)
    key = before["KeyId"]
    first = kms.get_key_rotation_status(KeyId=key)["NextRotationDate"]
    status, _ = machine.post(
        "/_trent/clock", {"set": (first - timedelta(minutes=1)).isoformat()}
    )
    assert status == 200
    assert kms.list_key_rotations(KeyId=key)["Rotations"] == []
    machine.advance("PT2M")
    (rotation,) = kms.list_key_rotations(KeyId=key)["Rotations"]
    after = managed(kms)
    assert rotation == {
        "KeyId": key,
        "KeyMaterialId": after["CurrentKeyMaterialId"],
        "KeyMaterialState": "CURRENT",
        "RotationDate": first,
        "RotationType": "AUTOMATIC",
    }
    assert after["CurrentKeyMaterialId"] != before["CurrentKeyMaterialId"]
    machine.advance("P1100D")
    dates = [entry["RotationDate"] for entry in kms.list_key_rotations(KeyId=key)["Rotations"]]
    assert dates == [first + number * 365 * DAY for number in range(4)]
    answer = kms.get_key_rotation_status(KeyId=key)
    assert answer["NextRotationDate"] == first + 4 * 365 * DAY
    assert {**managed(kms), "CurrentKeyMaterialId": None} == {
        **before,
        "CurrentKeyMaterialId": None,
    }


# Listing


def test_predefined_aliases_are_listed_without_target_until_they_have_a_key(machine):
    kms = machine.client()
    listed = aliases(kms)
    assert {f"alias/aws/{service}" for service in SERVICES} <= listed.keys()
    for name, entry in listed.items():
        assert entry == {"AliasName": name, "AliasArn": alias_arn(name)}
    assert key_ids(kms) == []


def test_a_predefined_alias_is_listed_with_target_and_dates_once_it_has_a_key(machine):
    kms = machine.client()
    before = aliases(kms)
    machine.advance("P3D")
    key = managed(kms)["KeyId"]
    after = aliases(kms)
    entry = after[S3]
    now = moment(machine.get("/_trent/clock")["now"])
    assert close_to(now, entry["CreationDate"])
    assert entry == {
        "AliasName": S3,
        "AliasArn": alias_arn(S3),
        "TargetKeyId": key,
        "CreationDate": entry["CreationDate"],
        "LastUpdatedDate": entry["CreationDate"],
    }
    assert after == {**before, S3: entry}
    assert aliases(kms, KeyId=key) == {S3: entry}


def test_the_aliases_of_a_customer_managed_key_are_its_own(kms, subject):
    assert set(aliases(kms, KeyId=subject.id)) == {subject.alias}


@pytest.mark.parametrize("region", ["us-west-2", "us-gov-west-1"])
def test_the_arns_of_predefined_aliases_are_of_region_partition_and_account(server, region):
    partition = "aws-us-gov" if "gov" in region else "aws"
    kms = server.client(region=region, access_key_id=OTHER_ACCOUNT)
    arn = f"arn:{partition}:kms:{region}:{OTHER_ACCOUNT}:{S3}"
    assert aliases(kms)[S3]["AliasArn"] == arn


@pytest.mark.parametrize("limit", [1, 2, 7, 20, 21, 22, 50, 100, 1000, None])
def test_pages_run_through_predefined_and_other_aliases_together(machine, limit):
    kms = machine.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    predefined = list(aliases(kms))
    own = [f"alias/{rest}" for rest in ("a", "aws", "awt", "b/c", "zz", "Z", "0")]
    own += [new_alias_name() for _ in range(30)]
    for name in own:
        kms.create_alias(AliasName=name, TargetKeyId=key)
    created = {name: managed(kms, name)["KeyId"] for name in predefined[1::3]}
    found = pages(kms.list_aliases, "Aliases", **({} if limit is None else {"Limit": limit}))
    size = min(limit or 50, 100)
    assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1)
    assert 0 < len(found[-1]) <= size
    targets = [(entry["AliasName"], entry.get("TargetKeyId")) for entry in flat(found)]
    assert len(targets) == len(own) + len(predefined)
    assert dict(targets) == {
        **dict.fromkeys(predefined),
        **dict.fromkeys(own, key),
        **created,
    }


def test_a_key_created_between_two_pages_does_not_disturb_them(machine):
    kms = machine.client()
    names = list(aliases(kms))
    page = kms.list_aliases(Limit=5)
    first = [entry["AliasName"] for entry in page["Aliases"]]
    later = [name for name in names if name not in first]
    for name in (first[-1], later[0], later[-1]):
        managed(kms, name)
    rest = flat(pages(kms.list_aliases, "Aliases", Marker=page["NextMarker"]))
    assert sorted(entry["AliasName"] for entry in rest) == sorted(later)
    assert {entry["AliasName"] for entry in rest if "TargetKeyId" in entry} == {
        later[0],
        later[-1],
    }


def test_managed_keys_are_listed_among_the_keys(kms, key):
    metadata = managed(kms)
    listed = flat(pages(kms.list_keys, "Keys"))
    assert listed.count({"KeyId": metadata["KeyId"], "KeyArn": metadata["Arn"]}) == 1
    assert listed.count({"KeyId": key, "KeyArn": key_arn(key)}) == 1
