"""Events: what they say, that each one of a committed change comes at least once to a file and to a
webhook, and that a webhook which is broken or slow holds nothing up."""

import base64
import json
import re
import ssl
import threading
import time
import uuid
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from certificates import Authority
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key
from test_metrics import Metrics
from trent_server import ROOT, Trent, free_port, wait_until

ACCOUNT = "000000000000"
SECRET = "whsec_" + base64.b64encode(b"a secret of a webhook for tests!").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(64))).decode()


def lines(path):
    """The events in a file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def imported(kms, valid_to, material=b"\x07" * 32, key=None, **options):
    """Imports key material that expires, into a new key unless there is one; returns the key's id
    and that of the material."""
    key = key or kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    parameters = kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    answer = kms.import_key_material(
        KeyId=key,
        ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=load_der_public_key(parameters["PublicKey"]).encrypt(material, oaep),
        ExpirationModel="KEY_MATERIAL_EXPIRES",
        ValidTo=valid_to,
        **options,
    )
    return key, answer["KeyMaterialId"]


def current_material(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


def event(detail_type, key, when, detail, region="us-east-1"):
    """What AWS documents ("Monitor KMS keys with Amazon EventBridge"), but for the id."""
    return {
        "version": "0",
        "detail-type": detail_type,
        "source": "aws.kms",
        "account": ACCOUNT,
        "time": when,
        "region": region,
        "resources": [f"arn:aws:kms:{region}:{ACCOUNT}:key/{key}"],
        "detail": {"key-id": key, **detail},
    }


def second_of(date):
    return f"{date.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def without_id(told):
    told = dict(told)
    uuid.UUID(told.pop("id"))
    return told


# What is told


class Dev:
    """A server in development mode whose events go to a file."""

    def __init__(self, directory):
        self.path = directory / "events.jsonl"
        self.server = Trent("--events-file", self.path, data_dir=directory / "data")

    def told(self, count):
        """All events, when there are as many."""
        wait_until(lambda: len(lines(self.path)) >= count)
        told = lines(self.path)
        assert len(told) == count, told
        return told


@pytest.fixture
def dev(tmp_path):
    dev = Dev(tmp_path)
    with dev.server as server:
        dev.kms = server.client()
        yield dev


def test_a_rotation_by_schedule_is_told(dev):
    key = dev.kms.create_key()["KeyMetadata"]["KeyId"]
    dev.kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    before = current_material(dev.kms, key)
    due = dev.kms.get_key_rotation_status(KeyId=key)["NextRotationDate"]
    assert lines(dev.path) == []
    dev.server.advance("P91D")
    [told] = dev.told(1)
    assert without_id(told) == event(
        "KMS CMK Rotation",
        key,
        # Time is played through: it happens when it was due.
        second_of(due),
        {
            "key-origin": "AWS_KMS",
            "rotation-type": "AUTOMATIC",
            "previous-key-material-id": before,
            "current-key-material-id": current_material(dev.kms, key),
        },
    )


def test_a_rotation_on_demand_is_told(dev):
    kms = dev.server.client(region="eu-west-1")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = current_material(kms, key)
    kms.rotate_key_on_demand(KeyId=key)
    [told] = dev.told(1)
    rotation = kms.list_key_rotations(KeyId=key)["Rotations"][0]
    assert without_id(told) == event(
        "KMS CMK Rotation",
        key,
        told["time"],
        {
            "key-origin": "AWS_KMS",
            "rotation-type": "ON_DEMAND",
            "previous-key-material-id": before,
            "current-key-material-id": current_material(kms, key),
        },
        region="eu-west-1",
    )
    assert told["time"] == second_of(rotation["RotationDate"])


def test_a_rotation_to_imported_key_material_is_told_with_its_origin(dev):
    key, first = imported(dev.kms, time.time() + 10 * 86400)
    _, second = imported(
        dev.kms, time.time() + 9 * 86400, b"\x08" * 32, key, ImportType="NEW_KEY_MATERIAL"
    )
    dev.kms.rotate_key_on_demand(KeyId=key)
    [told] = dev.told(1)
    assert told["detail"] == {
        "key-id": key,
        "key-origin": "EXTERNAL",
        "rotation-type": "ON_DEMAND",
        "previous-key-material-id": first,
        "current-key-material-id": second,
    }


def test_each_expiration_of_imported_key_material_is_told(dev):
    first_valid_to = int(time.time()) + 2 * 86400
    key, first = imported(dev.kms, first_valid_to)
    _, second = imported(
        dev.kms, first_valid_to + 86400, b"\x08" * 32, key, ImportType="NEW_KEY_MATERIAL"
    )
    dev.server.advance("P1D")
    # Nothing warns before: that is what the metric is for.
    assert lines(dev.path) == []
    dev.server.advance("P3D")
    expected = [
        event(
            "KMS Imported Key Material Expiration",
            key,
            second_of(datetime.fromtimestamp(valid_to, timezone.utc)),
            {"key-material-id": material},
        )
        for valid_to, material in [(first_valid_to, first), (first_valid_to + 86400, second)]
    ]
    assert [without_id(one) for one in dev.told(2)] == expected


def test_a_deletion_is_told_when_it_happens(dev):
    key = dev.kms.create_key()["KeyMetadata"]["KeyId"]
    cancelled = dev.kms.create_key()["KeyMetadata"]["KeyId"]
    dates = {}
    for one in (key, cancelled):
        dates[one] = dev.kms.schedule_key_deletion(KeyId=one, PendingWindowInDays=7)["DeletionDate"]
    dev.kms.cancel_key_deletion(KeyId=cancelled)
    dev.server.advance("P6D")
    assert lines(dev.path) == []
    dev.server.advance("P2D")
    [told] = dev.told(1)
    assert without_id(told) == event("KMS CMK Deletion", key, second_of(dates[key]), {})


def test_many_events_have_their_order_and_ids_of_their_own(dev):
    key = dev.kms.create_key()["KeyMetadata"]["KeyId"]
    dev.kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    dev.server.advance("P5Y")
    told = dev.told(20)
    assert [one["time"] for one in told] == sorted(one["time"] for one in told)
    assert len({one["id"] for one in told}) == 20
    materials = [current_material(dev.kms, key)]
    for one in reversed(told):
        assert one["detail"]["current-key-material-id"] == materials[-1]
        materials.append(one["detail"]["previous-key-material-id"])
    assert len(set(materials)) == 21


def test_nothing_else_is_told(dev):
    key = dev.kms.create_key()["KeyMetadata"]["KeyId"]
    dev.kms.disable_key(KeyId=key)
    dev.kms.enable_key(KeyId=key)
    dev.kms.create_alias(AliasName="alias/a", TargetKeyId=key)
    dev.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    external, _ = imported(dev.kms, time.time() + 86400)
    dev.kms.delete_imported_key_material(KeyId=external)
    dev.kms.cancel_key_deletion(KeyId=key)
    dev.kms.enable_key(KeyId=key)
    dev.kms.rotate_key_on_demand(KeyId=key)
    assert [one["detail-type"] for one in dev.told(1)] == ["KMS CMK Rotation"]
    assert dev.server.post("/_trent/reset")[0] == 200
    key = dev.kms.create_key()["KeyMetadata"]["KeyId"]
    dev.kms.rotate_key_on_demand(KeyId=key)
    assert dev.told(2)[1]["detail"]["key-id"] == key


# The file


def test_the_file_is_the_owner_s_and_can_be_moved_away(dev):
    key = dev.kms.create_key()["KeyMetadata"]["KeyId"]
    dev.kms.rotate_key_on_demand(KeyId=key)
    dev.told(1)
    assert dev.path.stat().st_mode & 0o777 == 0o600
    moved = dev.path.rename(dev.path.with_name("moved"))
    dev.kms.rotate_key_on_demand(KeyId=key)
    dev.told(1)
    assert len(lines(moved)) == 1
    assert dev.path.stat().st_mode & 0o777 == 0o600
    # An orderly end leaves nothing behind.
    dev.kms.rotate_key_on_demand(KeyId=key)
    assert dev.server.stop() == 0
    assert len(lines(dev.path)) == 2


def test_a_file_that_cannot_be_written_delays_events_and_nothing_else(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "events.jsonl"
    with open(tmp_path / "log", "w") as log:
        with Trent("--events-file", path, log=log) as server:
            kms = server.client()
            path.unlink()
            folder.rmdir()
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.rotate_key_on_demand(KeyId=key)
            kms.encrypt(KeyId=key, Plaintext=b"a")
            delivered = {"sink": "file", "result": "delivered"}
            wait_until(lambda: waiting(server.url, "file") == 1)
            assert Metrics(server.url).value("trent_event_deliveries_total", **delivered) == 0
            folder.mkdir()
            wait_until(lambda: len(lines(path)) == 1)
            wait_until(lambda: waiting(server.url, "file") == 0)
            assert Metrics(server.url).value("trent_event_deliveries_total", **delivered) == 1
    assert "events are not delivered" in (tmp_path / "log").read_text()


def waiting(url, sink):
    return Metrics(url).value("trent_events_waiting", sink=sink)


def test_a_file_that_cannot_be_made_is_refused(serve, tmp_path):
    path = tmp_path / "no" / "events.jsonl"
    refusal = serve(tls=False, settings={"events": {"file": str(path)}}).init().refusal()
    assert str(path) in refusal


# The webhook

PATH = "a-path-that-is-not-logged"


def example():
    """What docs/events.md shows to receivers."""
    source = (ROOT / "docs/events.md").read_text()
    [example] = re.findall(r"```python\n(.*?)```", source, re.DOTALL)
    scope = {}
    exec(example, scope)
    return scope["verified"]


class Receiver:
    """A server on this machine that takes webhooks. `answers` are the next statuses, then 204."""

    def __init__(self, directory, port=0):
        self.authority = Authority(directory / "receiver-authority.crt", "receiver authority")
        certificate, key = directory / "receiver.crt", directory / "receiver.key"
        self.authority.certify(certificate, key)
        self.requests, self.answers, self.delay = [], [], 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, dict(self.headers), body))
                time.sleep(receiver.delay)
                status = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self):
                receiver.requests.append((self.path, dict(self.headers), b"GET"))

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        self.http.socket = tls.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/{PATH}"

    def await_requests(self, count, seconds=30):
        wait_until(lambda: len(self.requests) >= count, seconds)
        assert len(self.requests) == count, self.requests

    def events(self, secret=SECRET):
        """What has come, signatures verified."""
        return [example()(headers, body, secret) for _, headers, body in self.requests]

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def receiver(tmp_path):
    receiver = Receiver(tmp_path)
    yield receiver
    receiver.close()


class Told:
    """A `trent serve` whose events go to a webhook and to a file."""

    def __init__(self, serve, directory, url, authority, **webhook):
        self.secret_file, self.path = directory / "secret", directory / "events.jsonl"
        self.secret_file.touch(0o600)
        self.secret_file.write_text(SECRET + "\n")
        metrics = f"127.0.0.1:{free_port()}"
        self.metrics_url = f"http://{metrics}"
        settings = {
            "url": url,
            "secret_file": str(self.secret_file),
            "ca_file": str(authority.path),
            **webhook,
        }
        self.server = serve(
            tls=False,
            settings={
                "events": {"webhook": settings, "file": str(self.path)},
                "metrics": {"listen": metrics},
            },
        )
        made = self.server.run(
            "init", "--data-dir", self.server.data_dir, "--account", ACCOUNT
        )
        assert made.returncode == 0, made.stderr
        self.credentials = re.findall(r"AWS_(?:ACCESS|SECRET)\w+=(\S+)", made.stdout)
        self.start()

    def start(self):
        self.server.start()
        self.kms = self.server.client("us-east-1", *self.credentials)

    def key(self):
        return self.kms.create_key()["KeyMetadata"]["KeyId"]

    def rotate(self, key):
        self.kms.rotate_key_on_demand(KeyId=key)

    def deliveries(self, sink="webhook"):
        metrics = Metrics(self.metrics_url)
        results = ("delivered", "failed", "dropped")
        name = "trent_event_deliveries_total"
        return {one: metrics.value(name, sink=sink, result=one) for one in results}

    def waiting(self, sink="webhook"):
        return Metrics(self.metrics_url).value("trent_events_waiting", sink=sink)

    def log(self):
        return self.server.log_path.read_text()


@pytest.fixture
def told(serve, tmp_path, receiver):
    return Told(serve, tmp_path, receiver.url, receiver.authority)


def test_a_webhook_gets_signed_events(told, receiver):
    key = told.key()
    told.rotate(key)
    receiver.await_requests(1)
    [(path, headers, body)] = receiver.requests
    assert path == f"/{PATH}"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("trent/")
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    [received] = receiver.events()
    assert (received["detail-type"], received["detail"]["key-id"]) == ("KMS CMK Rotation", key)
    # Both sinks get the same.
    wait_until(lambda: lines(told.path) == [received])
    assert headers["webhook-id"] == received["id"]
    # Another secret, another time and another body are noticed.
    verified = example()
    for changed, changed_body, secret in [
        ({}, body, OTHER_SECRET),
        ({"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1)}, body, SECRET),
        ({"webhook-id": str(uuid.uuid4())}, body, SECRET),
        ({"webhook-signature": "v1,AAAA"}, body, SECRET),
        ({}, body.replace(b"ON_DEMAND", b"AUTOMATIC"), SECRET),
    ]:
        with pytest.raises(ValueError):
            verified({**headers, **changed}, changed_body, secret)
    with pytest.raises(ValueError):
        verified(headers, body, SECRET, now=time.time() + 600)
    wait_until(lambda: told.waiting() == 0)
    assert told.deliveries() == {"delivered": 1, "failed": 0, "dropped": 0}


def test_a_secret_is_replaced_without_a_restart(told, receiver):
    key = told.key()
    told.secret_file.write_text(f"{OTHER_SECRET}\n{SECRET}\n")
    told.rotate(key)
    receiver.await_requests(1)
    assert receiver.events(SECRET) == receiver.events(OTHER_SECRET)
    told.secret_file.write_text(OTHER_SECRET)
    told.rotate(key)
    receiver.await_requests(2)
    assert len(receiver.events(OTHER_SECRET)) == 2
    with pytest.raises(ValueError):
        receiver.events(SECRET)


def test_what_fails_is_tried_again_under_the_same_id(told, receiver):
    # Redirects are not followed.
    receiver.answers = [500, 302]
    key = told.key()
    told.rotate(key)
    receiver.await_requests(3)
    first, second, third = receiver.events()
    assert first == second == third
    ids = {headers["webhook-id"] for _, headers, _ in receiver.requests}
    assert ids == {first["id"]}
    assert {path for path, *_ in receiver.requests} == {f"/{PATH}"}
    wait_until(lambda: told.waiting() == 0)
    assert told.deliveries() == {"delivered": 1, "failed": 2, "dropped": 0}
    assert "the answer is 500" in told.log()
    assert "events are delivered again" in told.log()


def test_one_event_that_is_refused_does_not_hold_up_others(told, receiver):
    receiver.answers = [400]
    first, second = told.key(), told.key()
    told.rotate(first)
    receiver.await_requests(1)
    told.rotate(second)
    receiver.await_requests(3)
    assert [one["detail"]["key-id"] for one in receiver.events()] == [first, second, first]


def test_an_event_survives_kill_minus_nine(serve, tmp_path):
    port = free_port()
    authority = Authority(tmp_path / "no-authority.crt")
    told = Told(serve, tmp_path, f"https://127.0.0.1:{port}/{PATH}", authority)
    key = told.key()
    told.rotate(key)
    told.server.kill()
    receiver = Receiver(tmp_path, port)
    try:
        (tmp_path / "no-authority.crt").write_bytes(receiver.authority.path.read_bytes())
        told.start()
        receiver.await_requests(1)
        [received] = receiver.events()
        assert received["detail"]["key-id"] == key
        assert received["detail"]["current-key-material-id"] == current_material(told.kms, key)
        # To the file it may have come twice, under one id.
        wait_until(lambda: told.waiting("file") == 0)
        assert {one["id"] for one in lines(told.path)} == {received["id"]}
        wait_until(lambda: told.waiting() == 0)
        # What was delivered is not delivered again.
        told.server.kill()
        told.start()
        told.rotate(key)
        receiver.await_requests(2)
        assert receiver.events()[1]["id"] != received["id"]
    finally:
        receiver.close()


def test_a_receiver_that_is_gone_is_left_alone_until_the_next_start(told, receiver):
    receiver.answers = [410]
    key = told.key()
    told.rotate(key)
    receiver.await_requests(1)
    wait_until(lambda: "(410)" in told.log())
    told.rotate(key)
    wait_until(lambda: told.waiting() == 2)
    wait_until(lambda: len(lines(told.path)) == 2)
    time.sleep(1)
    assert len(receiver.requests) == 1
    assert told.server.stop() == 0
    told.start()
    receiver.await_requests(3)
    assert [one["id"] for one in receiver.events()[1:]] == [one["id"] for one in lines(told.path)]


def test_a_receiver_that_hangs_slows_nothing(serve, tmp_path, receiver):
    receiver.delay = 30
    told = Told(serve, tmp_path, receiver.url, receiver.authority, timeout="500ms")
    key = told.key()
    for count in range(1, 6):
        told.rotate(key)
        began = time.monotonic()
        wait_until(lambda: len(lines(told.path)) == count)
        assert time.monotonic() - began < 5
    wait_until(lambda: len(receiver.requests) > 0)
    took = []
    for _ in range(200):
        began = time.monotonic()
        told.kms.encrypt(KeyId=key, Plaintext=b"a")
        took.append(time.monotonic() - began)
    assert sorted(took)[100] < 0.1, sorted(took)[-5:]
    wait_until(lambda: told.deliveries()["failed"] >= 5)
    assert told.deliveries()["delivered"] == 0
    assert told.waiting() == 5
    assert "no answer within 500ms" in told.log()
    began = time.monotonic()
    assert told.server.stop() == 0
    assert time.monotonic() - began < 10


def test_a_receiver_with_a_strange_certificate_gets_nothing(serve, tmp_path, receiver):
    stranger = Authority(tmp_path / "stranger.crt")
    told = Told(serve, tmp_path, receiver.url, stranger)
    told.rotate(told.key())
    wait_until(lambda: told.deliveries()["failed"] >= 1)
    assert receiver.requests == []


def test_neither_secret_nor_path_is_in_the_log(serve, tmp_path, receiver):
    receiver.answers = [500, 410]
    told = Told(serve, tmp_path, receiver.url, receiver.authority)
    told.rotate(told.key())
    wait_until(lambda: "(410)" in told.log())
    told.secret_file.write_text("whsec_broken")
    told.server.stop()
    told.secret_file.chmod(0o644)
    refusals = [told.server.refusal(), told.server.refusal("--check")]
    told.secret_file.chmod(0o600)
    refusals += [told.server.refusal(), told.server.refusal("--check")]
    assert "chmod 600" in refusals[0] and "whsec_" in refusals[2]
    for text in [told.log(), *refusals]:
        for hidden in (SECRET.removeprefix("whsec_"), "broken", PATH):
            assert hidden not in text


def test_without_sinks_nothing_is_kept(serve, tmp_path, receiver):
    told = Told(serve, tmp_path, receiver.url, receiver.authority)
    key = told.key()
    assert told.server.stop() == 0
    told.path.unlink()
    settings = {name: one for name, one in told.server.settings.items() if name != "events"}
    told.server.configure(settings)
    told.start()
    told.rotate(key)
    assert told.server.stop() == 0
    told.server.configure(told.server.settings)
    told.start()
    told.rotate(key)
    receiver.await_requests(1)
    wait_until(lambda: len(lines(told.path)) == 1)
