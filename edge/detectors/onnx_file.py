"""Gives an ONNX file another input and another output: its bytes, without the library onnx.

The file is a protocol buffer (https://protobuf.dev/programming-guides/encoding/), of which only the messages on
the way to inputs and outputs are read; their fields' numbers are those of onnx.proto.
"""

from collections.abc import Iterator, Sequence

# ModelProto, GraphProto, ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto, Dimension.
_GRAPH = 7
_NODE, _INPUT, _OUTPUT, _VALUE_INFO = 1, 11, 12, 13
_NAME, _TYPE, _TENSOR, _ELEMENT, _SHAPE, _DIMENSION = 1, 2, 1, 1, 2, 1
_DIMENSION_VALUE, _DIMENSION_NAME = 1, 2
# NodeProto, AttributeProto.
_NODE_INPUT, _NODE_OUTPUT, _OPERATOR, _ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_NUMBER, _ATTRIBUTE_TYPE = 1, 3, 20
# TensorProto.DataType and AttributeProto.AttributeType.
_FLOAT, _UINT8 = 1, 2
_ATTRIBUTE_IS_NUMBER = 2

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_MOST_VARINT_BYTES = 10
# A picture is (batch, channels, height, width).
_PICTURE = 4

GREY, FOUND = "grey", "found"


def taking_grey(model: bytes, outputs: Sequence[Sequence[str]]) -> bytes:
    """`model`, which takes a picture (1, 3, H, W) float32 of one size, as one that takes it grey and of any size.

    Its input is GREY, (1, 1, H, W) uint8, and its only output FOUND: of `outputs` each row joined on the second axis,
    and the rows on the third.  Whether it has such outputs and can be so joined is left to who runs it.
    Raises ValueError when it is no ONNX file, or none with one picture as its input.
    """
    fields = [(number, _field(_GRAPH, _graph(content, outputs)) if number == _GRAPH and content is not None else whole)
              for number, whole, content in _fields(model)]
    if _GRAPH not in dict(fields):
        raise ValueError("no graph")
    return b"".join(whole for _, whole in fields)


def _graph(graph: bytes, outputs: Sequence[Sequence[str]]) -> bytes:
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
    before = [_node("Cast", [GREY], f"{GREY} in float", to=_FLOAT),
              _node("Concat", 3 * [f"{GREY} in float"], pictures[0], axis=1)]
    rows = [f"{FOUND} in {row[0]} and so on" for row in outputs]
    behind = [_node("Concat", row, name, axis=1) for row, name in zip(outputs, rows, strict=True)]
    behind.append(_node("Concat", rows, FOUND, axis=2))
    return b"".join([*before, *kept, *behind,
                     _field(_INPUT, _value(GREY, _UINT8, _sized(1), _sized(1), _named("height"), _named("width"))),
                     _field(_OUTPUT, _value(FOUND, _FLOAT, _sized(1), _named("cells"), _named("columns")))])


def _value(name: str, element: int, *dimensions: bytes) -> bytes:
    tensor = _number(_ELEMENT, element) + _field(_SHAPE, b"".join(dimensions))
    return _field(_NAME, name.encode()) + _field(_TYPE, _field(_TENSOR, tensor))


def _sized(length: int) -> bytes:
    return _field(_DIMENSION, _number(_DIMENSION_VALUE, length))


def _named(name: str) -> bytes:
    return _field(_DIMENSION, _field(_DIMENSION_NAME, name.encode()))


def _node(operator: str, inputs: Sequence[str], output: str, **numbers: int) -> bytes:
    """A node, with attributes that are whole numbers."""
    names = b"".join(_field(_NODE_INPUT, name.encode()) for name in inputs) + _field(_NODE_OUTPUT, output.encode())
    attributes = b"".join(_field(_ATTRIBUTE, _field(_ATTRIBUTE_NAME, name.encode()) + _number(_ATTRIBUTE_NUMBER, number)
                                 + _number(_ATTRIBUTE_TYPE, _ATTRIBUTE_IS_NUMBER)) for name, number in numbers.items())
    return _field(_NODE, names + _field(_OPERATOR, operator.encode()) + attributes)


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
            content = message[at:at + length]
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
        value |= (byte & 0x7f) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number without an end")


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes([*out, value])
