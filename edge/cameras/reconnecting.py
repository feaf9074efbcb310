"""A live camera that may go away and come back, and the picture that is shown meanwhile."""

import time
from collections.abc import Callable, Iterator
from enum import Enum, auto
from functools import lru_cache
from types import TracebackType
from typing import Self

from edge.cameras.numbering import FrameNumbering
from edge.cameras.outages import OutageLog
from edge.contracts import Camera
from edge.drawing import placeholder
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout
from edge.frames import Frame

# How often the notice is delivered: often enough for viewers, the watchdog and health probes.
NOTICE_EVERY_S = 0.25
# The wait before the next try doubles from the first value to the second.  With the time that a camera takes
# to open and settle, a camera that is back is seen within 2 s.
MIN_WAIT_S, MAX_WAIT_S = 0.1, 0.75
# How long an opened camera may take to deliver its first decodable frame before it is opened again.  Some
# cameras need seconds to settle, so this time doubles from try to try; others have to be opened once more.
MIN_START_S, MAX_START_S = 1.5, 10.0
# How often a frame is checked for whether it can be decoded; after one that cannot, every frame is checked.
CHECK_EVERY_S = 1.0
# The number of undecodable frames in a row that counts as a fault.
MAX_UNDECODABLE = 10


class CameraState(Enum):
    """What a ReconnectingCamera does at the moment.

    state        what happens                             next state
    CLOSED       it is entered, and the camera opens      STARTING
                 it is entered, and opening fails         AWAY *
    STARTING     the camera delivers a picture            DELIVERING
                 a fault                                  AWAY *
    DELIVERING   a fault                                  AWAY
    AWAY         a try to open the camera succeeds        SETTLING
    SETTLING     the camera delivers a picture            DELIVERING
                 a fault, or no picture in time           AWAY
    any state    it is left                               CLOSED

    * Without `wait_at_start` it raises the error and keeps its state.
    """

    CLOSED = auto()
    """It was not entered, or was left."""
    STARTING = auto()
    """The camera was opened when this was entered, and has delivered no picture yet."""
    DELIVERING = auto()
    """The camera is open and delivers pictures."""
    AWAY = auto()
    """The camera is released, and will be opened again soon; meanwhile notices are delivered."""
    SETTLING = auto()
    """The camera was opened again and has delivered no picture yet; meanwhile notices are delivered."""


