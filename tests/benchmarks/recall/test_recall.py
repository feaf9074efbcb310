"""The benchmark recall with the real detector."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.recall.conditions import CONDITIONS
from benchmarks.recall.face_recall import Recall
from benchmarks.recall.recall import HEIGHTS_PX, format_recalls


def test_stats_of_a_real_clip(
    material: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "recall.json"
    arguments = ["--clip", str(material("data/faces.mp4")), "--every", "40", "--json", str(out)]
    assert main(["recall", *arguments, "--yunet", str(material("models/yunet_s_320_320.onnx"))]) == 0
    stats = json.loads(out.read_text())
    assert (stats["detector"], stats["pictures"]) == ("yunet", 3)
    cells = {(cell["condition"], cell["face_px"]): cell for cell in stats["recall"]}
    assert set(cells) == {(name, height_px) for name in CONDITIONS for height_px in HEIGHTS_PX}
    assert cells["plain", 48]["expected"] == 3
    assert all(0 <= cell["found"] <= cell["expected"] for cell in cells.values())
    assert "blurred" in capsys.readouterr().out


def test_clip_without_a_face_is_refused(
    material: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    writer.write(np.zeros((120, 160, 3), np.uint8))
    writer.release()
    arguments = ["--clip", str(path), "--yunet", str(material("models/yunet_s_320_320.onnx"))]
    assert main(["recall", *arguments]) == 69
    assert "expected faces in" in capsys.readouterr().err


def test_missing_yunet_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--detector", "haar", "--yunet", str(tmp_path / "none.onnx")]
    assert main(["recall", *arguments]) == 65
    assert "name another with --yunet" in capsys.readouterr().err


def test_table_has_a_row_for_each_condition() -> None:
    recalls = {("plain", 24): Recall(4, 3, 0), ("plain", 48): Recall(4, 4, 2), ("dark", 24): Recall()}
    recalls["dark", 48] = Recall(1, 0, 0)
    assert format_recalls(recalls).splitlines() == [
        "               24 px             48 px",
        "plain  0.75 (3 of 4)  1.00 (4 of 4 +2)",
        "dark   1.00 (0 of 0)     0.00 (0 of 1)",
    ]
