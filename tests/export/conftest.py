"""A small learnable data set, and a small network trained on it, in the forms in which people have them."""

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from export.__main__ import main
from export.data.dataset import LABELS, SIDE_PX, SPLITS, Split
from export.tensorflow_import import import_tensorflow

if TYPE_CHECKING:
    import keras


def make_toy_split(per_class: int, seed: int) -> Split:
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
    np.savez(
        path,
        image=np.concatenate([split.images for split in splits.values()]),
        label=np.concatenate([split.labels for split in splits.values()]).astype(np.uint8),
        usage=np.concatenate([np.full(len(split), SPLITS.index(name)) for name, split in splits.items()]),
        votes=np.concatenate([split.votes for split in splits.values() if split.votes is not None]),
    )
    return path


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    folder = tmp_path_factory.mktemp("toy")
    splits = {"Training": make_toy_split(60, 0), "PublicTest": make_toy_split(20, 1)}
    rows = ["emotion,pixels,Usage"]
    for name, split in splits.items():
        for number, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            rows.append(f"{label},{' '.join(map(str, image.ravel()))},{name}")
            # As the folder trees on Kaggle call the two splits.
            file = (
                folder
                / "tree"
                / {"Training": "train", "PublicTest": "test"}[name]
                / LABELS[label]
                / f"{number}.png"
            )
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
    model = keras.Sequential(
        [
            keras.Input((SIDE_PX, SIDE_PX, 1)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(4),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(len(LABELS), activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    training = toy.splits["Training"]
    model.fit(scale_crops(training), training.labels, batch_size=32, epochs=12, verbose=0)
    return model


@dataclass(frozen=True)
class KerasFiles:
    """The same network in the files of several ages of Keras."""

    keras: Path
    full_h5: Path
    architecture: Path
    """JSON in the words of Keras 2."""
    weights: Path
    """HDF5 of the weights alone, as Keras 2 laid them out."""


@pytest.fixture(scope="session")
def keras_files(tiny: "keras.Model", tmp_path_factory: pytest.TempPathFactory) -> KerasFiles:
    folder = tmp_path_factory.mktemp("keras")
    files = KerasFiles(folder / "tiny.keras", folder / "tiny.h5", folder / "tiny.json", folder / "weights.h5")
    tiny.save(files.keras)
    tiny.save(files.full_h5)
    files.architecture.write_text(json.dumps(convert_to_keras_2(tiny)))
    with h5py.File(files.full_h5) as full, h5py.File(files.weights, "w") as weights:
        for name, value in full["model_weights"].attrs.items():
            weights.attrs[name] = value
        for layer in full["model_weights"]:
            full.copy(f"model_weights/{layer}", weights)
    return files


def convert_to_keras_2(model: "keras.Model") -> dict[str, Any]:
    """The architecture of a Sequential as Keras 2.12 writes it, which Keras 3 does not read unchanged."""
    described = []
    for layer in model.layers:
        config = layer.get_config()
        config.pop("dtype")
        # Keras 2 knew initializers by name and configuration alone.
        config = {
            key: {"class_name": value["class_name"], "config": value["config"]}
            if isinstance(value, dict)
            else value
            for key, value in config.items()
        }
        described.append({"class_name": type(layer).__name__, "config": {**config, "dtype": "float32"}})
    entry = {
        "class_name": "InputLayer",
        "config": {
            "batch_input_shape": list(model.input_shape),
            "dtype": "float32",
            "sparse": False,
            "ragged": False,
            "name": "input_1",
        },
    }
    return {
        "class_name": "Sequential",
        "keras_version": "2.12.0",
        "backend": "tensorflow",
        "config": {"name": "sequential", "layers": [entry, *described]},
    }


def scale_crops(split: Split) -> NDArray[np.float32]:
    """The images of a split as a network's input in 0..1."""
    return split.images[..., np.newaxis].astype(np.float32) / np.float32(255)


Export = Callable[..., tuple[int, str, str]]
"""Runs a command of export: its arguments to (exit code, stdout, stderr)."""


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Export:
    """Runs `python -m export …` in this process: (exit code, stdout, stderr)."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def read_refusal(ended: tuple[int, str, str]) -> str:
    """The one line in which a command refused, once its form and exit code are right."""
    code, _, err = ended
    # A progress bar ends with a carriage return and no newline.
    lines = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("fer-edge: ")]
    assert code == 65 and len(lines) == 1 and "Traceback" not in err, err
    return lines[0]


@dataclass(frozen=True)
class Converted:
    """What export convert wrote for the tiny network, and what it printed."""

    as_float: Path
    as_int8: Path
    stdout: str


@pytest.fixture(scope="session")
def converted(keras_files: KerasFiles, toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    folder = tmp_path_factory.mktemp("converted")
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        code = main(
            [
                "convert",
                "--model",
                str(keras_files.keras),
                "--calibration",
                str(toy.npz),
                "--output",
                str(folder / "tiny"),
            ]
        )
    assert code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["tiny.float.onnx", "tiny.int8.onnx"]
    return Converted(folder / "tiny.float.onnx", folder / "tiny.int8.onnx", stdout.getvalue())


@pytest.fixture
def expect_refusal(toy: Toy, tmp_path: Path, export: Export) -> Callable[..., str]:
    """Runs export convert, which must refuse in one line and write nothing; returns the line."""

    def run(*arguments: str | Path) -> str:
        given = list(arguments)
        if "--calibration" not in given:
            given += ["--calibration", toy.npz]
        line = read_refusal(export("convert", *given, "--output", tmp_path / "out" / "model"))
        assert not (tmp_path / "out").exists()
        return line

    return run
