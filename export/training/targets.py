"""The targets that a network is trained on: original labels for one head, the votes of FER+ for the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from export.data import ferplus
from export.data.dataset import LABELS, Split
from export.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Targets:
    """The targets of both heads for n images; the second axis is that of heads.HEADS."""

    probabilities: NDArray[np.float32]
    """(n, 2, 7), sums to 1 along the last axis."""
    weights: NDArray[np.float32]
    """(n, 2): the weight of each target in the loss, 0 to 1."""


def make_targets(split: Split, recipe: Recipe, teacher: NDArray[np.float32] | None = None) -> Targets:
    """The targets for `split` by `recipe`; `teacher` is the mean answer of the teachers, (n, 2, 7).

    A recipe that uses the original labels alone needs no votes; the head for FER+ then learns nothing.
    Raises DataError if votes are needed and missing.
    """
    original = make_original_targets(split, recipe.inferred_share)
    if recipe.original_share == 1 and split.votes is None:
        voted, weights = np.zeros_like(original), np.zeros(len(split), np.float32)
    else:
        voted, weights = make_ferplus_targets(split)
    probabilities = np.stack([original, voted], axis=1)
    if teacher is not None:
        probabilities = (1 - recipe.teacher_share) * probabilities + recipe.teacher_share * teacher
    return Targets(np.asarray(probabilities, np.float32), np.stack([np.ones_like(weights), weights], axis=1))


def encode_one_hot(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """int64 (n,) as float32 (n, 7)."""
    return np.eye(len(LABELS), dtype=np.float32)[labels]


def make_original_targets(split: Split, inferred_share: float) -> NDArray[np.float32]:
    """The targets of the head for the original labels, float32 (n, 7); each row sums to 1.

    An original label is the opinion of a single person and therefore noisy.  `inferred_share` of it is
    replaced by the mean label of images with the same votes, which is less noisy and has the same mean.
    Raises DataError if votes are needed and missing.
    """
    labels = encode_one_hot(split.labels)
    if inferred_share == 0:
        return labels
    inferred = infer_labels(split, split)
    return np.asarray((1 - inferred_share) * labels + inferred_share * inferred, np.float32)


def infer_labels(fitted_on: Split, split: Split) -> NDArray[np.float32]:
    """The original labels to expect for the votes of `split`, float32 (n, 7); each row sums to 1.

    They come from a least-squares fit of the labels to the shares of the ten votes in `fitted_on`.
    """
    votes = _normalise(_require_votes(fitted_on))
    fit, *_ = np.linalg.lstsq(votes, encode_one_hot(fitted_on.labels), rcond=None)
    expected = np.clip(_normalise(_require_votes(split)) @ fit, 0, None)
    return np.asarray(expected / expected.sum(axis=1, keepdims=True), np.float32)


def make_ferplus_targets(split: Split) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The targets of the head for FER+, float32 (n, 7), and their weights, float32 (n,), 0 to 1.

    Votes for contempt, unknown and not-a-face are left out; the share of the other votes is the weight of the
    image. Raises DataError if there are no votes.
    """
    votes = _require_votes(split)
    known = np.zeros((len(split), len(LABELS)), np.float32)
    for column, label in enumerate(ferplus.TO_LABEL):
        if label >= 0:
            known[:, label] = votes[:, column]
    total = known.sum(axis=1)
    targets = np.where(total[:, np.newaxis] > 0, _normalise(known), encode_one_hot(split.labels))
    return targets, np.asarray(total / np.maximum(1, votes.sum(axis=1)), np.float32)


def _require_votes(split: Split) -> NDArray[np.uint8]:
    if split.votes is None:
        raise DataError(
            "expected FER+ votes beside the images, found none: give them with --ferplus, "
            "or --original-share 1 --inferred-share 0"
        )
    return split.votes


def _normalise(votes: NDArray[np.generic]) -> NDArray[np.float32]:
    """Counts as shares that sum to 1 in each row."""
    counts = votes.astype(np.float32)
    return np.asarray(counts / np.maximum(1, counts.sum(axis=1, keepdims=True)), np.float32)
