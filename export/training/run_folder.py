"""The folder of a training run: the names of its files, and its description for the models made from it."""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import keras

from edge.errors import ModelError, SinkError
from export.artifacts import write_files
from export.error_text import shorten
from export.training.recipe import Recipe

LAST, BEST, HISTORY = "last.keras", "best.keras", "history.json"
CLASSIFIER = "classifier.keras"
DESCRIPTION = "run.json"


def make(folder: Path) -> None:
    """Make the folder and those that it lies in; SinkError if that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(
            f"expected to make the folder {folder}, found: {error.strerror}; name another"
        ) from error


def write_description(folder: Path, images: str, command: str, recipe: Recipe) -> None:
    """Write what the metadata of every model made from this run will contain."""
    backend = keras.backend.backend()
    description = {
        "training": images,
        "training_command": command,
        "recipe": ", ".join(f"{name} {value}" for name, value in asdict(recipe).items() if value != ""),
        "trained_with": f"{backend} {version(backend)}, keras {version('keras')}",
    }
    _write(folder, description)


def add_to_description(folder: Path, name: str, value: str) -> None:
    """Add one entry to the description of the run in `folder`, or replace it."""
    _write(folder, {**read_description_beside(folder / DESCRIPTION), name: value})


def read_description_beside(model: Path) -> dict[str, str]:
    """The description of the run that the file `model` lies in; empty if there is none."""
    path = model.parent / DESCRIPTION
    if not path.is_file():
        return {}
    try:
        return {str(key): str(value) for key, value in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"expected the description of a training run in {path}, found: {shorten(error)}; "
            "remove it, or repeat export train with --resume"
        ) from error


def has_learnt_votes(folder: Path) -> bool:
    """Whether the run in `folder` taught the head for FER+ anything; ModelError if it is no run."""
    try:
        return "ferplus_accuracy" in json.loads((folder / HISTORY).read_text())["history"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"expected the history of a run in {folder / HISTORY}, found: {shorten(error)}; "
            "name the folder of a run"
        ) from error


def _write(folder: Path, description: dict[str, str]) -> None:
    write_files({folder / DESCRIPTION: json.dumps(description, indent=1).encode()})
