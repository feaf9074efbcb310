"""Whole frames of the demo's face, searched."""

from pathlib import Path

import pytest

from benchmarks.clip import load_clip
from benchmarks.whole_frame import find_best_faces, find_first_face, make_frame, search_whole_frame
from edge.build import make_detector
from edge.errors import CameraError
from edge.settings.config import Config
from tests.benchmarks.clips import make_plain_clip

CONFIG = Config(detector="haar")


def test_face_is_found_in_each_frame(face_clip: Path) -> None:
    clip = load_clip(face_clip)
    first = find_first_face(clip, CONFIG)
    boxes = find_best_faces(clip, CONFIG, 5)
    assert len(boxes) == 4 and boxes[0] == first
    frame = make_frame(clip.get_jpeg(3), clip, 3)
    assert (frame.number, frame.elapsed_s) == (3, 3 / clip.fps)
    [face] = search_whole_frame(frame, make_detector(CONFIG), CONFIG.min_face_px)
    assert face.box.iou(first) > 0.5


def test_picture_may_have_another_size_than_the_clip(face_clip: Path) -> None:
    clip = load_clip(face_clip)
    picture = clip.decode_picture(0)[:100, :150]
    frame = make_frame(clip.get_jpeg(0), clip, 0, picture)
    assert (frame.width, frame.height) == (150, 100)


def test_clip_without_a_face_is_refused() -> None:
    with pytest.raises(CameraError, match="expected a face in the clip, found none in 4 frames by haar"):
        find_first_face(make_plain_clip(), CONFIG)
    with pytest.raises(CameraError, match="expected a face in the clip"):
        find_best_faces(make_plain_clip(), CONFIG, 2)
