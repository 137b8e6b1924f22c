"""Metrics: what is counted, that labels give nothing away, that document, dashboard and alerts name
what is there."""

import json
import re
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from raw_http import Connection, request_bytes
from trent_server import ROOT, Trent, free_port

EXPIRATION = "trent_key_material_expiration_seconds"
REQUESTS = "trent_requests_total"


@pytest.fixture
def dev(tmp_path):
    with Trent("--events-file", tmp_path / "events.jsonl") as server:
        yield server


@pytest.fixture
def beside(serve):
    """A `trent serve` with TLS, and where its metrics are."""
    address = f"127.0.0.1:{free_port()}"
    return serve(settings={"metrics": {"listen": address}}).start(), f"http://{address}"


def page(url):
    with urllib.request.urlopen(url + "/metrics", timeout=30) as response:
        assert response.headers["Content-Type"].startswith("application/openmetrics-text;")
        return response.read().decode()


class Metrics:
    """The samples of a page. The parser is strict about the format."""

    def __init__(self, url):
        self.text = page(url)
        self.families = list(text_string_to_metric_families(self.text))
        self.samples = [sample for family in self.families for sample in family.samples]

    def value(self, name, **labels):
        values = [s.value for s in self.samples if s.name == name and s.labels == labels]
        assert len(values) <= 1, (name, labels)
        return values[0] if values else None

    def requests(self):
        """How many requests there were, by operation and code."""
        return {
            (s.labels["operation"], s.labels["code"]): s.value
            for s in self.samples
            if s.name == REQUESTS and s.value > 0
        }


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def expiring_key(kms, valid_to):
    """The ARN of a KMS key with imported key material that expires."""
    arn = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    parameters = kms.get_parameters_for_import(
        KeyId=arn, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = load_der_public_key(parameters["PublicKey"]).encrypt(b"\x07" * 32, oaep)
    kms.import_key_material(
        KeyId=arn,
        ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=wrapped,
        ValidTo=valid_to,
    )
    return arn


def test_requests_are_counted_exactly(dev):
    kms = dev.client()
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    for _ in range(7):
        blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    for _ in range(3):
        kms.decrypt(CiphertextBlob=blob)
    assert refused(kms.decrypt, CiphertextBlob=b"x" * 100) == "InvalidCiphertextException"
    assert refused(kms.describe_key, KeyId="alias/none") == "NotFoundException"
    kms.disable_key(KeyId=key_id)
    assert refused(kms.encrypt, KeyId=key_id, Plaintext=b"x") == "DisabledException"
    with Connection(dev.port) as connection:
        connection.exchange(request_bytes([("Host", "x")], b"", "POST", "/"))
        connection.exchange(request_bytes([("Host", "x")], b"", "GET", "/"))
    metrics = Metrics(dev.url)
    assert metrics.requests() == {
        ("CreateKey", "OK"): 1,
        ("Encrypt", "OK"): 7,
        ("Encrypt", "DisabledException"): 1,
        ("Decrypt", "OK"): 3,
        ("Decrypt", "InvalidCiphertextException"): 1,
        ("DescribeKey", "NotFoundException"): 1,
        ("DisableKey", "OK"): 1,
        ("None", "UnknownOperationException"): 1,
        ("None", "MissingAuthenticationTokenException"): 1,
    }
    assert metrics.value(REQUESTS, operation="Sign", code="OK") == 0
    took = "trent_request_duration_seconds"
    assert metrics.value(f"{took}_count", operation="Encrypt") == 8
    assert metrics.value(f"{took}_bucket", operation="Encrypt", le="+Inf") == 8
    assert 0 < metrics.value(f"{took}_sum", operation="Encrypt") < 8
    assert metrics.value(f"{took}_count", operation="Sign") is None


def test_requests_to_sts_are_counted(dev):
    def ask(action):
        body = f"Action={action}&Version=2011-06-15".encode()
        form = ("Content-Type", "application/x-www-form-urlencoded")
        with Connection(dev.port) as connection:
            connection.exchange(request_bytes([("Host", "x"), form], body, "POST", "/"))

    ask("GetCallerIdentity")
    ask("Nothing")
    assert Metrics(dev.url).requests() == {("STS", "Refused"): 2}


def test_rotations_and_deletions_are_counted(dev):
    kms = dev.client()
    rotating, doomed = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.enable_key_rotation(KeyId=rotating, RotationPeriodInDays=90)
    kms.schedule_key_deletion(KeyId=doomed, PendingWindowInDays=7)
    dev.advance("P200D")
    kms.rotate_key_on_demand(KeyId=rotating)
    metrics = Metrics(dev.url)
    assert metrics.value("trent_rotations_total", type="automatic") == 2
    assert metrics.value("trent_rotations_total", type="on_demand") == 1
    assert metrics.value("trent_deletions_total") == 1
    assert metrics.value("trent_rotations_overdue") == 0
    assert metrics.value("trent_job_failures_total") == 0
    assert metrics.value("trent_damaged_records") == 0
    now = time.time() + 200 * 86400
    assert abs(metrics.value("trent_jobs_last_run_timestamp_seconds") - now) < 60


def test_key_material_that_expires_soon_is_told(dev):
    kms = dev.client()
    soon, late = (expiring_key(kms, time.time() + days * 86400) for days in (10, 30))
    metrics = Metrics(dev.url)
    assert abs(metrics.value(EXPIRATION, key_arn=soon) - 10 * 86400) < 60
    assert metrics.value(EXPIRATION, key_arn=late) is None
    dev.advance("P18D")
    metrics = Metrics(dev.url)
    assert metrics.value("trent_expirations_total") == 1
    assert metrics.value(EXPIRATION, key_arn=soon) is None
    assert abs(metrics.value(EXPIRATION, key_arn=late) - 12 * 86400) < 60


def test_the_cache_and_the_store_are_counted(dev):
    kms = dev.client()
    before = Metrics(dev.url)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/one", TargetKeyId=key_id)
    for _ in range(5):
        kms.encrypt(KeyId="alias/one", Plaintext=b"x")
    after = Metrics(dev.url)

    def grown(name, **labels):
        return after.value(name, **labels) - before.value(name, **labels)

    assert grown("trent_store_commits_total", result="written") == 2
    assert grown("trent_store_commits_total", result="failed") == 0
    assert after.value("trent_store_commit_duration_seconds_count") >= 2
    assert after.value("trent_store_up") == 1
    assert grown("trent_store_reads_total", result="ok") > 0
    assert grown("trent_cache_hits_total", cache="aliases") == 4
    assert grown("trent_cache_hits_total", cache="keys") >= 4
    assert after.value("trent_cache_entries", cache="keys") == 1
    assert after.value("trent_cache_entries", cache="aliases") == 1


def test_connections_are_counted(dev):
    with Connection(dev.port) as idle:
        idle.exchange(request_bytes([("Host", "x")], b"", "GET", "/_trent/ready"))
        metrics = Metrics(dev.url)
        # One of them is that of the request for the metrics.
        assert metrics.value("trent_connections") == 2
    assert metrics.value("trent_connections_max") == 4096
    assert metrics.value("process_open_fds") > 2
    assert metrics.value("process_resident_memory_bytes") > 1 << 20
    assert metrics.value("process_cpu_seconds_total") > 0
    assert abs(metrics.value("process_start_time_seconds") - time.time()) < 60


def test_labels_give_nothing_away(dev):
    kms = dev.client(access_key_id="AKIAIOSFODNN7EXAMPLE", secret="a-very-secret-thing")
    key = kms.create_key(Description="the description")["KeyMetadata"]
    kms.create_alias(AliasName="alias/the-alias", TargetKeyId=key["KeyId"])
    context = {"the-context": "the-value"}
    kms.encrypt(KeyId=key["Arn"], Plaintext=b"the plaintext", EncryptionContext=context)
    refused(kms.describe_key, KeyId="alias/no-such-alias")
    expiring = expiring_key(kms, time.time() + 86400)
    metrics = Metrics(dev.url)
    others = [s for s in metrics.samples if s.name != EXPIRATION]
    allowed = {"operation", "code", "type", "result", "cache", "sink", "le", "version"}
    assert {label for sample in others for label in sample.labels} == allowed
    assert [s.labels for s in metrics.samples if s.name == EXPIRATION] == [{"key_arn": expiring}]
    text = metrics.text.replace(expiring, "")
    for secret in ("AKIA", "secret", "the-", "such", "description", key["KeyId"], "000000000000"):
        assert secret not in text, secret


def test_serve_has_metrics_on_an_address_of_their_own_alone(beside):
    server, url = beside
    assert Metrics(url).value("trent_store_up") == 1
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.get("/metrics")
    assert caught.value.code == 404
    for path in ("/_trent/health", "/_trent/ready"):
        with urllib.request.urlopen(url + path, timeout=30) as response:
            assert response.status == 200
    for method, path in [("POST", "/"), ("GET", "/_trent/clock"), ("POST", "/_trent/reset")]:
        request = urllib.request.Request(url + path, method=method)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=30)
        assert caught.value.code == 404
    assert refused(server.client().list_keys) == "UnrecognizedClientException"
    assert Metrics(url).requests() == {("ListKeys", "UnrecognizedClientException"): 1}
    assert server.stop() == 0


