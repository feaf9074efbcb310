"""The benchmark stages with the real parts."""

import json
import sys
from pathlib import Path

import cv2
import pytest

from benchmarks.__main__ import main
from benchmarks.clip import DEMO, load_clip
from benchmarks.speed import stage_timing
from edge.models import locate_classifier
from edge.settings import benchmark_result
from edge.settings.config import Config


def test_every_core_is_tried_up_to_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    made = stage_timing.make_inference_calls(load_clip(DEMO), Config(detector="haar"), [locate_classifier()])
    assert {(run.threads, run.faces) for run in made} == {
        (threads, faces) for threads in (1, 2, 3, 4) for faces in range(1, 9)
    }


def test_stages_are_timed_drawn_and_the_best_form_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, face_clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(stage_timing, "ROUND_S", 0.0)
    out, picture = tmp_path / "stages.json", tmp_path / "stages.png"
    arguments = ["stages", "--clip", str(face_clip), "--rounds", "2"]
    assert main([*arguments, "--json", str(out), "--png", str(picture)]) == 0
    printed = capsys.readouterr().out
    assert "search a region (haar)" in printed and "8 faces" in printed and "fer.float.onnx ×1" in printed
    stats = json.loads(out.read_text())
    assert all(spread["low"] <= spread["median"] <= spread["high"] for spread in stats["spread"].values())
    drawn = cv2.imread(str(picture))
    assert drawn is not None and drawn.shape[1] > 1000
    kept = json.loads(benchmark_result.locate().read_text())
    assert kept["model"] in kept["compared"] and kept["machine"] == benchmark_result.describe_machine()
    assert benchmark_result.locate().parent.parent == tmp_path
    assert main([*arguments, "--compare", str(out)]) == 0
    assert "changed beyond the noise" in capsys.readouterr().out


def test_picture_without_matplotlib_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["stages", "--png", str(tmp_path / "out.png")]) == 78
    assert "pip install matplotlib" in capsys.readouterr().err
