"""How `trent serve` ends: readiness, the delay, requests that run."""

import contextlib
import json
import time
import urllib.error

import pytest
from raw_http import Connection, api_request, request_bytes
from trent_server import wait_until

READY = request_bytes([("Host", "x")], b"", "GET", "/_trent/ready")


def readiness(connection):
    answer = connection.exchange(READY, "GET")
    return answer.status, answer.json


def begun(server, connection):
    """Begins a request; returns what is to be sent that it ends."""
    body = b'{"Limit":1}'
    request = api_request(server.port, "ListKeys", body, extra=[("Expect", "100-continue")])
    connection.send(request[: -len(body)])
    assert connection.receive().status == 100
    return body


@pytest.mark.parametrize("delay", ["0s", "2s"])
def test_requests_that_run_are_answered_before_the_end(serve, delay):
    server = serve(tls=False, settings={"http": {"shutdown_delay": delay}}).start()
    with Connection(server.port) as running:
        rest = begun(server, running)
        server.process.terminate()
        time.sleep(3)
        assert server.process.poll() is None
        running.send(rest)
        assert running.receive().code == "UnrecognizedClientException"
        assert running.at_end()
    assert server.process.wait(10) == 0


def test_a_server_that_is_to_end_is_not_ready_but_goes_on_for_the_delay(serve):
    server = serve(tls=False, settings={"http": {"shutdown_delay": "3s"}}).start()

    def readiness_of_new():
        with Connection(server.port) as new:
            return readiness(new)

    with Connection(server.port) as old:
        assert readiness(old) == (200, {"ready": True})
        server.process.terminate()
        began = time.monotonic()
        wait_until(lambda: readiness_of_new()[0] == 503)
        # Whoever is connected is told to come back elsewhere.
        answer = old.exchange(READY, "GET")
        assert (answer.status, answer.json["ready"]) == (503, False)
        assert answer.json["message"] == "the server is shutting down"
        assert answer.ends_connection and old.at_end()
        with Connection(server.port) as new:
            answer = new.exchange(api_request(server.port, "ListKeys"))
            assert answer.code == "UnrecognizedClientException"
            assert answer.ends_connection and new.at_end()
        assert server.process.wait(10) == 0
        assert time.monotonic() - began > 2.5


def test_the_readiness_of_a_server_that_ends_is_an_error_for_probes(serve):
    server = serve(settings={"http": {"shutdown_delay": "3s"}}).start()
    server.process.terminate()

    def status():
        try:
            return server.get("/_trent/ready") and 200
        except urllib.error.HTTPError as error:
            assert json.load(error)["ready"] is False
            return error.code

    wait_until(lambda: status() == 503)


def test_requests_that_run_for_too_long_do_not_hold_the_end_up(serve):
    server = serve(tls=False, settings={"http": {"shutdown_timeout": "1s"}}).start()
    with Connection(server.port) as running:
        begun(server, running)
        began = time.monotonic()
        assert server.stop(timeout=10) == 0
        assert 0.5 < time.monotonic() - began < 5
    assert "still running" in server.log_path.read_text()


def test_idle_connections_of_tls_do_not_hold_the_end_up(serve):
    server = serve().start()
    with contextlib.ExitStack() as held:
        held.enter_context(Connection(server.port))
        plain = held.enter_context(Connection(server.port))
        tls = server.tls().wrap_socket(plain.socket, server_hostname="127.0.0.1")
        tls.sendall(READY)
        assert tls.recv(65536).startswith(b"HTTP/1.1 200 ")
        began = time.monotonic()
        assert server.stop(timeout=20) == 0
        assert time.monotonic() - began < 5
    assert "still running" not in server.log_path.read_text()
