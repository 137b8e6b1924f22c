"""GetKeyPolicy, PutKeyPolicy, ListKeyPolicies."""

import json

import pytest
from sdk_support import (
    ACCOUNT,
    members,
    policy_allowing,
    raises,
    raises_violations,
    violated,
)

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
POLICY = policy_allowing(ROOT)
DEFAULT_POLICY = f"""{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "{ROOT}"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"""


def policy_of(kms, key):
    return kms.get_key_policy(KeyId=key)["Policy"]


@pytest.mark.parametrize("named", [{}, {"PolicyName": "default"}])
def test_a_new_key_has_the_default_policy(kms, key, named):
    response = members(kms.get_key_policy(KeyId=key, **named))
    assert response == {"Policy": DEFAULT_POLICY, "PolicyName": "default"}


@pytest.mark.parametrize("named", [{}, {"PolicyName": "default"}])
def test_a_policy_is_replaced_and_kept_byte_for_byte(kms, key, named):
    policy = "\r\n\t " + POLICY.replace('"all"', '"ÿ é"') + "\n"
    assert members(kms.put_key_policy(KeyId=key, Policy=policy, **named)) == {}
    assert policy_of(kms, key) == policy
    kms.put_key_policy(KeyId=key, Policy=POLICY)
    assert policy_of(kms, key) == POLICY


def test_the_lockout_check_can_be_bypassed(kms, key):
    policy = json.dumps(
        {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "kms:Sign", "Resource": "*"}]}
    )
    kms.put_key_policy(KeyId=key, Policy=policy, BypassPolicyLockoutSafetyCheck=True)
    assert policy_of(kms, key) == policy


def test_no_other_policy_exists_than_the_default_one(kms, key):
    with raises("NotFoundException", "No such policy exists"):
        kms.get_key_policy(KeyId=key, PolicyName="other")
    with raises("NotFoundException", "No such policy exists"):
        kms.put_key_policy(KeyId=key, PolicyName="other", Policy=POLICY)


def statement(**changes):
    whole = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not None}


@pytest.mark.parametrize(
    "policy",
    [
        "not JSON",
        "[]",
        '"text"',
        "{}",
        json.dumps({"Version": "2012-10-17"}),
        json.dumps({"Version": "2012-10-17", "Statement": []}),
        json.dumps({"Version": "2012-10-17", "Statement": "x"}),
        json.dumps({"Version": "2020-01-01", "Statement": [statement()]}),
        json.dumps({"Version": 2012, "Statement": [statement()]}),
        json.dumps({"Statement": [statement(Effect="allow")]}),
        json.dumps({"Statement": [statement(Effect=None)]}),
        json.dumps({"Statement": [statement(Principal=None)]}),
        json.dumps({"Statement": [statement(NotPrincipal="*")]}),
        json.dumps({"Statement": [statement(), statement(Effect="x")]}),
        POLICY + "}",
    ],
)
def test_what_is_no_policy_document_is_malformed_and_changes_nothing(kms, key, policy):
    with raises("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, Policy=policy)
    assert policy_of(kms, key) == DEFAULT_POLICY


@pytest.mark.parametrize(
    "policy",
    [
        {"Statement": statement()},
        {"Version": "2008-10-17", "Statement": [statement()]},
        {"Statement": [statement(), statement(Effect="Deny", Action="kms:Sign")]},
        {"Statement": [statement(), statement(Action=None, Resource=None)]},
        {"Statement": [statement(), statement(Principal="*", Action="kms:DescribeKey")]},
    ],
)
def test_policies_may_leave_out_what_they_need_not_have(kms, key, policy):
    text = json.dumps(policy)
    kms.put_key_policy(KeyId=key, Policy=text)
    assert policy_of(kms, key) == text


def test_a_policy_has_at_most_32768_bytes(kms, key):
    largest = POLICY + " " * (32768 - len(POLICY))
    kms.put_key_policy(KeyId=key, Policy=largest)
    assert policy_of(kms, key) == largest
    with raises("LimitExceededException"):
        kms.put_key_policy(KeyId=key, Policy=largest + " ")
    shorter_in_characters = largest[:-2].replace('"all"', '"ÿÿÿ"')
    with raises("LimitExceededException"):
        kms.put_key_policy(KeyId=key, Policy=shorter_in_characters)


def test_a_policy_beyond_the_model_violates_its_length(unchecked, key):
    policy = " " * 131_073
    rule = "have length less than or equal to 131072"
    with raises_violations(violated("policy", rule, policy)):
        unchecked.put_key_policy(KeyId=key, Policy=policy)


@pytest.mark.parametrize("policy", ["鍵", "\x00", "a\x0bb"])
def test_characters_outside_of_latin_1_violate_the_pattern_of_policies(unchecked, key, policy):
    rule = r"satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+"
    with raises_violations(violated("policy", rule, policy)):
        unchecked.put_key_policy(KeyId=key, Policy=policy)


def test_the_name_of_a_policy_consists_of_word_characters(unchecked, key):
    rule = r"satisfy regular expression pattern: [\w]+"
    with raises_violations(violated("policyName", rule, "a b")):
        unchecked.get_key_policy(KeyId=key, PolicyName="a b")


@pytest.mark.parametrize("limit", [{}, {"Limit": 1}, {"Limit": 1000}])
def test_every_key_has_the_one_policy(kms, key, limit):
    response = members(kms.list_key_policies(KeyId=key, **limit))
    assert response == {"PolicyNames": ["default"], "Truncated": False}


def test_a_marker_that_no_list_gave_is_refused_although_the_exception_is_not_declared(kms, key):
    with raises("ValidationException"):
        kms.list_key_policies(KeyId=key, Marker="x")
