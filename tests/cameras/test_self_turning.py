"""A camera that finds out how it hangs, with real faces and a real detector."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from edge.cameras.demo import DemoCamera
from edge.cameras.self_turning import MIN_ROUNDS, SEARCH_EVERY_S, TURNS, SelfTurningCamera
from edge.contracts import FaceDetector, Search
from edge.detectors.haar import HaarDetector
from edge.detectors.yunet import YunetDetector
from edge.frames import Frame, PixelFormat
from edge.orientation import MIRRORED, UPRIGHT, Orientation

# Exact in binary, and a little slower than SEARCH_EVERY_S.
FPS = 8
# All four turns, so many times, in frames: one frame for each look.
SOON = (MIN_ROUNDS + 2) * len(TURNS)


class Film:
    """A Camera that delivers given frames, FPS of them a second."""

    name, is_live = "film", False
    frame_count: int | None = None

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._frames = frames
        self._left: Iterator[Frame] = iter(())

    def __enter__(self) -> Self:
        self._left = iter(self._frames)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left = iter(())

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        return next(self._left)


def film_demo(orientation: Orientation, count: int = SOON) -> list[Frame]:
    """Frames of the demo's face, turned by `orientation` as by a camera that hangs askew."""
    frames = []
    with DemoCamera(640, 480, FPS, clock=lambda: 0.0, sleep=lambda _: None) as camera:
        for number, frame in zip(range(count), camera, strict=False):
            picture = orientation.apply(frame.bgr)
            height, width = picture.shape[:2]
            frames.append(Frame(picture, PixelFormat.BGR, width, height, number, 0.0, number / FPS))
    return frames


@pytest.fixture(params=["haar", "yunet"])
def detector(request: pytest.FixtureRequest, material: Callable[[str], Path]) -> FaceDetector:
    if request.param == "haar":
        return HaarDetector()
    return YunetDetector(material("models/yunet_s_320_320.onnx"))


@pytest.mark.parametrize("degrees", TURNS)
def test_right_turn_is_found_in_the_first_seconds_and_logged(
    degrees: int, detector: FaceDetector, caplog: pytest.LogCaptureFixture
) -> None:
    upright = film_demo(UPRIGHT)
    hanging = film_demo(Orientation(-degrees % 360))
    with caplog.at_level("INFO"), SelfTurningCamera(Film(hanging), detector, 48) as camera:
        shown = list(camera)
    assert [frame.number for frame in shown] == list(range(SOON))
    np.testing.assert_array_equal(shown[0].bgr, hanging[0].bgr)
    np.testing.assert_array_equal(shown[-1].bgr, upright[-1].bgr)
    assert [record.getMessage() for record in caplog.records] == [
        f"film: faces are upright when the pictures are turned by {degrees}°"
    ]


def test_turn_stays_when_the_camera_is_opened_again() -> None:
    camera = SelfTurningCamera(Film(film_demo(Orientation(180))), HaarDetector(), 48)
    for expected in (UPRIGHT, Orientation(180)):
        with camera:
            first, *_ = list(camera)
        assert first.orientation == expected


def test_picture_without_a_face_stays_as_it_is_and_is_searched_on(caplog: pytest.LogCaptureFixture) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    frames = [
        Frame(noise, PixelFormat.BGR, 320, 240, number, 0.0, number / FPS).turn(MIRRORED)
        for number in range(SOON)
    ]
    with caplog.at_level("INFO"), SelfTurningCamera(Film(frames), HaarDetector(), 48) as camera:
        assert all(frame.orientation == MIRRORED for frame in camera)
    assert not caplog.records


def test_face_that_is_seen_once_in_a_while_decides_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with_face = film_demo(UPRIGHT, count=100)
    blank = np.zeros((480, 640, 3), np.uint8)
    frames = [
        frame if number % 16 == 0 else Frame(blank, PixelFormat.BGR, 640, 480, number, 0.0, number / FPS)
        for number, frame in enumerate(with_face)
    ]
    with caplog.at_level("INFO"), SelfTurningCamera(Film(frames), HaarDetector(), 48) as camera:
        assert len(list(camera)) == 100
    assert not caplog.records


def test_looks_are_far_apart_and_end_with_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = HaarDetector()
    looks: list[tuple[int, ...]] = []
    plan = detector.plan_searches

    def count(*size: int) -> Sequence[Search]:
        looks.append(size)
        return plan(*size)

    monkeypatch.setattr(detector, "plan_searches", count)
    frames = [
        Frame(frame.buffer, PixelFormat.BGR, 640, 480, number, 0.0, number / 32)
        for number, frame in enumerate(film_demo(UPRIGHT, count=160))
    ]
    with SelfTurningCamera(Film(frames), detector, 48) as camera:
        list(camera)
    assert len(looks) == MIN_ROUNDS * len(TURNS) < 160 / 32 / SEARCH_EVERY_S
