"""The messages of /events, over a real WebSocket."""

import asyncio
import json
import logging
import os
import re
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from edge.contracts import Box, Result
from edge.frames import Frame, PixelFormat
from edge.sinks.mjpeg import MjpegSink
from edge.web import messages, server
from tests.results import LABELS, reading_of, result_of
from tests.sinks.show_results import show_results
from tests.waiting import until

PICTURE = np.zeros((480, 640, 3), np.uint8)
STATS = {"shown_fps": 29.5, "latency_p50_ms": 12.0, "dropped": 0.0}
TIMEOUT_S = 30


@pytest.fixture
def sink() -> Iterator[MjpegSink]:
    with MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS) as opened:
        yield opened


@pytest.fixture
def feed(sink: MjpegSink) -> Iterator[None]:
    """Shows results for as long as the test runs."""
    with show_results(sink, make_result):
        yield


def make_result(number: int = 0) -> Result:
    return result_of(
        PICTURE, reading_of(Box(100, 110, 120, 130), 3), number=number, captured_at_s=time.monotonic()
    )


def talk(sink: MjpegSink, client: Callable[[ClientWebSocketResponse], Awaitable[Any]]) -> Any:
    """What `client` returns for a connection to /events."""

    async def connect() -> Any:
        async with (
            asyncio.timeout(TIMEOUT_S),
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{sink.url}/events") as connection,
        ):
            return await client(connection)

    return asyncio.run(connect())


def test_message_describes_the_result(sink: MjpegSink) -> None:
    sink.show(make_result(42))
    message = talk(sink, lambda connection: connection.receive_json())
    assert (message["version"], message["frame"]) == (messages.VERSION, 42)
    assert (message["width"], message["height"], message["notice"], message["raw"]) == (640, 480, None, True)
    assert message["figures"] == STATS and message["age_ms"] >= 0
    (reading,) = message["readings"]
    assert reading["box"] == {"left": 100, "top": 110, "width": 120, "height": 130}
    assert (reading["track"], reading["label"]) == (3, "happy")
    assert list(reading["probabilities"]) == list(LABELS)
    assert reading["confidence"] == reading["probabilities"]["happy"]


def test_keys_are_those_of_the_documentation() -> None:
    keys = messages.make_message(make_result(), STATS, has_raw=True, is_guarded=False)
    reading = keys["readings"][0]
    documented = (messages.__doc__ or "").split("A message is an object with these keys:")[1]
    assert all(key in documented for key in (*keys, *reading, *reading["box"]))
    # Each key heads a row of the table.
    heads = re.findall(r"^ {4,8}(\w+(?:, \w+)*) {2,}\S", documented, re.MULTILINE)
    assert {key for head in heads for key in head.split(", ")} == {*keys, *reading}


def test_notice_is_in_the_message(sink: MjpegSink) -> None:
    sink.show(
        Result(Frame(PICTURE, PixelFormat.BGR, 640, 480, 0, 0.0, 0.0, "no camera: unplugged"), (), 0.0, 0.0)
    )
    assert talk(sink, lambda connection: connection.receive_json())["notice"] == "no camera: unplugged"


@pytest.mark.usefixtures("feed")
def test_every_message_describes_a_newer_result_and_not_every_result_is_sent(sink: MjpegSink) -> None:
    async def listen(connection: ClientWebSocketResponse) -> list[int]:
        return [(await connection.receive_json())["frame"] for _ in range(10)]

    numbers = talk(sink, listen)
    assert numbers == sorted(numbers)
    # The fixture shows a result every 5 ms, a dozen for each message.
    assert numbers[-1] - numbers[1] > 3 * len(numbers)


def test_messages_come_also_without_new_results(sink: MjpegSink, monkeypatch: pytest.MonkeyPatch) -> None:
    async def listen(connection: ClientWebSocketResponse) -> list[float]:
        return [(await connection.receive_json())["age_ms"] for _ in range(3)]

    sink.show(make_result())
    ages_ms = talk(sink, listen)
    assert ages_ms[0] < ages_ms[1] < ages_ms[2]


