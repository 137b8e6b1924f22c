"""Multi-Region keys: CreateKey with MultiRegion, ReplicateKey, UpdatePrimaryRegion, and what
related keys share and do not share. The table of key states is in test_key_states.py."""

import json
import re
from datetime import timedelta

import pytest
from sdk_support import (
    ACCOUNT,
    DAY,
    MATERIAL_ID,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    THIRD_REGION,
    alias_arn,
    close_to,
    denied,
    flat,
    key_arn,
    members,
    moment,
    new_alias_name,
    pages,
    policy_allowing,
    raises,
    raises_violations,
    status_of,
    utc_now,
    violated,
)

REGIONS = (REGION, OTHER_REGION, THIRD_REGION)
MRK = re.compile(r"mrk-[0-9a-f]{32}")
POLICY = policy_allowing(f"arn:aws:iam::{ACCOUNT}:root", sid="own")
TAGS = [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": ""}]


class RelatedKeys:
    """A multi-Region key, and clients of the Regions that it is or might be in. It is made in
    the first Region and replicated to `replicas`."""

    def __init__(self, server, *replicas, **parameters):
        self.server = server
        self.connect()
        self.id = self.home.create_key(MultiRegion=True, **parameters)["KeyMetadata"]["KeyId"]
        for region in replicas:
            self.replicate(region)

    def connect(self):
        self.clients = {region: self.server.client(region=region) for region in REGIONS}
        self.home, self.away, self.third = self.clients.values()

    def restart(self):
        self.server.kill()
        self.server.start()
        self.connect()

    def arn(self, region=REGION):
        return key_arn(self.id, region=region)

    def replicate(self, region, **parameters):
        return members(
            self.home.replicate_key(KeyId=self.id, ReplicaRegion=region, **parameters)
        )

    def promote(self, to, called_in=REGION):
        answer = self.clients[called_in].update_primary_region(KeyId=self.id, PrimaryRegion=to)
        assert (status_of(answer), members(answer)) == (200, {})

    def describe(self, region=REGION):
        return self.clients[region].describe_key(KeyId=self.id)["KeyMetadata"]

    def state(self, region=REGION):
        return self.describe(region)["KeyState"]

    def set_of(self, region=REGION):
        """Role, Region of the primary and Regions of the replicas, as a key tells them."""
        configuration = self.describe(region)["MultiRegionConfiguration"]
        named = [configuration["PrimaryKey"], *configuration["ReplicaKeys"]]
        assert all(entry["Arn"] == self.arn(entry["Region"]) for entry in named)
        primary, *replicas = (entry["Region"] for entry in named)
        return configuration["MultiRegionKeyType"], primary, set(replicas)

    def encrypt(self, region=REGION, plaintext=b"secret"):
        return self.clients[region].encrypt(KeyId=self.id, Plaintext=plaintext)["CiphertextBlob"]

    def decrypt(self, ciphertext, region=REGION):
        return members(self.clients[region].decrypt(CiphertextBlob=ciphertext))

    def delete(self, region=REGION, days=7):
        return members(
            self.clients[region].schedule_key_deletion(KeyId=self.id, PendingWindowInDays=days)
        )

    def rotation_status(self, region=REGION):
        return members(self.clients[region].get_key_rotation_status(KeyId=self.id))

    def rotations(self, region=REGION):
        return self.clients[region].list_key_rotations(KeyId=self.id)["Rotations"]

    def material(self, region=REGION):
        """All key material of the key in a Region."""
        listed = self.clients[region].list_key_rotations(
            KeyId=self.id, IncludeKeyMaterial="ALL_KEY_MATERIAL"
        )
        return listed["Rotations"]

    def everything(self, region=REGION):
        """All that the API tells of the key in a Region."""
        kms = self.clients[region]
        return [
            self.describe(region),
            kms.get_key_policy(KeyId=self.id)["Policy"],
            kms.list_resource_tags(KeyId=self.id)["Tags"],
            kms.list_aliases(KeyId=self.id)["Aliases"],
            self.rotation_status(region),
            self.material(region),
        ]

    def is_gone(self, region=REGION):
        with raises("NotFoundException", f"Key '{self.arn(region)}' does not exist"):
            self.describe(region)


def no_primary(arn):
    return raises("UnsupportedOperationException", f"{arn} is not a multi-region primary key.")


def invalid_state(arn, state):
    return raises("KMSInvalidStateException", f"{arn} is {state}.")


def listed_keys(kms):
    return {entry["KeyId"] for entry in flat(pages(kms.list_keys, "Keys"))}


def clock(server):
    return moment(server.get("/_trent/clock")["now"])


@pytest.fixture
def alone(server):
    """A primary key without replicas."""
    return RelatedKeys(server)


@pytest.fixture
def pair(server):
    """A primary key and one replica."""
    return RelatedKeys(server, OTHER_REGION)


@pytest.fixture
def trio(server):
    """A primary key and two replicas."""
    return RelatedKeys(server, OTHER_REGION, THIRD_REGION)


@pytest.fixture
def timed_pair(machine):
    """A primary key and one replica on a server whose clock may be moved."""
    return RelatedKeys(machine, OTHER_REGION)


@pytest.fixture
def timed_trio(machine):
    """A primary key and two replicas on a server whose clock may be moved."""
    return RelatedKeys(machine, OTHER_REGION, THIRD_REGION)


@pytest.fixture
def slow(start):
    """A server where replicas take ten minutes to be created and roles to be exchanged."""
    return start("--replication-delay", "PT10M")


@pytest.fixture
def slow_alone(slow):
    """A primary key without replicas, on the slow server."""
    return RelatedKeys(slow)


@pytest.fixture
def slow_trio(slow):
    """A primary key and two replicas that are ready, on the slow server."""
    related = RelatedKeys(slow, OTHER_REGION, THIRD_REGION)
    slow.advance("PT10M")
    return related


# Creation


def test_a_new_multi_region_key_is_a_primary_without_replicas(kms):
    metadata = kms.create_key(MultiRegion=True, Description="many", Tags=TAGS)["KeyMetadata"]
    key_id, arn = metadata["KeyId"], metadata["Arn"]
    assert MRK.fullmatch(key_id)
    assert close_to(utc_now(), metadata["CreationDate"])
    assert MATERIAL_ID.fullmatch(metadata["CurrentKeyMaterialId"])
    assert metadata == {
        "AWSAccountId": ACCOUNT,
        "KeyId": key_id,
        "Arn": key_arn(key_id),
        "CreationDate": metadata["CreationDate"],
        "CurrentKeyMaterialId": metadata["CurrentKeyMaterialId"],
        "Enabled": True,
        "Description": "many",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": True,
        "MultiRegionConfiguration": {
            "MultiRegionKeyType": "PRIMARY",
            "PrimaryKey": {"Arn": arn, "Region": REGION},
            "ReplicaKeys": [],
        },
    }
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"] == metadata
    assert kms.list_resource_tags(KeyId=key_id)["Tags"] == TAGS


def test_a_key_is_a_multi_region_key_only_if_asked_for(kms):
    metadata = kms.create_key(MultiRegion=False)["KeyMetadata"]
    assert not metadata["KeyId"].startswith("mrk-")
    assert metadata["MultiRegion"] is False
    assert "MultiRegionConfiguration" not in metadata


def test_two_multi_region_keys_have_different_ids(kms):
    ids = {kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"] for _ in range(3)}
    assert len(ids) == 3


def test_a_multi_region_key_without_replicas_works_like_any_other(alone):
    assert alone.decrypt(alone.encrypt()) == {
        "KeyId": alone.arn(),
        "Plaintext": b"secret",
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "KeyMaterialId": alone.describe()["CurrentKeyMaterialId"],
    }


def test_a_multi_region_key_is_in_its_own_region_only_until_it_is_replicated(alone):
    ciphertext = alone.encrypt()
    alone.is_gone(OTHER_REGION)
    with raises(
        "AccessDeniedException",
        denied("kms:Decrypt", "the resource associated with this ciphertext"),
    ):
        alone.decrypt(ciphertext, OTHER_REGION)


# Replicas


def test_replicating_answers_the_new_replica_as_it_is_at_first(alone):
    answer = alone.replicate(OTHER_REGION)
    assert answer.keys() == {"ReplicaKeyMetadata", "ReplicaPolicy"}
    metadata = answer["ReplicaKeyMetadata"]
    assert close_to(utc_now(), metadata["CreationDate"])
    assert metadata == {
        "AWSAccountId": ACCOUNT,
        "KeyId": alone.id,
        "Arn": alone.arn(OTHER_REGION),
        "CreationDate": metadata["CreationDate"],
        "Enabled": False,
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Creating",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": True,
        "MultiRegionConfiguration": {
            "MultiRegionKeyType": "REPLICA",
            "PrimaryKey": {"Arn": alone.arn(), "Region": REGION},
            "ReplicaKeys": [{"Arn": alone.arn(OTHER_REGION), "Region": OTHER_REGION}],
        },
    }
    assert alone.describe(OTHER_REGION) == {
        **metadata,
        "Enabled": True,
        "KeyState": "Enabled",
        "CurrentKeyMaterialId": alone.describe()["CurrentKeyMaterialId"],
    }


@pytest.mark.parametrize("form", ["id", "arn"])
def test_the_primary_is_named_by_its_id_or_its_arn(alone, form):
    name = alone.id if form == "id" else alone.arn()
    alone.home.replicate_key(KeyId=name, ReplicaRegion=OTHER_REGION)
    alone.home.update_primary_region(KeyId=name, PrimaryRegion=OTHER_REGION)
    assert alone.set_of() == ("REPLICA", OTHER_REGION, {REGION})


def test_nothing_of_the_primary_is_copied_to_a_replica_but_what_they_share(server):
    related = RelatedKeys(server, Description="first", Policy=POLICY, Tags=TAGS)
    related.home.create_alias(AliasName=new_alias_name(), TargetKeyId=related.id)
    answer = related.replicate(OTHER_REGION)
    default = related.away.create_key()["KeyMetadata"]["KeyId"]
    default_policy = related.away.get_key_policy(KeyId=default)["Policy"]
    assert answer["ReplicaPolicy"] == default_policy
    assert json.loads(default_policy) != json.loads(POLICY)
    assert "ReplicaTags" not in answer
    replica, policy, tags, aliases, *_ = related.everything(OTHER_REGION)
    assert (replica["Description"], policy, tags, aliases) == ("", default_policy, [], [])


def test_a_replica_of_a_disabled_key_cannot_be_made_and_of_a_reenabled_one_is_enabled(alone):
    alone.home.disable_key(KeyId=alone.id)
    with raises("DisabledException", f"{alone.arn()} is disabled."):
        alone.replicate(OTHER_REGION)
    alone.is_gone(OTHER_REGION)
    alone.home.enable_key(KeyId=alone.id)
    alone.replicate(OTHER_REGION)
    assert alone.state(OTHER_REGION) == "Enabled"


def test_a_replica_has_the_description_policy_and_tags_that_it_is_given(alone):
    policy = f"\n {POLICY}\t"
    answer = alone.replicate(OTHER_REGION, Description="second", Policy=policy, Tags=TAGS)
    assert answer["ReplicaPolicy"] == policy
    assert answer["ReplicaTags"] == TAGS
    assert answer["ReplicaKeyMetadata"]["Description"] == "second"
    replica, kept_policy, tags, *_ = alone.everything(OTHER_REGION)
    assert (replica["Description"], kept_policy, tags) == ("second", policy, TAGS)
    primary, primary_policy, tags, *_ = alone.everything()
    assert (primary["Description"], tags) == ("", [])
    assert primary_policy != policy


def test_replica_tags_are_left_out_when_the_list_of_tags_is_empty(alone):
    assert "ReplicaTags" not in alone.replicate(OTHER_REGION, Tags=[])


def test_the_lockout_check_can_be_bypassed_in_replicating(alone):
    alone.replicate(OTHER_REGION, Policy=POLICY, BypassPolicyLockoutSafetyCheck=True)
    assert alone.state(OTHER_REGION) == "Enabled"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Policy": "x"}, "MalformedPolicyDocumentException"),
        ({"Policy": "{}"}, "MalformedPolicyDocumentException"),
        ({"Policy": POLICY + " " * 32768}, "LimitExceededException"),
        ({"Tags": [TAGS[0], TAGS[0]]}, "TagException"),
        ({"Tags": [{"TagKey": "aws:x", "TagValue": ""}]}, "TagException"),
        (
            {"Tags": [{"TagKey": str(number), "TagValue": ""} for number in range(51)]},
            "TagException",
        ),
    ],
)
def test_a_policy_or_tags_that_a_key_cannot_have_make_no_replica(alone, parameters, code):
    with raises(code):
        alone.replicate(OTHER_REGION, **parameters)
    alone.is_gone(OTHER_REGION)
    assert alone.set_of() == ("PRIMARY", REGION, set())


