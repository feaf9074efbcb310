"""What a network is taught about each image: its original label, blended with the votes of FER+."""

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from export.dataset import FERPLUS_TO_LABEL, LABELS, Split


def one_hot(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """int64 (n,) as float32 (n, 7)."""
    return np.eye(len(LABELS), dtype=np.float32)[labels]


def blended(split: Split, original_share: float) -> NDArray[np.float32]:
    """The probabilities to learn, float32 (n, 7): the original label's share, the rest as FER+'s taggers voted.

    Votes for contempt, unknown and not-a-face are left out; where no other is left, the original label
    stands alone.  Raises DataError when the share leaves room for votes and the split has none.
    """
    original = one_hot(split.labels)
    if original_share == 1:
        return original
    if split.votes is None:
        raise DataError("expected FER+ votes beside the images, found none: give an .npz with votes, "
                        "or --original-share 1")
    votes = np.zeros((len(split), len(LABELS)), np.float32)
    for column, label in enumerate(FERPLUS_TO_LABEL):
        if label >= 0:
            votes[:, label] = split.votes[:, column]
    total = votes.sum(axis=1, keepdims=True)
    voted = np.where(total > 0, votes / np.maximum(total, 1), original)
    return np.asarray(original_share * original + (1 - original_share) * voted, np.float32)
