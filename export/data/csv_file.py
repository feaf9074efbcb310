"""FER2013 as Kaggle's table, fer2013.csv: emotion, pixels and Usage in each row."""

import csv
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from export.data import ferplus
from export.data.dataset import LABELS, SIDE_PX, SPLITS, Split
from export.data.ferplus import Votes

log = logging.getLogger(__name__)

_COLUMNS = {"emotion", "pixels", "Usage"}
_MAX_LISTED_LINES = 10


@dataclass
class _Rows:
    """What has been read of one split."""

    images: list[NDArray[np.uint8]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """For each image its row among all rows of the split, from 0: FER+ counts the broken rows, too."""
    count: int = 0
    """All rows of the split, the broken ones included."""


def read_splits(path: Path, given: Votes | None) -> dict[str, Split]:
    """Every split by name, with the `given` votes.  Raises DataError if `path` is no such table.

    Broken rows are left out, and the log lists their lines.
    """
    rows = {name: _Rows() for name in SPLITS}
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            broken = _read_rows(csv.DictReader(lines), rows, path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"expected a table of text in {path}, found: {error}; give Kaggle's fer2013.csv"
        ) from error
    if broken:
        listed = ", ".join(map(str, broken[:_MAX_LISTED_LINES]))
        listed += ", …" if len(broken) > _MAX_LISTED_LINES else ""
        log.warning("%s: left out %d broken rows (lines %s)", path, len(broken), listed)
    splits = {name: stack(read.images, read.labels) for name, read in rows.items()}
    if given is None:
        return splits
    return {
        name: replace(
            split, votes=ferplus.select_votes(name, rows[name].count, given, path)[rows[name].numbers]
        )
        for name, split in splits.items()
        if len(split)
    }


def stack(images: Iterable[NDArray[np.uint8]], labels: Iterable[int]) -> Split:
    """Crops (48, 48) and their labels as a split without votes; there may be none."""
    array = np.array(list(images), np.uint8).reshape(-1, SIDE_PX, SIDE_PX)
    return Split(array, np.array(list(labels), np.int64))


def _read_rows(reader: "csv.DictReader[str]", rows: dict[str, _Rows], path: Path) -> list[int]:
    """Fill `rows`, and return the lines of the rows that are broken."""
    if not set(reader.fieldnames or ()) >= _COLUMNS:
        raise DataError(
            f"expected the columns emotion, pixels, Usage in {path}, found "
            f"{', '.join(reader.fieldnames or ()) or 'none'}: give Kaggle's fer2013.csv"
        )
    broken = []
    for row in reader:
        read = rows.get(row["Usage"])
        if read is not None:
            read.count += 1
        try:
            pixels, label = _parse_pixels(row["pixels"]), _parse_label(row["emotion"])
        except (ValueError, AttributeError, TypeError, OverflowError):
            read = None
        if read is None:
            broken.append(reader.line_num)
            continue
        read.images.append(pixels)
        read.labels.append(label)
        read.numbers.append(read.count - 1)
    return broken


def _parse_pixels(text: str) -> NDArray[np.uint8]:
    return np.array(text.split(), np.uint8).reshape(SIDE_PX, SIDE_PX)


def _parse_label(text: str) -> int:
    label = int(text)
    if not 0 <= label < len(LABELS):
        raise ValueError(label)
    return label
