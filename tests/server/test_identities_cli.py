"""Administration of identities on the command line, beside a running server that enforces."""

import json
import os
import shlex
import subprocess
import time

import pytest
from botocore.exceptions import ClientError
from sdk_support import trust_policy
from trent_server import BINARY, Trent, clean_environment

ACCOUNT = "111122223333"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TRUST = json.loads(trust_policy(ACCOUNT))
# A server notices a change within half a second.
NOTICED_SECONDS = 1.0


class Store:
    """A data directory with a server, and the command line."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.server = None

    def run(self, *arguments, stdin=None):
        """Runs a command; returns the finished process."""
        return subprocess.run(
            [str(BINARY), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            input=stdin if stdin is None or isinstance(stdin, str) else json.dumps(stdin),
            env={**clean_environment(), "TRENT_DATA_DIR": str(self.data_dir)},
        )

    def ok(self, *arguments, stdin=None):
        """Runs a command that succeeds; returns its standard output."""
        result = self.run(*arguments, stdin=stdin)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        return result.stdout

    def json(self, *arguments, stdin=None):
        """Runs a command that succeeds; returns its decoded answer."""
        return json.loads(self.ok(*arguments, "--output", "json", stdin=stdin))

    def refused(self, *arguments, stdin=None):
        """Runs a command that is refused; returns the one line that says why."""
        result = self.run(*arguments, stdin=stdin)
        assert result.returncode == 1, result
        assert result.stdout == ""
        assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1, result.stderr
        return result.stderr.removeprefix("error: ").rstrip("\n")

    def client(self, key, **config):
        return self.server.client(
            access_key_id=key["AccessKeyId"], secret=key["SecretAccessKey"], **config
        )


@pytest.fixture
def store(tmp_path):
    """An initialized store with a running server; `admin` is the administrator's client."""
    store = Store(tmp_path / "data")
    made = store.json("init", "--account", ACCOUNT)
    with Trent("--enforce", data_dir=store.data_dir) as server:
        store.server = server
        store.admin = store.client(made["AccessKey"])
        yield store


def policy(effect, actions, resource="*", **condition):
    statement = {"Effect": effect, "Action": actions, "Resource": resource}
    if condition:
        statement["Condition"] = condition["condition"]
    return {"Version": "2012-10-17", "Statement": [statement]}


