"""TLS of `trent serve`: who trusts whom, and certificates that change."""

import contextlib
import os
import signal
import socket
import ssl
import threading
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, SSLError
from certificates import Authority
from cryptography import x509
from trent_server import wait_until

RELOADED_WITHIN = 15


@pytest.fixture
def server(serve):
    return serve().start()


def connect(server, context=None):
    """A TLS connection to the server."""
    plain = socket.create_connection(("127.0.0.1", server.port), 10)
    try:
        return (context or server.tls()).wrap_socket(plain, server_hostname="127.0.0.1")
    except BaseException:
        plain.close()
        raise


def serial_number(server, context=None):
    """That of the certificate that the server shows to a new connection."""
    with connect(server, context) as connection:
        return x509.load_der_x509_certificate(connection.getpeercert(True)).serial_number


def get(connection, path="/_trent/ready"):
    """The status of a request on the connection."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = connection.recv(65536)
    return int(answer.split(b" ", 2)[1]) if answer else None


def unrecognized(client):
    """Whether the server understands a client that it does not know."""
    with pytest.raises(ClientError) as caught:
        client.list_keys()
    return caught.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_the_sdk_speaks_with_a_server_whose_authority_it_trusts(server):
    assert server.url.startswith("https://")
    assert unrecognized(server.client())


def test_a_client_that_trusts_another_authority_does_not_speak_with_the_server(server, tmp_path):
    other = Authority(tmp_path / "other.crt", "other")
    client = boto3.client(
        "kms",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        verify=str(other.path),
        config=Config(retries={"max_attempts": 0}),
    )
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        client.list_keys()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(server, version):
    context = server.tls()
    context.minimum_version = context.maximum_version = version
    with connect(server, context) as connection:
        assert connection.version() == version.name.replace("_", ".")
        assert get(connection) == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_older_versions_are_not_spoken(server):
    context = server.tls()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connect(server, context)


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), ([], None)]
)
def test_the_version_of_http_is_negotiated(server, offered, chosen):
    context = server.tls()
    if offered:
        context.set_alpn_protocols(offered)
    with connect(server, context) as connection:
        assert connection.selected_alpn_protocol() == chosen


def test_plain_http_is_not_answered_on_a_port_of_tls(server):
    with socket.create_connection(("127.0.0.1", server.port), 10) as plain:
        plain.sendall(b"GET /_trent/ready HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP" not in plain.recv(65536)
    assert server.get("/_trent/ready") == {"ready": True}


def test_a_handshake_takes_no_longer_than_it_may(serve):
    server = serve(settings={"http": {"handshake_timeout": "500ms"}}).start()
    with socket.create_connection(("127.0.0.1", server.port), 10) as silent:
        began = time.monotonic()
        assert silent.recv(1) == b""
        assert 0.4 < time.monotonic() - began < 5
    assert server.get("/_trent/ready") == {"ready": True}


# Certificates of clients


@pytest.fixture
def clients(tmp_path):
    """The authority of clients."""
    return Authority(tmp_path / "clients.crt", "clients")


def with_certificate(server, authority, path, name="client"):
    """A context that shows a certificate of this authority."""
    certificate, key = path / f"{name}.crt", path / f"{name}.key"
    authority.certify(certificate, key, name)
    context = server.tls()
    context.load_cert_chain(certificate, key)
    return context, (str(certificate), str(key))


def test_a_client_needs_a_certificate_of_the_authority_where_one_is_configured(
    serve, clients, tmp_path
):
    server = serve(settings={"tls": {"client_ca": str(clients.path)}}).start()
    context, files = with_certificate(server, clients, tmp_path)
    with connect(server, context) as connection:
        assert get(connection) == 200
    assert unrecognized(server.client(client_cert=files))
    stranger, _ = with_certificate(server, server.authority, tmp_path, "stranger")
    for refused in (server.tls(), stranger):
        # With TLS 1.3 a client learns of it when it reads.
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            with connect(server, refused) as connection:
                assert get(connection) is None
                raise ConnectionResetError
    with pytest.raises((SSLError, ConnectionError)):
        server.client().list_keys()


def test_the_authority_of_clients_is_reloaded_too(serve, clients, tmp_path):
    server = serve(settings={"tls": {"client_ca": str(clients.path)}}).start()
    newer = Authority(tmp_path / "newer.crt", "newer")
    context, _ = with_certificate(server, newer, tmp_path)
    old_context, _ = with_certificate(server, clients, tmp_path, "old")

    def is_let_in(context):
        try:
            with connect(server, context) as connection:
                return get(connection) == 200
        except (ssl.SSLError, ConnectionResetError):
            return False

    assert is_let_in(old_context) and not is_let_in(context)
    os.replace(newer.path, clients.path)
    wait_until(lambda: is_let_in(context), RELOADED_WITHIN)
    assert not is_let_in(old_context)


# Reloading


def test_a_new_certificate_is_taken_without_a_request_failing(server):
    stop, calls, failures = threading.Event(), [0], []

    def hammer(keeps_connection):
        client = server.client()
        while not stop.is_set():
            try:
                if not keeps_connection:
                    client = server.client()
                assert unrecognized(client)
                calls[0] += 1
            except BaseException as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=hammer, args=(kept,)) for kept in (True, True, False)]
    for thread in threads:
        thread.start()
    try:
        with connect(server) as connection:
            assert get(connection) == 200
            for _ in range(3):
                wanted = server.authority.certify(server.certificate, server.private_key)
                wait_until(lambda: serial_number(server) == wanted, RELOADED_WITHIN)
            # A connection from before goes on.
            assert get(connection) == 200
        before = calls[0]
        wait_until(lambda: calls[0] > before + 20 or failures)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []


@pytest.mark.parametrize("spoilt", ["certificate", "private_key"])
def test_a_new_certificate_that_is_no_good_changes_nothing_and_is_told(server, spoilt):
    before = serial_number(server)
    path = getattr(server, spoilt)
    good = path.read_bytes()
    path.write_bytes(b"no good")
    wait_until(lambda: "not reloaded" in server.log_path.read_text(), RELOADED_WITHIN)
    said = server.log_path.read_text()
    assert f"`tls.{spoilt}`" in said and "ERROR" in said
    assert serial_number(server) == before
    # It is told once, not again and again.
    time.sleep(5)
    assert server.log_path.read_text() == said
    path.write_bytes(good)
    wait_until(lambda: "reloaded" in server.log_path.read_text()[len(said) :], RELOADED_WITHIN)
    wanted = server.authority.certify(server.certificate, server.private_key)
    wait_until(lambda: serial_number(server) == wanted, RELOADED_WITHIN)


def test_a_new_key_that_others_can_read_is_not_taken(server):
    before = serial_number(server)
    server.private_key.chmod(0o644)
    wanted = server.authority.certify(server.certificate, server.private_key.with_name("new"))
    assert wanted != before
    wait_until(lambda: "0644" in server.log_path.read_text(), RELOADED_WITHIN)
    assert serial_number(server) == before


def test_sighup_reloads(server):
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "TLS files reloaded" in server.log_path.read_text())
    assert server.get("/_trent/ready") == {"ready": True}
