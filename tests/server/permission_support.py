"""Who calls in the tests of permissions, and what they call.

People are roots, users and sessions of roles of two accounts. What a session may do is chosen by
its tags: the policies of its role allow an action to sessions that have a tag of its name.
"""

import json
from collections import deque
from contextlib import contextmanager
from functools import cache, cached_property

import boto3
from botocore import xform_name
from botocore.config import Config
from permission_table import ALIAS, TABLE, Row
from sdk_support import (
    ACCOUNT,
    GRANTEE,
    OTHER_ACCOUNT,
    REGION,
    alias_arn,
    call,
    import_parameters,
    made_with,
    new_alias_name,
    policy,
    raises,
)

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OTHER_ROOT = f"arn:aws:iam::{OTHER_ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/caller"
OTHER_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/caller"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
CONFIG = Config(retries={"max_attempts": 0})
# How many clients have connections at the same time, or nearly so many.
CLIENTS_MAX = 50

NO_KEY_POLICY = "because no resource-based policy allows the kms:{} action"
NO_IDENTITY_POLICY = "because no identity-based policy allows the kms:{} action"
NO_BOUNDARY = "because no permissions boundary allows the kms:{} action"
NO_SESSION_POLICY = "because no session policy allows the kms:{} action"
DENIED_BY = "with an explicit deny in {}"
HIDDEN = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


def key_policy(*statements):
    """A key policy that leaves the key to the root of its account and to nobody else, but for what
    the statements say."""
    is_root = {"ArnEquals": {"aws:PrincipalArn": ROOT}}
    return policy(allow("kms:*", ROOT, Condition=is_root), *statements)


def statement(effect, actions, principal, **elements):
    """A statement; one of an IAM policy if there is no principal."""
    actions = [actions] if isinstance(actions, str) else actions
    actions = [action if ":" in action else f"kms:{action}" for action in actions]
    if principal is not None:
        elements["Principal"] = {"AWS": principal} if principal != "*" else "*"
    return {"Effect": effect, "Action": actions, "Resource": "*", **elements}


def allow(actions, principal=None, **elements):
    return statement("Allow", actions, principal, **elements)


def deny(actions, principal=None, **elements):
    return statement("Deny", actions, principal, **elements)


def all_but(actions, principal=None):
    """Allows everything but the actions."""
    others = allow(actions, principal)
    others["NotAction"] = others.pop("Action")
    return others


# Policies of the role `caller`: what a session of it may do depends on its tags.

EVERY_ACTION = sorted({action for row in TABLE for action in row.asks})


def if_tagged(tag, value):
    """The condition that a session has the tag."""
    return {"StringEquals": {f"aws:PrincipalTag/{tag}": value}}


OF_CALLERS = policy(
    *[allow(action, Condition=if_tagged(action, "yes")) for action in EVERY_ACTION],
    # Aliases (`on` is `alias`), or keys for the operations on aliases (`on` is `key`).
    allow("kms:*Alias", Resource="arn:aws:kms:*:*:${aws:PrincipalTag/on}/*"),
    deny("kms:*", Condition=if_tagged("denied-by", "identity")),
)
BOUNDARY = policy(
    allow("kms:*", Condition={"StringNotEquals": {"aws:PrincipalTag/lacking": "boundary"}}),
    deny("kms:*", Condition=if_tagged("denied-by", "boundary")),
)
# What cannot be done with a key alone.
OF_ALICE = policy(
    allow("CreateKey"), allow("kms:*Alias", Resource=f"arn:aws:kms:*:{ACCOUNT}:alias/*")
)


class Person:
    """Somebody with an access key."""

    def __init__(self, server, arn, access_key_id, secret, token=None, user_id=None):
        self.server, self.arn, self.id = server, arn, user_id
        self.account = arn.split(":")[4]
        self.credentials = {
            "aws_access_key_id": access_key_id,
            "aws_secret_access_key": secret,
            "aws_session_token": token,
        }
        self.client = cache(self.client)

    def client(self, region=REGION, service="kms", config=CONFIG):
        authority = self.server.authority
        made = self.server.boto.client(
            service,
            endpoint_url=self.server.url,
            region_name=region,
            verify=authority and str(authority.path),
            config=config,
            **self.credentials,
        )
        # Most clients are not used again, or connect again then.
        self.server.clients.append(made)
        if len(self.server.clients) > CLIENTS_MAX:
            self.server.clients.popleft().close()
        return made

    @property
    def kms(self):
        return self.client()

    def send(self, operation, body):
        """Sends a request that an SDK would not send; `body` is JSON."""
        names = ("access_key_id", "secret_access_key", "session_token")
        key, secret, token = (self.credentials[f"aws_{name}"] for name in names)
        return call(self.server, operation, body, access_key_id=key, secret=secret, token=token)

    def __repr__(self):
        return self.arn


