"""How good a model is on a split: figures from its probabilities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.errors import DataError, ModelError
from edge.faces import preprocess
from edge.faces.classifier import OnnxClassifier
from edge.faces.metadata import Metadata
from edge.frames import Image
from export.data import ferplus
from export.data.dataset import LABELS, Split
from export.evaluation import scores

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Crops, uint8 (n, height, width), to probabilities, float32 (n, classes)."""

# Any framing does: these images are crops already.
DETECTOR = "haar"
THREADS = 2
_BATCH = 128
# How far from 1 the probabilities of a softmax in float32 may sum.
SUM_TOLERANCE = 1e-3
# For intervals that hardly move from seed to seed.
RESAMPLES = 1000
UNDISTURBED = "nothing"
_SEED = 0


class Disturbed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The accuracies of a model on images that were all disturbed in one way."""

    accuracy: float
    ferplus_accuracy: float | None = None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of one model on one split, all shares from 0 to 1; its JSON is what `--json` writes.

    What is called ferplus counts the images whose FER+ majority is one of the labels, and is None without votes.
    """

    model: str
    split: str
    images: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    """Expected, over 15 bins."""
    recall: dict[str, float | None]
    confusion: list[list[int]]
    """Rows are true, columns predicted, both in the order of `recall`."""
    ferplus_images: int | None = None
    ferplus_accuracy: float | None = None
    ferplus_calibration_error: float | None = None
    intervals: dict[str, tuple[float, float]] = {}
    """95 % of each accuracy and F1 by name, and of the recall by label; empty where none were asked for."""
    robustness: dict[str, Disturbed] = {}
    """By the disturbance; empty where it was not measured."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model said of n images, and what is true of them, all (n,) and in the numbers of the model's labels."""

    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32]
    true: NDArray[np.int64]
    """By the original labels; -1 for a class that the model does not have."""
    leading: NDArray[np.int64] | None
    """By the majority of the FER+ votes; -1 where none of the model's classes leads; None without votes."""

    def take(self, rows: NDArray[np.generic]) -> "Answers":
        """The given rows, indices or a mask."""
        leading = None if self.leading is None else self.leading[rows]
        return Answers(self.predicted[rows], self.confidence[rows], self.true[rows], leading)


def answers(split: Split, labels: tuple[str, ...], probabilities: NDArray[np.float32]) -> Answers:
    """The answers in `probabilities` (n, classes); the likeliest class decides, however close."""
    to_model = numbers(labels)
    leading = None
    if split.votes is not None:
        majority = ferplus.labels(split.votes)
        leading = np.where(majority >= 0, to_model[majority], -1)
    return Answers(
        np.asarray(probabilities.argmax(axis=1), np.int64),
        probabilities.max(axis=1),
        to_model[split.labels],
        leading,
    )


def evaluate(
    model: str,
    split_name: str,
    split: Split,
    labels: tuple[str, ...],
    probabilities: NDArray[np.float32],
    *,
    resamples: int = 0,
) -> Evaluation:
    """The figures for `probabilities` (n, classes) of `split`, with intervals from `resamples` bootstrap samples."""
    judged = answers(split, labels, probabilities)
    if not (judged.true >= 0).any():
        raise DataError(
            f"expected images of the classes {', '.join(labels)}, found none: evaluate on another split"
        )
    counts = _confusion(judged, labels)
    figures = _figures(judged, labels)
    # Not of the calibration errors: samples with repetitions are worse calibrated than what they are drawn from.
    intervals = scores.bootstrap(
        lambda rows: _figures(judged.take(rows), labels), len(split), resamples, _SEED
    )
    return Evaluation(
        model=model,
        split=split_name,
        images=int(counts.sum()),
        accuracy=figures["accuracy"],
        macro_f1=figures["macro_f1"],
        calibration_error=_calibration_error(judged, judged.true),
        recall={label: figures.get(label) for label in labels},
        confusion=counts.tolist(),
        ferplus_images=None if judged.leading is None else int((judged.leading >= 0).sum()),
        ferplus_accuracy=figures.get("ferplus_accuracy"),
        ferplus_calibration_error=None
        if "ferplus_accuracy" not in figures or judged.leading is None
        else _calibration_error(judged, judged.leading),
        intervals=intervals,
    )


def _confusion(judged: Answers, labels: tuple[str, ...]) -> NDArray[np.int64]:
    known = judged.true >= 0
    return scores.confusion(judged.true[known], judged.predicted[known], len(labels))


