"""Text tables of what was measured."""

from collections.abc import Sequence

from benchmarks.arithmetic import Spread


def format_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a table; its first column is left-aligned, the others are right-aligned."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = []
    for row in [head, *rows]:
        first, *others = (
            f"{cell:<{width}}" if column == 0 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return "\n".join(lines)


def format_number(value: float) -> str:
    """Format a number with three significant digits and no exponent; below 1 with three decimals."""
    decimals = max(0, 3 - len(str(int(abs(value))))) if abs(value) >= 1 else 3
    return f"{value:.{decimals}f}"


def make_spread_row(name: str, spread: Spread, aim: str = "") -> list[str]:
    """Make a row for `format_table`: the name, the median, the quartiles of the rounds, and the aim."""
    quartiles = f"{format_number(spread.low)} – {format_number(spread.high)}"
    return [name, format_number(spread.median), quartiles, aim]
