"""How FER2013's crops are framed, measured in each detector's boxes."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.contracts import Box, FaceDetector, Search
from edge.detectors.haar import HaarDetector
from edge.detectors.yunet import YunetDetector
from edge.errors import DataError
from edge.frames import Frame, PixelFormat
from export.data import dataset
from export.data.dataset import SIDE_PX, Split

# A crop is shown this many times enlarged, so that the detectors see a face of usual size.
ENLARGED = 4
# Around the crop, in its sides: a face's box may reach beyond the crop.  Grey, since a border of repeated pixels draws
# streaks at which YuNet finds fewer faces.
MARGIN = 0.25
GREY = 128
# The smallest face looked for, in the crop's sides.
SMALLEST = 1 / 6
_SEED = 0


class Quartiles(msgspec.Struct, frozen=True):
    """Of a measured distribution."""

    lower: float
    median: float
    upper: float


class Measured(msgspec.Struct, frozen=True):
    """How the crops lie around one detector's boxes; s is the mean of a box's width and height."""

    crops: int
    found: int
    scale: Quartiles
    """The crop's side / s."""
    shift_down: Quartiles
    """How far below the box's centre the crop's centre is / s."""


@dataclass(frozen=True)
class _Offset:
    scale: float
    shift_down: float


def measure(detector: FaceDetector, split: Split) -> Measured:
    """Show each crop of `split` to `detector`; DataError when it finds a face in none."""
    offsets = [
        offset
        for image in tqdm(split.images, desc=detector.name, unit="crop", leave=False)
        if (offset := _offset(detector, image)) is not None
    ]
    if not offsets:
        raise DataError(
            f"expected faces in the {len(split)} crops, found none with the detector {detector.name}: "
            "give a data set of faces"
        )
    return Measured(
        len(split),
        len(offsets),
        _quartiles([offset.scale for offset in offsets]),
        _quartiles([offset.shift_down for offset in offsets]),
    )


def measure_all(source: Path, count: int, yunet: Path | None) -> dict[str, Measured]:
    """By detector, for a sample of `count` crops of the Training split; YuNet where its model is given."""
    split = dataset.sample(dataset.load(source, "Training"), count, _SEED)
    detectors: list[FaceDetector] = [HaarDetector()]
    if yunet is not None:
        detectors.append(YunetDetector(yunet))
    return {detector.name: measure(detector, split) for detector in detectors}


def table(measured: dict[str, Measured]) -> str:
    """The medians, with the quartiles in brackets, a line per detector."""

    def cell(quartiles: Quartiles) -> str:
        return f"{quartiles.median:.2f} [{quartiles.lower:.2f}, {quartiles.upper:.2f}]"

    lines = [f"{'detector':10}{'found':>16}{'scale':>22}{'shift_down':>22}"]
    for name, figures in measured.items():
        found = f"{figures.found} of {figures.crops}"
        lines.append(f"{name:10}{found:>16}{cell(figures.scale):>22}{cell(figures.shift_down):>22}")
    return "\n".join(lines)


def _offset(detector: FaceDetector, image: NDArray[np.uint8]) -> _Offset | None:
    """How `image` lies around the best box found in it."""
    side_px = SIDE_PX * ENLARGED
    margin_px = round(MARGIN * side_px)
    shown = cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    shown = cv2.copyMakeBorder(
        shown, margin_px, margin_px, margin_px, margin_px, cv2.BORDER_CONSTANT, value=GREY
    )
    whole_px = side_px + 2 * margin_px
    frame = Frame(np.asarray(shown, np.uint8), PixelFormat.GREY, whole_px, whole_px, 0, 0.0, 0.0)
    search = Search(Box(0, 0, whole_px, whole_px), round(SMALLEST * side_px), whole_px)
    faces = detector.detect(frame, search)
    if not faces:
        return None
    box = faces[0].box
    mean_px = (box.width + box.height) / 2
    return _Offset(side_px / mean_px, (whole_px / 2 - box.top - box.height / 2) / mean_px)


def _quartiles(values: list[float]) -> Quartiles:
    lower, median, upper = (float(value) for value in np.percentile(values, (25, 50, 75)))
    return Quartiles(lower, median, upper)
