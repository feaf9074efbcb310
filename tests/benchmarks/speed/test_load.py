"""The benchmark of viewers, with few of them and for a moment."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.speed import load
from edge.sinks.mjpeg import MjpegSink
from tests.results import result_of
from tests.web.test_connections import NOISE, until


@pytest.fixture
def sink() -> Iterator[MjpegSink]:
    with MjpegSink("127.0.0.1", 0, lambda: {"shown_fps": 30.0}) as opened:
        yield opened


def test_half_of_the_crowd_reads_and_comes_back_when_it_is_hung_up_on(
    sink: MjpegSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.web.multipart.STALLED_AFTER_S", 0.3)
    with load.Crowd(int(sink.url.rpartition(":")[2]), 4) as crowd:
        until(lambda: sink._resources.annotated._subscribers == 4)
        stalled = {client for client, index in crowd._clients.values() if index >= 2}
        received = 0
        for _ in range(1000):
            sink.show(result_of(NOISE))
            received += crowd.watch(0.02)
            if stalled.isdisjoint(client for client, _ in crowd._clients.values()):
                break
        assert sorted(index for _, index in crowd._clients.values()) == [0, 1, 2, 3]
        assert stalled.isdisjoint(client for client, _ in crowd._clients.values())
        assert received > 1_000_000
    until(lambda: not sink.needs_picture)


def test_command_measures_the_app_and_writes_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(load, "SETTLE_S", 0.2)
    out = tmp_path / "load.json"
    assert load.main(["--clients", "4", "--rounds", "1", "--seconds", "1", "--json", str(out)]) == 0
    said = capsys.readouterr().out
    assert "4 clients, half of them stalled" in said and "the analysed FPS fall by" in said
    figures = json.loads(out.read_text())
    assert figures["analysed_fps.alone"] > 0 and figures["client_mb_per_s.alone"] == 0
    assert {"analysed_ratio", "analysed_fps.watched", "cpu_share.watched", "client_mb_per_s.watched"} <= set(
        figures
    )


def test_app_that_does_not_start_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_EDGE_WIDTH", "7")
    with (
        pytest.raises(load.LoadError, match="found in its log: fer-edge: expected a whole number"),
        load.Line(4),
    ):
        pass
