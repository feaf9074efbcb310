"""What the benchmark of this device found: the fastest of the model's files, and the number of threads."""

import logging
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from edge import board, files

log = logging.getLogger(__name__)

# Its name says what the file is for: it tunes the app to this device.
FILE = "tuning.json"


class BenchmarkResult(msgspec.Struct, frozen=True, kw_only=True):
    """The best of the model files in `compared`, and its number of threads, on `machine`."""

    machine: str
    compared: Mapping[str, str]
    """The sha256 of each model file that was timed, by its name."""
    model: str
    """The name of one of these files."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)]
    why: str
    """The reason, for the log."""


def locate() -> Path:
    """The file that the benchmark writes and the app reads."""
    return files.locate_data_folder() / FILE


def describe_machine() -> str:
    """What tells machines apart, as far as speed is concerned: board, architecture and number of cores."""
    return f"{board.read().model or 'unknown board'}, {platform.machine()}, {os.cpu_count()} cores"


def read(models: Path, path: Path | None = None) -> BenchmarkResult | None:
    """The result for this machine and the model files in the folder `models`.

    None if there is no such result; the log then says why.
    """
    path = path or locate()
    try:
        result = msgspec.json.decode(path.read_bytes(), type=BenchmarkResult)
    except FileNotFoundError:
        log.info(
            "this device was not benchmarked yet: python -m benchmarks finds the model and the number of "
            "threads that serve it best"
        )
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning(
            "expected a benchmark's result in %s, found: %s; run python -m benchmarks again", path, error
        )
        return None
    reason = explain_mismatch(result, models)
    if reason:
        log.info("the benchmark's result in %s is not used: %s; run python -m benchmarks again", path, reason)
    return None if reason else result


def explain_mismatch(result: BenchmarkResult, models: Path) -> str | None:
    """Why `result` is not about this machine and the files in `models`; None if it is."""
    if result.machine != describe_machine():
        return f"it is of {result.machine}, and this is {describe_machine()}"
    if result.model not in result.compared:
        return f"it never timed {result.model}"
    for name, expected in result.compared.items():
        try:
            if files.sha256(models / name) != expected:
                return f"{name} has changed"
        except OSError as error:
            return f"{name} cannot be read ({error.strerror})"
    return None
