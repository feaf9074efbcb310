"""One suite over every camera: each keeps the promises of edge.contracts.Camera."""

import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest

from edge.cameras.demo import DemoCamera
from edge.cameras.picamera import PiCamera
from edge.cameras.reconnecting import ReconnectingCamera
from edge.cameras.self_turning import SelfTurningCamera
from edge.cameras.turned import TurnedCamera
from edge.cameras.usb import UsbCamera
from edge.cameras.video import VideoCamera
from edge.contracts import Camera
from edge.detectors.haar import HaarDetector
from edge.frames import Frame
from edge.orientation import Orientation
from tests.cameras import standins

WIDTH, HEIGHT, FPS = 320, 240, 30
CLIP_FRAMES = 12
NAMES = (
    "usb as MJPG",
    "usb as YUYV",
    "usb as NV12",
    "reconnecting",
    "turned",
    "self-turning",
    "file",
    "paced file",
    "http",
    "picamera2",
    "demo",
)
FILES = ("file", "paced file", "self-turning")

Make = Callable[[], Camera]


class MotionJpeg(BaseHTTPRequestHandler):
    """A network camera that sends pictures as long as a client takes them."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=b")
        self.end_headers()
        try:
            for number in range(100_000):
                jpeg = cv2.imencode(".jpg", standins.make_picture(number, WIDTH, HEIGHT))[1].tobytes()
                self.wfile.write(b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
                self.wfile.write(jpeg + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""


@pytest.fixture(scope="module")
def network_camera() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), MotionJpeg) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/stream.mjpg"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    for number in range(CLIP_FRAMES):
        writer.write(standins.make_picture(number, WIDTH, HEIGHT))
    writer.release()
    return path


@pytest.fixture(params=NAMES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def make_usb_camera(root: Path, code: str, width: int = WIDTH, height: int = HEIGHT) -> UsbCamera:
    return UsbCamera(
        "/dev/video0",
        width,
        height,
        FPS,
        root=root,
        capture=lambda *_: standins.V4l2Capture(lambda _: None, codes=[code]),  # type: ignore[arg-type]
    )


@pytest.fixture
def make(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> Make:
    if kind.startswith("usb") or kind in ("reconnecting", "turned"):
        device = tmp_path / "dev" / "video0"
        device.parent.mkdir()
        device.touch()
        if kind == "reconnecting":
            return lambda: ReconnectingCamera(make_usb_camera(tmp_path, "MJPG"), WIDTH, HEIGHT)
        if kind == "turned":
            # The camera's own pictures are portraits.
            return lambda: TurnedCamera(make_usb_camera(tmp_path, "MJPG", HEIGHT, WIDTH), Orientation(90))
        return lambda: make_usb_camera(tmp_path, kind[-4:])
    if kind == "self-turning":
        return lambda: SelfTurningCamera(VideoCamera(str(clip)), HaarDetector(), min_face_px=48)
    if kind == "picamera2":
        if "picamera2" not in sys.modules:
            monkeypatch.setitem(sys.modules, "picamera2", standins.make_picamera2_module())
        return lambda: PiCamera(0, WIDTH, HEIGHT, FPS)
    if kind == "http":
        url = request.getfixturevalue("network_camera")
        return lambda: VideoCamera(url)
    if kind == "demo":
        return lambda: DemoCamera(WIDTH, HEIGHT, FPS)
    return lambda: VideoCamera(str(clip), paced=kind == "paced file")


def take_frames(camera: Camera, count: int = 5) -> list[Frame]:
    return list(islice(camera, count))


def test_frames_have_the_size_they_say(make: Make) -> None:
    with make() as camera:
        for frame in take_frames(camera):
            assert (frame.width, frame.height) == (WIDTH, HEIGHT)
            assert frame.grey.shape == (HEIGHT, WIDTH) and frame.grey.dtype == np.uint8
            assert frame.bgr.shape == (HEIGHT, WIDTH, 3) and frame.bgr.dtype == np.uint8


def test_grey_and_colour_show_the_same_picture(make: Make) -> None:
    with make() as camera:
        frame = take_frames(camera, 1)[0]
    grey = cv2.cvtColor(frame.bgr, cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(grey - frame.grey).mean() < 20


def test_numbers_rise_from_zero_and_only_the_demo_may_be_late(make: Make, kind: str) -> None:
    with make() as camera:
        numbers = [frame.number for frame in take_frames(camera)]
    if kind == "demo":
        assert numbers[0] >= 0 and numbers == sorted(set(numbers))
    else:
        assert numbers == [0, 1, 2, 3, 4]


def test_times_are_on_the_monotonic_clock_and_do_not_go_back(make: Make) -> None:
    before_s = time.monotonic()
    with make() as camera:
        frames = take_frames(camera)
    # The demo gives its frames the time at which they are due, which may be just after now.
    after_s = time.monotonic() + 1
    captured_s = [frame.captured_at_s for frame in frames]
    elapsed_s = [frame.elapsed_s for frame in frames]
    assert captured_s == sorted(captured_s) and before_s <= captured_s[0] and captured_s[-1] <= after_s
    assert elapsed_s == sorted(elapsed_s)
    assert elapsed_s[0] == frames[0].number / FPS


def test_frame_is_not_overwritten_by_the_next(make: Make) -> None:
    with make() as camera:
        stream = iter(camera)
        first = next(stream)
        before = first.buffer.copy()
        later = take_frames(camera, 4)
    np.testing.assert_array_equal(first.buffer, before)
    assert not any(np.shares_memory(first.buffer, frame.buffer) for frame in later)


def test_buffer_of_every_frame_is_read_only(make: Make) -> None:
    with make() as camera:
        for frame in take_frames(camera):
            assert frame.buffer.flags.writeable is False
            with pytest.raises(ValueError, match="read-only"):
                frame.buffer[:] = 0


def test_camera_opens_again_after_a_fault_of_its_user(make: Make) -> None:
    camera = make()
    with pytest.raises(KeyError), camera:
        take_frames(camera, 1)
        raise KeyError
    with camera:
        assert take_frames(camera, 1)


def test_camera_that_was_not_opened_raises(make: Make) -> None:
    with pytest.raises(RuntimeError, match="enter it first"):
        next(iter(make()))


def test_camera_that_was_left_gives_nothing_more(make: Make) -> None:
    with make() as camera:
        take_frames(camera, 1)
    with pytest.raises(RuntimeError, match="enter it first"):
        next(iter(camera))


def test_camera_has_a_name_and_knows_whether_it_is_live_and_how_long(make: Make, kind: str) -> None:
    with make() as camera:
        assert isinstance(camera.name, str) and camera.name
        assert camera.is_live == (kind not in ("file", "self-turning"))
        assert camera.frame_count == (CLIP_FRAMES if kind in FILES else None)


@pytest.mark.parametrize("kind", FILES, indirect=True)
def test_file_ends_after_its_last_frame_and_stays_ended(make: Make) -> None:
    with make() as camera:
        assert len(list(camera)) == CLIP_FRAMES
        assert list(camera) == []
