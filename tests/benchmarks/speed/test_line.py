"""The passes of the benchmark line as a user starts them: real processes, real parts, a real viewer."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main


def run_line(*arguments: str) -> int:
    return main(["line", "--detector", "haar", "--frames", "12", "--fps", "60", "--rounds", "1", *arguments])


def test_stats_of_a_clip(face_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "line.json"
    assert run_line("--clip", str(face_clip), "--json", str(out)) == 0
    stats = json.loads(out.read_text())
    assert stats["frames_per_s"] > 0 and stats["cpu_ms_per_frame"] > 0 and stats["cold_start_s"] > 0
    assert 30 < stats["rss_mb"] < 1000
    assert stats["latency_ms"]["p50"] <= stats["latency_ms"]["p95"] <= stats["latency_ms"]["p99"]
    assert stats["overhead_ratio"] > 0.9
    assert {"imdecode", "cascade.detectMultiScale3", "classifier.run", "putText"} <= set(
        stats["calls_per_frame"]
    )
    assert "imencode" not in stats["calls_per_frame"]
    assert len(stats["machine"]["model_sha256"]) == 64
    assert "overhead_ratio" in capsys.readouterr().out
    # A comparison with itself.
    assert run_line("--clip", str(face_clip), "--compare", str(out)) == 0
    assert f"since {out}: " in capsys.readouterr().out


def test_viewer_has_each_frame_encoded(face_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "line.json"
    assert run_line("--clip", str(face_clip), "--viewer", "--json", str(out)) == 0
    calls, _ = json.loads(out.read_text())["calls_per_frame"]["imencode"]
    assert calls == pytest.approx(1, abs=0.2)


def test_nothing_is_drawn_where_nobody_looks(face_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "line.json"
    assert run_line("--clip", str(face_clip), "--not-drawn", "--json", str(out)) == 0
    stats = json.loads(out.read_text())
    assert not stats["is_drawn"] and "putText" not in stats["calls_per_frame"]


def test_viewer_has_frames_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_line("--camera", "demo", "--viewer", "--not-drawn") == 78
    assert "not allowed with" in capsys.readouterr().err


def test_live_camera_is_measured_at_its_own_rate(tmp_path: Path) -> None:
    out = tmp_path / "line.json"
    assert run_line("--camera", "demo", "--json", str(out)) == 0
    assert 0 < json.loads(out.read_text())["frames_per_s"] < 75


def test_missing_camera_is_reported_as_the_app_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_line("--camera", "97") == 69
    assert "/dev/video97" in capsys.readouterr().err


def test_either_clip_or_camera_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_line() == 78
    assert "--clip --camera" in capsys.readouterr().err
