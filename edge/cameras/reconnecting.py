"""A live camera that may go away and come back, and a picture that says so meanwhile."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from types import TracebackType
from typing import Self

from edge.cameras.outages import OutageLog
from edge.contracts import Camera
from edge.drawing import placeholder
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout
from edge.frames import Frame, Image, PixelFormat

# How often the picture that says what is wrong is shown: often enough for viewers, watchdog and probes.
NOTICE_EVERY_S = 0.25
# The wait before the camera is tried again doubles from the first to the second: with the time that a camera takes to
# open and settle, it is seen again within 2 s.
LEAST_WAIT_S, MOST_WAIT_S = 0.1, 0.75
# How long an opened camera may take to give its first frame that can be decoded, before it is opened anew: some take
# seconds to settle, so that the patience doubles from try to try; others have to be opened once more.
LEAST_PATIENCE_S, MOST_PATIENCE_S = 1.5, 10.0
# Whether JPEGs can be decoded is looked at so often, and at each once one was found that cannot ...
LOOKED_AT_EVERY_S = 1.0
# ... until so many in a row are a fault.
MOST_UNREADABLE = 10


class ReconnectingCamera:
    """A live Camera that outlives the one it wraps: while that is away it gives frames with a notice.

    The picture says why, and so does the log, once: of a camera that was lost it is told besides only that another
    program has it, if that lasts.  Numbers and times go on as if it had been the same camera all along.  No thread is
    made: the camera is tried again by whoever asks for a frame.
    """

    is_live = True
    frame_count: int | None = None

    def __init__(
        self,
        camera: Camera,
        width: int,
        height: int,
        *,
        waits: bool = False,
        on_back: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`camera` is entered anew for each try; notices are `width` × `height` px until there was a frame.

        Without `waits` a camera that cannot be opened at first, or gives no first picture, raises, as every
        camera does.  `on_back` is called when the camera is back.
        """
        self._camera, self._waits, self._on_back = camera, waits, on_back
        self._clock, self._sleep = clock, sleep
        self._wish = width, height
        self.name = camera.name
        self._is_entered = self._is_open = False

    def __enter__(self) -> Self:
        self._size, self._count = self._wish, _Count()
        # A picture was delivered: ever, and by the camera that is open.
        self._was_there = self._is_there = False
        self._outages = OutageLog()
        self._unreadable = 0
        self._looked_at_s = self._retry_at_s = self._notice_at_s = float("-inf")
        self._wait_s, self._patience_s = LEAST_WAIT_S, LEAST_PATIENCE_S
        try:
            self._open()
        except CameraError as error:
            if not self._waits:
                raise
            self._lose(error)
        self._is_entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_entered = False
        self._leave()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """The camera's frame; or one with a notice, at once or NOTICE_EVERY_S after the last."""
        if not self._is_entered:
            raise RuntimeError("expected an open camera: enter it first")
        self._outages.sum_up(self._clock())
        try:
            frame = self._taken()
        except CameraError as error:
            if self._is_awaited(error):
                frame = None
            elif self._waits or self._was_there:
                self._lose(error)
                frame = None
            else:
                raise
        return self._noticed() if frame is None else frame

    def _taken(self) -> Frame | None:
        """A frame of the camera; None where it is not yet time to try."""
        if not self._is_open:
            if self._clock() < self._retry_at_s:
                return None
            self._open()
        frame = next(self._camera)
        self._look_at(frame)
        if self._unreadable and self._outages.is_on:
            return None
        frame = self._count.continued(frame)
        if not self._unreadable:
            self._was_there = self._is_there = True
            self._size = frame.width, frame.height
        if self._outages.is_on:
            self._outages.end(self.name, self._size, self._clock())
            self._on_back()
        return frame

    def _look_at(self, frame: Frame) -> None:
        """Raise CameraError when too many in a row cannot be decoded; of a camera that is away, for too long."""
        now_s = self._clock()
        if self._is_there and not self._unreadable and now_s - self._looked_at_s < LOOKED_AT_EVERY_S:
            return
        self._looked_at_s = now_s
        self._unreadable = 0 if frame.is_decodable else self._unreadable + 1
        is_borne = now_s < self._settled_at_s if self._outages.is_on else self._unreadable < MOST_UNREADABLE
        if self._unreadable and not is_borne:
            raise CameraError(
                f"expected pictures from {self.name}, found several in a row that cannot be "
                "decoded; try another cable or port, or another size"
            )

    def _is_awaited(self, error: CameraError) -> bool:
        """The camera was opened a moment ago and may still give its first frame; before any notice, its user waits."""
        is_settling = (
            isinstance(error, CameraTimeout)
            and self._is_open
            and not self._is_there
            and self._clock() < self._settled_at_s
        )
        if is_settling and not self._outages.is_on:
            raise error
        return is_settling

    def _open(self) -> None:
        self._camera.__enter__()
        # Only one that has opened is to be left; it may be known by another name by now.
        self._is_open, self.name = True, self._camera.name
        self._is_there, self._unreadable = False, 0
        self._settled_at_s = self._clock() + self._patience_s
        self._count.begin()

    def _leave(self) -> None:
        if self._is_open:
            self._is_open = False
            self._camera.__exit__(None, None, None)

    def _lose(self, error: CameraError) -> None:
        """Release the camera, or it would come back as another node, and wait before the next try."""
        now_s = self._clock()
        if not self._outages.is_on:
            self._wait_s, self._patience_s = LEAST_WAIT_S, LEAST_PATIENCE_S
        elif self._is_open and now_s >= self._settled_at_s:
            self._patience_s = min(MOST_PATIENCE_S, 2 * self._patience_s)
        self._leave()
        # Whatever else is found of a camera that was lost, it is its loss.
        is_news = isinstance(error, CameraBusy) or not self._was_there
        self._outages.found(f"no camera: {error}", self._reason(error), now_s, is_news=is_news)
        self._retry_at_s = now_s + self._wait_s
        self._wait_s = min(MOST_WAIT_S, 2 * self._wait_s)

    def _reason(self, error: CameraError) -> str:
        """What two errors have in common that say the same.

        One that was there is gone, whatever the name of its node and whichever others there are; where it never was,
        the user may have meant one of these.
        """
        is_gone = self._was_there and isinstance(error, CameraNotFound)
        return "gone" if is_gone else str(error).replace(self.name, "it")

    def _noticed(self) -> Frame:
        """A frame that says why there is no picture, when its time has come."""
        self._sleep(max(0.0, self._notice_at_s - self._clock()))
        now_s = self._clock()
        self._notice_at_s = now_s + NOTICE_EVERY_S
        text = self._outages.notice
        return self._count.notice(_picture(text, *self._size), text, now_s)


