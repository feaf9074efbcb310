"""Architectures as every version of Keras described them, made into models of today's Keras."""

import inspect
import json
from pathlib import Path
from typing import Any

import keras

from edge.errors import ModelError
from export.keras_files import keras_1, operations

Layer = dict[str, Any]

_CONTAINERS = {"Sequential": keras.Sequential, "Functional": keras.Model, "Model": keras.Model}
# Keras 3 finds what is within the config of a layer by its module.
_MODULES = {"Sequential": "keras", "Functional": "keras.src.models.functional"}
# What matters in training alone: the weights are loaded, and nothing is trained.
_OF_TRAINING = ("_initializer", "_regularizer", "_constraint")
# Accepted by the base class of all layers.
_OF_EVERY_LAYER = {"name", "trainable", "dtype"}
# Keys that today's Keras does not have and that change no output.
_IDLE_KEYS = {
    "batch_input_shape",
    "batch_size",
    "fused",
    "implementation",
    "input_dim",
    "input_length",
    "input_shape",
    "momentum",
    "renorm_clipping",
    "renorm_momentum",
    "virtual_batch_size",
}
# The keys that these write are not the parameters that they take.
_WITH_OTHER_KEYS = ("RNN", "StackedRNNCells")
_OLD_ACTIVATIONS = {"softmax_v2": "softmax", "log_softmax_v2": "log_softmax"}
_REDUCED_PRECISION = ("mixed_", "float16", "bfloat16", "float64")


def parse(text: str, source: Path) -> Layer:
    """The architecture in a JSON, also one that was put into a JSON string again.

    Raises ModelError if it is no architecture.
    """
    try:
        architecture = json.loads(text.lstrip("\ufeff"))
        if isinstance(architecture, str):
            architecture = json.loads(architecture)
    except ValueError as error:
        raise ModelError(
            f"expected the architecture of a Keras model in {source}, found: {error}; save it by "
            "model.to_json()"
        ) from error
    if not isinstance(architecture, dict) or not {"class_name", "config"} <= set(architecture):
        raise ModelError(
            f"expected the architecture of a Keras model in {source}, found JSON without a class_name and a "
            "config; save it by model.to_json()"
        )
    return architecture


def build(architecture: Layer, source: Path, version: str | None) -> keras.Model:
    """The model of an architecture that `version` of Keras wrote, with random weights.

    `version` is None where the file does not say it.  Raises ModelError, which names the layer, where today's
    Keras has no layer that computes the same.
    """
    version = version or architecture.get("keras_version") or ("3" if "module" in architecture else None)
    kind = architecture["class_name"]
    if kind not in _CONTAINERS:
        raise ModelError(
            f"expected a Sequential or functional Keras model in {source}, found the class {kind} of "
            "somebody's own; build a functional model of the same layers, and load its weights"
        )
    converter = _Converter(source, version)
    config = converter.convert_container(kind, architecture["config"])
    model = _CONTAINERS[kind].from_config(config, custom_objects=_CONTAINERS)
    if not model.built:
        raise ModelError(
            f"expected the shape of the input in {source}, found a model that was saved before it got one; "
            "call it on a batch, and save it again"
        )
    if converter.is_before_3:
        _restore_hard_sigmoid(model)
    return model


