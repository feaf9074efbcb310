"""Two heads on one network, one for each truth, and their folding into the one that ships.

FER2013 has two sets of labels, its own and FER+'s, and a model that is best on one is not on the other.  So the network
is taught both side by side, in two dense layers on the same features.  The logits of the model that ships are the mean
of the two, weighted by the share of the original labels; two dense layers blend into one exactly, so the blend is
chosen after the training and costs nothing.
"""

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

HEADS = ("original", "ferplus")


def two_headed(network: keras.Model) -> keras.Model:
    """`network` with two dense layers in place of its last: crops (n, height, width, 1) in, logits (n, 2, classes) out.

    The second axis is that of HEADS.  Both begin as different random layers.
    """
    last = network.layers[-1]
    logits = layers.Dense(len(HEADS) * last.units, dtype="float32", name="logits")(last.input)
    outputs = layers.Reshape((len(HEADS), last.units), dtype="float32", name="heads")(logits)
    return keras.Model(network.inputs[0], outputs, name=network.name)


def offsets(labels: NDArray[np.int64], classes: int, balance: float) -> NDArray[np.float32]:
    """What is added to the logits so that rare classes are not forgotten, (classes,).

    It is -balance * log(share of the class among `labels`): with 1 every class is as likely beforehand, with 0 as
    likely as in the data (Menon et al., "Long-tail learning via logit adjustment", 2021).
    """
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return np.asarray(-balance * np.log(np.maximum(shares, 1 / len(labels))), np.float32)


def folded(taught: keras.Model, original_share: float, offset: NDArray[np.float32]) -> keras.Model:
    """The classifier in a two-headed model: crops in, probabilities (n, classes) out.

    `offset` (classes,) is added to the logits.  Its layers are those of `taught`; only the last is new.
    """
    logits = taught.get_layer("logits")
    _, classes = taught.get_layer("heads").target_shape
    last = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")
    classifier = keras.Model(taught.inputs[0], last(logits.input), name=taught.name)
    kernel, bias = (np.asarray(weight) for weight in logits.get_weights())
    last.set_weights(
        [
            original_share * kernel[:, :classes] + (1 - original_share) * kernel[:, classes:],
            original_share * bias[:classes] + (1 - original_share) * bias[classes:] + offset,
        ]
    )
    return classifier


def blended(
    logits: NDArray[np.float32],
    original_share: float,
    offset: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Probabilities (n, classes) of the classifier that `folded` makes, from the logits (n, 2, classes)."""
    mixed = original_share * logits[:, 0] + (1 - original_share) * logits[:, 1]
    return softmax(mixed if offset is None else mixed + offset)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis, of the same shape."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
