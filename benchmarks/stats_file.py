"""The stats of a run in a JSON file, and a run compared with such a file of an older one."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import Change, Spread, pair_changes
from benchmarks.output_file import write_json
from benchmarks.tables import format_number, format_table
from edge.errors import ConfigError

# Two runs that differ in one of these measured different things; the comparison then says so.
_MUST_BE_EQUAL = (
    "command",
    "board",
    "processor",
    "os",
    "governor",
    "model_sha256",
    "detector",
    "clip",
    "tiles",
)


def write_stats(path: Path, stats: Mapping[str, Any], spreads: Mapping[str, Spread]) -> None:
    """Write JSON with all that `compare_with_file` needs of an older run; raises ConfigError."""
    write_json(path, {**stats, "spread": {name: asdict(spread) for name, spread in spreads.items()}})


def compare_with_file(old: Path, stats: Mapping[str, Any], spreads: Mapping[str, Spread]) -> str:
    """Describe what changed beyond the noise since the run in the file `old`, and what else differs from it.

    Raises ConfigError when `old` cannot be read or holds no stats.
    """
    old_stats = _read(old)
    old_spreads = {name: Spread(**spread) for name, spread in old_stats["spread"].items()}
    changes = pair_changes(old_spreads, spreads)
    beyond_noise = [change for change in changes if change.is_beyond_noise]
    lines = [
        f"{key} was {_look_up(old_stats, key)}, is {_look_up(stats, key)}: the runs measured different things"
        for key in _MUST_BE_EQUAL
        if _look_up(old_stats, key) != _look_up(stats, key)
    ]
    if _look_up(old_stats, "is_doubtful"):
        reasons = _look_up(old_stats, "throttled") or ["other programs kept the machine busy"]
        lines.append(f"the run in {old} is doubtful: {', '.join(reasons)}")
    lines.append(f"since {old}: {len(beyond_noise)} of {len(changes)} values changed beyond the noise")
    if beyond_noise:
        lines.append(format_table(["", "then", "now", "now / then"], [_make_row(c) for c in beyond_noise]))
    return "\n".join(lines)


def _make_row(change: Change) -> list[str]:
    old, new = format_number(change.old.median), format_number(change.new.median)
    return [change.name, old, new, f"× {change.ratio:.2f}"]


def _look_up(stats: Mapping[str, Any], key: str) -> Any:
    for part in ("machine", "condition"):
        if key in stats.get(part, {}):
            return stats[part][key]
    return stats.get(key)


def _read(path: Path) -> dict[str, Any]:
    try:
        stats: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"expected stats in {path}, found: {error.strerror}; name another file") from error
    except ValueError as error:
        raise ConfigError(
            f"expected JSON in {path}, found: {error}; name a file that --json wrote"
        ) from error
    if not isinstance(stats, dict) or "spread" not in stats:
        raise ConfigError(f"expected stats in {path}, found none to compare; name a file that --json wrote")
    return stats
