"""AssumeRoleWithWebIdentity end to end: `trent serve`, issuers of tokens, boto3; and how far the clock
of a caller may be off."""

import base64
import http.server
import json
import re
import threading
import time
from datetime import timedelta

import boto3
import botocore.auth
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from permission_support import People, Person, allow, key_policy, policy
from sdk_support import ACCOUNT, REGION
from trent_server import TrentServe, free_port

AUDIENCE = "sts.amazonaws.com"
SUBJECT = "repo:example/app:ref:refs/heads/main"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci"
WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size):
    return encode(value.to_bytes(size, "big"))


class Rs256:
    """An RSA key that signs tokens."""

    name, id = "RS256", "rsa-key"

    def __init__(self):
        self.private = rsa.generate_private_key(65537, 2048)

    @property
    def jwk(self):
        public = self.private.public_key().public_numbers()
        return {"kty": "RSA", "n": number(public.n, 256), "e": number(public.e, 3)}

    def sign(self, data):
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


class Es256:
    """A key on the curve P-256 that signs tokens."""

    name, id = "ES256", "ec-key"

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())

    @property
    def jwk(self):
        public = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32)}

    def sign(self, data):
        pair = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return b"".join(part.to_bytes(32, "big") for part in pair)


class Issuer:
    """Somebody who gives out tokens, signed with keys of both kinds."""

    def __init__(self, url):
        self.url, self.keys = url, [Rs256(), Es256()]

    @property
    def provider(self):
        """How policies name it."""
        return self.url.split("://")[1]

    @property
    def jwks(self):
        keys = [{**key.jwk, "kid": key.id, "alg": key.name, "use": "sig"} for key in self.keys]
        return {"keys": keys}

    def token(self, algorithm="RS256", signer=None, **claims):
        """A token with these claims beside or instead of the usual."""
        (key,) = [key for key in self.keys if key.name == algorithm]
        now = int(time.time())
        usual = {"iss": self.url, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "exp": now + 600}
        header = {"alg": algorithm, "kid": key.id, "typ": "JWT"}
        parts = [encode(json.dumps(part).encode()) for part in (header, {**usual, **claims})]
        signed = ".".join(parts)
        return f"{signed}.{encode((signer or key).sign(signed.encode()))}"


class Discovery:
    """A web server with the discovery document and the keys of an issuer."""

    def __init__(self):
        self.asked = []
        handler = type("Handler", (DiscoveryHandler,), {"discovery": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.issuer = Issuer(f"http://127.0.0.1:{self.server.server_port}")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def documents(self):
        url = self.issuer.url
        document = {"issuer": url, "jwks_uri": f"{url}/keys"}
        return {"/.well-known/openid-configuration": document, "/keys": self.issuer.jwks}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class DiscoveryHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.discovery.asked.append(self.path)
        document = self.discovery.documents.get(self.path)
        self.send_response(200 if document else 404)
        body = json.dumps(document).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class World:
    """A server that trusts three issuers, one of them by its keys in a file, one by discovery; the
    third cannot be reached. A role trusts the subject of each, and a key may be used by it."""

    def __init__(self, directory, discovery, log):
        self.of_file = Issuer("https://token.example.com/tenant")
        self.of_discovery = discovery.issuer
        self.away = Issuer(f"http://127.0.0.1:{free_port()}")
        self.issuers = [self.of_file, self.of_discovery, self.away]
        self.jwks_file = directory / "jwks.json"
        self.jwks_file.write_text(json.dumps(self.of_file.jwks))
        tables = [{"issuer": one.url, "audiences": [AUDIENCE, "trent"]} for one in self.issuers]
        tables[0]["jwks_file"] = str(self.jwks_file)
        settings = {"oidc": {"issuer": tables}}
        self.server = TrentServe(directory, tls=False, settings=settings, log=log).start()
        self.people = People(self.server)
        trust = [self.trust(issuer) for issuer in self.issuers]
        create = ("role", "create", "ci", "--account", ACCOUNT, "--trust-policy", "-")
        self.people.run(*create, input=policy(*trust))
        self.keys = {}
        for issuer in self.issuers:
            # The subject of this issuer may encrypt and decrypt with it, and nobody else.
            is_subject = {"StringEquals": {f"{issuer.provider}:sub": SUBJECT}}
            document = key_policy(allow(["Encrypt", "Decrypt"], ROLE, Condition=is_subject))
            created = self.people.root.kms.create_key(Policy=document)
            self.keys[issuer] = created["KeyMetadata"]["KeyId"]
        self.sts = boto3.client(
            "sts",
            endpoint_url=self.server.url,
            region_name=REGION,
            config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
        )

    def trust(self, issuer):
        provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer.provider}"
        condition = {
            "StringLike": {f"{issuer.provider}:sub": "repo:example/app:*"},
            "StringEquals": {f"{issuer.provider}:aud": AUDIENCE},
        }
        return {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": [WITH_WEB_IDENTITY, "sts:TagSession"],
            "Condition": condition,
        }

    def assume(self, token, role=ROLE, **parameters):
        return self.sts.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="build", WebIdentityToken=token, **parameters
        )

    def session(self, token):
        """Who has the token, as a session of the role."""
        answer = self.assume(token)
        given = answer["Credentials"]
        return Person(
            self.server,
            answer["AssumedRoleUser"]["Arn"],
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
        )


