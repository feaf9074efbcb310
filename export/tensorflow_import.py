"""Importing TensorFlow quietly, with a plain message if it is not installed."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from edge.errors import ConfigError

# TensorFlow reads this when it is imported: it then logs fatal messages only.  An error also reaches Python
# as an exception; the other messages at that level say that there is no graphics processor.
_LOG_LEVEL = {"TF_CPP_MIN_LOG_LEVEL": "3"}


def import_tensorflow() -> None:
    """Import TensorFlow and Keras, which takes seconds; ConfigError if the export extra is not installed."""
    for name, value in _LOG_LEVEL.items():
        os.environ.setdefault(name, value)
    for library in ("tensorflow", "keras", "tf2onnx"):
        try:
            with _silence_stderr():
                importlib.import_module(library)
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"expected {library} for this command, found no module {error.name}: "
                "pip install fer-edge[export]"
            ) from error


@contextmanager
def _silence_stderr() -> Iterator[None]:
    """Discard output on descriptor 2: TensorFlow's C++ writes there before it reads its log level."""
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
