"""Roles with enforcement: made on the command line, assumed with boto3 and the AWS CLI."""

import json
import re
import subprocess
import time
from types import SimpleNamespace

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from sdk_support import policy
from trent_server import BINARY, ROOT, Trent, clean_environment

ACCOUNT = "111122223333"
REGION = "us-east-1"


def allow(*actions, **more):
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


TRUST = policy(
    {
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNT},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
)


class World:
    """A server with enforcement, and the command line on its data directory."""

    def __init__(self, directory):
        self.directory = directory
        self.server = Trent("--enforce", data_dir=directory).start()
        self.admin("account", "create", "--id", ACCOUNT)

    def admin(self, *arguments, document=None):
        command = [str(BINARY), *arguments, "--data-dir", str(self.directory), "--output", "json"]
        result = subprocess.run(
            command, input=document, capture_output=True, text=True, timeout=60,
            env=clean_environment(),
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout) if result.stdout.strip() else None

    def user(self, name, *statements):
        """Makes a user who may do this; returns an access key of it."""
        self.admin("user", "create", name)
        if statements:
            self.put_policy("--user", name, *statements)
        key = self.admin("access-key", "create", "--user", name)["AccessKey"]
        return SimpleNamespace(id=key["AccessKeyId"], secret=key["SecretAccessKey"], token=None)

    def role(self, name, *statements, trust=TRUST):
        role = self.admin("role", "create", name, "--trust-policy", "-", document=trust)["Role"]
        if statements:
            self.put_policy("--role", name, *statements)
        return role["Arn"]

    def put_policy(self, whose, name, *statements):
        document = policy(*statements)
        self.admin("policy", "put", "p", whose, name, "--document", "-", document=document)

    def client(self, service, key):
        return boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name=REGION,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            aws_session_token=key.token,
            config=Config(retries={"max_attempts": 0}),
        )

    def assume(self, key, role, session="session", **more):
        """An access key of a session of a role."""
        sts = self.client("sts", key)
        got = sts.assume_role(RoleArn=role, RoleSessionName=session, **more)["Credentials"]
        return SimpleNamespace(
            id=got["AccessKeyId"], secret=got["SecretAccessKey"], token=got["SessionToken"]
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("roles"))
    yield world
    world.server.stop()


@pytest.fixture(scope="module")
def alice(world):
    return world.user("alice", allow("sts:AssumeRole", "sts:TagSession"))


def code(failure):
    return failure.value.response["Error"]["Code"]


def test_a_user_becomes_a_session_of_a_role(world, alice):
    role = world.role("lister", allow("kms:ListKeys"))
    with pytest.raises(ClientError) as failure:
        world.client("kms", alice).list_keys()
    assert code(failure) == "AccessDeniedException"

    answer = world.client("sts", alice).assume_role(RoleArn=role, RoleSessionName="x@y")
    session_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/lister/x@y"
    assert answer["AssumedRoleUser"]["Arn"] == session_arn
    assert answer["AssumedRoleUser"]["AssumedRoleId"].startswith("AROA")
    left = answer["Credentials"]["Expiration"].timestamp() - time.time()
    assert 3500 < left <= 3600

    session = world.assume(alice, role, "x@y")
    identity = world.client("sts", session).get_caller_identity()
    assert identity["Arn"] == session_arn
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    kms = world.client("kms", session)
    assert kms.list_keys()["Keys"] == []
    with pytest.raises(ClientError) as failure:
        kms.list_aliases()
    assert session_arn in failure.value.response["Error"]["Message"]


def test_somebody_without_permission_does_not(world):
    role = world.role("closed", allow("kms:ListKeys"))
    bob = world.user("bob")
    with pytest.raises(ClientError) as failure:
        world.assume(bob, role)
    assert code(failure) == "AccessDenied"
    assert failure.value.response["Error"]["Message"] == (
        f"User: arn:aws:iam::{ACCOUNT}:user/bob is not authorized to perform: sts:AssumeRole on "
        f"resource: {role}"
    )


def test_whoever_takes_a_name_over_is_not_trusted(world):
    carol = f"arn:aws:iam::{ACCOUNT}:user/carol"
    statement = {"Effect": "Allow", "Principal": {"AWS": carol}, "Action": "sts:AssumeRole"}
    create = ("role", "create", "of-carol", "--trust-policy", "-")
    command = [str(BINARY), *create, "--data-dir", str(world.directory)]
    result = subprocess.run(
        command, input=policy(statement), capture_output=True, text=True, timeout=60,
        env=clean_environment(),
    )
    assert result.returncode == 1
    assert f'Invalid principal in policy: "AWS":"{carol}"' in result.stderr
    assert result.stdout == ""

    first = world.user("carol")
    role = world.role("of-carol", allow("kms:ListKeys"), trust=policy(statement))
    assert world.client("kms", world.assume(first, role)).list_keys()["Keys"] == []
    world.admin("user", "delete", "carol")
    second = world.user("carol")
    with pytest.raises(ClientError) as failure:
        world.assume(second, role)
    assert code(failure) == "AccessDenied"
    set_trust = ("role", "set-trust-policy", "of-carol", "--trust-policy", "-")
    world.admin(*set_trust, document=policy(statement))
    assert world.assume(second, role)


