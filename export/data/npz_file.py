"""FER2013 as NumPy arrays: an .npz with image, label, usage and perhaps votes."""

import logging
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.faces import preprocess
from export.data import ferplus
from export.data.dataset import LABELS, SIDE_PX, SPLITS, Split
from export.data.ferplus import Votes

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Arrays:
    """The arrays as they are in the file, not yet checked."""

    image: NDArray[np.generic]
    label: NDArray[np.generic]
    usage: NDArray[np.generic]
    votes: NDArray[np.generic] | None


def read_splits(path: Path, given: Votes | None) -> dict[str, Split]:
    """Every split by name; `given` replaces the file's own votes.  Raises DataError for a damaged file.

    Images of another size, and RGB images, become grey crops.
    """
    arrays = _read_arrays(path)
    images = _convert_images(arrays.image, path)
    _check_arrays(arrays, len(images), path)
    votes = None if arrays.votes is None else np.asarray(arrays.votes, np.uint8)
    whole = Split(images, arrays.label.astype(np.int64), votes)
    splits = {name: whole.take(arrays.usage == number) for number, name in enumerate(SPLITS)}
    if given is None:
        return splits
    return {
        name: replace(split, votes=ferplus.select_votes(name, len(split), given, path))
        for name, split in splits.items()
        if len(split)
    }


def _read_arrays(path: Path) -> _Arrays:
    try:
        # Opened here, because np.load does not close a damaged file.
        with path.open("rb") as content, np.load(content) as arrays:
            return _Arrays(arrays["image"], arrays["label"], arrays["usage"], arrays.get("votes"))
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"expected the arrays image, label and usage in {path}, found: {error}; "
            "make or copy the file again"
        ) from error


def _convert_images(images: NDArray[np.generic], path: Path) -> NDArray[np.uint8]:
    """The images as uint8 (n, 48, 48); DataError if they are no uint8 images, grey or RGB."""
    has_shape = images.ndim in (3, 4) and images.shape[3:] in ((), (1,), (3,)) and 0 not in images.shape[1:]
    if images.dtype != np.uint8 or not has_shape:
        raise DataError(
            f"expected image uint8 (n, {SIDE_PX}, {SIDE_PX}), of another size or RGB (n, h, w, 3) in "
            f"{path}, found {images.dtype} {images.shape}: bring the images to one of these shapes"
        )
    converted = np.asarray(images, np.uint8)
    if not len(converted) or converted.shape[1:] == (SIDE_PX, SIDE_PX):
        return converted
    log.warning(
        "%s: converted %d images of %s to %d×%d grey",
        path,
        len(converted),
        "×".join(map(str, converted.shape[1:])),
        SIDE_PX,
        SIDE_PX,
    )
    return np.stack([_convert_image(image) for image in converted])


def _convert_image(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image of any size, (h, w), (h, w, 1) or RGB (h, w, 3), as a grey crop (48, 48)."""
    if image.shape[2:] == (3,):
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    return preprocess.resize(image.reshape(image.shape[:2]), SIDE_PX, SIDE_PX)


def _check_arrays(arrays: _Arrays, count: int, path: Path) -> None:
    """Raise DataError unless there is a label, a usage and, where the file has votes, ten votes per image."""
    expected: list[tuple[str, NDArray[np.generic], tuple[int, ...]]] = [
        ("label", arrays.label, (count,)),
        ("usage", arrays.usage, (count,)),
    ]
    if arrays.votes is not None:
        expected.append(("votes", arrays.votes, (count, len(ferplus.TO_LABEL))))
    for name, array, shape in expected:
        if array.shape != shape or not np.issubdtype(array.dtype, np.integer):
            raise DataError(
                f"expected {name} of integers {shape} in {path}, found {array.dtype} {array.shape}: "
                "give one row for each image"
            )
    labels = arrays.label.astype(np.int64)
    outside = np.unique(labels[(labels < 0) | (labels >= len(LABELS))])
    if len(outside):
        raise DataError(
            f"expected labels 0 to {len(LABELS) - 1} in {path}, found {', '.join(map(str, outside))}: "
            "use FER2013's numbers"
        )
