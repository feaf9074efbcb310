"""Clips that are played without end, go from process to process, and are delivered by a camera."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.clip import Clip, ClipCamera, encode_jpeg, open_clip, write_clip
from tests.benchmarks.clips import make_plain_clip
from tests.clocks import Clock


def test_endless_clip_goes_forwards_and_backwards() -> None:
    clip = make_plain_clip(3)
    assert [round(int(clip.decode_picture(index)[0, 0, 0]) / 20) for index in range(8)] == [
        1,
        2,
        3,
        3,
        2,
        1,
        1,
        2,
    ]


def test_clip_camera_waits_until_its_frames_are_taken() -> None:
    with ClipCamera(make_plain_clip(), 6) as camera:
        frames = list(camera)
    assert not camera.is_live
    assert [frame.number for frame in frames] == list(range(6))
    assert frames[5].elapsed_s == pytest.approx(0.5)


def test_live_clip_camera_drops_what_nobody_took_in_time() -> None:
    clock = Clock(100.0)
    with ClipCamera(make_plain_clip(), 9, live_fps=10, clock=clock, sleep=clock.sleep) as camera:
        first = next(camera)
        clock.sleep(0.35)
        rest = list(camera)
    assert camera.is_live
    assert (first.number, first.captured_at_s) == (0, 100.0)
    assert [frame.number for frame in rest] == [3, 4, 5, 6, 7, 8]
    assert rest[1].captured_at_s == pytest.approx(100.4)


def test_clip_that_was_written_is_read_back(tmp_path: Path) -> None:
    made = Clip(
        [encode_jpeg(np.full((30, 40, 3), 60 * shade, np.uint8)) for shade in range(3)], 29.97, 40, 30
    )
    write_clip(made, tmp_path / "clip")
    with open_clip(tmp_path / "clip") as read:
        assert (read.fps, read.width, read.height) == (29.97, 40, 30)
        # Forwards and backwards, one and a half times.
        for index in range(9):
            np.testing.assert_array_equal(read.get_jpeg(index), made.get_jpeg(index))
        with pytest.raises(IndexError):
            read.jpegs[3]
