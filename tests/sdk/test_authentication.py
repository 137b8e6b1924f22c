"""Signatures: known access keys are verified, unknown ones are taken as they come."""

import base64
import hashlib
import re
from datetime import datetime, timedelta, timezone

import pytest
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from sdk_support import (
    ACCOUNT,
    OTHER_ACCOUNT,
    call,
    raises,
    request_headers,
    send,
    signed,
)
from trent_server import Trent

KNOWN, SECRET = "AKIDKNOWN", "c29tZSBzZWNyZXQ/+=="
GUEST, GUEST_SECRET = "AKIDGUEST", "guest"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)
INVALID_TOKEN = "The security token included in the request is invalid."
BODY = b'{"NumberOfBytes":1}'


@pytest.fixture(scope="module")
def guarded():
    """A server that knows two access keys, one of them of another account."""
    arguments = ["--access-key", f"{KNOWN}:{SECRET}"]
    arguments += ["--access-key", f"{GUEST}:{GUEST_SECRET}:{OTHER_ACCOUNT}"]
    with Trent(*arguments) as server:
        yield server


def known(**changes):
    """What a known access key signs with."""
    return {"access_key_id": KNOWN, "secret": SECRET, **changes}


def signed_by_known(server, **changes):
    return signed(server, BODY, request_headers("GenerateRandom"), **known(**changes))


def refused(answer, code, message):
    assert (answer.status, answer.code, answer.message) == (400, code, message)


# Known access keys


def test_a_known_access_key_is_accepted_with_its_secret(guarded):
    kms = guarded.client(**known())
    assert kms.create_key()["KeyMetadata"]["AWSAccountId"] == ACCOUNT


def test_a_known_access_key_belongs_to_the_account_given_with_it(guarded):
    kms = guarded.client(access_key_id=GUEST, secret=GUEST_SECRET)
    assert kms.create_key()["KeyMetadata"]["AWSAccountId"] == OTHER_ACCOUNT


@pytest.mark.parametrize("secret", ["wrong", SECRET + "x", SECRET.lower(), GUEST_SECRET])
def test_a_known_access_key_with_another_secret_is_refused(guarded, secret):
    with raises("InvalidSignatureException", MISMATCH):
        guarded.client(access_key_id=KNOWN, secret=secret).list_keys()


def test_every_region_accepts_a_known_access_key(guarded):
    for region in ("us-east-1", "eu-west-1", "cn-north-1"):
        kms = guarded.client(region=region, **known())
        assert f":{region}:" in kms.create_key()["KeyMetadata"]["Arn"]


def test_a_signed_request_is_accepted_as_it_was_signed(guarded):
    answer = send(guarded, BODY, signed_by_known(guarded))
    assert answer.status == 200
    assert len(base64.b64decode(answer.json["Plaintext"])) == 1


def test_a_body_that_was_not_signed_is_refused(guarded):
    answer = send(guarded, BODY.replace(b"1", b"2"), signed_by_known(guarded))
    refused(answer, "InvalidSignatureException", MISMATCH)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Amz-Target", "TrentService.ListKeys"),
        ("Content-Type", "application/x-amz-json-1.0"),
    ],
)
def test_a_signed_header_that_was_changed_is_refused(guarded, name, value):
    headers = {**signed_by_known(guarded), name: value}
    refused(send(guarded, BODY, headers), "InvalidSignatureException", MISMATCH)


def test_an_amz_header_that_was_not_signed_is_refused(guarded):
    headers = {**signed_by_known(guarded), "X-Amz-Added": "1"}
    refused(send(guarded, BODY, headers), "InvalidSignatureException", MISMATCH)


def test_other_headers_need_not_be_signed(guarded):
    headers = {**signed_by_known(guarded), "User-Agent": "x", "Traceparent": "1"}
    assert send(guarded, BODY, headers).status == 200


@pytest.mark.parametrize("position", [0, 31, 63])
def test_a_signature_with_another_digit_is_refused(guarded, position):
    headers = signed_by_known(guarded)
    head, signature = headers["Authorization"].split("Signature=")
    digits = list(signature)
    digits[position] = "0" if digits[position] != "0" else "1"
    headers["Authorization"] = f"{head}Signature={''.join(digits)}"
    refused(send(guarded, BODY, headers), "InvalidSignatureException", MISMATCH)


@pytest.mark.parametrize("signature", ["", "0", "x" * 64, "0" * 65])
def test_what_has_not_the_form_of_a_signature_is_refused(guarded, signature):
    headers = signed_by_known(guarded)
    head, _ = headers["Authorization"].split("Signature=")
    headers["Authorization"] = f"{head}Signature={signature}"
    answer = send(guarded, BODY, headers)
    assert answer.status == 400
    assert answer.code in ("InvalidSignatureException", "IncompleteSignatureException")


def test_a_signature_for_another_region_than_the_scope_names_is_refused(guarded):
    headers = signed_by_known(guarded)
    headers["Authorization"] = headers["Authorization"].replace("us-east-1", "eu-west-1")
    refused(send(guarded, BODY, headers), "InvalidSignatureException", MISMATCH)


