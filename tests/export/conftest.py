"""A small learnable data set, and a small network that has learnt it, in the forms in which people have them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from export.dataset import LABELS, SIDE_PX, SPLITS, Split
from export.quiet import import_tensorflow

if TYPE_CHECKING:
    import keras


def toy_split(per_class: int, seed: int) -> Split:
    """Images of noise with one bright band of rows: how low the band lies is the class."""
    random = np.random.default_rng(seed)
    labels = np.tile(np.arange(len(LABELS)), per_class)
    images = random.integers(0, 120, (len(labels), SIDE_PX, SIDE_PX), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[np.array_split(np.arange(SIDE_PX), len(LABELS))[label]] += 110
    # FER+ names its columns in another order: neutral, happiness, surprise, sadness, anger, disgust, fear.
    votes = np.zeros((len(labels), 10), np.uint8)
    votes[np.arange(len(labels)), np.array([4, 5, 6, 1, 3, 2, 0])[labels]] = 10
    return Split(images, labels, votes)


@dataclass(frozen=True)
class Toy:
    """The same images as an .npz, a Kaggle .csv and a folder tree."""

    npz: Path
    csv: Path
    folders: Path
    splits: dict[str, Split]


def save_npz(path: Path, splits: dict[str, Split]) -> Path:
    np.savez(path, image=np.concatenate([split.images for split in splits.values()]),
             label=np.concatenate([split.labels for split in splits.values()]).astype(np.uint8),
             usage=np.concatenate([np.full(len(split), SPLITS.index(name)) for name, split in splits.items()]),
             votes=np.concatenate([split.votes for split in splits.values() if split.votes is not None]))
    return path


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    folder = tmp_path_factory.mktemp("toy")
    splits = {"Training": toy_split(60, 0), "PublicTest": toy_split(20, 1)}
    rows = ["emotion,pixels,Usage"]
    for name, split in splits.items():
        for number, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            rows.append(f"{label},{' '.join(map(str, image.ravel()))},{name}")
            # As the folder trees on Kaggle call the two splits.
            file = folder / "tree" / {"Training": "train", "PublicTest": "test"}[name] / LABELS[label] / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), image)
    (folder / "toy.csv").write_text("\n".join(rows) + "\n")
    return Toy(save_npz(folder / "toy.npz", splits), folder / "toy.csv", folder / "tree", splits)


@pytest.fixture(scope="session")
def tiny(toy: Toy) -> "keras.Model":
    """A convolution, batch normalisation, pooling and two dense layers that tell the toy classes apart."""
    import_tensorflow()
    import keras
    from keras import layers
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((SIDE_PX, SIDE_PX, 1)),
        layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(4), layers.Dropout(0.25),
        layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dense(len(LABELS), activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    training = toy.splits["Training"]
    model.fit(as_crops(training), training.labels, batch_size=32, epochs=12, verbose=0)
    return model


@dataclass(frozen=True)
class KerasFiles:
    """One trained network as the files of several ages of Keras."""

    keras: Path
    full_h5: Path
    architecture: Path
    """As Keras 2 wrote it."""
    weights: Path


@pytest.fixture(scope="session")
def keras_files(tiny: "keras.Model", tmp_path_factory: pytest.TempPathFactory) -> Iterator[KerasFiles]:
    import keras
    folder = tmp_path_factory.mktemp("keras")
    files = KerasFiles(folder / "tiny.keras", folder / "tiny.h5", folder / "tiny.json", folder / "tiny_weights.h5")
    tiny.save(files.keras)
    files.architecture.write_text(json.dumps(keras_2_sequential()))
    from keras.src.legacy.saving import legacy_h5_format
    legacy_h5_format.save_model_to_hdf5(tiny, files.full_h5, include_optimizer=False)
    import h5py
    with h5py.File(files.weights, "w") as weights:
        legacy_h5_format.save_weights_to_hdf5_group(weights, tiny)
    assert keras.__version__
    yield files
