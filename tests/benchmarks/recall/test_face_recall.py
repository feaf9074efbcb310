"""Boxes made to order, expected and found."""

from benchmarks.recall.face_recall import Recall, compare_faces
from edge.contracts import Box

FACE, NEAR, FAR = Box(100, 100, 40, 50), Box(104, 100, 40, 50), Box(300, 100, 40, 50)


def test_face_that_was_found_counts_once() -> None:
    assert compare_faces([FACE], [NEAR]) == Recall(1, 1, 0)
    assert compare_faces([FACE], [NEAR, FACE]) == Recall(1, 1, 1)
    assert compare_faces([FACE, NEAR], [FACE]) == Recall(2, 1, 0)


def test_face_elsewhere_is_another_one() -> None:
    assert compare_faces([FACE], [FAR]) == Recall(1, 0, 1)
    assert compare_faces([], [FAR]) == Recall(0, 0, 1)
    assert compare_faces([FACE], []) == Recall(1, 0, 0)


def test_recalls_are_added_up() -> None:
    total = Recall(1, 1, 0) + Recall(3, 2, 5)
    assert total == Recall(4, 3, 5)
    assert total.share == 0.75


def test_nothing_expected_is_nothing_missed() -> None:
    assert Recall().share == 1
