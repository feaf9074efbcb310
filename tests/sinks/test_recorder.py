"""A recording: its pictures, their times, its files, and what plays after a failure."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.contracts import Box, Result
from edge.errors import ConfigError, SinkError
from edge.frames import Image
from edge.rotation import FileSeries, RotationLimits
from edge.sinks.recorder import RecorderSink
from tests.results import reading_of, result_of

GREY = np.full((96, 128, 3), 128, np.uint8)


def make_results(*times_s: float, picture: Image = GREY, notice: str | None = None) -> Iterator[Result]:
    for number, elapsed_s in enumerate(times_s):
        result = result_of(picture, number=number, elapsed_s=elapsed_s)
        yield replace(result, frame=replace(result.frame, notice=notice)) if notice else result


def make_recorder(path: Path, rotation: RotationLimits | None = None, *, clean: bool = True) -> RecorderSink:
    return RecorderSink(FileSeries(path, rotation or RotationLimits()), clean=clean)


def play(path: Path) -> list[tuple[float, Image]]:
    """The time, in seconds, and the picture of each frame that a player gets."""
    video, frames = cv2.VideoCapture(str(path)), []
    while (read := video.read())[0]:
        frames.append((video.get(cv2.CAP_PROP_POS_MSEC) / 1000, np.asarray(read[1], np.uint8)))
    video.release()
    return frames


def test_each_picture_plays_at_the_time_at_which_it_was_taken(tmp_path: Path) -> None:
    times_s = [7.0, 7.04, 7.3, 7.31, 9.0]
    with make_recorder(tmp_path / "out.mp4") as sink:
        for result in make_results(*times_s):
            sink.show(result)
    assert [time_s for time_s, _ in play(tmp_path / "out.mp4")] == pytest.approx(
        [t - 7 for t in times_s], abs=1e-3
    )


def test_times_that_do_not_increase_lose_no_picture(tmp_path: Path) -> None:
    with make_recorder(tmp_path / "out.mp4") as sink:
        for result in make_results(0.0, 0.1, 0.1, 0.05, 0.2):
            sink.show(result)
    assert len(play(tmp_path / "out.mp4")) == 5


def test_recording_is_annotated_unless_it_is_to_be_clean(tmp_path: Path) -> None:
    result = result_of(np.full((240, 320, 3), 128, np.uint8), reading_of(Box(40, 40, 100, 100)))
    for name, clean in (("clean.mp4", True), ("annotated.mp4", False)):
        with make_recorder(tmp_path / name, clean=clean) as sink:
            sink.show(result)
    [(_, clean_picture)], [(_, annotated)] = (
        play(tmp_path / "clean.mp4"),
        play(tmp_path / "annotated.mp4"),
    )
    assert np.ptp(clean_picture) < 8
    assert np.ptp(annotated) > 100
    assert (result.frame.bgr == 128).all()


def test_colours_survive(tmp_path: Path) -> None:
    picture = np.zeros((720, 1280, 3), np.uint8)
    picture[:] = (40, 90, 200)
    with make_recorder(tmp_path / "out.mp4") as sink:
        sink.show(next(make_results(0.0, picture=picture)))
    [(_, seen)] = play(tmp_path / "out.mp4")
    assert np.abs(seen.reshape(-1, 3).mean(axis=0) - (40, 90, 200)).max() < 6


def test_odd_size_loses_a_row_and_a_column(tmp_path: Path) -> None:
    with make_recorder(tmp_path / "out.mp4") as sink:
        sink.show(next(make_results(0.0, picture=GREY[:95, :127])))
    [(_, seen)] = play(tmp_path / "out.mp4")
    assert seen.shape == (94, 126, 3)


def test_pictures_of_another_size_go_to_another_file(tmp_path: Path) -> None:
    with make_recorder(tmp_path / "out.mp4") as sink:
        for result in (*make_results(0.0, 0.1), *make_results(0.2, 0.3, 0.4, picture=GREY[:48, :64])):
            sink.show(result)
    assert [picture.shape[:2] for _, picture in play(tmp_path / "out-0001.mp4")] == [(96, 128)] * 2
    assert [picture.shape[:2] for _, picture in play(tmp_path / "out.mp4")] == [(48, 64)] * 3


def test_notice_of_a_missing_camera_stays_until_the_camera_is_back(tmp_path: Path) -> None:
    black = np.zeros((48, 64, 3), np.uint8)
    with make_recorder(tmp_path / "out.mp4") as sink:
        for result in (
            *make_results(0.0, picture=black, notice="no camera"),
            *make_results(1.0, 1.1),
            *make_results(1.2, 1.3, 1.4, picture=black, notice="no camera"),
            *make_results(9.0),
        ):
            sink.show(result)
    frames = play(tmp_path / "out.mp4")
    assert [time_s for time_s, _ in frames] == pytest.approx([0.0, 0.1, 0.2, 8.0], abs=1e-3)
    assert frames[2][1].shape == (96, 128, 3) and frames[2][1].mean() < 10


@pytest.mark.parametrize("away_h", [1, 5.9, 7, 14, 300])
def test_camera_that_was_away_for_hours_is_recorded_on(tmp_path: Path, away_h: float) -> None:
    back_s = 3600 * away_h
    with make_recorder(tmp_path / "out.mp4") as sink:
        for result in make_results(0.0, 0.1):
            sink.show(result)
        sink.show(next(make_results(0.2, notice="no camera")))
        for result in make_results(*(back_s + tenth / 10 for tenth in range(5))):
            sink.show(result)
    times_s = [time_s for time_s, _ in play(tmp_path / "out.mp4")]
    expected_s = [0.0, 0.1, 0.2, *(back_s + tenth / 10 for tenth in range(5))]
    if away_h > 6:
        assert [time_s for time_s, _ in play(tmp_path / "out-0001.mp4")] == pytest.approx(
            expected_s[:3], abs=1e-3
        )
        expected_s = [time_s - back_s for time_s in expected_s[3:]]
    assert times_s == pytest.approx(expected_s, abs=1e-3)


def test_pauses_add_up_to_days_in_one_file(tmp_path: Path) -> None:
    times_s = [day * 20_000.0 for day in range(30)]
    with make_recorder(tmp_path / "out.mp4") as sink:
        for result in make_results(*times_s):
            sink.show(result)
    assert [time_s for time_s, _ in play(tmp_path / "out.mp4")] == pytest.approx(times_s, abs=1e-2)


def test_clock_that_was_set_back_begins_another_file(tmp_path: Path) -> None:
    with make_recorder(tmp_path / "out.mp4") as sink:
        for result in make_results(50.0, 50.1, 20.0, 20.1, 20.3):
            sink.show(result)
    for name, times_s in (("out-0001.mp4", [0, 0.1]), ("out.mp4", [0, 0.1, 0.3])):
        assert [time_s for time_s, _ in play(tmp_path / name)] == pytest.approx(times_s, abs=1e-3)


def test_full_file_is_followed_by_another_and_the_oldest_is_removed(tmp_path: Path) -> None:
    with make_recorder(tmp_path / "out.mp4", RotationLimits(seconds=1, keep=2)) as sink:
        for result in make_results(*(number / 4 for number in range(14))):
            sink.show(result)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out-0003.mp4", "out.mp4"]
    assert [time_s for time_s, _ in play(tmp_path / "out-0003.mp4")] == pytest.approx(
        [0, 0.25, 0.5, 0.75], abs=1e-3
    )
    assert len(play(tmp_path / "out.mp4")) == 2


def make_noise(count: int, height: int, width: int) -> Iterator[Result]:
    """Pictures that cannot be predicted from those before them."""
    random = np.random.default_rng(0)
    for number in range(count):
        yield result_of(
            random.integers(0, 255, (height, width, 3), np.uint8), number=number, elapsed_s=number / 30
        )


def test_size_limits_a_file(tmp_path: Path) -> None:
    with make_recorder(tmp_path / "out.mp4", RotationLimits(mb=1)) as sink:
        for result in make_noise(20, 480, 640):
            sink.show(result)
    files = sorted(tmp_path.iterdir())
    assert len(files) > 1
    assert all(1e6 <= path.stat().st_size <= 1.6e6 for path in files[:-1])
    assert sum(len(play(path)) for path in files) == 20


def test_recording_without_a_picture_leaves_no_file(tmp_path: Path) -> None:
    with make_recorder(tmp_path / "out.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_recording_of_the_last_run_is_kept(tmp_path: Path) -> None:
    for count in (1, 2):
        with make_recorder(tmp_path / "out.mp4") as sink:
            for result in make_results(*range(count)):
                sink.show(result)
    assert len(play(tmp_path / "out-0001.mp4")) == 1 and len(play(tmp_path / "out.mp4")) == 2


@pytest.mark.parametrize("name", ["out.avi", "out"])
def test_other_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"\.mp4"):
        make_recorder(tmp_path / name)


def test_missing_folder_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(SinkError, match="No such file") as raised,
        make_recorder(tmp_path / "none" / "out.mp4"),
    ):
        pass
    assert "--record" in str(raised.value) and "\n" not in str(raised.value)


def test_disk_that_is_almost_full_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    sink = RecorderSink(FileSeries(tmp_path / "out.mp4"), disk_usage=lambda _: (1000, 960, 40))
    with pytest.raises(SinkError, match=r"expected 5% of the disk .* found 4\.0%"), sink:
        pass
    assert list(tmp_path.iterdir()) == []


def test_recording_ends_where_it_would_take_the_last_of_the_disk(tmp_path: Path) -> None:
    free = 50
    sink = RecorderSink(FileSeries(tmp_path / "out.mp4"), disk_usage=lambda _: (1000, 1000 - free, free))
    results = make_results(*(number / 10 for number in range(20)))
    with sink:
        for _ in range(10):
            sink.show(next(results))
        free = 49
        with pytest.raises(SinkError, match=r"4\.9%"):
            sink.show(next(results))
    assert len(play(tmp_path / "out.mp4")) == 10


def test_disk_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    full = tmp_path / "full.mp4"
    full.symlink_to("/dev/full")
    with make_recorder(full) as sink, pytest.raises(SinkError, match="No space left") as raised:
        for result in make_results(*range(60)):
            sink.show(result)
    assert "\n" not in str(raised.value)


@contextmanager
def mount_small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of `size`; the test is skipped where nothing may be mounted."""
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True
    ).returncode:
        pytest.skip("a disk that is really full: only root may mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk that is really full: only root may mount one")
def test_last_of_a_small_disk_stays_free(tmp_path: Path) -> None:
    with mount_small_disk(tmp_path / "disk", "2m") as disk:
        shown = 0
        with (
            make_recorder(disk / "out.mp4") as sink,
            pytest.raises(SinkError, match="expected 5% of the disk"),
        ):
            for result in make_noise(500, 240, 320):
                sink.show(result)
                shown += 1
        assert len(play(disk / "out.mp4")) == shown > 5


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk that is really full: only root may mount one")
def test_recording_on_a_full_disk_plays(tmp_path: Path) -> None:
    with mount_small_disk(tmp_path / "disk", "1m") as disk:
        shown = 0
        sink = RecorderSink(FileSeries(disk / "out.mp4"), clean=True, disk_usage=lambda _: (1000, 0, 1000))
        with sink, pytest.raises(SinkError, match="No space left"):
            for result in make_noise(500, 240, 320):
                sink.show(result)
                shown += 1
        assert shown - 2 <= len(play(disk / "out.mp4")) <= shown
        assert shown > 5