def test_the_log_names_what_was_asked(tmp_path):
    with open(tmp_path / "log", "w") as log:
        with Trent("--log", "debug", log=log) as server:
            sts = boto3.client(
                "sts",
                endpoint_url=server.url,
                region_name=REGION,
                aws_access_key_id="trent",
                aws_secret_access_key="trent",
            )
            sts.get_caller_identity()
            server.client().list_keys()
            with pytest.raises(ClientError):
                sts.get_session_token()
    lines = (tmp_path / "log").read_text().splitlines()
    operations = [re.search(r"operation=\W*(\w+)", one) for one in lines if "answered" in one]
    named = [found and found[1] for found in operations]
    assert named == ["GetCallerIdentity", "ListKeys", None]


def test_session_policy_and_tags_limit_and_widen(world, alice):
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    role = world.role(
        "worker", allow("kms:ListKeys"), allow("kms:ListAliases", Condition=tagged)
    )
    tags = [{"Key": "team", "Value": "blue"}]
    kms = world.client("kms", world.assume(alice, role, Tags=tags))
    assert kms.list_aliases()["Aliases"] and kms.list_keys()["Keys"] == []
    only_aliases = policy(allow("kms:ListAliases"))
    kms = world.client("kms", world.assume(alice, role, Tags=tags, Policy=only_aliases))
    assert kms.list_aliases()["Aliases"]
    with pytest.raises(ClientError) as failure:
        kms.list_keys()
    assert "no session policy allows" in failure.value.response["Error"]["Message"]


def test_sessions_outlive_a_restart_but_not_their_role(tmp_path):
    world = World(tmp_path)
    try:
        key = world.user("alice", allow("sts:AssumeRole"))
        session = world.assume(key, world.role("passing", allow("kms:ListKeys")))
        world.server.stop()
        world.server.start()
        assert world.client("kms", session).list_keys()["Keys"] == []
        world.admin("role", "delete", "passing")
        time.sleep(1)
        with pytest.raises(ClientError) as failure:
            world.client("kms", session).list_keys()
        assert code(failure) == "UnrecognizedClientException"
    finally:
        world.server.stop()


def profile(tmp_path, world, key, role):
    """The environment of an SDK whose profile `role` assumes a role with another profile's keys."""
    config = tmp_path / "config"
    config.write_text(
        f"[profile alice]\nregion = {REGION}\n"
        f"aws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
        f"[profile role]\nregion = {REGION}\nrole_arn = {role}\nsource_profile = alice\n"
        "role_session_name = from-profile\n"
    )
    return {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_ENDPOINT_URL_STS": world.server.url,
        "AWS_ENDPOINT_URL_KMS": world.server.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PROFILE": "role",
    }


def test_the_aws_cli_assumes_the_role_of_its_profile(world, alice, tmp_path):
    role = world.role("of-cli", allow("kms:ListKeys"))
    env = {**clean_environment(), **profile(tmp_path, world, alice, role)}
    env["HOME"] = str(tmp_path)

    def cli(*arguments):
        command = [str(ROOT / ".venv/bin/aws"), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    identity = cli("sts", "get-caller-identity")
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/of-cli/from-profile"
    assert cli("kms", "list-keys")["Keys"] == []


def test_boto3_assumes_the_role_of_its_profile(world, alice, tmp_path, monkeypatch):
    role = world.role("of-boto3", allow("kms:ListKeys"))
    for name, value in profile(tmp_path, world, alice, role).items():
        monkeypatch.setenv(name, value)
    session = boto3.Session(botocore_session=botocore.session.Session())
    assert session.client("kms").list_keys()["Keys"] == []


def test_boto3_assumes_a_role_with_the_keys_of_the_environment(
    world, alice, tmp_path, monkeypatch
):
    role = world.role("of-environment", allow("kms:ListKeys"))
    environment = profile(tmp_path, world, alice, role)
    config = tmp_path / "config"
    config.write_text(config.read_text().replace("source_profile = alice",
                                                 "credential_source = Environment"))
    environment["AWS_ACCESS_KEY_ID"] = alice.id
    environment["AWS_SECRET_ACCESS_KEY"] = alice.secret
    del environment["AWS_PROFILE"]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session(profile_name="role")
    assert session.client("kms").list_keys()["Keys"] == []