@pytest.mark.parametrize("text", ["hello", b"\0", "{}", "x" * 1000])
def test_client_that_sends_a_message_is_closed_as_a_policy_violation(
    sink: MjpegSink, text: str | bytes
) -> None:
    async def speak(connection: ClientWebSocketResponse) -> int | None:
        await (connection.send_str(text) if isinstance(text, str) else connection.send_bytes(text))
        return await read_close_code(connection)

    assert talk(sink, speak) == 1008


async def read_close_code(connection: ClientWebSocketResponse) -> int | None:
    while (await connection.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
        pass
    return connection.close_code


def test_client_that_sends_megabytes_is_closed_and_they_use_no_memory(sink: MjpegSink) -> None:
    before = read_resident_bytes()
    with open_websocket(sink) as connection:
        # The header of a message of 1 GB, then as much of it as the server reads.
        connection.sendall(b"\x81\xff" + (1 << 30).to_bytes(8, "big") + bytes(4))
        with pytest.raises(OSError):
            for _ in range(1000):
                connection.sendall(bytes(1 << 20))
    assert read_resident_bytes() - before < 50 << 20
    assert talk(sink, lambda other: other.receive_json())["version"] == messages.VERSION


@pytest.mark.parametrize(
    "noise",
    [
        b"\xff" * 500,
        bytes(500),
        b"\x83\x80",
        b"\x81\xfe\xff\xff",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x89\xff" + bytes(200),
    ],
)
def test_client_that_sends_noise_is_closed_without_a_traceback(
    sink: MjpegSink, caplog: pytest.LogCaptureFixture, noise: bytes
) -> None:
    with caplog.at_level(logging.INFO), open_websocket(sink) as connection:
        connection.sendall(noise)
        while connection.recv(4096):
            pass
    assert not [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert talk(sink, lambda other: other.receive_json())["version"] == messages.VERSION


def open_websocket(sink: MjpegSink) -> socket.socket:
    """A socket after the WebSocket handshake with /events."""
    host, port = sink.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
    connection.sendall(
        b"GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(4096)
    assert received.startswith(b"HTTP/1.1 101")
    return connection


def read_resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_client_that_reads_nothing_is_closed(sink: MjpegSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "STALLED_AFTER_S", 0.05)
    monkeypatch.setattr(messages, "MIN_INTERVAL_S", 0.0)
    # Long messages, so that the buffers are soon full.
    monkeypatch.setattr(sink, "_read_stats", lambda: {"x" * 100_000: 1.0})
    with open_websocket(sink):
        until(lambda: sink._resources.messages.has_subscribers)
        until(lambda: sink.show(make_result()) or not sink._resources.messages.has_subscribers)  # type: ignore[func-returns-value]


def test_slow_client_gets_the_newest_only(sink: MjpegSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MIN_INTERVAL_S", 0.0)
    monkeypatch.setattr(sink, "_read_stats", lambda: {"x" * 100_000: 1.0})

    async def doze(connection: ClientWebSocketResponse) -> list[int]:
        first = (await connection.receive_json())["frame"]
        await asyncio.to_thread(until, lambda: sink._resources.messages.has_subscribers)
        for number in range(1, 501):
            sink.show(make_result(number))
            await asyncio.sleep(0)
        numbers = [first]
        while numbers[-1] < 500:
            numbers.append((await connection.receive_json())["frame"])
        return numbers

    sink.show(make_result(0))
    assert len(talk(sink, doze)) < 250


def test_plain_request_is_refused(sink: MjpegSink, caplog: pytest.LogCaptureFixture) -> None:
    host, port = sink.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as connection:
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_leaving_closes_the_connections() -> None:
    sink = MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS)
    sink.__enter__()

    async def leave(connection: ClientWebSocketResponse) -> int | None:
        await connection.receive_json()
        await asyncio.to_thread(until, lambda: sink._resources.messages.has_subscribers)
        _, code = await asyncio.gather(
            asyncio.to_thread(sink.__exit__, None, None, None), read_close_code(connection)
        )
        return code

    assert talk(sink, leave) == 1001


def test_message_is_small() -> None:
    text = messages.encode(messages.make_message(make_result(), STATS, has_raw=True, is_guarded=False))
    assert json.loads(text)["readings"] and len(text) < 1000