def code_of(call):
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def soon(condition):
    """Waits until the server has noticed a change; fails if that takes longer than a second."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < NOTICED_SECONDS, "the server did not notice"
        time.sleep(0.05)


def is_refused(client):
    def check():
        try:
            client.list_keys()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "UnrecognizedClientException"
            return True
        return False

    return check


def may(client, key_id, blob, context):
    def check():
        try:
            client.decrypt(KeyId=key_id, CiphertextBlob=blob, EncryptionContext=context)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
            return False
        return True

    return check


def test_init_makes_an_administrator_once(tmp_path):
    store = Store(tmp_path / "data")
    text = store.ok("init", "--account", ACCOUNT, "--admin", "root-like")
    exports = [line for line in text.splitlines() if line.startswith("export ")]
    assert [line.split("=")[0] for line in exports] == [
        "export AWS_ACCESS_KEY_ID",
        "export AWS_SECRET_ACCESS_KEY",
    ]
    assert all(line.startswith(("#", "export ")) for line in text.splitlines())
    assert (store.data_dir / "root.key").stat().st_mode & 0o777 == 0o600
    assert "is a data directory already" in store.refused("init")
    # Nothing shows the secret again.
    secret = shlex.split(exports[1])[1].split("=", 1)[1]
    for command in (["user", "show", "root-like"], ["access-key", "list"]):
        assert secret not in store.ok(*command) + store.ok(*command, "--output", "json")
    with Trent("--enforce", data_dir=store.data_dir) as server:
        admin = server.client(access_key_id=exports[0].split("=")[1], secret=secret)
        arn = admin.create_key()["KeyMetadata"]["Arn"]
    assert arn.split(":")[4] == ACCOUNT


def test_an_application_decrypts_with_one_key_and_one_context(store):
    """The walk-through of docs/identities.md: less than ten commands."""
    key = store.admin.create_key()["KeyMetadata"]
    context = {"tenant": "blue"}
    document = policy(
        "Allow",
        "kms:Decrypt",
        key["Arn"],
        condition={"StringEquals": {"kms:EncryptionContext:tenant": "blue"}},
    )
    store.ok("user", "create", "app")
    store.ok("policy", "put", "decrypt", "--user", "app", "--document", "-", stdin=document)
    app = store.client(store.json("access-key", "create", "--user", "app")["AccessKey"])

    def encrypted(key_id, context):
        return store.admin.encrypt(KeyId=key_id, Plaintext=b"x", EncryptionContext=context)

    blob = encrypted(key["KeyId"], context)["CiphertextBlob"]
    answer = app.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    assert answer["Plaintext"] == b"x"
    green = encrypted(key["KeyId"], {"tenant": "green"})["CiphertextBlob"]
    other = store.admin.create_key()["KeyMetadata"]["KeyId"]
    foreign = encrypted(other, context)["CiphertextBlob"]
    for call in (
        lambda: app.decrypt(CiphertextBlob=green, EncryptionContext={"tenant": "green"}),
        lambda: app.decrypt(CiphertextBlob=foreign, EncryptionContext=context),
        lambda: app.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context),
        app.list_keys,
        app.create_key,
    ):
        assert code_of(call) == "AccessDeniedException"

    # The policy changes while it is in use.
    allowed = may(app, other, foreign, context)
    assert not allowed()
    document["Statement"][0]["Resource"] = "*"
    store.ok("policy", "put", "decrypt", "--user", "app", "--document", "-", stdin=document)
    soon(allowed)
    boundary = policy("Allow", "kms:Encrypt")
    store.ok("policy", "put-boundary", "--user", "app", "--document", "-", stdin=boundary)
    soon(lambda: not allowed())
    store.ok("policy", "delete-boundary", "--user", "app")
    soon(allowed)
    store.ok("policy", "delete", "decrypt", "--user", "app")
    soon(lambda: not allowed())


def test_the_life_of_an_access_key(store):
    store.ok("user", "create", "app")
    everything = policy("Allow", "kms:*")
    store.ok("policy", "put", "all", "--user", "app", "--document", "-", stdin=everything)
    first = store.json("access-key", "create", "--user", "app")["AccessKey"]
    second = store.json("access-key", "create", "--user", "app")["AccessKey"]
    assert "at most 2" in store.refused("access-key", "create", "--user", "app")
    one, two = store.client(first), store.client(second)
    one.list_keys()
    two.list_keys()

    store.ok("access-key", "deactivate", first["AccessKeyId"])
    soon(is_refused(one))
    listed = store.json("access-key", "list", "--user", "app")["AccessKeyMetadata"]
    assert {key["AccessKeyId"]: key["Status"] for key in listed} == {
        first["AccessKeyId"]: "Inactive",
        second["AccessKeyId"]: "Active",
    }
    assert all(set(key) == set(listed[0]) and "SecretAccessKey" not in key for key in listed)
    two.list_keys()
    store.ok("access-key", "activate", first["AccessKeyId"])
    soon(lambda: not is_refused(one)())
    assert code_of(lambda: store.client({**first, "SecretAccessKey": SECRET}).list_keys()) == (
        "InvalidSignatureException"
    )

    # Access keys that are no more are unknown ones, which development mode takes as the root of
    # its own account: they lose what they could do.
    key_id = store.admin.create_key()["KeyMetadata"]["KeyId"]
    assert one.describe_key(KeyId=key_id)["KeyMetadata"]["AWSAccountId"] == ACCOUNT

    def knows(client):
        try:
            return bool(client.describe_key(KeyId=key_id))
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("NotFoundException", "AccessDeniedException")
            return False

    store.ok("access-key", "delete", second["AccessKeyId"])
    soon(lambda: not knows(two))
    assert knows(one)
    store.ok("user", "delete", "app")
    soon(lambda: not knows(one))
    assert store.json("access-key", "list")["AccessKeyMetadata"][0]["UserName"] == "admin"

    root = store.json("access-key", "create", "--root")["AccessKey"]
    assert "UserName" not in root
    assert knows(store.client(root))


def test_explain_says_why(store):
    key = store.admin.create_key()["KeyMetadata"]
    user = store.json("user", "create", "app", "--path", "/web/", "--tag", "team=a")["User"]
    assert user["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/web/app"
    assert user["Tags"] == [{"Key": "team", "Value": "a"}]
    question = ["explain", "--principal", user["Arn"], "--action", "kms:Decrypt", "--key", key["Arn"]]

    def explained(*more):
        result = store.run(*question, *more, "--output", "json")
        assert result.stderr == ""
        explanation = json.loads(result.stdout)
        assert result.returncode == (0 if explanation["Allowed"] else 3)
        return explanation

    assert explained()["Reason"] == "not allowed by the policies of the principal"
    (of_key,) = explained()["Statements"]
    assert of_key["Policy"] == "key policy" and of_key["Applies"] and of_key["Delegates"]
    condition = {
        "StringEquals": {"kms:EncryptionContext:tenant": "blue"},
        "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
    }
    document = policy("Allow", "kms:Decrypt", key["Arn"], condition=condition)
    store.ok("policy", "put", "decrypt", "--user", "app", "--document", "-", stdin=document)
    matching = ["--context", "tenant=blue", "--condition", "aws:SourceIp=10.1.2.3"]
    assert explained(*matching)["Allowed"]
    assert not explained("--context", "tenant=blue")["Allowed"]
    green = explained("--context", "tenant=green", *matching[2:])
    of_user = [one for one in green["Statements"] if one["Policy"] == "IAM policy decrypt"]
    assert len(of_user) == 1 and not of_user[0]["Applies"]
    assert "kms:encryptioncontext:tenant" in of_user[0]["Mismatch"]

    denial = policy("Deny", "kms:*")
    store.ok("policy", "put", "halt", "--user", "app", "--document", "-", stdin=denial)
    assert explained(*matching)["Reason"] == "explicitly denied by the policies of the principal"
    text = store.run(*question, *matching)
    assert text.returncode == 3
    assert text.stdout.startswith("DENIED: explicitly denied")
    assert any(
        line.split()[:3] == ["IAM", "policy", "halt"] and line.endswith("yes")
        for line in text.stdout.splitlines()
    )
    store.ok("policy", "delete", "halt", "--user", "app")
    assert store.ok(*question, *matching).startswith("ALLOWED\n")

    # What explain says of a grant and of no key.
    store.ok("policy", "delete", "decrypt", "--user", "app")
    store.admin.create_grant(
        KeyId=key["KeyId"], GranteePrincipal=user["Arn"], Operations=["Decrypt"]
    )
    assert explained()["Grants"] == "a grant to the principal permits it"
    root = f"arn:aws:iam::{ACCOUNT}:root"
    assert store.ok("explain", "--principal", root, "--action", "kms:CreateKey") == (
        "ALLOWED\ngrants  grants do not matter here\n\n"
        "There is no statement that could have a part in it.\n"
    )
    nobody = f"arn:aws:iam::{ACCOUNT}:user/nobody"
    for mistake in (
        ["--principal", nobody, "--action", "kms:Decrypt", "--key", key["Arn"]],
        ["--principal", root, "--action", "kms:Undo"],
        ["--principal", "root", "--action", "kms:Decrypt"],
        ["--principal", root, "--action", "kms:Decrypt", "--key", "alias/none"],
    ):
        store.refused("explain", *mistake)


IDENTITIES = f"""
accounts:
  "{ACCOUNT}":
    users:
      app:
        tags: {{ team: web }}
        policies:
          use:
            Version: "2012-10-17"
            Statement:
              - {{ Effect: Allow, Action: ["kms:Encrypt", "kms:Decrypt"], Resource: "*" }}
        access_keys:
          - {{ id: AKIA0123456789ABCDEF, secret: {SECRET} }}
    roles:
      worker:
        max_session: 2h
        trust_policy: '{json.dumps(TRUST)}'
