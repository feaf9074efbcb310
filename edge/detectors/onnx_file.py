"""Gives an ONNX file a grey picture as its input and another ending: its bytes, without the library onnx.

The file is a protocol buffer (https://protobuf.dev/programming-guides/encoding/), of which only the messages on
the way to inputs and outputs are read; their fields' numbers are those of onnx.proto.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# ModelProto, GraphProto, ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto, Dimension.
_GRAPH = 7
_NODE, _CONSTANT, _INPUT, _OUTPUT, _VALUE_INFO = 1, 5, 11, 12, 13
_NAME, _TYPE, _TENSOR, _ELEMENT, _SHAPE, _DIMENSION = 1, 2, 1, 1, 2, 1
_DIMENSION_VALUE, _DIMENSION_NAME = 1, 2
# NodeProto, AttributeProto.
_NODE_INPUT, _NODE_OUTPUT, _OPERATOR, _ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_NUMBER, _ATTRIBUTE_NUMBERS, _ATTRIBUTE_TYPE = 1, 3, 8, 20
_IS_NUMBER, _IS_NUMBERS = 2, 7
# TensorProto and its DataType.
_SIDES, _KIND, _CONSTANT_NAME, _CONTENT = 1, 2, 8, 9
_KINDS = {"float32": 1, "uint8": 2, "int64": 7}

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_MOST_VARINT_BYTES = 10
# A picture is (batch, channels, height, width).
_PICTURE = 4

GREY = "grey"


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output: its numpy type, and its shape in lengths and names of lengths that vary."""

    name: str
    kind: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of ONNX (https://onnx.ai/onnx/operators/); its attributes are whole numbers or lists of them."""

    operator: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, int | Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Postprocessing:
    """What a network's outputs go through to become one; `inputs` are fed beside the picture, `constants` stay."""

    inputs: Sequence[Value]
    constants: Mapping[str, NDArray[np.generic]]
    nodes: Sequence[Node]
    output: Value


def rebuilt(model: bytes, ending: Postprocessing) -> bytes:
    """`model`, which takes a picture (1, 3, H, W) float32 of one size, as one that takes it grey and of any size.

    Its first input is GREY, (1, 1, H, W) uint8; its only output is that of `ending`.  Whether it has the outputs
    that `ending` reads is left to who runs it.
    Raises ValueError when it is no ONNX file, or none with one picture as its input.
    """
    fields = [
        (
            number,
            _field(_GRAPH, _graph(content, ending)) if number == _GRAPH and content is not None else whole,
        )
        for number, whole, content in _fields(model)
    ]
    if _GRAPH not in dict(fields):
        raise ValueError("no graph")
    return b"".join(whole for _, whole in fields)


def _graph(graph: bytes, ending: Postprocessing) -> bytes:
    """The graph with nodes before and behind its own."""
    kept, pictures = [], []
    for number, whole, content in _fields(graph):
        if number == _INPUT and content is not None and _dimensions(content) == _PICTURE:
            pictures.append(_found(content, (_NAME,)).decode())
        # What is said of the shapes between was true of the old size.
        elif number not in (_OUTPUT, _VALUE_INFO):
            kept.append(whole)
    if len(pictures) != 1:
        raise ValueError(f"{len(pictures)} inputs of four dimensions")
    in_float = f"{GREY} in float"
    before = [
        Node("Cast", [GREY], [in_float], {"to": _KINDS["float32"]}),
        Node("Concat", 3 * [in_float], pictures, {"axis": 1}),
    ]
    inputs = [Value(GREY, "uint8", (1, 1, "height", "width")), *ending.inputs]
    return b"".join(
        [
            *map(_node, before),
            *kept,
            *map(_node, ending.nodes),
            *(_field(_CONSTANT, _tensor(name, content)) for name, content in ending.constants.items()),
            *(_field(_INPUT, _value(value)) for value in inputs),
            _field(_OUTPUT, _value(ending.output)),
        ]
    )


def _value(value: Value) -> bytes:
    lengths = b"".join(
        _field(
            _DIMENSION,
            _number(_DIMENSION_VALUE, length) if isinstance(length, int) else _text(_DIMENSION_NAME, length),
        )
        for length in value.shape
    )
    tensor = _number(_ELEMENT, _KINDS[value.kind]) + _field(_SHAPE, lengths)
    return _text(_NAME, value.name) + _field(_TYPE, _field(_TENSOR, tensor))


def _tensor(name: str, content: NDArray[np.generic]) -> bytes:
    sides = b"".join(_number(_SIDES, side) for side in content.shape)
    return (
        sides
        + _number(_KIND, _KINDS[content.dtype.name])
        + _text(_CONSTANT_NAME, name)
        + _field(_CONTENT, content.astype(content.dtype.newbyteorder("<")).tobytes())
    )


def _node(node: Node) -> bytes:
    return _field(
        _NODE,
        b"".join(
            [
                *(_text(_NODE_INPUT, name) for name in node.inputs),
                *(_text(_NODE_OUTPUT, name) for name in node.outputs),
                _text(_OPERATOR, node.operator),
                *(_field(_ATTRIBUTE, _attribute(name, value)) for name, value in node.attributes.items()),
            ]
        ),
    )


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        content = _number(_ATTRIBUTE_NUMBER, value) + _number(_ATTRIBUTE_TYPE, _IS_NUMBER)
    else:
        content = b"".join(_number(_ATTRIBUTE_NUMBERS, number) for number in value)
        content += _number(_ATTRIBUTE_TYPE, _IS_NUMBERS)
    return _text(_ATTRIBUTE_NAME, name) + content


def _dimensions(value: bytes) -> int:
    return sum(1 for kind, _, _ in _fields(_found(value, (_TYPE, _TENSOR, _SHAPE))) if kind == _DIMENSION)


def _found(message: bytes, path: tuple[int, ...]) -> bytes:
    """The content of the field at the end of `path`; empty where there is none."""
    for number in path:
        contents = (content for kind, _, content in _fields(message) if kind == number)
        message = next(contents, None) or b""
    return message


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Number, bytes, and content (of those that are bytes or messages) of each field."""
    at = 0
    while at < len(message):
        start = at
        key, at = _read_varint(message, at)
        kind, content = key & 7, None
        if kind == _VARINT:
            _, at = _read_varint(message, at)
        elif kind in (_FIXED_64, _FIXED_32):
            at += 8 if kind == _FIXED_64 else 4
        elif kind == _BYTES:
            length, at = _read_varint(message, at)
            content = message[at : at + length]
            at += length
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if at > len(message):
            raise ValueError("it ends in the middle of a field")
        yield key >> 3, message[start:at], content


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_MOST_VARINT_BYTES):
        if at + place >= len(message):
            raise ValueError("it ends in the middle of a number")
        byte = message[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number without an end")


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
