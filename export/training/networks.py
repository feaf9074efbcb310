"""The networks that `export train` can train, by name."""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

Network = Callable[[tuple[int, int, int], int], keras.Model]


def scale_crops(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 (n, 48, 48) as the input of a network, float32 (n, 48, 48, 1) in 0..1."""
    return images[..., np.newaxis].astype(np.float32) / np.float32(255)


def build_baseline(input_shape: tuple[int, int, int] = (48, 48, 1), classes: int = 7) -> keras.Model:
    """Five plain convolutions and a dense layer: 792,439 parameters, 98.3 M multiply-adds.

    The classic small FER2013 network: convolutions of 32, 64, 64, 128 and 128 filters with
    batch normalisation and ReLU, three max poolings, dropout 0.25 and 0.5, a dense layer of
    250 and a softmax.  (height, width, channels) in, (classes,) probabilities out.
    """
    inputs = keras.Input(input_shape, name="crops")
    x = _add_convolution(inputs, 32, padding="valid")
    x = layers.Dropout(0.25)(x)
    x = _add_convolution(x, 64, padding="same")
    x = layers.MaxPooling2D()(x)
    x = _add_convolution(x, 64, padding="valid")
    x = layers.Dropout(0.25)(x)
    x = _add_convolution(x, 128, padding="same")
    x = layers.MaxPooling2D()(x)
    x = _add_convolution(x, 128, padding="valid")
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(250, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    # Always float32: a softmax in half precision does not sum to 1.
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="baseline")


def build_residual(input_shape: tuple[int, int, int] = (48, 48, 1), classes: int = 7) -> keras.Model:
    """Plain residual blocks at falling resolution: 655,167 parameters, 29.8 M multiply-adds.

    After He et al., "Deep Residual Learning", 2015: the first convolution halves the resolution, then come
    blocks of two convolutions with 24, 48, 48, 96, 96 and 128 filters, a global average pooling in place of a
    flattening, and a softmax.  All convolutions are plain ones: for the same number of multiply-adds,
    depthwise ones need more instructions on ARM.  (height, width, channels) in, (classes,) probabilities out.
    """
    inputs = keras.Input(input_shape, name="crops")
    x = _add_convolution(inputs, 24, strides=2, momentum=_RESIDUAL_MOMENTUM)
    for filters, strides in ((24, 1), (48, 2), (48, 1), (96, 2), (96, 1), (128, 2)):
        x = _add_block(x, filters, strides)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="residual")


# The momentum of the running averages in batch normalisation.  Keras's 0.99 is too slow for a high learning
# rate: the accuracy on held-out images then jumps from epoch to epoch.
_RESIDUAL_MOMENTUM = 0.9


def _add_block(x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    """Add two convolutions and a shortcut, which is a convolution itself where the shape changes."""
    branch = _add_convolution(x, filters, strides=strides, momentum=_RESIDUAL_MOMENTUM)
    branch = _add_convolution(branch, filters, momentum=_RESIDUAL_MOMENTUM, activates=False)
    if strides > 1 or x.shape[-1] != filters:
        x = _add_convolution(
            x, filters, side=1, strides=strides, momentum=_RESIDUAL_MOMENTUM, activates=False
        )
    return layers.ReLU()(layers.Add()([x, branch]))


def _add_convolution(
    x: keras.KerasTensor,
    filters: int,
    *,
    side: int = 3,
    strides: int = 1,
    padding: str = "same",
    momentum: float = 0.99,
    activates: bool = True,
) -> keras.KerasTensor:
    """Add a convolution, batch normalisation (whose offset replaces a bias) and, if `activates`, a ReLU."""
    x = layers.Conv2D(filters, side, strides, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=momentum)(x)
    return layers.ReLU()(x) if activates else x


NETWORKS: dict[str, Network] = {"baseline": build_baseline, "residual": build_residual}
