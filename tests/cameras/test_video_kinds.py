"""Video files of the kinds that people have: each is read as a player shows it."""

import logging
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge.cameras.video import VideoCamera
from edge.errors import CameraError
from edge.frames import Frame, Image, PixelFormat

WIDTH, HEIGHT, FPS, COUNT = 160, 96, 25, 50
# A grey picture with a mark in its upper left corner, which tells the orientations apart.
SOURCE = (
    f"color=gray:s={WIDTH}x{HEIGHT}:r={FPS}:d={COUNT / FPS},"
    "drawbox=x=0:y=0:w=64:h=32:color=white:t=fill,format=yuv420p"
)

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Runs ffmpeg with these arguments; the last one is the name of the file to write."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")

    def run_ffmpeg(*arguments: str) -> Path:
        subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], cwd=tmp_path, check=True, timeout=60
        )
        return tmp_path / arguments[-1].removeprefix("file:")

    return run_ffmpeg


def make_source(make: Make, name: str, *options: str) -> Path:
    return make("-f", "lavfi", "-i", SOURCE, "-c:v", "libx264", *options, name)


def read_all(path: Path | str) -> list[Frame]:
    with VideoCamera(str(path)) as camera:
        return list(camera)


def find_mark(picture: Image) -> tuple[bool, bool]:
    """Whether the mark of SOURCE lies in the left, and in the upper half."""
    rows, columns = np.where(picture > 180)
    height, width = picture.shape
    return bool(columns.mean() < width / 2), bool(rows.mean() < height / 2)


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_interlaced_video_is_read_whole_and_without_combs(make: Make, codec: str) -> None:
    # A bar moves by 8 px from field to field: without deinterlacing, neighbouring rows differ there.
    bar = "geq=lum='if(lt(mod(X-8*N\\,80)\\,40)\\,200\\,50)':cb=128:cr=128"
    moving = f"nullsrc=s={WIDTH}x{HEIGHT}:r={2 * FPS}:d=2,format=yuv420p,{bar}"
    path = make(
        "-f", "lavfi", "-i", moving, "-vf", "tinterlace=interleave_top,setfield=tff", "-c:v", codec,
        "-flags", "+ildct+ilme", "-b:v", "4M", "i.mkv",
    )  # fmt: skip
    frames = read_all(path)
    assert len(frames) == COUNT
    assert [frame.elapsed_s for frame in frames] == pytest.approx([n / FPS for n in range(COUNT)], abs=0.002)
    with av.open(str(path)) as container:
        stored = next(container.decode(video=0))
        luma = np.frombuffer(memoryview(stored.planes[0]), np.uint8).reshape(-1, stored.planes[0].line_size)
    assert stored.interlaced_frame
    assert measure_combs(frames[5].grey) < 0.5 * measure_combs(luma[:HEIGHT, :WIDTH])


def measure_combs(luma: Image) -> float:
    """How much each row differs from the mean of its two neighbours."""
    rows = luma.astype(float)
    return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean())


@pytest.mark.parametrize(
    ("aspect", "size"),
    [("1/1", (160, 96)), ("4/3", (213, 96)), ("64/45", (228, 96)), ("2/1", (320, 96)), ("8/9", (160, 108))],
)
def test_pixels_become_square(make: Make, aspect: str, size: tuple[int, int]) -> None:
    path = make_source(make, "a.mp4", "-vf", f"setsar={aspect}")
    frame = read_all(path)[0]
    assert (frame.width, frame.height) == size
    assert frame.grey.shape == (size[1], size[0]) and frame.bgr.shape == (size[1], size[0], 3)


ONE = 65536


