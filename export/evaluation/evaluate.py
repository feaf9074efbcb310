"""The scores of a model on a split, computed from its probabilities."""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError, ModelError
from export.data import ferplus
from export.data.dataset import LABELS, OTHER_LABELS, Split
from export.evaluation import scores

# With fewer, the intervals would change noticeably from seed to seed.
RESAMPLES = 1000
_SEED = 0


class DisturbedScores(msgspec.Struct, frozen=True, omit_defaults=True):
    """The accuracies of a model on images that were all disturbed in one way."""

    accuracy: float
    ferplus_accuracy: float | None = None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The scores of one model on one split, all shares from 0 to 1; its JSON is what `--json` writes.

    The scores named ferplus count the images whose FER+ majority is one of the model's labels; they are None
    without votes.
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
    """The 95 % intervals: accuracies and F1 by name, recalls by label; empty if none were computed."""
    robustness: dict[str, DisturbedScores] = {}
    """By disturbance; empty if it was not measured."""


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of a model for n images beside the truth, all (n,), as indices into the model's labels."""

    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32]
    true: NDArray[np.int64]
    """By the original labels; -1 for a class that the model does not have."""
    majority: NDArray[np.int64] | None
    """By the majority of the FER+ votes; -1 where that is no class of the model; None without votes."""

    def take(self, rows: NDArray[np.generic]) -> "Answers":
        """The given rows, indices or a mask."""
        majority = None if self.majority is None else self.majority[rows]
        return Answers(self.predicted[rows], self.confidence[rows], self.true[rows], majority)


def collect_answers(split: Split, labels: tuple[str, ...], probabilities: NDArray[np.float32]) -> Answers:
    """The answers in `probabilities` (n, classes): the likeliest class, however close the next one is."""
    to_model = map_labels(labels)
    majority = None
    if split.votes is not None:
        voted = ferplus.find_majority(split.votes)
        majority = np.where(voted >= 0, to_model[voted], -1)
    return Answers(
        np.asarray(probabilities.argmax(axis=1), np.int64),
        probabilities.max(axis=1),
        to_model[split.labels],
        majority,
    )


def map_labels(labels: tuple[str, ...]) -> NDArray[np.int64]:
    """For each FER2013 label its index in `labels`, or -1.

    A model may have contempt besides, for which there is no image.  Raises ModelError if `labels` contains
    another class that FER2013 does not have, or one class twice.
    """
    unknown = [label for label in labels if label not in LABELS + OTHER_LABELS]
    if unknown or len(set(labels)) < len(labels):
        raise ModelError(
            f"expected classes among {', '.join(LABELS)}, each once, found {', '.join(labels)}: "
            "such a model cannot be judged on FER2013"
        )
    return np.array([labels.index(label) if label in labels else -1 for label in LABELS])


def evaluate(
    model: str,
    split_name: str,
    split: Split,
    labels: tuple[str, ...],
    probabilities: NDArray[np.float32],
    *,
    resamples: int = 0,
) -> Evaluation:
    """The scores of `probabilities` (n, classes), with intervals from `resamples` bootstrap samples."""
    answers = collect_answers(split, labels, probabilities)
    if not (answers.true >= 0).any():
        raise DataError(
            f"expected images of the classes {', '.join(labels)}, found none: evaluate on another split"
        )
    counts = _count_confusions(answers, labels)
    computed = _compute_scores(answers, labels)
    # The calibration errors get no interval: a sample with repetitions is worse calibrated than the original.
    intervals = scores.bootstrap(
        lambda rows: _compute_scores(answers.take(rows), labels), len(split), resamples, _SEED
    )
    return Evaluation(
        model=model,
        split=split_name,
        images=int(counts.sum()),
        accuracy=computed["accuracy"],
        macro_f1=computed["macro_f1"],
        calibration_error=_compute_calibration_error(answers, answers.true),
        recall={label: computed.get(label) for label in labels},
        confusion=counts.tolist(),
        ferplus_images=None if answers.majority is None else int((answers.majority >= 0).sum()),
        ferplus_accuracy=computed.get("ferplus_accuracy"),
        ferplus_calibration_error=None
        if "ferplus_accuracy" not in computed or answers.majority is None
        else _compute_calibration_error(answers, answers.majority),
        intervals=intervals,
    )


def _count_confusions(answers: Answers, labels: tuple[str, ...]) -> NDArray[np.int64]:
    known = answers.true >= 0
    return scores.confusion_matrix(answers.true[known], answers.predicted[known], len(labels))


def _compute_scores(answers: Answers, labels: tuple[str, ...]) -> dict[str, float]:
    """Accuracies and F1, by their names in Evaluation, and recalls, by label; absent where undefined."""
    counts = _count_confusions(answers, labels)
    computed = {"accuracy": scores.accuracy(counts), "macro_f1": scores.macro_f1(counts)}
    computed |= {
        label: share for label, share in zip(labels, scores.recall(counts), strict=True) if share is not None
    }
    if answers.majority is not None and (answers.majority >= 0).any():
        known = answers.take(answers.majority >= 0)
        computed["ferplus_accuracy"] = float((known.predicted == known.majority).mean())
    return computed


def _compute_calibration_error(answers: Answers, true: NDArray[np.int64]) -> float:
    """The calibration error by one truth, (n,), on the images for which it is known."""
    known = true >= 0
    return scores.calibration_error(answers.confidence[known], answers.predicted[known] == true[known])
