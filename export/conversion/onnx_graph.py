"""ONNX graphs made lean: constant shapes, no transposition of what is flattened, nothing unused."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

from edge.faces.metadata import KEY, Metadata, encode

# Of a feature map: from ONNX's order (n, channels, height, width) to Keras's.
_CHANNELS_LAST = [0, 2, 3, 1]
_WITH_WEIGHTS = {"Conv", "Gemm", "MatMul"}


def simplify(model: ModelProto) -> ModelProto:
    """A model that computes the same with fewer nodes.

    A Flatten of Keras becomes six nodes with a free batch dimension, because the batch's size is
    computed; a Reshape whose sizes are known but for one needs none of them.  A transposition before
    a flattening moves into the weights of the dense layer behind it.
    """
    # With data_prop, which follows the sizes through the nodes that compute them.
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    graph = model.graph
    shapes = _shapes(graph)
    for node in graph.node:
        if node.op_type == "Reshape":
            _fix_target(node, shapes.get(node.output[0]), graph)
    _drop_unused(graph)
    for node in graph.node:
        if node.op_type == "Transpose":
            _move_into_weights(node, shapes.get(node.input[0]), graph)
    _drop_unused(graph)
    return model


def serialized(model: ModelProto, metadata: Metadata) -> bytes:
    """The file of `model` with its metadata, its free batch dimension called n, and no unused operator set."""
    finished = ModelProto()
    finished.CopyFrom(model)
    finished.graph.name = "fer-edge"
    for value in (*finished.graph.input, *finished.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    # ONNX Runtime's optimizer imports every set it knows.
    used = {node.domain for node in finished.graph.node}
    for imported in [imported for imported in finished.opset_import if imported.domain not in used]:
        finished.opset_import.remove(imported)
    helper.set_model_props(finished, {KEY: encode(metadata)})
    return bytes(finished.SerializeToString(deterministic=True))


def count_operators(model: ModelProto) -> dict[str, int]:
    """How many nodes of each type there are, most frequent first."""
    types = [node.op_type for node in model.graph.node]
    return {
        name: types.count(name) for name in sorted(set(types), key=lambda name: (-types.count(name), name))
    }


def count_parameters(model: ModelProto) -> int:
    """Weights and biases of the convolutions and dense layers, alike in float and in int8."""
    sizes = _sizes_of_weights(model.graph)
    read = {name for node in model.graph.node if node.op_type in _WITH_WEIGHTS for name in node.input[1:]}
    return sum(sizes.get(name, 0) for name in read)


def count_multiply_adds(model: ModelProto) -> int:
    """Multiply-adds of one image through the convolutions and dense layers, alike in float and in int8."""
    sizes = _sizes_of_weights(model.graph)
    shapes = _shapes(onnx.shape_inference.infer_shapes(model).graph)
    return sum(
        sizes.get(node.input[1], 0) * int(np.prod(shapes[node.output[0]][2:]))
        for node in model.graph.node
        if node.op_type in _WITH_WEIGHTS
    )


def _sizes_of_weights(graph: GraphProto) -> dict[str, int]:
    """How many numbers each constant has, by the name under which a layer reads it."""
    sizes = {tensor.name: int(np.prod(tensor.dims)) for tensor in graph.initializer}
    # In int8 a weight reaches its layer through a DequantizeLinear.
    return sizes | {
        node.output[0]: sizes[node.input[0]]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in sizes
    }


def _shapes(graph: GraphProto) -> dict[str, list[int]]:
    """By value: its sizes, 0 for one that is free."""
    values = (*graph.input, *graph.value_info, *graph.output)
    return {value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in values}


def _fix_target(reshape: NodeProto, shape: list[int] | None, graph: GraphProto) -> None:
    """Make the shape that `reshape` computes a constant, where at most one size is free."""
    if not shape or shape.count(0) > 1 or _constant(reshape.input[1], graph) is not None:
        return
    reshape.input[1] = _add_constant(
        graph, f"{reshape.output[0]}_shape", np.array([size or -1 for size in shape])
    )


def _move_into_weights(transpose: NodeProto, shape: list[int] | None, graph: GraphProto) -> None:
    """Drop a Transpose that only a Reshape to (n, k) and a MatMul with a constant follow."""
    if list(transpose.attribute[0].ints) != _CHANNELS_LAST or not shape or 0 in shape[1:]:
        return
    reshape = _only_consumer(transpose.output[0], graph)
    if reshape is None or reshape.op_type != "Reshape":
        return
    dense = _only_consumer(reshape.output[0], graph)
    target = _constant(reshape.input[1], graph)
    if dense is None or dense.op_type != "MatMul" or dense.input[0] != reshape.output[0] or target is None:
        return
    weights = _constant(dense.input[1], graph)
    channels, height, width = shape[1:]
    if weights is None or target.tolist() != [-1, channels * height * width]:
        return
    by_channel = weights.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(weights.shape)
    dense.input[1] = _add_constant(graph, f"{dense.input[1]}_by_channel", by_channel)
    reshape.input[0] = transpose.input[0]


def _only_consumer(value: str, graph: GraphProto) -> NodeProto | None:
    consumers = [node for node in graph.node if value in node.input]
    is_output = any(output.name == value for output in graph.output)
    return consumers[0] if len(consumers) == 1 and not is_output else None


def _constant(name: str, graph: GraphProto) -> NDArray[np.generic] | None:
    for tensor in graph.initializer:
        if tensor.name == name:
            return numpy_helper.to_array(tensor)
    return None


def _add_constant(graph: GraphProto, name: str, array: NDArray[np.generic]) -> str:
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
    return name


def _drop_unused(graph: GraphProto) -> None:
    needed = {output.name for output in graph.output}
    # ONNX keeps nodes in the order of computation: whoever needs a value comes after it.
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed.update(node.input)
    for node in [node for node in graph.node if not needed & set(node.output)]:
        graph.node.remove(node)
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in needed]:
        graph.initializer.remove(tensor)
