"""The networks that `export train` can train, by name."""

from collections.abc import Callable

import keras
from keras import layers

Network = Callable[[tuple[int, int, int], int], keras.Model]


def baseline(input_shape: tuple[int, int, int] = (48, 48, 1), classes: int = 7) -> keras.Model:
    """Five plain convolutions and a dense layer: 792,439 parameters, 98.3 M multiply-adds.

    The classic small FER2013 network: convolutions of 32, 64, 64, 128 and 128 filters with
    batch normalisation and ReLU, three max poolings, dropout 0.25 and 0.5, a dense layer of
    250 and a softmax.  (height, width, channels) in, (classes,) probabilities out.
    """
    inputs = keras.Input(input_shape, name="crops")
    x = _convolution(inputs, 32, padding="valid")
    x = layers.Dropout(0.25)(x)
    x = _convolution(x, 64, padding="same")
    x = layers.MaxPooling2D()(x)
    x = _convolution(x, 64, padding="valid")
    x = layers.Dropout(0.25)(x)
    x = _convolution(x, 128, padding="same")
    x = layers.MaxPooling2D()(x)
    x = _convolution(x, 128, padding="valid")
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(250, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    # float32 whatever the policy: a softmax in half precision does not sum to 1.
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="baseline")


def residual(input_shape: tuple[int, int, int] = (48, 48, 1), classes: int = 7) -> keras.Model:
    """Plain residual blocks at falling resolution: 655,167 parameters, 29.8 M multiply-adds.

    After He et al., "Deep Residual Learning", 2015: the first convolution halves the resolution at once, then come
    blocks of two convolutions with 24, 48, 48, 96, 96 and 128 filters, an average over the whole
    map in place of a flattening, and a softmax.  All convolutions are plain: depthwise ones cost more
    instructions on ARM at equal multiply-adds.  (height, width, channels) in, (classes,) probabilities out.
    """
    inputs = keras.Input(input_shape, name="crops")
    x = _convolution(inputs, 24, strides=2, momentum=_RESIDUAL_MOMENTUM)
    for filters, strides in ((24, 1), (48, 2), (48, 1), (96, 2), (96, 1), (128, 2)):
        x = _block(x, filters, strides)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="residual")


# Of the running averages in batch normalisation: Keras's 0.99 lags behind a high learning rate, and the accuracy
# on held-out images then jumps from epoch to epoch.
_RESIDUAL_MOMENTUM = 0.9


def _block(x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    """Two convolutions beside a shortcut, which has one of its own where the shape changes."""
    branch = _convolution(x, filters, strides=strides, momentum=_RESIDUAL_MOMENTUM)
    branch = _convolution(branch, filters, momentum=_RESIDUAL_MOMENTUM, activates=False)
    if strides > 1 or x.shape[-1] != filters:
        x = _convolution(x, filters, side=1, strides=strides, momentum=_RESIDUAL_MOMENTUM, activates=False)
    return layers.ReLU()(layers.Add()([x, branch]))


def _convolution(
    x: keras.KerasTensor,
    filters: int,
    *,
    side: int = 3,
    strides: int = 1,
    padding: str = "same",
    momentum: float = 0.99,
    activates: bool = True,
) -> keras.KerasTensor:
    """Convolution, batch normalisation (whose offset makes a bias idle), and ReLU where it `activates`."""
    x = layers.Conv2D(filters, side, strides, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=momentum)(x)
    return layers.ReLU()(x) if activates else x


NETWORKS: dict[str, Network] = {"baseline": baseline, "residual": residual}


def multiply_adds(model: keras.Model) -> int:
    """Multiply-adds of one image through the convolutions and dense layers of `model`."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            _, height, width, _ = layer.output.shape
            total += height * width * int(layer.kernel.shape.num_elements())
        elif isinstance(layer, layers.Dense):
            total += int(layer.kernel.shape.num_elements())
    return total
