"""The demo: its face, its movement and its rate."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from edge.cameras.demo import DemoCamera
from edge.contracts import Box, FaceDetector, Search
from edge.detectors.haar import HaarDetector
from edge.detectors.yunet import YunetDetector
from edge.frames import Frame
from tests.clocks import Clock


def take_minute_of_frames(step: int) -> list[Frame]:
    clock = Clock()
    with DemoCamera(640, 480, 30, clock=clock, sleep=clock.sleep) as camera:
        return list(islice(camera, 0, 30 * 60, step))


@pytest.mark.parametrize("name", ["haar", "yunet"])
def test_detector_finds_the_face_nearly_always(name: str, material: Callable[[str], Path]) -> None:
    detector: FaceDetector = (
        HaarDetector() if name == "haar" else YunetDetector(material("models/yunet_s_320_320.onnx"))
    )
    frames = take_minute_of_frames(step=30)
    found = [detector.detect(frame, Search(Box(0, 0, 640, 480), 48, 480)) for frame in frames]
    assert sum(len(faces) == 1 for faces in found) >= 0.95 * len(frames)
    assert all(
        face.box.left > 0 and face.box.right < 640 and face.box.top > 0 and face.box.bottom < 480
        for faces in found
        for face in faces[:1]
    )


def test_face_moves_and_changes_its_size() -> None:
    detector = HaarDetector()
    boxes = [
        faces[0].box
        for frame in take_minute_of_frames(step=45)
        if (faces := detector.detect(frame, Search(Box(0, 0, 640, 480), 48, 480)))
    ]
    assert max(box.left for box in boxes) - min(box.left for box in boxes) > 50
    assert max(box.width for box in boxes) > 1.3 * min(box.width for box in boxes)


def test_rate_is_kept_without_drift() -> None:
    clock = Clock()
    with DemoCamera(64, 48, 30, clock=clock, sleep=clock.sleep) as camera:
        last = list(islice(camera, 300))[-1]
    assert last.number == 299 and clock.now_s == pytest.approx(299 / 30)


def test_late_taker_loses_frames() -> None:
    clock = Clock()
    with DemoCamera(64, 48, 30, clock=clock, sleep=clock.sleep) as camera:
        assert next(camera).number == 0
        clock.sleep(1.01)
        assert next(camera).number == 30


@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (480, 640)])
def test_any_size_is_filled_with_the_portrait(size: tuple[int, int]) -> None:
    clock = Clock()
    with DemoCamera(*size, 30, clock=clock, sleep=clock.sleep) as camera:
        for frame in islice(camera, 0, 900, 90):
            assert (frame.bgr[[0, -1]].max(axis=(1, 2)) > 0).all()
