"""The layers of Keras 1 in the words of Keras 2 and later."""

from typing import Any

Layer = dict[str, Any]

_CLASSES = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "AtrousConvolution2D": "Conv2D",
    "SeparableConvolution2D": "SeparableConv2D",
    "Deconvolution2D": "Conv2DTranspose",
}
_KEYS = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "atrous_rate": "dilation_rate",
    "dim_ordering": "data_format",
    "bias": "use_bias",
    "output_dim": "units",
    "p": "rate",
    "sigma": "stddev",
}
_ORDERINGS = {"tf": "channels_last", "th": "channels_first"}
_MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
}
# What only a layer's training needed; the shape of its input is known from the layer before.
_IDLE = {
    "init",
    "W_regularizer",
    "b_regularizer",
    "W_constraint",
    "b_constraint",
    "weights",
    "input_dtype",
    "input_dim",
    "input_length",
    "beta_init",
    "gamma_init",
    "gamma_regularizer",
    "beta_regularizer",
}


def is_keras_1(version: str | None, layers: list[Layer]) -> bool:
    """Whether layers were described by Keras 1."""
    if version is not None:
        return version.startswith(("0.", "1."))
    old = {*_CLASSES, "Merge"}
    return any(
        layer.get("class_name") in old or "W_regularizer" in (layer.get("config") or {}) for layer in layers
    )


def convert_layer(layer: Layer) -> Layer:
    """A layer of Keras 1, described as Keras 2 does."""
    kind, config = layer["class_name"], dict(layer["config"])
    if kind == "Merge":
        return _convert_merge(layer)
    if "nb_row" in config:
        config["kernel_size"] = [config.pop("nb_row"), config.pop("nb_col")]
    converted = {}
    for key, value in config.items():
        if key in _IDLE:
            continue
        if key == "dim_ordering":
            value = _ORDERINGS.get(value)
        converted[_KEYS.get(key, key)] = value
    return {**layer, "class_name": _CLASSES.get(kind, kind), "config": converted}


def _convert_merge(layer: Layer) -> Layer:
    config = layer["config"]
    mode = config.get("mode")
    converted = {"name": config.get("name")}
    if mode == "concat":
        converted["axis"] = config.get("concat_axis", -1)
    return {**layer, "class_name": _MERGES.get(mode, f"Merge of the mode {mode}"), "config": converted}
