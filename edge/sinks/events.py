"""Writes the events: a row for each face in each frame, as CSV or as JSON lines."""

import csv
import errno
import io
import json
import os
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from edge.contracts import Reading, Result
from edge.errors import ConfigError, SinkError
from edge.rotation import FileSeries

RowFields = Mapping[str, int | float | str | None]

SUFFIXES = (".csv", ".jsonl")


class EventsSink:
    """A Sink that writes numbers and no pictures.

    The rows of a frame are one write: they can be read while the program runs, and are kept when it is
    killed. Each CSV file of the series begins with a header.
    """

    name = "events"
    needs_picture = False

    def __init__(self, series: FileSeries, labels: Iterable[str]) -> None:
        """`labels` are the classifier's; raises ConfigError when the name is neither .csv nor .jsonl."""
        if series.path.suffix not in SUFFIXES:
            raise ConfigError(
                f"expected a file name in {' or '.join(SUFFIXES)} for events, found {series.path}; rename it"
            )
        self._series, self._path = series, series.path
        self._columns = [
            "frame",
            "time_s",
            "track",
            "left",
            "top",
            "width",
            "height",
            *(f"p_{label}" for label in labels),
            "label",
        ]
        self._file: io.FileIO | None = None

    def __enter__(self) -> Self:
        self._open(None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def show(self, result: Result) -> None:
        """Write the rows of one frame; raises SinkError when they cannot be written."""
        assert self._file is not None, "shown before it was entered"
        rows = [_make_row(result, reading) for reading in result.readings]
        if not rows:
            return
        if self._series.is_full(result.frame.elapsed_s, self._file.tell()):
            self._close()
            self._open(result.frame.elapsed_s)
        self._write(self._format(rows))

    def _open(self, elapsed_s: float | None) -> None:
        """Open the next file of the series, for the rows from `elapsed_s` on."""
        try:
            self._series.rotate(elapsed_s)
            # Unbuffered: the rows of a frame are one write, and closing has nothing left to write.
            self._file = self._path.open("wb", buffering=0)
        except OSError as error:
            raise self._make_error(error) from error
        if self._path.suffix == ".csv":
            try:
                self._write(
                    _format_csv([dict(zip(self._columns, self._columns, strict=True))], self._columns)
                )
            except SinkError:
                self._close()
                raise

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _format(self, rows: Iterable[RowFields]) -> str:
        if self._path.suffix == ".csv":
            return _format_csv(rows, self._columns)
        return "".join(json.dumps(row) + "\n" for row in rows)

    def _write(self, text: str) -> None:
        """Write all of `text`, or nothing."""
        assert self._file is not None
        content, start = text.encode(), self._file.tell() if self._file.seekable() else None
        try:
            if self._file.write(content) < len(content):
                if start is not None:
                    self._file.truncate(start)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise self._make_error(error) from error

    def _make_error(self, error: OSError) -> SinkError:
        return SinkError(
            f"expected to write events to {self._path}, found: {error.strerror}; "
            "make room, or name another file with --events"
        )


def _make_row(result: Result, reading: Reading) -> RowFields:
    face, expression = reading.face, reading.smoothed
    probabilities = {f"p_{label}": probability for label, probability in expression.to_dict().items()}
    return {
        "frame": result.frame.number,
        "time_s": round(result.frame.elapsed_s, 3),
        "track": face.track_id,
        "left": face.box.left,
        "top": face.box.top,
        "width": face.box.width,
        "height": face.box.height,
        **probabilities,
        "label": expression.label,
    }


def _format_csv(rows: Iterable[RowFields], columns: list[str]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, columns, lineterminator="\n").writerows(rows)
    return text.getvalue()