def test_a_header_value_may_have_more_space_than_was_signed(guarded):
    headers = signed_by_known(guarded)
    headers["X-Amz-Target"] = f"  {headers['X-Amz-Target']}  "
    assert send(guarded, BODY, headers).status == 200


def test_a_session_token_does_not_belong_to_a_known_access_key(guarded):
    answer = call(guarded, "GenerateRandom", BODY, **known(token="token"))
    refused(answer, "UnrecognizedClientException", INVALID_TOKEN)


# The date


def signed_at(server, at):
    """Headers signed by the known access key at another time than now."""

    class Signer(SigV4Auth):
        def _modify_request_before_signing(self, request):
            request.context["timestamp"] = at.strftime(SIGV4_TIMESTAMP)
            super()._modify_request_before_signing(request)

    request = AWSRequest("POST", f"{server.url}/", request_headers("GenerateRandom"), BODY)
    Signer(Credentials(KNOWN, SECRET), "kms", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def now():
    return datetime.now(timezone.utc)


@pytest.mark.parametrize("minutes", [-4, 0, 4])
def test_a_signature_up_to_five_minutes_off_is_accepted(guarded, minutes):
    headers = signed_at(guarded, now() + timedelta(minutes=minutes))
    assert send(guarded, BODY, headers).status == 200


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(days=1), timedelta(days=4000)])
def test_an_older_signature_is_expired(guarded, age):
    at = now() - age
    answer = send(guarded, BODY, signed_at(guarded, at))
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    stamp = at.strftime(SIGV4_TIMESTAMP)
    assert re.fullmatch(
        rf"Signature expired: {stamp} is now earlier than \d{{8}}T\d{{6}}Z "
        r"\(\d{8}T\d{6}Z - 5 min\.\)",
        answer.message,
    )


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(days=1), timedelta(days=4000)])
def test_a_signature_of_the_future_is_not_yet_current(guarded, age):
    at = now() + age
    answer = send(guarded, BODY, signed_at(guarded, at))
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    stamp = at.strftime(SIGV4_TIMESTAMP)
    assert re.fullmatch(
        rf"Signature not yet current: {stamp} is still later than \d{{8}}T\d{{6}}Z "
        r"\(\d{8}T\d{6}Z \+ 5 min\.\)",
        answer.message,
    )


# The scope, of known and unknown access keys alike


@pytest.fixture(params=[KNOWN, "AKIDUNKNOWN"])
def anyone(request):
    return {"access_key_id": request.param, "secret": SECRET}


def test_a_signature_for_another_service_is_refused(guarded, anyone):
    answer = call(guarded, "GenerateRandom", BODY, service="s3", **anyone)
    message = "Credential should be scoped to correct service: 'kms'."
    refused(answer, "InvalidSignatureException", message)


@pytest.mark.parametrize("region", ["nowhere", "US-EAST-1", "-1"])
def test_a_signature_for_what_is_no_region_is_refused(guarded, anyone, region):
    answer = call(guarded, "GenerateRandom", BODY, region=region, **anyone)
    message = f"Credential should be scoped to a valid Region, not '{region}'."
    refused(answer, "InvalidSignatureException", message)


def test_a_scope_that_does_not_end_as_it_must_is_refused(guarded, anyone):
    headers = signed(guarded, BODY, request_headers("GenerateRandom"), **anyone)
    headers["Authorization"] = headers["Authorization"].replace("aws4_request", "aws5_request")
    message = (
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."
    )
    refused(send(guarded, BODY, headers), "InvalidSignatureException", message)


def test_a_scope_of_another_day_than_the_request_is_refused(guarded, anyone):
    headers = signed(guarded, BODY, request_headers("GenerateRandom"), **anyone)
    stamp = headers["X-Amz-Date"]
    headers["Authorization"] = headers["Authorization"].replace(f"/{stamp[:8]}/", "/20200101/")
    message = (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
        f"HTTP: '20200101' != '{stamp[:8]}', from '{stamp}'."
    )
    refused(send(guarded, BODY, headers), "InvalidSignatureException", message)


def test_several_complaints_about_the_scope_are_joined(guarded, anyone):
    answer = call(guarded, "GenerateRandom", BODY, service="s3", region="nowhere", **anyone)
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    assert set(re.split(r"(?<=\.) ", answer.message)) == {
        "Credential should be scoped to correct service: 'kms'.",
        "Credential should be scoped to a valid Region, not 'nowhere'.",
    }


# Unknown access keys


def test_an_unknown_access_key_is_accepted_whatever_its_secret(guarded):
    kms = guarded.client(access_key_id="AKIDUNKNOWN", secret="anything")
    assert kms.create_key()["KeyMetadata"]["AWSAccountId"] == ACCOUNT


def test_an_unknown_access_key_may_have_a_session_token(guarded):
    signing = {"access_key_id": "ASIDUNKNOWN", "secret": "x", "token": "token"}
    assert call(guarded, "GenerateRandom", BODY, **signing).status == 200


