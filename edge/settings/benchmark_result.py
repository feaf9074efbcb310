"""Which form of the model, and how many threads in it, serve this device best: what its benchmark found, on disk."""

import logging
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from edge import board, files

log = logging.getLogger(__name__)

FILE = "tuning.json"


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """The form that served best among those in `compared`, on `machine`."""

    machine: str
    compared: Mapping[str, str]
    """The sha256 of each model file that was timed, by its name."""
    model: str
    """One of these names."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)]
    why: str
    """For the log."""


def path() -> Path:
    """Where the benchmark leaves its result."""
    return files.data_folder() / FILE


def machine() -> str:
    """What makes a result another machine's: the board, where it tells, the architecture, the cores."""
    return f"{board.read().model or 'unknown board'}, {platform.machine()}, {os.cpu_count()} cores"


def found(models: Path, at: Path | None = None) -> Tuning | None:
    """The result for this machine and the model files in the folder `models`; None, and why in the log, without one."""
    at = at or path()
    try:
        tuning = msgspec.json.decode(at.read_bytes(), type=Tuning)
    except FileNotFoundError:
        log.info(
            "no benchmark of this device yet: python -m benchmarks finds the model and threads that serve it best"
        )
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning(
            "expected a benchmark's result in %s, found: %s; run python -m benchmarks again", at, error
        )
        return None
    reason = stale(tuning, models)
    if reason:
        log.info("the benchmark's result in %s is not used: %s; run python -m benchmarks again", at, reason)
    return None if reason else tuning


def stale(tuning: Tuning, models: Path) -> str | None:
    """Why the result is not of this machine and these files."""
    if tuning.machine != machine():
        return f"it is of {tuning.machine}, and this is {machine()}"
    if tuning.model not in tuning.compared:
        return f"it never timed {tuning.model}"
    for name, expected in tuning.compared.items():
        try:
            if files.sha256(models / name) != expected:
                return f"{name} has changed"
        except OSError as error:
            return f"{name} cannot be read ({error.strerror})"
    return None
