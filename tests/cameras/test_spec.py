"""Each text that `--camera` takes, and the camera that it names."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.cameras.spec import (
    CameraSpec,
    CsiCamera,
    DemoPicture,
    NetworkStream,
    UnsupportedUrl,
    V4l2Device,
    VideoFile,
    hide_secrets,
    parse_camera,
)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("demo", DemoPicture()),
        ("0", V4l2Device("/dev/video0")),
        ("12", V4l2Device("/dev/video12")),
        ("/dev/video3", V4l2Device("/dev/video3")),
        ("/dev/v4l/by-id/usb-Cheap-index0", V4l2Device("/dev/v4l/by-id/usb-Cheap-index0")),
        ("picamera2", CsiCamera(0)),
        ("picamera2:1", CsiCamera(1)),
        ("rtsp://anna:pw@cam/one?a=*", NetworkStream("rtsp://anna:pw@cam/one?a=*")),
        ("HTTPS://cam", NetworkStream("HTTPS://cam")),
        ("rtmp://cam/one", UnsupportedUrl("rtmp://cam/one")),
        ("rtsp:/cam/one", VideoFile("rtsp:/cam/one")),
        ("clips/a.mp4", VideoFile("clips/a.mp4")),
        ("clips/*.mp4", VideoFile("clips/*.mp4")),
        ("picamera2:left", VideoFile("picamera2:left")),
        ("-1", VideoFile("-1")),
        ("demo.mp4", VideoFile("demo.mp4")),
    ],
)
def test_text_names_one_kind_of_camera(text: str, spec: CameraSpec) -> None:
    assert parse_camera(text) == spec


def test_files_alone_are_not_live() -> None:
    texts = ("demo", "0", "picamera2", "http://cam", "rtmp://cam", "a.mp4")
    assert [parse_camera(text).is_live for text in texts] == [True, True, True, True, False, False]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("rtsp://cam/one", ("cam", 554)),
        ("RTSPS://cam/one", ("cam", 322)),
        ("http://anna:pw@cam.lan:8080/live", ("cam.lan", 8080)),
        ("https://[::1]/live", ("::1", 443)),
    ],
)
def test_address_of_a_stream_has_the_port_of_its_scheme(url: str, address: tuple[str, int]) -> None:
    assert NetworkStream(url).split_address() == address


@pytest.mark.parametrize("url", ["http://cam:port/live", "http://[cam/live"])
def test_address_of_a_malformed_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        NetworkStream(url).split_address()


def test_only_an_existing_file_is_a_regular_file(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    paths = (tmp_path / "clip.mp4", tmp_path, tmp_path / "none.mp4")
    assert [VideoFile(str(path)).is_regular_file() for path in paths] == [True, False, False]


def test_parser_needs_no_library() -> None:
    program = "import sys, edge.cameras.spec; print([n for n in ('cv2', 'numpy') if n in sys.modules])"
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output == "[]\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://anna:hunter2@cam:554/one", "rtsp://…@cam:554/one"),
        ("rtsp://anna:hunt@er?2@cam/one", "rtsp://…@cam/one"),
        ("http://cam/video?user=anna&pwd=hunter2", "http://cam/video?…"),
        ("http://anna:x@cam/?pwd=y", "http://…@cam/?…"),
        ("rtsp:/anna:hunter2@cam", "rtsp:/…@cam"),
        ("http://cam:8080/video", "http://cam:8080/video"),
        ("/home/anna@home/what?.mp4", "/home/anna@home/what?.mp4"),
    ],
)
def test_address_is_shown_without_its_password(text: str, shown: str) -> None:
    assert hide_secrets(text) == shown
