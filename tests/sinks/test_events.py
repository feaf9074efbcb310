"""The events: a row for each face in each frame."""

import csv
import json
import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from edge.contracts import Box
from edge.errors import ConfigError, SinkError
from edge.rotation import FileSeries, RotationLimits, list_series
from edge.sinks.events import EventsSink
from tests.results import LABELS, reading_of, result_of

PICTURE = np.zeros((48, 64, 3), np.uint8)


def write_events(path: Path) -> list[dict[str, str]]:
    with EventsSink(FileSeries(path, replaces=True), LABELS) as sink:
        sink.show(
            result_of(
                PICTURE,
                reading_of(Box(1, 2, 3, 4), 7),
                reading_of(Box(5, 6, 7, 8), 9, "sad", 0.15),
                number=4,
                elapsed_s=0.1334,
            )
        )
        sink.show(result_of(PICTURE, number=5))
    return read_rows(path)


def read_rows(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_row_holds_frame_time_track_box_probabilities_and_label(tmp_path: Path, name: str) -> None:
    first, second = write_events(tmp_path / name)
    assert list(first) == [
        "frame",
        "time_s",
        "track",
        "left",
        "top",
        "width",
        "height",
        *(f"p_{label}" for label in LABELS),
        "label",
    ]
    assert {key: str(value) for key, value in first.items() if not key.startswith("p_")} == {
        "frame": "4",
        "time_s": "0.133",
        "track": "7",
        "left": "1",
        "top": "2",
        "width": "3",
        "height": "4",
        "label": "happy",
    }
    assert float(first["p_happy"]) == pytest.approx(0.8)
    assert second["label"] == "uncertain"


def test_file_without_a_face_has_its_header(tmp_path: Path) -> None:
    with EventsSink(FileSeries(tmp_path / "out.csv"), LABELS):
        pass
    assert (tmp_path / "out.csv").read_text().startswith("frame,time_s,track,")


def test_rows_can_be_read_while_the_file_is_still_open(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with EventsSink(FileSeries(path, replaces=True), LABELS) as sink:
        for number in range(3):
            sink.show(result_of(PICTURE, reading_of(Box(1, 2, 3, 4)), number=number))
            assert json.loads(path.read_text().splitlines()[-1])["frame"] == number


def test_file_of_the_last_run_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert write_events(path) == write_events(path)


def test_other_suffix_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.csv or \.jsonl"):
        EventsSink(FileSeries(tmp_path / "out.txt"), LABELS)
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_one_line(tmp_path: Path) -> None:
    sink = EventsSink(FileSeries(tmp_path / "none" / "out.csv"), LABELS)
    with pytest.raises(SinkError, match="No such file") as raised, sink:
        pass
    assert "--events" in str(raised.value) and "\n" not in str(raised.value)


def test_full_disk_is_one_line(tmp_path: Path) -> None:
    full = tmp_path / "full.csv"
    full.symlink_to("/dev/full")
    with pytest.raises(SinkError, match="No space left") as raised, EventsSink(FileSeries(full), LABELS):
        pass
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_full_file_is_followed_by_another_and_the_oldest_is_removed(tmp_path: Path, name: str) -> None:
    with EventsSink(FileSeries(tmp_path / name, RotationLimits(seconds=1, keep=2)), LABELS) as sink:
        for number in range(7):
            sink.show(result_of(PICTURE, reading_of(Box(1, 2, 3, 4)), number=number, elapsed_s=number / 2))
    files = list_series(tmp_path / name)
    assert [path.name for path in files] == [name.replace(".", "-0003."), name]
    assert [int(row["frame"]) for path in files for row in read_rows(path)] == [4, 5, 6]


def test_each_file_has_its_header(tmp_path: Path) -> None:
    with EventsSink(FileSeries(tmp_path / "out.csv", RotationLimits(seconds=1)), LABELS) as sink:
        for number in range(3):
            sink.show(result_of(PICTURE, reading_of(Box(1, 2, 3, 4)), number=number, elapsed_s=float(number)))
    assert [len(read_rows(path)) for path in list_series(tmp_path / "out.csv")] == [1, 1, 1]


def test_row_that_was_written_in_part_is_removed(tmp_path: Path) -> None:
    """A limit on the size of files cuts a write short, as a full disk does."""
    path = tmp_path / "out.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        with EventsSink(FileSeries(path), LABELS) as sink, pytest.raises(SinkError, match="No space left"):
            for number in range(10):
                sink.show(result_of(PICTURE, reading_of(Box(1, 2, 3, 4)), number=number))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [int(row["frame"]) for row in read_rows(path)] == list(range(len(read_rows(path))))
    assert 1 < len(read_rows(path)) < 10
