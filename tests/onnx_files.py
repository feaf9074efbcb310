"""Small real ONNX files: what the classifier must accept, and what it must refuse."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge.faces import metadata
from edge.faces.metadata import Framing, Metadata

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FRAMING = {"haar": Framing(scale=1.0, shift_down=0.0), "yunet": Framing(scale=1.2, shift_down=0.1)}
METADATA = Metadata(labels=LABELS, height=48, width=48, scale=1 / 255, framing=FRAMING, precision="float32")


def write(
    path: Path,
    text: str | None = metadata.encode(METADATA),
    *,
    side: int = 48,
    classes: int = 7,
    batch: str | int = "n",
) -> Path:
    """A linear softmax over the mean of seven bands of rows: the brightest band's class wins."""
    bands = np.zeros((side * side, classes), np.float32)
    for number, rows in enumerate(np.array_split(np.arange(side), classes)):
        bands.reshape(side, side, classes)[rows, :, number] = 10 / (len(rows) * side)
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["crops", "shape"], ["flat"]),
            helper.make_node("MatMul", ["flat", "bands"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "bands",
        [helper.make_tensor_value_info("crops", TensorProto.FLOAT, [batch, side, side, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [batch, classes])],
        [
            numpy_helper.from_array(np.array([-1, side * side]), "shape"),
            numpy_helper.from_array(bands, "bands"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if text is not None:
        helper.set_model_props(model, {metadata.KEY: text})
    onnx.save(model, path)
    return path


def crop_of(band: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A crop whose `band`th band of rows is bright."""
    crop = np.zeros((48, 48), np.uint8)
    crop[np.array_split(np.arange(48), 7)[band]] = 255
    return crop


def write_hanging(path: Path) -> Path:
    """A model that fits the contract, and that loops without an end over any picture but a blank one.

    So it stands the trial that the classifier makes when it is loaded.
    """
    crops = helper.make_tensor_value_info("crops", TensorProto.FLOAT, ["n", 48, 48, 1])
    flag = helper.make_tensor_value_info("goes_on", TensorProto.BOOL, [])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 7])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on"], ["still_goes_on"]),
            helper.make_node("Softmax", ["logits"], ["next"], axis=1),
        ],
        "body",
        [helper.make_tensor_value_info("round", TensorProto.INT64, []), flag, logits],
        [
            helper.make_tensor_value_info("still_goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, ["n", 7]),
        ],
    )
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["crops", "shape"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["sums"]),
            helper.make_node("Softmax", ["sums"], ["first"], axis=1),
            helper.make_node("ReduceMax", ["crops"], ["brightest"], keepdims=0),
            helper.make_node("ReduceMin", ["crops"], ["darkest"], keepdims=0),
            helper.make_node("Greater", ["brightest", "darkest"], ["shows_something"]),
            helper.make_node("Loop", ["", "shows_something", "first"], ["probabilities"], body=body),
        ],
        "hangs",
        [crops],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 7])],
        [
            numpy_helper.from_array(np.array([-1, 48 * 48]), "shape"),
            numpy_helper.from_array(np.ones((48 * 48, 7), np.float32), "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {metadata.KEY: metadata.encode(METADATA)})
    onnx.save(model, path)
    return path