def test_a_description_above_8192_characters_makes_no_replica(unchecked, alone):
    text = "d" * 8193
    with raises_violations(violated("description", "have length less than or equal to 8192", text)):
        unchecked.replicate_key(KeyId=alone.id, ReplicaRegion=OTHER_REGION, Description=text)
    alone.is_gone(OTHER_REGION)


def test_every_related_key_names_the_primary_and_all_replicas(alone):
    alone.replicate(OTHER_REGION)
    assert alone.set_of() == ("PRIMARY", REGION, {OTHER_REGION})
    assert alone.set_of(OTHER_REGION) == ("REPLICA", REGION, {OTHER_REGION})
    answer = alone.replicate(THIRD_REGION)["ReplicaKeyMetadata"]["MultiRegionConfiguration"]
    regions = {OTHER_REGION, THIRD_REGION}
    assert {entry["Region"] for entry in answer["ReplicaKeys"]} == regions
    assert alone.set_of() == ("PRIMARY", REGION, regions)
    assert alone.set_of(OTHER_REGION) == ("REPLICA", REGION, regions)
    assert alone.set_of(THIRD_REGION) == ("REPLICA", REGION, regions)


def test_replicating_changes_nothing_of_the_primary_but_its_list_of_replicas(alone):
    before = alone.everything()
    alone.replicate(OTHER_REGION)
    after = alone.everything()
    assert before[0].pop("MultiRegionConfiguration") != after[0].pop("MultiRegionConfiguration")
    assert after == before


def test_each_region_lists_its_own_related_key(pair):
    entry = {"KeyId": pair.id, "KeyArn": pair.arn(OTHER_REGION)}
    assert entry in flat(pages(pair.away.list_keys, "Keys"))
    entry = {"KeyId": pair.id, "KeyArn": pair.arn()}
    assert entry in flat(pages(pair.home.list_keys, "Keys"))
    assert pair.id not in listed_keys(pair.third)


def test_a_replica_is_dated_when_it_was_made(machine):
    related = RelatedKeys(machine)
    created = related.describe()["CreationDate"]
    machine.advance("P10D")
    related.replicate(OTHER_REGION)
    assert close_to(created + 10 * DAY, related.describe(OTHER_REGION)["CreationDate"])
    assert related.describe()["CreationDate"] == created


@pytest.mark.parametrize("region", [REGION, OTHER_REGION])
def test_a_region_of_the_set_cannot_have_another_related_key(pair, region):
    before = pair.everything(region)
    with raises("AlreadyExistsException"):
        pair.replicate(region, Description="again")
    assert pair.everything(region) == before


def test_a_region_where_the_replica_is_pending_deletion_cannot_have_another(pair):
    pair.delete(OTHER_REGION)
    with raises("AlreadyExistsException"):
        pair.replicate(OTHER_REGION)
    assert pair.state(OTHER_REGION) == "PendingDeletion"


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_a_key_cannot_go_to_a_region_of_another_partition(alone, region):
    with raises("ValidationException"):
        alone.replicate(region)
    assert alone.set_of() == ("PRIMARY", REGION, set())


def test_keys_of_another_partition_are_replicated_within_it(server):
    beijing, ningxia = (server.client(region=name) for name in ("cn-north-1", "cn-northwest-1"))
    key = beijing.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    beijing.replicate_key(KeyId=key, ReplicaRegion="cn-northwest-1")
    with raises("ValidationException"):
        beijing.replicate_key(KeyId=key, ReplicaRegion=REGION)
    arn = f"arn:aws-cn:kms:cn-northwest-1:{ACCOUNT}:key/{key}"
    assert ningxia.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == arn
    policy = json.loads(ningxia.get_key_policy(KeyId=key)["Policy"])
    principal = f"arn:aws-cn:iam::{ACCOUNT}:root"
    assert policy["Statement"][0]["Principal"]["AWS"] == principal


@pytest.mark.parametrize("operation", ["replicate_key", "update_primary_region"])
@pytest.mark.parametrize("region", ["", "nowhere", "US-EAST-1", "x" * 33])
def test_what_has_not_the_form_of_a_region_is_refused(unchecked, alone, operation, region):
    member = "ReplicaRegion" if operation == "replicate_key" else "PrimaryRegion"
    with raises("ValidationException"):
        getattr(unchecked, operation)(**{"KeyId": alone.id, member: region})


