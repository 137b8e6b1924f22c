"""Terraform makes, changes and destroys KMS keys, aliases and grants; and what its AWS provider asks
of a KMS to do so, with boto3, since there is not always a provider."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from permission_support import ROOT, allow, policy
from sdk_support import ACCOUNT, REGION, new_alias_name
from trent_server import clean_environment, wait_until

WORKER = f"arn:aws:iam::{ACCOUNT}:role/terraform-worker"
OTHER_WORKER = f"arn:aws:iam::{ACCOUNT}:role/terraform-other-worker"
PROVIDER = "registry.terraform.io/hashicorp/aws"
OPERATIONS = ["Decrypt", "Encrypt", "GenerateDataKey"]

# The policies as two tools write them: the same for whoever reads them.
KEY_POLICY = policy(
    {"Sid": "account", **allow("kms:*", ROOT)},
    {"Sid": "worker", **allow(["kms:Decrypt", "kms:DescribeKey"], WORKER)},
)
CHANGED_POLICY = policy(
    {"Sid": "account", **allow("kms:*", ROOT)},
    {"Sid": "worker", **allow("kms:Encrypt", [WORKER, OTHER_WORKER])},
)

CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {}
variable "description" {}
variable "policy" {}
variable "period" { type = number }
variable "tags" { type = map(string) }
variable "operations" { type = list(string) }

provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  endpoints {
    kms = var.endpoint
    sts = var.endpoint
  }
}

resource "aws_kms_key" "orders" {
  description             = var.description
  policy                  = var.policy
  enable_key_rotation     = true
  rotation_period_in_days = var.period
  deletion_window_in_days = 7
  tags                    = var.tags
}

resource "aws_kms_key" "signing" {
  description              = "signing"
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 7
}

resource "aws_kms_alias" "orders" {
  name          = "alias/terraform-orders"
  target_key_id = aws_kms_key.orders.key_id
}

resource "aws_kms_grant" "worker" {
  name              = "worker"
  key_id            = aws_kms_key.orders.key_id
  grantee_principal = "WORKER"
  operations        = var.operations
  constraints {
    encryption_context_subset = { tenant = "blue" }
  }
}

data "aws_kms_alias" "orders" {
  name = aws_kms_alias.orders.name
}

data "aws_kms_key" "orders" {
  key_id = aws_kms_alias.orders.arn
}

output "key_arn" { value = data.aws_kms_alias.orders.target_key_arn }
output "key_id" { value = data.aws_kms_key.orders.id }
output "grant_id" { value = aws_kms_grant.worker.grant_id }
""".replace("WORKER", WORKER)

FIRST = {
    "description": "orders",
    "policy": KEY_POLICY,
    "period": 120,
    "tags": {"team": "blue", "stage": "test"},
    "operations": OPERATIONS,
}
CHANGED = {
    **FIRST,
    "description": "orders of today",
    "policy": CHANGED_POLICY,
    "period": 365,
    "tags": {"team": "green"},
    "operations": ["Encrypt"],
}


@pytest.fixture(scope="module")
def administrator(people):
    """A user who may do everything with KMS, beside the roles that get something."""
    for role in (WORKER, OTHER_WORKER):
        people.make_role(role.rsplit("/", 1)[-1])
    user = people.make_user("terraform", policy(allow("kms:*")))
    # The server notices new identities within a second.
    wait_until(lambda: is_accepted(user))
    return user


def is_accepted(user):
    try:
        return "Keys" in user.kms.list_keys()
    except ClientError:
        return False


