"""The arithmetic of evaluation: scores from labels and predictions, named as in scikit-learn."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """(classes, classes): how many images of the row's label were predicted as the column's."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.astype(np.int64).reshape(classes, classes)


def accuracy(counts: NDArray[np.int64]) -> float:
    """The share of all images on the diagonal of a confusion matrix, 0 to 1."""
    return float(np.trace(counts) / counts.sum())


def recall(counts: NDArray[np.int64]) -> list[float | None]:
    """By label: the share of its images that was predicted correctly; None for a label without images."""
    return [float(row[label] / row.sum()) if row.sum() else None for label, row in enumerate(counts)]


def macro_f1(counts: NDArray[np.int64]) -> float:
    """The mean over the classes of F1 = 2 tp / (2 tp + fp + fn), 0 to 1.

    Classes that neither occur nor were predicted do not count.
    """
    doubled = 2.0 * np.diagonal(counts)
    # The row holds tp + fn, the column tp + fp.
    total = counts.sum(axis=0) + counts.sum(axis=1)
    return float((doubled[total > 0] / total[total > 0]).mean())


def top_1_agreement(left: NDArray[np.float32], right: NDArray[np.float32], lead: float = 0.0) -> float:
    """The share of rows in which two (n, classes) are largest in the same column, 0 to 1.

    Another column counts as the same where `left` is less than `lead` smaller there than in its own.
    """
    first, second = left.argmax(axis=1), right.argmax(axis=1)
    rows = np.arange(len(left))
    return float(((first == second) | (left[rows, first] - left[rows, second] < lead)).mean())


def largest_difference(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """The largest absolute difference between two (n, classes)."""
    return float(np.abs(left - right).max())


def reliability_bins(
    confidence: NDArray[np.floating], is_right: NDArray[np.bool_], bins: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """(images, mean confidence, accuracy) in each of `bins` equal ranges of the confidence, (bins,) each.

    All three are 0 for a range without images.
    """
    numbers = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    images = np.bincount(numbers, minlength=bins)
    divisor = np.maximum(1, images)
    return (
        images,
        np.bincount(numbers, confidence, minlength=bins) / divisor,
        np.bincount(numbers, is_right, minlength=bins) / divisor,
    )


def calibration_error(confidence: NDArray[np.floating], is_right: NDArray[np.bool_], bins: int = 15) -> float:
    """The expected calibration error, 0 to 1: the mean distance of confidence and accuracy over the bins.

    After Guo et al., "On Calibration of Modern Neural Networks", 2017, whose 15 bins are the default.
    """
    images, mean, right = reliability_bins(confidence, is_right, bins)
    return float((images * np.abs(mean - right)).sum() / images.sum())


def bootstrap(
    compute: Callable[[NDArray[np.int64]], Mapping[str, float]], count: int, resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """The 95 % intervals of scores of `count` rows: percentiles over `resamples` samples with replacement.

    `compute` returns the scores of the rows that it is given.  A sample without one of the scores does not
    count for that score (Efron, "Bootstrap Methods", 1979).
    """
    random = np.random.default_rng(seed)
    seen: dict[str, list[float]] = {}
    for _ in range(resamples):
        for name, value in compute(random.integers(count, size=count)).items():
            seen.setdefault(name, []).append(value)
    return {
        name: (float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5)))
        for name, values in seen.items()
    }
