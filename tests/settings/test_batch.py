"""Which videos are meant, and which outputs are whose."""

import re
from pathlib import Path

import pytest

from edge.errors import CameraNotFound, ConfigError
from edge.settings.batch import split_videos
from edge.settings.parsing import parse_settings


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "clips"
    (folder / "more").mkdir(parents=True)
    for name in ("b.MP4", "a.mkv", "notes.txt", "more/c.avi"):
        (folder / name).write_text("x")
    monkeypatch.chdir(tmp_path)
    return folder


def chosen(*arguments: str) -> list[tuple[str, str | None, str | None]]:
    """Camera, record and events of each of the settings."""
    configs = [one.config for one in split_videos(parse_settings(arguments, {})[0])]
    return [(one.camera, one.record, one.events) for one in configs]


def test_folder_gives_each_video_its_own_outputs(clips: Path) -> None:
    assert chosen("--camera", "clips", "--record", "out/{name}.mp4", "--events", "{name}.csv") == [
        ("clips/a.mkv", "out/a.mp4", "a.csv"),
        ("clips/b.MP4", "out/b.mp4", "b.csv"),
    ]


def test_pattern_may_reach_into_folders(clips: Path) -> None:
    assert [camera for camera, *_ in chosen("--camera", "clips/**/*.[am][vk][iv]")] == [
        "clips/a.mkv",
        "clips/more/c.avi",
    ]


def test_single_file_may_use_the_name_in_its_outputs(clips: Path) -> None:
    assert chosen("--camera", "clips/a.mkv", "--events", "{name}.csv") == [("clips/a.mkv", None, "a.csv")]
    assert chosen("--camera", "clips/a.mkv", "--events", "x.csv") == [("clips/a.mkv", None, "x.csv")]


def test_videos_of_one_name_do_not_share_an_output(clips: Path) -> None:
    (clips / "more" / "a.mp4").write_text("x")
    events = [events for *_, events in chosen("--camera", "clips/**/a.*", "--events", "{name}.csv")]
    assert events == ["clips-a-mkv.csv", "clips-more-a-mp4.csv"]


def test_file_whose_name_looks_like_a_pattern_is_that_file(clips: Path) -> None:
    (clips / "a[1].mp4").write_text("x")
    assert [camera for camera, *_ in chosen("--camera", "clips/a[1].mp4")] == ["clips/a[1].mp4"]


@pytest.mark.parametrize(
    "camera", ["0", "demo", "picamera2:1", "/dev/video0", "rtsp://camera/1?a=*", "none.mp4"]
)
def test_other_cameras_are_left_as_they_are(clips: Path, camera: str) -> None:
    assert chosen("--camera", camera, "--events", "out.csv") == [(camera, None, "out.csv")]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            ["--camera", "clips", "--record", "out.mp4"],
            ConfigError,
            "expected {name} in record (--record) where there",
        ),
        (
            ["--camera", "clips/*", "--record", "clips/{name}.MP4"],
            ConfigError,
            "expected another file than the videos",
        ),
        (
            ["--camera", "clips/b.MP4", "--record", "clips/more/../b.MP4"],
            ConfigError,
            "expected another file than the",
        ),
        (
            ["--camera", "demo", "--events", "{name}.csv"],
            ConfigError,
            "expected {name} in events for video files only",
        ),
        (["--camera", "clips/more/d*"], CameraNotFound, "expected videos"),
        (["--camera", "."], CameraNotFound, "in ., found none; name another folder"),
    ],
)
def test_ambiguous_names_are_refused(
    clips: Path, arguments: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        chosen(*arguments)


def test_folder_gives_every_kind_of_video_and_names_the_rest_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kinds = ("MTS", "M2TS", "VOB", "flv", "dv", "ogv", "h264", "mjpeg", "mp4")
    for kind in kinds:
        (tmp_path / f"{kind}.{kind}").touch()
    for other in ("a.txt", "b.txt", "c.jpg", ".hidden"):
        (tmp_path / other).touch()
    with caplog.at_level("INFO"):
        settings = split_videos(parse_settings(["--camera", str(tmp_path)], {})[0])
    assert {Path(one.config.camera).stem for one in settings} == set(kinds)
    assert "3 file(s)" in caplog.text and ".jpg, .txt" in caplog.text and len(caplog.records) == 1
