"""The contract in a model file."""

import pytest

from edge.errors import ModelError
from edge.faces import metadata
from edge.faces.metadata import Framing, Metadata

GOOD = Metadata(
    labels=("happy", "sad"),
    height=48,
    width=48,
    scale=1 / 255,
    precision="int8",
    framing={"haar": Framing(scale=1.1, shift_down=0.02)},
    made_from={"source": "a.keras"},
)


def test_metadata_survives_the_file() -> None:
    assert metadata.decode(metadata.encode(GOOD), "a.onnx") == GOOD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "end early|truncated|Input data"),
        ("[]", "Expected `object`"),
        ("{}", "missing required field `labels`"),
        (metadata.encode(GOOD).replace('"schema":1', '"schema":2'), r"\$.schema"),
        (metadata.encode(GOOD).replace('"height":48', '"height":0'), r"\$.height"),
        (metadata.encode(GOOD).replace('"temperature":1.0', '"temperature":-1'), r"\$.temperature"),
        (metadata.encode(GOOD).replace('"grey"', '"rgb"'), r"\$.channel"),
    ],
)
def test_metadata_that_breaks_the_schema_names_the_file_and_the_field(text: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as raised:
        metadata.decode(text, "a.onnx")
    assert "a.onnx" in str(raised.value) and "\n" not in str(raised.value)
