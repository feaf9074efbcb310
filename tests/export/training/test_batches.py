"""The batches of a training."""

import numpy as np

from export.data.dataset import Split
from export.training import batches, targets
from export.training.recipe import Recipe
from tests.export.conftest import make_toy_split


def test_batches_hold_every_image_once_in_an_order_of_their_epoch() -> None:
    split = Split(make_toy_split(4, 0).images, np.arange(28) % 7)
    recipe = Recipe(batch_size=10, seed=5)
    taught = targets.make_targets(split, recipe)
    first, again = (
        batches.AugmentedBatches(split, taught, recipe, 0),
        batches.AugmentedBatches(split, taught, recipe, 0),
    )
    assert len(first) == 3 and sum(len(first[index][1]) for index in range(3)) == 28
    np.testing.assert_array_equal(first[1][0], again[1][0])
    again.on_epoch_end()
    assert (first[1][0] != again[1][0]).any()
    np.testing.assert_array_equal(batches.AugmentedBatches(split, taught, recipe, 1)[1][0], again[1][0])
