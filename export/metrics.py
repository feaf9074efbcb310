"""The arithmetic of evaluation: labels and predictions to figures."""

import numpy as np
from numpy.typing import NDArray


def confusion(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(classes, classes): how many images of the row's label were predicted as the column's."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.astype(np.int64).reshape(classes, classes)


def accuracy(counts: NDArray[np.int64]) -> float:
    """The share of all images on the diagonal of a confusion matrix, 0 to 1."""
    return float(np.trace(counts) / counts.sum())


def recall(counts: NDArray[np.int64]) -> list[float | None]:
    """By label: the share of its images that was predicted as such; None for a label without images."""
    return [float(row[label] / row.sum()) if row.sum() else None for label, row in enumerate(counts)]


def macro_f1(counts: NDArray[np.int64]) -> float:
    """The mean over the classes of F1 = 2 tp / (2 tp + fp + fn), 0 to 1.

    Classes that neither occur nor were predicted are left out.
    """
    doubled = 2.0 * np.diagonal(counts)
    # The row holds tp + fn, the column tp + fp.
    total = counts.sum(axis=0) + counts.sum(axis=1)
    return float((doubled[total > 0] / total[total > 0]).mean())


def same_top(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """The share of rows of two (n, classes) whose largest entry is in the same column, 0 to 1."""
    return float((left.argmax(axis=1) == right.argmax(axis=1)).mean())


def largest_difference(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """The largest absolute difference between two (n, classes)."""
    return float(np.abs(left - right).max())
