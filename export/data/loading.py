"""FER2013 loaded from any of the forms in which people have it."""

from pathlib import Path

from edge.errors import DataError
from export.data import csv_file, ferplus, image_folder, npz_file
from export.data.dataset import SPLITS, Split


def load(path: Path, split: str, votes: Path | None = None) -> Split:
    """One split of a Kaggle `.csv`, an `.npz`, or a folder tree `split/label/image`.

    `votes` is FER+'s own `fer2013new.csv`; its votes are added to the images of a `.csv` or an `.npz`.
    Raises DataError if the source is none of these, is damaged, or lacks the split.
    """
    if split not in SPLITS:
        raise DataError(f"expected a split among {', '.join(SPLITS)}, found {split!r}: name one of these")
    return select(load_splits(path, votes), split, path)


def load_splits(path: Path, votes: Path | None = None) -> dict[str, Split]:
    """Every split of the source that has images, by name, in the order of SPLITS; see `load`."""
    if votes is not None and path.is_dir():
        raise DataError(
            f"expected fer2013.csv or an .npz for the votes in {votes}, found the folder tree {path}: "
            "FER+ identifies images by their order, which a folder tree has lost"
        )
    given = ferplus.read_votes(votes) if votes is not None else None
    if path.is_dir():
        splits = image_folder.read_splits(path)
    elif not path.exists():
        raise DataError(
            f"expected a data set at {path}, found nothing: give fer2013.csv, an .npz or a folder tree"
        )
    elif path.suffix == ".npz":
        splits = npz_file.read_splits(path, given)
    elif path.suffix == ".csv":
        splits = csv_file.read_splits(path, given)
    else:
        raise DataError(f"expected a .csv, an .npz or a folder of images, found {path}: name one of these")
    return {name: splits[name] for name in SPLITS if len(splits.get(name, ()))}


def select(splits: dict[str, Split], split: str, path: Path) -> Split:
    """One of the splits that were loaded from `path`; DataError if it is not there."""
    if split not in splits:
        present = ", ".join(f"{name} ({len(images)})" for name, images in splits.items()) or "no images"
        raise DataError(
            f"expected images of the split {split} in {path}, found {present}: "
            "name another split or another data set"
        )
    return splits[split]
