"""FER2013 in the forms in which people have it, as arrays per split."""

import csv
import hashlib
import logging
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.faces import preprocess
from edge.faces.metadata import Framing
from export.data import ferplus
from export.data.ferplus import Votes

log = logging.getLogger(__name__)

# Goodfellow et al., "Challenges in Representation Learning", 2013: labels 0 to 6.
LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
SPLITS = ("Training", "PublicTest", "PrivateTest")
# The split on which a training is judged after every epoch.
JUDGED_ON = "PublicTest"
SIDE_PX = 48

# How these crops lie in each detector's boxes: medians over 2,000 crops of Training, measured with
# `python -m export framing --data fer2013.npz --yunet yunet_s_320_320.onnx` (the same network as the
# face_detection_yunet_2023mar.onnx that python -m edge.models fetches):
# haar (1,319 found) scale 1.04 [quartiles 0.98, 1.12], shift_down 0.00 [-0.01, 0.02];
# yunet (1,865 found) scale 1.07 [0.98, 1.21], shift_down -0.02 [-0.05, 0.02].
FER2013_FRAMING = {
    "haar": Framing(scale=1.04, shift_down=0.0),
    "yunet": Framing(scale=1.07, shift_down=-0.02),
}

# What folder trees of FER2013 call their splits.
_FOLDERS = {
    "training": "Training",
    "train": "Training",
    "publictest": "PublicTest",
    "validation": "PublicTest",
    "valid": "PublicTest",
    "val": "PublicTest",
    "privatetest": "PrivateTest",
    "test": "PrivateTest",
}
_IMAGES = {".png", ".jpg", ".jpeg", ".bmp"}


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

    def take(self, rows: NDArray[np.generic]) -> "Split":
        """The given rows (indices or a mask) as a split of their own."""
        votes = None if self.votes is None else self.votes[rows]
        return Split(self.images[rows], self.labels[rows], votes)


def load(path: Path, split: str, votes: Path | None = None) -> Split:
    """One split of a Kaggle `.csv`, an `.npz`, or a folder tree `split/label/image`.

    `votes` is FER+'s own `fer2013new.csv`, whose counts go to the images of a `.csv` or an `.npz`.
    Raises DataError when the source is none of these, is damaged, or lacks the split.
    """
    if split not in SPLITS:
        raise DataError(f"expected a split among {', '.join(SPLITS)}, found {split!r}: name one of these")
    return select(load_splits(path, votes), split, path)


def load_splits(path: Path, votes: Path | None = None) -> dict[str, Split]:
    """Every split of the source that has images, by name in the order of SPLITS; see `load`."""
    if votes is not None and path.is_dir():
        raise DataError(
            f"expected fer2013.csv or an .npz for the votes in {votes}, found the folder tree {path}: it "
            "has lost the order of the images, by which FER+ tells them apart"
        )
    given = ferplus.read(votes) if votes is not None else None
    if path.is_dir():
        splits = _load_folders(path)
    elif not path.exists():
        raise DataError(
            f"expected a data set at {path}, found nothing: give fer2013.csv, an .npz or a folder tree"
        )
    elif path.suffix == ".npz":
        splits = _load_npz(path, given)
    elif path.suffix == ".csv":
        splits = _load_csv(path, given)
    else:
        raise DataError(f"expected a .csv, an .npz or a folder of images, found {path}: name one of these")
    return {name: splits[name] for name in SPLITS if len(splits.get(name, ()))}


def select(splits: dict[str, Split], split: str, path: Path) -> Split:
    """One of the splits that were loaded from `path`; DataError when it is not there."""
    if split not in splits:
        present = ", ".join(f"{name} ({len(images)})" for name, images in splits.items()) or "no images"
        raise DataError(
            f"expected images of the split {split} in {path}, found {present}: "
            "name another split or another data set"
        )
    return splits[split]


def without_copies(split: Split, of: Split) -> Split:
    """`split` without the images that stand, pixel for pixel, in `of` as well."""
    held_out = {image.tobytes() for image in of.images}
    return split.take(np.array([image.tobytes() not in held_out for image in split.images]))


