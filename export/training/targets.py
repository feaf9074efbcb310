"""What a network is taught about each image: its original label in one head, the votes of FER+ in the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from export.data import ferplus
from export.data.dataset import LABELS, Split
from export.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Targets:
    """What the two heads learn of n images; the second axis is that of heads.HEADS."""

    probabilities: NDArray[np.float32]
    """(n, 2, 7), sums to 1 along the last axis."""
    weights: NDArray[np.float32]
    """(n, 2): how much each counts, 0 to 1."""


def for_heads(split: Split, recipe: Recipe, teacher: NDArray[np.float32] | None = None) -> Targets:
    """What `recipe` teaches about `split`; `teacher` is the teachers' mean answer, (n, 2, 7).

    A recipe of the original labels alone needs no votes: the head for FER+ then learns nothing.  Raises DataError when
    votes are needed and missing.
    """
    of_original = original(split, recipe.inferred_share)
    if recipe.original_share == 1 and split.votes is None:
        of_ferplus, known = np.zeros_like(of_original), np.zeros(len(split), np.float32)
    else:
        of_ferplus, known = voted(split)
    probabilities = np.stack([of_original, of_ferplus], axis=1)
    if teacher is not None:
        probabilities = (1 - recipe.teacher_share) * probabilities + recipe.teacher_share * teacher
    return Targets(np.asarray(probabilities, np.float32), np.stack([np.ones_like(known), known], axis=1))


def one_hot(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """int64 (n,) as float32 (n, 7)."""
    return np.eye(len(LABELS), dtype=np.float32)[labels]


def original(split: Split, inferred_share: float) -> NDArray[np.float32]:
    """What the head for the original labels learns, float32 (n, 7); each row sums to 1.

    An original label is one tagger's word and so is noisy.  `inferred_share` of it is replaced by the label that
    images with such votes have on average, which has the same mean and less noise.  Raises DataError when the
    share leaves room for votes and there are none.
    """
    labels = one_hot(split.labels)
    if inferred_share == 0:
        return labels
    return np.asarray(
        (1 - inferred_share) * labels + inferred_share * expected_labels(split, split), np.float32
    )


def expected_labels(fitted_on: Split, split: Split) -> NDArray[np.float32]:
    """The original labels to expect of `split` from its votes alone, float32 (n, 7); each row sums to 1.

    They are a least-squares fit of the labels to the shares of the ten votes in `fitted_on`.
    """
    fit, *_ = np.linalg.lstsq(_shares(_votes(fitted_on)), one_hot(fitted_on.labels), rcond=None)
    expected = np.clip(_shares(_votes(split)) @ fit, 0, None)
    return np.asarray(expected / expected.sum(axis=1, keepdims=True), np.float32)


def voted(split: Split) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the head for FER+ learns, float32 (n, 7), and how much each image counts, float32 (n,), 0 to 1.

    The votes for contempt, unknown and not-a-face are left out, and an image counts by the share of the others.
    Raises DataError when there are no votes.
    """
    votes = _votes(split)
    known = np.zeros((len(split), len(LABELS)), np.float32)
    for column, label in enumerate(ferplus.TO_LABEL):
        if label >= 0:
            known[:, label] = votes[:, column]
    total = known.sum(axis=1)
    taught = np.where(total[:, np.newaxis] > 0, _shares(known), one_hot(split.labels))
    return taught, np.asarray(total / np.maximum(1, votes.sum(axis=1)), np.float32)


def _votes(split: Split) -> NDArray[np.uint8]:
    if split.votes is None:
        raise DataError(
            "expected FER+ votes beside the images, found none: give them with --ferplus, "
            "or --original-share 1 --inferred-share 0"
        )
    return split.votes


def _shares(votes: NDArray[np.generic]) -> NDArray[np.float32]:
    counts = votes.astype(np.float32)
    return np.asarray(counts / np.maximum(1, counts.sum(axis=1, keepdims=True)), np.float32)
