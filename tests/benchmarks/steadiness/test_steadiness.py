"""The benchmark steadiness with the real pipeline's parts."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.steadiness.steadiness import play_to_and_fro


def test_stats_of_a_real_clip(
    material: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "steadiness.json"
    arguments = ["--clip", str(material("data/faces.mp4")), "--frames", "20", "--rounds", "2"]
    arguments += ["--yunet", str(material("models/yunet_s_320_320.onnx")), "--json", str(out)]
    assert main(["steadiness", *arguments]) == 0
    stats = json.loads(out.read_text())
    assert (stats["detector"], stats["compared"], stats["unmatched"]) == ("yunet", 40, 0)
    # Far more would be another face, nothing at all the same pictures twice.
    for name in ("left", "top", "width", "height", "crop_centre", "crop_side"):
        assert 0 <= stats[name] < 15
    assert 0 < stats["probability"] < 0.2 and stats["same_label"] > 0.5
    assert "same_label" in capsys.readouterr().out


def test_same_noise_gives_the_same_stats(face_clip: Path, tmp_path: Path) -> None:
    stats = []
    for name in ("one", "other"):
        out = tmp_path / name
        arguments = ["--clip", str(face_clip), "--detector", "haar", "--frames", "6", "--rounds", "1"]
        assert main(["steadiness", *arguments, "--json", str(out)]) == 0
        stats.append(json.loads(out.read_text()))
    assert stats[0] == stats[1]


def test_pictures_are_played_forwards_and_backwards() -> None:
    pictures = [np.full((1, 1, 3), level, np.uint8) for level in range(3)]
    assert [int(picture[0, 0, 0]) for picture in play_to_and_fro(pictures, 8)] == [0, 1, 2, 2, 1, 0, 0, 1]


def test_clip_without_a_face_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    writer.write(np.zeros((120, 160, 3), np.uint8))
    writer.release()
    assert main(["steadiness", "--clip", str(path), "--detector", "haar", "--frames", "3"]) == 69
    assert "expected a face in" in capsys.readouterr().err
