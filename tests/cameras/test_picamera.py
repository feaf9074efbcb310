"""A CSI camera through a stand-in for picamera2."""

import sys

import pytest

from edge.cameras.picamera import PiCamera
from edge.contracts import PixelFormat
from edge.errors import CameraBusy, CameraNotFound, CameraTimeout
from tests.cameras import standins
from tests.cameras.standins import Picamera2


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", standins.picamera2_module())


@pytest.mark.usefixtures("library")
def test_luma_is_a_view_of_the_cameras_buffer_without_its_padding() -> None:
    with PiCamera(0, 300, 240, 30) as camera:
        frame = next(camera)
    assert frame.format is PixelFormat.YUV420
    assert frame.buffer.shape == (360, 320)
    assert frame.grey.base is not None and frame.grey.shape == (240, 300)
    assert frame.bgr.shape == (240, 300, 3)


@pytest.mark.usefixtures("library")
def test_camera_is_closed_and_holds_no_request_in_the_end() -> None:
    with PiCamera(0, 320, 240, 30) as camera:
        next(camera)
        next(camera)
    assert (Picamera2.last.state, Picamera2.last.held) == ("closed", 0)


@pytest.mark.usefixtures("library")
def test_missing_camera_lists_those_that_are_there() -> None:
    with pytest.raises(CameraNotFound, match=r"picamera2:0 \(imx708\)"), PiCamera(3, 320, 240, 30):
        pass


@pytest.mark.usefixtures("library")
def test_busy_camera_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picamera2, "is_busy", True)
    with pytest.raises(CameraBusy, match="picamera2:0"), PiCamera(0, 320, 240, 30):
        pass


@pytest.mark.usefixtures("library")
def test_frozen_camera_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with PiCamera(0, 320, 240, 30) as camera:
        next(camera)
        monkeypatch.setattr(Picamera2, "is_frozen", True)
        with pytest.raises(CameraTimeout, match="ribbon"):
            next(camera)


def test_without_picamera2_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraNotFound, match="apt install python3-picamera2"), PiCamera(0, 320, 240, 30):
        pass
