"""Rewrites an ONNX file: gives it a grey picture of any size as its input, and adds nodes after its outputs.

So one run of ONNX Runtime leads from a grey picture to faces, and no Python code decodes the outputs.

It reads and writes protocol buffers (https://protobuf.dev/programming-guides/encoding/) by itself, and only
the messages on the way to inputs and outputs; the numbers of the fields are those of onnx.proto.  Why:

- The file must be rewritten on the device, when it is loaded: python -m edge.models fetches YuNet on a Pi,
  and a user may name a file of their own with --yunet.
- The library onnx (1.23.2) takes 29 MB on disk together with ml_dtypes, 80 to 140 ms to import, and 9 MB of
  memory.  Nothing else on the device needs it.
- The library protobuf, which onnxruntime installs, takes about 30 ms to import and 3 MB of memory, and would
  need a description of the same messages.
- This module rewrites YuNet's 233 kB in 0.9 ms.  The tests read its output with the library onnx, and feed
  damaged files to it.

Times and memory: an x86-64 server (AMD EPYC), Python 3.11.
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
_MAX_VARINT_BYTES = 10
# The dimensions of a picture: batch, channels, height, width.
_PICTURE_DIMENSIONS = 4

# The name of the rewritten network's picture.
GREY_INPUT = "grey"


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output: its numpy type, and its shape, in which a name stands for a length that varies."""

    name: str
    kind: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """An operation of ONNX (https://onnx.ai/onnx/operators/); attributes are integers or lists of these."""

    operator: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, int | Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Postprocessing:
    """The nodes that turn a network's outputs into one `output`.

    The `inputs` are fed beside the picture; the `constants` are stored in the file.
    """

    inputs: Sequence[Value]
    constants: Mapping[str, NDArray[np.generic]]
    nodes: Sequence[Node]
    output: Value


def rewrite_model(model: bytes, postprocessing: Postprocessing) -> bytes:
    """Rewrite `model`, the content of an ONNX file that takes one picture (1, 3, H, W) float32.

    The first input of the new file is GREY_INPUT, (1, 1, H, W) uint8 of any size; its only output is that of
    `postprocessing`.  Whether `model` has the outputs that `postprocessing` reads is not checked here.
    Raises ValueError when `model` is no ONNX file, or does not have exactly one picture as its input.
    """
    rewritten, has_graph = [], False
    for number, whole, content in _read_fields(model):
        if number == _GRAPH and content is not None:
            has_graph = True
            rewritten.append(_encode_bytes(_GRAPH, _rewrite_graph(content, postprocessing)))
        else:
            rewritten.append(whole)
    if not has_graph:
        raise ValueError("no graph")
    return b"".join(rewritten)


def _rewrite_graph(graph: bytes, postprocessing: Postprocessing) -> bytes:
    """Add nodes before and after those of the graph, and replace its inputs and outputs."""
    kept, pictures = [], []
    for number, whole, content in _read_fields(graph):
        if number == _INPUT and content is not None and _count_dimensions(content) == _PICTURE_DIMENSIONS:
            pictures.append(_find_content(content, (_NAME,)).decode())
        # The shapes in _VALUE_INFO hold for the old size only.
        elif number not in (_OUTPUT, _VALUE_INFO):
            kept.append(whole)
    if len(pictures) != 1:
        raise ValueError(f"{len(pictures)} inputs of four dimensions")
    in_float = f"{GREY_INPUT} in float"
    preprocessing = [
        Node("Cast", [GREY_INPUT], [in_float], {"to": _KINDS["float32"]}),
        Node("Concat", 3 * [in_float], pictures, {"axis": 1}),
    ]
    inputs = [Value(GREY_INPUT, "uint8", (1, 1, "height", "width")), *postprocessing.inputs]
    return b"".join(
        [
            *map(_encode_node, preprocessing),
            *kept,
            *map(_encode_node, postprocessing.nodes),
            *(
                _encode_bytes(_CONSTANT, _encode_tensor(name, content))
                for name, content in postprocessing.constants.items()
            ),
            *(_encode_bytes(_INPUT, _encode_value(value)) for value in inputs),
            _encode_bytes(_OUTPUT, _encode_value(postprocessing.output)),
        ]
    )


def _encode_value(value: Value) -> bytes:
    lengths = b"".join(
        _encode_bytes(
            _DIMENSION,
            _encode_integer(_DIMENSION_VALUE, length)
            if isinstance(length, int)
            else _encode_text(_DIMENSION_NAME, length),
        )
        for length in value.shape
    )
    tensor = _encode_integer(_ELEMENT, _KINDS[value.kind]) + _encode_bytes(_SHAPE, lengths)
    return _encode_text(_NAME, value.name) + _encode_bytes(_TYPE, _encode_bytes(_TENSOR, tensor))


def _encode_tensor(name: str, content: NDArray[np.generic]) -> bytes:
    sides = b"".join(_encode_integer(_SIDES, side) for side in content.shape)
    return (
        sides
        + _encode_integer(_KIND, _KINDS[content.dtype.name])
        + _encode_text(_CONSTANT_NAME, name)
        + _encode_bytes(_CONTENT, content.astype(content.dtype.newbyteorder("<")).tobytes())
    )


def _encode_node(node: Node) -> bytes:
    return _encode_bytes(
        _NODE,
        b"".join(
            [
                *(_encode_text(_NODE_INPUT, name) for name in node.inputs),
                *(_encode_text(_NODE_OUTPUT, name) for name in node.outputs),
                _encode_text(_OPERATOR, node.operator),
                *(
                    _encode_bytes(_ATTRIBUTE, _encode_attribute(name, value))
                    for name, value in node.attributes.items()
                ),
            ]
        ),
    )


def _encode_attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        content = _encode_integer(_ATTRIBUTE_NUMBER, value) + _encode_integer(_ATTRIBUTE_TYPE, _IS_NUMBER)
    else:
        content = b"".join(_encode_integer(_ATTRIBUTE_NUMBERS, number) for number in value)
        content += _encode_integer(_ATTRIBUTE_TYPE, _IS_NUMBERS)
    return _encode_text(_ATTRIBUTE_NAME, name) + content


def _count_dimensions(value: bytes) -> int:
    return sum(
        1 for kind, _, _ in _read_fields(_find_content(value, (_TYPE, _TENSOR, _SHAPE))) if kind == _DIMENSION
    )


def _find_content(message: bytes, path: tuple[int, ...]) -> bytes:
    """The content of the field that `path`, numbers of nested fields, leads to; empty if there is none."""
    for number in path:
        contents = (content for kind, _, content in _read_fields(message) if kind == number)
        message = next(contents, None) or b""
    return message


def _read_fields(message: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Number, bytes, and content (only of fields that hold bytes or a message) of each field."""
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
            raise ValueError(f"a field of the unknown type {kind}")
        if at > len(message):
            raise ValueError("it ends in the middle of a field")
        yield key >> 3, message[start:at], content


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_MAX_VARINT_BYTES):
        if at + place >= len(message):
            raise ValueError("it ends in the middle of a number")
        byte = message[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number without an end")


def _encode_integer(number: int, value: int) -> bytes:
    return _encode_varint(number << 3 | _VARINT) + _encode_varint(value)


def _encode_text(number: int, text: str) -> bytes:
    return _encode_bytes(number, text.encode())


def _encode_bytes(number: int, content: bytes) -> bytes:
    return _encode_varint(number << 3 | _BYTES) + _encode_varint(len(content)) + content


def _encode_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
