"""Finding the order of the labels that fits the answers of a network."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from export.evaluation.evaluate import Evaluation

# Another order must be better by this much, in the mean recall and in the accuracy: chance gives less.
_GAIN_RECALL, _GAIN_ACCURACY = 0.05, 0.03
# A network that is right less often, with whatever labels, says nothing about their order.
_LEAST_RECALL = 0.35
# All orders of more classes would take minutes.
_MOST_CLASSES = 8


@dataclass(frozen=True)
class OrderFit:
    """An order of the labels, and how well the answers fit it."""

    labels: tuple[str, ...]
    mean_recall: float
    """Over the classes that have images, 0 to 1."""
    accuracy: float

    def is_clearly_better_than(self, other: "OrderFit") -> bool:
        """Whether chance alone would hardly make this one so much better."""
        return (
            self.mean_recall >= _LEAST_RECALL
            and self.mean_recall > other.mean_recall + _GAIN_RECALL
            and self.accuracy > other.accuracy + _GAIN_ACCURACY
        )


def fit_orders(evaluation: Evaluation) -> tuple[OrderFit, OrderFit]:
    """(the order that the evaluation was made with, the best one; the first again if none is clearly better).

    Each output of the network may stand for any of the labels.
    """
    labels = tuple(evaluation.recall)
    counts = np.array(evaluation.confusion, float)
    rows = counts.sum(axis=1, keepdims=True)
    recalls = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
    columns = np.arange(len(labels))

    def fit(order: NDArray[np.int64]) -> OrderFit:
        return OrderFit(
            tuple(labels[row] for row in order),
            float(recalls[order, columns].sum() / (rows > 0).sum()),
            float(counts[order, columns].sum() / counts.sum()),
        )

    given = fit(columns)
    if len(labels) > _MOST_CLASSES:
        return given, given
    orders = np.array(list(permutations(range(len(labels)))))
    best = fit(orders[recalls[orders, columns].sum(axis=1).argmax()])
    return given, best if best.is_clearly_better_than(given) else given
