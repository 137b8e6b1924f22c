"""How requests name their key, in every form that is allowed and in those that are not."""

import pytest
from botocore import xform_name
from sdk_support import (
    ACCOUNT,
    OF_PRIMARIES,
    OTHER_ACCOUNT,
    OTHER_REGION,
    TAKING_ALIASES,
    UNKNOWN_KEY_ID,
    WAYS,
    Primary,
    action_of,
    alias_arn,
    denied,
    key_arn,
    raises,
)

NOT_TAKING_ALIASES = sorted(WAYS.keys() - TAKING_ALIASES)


def prepared(subject, way):
    """A key on which the operation works."""
    if way in OF_PRIMARIES:
        return Primary(subject.kms)
    if way == "CancelKeyDeletion":
        subject.bring_into("PendingDeletion")
    return subject


def declares(kms, way, exception):
    model = kms.meta.service_model.operation_model(way.split()[0])
    return exception in {shape.name for shape in model.error_shapes}


@pytest.mark.parametrize("form", ["id", "arn"])
@pytest.mark.parametrize("way", WAYS)
def test_every_operation_takes_key_id_and_key_arn(subject, way, form):
    subject = prepared(subject, way)
    subject.call(way, getattr(subject, form))


@pytest.mark.parametrize("form", ["alias", "alias_arn"])
@pytest.mark.parametrize("way", sorted(TAKING_ALIASES))
def test_cryptography_and_description_take_alias_name_and_alias_arn(subject, way, form):
    subject.call(way, getattr(subject, form))


@pytest.mark.parametrize("form", ["alias", "alias_arn"])
@pytest.mark.parametrize("way", NOT_TAKING_ALIASES)
def test_all_other_operations_refuse_aliases(subject, way, form):
    subject = prepared(subject, way)
    with raises("NotFoundException"):
        subject.call(way, getattr(subject, form))


@pytest.mark.parametrize("form", ["id", "arn"])
@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_does_not_exist_is_named_by_its_arn(subject, way, form):
    arn = key_arn(UNKNOWN_KEY_ID)
    with raises("NotFoundException", f"Key '{arn}' does not exist"):
        subject.call(way, UNKNOWN_KEY_ID if form == "id" else arn)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "key_id",
    [
        "1234abcd12ab34cd56ef1234567890ab",
        "mrk-fake",
        "not-a-key",
        "1234abcd-12ab-34cd-56ef-1234567890abc",
        "{1234abcd-12ab-34cd-56ef-1234567890}",
    ],
)
def test_what_has_not_the_form_of_a_key_id_is_an_invalid_key_id(subject, way, key_id):
    with raises("NotFoundException", f"Invalid keyId '{key_id}'"):
        subject.call(way, key_id)


def test_a_multi_region_key_id_has_the_form_of_a_key_id(kms):
    key_id = "mrk-1234abcd12ab34cd56ef1234567890ab"
    with raises("NotFoundException", f"Key '{key_arn(key_id)}' does not exist"):
        kms.describe_key(KeyId=key_id)


@pytest.mark.parametrize("way", WAYS)
def test_an_arn_of_another_region_is_not_found(subject, way):
    with raises("NotFoundException", f"Invalid arn {OTHER_REGION}"):
        subject.call(way, key_arn(subject.id, region=OTHER_REGION))


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:kms",
        f"arn:aws:s3:us-east-1:{ACCOUNT}:key/{UNKNOWN_KEY_ID}",
        f"arn:aws:kms:us-east-1:12:key/{UNKNOWN_KEY_ID}",
        f"arn:aws:kms:us-east-1:{ACCOUNT}:key/x",
        f"arn:aws:kms:us-east-1:{ACCOUNT}:lock/{UNKNOWN_KEY_ID}",
        f"arn:aws-cn:kms:us-east-1:{ACCOUNT}:key/{UNKNOWN_KEY_ID}",
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_malformed_arn_is_refused_with_the_exception_that_the_operation_declares(
    kms, subject, way, arn
):
    declared = declares(kms, way, "InvalidArnException")
    with raises("InvalidArnException" if declared else "NotFoundException"):
        subject.call(way, arn)


@pytest.mark.parametrize("way", sorted(TAKING_ALIASES))
def test_an_alias_that_does_not_exist_is_named_by_its_arn(subject, way):
    arn = alias_arn("alias/nowhere")
    for name in ("alias/nowhere", arn):
        with raises("NotFoundException", f"Alias {arn} is not found."):
            subject.call(way, name)


@pytest.mark.parametrize("way", sorted(TAKING_ALIASES))
def test_an_alias_arn_of_another_region_is_not_found(subject, way):
    with raises("NotFoundException", f"Invalid arn {OTHER_REGION}"):
        subject.call(way, alias_arn(subject.alias, region=OTHER_REGION))


@pytest.mark.parametrize("way", WAYS)
def test_a_key_of_another_account_is_denied_without_saying_whether_it_exists(subject, way):
    with raises("AccessDeniedException", denied(action_of(way), "this resource")):
        subject.call(way, key_arn(UNKNOWN_KEY_ID, account=OTHER_ACCOUNT))


@pytest.mark.parametrize("way", WAYS)
def test_the_key_is_required_except_where_the_ciphertext_or_the_list_does_without(
    unchecked, subject, way
):
    parameters = WAYS[way](subject, subject.id)
    name = {
        "CreateAlias": "TargetKeyId",
        "UpdateAlias": "TargetKeyId",
        "ReEncrypt from": "SourceKeyId",
        "ReEncrypt to": "DestinationKeyId",
    }.get(way, "KeyId")
    del parameters[name]
    call = getattr(unchecked, xform_name(way.split()[0]))
    if way in ("Decrypt", "ReEncrypt from", "ListAliases"):
        call(**parameters)
        return
    path = name[0].lower() + name[1:]
    with raises(
        "ValidationException",
        f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: "
        "Member must not be null",
    ):
        call(**parameters)
