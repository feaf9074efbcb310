"""The targets of the two heads."""

import numpy as np
import pytest

from edge.errors import DataError
from export.data.dataset import LABELS, Split
from export.training import targets
from export.training.recipe import Recipe
from tests.export.conftest import make_toy_split

HAPPY, SAD, NEUTRAL = (LABELS.index(label) for label in ("happy", "sad", "neutral"))


BLANK = np.zeros((3, 48, 48), np.uint8)


def make_voted_split() -> Split:
    votes = np.zeros((3, 10), np.uint8)
    votes[0, [1, 0]] = 6, 2  # happiness and neutral
    votes[1, [1, 7]] = 5, 5  # happiness and contempt
    votes[2, 9] = 10  # not a face
    return Split(BLANK, np.array([SAD, SAD, SAD]), votes)


def test_ferplus_is_taught_by_the_shares_of_the_known_votes_and_weighed_by_how_many_there_are() -> None:
    taught, weights = targets.make_ferplus_targets(make_voted_split())
    np.testing.assert_allclose(taught.sum(axis=1), 1)
    assert taught[0, [HAPPY, NEUTRAL]].tolist() == [0.75, 0.25] and taught[1, HAPPY] == 1
    assert weights.tolist() == [1.0, 0.5, 0.0]


def test_original_label_alone_needs_no_votes() -> None:
    split = Split(BLANK, np.array([SAD, HAPPY, SAD]))
    taught = targets.make_targets(split, Recipe())
    np.testing.assert_array_equal(taught.probabilities[:, 0], targets.encode_one_hot(split.labels))
    assert taught.weights.tolist() == [[1, 0]] * 3


def test_inferred_label_is_what_images_with_such_votes_have_on_average() -> None:
    votes = np.zeros((100, 10), np.uint8)
    votes[:, 0] = 10  # all neutral by FER+; by the original labels one in four is sad
    labels = np.where(np.arange(100) % 4 == 0, SAD, NEUTRAL)
    split = Split(np.zeros((100, 48, 48), np.uint8), labels, votes)
    half = targets.make_original_targets(split, 0.5)
    np.testing.assert_allclose(half.sum(axis=1), 1, rtol=1e-5)
    assert half[0, SAD] == pytest.approx(0.5 + 0.5 * 0.25) and half[1, SAD] == pytest.approx(0.125)
    np.testing.assert_allclose(half.mean(axis=0), targets.encode_one_hot(labels).mean(axis=0), atol=1e-6)


def test_teacher_takes_its_share_of_both_heads() -> None:
    split = make_toy_split(2, 0)
    teacher = np.full((len(split), 2, 7), 1 / 7, np.float32)
    alone, taught = (
        targets.make_targets(split, Recipe(teacher_share=0.25, original_share=0.5), answer)
        for answer in (None, teacher)
    )
    np.testing.assert_allclose(taught.probabilities, 0.75 * alone.probabilities + 0.25 / 7, rtol=1e-5)


@pytest.mark.parametrize("recipe", [Recipe(original_share=0.5), Recipe(inferred_share=0.5)])
def test_missing_votes_are_refused_if_they_are_needed(recipe: Recipe) -> None:
    with pytest.raises(DataError, match="--original-share 1"):
        targets.make_targets(Split(BLANK, np.array([0, 1, 2])), recipe)
