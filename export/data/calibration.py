"""Which images calibrate a quantization, and which others judge it."""

from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError
from export import files
from export.data import dataset
from export.data.dataset import JUDGED_ON, Split

# More widen the ranges by their outliers and change no figure.
CALIBRATION_CROPS = 300
_SEED = 0


@dataclass(frozen=True, eq=False)
class Images:
    """Images from one split of a data set."""

    split: Split
    split_name: str
    source: Path

    def __str__(self) -> str:
        return f"{self._count} in {self.source.name}"

    @property
    def origin(self) -> str:
        """The same with the digest of the source, for the model file."""
        return f"{self._count} in {files.origin(self.source)}"

    @property
    def _count(self) -> str:
        return f"{len(self.split):,} images of {self.split_name}"


def choose(source: Path, split_name: str, votes: Path | None = None) -> tuple[Images, Images]:
    """(for calibration, held out): a sample of the split, and PublicTest or else the rest of the split.

    Raises DataError when the source is damaged, lacks the split or has no image left to judge by.
    """
    splits = dataset.load_splits(source, votes)
    calibration = dataset.sample(dataset.select(splits, split_name, source), CALIBRATION_CROPS, _SEED)
    held_out_name = JUDGED_ON
    if held_out_name not in splits or split_name == held_out_name:
        held_out_name = split_name
    # A copy of an image that calibrated would judge nothing.
    held_out = dataset.without_copies(splits[held_out_name], calibration)
    if not len(held_out):
        raise DataError(
            f"expected images to compare the models on in {source}, found none but the {len(calibration)} "
            f"that calibrate: add a split {JUDGED_ON}, or more images to {split_name}"
        )
    return Images(calibration, split_name, source), Images(held_out, held_out_name, source)
