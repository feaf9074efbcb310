"""What the two heads are taught, and how they become one."""

import numpy as np
import pytest

from edge.errors import DataError
from export.data.dataset import LABELS, Split
from export.tensorflow_import import import_tensorflow
from export.training import targets
from export.training.recipe import Recipe
from tests.export.conftest import toy_split

import_tensorflow()

import keras  # noqa: E402  # after its quiet import

from export.training import heads, networks, tradeoff  # noqa: E402

HAPPY, SAD, NEUTRAL = (LABELS.index(label) for label in ("happy", "sad", "neutral"))
BLANK = np.zeros((3, 48, 48), np.uint8)


def voted_split() -> Split:
    votes = np.zeros((3, 10), np.uint8)
    votes[0, [1, 0]] = 6, 2  # happiness and neutral
    votes[1, [1, 7]] = 5, 5  # happiness and contempt
    votes[2, 9] = 10  # not a face
    return Split(BLANK, np.array([SAD, SAD, SAD]), votes)


def test_ferplus_is_taught_by_the_shares_of_the_known_votes_and_weighed_by_how_many_there_are() -> None:
    taught, weights = targets.voted(voted_split())
    np.testing.assert_allclose(taught.sum(axis=1), 1)
    assert taught[0, [HAPPY, NEUTRAL]].tolist() == [0.75, 0.25] and taught[1, HAPPY] == 1
    assert weights.tolist() == [1.0, 0.5, 0.0]


def test_original_label_alone_needs_no_votes() -> None:
    split = Split(BLANK, np.array([SAD, HAPPY, SAD]))
    taught = targets.for_heads(split, Recipe())
    np.testing.assert_array_equal(taught.probabilities[:, 0], targets.one_hot(split.labels))
    assert taught.weights.tolist() == [[1, 0]] * 3


def test_inferred_label_is_what_images_with_such_votes_have_on_average() -> None:
    votes = np.zeros((100, 10), np.uint8)
    votes[:, 0] = 10  # all neutral by FER+; by the original labels one in four is sad
    labels = np.where(np.arange(100) % 4 == 0, SAD, NEUTRAL)
    split = Split(np.zeros((100, 48, 48), np.uint8), labels, votes)
    half = targets.original(split, 0.5)
    np.testing.assert_allclose(half.sum(axis=1), 1, rtol=1e-5)
    assert half[0, SAD] == pytest.approx(0.5 + 0.5 * 0.25) and half[1, SAD] == pytest.approx(0.125)
    np.testing.assert_allclose(half.mean(axis=0), targets.one_hot(labels).mean(axis=0), atol=1e-6)


def test_teacher_takes_its_share_of_both_heads() -> None:
    split = toy_split(2, 0)
    teacher = np.full((len(split), 2, 7), 1 / 7, np.float32)
    alone, taught = (
        targets.for_heads(split, Recipe(teacher_share=0.25, original_share=0.5), answer)
        for answer in (None, teacher)
    )
    np.testing.assert_allclose(taught.probabilities, 0.75 * alone.probabilities + 0.25 / 7, rtol=1e-5)


@pytest.mark.parametrize("recipe", [Recipe(original_share=0.5), Recipe(inferred_share=0.5)])
def test_votes_that_are_wanted_and_missing_are_asked_for(recipe: Recipe) -> None:
    with pytest.raises(DataError, match="--original-share 1"):
        targets.for_heads(Split(BLANK, np.array([0, 1, 2])), recipe)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_folded_classifier_computes_the_blend_of_the_two_heads(share: float) -> None:
    offset = np.linspace(-1, 1, 7, dtype=np.float32)
    keras.utils.set_random_seed(0)
    taught = heads.two_headed(networks.residual())
    crops = np.random.default_rng(0).random((5, 48, 48, 1), np.float32)
    logits = np.asarray(taught(crops, training=False))
    assert logits.shape == (5, 2, 7)
    classifier = heads.folded(taught, share, offset)
    np.testing.assert_allclose(
        np.asarray(classifier(crops, training=False)), heads.blended(logits, share, offset), atol=1e-6
    )
    assert classifier.count_params() == networks.residual().count_params()


def test_offset_favours_rare_classes_by_the_logarithm_of_their_share() -> None:
    labels = np.array([0] * 8 + [1] * 2)
    np.testing.assert_allclose(
        heads.offsets(labels, 2, 0.5), [-0.5 * np.log(0.8), -0.5 * np.log(0.2)], rtol=1e-5
    )
    assert np.isfinite(heads.offsets(labels, 3, 1.0)).all() and not heads.offsets(labels, 2, 0.0).any()


def test_votes_alone_give_the_majority_at_one_end_and_the_likeliest_label_at_the_other() -> None:
    votes = np.zeros((100, 10), np.uint8)
    votes[:, 0], votes[:, 1] = 4, 3  # neutral leads before happiness; most such images are labelled happy
    split = Split(np.zeros((100, 48, 48), np.uint8), np.where(np.arange(100) % 4 == 0, NEUTRAL, HAPPY), votes)
    logits = tradeoff.from_votes(split, split)
    assert logits is not None
    figures = tradeoff.over_shares(logits, split, 0.5)
    assert set(figures) == set(tradeoff.SHARES)
    assert figures[0.0].ferplus_accuracy == 1.0 and figures[0.0].accuracy == 0.25
    assert figures[1.0].ferplus_accuracy == 0.0 and figures[1.0].accuracy == 0.75


def test_without_votes_there_is_nothing_to_compare_with() -> None:
    split = Split(BLANK, np.array([0, 1, 2]))
    assert tradeoff.from_votes(split, split) is None
    figures = tradeoff.over_shares(np.zeros((3, 2, 7), np.float32), split, 0.33)
    lines = tradeoff.table(figures, {}, 0.33).splitlines()
    assert (
        len({len(line.partition(" <-")[0]) for line in lines}) == 1
        and len(lines) == 3
        and "chosen" in lines[2]
    )
