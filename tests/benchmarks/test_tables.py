"""Tables of what was measured."""

import pytest

from benchmarks.arithmetic import Spread
from benchmarks.tables import format_number, format_table, make_spread_row


def test_columns_are_aligned() -> None:
    assert format_table(["", "ms"], [["decode", "0.42"], ["draw", "10.1"]]).splitlines() == [
        "          ms",
        "decode  0.42",
        "draw    10.1",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "0.012"), (1.2345, "1.23"), (12.345, "12.3"), (1234.5, "1234"), (0, "0.000")]
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert format_number(value) == text


def test_row_of_a_spread_has_the_median_the_quartiles_and_the_aim() -> None:
    assert make_spread_row("draw", Spread(2.0, 1.9, 12.3), "≤ 3") == ["draw", "2.00", "1.90 – 12.3", "≤ 3"]
