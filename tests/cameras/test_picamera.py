"""A CSI camera through a fake picamera2."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.build import make_camera
from edge.cameras.picamera import PiCamera
from edge.cameras.reconnecting import ReconnectingCamera
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout
from edge.frames import PixelFormat
from edge.orientation import FLIPPED, MIRRORED, UPRIGHT, Orientation
from edge.settings.config import Config
from tests.cameras import standins
from tests.cameras.standins import Picamera2
from tests.clocks import Clock


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", standins.make_picamera2_module())
    monkeypatch.setitem(sys.modules, "libcamera", standins.make_libcamera_module())


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
    assert (Picamera2.last.state, Picamera2.last.open_requests) == ("closed", 0)


@pytest.mark.usefixtures("library")
def test_missing_camera_lists_those_that_are_there() -> None:
    with pytest.raises(CameraNotFound, match=r"picamera2:0 \(imx708\)"), PiCamera(3, 320, 240, 30):
        pass


@pytest.mark.usefixtures("library")
def test_busy_camera_is_reported_as_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picamera2, "is_busy", True)
    with (
        pytest.raises(CameraBusy, match=r"picamera2:0 to be free, found: .*Device or resource busy"),
        PiCamera(0, 320, 240, 30),
    ):
        pass


@pytest.mark.usefixtures("library")
def test_frozen_camera_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with PiCamera(0, 320, 240, 30) as camera:
        next(camera)
        monkeypatch.setattr(Picamera2, "is_frozen", True)
        with pytest.raises(CameraTimeout, match="within 1 s, found none; check the ribbon"):
            next(camera)
    assert Picamera2.last.state == "closed"


@pytest.mark.usefixtures("library")
def test_camera_that_thaws_goes_on_without_losing_a_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    with PiCamera(0, 320, 240, 30) as camera:
        for is_frozen in (True, False):
            monkeypatch.setattr(Picamera2, "is_frozen", is_frozen)
            if is_frozen:
                with pytest.raises(CameraTimeout, match="within 1 s"):
                    next(camera)
        assert [next(camera).number, next(camera).number] == [0, 1]
    assert (Picamera2.last.state, Picamera2.last.open_requests) == ("closed", 0)


@pytest.mark.usefixtures("library")
def test_broken_camera_is_closed_and_its_first_error_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(CameraError, match="found: Camera frontend has timed out"),
        PiCamera(0, 320, 240, 30) as camera,
    ):
        next(camera)
        monkeypatch.setattr(Picamera2, "is_broken", True)
        next(camera)
    assert Picamera2.last.state == "closed"
    with pytest.raises(CameraError, match="found: Failed to start camera"), camera:
        pass
    assert Picamera2.last.state == "closed"


@pytest.mark.usefixtures("library")
def test_camera_that_cannot_be_closed_is_waited_for_and_nothing_else_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    clock = Clock(0.0)
    with ReconnectingCamera(PiCamera(0, 320, 240, 30), 320, 240, clock=clock, sleep=clock.sleep) as camera:
        next(camera)
        for fault in ("is_broken", "is_frozen"):
            monkeypatch.setattr(Picamera2, fault, True)
            assert all(next(camera).notice for _ in range(100))
            monkeypatch.setattr(Picamera2, fault, False)
            while next(camera).notice:
                pass
    reported = [line.partition(":")[0] for line in caplog.messages if "gives" in line or "no camera" in line]
    assert reported == ["picamera2", "no camera", "no camera"]


@pytest.mark.usefixtures("library")
def test_size_is_what_the_camera_made_of_the_wish(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"), PiCamera(0, 321, 241, 30) as camera:
        frame = next(camera)
    assert (frame.width, frame.height) == (320, 240) == frame.grey.shape[::-1]
    assert "320×240 at 30 FPS (asked for 321×241)" in caplog.text


@pytest.mark.usefixtures("library")
def test_size_that_the_camera_cannot_give_is_no_busy_camera() -> None:
    with (
        pytest.raises(CameraError, match=r"8000×6000 .*Invalid camera configuration") as raised,
        PiCamera(0, 8000, 6000, 30),
    ):
        pass
    assert type(raised.value) is CameraError and Picamera2.last.state == "closed"


@pytest.mark.usefixtures("library")
def test_camera_that_gives_another_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picamera2, "lores_format", "NV12")
    with pytest.raises(CameraError, match=r"expected YUV420 .*found NV12"), PiCamera(0, 320, 240, 30):
        pass
    assert Picamera2.last.state == "closed"


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(("stamp_s", "captured_at_s"), [(999.98, 999.98), (0.0, 1000.0), (2000.0, 1000.0)])
def test_sensors_time_stamp_is_taken_where_it_is_of_this_clock(
    monkeypatch: pytest.MonkeyPatch, stamp_s: float, captured_at_s: float
) -> None:
    monkeypatch.setattr(Picamera2, "stamp_ns", int(stamp_s * 1e9))
    with PiCamera(0, 320, 240, 30, clock=lambda: 1000.0) as camera:
        assert next(camera).captured_at_s == pytest.approx(captured_at_s)


def test_without_picamera2_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraNotFound, match="apt install python3-picamera2"), PiCamera(0, 320, 240, 30):
        pass


def test_picamera2_built_against_an_old_numpy_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size changed')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    with (
        pytest.raises(CameraError, match=r"numpy.dtype size changed; pip install 'simplejpeg"),
        PiCamera(0, 320, 240, 30),
    ):
        pass


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    "orientation", [UPRIGHT, MIRRORED, FLIPPED, Orientation(180)], ids=["upright", "mirror", "flip", "180"]
)
def test_sensor_turns_the_picture_where_the_sides_stay(orientation: Orientation) -> None:
    with PiCamera(0, 320, 240, 30, orientation=orientation) as camera:
        frame = next(camera)
    assert frame.orientation == UPRIGHT and np.shares_memory(frame.grey, frame.buffer)
    expected = orientation.apply(standins.make_picture(0, 320, 240)[:, :, 0]).astype(int)
    assert np.abs(frame.grey - expected * 219 / 255 - 16).max() <= 2


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(("flags", "at_camera"), [({"rotate": 180}, True), ({"rotate": 90}, False)])
def test_camera_of_the_settings_is_turned_at_the_sensor_where_it_can_be(
    flags: dict[str, Any], at_camera: bool
) -> None:
    with make_camera(Config(camera="picamera2", mirror=True, **flags), is_paced=False) as camera:
        frame = next(camera)
        assert (Picamera2.last.transform != standins.Transform()) == at_camera
    assert (frame.orientation == UPRIGHT) == at_camera
    assert (frame.width, frame.height) == ((640, 480) if at_camera else (480, 640))
    # The left half is the bright one; mirrored, it is at the right, and upside down at the left again.
    bright = frame.grey[10, 10] > frame.grey[-10, -10]
    assert bright


FOCUS = {"AfMode": (0, 2, 0), "LensPosition": (0.0, 32.0, 1.0)}


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("has_focus", "controls", "expected"),
    [
        (False, {}, {}),
        (True, {}, {"AfMode": 2}),
        (True, {"lens_position": 2.5}, {"LensPosition": 2.5, "AfMode": 0}),
        (True, {"AfMode": "auto"}, {"AfMode": 1}),
        (False, {"brightness": 0.25, "awb_mode": "daylight"}, {"Brightness": 0.25, "AwbMode": 5}),
        (False, {"ColourGains": [1.5, 2.0]}, {"ColourGains": (1.5, 2.0)}),
        (False, {"ColourGains": [2, 3]}, {"ColourGains": (2, 3)}),
        (False, {"power_line_frequency": "50 Hz"}, {"AeFlickerMode": 1, "AeFlickerPeriod": 10_000}),
        (False, {"power_line_frequency": 60}, {"AeFlickerMode": 1, "AeFlickerPeriod": 8_333}),
        (False, {"power_line_frequency": "Disabled"}, {"AeFlickerMode": 0}),
    ],
)
def test_controls_are_libcamera_s_and_a_lens_focuses_by_itself(
    monkeypatch: pytest.MonkeyPatch, has_focus: bool, controls: dict[str, Any], expected: dict[str, Any]
) -> None:
    if has_focus:
        monkeypatch.setattr(Picamera2, "camera_controls", Picamera2.camera_controls | FOCUS)
    with PiCamera(0, 320, 240, 30, controls=controls) as camera:
        assert Picamera2.last.controls == {"FrameRate": 30, **expected}
        assert next(camera).number == 0


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("controls", "message"),
    [
        ({"LensPosition": 2}, r"\(AeFlickerPeriod, AwbMode, Brightness, .*\), found LensPosition; change"),
        ({"AwbMode": "moonlight"}, "one of Auto, Incandescent, Daylight for AwbMode of picamera2:0, found"),
        ({"Brightness": "high"}, "expected a number for Brightness of picamera2:0, found 'high'; change"),
        ({"power_line_frequency": 55}, "expected 50, 60 or 0 for power_line_frequency of picamera2:0"),
    ],
)
def test_control_that_the_camera_lacks_is_one_line_and_the_camera_is_closed(
    controls: dict[str, Any], message: str
) -> None:
    with pytest.raises(CameraError, match=message), PiCamera(0, 320, 240, 30, controls=controls):
        pass
    assert Picamera2.last.state == "closed"