"""


def test_apply_is_declarative(store, tmp_path):
    file = tmp_path / "identities.yaml"
    file.write_text(IDENTITIES)
    lines = [
        "+ user app",
        "+ policy use of user app",
        "+ access key AKIA0123456789ABCDEF of user app",
        "+ role worker",
    ]
    assert store.ok("apply", "-f", file, "--dry-run").splitlines() == lines
    assert [one["UserName"] for one in store.json("user", "list")["Users"]] == ["admin"]
    assert store.ok("apply", "-f", file).splitlines() == lines
    assert store.ok("apply", "-f", file) == ""
    assert store.json("apply", "-f", "-", stdin=IDENTITIES) == {"Changes": []}

    key_id = store.admin.create_key()["KeyMetadata"]["KeyId"]
    known = {"AccessKeyId": "AKIA0123456789ABCDEF", "SecretAccessKey": SECRET}
    app = store.client(known)
    app.encrypt(KeyId=key_id, Plaintext=b"x")
    file.write_text(IDENTITIES.replace('"kms:Encrypt", ', ""))
    assert store.ok("apply", "-f", file) == "~ policy use of user app\n"

    def encrypts():
        try:
            return bool(app.encrypt(KeyId=key_id, Plaintext=b"x"))
        except ClientError:
            return False

    soon(lambda: not encrypts())
    # What the file does not have is left alone, unless it is pruned.
    file.write_text(f"accounts: {{'{ACCOUNT}': {{users: {{admin: {{}}, app: {{}}}}}}}}")
    assert store.ok("apply", "-f", file) == ""
    dry = store.ok("apply", "-f", file, "--prune", "--dry-run")
    assert dry.splitlines() == [
        "- policy administrator of user admin",
        "~ user app",
        "- policy use of user app",
        "- role worker",
    ]
    assert store.json("apply", "-f", file, "--prune", "--dry-run")["Changes"][3] == {
        "Action": "Remove",
        "Subject": "role worker",
        "AccountId": ACCOUNT,
    }
    assert store.ok("apply", "-f", file, "--prune") == dry
    assert store.ok("apply", "-f", file, "--prune") == ""
    assert store.json("role", "list")["Roles"] == []

    file.write_text(IDENTITIES.replace("policies:", "polices:"))
    said = store.refused("apply", "-f", file)
    assert str(file) in said and "unknown field `polices`" in said and "line 7" in said
    file.write_text(IDENTITIES.replace("Effect", "Efect"))
    assert "user app: policy use: Statement[0]" in store.refused("apply", "-f", file)


def test_development_mode_takes_identities_without_a_data_dir(tmp_path):
    file = tmp_path / "identities.yaml"
    file.write_text(IDENTITIES)
    with Trent("--enforce", "--identities", file) as server:
        app = server.client(access_key_id="AKIA0123456789ABCDEF", secret=SECRET)
        root = server.client(access_key_id=ACCOUNT)
        key_id = root.create_key()["KeyMetadata"]["KeyId"]
        blob = app.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
        assert app.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
        assert code_of(app.create_key) == "AccessDeniedException"
    file.write_text(IDENTITIES.replace("users", "user"))
    result = Store(tmp_path / "none").run("dev", "--listen", "127.0.0.1:0", "--identities", file)
    assert result.returncode == 1
    assert "unknown field `user`" in result.stderr and SECRET not in result.stderr


def test_roles_are_administered(store, tmp_path):
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(TRUST, indent=2))
    made = store.json(
        "role", "create", "worker", "--trust-policy", trust, "--max-session", "90m", "--tag", "a=b"
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/worker"
    assert made["MaxSessionDuration"] == 5400
    assert made["AssumeRolePolicyDocument"] == TRUST
    document = policy("Allow", "kms:Decrypt")
    store.ok("policy", "put", "use", "--role", "worker", "--document", "-", stdin=document)
    assert store.json("policy", "get", "use", "--role", "worker") == {
        "PolicyName": "use",
        "PolicyDocument": document,
    }
    assert store.json("policy", "list", "--role", "worker") == {"PolicyNames": ["use"]}
    denial = json.loads(json.dumps(TRUST).replace("Allow", "Deny"))
    store.ok("role", "set-trust-policy", "worker", "--trust-policy", "-", stdin=denial)
    shown = store.json("role", "show", "worker")["Role"]
    assert shown["AssumeRolePolicyDocument"] == denial
    assert shown["Policies"] == [{"PolicyName": "use", "PolicyDocument": document}]
    assert store.json("role", "delete", "worker") == {}
    assert store.json("role", "list") == {"Roles": []}


def test_mistakes_are_told_in_one_line(store, tmp_path):
    document = json.dumps(policy("Allow", "kms:*"))
    put = ["policy", "put", "p", "--user", "admin", "--document", "-"]
    for arguments, stdin, part in [
        (["user", "show", "nobody"], None, f"user nobody of account {ACCOUNT} does not exist"),
        (["user", "delete", "nobody"], None, "does not exist"),
        (["user", "create", "ADMIN"], None, "exists already"),
        (["user", "create", "a", "--path", "x"], None, "is not a path"),
        (["user", "list", "--account", "999999999999"], None, "account 999999999999 does not"),
        (["role", "show", "nobody"], None, "role nobody of"),
        (["access-key", "create", "--user", "nobody"], None, "user nobody of"),
        (["access-key", "deactivate", "AKIA"], None, "access key AKIA does not exist"),
        (["policy", "get", "nothing", "--user", "admin"], None, "has no policy nothing"),
        (["policy", "delete", "nothing", "--user", "admin"], None, "has no policy nothing"),
        (put, "{", "line 1 column 1"),
        (put, document.replace("Resource", "Resorce"), "Statement[0]: unknown element `Resorce`"),
        (put, document.replace("kms:*", "kms:" + "x" * 2048), "at most 2048"),
        (put, " " * 300_000, "larger than"),
        (["policy", "put", "p", "--user", "admin", "--document", tmp_path / "none"], None, "none"),
        (["account", "create", "--id", ACCOUNT], None, "exists already"),
        (["user", "list", "--data-dir", tmp_path / "none"], None, "is no data directory"),
    ]:
        assert part in store.refused(*arguments, stdin=stdin), arguments
    assert not (tmp_path / "none").exists()
    for arguments, part in [
        (["user", "create", "a b"], "1 to 64 letters, digits"),
        (["user", "create", "a", "--tag", "t"], "KEY=VALUE"),
        (["account", "create", "--id", "12"], "12 digits"),
        (["access-key", "create"], "--user"),
        (["policy", "list"], "--user"),
        (["role", "create", "r", "--trust-policy", "-", "--max-session", "soon"], "soon"),
    ]:
        result = store.run(*arguments)
        assert result.returncode == 2 and part in result.stderr, result

    # With a second account, which one is meant must be said.
    other = store.json("account", "create", "--name", "other")["Account"]["Id"]
    assert "--account" in store.refused("user", "list")
    assert store.json("user", "list", "--account", other) == {"Users": []}


def test_a_stopped_server_s_store_is_administered(store):
    store.server.stop()
    store.ok("user", "create", "late")
    assert sorted(os.listdir(store.data_dir)) == ["lock", "root.key", "trent.db"]
    store.server.start()
    key = store.json("access-key", "create", "--user", "late")["AccessKey"]
    assert code_of(store.client(key).list_keys) == "AccessDeniedException"


def test_commands_at_once_lose_nothing(store):
    names = [f"user-{number}" for number in range(12)]
    processes = [
        subprocess.Popen(
            [str(BINARY), "user", "create", name],
            env={**clean_environment(), "TRENT_DATA_DIR": str(store.data_dir)},
            stdout=subprocess.DEVNULL,
        )
        for name in names
    ]
    assert [process.wait(60) for process in processes] == [0] * len(names)
    made = {user["UserName"] for user in store.json("user", "list")["Users"]}
    assert made == {"admin", *names}
