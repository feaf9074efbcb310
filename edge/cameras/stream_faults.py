"""Says in words that lead somewhere why a network camera gives no pictures."""

import errno
import re
import socket

from av import FFmpegError
from av import error as av_error
from av.error import ConnectionRefusedError as Refused
from av.error import EOFError as EndOfStream
from av.error import HTTPError, HTTPForbiddenError, HTTPNotFoundError, HTTPUnauthorizedError

from edge.cameras.spec import NetworkStream
from edge.cameras.stream_session import Step
from edge.errors import CameraError, CameraNotFound, CameraTimeout

_CHECK = "check the address, the network and the camera"
_ENCODE = "write each # of its password as %23, / as %2F, ? as %3F, @ as %40 and % as %25"


def explain(
    error: BaseException | None, stream: NetworkStream, name: str, step: Step, silent_s: float | None
) -> BaseException:
    """The CameraError that says what `error` means; `error` itself where it is a fault of this program.

    `name` is the camera's, without its password.  `silent_s` is the time-out, if the wait took that long.
    """
    if silent_s is not None:
        return _explain_silence(name, step, silent_s)
    if isinstance(error, FFmpegError):
        return _explain_answer(error, name, step)
    if isinstance(error, EOFError):
        return CameraError(f"expected a frame from {name}, found the end of the stream; check the camera")
    if isinstance(error, LookupError):
        return CameraError(f"expected a video at {name}, found a stream without one; {_CHECK}")
    if isinstance(error, socket.gaierror | ValueError):
        return _explain_address(error, stream, name)
    if isinstance(error, OSError):
        return CameraNotFound(f"expected a camera at {name}, found: {error.strerror}; {_CHECK}")
    assert error is not None
    return error


def _explain_silence(name: str, step: Step, within_s: float) -> CameraError:
    match step:
        case Step.RESOLVING:
            return CameraNotFound(
                f"expected a camera at {name}, found no answer from the name server within {within_s:g} s; "
                "check the network, or write the camera's IP address in place of its name"
            )
        case Step.OPENING:
            return CameraTimeout(
                f"expected a stream that answers at {name} within {within_s:g} s, found none; check the "
                "camera and the network, or give it longer with --camera-timeout"
            )
        case Step.READING:
            return CameraTimeout(
                f"expected a frame from {name} within {within_s:g} s, found none; check the network and the "
                "camera, or give it longer with --camera-timeout"
            )


def _explain_answer(error: FFmpegError, name: str, step: Step) -> CameraError:
    match error:
        case HTTPUnauthorizedError():
            return CameraError(
                f"expected access to {name}, found 401, wrong user or password; write them as "
                f"//USER:PASSWORD@, and {_ENCODE}"
            )
        case HTTPForbiddenError():
            return CameraError(f"expected access to {name}, found 403, forbidden; allow it in the camera")
        case HTTPNotFoundError():
            return CameraError(
                f"expected a stream at {name}, found 404, not there; look up the path of the stream in the "
                "camera's manual"
            )
        case HTTPError():
            return CameraError(f"expected a stream at {name}, found: {error.strerror}; check the camera")
        case Refused():
            return CameraNotFound(f"expected a camera at {name}, found: {error.strerror}; {_CHECK}")
        case EndOfStream() | av_error.OSError(errno=errno.EIO) if step is Step.READING:
            return CameraError(f"expected a frame from {name}, found the end of the stream; check the camera")
    expected = "a frame" if step is Step.READING else "a stream that FFmpeg can read"
    return CameraError(f"expected {expected} from {name}, found: {error.strerror}; {_CHECK}")


def _explain_address(error: BaseException, stream: NetworkStream, name: str) -> CameraError:
    """The text of `error` may hold the password."""
    _, _, rest = stream.url.partition("://")
    if "@" in "".join(re.split("[/?#]", rest, maxsplit=1)[1:]) or rest.count("@") > 1:
        return CameraNotFound(
            f"expected a camera at {name}, found a user or password with characters that end an "
            f"address's first part; {_ENCODE}"
        )
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return CameraNotFound(
            f"expected a camera at {name}, found no name server that answers; check the network, or write "
            "the camera's IP address in place of its name"
        )
    found = "no such name" if isinstance(error, socket.gaierror) else "an address that is malformed"
    return CameraNotFound(f"expected a camera at {name}, found {found}; check the spelling")
