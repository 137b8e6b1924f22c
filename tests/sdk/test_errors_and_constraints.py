"""The wire format, errors of the framework, and the constraints of the model.

What each operation requires and which names its enumerations have is read from the model that the
SDK comes with."""

import base64
import json
import re

import pytest
from botocore import xform_name
from botocore.session import Session
from sdk_support import (
    BUILT,
    OTHER_ACCOUNT,
    UNKNOWN_GRANT,
    UNKNOWN_KEY_ID,
    call,
    encode,
    key_arn,
    missing,
    raises,
    raises_violations,
    request_headers,
    send,
    signed,
    violated,
)

MODEL = Session().get_service_model("kms")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MiB = 1024 * 1024


def input_shape(operation):
    return MODEL.operation_model(operation).input_shape


def having(member):
    """The built operations whose request has a member of this name."""
    return sorted(
        operation for operation in BUILT if member in input_shape(operation).members
    )


def wire_path(name):
    return name[0].lower() + name[1:]


def least(operation, **given):
    """Parameters with every required member, well-formed, and those given."""
    samples = {
        "KeyId": UNKNOWN_KEY_ID,
        "TargetKeyId": UNKNOWN_KEY_ID,
        "DestinationKeyId": UNKNOWN_KEY_ID,
        "AliasName": "alias/nowhere",
        "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
        "WrappingKeySpec": "RSA_2048",
        "ImportToken": b"x",
        "EncryptedKeyMaterial": b"x",
        "Plaintext": b"x",
        "CiphertextBlob": b"x",
        "Policy": "{}",
        "Tags": [],
        "TagKeys": [],
        "Description": "",
        "ReplicaRegion": "eu-west-1",
        "PrimaryRegion": "eu-west-1",
        "Message": b"x",
        "SigningAlgorithm": "ECDSA_SHA_256",
        "Signature": b"x",
        "MacAlgorithm": "HMAC_SHA_256",
        "Mac": b"x",
        "KeyAgreementAlgorithm": "ECDH",
        "PublicKey": b"x",
        "EncapsulationAlgorithm": "ML_KEM",
        "SharedSecretCiphertextBlob": b"x",
        "KeyPairSpec": "ECC_NIST_P256",
        "Operations": ["Encrypt"],
        "GrantId": UNKNOWN_GRANT,
    }
    required = input_shape(operation).required_members
    return {**{name: samples[name] for name in required}, **given}


def invoke(client, operation, **parameters):
    return getattr(client, xform_name(operation))(**parameters)


# Answers


def test_a_success_has_the_content_type_and_the_headers_of_the_api(server):
    answer = call(server, "CreateKey", {})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])
    assert answer.headers["cache-control"] == "no-cache, no-store, must-revalidate, private"
    assert answer.headers["expires"] == "0"
    assert answer.headers["pragma"] == "no-cache"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert "date" in answer.headers


def test_an_error_has_them_too(server):
    answer = call(server, "DescribeKey", {"KeyId": "x"})
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])
    assert answer.json == {"__type": "NotFoundException", "message": "Invalid keyId 'x'"}


def test_every_answer_has_a_request_id_of_its_own(server):
    ids = {call(server, "ListKeys", {}).headers["x-amzn-requestid"] for _ in range(5)}
    assert len(ids) == 5


def test_an_error_without_a_text_has_no_member_for_it(server):
    answer = call(server, "Decrypt", {"CiphertextBlob": encode(b"garbage")})
    assert (answer.status, answer.json) == (400, {"__type": "InvalidCiphertextException"})


def test_the_text_of_access_denied_has_a_capital_letter(server):
    arn = key_arn(UNKNOWN_KEY_ID, account=OTHER_ACCOUNT)
    answer = call(server, "DescribeKey", {"KeyId": arn})
    assert answer.status == 400
    assert answer.json.keys() == {"__type", "Message"}
    assert answer.code == "AccessDeniedException"


def test_an_operation_without_output_answers_an_empty_body(server, key):
    answer = call(server, "EnableKey", {"KeyId": key})
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == "0"


def test_dates_are_epoch_seconds_with_milliseconds_and_blobs_are_base64(server, key):
    metadata = call(server, "DescribeKey", {"KeyId": key}).json["KeyMetadata"]
    created = metadata["CreationDate"]
    assert isinstance(created, float | int)
    assert round(created, 3) == created > 1_600_000_000
    blob = call(server, "Encrypt", {"KeyId": key, "Plaintext": encode(b"x")}).json["CiphertextBlob"]
    assert base64.b64encode(base64.b64decode(blob, validate=True)).decode() == blob


def test_absent_members_are_left_out_and_not_null(server, key):
    answer = call(server, "GetKeyRotationStatus", {"KeyId": key})
    assert answer.json == {"KeyId": key, "KeyRotationEnabled": False}


# Requests