def test_a_replica_cannot_be_replicated(pair):
    with no_primary(pair.arn(OTHER_REGION)):
        pair.away.replicate_key(KeyId=pair.id, ReplicaRegion=THIRD_REGION)
    pair.is_gone(THIRD_REGION)


@pytest.mark.parametrize("state", ["Enabled", "Disabled"])
def test_a_single_region_key_can_be_neither_replicated_nor_moved(kms, key, state):
    if state == "Disabled":
        kms.disable_key(KeyId=key)
    with no_primary(key_arn(key)):
        kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)
    with no_primary(key_arn(key)):
        kms.update_primary_region(KeyId=key, PrimaryRegion=OTHER_REGION)


def test_a_key_is_not_replicated_from_a_region_that_it_is_not_in(alone):
    with raises("NotFoundException", f"Key '{alone.arn(OTHER_REGION)}' does not exist"):
        alone.away.replicate_key(KeyId=alone.id, ReplicaRegion=THIRD_REGION)
    with raises("NotFoundException", f"Invalid arn {REGION}"):
        alone.away.replicate_key(KeyId=alone.arn(), ReplicaRegion=THIRD_REGION)


def test_a_primary_pending_deletion_cannot_be_replicated(alone):
    alone.delete()
    with invalid_state(alone.arn(), "pending deletion"):
        alone.replicate(OTHER_REGION)


def test_the_account_of_a_replica_is_that_of_its_primary(server):
    home, away = (
        server.client(region=region, access_key_id=OTHER_ACCOUNT)
        for region in (REGION, OTHER_REGION)
    )
    key = home.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    home.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)
    arn = key_arn(key, region=OTHER_REGION, account=OTHER_ACCOUNT)
    assert away.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == arn


# Cryptography


@pytest.mark.parametrize("made_in", REGIONS)
def test_a_ciphertext_of_one_related_key_is_decrypted_by_each_of_them(trio, made_in):
    ciphertext = trio.encrypt(made_in)
    material = trio.describe()["CurrentKeyMaterialId"]
    for region, kms in trio.clients.items():
        expected = {
            "KeyId": trio.arn(region),
            "Plaintext": b"secret",
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "KeyMaterialId": material,
        }
        assert trio.decrypt(ciphertext, region) == expected
        for name in (trio.id, trio.arn(region)):
            assert members(kms.decrypt(CiphertextBlob=ciphertext, KeyId=name)) == expected


def test_encryption_names_the_key_of_the_region_asked(trio):
    for region, kms in trio.clients.items():
        arn = trio.arn(region)
        assert kms.encrypt(KeyId=trio.id, Plaintext=b"x")["KeyId"] == arn
        assert kms.generate_data_key(KeyId=trio.id, KeySpec="AES_256")["KeyId"] == arn
        without = kms.generate_data_key_without_plaintext(KeyId=trio.id, KeySpec="AES_256")
        assert without["KeyId"] == arn


def test_a_data_key_made_in_one_region_is_opened_in_another(pair):
    made = pair.away.generate_data_key(KeyId=pair.id, KeySpec="AES_256")
    opened = pair.decrypt(made["CiphertextBlob"])
    assert (opened["KeyId"], opened["Plaintext"]) == (pair.arn(), made["Plaintext"])
    assert opened["KeyMaterialId"] == made["KeyMaterialId"]


def test_the_encryption_context_counts_in_every_region(pair):
    context = {"order": "1"}
    blob = pair.home.encrypt(KeyId=pair.id, Plaintext=b"x", EncryptionContext=context)
    blob = blob["CiphertextBlob"]
    opened = pair.away.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    assert opened["Plaintext"] == b"x"
    with raises("InvalidCiphertextException"):
        pair.away.decrypt(CiphertextBlob=blob)


def test_reencryption_takes_a_ciphertext_of_another_region(pair):
    other = pair.away.create_key()["KeyMetadata"]["Arn"]
    moved = pair.away.re_encrypt(CiphertextBlob=pair.encrypt(), DestinationKeyId=other)
    assert (moved["SourceKeyId"], moved["KeyId"]) == (pair.arn(OTHER_REGION), other)
    back = pair.away.re_encrypt(
        CiphertextBlob=moved["CiphertextBlob"], DestinationKeyId=pair.id
    )
    assert back["KeyId"] == pair.arn(OTHER_REGION)
    assert pair.decrypt(back["CiphertextBlob"])["Plaintext"] == b"secret"


def test_a_related_key_of_another_region_is_not_reached_by_its_arn(pair):
    ciphertext = pair.encrypt()
    for call in (
        lambda: pair.away.encrypt(KeyId=pair.arn(), Plaintext=b"x"),
        lambda: pair.away.decrypt(KeyId=pair.arn(), CiphertextBlob=ciphertext),
        lambda: pair.away.describe_key(KeyId=pair.arn()),
    ):
        with raises("NotFoundException", f"Invalid arn {REGION}"):
            call()


# A replica that is being created


def test_a_new_replica_is_creating_until_the_delay_is_over(slow_alone):
    answer = slow_alone.replicate(OTHER_REGION)["ReplicaKeyMetadata"]
    assert slow_alone.describe(OTHER_REGION) == answer
    assert answer["KeyState"] == "Creating"
    slow_alone.server.advance("PT9M")
    assert slow_alone.describe(OTHER_REGION) == answer
    slow_alone.server.advance("PT1M")
    assert slow_alone.describe(OTHER_REGION) == {
        **answer,
        "Enabled": True,
        "KeyState": "Enabled",
        "CurrentKeyMaterialId": slow_alone.describe()["CurrentKeyMaterialId"],
    }


def test_the_primary_stays_enabled_and_works_while_a_replica_is_created(slow_alone):
    slow_alone.replicate(OTHER_REGION)
    assert slow_alone.state() == "Enabled"
    assert slow_alone.set_of() == ("PRIMARY", REGION, {OTHER_REGION})
    assert slow_alone.decrypt(slow_alone.encrypt())["Plaintext"] == b"secret"
    slow_alone.replicate(THIRD_REGION)
    slow_alone.home.disable_key(KeyId=slow_alone.id)
    slow_alone.server.advance("PT10M")
    assert slow_alone.state(OTHER_REGION) == slow_alone.state(THIRD_REGION) == "Enabled"


def test_a_replica_that_is_created_neither_works_nor_is_switched_nor_rotated(slow_alone):
    ciphertext = slow_alone.encrypt()
    slow_alone.replicate(OTHER_REGION)
    kms, key = slow_alone.away, slow_alone.id
    for call in (
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.decrypt(CiphertextBlob=ciphertext),
        lambda: kms.decrypt(CiphertextBlob=ciphertext, KeyId=key),
        lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
        lambda: kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256"),
        lambda: kms.enable_key(KeyId=key),
        lambda: kms.disable_key(KeyId=key),
        lambda: kms.enable_key_rotation(KeyId=key),
        lambda: kms.disable_key_rotation(KeyId=key),
        lambda: kms.rotate_key_on_demand(KeyId=key),
    ):
        with invalid_state(slow_alone.arn(OTHER_REGION), "creating"):
            call()
    slow_alone.server.advance("PT10M")
    assert slow_alone.decrypt(ciphertext, OTHER_REGION)["Plaintext"] == b"secret"


def test_a_replica_that_is_created_can_be_described_tagged_named_and_given_a_policy(slow_alone):
    slow_alone.replicate(OTHER_REGION)
    kms, key = slow_alone.away, slow_alone.id
    name = new_alias_name()
    kms.create_alias(AliasName=name, TargetKeyId=key)
    kms.tag_resource(KeyId=key, Tags=TAGS)
    kms.untag_resource(KeyId=key, TagKeys=["a"])
    kms.update_key_description(KeyId=key, Description="soon")
    kms.put_key_policy(KeyId=key, Policy=POLICY)
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    slow_alone.server.advance("PT10M")
    metadata, policy, tags, aliases, *_ = slow_alone.everything(OTHER_REGION)
    assert (metadata["KeyState"], metadata["Description"]) == ("Enabled", "soon")
    assert (policy, tags) == (POLICY, TAGS[1:])
    assert [entry["AliasArn"] for entry in aliases] == [alias_arn(name, region=OTHER_REGION)]


def test_the_deletion_of_a_replica_that_is_created_can_be_scheduled(slow_alone):
    slow_alone.replicate(OTHER_REGION)
    answer = slow_alone.delete(OTHER_REGION)
    assert answer == {
        "KeyId": slow_alone.arn(OTHER_REGION),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": 7,
        "DeletionDate": answer["DeletionDate"],
    }
    assert close_to(clock(slow_alone.server) + 7 * DAY, answer["DeletionDate"])
    assert slow_alone.state(OTHER_REGION) == "PendingDeletion"
    slow_alone.away.cancel_key_deletion(KeyId=slow_alone.id)
    slow_alone.server.advance("PT10M")
    assert slow_alone.state(OTHER_REGION) == "Disabled"


