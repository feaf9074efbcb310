"""The order of the labels, found from confusions."""

import numpy as np

from export.data.dataset import LABELS
from export.evaluation import evaluate
from export.evaluation.evaluate import Evaluation
from export.evaluation.label_order import fit_orders
from tests.export.conftest import make_toy_split

ALPHABETICAL = tuple(sorted(LABELS))


def answer(right: float, order: tuple[str, ...]) -> Evaluation:
    """What a network says whose outputs are in `order`, judged by FER2013's; it guesses in 1 - `right`."""
    split = make_toy_split(100, 0)
    random = np.random.default_rng(0)
    said = np.where(random.random(len(split)) < right, split.labels, random.integers(0, 7, len(split)))
    columns = np.array([order.index(label) for label in LABELS])[said]
    return evaluate.evaluate("m", "PublicTest", split, LABELS, np.eye(7, dtype=np.float32)[columns])


def test_right_order_is_left_alone() -> None:
    given, best = fit_orders(answer(0.5, LABELS))
    assert best is given and given.labels == LABELS


def test_alphabetical_order_is_found() -> None:
    given, best = fit_orders(answer(0.5, ALPHABETICAL))
    assert given.labels == LABELS and best.labels == ALPHABETICAL
    assert best.mean_recall > given.mean_recall + 0.15 and best.accuracy > given.accuracy


def test_guessing_has_no_better_order() -> None:
    given, best = fit_orders(answer(0.0, ALPHABETICAL))
    assert best is given
