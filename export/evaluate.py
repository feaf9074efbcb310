"""How good a model is on a split: figures from its probabilities."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge import preprocess
from edge.classifier import OnnxClassifier
from edge.contracts import Image
from edge.errors import DataError, ModelError
from edge.metadata import Metadata
from export import dataset, metrics
from export.dataset import LABELS, Split

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Crops, uint8 (n, height, width), to probabilities, float32 (n, classes)."""

# Any framing does: these images are crops already.
DETECTOR = "haar"
THREADS = 2
_BATCH = 128
# How far from 1 the probabilities of a softmax in float32 may sum.
SUM_TOLERANCE = 1e-3


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of one model on one split; its JSON is what `--json` writes."""

    model: str
    split: str
    images: int
    accuracy: float
    macro_f1: float
    recall: dict[str, float | None]
    confusion: list[list[int]]
    """Rows are true, columns predicted, both in the order of `recall`."""
    ferplus_accuracy: float | None = None
    """On the images whose FER+ majority is one of the labels; None without votes."""


def evaluate(model: str, split_name: str, split: Split, labels: tuple[str, ...],
             probabilities: NDArray[np.float32]) -> Evaluation:
    """The figures for `probabilities` (n, classes) of `split`; the likeliest class decides, however close."""
    predicted = np.asarray(probabilities.argmax(axis=1), np.int64)
    to_model = numbers(labels)
    true = to_model[split.labels]
    known = true >= 0
    if not known.any():
        raise DataError(f"expected images of the classes {', '.join(labels)}, found none: evaluate on another split")
    counts = metrics.confusion(true[known], predicted[known], len(labels))
    return Evaluation(
        model=model, split=split_name, images=int(known.sum()), accuracy=metrics.accuracy(counts),
        macro_f1=metrics.macro_f1(counts), recall=dict(zip(labels, metrics.recall(counts), strict=True)),
        confusion=counts.tolist(), ferplus_accuracy=_ferplus_accuracy(split, predicted, to_model))


def check_softmax(probabilities: NDArray[np.float32], classes: int, source: Path) -> None:
    """Raise ModelError unless each row of `probabilities` is a distribution over `classes`."""
    if probabilities.shape[1:] != (classes,):
        found = ", ".join(map(str, probabilities.shape[1:]))
        raise ModelError(f"expected {classes} probabilities per crop from {source}, found an output of (n, {found}): "
                         "name its classes with --labels")
    sums, least = probabilities.sum(axis=1), float(probabilities.min())
    # Written so that a NaN fails too.
    if not (least >= 0 and np.abs(sums - 1).max() <= SUM_TOLERANCE):
        raise ModelError(f"expected probabilities that sum to 1 from {source}, found sums from {sums.min():.3g} to "
                         f"{sums.max():.3g} and a least value of {least:.3g}: end the network with a softmax")


def numbers(labels: tuple[str, ...]) -> NDArray[np.int64]:
    """For each FER2013 label its number in `labels`, -1 where it has none.

    Raises ModelError when `labels` names a class that FER2013 does not have.
    """
    unknown = [label for label in labels if label not in LABELS]
    if unknown or len(set(labels)) < len(labels):
        raise ModelError(f"expected classes among {', '.join(LABELS)}, each once, found {', '.join(labels)}: "
                         "such a model cannot be judged on FER2013")
    return np.array([labels.index(label) if label in labels else -1 for label in LABELS])


def predictions(predict: Predict, images: NDArray[np.uint8], title: str) -> NDArray[np.float32]:
    """The probabilities (n, classes) of all images (n, height, width), in batches, with a progress bar."""
    with tqdm(total=len(images), desc=title, unit="image", leave=False) as bar:
        parts = []
        for start in range(0, len(images), _BATCH):
            parts.append(predict(images[start:start + _BATCH]))
            bar.update(len(parts[-1]))
    return np.concatenate(parts)


def onnx_predict(path: Path) -> tuple[Predict, Metadata]:
    """The ONNX file as the app itself runs it; ModelError when the app would refuse it."""
    classifier = OnnxClassifier(path, DETECTOR, THREADS)

    def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        crops: list[Image] = list(images)
        return np.stack([expression.probabilities for expression in classifier.classify(crops)])
    return predict, classifier.metadata


def resized(images: NDArray[np.uint8], metadata: Metadata) -> NDArray[np.uint8]:
    """FER2013's images in the size that the model takes, uint8 (n, height, width)."""
    return np.stack([preprocess.resize(image, metadata.width, metadata.height) for image in images])


def table(evaluation: Evaluation) -> str:
    """The figures, a line each, and the confusion matrix."""
    lines = [f"{evaluation.model} on {evaluation.images:,} images of {evaluation.split}",
             f"accuracy  {evaluation.accuracy:.2%}", f"macro-F1  {evaluation.macro_f1:.4f}"]
    if evaluation.ferplus_accuracy is not None:
        lines.append(f"accuracy  {evaluation.ferplus_accuracy:.2%} by the majority of the FER+ votes")
    labels = list(evaluation.recall)
    lines += ["", f"{'true, predicted':>16}" + "".join(f"{label[:8]:>9}" for label in labels) + "   recall"]
    for label, row in zip(labels, evaluation.confusion, strict=True):
        share = evaluation.recall[label]
        lines.append(f"{label:>16}" + "".join(f"{count:>9}" for count in row)
                     + (f"{share:>9.1%}" if share is not None else f"{'–':>9}"))
    return "\n".join(lines)


def _ferplus_accuracy(split: Split, predicted: NDArray[np.int64], to_model: NDArray[np.int64]) -> float | None:
    if split.votes is None:
        return None
    leading = dataset.ferplus_labels(split.votes)
    true = np.where(leading >= 0, to_model[leading], -1)
    known = true >= 0
    return float((predicted[known] == true[known]).mean()) if known.any() else None