class People:
    """The identities of a server, made with its command line."""

    def __init__(self, server):
        self.server = server
        server.boto, server.clients = boto3.session.Session(), deque()
        self.made = {}
        for account in (ACCOUNT, OTHER_ACCOUNT):
            self.run("account", "create", "--id", account)
        self.root = self.root_of(ACCOUNT)
        self.other_root = self.root_of(OTHER_ACCOUNT)
        for account in (ACCOUNT, OTHER_ACCOUNT):
            self.make_role("caller", OF_CALLERS, BOUNDARY, account=account)
        self.make_role(GRANTEE.rsplit("/", 1)[-1])
        self.alice = self.make_user("alice", OF_ALICE)
        self.bob = self.make_user("bob")

    def run(self, *arguments, input=None):
        """Runs the command line on the data directory; returns what it answers."""
        arguments = [*arguments, "--data-dir", self.server.data_dir, "--output", "json"]
        result = self.server.run(*arguments, input=input)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout) if result.stdout.strip() else None

    def root_of(self, account):
        key = self.run("access-key", "create", "--root", "--account", account)["AccessKey"]
        arn = f"arn:aws:iam::{account}:root"
        return Person(self.server, arn, key["AccessKeyId"], key["SecretAccessKey"])

    def make_user(self, name, document=None, account=ACCOUNT, tags=(), boundary=None):
        """A user with an access key and, if given, an IAM policy and a boundary."""
        of_account = ("--account", account)
        tags = [part for tag in tags for part in ("--tag", tag)]
        user = self.run("user", "create", name, *tags, *of_account)["User"]
        if document:
            self.put_user_policy(name, document, account)
        if boundary:
            whose = ("--user", name, *of_account)
            self.run("policy", "put-boundary", *whose, "--document", "-", input=boundary)
        key = self.run("access-key", "create", "--user", name, *of_account)["AccessKey"]
        secret = key["SecretAccessKey"]
        return Person(self.server, user["Arn"], key["AccessKeyId"], secret, None, user["UserId"])

    def put_user_policy(self, name, document, account=ACCOUNT):
        whose = ("--user", name, "--account", account)
        self.run("policy", "put", "only", *whose, "--document", "-", input=document)

    def make_role(self, name, document=None, boundary=None, account=ACCOUNT):
        """A role that its account may give to anybody."""
        whose = ("--role", name, "--account", account)
        trust = {"AWS": f"arn:aws:iam::{account}:root"}
        actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
        trusting = {"Effect": "Allow", "Principal": trust, "Action": actions}
        create = ("role", "create", name, "--account", account, "--trust-policy", "-")
        self.run(*create, input=policy(trusting))
        if document:
            self.run("policy", "put", "only", *whose, "--document", "-", input=document)
        if boundary:
            self.run("policy", "put-boundary", *whose, "--document", "-", input=boundary)

    def session(self, account=ACCOUNT, role="caller", name="tester", limit=None, **tags):
        """A session of a role with session tags and, if given, a session policy."""
        wanted = (account, role, name, limit, tuple(sorted(tags.items())))
        if wanted not in self.made:
            root = self.root if account == ACCOUNT else self.other_root
            parameters = {
                "RoleArn": f"arn:aws:iam::{account}:role/{role}",
                "RoleSessionName": name,
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
            if limit:
                parameters["Policy"] = limit
            answer = root.client(service="sts").assume_role(**parameters)
            given = answer["Credentials"]
            self.made[wanted] = Person(
                self.server,
                answer["AssumedRoleUser"]["Arn"],
                given["AccessKeyId"],
                given["SecretAccessKey"],
                given["SessionToken"],
            )
        return self.made[wanted]

    def caller(self, row=None, actions=None, account=ACCOUNT, **more):
        """A session whose IAM policies allow what the row needs, or of that only `actions`; and
        always what it needs that is not about its key."""
        tags = {}
        if row is not None:
            wanted = (row.asks if actions is None else actions) + row.also
            tags = dict.fromkeys(wanted, "yes")
            if row.resource == ALIAS:
                tags["on"] = "alias"
        elif actions:
            tags = dict.fromkeys(actions, "yes")
        more = {name.replace("_", "-"): value for name, value in more.items()}
        return self.session(account, **{**tags, **more})


class Target:
    """A fresh key, and what an operation needs beside it. `parameters` are those of the operation
    of the row, with `changes`."""

    def __init__(self, people, row, context=None, kind=None, **changes):
        self.people, self.row, self.context = people, row, context or {}
        self.owner = self.kms = people.root.kms
        self.regions = [REGION]
        metadata = self.owner.create_key(**(kind or row.kind or {}))["KeyMetadata"]
        self.metadata = metadata
        self.id, self.arn = metadata["KeyId"], metadata["Arn"]
        self.parameters = {**row.parameters_for(self), **changes}
        if context:
            self.parameters.update(dict.fromkeys(row.contexts, context))
        given = self.parameters.items()
        self.parameters = {name: value for name, value in given if value is not None}
        if row.before:
            row.before(self)

    @cached_property
    def made(self):
        return made_with(self.owner, self.metadata)

    @cached_property
    def ciphertext(self):
        return self.encrypted(self.context)

    def encrypted(self, context):
        parameters = {"KeyId": self.id, "Plaintext": b"secret", "EncryptionContext": context}
        return self.owner.encrypt(**parameters)["CiphertextBlob"]

    @cached_property
    def importable(self):
        return import_parameters(self.owner, self.id)

    @cached_property
    def alias(self):
        name = new_alias_name()
        self.owner.create_alias(AliasName=name, TargetKeyId=self.id)
        return name

    @cached_property
    def grant(self):
        return self.give(GRANTEE, ["DescribeKey"])["GrantId"]

    def give(self, grantee, operations, **terms):
        terms = {"GranteePrincipal": grantee, "Operations": list(operations), **terms}
        return self.owner.create_grant(KeyId=self.id, **terms)

    def replicate(self, region):
        self.owner.replicate_key(KeyId=self.id, ReplicaRegion=region)
        self.regions.append(region)

    def put_policy(self, *statements, regions=None):
        """Leaves the key, and its replicas, to its owner but for the statements."""
        for region in regions or self.regions:
            owner = self.people.root.client(region)
            owner.put_key_policy(KeyId=self.id, Policy=key_policy(*statements))

    @property
    def first_resource(self):
        """The ARN of what is asked about first."""
        if self.row.resource == ALIAS:
            return alias_arn(self.parameters["AliasName"])
        return self.arn

    def call(self, person, **changes):
        """Calls the operation."""
        operation = getattr(person.kms, xform_name(self.row.operation))
        return operation(**{**self.parameters, **changes})

    def check_refused(self, person, reason, action=None, resource=None, **changes):
        """Calls the operation, which is to be refused for the reason."""
        action = action or self.row.asks[0]
        with refused(person, action, resource or self.arn, reason):
            self.call(person, **changes)

    def check_hidden(self, person, action=None, resource="this resource", **changes):
        """Calls the operation, which is to be refused without telling whether the key exists."""
        action = action or self.row.asks[0]
        with raises("AccessDeniedException", denial(person, action, resource, HIDDEN)):
            self.call(person, **changes)


def denial(person, action, resource, reason):
    """The text of AccessDeniedException."""
    head = f"User: {person.arn} is not authorized to perform: kms:{action} on {resource}"
    return f"{head} {reason.format(action)}"


@contextmanager
def refused(person, action, arn, reason):
    """Expects AccessDeniedException."""
    message = denial(person, action, f"resource: {arn}", reason)
    with raises("AccessDeniedException", message) as caught:
        yield caught


def names(row):
    """How tests call a row."""
    return row.operation if isinstance(row, Row) else None
