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


def _convolution(x: keras.KerasTensor, filters: int, *, padding: str) -> keras.KerasTensor:
    """Convolution 3×3, batch normalisation (whose offset makes a bias idle), ReLU."""
    x = layers.Conv2D(filters, 3, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)


NETWORKS: dict[str, Network] = {"baseline": baseline}


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
