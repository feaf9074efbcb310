"""The metadata in a model file: its input, its output, and where the model comes from."""

from typing import Annotated, Literal

import msgspec

from edge.errors import ModelError

# The key under which an ONNX file holds the metadata, as JSON.
KEY = "fer_edge"

Positive = Annotated[float, msgspec.Meta(gt=0)]
Side = Annotated[int, msgspec.Meta(ge=8, le=1024)]


class Framing(msgspec.Struct, frozen=True):
    """How to get from a detector's box to the square that the model was trained on.

    With s the mean of the box's width and height, the square's side is `scale` * s, and its centre lies
    `shift_down` * s below the box's centre.
    """

    # Within these limits, the square of a box inside the picture always overlaps the picture.
    scale: Annotated[float, msgspec.Meta(ge=0.7, le=4)]
    shift_down: Annotated[float, msgspec.Meta(ge=-0.3, le=0.3)]


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the runtime must know about a model."""

    schema: Literal[1] = 1
    labels: Annotated[tuple[str, ...], msgspec.Meta(min_length=2)]
    height: Side
    width: Side
    channel: Literal["grey"] = "grey"
    scale: Positive
    """A pixel p (0 to 255) becomes p * scale + offset."""
    offset: float = 0.0
    framing: dict[str, Framing]
    """By the name of the detector."""
    temperature: Positive = 1.0
    """The logits are divided by it before the softmax."""
    precision: Literal["float32", "int8"]
    made_from: dict[str, str] = {}
    """Where the model comes from: the source file and its sha256, the data, the versions of the tools."""


def encode(metadata: Metadata) -> str:
    """The text to store under KEY in a model file."""
    return msgspec.json.encode(metadata).decode()


def decode(text: str, source: str) -> Metadata:
    """The metadata in `text`; a ModelError that names `source` when `text` does not fit Metadata."""
    try:
        metadata = msgspec.json.decode(text, type=Metadata)
    except msgspec.DecodeError as error:
        raise ModelError(
            f"expected fer-edge metadata (schema 1) in {source}, found: {error}; "
            "convert the model again with python -m export convert"
        ) from error
    return metadata
