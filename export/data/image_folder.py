"""FER2013 as a folder tree: split/label/image."""

import logging
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.faces import preprocess
from export.data.csv_file import stack
from export.data.dataset import LABELS, SIDE_PX, Split, find_label

log = logging.getLogger(__name__)

# The names that folder trees of FER2013 give to the splits.
_SPLITS = {
    "training": "Training",
    "train": "Training",
    "publictest": "PublicTest",
    "validation": "PublicTest",
    "valid": "PublicTest",
    "val": "PublicTest",
    "privatetest": "PrivateTest",
    "test": "PrivateTest",
}
_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp"}


def read_splits(path: Path) -> dict[str, Split]:
    """Every split by name.  Raises DataError for a folder of an unknown label and a file that is no image.

    Without a validation folder the test folder is used as PublicTest.
    """
    folders: dict[str, Path] = {}
    for folder in sorted(path.iterdir()):
        split = _SPLITS.get(folder.name.lower())
        if folder.is_dir() and split:
            folders[split] = folder
    if "PublicTest" not in folders and "PrivateTest" in folders:
        log.warning(
            "%s has no validation folder: %s is used as PublicTest", path, folders["PrivateTest"].name
        )
        folders["PublicTest"] = folders.pop("PrivateTest")
    return {split: _read_split(folder) for split, folder in folders.items()}


def _read_split(folder: Path) -> Split:
    folders = {sub.name: find_label(sub.name) for sub in sorted(folder.iterdir()) if sub.is_dir()}
    unknown = [name for name, label in folders.items() if label not in LABELS]
    if unknown:
        raise DataError(
            f"expected folders named {', '.join(LABELS)} in {folder}, found {', '.join(unknown)}: "
            "rename or remove them"
        )
    images, labels, converted = [], [], 0
    for number, label in enumerate(LABELS):
        named = [folder / name for name, found in folders.items() if found == label]
        for file in sorted(file for sub in named for file in sub.glob("*")):
            if file.suffix.lower() not in _SUFFIXES:
                continue
            image, is_converted = _read_crop(file)
            images.append(image)
            labels.append(number)
            converted += is_converted
    if converted:
        log.warning("%s: converted %d images to %d×%d grey", folder, converted, SIDE_PX, SIDE_PX)
    return stack(images, labels)


def _read_crop(file: Path) -> tuple[NDArray[np.uint8], bool]:
    """(the crop (48, 48), whether the image had to be resized or converted to grey)."""
    image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise DataError(f"expected an image in {file}, found something else: remove or replace it")
    if image.shape == (SIDE_PX, SIDE_PX) and image.dtype == np.uint8:
        return np.asarray(image, np.uint8), False
    grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    assert grey is not None, f"{file} was read a moment ago"
    return preprocess.resize(np.asarray(grey, np.uint8), SIDE_PX, SIDE_PX), True