class ReconnectingCamera:
    """A live Camera around another one; while that is away it delivers frames with a notice.

    The picture shows why the camera is away, and the log gets the reason once.  After a camera was lost, the
    log gets a further reason only if another program holds the camera and goes on doing so.  Numbers and
    times continue as if there had been no outage.  There is no extra thread: the thread that asks for a frame
    also tries to open the camera again.
    """

    is_live = True
    frame_count: int | None = None

    def __init__(
        self,
        camera: Camera,
        width: int,
        height: int,
        *,
        wait_at_start: bool = False,
        on_reconnect: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`camera` is entered anew for each try; notices are `width` × `height` px until there was a picture.

        With `wait_at_start`, a camera that cannot be opened at first, or delivers no first picture, counts as
        away; otherwise it raises an error, as every camera does.  `on_reconnect` is called when the camera is
        back after it was away.
        """
        self._camera, self._wait_at_start, self._on_reconnect = camera, wait_at_start, on_reconnect
        self._clock, self._sleep = clock, sleep
        self._asked_size = width, height
        self.name = camera.name
        self._state = CameraState.CLOSED
        self._size, self._has_delivered = self._asked_size, False
        self._numbering, self._retries, self._outages = FrameNumbering(), _Retries(), OutageLog()
        self._undecodable, self._checked_at_s, self._notice_at_s = 0, float("-inf"), float("-inf")

    def __enter__(self) -> Self:
        self._size, self._has_delivered = self._asked_size, False
        self._numbering, self._retries, self._outages = FrameNumbering(), _Retries(), OutageLog()
        self._undecodable, self._checked_at_s, self._notice_at_s = 0, float("-inf"), float("-inf")
        try:
            self._open(CameraState.STARTING)
        except CameraError as error:
            if not self._wait_at_start:
                raise
            self._handle_loss(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release(CameraState.CLOSED)

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """The camera's frame; or a notice, at once or NOTICE_EVERY_S after the last one."""
        if self._state is CameraState.CLOSED:
            raise RuntimeError("expected an open camera: enter it first")
        self._outages.log_summary(self._clock())
        if self._state is CameraState.AWAY:
            self._retry_if_due()
        frame = None if self._state is CameraState.AWAY else self._read()
        return self._make_notice() if frame is None else frame

    def _retry_if_due(self) -> None:
        if self._clock() >= self._retries.next_try_s:
            try:
                self._open(CameraState.SETTLING)
            except CameraError as error:
                self._handle_loss(error)

    def _open(self, state: CameraState) -> None:
        """Open the camera and go to `state`; CameraError leaves the state as it is."""
        self._camera.__enter__()
        # A camera that was plugged in again may have another name.
        self.name = self._camera.name
        self._state, self._undecodable = state, 0
        self._retries.start_deadline(self._clock())
        self._numbering.restart()

    def _release(self, state: CameraState) -> None:
        """Release the camera if it is open, and go to `state`."""
        is_open = self._state in (CameraState.STARTING, CameraState.DELIVERING, CameraState.SETTLING)
        self._state = state
        if is_open:
            self._camera.__exit__(None, None, None)

    def _read(self) -> Frame | None:
        """Read a frame of the open camera; None when a notice must be delivered in its place."""
        try:
            frame = next(self._camera)
            self._check_decodable(frame)
        except CameraError as error:
            if isinstance(error, CameraTimeout) and self._may_still_start():
                if self._state is CameraState.STARTING:
                    # As with every camera, the caller decides how long to wait for the first frame.
                    raise
                return None
            self._handle_loss(error)
            return None
        if self._state is CameraState.SETTLING and self._undecodable:
            return None
        frame = self._numbering.renumber(frame)
        if not self._undecodable:
            self._mark_delivering(frame)
        return frame

    def _may_still_start(self) -> bool:
        """Whether the camera was opened so recently that its first picture may still come."""
        has_no_picture = self._state in (CameraState.STARTING, CameraState.SETTLING)
        return has_no_picture and self._clock() < self._retries.first_frame_deadline_s

    def _mark_delivering(self, frame: Frame) -> None:
        """Go to DELIVERING, because `frame` holds a picture: a camera that was away is back."""
        was_away = self._state is CameraState.SETTLING
        self._state, self._has_delivered = CameraState.DELIVERING, True
        self._size = frame.width, frame.height
        if was_away:
            self._outages.end(self.name, self._size, self._clock())
            self._on_reconnect()

    def _check_decodable(self, frame: Frame) -> None:
        """Raise CameraError if too many frames in a row cannot be decoded, or if settling takes too long."""
        now_s = self._clock()
        is_sampling = self._state is CameraState.DELIVERING and not self._undecodable
        if is_sampling and now_s - self._checked_at_s < CHECK_EVERY_S:
            return
        self._checked_at_s = now_s
        self._undecodable = 0 if frame.is_decodable else self._undecodable + 1
        if self._state is CameraState.SETTLING:
            is_tolerable = now_s < self._retries.first_frame_deadline_s
        else:
            is_tolerable = self._undecodable < MAX_UNDECODABLE
        if self._undecodable and not is_tolerable:
            raise CameraError(
                f"expected pictures from {self.name}, found several in a row that cannot be "
                "decoded; try another cable or port, or another size"
            )

    def _handle_loss(self, error: CameraError) -> None:
        """Go to AWAY because of `error`; without `wait_at_start`, raise it if the camera is only starting."""
        if self._state is CameraState.STARTING and not self._wait_at_start:
            raise error
        now_s = self._clock()
        if self._state is CameraState.SETTLING:
            self._retries.extend_deadline(now_s)
        elif self._state is not CameraState.AWAY:
            self._retries.reset()
        # While a device node is open, the kernel gives a camera that is plugged in again another node.
        self._release(CameraState.AWAY)
        # After a loss, further errors only follow from it, unless another program takes the camera.
        is_news = isinstance(error, CameraBusy) or not self._has_delivered
        self._outages.report(f"no camera: {error}", self._get_reason(error), now_s, is_news=is_news)
        self._retries.schedule(now_s)

    def _get_reason(self, error: CameraError) -> str:
        """A text that is equal for two errors with the same cause.

        For a camera that was there, every CameraNotFound has the same cause, though their texts name
        different nodes and cameras.  For a camera that never was there, the texts count: the list of cameras
        in them shows the user which name to use.
        """
        is_gone = self._has_delivered and isinstance(error, CameraNotFound)
        return "gone" if is_gone else str(error).replace(self.name, "it")

    def _make_notice(self) -> Frame:
        """Wait until a notice is due; return a frame with it."""
        self._sleep(max(0.0, self._notice_at_s - self._clock()))
        now_s = self._clock()
        self._notice_at_s = now_s + NOTICE_EVERY_S
        text = self._outages.notice
        return self._numbering.number_notice(_draw_notice(text, *self._size), text, now_s)


# The picture is drawn once for each notice.
_draw_notice = lru_cache(maxsize=1)(placeholder.draw)


class _Retries:
    """When the camera is tried again, and how long it is then given to deliver a picture."""

    def __init__(self) -> None:
        self.next_try_s = self.first_frame_deadline_s = float("-inf")
        self._wait_s, self._start_s = MIN_WAIT_S, MIN_START_S

    def reset(self) -> None:
        """An outage begins: try again soon, and with the shortest time for the first frame."""
        self._wait_s, self._start_s = MIN_WAIT_S, MIN_START_S

    def start_deadline(self, now_s: float) -> None:
        """The camera was opened: set the time by which it must deliver its first frame."""
        self.first_frame_deadline_s = now_s + self._start_s

    def extend_deadline(self, now_s: float) -> None:
        """The opened camera failed: if it was out of time, give it more on the next try."""
        if now_s >= self.first_frame_deadline_s:
            self._start_s = min(MAX_START_S, 2 * self._start_s)

    def schedule(self, now_s: float) -> None:
        """Set the time of the next try; each wait is longer than the last one."""
        self.next_try_s = now_s + self._wait_s
        self._wait_s = min(MAX_WAIT_S, 2 * self._wait_s)
