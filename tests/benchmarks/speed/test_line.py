"""The line's passes as a user starts them: processes of their own, the real parts, a real viewer."""

import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest

from benchmarks.__main__ import main
from benchmarks.passes import library_timing


def line(*arguments: str) -> int:
    return main(["line", "--detector", "haar", "--frames", "12", "--fps", "60", "--rounds", "1", *arguments])


def test_figures_of_a_clip(face_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "line.json"
    assert line("--clip", str(face_clip), "--json", str(out)) == 0
    figures = json.loads(out.read_text())
    assert figures["frames_per_s"] > 0 and figures["cpu_ms_per_frame"] > 0 and figures["cold_start_s"] > 0
    assert 30 < figures["rss_mb"] < 1000
    assert figures["latency_ms"]["p50"] <= figures["latency_ms"]["p95"] <= figures["latency_ms"]["p99"]
    assert figures["overhead_ratio"] > 0.9
    assert {"imdecode", "cascade.detectMultiScale3", "classifier.run", "putText"} <= set(
        figures["calls_per_frame"]
    )
    assert "imencode" not in figures["calls_per_frame"]
    assert len(figures["machine"]["model_sha256"]) == 64
    assert "overhead_ratio" in capsys.readouterr().out
    # Set beside itself, nothing has changed.
    assert line("--clip", str(face_clip), "--compare", str(out)) == 0
    assert f"since {out}: " in capsys.readouterr().out


def test_viewer_has_each_frame_encoded(face_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "line.json"
    assert line("--clip", str(face_clip), "--viewer", "--json", str(out)) == 0
    calls, _ = json.loads(out.read_text())["calls_per_frame"]["imencode"]
    assert calls == pytest.approx(1, abs=0.2)


def test_live_camera_is_measured_at_its_own_rate(tmp_path: Path) -> None:
    out = tmp_path / "line.json"
    assert line("--camera", "demo", "--json", str(out)) == 0
    assert 0 < json.loads(out.read_text())["frames_per_s"] < 75


def test_missing_camera_is_told_as_the_app_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert line("--camera", "97") == 69
    assert "/dev/video97" in capsys.readouterr().err


def test_either_clip_or_camera_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert line() == 78
    assert "--clip --camera" in capsys.readouterr().err


def test_calls_of_libraries_are_timed_and_then_left_alone() -> None:
    resize, cascade, session = cv2.resize, cv2.CascadeClassifier, ort.InferenceSession
    with library_timing.timed_libraries() as calls:
        small = cv2.resize(np.zeros((8, 8), np.uint8), (4, 4))
    assert small.shape == (4, 4)
    assert len(calls.times_s["resize"]) == 1
    assert (cv2.resize, cv2.CascadeClassifier, ort.InferenceSession) == (resize, cascade, session)
    calls.clear()
    assert not calls.times_s["resize"]
    assert library_timing.timer_s() < 1e-3
