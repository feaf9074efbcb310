"""The limits on connections, idle time and bytes, over real sockets."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import numpy as np
import pytest

from edge.sinks.mjpeg import MjpegSink
from edge.web.access import AccessControl
from edge.web.limits import Limits, Rate
from edge.web.sessions import Token
from tests.results import result_of
from tests.waiting import until

TIMEOUT_S = 30
TOKEN = "correct-horse-battery-staple"
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer correct-horse-battery-staple\r\n\r\n"
NOISE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)

Serve = Callable[[Limits], MjpegSink]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as opened:
        yield lambda limits: opened.enter_context(
            MjpegSink(
                "127.0.0.1",
                0,
                lambda: {"shown_fps": 30.0},
                access=AccessControl([], Token(TOKEN), limits),
                limits=limits,
            )
        )


def connect(sink: MjpegSink, address: str = "127.0.0.1") -> socket.socket:
    port = int(sink.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), TIMEOUT_S, source_address=(address, 0))


def is_open(client: socket.socket) -> bool:
    """The server answers a request on the connection."""
    try:
        client.sendall(GET % b"/healthz")
        return client.recv(65536).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def wait_until_closed(client: socket.socket) -> bool:
    """Return True when the server has closed the connection."""
    try:
        while client.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def watch(sink: MjpegSink, address: str = "127.0.0.1") -> socket.socket:
    """A connection with the token that watches the stream."""
    client = connect(sink, address)
    client.sendall(GET % b"/stream")
    assert client.recv(1024).startswith(b"HTTP/1.1 200")
    return client


def sees_picture(sink: MjpegSink, viewer: socket.socket) -> bool:
    """Show pictures until the viewer receives one: the first may come before it watches."""
    viewer.settimeout(0.01)
    received = b""
    for _ in range(TIMEOUT_S * 100):
        sink.show(result_of(NOISE))
        try:
            received += viewer.recv(65536)
        except TimeoutError:
            continue
        if b"image/jpeg" in received:
            return True
    return False


def test_oldest_unauthorised_connection_is_replaced_first(serve: Serve) -> None:
    sink = serve(Limits(connections=3))
    with ExitStack() as opened:
        first, second, third = (
            opened.enter_context(connect(sink, f"127.0.0.{index}")) for index in (2, 3, 4)
        )
        assert is_open(third)
        with watch(sink, "127.0.0.5"):
            assert wait_until_closed(first)
            assert is_open(second)


def test_authorised_connection_stays_however_many_unauthorised_come(serve: Serve) -> None:
    sink = serve(Limits(connections=4))
    with watch(sink, "127.0.0.2") as watching, ExitStack() as opened:
        for index in range(50):
            opened.enter_context(connect(sink, f"127.0.1.{index + 1}"))
        assert sees_picture(sink, watching)
        # A new client with the token still connects.
        with watch(sink, "127.0.0.3"):
            pass


def test_authorised_connections_are_never_replaced(serve: Serve) -> None:
    sink = serve(Limits(connections=2))
    with watch(sink), watch(sink) as second, connect(sink) as third:
        assert wait_until_closed(third)
        assert sees_picture(sink, second)


def test_one_address_has_a_limit_of_its_own(serve: Serve) -> None:
    sink = serve(Limits(connections=100, connections_per_address=2))
    with watch(sink, "127.0.0.2"), watch(sink, "127.0.0.2"):
        with connect(sink, "127.0.0.2") as third:
            assert wait_until_closed(third)
        with connect(sink, "127.0.0.3") as other:
            assert is_open(other)


def test_room_is_free_again_when_a_viewer_has_gone(serve: Serve) -> None:
    sink = serve(Limits(connections=2))
    for _ in range(20):
        with watch(sink), watch(sink):
            pass
        until(lambda: not sink.needs_picture)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", GET % b"/healthz"]
)
def test_silent_half_open_and_idle_clients_are_closed(serve: Serve, sent: bytes) -> None:
    sink = serve(Limits(idle_s=0.1))
    with connect(sink) as client:
        client.sendall(sent)
        assert wait_until_closed(client)


def test_slow_header_is_closed(serve: Serve) -> None:
    sink = serve(Limits(idle_s=0.1))
    with connect(sink) as client, pytest.raises(ConnectionError):
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(TIMEOUT_S * 100):
            client.sendall(b"X: y\r\n")
            threading.Event().wait(0.01)


@pytest.mark.parametrize(
    "noise",
    [
        b"\0" * 4096,
        b"GET / HTTP/1.1\r\nX: " + b"y" * 4096,
        b"X: y\r\n" * 1000,
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n",
        GET % b"/state",
    ],
)
def test_client_that_sends_too_much_is_closed(serve: Serve, noise: bytes) -> None:
    sink = serve(Limits())
    with connect(sink) as client, pytest.raises((ConnectionError, TimeoutError)):
        client.settimeout(TIMEOUT_S)
        reader = threading.Thread(target=lambda: wait_until_closed(client))
        reader.start()
        try:
            for _ in range(100_000):
                client.sendall(noise)
        finally:
            reader.join()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 9000 + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 100 + b"\r\n", 400),
        (
            b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 5000\r\n\r\n" + b"t" * 5000,
            413,
        ),
        (
            b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
            b"Content-Length: 1\r\n\r\nt",
            415,
        ),
    ],
)
def test_head_and_body_have_a_largest_size(serve: Serve, head: bytes, status: int) -> None:
    with connect(serve(Limits())) as client:
        client.sendall(head)
        assert client.recv(65536).split()[1] == b"%d" % status


def test_client_with_too_many_requests_waits_and_others_do_not(serve: Serve) -> None:
    sink = serve(Limits(requests=Rate(burst=2, every_s=3600)))
    with connect(sink, "127.0.0.2") as hasty, connect(sink, "127.0.0.3") as other:
        assert is_open(hasty) and is_open(hasty)
        hasty.sendall(GET % b"/healthz")
        assert is_open(other)
        hasty.setblocking(False)
        with pytest.raises(BlockingIOError):
            hasty.recv(1)


def test_client_that_stops_reading_its_responses_is_closed(serve: Serve) -> None:
    sink = serve(Limits(idle_s=0.5))
    with closing(connect(sink)) as client:
        # 32 responses wait in the server, more than the buffers of both sides hold.
        client.sendall(GET % b"/page.js" * 300)
        until(lambda: not count_connections(sink))
        assert wait_until_closed(client)


def count_connections(sink: MjpegSink) -> int:
    """The number of connections to the server."""
    return sum(1 for line in list_local_ports() if line == int(sink.url.rpartition(":")[2]))


def list_local_ports() -> list[int]:
    """The local ports of this machine's established IPv4 connections."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        lines = [line.split() for line in table][1:]
    return [int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == "01"]


def test_server_without_file_descriptors_tries_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("edge.web.connections.ACCEPT_AGAIN_S", 0.01)
    real, failures = socket.socket.accept, iter([OSError(24, "Too many open files")])

    def accept(listener: socket.socket) -> object:
        if error := next(failures, None):
            raise error
        return real(listener)

    sink = serve(Limits())
    monkeypatch.setattr(socket.socket, "accept", accept)
    with closing(
        http.client.HTTPConnection("127.0.0.1", int(sink.url.rpartition(":")[2]), timeout=TIMEOUT_S)
    ) as one:
        one.request("GET", "/healthz")
        assert one.getresponse().status == 200
    assert "found: Too many open files; trying again" in caplog.text
