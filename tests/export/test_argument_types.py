"""The types of command-line arguments."""

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest
from msgspec import Meta

from export.argument_types import (
    fraction,
    from_meta,
    labels,
    number_above,
    number_between,
    whole_number,
)


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        (whole_number(1), "1", 1),
        (number_above(0), "1e-3", 0.001),
        (number_between(0, 1), "1", 1.0),
        (fraction, "1/255", 1 / 255),
        (fraction, "0.5", 0.5),
        (labels, "a, b", ("a", "b")),
        (labels, "Anger,HAPPINESS, surprised,Contempt", ("angry", "happy", "surprise", "contempt")),
        (from_meta(int, Meta(ge=2, le=3)), "3", 3),
        (from_meta(float, Meta(gt=0)), "0.1", 0.1),
        (from_meta(float, Meta(ge=0, le=1)), "0", 0.0),
    ],
)
def test_text_becomes_a_value(convert: Callable[[str], object], text: str, value: object) -> None:
    assert convert(text) == value


@pytest.mark.parametrize(
    ("convert", "text", "expected"),
    [
        (whole_number(1), "0", "a whole number from 1 to 1000000000, found '0'"),
        (whole_number(1), "1.5", "a whole number"),
        (number_above(0), "0", "a number above 0"),
        (number_above(0), "nan", "a number above 0"),
        (number_between(0, 1), "1.1", "a number from 0 to 1"),
        (number_between(0, 1), "nan", "a number from 0 to 1"),
        (fraction, "1/0", "a number above 0"),
        (fraction, "x", "a number, found 'x'"),
        (from_meta(int, Meta(ge=2, le=3)), "4", "a whole number from 2 to 3"),
        (from_meta(float, Meta(ge=0, le=1)), "-1", "a number from 0 to 1"),
    ],
)
def test_wrong_text_is_refused(convert: Callable[[str], object], text: str, expected: str) -> None:
    with pytest.raises(ArgumentTypeError) as raised:
        convert(text)
    assert f"expected {expected}" in str(raised.value)
