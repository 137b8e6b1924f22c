"""CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant, and grant tokens: what a
grant is, not whom it lets do what."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import Session
from sdk_support import (
    ACCOUNT,
    AGREEING,
    ENCAPSULATING,
    GRANTEE,
    MAC,
    OTHER_ACCOUNT,
    OTHER_REGION,
    SIGNING,
    UNKNOWN_GRANT,
    UNKNOWN_KEY_ID,
    WAYS,
    WOULD_SUCCEED,
    Primary,
    Subject,
    alias_arn,
    call,
    close_to,
    denied,
    flat,
    key_arn,
    members,
    missing,
    moment,
    pages,
    policy_allowing,
    raises,
    raises_violations,
    status_of,
    utc_now,
    violated,
)

MODEL = Session().get_service_model("kms")
GRANT_ID = re.compile(r"[0-9a-f]{64}")
SERVICE = "backup.us-east-1.amazonaws.com"
SOURCE = f"arn:aws:backup:us-east-1:{ACCOUNT}:vault/v"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"

# The operations that can be granted on a symmetric encryption key.
SYMMETRIC = [
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
]
UNSUITABLE = sorted(set(MODEL.shape_for("GrantOperation").enum) - set(SYMMETRIC))

# Ways of calling an operation that takes grant tokens.
TAKING_TOKENS = sorted(
    way
    for way in WAYS
    if "GrantTokens" in MODEL.operation_model(way.split()[0]).input_shape.members
)


def principal(account=ACCOUNT):
    """A principal that no other test uses."""
    return f"arn:aws:iam::{account}:role/retirer-{uuid.uuid4().hex}"


def terms(**parameters):
    """What a grant is created with, unless something else is said."""
    return {"GranteePrincipal": GRANTEE, "Operations": ["DescribeKey"], **parameters}


def grant(kms, key, **parameters):
    """A fresh grant: its id and its token."""
    answer = members(kms.create_grant(KeyId=key, **terms(**parameters)))
    assert answer.keys() == {"GrantId", "GrantToken"}
    return answer["GrantId"], answer["GrantToken"]


def grants_of(kms, key, **parameters):
    return flat(pages(kms.list_grants, "Grants", KeyId=key, **parameters))


def ids_of(kms, key, **parameters):
    return {entry["GrantId"] for entry in grants_of(kms, key, **parameters)}


def retirable(kms, retirer, **parameters):
    found = pages(kms.list_retirable_grants, "Grants", RetiringPrincipal=retirer, **parameters)
    return [entry["GrantId"] for entry in flat(found)]


def with_tokens(subject, way, *tokens):
    operation = getattr(subject.kms, xform_name(way.split()[0]))
    return operation(**WAYS[way](subject, subject.id), GrantTokens=list(tokens))


@contextmanager
def refuses_token(way):
    """Expects that a grant token is refused, also where no exception is declared for that."""
    errors = MODEL.operation_model(way.split()[0]).error_shapes
    if "InvalidGrantTokenException" in {shape.name for shape in errors}:
        with raises("InvalidGrantTokenException"):
            yield
        return
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] in ("InvalidGrantTokenException", "ValidationException")
    assert status_of(caught.value.response) == 400


@pytest.fixture(scope="module")
def elsewhere(server):
    """A client of the same account in another Region."""
    return server.client(region=OTHER_REGION)


@pytest.fixture(scope="module")
def stranger(server):
    """A client of another account in the same Region."""
    return server.client(access_key_id=OTHER_ACCOUNT)


# CreateGrant and what is listed of the grant


def test_a_new_grant_has_an_id_of_64_hexadecimal_digits_and_a_token(kms, key):
    grant_id, token = grant(kms, key)
    assert GRANT_ID.fullmatch(grant_id)
    assert 1 <= len(token) <= 8192


def test_the_least_grant_is_listed_with_these_members_and_no_others(kms, subject):
    grant_id, _ = grant(kms, subject.id)
    (entry,) = grants_of(kms, subject.id, GrantId=grant_id)
    assert close_to(utc_now(), entry.pop("CreationDate"))
    assert entry == {
        "KeyId": subject.arn,
        "GrantId": grant_id,
        "Name": "",
        "GranteePrincipal": GRANTEE,
        "IssuingAccount": ROOT,
        "Operations": ["DescribeKey"],
    }


def test_a_grant_is_listed_with_everything_it_was_given(kms, subject):
    given = {
        "Name": "a-name_of:a/grant",
        "RetiringPrincipal": f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/role/session",
        "Operations": ["Decrypt", "Encrypt", "RetireGrant"],
        "Constraints": {
            "EncryptionContextSubset": {"Department": "IT", "größe": "鍵 🔑"},
            "SourceArn": SOURCE,
        },
    }
    grant_id, _ = grant(kms, subject.id, **given)
    (entry,) = grants_of(kms, subject.id, GrantId=grant_id)
    del entry["CreationDate"]
    assert entry == {
        "KeyId": subject.arn,
        "GrantId": grant_id,
        "GranteePrincipal": GRANTEE,
        "IssuingAccount": ROOT,
        **given,
    }


def test_a_grant_to_a_service_is_listed_with_the_names_of_services(kms, subject):
    given = {
        "GranteeServicePrincipal": SERVICE,
        "RetiringServicePrincipal": "ec2.us-east-1.amazonaws.com",
        "Operations": ["Decrypt", "DescribeKey"],
        "Constraints": {"SourceArn": SOURCE},
    }
    grant_id = kms.create_grant(KeyId=subject.id, **given)["GrantId"]
    (entry,) = grants_of(kms, subject.id, GrantId=grant_id)
    del entry["CreationDate"]
    assert entry == {
        "KeyId": subject.arn,
        "GrantId": grant_id,
        "Name": "",
        "IssuingAccount": ROOT,
        **given,
    }


def test_empty_constraints_are_none(kms, key):
    grant_id, _ = grant(kms, key, Constraints={})
    (entry,) = grants_of(kms, key, GrantId=grant_id)
    assert "Constraints" not in entry


def test_a_grant_is_dated_by_the_clock(machine):
    kms = machine.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    machine.advance("P500D")
    grant(kms, key)
    (entry,) = grants_of(kms, key)
    assert close_to(moment(machine.get("/_trent/clock")["now"]), entry["CreationDate"])


@pytest.mark.parametrize("operation", SYMMETRIC)
def test_an_operation_that_suits_a_symmetric_key_can_be_granted(kms, key, operation):
    grant_id, _ = grant(kms, key, Operations=[operation])
    (entry,) = grants_of(kms, key, GrantId=grant_id)
    assert entry["Operations"] == [operation]


def test_all_suitable_operations_can_be_granted_at_once(kms, key):
    grant_id, _ = grant(kms, key, Operations=SYMMETRIC)
    (entry,) = grants_of(kms, key, GrantId=grant_id)
    assert entry["Operations"] == SYMMETRIC


def test_these_operations_do_not_suit_a_symmetric_key():
    assert UNSUITABLE == [
        "Decapsulate",
        "DeriveSharedSecret",
        "Encapsulate",
        "GenerateMac",
        "GetPublicKey",
        "Sign",
        "Verify",
        "VerifyMac",
    ]


@pytest.mark.parametrize("operation", UNSUITABLE)
def test_an_operation_that_does_not_suit_the_key_cannot_be_granted(kms, key, operation):
    with raises("ValidationException"):
        grant(kms, key, Operations=["Encrypt", operation])
    assert grants_of(kms, key) == []


def test_at_least_one_operation_is_granted(kms, key):
    with raises("ValidationException"):
        grant(kms, key, Operations=[])


RSA = {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}


@pytest.mark.parametrize(
    ("kind", "suitable"),
    [
        (RSA, {"Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "GetPublicKey"}),
        (SIGNING, {"Sign", "Verify", "GetPublicKey"}),
        (MAC, {"GenerateMac", "VerifyMac"}),
        (AGREEING, {"DeriveSharedSecret", "GetPublicKey"}),
        (ENCAPSULATING, {"Encapsulate", "Decapsulate", "GetPublicKey"}),
    ],
    ids=lambda value: value["KeyUsage"] if isinstance(value, dict) else "",
)
def test_each_kind_of_key_has_the_operations_that_suit_it(kms, kind, suitable):
    key = kms.create_key(**kind)["KeyMetadata"]["KeyId"]
    for operation in MODEL.shape_for("GrantOperation").enum:
        if operation in suitable | {"CreateGrant", "RetireGrant", "DescribeKey"}:
            grant(kms, key, Operations=[operation])
        else:
            with raises("ValidationException"):
                grant(kms, key, Operations=[operation])
    granted = {one for entry in grants_of(kms, key) for one in entry["Operations"]}
    assert granted == suitable | {"CreateGrant", "RetireGrant", "DescribeKey"}


@pytest.mark.parametrize(
    "kind", [RSA, SIGNING, MAC, AGREEING, ENCAPSULATING], ids=lambda kind: kind["KeyUsage"]
)
def test_only_symmetric_encryption_keys_constrain_the_encryption_context(kms, kind):
    key = kms.create_key(**kind)["KeyMetadata"]["KeyId"]
    for member in ("EncryptionContextSubset", "EncryptionContextEquals"):
        with raises("ValidationException"):
            grant(kms, key, Constraints={member: {"a": "b"}})
    grant_id, _ = grant(kms, key, Constraints={"SourceArn": SOURCE})
    assert ids_of(kms, key) == {grant_id}


def test_an_operation_that_cannot_be_granted_at_all_violates_the_model(unchecked, key):
    with raises("ValidationException") as caught:
        grant(unchecked, key, Operations=["ScheduleKeyDeletion"])
    assert "Member must satisfy enum value set: [" in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{OTHER_ACCOUNT}:root",
        f"arn:aws:iam::{ACCOUNT}:user/name",
        f"arn:aws:iam::{ACCOUNT}:user/path/to/name",
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/name",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/role/session@example.com",
        f"arn:aws:sts::{ACCOUNT}:federated-user/name",
    ],
)
def test_accounts_users_roles_and_sessions_may_be_granted_to_and_may_retire(kms, key, arn):
    grant_id, _ = grant(kms, key, GranteePrincipal=arn, RetiringPrincipal=arn)
    (entry,) = grants_of(kms, key, GrantId=grant_id)
    assert entry["GranteePrincipal"] == entry["RetiringPrincipal"] == arn


@pytest.mark.parametrize("role", ["GranteePrincipal", "RetiringPrincipal"])
@pytest.mark.parametrize(
    "arn",
    [
        "grantee",
        ACCOUNT,
        "arn:aws:iam",
        f"arn:aws:iam::{ACCOUNT}:group/name",
        f"arn:aws:iam::{ACCOUNT}:role/",
        "arn:aws:iam::12:root",
        f"arn:aws:s3::{ACCOUNT}:root",
        f"arn:aws:organizations::{ACCOUNT}:organization/o-1",
        "ec2.us-east-1.amazonaws.com",
    ],
)
def test_what_is_no_such_principal_is_an_invalid_arn(kms, key, role, arn):
    with raises("InvalidArnException"):
        grant(kms, key, **{role: arn})
    assert grants_of(kms, key) == []


def test_there_is_exactly_one_grantee(kms, key):
    service = {
        "GranteeServicePrincipal": SERVICE,
        "RetiringPrincipal": GRANTEE,
        "Constraints": {"SourceArn": SOURCE},
    }
    with raises("ValidationException"):
        grant(kms, key, **service)
    with raises("ValidationException"):
        kms.create_grant(KeyId=key, Operations=["Encrypt"])
    kms.create_grant(KeyId=key, Operations=["Encrypt"], **service)


def test_there_is_at_most_one_retiring_principal(kms, key):
    with raises("ValidationException"):
        grant(kms, key, RetiringPrincipal=GRANTEE, RetiringServicePrincipal=SERVICE)
    grant(kms, key, RetiringServicePrincipal=SERVICE)


@pytest.mark.parametrize(
    "rest",
    [
        {},
        {"Constraints": {"SourceArn": SOURCE}},
        {"RetiringPrincipal": GRANTEE},
        {"RetiringServicePrincipal": SERVICE},
        {
            "RetiringPrincipal": GRANTEE,
            "Constraints": {"EncryptionContextSubset": {"a": "b"}},
        },
    ],
)
def test_a_grant_to_a_service_needs_a_source_arn_and_somebody_to_retire_it(kms, key, rest):
    with raises("ValidationException"):
        kms.create_grant(
            KeyId=key, GranteeServicePrincipal=SERVICE, Operations=["Encrypt"], **rest
        )
    assert grants_of(kms, key) == []


@pytest.mark.parametrize(
    "constraints",
    [
        {"EncryptionContextSubset": {"a": "b"}},
        {"EncryptionContextEquals": {"a": "b"}},
        {"SourceArn": SOURCE},
        {"EncryptionContextSubset": {"a": "b"}, "SourceArn": SOURCE},
        {"EncryptionContextEquals": {"a": "b"}, "SourceArn": SOURCE},
        {"EncryptionContextEquals": {str(number): "v" for number in range(8)}},
        {"EncryptionContextSubset": {str(number): "v" for number in range(8)}},
        {"EncryptionContextSubset": {"k": "v" * 383}},
        {"EncryptionContextEquals": {"k" * 383: "v", "m" * 192: "w" * 192}},
    ],
)
def test_these_constraints_are_kept_as_they_were_given(kms, key, constraints):
    grant_id, _ = grant(kms, key, Constraints=constraints)
    (entry,) = grants_of(kms, key, GrantId=grant_id)
    assert entry["Constraints"] == constraints


@pytest.mark.parametrize("member", ["EncryptionContextSubset", "EncryptionContextEquals"])
@pytest.mark.parametrize(
    "pairs",
    [
        {str(number): "v" for number in range(9)},
        {"k": "v" * 384},
        {"k" * 384: "v"},
        {"a": "b", "k" * 192: "v" * 193},
    ],
)
def test_constraints_have_at_most_8_pairs_of_at_most_384_characters(kms, key, member, pairs):
    with raises("ValidationException"):
        grant(kms, key, Constraints={member: pairs})
    assert grants_of(kms, key) == []


def test_the_encryption_context_is_constrained_in_one_way_only(kms, key):
    both = {"EncryptionContextSubset": {"a": "b"}, "EncryptionContextEquals": {"a": "b"}}
    with raises("ValidationException"):
        grant(kms, key, Constraints=both)
    assert grants_of(kms, key) == []


@pytest.mark.parametrize("member", ["EncryptionContextSubset", "EncryptionContextEquals"])
def test_an_empty_encryption_context_beside_the_other_says_nothing(kms, key, member):
    empty = {"EncryptionContextSubset": {}, "EncryptionContextEquals": {}}
    grant_id, _ = grant(kms, key, Constraints={**empty, member: {"a": "b"}})
    (entry,) = grants_of(kms, key, GrantId=grant_id)
    assert entry["Constraints"] == {member: {"a": "b"}}


@pytest.mark.parametrize(
    ("arn", "rule"),
    [
        ("arn:aws:s3::12345678", "satisfy regular expression pattern: {pattern}"),
        (f"arn:aws:ec2:us-east-1:{ACCOUNT}:", "satisfy regular expression pattern: {pattern}"),
        ("x" * 20, "satisfy regular expression pattern: {pattern}"),
        (SOURCE + "x" * 512, "have length less than or equal to 512"),
    ],
)
def test_a_source_arn_has_the_form_and_the_length_of_the_model(unchecked, key, arn, rule):
    pattern = MODEL.shape_for("GrantConstraintSourceArnType").metadata["pattern"]
    with raises_violations(
        violated("constraints.sourceArn", rule.format(pattern=pattern), arn)
    ):
        grant(unchecked, key, Constraints={"SourceArn": arn})


def test_members_of_a_grant_that_violate_the_model_are_named(unchecked, key):
    longest = "have length less than or equal to"
    with raises_violations(violated("name", f"{longest} 256", "n" * 257)):
        grant(unchecked, key, Name="n" * 257)
    with raises_violations(
        violated("name", "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$", "a name")
    ):
        grant(unchecked, key, Name="a name")
    with raises_violations(violated("granteePrincipal", f"{longest} 256", GRANTEE + "x" * 256)):
        grant(unchecked, key, GranteePrincipal=GRANTEE + "x" * 256)
    pattern = MODEL.shape_for("ServicePrincipalType").metadata["pattern"]
    with raises_violations(
        violated(
            "retiringServicePrincipal", f"satisfy regular expression pattern: {pattern}", "ec2"
        )
    ):
        grant(unchecked, key, RetiringServicePrincipal="ec2")


def test_key_and_operations_are_required(unchecked, key):
    with raises_violations(missing("operations")):
        unchecked.create_grant(KeyId=key, GranteePrincipal=GRANTEE)
    with raises_violations(missing("keyId"), missing("operations")):
        unchecked.create_grant(GranteePrincipal=GRANTEE)


def test_a_dry_run_creates_no_grant(kms, key):
    for name in ({}, {"Name": "dry"}):
        with raises("DryRunOperationException", WOULD_SUCCEED):
            grant(kms, key, DryRun=True, **name)
    assert grants_of(kms, key) == []
    grant(kms, key, DryRun=False)
    assert len(grants_of(kms, key)) == 1


def test_a_dry_run_of_what_is_refused_is_refused(kms, subject):
    with raises("ValidationException"):
        grant(kms, subject.id, Operations=["Sign"], DryRun=True)
    with raises("InvalidArnException"):
        grant(kms, subject.id, GranteePrincipal="x", DryRun=True)
    subject.bring_into("Disabled")
    with raises("DisabledException", f"{subject.arn} is disabled."):
        grant(kms, subject.id, DryRun=True)


def test_a_grant_of_another_account_shows_who_issued_it(kms, stranger, subject):
    policy = policy_allowing(f"arn:aws:iam::{OTHER_ACCOUNT}:root")
    kms.put_key_policy(KeyId=subject.id, Policy=policy)
    grant_id, _ = grant(stranger, subject.arn)
    (entry,) = grants_of(kms, subject.id, GrantId=grant_id)
    assert entry["IssuingAccount"] == f"arn:aws:iam::{OTHER_ACCOUNT}:root"
    assert entry["KeyId"] == subject.arn


def test_related_multi_region_keys_have_grants_of_their_own(kms, elsewhere):
    primary = Primary(kms)
    here, _ = grant(kms, primary.id)
    there, _ = grant(elsewhere, primary.id)
    assert ids_of(kms, primary.id) == {primary.grant, here}
    assert ids_of(elsewhere, primary.id) == {there}
    with raises("InvalidGrantIdException"):
        elsewhere.revoke_grant(KeyId=primary.id, GrantId=here)


# Names


def test_without_a_name_each_call_makes_a_grant(kms, key):
    (first, first_token), (second, second_token) = grant(kms, key), grant(kms, key)
    assert first != second
    assert first_token != second_token
    assert ids_of(kms, key) == {first, second}


FULL = {
    "Name": "name",
    "GranteePrincipal": GRANTEE,
    "RetiringPrincipal": GRANTEE,
    "Operations": ["Encrypt", "Decrypt"],
    "Constraints": {"EncryptionContextSubset": {"a": "b", "c": "d"}, "SourceArn": SOURCE},
}


def test_the_same_name_and_terms_are_the_same_grant_with_a_new_token(kms, key):
    answers = [kms.create_grant(KeyId=key, **FULL) for _ in range(3)]
    assert len({answer["GrantId"] for answer in answers}) == 1
    assert len({answer["GrantToken"] for answer in answers}) == 3
    assert len(grants_of(kms, key)) == 1
    for answer in answers:
        kms.describe_key(KeyId=key, GrantTokens=[answer["GrantToken"]])


def test_asking_again_for_a_grant_does_not_change_its_date(machine):
    kms = machine.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_grant(KeyId=key, **FULL)
    before = grants_of(kms, key)
    machine.advance("P10D")
    kms.create_grant(KeyId=key, **FULL)
    assert grants_of(kms, key) == before


@pytest.mark.parametrize(
    "other",
    [
        {"Name": "Name"},
        {"GranteePrincipal": ROOT},
        {"RetiringPrincipal": ROOT},
        {"Operations": ["Encrypt"]},
        {"Operations": ["Encrypt", "Decrypt", "DescribeKey"]},
        {"Constraints": {}},
        {"Constraints": {"EncryptionContextSubset": {"a": "b", "c": "d"}}},
        {"Constraints": {"EncryptionContextSubset": {"a": "b", "c": "e"}, "SourceArn": SOURCE}},
        {
            "Constraints": {
                "EncryptionContextEquals": {"a": "b", "c": "d"},
                "SourceArn": SOURCE,
            }
        },
    ],
)
def test_another_name_or_other_terms_are_another_grant(kms, key, other):
    first = kms.create_grant(KeyId=key, **FULL)["GrantId"]
    second = kms.create_grant(KeyId=key, **{**FULL, **other})["GrantId"]
    assert first != second
    assert ids_of(kms, key) == {first, second}


def test_the_same_name_on_another_key_is_another_grant(kms, key, other_key):
    first = kms.create_grant(KeyId=key, **FULL)["GrantId"]
    second = kms.create_grant(KeyId=other_key, **FULL)["GrantId"]
    assert first != second
    assert (ids_of(kms, key), ids_of(kms, other_key)) == ({first}, {second})


def test_many_who_ask_at_once_for_a_named_grant_get_the_same(server, kms, key):
    body = {"KeyId": key, **terms(Name="once")}
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: call(server, "CreateGrant", body), range(32)))
    assert {answer.status for answer in answers} == {200}
    assert {answer.json["GrantId"] for answer in answers} == ids_of(kms, key)
    assert len(ids_of(kms, key)) == 1


def test_a_grant_that_was_revoked_can_be_created_again_under_its_name(kms, key):
    grant_id, _ = grant(kms, key, Name="again")
    kms.revoke_grant(KeyId=key, GrantId=grant_id)
    again, token = grant(kms, key, Name="again")
    assert ids_of(kms, key) == {again}
    kms.describe_key(KeyId=key, GrantTokens=[token])


# ListGrants


def test_a_key_without_grants_lists_none(kms, key):
    assert members(kms.list_grants(KeyId=key)) == {"Grants": [], "Truncated": False}


def test_a_key_lists_its_own_grants_only(kms, key, other_key):
    mine, _ = grant(kms, key)
    theirs, _ = grant(kms, other_key)
    assert ids_of(kms, key) == {mine}
    assert ids_of(kms, other_key) == {theirs}
    assert ids_of(kms, key_arn(key)) == {mine}


def test_grants_are_filtered_by_id_and_by_grantee(kms, key):
    other = f"arn:aws:iam::{OTHER_ACCOUNT}:user/other"
    first, _ = grant(kms, key)
    second, _ = grant(kms, key)
    third, _ = grant(kms, key, GranteePrincipal=other)
    service = kms.create_grant(
        KeyId=key,
        GranteeServicePrincipal=SERVICE,
        RetiringPrincipal=other,
        Operations=["Decrypt"],
        Constraints={"SourceArn": SOURCE},
    )["GrantId"]
    assert ids_of(kms, key) == {first, second, third, service}
    assert ids_of(kms, key, GrantId=first) == {first}
    assert ids_of(kms, key, GranteePrincipal=GRANTEE) == {first, second}
    assert ids_of(kms, key, GranteePrincipal=other) == {third}
    assert ids_of(kms, key, GranteePrincipal=ROOT) == set()
    assert ids_of(kms, key, GranteeServicePrincipal=SERVICE) == {service}
    assert ids_of(kms, key, GranteeServicePrincipal="ec2.us-east-1.amazonaws.com") == set()
    assert ids_of(kms, key, GrantId=third, GranteePrincipal=other) == {third}
    assert ids_of(kms, key, GrantId=third, GranteePrincipal=GRANTEE) == set()


def test_a_filter_finds_its_grants_on_whatever_page_they_are(kms, key):
    wanted = set()
    for number in range(12):
        grantee = ROOT if number % 4 == 0 else GRANTEE
        grant_id, _ = grant(kms, key, GranteePrincipal=grantee)
        if grantee == ROOT:
            wanted.add(grant_id)
    found = grants_of(kms, key, GranteePrincipal=ROOT, Limit=2)
    assert sorted(entry["GrantId"] for entry in found) == sorted(wanted)
    for grant_id in wanted:
        assert ids_of(kms, key, GrantId=grant_id, Limit=1) == {grant_id}


@pytest.mark.parametrize("grant_id", [UNKNOWN_GRANT, "x", "g" * 128])
def test_a_grant_that_the_key_does_not_have_is_an_invalid_grant_id(kms, key, other_key, grant_id):
    of_other, _ = grant(kms, other_key)
    for one in (grant_id, of_other):
        with raises("InvalidGrantIdException"):
            kms.list_grants(KeyId=key, GrantId=one)
        with raises("InvalidGrantIdException"):
            kms.revoke_grant(KeyId=key, GrantId=one)
        with raises("InvalidGrantIdException"):
            kms.retire_grant(KeyId=key_arn(key), GrantId=one)
    assert ids_of(kms, other_key) == {of_other}


def test_a_grant_id_has_1_to_128_characters(unchecked, key):
    for value, rule in (
        ("", "have length greater than or equal to 1"),
        ("g" * 129, "have length less than or equal to 128"),
    ):
        with raises_violations(violated("grantId", rule, value)):
            unchecked.list_grants(KeyId=key, GrantId=value)
        with raises_violations(violated("grantId", rule, value)):
            unchecked.revoke_grant(KeyId=key, GrantId=value)
        with raises_violations(violated("grantId", rule, value)):
            unchecked.retire_grant(KeyId=key_arn(key), GrantId=value)


def test_pages_of_grants_are_as_large_as_asked_and_at_most_100(kms, key):
    ids = {grant(kms, key)[0] for _ in range(105)}
    sizes = {
        20: [20, 20, 20, 20, 20, 5],
        None: [50, 50, 5],
        100: [100, 5],
        104: [100, 5],
        1000: [100, 5],
    }
    for limit, expected in sizes.items():
        limited = {} if limit is None else {"Limit": limit}
        found = pages(kms.list_grants, "Grants", KeyId=key, **limited)
        assert [len(page) for page in found] == expected
        listed = [entry["GrantId"] for entry in flat(found)]
        assert len(listed) == 105
        assert set(listed) == ids


def test_pages_go_on_when_the_grant_at_their_end_is_gone(kms, key):
    ids = {grant(kms, key)[0] for _ in range(6)}
    page = kms.list_grants(KeyId=key, Limit=3)
    first = [entry["GrantId"] for entry in page["Grants"]]
    kms.revoke_grant(KeyId=key, GrantId=first[-1])
    rest = ids_of(kms, key, Marker=page["NextMarker"])
    assert rest == ids - set(first)


def test_the_sdk_paginates_grants_by_itself(kms, key):
    ids = {grant(kms, key)[0] for _ in range(5)}
    paginator = kms.get_paginator("list_grants")
    found = paginator.paginate(KeyId=key, PaginationConfig={"PageSize": 2})
    assert {entry["GrantId"] for page in found for entry in page["Grants"]} == ids


def test_a_marker_is_valid_with_the_same_key_and_filters_only(kms, key, other_key):
    retirer = principal()
    for one in (key, key, other_key, other_key):
        grant(kms, one, RetiringPrincipal=retirer)
    marker = kms.list_grants(KeyId=key, Limit=1)["NextMarker"]
    assert len(kms.list_grants(KeyId=key, Marker=marker)["Grants"]) == 1
    assert len(kms.list_grants(KeyId=key_arn(key), Marker=marker, Limit=7)["Grants"]) == 1
    for parameters in (
        {"KeyId": other_key},
        {"KeyId": key, "GranteePrincipal": GRANTEE},
        {"KeyId": key, "GranteeServicePrincipal": SERVICE},
    ):
        with raises("InvalidMarkerException"):
            kms.list_grants(**parameters, Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_retirable_grants(RetiringPrincipal=retirer, Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_aliases(KeyId=key, Marker=marker)


@pytest.mark.parametrize("marker", ["x", "AAAA", "=", "a b"])
def test_a_marker_that_no_list_gave_is_refused(kms, key, marker):
    with raises("InvalidMarkerException"):
        kms.list_grants(KeyId=key, Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_retirable_grants(RetiringPrincipal=GRANTEE, Marker=marker)


@pytest.mark.parametrize("limit", [0, 1001])
def test_the_limit_of_a_list_of_grants_is_1_to_1000(unchecked, key, limit):
    bound = "less than or equal to 1000" if limit else "greater than or equal to 1"
    expected = violated("limit", f"have value {bound}", limit)
    with raises_violations(expected):
        unchecked.list_grants(KeyId=key, Limit=limit)
    with raises_violations(expected):
        unchecked.list_retirable_grants(RetiringPrincipal=GRANTEE, Limit=limit)


# ListRetirableGrants


def test_what_a_principal_may_retire_is_listed_with_the_same_entries(kms, key, other_key):
    retirer = principal()
    first, _ = grant(kms, key, RetiringPrincipal=retirer, Name="first")
    second, _ = grant(kms, other_key, RetiringPrincipal=retirer)
    grant(kms, key, RetiringPrincipal=principal())
    grant(kms, key, GranteePrincipal=retirer)
    response = members(kms.list_retirable_grants(RetiringPrincipal=retirer))
    assert response.keys() == {"Grants", "Truncated"}
    assert response["Truncated"] is False
    entries = {entry["GrantId"]: entry for entry in response["Grants"]}
    assert entries == {
        first: grants_of(kms, key, GrantId=first)[0],
        second: grants_of(kms, other_key, GrantId=second)[0],
    }


def test_a_principal_that_may_retire_nothing_lists_nothing(kms):
    response = members(kms.list_retirable_grants(RetiringPrincipal=principal()))
    assert response == {"Grants": [], "Truncated": False}


def test_retirable_grants_are_those_of_the_region(kms, elsewhere, key):
    retirer = principal()
    there = elsewhere.create_key()["KeyMetadata"]["KeyId"]
    first, _ = grant(kms, key, RetiringPrincipal=retirer)
    second, _ = grant(elsewhere, there, RetiringPrincipal=retirer)
    assert retirable(kms, retirer) == [first]
    assert retirable(elsewhere, retirer) == [second]


def test_a_principal_finds_what_it_may_retire_on_keys_of_other_accounts(kms, stranger, key):
    retirer = principal(OTHER_ACCOUNT)
    grant_id, _ = grant(kms, key, RetiringPrincipal=retirer)
    assert retirable(stranger, retirer) == [grant_id]


def test_principals_of_another_account_are_not_listed_for(kms, key):
    retirer = principal(OTHER_ACCOUNT)
    grant(kms, key, RetiringPrincipal=retirer)
    assert retirable(kms, retirer) == []


def test_pages_of_retirable_grants_are_as_large_as_asked_and_at_most_100(kms, key, other_key):
    retirer = principal()
    ids = {
        grant(kms, (key, other_key)[number % 2], RetiringPrincipal=retirer)[0]
        for number in range(103)
    }
    sizes = {40: [40, 40, 23], None: [50, 50, 3], 100: [100, 3], 1000: [100, 3]}
    for limit, expected in sizes.items():
        limited = {} if limit is None else {"Limit": limit}
        found = pages(
            kms.list_retirable_grants, "Grants", RetiringPrincipal=retirer, **limited
        )
        assert [len(page) for page in found] == expected
        listed = [entry["GrantId"] for entry in flat(found)]
        assert len(listed) == 103
        assert set(listed) == ids


def test_a_marker_of_one_principal_or_region_is_not_valid_for_another(kms, elsewhere, key):
    one, other = principal(), principal()
    for retirer in (one, one, other, other):
        grant(kms, key, RetiringPrincipal=retirer)
    marker = kms.list_retirable_grants(RetiringPrincipal=one, Limit=1)["NextMarker"]
    with raises("InvalidMarkerException"):
        kms.list_retirable_grants(RetiringPrincipal=other, Marker=marker)
    with raises("InvalidMarkerException"):
        elsewhere.list_retirable_grants(RetiringPrincipal=one, Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_grants(KeyId=key, Marker=marker)
    rest = kms.list_retirable_grants(RetiringPrincipal=one, Marker=marker)
    assert len(rest["Grants"]) == 1


def test_what_is_retirable_is_asked_for_exactly_one_principal(kms):
    with raises("ValidationException"):
        kms.list_retirable_grants()
    with raises("ValidationException"):
        kms.list_retirable_grants(RetiringPrincipal=GRANTEE, RetiringServicePrincipal=SERVICE)


# RetireGrant and RevokeGrant


def test_a_grant_is_retired_by_its_token(kms, key):
    retirer = principal()
    grant_id, token = grant(kms, key, RetiringPrincipal=retirer)
    kept, _ = grant(kms, key, RetiringPrincipal=retirer)
    assert members(kms.retire_grant(GrantToken=token)) == {}
    assert ids_of(kms, key) == {kept}
    assert retirable(kms, retirer) == [kept]
    with raises("InvalidGrantIdException"):
        kms.list_grants(KeyId=key, GrantId=grant_id)


def test_a_grant_is_retired_by_key_arn_and_id(kms, subject):
    retirer = principal()
    grant_id, _ = grant(kms, subject.id, RetiringPrincipal=retirer)
    answer = kms.retire_grant(KeyId=subject.arn, GrantId=grant_id)
    assert members(answer) == {}
    assert grant_id not in ids_of(kms, subject.id)
    assert retirable(kms, retirer) == []


@pytest.mark.parametrize("form", ["id", "arn"])
def test_a_grant_is_revoked_by_key_and_id(kms, subject, form):
    retirer = principal()
    grant_id, _ = grant(kms, subject.id, RetiringPrincipal=retirer)
    answer = kms.revoke_grant(KeyId=getattr(subject, form), GrantId=grant_id)
    assert members(answer) == {}
    assert grant_id not in ids_of(kms, subject.id)
    assert retirable(kms, retirer) == []


def test_retiring_and_revoking_answer_an_empty_body(server, kms, key):
    (_, token), (revoked, _) = grant(kms, key), grant(kms, key)
    for answer in (
        call(server, "RetireGrant", {"GrantToken": token}),
        call(server, "RevokeGrant", {"KeyId": key, "GrantId": revoked}),
    ):
        assert (answer.status, answer.body) == (200, b"")


def test_a_grant_is_retired_or_revoked_once(kms, subject):
    grant_id, token = grant(kms, subject.id)
    kms.retire_grant(GrantToken=token)
    with raises("InvalidGrantTokenException"):
        kms.retire_grant(GrantToken=token)
    with raises("InvalidGrantIdException"):
        kms.retire_grant(KeyId=subject.arn, GrantId=grant_id)
    with raises("InvalidGrantIdException"):
        kms.revoke_grant(KeyId=subject.id, GrantId=grant_id)


def test_every_token_of_a_grant_retires_it(kms, key):
    _, first = grant(kms, key, Name="two-tokens")
    _, second = grant(kms, key, Name="two-tokens")
    kms.retire_grant(GrantToken=second)
    assert grants_of(kms, key) == []
    with raises("InvalidGrantTokenException"):
        kms.retire_grant(GrantToken=first)


def test_a_grant_to_retire_is_named_by_token_or_by_key_and_id_and_not_by_both(kms, subject):
    grant_id, token = grant(kms, subject.id)
    for parameters in (
        {},
        {"KeyId": subject.arn},
        {"GrantId": grant_id},
        {"GrantToken": token, "KeyId": subject.arn, "GrantId": grant_id},
        {"GrantToken": token, "GrantId": grant_id},
        {"GrantToken": token, "KeyId": subject.arn},
    ):
        with raises("ValidationException"):
            kms.retire_grant(**parameters)
    assert grant_id in ids_of(kms, subject.id)


def test_the_key_of_a_grant_to_retire_is_named_by_its_arn(kms, subject):
    grant_id, _ = grant(kms, subject.id)
    for name in (subject.id, subject.alias, subject.alias_arn, alias_arn("alias/nowhere")):
        with raises("InvalidArnException"):
            kms.retire_grant(KeyId=name, GrantId=grant_id)
    with raises("NotFoundException", f"Key '{key_arn(UNKNOWN_KEY_ID)}' does not exist"):
        kms.retire_grant(KeyId=key_arn(UNKNOWN_KEY_ID), GrantId=grant_id)
    with raises("NotFoundException", f"Invalid arn {OTHER_REGION}"):
        kms.retire_grant(KeyId=key_arn(subject.id, region=OTHER_REGION), GrantId=grant_id)
    with raises("AccessDeniedException", denied("kms:RetireGrant", "this resource")):
        kms.retire_grant(
            KeyId=key_arn(UNKNOWN_KEY_ID, account=OTHER_ACCOUNT), GrantId=grant_id
        )
    assert grant_id in ids_of(kms, subject.id)


def test_a_dry_run_neither_retires_nor_revokes(kms, subject):
    grant_id, token = grant(kms, subject.id)
    by_id = {"KeyId": subject.arn, "GrantId": grant_id}
    for operation, parameters in (
        (kms.retire_grant, {"GrantToken": token}),
        (kms.retire_grant, by_id),
        (kms.revoke_grant, by_id),
    ):
        with raises("DryRunOperationException", WOULD_SUCCEED):
            operation(**parameters, DryRun=True)
    assert grant_id in ids_of(kms, subject.id)
    kms.describe_key(KeyId=subject.id, GrantTokens=[token])


def test_a_dry_run_of_retiring_or_revoking_what_is_not_there_is_refused(kms, subject):
    unknown = {"KeyId": subject.arn, "GrantId": UNKNOWN_GRANT, "DryRun": True}
    with raises("InvalidGrantIdException"):
        kms.revoke_grant(**unknown)
    with raises("InvalidGrantIdException"):
        kms.retire_grant(**unknown)
    with raises("InvalidGrantTokenException"):
        kms.retire_grant(GrantToken="token", DryRun=True)


@pytest.mark.parametrize("by", ["token", "id"])
@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion", "PendingReplicaDeletion"])
def test_a_grant_can_be_retired_whatever_the_state_of_its_key(kms, state, by):
    subject = Primary(kms) if state == "PendingReplicaDeletion" else Subject(kms)
    grant_id, token = grant(kms, subject.id)
    subject.bring_into(state)
    named = {"GrantToken": token}
    if by == "id":
        named = {"KeyId": subject.arn, "GrantId": grant_id}
    kms.retire_grant(**named)
    assert grant_id not in ids_of(kms, subject.id)


def test_disabling_a_key_and_cancelling_its_deletion_keep_its_grants(kms, key):
    grant_id, token = grant(kms, key)
    before = grants_of(kms, key)
    kms.disable_key(KeyId=key)
    assert grants_of(kms, key) == before
    kms.schedule_key_deletion(KeyId=key)
    assert grants_of(kms, key) == before
    kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    assert grants_of(kms, key) == before
    kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[token])


# Grant tokens


def test_these_operations_take_grant_tokens():
    assert {
        "CreateGrant",
        "Decrypt",
        "DescribeKey",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncrypt from",
        "ReEncrypt to",
    } <= set(TAKING_TOKENS)


@pytest.mark.parametrize("way", TAKING_TOKENS)
def test_a_token_can_be_used_in_every_operation_that_takes_tokens(subject, way):
    _, token = grant(subject.kms, subject.id)
    with_tokens(subject, way, token)
    tokens = [grant(subject.kms, subject.id)[1] for _ in range(9)]
    with_tokens(subject, way, token, *tokens)


@pytest.mark.parametrize("way", TAKING_TOKENS)
def test_a_token_that_nobody_gave_is_refused_even_among_others(subject, way):
    _, token = grant(subject.kms, subject.id)
    half = len(token) // 2
    altered = token[:half] + ("A" if token[half] != "A" else "B") + token[half + 1 :]
    for wrong in ("token", altered, token + "A", token[:-8], UNKNOWN_GRANT):
        with refuses_token(way):
            with_tokens(subject, way, wrong)
        with refuses_token(way):
            with_tokens(subject, way, token, wrong)


@pytest.mark.parametrize("way", TAKING_TOKENS)
def test_the_token_of_a_retired_or_revoked_grant_is_refused(subject, way):
    kms = subject.kms
    _, retired = grant(kms, subject.id)
    kms.retire_grant(GrantToken=retired)
    revoked_id, revoked = grant(kms, subject.id)
    kms.revoke_grant(KeyId=subject.id, GrantId=revoked_id)
    for token in (retired, revoked):
        with refuses_token(way):
            with_tokens(subject, way, token)


@pytest.mark.parametrize("way", TAKING_TOKENS)
def test_the_token_of_a_grant_of_another_region_is_refused(subject, elsewhere, way):
    key = elsewhere.create_key()["KeyMetadata"]["KeyId"]
    _, token = grant(elsewhere, key)
    with refuses_token(way):
        with_tokens(subject, way, token)


def test_a_grant_of_another_region_is_not_retired_by_its_token(kms, elsewhere, key):
    grant_id, token = grant(kms, key)
    with raises("InvalidGrantTokenException"):
        elsewhere.retire_grant(GrantToken=token)
    assert ids_of(kms, key) == {grant_id}


def test_a_marker_is_no_token_and_a_token_no_marker(kms, key):
    _, token = grant(kms, key)
    grant(kms, key)
    marker = kms.list_grants(KeyId=key, Limit=1)["NextMarker"]
    with raises("InvalidGrantTokenException"):
        kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[marker])
    with raises("InvalidMarkerException"):
        kms.list_grants(KeyId=key, Marker=token[:1024])


def test_a_token_of_another_server_is_refused(kms, key, machine):
    other = machine.client()
    _, token = grant(other, other.create_key()["KeyMetadata"]["KeyId"])
    with raises("InvalidGrantTokenException"):
        kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[token])
    with raises("InvalidGrantTokenException"):
        kms.retire_grant(GrantToken=token)


@pytest.mark.parametrize(
    ("token", "rule"),
    [
        ("", "have length greater than or equal to 1"),
        ("t" * 8193, "have length less than or equal to 8192"),
    ],
)
def test_a_token_has_1_to_8192_characters(unchecked, key, token, rule):
    with raises_violations(violated("grantToken", rule, token)):
        unchecked.retire_grant(GrantToken=token)
    with raises_violations(violated("grantTokens.1.member", rule, token)):
        unchecked.create_grant(KeyId=key, **terms(GrantTokens=[token]))


# The end of the key, and restarts


@pytest.mark.parametrize("count", [1, 199, 200, 201, 450])
def test_the_grants_of_a_key_vanish_with_it(machine, count):
    kms = machine.client()
    retirer = principal()
    key, kept_key = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kept, kept_token = grant(kms, kept_key, RetiringPrincipal=retirer)
    tokens = [grant(kms, key, RetiringPrincipal=retirer)[1] for _ in range(count)]
    assert len(ids_of(kms, key, Limit=100)) == count
    assert len(retirable(kms, retirer, Limit=100)) == count + 1
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    machine.advance("P6D")
    assert len(ids_of(kms, key, Limit=100)) == count
    machine.advance("P2D")
    with raises("NotFoundException", f"Key '{key_arn(key)}' does not exist"):
        kms.list_grants(KeyId=key)
    with raises("NotFoundException", f"Key '{key_arn(key)}' does not exist"):
        kms.revoke_grant(KeyId=key, GrantId=UNKNOWN_GRANT)
    assert kms.list_keys()["Keys"] == [{"KeyId": kept_key, "KeyArn": key_arn(kept_key)}]
    assert retirable(kms, retirer) == [kept]
    for token in (tokens[0], tokens[-1]):
        with raises("InvalidGrantTokenException"):
            kms.encrypt(KeyId=kept_key, Plaintext=b"x", GrantTokens=[token])
        with raises("InvalidGrantTokenException"):
            kms.retire_grant(GrantToken=token)
    kms.describe_key(KeyId=kept_key, GrantTokens=[kept_token])


def test_a_key_with_many_grants_is_deleted_when_time_is_played_through_at_once(machine):
    kms = machine.client()
    retirer = principal()
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)]
    for key in keys:
        for _ in range(250):
            grant(kms, key, RetiringPrincipal=retirer)
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=30)
    rotating = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=rotating, RotationPeriodInDays=90)
    machine.advance("P100D")
    assert [entry["KeyId"] for entry in kms.list_keys()["Keys"]] == [rotating]
    assert retirable(kms, retirer) == []
    assert len(kms.list_key_rotations(KeyId=rotating)["Rotations"]) == 1


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_grants_tokens_and_markers_survive_a_restart(start, data_dir, end):
    server = start(data_dir=data_dir)
    kms = server.client()
    retirer = principal()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_grant(KeyId=key, **FULL)
    tokens = [grant(kms, key, RetiringPrincipal=retirer)[1] for _ in range(3)]
    revoked, gone = grant(kms, key, RetiringPrincipal=retirer)
    kms.revoke_grant(KeyId=key, GrantId=revoked)
    before, of_retirer = grants_of(kms, key), retirable(kms, retirer)
    page = kms.list_grants(KeyId=key, Limit=2)
    getattr(server, end)()
    server.start()
    kms = server.client()
    assert grants_of(kms, key) == before
    assert retirable(kms, retirer) == of_retirer
    rest = kms.list_grants(KeyId=key, Marker=page["NextMarker"])["Grants"]
    assert page["Grants"] + rest == before
    kms.describe_key(KeyId=key, GrantTokens=tokens)
    with raises("InvalidGrantTokenException"):
        kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[gone])
    kms.create_grant(KeyId=key, **FULL)
    for token in tokens:
        kms.retire_grant(GrantToken=token)
    assert [entry["Name"] for entry in grants_of(kms, key)] == ["name"]


def test_a_reset_leaves_no_grants(machine):
    kms = machine.client()
    retirer = principal()
    _, token = grant(kms, kms.create_key()["KeyMetadata"]["KeyId"], RetiringPrincipal=retirer)
    machine.post("/_trent/reset")
    assert retirable(kms, retirer) == []
    with raises("InvalidGrantTokenException"):
        kms.retire_grant(GrantToken=token)
