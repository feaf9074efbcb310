"""Results of two processors, made to order."""

import pytest

from benchmarks.arm64.result_comparison import compare_results


def make_found(left: int, probability: float) -> dict[str, list[list[float]]]:
    return {"boxes": [[left, 5, 60, 60]], "int8": [[probability, 1 - probability]], "float": [[0.5, 0.5]]}


NOBODY: dict[str, list[list[float]]] = {"boxes": [], "int8": [], "float": []}


def test_rounding_is_no_difference() -> None:
    counted = compare_results(
        [make_found(10, 0.7)] * 9 + [make_found(10, 0.7)],
        [make_found(10, 0.70001)] * 9 + [make_found(12, 0.2)],
    )
    assert counted.is_equal and (counted.same_boxes, counted.most_px) == (9, 2)
    assert counted.int8 == pytest.approx(1e-5)


@pytest.mark.parametrize(
    "other", [make_found(10, 0.6), make_found(11, 0.7), NOBODY], ids=["probability", "box", "no face"]
)
def test_difference_is_reported(other: dict[str, list[list[float]]]) -> None:
    assert not compare_results([make_found(10, 0.7)], [other]).is_equal
    assert "DIFFERENT" in str(compare_results([make_found(10, 0.7)], [other]))
