"""FER+: the votes of ten people about every image of FER2013 (Barsoum et al., 2016)."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError

COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
# For each column its FER2013 label, or -1.
TO_LABEL = np.array([6, 3, 5, 4, 0, 1, 2, -1, -1, -1])

Votes = dict[str, NDArray[np.uint8]]
"""Counts (n, 10) by split, in the order of fer2013.csv."""


def find_majority(votes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The label with most votes, (n,); -1 where contempt, unknown or not-a-face has most.

    In a tie the column that FER+ names first wins.
    """
    return np.asarray(TO_LABEL[votes.argmax(axis=1)])


def read_votes(path: Path) -> Votes:
    """The votes in FER+'s `fer2013new.csv`: Usage, Image name and ten counts, row by row as in fer2013.csv.

    Raises DataError if it is no such table, or if a row is broken: without that row every later image would
    get the votes of another image.
    """
    rows: dict[str, list[list[int]]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            reader = csv.reader(lines)
            if tuple(next(reader, ()))[2:] != COLUMNS:
                raise DataError(
                    f"expected the columns Usage, Image name, {', '.join(COLUMNS)} in {path}, found "
                    "others: give FER+'s fer2013new.csv"
                )
            for row in reader:
                rows.setdefault(row[0] if row else "", []).append(_parse_counts(row, path, reader.line_num))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"expected FER+'s fer2013new.csv at {path}, found: {error}; check the path"
        ) from error
    return {split: np.array(counts, np.uint8) for split, counts in rows.items()}


def select_votes(split: str, count: int, votes: Votes, path: Path) -> NDArray[np.uint8]:
    """The votes of a split; DataError unless there are as many as the split has images in `path`, `count`."""
    voted = len(votes.get(split, ()))
    if voted != count:
        raise DataError(
            f"expected as many images of {split} as FER+ has votes for ({voted:,}), found {count:,} in "
            f"{path}: give the whole of FER2013 in its own order"
        )
    return votes[split]


def _parse_counts(row: list[str], path: Path, line: int) -> list[int]:
    cells = row[2:]
    if len(cells) != len(COLUMNS) or not all(cell.isdecimal() and int(cell) <= 255 for cell in cells):
        raise DataError(
            f"expected a split, a name and ten counts in line {line} of {path}, found "
            f"{','.join(row)[:60]!r}: copy FER+'s fer2013new.csv again"
        )
    return [int(cell) for cell in cells]
