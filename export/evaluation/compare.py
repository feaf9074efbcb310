"""The gate: a model converted is compared with what it was made from, and refused when it disagrees."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.faces.metadata import Metadata
from export.data.calibration import Images
from export.evaluation import evaluate, scores, temperature_scaling
from export.evaluation.evaluate import Evaluation, Predict

log = logging.getLogger(__name__)

# Of percentage points computed from shares.
_ROUNDING = 1e-9


Truth = Literal["original", "ferplus"]
TRUTHS: dict[Truth, str] = {"original": "the original labels", "ferplus": "the FER+ majority"}


@dataclass(frozen=True)
class Tolerances:
    """By how much a converted model may disagree and still be written."""

    probability: float = 1e-4
    """Float ONNX against Keras: the largest difference of a probability.  Rounding alone gave 1e-6 to 1e-5."""
    accuracy_points: float = 0.5
    """int8 against float ONNX: by how many percentage points its accuracy may be lower."""
    recall_points: float = 2.0
    """int8 against float ONNX: by how many percentage points the recall of any class may be lower."""
    same_top: float = 0.97
    """int8 against float ONNX: the least share of images with the same likeliest class."""


@dataclass(frozen=True, eq=False)
class Compared:
    """One form of the model: its name, its size, its probabilities (n, classes) and the figures from them."""

    name: str
    size_bytes: int
    probabilities: NDArray[np.float32]
    evaluation: Evaluation


class Judge:
    """Runs every form of a model on the same held-out images."""

    def __init__(self, held_out: Images, metadata: Metadata) -> None:
        self._held_out, self._labels = held_out, metadata.labels
        self._crops = evaluate.resized(held_out.split.images, metadata)

    def compared(self, name: str, predict: Predict, size_bytes: int, source: Path) -> Compared:
        """The form called `name`; ModelError, naming `source`, when it gives no probabilities."""
        probabilities = evaluate.predictions(predict, self._crops, name)
        evaluate.check_softmax(probabilities, len(self._labels), source)
        evaluation = evaluate.evaluate(
            name, self._held_out.split_name, self._held_out.split, self._labels, probabilities
        )
        return Compared(name, size_bytes, probabilities, evaluation)

    def temperature(self, model: Compared, truth: Truth) -> tuple[float, str]:
        """The temperature that calibrates `model` by that truth, and what it was fitted on, in words.

        Without votes it is fitted to the original labels.
        """
        judged = evaluate.answers(self._held_out.split, self._labels, model.probabilities)
        if truth == "original" or judged.leading is None:
            truth, true = "original", judged.true
        else:
            true = judged.leading
        known = np.flatnonzero(true >= 0)
        fitted = temperature_scaling.fitted(model.probabilities[known], true[known])
        return fitted, f"{TRUTHS[truth]} of {len(known):,} images of {self._held_out.split_name}"

    def compared_files(self, contents: Mapping[str, bytes]) -> list[Compared]:
        """Each ONNX file, by its name in the comparison, as the app itself would run it."""
        compared = []
        with TemporaryDirectory() as folder:
            for name, content in contents.items():
                path = Path(folder) / f"{name}.onnx"
                path.write_bytes(content)
                predict, _ = evaluate.onnx_predict(path)
                compared.append(self.compared(name, predict, len(content), path))
        return compared


def warn_if_useless(model: Compared) -> None:
    """Say so when `model` is no better than the same answer to everything: its input is probably wrong."""
    counts = np.array(model.evaluation.confusion)
    commonest = counts.sum(axis=1).max() / counts.sum()
    if model.evaluation.accuracy <= commonest:
        log.warning(
            "%s: accuracy %.1f %%, and always the same answer gives %.1f %%: check --scale, --offset, --labels",
            model.name,
            100 * model.evaluation.accuracy,
            100 * commonest,
        )


def check_float(keras: Compared, onnx: Compared, tolerances: Tolerances) -> None:
    """Raise ModelError when the float ONNX model computes something else than the Keras model."""
    difference = scores.largest_difference(keras.probabilities, onnx.probabilities)
    # Written so that a NaN fails too.
    if not difference <= tolerances.probability:
        raise ModelError(
            f"expected probabilities within {tolerances.probability:g} of {keras.name}, found "
            f"{difference:.2g} from {onnx.name}: nothing was written; the conversion is wrong for this "
            "network, --difference allows more"
        )


def check_int8(reference: Compared, int8: Compared, tolerances: Tolerances) -> None:
    """Raise ModelError when the int8 model is too much worse than, or too different from, the float model."""
    found = faults(reference, int8, tolerances)
    if found:
        raise ModelError(
            f"{', and '.join(found)} from {int8.name}: nothing was written; calibrate on images like "
            "those it will see"
        )


def faults(reference: Compared, int8: Compared, tolerances: Tolerances) -> list[str]:
    """What of `int8` is beyond the tolerances against `reference`, each as expected and found; [] when nothing is."""
    found = []
    lost_points = 100 * (reference.evaluation.accuracy - int8.evaluation.accuracy)
    if lost_points > tolerances.accuracy_points + _ROUNDING:
        found.append(
            f"expected at most {tolerances.accuracy_points:g} points less accuracy than {reference.name} "
            f"(--tolerance allows more), found {lost_points:.2f} less"
        )
    label, lost = largest_recall_loss(reference.evaluation, int8.evaluation)
    if 100 * lost > tolerances.recall_points + _ROUNDING:
        found.append(
            f"expected at most {tolerances.recall_points:g} points less recall of any class than "
            f"{reference.name} (--recall-tolerance allows more), found {100 * lost:.2f} less of {label}"
        )
    same = scores.same_top(reference.probabilities, int8.probabilities)
    if same < tolerances.same_top:
        found.append(
            f"expected the same likeliest class as {reference.name} for {tolerances.same_top:.1%} of the "
            f"images (--same-top allows fewer), found {same:.1%}"
        )
    return found


def largest_recall_loss(reference: Evaluation, other: Evaluation) -> tuple[str, float]:
    """The class whose recall `other` has least of in comparison, and how much less, as a share."""
    losses = {
        label: recall - (other.recall[label] or 0.0)
        for label, recall in reference.recall.items()
        if recall is not None
    }
    label = max(losses, key=lambda label: losses[label])
    return label, losses[label]


def table(models: Sequence[Compared], held_out: str) -> str:
    """The comparison as text: a line per form, each against the first."""
    first = models[0]
    wide = max(12, *(len(model.name) + 2 for model in models))
    lines = [
        f"compared on {held_out}, each with {first.name}",
        f"{'':{wide}}{'accuracy':>10}{'macro-F1':>10}{'by FER+':>10}{'same top-1':>12}{'recall lost at most':>26}"
        f"{'largest difference':>20}{'size':>18}",
    ]
    for model in models:
        label, lost = largest_recall_loss(first.evaluation, model.evaluation)
        same = scores.same_top(first.probabilities, model.probabilities)
        difference = scores.largest_difference(first.probabilities, model.probabilities)
        against = (
            f"{'–':>12}{'–':>26}{'–':>20}"
            if model is first
            else f"{same:>12.2%}{f'{lost:.2%} ({label})':>26}{difference:>20.2g}"
        )
        voted = evaluate.percent(model.evaluation.ferplus_accuracy)
        lines.append(
            f"{model.name:{wide}}{model.evaluation.accuracy:>10.2%}{model.evaluation.macro_f1:>10.4f}"
            f"{voted:>10}{against}{model.size_bytes:>12,} bytes"
        )
    return "\n".join(lines)