class Terraform:
    """Terraform in a folder of its own, with providers from a folder and nowhere else."""

    def __init__(self, binary, providers, directory, user):
        self.binary, self.directory = binary, directory
        credentials = user.credentials
        cli = directory / "cli.tfrc"
        mirror = f'filesystem_mirror {{\n path = {json.dumps(str(providers))}\n }}'
        cli.write_text(f"disable_checkpoint = true\nprovider_installation {{\n {mirror}\n}}\n")
        (directory / "main.tf").write_text(CONFIGURATION)
        self.environment = {
            **{n: v for n, v in clean_environment().items() if not n.startswith("TF_")},
            "AWS_ACCESS_KEY_ID": credentials["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": credentials["aws_secret_access_key"],
            "AWS_CONFIG_FILE": str(directory / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(directory / "none"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "TF_CLI_CONFIG_FILE": str(cli),
            "TF_IN_AUTOMATION": "1",
            "TF_VAR_endpoint": user.server.url,
        }
        self("init")

    def __call__(self, *arguments, expected=0, **variables):
        """Runs a command to its end; returns what it says."""
        names = {f"TF_VAR_{name}": as_variable(value) for name, value in variables.items()}
        result = subprocess.run(
            [self.binary, arguments[0], "-no-color", *arguments[1:]],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            env={**self.environment, **names},
        )
        assert result.returncode == expected, result.stdout + result.stderr
        return result.stdout

    def apply(self, **variables):
        return self("apply", "-input=false", "-auto-approve", **variables)

    def assert_nothing_to_do(self, **variables):
        """The exit status is 2 if Terraform would change something."""
        self("plan", "-input=false", "-detailed-exitcode", **variables)

    def outputs(self):
        outputs = json.loads(self("output", "-json"))
        return {name: output["value"] for name, output in outputs.items()}


def as_variable(value):
    return value if isinstance(value, str) else json.dumps(value)


@pytest.fixture
def terraform(tmp_path, administrator):
    binary = shutil.which("terraform")
    if binary is None:
        pytest.skip("there is no `terraform` here")
    providers = next((path for path in provider_folders() if (path / PROVIDER).is_dir()), None)
    if providers is None:
        pytest.skip(f"no local copy of {PROVIDER}: name its folder in TRENT_TERRAFORM_PROVIDERS")
    return Terraform(binary, providers, tmp_path, administrator)


def provider_folders():
    """Where providers are looked for: in the layout of a filesystem mirror."""
    named = (os.environ.get(name) for name in ("TRENT_TERRAFORM_PROVIDERS", "TF_PLUGIN_DIR"))
    yield from (Path(folder) for folder in named if folder)
    of_user = Path.home() / ".terraform.d"
    yield from (of_user / "plugins", of_user / "plugin-cache")
    yield from (Path(f"{share}/terraform/plugins") for share in ("/usr/share", "/usr/local/share"))


def test_terraform_makes_changes_and_destroys(terraform, administrator):
    kms = administrator.kms
    terraform.apply(**FIRST)
    terraform.assert_nothing_to_do(**FIRST)
    outputs = terraform.outputs()
    key = outputs["key_id"]
    assert_key(kms, key, FIRST)
    grant = granted(kms, key)
    assert grant["GrantId"] == outputs["grant_id"]
    assert set(grant["Operations"]) == set(OPERATIONS)
    assert grant["GranteePrincipal"] == WORKER
    assert grant["Constraints"] == {"EncryptionContextSubset": {"tenant": "blue"}}

    terraform.apply(**CHANGED)
    terraform.assert_nothing_to_do(**CHANGED)
    assert terraform.outputs()["key_id"] == key
    assert_key(kms, key, CHANGED)
    assert set(granted(kms, key)["Operations"]) == {"Encrypt"}

    terraform("destroy", "-input=false", "-auto-approve", **CHANGED)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert kms.list_grants(KeyId=key)["Grants"] == []
    names = [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]
    assert "alias/terraform-orders" not in names


def assert_key(kms, key, wanted):
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["Description"] == wanted["description"]
    assert metadata["KeyState"] == "Enabled"
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == wanted["period"]
    assert tags_of(kms, key) == wanted["tags"]
    assert same_policy(kms.get_key_policy(KeyId=key)["Policy"], wanted["policy"])


def granted(kms, key):
    (grant,) = kms.list_grants(KeyId=key)["Grants"]
    return grant


def tags_of(kms, key):
    tags = kms.list_resource_tags(KeyId=key)["Tags"]
    return {tag["TagKey"]: tag["TagValue"] for tag in tags}


def same_policy(one, other):
    """Whether two policies say the same, as the provider sees it: lists in any order."""
    return in_order(json.loads(one)) == in_order(json.loads(other))


def in_order(value):
    if isinstance(value, dict):
        return {name: in_order(one) for name, one in value.items()}
    if isinstance(value, list):
        return sorted(map(in_order, value), key=repr)
    return value


# What the AWS provider calls, in its order, and what it compares.


def created(kms, key_id, **expected):
    """DescribeKey until the key is as it is to be: what the provider waits for."""
    for _ in range(5):
        metadata = kms.describe_key(KeyId=key_id)["KeyMetadata"]
        assert {name: metadata[name] for name in expected} == expected
    return metadata


def pages(call, items, **parameters):
    """All items of a listing, by its markers, two a page."""
    found, marker = [], {}
    while True:
        page = call(Limit=2, **parameters, **marker)
        assert len(page[items]) <= 2
        found += page[items]
        if not page["Truncated"]:
            return found
        marker = {"Marker": page["NextMarker"]}


@pytest.fixture
def orders(administrator):
    """A key as the provider creates it."""
    metadata = administrator.kms.create_key(
        BypassPolicyLockoutSafetyCheck=False,
        CustomerMasterKeySpec="SYMMETRIC_DEFAULT",
        KeyUsage="ENCRYPT_DECRYPT",
        Description="orders",
        Policy=KEY_POLICY,
        Tags=[{"TagKey": "team", "TagValue": "blue"}, {"TagKey": "stage", "TagValue": "test"}],
    )["KeyMetadata"]
    return metadata["KeyId"]


def test_the_provider_finds_a_key_as_it_made_it(administrator, orders):
    kms = administrator.kms
    metadata = created(kms, orders, KeyState="Enabled", Enabled=True, Description="orders")
    assert metadata["CustomerMasterKeySpec"] == metadata["KeySpec"] == "SYMMETRIC_DEFAULT"
    assert (metadata["KeyManager"], metadata["MultiRegion"]) == ("CUSTOMER", False)
    assert (metadata["KeyUsage"], metadata["Origin"]) == ("ENCRYPT_DECRYPT", "AWS_KMS")
    # An ARN is as good as an id.
    assert kms.describe_key(KeyId=metadata["Arn"])["KeyMetadata"] == metadata
    answer = kms.get_key_policy(KeyId=orders, PolicyName="default")
    assert same_policy(answer["Policy"], KEY_POLICY)
    # The rotation period of a key without rotation is not told.
    status = kms.get_key_rotation_status(KeyId=orders)
    assert status["KeyRotationEnabled"] is False and "RotationPeriodInDays" not in status
    assert tags_of(kms, orders) == {"team": "blue", "stage": "test"}


def test_the_provider_finds_its_changes(administrator, orders):
    kms = administrator.kms
    for period in (120, 365):
        kms.enable_key_rotation(KeyId=orders, RotationPeriodInDays=period)
        status = kms.get_key_rotation_status(KeyId=orders)
        assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, period)
    kms.disable_key_rotation(KeyId=orders)
    assert kms.get_key_rotation_status(KeyId=orders)["KeyRotationEnabled"] is False

    kms.update_key_description(KeyId=orders, Description="orders of today")
    created(kms, orders, Description="orders of today")

    kms.put_key_policy(
        KeyId=orders,
        PolicyName="default",
        Policy=CHANGED_POLICY,
        BypassPolicyLockoutSafetyCheck=False,
    )
    policy_now = kms.get_key_policy(KeyId=orders, PolicyName="default")["Policy"]
    assert same_policy(policy_now, CHANGED_POLICY)
    assert not same_policy(policy_now, KEY_POLICY)

    kms.untag_resource(KeyId=orders, TagKeys=["stage"])
    kms.tag_resource(KeyId=orders, Tags=[{"TagKey": "team", "TagValue": "green"}])
    assert tags_of(kms, orders) == {"team": "green"}

    # The provider enables a key before it changes anything else, and disables it last.
    kms.disable_key(KeyId=orders)
    created(kms, orders, KeyState="Disabled", Enabled=False)
    kms.enable_key(KeyId=orders)
    created(kms, orders, KeyState="Enabled", Enabled=True)


def test_the_provider_finds_an_alias_among_others(administrator, orders):
    kms = administrator.kms
    names = [new_alias_name() for _ in range(5)]
    for name in names:
        kms.create_alias(AliasName=name, TargetKeyId=orders)
    for of_key in ({}, {"KeyId": orders}):
        aliases = pages(kms.list_aliases, "Aliases", **of_key)
        found = {one["AliasName"]: one for one in aliases}
        assert len(found) == len(aliases) and set(names) <= set(found)
        for name in names:
            assert found[name]["TargetKeyId"] == orders
            assert found[name]["AliasArn"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:{name}"
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=names[0], TargetKeyId=other)
    (moved,) = pages(kms.list_aliases, "Aliases", KeyId=other)
    assert moved["AliasName"] == names[0]
    kms.delete_alias(AliasName=names[0])
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.delete_alias(AliasName=names[0])
    assert names[0] not in {one["AliasName"] for one in pages(kms.list_aliases, "Aliases")}


@pytest.mark.parametrize("constraint", ["EncryptionContextSubset", "EncryptionContextEquals"])
def test_the_provider_finds_a_grant_by_its_id(administrator, orders, constraint):
    kms = administrator.kms
    # It always names both kinds of constraints, of which one is empty.
    constraints = {"EncryptionContextSubset": {}, "EncryptionContextEquals": {}}
    answer = kms.create_grant(
        Name="worker",
        KeyId=orders,
        GranteePrincipal=WORKER,
        RetiringPrincipal=administrator.arn,
        Operations=OPERATIONS,
        Constraints={**constraints, constraint: {"tenant": "blue"}},
    )
    plain = {"KeyId": orders, "GranteePrincipal": OTHER_WORKER, "Operations": ["Encrypt"]}
    others = [kms.create_grant(**plain)["GrantId"] for _ in range(4)]
    found = [one["GrantId"] for one in pages(kms.list_grants, "Grants", KeyId=orders)]
    assert sorted(found) == sorted([answer["GrantId"], *others])
    (grant,) = pages(kms.list_grants, "Grants", KeyId=orders, GrantId=answer["GrantId"])
    assert grant["Name"] == "worker" and set(grant["Operations"]) == set(OPERATIONS)
    assert grant["GranteePrincipal"] == WORKER
    assert grant["RetiringPrincipal"] == administrator.arn
    assert grant["Constraints"] == {constraint: {"tenant": "blue"}}
    (other,) = pages(kms.list_grants, "Grants", KeyId=orders, GrantId=others[0])
    assert "Constraints" not in other

    kms.retire_grant(GrantToken=answer["GrantToken"])
    kms.revoke_grant(KeyId=orders, GrantId=others[0])
    # The provider looks for a grant that may be gone among all of the key.
    left = {one["GrantId"] for one in pages(kms.list_grants, "Grants", KeyId=orders)}
    assert left == set(others[1:])


def test_the_provider_finds_a_key_gone(administrator, orders):
    kms = administrator.kms
    answer = kms.schedule_key_deletion(KeyId=orders, PendingWindowInDays=7)
    assert answer["KeyState"] == "PendingDeletion" and answer["PendingWindowInDays"] == 7
    metadata = created(kms, orders, KeyState="PendingDeletion", Enabled=False)
    assert metadata["DeletionDate"] == answer["DeletionDate"]
    with pytest.raises(kms.exceptions.KMSInvalidStateException):
        kms.schedule_key_deletion(KeyId=orders, PendingWindowInDays=7)
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId="1234abcd-12ab-34cd-56ef-1234567890ab")