# No signature, and what is none


def test_an_unsigned_request_is_missing_its_token(guarded):
    answer = send(guarded, BODY, request_headers("GenerateRandom"))
    refused(answer, "MissingAuthenticationTokenException", "Missing Authentication Token")


def test_an_unsigned_get_is_answered_in_xml(guarded):
    answer = send(guarded, method="GET")
    assert answer.status == 400
    assert answer.headers["content-type"].startswith(("application/xml", "text/xml"))
    assert b"MissingAuthenticationToken" in answer.body
    assert b"Missing Authentication Token" in answer.body


DATE = {"X-Amz-Date": "20300101T000000Z"}
CREDENTIAL = "Credential=AKID/20300101/us-east-1/kms/aws4_request"
SIGNATURE = "Signature=" + "0" * 64
SIGNED_HEADERS = "SignedHeaders=host;x-amz-date"
NEEDS = {
    "Credential": "Authorization header requires 'Credential' parameter.",
    "Signature": "Authorization header requires 'Signature' parameter.",
    "SignedHeaders": "Authorization header requires 'SignedHeaders' parameter.",
    "Date": (
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
    ),
}


def with_authorization(server, value, date):
    headers = {**request_headers("GenerateRandom"), **date, "Authorization": value}
    return send(server, BODY, headers)


@pytest.mark.parametrize(
    ("parts", "date", "lacking"),
    [
        ([SIGNED_HEADERS, SIGNATURE], DATE, ["Credential"]),
        ([CREDENTIAL, SIGNED_HEADERS], DATE, ["Signature"]),
        ([CREDENTIAL, SIGNATURE], DATE, ["SignedHeaders"]),
        ([CREDENTIAL, SIGNED_HEADERS, SIGNATURE], {}, ["Date"]),
        (["x=y"], {}, ["Credential", "Signature", "SignedHeaders", "Date"]),
    ],
)
def test_every_part_that_an_authorization_lacks_is_named(guarded, parts, date, lacking):
    value = "AWS4-HMAC-SHA256 " + ", ".join(parts)
    answer = with_authorization(guarded, value, date)
    message = " ".join([*(NEEDS[part] for part in lacking), f"Authorization={value}"])
    refused(answer, "IncompleteSignatureException", message)


def test_an_authorization_is_not_empty(guarded):
    answer = with_authorization(guarded, "", DATE)
    message = "Authorization header cannot be empty."
    refused(answer, "IncompleteSignatureException", message)


def test_a_part_of_an_authorization_without_an_equal_sign_is_named(guarded):
    value = f"AWS4-HMAC-SHA256 {CREDENTIAL}, nonsense, {SIGNATURE}"
    answer = with_authorization(guarded, value, DATE)
    digest = base64.b64encode(hashlib.sha256(value.encode()).digest()).decode()
    message = (
        "'nonsense' not a valid key=value pair (missing equal-sign) in Authorization header "
        f"(hashed with SHA-256 and encoded with Base64): '{digest}'."
    )
    refused(answer, "IncompleteSignatureException", message)


@pytest.mark.parametrize(
    "credential", ["AKID", "AKID/20300101/us-east-1/kms", "/20300101/us-east-1/kms/aws4_request"]
)
def test_a_credential_without_its_scope_is_incomplete(guarded, credential):
    value = f"AWS4-HMAC-SHA256 Credential={credential}, {SIGNED_HEADERS}, {SIGNATURE}"
    answer = with_authorization(guarded, value, DATE)
    assert (answer.status, answer.code) == (400, "IncompleteSignatureException")


# How access keys are made known


def test_access_keys_can_be_given_in_the_environment(start):
    keys = f"{KNOWN}:{SECRET},{GUEST}:{GUEST_SECRET}:{OTHER_ACCOUNT}"
    server = start(env={"TRENT_ACCESS_KEYS": keys})
    own = server.client(**known()).create_key()["KeyMetadata"]
    guest = server.client(access_key_id=GUEST, secret=GUEST_SECRET).create_key()["KeyMetadata"]
    assert (own["AWSAccountId"], guest["AWSAccountId"]) == (ACCOUNT, OTHER_ACCOUNT)
    for access_key_id in (KNOWN, GUEST):
        with raises("InvalidSignatureException", MISMATCH):
            server.client(access_key_id=access_key_id, secret="wrong").list_keys()


def test_a_known_access_key_without_account_belongs_to_the_usual_one(start):
    server = start("--access-key", f"{KNOWN}:{SECRET}", "--account", "210987654321")
    metadata = server.client(**known()).create_key()["KeyMetadata"]
    assert metadata["AWSAccountId"] == "210987654321"


def test_a_known_access_key_of_12_digits_is_verified_too(start):
    server = start("--access-key", f"{OTHER_ACCOUNT}:{SECRET}")
    with raises("InvalidSignatureException", MISMATCH):
        server.client(access_key_id=OTHER_ACCOUNT, secret="wrong").list_keys()

