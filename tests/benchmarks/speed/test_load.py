"""The benchmark load with few clients and for a moment."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.speed import load


def test_app_is_measured_and_its_stats_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(load, "SETTLE_S", 0.2)
    out = tmp_path / "load.json"
    assert main(["load", "--clients", "4", "--rounds", "1", "--seconds", "1", "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "4 clients, half of them stalled" in printed and "the analysed FPS fall by" in printed
    stats = json.loads(out.read_text())
    assert stats["analysed_fps.alone"] > 0 and stats["client_mb_per_s.alone"] == 0
    assert {"analysed_ratio", "analysed_fps.watched", "cpu_share.watched", "client_mb_per_s.watched"} <= set(
        stats
    )


def test_app_that_does_not_start_is_reported_by_its_own_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_EDGE_WIDTH", "7")
    with (
        pytest.raises(load.LoadError, match="found in its log: fer-edge: expected a whole number"),
        load.start_app(4),
    ):
        pass
