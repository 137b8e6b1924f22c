"""What a client may take of a server: time, connections, bytes. The limits of `trent dev` are the
same, with their defaults."""

import contextlib
import resource
import socket
import time

import pytest
from raw_http import (
    ACK,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    HTTP_2_PREFACE,
    NO_ERROR,
    PING,
    SETTINGS,
    STATUS_200,
    Closed,
    Connection,
    api_request,
    frame,
    next_frame,
    request_bytes,
)
from trent_server import wait_until

READY = request_bytes([("Host", "x")], b"", "GET", "/_trent/ready")
MAX_CONCURRENT_STREAMS, MAX_HEADER_LIST_SIZE = 3, 6
KIB = 1024


def with_limits(serve, **limits):
    return serve(tls=False, settings={"http": limits}).start()


def seconds_until_closed(connection):
    began = time.monotonic()
    assert connection.at_end()
    return time.monotonic() - began


def is_answered(connection):
    return connection.exchange(READY, "GET").status == 200


# Time


@pytest.mark.parametrize("sent", [b"", b"G", b"PRI * HTTP/2.0\r\n"])
def test_a_connection_that_asks_nothing_is_closed(serve, sent):
    server = with_limits(serve, idle_timeout="1s", header_timeout="1s")
    with Connection(server.port) as connection:
        connection.send(sent)
        assert 0.5 < seconds_until_closed(connection) < 8


def test_slow_headers_are_not_waited_for(serve):
    server = with_limits(serve, idle_timeout="60s", header_timeout="1s")
    with Connection(server.port) as connection:
        # The time is that of all headers, not that between two bytes.
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in READY[:-4] * 100:
                connection.send(bytes([byte]))
                time.sleep(0.1)
                if time.monotonic() - began > 8:
                    break
        assert 0.5 < time.monotonic() - began < 5
        assert connection.at_end()


def test_slow_headers_of_a_later_request_are_not_waited_for_either(serve):
    server = with_limits(serve, idle_timeout="60s", header_timeout="1s")
    with Connection(server.port) as connection:
        assert is_answered(connection)
        time.sleep(2)
        assert is_answered(connection)
        connection.send(READY[:10])
        assert 0.5 < seconds_until_closed(connection) < 5


def test_a_slow_body_is_answered_with_a_timeout(serve):
    server = with_limits(serve, body_timeout="1s", header_timeout="60s", idle_timeout="1s")
    request = api_request(server.port, "ListKeys", b'{"Limit":1}')
    with Connection(server.port) as connection:
        began = time.monotonic()
        connection.send(request[:-1])
        answer = connection.receive()
        assert 0.5 < time.monotonic() - began < 5
        assert (answer.status, answer.code) == (408, "RequestTimeoutException")
        assert connection.at_end()


def test_an_idle_connection_is_closed_and_a_used_one_is_not(serve):
    server = with_limits(serve, idle_timeout="2s", header_timeout="60s")
    with Connection(server.port) as idle, Connection(server.port) as used:
        assert is_answered(idle) and is_answered(used)
        for _ in range(8):
            time.sleep(0.5)
            assert is_answered(used)
        # It has been closed meanwhile, between two answers.
        assert seconds_until_closed(idle) < 1
        assert is_answered(used)


def test_an_idle_http_2_connection_is_told_to_go(serve):
    server = with_limits(serve, idle_timeout="2s", header_timeout="500ms")
    # GET, http, :path and :authority of the static table, the last two with values of their own.
    ready = b"\x82\x86" + b"\x04\x0d/_trent/ready" + b"\x01\x01x"
    with Connection(server.port) as connection:
        connection.send(HTTP_2_PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0))
        connection.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, ready))
        kinds, began = [], time.monotonic()
        with contextlib.suppress(Closed):
            while True:
                kind, flags, _, payload = next_frame(connection)
                kinds.append(kind)
                if kind == PING and not flags & ACK:
                    connection.send(frame(PING, ACK, 0, payload))
                if kind == HEADERS:
                    assert payload.lstrip(b"\x20")[0] == STATUS_200
                if kind == GOAWAY:
                    assert payload[4:8] == NO_ERROR
        assert 1.5 < time.monotonic() - began < 8
        assert kinds.index(HEADERS) < kinds.index(GOAWAY)


# Connections


def test_further_connections_wait_until_one_ends(serve):
    server = with_limits(serve, connections_max=3)
    with contextlib.ExitStack() as held:
        connections = [held.enter_context(Connection(server.port)) for _ in range(3)]
        assert all(is_answered(connection) for connection in connections)
        further = held.enter_context(Connection(server.port, timeout=1))
        further.send(READY)
        with pytest.raises(TimeoutError):
            further.receive("GET")
        assert "connections" in server.log_path.read_text()
        assert all(is_answered(connection) for connection in connections)
        connections[1].close()
        further.socket.settimeout(10)
        assert further.receive("GET").status == 200
    assert server.stop() == 0