def test_a_replica_deleted_while_it_was_created_is_gone_at_its_date(slow_alone):
    slow_alone.replicate(OTHER_REGION)
    slow_alone.delete(OTHER_REGION)
    slow_alone.server.advance("P7D")
    slow_alone.is_gone(OTHER_REGION)
    assert slow_alone.set_of() == ("PRIMARY", REGION, set())


def test_a_region_where_a_replica_is_being_created_cannot_have_another(slow_alone):
    slow_alone.replicate(OTHER_REGION)
    with raises("AlreadyExistsException"):
        slow_alone.replicate(OTHER_REGION)


def test_a_replica_that_is_being_created_cannot_become_primary(slow_alone):
    slow_alone.replicate(OTHER_REGION)
    with invalid_state(slow_alone.arn(OTHER_REGION), "creating"):
        slow_alone.promote(OTHER_REGION)
    assert slow_alone.set_of() == ("PRIMARY", REGION, {OTHER_REGION})
    assert slow_alone.state() == "Enabled"
    slow_alone.server.advance("PT10M")
    slow_alone.promote(OTHER_REGION)


def test_a_rotation_while_a_replica_is_created_reaches_that_replica(slow_alone):
    slow_alone.replicate(OTHER_REGION)
    slow_alone.home.rotate_key_on_demand(KeyId=slow_alone.id)
    ciphertext = slow_alone.encrypt()
    slow_alone.server.advance("PT10M")
    assert slow_alone.material(OTHER_REGION) == slow_alone.material()
    assert slow_alone.decrypt(ciphertext, OTHER_REGION)["Plaintext"] == b"secret"


def test_with_a_delay_of_zero_a_replica_works_at_once(server):
    related = RelatedKeys(server, OTHER_REGION)
    assert related.decrypt(related.encrypt(OTHER_REGION))["Plaintext"] == b"secret"


# Independent properties


def test_the_description_belongs_to_one_related_key(pair):
    pair.away.update_key_description(KeyId=pair.id, Description="there")
    assert pair.describe()["Description"] == ""
    pair.home.update_key_description(KeyId=pair.id, Description="here")
    assert pair.describe(OTHER_REGION)["Description"] == "there"


def test_the_policy_belongs_to_one_related_key(pair):
    before = pair.home.get_key_policy(KeyId=pair.id)["Policy"]
    pair.away.put_key_policy(KeyId=pair.id, Policy=POLICY)
    assert pair.home.get_key_policy(KeyId=pair.id)["Policy"] == before
    pair.home.put_key_policy(KeyId=pair.id, Policy=POLICY + "\n")
    assert pair.away.get_key_policy(KeyId=pair.id)["Policy"] == POLICY


def test_tags_belong_to_one_related_key(pair):
    pair.home.tag_resource(KeyId=pair.id, Tags=TAGS)
    pair.away.tag_resource(KeyId=pair.id, Tags=[{"TagKey": "a", "TagValue": "there"}])
    pair.home.untag_resource(KeyId=pair.id, TagKeys=["a"])
    assert pair.home.list_resource_tags(KeyId=pair.id)["Tags"] == TAGS[1:]
    tags = pair.away.list_resource_tags(KeyId=pair.id)["Tags"]
    assert tags == [{"TagKey": "a", "TagValue": "there"}]


def test_aliases_belong_to_one_related_key(pair):
    name = new_alias_name()
    pair.home.create_alias(AliasName=name, TargetKeyId=pair.id)
    assert pair.away.list_aliases(KeyId=pair.id)["Aliases"] == []
    missing = f"Alias {alias_arn(name, region=OTHER_REGION)} is not found."
    with raises("NotFoundException", missing):
        pair.away.encrypt(KeyId=name, Plaintext=b"x")
    pair.away.create_alias(AliasName=name, TargetKeyId=pair.id)
    pair.home.delete_alias(AliasName=name)
    assert pair.away.describe_key(KeyId=name)["KeyMetadata"]["Arn"] == pair.arn(OTHER_REGION)


@pytest.mark.parametrize(("off", "on"), [(REGION, OTHER_REGION), (OTHER_REGION, REGION)])
def test_disabling_one_related_key_leaves_the_others_at_work(pair, off, on):
    ciphertext = pair.encrypt()
    pair.clients[off].disable_key(KeyId=pair.id)
    assert (pair.state(off), pair.state(on)) == ("Disabled", "Enabled")
    assert pair.decrypt(ciphertext, on)["Plaintext"] == b"secret"
    with raises("DisabledException", f"{pair.arn(off)} is disabled."):
        pair.decrypt(ciphertext, off)
    pair.clients[off].enable_key(KeyId=pair.id)
    assert pair.decrypt(ciphertext, off)["Plaintext"] == b"secret"


def test_scheduling_the_deletion_of_a_replica_leaves_the_primary_as_it_is(pair):
    ciphertext = pair.encrypt()
    before = pair.everything()
    pair.delete(OTHER_REGION)
    assert pair.everything() == before
    with invalid_state(pair.arn(OTHER_REGION), "pending deletion"):
        pair.decrypt(ciphertext, OTHER_REGION)
    assert pair.decrypt(ciphertext)["Plaintext"] == b"secret"


def test_scheduling_the_deletion_of_the_primary_leaves_its_replicas_as_they_are(pair):
    ciphertext = pair.encrypt()
    before = pair.everything(OTHER_REGION)
    pair.delete()
    assert pair.everything(OTHER_REGION) == before
    assert pair.decrypt(ciphertext, OTHER_REGION)["Plaintext"] == b"secret"


# Rotation of the whole set


def test_the_status_of_rotation_is_the_same_in_every_region(trio):
    trio.home.enable_key_rotation(KeyId=trio.id, RotationPeriodInDays=180)
    status = trio.rotation_status()
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 180)
    assert trio.rotation_status(OTHER_REGION) == status == trio.rotation_status(THIRD_REGION)
    trio.home.disable_key_rotation(KeyId=trio.id)
    status = {"KeyId": trio.id, "KeyRotationEnabled": False}
    assert all(trio.rotation_status(region) == status for region in REGIONS)


def test_a_replica_made_later_shares_status_rotations_and_material(alone):
    alone.home.enable_key_rotation(KeyId=alone.id, RotationPeriodInDays=90)
    written = []
    for number in range(3):
        written.append(alone.encrypt(plaintext=f"secret {number}".encode()))
        alone.home.rotate_key_on_demand(KeyId=alone.id)
    alone.replicate(OTHER_REGION)
    assert alone.rotation_status(OTHER_REGION) == alone.rotation_status()
    assert alone.rotations(OTHER_REGION) == alone.rotations()
    assert alone.material(OTHER_REGION) == alone.material()
    for number, ciphertext in enumerate(written):
        assert alone.decrypt(ciphertext, OTHER_REGION)["Plaintext"] == f"secret {number}".encode()


def test_rotation_on_demand_of_the_primary_rotates_every_related_key(trio):
    old = trio.encrypt(THIRD_REGION)
    before = trio.describe()["CurrentKeyMaterialId"]
    answer = trio.home.rotate_key_on_demand(KeyId=trio.id)
    assert answer["KeyId"] == trio.arn()
    (rotation,) = trio.rotations()
    assert rotation["RotationType"] == "ON_DEMAND"
    for region in REGIONS:
        assert trio.rotations(region) == [rotation]
        assert trio.describe(region)["CurrentKeyMaterialId"] == rotation["KeyMaterialId"] != before
        assert trio.decrypt(old, region)["KeyMaterialId"] == before
        new = trio.encrypt(region)
        for reader in REGIONS:
            assert trio.decrypt(new, reader)["KeyMaterialId"] == rotation["KeyMaterialId"]


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("enable_key_rotation", {}),
        ("enable_key_rotation", {"RotationPeriodInDays": 100}),
        ("disable_key_rotation", {}),
        ("rotate_key_on_demand", {}),
    ],
)
def test_rotation_is_not_managed_at_a_replica(pair, operation, parameters):
    pair.home.enable_key_rotation(KeyId=pair.id, RotationPeriodInDays=90)
    before = [pair.everything(region) for region in (REGION, OTHER_REGION)]
    with no_primary(pair.arn(OTHER_REGION)):
        getattr(pair.away, operation)(KeyId=pair.id, **parameters)
    assert [pair.everything(region) for region in (REGION, OTHER_REGION)] == before


