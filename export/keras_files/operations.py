"""The arithmetic between layers, such as x / 255, which tf.keras kept as operations of TensorFlow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.errors import ModelError

Layer = dict[str, Any]

KINDS = ("TFOpLambda", "TensorFlowOpLayer")
_CONSTANT = "_CONSTANT_VALUE"
# The operations of the graph, of which tf.keras 2.0 to 2.3 wrote layers, by the functions of later ones.
_GRAPH_OPERATIONS = {"Mul": "multiply", "RealDiv": "truediv", "AddV2": "add", "Add": "add", "Sub": "subtract"}
_DIVISIONS = ("truediv", "divide", "realdiv", "div_no_nan")
_ACTIVATIONS = {
    "relu",
    "relu6",
    "softmax",
    "sigmoid",
    "tanh",
    "elu",
    "selu",
    "silu",
    "swish",
    "gelu",
    "softplus",
    "exp",
}
_OF_TWO = {
    "add": "Add",
    "multiply": "Multiply",
    "subtract": "Subtract",
    "maximum": "Maximum",
    "minimum": "Minimum",
}


def convert_operation(layer: Layer, source: Path) -> Layer:
    """The layer of today's Keras that computes what an operation of TensorFlow does.

    Raises ModelError, which names the layer, for an operation that has none.
    """
    function, values, options = _read(layer)
    tensors = [value for value in values if _is_tensor(value)]
    converted = None
    if len(values) == 2 and len(tensors) == 1:
        converted = _convert_arithmetic(function, *values)
    elif len(tensors) == len(values) == 1:
        converted = _convert_function(function, options)
    elif len(tensors) == len(values) >= 2:
        converted = _convert_combination(function, options)
    if converted is None:
        raise ModelError(
            f"expected layers in {source}, found the operation {function} of TensorFlow in {layer['name']}; "
            "build the model again with a layer in its place, such as Rescaling, and load its weights"
        )
    kind, config = converted
    return {
        "class_name": kind,
        "name": layer["name"],
        "config": {"name": layer["name"], "dtype": "float32", **config},
        "inbound_nodes": [[[name, node, tensor, {}] for name, node, tensor in tensors]],
    }


def _read(layer: Layer) -> tuple[str, list[Any], dict[str, Any]]:
    """(the function's last name, its tensors and numbers in order, its other options)."""
    config, node = layer["config"], layer["inbound_nodes"][0]
    calls = node if node and isinstance(node[0], list) else [node]
    if layer["class_name"] == "TensorFlowOpLayer":
        constants = {int(place): number for place, number in config.get("constants", {}).items()}
        inputs = iter([call[:3] for call in calls])
        count = len(calls) + len(constants)
        values = [constants[place] if place in constants else next(inputs) for place in range(count)]
        operation = config["node_def"].get("op", "") if isinstance(config["node_def"], Mapping) else ""
        return _GRAPH_OPERATIONS.get(operation, operation), values, {}
    values, options = [], {}
    for name, index, tensor, *keywords in calls:
        values.append(tensor if name == _CONSTANT else [name, index, tensor])
        for key, value in (keywords[0] if keywords else {}).items():
            if key == "y":
                values.append(value)
            elif value is not None and key != "name":
                options[key] = value
    return config["function"].rpartition(".")[2], values, options


def _is_tensor(value: object) -> bool:
    return isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str)


def _convert_arithmetic(function: str, left: Any, right: Any) -> tuple[str, dict[str, Any]] | None:
    """The layer of an operation between a tensor and a number."""
    is_number_first = not _is_tensor(left)
    number = left if is_number_first else right
    if function == "multiply":
        return "Rescaling", {"scale": number, "offset": 0.0}
    if function == "add":
        return "Rescaling", {"scale": 1.0, "offset": number}
    if function == "subtract":
        if is_number_first:
            return "Rescaling", {"scale": -1.0, "offset": number}
        return "Rescaling", {"scale": 1.0, "offset": _compute(number, lambda value: -value)}
    if function in _DIVISIONS and not is_number_first:
        return "Rescaling", {"scale": _compute(number, lambda value: 1 / value), "offset": 0.0}
    return None


def _compute(number: Any, change: Any) -> Any:
    return [change(value) for value in number] if isinstance(number, list) else change(number)


def _convert_function(function: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The layer of an operation on one tensor."""
    if function in ("cast", "identity", "convert_to_tensor", "stop_gradient"):
        return "Activation", {"activation": "linear"}
    if function in _ACTIVATIONS and not set(options) - {"axis", "features"}:
        return "Activation", {"activation": {"exp": "exponential"}.get(function, function)}
    if function == "leaky_relu":
        return "LeakyReLU", {"negative_slope": options.get("alpha", 0.2)}
    if function in ("negative", "neg"):
        return "Rescaling", {"scale": -1.0, "offset": 0.0}
    if function == "reduce_mean" and options.get("axis") in ([1, 2], [-3, -2]):
        return "GlobalAveragePooling2D", {"keepdims": bool(options.get("keepdims"))}
    return None


def _convert_combination(function: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The layer of an operation on several tensors."""
    if function in _OF_TWO:
        return _OF_TWO[function], {}
    if function == "concat":
        return "Concatenate", {"axis": options.get("axis", -1)}
    return None
