"""Searches whole frames of a clip with a detector, without following faces."""

from benchmarks.clip import Clip
from edge import build
from edge.contracts import Box, Face, FaceDetector, Search
from edge.errors import CameraError
from edge.frames import Frame, Image, PixelFormat
from edge.settings.config import Config


def make_frame(jpeg: Image, clip: Clip, index: int, picture: Image | None = None) -> Frame:
    """Make frame `index` of `clip` from `jpeg`, which shows `picture`, by default one of the clip's size."""
    height, width = (clip.height, clip.width) if picture is None else picture.shape[:2]
    at_s = index / clip.fps
    return Frame(jpeg, PixelFormat.MJPG, width, height, index, at_s, at_s)


def search_whole_frame(frame: Frame, detector: FaceDetector, min_face_px: int) -> list[Face]:
    """Search the whole of `frame` at once; the faces from `min_face_px`, best first."""
    whole = Box(0, 0, frame.width, frame.height)
    return detector.detect(frame, Search(whole, min_face_px, max(min_face_px, frame.height)))


def find_first_face(clip: Clip, config: Config) -> Box:
    """Find the best face of the first frame that has one.

    Raises CameraError where none has.
    """
    detector = build.make_detector(config)
    for index in range(len(clip.jpegs)):
        frame = make_frame(clip.get_jpeg(index), clip, index)
        if faces := search_whole_frame(frame, detector, config.min_face_px):
            return faces[0].box
    raise _make_error(clip, detector)


def find_best_faces(clip: Clip, config: Config, every: int) -> list[Box]:
    """Find the best face of each frame that has one, of frame 0 and each `every` frames after it.

    Raises CameraError where none has.
    """
    detector = build.make_detector(config)
    boxes = []
    for index in range(0, len(clip.jpegs), every):
        frame = make_frame(clip.get_jpeg(index), clip, index)
        boxes += [face.box for face in search_whole_frame(frame, detector, config.min_face_px)[:1]]
    if not boxes:
        raise _make_error(clip, detector)
    return boxes


def _make_error(clip: Clip, detector: FaceDetector) -> CameraError:
    return CameraError(
        f"expected a face in the clip, found none in {len(clip.jpegs)} frames by {detector.name}; "
        "name another clip with --clip, or another detector"
    )