def test_the_whole_set_rotates_on_its_dates_and_reads_every_old_ciphertext(timed_trio):
    timed_trio.home.enable_key_rotation(KeyId=timed_trio.id, RotationPeriodInDays=90)
    first = timed_trio.rotation_status()["NextRotationDate"]
    written = []
    for number in range(5):
        for region in REGIONS:
            plaintext = f"{region} {number}".encode()
            material = timed_trio.describe(region)["CurrentKeyMaterialId"]
            written.append((timed_trio.encrypt(region, plaintext), plaintext, material))
        timed_trio.server.advance("P90D")
    dates = [entry["RotationDate"] for entry in timed_trio.rotations()]
    assert dates == [first + number * 90 * DAY for number in range(5)]
    assert len({material for *_, material in written}) == 5
    for region in REGIONS:
        assert timed_trio.material(region) == timed_trio.material()
        assert timed_trio.rotation_status(region) == timed_trio.rotation_status()
        for ciphertext, plaintext, material in written:
            opened = timed_trio.decrypt(ciphertext, region)
            assert (opened["KeyId"], opened["Plaintext"], opened["KeyMaterialId"]) == (
                timed_trio.arn(region),
                plaintext,
                material,
            )


def test_many_dates_that_pass_at_once_are_played_through_in_every_region(timed_trio):
    timed_trio.home.enable_key_rotation(KeyId=timed_trio.id, RotationPeriodInDays=90)
    first = timed_trio.rotation_status()["NextRotationDate"]
    timed_trio.server.advance("P400D")
    for region in REGIONS:
        dates = [entry["RotationDate"] for entry in timed_trio.rotations(region)]
        assert dates == [first + number * 90 * DAY for number in range(4)]
    assert timed_trio.server.get("/_trent/health")["jobs"]["automatic_rotations"] == 4


def test_a_disabled_replica_gets_new_material_with_the_others(timed_pair):
    timed_pair.home.enable_key_rotation(KeyId=timed_pair.id, RotationPeriodInDays=90)
    timed_pair.away.disable_key(KeyId=timed_pair.id)
    timed_pair.server.advance("P90D")
    ciphertext = timed_pair.encrypt()
    assert len(timed_pair.material(OTHER_REGION)) == 2
    assert timed_pair.material(OTHER_REGION) == timed_pair.material()
    assert timed_pair.state(OTHER_REGION) == "Disabled"
    timed_pair.away.enable_key(KeyId=timed_pair.id)
    assert timed_pair.decrypt(ciphertext, OTHER_REGION)["Plaintext"] == b"secret"


def test_a_replica_pending_deletion_gets_new_material_with_the_others(timed_pair):
    timed_pair.delete(OTHER_REGION)
    timed_pair.home.rotate_key_on_demand(KeyId=timed_pair.id)
    ciphertext = timed_pair.encrypt()
    timed_pair.away.cancel_key_deletion(KeyId=timed_pair.id)
    timed_pair.away.enable_key(KeyId=timed_pair.id)
    assert timed_pair.material(OTHER_REGION) == timed_pair.material()
    assert timed_pair.decrypt(ciphertext, OTHER_REGION)["Plaintext"] == b"secret"


def test_no_related_key_rotates_while_the_primary_is_disabled(timed_pair):
    timed_pair.home.enable_key_rotation(KeyId=timed_pair.id, RotationPeriodInDays=90)
    timed_pair.home.disable_key(KeyId=timed_pair.id)
    timed_pair.server.advance("P100D")
    assert timed_pair.rotations() == timed_pair.rotations(OTHER_REGION) == []
    timed_pair.home.enable_key(KeyId=timed_pair.id)
    assert len(timed_pair.rotations()) == 1
    assert timed_pair.rotations(OTHER_REGION) == timed_pair.rotations()


@pytest.fixture
def slowly_rotated(start):
    """A primary key and one replica on a server where rotation on demand takes an hour."""
    return RelatedKeys(start("--rotation-delay", "PT1H"), OTHER_REGION)


def test_a_rotation_on_demand_that_runs_is_shown_by_every_related_key(slowly_rotated):
    related = slowly_rotated
    related.home.rotate_key_on_demand(KeyId=related.id)
    status = related.rotation_status()
    assert close_to(utc_now(), status["OnDemandRotationStartDate"])
    assert related.rotation_status(OTHER_REGION) == status
    assert related.rotations(OTHER_REGION) == []
    related.server.advance("PT1H")
    assert len(related.rotations()) == 1
    assert related.rotations(OTHER_REGION) == related.rotations()
    assert related.rotation_status(OTHER_REGION) == related.rotation_status()
    assert "OnDemandRotationStartDate" not in related.rotation_status()


def test_a_rotation_on_demand_that_runs_is_shown_by_a_replica_made_meanwhile(slowly_rotated):
    related = slowly_rotated
    related.home.rotate_key_on_demand(KeyId=related.id)
    related.replicate(THIRD_REGION)
    assert related.rotation_status(THIRD_REGION) == related.rotation_status()
    related.server.advance("PT1H")
    assert len(related.rotations()) == 1
    assert related.rotations(THIRD_REGION) == related.rotations()


@pytest.mark.parametrize("region", [OTHER_REGION, THIRD_REGION])
def test_a_rotation_on_demand_that_runs_is_completed_by_a_new_primary(slowly_rotated, region):
    """Whether the replica was there when the rotation began or was made meanwhile."""
    related = slowly_rotated
    related.home.rotate_key_on_demand(KeyId=related.id)
    related.replicate(THIRD_REGION)
    related.promote(region)
    related.server.advance("PT1H")
    (rotation,) = related.rotations()
    assert rotation["RotationType"] == "ON_DEMAND"
    assert all(related.rotations(each) == [rotation] for each in REGIONS)
    assert "OnDemandRotationStartDate" not in related.rotation_status(region)


def test_the_limit_of_rotations_on_demand_is_one_for_the_whole_set(pair):
    for _ in range(25):
        pair.home.rotate_key_on_demand(KeyId=pair.id)
    pair.promote(OTHER_REGION)
    with raises("LimitExceededException"):
        pair.away.rotate_key_on_demand(KeyId=pair.id)
    assert len(pair.rotations(OTHER_REGION)) == 25


# Promotion


def test_promotion_exchanges_the_roles_as_every_related_key_tells_them(trio):
    trio.promote(OTHER_REGION)
    replicas = {REGION, THIRD_REGION}
    assert trio.set_of() == ("REPLICA", OTHER_REGION, replicas)
    assert trio.set_of(OTHER_REGION) == ("PRIMARY", OTHER_REGION, replicas)
    assert trio.set_of(THIRD_REGION) == ("REPLICA", OTHER_REGION, replicas)
    assert {trio.state(region) for region in REGIONS} == {"Enabled"}


def test_promotion_changes_nothing_but_the_roles(trio):
    trio.home.create_alias(AliasName=new_alias_name(), TargetKeyId=trio.id)
    trio.away.put_key_policy(KeyId=trio.id, Policy=POLICY)
    trio.away.tag_resource(KeyId=trio.id, Tags=TAGS)
    trio.home.enable_key_rotation(KeyId=trio.id)
    trio.home.rotate_key_on_demand(KeyId=trio.id)
    before = [trio.everything(region) for region in REGIONS]
    trio.promote(OTHER_REGION)
    after = [trio.everything(region) for region in REGIONS]
    for metadata, *_ in [*before, *after]:
        del metadata["MultiRegionConfiguration"]
    assert after == before


def test_ciphertexts_of_before_and_after_a_promotion_are_read_everywhere(trio):
    written = [trio.encrypt(region) for region in REGIONS]
    trio.promote(THIRD_REGION)
    written += [trio.encrypt(region) for region in REGIONS]
    for region in REGIONS:
        for ciphertext in written:
            opened = trio.decrypt(ciphertext, region)
            assert (opened["KeyId"], opened["Plaintext"]) == (trio.arn(region), b"secret")


def test_after_a_promotion_the_new_primary_does_what_the_old_one_did(pair):
    pair.promote(OTHER_REGION)
    for call in (
        lambda: pair.home.enable_key_rotation(KeyId=pair.id),
        lambda: pair.home.disable_key_rotation(KeyId=pair.id),
        lambda: pair.home.rotate_key_on_demand(KeyId=pair.id),
        lambda: pair.home.replicate_key(KeyId=pair.id, ReplicaRegion=THIRD_REGION),
        lambda: pair.home.update_primary_region(KeyId=pair.id, PrimaryRegion=OTHER_REGION),
    ):
        with no_primary(pair.arn()):
            call()
    pair.away.enable_key_rotation(KeyId=pair.id, RotationPeriodInDays=90)
    pair.away.rotate_key_on_demand(KeyId=pair.id)
    pair.away.replicate_key(KeyId=pair.id, ReplicaRegion=THIRD_REGION)
    for region in REGIONS:
        assert pair.rotation_status(region) == pair.rotation_status(OTHER_REGION)
        assert len(pair.material(region)) == 2
    assert pair.set_of(THIRD_REGION) == ("REPLICA", OTHER_REGION, {REGION, THIRD_REGION})


