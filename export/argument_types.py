"""The types of command-line arguments: each converts the text of an argument, or says what it expected."""

from argparse import ArgumentTypeError
from collections.abc import Callable

from msgspec import Meta

from export.data.dataset import find_label


def from_meta(kind: type, meta: Meta) -> Callable[[str], float]:
    """The type for numbers of `kind`, int or float, in the range of `meta`."""
    if kind is int:
        return whole_number(int(meta.ge or 0), int(meta.le or 10**9))
    if meta.gt is not None:
        return number_above(meta.gt)
    return number_between(meta.ge or 0.0, meta.le or 0.0)


def whole_number(least: int, most: int = 10**9) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""

    def convert(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"expected a whole number from {least} to {most}, found {text!r}")
        return int(text)

    return convert


def number_above(limit: float) -> Callable[[str], float]:
    """A number above `limit`."""

    def convert(text: str) -> float:
        number = _parse(text)
        if not number > limit:
            raise ArgumentTypeError(f"expected a number above {limit}, found {text!r}")
        return number

    return convert


def number_between(least: float, most: float) -> Callable[[str], float]:
    """A number from `least` to `most`."""

    def convert(text: str) -> float:
        number = _parse(text)
        if not least <= number <= most:
            raise ArgumentTypeError(f"expected a number from {least:g} to {most:g}, found {text!r}")
        return number

    return convert


def fraction(text: str) -> float:
    """A positive number, or one divided by another: 0.00392, 1/255."""
    dividend, _, divisor = text.partition("/")
    number = _parse(dividend) / (number_above(0)(divisor) if divisor else 1)
    if not number > 0:
        raise ArgumentTypeError(f"expected a number above 0, found {text!r}")
    return number


def labels(text: str) -> tuple[str, ...]:
    """Labels with commas between them, each by FER2013's name for it."""
    return tuple(find_label(label) for label in text.split(","))


def _parse(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"expected a number, found {text!r}") from None