@pytest.mark.parametrize(
    ("matrix", "size", "place"),
    [
        ((-ONE, 0, 0, 0, ONE, 0), (WIDTH, HEIGHT), (False, True)),
        ((ONE, 0, 0, 0, -ONE, 0), (WIDTH, HEIGHT), (True, False)),
        ((-ONE, 0, 0, 0, -ONE, 0), (WIDTH, HEIGHT), (False, False)),
        ((0, ONE, 0, -ONE, 0, 0), (HEIGHT, WIDTH), (False, True)),
        ((0, -ONE, 0, ONE, 0, 0), (HEIGHT, WIDTH), (True, False)),
        ((0, ONE, 0, ONE, 0, 0), (HEIGHT, WIDTH), (True, True)),
    ],
    ids=["mirrored", "flipped", "180", "90", "270", "transposed"],
)
def test_display_matrix_turns_and_mirrors(
    make: Make, matrix: tuple[int, ...], size: tuple[int, int], place: tuple[bool, bool]
) -> None:
    path = make_source(make, "m.mp4")
    content = bytearray(path.read_bytes())
    upright = struct.pack(">9i", ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30)
    at = content.find(upright, content.find(b"tkhd"))
    content[at : at + len(upright)] = struct.pack(">9i", *matrix, 0, 0, 1 << 30)
    path.write_bytes(content)
    frame = read_all(path)[0]
    assert (frame.width, frame.height) == size
    assert find_mark(frame.grey) == place
    assert find_mark(np.asarray(cv2.cvtColor(frame.bgr, cv2.COLOR_BGR2GRAY), np.uint8)) == place


def test_default_video_is_read_and_the_log_names_it(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    path = make(
        "-f", "lavfi", "-i", "color=black:s=320x240:r=25:d=2", "-f", "lavfi", "-i", SOURCE, "-map", "0:v",
        "-map", "1:v", "-c:v", "libx264", "-disposition:v:0", "0", "-disposition:v:1", "default", "t.mp4",
    )  # fmt: skip
    with caplog.at_level(logging.INFO):
        frames = read_all(path)
    assert len(frames) == COUNT and frames[0].width == WIDTH
    assert "holds 2 video streams; stream 1 with 160×96 is read" in caplog.text


def test_cover_picture_is_never_read(make: Make, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "cover.png"), np.zeros((300, 300, 3), np.uint8))
    make_source(make, "v.mp4")
    path = make(
        "-i", "cover.png", "-i", "v.mp4", "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0",
        "attached_pic", "c.mp4",
    )  # fmt: skip
    frames = read_all(path)
    assert len(frames) == COUNT and frames[0].width == WIDTH


