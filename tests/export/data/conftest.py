"""What the tests of the data share."""

from pathlib import Path

import pytest

from edge.errors import DataError
from export.data import loading


def expect_refusal(path: Path, split: str = "Training") -> str:
    with pytest.raises(DataError) as raised:
        loading.load(path, split)
    message = str(raised.value)
    assert "\n" not in message and message.startswith("expected ") and "found" in message
    return message