def test_unknown_members_are_ignored(server, key):
    answer = call(server, "DescribeKey", {"KeyId": key, "Unknown": {"a": [1]}})
    assert answer.status == 200


def test_a_member_that_is_null_is_as_good_as_absent(server, key):
    absent = call(server, "CreateKey", {"Description": None, "Tags": None, "KeySpec": None})
    assert absent.status == 200
    answer = call(server, "DescribeKey", {"KeyId": None})
    assert answer.message == f"1 validation error detected: {missing('keyId')}"


def test_an_empty_body_is_an_empty_request(server):
    answer = call(server, "CreateKey", b"")
    assert answer.status == 200
    assert answer.json["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize(
    "content_type",
    ["application/x-amz-json-1.1; charset=utf-8", "Application/X-Amz-JSON-1.1"],
)
def test_the_content_type_may_have_parameters_and_capital_letters(server, content_type):
    headers = signed(server, b"{}", request_headers("ListKeys", content_type))
    assert send(server, b"{}", headers).status == 200


@pytest.mark.parametrize("target", ["TrentService.Nothing", "Nothing", "TrentService.", "", None])
def test_what_is_no_operation_is_unknown(server, target):
    headers = request_headers("ListKeys")
    if target is None:
        del headers["X-Amz-Target"]
    else:
        headers["X-Amz-Target"] = target
    answer = send(server, b"{}", signed(server, b"{}", headers))
    assert answer.status in (400, 404)
    assert answer.code == "UnknownOperationException"


@pytest.mark.parametrize("target", ["TrentService.listkeys", "DynamoDB_20120810.ListKeys"])
def test_operations_are_named_exactly(server, target):
    headers = {**request_headers("ListKeys"), "X-Amz-Target": target}
    answer = send(server, b"{}", signed(server, b"{}", headers))
    assert answer.code == "UnknownOperationException"


@pytest.mark.parametrize(
    "body",
    [b"{", b"not JSON", b"[]", b'"text"', b"1", b"{}{}", b'{"KeyId":}', b"\xff\xfe"],
)
def test_a_body_that_is_no_json_object_cannot_be_read(server, body):
    answer = call(server, "DescribeKey", body)
    assert (answer.status, answer.code) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("operation", "wrong"),
    [
        ("DescribeKey", {"KeyId": 1}),
        ("DescribeKey", {"KeyId": ["x"]}),
        ("DescribeKey", {"KeyId": True}),
        ("ListKeys", {"Limit": "10"}),
        ("ListKeys", {"Limit": 1.5}),
        ("ListKeys", {"Limit": 2**40}),
        ("CreateKey", {"MultiRegion": "true"}),
        ("CreateKey", {"MultiRegion": 1}),
        ("CreateKey", {"Tags": {}}),
        ("CreateKey", {"Tags": ["x"]}),
        ("CreateKey", {"Tags": [{"TagKey": 1, "TagValue": ""}]}),
        ("CreateKey", {"KeySpec": 1}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "not base64!"}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "eA"}),
        ("Encrypt", {"KeyId": "x", "Plaintext": 1}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "eA==", "EncryptionContext": []}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "eA==", "EncryptionContext": {"a": 1}}),
        ("Encrypt", {"KeyId": "x", "Plaintext": "eA==", "GrantTokens": "x"}),
    ],
)
def test_a_member_of_another_json_type_cannot_be_read(server, operation, wrong):
    answer = call(server, operation, wrong)
    assert (answer.status, answer.code) == (400, "SerializationException")