def test_a_key_can_be_promoted_there_and_back(pair):
    before = pair.everything()
    pair.promote(OTHER_REGION)
    pair.promote(REGION, called_in=OTHER_REGION)
    assert pair.everything() == before
    assert pair.set_of(OTHER_REGION) == ("REPLICA", REGION, {OTHER_REGION})


def test_the_schedule_goes_on_at_the_new_primary(timed_pair):
    timed_pair.home.enable_key_rotation(KeyId=timed_pair.id, RotationPeriodInDays=90)
    first = timed_pair.rotation_status()["NextRotationDate"]
    timed_pair.server.advance("P50D")
    timed_pair.promote(OTHER_REGION)
    for region in (REGION, OTHER_REGION):
        assert timed_pair.rotation_status(region)["NextRotationDate"] == first
    timed_pair.server.advance("P130D")
    for region in (REGION, OTHER_REGION):
        found = [
            (entry["RotationType"], entry["RotationDate"])
            for entry in timed_pair.rotations(region)
        ]
        assert found == [("AUTOMATIC", first), ("AUTOMATIC", first + 90 * DAY)]
    assert timed_pair.material(OTHER_REGION) == timed_pair.material()


def test_after_a_promotion_rotation_depends_on_the_new_primary_alone(timed_pair):
    timed_pair.home.enable_key_rotation(KeyId=timed_pair.id, RotationPeriodInDays=90)
    timed_pair.promote(OTHER_REGION)
    timed_pair.home.disable_key(KeyId=timed_pair.id)
    timed_pair.server.advance("P90D")
    assert len(timed_pair.rotations(OTHER_REGION)) == 1
    timed_pair.home.enable_key(KeyId=timed_pair.id)
    timed_pair.away.disable_key(KeyId=timed_pair.id)
    timed_pair.server.advance("P90D")
    assert len(timed_pair.rotations()) == 1


def test_the_primary_role_does_not_go_to_a_region_without_replica(pair):
    with raises("NotFoundException", f"Key '{pair.arn(THIRD_REGION)}' does not exist"):
        pair.promote(THIRD_REGION)
    assert pair.set_of() == ("PRIMARY", REGION, {OTHER_REGION})


def test_the_primary_role_does_not_go_to_a_region_whose_replica_was_deleted(timed_pair):
    timed_pair.delete(OTHER_REGION)
    timed_pair.server.advance("P7D")
    with raises("NotFoundException", f"Key '{timed_pair.arn(OTHER_REGION)}' does not exist"):
        timed_pair.promote(OTHER_REGION)


def test_the_primary_role_does_not_go_to_another_partition(pair):
    with raises("ValidationException"):
        pair.promote("cn-north-1")


def test_a_key_is_not_promoted_to_where_it_is_primary_already(pair):
    with raises("ValidationException"):
        pair.promote(REGION)
    assert pair.set_of() == ("PRIMARY", REGION, {OTHER_REGION})


def test_a_replica_cannot_make_itself_or_another_replica_primary(trio):
    for region in REGIONS:
        with no_primary(trio.arn(OTHER_REGION)):
            trio.promote(region, called_in=OTHER_REGION)
    assert trio.set_of() == ("PRIMARY", REGION, {OTHER_REGION, THIRD_REGION})


@pytest.mark.parametrize("off", [REGION, OTHER_REGION])
def test_neither_of_the_keys_that_exchange_roles_may_be_disabled(pair, off):
    pair.clients[off].disable_key(KeyId=pair.id)
    with raises("DisabledException", f"{pair.arn(off)} is disabled."):
        pair.promote(OTHER_REGION)
    assert pair.set_of() == ("PRIMARY", REGION, {OTHER_REGION})
    pair.clients[off].enable_key(KeyId=pair.id)
    pair.promote(OTHER_REGION)


@pytest.mark.parametrize(
    ("doomed", "state"),
    [(REGION, "pending replica deletion"), (OTHER_REGION, "pending deletion")],
)
def test_neither_of_the_keys_that_exchange_roles_may_be_pending_deletion(pair, doomed, state):
    pair.delete(doomed)
    with invalid_state(pair.arn(doomed), state):
        pair.promote(OTHER_REGION)
    assert pair.set_of() == ("PRIMARY", REGION, {OTHER_REGION})


def test_the_states_of_other_replicas_do_not_hinder_a_promotion(trio):
    trio.third.disable_key(KeyId=trio.id)
    trio.promote(OTHER_REGION)
    assert trio.set_of(THIRD_REGION) == ("REPLICA", OTHER_REGION, {REGION, THIRD_REGION})
    assert trio.state(THIRD_REGION) == "Disabled"
    trio.delete(THIRD_REGION)
    trio.promote(REGION, called_in=OTHER_REGION)
    assert trio.set_of(THIRD_REGION) == ("REPLICA", REGION, {OTHER_REGION, THIRD_REGION})
    assert trio.state(THIRD_REGION) == "PendingDeletion"


# A promotion that takes a while


def test_both_keys_are_updating_until_the_exchange_of_roles_is_done(slow_trio):
    slow_trio.promote(OTHER_REGION)
    slow_trio.server.advance("PT9M")
    for region in (REGION, OTHER_REGION):
        assert slow_trio.state(region) == "Updating"
        assert slow_trio.describe(region)["Enabled"] is False
    assert slow_trio.state(THIRD_REGION) == "Enabled"
    slow_trio.server.advance("PT1M")
    assert {slow_trio.state(region) for region in REGIONS} == {"Enabled"}
    assert slow_trio.set_of() == ("REPLICA", OTHER_REGION, {REGION, THIRD_REGION})


def test_cryptography_goes_on_while_the_roles_are_exchanged(slow_trio):
    slow_trio.promote(OTHER_REGION)
    for made_in in REGIONS:
        ciphertext = slow_trio.encrypt(made_in)
        data_key = slow_trio.clients[made_in].generate_data_key(
            KeyId=slow_trio.id, KeySpec="AES_256"
        )
        for region in REGIONS:
            assert slow_trio.decrypt(ciphertext, region)["Plaintext"] == b"secret"
            opened = slow_trio.decrypt(data_key["CiphertextBlob"], region)
            assert opened["Plaintext"] == data_key["Plaintext"]


@pytest.mark.parametrize("region", [REGION, OTHER_REGION])
def test_keys_that_exchange_roles_are_neither_switched_nor_deleted(slow_trio, region):
    slow_trio.promote(OTHER_REGION)
    kms, key = slow_trio.clients[region], slow_trio.id
    for call in (
        lambda: kms.disable_key(KeyId=key),
        lambda: kms.enable_key(KeyId=key),
        lambda: kms.schedule_key_deletion(KeyId=key),
    ):
        with invalid_state(slow_trio.arn(region), "updating"):
            call()
    slow_trio.server.advance("PT10M")
    kms.disable_key(KeyId=key)
    kms.schedule_key_deletion(KeyId=key)


def test_keys_that_exchange_roles_are_tagged_described_named_and_given_a_policy(slow_trio):
    slow_trio.promote(OTHER_REGION)
    for region in (REGION, OTHER_REGION):
        kms, key = slow_trio.clients[region], slow_trio.id
        kms.create_alias(AliasName=new_alias_name(), TargetKeyId=key)
        kms.tag_resource(KeyId=key, Tags=TAGS)
        kms.untag_resource(KeyId=key, TagKeys=["a"])
        kms.update_key_description(KeyId=key, Description="meanwhile")
        kms.put_key_policy(KeyId=key, Policy=POLICY)
        metadata, policy, tags, aliases, *_ = slow_trio.everything(region)
        assert (metadata["KeyState"], metadata["Description"]) == ("Updating", "meanwhile")
        assert (policy, tags, len(aliases)) == (POLICY, TAGS[1:], 1)


def test_a_primary_whose_role_is_new_is_replicated_only_when_the_exchange_is_done(slow):
    related = RelatedKeys(slow, OTHER_REGION)
    slow.advance("PT10M")
    related.promote(OTHER_REGION)
    with invalid_state(related.arn(OTHER_REGION), "updating"):
        related.away.replicate_key(KeyId=related.id, ReplicaRegion=THIRD_REGION)
    related.is_gone(THIRD_REGION)
    slow.advance("PT10M")
    related.away.replicate_key(KeyId=related.id, ReplicaRegion=THIRD_REGION)
    assert related.state(THIRD_REGION) == "Creating"


