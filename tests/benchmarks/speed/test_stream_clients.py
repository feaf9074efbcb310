"""Clients of a real stream."""

from collections.abc import Iterator

import pytest

from benchmarks.speed.stream_clients import StreamClients
from edge.sinks.mjpeg import MjpegSink
from tests.results import result_of
from tests.waiting import until
from tests.web.test_connections import NOISE


@pytest.fixture
def sink() -> Iterator[MjpegSink]:
    with MjpegSink("127.0.0.1", 0, lambda: {"shown_fps": 30.0}) as opened:
        yield opened


def test_half_of_the_clients_read_and_all_reconnect(sink: MjpegSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.web.multipart.STALLED_AFTER_S", 0.3)
    with StreamClients(int(sink.url.rpartition(":")[2]), 4) as crowd:
        until(lambda: sink._resources.annotated._subscribers == 4)
        stalled = {client for client, index in crowd._clients.values() if index >= 2}
        received = 0
        for _ in range(1000):
            sink.show(result_of(NOISE))
            received += crowd.read_for(0.02)
            if stalled.isdisjoint(client for client, _ in crowd._clients.values()):
                break
        assert sorted(index for _, index in crowd._clients.values()) == [0, 1, 2, 3]
        assert stalled.isdisjoint(client for client, _ in crowd._clients.values())
        assert received > 1_000_000
    until(lambda: not sink.needs_picture)
