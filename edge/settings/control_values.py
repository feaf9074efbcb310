"""Parses controls of a camera that are written as NAME=VALUE."""

import re
from collections.abc import Sequence

from edge.cameras.controls import ControlValue
from edge.errors import ConfigError

# It separates the controls in an environment variable.
SEPARATOR = ";"
_WORDS = {"true": True, "false": False}
_INTEGER, _NUMBER = re.compile(r"[+-]?\d+"), re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


def parse_controls(given: str | Sequence[str], origin: str) -> dict[str, ControlValue]:
    """The controls in `given`: the text of an environment variable, or a text from each flag.

    Of several values for one name the last one counts.  Raises ConfigError for a text that is not NAME=VALUE.
    """
    texts = given.split(SEPARATOR) if isinstance(given, str) else given
    controls: dict[str, ControlValue] = {}
    for text in filter(str.strip, texts):
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ConfigError(
                f"expected NAME=VALUE for a control of the camera, found {text!r} ({origin}); change it"
            )
        controls[name] = _parse_value(value)
    return controls


def _parse_value(text: str) -> ControlValue:
    """A number, numbers with commas between them, true, false, or else the text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    numbers = [_parse_number(part.strip()) for part in text.split(",")]
    found = [number for number in numbers if number is not None]
    if len(found) < len(numbers):
        return text
    return found if len(found) > 1 else found[0]


def _parse_number(text: str) -> int | float | None:
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else None