def test_rotation_is_managed_at_the_new_primary_while_the_roles_are_exchanged(slow_trio):
    slow_trio.promote(OTHER_REGION)
    slow_trio.away.enable_key_rotation(KeyId=slow_trio.id, RotationPeriodInDays=90)
    slow_trio.away.rotate_key_on_demand(KeyId=slow_trio.id)
    for region in REGIONS:
        assert slow_trio.rotation_status(region) == slow_trio.rotation_status(OTHER_REGION)
        assert slow_trio.material(region) == slow_trio.material(OTHER_REGION)
        assert len(slow_trio.rotations(region)) == 1
    with no_primary(slow_trio.arn()):
        slow_trio.home.disable_key_rotation(KeyId=slow_trio.id)


def test_a_rotation_that_is_due_while_the_roles_are_exchanged_takes_place(slow_trio):
    slow_trio.home.enable_key_rotation(KeyId=slow_trio.id, RotationPeriodInDays=90)
    first = slow_trio.rotation_status()["NextRotationDate"]
    before = first - timedelta(minutes=5)
    status, answer = slow_trio.server.post("/_trent/clock", {"set": before.isoformat()})
    assert status == 200, answer
    slow_trio.promote(OTHER_REGION)
    slow_trio.server.advance("PT20M")
    for region in REGIONS:
        assert [entry["RotationDate"] for entry in slow_trio.rotations(region)] == [first]


# Deletion


def test_a_replica_is_deleted_at_the_end_of_its_own_window(timed_trio):
    ciphertext = timed_trio.encrypt(OTHER_REGION)
    name = new_alias_name()
    timed_trio.away.create_alias(AliasName=name, TargetKeyId=timed_trio.id)
    answer = timed_trio.delete(OTHER_REGION, days=10)
    assert answer == {
        "KeyId": timed_trio.arn(OTHER_REGION),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": 10,
        "DeletionDate": answer["DeletionDate"],
    }
    metadata = timed_trio.describe(OTHER_REGION)
    assert metadata["DeletionDate"] == answer["DeletionDate"]
    assert "PendingDeletionWindowInDays" not in metadata
    timed_trio.server.advance("P9DT23H")
    assert timed_trio.set_of() == ("PRIMARY", REGION, {OTHER_REGION, THIRD_REGION})
    timed_trio.server.advance("PT1H")
    timed_trio.is_gone(OTHER_REGION)
    assert timed_trio.id not in listed_keys(timed_trio.away)
    assert name not in {
        entry["AliasName"] for entry in flat(pages(timed_trio.away.list_aliases, "Aliases"))
    }
    assert timed_trio.set_of() == ("PRIMARY", REGION, {THIRD_REGION})
    assert timed_trio.set_of(THIRD_REGION) == ("REPLICA", REGION, {THIRD_REGION})
    for region in (REGION, THIRD_REGION):
        assert timed_trio.decrypt(ciphertext, region)["Plaintext"] == b"secret"
    with raises(
        "AccessDeniedException",
        denied("kms:Decrypt", "the resource associated with this ciphertext"),
    ):
        timed_trio.decrypt(ciphertext, OTHER_REGION)


def test_a_replica_that_is_made_again_shares_what_the_deleted_one_did(timed_pair):
    ciphertext = timed_pair.encrypt(OTHER_REGION)
    timed_pair.home.rotate_key_on_demand(KeyId=timed_pair.id)
    timed_pair.away.tag_resource(KeyId=timed_pair.id, Tags=TAGS)
    material = timed_pair.material(OTHER_REGION)
    timed_pair.delete(OTHER_REGION)
    timed_pair.server.advance("P7D")
    timed_pair.replicate(OTHER_REGION)
    assert timed_pair.describe(OTHER_REGION)["Arn"] == timed_pair.arn(OTHER_REGION)
    assert timed_pair.material(OTHER_REGION) == material
    assert timed_pair.decrypt(ciphertext, OTHER_REGION)["Plaintext"] == b"secret"
    assert timed_pair.away.list_resource_tags(KeyId=timed_pair.id)["Tags"] == []
    timed_pair.server.advance("P30D")
    assert timed_pair.state(OTHER_REGION) == "Enabled"


def test_a_primary_without_replicas_is_deleted_like_a_single_region_key(machine):
    related = RelatedKeys(machine)
    answer = related.delete()
    assert answer["KeyState"] == "PendingDeletion"
    assert close_to(utc_now() + 7 * DAY, answer["DeletionDate"])
    assert related.describe()["DeletionDate"] == answer["DeletionDate"]
    assert "PendingDeletionWindowInDays" not in related.describe()
    machine.advance("P7D")
    related.is_gone()


@pytest.mark.parametrize("days", [7, 30])
def test_a_primary_with_replicas_is_pending_replica_deletion_without_a_date(pair, days):
    before = pair.describe()
    assert pair.delete(days=days) == {
        "KeyId": pair.arn(),
        "KeyState": "PendingReplicaDeletion",
        "PendingWindowInDays": days,
    }
    assert pair.describe() == {
        **before,
        "Enabled": False,
        "KeyState": "PendingReplicaDeletion",
        "PendingDeletionWindowInDays": days,
    }


def test_the_window_of_a_primary_with_replicas_is_30_days_unless_it_is_given(pair):
    answer = pair.home.schedule_key_deletion(KeyId=pair.id)
    assert answer["PendingWindowInDays"] == 30
    assert pair.describe()["PendingDeletionWindowInDays"] == 30


@pytest.mark.parametrize("days", [6, 31])
def test_a_window_outside_of_7_to_30_days_is_refused_for_a_primary_too(unchecked, pair, days):
    rule = "greater than or equal to 7" if days < 7 else "less than or equal to 30"
    with raises_violations(violated("pendingWindowInDays", f"have value {rule}", days)):
        unchecked.schedule_key_deletion(KeyId=pair.id, PendingWindowInDays=days)
    assert pair.state() == "Enabled"


def test_a_primary_whose_replicas_are_all_pending_deletion_has_to_wait_for_them(pair):
    pair.delete(OTHER_REGION)
    assert pair.delete()["KeyState"] == "PendingReplicaDeletion"
    assert "DeletionDate" not in pair.describe()


def test_a_disabled_primary_can_be_pending_replica_deletion(pair):
    pair.home.disable_key(KeyId=pair.id)
    assert pair.delete()["KeyState"] == "PendingReplicaDeletion"


def test_deletion_that_waits_for_replicas_is_scheduled_once(pair):
    pair.delete(days=30)
    with invalid_state(pair.arn(), "pending replica deletion"):
        pair.delete(days=7)
    assert pair.describe()["PendingDeletionWindowInDays"] == 30


def test_a_primary_pending_replica_deletion_is_of_no_use(pair):
    ciphertext = pair.encrypt()
    pair.delete()
    for call in (
        lambda: pair.encrypt(),
        lambda: pair.decrypt(ciphertext),
        lambda: pair.home.enable_key(KeyId=pair.id),
        lambda: pair.home.tag_resource(KeyId=pair.id, Tags=TAGS),
        lambda: pair.home.rotate_key_on_demand(KeyId=pair.id),
        lambda: pair.replicate(THIRD_REGION),
    ):
        with invalid_state(pair.arn(), "pending replica deletion"):
            call()
    assert pair.decrypt(ciphertext, OTHER_REGION)["Plaintext"] == b"secret"


def test_no_related_key_rotates_while_the_primary_is_pending_replica_deletion(timed_pair):
    timed_pair.home.enable_key_rotation(KeyId=timed_pair.id, RotationPeriodInDays=90)
    timed_pair.delete()
    timed_pair.server.advance("P200D")
    assert timed_pair.rotations() == timed_pair.rotations(OTHER_REGION) == []


def test_without_the_deletion_of_its_replicas_a_primary_waits_forever(timed_pair):
    timed_pair.delete()
    timed_pair.server.advance("P1000D")
    assert timed_pair.state() == "PendingReplicaDeletion"
    assert "DeletionDate" not in timed_pair.describe()
    assert timed_pair.state(OTHER_REGION) == "Enabled"


