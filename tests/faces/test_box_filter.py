"""The steadied box of a track: it keeps still on a still face, and follows one that moves at once."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from edge.contracts import Box, Face, Square
from edge.faces.box_filter import MAX_LAG, PLACE_HZ_PER_SPEED, BoxFilter

FPS = 30
# Where landmarks are in a face of side 1.
LANDMARKS = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])


def face_in(left: float, top: float, width: float, height: float, *, has_landmarks: bool = False) -> Face:
    box = Box(round(left), round(top), round(width), round(height))
    points = LANDMARKS * (width, height) + (left, top)
    return Face(box, 1.0, landmarks=points.astype(np.float32) if has_landmarks else None)


def follow(faces: Sequence[Face]) -> list[Face]:
    filter_ = BoxFilter(faces[0], 0.0)
    return [filter_.update(face, step / FPS) for step, face in enumerate(faces)]


def squares_of(faces: Sequence[Face]) -> list[Square]:
    return [face.square for face in follow(faces) if face.square is not None]


def test_still_face_is_where_it_was_found() -> None:
    for face in follow([face_in(100, 50, 90, 110)] * 10):
        assert face.box == Box(100, 50, 90, 110)
        assert face.square == Square(pytest.approx(145), pytest.approx(105), pytest.approx(100))  # type: ignore[arg-type]


@pytest.mark.parametrize("has_landmarks", [False, True])
def test_trembling_of_a_still_face_is_halved_at_least(has_landmarks: bool) -> None:
    noise = np.random.default_rng(0).normal(0, 1.0, (300, 4))
    found = [face_in(100 + x, 50 + y, 100 + w, 100 + h, has_landmarks=has_landmarks) for x, y, w, h in noise]
    squares = squares_of(found)[30:]
    place = [(square.centre_x_px, square.centre_y_px, square.side_px) for square in squares]
    raw = [
        (face.box.left + face.box.width / 2, face.box.top + face.box.height / 2, face.box.width)
        for face in found
    ]
    assert (np.std(place, axis=0) < np.std(raw, axis=0) / 2).all()


@pytest.mark.parametrize("speed", [0.2, 1.0, 4.0])
def test_face_at_a_constant_speed_is_followed_with_the_stated_lag(speed: float) -> None:
    """The speed is in widths a second."""
    squares = squares_of([face_in(100 * speed * step / FPS, 50, 100, 100) for step in range(2 * FPS)])
    lags = [100 * speed * step / FPS + 50 - square.centre_x_px for step, square in enumerate(squares)]
    assert max(map(abs, lags)) <= 100 * MAX_LAG + 1
    # Whole pixels of the boxes come on top.
    assert all(abs(lag) <= 100 / (2 * math.pi * PLACE_HZ_PER_SPEED) + 1.0 for lag in lags[FPS:])


@pytest.mark.parametrize("has_landmarks", [False, True])
def test_jump_is_followed_at_once_but_for_the_largest_lag(has_landmarks: bool) -> None:
    found = [face_in(100, 50, 100, 100, has_landmarks=has_landmarks)] * 20
    found += [face_in(180, 10, 150, 150, has_landmarks=has_landmarks)]
    last = follow(found)[-1]
    assert last.box.iou(found[-1].box) > 0.75


def test_one_wrong_height_hardly_changes_a_box_with_landmarks() -> None:
    """The detector's sides tremble far more than its landmarks."""

    def cut(face: Face) -> Face:
        return Face(
            Box(face.box.left, face.box.top + 12, face.box.width, face.box.height - 12),
            1.0,
            None,
            face.landmarks,
        )

    still = face_in(100, 50, 100, 120, has_landmarks=True)
    faces = follow([*[still] * 20, cut(still), still])
    assert all(abs(face.box.height - 120) <= 1 and abs(face.box.top - 50) <= 1 for face in faces)


def test_head_that_turns_gets_its_new_box_within_seconds() -> None:
    before, after = (
        face_in(100, 50, 100, 120, has_landmarks=True),
        face_in(100, 50, 100, 120, has_landmarks=True),
    )
    after = Face(Box(90, 50, 120, 120), 1.0, None, after.landmarks)
    assert follow([*[before] * 30, *[after] * 90])[-1].box.iou(after.box) > 0.95


@pytest.mark.parametrize("times", [(0.0, 0.0, 0.0), (0.0, -1.0, -2.0), (0.0, 100.0, 1e9)])
def test_clock_that_stands_still_goes_back_or_leaps_is_no_error(times: Sequence[float]) -> None:
    filter_ = BoxFilter(face_in(100, 50, 100, 100), 0.0)
    for now_s in times:
        assert filter_.update(face_in(101, 50, 100, 100), now_s).box.iou(Box(100, 50, 100, 100)) > 0.9


@pytest.mark.parametrize(
    "make",
    [
        lambda: Face(Box(0, 0, 0, 0), 1.0),
        lambda: Face(Box(0, 0, 1, 1), 1.0, None, np.zeros((5, 2), np.float32)),
    ],
)
def test_face_without_a_size_is_no_error(make: Callable[[], Face]) -> None:
    box = BoxFilter(make(), 0.0).update(make(), 0.1).box
    assert box.width >= 1 and box.height >= 1


def test_score_and_landmarks_are_those_of_the_frame() -> None:
    first, second = (
        face_in(100, 50, 100, 100, has_landmarks=True),
        face_in(101, 50, 100, 100, has_landmarks=True),
    )
    steadied = follow([first, second])[-1]
    assert steadied.landmarks is second.landmarks and steadied.score == second.score
