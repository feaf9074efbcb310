"""How FER2013's crops are framed, relative to the boxes of each detector."""

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
from edge.faces.metadata import Framing
from edge.frames import Frame, PixelFormat
from export.data import dataset, loading
from export.data.dataset import SIDE_PX, Split

# How these crops lie in each detector's boxes: medians over 2,000 crops of Training, measured with
# `python -m export framing --data fer2013.npz --yunet yunet_s_320_320.onnx` (the same network as the
# face_detection_yunet_2023mar.onnx that python -m edge.models fetches):
# haar (1,319 found) scale 1.04 [quartiles 0.98, 1.12], shift_down 0.00 [-0.01, 0.02];
# yunet (1,865 found) scale 1.07 [0.98, 1.21], shift_down -0.02 [-0.05, 0.02].
FER2013_FRAMING = {
    "haar": Framing(scale=1.04, shift_down=0.0),
    "yunet": Framing(scale=1.07, shift_down=-0.02),
}

# Detectors get the crop enlarged this many times, so that its face has a usual size.
ENLARGEMENT = 4
# The width of the border around the crop, in its sides: a face's box may reach beyond the crop.  The border
# is grey, because repeated pixels make streaks with which YuNet finds fewer faces.
MARGIN = 0.25
GREY = 128
# The size of the smallest face to search for, in the crop's sides.
SMALLEST = 1 / 6
_SEED = 0


class Quartiles(msgspec.Struct, frozen=True):
    """The quartiles of a measured distribution."""

    lower: float
    median: float
    upper: float


class FramingStats(msgspec.Struct, frozen=True):
    """How the crops lie around the boxes of one detector; s is the mean of a box's width and height."""

    crops: int
    found: int
    scale: Quartiles
    """The crop's side / s."""
    shift_down: Quartiles
    """How far the crop's centre is below the box's centre / s."""


@dataclass(frozen=True)
class _Offset:
    """How one crop lies around the box found in it; see FramingStats."""

    scale: float
    shift_down: float


def measure(detector: FaceDetector, split: Split) -> FramingStats:
    """Run `detector` on each crop of `split`; DataError if it finds no face in any of them."""
    offsets = [
        offset
        for image in tqdm(split.images, desc=detector.name, unit="crop", leave=False)
        if (offset := _measure_offset(detector, image)) is not None
    ]
    if not offsets:
        raise DataError(
            f"expected faces in the {len(split)} crops, found none with the detector {detector.name}: "
            "give a data set of faces"
        )
    return FramingStats(
        len(split),
        len(offsets),
        _compute_quartiles([offset.scale for offset in offsets]),
        _compute_quartiles([offset.shift_down for offset in offsets]),
    )


def measure_all(source: Path, count: int, yunet: Path | None) -> dict[str, FramingStats]:
    """The stats of each detector on `count` sampled crops of Training.

    `yunet` is YuNet's model; without it Haar alone is measured.
    """
    split = dataset.sample(loading.load(source, "Training"), count, _SEED)
    detectors: list[FaceDetector] = [HaarDetector()]
    if yunet is not None:
        detectors.append(YunetDetector(yunet))
    return {detector.name: measure(detector, split) for detector in detectors}


def format_table(stats: dict[str, FramingStats]) -> str:
    """A line per detector: the medians, with the quartiles in brackets."""

    def format_cell(quartiles: Quartiles) -> str:
        return f"{quartiles.median:.2f} [{quartiles.lower:.2f}, {quartiles.upper:.2f}]"

    lines = [f"{'detector':10}{'found':>16}{'scale':>22}{'shift_down':>22}"]
    for name, measured in stats.items():
        found = f"{measured.found} of {measured.crops}"
        scale, shift_down = format_cell(measured.scale), format_cell(measured.shift_down)
        lines.append(f"{name:10}{found:>16}{scale:>22}{shift_down:>22}")
    return "\n".join(lines)


def _measure_offset(detector: FaceDetector, image: NDArray[np.uint8]) -> _Offset | None:
    """How `image` lies around the best box that is found in it; None if no face is found."""
    side_px = SIDE_PX * ENLARGEMENT
    margin_px = round(MARGIN * side_px)
    picture = cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    picture = cv2.copyMakeBorder(
        picture, margin_px, margin_px, margin_px, margin_px, cv2.BORDER_CONSTANT, value=GREY
    )
    whole_px = side_px + 2 * margin_px
    frame = Frame(np.asarray(picture, np.uint8), PixelFormat.GREY, whole_px, whole_px, 0, 0.0, 0.0)
    search = Search(Box(0, 0, whole_px, whole_px), round(SMALLEST * side_px), whole_px)
    faces = detector.detect(frame, search)
    if not faces:
        return None
    box = faces[0].box
    mean_px = (box.width + box.height) / 2
    return _Offset(side_px / mean_px, (whole_px / 2 - box.top - box.height / 2) / mean_px)


def _compute_quartiles(values: list[float]) -> Quartiles:
    lower, median, upper = (float(value) for value in np.percentile(values, (25, 50, 75)))
    return Quartiles(lower, median, upper)
