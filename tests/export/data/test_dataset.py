"""Splits of FER2013: samples of them, copies and duplicates in them."""

import numpy as np

from export.data import dataset
from export.data.dataset import Split
from tests.export.conftest import make_toy_split


def test_without_copies_drops_the_images_that_stand_in_the_other_split() -> None:
    first, second = make_toy_split(2, 0), make_toy_split(2, 1)
    mixed = Split(
        np.concatenate([first.images, second.images]), np.concatenate([first.labels, second.labels])
    )
    left = dataset.remove_copies(mixed, second)
    np.testing.assert_array_equal(left.images, first.images)


def test_sample_keeps_the_share_of_each_class() -> None:
    labels = np.repeat(np.arange(7), [10, 20, 30, 40, 50, 60, 70])
    split = Split(np.zeros((280, 48, 48), np.uint8), labels)
    taken = dataset.sample(split, 28, seed=1)
    np.testing.assert_allclose(np.bincount(taken.labels), [1, 2, 3, 4, 5, 6, 7], atol=1)
    assert len(taken) == 28


def test_sample_repeats_itself_for_the_same_seed_alone() -> None:
    split = make_toy_split(20, 0)
    once, again, other = (dataset.sample(split, 30, seed).images for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_sample_of_more_than_there_is_is_all() -> None:
    split = make_toy_split(2, 0)
    assert dataset.sample(split, 100, seed=0) is split


def test_one_of_each_group_of_copies_is_kept_and_none_where_their_labels_differ() -> None:
    images = np.arange(6, dtype=np.uint8)[:, np.newaxis, np.newaxis] * np.ones((1, 48, 48), np.uint8)
    split = Split(images[[0, 1, 0, 2, 1, 3]], np.array([3, 4, 3, 5, 6, 0]))
    kept = dataset.remove_duplicates(split)
    assert kept.images[:, 0, 0].tolist() == [0, 2, 3] and kept.labels.tolist() == [3, 5, 0]