@pytest.fixture(scope="module")
def discovery():
    discovery = Discovery()
    yield discovery
    discovery.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory, discovery):
    directory = tmp_path_factory.mktemp("web-identity")
    with open(directory / "log", "w") as log:
        world = World(directory, discovery, log)
        yield world
        world.server.stop()


def refused(call):
    """The code and the text of the error."""
    with pytest.raises(ClientError) as failure:
        call()
    error = failure.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
@pytest.mark.parametrize("of", ["of_file", "of_discovery"])
def test_a_token_opens_a_session_that_uses_a_key(world, of, algorithm):
    issuer = getattr(world, of)
    answer = world.assume(issuer.token(algorithm), DurationSeconds=900)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/build"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["Audience"] == AUDIENCE
    assert answer["Provider"] == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer.provider}"
    left = answer["Credentials"]["Expiration"].timestamp() - time.time()
    assert 800 < left <= 900

    session = world.session(issuer.token(algorithm))
    assert session.client(service="sts").get_caller_identity()["Arn"] == arn
    key = world.keys[issuer]
    blob = session.kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert session.kms.decrypt(KeyId=key, CiphertextBlob=blob)["Plaintext"] == b"secret"
    # The key policy allows no more, and the role has no policy of its own.
    assert refused(lambda: session.kms.describe_key(KeyId=key))[0] == "AccessDeniedException"


def test_the_condition_on_the_subject_counts_for_the_session(world):
    token = world.of_file.token(sub="repo:example/app:ref:refs/heads/other")
    session = world.session(token)
    key = world.keys[world.of_file]
    code, message = refused(lambda: session.kms.encrypt(KeyId=key, Plaintext=b"x"))
    assert code == "AccessDeniedException" and "kms:Encrypt" in message
    # Nor is the subject of one issuer that of another.
    session = world.session(world.of_file.token())
    key = world.keys[world.of_discovery]
    assert refused(lambda: session.kms.encrypt(KeyId=key, Plaintext=b"x"))[0] == (
        "AccessDeniedException"
    )


