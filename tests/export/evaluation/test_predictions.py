"""The check of a model's probabilities."""

from pathlib import Path

import numpy as np
import pytest

from edge.errors import ModelError
from export.evaluation import predictions


def test_row_that_is_no_distribution_is_refused_by_its_source() -> None:
    rows = np.full((2, 7), 1 / 7, np.float32)
    predictions.check_probabilities(rows, 7, Path("m"))
    rows[1] *= 1.01
    with pytest.raises(ModelError, match=r"from m, found sums from 1 to 1\.01"):
        predictions.check_probabilities(rows, 7, Path("m"))


def test_negative_probability_is_refused_though_the_sum_is_right() -> None:
    rows = np.array([[1.5, -0.5]], np.float32)
    with pytest.raises(ModelError, match=r"least value of -0\.5"):
        predictions.check_probabilities(rows, 2, Path("m"))


def test_two_heads_of_a_training_are_no_classifier() -> None:
    with pytest.raises(ModelError, match=r"classifier\.keras"):
        predictions.check_probabilities(np.zeros((3, 2, 7), np.float32), 7, Path("best.keras"))
