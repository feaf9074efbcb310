"""OpenCV's YuNet, and files that are none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.recall.reference import ReferenceDetector
from edge.cameras.demo import DemoCamera
from edge.errors import ModelError


def test_face_of_the_demo_is_found(material: Callable[[str], Path]) -> None:
    reference = ReferenceDetector(material("models/yunet_s_320_320.onnx"))
    with DemoCamera(640, 480, 30, clock=lambda: 0.0, sleep=lambda _: None) as camera:
        picture = next(camera).bgr
    [face] = reference.detect(picture)
    assert 100 < face.height < 400
    assert reference.detect(picture[:64, :64]) == []


def test_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="found no file"):
        ReferenceDetector(tmp_path / "none.onnx")


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match="OpenCV refuses"):
        ReferenceDetector(tmp_path / "some.onnx")
