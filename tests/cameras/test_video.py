"""Files and network streams."""

from pathlib import Path

import cv2
import pytest

from edge.cameras.video import VideoCamera
from edge.errors import CameraError, CameraNotFound
from tests.cameras.standins import picture_of


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (320, 240))
    for number in range(40):
        writer.write(picture_of(number, 320, 240))
    writer.release()
    return path


class Clock:
    """Sleeping is what moves it."""

    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def test_time_in_a_file_is_its_own(clip: Path) -> None:
    with VideoCamera(str(clip)) as camera:
        assert not camera.live
        assert [frame.elapsed_s for frame in camera] == pytest.approx([number / 20 for number in range(40)])


def test_paced_file_is_played_at_its_own_rate(clip: Path) -> None:
    clock = Clock()
    with VideoCamera(str(clip), paced=True, clock=clock, sleep=clock.sleep) as camera:
        assert camera.live
        shown_s = [frame.captured_at_s - 50 for frame in camera]
    assert shown_s == pytest.approx([number / 20 for number in range(40)])


def test_file_cut_off_gives_what_it_has_and_says_so(clip: Path, tmp_path: Path,
                                                    caplog: pytest.LogCaptureFixture) -> None:
    cut = tmp_path / "cut.avi"
    cut.write_bytes(clip.read_bytes()[:clip.stat().st_size // 2])
    with VideoCamera(str(cut)) as camera:
        count = len(list(camera))
    assert 10 < count < 30
    assert f"expected 40 frames, found {count}: the file is cut off" in caplog.text


def test_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CameraNotFound, match="none.mp4"), VideoCamera(str(tmp_path / "none.mp4")):
        pass


def test_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    with pytest.raises(CameraError, match="text.mp4"), VideoCamera(str(path)):
        pass


def test_stream_that_does_not_answer_is_refused_without_its_password() -> None:
    with pytest.raises(CameraError) as raised, VideoCamera("http://user:secret@127.0.0.1:9/stream"):
        pass
    assert "secret" not in str(raised.value) and "127.0.0.1:9/stream" in str(raised.value)
