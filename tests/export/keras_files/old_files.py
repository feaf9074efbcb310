"""Keras files as older versions wrote them, made from a network of today."""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py

from export.tensorflow_import import import_tensorflow

import_tensorflow()
import keras  # noqa: E402  # after its quiet import

Described = dict[str, Any]


def describe(model: keras.Model) -> Described:
    """The architecture in the words of Keras 2: no modules, dtypes by name, batch_input_shape."""

    def strip(value: Any) -> Any:
        if isinstance(value, list):
            return [strip(part) for part in value]
        if not isinstance(value, dict):
            return value
        if value.get("class_name") == "DTypePolicy":
            return value["config"]["name"]
        left_out = ("module", "registered_name", "build_config")
        kept = {key: strip(part) for key, part in value.items() if key not in left_out}
        if "batch_shape" in kept:
            kept["batch_input_shape"] = kept.pop("batch_shape")
        return kept

    stripped: Described = strip(json.loads(model.to_json()))
    return stripped


def save_hdf5(
    path: Path, model: keras.Model, described: Described, version: str = "2.4.0", backend: str = "tensorflow"
) -> Path:
    """A whole model in HDF5 with the given architecture in place of today's."""
    hdf5 = path.with_name("today.h5")
    model.save(hdf5)
    with h5py.File(hdf5, "a") as file:
        file.attrs["model_config"] = json.dumps(described)
        for holder in (file, file["model_weights"]):
            holder.attrs["keras_version"], holder.attrs["backend"] = version, backend
    return hdf5.rename(path)


def save_zip(path: Path, model: keras.Model, described: Described) -> Path:
    """A .keras file with the given architecture in place of today's."""
    today = path.with_name("today.keras")
    model.save(today)
    with zipfile.ZipFile(today) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, json.dumps(described) if name == "config.json" else old.read(name))
    today.unlink()
    return path


def find_configs(described: Described, kind: str) -> Iterator[Described]:
    """The configs of the layers of one class."""
    for layer in described["config"]["layers"]:
        if layer["class_name"] == kind:
            yield layer["config"]


Change = Callable[[Described], None]


def update(kind: str, *without: str, **keys: Any) -> Change:
    """Change the keys of the layers of one class."""

    def change(described: Described) -> None:
        for config in find_configs(described, kind):
            for key in without:
                del config[key]
            config.update(keys)

    return change


def rename(kind: str, old: str) -> Change:
    """Call the layers of one class by an older name."""

    def change(described: Described) -> None:
        for layer in described["config"]["layers"]:
            if layer["class_name"] == kind:
                layer["class_name"] = old

    return change
