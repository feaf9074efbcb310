"""What EventsSink wrote is read back; anything else is refused with its line."""

from pathlib import Path

import numpy as np
import pytest

from edge.contracts import Box
from edge.errors import DataError
from edge.reporting.rows import EventRow, read_rows
from edge.rotation import FileSeries, RotationLimits, list_series
from edge.sinks.events import EventsSink
from tests.results import LABELS, reading_of, result_of

PICTURE = np.zeros((48, 64, 3), np.uint8)
HEADER = "frame,time_s,track,label\n"


def write(path: Path, frames: int, rotation: RotationLimits | None = None) -> None:
    with EventsSink(FileSeries(path, rotation or RotationLimits()), LABELS) as sink:
        for number in range(frames):
            sink.show(result_of(PICTURE, reading_of(Box(1, 2, 3, 4), 7), number=number, elapsed_s=number / 4))


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_rows_are_those_that_were_written(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, 3)
    assert list(read_rows([tmp_path / name])) == [
        EventRow(0, number, number / 4, 7, "happy", LABELS) for number in range(3)
    ]


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_rotated_files_are_one_run_and_a_restart_begins_another(tmp_path: Path, name: str) -> None:
    for _ in range(2):
        write(tmp_path / name, 10, RotationLimits(seconds=1))
    assert len(list_series(tmp_path / name)) == 6
    assert [(row.run, row.frame) for row in read_rows(list_series(tmp_path / name))] == [
        (run, frame) for run in range(2) for frame in range(10)
    ]


def test_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text(HEADER + "0,0.0,1,happy\n1,0.0")
    assert [row.frame for row in read_rows([path])] == [0]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("out.csv", "", "expected a header with frame, time_s, track, label"),
        ("out.csv", "a,b\n1,2\n", "expected a header with frame"),
        ("out.csv", HEADER + "0,0.0,1\n", "expected 4 fields in .*line 2, found 3"),
        ("out.csv", HEADER + "0,soon,1,happy\n", "line 2, found: could not convert string to float: 'soon'"),
        ("out.csv", HEADER + '0,0.0,1,"happy\n', "line 2, found: unexpected end of data"),
        ("out.jsonl", "{\n", "expected JSON in .*line 1"),
        ("out.jsonl", "[1]\n", r"expected an object in .*line 1, found \[1\]"),
        ("out.jsonl", '{"frame": 1}\n', "line 1, found: 'time_s'"),
        ("out.jsonl", '{"frame": 1, "time_s": null, "track": 1, "label": "a"}\n', "line 1"),
        ("out.jsonl", '{"frame": 1, "time_s": NaN, "track": 1, "label": "a"}\n', "line 1"),
        ("out.csv", "\0" * 50 + "\n", "expected a header"),
    ],
)
def test_file_without_events_is_refused_in_one_line(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError, match=message) as raised:
        list(read_rows([path]))
    assert "\n" not in str(raised.value) and str(path) in str(raised.value)


def test_bytes_that_are_not_text_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"\xff\xfe\x00" * 30)
    with pytest.raises(DataError, match="name a file that --events wrote"):
        list(read_rows([path]))
