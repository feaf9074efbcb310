"""The benchmark agreement with the real pipeline over a real clip."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.agreement.scene_stats import CHANGING
from benchmarks.scenes import SCENES


def test_stats_of_a_real_clip(
    material: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "agreement.json"
    assert (
        main(
            [
                "agreement",
                "--clip",
                str(material("data/faces.mp4")),
                "--seconds",
                "1",
                "--yunet",
                str(material("models/yunet_s_320_320.onnx")),
                "--json",
                str(out),
            ]
        )
        == 0
    )
    stats = json.loads(out.read_text())
    assert set(stats["scenes"]) == {*SCENES, CHANGING}
    assert stats["scenes"]["filmed"]["with_faces"] == 25
    assert stats["all"]["agreeing"] >= 0.9 * stats["all"]["with_faces"]
    assert "filmed" in capsys.readouterr().out


def test_clip_without_a_face_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    writer.write(np.zeros((120, 160, 3), np.uint8))
    writer.release()
    assert main(["agreement", "--clip", str(path), "--detector", "haar"]) == 69
    assert "expected a face in the clip" in capsys.readouterr().err


def test_clip_that_is_missing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agreement", "--clip", str(tmp_path / "none.mp4")]) == 69
    assert "none.mp4" in capsys.readouterr().err


def test_option_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agreement", "--clop"]) == 78
    assert "--help" in capsys.readouterr().err