def without_duplicates(split: Split) -> Split:
    """`split` with one of each group of images that are alike pixel for pixel, the first.

    A group whose copies carry different labels is left out whole: nobody knows which is right.
    """
    labels: dict[bytes, set[int]] = {}
    first: dict[bytes, int] = {}
    for row, (image, label) in enumerate(zip(split.images, split.labels.tolist(), strict=True)):
        pixels = image.tobytes()
        labels.setdefault(pixels, set()).add(label)
        first.setdefault(pixels, row)
    return split.take(np.array([row for pixels, row in first.items() if len(labels[pixels]) == 1], np.int64))


def digest(*splits: Split) -> str:
    """The sha256 of the images, labels and votes of `splits`, in hexadecimal."""
    whole = hashlib.sha256()
    for split in splits:
        for array in (split.images, split.labels, split.votes):
            whole.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()


def sample(split: Split, count: int, seed: int) -> Split:
    """`count` images drawn without replacement in proportion to the classes; all when there are fewer."""
    if count >= len(split):
        return split
    order = np.random.default_rng(seed).permutation(len(split))
    by_class = order[np.argsort(split.labels[order], kind="stable")]
    # Even steps through the images sorted by class keep every class's share.
    return split.take(np.sort(by_class[np.linspace(0, len(split) - 1, count).astype(int)]))


def _votes_for(split: str, count: int, given: Votes, path: Path) -> NDArray[np.uint8]:
    """The votes of a split of which `path` has `count` rows."""
    voted = len(given.get(split, ()))
    if voted != count:
        raise DataError(
            f"expected as many images of {split} as FER+ has votes for ({voted:,}), found {count:,} in "
            f"{path}: give the whole of FER2013 in its own order"
        )
    return given[split]


def _load_npz(path: Path, given: Votes | None) -> dict[str, Split]:
    try:
        # Opened here: np.load leaves a damaged file open.
        with path.open("rb") as content, np.load(content) as arrays:
            image, label, usage = (arrays[name] for name in ("image", "label", "usage"))
            votes = arrays["votes"] if "votes" in arrays else None
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"expected the arrays image, label and usage in {path}, found: {error}; "
            "make or copy the file again"
        ) from error
    has_shape = image.ndim in (3, 4) and image.shape[3:] in ((), (1,), (3,)) and 0 not in image.shape[1:]
    if image.dtype != np.uint8 or not has_shape:
        raise DataError(
            f"expected image uint8 (n, {SIDE_PX}, {SIDE_PX}), of another size or RGB (n, h, w, 3) in "
            f"{path}, found {image.dtype} {image.shape}: bring the images to one of these shapes"
        )
    if len(image) and image.shape[1:] != (SIDE_PX, SIDE_PX):
        log.warning(
            "%s: converted %d images of %s to %d×%d grey",
            path,
            len(image),
            "×".join(map(str, image.shape[1:])),
            SIDE_PX,
            SIDE_PX,
        )
        image = np.stack([_as_crop(one) for one in image])
    expected: list[tuple[str, NDArray[np.generic], tuple[int, ...]]] = [
        ("label", label, (len(image),)),
        ("usage", usage, (len(image),)),
    ]
    if votes is not None:
        expected.append(("votes", votes, (len(image), len(ferplus.TO_LABEL))))
    for name, array, shape in expected:
        if array.shape != shape or not np.issubdtype(array.dtype, np.integer):
            raise DataError(
                f"expected {name} of integers {shape} in {path}, found {array.dtype} {array.shape}: "
                "one row for each image"
            )
    _check_labels(label.astype(np.int64), path)
    whole = Split(image, label.astype(np.int64), votes)
    splits = {name: whole.take(usage == number) for number, name in enumerate(SPLITS)}
    if given is not None:
        splits = {
            name: replace(split, votes=_votes_for(name, len(split), given, path))
            for name, split in splits.items()
            if len(split)
        }
    return splits