def list_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers of a model, those of the models within it too."""
    layers = []
    for layer in model.layers:
        layers += list_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return layers


class _Converter:
    """Describes layers as Keras 3 does."""

    def __init__(self, source: Path, version: str | None) -> None:
        self._source, self._version = source, version
        self.is_before_3 = version is None or version.startswith(("0.", "1.", "2."))

    def convert_container(self, kind: str, config: Any) -> Layer:
        """The config of a Sequential or functional model."""
        # Until Keras 2.1 the config of a Sequential was a bare list of layers.
        converted: Layer = (
            {"name": "sequential", "layers": config} if isinstance(config, list) else dict(config)
        )
        layers: list[Layer] = converted.get("layers") or []
        if keras_1.is_keras_1(self._version, layers):
            layers = [keras_1.convert_layer(layer) for layer in layers]
        if kind == "Sequential":
            layers = _add_input(layers, converted)
        converted["layers"] = [self.convert_layer(layer) for layer in layers]
        converted["trainable"] = True
        # Later versions of Keras 2 wrote a list around a single input or output.
        for ends in ("input_layers", "output_layers"):
            if isinstance(converted.get(ends), list) and len(converted[ends]) == 1:
                [converted[ends]] = converted[ends]
        if kind == "Sequential":
            return {key: converted[key] for key in ("name", "layers")}
        return converted

    def convert_layer(self, layer: Layer) -> Layer:
        """One layer, or a model in its place."""
        if str(layer.get("module") or "").startswith("keras.src.ops"):
            return layer
        kind, config = layer["class_name"], layer.get("config")
        # Keras 3 finds its own layers by their names; the modules of Keras 2 it does not have.
        kept: Layer = {key: layer[key] for key in ("name", "inbound_nodes") if key in layer}
        if kind in _CONTAINERS:
            return {**kept, "class_name": kind, "config": self.convert_container(kind, config)}
        if kind in operations.KINDS:
            return operations.convert_operation(layer, self._source)
        if not isinstance(config, dict):
            raise ModelError(
                f"expected the config of each layer in {self._source}, found none for a {kind}; save the "
                "model again"
            )
        kind, config = _rename(kind, dict(config))
        self._check_class(kind, config)
        config = {
            key: self._convert_value(value) for key, value in config.items() if not key.endswith(_OF_TRAINING)
        }
        kind, config = self._convert_config(kind, config)
        return {**kept, "class_name": kind, "config": config}

    def _check_class(self, kind: str, config: Layer) -> None:
        """Raise ModelError if Keras has no such layer."""
        name = config.get("name", kind)
        if kind == "Lambda":
            raise ModelError(
                f"expected layers alone in {self._source}, found Python code in the Lambda {name}, which is "
                "not run; build the model again with a layer in its place, such as Rescaling, and load its "
                "weights"
            )
        if not inspect.isclass(getattr(keras.layers, kind, None)):
            raise ModelError(
                f"expected layers that Keras has in {self._source}, found the class {kind} in the layer "
                f"{name}; build the model again of Keras' own layers, and load its weights"
            )

    def _convert_value(self, value: Any) -> Any:
        """A value of a config: layers within it (of a wrapper, an activation), arrays and old names."""
        if isinstance(value, str):
            return _OLD_ACTIVATIONS.get(value, value)
        if not isinstance(value, dict) or "class_name" not in value:
            return _read_array(value)
        kind = value["class_name"]
        if "config" not in value or not (
            kind in _MODULES or inspect.isclass(getattr(keras.layers, kind, None))
        ):
            return value
        return {
            **self.convert_layer(value),
            "module": _MODULES.get(kind, "keras.layers"),
            "registered_name": None,
        }

    def _convert_config(self, kind: str, config: Layer) -> tuple[str, Layer]:
        """The layer with the keys of today's Keras."""
        name = config.get("name", kind)
        if kind.startswith("Random"):  # Augmentation is idle except in training.
            return "Activation", {"name": name, "activation": "linear", "dtype": "float32"}
        if config.get("data_format") == "channels_first" and kind != "Flatten":
            raise ModelError(
                f"expected channels_last in {self._source}, found channels_first in the layer {name}, which "
                "TensorFlow runs on a graphics processor alone; build the model again with "
                'data_format="channels_last", and load its weights'
            )
        if isinstance(config.get("axis"), list) and len(config["axis"]) == 1 and kind == "BatchNormalization":
            [config["axis"]] = config["axis"]
        if kind in ("LeakyReLU", "ReLU") and "alpha" in config:
            config["negative_slope"] = config.pop("alpha")
        if kind == "InputLayer":
            return kind, _convert_input(config)
        config["dtype"] = _convert_dtype(config.get("dtype"))
        if kind == "GRU" and self.is_before_3:
            config.setdefault("reset_after", False)  # Until Keras 2.2 there was no other.
        if kind not in _WITH_OTHER_KEYS:
            config = self._drop_old_keys(kind, config, _list_parameters(getattr(keras.layers, kind)))
        return kind, config

    def _drop_old_keys(self, kind: str, config: Layer, known: set[str]) -> Layer:
        """`config` without the keys of other versions; ModelError for one that would change the output."""
        kept = {}
        for key, value in config.items():
            if key in known:
                kept[key] = value
            elif key not in _IDLE_KEYS and not _is_idle(key, value):
                raise ModelError(
                    f"expected a {kind} of today's Keras in {self._source}, found {key} = {value!r} in the "
                    f"layer {config.get('name', kind)}; build the model again without it, and load its "
                    "weights"
                )
        return kept


