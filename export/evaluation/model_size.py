"""The size of a network: its operators, parameters and multiply-adds, counted in the ONNX graph."""

import numpy as np
import onnx
from onnx import GraphProto, ModelProto

_WITH_WEIGHTS = {"Conv", "Gemm", "MatMul"}


def count_operators(model: ModelProto) -> dict[str, int]:
    """The number of nodes of each type, most frequent first."""
    types = [node.op_type for node in model.graph.node]
    return {
        name: types.count(name) for name in sorted(set(types), key=lambda name: (-types.count(name), name))
    }


def count_parameters(model: ModelProto) -> int:
    """Weights and biases of the convolutions and dense layers; the same in float and in int8."""
    sizes = _count_weights(model.graph)
    read = {name for node in model.graph.node if node.op_type in _WITH_WEIGHTS for name in node.input[1:]}
    return sum(sizes.get(name, 0) for name in read)


def count_multiply_adds(model: ModelProto) -> int:
    """Multiply-adds per image in the convolutions and dense layers; the same in float and in int8."""
    sizes = _count_weights(model.graph)
    shapes = read_shapes(onnx.shape_inference.infer_shapes(model).graph)
    return sum(
        sizes.get(node.input[1], 0) * int(np.prod(shapes[node.output[0]][2:]))
        for node in model.graph.node
        if node.op_type in _WITH_WEIGHTS
    )


def read_shapes(graph: GraphProto) -> dict[str, list[int]]:
    """The sizes of each value by its name; 0 stands for a free size."""
    values = (*graph.input, *graph.value_info, *graph.output)
    return {value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in values}


def _count_weights(graph: GraphProto) -> dict[str, int]:
    """The number of elements of each constant, by the name under which a layer reads it."""
    sizes = {tensor.name: int(np.prod(tensor.dims)) for tensor in graph.initializer}
    # In an int8 model a layer reads its weights through a DequantizeLinear.
    return sizes | {
        node.output[0]: sizes[node.input[0]]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in sizes
    }
