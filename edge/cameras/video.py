"""A video file, or a network camera, through OpenCV's FFmpeg."""

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import NoReturn, Self

import cv2
import numpy as np

from edge.cameras.spec import NetworkStream, parse_camera
from edge.errors import CameraError, CameraNotFound, CameraTimeout
from edge.frames import Frame, PixelFormat
from edge.settings import credentials

log = logging.getLogger(__name__)

# Before FFmpeg opens a stream, a TCP connection shows within this time whether anything answers at the
# address: FFmpeg would wait longer for an address that is dead.
ANSWER_WITHIN_S = 1.0
# A camera that answers may take this long to send its first complete picture.  One that sends nothing at all
# is given up sooner, by the time-out in OPENCV_FFMPEG_CAPTURE_OPTIONS.
OPEN_TIMEOUT_MS = 5_000
READ_TIMEOUT_MS = 1_000
# The longest pause between two frames of a file that is played, such as a time lapse or one with a gap.  A
# stop of the program waits for it.
MAX_PAUSE_S = 1.0
# The rate of a file that does not state one.
DEFAULT_FPS = 25.0


class VideoCamera:
    """A Camera that reads a file to its end, or a network stream until it is stopped."""

    def __init__(
        self,
        source: str,
        *,
        paced: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`source` is a path or a URL (rtsp, rtsps, http, https).

        With `paced` a file is played at its own rate, like a live camera, for people to watch; without, its
        frames come as fast as they are taken.
        """
        self._source, self._clock, self._sleep = source, clock, sleep
        spec = parse_camera(source)
        self._stream = spec if isinstance(spec, NetworkStream) else None
        self._paced = paced and self._stream is None
        self._capture: cv2.VideoCapture | None = None
        # A misspelt URL counts as a path; it may hold a password too.
        self.name = credentials.hide_secrets(source)
        self.is_live = self._stream is not None or self._paced
        self.frame_count: int | None = None
        self._rate_fps = DEFAULT_FPS
        self._next_number = 0
        self._started_s: float | None = None
        self._first_stamp_s = self._elapsed_s = 0.0

    def __enter__(self) -> Self:
        if self._stream is None and not os.path.isfile(self._source):
            raise CameraNotFound(
                f"expected a video file or a camera in {self.name}, found no file that can be read; "
                "name a file, a device, a URL or demo"
            )
        if self._stream is not None:
            _check_answers(self._stream, self.name)
        # Threads of the decoder would take the cores from the pipeline's stages.
        options = [cv2.CAP_PROP_N_THREADS, 1]
        if self._stream is not None:
            options += [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                OPEN_TIMEOUT_MS,
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                READ_TIMEOUT_MS,
            ]
        capture = cv2.VideoCapture(self._source, cv2.CAP_FFMPEG, options)
        if not capture.isOpened():
            capture.release()
            expected = "a stream that answers" if self._stream is not None else "a video that FFmpeg can read"
            raise CameraError(f"expected {expected} at {self.name}, found none; check it with another player")
        self._capture = capture
        self._rate_fps = capture.get(cv2.CAP_PROP_FPS) or DEFAULT_FPS
        frame_count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_count = frame_count if frame_count > 0 and self._stream is None else None
        self._next_number, self._started_s = 0, None
        self._first_stamp_s = self._elapsed_s = 0.0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        if self._capture is None:
            raise RuntimeError("expected an open camera: enter it first")
        began_s = self._clock()
        is_read, picture = self._capture.read()
        if not is_read:
            self._end(self._clock() - began_s)
        self._advance_time(self._clock(), self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        number = self._next_number
        self._next_number += 1
        height, width = picture.shape[:2]
        return Frame(
            np.asarray(picture, np.uint8),
            PixelFormat.BGR,
            width,
            height,
            number,
            self._clock(),
            self._elapsed_s,
        )

    def _advance_time(self, now_s: float, stamp_s: float) -> None:
        """Set the elapsed time of the frame with the time stamp `stamp_s`; in a paced file, wait for it."""
        if self._started_s is None:
            self._started_s, self._first_stamp_s = now_s, stamp_s
        elif self._stream is not None:
            self._elapsed_s = now_s - self._started_s
        else:
            since_s = stamp_s - self._first_stamp_s
            # If the time stamp of a frame is missing, the file's mean rate replaces it.
            self._elapsed_s = since_s if since_s > self._elapsed_s else self._elapsed_s + 1 / self._rate_fps
        if self._paced:
            pause_s = max(0.0, self._started_s + self._elapsed_s - now_s)
            # All later frames are due earlier by the part of the pause that is left out.
            self._started_s -= max(0.0, pause_s - MAX_PAUSE_S)
            self._sleep(min(pause_s, MAX_PAUSE_S))

    def _end(self, waited_s: float) -> NoReturn:
        """Raise what a read that failed after `waited_s` means: the end of the file, or a fault."""
        if self._stream is not None and waited_s * 1000 >= READ_TIMEOUT_MS:
            raise CameraTimeout(
                f"expected a frame from {self.name} within {READ_TIMEOUT_MS / 1000:g} s, found none; "
                "check the network and the camera"
            )
        if self._stream is not None:
            raise CameraError(
                f"expected a frame from {self.name}, found the end of the stream; check the camera"
            )
        if self.frame_count is not None and self._next_number < self.frame_count:
            log.warning(
                "%s: expected %d frames, found %d: the file is cut off or damaged",
                self.name,
                self.frame_count,
                self._next_number,
            )
        raise StopIteration


def _check_answers(stream: NetworkStream, name: str) -> None:
    """Raise CameraNotFound where nothing listens; FFmpeg finds out whether it is a camera that listens."""
    try:
        socket.create_connection(stream.split_address(), ANSWER_WITHIN_S).close()
    except (OSError, ValueError) as error:
        # The text of a ValueError may hold the password.
        found = getattr(error, "strerror", None) or "no answer"
        raise CameraNotFound(
            f"expected a camera at {name} that answers within {ANSWER_WITHIN_S:g} s, found: {found}; "
            "check the address, the network and the camera"
        ) from error