def _rename(kind: str, config: Layer) -> tuple[str, Layer]:
    """The class and the keys of today for layers that were called otherwise."""
    if kind == "ThresholdedReLU":
        theta = config.pop("theta", 1.0)
        return "ReLU", {**config, "threshold": theta}
    for suffix in ("V1", "V2"):
        if kind.endswith(suffix) and hasattr(keras.layers, kind.removesuffix(suffix)):
            return kind.removesuffix(suffix), config
    return kind, config


def _is_idle(key: str, value: Any) -> bool:
    """Whether a key of an old version asks for what layers do without it."""
    if key == "groups":
        return bool(value == 1)
    if key == "mode":  # Of the BatchNormalization of Keras 1: 0 is by channel, by the means of the training.
        return bool(value == 0)
    return value in (None, False, [], {}) or key.endswith("_shape")


def _list_parameters(layer_class: type) -> set[str]:
    return _OF_EVERY_LAYER | set(inspect.signature(layer_class).parameters)


def _convert_dtype(dtype: Any) -> Any:
    """float32 for every policy of reduced precision: the variables are float32 in the file."""
    name = dtype.get("config", {}).get("name") if isinstance(dtype, dict) else dtype
    if not isinstance(name, str) or name.startswith(_REDUCED_PRECISION):
        return "float32"
    return name if isinstance(dtype, str) or name == "float32" else dtype


def _convert_input(config: Layer) -> Layer:
    """An InputLayer for any number of crops, in float32."""
    shape = _read_shape(config.get("batch_shape") or config.get("batch_input_shape"))
    if shape is None and config.get("input_shape"):
        shape = [None, *config["input_shape"]]
    return {"name": config.get("name"), "dtype": "float32", "batch_shape": shape}


def _read_shape(shape: Any) -> list[int | None] | None:
    """A batch's shape with a free number of crops."""
    if isinstance(shape, dict):  # A tuple or a TensorShape, by its class.
        shape = shape.get("items") or shape.get("config")
    return [None, *shape[1:]] if isinstance(shape, list) else None


def _read_array(value: Any) -> Any:
    """The number in an array of one, of which alphas and thresholds were written in several spellings."""
    if isinstance(value, dict) and "value" in value and value.get("type") in ("ndarray", "float", "int"):
        value = value["value"]
        while isinstance(value, list) and len(value) == 1:
            [value] = value
    elif isinstance(value, dict) and value.get("class_name") == "__numpy__":
        return _read_array({"type": "ndarray", "value": value.get("config", {}).get("value")})
    return value


def _add_input(layers: list[Layer], config: Layer) -> list[Layer]:
    """`layers` with an InputLayer in front, whose shape Keras 2.0 to 2.3 wrote into the first layer.

    A model that got its shape from its first batch has it in its own config.
    """
    if not layers or layers[0].get("class_name") == "InputLayer":
        return layers
    shape = _find_input_shape(layers[0]) or _read_shape(config.get("build_input_shape"))
    if shape is None:
        return layers
    name = f"{config.get('name') or 'sequential'}_input"
    return [{"class_name": "InputLayer", "config": {"name": name, "batch_shape": shape}}, *layers]


def _find_input_shape(layer: Layer) -> list[int | None] | None:
    config = layer.get("config")
    inner = config if isinstance(config, list) else (config or {}).get("layers")
    if inner:
        return _find_input_shape(inner[0])
    if not isinstance(config, dict):
        return None
    shape = config.get("batch_input_shape") or config.get("batch_shape")
    if shape is None and config.get("input_shape"):
        return [None, *config["input_shape"]]
    return _read_shape(shape)


def _hard_sigmoid(x: Any) -> Any:
    """The hard sigmoid of Keras 1 and 2; that of Keras 3 has another slope."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def _restore_hard_sigmoid(model: keras.Model) -> None:
    for layer in list_layers(model):
        for name in ("activation", "recurrent_activation"):
            if getattr(layer, name, None) is keras.activations.hard_sigmoid:
                setattr(layer, name, _hard_sigmoid)