def _figures(judged: Answers, labels: tuple[str, ...]) -> dict[str, float]:
    """The accuracies, F1 and recalls that these images have, by their names in Evaluation and by label."""
    counts = _confusion(judged, labels)
    figures = {"accuracy": scores.accuracy(counts), "macro_f1": scores.macro_f1(counts)}
    figures |= {
        label: share for label, share in zip(labels, scores.recall(counts), strict=True) if share is not None
    }
    if judged.leading is not None and (judged.leading >= 0).any():
        led = judged.take(judged.leading >= 0)
        figures["ferplus_accuracy"] = float((led.predicted == led.leading).mean())
    return figures


def _calibration_error(judged: Answers, true: NDArray[np.int64]) -> float:
    """By one truth, (n,), on the images for which it is known."""
    known = true >= 0
    return scores.calibration_error(judged.confidence[known], judged.predicted[known] == true[known])


def check_softmax(probabilities: NDArray[np.float32], classes: int, source: Path) -> None:
    """Raise ModelError unless each row of `probabilities` is a distribution over `classes`."""
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


def numbers(labels: tuple[str, ...]) -> NDArray[np.int64]:
    """For each FER2013 label its number in `labels`, -1 where it has none.

    Raises ModelError when `labels` names a class that FER2013 does not have.
    """
    unknown = [label for label in labels if label not in LABELS]
    if unknown or len(set(labels)) < len(labels):
        raise ModelError(
            f"expected classes among {', '.join(LABELS)}, each once, found {', '.join(labels)}: "
            "such a model cannot be judged on FER2013"
        )
    return np.array([labels.index(label) if label in labels else -1 for label in LABELS])


def predictions(predict: Predict, images: NDArray[np.uint8], title: str) -> NDArray[np.float32]:
    """The probabilities (n, classes) of all images (n, height, width), in batches, with a progress bar."""
    with tqdm(total=len(images), desc=title, unit="image", leave=False) as bar:
        parts = []
        for start in range(0, len(images), _BATCH):
            parts.append(predict(images[start : start + _BATCH]))
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
    """The figures, a line each, with their intervals, the confusion matrix, and the robustness where measured."""
    lines = [
        f"{evaluation.model} on {evaluation.images:,} images of {evaluation.split}"
        + ("; in brackets 95 % intervals" if evaluation.intervals else "")
    ]
    lines += [f"{title:42}{figure}{interval}" for title, figure, interval in summary(evaluation)]
    labels = list(evaluation.recall)
    lines += ["", f"{'true, predicted':>16}" + "".join(f"{label[:8]:>9}" for label in labels) + "   recall"]
    for label, row in zip(labels, evaluation.confusion, strict=True):
        share = evaluation.recall[label]
        lines.append(
            f"{label:>16}"
            + "".join(f"{count:>9}" for count in row)
            + (f"{share:>9.1%}" if share is not None else f"{'–':>9}")
            + interval_of(evaluation, label)
        )
    if evaluation.robustness:
        lines += ["", f"{'disturbed by':>24}{'accuracy':>10}{'by FER+':>10}"]
        lines += [
            f"{name:>24}{disturbed.accuracy:>10.2%}{percent(disturbed.ferplus_accuracy):>10}"
            for name, disturbed in evaluation.robustness.items()
        ]
        lines.append(f"worst: {worst(evaluation.robustness)}")
    return "\n".join(lines)


def summary(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """The figures of the whole split: (title, figure, interval or nothing)."""
    rows = [
        ("accuracy", "accuracy", ".2%"),
        ("macro-F1", "macro_f1", ".4f"),
        ("accuracy by the FER+ majority", "ferplus_accuracy", ".2%"),
        ("expected calibration error", "calibration_error", ".2%"),
        ("expected calibration error by FER+", "ferplus_calibration_error", ".2%"),
    ]
    return [
        (title, format(value, form), interval_of(evaluation, name, form))
        for title, name, form in rows
        if (value := getattr(evaluation, name)) is not None
    ]


def interval_of(evaluation: Evaluation, name: str, form: str = ".1%") -> str:
    """The interval of the figure called `name` as text with a space before it; empty where there is none."""
    if name not in evaluation.intervals:
        return ""
    lower, upper = evaluation.intervals[name]
    return f" [{lower:{form}}, {upper:{form}}]"


def worst(robustness: Mapping[str, Disturbed]) -> str:
    """The disturbance that costs most accuracy by the original labels."""
    disturbed = [name for name in robustness if name != UNDISTURBED]
    return min(disturbed, key=lambda name: robustness[name].accuracy)


def percent(share: float | None) -> str:
    """A share as text; a dash where there is none."""
    return "–" if share is None else f"{share:.2%}"