def test_sound_that_outlasts_the_picture_and_a_trim_are_no_damage(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [
        make(
            "-f", "lavfi", "-i", SOURCE, "-f", "lavfi", "-t", "3.5", "-i", "anullsrc", "-c:v", "libx264", name
        )
        for name in ("s.mkv", "s.ts", "s.flv", "s.avi", "s.mp4")
    ]
    make_source(make, "whole.mp4", "-g", "50")
    paths.append(make("-ss", "1", "-i", "whole.mp4", "-c", "copy", "trimmed.mp4"))
    for path in paths:
        with VideoCamera(str(path)) as camera:
            stated = camera.frame_count
            frames = list(camera)
            assert camera.frame_count == len(frames)
            assert camera.duration_s == frames[-1].elapsed_s
        assert len(frames) == (25 if path.name == "trimmed.mp4" else COUNT), path
        assert path.name != "trimmed.mp4" or stated == 25
    assert "cut off" not in caplog.text and "damaged" not in caplog.text


@pytest.mark.parametrize("name", ["f.mp4", "v.mkv", "s.flv", "v.avi"])
def test_file_that_is_cut_off_is_said_to_be(make: Make, name: str, caplog: pytest.LogCaptureFixture) -> None:
    sound = ["-f", "lavfi", "-t", "2", "-i", "anullsrc"] if name == "s.flv" else []
    noise = f"nullsrc=s={WIDTH}x{HEIGHT}:r={FPS}:d={COUNT / FPS},geq=random(1)*255:128:128"
    path = make("-f", "lavfi", "-i", noise, *sound, "-c:v", "libx264", "-movflags", "+faststart", name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert 10 < len(read_all(path)) < 40
    assert "the file is cut off or damaged" in caplog.text


def test_stream_without_times_has_its_own_rate_and_a_warning(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_source(make, "x.h264", "-r", "30")
    frames = read_all(path)
    assert frames[-1].elapsed_s == pytest.approx((len(frames) - 1) / 30)
    assert "holds no times: its pictures are taken to be 30 a second" in caplog.text


def test_clock_that_jumps_back_and_one_that_starts_late_go_on(make: Make) -> None:
    first = make_source(make, "1.ts", "-output_ts_offset", "500")
    second = make_source(make, "2.ts")
    joined = first.with_name("joined.ts")
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    times_s = [frame.elapsed_s for frame in read_all(joined)]
    assert times_s[0] == 0 and len(times_s) >= 2 * COUNT - 2
    assert np.diff(times_s) == pytest.approx(np.full(len(times_s) - 1, 1 / FPS), abs=0.05)


def test_video_without_a_picture_is_refused(make: Make) -> None:
    path = make("-f", "lavfi", "-i", "testsrc=s=160x96:d=0.2", "a.webp")
    with pytest.raises(CameraError, match="none that FFmpeg can decode") as raised, VideoCamera(str(path)):
        pass
    assert raised.value.exit_code == 69


def test_sound_alone_is_refused(make: Make) -> None:
    path = make("-f", "lavfi", "-t", "1", "-i", "anullsrc", "a.mkv")
    with pytest.raises(CameraError, match="expected a video in"), VideoCamera(str(path)):
        pass


@pytest.mark.parametrize(
    "name", ["2026-01-01T10:15:00.mp4", "-dash.mp4", "100%03d.mp4", "a b?#.mp4", "n" * 248 + ".mp4"]
)
def test_odd_name_is_a_name(make: Make, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_source(make, "plain.mp4").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(read_all(name)) == COUNT


@pytest.mark.parametrize(
    "pixels", ["yuv420p", "yuv422p", "yuv444p", "gray", "nv12", "yuyv422", "yuv420p10le"]
)
def test_grey_is_the_luma_that_was_stored(make: Make, pixels: str) -> None:
    path = make(
        "-f", "lavfi", "-i", SOURCE, "-pix_fmt", pixels, "-c:v", "rawvideo", "-frames:v", "2", "r.nut"
    )
    frame = read_all(path)[0]
    assert frame.format is PixelFormat.LUMA and not frame.buffer.flags.writeable
    assert find_mark(frame.grey) == (True, True)
    assert np.abs(cv2.cvtColor(frame.bgr, cv2.COLOR_BGR2GRAY).astype(int) - frame.grey).max() <= 20


def test_video_of_red_green_and_blue_is_read(make: Make) -> None:
    path = make("-f", "lavfi", "-i", SOURCE, "-pix_fmt", "gbrp", "-c:v", "ffv1", "-frames:v", "2", "r.mkv")
    assert read_all(path)[0].format is PixelFormat.BGR


def test_8k_is_halved(make: Make) -> None:
    path = make(
        "-f",
        "lavfi",
        "-i",
        "color=gray:s=7680x4320:r=25:d=0.08",
        "-c:v",
        "mjpeg",
        "-pix_fmt",
        "yuvj420p",
        "8k.avi",
    )
    frame = read_all(path)[0]
    assert (frame.width, frame.height) == (3840, 2160) and frame.bgr.shape == (2160, 3840, 3)


def test_picture_that_cannot_be_decoded_is_left_out_and_reported(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    noise = f"nullsrc=s={WIDTH}x{HEIGHT}:r={FPS}:d={COUNT / FPS},geq=random(1)*255:128:128"
    path = make("-f", "lavfi", "-i", noise, "-c:v", "mjpeg", "-q:v", "2", "d.avi")
    whole = read_all(path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    path.write_bytes(content)
    frames = read_all(path)
    assert COUNT - 3 <= len(frames) < COUNT and frames[-1].number == COUNT - 1
    for frame in frames:
        np.testing.assert_array_equal(frame.grey, whole[frame.number].grey)
    assert "could not be decoded and were left out" in caplog.text
