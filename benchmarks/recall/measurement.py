"""Shows the app, which has seen nothing before, small faces one by one."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import cv2
import numpy as np

from benchmarks.clip import encode_jpeg
from benchmarks.recall.conditions import Condition
from benchmarks.recall.face_recall import Recall, compare_faces
from benchmarks.recall.reference import ReferenceDetector
from edge import build
from edge.contracts import Box
from edge.faces.finder import TrackingFaceFinder
from edge.frames import Frame, Image, PixelFormat
from edge.settings.config import Config

Find = Callable[[Frame], Sequence[Box]]


def make_find(config: Config) -> Find:
    """Make what finds the faces of a frame as the app does in its first frame, without knowing any face."""
    detector = build.make_detector(config)

    def find(frame: Frame) -> Sequence[Box]:
        finder = TrackingFaceFinder(build.make_tracker(config), detector)
        return [face.box for face in finder.find(frame)]

    return find


def measure_recall(
    pictures: Iterable[Image],
    heights_px: Sequence[int],
    conditions: Mapping[str, Condition],
    find: Find,
    reference: ReferenceDetector,
) -> dict[tuple[str, int], Recall]:
    """Measure the recall by the condition and the height to which the best face of each picture is shrunk.

    `pictures` are (H, W, 3), BGR, and filmed under each condition before they are shrunk.  Those without a
    face, and those whose face is lower than a height, are left out.
    """
    totals = {(name, height_px): Recall() for name in conditions for height_px in heights_px}
    for number, picture in enumerate(pictures):
        faces = reference.detect(picture)
        for name, condition in conditions.items() if faces else ():
            filmed = condition(picture, faces[0].height, number)
            for height_px in heights_px:
                if height_px <= faces[0].height:
                    small = shrink_picture(filmed, height_px / faces[0].height)
                    totals[name, height_px] += _compare(small, find, reference)
    return totals


def _compare(picture: Image, find: Find, reference: ReferenceDetector) -> Recall:
    jpeg = encode_jpeg(picture)
    # Each decodes for itself, so that the app decodes as it does in its first frame.
    expected = reference.detect(np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8))
    return compare_faces(expected, find(make_first_frame(jpeg, *picture.shape[:2])))


def shrink_picture(picture: Image, factor: float) -> Image:
    """Shrink both sides of `picture` by `factor`, which is at most 1."""
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def make_first_frame(jpeg: Image, height: int, width: int) -> Frame:
    """Make the first frame of a camera."""
    return Frame(jpeg, PixelFormat.MJPG, width, height, 0, 0.0, 0.0)
