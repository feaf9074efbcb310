"""The gate: which disagreements pass."""

import numpy as np
import pytest

from edge.errors import ModelError
from export.data.dataset import LABELS
from export.evaluation import compare, evaluate
from export.evaluation.compare import ModelResult, Tolerances
from tests.export.conftest import make_toy_split

SPLIT = make_toy_split(20, 0)


def form(name: str, wrong: int, noise: float = 0.0) -> ModelResult:
    """A form that is sure, right but for the first `wrong` of the 140 images, and off by `noise`."""
    answers = np.where(np.arange(len(SPLIT)) < wrong, (SPLIT.labels + 1) % 7, SPLIT.labels)
    probabilities = np.eye(7, dtype=np.float32)[answers]
    probabilities = probabilities * np.float32(1 - noise) + np.float32(noise / 7)
    evaluation = evaluate.evaluate(name, "PublicTest", SPLIT, LABELS, probabilities)
    return ModelResult(name, 1000, probabilities, evaluation)


def test_equal_forms_pass() -> None:
    compare.check_float(form("Keras", 3), form("float", 3), Tolerances())
    compare.check_int8(form("float", 3), form("int8", 3), Tolerances())


def test_float_within_its_tolerance_passes_and_beyond_it_is_refused() -> None:
    compare.check_float(form("Keras", 0), form("float", 0, noise=1e-5), Tolerances())
    with pytest.raises(ModelError, match=r"within 0\.0001 of Keras"):
        compare.check_float(form("Keras", 0), form("float", 0, noise=1e-3), Tolerances())


def test_float_that_gives_nan_is_refused() -> None:
    broken = form("float", 0)
    broken.probabilities[5, 2] = np.nan
    with pytest.raises(ModelError):
        compare.check_float(form("Keras", 0), broken, Tolerances())


def test_two_of_140_images_fewer_are_within_one_and_a_half_points_and_three_are_not() -> None:
    tolerances = Tolerances(accuracy_points=1.5, recall_points=5)
    compare.check_int8(form("float", 0), form("int8", 2), tolerances)
    with pytest.raises(ModelError, match=r"found 2\.14 less"):
        compare.check_int8(form("float", 0), form("int8", 3), tolerances)


def test_class_that_is_found_less_often_is_refused_by_its_name() -> None:
    # One of its twenty images is wrong: 5 points.
    label, lost = compare.find_largest_recall_loss(form("float", 0).evaluation, form("int8", 1).evaluation)
    assert label == "angry" and lost == pytest.approx(0.05)
    compare.check_int8(form("float", 0), form("int8", 1), Tolerances(accuracy_points=5, recall_points=5))
    with pytest.raises(ModelError, match=r"found 5\.00 less of angry"):
        compare.check_int8(form("float", 0), form("int8", 1), Tolerances(accuracy_points=5, recall_points=4))


def test_better_int8_passes() -> None:
    compare.check_int8(form("float", 5), form("int8", 0), Tolerances(same_top=0.95))


def test_int8_that_is_as_accurate_by_other_answers_is_refused() -> None:
    other = form("int8", 0)
    other.probabilities[:10] = np.roll(other.probabilities[:10], 1, axis=1)
    with pytest.raises(ModelError, match=r"for 97\.0% of the images .* found 92\.9%"):
        compare.check_int8(form("float", 0), other, Tolerances())


def test_table_compares_each_form_with_the_first() -> None:
    lines = compare.format_table([form("Keras", 0), form("float", 7, noise=0.07)], "140 images").splitlines()
    assert lines[0] == "compared on 140 images, each with Keras"
    assert lines[2].split() == ["Keras", "100.00%", "1.0000", "100.00%", "–", "–", "–", "1,000", "bytes"]
    assert lines[3].split()[:2] == ["float", "95.00%"] and lines[3].split()[4] == "95.00%"
    assert len({len(line) for line in lines[1:]}) == 1
