"""FER2013's labels and splits, and what can be done with the images of a split."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Goodfellow et al., "Challenges in Representation Learning", 2013: labels 0 to 6.
LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
# What AffectNet, CK+ and FER+ have besides.
OTHER_LABELS = ("contempt",)
# Other names of the same classes, in the data sets and models of other people.
_SYNONYMS = {
    "anger": "angry",
    "mad": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "suprise": "surprise",
    "neutrality": "neutral",
    "normal": "neutral",
    "contemptuous": "contempt",
}
SPLITS = ("Training", "PublicTest", "PrivateTest")
# The split on which a network is evaluated after every epoch of its training.
VALIDATION_SPLIT = "PublicTest"
SIDE_PX = 48


@dataclass(frozen=True, eq=False)
class Split:
    """The images of one split, in the order of the source.

    `images` uint8 (n, 48, 48); `labels` int64 (n,), 0 to 6; `votes` uint8 (n, 10), the FER+
    votes in FER+'s own order, or None where the source has none.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.generic] | slice) -> "Split":
        """The given rows (indices, a mask or a slice) as a split of their own."""
        votes = None if self.votes is None else self.votes[rows]
        return Split(self.images[rows], self.labels[rows], votes)


def find_label(name: str) -> str:
    """FER2013's name of the class that somebody calls `name`; any other name as it is, in lower case."""
    lower = name.strip().lower()
    return _SYNONYMS.get(lower, lower)


def remove_copies(split: Split, of: Split) -> Split:
    """`split` without the images that are also in `of`, compared pixel for pixel."""
    others = {image.tobytes() for image in of.images}
    return split.take(np.array([image.tobytes() not in others for image in split.images]))


def remove_duplicates(split: Split) -> Split:
    """`split` with only the first of each group of images that are equal pixel for pixel.

    A group whose images have different labels is removed entirely, since nobody knows which label is right.
    """
    labels: dict[bytes, set[int]] = {}
    first: dict[bytes, int] = {}
    for row, (image, label) in enumerate(zip(split.images, split.labels.tolist(), strict=True)):
        pixels = image.tobytes()
        labels.setdefault(pixels, set()).add(label)
        first.setdefault(pixels, row)
    return split.take(np.array([row for pixels, row in first.items() if len(labels[pixels]) == 1], np.int64))


def compute_digest(*splits: Split) -> str:
    """The sha256 of the images, labels and votes of `splits`, in hexadecimal."""
    digest = hashlib.sha256()
    for split in splits:
        for array in (split.images, split.labels, split.votes):
            digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def sample(split: Split, count: int, seed: int) -> Split:
    """Draw `count` images without replacement, each class in its proportion; all if there are fewer."""
    if count >= len(split):
        return split
    order = np.random.default_rng(seed).permutation(len(split))
    by_class = order[np.argsort(split.labels[order], kind="stable")]
    # Even steps through the images sorted by class keep every class's share.
    return split.take(np.sort(by_class[np.linspace(0, len(split) - 1, count).astype(int)]))