def test_boto3_finds_the_token_in_a_file(world, tmp_path, monkeypatch):
    token = tmp_path / "token"
    token.write_text(world.of_discovery.token("ES256"))
    environment = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_ARN": ROLE,
        "AWS_ROLE_SESSION_NAME": "from-file",
        "AWS_ENDPOINT_URL_STS": world.server.url,
        "AWS_ENDPOINT_URL_KMS": world.server.url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session(botocore_session=botocore.session.Session())
    identity = session.client("sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/from-file"
    answer = session.client("kms").encrypt(
        KeyId=world.keys[world.of_discovery], Plaintext=b"secret"
    )
    assert answer["CiphertextBlob"]


def test_tokens_that_prove_nothing_are_refused(world):
    issuer, now = world.of_file, int(time.time())
    stranger = Issuer("https://token.example.net")
    unknown = f"No OpenIDConnect provider found in your account for {stranger.url}"
    for token, code, text in [
        (issuer.token(aud="somebody-else"), "InvalidIdentityToken", "Incorrect token audience"),
        (issuer.token(iat=now - 900, exp=now - 1), "ExpiredTokenException", "Token expired: "),
        (issuer.token(iat=now + 300), "InvalidIdentityToken", ""),
        (stranger.token(), "InvalidIdentityToken", unknown),
        (issuer.token(signer=Rs256()), "InvalidIdentityToken", "signature"),
        (issuer.token("ES256", signer=Es256()), "InvalidIdentityToken", "signature"),
        ("no.token.this", "InvalidIdentityToken", "is not a valid JWT"),
        (world.away.token(), "IDPCommunicationError", "Couldn't retrieve verification key"),
    ]:
        got, message = refused(lambda: world.assume(token))
        assert (got, text in message) == (code, True), message


def test_whom_the_trust_policy_does_not_mean_is_refused(world):
    not_authorized = ("AccessDenied", f"Not authorized to perform {WITH_WEB_IDENTITY}")
    other = world.of_file.token(sub="repo:somebody/app:ref:refs/heads/main")
    assert refused(lambda: world.assume(other)) == not_authorized
    # An audience that is configured, but not that of the trust policy.
    assert refused(lambda: world.assume(world.of_file.token(aud="trent"))) == not_authorized
    token = world.of_file.token()
    none = f"arn:aws:iam::{ACCOUNT}:role/none"
    assert refused(lambda: world.assume(token, role=none)) == not_authorized
    trusting_no_issuer = f"arn:aws:iam::{ACCOUNT}:role/caller"
    assert refused(lambda: world.assume(token, role=trusting_no_issuer)) == not_authorized


def test_the_keys_of_an_issuer_are_discovered_and_kept(world, discovery):
    for _ in range(3):
        world.assume(world.of_discovery.token())
    # Once each, whatever the other tests asked for.
    assert sorted(discovery.asked) == ["/.well-known/openid-configuration", "/keys"]


@pytest.mark.parametrize(
    ("minutes", "pattern"),
    [
        (-6, r"Signature expired: (\S+) is now earlier than (\S+) \((\S+) - 5 min\.\)"),
        (6, r"Signature not yet current: (\S+) is still later than (\S+) \((\S+) \+ 5 min\.\)"),
    ],
)
def test_a_clock_that_is_six_minutes_off_is_refused(world, monkeypatch, minutes, pattern):
    root, real = world.people.root, botocore.auth.get_current_datetime

    def off(*arguments, **options):
        return real(*arguments, **options) + timedelta(minutes=minutes)

    monkeypatch.setattr(botocore.auth, "get_current_datetime", off)
    code, message = refused(root.kms.list_keys)
    assert code == "InvalidSignatureException"
    dates = re.fullmatch(pattern, message).groups()
    assert all(re.fullmatch(r"\d{8}T\d{6}Z", date) for date in dates)
    code, message = refused(root.client(service="sts").get_caller_identity)
    assert (code, bool(re.fullmatch(pattern, message))) == ("SignatureDoesNotMatch", True)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_clock_that_is_four_minutes_off_is_not(world, monkeypatch, minutes):
    root, real = world.people.root, botocore.auth.get_current_datetime

    def off(*arguments, **options):
        return real(*arguments, **options) + timedelta(minutes=minutes)

    monkeypatch.setattr(botocore.auth, "get_current_datetime", off)
    assert root.kms.list_keys()["Keys"]
