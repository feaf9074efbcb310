"""The gate: a converted model is compared with its original, and refused if the two disagree."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.contracts import MIN_LEAD
from edge.errors import ModelError
from edge.faces.metadata import Metadata
from export.data.calibration import Images
from export.evaluation import scores
from export.evaluation.evaluate import Evaluation, collect_answers, evaluate
from export.evaluation.evaluation_table import format_share
from export.evaluation.predictions import (
    Predictor,
    check_probabilities,
    load_onnx,
    predict_all,
    resize_crops,
)
from export.evaluation.temperature_scaling import fit_temperature

log = logging.getLogger(__name__)

# The rounding error of percentage points that are computed from shares.
_ROUNDING = 1e-9


Truth = Literal["original", "ferplus"]
TRUTHS: dict[Truth, str] = {"original": "the original labels", "ferplus": "the FER+ majority"}


@dataclass(frozen=True)
class Tolerances:
    """How much a converted model may disagree with its original and still be written."""

    probability: float = 1e-4
    """Float ONNX against Keras: the largest difference of a probability.  Rounding gave 1e-6 to 1e-5."""
    accuracy_points: float = 0.5
    """int8 against float ONNX: how many percentage points of accuracy it may lose."""
    recall_points: float = 2.0
    """int8 against float ONNX: how many percentage points of the recall of any class it may lose."""
    same_top: float = 0.97
    """int8 against float ONNX: the least share of images for which both find the same class likeliest.

    A class that float finds about as likely counts as the same: the app calls such a face uncertain."""


@dataclass(frozen=True, eq=False)
class ModelResult:
    """One form of a model (Keras, float ONNX, int8 ONNX) and its result on the held-out images."""

    name: str
    size_bytes: int
    probabilities: NDArray[np.float32]
    """(n, classes)"""
    evaluation: Evaluation


class HeldOutEvaluator:
    """Evaluates every form of a model on the same held-out images."""

    def __init__(self, held_out: Images, metadata: Metadata) -> None:
        self._held_out, self._labels = held_out, metadata.labels
        self._crops = resize_crops(held_out.split.images, metadata)

    def evaluate(self, name: str, predict: Predictor, size_bytes: int, source: Path) -> ModelResult:
        """Evaluate the form called `name`; ModelError, naming `source`, if it gives no probabilities."""
        probabilities = predict_all(predict, self._crops, name)
        check_probabilities(probabilities, len(self._labels), source)
        evaluation = evaluate(
            name, self._held_out.split_name, self._held_out.split, self._labels, probabilities
        )
        return ModelResult(name, size_bytes, probabilities, evaluation)

    def evaluate_files(self, contents: Mapping[str, bytes]) -> list[ModelResult]:
        """Evaluate ONNX files, which are given by name, as the app runs them."""
        results = []
        with TemporaryDirectory() as folder:
            for name, content in contents.items():
                path = Path(folder) / f"{name}.onnx"
                path.write_bytes(content)
                predict, _ = load_onnx(path)
                results.append(self.evaluate(name, predict, len(content), path))
        return results

    def fit_temperature(self, result: ModelResult, truth: Truth) -> tuple[float, str]:
        """The temperature that calibrates a model by that truth, and a description of what it was fitted to.

        Without votes it is fitted to the original labels.
        """
        answers = collect_answers(self._held_out.split, self._labels, result.probabilities)
        if truth == "original" or answers.majority is None:
            truth, true = "original", answers.true
        else:
            true = answers.majority
        known = np.flatnonzero(true >= 0)
        temperature = fit_temperature(result.probabilities[known], true[known])
        return temperature, f"{TRUTHS[truth]} of {len(known):,} images of {self._held_out.split_name}"


def warn_if_useless(result: ModelResult) -> None:
    """Warn if the model is no better than one answer for all images: its input is probably wrong."""
    counts = np.array(result.evaluation.confusion)
    most_frequent = counts.sum(axis=1).max() / counts.sum()
    if result.evaluation.accuracy <= most_frequent:
        log.warning(
            "%s: accuracy %.1f %%, and always the same answer gives %.1f %%: "
            "check --scale, --offset, --labels",
            result.name,
            100 * result.evaluation.accuracy,
            100 * most_frequent,
        )


def check_float(keras: ModelResult, onnx: ModelResult, tolerances: Tolerances) -> None:
    """Raise ModelError if the float ONNX model does not compute what the Keras model computes."""
    difference = scores.largest_difference(keras.probabilities, onnx.probabilities)
    # Written so that a NaN fails too.
    if not difference <= tolerances.probability:
        raise ModelError(
            f"expected probabilities within {tolerances.probability:g} of {keras.name}, found "
            f"{difference:.2g} from {onnx.name}: nothing was written; the conversion is wrong for this "
            "network, --difference allows more"
        )


def check_int8(reference: ModelResult, int8: ModelResult, tolerances: Tolerances) -> None:
    """Raise ModelError if the int8 model is too much worse than, or too different from, the float model."""
    violations = find_violations(reference, int8, tolerances)
    if violations:
        raise make_int8_refusal(int8, violations, "nothing was written")


def make_int8_refusal(int8: ModelResult, violations: Sequence[str], written: str) -> ModelError:
    """The error for an int8 model that exceeds tolerances; `written` says which files there are now."""
    return ModelError(
        f"{', and '.join(violations)} from int8 ({int8.name}): {written}; calibrate on images like those it "
        "will see, allow more, or use the float file"
    )


def find_violations(reference: ModelResult, int8: ModelResult, tolerances: Tolerances) -> list[str]:
    """The tolerances that `int8` exceeds against `reference`, each as expected and found; [] if none."""
    violations = []
    lost_points = 100 * (reference.evaluation.accuracy - int8.evaluation.accuracy)
    if lost_points > tolerances.accuracy_points + _ROUNDING:
        violations.append(
            f"expected at most {tolerances.accuracy_points:g} points less accuracy than {reference.name} "
            f"(--tolerance allows more), found {lost_points:.2f} less"
        )
    label, lost = find_largest_recall_loss(reference.evaluation, int8.evaluation)
    if 100 * lost > tolerances.recall_points + _ROUNDING:
        violations.append(
            f"expected at most {tolerances.recall_points:g} points less recall of any class than "
            f"{reference.name} (--recall-tolerance allows more), found {100 * lost:.2f} less of {label}"
        )
    same = scores.top_1_agreement(reference.probabilities, int8.probabilities, MIN_LEAD)
    if same < tolerances.same_top:
        violations.append(
            f"expected the same likeliest class as {reference.name}, or one within {MIN_LEAD:g} of it, for "
            f"{tolerances.same_top:.1%} of the images (--same-top allows fewer), found {same:.1%}"
        )
    return violations


def find_largest_recall_loss(reference: Evaluation, other: Evaluation) -> tuple[str, float]:
    """(the class of whose recall `other` loses most against `reference`, the loss as a share)."""
    losses = {
        label: recall - (other.recall[label] or 0.0)
        for label, recall in reference.recall.items()
        if recall is not None
    }
    label = max(losses, key=lambda label: losses[label])
    return label, losses[label]


def format_table(results: Sequence[ModelResult], held_out: str) -> str:
    """The comparison as text: a line per form, each compared with the first."""
    first = results[0]
    wide = max(12, *(len(result.name) + 2 for result in results))
    lines = [
        f"compared on {held_out}, each with {first.name}",
        f"{'':{wide}}{'accuracy':>10}{'macro-F1':>10}{'by FER+':>10}{'same top-1':>12}"
        f"{'recall lost at most':>26}{'largest difference':>20}{'size':>18}",
    ]
    for result in results:
        label, lost = find_largest_recall_loss(first.evaluation, result.evaluation)
        same = scores.top_1_agreement(first.probabilities, result.probabilities)
        difference = scores.largest_difference(first.probabilities, result.probabilities)
        against = (
            f"{'–':>12}{'–':>26}{'–':>20}"
            if result is first
            else f"{same:>12.2%}{f'{lost:.2%} ({label})':>26}{difference:>20.2g}"
        )
        voted = format_share(result.evaluation.ferplus_accuracy)
        lines.append(
            f"{result.name:{wide}}{result.evaluation.accuracy:>10.2%}{result.evaluation.macro_f1:>10.4f}"
            f"{voted:>10}{against}{result.size_bytes:>12,} bytes"
        )
    return "\n".join(lines)
