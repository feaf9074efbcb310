"""Pictures of the demo's face, shrunk and searched."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.clip import encode_jpeg, load_pictures
from benchmarks.recall.conditions import leave_plain
from benchmarks.recall.face_recall import Recall
from benchmarks.recall.measurement import make_find, make_first_frame, measure_recall, shrink_picture
from benchmarks.recall.reference import ReferenceDetector
from edge.contracts import Box
from edge.frames import Frame, Image
from edge.settings.config import Config


@pytest.fixture
def reference(material: Callable[[str], Path]) -> ReferenceDetector:
    return ReferenceDetector(material("models/yunet_s_320_320.onnx"))


def test_faces_that_the_app_finds_are_counted(face_clip: Path, reference: ReferenceDetector) -> None:
    pictures, _ = load_pictures(face_clip, 2)
    recalls = measure_recall(
        pictures,
        [48, 5000],
        {"plain": leave_plain},
        make_find(Config(detector="haar", min_face_px=20)),
        reference,
    )
    assert recalls["plain", 48].expected == 2
    assert recalls["plain", 5000] == Recall()  # No face is so high.


def test_picture_is_filmed_under_the_condition_and_then_shrunk(
    face_clip: Path, reference: ReferenceDetector
) -> None:
    pictures, _ = load_pictures(face_clip, 1)
    filmed: list[tuple[tuple[int, ...], float]] = []
    sizes: list[tuple[int, int]] = []

    def film(picture: Image, face_px: float, seed: int) -> Image:
        filmed.append((picture.shape, face_px))
        return picture

    def find(frame: Frame) -> Sequence[Box]:
        sizes.append((frame.width, frame.height))
        return []

    recalls = measure_recall(pictures, [40], {"film": film}, find, reference)
    [(shape, face_px)] = filmed
    assert shape == (240, 320, 3)
    assert sizes == [(round(320 * 40 / face_px), round(240 * 40 / face_px))]
    assert recalls["film", 40].found == 0


def test_each_picture_is_the_first_that_the_app_sees(face_clip: Path) -> None:
    find, [picture] = make_find(Config(detector="haar")), load_pictures(face_clip, 1)[0]
    frame, empty = (make_first_frame(encode_jpeg(each), 240, 320) for each in (picture, 0 * picture))
    assert find(frame) and find(frame) == find(frame)
    assert not find(empty)


def test_picture_is_shrunk() -> None:
    assert shrink_picture(np.zeros((100, 200, 3), np.uint8), 0.25).shape == (25, 50, 3)
