"""Crops and networks for the loading of old files."""

import numpy as np
import pytest
from numpy.typing import NDArray

from export.tensorflow_import import import_tensorflow

import_tensorflow()
import keras  # noqa: E402  # after its quiet import
from keras import layers  # noqa: E402

SIDE_PX = 16


@pytest.fixture(scope="session")
def noise() -> NDArray[np.float32]:
    return np.random.default_rng(0).random((3, SIDE_PX, SIDE_PX, 1), np.float32)


@pytest.fixture(scope="session")
def varied() -> keras.Model:
    """A network with the layers whose keys have changed over the years; no weight is left as it began."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((SIDE_PX, SIDE_PX, 1)),
            layers.Conv2D(3, 3, strides=2, activation="silu"),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=0.07),
            layers.SeparableConv2D(4, 3, padding="same"),
            layers.Conv2DTranspose(2, 3),
            layers.ReLU(max_value=6.0),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(7, activation="softmax"),
        ]
    )
    random = np.random.default_rng(4)
    model.set_weights(
        [random.uniform(0.1, 0.6, weight.shape) - 0.2 * (weight.ndim > 1) for weight in model.get_weights()]
    )
    return model
