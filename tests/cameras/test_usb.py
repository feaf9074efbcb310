"""A USB camera with each of the faults that OpenCV's V4L2 backend is known to show."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import v4l2, v4l2_controls
from edge.cameras.usb import UsbCamera
from edge.cameras.v4l2 import CaptureFormat
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout
from edge.frames import PixelFormat
from tests.cameras.fake_machine import FakeMachine
from tests.cameras.standins import make_picture
from tests.exif import add_exif


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path)


def test_asks_for_jpeg_before_size_and_rate_and_for_the_bytes_as_they_are(machine: FakeMachine) -> None:
    with machine.make_camera():
        asked = list(machine.capture.settings)
        assert machine.capture.settings[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
        assert machine.capture.settings[cv2.CAP_PROP_CONVERT_RGB] == 0
    assert (
        asked.index(cv2.CAP_PROP_FOURCC)
        < asked.index(cv2.CAP_PROP_FRAME_WIDTH)
        < asked.index(cv2.CAP_PROP_FPS)
    )


@pytest.mark.parametrize(
    ("codes", "given"),
    [
        (("YUYV", "MJPG"), PixelFormat.MJPG),
        (("NV12", "YUYV"), PixelFormat.YUYV),
        (("GREY",), PixelFormat.GREY),
        (("UYVY",), PixelFormat.BGR),
        (("NV12",), PixelFormat.BGR),
    ],
)
def test_every_format_of_a_device_shows_the_same_picture(
    machine: FakeMachine, codes: tuple[str, ...], given: PixelFormat
) -> None:
    machine.capture = machine.make_capture(codes=codes)
    with machine.make_camera() as camera:
        frame = next(camera)
    assert frame.format is given
    assert np.abs(frame.grey.astype(int) - make_picture(0, 640, 480)[:, :, 0]).max() <= 2


def test_log_gives_the_format_of_the_camera(machine: FakeMachine, caplog: pytest.LogCaptureFixture) -> None:
    machine.capture = machine.make_capture(codes=["YUYV"], offers=(320, 240))
    with caplog.at_level("INFO"), machine.make_camera() as camera:
        frame = next(camera)
    assert (frame.width, frame.height, frame.format) == (320, 240, PixelFormat.YUYV)
    assert "YUYV 320×240" in caplog.text and "asked for MJPG 640×480 at 30" in caplog.text


def test_receiver_of_a_csi_camera_names_picamera2(machine: FakeMachine) -> None:
    (machine.root / "sys/class/video4linux/video0/name").write_text("unicam-image\n")
    machine.capture = machine.make_capture(opens=False)
    with (
        pytest.raises(CameraError, match=r"receiver of a CSI camera.*--camera picamera2"),
        machine.make_camera(),
    ):
        pass


@pytest.mark.parametrize(
    ("offered", "message"),
    [
        (
            ["H264"],
            "expected MJPG, YUYV or another format of whole pictures from /dev/video0, found H264 only",
        ),
        (["Z16", "Y8I"], "found Y8I, Z16 only; use another camera, or another of its device nodes"),
        (["H264", "MJPG"], "found a device that gives no picture"),
        ([], "found a device that gives no picture"),
    ],
)
def test_formats_that_cannot_be_read_are_named(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch, offered: list[str], message: str
) -> None:
    machine.capture = machine.make_capture(opens=False)
    formats = [CaptureFormat(fourcc, 640, 480, 30) for fourcc in offered]
    monkeypatch.setattr(v4l2, "enumerate_formats", lambda path: formats)
    with pytest.raises(CameraError, match=message), machine.make_camera():
        pass


def test_controls_are_set_each_time_the_camera_is_opened(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    was_set: list[object] = []
    monkeypatch.setattr(v4l2_controls, "set_controls", lambda *arguments: was_set.append(arguments))
    camera = machine.make_camera(controls={"focus_auto": False})
    for _ in range(2):
        with camera:
            next(camera)
    assert was_set == [(machine.root / "dev/video0", {"focus_auto": False}, "/dev/video0")] * 2


def test_control_that_the_camera_lacks_releases_the_camera(machine: FakeMachine) -> None:
    with (
        pytest.raises(CameraError, match=r"expected a control of /dev/video0 \(no controls\), found zoom"),
        machine.make_camera(controls={"zoom": 2}),
    ):
        pass
    assert machine.capture.is_released


def show_jpegs(machine: FakeMachine, *jpegs: bytes) -> None:
    """Make the camera deliver `jpegs` one after the other, as OpenCV does: each is one row."""
    rest = iter(jpegs)
    machine.capture.read = lambda: (  # type: ignore[method-assign]
        True,
        np.frombuffer(next(rest), np.uint8).reshape(1, -1),
    )


def make_square(width: int, height: int) -> bytes:
    """A JPEG of a white square of 100 × 100 px."""
    picture = np.zeros((height, width), np.uint8)
    picture[100:200, 150:250] = 255
    return np.asarray(cv2.imencode(".jpg", picture)[1], np.uint8).tobytes()


@pytest.mark.parametrize(
    ("tag", "size"), [(1, (640, 480)), (3, (640, 480)), (6, (480, 640)), (8, (480, 640))]
)
def test_picture_of_a_phone_is_turned_as_exif_says_and_never_squeezed(
    machine: FakeMachine, tag: int, size: tuple[int, int]
) -> None:
    show_jpegs(machine, add_exif(make_square(640, 480), tag))
    with machine.make_camera() as camera:
        frame = next(camera)
    assert (frame.width, frame.height) == size
    half = frame.half_grey
    assert half is not None and half.shape == (size[1] // 2, size[0] // 2)
    for picture in (frame.grey, frame.bgr[:, :, 0]):
        assert picture.shape == (size[1], size[0])
        rows, columns = np.where(picture > 128)
        assert [int(np.ptp(rows)), int(np.ptp(columns))] == [99, 99]
    left = {1: 150, 3: 390, 6: 480 - 200, 8: 100}[tag]
    assert np.where(frame.grey > 128)[1].min() == left


def test_camera_that_changes_its_size_goes_on_with_frames_of_that_size(machine: FakeMachine) -> None:
    large, small = make_square(640, 480), make_square(320, 240)
    show_jpegs(machine, large, large, small, small, small)
    with machine.make_camera() as camera:
        frames = list(islice(camera, 4))
    assert [(frame.number, frame.width, frame.height) for frame in frames] == [
        (0, 640, 480),
        (1, 640, 480),
        (3, 320, 240),
        (4, 320, 240),
    ]
    assert [frame.grey.shape for frame in frames] == [(480, 640)] * 2 + [(240, 320)] * 2
    assert np.ptp(np.where(frames[-1].grey > 128)[0]) == 99


def test_one_damaged_header_does_not_change_the_size(machine: FakeMachine) -> None:
    large = make_square(640, 480)
    show_jpegs(machine, large, make_square(320, 480), large)
    with machine.make_camera() as camera:
        assert [(frame.number, frame.width) for frame in islice(camera, 2)] == [(0, 640), (2, 640)]


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff\xd8 cut off"])
def test_garbage_in_place_of_a_jpeg_is_a_black_frame(machine: FakeMachine, content: bytes) -> None:
    with machine.make_camera() as camera:
        next(camera)
        machine.capture.read = lambda: (True, np.frombuffer(content, np.uint8))  # type: ignore[method-assign]
        assert not next(camera).grey.any()


def test_drivers_time_stamp_is_taken_where_it_is_of_this_clock(machine: FakeMachine) -> None:
    machine.capture = machine.make_capture(stamp_s=lambda: machine.now_s - 0.02)
    with machine.make_camera() as camera:
        assert next(camera).captured_at_s == pytest.approx(machine.now_s - 0.02)
    machine.capture = machine.make_capture(stamp_s=lambda: 5.0)
    with machine.make_camera() as camera:
        assert next(camera).captured_at_s == pytest.approx(machine.now_s)


def provoke_fault(machine: FakeMachine, fault: str) -> CameraError:
    with machine.make_camera() as camera, pytest.raises(CameraError) as raised:
        assert len(list(islice(camera, 3))) == 3
        machine.capture.fault = fault
        if fault == "unplugged":
            (machine.root / "dev/video0").unlink()
        next(camera)
    assert machine.capture.is_released
    assert "\n" not in str(raised.value)
    return raised.value


def test_unplugged_camera_is_gone_at_once(machine: FakeMachine) -> None:
    error = provoke_fault(machine, "unplugged")
    assert not isinstance(error, CameraTimeout) and "gone" in str(error)


def test_camera_that_is_there_but_gives_nothing_is_not_called_gone(machine: FakeMachine) -> None:
    error = provoke_fault(machine, "starved")
    assert (
        not isinstance(error, CameraTimeout) and "gone" not in str(error) and "another camera" in str(error)
    )


@pytest.mark.parametrize("code", ["MJPG", "YUYV"])
def test_empty_frame_is_a_dropped_frame_and_no_lost_camera(machine: FakeMachine, code: str) -> None:
    machine.capture = machine.make_capture(codes=[code])
    read, count = machine.capture.read, iter(range(100))
    machine.capture.read = lambda: (False, None) if next(count) % 4 == 2 else read()  # type: ignore[method-assign]
    with machine.make_camera() as camera:
        assert [frame.number for frame in islice(camera, 6)] == [0, 1, 3, 4, 5, 7]


def test_frame_that_the_bus_cut_off_is_a_dropped_frame(machine: FakeMachine) -> None:
    whole = make_square(640, 480)
    show_jpegs(machine, whole, whole[: len(whole) // 2], whole, whole[:-2], whole[:900], whole)
    with machine.make_camera() as camera:
        assert [frame.number for frame in islice(camera, 3)] == [0, 2, 5]


def test_camera_that_never_ends_its_jpegs_loses_no_frame(machine: FakeMachine) -> None:
    endless = make_square(640, 480)[:-2]
    show_jpegs(machine, *[endless] * 4)
    with machine.make_camera() as camera:
        frames = list(islice(camera, 4))
    assert [frame.number for frame in frames] == [0, 1, 2, 3] and all(frame.grey.any() for frame in frames)


def test_camera_whose_frames_are_all_cut_from_now_on_goes_on_with_them(machine: FakeMachine) -> None:
    whole = make_square(640, 480)
    show_jpegs(machine, whole, *[whole[:-2]] * 10)
    with machine.make_camera() as camera:
        assert [frame.number for frame in islice(camera, 4)] == [0, 5, 6, 7]


def test_frozen_camera_times_out(machine: FakeMachine) -> None:
    assert isinstance(provoke_fault(machine, "frozen"), CameraTimeout)


def test_camera_that_freezes_and_whose_node_vanishes_is_gone(machine: FakeMachine) -> None:
    with machine.make_camera() as camera:
        next(camera)
        machine.capture.fault = "frozen"
        (machine.root / "dev/video0").unlink()
        with pytest.raises(CameraError, match="gone"):
            next(camera)


def test_fault_on_the_bus_is_a_camera_error(machine: FakeMachine) -> None:
    error = provoke_fault(machine, "protocol")
    assert isinstance(error.__cause__, cv2.error)


def test_missing_camera_lists_those_that_are_there(machine: FakeMachine) -> None:
    machine.add_node("video1", index=1)
    machine.add_node("video2", index=0)
    (machine.root / "dev/v4l/by-id/usb-Cheap_Webcam-video-index0").symlink_to(machine.root / "dev/video2")
    with pytest.raises(CameraNotFound) as raised, machine.make_camera(7):
        pass
    message = str(raised.value)
    assert "/dev/video7" in message
    assert "/dev/video0, /dev/video2 (/dev/v4l/by-id/usb-Cheap_Webcam-video-index0)" in message
    assert "video1" not in message


def test_stable_name_opens_the_camera(machine: FakeMachine) -> None:
    (machine.root / "dev/v4l/by-id/usb-Cheap_Webcam-video-index0").symlink_to(machine.root / "dev/video0")
    with machine.make_camera("/dev/v4l/by-id/usb-Cheap_Webcam-video-index0") as camera:
        assert next(camera).format is PixelFormat.MJPG


@pytest.fixture
def nobody() -> Iterator[None]:
    """Change the real user id, which access() checks, from root to nobody: root may open everything."""
    is_root = os.getuid() == 0
    if is_root:
        os.setreuid(65534, -1)
    yield
    if is_root:
        os.setreuid(0, -1)


@pytest.mark.usefixtures("nobody")
def test_camera_without_permission_names_the_group(machine: FakeMachine) -> None:
    (machine.root / "dev/video0").chmod(0)
    with pytest.raises(CameraError, match="usermod -aG video"), machine.make_camera():
        pass


def test_busy_camera_names_who_holds_it(machine: FakeMachine) -> None:
    descriptors = machine.root / "proc/4321/fd"
    descriptors.mkdir(parents=True)
    (descriptors / "7").symlink_to(machine.root / "dev/video0")
    (descriptors.parent / "comm").write_text("motion\n")
    machine.capture = machine.make_capture(opens=False)
    with pytest.raises(CameraBusy, match=r"4321 \(motion\)"), machine.make_camera():
        pass


def test_busy_camera_whose_holder_cannot_be_seen(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.capture = machine.make_capture(opens=False)
    monkeypatch.setattr(v4l2, "is_busy", lambda path: path == machine.root / "dev/video0")
    with (
        pytest.raises(CameraBusy, match="held by another user's process; stop that first"),
        machine.make_camera(),
    ):
        pass


def test_device_that_is_no_camera_is_refused_by_opencv_itself() -> None:
    # Many processes hold /dev/null open; that does not make it busy.
    with (
        pytest.raises(CameraNotFound, match="/dev/null, found a device that gives no picture"),
        UsbCamera("/dev/null", 640, 480, 30),
    ):
        pass
