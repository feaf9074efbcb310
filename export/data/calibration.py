"""Choosing the images that calibrate a quantization, and others to compare the models on."""

from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError
from export.artifacts import describe_origin
from export.data import dataset, loading
from export.data.dataset import VALIDATION_SPLIT, Split

# With more images, outliers widen the ranges, and no score changes.
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
        """The same with the digest of the source, for the metadata of a model."""
        return f"{self._count} in {describe_origin(self.source)}"

    @property
    def _count(self) -> str:
        return f"{len(self.split):,} images of {self.split_name}"


def choose_images(source: Path, split_name: str, votes: Path | None = None) -> tuple[Images, Images]:
    """(images for the calibration, images held out): a sample of the split, and PublicTest.

    Where there is no PublicTest, or it is the split itself, the rest of the split is held out.
    Raises DataError if the source is damaged, lacks the split, or has no image left to hold out.
    """
    splits = loading.load_splits(source, votes)
    calibration = dataset.sample(loading.select(splits, split_name, source), CALIBRATION_CROPS, _SEED)
    held_out_name = VALIDATION_SPLIT
    if held_out_name not in splits or split_name == held_out_name:
        held_out_name = split_name
    # A copy of a calibration image is no held-out image.
    held_out = dataset.remove_copies(splits[held_out_name], calibration)
    if not len(held_out):
        raise DataError(
            f"expected images to compare the models on in {source}, found none but the {len(calibration)} "
            f"of the calibration: add a split {VALIDATION_SPLIT}, or more images to {split_name}"
        )
    return Images(calibration, split_name, source), Images(held_out, held_out_name, source)
