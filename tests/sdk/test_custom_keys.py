"""Keys with a chosen id or chosen key material."""

import base64
import hashlib
import hmac
import uuid

import pytest

from sdk_support import raises


def tagged(kms, tags, **parameters):
    tags = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
    return kms.create_key(Tags=tags, **parameters)["KeyMetadata"]


def test_a_key_has_the_id_that_is_asked_for(kms):
    chosen = str(uuid.uuid4())
    assert tagged(kms, {"_custom_id_": chosen})["KeyId"] == chosen
    assert kms.describe_key(KeyId=chosen)["KeyMetadata"]["KeyId"] == chosen
    with raises("ValidationException"):
        tagged(kms, {"_custom_id_": chosen})


def test_a_multi_region_key_has_the_id_that_is_asked_for(kms):
    chosen = f"mrk-{uuid.uuid4().hex}"
    assert tagged(kms, {"_custom_id_": chosen}, MultiRegion=True)["KeyId"] == chosen
    with raises("ValidationException"):
        tagged(kms, {"_custom_id_": f"mrk-{uuid.uuid4().hex}"})


@pytest.mark.parametrize("text", ["x", "mrk-x", ""])
def test_what_is_no_key_id_cannot_be_chosen(kms, text):
    with raises("ValidationException"):
        tagged(kms, {"_custom_id_": text})


def test_a_key_has_the_material_that_is_asked_for_and_does_not_show_it(kms):
    secret = bytes(range(32))
    tags = {"_custom_key_material_": base64.b64encode(secret).decode(), "team": "a"}
    key = tagged(kms, tags, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyId"]
    mac = kms.generate_mac(KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
    assert mac == hmac.digest(secret, b"m", hashlib.sha256)
    listed = kms.list_resource_tags(KeyId=key)["Tags"]
    assert listed == [{"TagKey": "team", "TagValue": "a"}]


@pytest.mark.parametrize("text", ["!", base64.b64encode(b"short").decode()])
def test_material_that_does_not_suit_is_refused(kms, text):
    with raises("ValidationException"):
        tagged(kms, {"_custom_key_material_": text})
