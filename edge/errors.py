"""The exceptions of fer-edge, each with the exit code that a command ends with.

    FerEdgeError
    ├── ConfigError        78   a key, its value, what it may hold
    ├── CameraError        69   a fault of the camera
    │   ├── CameraNotFound      there is no such camera
    │   ├── CameraBusy          another process holds it
    │   └── CameraTimeout       it is there, but delivered no frame in time
    ├── ModelError         65   a model file is missing, damaged or breaks its contract
    ├── DataError          65   a data set is missing, damaged or of another shape
    └── SinkError          74   an output is lost: a port in use, a full disk

The codes are those of BSD's sysexits.h.  Every message says, in one line, what was expected,
what was found and what to do.  Any other exception is a bug: its traceback is printed, and the
exit code is 1.
"""


class FerEdgeError(Exception):
    """An error that the user can correct; a command prints it as one line."""

    exit_code = 1


class ConfigError(FerEdgeError):
    """A setting that does not exist or holds a value that is not allowed."""

    exit_code = 78


class CameraError(FerEdgeError):
    """A fault of the camera."""

    exit_code = 69


class CameraNotFound(CameraError):
    """There is no such camera."""


class CameraBusy(CameraError):
    """Another process holds the camera."""


class CameraTimeout(CameraError):
    """The camera is there, but delivered no frame within its time-out."""


class ModelError(FerEdgeError):
    """A model file that is missing, damaged or breaks its contract."""

    exit_code = 65


class DataError(FerEdgeError):
    """A data set that is missing, damaged or of another shape."""

    exit_code = 65


class SinkError(FerEdgeError):
    """An output that cannot be opened or is lost."""

    exit_code = 74
