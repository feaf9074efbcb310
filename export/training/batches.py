"""The batches of augmented images that a network is trained on."""

import math

import keras
import numpy as np
from numpy.typing import NDArray

from export.data.augmentation import augment
from export.data.dataset import Split
from export.training.networks import scale_crops
from export.training.recipe import Recipe
from export.training.targets import Targets


class AugmentedBatches(keras.utils.PyDataset):  # type: ignore[misc]  # keras ships no types
    """Augmented batches of a split in a new order every epoch; the same seed gives the same batches.

    An item is (crops float32 (b, 48, 48, 1) in 0..1, target probabilities of each head float32 (b, 2, 7), the
    weight of each target float32 (b, 2)).
    """

    def __init__(self, split: Split, targets: Targets, recipe: Recipe, first_epoch: int) -> None:
        super().__init__()
        self._images, self._targets = split.images, targets
        self._recipe, self._epoch = recipe, first_epoch
        self._order = self._shuffle()

    def __len__(self) -> int:
        return math.ceil(len(self._images) / self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        rows = self._order[index * self._recipe.batch_size : (index + 1) * self._recipe.batch_size]
        random = np.random.default_rng((self._recipe.seed, self._epoch, index))
        images = np.stack([augment(self._images[row], random, self._recipe.erased_share) for row in rows])
        return scale_crops(images), self._targets.probabilities[rows], self._targets.weights[rows]

    def on_epoch_end(self) -> None:
        """Begin the next epoch with an order of its own."""
        self._epoch += 1
        self._order = self._shuffle()

    def _shuffle(self) -> NDArray[np.int64]:
        return np.random.default_rng((self._recipe.seed, self._epoch)).permutation(len(self._images))
