"""Reads the rows that EventsSink writes, CSV or JSON lines, one file after the other."""

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge.errors import DataError

NEEDED = ("frame", "time_s", "track", "label")
PROBABILITY_PREFIX = "p_"


@dataclass(frozen=True, slots=True)
class EventRow:
    """A face in a frame; `labels` are the classifier's in its order, `run` is the program's run, from 0."""

    run: int
    frame: int
    time_s: float
    track: int
    label: str
    labels: tuple[str, ...]


def read_rows(files: Iterable[Path]) -> Iterator[EventRow]:
    """Read `files` in their order.

    A DataError names the file and the line that EventsSink cannot have written.

    A file whose first frame has a lower number than the last frame of the file before begins another run.
    """
    run, last_frame = 0, -1
    for path in files:
        labels: tuple[str, ...] | None = None
        is_first = True
        for number, fields in _read_lines(path):
            if labels is None:
                labels = tuple(
                    name.removeprefix(PROBABILITY_PREFIX)
                    for name in fields
                    if name.startswith(PROBABILITY_PREFIX)
                )
            try:
                time_s = float(fields["time_s"])
                if not math.isfinite(time_s):
                    raise ValueError(f"{time_s} seconds")
                row = EventRow(
                    run, int(fields["frame"]), time_s, int(fields["track"]), str(fields["label"]), labels
                )
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f"expected {', '.join(NEEDED)} in {path}, line {number}, found: {error}; "
                    "name a file that --events wrote"
                ) from error
            if is_first and row.frame < last_frame:
                run += 1
                row = replace(row, run=run)
            is_first, last_frame = False, row.frame
            yield row


def _read_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The number and the fields of each line, except a last one without a line break: it is incomplete."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            whole = enumerate((line for line in file if line.endswith("\n")), 1)
            yield from _read_json(path, whole) if path.suffix == ".jsonl" else _read_csv(path, whole)
    except OSError as error:
        raise DataError(f"expected events in {path}, found: {error.strerror}; name another file") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"expected events in {path}, found: {error}; name a file that --events wrote"
        ) from error


def _read_csv(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    _, header = next(lines, (1, ""))
    names = header.strip().split(",")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise DataError(
            f"expected a header with {', '.join(NEEDED)} in {path}, found none with {missing[0]}; "
            "name a file that --events wrote"
        )
    for number, line in lines:
        try:
            values = next(csv.reader([line], strict=True), [])
        except csv.Error as error:
            raise DataError(
                f"expected CSV in {path}, line {number}, found: {error}; correct that line"
            ) from error
        if len(values) != len(names):
            raise DataError(
                f"expected {len(names)} fields in {path}, line {number}, found {len(values)}; "
                "correct that line"
            )
        yield number, dict(zip(names, values, strict=True))


def _read_json(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in lines:
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"expected JSON in {path}, line {number}, found: {error}; correct that line"
            ) from error
        if not isinstance(fields, dict):
            raise DataError(
                f"expected an object in {path}, line {number}, found {line.strip()[:40]}; correct that line"
            )
        yield number, fields