def test_serve_has_no_metrics_unless_it_is_told(serve):
    server = serve(tls=False).start()
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.get("/metrics")
    assert caught.value.code == 404


def test_the_document_names_what_is_there(dev):
    kms = dev.client()
    expiring_key(kms, time.time() + 86400)
    metrics = Metrics(dev.url)
    # A counter's sample has a name of its own.
    there = {
        (f"{family.name}_total" if family.type == "counter" else family.name): (
            family.type,
            {label for s in family.samples for label in s.labels} - {"le"},
        )
        for family in metrics.families
    }
    assert all(family.samples for family in metrics.families)
    document = (ROOT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|(.*?)\|", document, re.MULTILINE)
    told = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert told == there


def metric_names(expression):
    return set(re.findall(r"\b(?:trent|process)_[a-z_]+\b", re.sub(r'"[^"]*"', "", expression)))


def test_dashboard_and_alerts_name_what_is_there(dev):
    kms = dev.client()
    expiring_key(kms, time.time() + 86400)
    there = {sample.name for sample in Metrics(dev.url).samples}
    dashboard = json.loads((ROOT / "packaging/grafana-dashboard.json").read_text())
    shown = set()
    for panel in dashboard["panels"]:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            names = metric_names(target["expr"])
            assert names, target
            shown |= names
    for variable in dashboard["templating"]["list"]:
        shown |= metric_names(variable["query"]["query"] if variable["type"] == "query" else "")
    alerts = (ROOT / "packaging/alerts.yaml").read_text()
    alerts = "\n".join(line for line in alerts.splitlines() if not line.startswith("#"))
    alarming = metric_names(alerts)
    assert shown <= there, shown - there
    assert alarming <= there, alarming - there
    # Everything that is measured is shown.
    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in there}
    assert {re.sub(r"_bucket$", "", name) for name in shown} == bare
    assert {"trent_rotations_overdue", EXPIRATION, "trent_store_up", REQUESTS} <= alarming


def test_codes_in_the_alerts_are_exceptions():
    alerts = (ROOT / "packaging/alerts.yaml").read_text()
    known = set(re.findall(r'"(\w+)"', (ROOT / "crates/api/src/generated/errors.rs").read_text()))
    codes = re.search(r'code=~"([\w|]+)"', alerts).group(1).split("|")
    assert len(codes) == 5 and set(codes) <= known
