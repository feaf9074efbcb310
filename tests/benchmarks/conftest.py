"""A clip that needs no material: the demo's face, as a video file."""

from pathlib import Path

import cv2
import pytest

from edge.cameras.demo import DemoCamera
from tests.clocks import Clock

FPS = 30


@pytest.fixture(scope="session")
def face_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames of 320×240."""
    path = tmp_path_factory.mktemp("clip") / "face.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (320, 240))
    clock = Clock()
    with DemoCamera(320, 240, FPS, clock=clock, sleep=clock.sleep) as camera:
        for _ in range(20):
            writer.write(next(camera).bgr)
    writer.release()
    return path
