"""What following promises, on real pictures: how soon a face is found and dropped, whatever else moves."""

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.cameras.demo import DemoCamera
from edge.contracts import Box, FaceDetector, Search
from edge.detectors.haar import HaarDetector
from edge.detectors.yunet import YunetDetector
from edge.faces.tracking import FollowingTracker
from edge.frames import Frame, Image, PixelFormat

Scene = NDArray[np.float64]

FPS, WIDTH, HEIGHT = 15, 640, 360
COMES_S, GOES_S, ENDS_S = 0.6, 1.4, 2.2
PLACE = 380, 90


@pytest.fixture(params=["haar", "yunet"])
def detector(request: pytest.FixtureRequest, material: Callable[[str], Path]) -> FaceDetector:
    if request.param == "haar":
        return HaarDetector()
    return YunetDetector(material("models/yunet_s_320_320.onnx"))


@pytest.fixture(scope="module")
def head() -> Image:
    """The demo's head, about 160 px high."""
    with DemoCamera(640, 480, 30) as camera:
        frame = next(camera)
    (face,) = HaarDetector().detect(frame, Search(Box(0, 0, 640, 480), 80, 480))
    box, margin = face.box, face.box.width // 3
    cut = Box(box.left - margin, box.top - margin, box.width + 2 * margin, box.height + 2 * margin).clip_to(
        frame
    )
    grey = frame.grey[cut.top : cut.bottom, cut.left : cut.right]
    return np.asarray(cv2.resize(grey, (160, 160), interpolation=cv2.INTER_AREA), np.uint8)


def make_wall() -> Image:
    spots = np.random.default_rng(0).integers(90, 150, (HEIGHT // 40, WIDTH // 40 + 20), np.uint8)
    return np.asarray(cv2.resize(spots, (WIDTH + 800, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def show_still(wall: Image, now_s: float) -> Scene:
    return wall[:, :WIDTH].astype(np.float64)


def show_panning(wall: Image, now_s: float) -> Scene:
    left = round(200 * now_s)
    return wall[:, left : left + WIDTH].astype(np.float64)


def show_flickering(wall: Image, now_s: float) -> Scene:
    return show_still(wall, now_s) * (1 + 0.15 * math.sin(40 * now_s))


def show_dark(wall: Image, now_s: float) -> Scene:
    return show_still(wall, now_s) * 0.4


@pytest.mark.parametrize("show", [show_still, show_panning, show_flickering, show_dark])
def test_face_is_found_and_dropped_in_time(
    show: Callable[[Image, float], Scene], detector: FaceDetector, head: Image
) -> None:
    tracker, wall, left, top = FollowingTracker(48), make_wall(), *PLACE
    shown_at = []
    for step in range(round(ENDS_S * FPS)):
        now_s = step / FPS
        scene = show(wall, now_s)
        if COMES_S <= now_s < GOES_S:
            scale = 0.4 if show is show_dark else 1.0
            scene[top : top + 160, left : left + 160] = head * scale
        noisy = scene + np.random.default_rng(step).normal(0, 2, scene.shape)
        grey = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        if tracker.track(Frame(grey, PixelFormat.GREY, WIDTH, HEIGHT, step, 0.0, now_s), detector):
            shown_at.append(now_s)
    assert COMES_S <= min(shown_at) <= COMES_S + 0.3
    assert GOES_S - 1.5 / FPS <= max(shown_at) <= GOES_S + 0.5


def test_still_head_that_turns_to_the_camera_is_found_in_time(detector: FaceDetector, head: Image) -> None:
    """The back of a head is imitated by a blurred one."""
    tracker, wall, left, top = FollowingTracker(48), make_wall(), *PLACE
    back = cv2.GaussianBlur(head, (0, 0), 20)
    first_s = None
    for step in range(3 * FPS):
        now_s = step / FPS
        scene = wall[:, :WIDTH].astype(np.float64)
        scene[top : top + 160, left : left + 160] = head if now_s >= 1.5 else back
        grey = np.clip(np.rint(scene + np.random.default_rng(step).normal(0, 2, scene.shape)), 0, 255)
        frame = Frame(grey.astype(np.uint8), PixelFormat.GREY, WIDTH, HEIGHT, step, 0.0, now_s)
        if tracker.track(frame, detector) and first_s is None:
            first_s = now_s
    assert first_s is not None and 1.5 <= first_s <= 2.5
