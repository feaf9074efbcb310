"""A small network with its recipe, and runs of it."""

import contextlib
import json
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from export.data.dataset import Split
from export.tensorflow_import import import_tensorflow
from export.training.recipe import RECIPES, Recipe
from tests.export.conftest import make_toy_split

# Quietly, before any test of this folder imports keras.
import_tensorflow()
import keras  # noqa: E402
from keras import layers  # noqa: E402

from export.training import checkpoint, networks, run_folder, train  # noqa: E402

RECIPE = Recipe(network="tiny", epochs=3, batch_size=16, learning_rate=3e-3)


def tiny(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Small, with everything that has a state of its own: batch normalisation and two dropouts."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(4, 3, strides=2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.25),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(classes, activation="softmax"),
        ]
    )


@pytest.fixture(autouse=True)
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(networks.NETWORKS, "tiny", tiny)
    monkeypatch.setitem(RECIPES, "tiny", RECIPE)


@pytest.fixture(scope="session")
def splits() -> tuple[Split, Split]:
    return make_toy_split(12, 0), make_toy_split(4, 1)


@pytest.fixture(scope="session")
def straight(splits: tuple[Split, Split], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("straight")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(networks.NETWORKS, "tiny", tiny)
        train.train(*splits, folder, RECIPE)
    return folder


@pytest.fixture(scope="session")
def teacher(straight: Path) -> Path:
    return straight / run_folder.BEST


def read_history(folder: Path) -> dict[str, list[float]]:
    history: dict[str, list[float]] = json.loads((folder / run_folder.HISTORY).read_text())["history"]
    return history


def interrupt_in(patch: pytest.MonkeyPatch, method: str, when: Callable[[int], bool]) -> None:
    """Press Ctrl-C after the first call of the callback's `method` with an index for which `when` holds."""
    done = getattr(checkpoint.Checkpoint, method)

    def interrupted(self: checkpoint.Checkpoint, index: int, logs: Any = None) -> None:
        done(self, index, logs)
        if when(index) and len(self.history.get("loss", ())) >= 1:
            raise KeyboardInterrupt

    patch.setattr(checkpoint.Checkpoint, method, interrupted)


@contextlib.contextmanager
def limit_file_size() -> Iterator[None]:
    """No file may grow beyond 4 kB: to the one who writes it that is as good as a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
