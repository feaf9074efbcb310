"""Lets an ONNX file that names one size of picture take any: its bytes, without the library onnx.

The file is a protocol buffer (https://protobuf.dev/programming-guides/encoding/), of which only the messages on
the way to the shapes are read; their fields' numbers are those of onnx.proto.
"""

from collections.abc import Iterator

# ModelProto, GraphProto, ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto, Dimension.
_GRAPH = 7
_INPUT, _OUTPUT, _VALUE_INFO = 11, 12, 13
_TYPE, _TENSOR, _SHAPE, _DIMENSION, _DIMENSION_NAME = 2, 1, 2, 1, 2
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_MOST_VARINT_BYTES = 10
# A picture is (batch, channels, height, width).
_PICTURE = 4
_SIDES = {2: b"height", 3: b"width"}


def any_size(model: bytes) -> bytes:
    """`model` with an input of any height and width, and nothing said of the shapes that follow from it.

    Raises ValueError when it is no ONNX file, or none with a picture as its input.
    """
    out, pictures = [], 0
    for number, whole, content in _fields(model):
        if number == _GRAPH and content is not None:
            graph, pictures = _graph(content)
            whole = _field(_GRAPH, graph)
        out.append(whole)
    if not pictures:
        raise ValueError("no input of four dimensions")
    return b"".join(out)


def _graph(graph: bytes) -> tuple[bytes, int]:
    """The graph without its shapes, and how many pictures it takes."""
    out, pictures = [], 0
    for number, whole, content in _fields(graph):
        if number == _VALUE_INFO:
            continue
        if number == _OUTPUT and content is not None:
            whole = _field(_OUTPUT, _changed(content, (_TYPE, _TENSOR), {_SHAPE: None}))
        if number == _INPUT and content is not None:
            shape = _found(content, (_TYPE, _TENSOR, _SHAPE))
            if sum(1 for kind, _, _ in _fields(shape) if kind == _DIMENSION) == _PICTURE:
                pictures += 1
                whole = _field(_INPUT, _changed(content, (_TYPE, _TENSOR), {_SHAPE: _free(shape)}))
        out.append(whole)
    return b"".join(out), pictures


def _free(shape: bytes) -> bytes:
    """The shape with names for its sides."""
    dimensions = [whole for number, whole, _ in _fields(shape) if number == _DIMENSION]
    for place, name in _SIDES.items():
        dimensions[place] = _field(_DIMENSION, _field(_DIMENSION_NAME, name))
    return b"".join(dimensions)


def _found(message: bytes, path: tuple[int, ...]) -> bytes:
    """The content of the field at the end of `path`; empty where there is none."""
    for number in path:
        contents = (content for kind, _, content in _fields(message) if kind == number)
        message = next(contents, None) or b""
    return message


def _changed(message: bytes, path: tuple[int, ...], change: dict[int, bytes | None]) -> bytes:
    """`message` with fields of the message at `path` replaced, or left out where that is None."""
    out = []
    for number, whole, content in _fields(message):
        if path and number == path[0] and content is not None:
            whole = _field(number, _changed(content, path[1:], change))
        elif not path and number in change:
            new = change[number]
            whole = b"" if new is None else _field(number, new)
        out.append(whole)
    return b"".join(out)


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


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes([*out, value])
