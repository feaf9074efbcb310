"""Two heads on one network, one for each truth, and how they are folded into the classifier that ships.

FER2013 has two sets of labels, its own and FER+'s, and no model is the best by both.  So the network learns
both at once, in two dense layers on the same features.  The logits of the classifier are the mean of the two
heads' logits, weighted by the share of the original labels.  Two dense layers blend into one exactly, so the
share is chosen after the training, and the classifier is as fast as one with a single head.
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge.errors import ModelError
from export import keras_models
from export.data.dataset import LABELS
from export.training.networks import scale_crops
from export.training.run_folder import BEST

HEADS = ("original", "ferplus")
_BATCH = 256


def add_heads(network: keras.Model) -> keras.Model:
    """Replace the last layer by two dense ones: crops (n, height, width, 1) in, logits (n, 2, classes) out.

    The second axis is that of HEADS.  Both heads begin with different random weights.
    """
    last = network.layers[-1]
    logits = layers.Dense(len(HEADS) * last.units, dtype="float32", name="logits")(last.input)
    outputs = layers.Reshape((len(HEADS), last.units), dtype="float32", name="heads")(logits)
    return keras.Model(network.inputs[0], outputs, name=network.name)


def load_two_headed(path: Path) -> keras.Model:
    """The two-headed model that a run saved at `path`; ModelError if it is none."""
    model = keras_models.load(path)
    if model.output_shape[1:] != (len(HEADS), len(LABELS)):
        raise ModelError(
            f"expected a two-headed model, such as the {BEST} of a run, in {path}, found an output of "
            f"{model.output_shape[1:]}: name another file"
        )
    return model


def predict_logits(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The logits (n, 2, 7) of a two-headed model for crops uint8 (n, 48, 48)."""
    return np.concatenate(
        [
            np.asarray(model.predict_on_batch(scale_crops(images[start : start + _BATCH])))
            for start in range(0, len(images), _BATCH)
        ]
    )


def average_predictions(models: Sequence[keras.Model], images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean probabilities (n, 2, 7) of all models for each image and its mirror image."""
    views = [predict_logits(model, view) for model in models for view in (images, images[:, :, ::-1])]
    return np.asarray(np.mean([softmax(logits) for logits in views], axis=0), np.float32)


def compute_offsets(labels: NDArray[np.int64], classes: int, balance: float) -> NDArray[np.float32]:
    """The offsets (classes,) that are added to the logits in favour of rare classes.

    An offset is -balance * log(share of the class among `labels`).  With a balance of 1 all classes are
    equally likely a priori, with 0 as likely as in the data (Menon et al., "Long-tail learning via logit
    adjustment", 2021).
    """
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return np.asarray(-balance * np.log(np.maximum(shares, 1 / len(labels))), np.float32)


def fold(two_headed: keras.Model, original_share: float, offsets: NDArray[np.float32]) -> keras.Model:
    """Make the classifier of a two-headed model: crops in, probabilities (n, classes) out.

    `offsets` (classes,) are added to the logits.  The classifier shares the layers of `two_headed`, but for
    the last.
    """
    logits = two_headed.get_layer("logits")
    _, classes = two_headed.get_layer("heads").target_shape
    last = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")
    classifier = keras.Model(two_headed.inputs[0], last(logits.input), name=two_headed.name)
    kernel, bias = (np.asarray(weight) for weight in logits.get_weights())
    last.set_weights(
        [
            original_share * kernel[:, :classes] + (1 - original_share) * kernel[:, classes:],
            original_share * bias[:classes] + (1 - original_share) * bias[classes:] + offsets,
        ]
    )
    return classifier


def blend(
    logits: NDArray[np.float32],
    original_share: float,
    offsets: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """The probabilities (n, classes) of the classifier that `fold` makes, from the logits (n, 2, classes)."""
    mixed = original_share * logits[:, 0] + (1 - original_share) * logits[:, 1]
    return softmax(mixed if offsets is None else mixed + offsets)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis, of the same shape."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
