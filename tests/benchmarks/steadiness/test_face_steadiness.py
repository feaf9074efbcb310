"""Runs made to order, compared."""

import numpy as np
import pytest

from benchmarks.steadiness.crop_geometry import CropSquare
from benchmarks.steadiness.face_steadiness import (
    FaceResult,
    compare_runs,
    compute_jitter,
    compute_rms,
    match_faces,
)
from edge.contracts import Box
from edge.errors import CameraError

FACE, CROP = Box(100, 100, 50, 60), CropSquare(125.0, 130.0, 70.0)


def make_face(
    box: Box = FACE,
    crop: CropSquare = CROP,
    happy: float = 0.8,
    label: str = "happy",
) -> FaceResult:
    return FaceResult(box, crop, np.array([happy, 1 - happy], np.float32), label)


def test_equal_runs_do_not_differ() -> None:
    steadiness = compare_runs([[make_face()], []], [[[make_face()], []], [[make_face()], []]])
    assert steadiness.left == steadiness.height == steadiness.crop_centre == steadiness.probability == 0
    assert (steadiness.same_label, steadiness.compared, steadiness.unmatched) == (1, 2, 0)


def test_moves_are_in_per_cent_of_the_face() -> None:
    clean = [[make_face()], [make_face()]]
    moved = make_face(Box(101, 98, 49, 62), CropSquare(128.0, 134.0, 71.0), 0.7, "sad")
    steadiness = compare_runs(clean, [[[make_face()], [moved]]])
    half = 0.5**0.5  # One of the two frames did not move.
    assert steadiness.left == pytest.approx(2 * half)
    assert steadiness.top == pytest.approx(4 * half)
    assert steadiness.width == pytest.approx(2 * half)
    assert steadiness.height == pytest.approx(4 * half)
    assert steadiness.crop_centre == pytest.approx(10 * half)
    assert steadiness.crop_side == pytest.approx(2 * half)
    assert steadiness.probability == pytest.approx(0.05)
    assert steadiness.same_label == 0.5


def test_face_of_one_run_alone_is_counted_and_not_compared() -> None:
    clean = [[make_face()], [make_face()]]
    far = make_face(Box(400, 100, 50, 60))
    steadiness = compare_runs(clean, [[[make_face()], [far]], [[make_face()], []]])
    assert (steadiness.compared, steadiness.unmatched) == (2, 3)
    assert steadiness.left == 0


def test_runs_without_a_common_face_are_refused() -> None:
    with pytest.raises(CameraError, match="lower --noise"):
        compare_runs([[make_face()]], [[[]]])


def test_faces_are_matched_by_overlap() -> None:
    near, next_to_it = make_face(Box(100, 100, 50, 60)), make_face(Box(130, 100, 50, 60))
    pairs = match_faces([near, next_to_it], [next_to_it, near])
    assert len(pairs) == 2 and all(one is other for one, other in pairs)


def test_jitter_is_that_between_consecutive_frames() -> None:
    run = [[make_face()], [make_face(Box(102, 100, 50, 60))], [make_face(Box(100, 100, 50, 60))]]
    assert compute_jitter(run)["left"] == pytest.approx(4)
    assert compute_jitter(run)["crop_side"] == 0
    assert compute_jitter([[make_face()], []]) == {}


def test_root_mean_square() -> None:
    assert compute_rms([3, -4]) == pytest.approx(12.5**0.5)