def _load_csv(path: Path, given: Votes | None) -> dict[str, Split]:
    rows: dict[str, list[tuple[NDArray[np.uint8], int]]] = {name: [] for name in SPLITS}
    # By split: how many rows the table has, and which of them are whole.
    seen: dict[str, int] = dict.fromkeys(SPLITS, 0)
    whole: dict[str, list[int]] = {name: [] for name in SPLITS}
    broken: list[int] = []
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines)
            if not {"emotion", "pixels", "Usage"} <= set(reader.fieldnames or ()):
                raise DataError(
                    f"expected the columns emotion, pixels, Usage in {path}, found "
                    f"{', '.join(reader.fieldnames or ()) or 'none'}: give Kaggle's fer2013.csv"
                )
            for row in reader:
                split = row["Usage"]
                if split in seen:
                    seen[split] += 1
                try:
                    rows[split].append((_pixels(row["pixels"]), _label(row["emotion"])))
                    whole[split].append(seen[split] - 1)
                except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
                    broken.append(reader.line_num)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"expected a table of text in {path}, found: {error}; give Kaggle's fer2013.csv"
        ) from error
    if broken:
        shown = ", ".join(map(str, broken[:10])) + (", …" if len(broken) > 10 else "")
        log.warning("%s: left out %d broken rows (lines %s)", path, len(broken), shown)
    splits = {name: _stack(pairs) for name, pairs in rows.items()}
    if given is not None:
        splits = {
            name: replace(split, votes=_votes_for(name, seen[name], given, path)[whole[name]])
            for name, split in splits.items()
            if len(split)
        }
    return splits


def _pixels(text: str) -> NDArray[np.uint8]:
    return np.array(text.split(), np.uint8).reshape(SIDE_PX, SIDE_PX)


def _label(text: str) -> int:
    label = int(text)
    if not 0 <= label < len(LABELS):
        raise ValueError(label)
    return label


def _load_folders(path: Path) -> dict[str, Split]:
    folders: dict[str, Path] = {}
    for folder in sorted(path.iterdir()):
        split = _FOLDERS.get(folder.name.lower())
        if folder.is_dir() and split:
            folders[split] = folder
    if "PublicTest" not in folders and "PrivateTest" in folders:
        log.warning(
            "%s has no validation folder: %s is used as PublicTest", path, folders["PrivateTest"].name
        )
        folders["PublicTest"] = folders.pop("PrivateTest")
    return {split: _stack(_read_folder(folder)) for split, folder in folders.items()}


def _read_folder(folder: Path) -> Iterable[tuple[NDArray[np.uint8], int]]:
    unknown = sorted(sub.name for sub in folder.iterdir() if sub.is_dir() and sub.name.lower() not in LABELS)
    if unknown:
        raise DataError(
            f"expected folders named {', '.join(LABELS)} in {folder}, found {', '.join(unknown)}: "
            "rename or remove them"
        )
    converted = 0
    for number, label in enumerate(LABELS):
        for file in sorted((folder / label).glob("*")):
            if file.suffix.lower() not in _IMAGES:
                continue
            image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
            if image is None:
                raise DataError(f"expected an image in {file}, found something else: remove or replace it")
            if image.shape != (SIDE_PX, SIDE_PX) or image.dtype != np.uint8:
                image = preprocess.resize(_read_grey(file), SIDE_PX, SIDE_PX)
                converted += 1
            yield np.asarray(image, np.uint8), number
    if converted:
        log.warning("%s: converted %d images to %d×%d grey", folder, converted, SIDE_PX, SIDE_PX)


def _as_crop(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image of any size, (h, w), (h, w, 1) or RGB (h, w, 3), as a grey crop (48, 48)."""
    if image.shape[2:] == (3,):
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    return preprocess.resize(image.reshape(image.shape[:2]), SIDE_PX, SIDE_PX)


def _read_grey(file: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    assert image is not None, f"{file} was read a moment ago"
    return np.asarray(image, np.uint8)


def _stack(pairs: Iterable[tuple[NDArray[np.uint8], int]]) -> Split:
    pairs = list(pairs)
    images = np.array([image for image, _ in pairs], np.uint8).reshape(-1, SIDE_PX, SIDE_PX)
    return Split(images, np.array([label for _, label in pairs], np.int64))


def _check_labels(label: NDArray[np.int64], path: Path) -> None:
    outside = np.unique(label[(label < 0) | (label >= len(LABELS))])
    if len(outside):
        raise DataError(
            f"expected labels 0 to {len(LABELS) - 1} in {path}, found {', '.join(map(str, outside))}: "
            "use FER2013's numbers"
        )
