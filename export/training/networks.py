"""The networks that `export train` can train, by name."""

from collections.abc import Callable
from typing import Any

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


def build_teacher(input_shape: tuple[int, int, int] = (48, 48, 1), classes: int = 7) -> keras.Model:
    """A residual network to distil smaller ones from: 2,409,959 parameters, 160.4 M multiply-adds.

    Too slow for the device.  Two blocks each of 48, 96 and 256 filters follow a first convolution of 32.
    Beside the mean over the last map stands a weighted sum with learnt weights for each place and filter,
    because it matters where on the face something is seen.  (height, width, channels) in, (classes,)
    probabilities out.
    """
    inputs = keras.Input(input_shape, name="crops")
    x = layers.Rescaling(4.0, offset=-2.0)(inputs)
    x = _add_convolution(x, 32, momentum=_TEACHER_MOMENTUM, epsilon=_TEACHER_EPSILON)
    for filters in (48, 96, 256):
        x = _add_teacher_block(x, filters, strides=2)
        x = _add_teacher_block(x, filters, strides=1)
    height, width = x.shape[1:3]
    by_place = layers.DepthwiseConv2D(
        (height, width),
        use_bias=False,
        # Begins near the mean.
        depthwise_initializer=keras.initializers.RandomNormal(1 / (height * width), 0.01),
        name="where",
    )(x)
    by_place = layers.Flatten()(by_place)
    by_place = layers.BatchNormalization(momentum=_TEACHER_MOMENTUM, epsilon=_TEACHER_EPSILON)(by_place)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.ReLU()(by_place)])
    x = layers.Dropout(0.3)(x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="teacher")


# Those of PyTorch, with which models/training/teacher.keras was trained.
_TEACHER_MOMENTUM, _TEACHER_EPSILON = 0.9, 1e-5


def _add_teacher_block(x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    """Add a residual block that begins as its shortcut: the last scale of its branch is 0 at first."""
    settings: dict[str, Any] = {"momentum": _TEACHER_MOMENTUM, "epsilon": _TEACHER_EPSILON}
    branch = x
    if strides > 1:
        # Where "same" pads right and below only, PyTorch's padding of 1 pads left and above too; the row and
        # column right and below are not used.
        branch = layers.ZeroPadding2D(((1, 0), (1, 0)))(branch)
    branch = _add_convolution(
        branch, filters, strides=strides, padding="valid" if strides > 1 else "same", **settings
    )
    branch = _add_convolution(branch, filters, activates=False, scale="zeros", **settings)
    if strides > 1 or x.shape[-1] != filters:
        x = _add_convolution(x, filters, side=1, strides=strides, activates=False, **settings)
    return layers.ReLU()(layers.Add()([x, branch]))


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
    epsilon: float = 1e-3,
    scale: str = "ones",
    activates: bool = True,
) -> keras.KerasTensor:
    """Add a convolution, batch normalisation (whose offset replaces a bias) and, if `activates`, a ReLU.

    `scale` is the initializer of the normalisation's factors.
    """
    x = layers.Conv2D(filters, side, strides, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=momentum, epsilon=epsilon, gamma_initializer=scale)(x)
    return layers.ReLU()(x) if activates else x


NETWORKS: dict[str, Network] = {
    "baseline": build_baseline,
    "residual": build_residual,
    "teacher": build_teacher,
}
