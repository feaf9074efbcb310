"""The exceptions of fer-edge, each with the exit code that a command ends with.

    FerEdgeError
    ├── ConfigError        78   a key, its value, what it may hold
    ├── CameraError        69   a fault of the camera
    │   ├── CameraNotFound      there is no such camera
    │   ├── CameraBusy          another process holds it
    │   └── CameraTimeout       it is there and gave no frame in time
    ├── ModelError         65   a model file is missing, damaged or breaks its contract
    ├── DataError          65   a data set is missing, damaged or of another shape
    └── SinkError          74   an output is lost: a port in use, a full disk

The codes are those of BSD's sysexits.h.  Every message says, in one line, what was
expected, what was found and what to do.  Any other exception is a bug: it keeps its
traceback and ends with exit code 1.
"""

import os
import select
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

_Given = ParamSpec("_Given")

# What a shell says of a program that Ctrl-C ended: 128 + SIGINT; of one whose reader, such as head, has gone: SIGPIPE.
INTERRUPTED = 130
READER_GONE = 141


class FerEdgeError(Exception):
    """What the user can mend; printed as one line."""

    exit_code = 1


class ConfigError(FerEdgeError):
    """A setting that does not exist or holds what it may not."""

    exit_code = 78


class CameraError(FerEdgeError):
    """A fault of the camera."""

    exit_code = 69


class CameraNotFound(CameraError):
    """There is no such camera."""


class CameraBusy(CameraError):
    """Another process holds the camera."""


class CameraTimeout(CameraError):
    """The camera is there and gave no frame within its time-out."""


class ModelError(FerEdgeError):
    """A model file that is missing, damaged or not what its contract says."""

    exit_code = 65


class DataError(FerEdgeError):
    """A data set that is missing, damaged or of another shape."""

    exit_code = 65


class SinkError(FerEdgeError):
    """An output that cannot be opened or is lost."""

    exit_code = 74


def command(main: Callable[_Given, int | None]) -> Callable[_Given, int]:
    """A command's `main` that returns its exit code, 0 for None, also when it raises what a line on stderr can say.

    A KeyboardInterrupt, which it may raise itself, can say what to do.
    """

    @wraps(main)
    def told(*arguments: _Given.args, **options: _Given.kwargs) -> int:
        try:
            code = main(*arguments, **options) or 0
            print(end="", flush=True)  # There may be no sys.stdout.
            return code
        except FerEdgeError as error:
            print(f"fer-edge: {error}", file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt as interruption:
            print("\nfer-edge: " + "; ".join(("interrupted", *map(str, interruption.args))), file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            if not _is_reader_gone():
                raise
            return READER_GONE

    return told


def _is_reader_gone() -> bool:
    """Whether nobody reads stdout any more; what is still to be written there is then dropped."""
    stdout = select.poll()
    stdout.register(sys.stdout.fileno(), 0)
    is_gone = bool(stdout.poll(0))
    if is_gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return is_gone