def test_a_body_nested_without_end_is_refused(server):
    answer = call(server, "DescribeKey", b'{"KeyId":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert (answer.status, answer.code) == (400, "SerializationException")


def test_a_body_above_1_mib_is_too_large_and_one_of_1_mib_is_not(server):
    frame = b'{"Unknown":""}'
    largest = frame[:-2] + b"x" * (MiB - len(frame)) + frame[-2:]
    assert call(server, "ListKeys", largest).status == 200
    answer = call(server, "ListKeys", largest[:-2] + b'x"}')
    assert (answer.status, answer.code) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_the_api_is_posted_to_only(server, method):
    answer = send(server, method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/x", "/_trent", "/_trent/nothing", "/index.html"])
def test_other_paths_are_not_found(server, path):
    for method in ("GET", "POST"):
        answer = send(server, method=method, path=path)
        assert answer.status == 404


# Constraints


REQUIRING = [
    operation for operation in sorted(BUILT) if input_shape(operation).required_members
]


@pytest.mark.parametrize("operation", REQUIRING)
def test_all_required_members_that_are_missing_are_reported_at_once(unchecked, operation):
    required = input_shape(operation).required_members
    with raises_violations(*(missing(wire_path(name)) for name in required)):
        invoke(unchecked, operation)


def enumerations():
    """Every enumerated member of a request of a built operation."""
    for operation in sorted(BUILT):
        for name, shape in input_shape(operation).members.items():
            if getattr(shape, "enum", None):
                yield operation, name, shape.enum
            elif shape.type_name == "list" and getattr(shape.member, "enum", None):
                yield operation, f"{name}.1.member", shape.member.enum


@pytest.mark.parametrize(("operation", "path", "names"), list(enumerations()))
def test_a_name_that_an_enumeration_does_not_have_is_answered_with_those_it_has(
    unchecked, operation, path, names
):
    member = path.split(".")[0]
    given = {member: ["NOTHING"] if "." in path else "NOTHING"}
    with raises("ValidationException") as caught:
        invoke(unchecked, operation, **least(operation, **given))
    found = re.fullmatch(
        rf"1 validation error detected: Value 'NOTHING' at '{re.escape(wire_path(path))}' failed "
        r"to satisfy constraint: Member must satisfy enum value set: \[(.*)\]",
        caught.value.response["Error"]["Message"],
    )
    assert set(found.group(1).split(", ")) >= set(names)


KEY_MEMBERS = [
    (operation, member)
    for member in ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")
    for operation in having(member)
]


@pytest.mark.parametrize(("operation", "member"), KEY_MEMBERS)
def test_a_key_is_named_in_1_to_2048_characters(unchecked, operation, member):
    path = wire_path(member)
    too_long = "x" * 2049
    with raises_violations(violated(path, "have length greater than or equal to 1", "")):
        invoke(unchecked, operation, **least(operation, **{member: ""}))
    with raises_violations(violated(path, "have length less than or equal to 2048", too_long)):
        invoke(unchecked, operation, **least(operation, **{member: too_long}))


@pytest.mark.parametrize("operation", having("Limit"))
def test_a_limit_is_1_to_1000(unchecked, operation):
    for limit, rule in (
        (0, "have value greater than or equal to 1"),
        (1001, "have value less than or equal to 1000"),
    ):
        with raises_violations(violated("limit", rule, limit)):
            invoke(unchecked, operation, **least(operation, Limit=limit))


@pytest.mark.parametrize("operation", having("Marker"))
def test_a_marker_has_1_to_1024_characters(unchecked, operation):
    too_long = "x" * 1025
    with raises_violations(violated("marker", "have length less than or equal to 1024", too_long)):
        invoke(unchecked, operation, **least(operation, Marker=too_long))
    with raises("ValidationException") as caught:
        invoke(unchecked, operation, **least(operation, Marker=""))
    expected = violated("marker", "have length greater than or equal to 1", "")
    assert expected in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("operation", having("GrantTokens"))
def test_at_most_10_grant_tokens_are_given_and_none_is_empty(unchecked, operation):
    with raises("ValidationException") as caught:
        invoke(unchecked, operation, **least(operation, GrantTokens=["t"] * 11))
    message = caught.value.response["Error"]["Message"]
    assert message.startswith("1 validation error detected: Value ")
    assert message.endswith(
        "at 'grantTokens' failed to satisfy constraint: Member must have length less than or "
        "equal to 10"
    )
    with raises_violations(
        violated("grantTokens.2.member", "have length greater than or equal to 1", "")
    ):
        invoke(unchecked, operation, **least(operation, GrantTokens=["t", ""]))


def test_all_violations_of_a_request_are_reported_at_once(unchecked):
    with raises_violations(
        violated("keyId", "have length greater than or equal to 1", ""),
        violated("numberOfBytes", "have value less than or equal to 1024", 1025),
        violated("grantTokens.1.member", "have length greater than or equal to 1", ""),
    ):
        unchecked.generate_data_key(KeyId="", NumberOfBytes=1025, GrantTokens=[""])


def test_constraints_come_before_the_key(unchecked):
    with raises_violations(violated("plaintext", "have length greater than or equal to 1")):
        unchecked.encrypt(KeyId=UNKNOWN_KEY_ID, Plaintext=b"")


def test_lengths_are_counted_in_utf_16(kms, unchecked, key):
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "🔑" * 64, "TagValue": "ß" * 256}])
    too_long = "🔑" * 65
    with raises_violations(
        violated("tags.1.member.tagKey", "have length less than or equal to 128", too_long)
    ):
        unchecked.tag_resource(KeyId=key, Tags=[{"TagKey": too_long, "TagValue": ""}])


def test_resource_owners_are_one_or_two(unchecked):
    with raises("ValidationException") as caught:
        unchecked.list_keys(ResourceOwners=[])
    message = caught.value.response["Error"]["Message"]
    assert message.endswith(
        "at 'resourceOwners' failed to satisfy constraint: Member must have length greater than "
        "or equal to 1"
    )


def test_a_refused_request_changes_nothing(server, kms, key):
    before = kms.describe_key(KeyId=key)["KeyMetadata"]
    body = json.dumps({"KeyId": key, "Description": "x" * 8193}).encode()
    assert call(server, "UpdateKeyDescription", body).code == "ValidationException"
    assert kms.describe_key(KeyId=key)["KeyMetadata"] == before
