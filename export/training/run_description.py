"""What a training run leaves beside its models for whoever converts them: the images it saw, and its recipe."""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import keras

from edge.errors import ModelError
from export import files
from export.files import one_line
from export.training.recipe import Recipe

RUN = "run.json"


def describe(folder: Path, images: str, command: str, recipe: Recipe) -> None:
    """Keep with the run in `folder` what ends in the metadata of every model converted from it."""
    backend = keras.backend.backend()
    description = {
        "training": images,
        "training_command": command,
        "recipe": ", ".join(f"{name} {value}" for name, value in asdict(recipe).items() if value != ""),
        "trained_with": f"{backend} {version(backend)}, keras {version('keras')}",
    }
    files.write({folder / RUN: json.dumps(description, indent=1).encode()})


def add(folder: Path, name: str, value: str) -> None:
    """Keep one thing more with the run in `folder`."""
    files.write(
        {folder / RUN: json.dumps({**described_beside(folder / RUN), name: value}, indent=1).encode()}
    )


def described_beside(model: Path) -> dict[str, str]:
    """The description of the run that `model` lies in; empty when nobody left one."""
    path = model.parent / RUN
    if not path.is_file():
        return {}
    try:
        return {str(key): str(value) for key, value in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"expected the description of a training run in {path}, found: {one_line(error)}; "
            "remove it, or repeat export train with --resume"
        ) from error