# Drawn once for each notice.
_picture = lru_cache(maxsize=1)(placeholder.picture)


class _Count:
    """Numbers and times that go on from one camera, and from one notice, to the next."""

    def __init__(self) -> None:
        self._number = -1
        self._captured_at_s = self._elapsed_s = 0.0
        self._started_s: float | None = None
        self._offsets: tuple[int, float] | None = None

    def begin(self) -> None:
        """The next frame is the first of another camera."""
        self._offsets = None

    def continued(self, frame: Frame) -> Frame:
        """`frame` in the count."""
        if self._started_s is None:
            self._started_s = frame.captured_at_s - frame.elapsed_s
        if self._offsets is None:
            since_s = max(self._elapsed_s, frame.captured_at_s - self._started_s)
            self._offsets = self._number + 1 - frame.number, since_s - frame.elapsed_s
        number, elapsed_s = self._offsets
        return self._counted(frame, frame.number + number, frame.captured_at_s, frame.elapsed_s + elapsed_s)

    def notice(self, picture: Image, text: str, now_s: float) -> Frame:
        """A frame of `picture` in the count, shown for `text`."""
        if self._started_s is None:
            self._started_s = now_s
        height, width = picture.shape[:2]
        frame = Frame(picture, PixelFormat.BGR, width, height, 0, now_s, 0.0, text)
        # Numbers of a camera that is open go on behind it.
        self._offsets = None
        return self._counted(frame, self._number + 1, now_s, now_s - self._started_s)

    def _counted(self, frame: Frame, number: int, captured_at_s: float, elapsed_s: float) -> Frame:
        self._number = number
        self._captured_at_s = max(self._captured_at_s, captured_at_s)
        self._elapsed_s = max(self._elapsed_s, elapsed_s)
        return replace(frame, number=number, captured_at_s=self._captured_at_s, elapsed_s=self._elapsed_s)
