"""TensorFlow imported without its greeting, and refused in one line where it is not installed."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from edge.errors import ConfigError

# Read by TensorFlow when it is imported: fatal messages alone.  An error reaches Python as an exception as well;
# what else is logged at its level is that there is no graphics processor.
_LOG_LEVEL = {"TF_CPP_MIN_LOG_LEVEL": "3"}


def import_tensorflow() -> None:
    """Import TensorFlow and Keras (seconds); ConfigError when the export extra is not installed."""
    for name, value in _LOG_LEVEL.items():
        os.environ.setdefault(name, value)
    for library in ("tensorflow", "keras", "tf2onnx"):
        try:
            with _without_stderr():
                importlib.import_module(library)
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"expected {library} for this command, found no module {error.name}: "
                "pip install fer-edge[export]"
            ) from error


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Nothing reaches descriptor 2 meanwhile: TensorFlow's C++ greets there before it reads its log level."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
