"""YuNet in ONNX Runtime, against OpenCV's own way of running the same file."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from edge.cameras.demo import DemoCamera
from edge.cameras.video import VideoCamera
from edge.detectors.yunet import MAX_IOU, MIN_SCORE, STRIDES, YunetDetector
from edge.errors import ModelError
from edge.frames import Image

SIZES = [(320, 192), (298, 120), (96, 96), (160, 100), (33, 31)]


@pytest.fixture(scope="module")
def model(material: Callable[[str], Path]) -> Path:
    return material("models/yunet_s_320_320.onnx")


@pytest.fixture(scope="module")
def pictures(material: Callable[[str], Path]) -> list[Image]:
    """Every tenth frame of a video of people, and the demo's portrait twice side by side."""
    with VideoCamera(str(material("data/faces.mp4")), paced=False) as camera:
        found = [frame.grey for frame in camera if frame.number % 10 == 0]
    with DemoCamera(640, 480, 30) as demo:
        portrait = next(demo).grey
    return [*found, np.hstack([portrait, portrait])]


@pytest.mark.parametrize("size", SIZES)
def test_finds_what_opencv_finds_with_the_same_file(
    size: tuple[int, int], model: Path, pictures: list[Image]
) -> None:
    detector = YunetDetector(model)
    theirs = cv2.FaceDetectorYN.create(str(model), "", size, MIN_SCORE, MAX_IOU)
    count = 0
    for grey in pictures:
        picture = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        _, faces = theirs.detect(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
        expected = np.zeros((0, 15)) if faces is None else np.asarray(faces)
        found = detector._find_faces(picture, MIN_SCORE)
        rows = np.reshape(found, (-1, 15))
        rows[:, :2] -= rows[:, 2:4] / 2  # From the middle to the left and top.
        np.testing.assert_allclose(rows, expected, atol=1e-3)
        count += len(found)
    assert count > len(pictures) / 2 or min(size) <= 100, "in smaller pictures the faces are small"


def test_no_face_is_found_in_a_picture_without_one(model: Path) -> None:
    assert YunetDetector(model)._find_faces(np.full((96, 160), 90, np.uint8), MIN_SCORE) == []


def test_network_that_knows_several_classes_is_refused(model: Path, tmp_path: Path) -> None:
    other = onnx.load(model)
    for node in other.graph.node:
        for index, name in enumerate(node.output):
            if name.startswith("cls_"):
                node.output[index] = f"one {name}"
    other.graph.node.extend(
        onnx.helper.make_node("Concat", 2 * [f"one cls_{stride}"], [f"cls_{stride}"], axis=2)
        for stride in STRIDES
    )
    onnx.save(other, tmp_path / "other.onnx")
    with pytest.raises(ModelError, match="faces of 16 numbers where YuNet gives 15"):
        YunetDetector(tmp_path / "other.onnx")
