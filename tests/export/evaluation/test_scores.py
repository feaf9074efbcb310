"""The arithmetic of evaluation, against figures worked out by hand."""

import numpy as np
import pytest

from export.evaluation import scores

# Three classes: of 4 zeros 3 are right, of 2 ones 1, of 4 twos 4.
COUNTS = np.array([[3, 1, 0], [0, 1, 1], [0, 0, 4]])


def test_confusion_has_the_truth_in_rows_and_the_prediction_in_columns() -> None:
    true, predicted = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2]), np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
    np.testing.assert_array_equal(scores.confusion_matrix(true, predicted, 3), COUNTS)


def test_confusion_has_a_row_and_a_column_for_a_class_that_never_occurs() -> None:
    assert scores.confusion_matrix(np.array([0, 1]), np.array([0, 0]), 4).shape == (4, 4)


def test_accuracy_is_the_share_on_the_diagonal() -> None:
    assert scores.accuracy(COUNTS) == pytest.approx(0.8)


def test_recall_is_the_share_of_each_row() -> None:
    assert scores.recall(COUNTS) == pytest.approx([0.75, 0.5, 1.0])


def test_recall_of_a_class_without_images_is_none() -> None:
    assert scores.recall(np.array([[1, 0], [0, 0]])) == [1.0, None]


def test_macro_f1_is_the_mean_of_the_harmonic_means_of_precision_and_recall() -> None:
    precision, recall = np.array([1, 0.5, 0.8]), np.array([0.75, 0.5, 1])
    assert scores.macro_f1(COUNTS) == pytest.approx((2 * precision * recall / (precision + recall)).mean())


def test_macro_f1_counts_a_class_that_is_never_found_as_zero() -> None:
    assert scores.macro_f1(np.array([[2, 0], [2, 0]])) == pytest.approx((2 / 3) / 2)


def test_macro_f1_leaves_out_a_class_that_neither_occurs_nor_was_predicted() -> None:
    assert scores.macro_f1(np.array([[2, 0], [0, 0]])) == 1.0


def test_same_top_and_largest_difference_compare_row_by_row() -> None:
    left = np.array([[0.6, 0.4], [0.1, 0.9], [0.5, 0.5]], np.float32)
    right = np.array([[0.4, 0.6], [0.2, 0.8], [0.6, 0.4]], np.float32)
    assert scores.top_1_agreement(left, right) == pytest.approx(2 / 3)
    assert scores.largest_difference(left, right) == pytest.approx(0.2)


def test_calibration_error_is_how_far_confidence_and_accuracy_lie_apart() -> None:
    # Four answers at 0.9, three of them right; six at 0.55, all right.
    confidence = np.array([0.9] * 4 + [0.55] * 6, np.float32)
    is_right = np.array([True, True, True, False] + [True] * 6)
    assert scores.calibration_error(confidence, is_right) == pytest.approx(0.4 * 0.15 + 0.6 * 0.45)


def test_certainty_falls_into_the_last_range() -> None:
    images, mean, right = scores.reliability_bins(np.array([1.0, 0.0]), np.array([True, False]), 10)
    assert images.tolist() == [1, *[0] * 8, 1] and mean[-1] == right[-1] == 1.0 and mean[0] == right[0] == 0.0


def test_bootstrap_interval_is_as_wide_as_theory_says() -> None:
    is_right = np.arange(1000) < 700
    lower, upper = scores.bootstrap(lambda rows: {"accuracy": float(is_right[rows].mean())}, 1000, 2000, 0)[
        "accuracy"
    ]
    half = 1.96 * np.sqrt(0.7 * 0.3 / 1000)
    assert lower == pytest.approx(0.7 - half, abs=0.004) and upper == pytest.approx(0.7 + half, abs=0.004)


def test_bootstrap_leaves_out_what_a_sample_does_not_have() -> None:
    found = scores.bootstrap(lambda rows: {"rare": 1.0} if 0 in rows else {}, 5, 50, 0)
    assert found == {"rare": (1.0, 1.0)}


def test_swap_between_classes_a_hair_apart_counts_as_agreement_where_a_lead_is_asked_for() -> None:
    left = np.array([[0.45, 0.40, 0.15], [0.6, 0.3, 0.1]], np.float32)
    right = np.array([[0.40, 0.45, 0.15], [0.3, 0.6, 0.1]], np.float32)
    assert scores.top_1_agreement(left, right) == 0
    assert scores.top_1_agreement(left, right, 0.1) == 0.5
