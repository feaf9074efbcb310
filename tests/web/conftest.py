"""Servers for the tests of this folder."""

from collections.abc import Iterator

import pytest

from edge.sinks.mjpeg import MjpegSink
from edge.web.access import AccessControl
from edge.web.limits import Limits
from edge.web.sessions import Token
from tests.web.client import TOKEN, Client, Serve

STATS = {"shown_fps": 29.5, "latency_p50_ms": 12.0, "dropped": 0.0}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Opens sinks with the limits and the token given, and closes them after the test."""
    opened: list[MjpegSink] = []

    def make(limits: Limits | None = None, token: str | None = TOKEN) -> Client:
        limits = limits or Limits()
        access = AccessControl(["127.0.0.1", "pi.example"], Token(token) if token else None, limits)
        sink = MjpegSink("127.0.0.1", 0, lambda: STATS, access=access, limits=limits).__enter__()
        opened.append(sink)
        return Client(int(sink.url.rpartition(":")[2]))

    yield make
    for sink in opened:
        sink.__exit__(None, None, None)
