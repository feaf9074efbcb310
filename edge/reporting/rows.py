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
PROBABILITY = "p_"


@dataclass(frozen=True, slots=True)
class Row:
    """A face in a frame; `labels` are the classifier's, in its order, and `run` counts the program's runs from 0."""

    run: int
    frame: int
    time_s: float
    track: int
    label: str
    labels: tuple[str, ...]


def read(files: Iterable[Path]) -> Iterator[Row]:
    """The rows of `files` in their order; DataError for what is no events file, with the file and the line.

    Another run has begun where a file's frames start again from below those of the file before.
    """
    run, last_frame = 0, -1
    for path in files:
        labels: tuple[str, ...] | None = None
        is_first = True
        for number, fields in _lines(path):
            if labels is None:
                labels = tuple(
                    name.removeprefix(PROBABILITY) for name in fields if name.startswith(PROBABILITY)
                )
            try:
                time_s = float(fields["time_s"])
                if not math.isfinite(time_s):
                    raise ValueError(f"{time_s} seconds")
                row = Row(
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


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each line's number and fields; a last line that was not written to its end is left out."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            whole = enumerate((line for line in file if line.endswith("\n")), 1)
            yield from _json(path, whole) if path.suffix == ".jsonl" else _csv(path, whole)
    except OSError as error:
        raise DataError(f"expected events in {path}, found: {error.strerror}; name another file") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"expected events in {path}, found: {error}; name a file that --events wrote"
        ) from error


def _csv(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
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
                f"expected CSV in {path}, line {number}, found: {error}; mend that line"
            ) from error
        if len(values) != len(names):
            raise DataError(
                f"expected {len(names)} fields in {path}, line {number}, found {len(values)}; mend that line"
            )
        yield number, dict(zip(names, values, strict=True))


def _json(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in lines:
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"expected JSON in {path}, line {number}, found: {error}; mend that line"
            ) from error
        if not isinstance(fields, dict):
            raise DataError(
                f"expected an object in {path}, line {number}, found {line.strip()[:40]}; mend that line"
            )
        yield number, fields
