"""Reads the pictures of a network camera, in a thread of its own, so that no wait holds up a stop."""

import queue
import time
from collections.abc import Callable
from typing import NoReturn

from edge.cameras.pictures import PictureConverter, TimedPicture
from edge.cameras.spec import NetworkStream
from edge.cameras.stream_faults import explain
from edge.cameras.stream_session import GRACE, Opened, StreamSession, Timeouts
from edge.errors import CameraError
from edge.threads import WorkerGroup

# How long a wait may go on after the program was asked to stop.
CHECK_EVERY_S = 0.1
# FFmpeg's own time-out ends a wait, and says why; this much later the wait ends without it, as where the
# name of the camera is looked up.
MARGIN_S = 0.25


class StreamReader:
    """The pictures of a network camera, until it ends or fails."""

    frame_count: int | None = None
    duration_s: float | None = None

    def __init__(
        self,
        stream: NetworkStream,
        name: str,
        timeouts: Timeouts,
        fps: float,
        is_stopping: Callable[[], bool],
    ) -> None:
        """Open the stream, which messages call `name`; raises CameraError.

        Every wait ends soon after `is_stopping` is true.
        """
        self._stream, self._name, self._timeouts, self._is_stopping = stream, name, timeouts, is_stopping
        self._session = StreamSession(stream, timeouts, fps)
        WorkerGroup().start("network camera", self._session.run)
        opened = self._take(timeouts.open_s)
        if not isinstance(opened, Opened):
            raise CameraError(f"expected a stream at {name}, found that the program stops")
        self.converter = PictureConverter(opened.pixel_aspect)

    def read(self) -> TimedPicture | None:
        """The next picture; None after the last one of a recording, and when the program stops.

        Raises CameraTimeout and CameraError.
        """
        item = self._take(self._timeouts.read_s)
        assert not isinstance(item, Opened)
        return item

    def close(self) -> None:
        """Let the thread end, which then leaves the camera."""
        self._session.close()

    def _take(self, within_s: float) -> TimedPicture | Opened | None:
        """What the session has next, or None when the program stops; its errors are raised as CameraError."""
        began_s = time.monotonic()
        while not self._is_stopping():
            try:
                item = self._session.items.get(timeout=CHECK_EVERY_S)
            except queue.Empty:
                if time.monotonic() - began_s > GRACE * within_s + MARGIN_S:
                    self._fail(None, within_s)
                continue
            if isinstance(item, BaseException):
                self._fail(item, within_s if time.monotonic() - began_s >= within_s else None)
            return item
        self.close()
        return None

    def _fail(self, error: BaseException | None, silent_s: float | None) -> NoReturn:
        self.close()
        raise explain(error, self._stream, self._name, self._session.step, silent_s) from error
