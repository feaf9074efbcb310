"""Files and network streams."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import cv2
import numpy as np
import pytest

from edge.cameras import video
from edge.cameras.stream_session import Timeouts
from edge.cameras.video import VideoCamera
from edge.errors import CameraError, CameraNotFound, CameraTimeout
from tests.cameras.standins import make_picture
from tests.clocks import Clock


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (320, 240))
    for number in range(40):
        writer.write(make_picture(number, 320, 240))
    writer.release()
    return path


def test_time_in_a_file_is_its_own(clip: Path) -> None:
    with VideoCamera(str(clip)) as camera:
        assert not camera.is_live
        assert [frame.elapsed_s for frame in camera] == pytest.approx([number / 20 for number in range(40)])


def test_paced_file_is_played_at_its_own_rate(clip: Path) -> None:
    clock = Clock(50.0)
    with VideoCamera(str(clip), paced=True, clock=clock, sleep=clock.sleep) as camera:
        assert camera.is_live
        shown_s = [frame.captured_at_s - 50 for frame in camera]
    assert shown_s == pytest.approx([number / 20 for number in range(40)])


def test_gap_in_a_paced_file_is_cut_short(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "MAX_PAUSE_S", 0.01)
    clock = Clock(50.0)
    with VideoCamera(str(clip), paced=True, clock=clock, sleep=clock.sleep) as camera:
        shown_s = [frame.captured_at_s - 50 for frame in camera]
    assert shown_s == pytest.approx([number * 0.01 for number in range(40)])


def test_file_cut_off_gives_what_it_has_and_says_so(
    clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cut = tmp_path / "cut.avi"
    cut.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with VideoCamera(str(cut)) as camera:
        count = len(list(camera))
    assert 10 < count < 30
    assert f"expected 40 frames, found {count}: the file is cut off" in caplog.text


def test_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CameraNotFound, match=r"none\.mp4"), VideoCamera(str(tmp_path / "none.mp4")):
        pass


def test_file_that_is_no_video_is_refused_without_output_of_ffmpeg(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    with pytest.raises(CameraError, match=r"text\.mp4"), VideoCamera(str(path)):
        pass
    assert "moov" not in capfd.readouterr().err


def test_damaged_file_is_read_to_its_end(clip: Path, tmp_path: Path) -> None:
    content = bytearray(clip.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    damaged = tmp_path / "damaged.avi"
    damaged.write_bytes(content)
    with VideoCamera(str(damaged)) as camera, VideoCamera(str(clip)) as whole:
        found, expected = list(camera), list(whole)
    assert 30 < len(found) <= 40
    np.testing.assert_array_equal(found[-1].bgr, expected[-1].bgr)


def test_time_in_a_file_is_that_of_its_stamps_not_of_its_mean_rate(material: Callable[[str], Path]) -> None:
    # The file states 24.7 FPS, but its frames are 40 ms apart.
    with VideoCamera(str(material("data/faces.mp4"))) as camera:
        assert [frame.elapsed_s for frame in camera] == pytest.approx(
            [number * 0.04 for number in range(115)]
        )


@pytest.mark.parametrize(
    "secret", ["http://user:secret@{}", "rtsp://user:se@cr/secret@{}", "http://{}?pwd=secret"]
)
def test_stream_that_does_not_answer_is_refused_without_its_password(
    secret: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        caplog.at_level("DEBUG"),
        pytest.raises(CameraError, match=r"127\.0\.0\.1:9/stream") as raised,
        VideoCamera(secret.format("127.0.0.1:9/stream")),
    ):
        pass
    assert "secret" not in str(raised.value) + caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize("wrong", ["rtmp://anna:hunter2@cam/one", "rtsp:/anna:hunter2@cam/one"])
def test_what_is_no_stream_is_refused_without_its_password(wrong: str) -> None:
    with pytest.raises(CameraNotFound, match="…@cam/one") as raised, VideoCamera(wrong):
        pass
    assert "hunter2" not in str(raised.value)


@contextmanager
def serve_stream(frames: int, *, ends: bool) -> Iterator[str]:
    """Run a network camera that sends so many frames and then hangs up, or stays silent; yields its URL."""
    is_over = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=b")
            self.end_headers()
            for number in range(frames):
                jpeg = cv2.imencode(".jpg", make_picture(number, 320, 240))[1].tobytes()
                self.wfile.write(b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
                self.wfile.write(jpeg + b"\r\n")
            if not ends:
                is_over.wait()

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/stream.mjpg"
        finally:
            is_over.set()
            server.shutdown()
            thread.join()


def test_stream_that_ends_is_a_fault() -> None:
    with serve_stream(20, ends=True) as url, VideoCamera(url) as camera:
        assert [next(camera).number for _ in range(20)] == list(range(20))
        with pytest.raises(CameraError, match="end of the stream") as raised:
            next(camera)
    assert not isinstance(raised.value, CameraTimeout)


def test_stream_that_falls_silent_times_out() -> None:
    with (
        serve_stream(20, ends=False) as url,
        VideoCamera(url, timeouts=Timeouts(read_s=0.2)) as camera,
        pytest.raises(CameraTimeout, match=r"0\.2 s"),
    ):
        list(camera)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_host_that_accepts_and_stays_silent_is_given_up_by_its_own_time_out(scheme: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(CameraTimeout, match=r"stream that answers at .* within 0\.2 s"),
        # If the limit between two pictures ended the wait, this test would take that long.
        VideoCamera(
            f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/one", timeouts=Timeouts(open_s=0.2, read_s=600)
        ),
    ):
        pass


def test_address_where_nothing_listens_is_refused_at_once() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with (
            pytest.raises(CameraNotFound, match="Connection refused"),
            VideoCamera(f"rtsp://127.0.0.1:{bound.getsockname()[1]}/one"),
        ):
            pass