def test_idle_connections_make_room_for_others(serve):
    server = with_limits(serve, connections_max=2, idle_timeout="1s")
    with Connection(server.port), Connection(server.port), Connection(server.port) as further:
        assert is_answered(further)


def test_a_full_server_can_be_stopped(serve):
    server = with_limits(serve, connections_max=2)
    with Connection(server.port) as one, Connection(server.port) as two:
        assert is_answered(one) and is_answered(two)
        with Connection(server.port) as further:
            further.send(READY)
            assert server.stop(timeout=10) == 0


def test_the_limit_of_file_descriptors_is_raised_for_the_connections(serve):
    server = serve(tls=False, settings={"http": {"connections_max": 300}}).init()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0] >= 300 + 100
    with contextlib.ExitStack() as held:
        connections = [held.enter_context(Connection(server.port)) for _ in range(300)]
        assert all(is_answered(connection) for connection in connections)
    assert "file descriptors" not in server.log_path.read_text()


# Bytes


def settings_of(server):
    """What the server says about itself at the beginning of an HTTP/2 connection."""
    with Connection(server.port) as connection:
        connection.send(HTTP_2_PREFACE + frame(SETTINGS, 0, 0))
        while True:
            kind, flags, _, payload = next_frame(connection)
            if kind == SETTINGS and not flags & ACK:
                entries = [payload[at : at + 6] for at in range(0, len(payload), 6)]
                return {int.from_bytes(e[:2]): int.from_bytes(e[2:]) for e in entries}


def test_the_streams_and_headers_of_an_http_2_connection_are_bounded(serve):
    settings = settings_of(with_limits(serve, http2_streams_max=7))
    assert settings[MAX_CONCURRENT_STREAMS] == 7
    assert settings[MAX_HEADER_LIST_SIZE] == 64 * KIB


@pytest.mark.parametrize("size", [60 * KIB, 70 * KIB, 1024 * KIB])
def test_large_headers_are_refused(serve, size):
    server = with_limits(serve)
    with Connection(server.port) as connection:
        headers = [("Host", "x"), ("X-Large", "x" * size)]
        request = request_bytes(headers, b"", "GET", "/_trent/ready")
        if size < 64 * KIB:
            assert connection.exchange(request, "GET").status == 200
            return
        with contextlib.suppress(ConnectionError):
            connection.send(request)
        with contextlib.suppress(Closed):
            assert connection.receive("GET").status == 431
    with Connection(server.port) as connection:
        assert is_answered(connection)


@pytest.mark.parametrize(("count", "status"), [(90, 200), (110, 431)])
def test_many_headers_are_refused(serve, count, status):
    server = with_limits(serve)
    headers = [("Host", "x"), *((f"X-{number}", "x") for number in range(count))]
    with Connection(server.port) as connection:
        request = request_bytes(headers, b"", "GET", "/_trent/ready")
        assert connection.exchange(request, "GET").status == status


def test_the_largest_body_can_be_set(serve):
    server = with_limits(serve, request_bytes_max="32 KiB")
    for size, code in [
        (32 * KIB, "UnrecognizedClientException"),
        (32 * KIB + 1, "RequestEntityTooLargeException"),
    ]:
        with Connection(server.port) as connection:
            body = b"{" + b" " * (size - 2) + b"}"
            assert connection.exchange(api_request(server.port, "ListKeys", body)).code == code


def test_all_bodies_together_are_bounded(serve):
    limits = {"request_bytes_max": "64 KiB", "all_requests_bytes_max": "128 KiB"}
    server = with_limits(serve, **limits)
    body = b"{" + b" " * (60 * KIB) + b"}"
    request = api_request(server.port, "ListKeys", body)

    def begin(connection):
        """Sends all but a byte, when the server says that it reads."""
        asking = api_request(server.port, "ListKeys", body, extra=[("Expect", "100-continue")])
        connection.send(asking[: -len(body)])
        assert connection.receive().status == 100
        connection.send(body[:-1])

    with Connection(server.port) as one, Connection(server.port) as two:
        begin(one)
        begin(two)

        def is_refused():
            with Connection(server.port) as further:
                answer = further.exchange(request)
                return (answer.status, answer.code) == (503, "ServiceUnavailable")

        wait_until(is_refused)
        with Connection(server.port) as small:
            answer = small.exchange(api_request(server.port, "ListKeys"))
            assert answer.code == "UnrecognizedClientException"
        for connection in (one, two):
            connection.send(body[-1:])
            assert connection.receive().code == "UnrecognizedClientException"
    with Connection(server.port) as further:
        assert further.exchange(request).code == "UnrecognizedClientException"


def test_clients_that_take_no_answer_do_not_hold_the_server_up(serve):
    server = with_limits(serve, connections_max=2, idle_timeout="1s", header_timeout="1s")
    with contextlib.ExitStack() as held:
        for _ in range(2):
            deaf = held.enter_context(Connection(server.port))
            deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
            deaf.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    deaf.send(READY * 100)

        def is_served():
            with Connection(server.port) as connection:
                return is_answered(connection)

        wait_until(is_served, 30)