def test_the_window_of_the_primary_begins_when_its_last_replica_is_deleted(timed_trio):
    timed_trio.delete(days=20)
    timed_trio.delete(OTHER_REGION, days=7)
    last = timed_trio.delete(THIRD_REGION, days=15)["DeletionDate"]
    timed_trio.server.advance("P10D")
    timed_trio.is_gone(OTHER_REGION)
    assert timed_trio.state() == "PendingReplicaDeletion"
    assert timed_trio.describe()["PendingDeletionWindowInDays"] == 20
    timed_trio.server.advance("P5D")
    timed_trio.is_gone(THIRD_REGION)
    metadata = timed_trio.describe()
    assert metadata["KeyState"] == "PendingDeletion"
    assert metadata["DeletionDate"] == last + 20 * DAY
    assert "PendingDeletionWindowInDays" not in metadata
    assert timed_trio.set_of() == ("PRIMARY", REGION, set())
    with invalid_state(timed_trio.arn(), "pending deletion"):
        timed_trio.encrypt()
    timed_trio.server.advance("P19DT23H")
    assert timed_trio.state() == "PendingDeletion"
    timed_trio.server.advance("PT1H")
    timed_trio.is_gone()


def test_a_whole_set_is_deleted_in_the_right_order_when_much_time_passes_at_once(timed_trio):
    ciphertext = timed_trio.encrypt()
    for region in REGIONS:
        timed_trio.delete(region)
    timed_trio.server.advance("P14D")
    for region in REGIONS:
        timed_trio.is_gone(region)
        with raises(
            "AccessDeniedException",
            denied("kms:Decrypt", "the resource associated with this ciphertext"),
        ):
            timed_trio.decrypt(ciphertext, region)
        assert timed_trio.id not in listed_keys(timed_trio.clients[region])
    assert timed_trio.server.get("/_trent/health")["jobs"]["deletions"] == 3


def test_rotations_and_deletions_of_one_set_take_place_each_on_its_date(timed_trio):
    timed_trio.home.enable_key_rotation(KeyId=timed_trio.id, RotationPeriodInDays=90)
    first = timed_trio.rotation_status()["NextRotationDate"]
    timed_trio.server.advance("P80D")
    timed_trio.delete(OTHER_REGION, days=9)
    timed_trio.delete(THIRD_REGION, days=11)
    timed_trio.server.advance("P101D")
    dates = [entry["RotationDate"] for entry in timed_trio.rotations()]
    assert dates == [first, first + 90 * DAY]
    assert timed_trio.set_of() == ("PRIMARY", REGION, set())


def test_a_primary_pending_replica_deletion_is_disabled_when_that_is_cancelled(timed_pair):
    ciphertext = timed_pair.encrypt()
    before = timed_pair.describe()
    timed_pair.delete()
    answer = timed_pair.home.cancel_key_deletion(KeyId=timed_pair.id)
    assert members(answer) == {"KeyId": timed_pair.arn()}
    assert timed_pair.describe() == {**before, "Enabled": False, "KeyState": "Disabled"}
    timed_pair.delete(OTHER_REGION)
    timed_pair.server.advance("P100D")
    timed_pair.is_gone(OTHER_REGION)
    assert timed_pair.state() == "Disabled"
    timed_pair.home.enable_key(KeyId=timed_pair.id)
    assert timed_pair.decrypt(ciphertext)["Plaintext"] == b"secret"


def test_a_primary_whose_window_has_begun_is_disabled_when_that_is_cancelled(timed_pair):
    timed_pair.delete()
    timed_pair.delete(OTHER_REGION)
    timed_pair.server.advance("P8D")
    assert timed_pair.state() == "PendingDeletion"
    answer = timed_pair.home.cancel_key_deletion(KeyId=timed_pair.id)
    assert members(answer) == {"KeyId": timed_pair.arn()}
    metadata = timed_pair.describe()
    assert metadata["KeyState"] == "Disabled"
    assert not {"DeletionDate", "PendingDeletionWindowInDays"} & metadata.keys()
    timed_pair.server.advance("P100D")
    timed_pair.home.enable_key(KeyId=timed_pair.id)
    timed_pair.replicate(OTHER_REGION)
    assert timed_pair.decrypt(timed_pair.encrypt(), OTHER_REGION)["Plaintext"] == b"secret"


def test_cancelling_the_deletion_of_the_last_replica_keeps_the_primary_waiting(timed_pair):
    timed_pair.delete()
    timed_pair.delete(OTHER_REGION)
    timed_pair.server.advance("P6D")
    answer = timed_pair.away.cancel_key_deletion(KeyId=timed_pair.id)
    assert members(answer) == {"KeyId": timed_pair.arn(OTHER_REGION)}
    timed_pair.server.advance("P100D")
    assert timed_pair.state() == "PendingReplicaDeletion"
    assert timed_pair.state(OTHER_REGION) == "Disabled"
    timed_pair.away.enable_key(KeyId=timed_pair.id)
    assert timed_pair.decrypt(timed_pair.encrypt(OTHER_REGION), OTHER_REGION)


def test_an_old_primary_is_deleted_as_a_replica_after_a_promotion(timed_pair):
    ciphertext = timed_pair.encrypt()
    timed_pair.home.enable_key_rotation(KeyId=timed_pair.id, RotationPeriodInDays=90)
    timed_pair.promote(OTHER_REGION)
    assert timed_pair.delete()["KeyState"] == "PendingDeletion"
    timed_pair.server.advance("P7D")
    timed_pair.is_gone()
    assert timed_pair.set_of(OTHER_REGION) == ("PRIMARY", OTHER_REGION, set())
    assert timed_pair.decrypt(ciphertext, OTHER_REGION)["Plaintext"] == b"secret"
    timed_pair.server.advance("P90D")
    assert len(timed_pair.rotations(OTHER_REGION)) == 1
    timed_pair.away.replicate_key(KeyId=timed_pair.id, ReplicaRegion=REGION)
    assert timed_pair.set_of() == ("REPLICA", OTHER_REGION, {REGION})
    assert timed_pair.material() == timed_pair.material(OTHER_REGION)


# Restarts


def test_related_keys_survive_a_power_cut(start, data_dir):
    related = RelatedKeys(start(data_dir=data_dir), OTHER_REGION, THIRD_REGION)
    related.away.create_alias(AliasName="alias/there", TargetKeyId=related.id)
    related.away.tag_resource(KeyId=related.id, Tags=TAGS)
    related.third.disable_key(KeyId=related.id)
    related.home.enable_key_rotation(KeyId=related.id, RotationPeriodInDays=90)
    related.server.advance("P100D")
    related.promote(OTHER_REGION)
    ciphertext = related.encrypt()
    before = [related.everything(region) for region in REGIONS]
    related.restart()
    assert [related.everything(region) for region in REGIONS] == before
    assert related.set_of() == ("REPLICA", OTHER_REGION, {REGION, THIRD_REGION})
    for region in (REGION, OTHER_REGION):
        assert related.decrypt(ciphertext, region)["KeyId"] == related.arn(region)
    related.server.advance("P90D")
    assert len(related.rotations(OTHER_REGION)) == 2
    assert all(related.material(each) == related.material() for each in REGIONS)


def test_creation_and_exchange_of_roles_go_on_after_a_power_cut(start, data_dir):
    server = start("--replication-delay", "PT1H", data_dir=data_dir)
    related = RelatedKeys(server, OTHER_REGION)
    server.advance("PT1H")
    related.promote(OTHER_REGION)
    server.advance("PT1H")
    related.away.replicate_key(KeyId=related.id, ReplicaRegion=THIRD_REGION)
    related.restart()
    assert related.state(THIRD_REGION) == "Creating"
    server.advance("PT1H")
    assert related.state(THIRD_REGION) == "Enabled"
    related.promote(REGION, called_in=OTHER_REGION)
    related.restart()
    assert related.state() == related.state(OTHER_REGION) == "Updating"
    assert related.set_of() == ("PRIMARY", REGION, {OTHER_REGION, THIRD_REGION})
    server.advance("PT1H")
    assert {related.state(region) for region in REGIONS} == {"Enabled"}


def test_a_deletion_that_waits_for_replicas_survives_a_power_cut(start, data_dir):
    related = RelatedKeys(start(data_dir=data_dir), OTHER_REGION)
    related.delete(days=10)
    last = related.delete(OTHER_REGION, days=7)["DeletionDate"]
    related.restart()
    metadata = related.describe()
    assert metadata["KeyState"] == "PendingReplicaDeletion"
    assert metadata["PendingDeletionWindowInDays"] == 10
    related.server.advance("P7D")
    related.is_gone(OTHER_REGION)
    related.restart()
    metadata = related.describe()
    assert metadata["KeyState"] == "PendingDeletion"
    assert metadata["DeletionDate"] == last + 10 * DAY
    related.server.advance("P10D")
    related.is_gone()


def test_a_reset_leaves_no_related_key_in_any_region(machine):
    related = RelatedKeys(machine, OTHER_REGION)
    status, _ = machine.post("/_trent/reset")
    assert status == 200
    for region in REGIONS:
        assert related.clients[region].list_keys()["Keys"] == []
