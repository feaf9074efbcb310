"""Figures told to people and written to JSON, and two runs set side by side."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import files
from benchmarks.arithmetic import Change, Spread, compared
from benchmarks.speed.stages import Cost, Inference
from edge.errors import ConfigError

# What must be the same for two runs to be compared without a word.
_SAME = ("command", "board", "processor", "os", "governor", "model_sha256", "detector", "clip")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need be, the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = []
    for row in [head, *rows]:
        first, *others = (
            f"{cell:<{width}}" if column == 0 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits that count, without an exponent."""
    digits = max(0, 2 - len(str(int(abs(value)))) + 1) if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"


def spread_row(name: str, figure: Spread, aim: str = "") -> list[str]:
    """A row for `table`: the median, the quartiles of the rounds, and what is aimed at."""
    return [name, number(figure.median), f"{number(figure.low)} – {number(figure.high)}", aim]


def runs(costs: Mapping[Inference, Cost]) -> str:
    """The classifier's times: a row for each number of faces, a column for each form and number of threads."""
    forms = list(dict.fromkeys((run.model, run.threads) for run in costs))
    faces = dict.fromkeys(run.faces for run in costs)
    head = ["infer, ms (CPU ms)", *(f"{model} ×{threads}" for model, threads in forms)]
    rows = [
        [
            f"{count} face{'s' if count > 1 else ''}",
            *(_both(costs[Inference(model, threads, count)]) for model, threads in forms),
        ]
        for count in faces
    ]
    return table(head, rows)


def _both(cost: Cost) -> str:
    return f"{number(cost.wall_ms.median)} ({number(cost.cpu_ms.median)})"


def write(path: Path, figures: Mapping[str, Any], spreads: Mapping[str, Spread]) -> None:
    """JSON with all that `comparison` needs of an older run."""
    files.write_json(path, {**figures, "spread": {name: asdict(spread) for name, spread in spreads.items()}})


def comparison(old: Path, figures: Mapping[str, Any], spreads: Mapping[str, Spread]) -> str:
    """What changed since the run in `old`, beyond the noise, and what else is not as it was then."""
    found = _read(old)
    before = {name: Spread(**spread) for name, spread in found["spread"].items()}
    changes = compared(before, spreads)
    changed = [change for change in changes if change.is_beyond_noise]
    lines = [
        f"{key} was {_of(found, key)}, is {_of(figures, key)}: the figures are of different things"
        for key in _SAME
        if _of(found, key) != _of(figures, key)
    ]
    lines += (
        [
            f"the run in {old} is doubtful: {', '.join(_of(found, 'throttled') or ['others kept the machine busy'])}"
        ]
        if _of(found, "is_doubtful")
        else []
    )
    lines.append(f"since {old}: {len(changed)} of {len(changes)} figures changed beyond the noise")
    if changed:
        lines.append(table(["", "then", "now", "now / then"], [_row(change) for change in changed]))
    return "\n".join(lines)


def _row(change: Change) -> list[str]:
    return [change.name, number(change.old.median), number(change.new.median), f"× {change.ratio:.2f}"]


def _of(figures: Mapping[str, Any], key: str) -> Any:
    for part in ("machine", "condition"):
        if key in figures.get(part, {}):
            return figures[part][key]
    return figures.get(key)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"expected figures in {path}, found: {error.strerror}; name another file"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"expected JSON in {path}, found: {error}; name a file that --json wrote"
        ) from error
    if not isinstance(found, dict) or "spread" not in found:
        raise ConfigError(f"expected figures in {path}, found none to compare; name a file that --json wrote")
    return found
