"""A graph as tf2onnx makes it."""

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

CHANNELS, HEIGHT, WIDTH, CLASSES = 3, 4, 5, 7


def make_flattening_model(perm: tuple[int, ...] = (0, 2, 3, 1), *, also: str | None = None) -> ModelProto:
    """What tf2onnx makes of Flatten and Dense: the batch's size is computed, channels come last.

    `also` is a value that is an output of the graph as well.
    """
    weights = np.random.default_rng(0).normal(size=(CHANNELS * HEIGHT * WIDTH, CLASSES)).astype(np.float32)
    constants = {
        "zero": np.array(0),
        "rest": np.array([CHANNELS * HEIGHT * WIDTH]),
        "axis": np.array([0]),
        "weights": weights,
    }
    nodes = [
        helper.make_node("Transpose", ["features"], ["last"], perm=perm),
        helper.make_node("Shape", ["features"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["batch"]),
        helper.make_node("Unsqueeze", ["batch", "axis"], ["first"]),
        helper.make_node("Concat", ["first", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["last", "target"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", CLASSES])]
    if also:
        outputs.append(helper.make_tensor_value_info(also, TensorProto.FLOAT, None))
    built = helper.make_graph(
        nodes,
        "flattened",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", CHANNELS, HEIGHT, WIDTH])],
        outputs,
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(built, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
