"""The probabilities that a model gives for the images of a split."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.errors import ModelError
from edge.faces import preprocess
from edge.faces.classifier import OnnxClassifier
from edge.faces.metadata import Metadata
from edge.frames import Image

Predictor = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Crops, uint8 (n, height, width), to probabilities, float32 (n, classes)."""

# A classifier needs a framing; any will do, because these images are crops already.
DETECTOR = "haar"
THREADS = 2
# Crops of 48×48 in a batch; fewer of larger ones, whose activations take more memory.
_BATCH = 128
_BATCH_PIXELS = _BATCH * 48 * 48
# How far from 1 the probabilities of a softmax in float32 may sum.
SUM_TOLERANCE = 1e-3


def load_onnx(path: Path) -> tuple[Predictor, Metadata]:
    """The ONNX file as the app runs it; ModelError if the app would refuse it."""
    classifier = OnnxClassifier(path, DETECTOR, THREADS)

    def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        crops: list[Image] = list(images)
        return np.stack([expression.probabilities for expression in classifier.classify(crops)])

    return predict, classifier.metadata


def predict_all(predict: Predictor, images: NDArray[np.uint8], title: str) -> NDArray[np.float32]:
    """The probabilities (n, classes) of all images (n, height, width), in batches, with a progress bar."""
    batch = max(1, min(_BATCH, _BATCH_PIXELS // int(np.prod(images.shape[1:]))))
    with tqdm(total=len(images), desc=title, unit="image", leave=False) as bar:
        batches = []
        for start in range(0, len(images), batch):
            batches.append(predict(images[start : start + batch]))
            bar.update(len(batches[-1]))
    return np.concatenate(batches)


def resize_crops(images: NDArray[np.uint8], metadata: Metadata) -> NDArray[np.uint8]:
    """FER2013's images in the size that the model takes, uint8 (n, height, width)."""
    return np.stack([preprocess.resize(image, metadata.width, metadata.height) for image in images])


def check_probabilities(probabilities: NDArray[np.float32], classes: int, source: Path) -> None:
    """Raise ModelError, naming `source`, unless each row is a distribution over `classes`."""
    if probabilities.shape[1:] != (classes,):
        found = ", ".join(map(str, probabilities.shape[1:]))
        if probabilities.ndim == 3:
            raise ModelError(
                f"expected a classifier in {source}, found the two heads of a training, an output of "
                f"(n, {found}): name the classifier.keras beside it, which export fold writes"
            )
        raise ModelError(
            f"expected {classes} probabilities per crop from {source}, found an output of (n, {found}): "
            "name its classes with --labels"
        )
    sums, least = probabilities.sum(axis=1), float(probabilities.min())
    # Written so that a NaN fails too.
    if not (least >= 0 and np.abs(sums - 1).max() <= SUM_TOLERANCE):
        raise ModelError(
            f"expected probabilities that sum to 1 from {source}, found sums from {sums.min():.3g} to "
            f"{sums.max():.3g} and a least value of {least:.3g}: end the network with a softmax"
        )
