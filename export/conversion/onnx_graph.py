"""ONNX graphs made valid and simple: constant shapes, no needless transposition, nothing unused."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

from edge.faces.metadata import KEY, Metadata, encode
from export.evaluation.model_size import read_shapes

# The transposition of a feature map from ONNX's order (n, channels, height, width) to Keras's.
_CHANNELS_LAST = [0, 2, 3, 1]
_CHANNELS_FIRST = [0, 3, 1, 2]


def simplify(model: ModelProto) -> ModelProto:
    """A model that computes the same with fewer nodes.

    tf2onnx turns a Flatten of Keras with a free batch dimension into six nodes, which compute the size of the
    batch; a Reshape with only one unknown size does not need them.  A transposition before a flattening is
    moved into the weights of the dense layer after it.  Where copies of one channel enter a convolution, it
    gets the channel once, and the sum of its kernels.
    """
    # data_prop follows the sizes through the nodes that compute them.
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    graph = model.graph
    shapes = read_shapes(graph)
    for node in graph.node:
        if node.op_type == "Reshape":
            _fix_target(node, shapes.get(node.output[0]), graph)
    _drop_unused(graph)
    for node in graph.node:
        if node.op_type == "Concat":
            _sum_kernel_over_copies(node, graph)
    _drop_unused(graph)
    for node in graph.node:
        if node.op_type == "Transpose":
            _move_into_weights(node, shapes.get(node.input[0]), graph)
    _drop_unused(graph)
    return model


def replace_erfc(model: ModelProto) -> None:
    """Compute Erfc(x) as 1 - Erf(x), in place.

    Keras computes the exact GELU by erfc, for which ONNX has no operator; tf2onnx leaves the node as it is.
    """
    graph = model.graph
    for place, node in reversed(list(enumerate(graph.node))):
        if node.op_type != "Erfc":
            continue
        one = _add_constant(graph, f"{node.output[0]}_one", np.array([1], np.float32))
        erf = helper.make_node("Erf", [node.input[0]], [f"{node.output[0]}_erf"], f"{node.name}_erf")
        difference = helper.make_node("Sub", [one, erf.output[0]], list(node.output), node.name)
        graph.node.remove(node)
        graph.node.insert(place, difference)
        graph.node.insert(place, erf)


def serialize(model: ModelProto, metadata: Metadata) -> bytes:
    """The content of an ONNX file: metadata, a free batch dimension named n, and no unused operator set."""
    finished = ModelProto()
    finished.CopyFrom(model)
    finished.graph.name = "fer-edge"
    for value in (*finished.graph.input, *finished.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    # ONNX Runtime's optimizer imports every operator set that it knows.
    used = {node.domain for node in finished.graph.node}
    for imported in [imported for imported in finished.opset_import if imported.domain not in used]:
        finished.opset_import.remove(imported)
    helper.set_model_props(finished, {KEY: encode(metadata)})
    return bytes(finished.SerializeToString(deterministic=True))


def _fix_target(reshape: NodeProto, shape: list[int] | None, graph: GraphProto) -> None:
    """Replace the computed shape of `reshape` by a constant, if at most one size is free."""
    if not shape or shape.count(0) > 1 or _find_constant(reshape.input[1], graph) is not None:
        return
    reshape.input[1] = _add_constant(
        graph, f"{reshape.output[0]}_shape", np.array([size or -1 for size in shape])
    )


def _move_into_weights(transpose: NodeProto, shape: list[int] | None, graph: GraphProto) -> None:
    """Remove a Transpose that is followed only by a Reshape to (n, k) and a MatMul with a constant."""
    if list(transpose.attribute[0].ints) != _CHANNELS_LAST or not shape or 0 in shape[1:]:
        return
    reshape = _find_only_consumer(transpose.output[0], graph)
    if reshape is None or reshape.op_type != "Reshape":
        return
    dense = _find_only_consumer(reshape.output[0], graph)
    target = _find_constant(reshape.input[1], graph)
    if dense is None or dense.op_type != "MatMul" or dense.input[0] != reshape.output[0] or target is None:
        return
    weights = _find_constant(dense.input[1], graph)
    channels, height, width = shape[1:]
    if weights is None or target.tolist() != [-1, channels * height * width]:
        return
    by_channel = weights.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(weights.shape)
    dense.input[1] = _add_constant(graph, f"{dense.input[1]}_by_channel", by_channel)
    reshape.input[0] = transpose.input[0]


def _sum_kernel_over_copies(concat: NodeProto, graph: GraphProto) -> None:
    """Let a convolution of equal channels, such as grey as red, green and blue, take one of them."""
    entry, node = concat, _find_only_consumer(concat.output[0], graph)
    axes: tuple[int, ...] = (1,)
    if node is not None and node.op_type == "Transpose" and list(node.attribute[0].ints) == _CHANNELS_FIRST:
        axes, entry, node = (3, -1), node, _find_only_consumer(node.output[0], graph)
    if node is None or node.op_type != "Conv" or node.input[0] != entry.output[0]:
        return
    kernel = _find_constant(node.input[1], graph)
    # As many channels as copies: each copy is one channel.
    if kernel is None or kernel.shape[1] != len(concat.input) or concat.attribute[0].i not in axes:
        return
    if len(set(concat.input)) != 1:
        return
    _forget_shapes({concat.output[0], entry.output[0]}, graph)
    node.input[1] = _add_constant(graph, f"{node.input[1]}_summed", kernel.sum(axis=1, keepdims=True))
    if entry is concat:
        node.input[0] = concat.input[0]
    else:
        entry.input[0] = concat.input[0]


def _forget_shapes(names: set[str], graph: GraphProto) -> None:
    for value in [value for value in graph.value_info if value.name in names]:
        graph.value_info.remove(value)


def _find_only_consumer(value: str, graph: GraphProto) -> NodeProto | None:
    consumers = [node for node in graph.node if value in node.input]
    is_output = any(output.name == value for output in graph.output)
    return consumers[0] if len(consumers) == 1 and not is_output else None


def _find_constant(name: str, graph: GraphProto) -> NDArray[np.generic] | None:
    for tensor in graph.initializer:
        if tensor.name == name:
            return numpy_helper.to_array(tensor)
    return None


def _add_constant(graph: GraphProto, name: str, array: NDArray[np.generic]) -> str:
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
    return name


def _drop_unused(graph: GraphProto) -> None:
    needed = {output.name for output in graph.output}
    # ONNX keeps nodes in the order of computation: a node that needs a value comes after its producer.
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed.update(node.input)
    for node in [node for node in graph.node if not needed & set(node.output)]:
        graph.node.remove(node)
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in needed]:
        graph.initializer.remove(tensor)
