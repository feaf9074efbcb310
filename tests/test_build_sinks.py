"""The sinks that the settings ask for, and the order in which they take a result."""

from pathlib import Path

import pytest

from edge.build_sinks import make_sinks
from edge.contracts import Sink
from edge.settings.config import Config
from edge.telemetry import Telemetry
from tests.fakes import FakeCamera, FakeSink


def make_names(config: Config, *, has_stream: bool, extra: list[Sink]) -> list[str]:
    """The names of the sinks for `config` and a file, with the sinks `extra` added to the outputs."""
    sinks = make_sinks(
        config,
        FakeCamera(1, is_live=False),
        ("happy", "sad"),
        Telemetry(),
        {},
        has_stream=has_stream,
        change_outputs=lambda outputs: [*outputs, *extra],
        on_quit=lambda: None,
    )
    return [sink.name for sink in sinks]


def test_observers_come_after_all_outputs_and_systemd_comes_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    config = Config(
        events=str(tmp_path / "out.csv"), display=True, mqtt="mqtt://broker", listen="127.0.0.1:0"
    )
    names = make_names(config, has_stream=True, extra=[FakeSink()])
    outputs, observers = names[:-3], names[-3:]
    assert outputs == ["mjpeg", "display", "events", "mqtt", "progress", FakeSink().name]
    assert observers == ["latency", "metrics", "systemd"]


def test_without_a_stream_and_systemd_the_latency_alone_is_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert make_names(Config(), has_stream=False, extra=[]) == ["progress", "latency"]
