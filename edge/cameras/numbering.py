"""Continues frame numbers and times across reopenings of a camera, and across the notices in between."""

from edge.frames import Frame, Image, PixelFormat


class FrameNumbering:
    """Numbers the frames of one camera across all its openings, and the notices between them."""

    def __init__(self) -> None:
        self._number = -1
        self._captured_at_s = self._elapsed_s = 0.0
        self._started_s: float | None = None
        # The numbers and elapsed times of the camera begin at 0 each time that it is opened.  These are added
        # to them: to the number, and to the elapsed time, s.
        self._offsets: tuple[int, float] | None = None

    def restart(self) -> None:
        """Call it when the camera was opened: its next frame is the first."""
        self._offsets = None

    def renumber(self, frame: Frame) -> Frame:
        """`frame` with the number and the times that follow those before it."""
        if self._started_s is None:
            self._started_s = frame.captured_at_s - frame.elapsed_s
        if self._offsets is None:
            since_s = max(self._elapsed_s, frame.captured_at_s - self._started_s)
            self._offsets = self._number + 1 - frame.number, since_s - frame.elapsed_s
        number, elapsed_s = self._offsets
        return self._continue(frame, frame.number + number, frame.captured_at_s, frame.elapsed_s + elapsed_s)

    def number_notice(self, picture: Image, text: str, now_s: float) -> Frame:
        """A frame of `picture` with the notice `text` and the next number."""
        if self._started_s is None:
            self._started_s = now_s
        height, width = picture.shape[:2]
        frame = Frame(picture, PixelFormat.BGR, width, height, 0, now_s, 0.0, text)
        # An open camera that is still settling must number its next frame after this notice.
        self._offsets = None
        return self._continue(frame, self._number + 1, now_s, now_s - self._started_s)

    def _continue(self, frame: Frame, number: int, captured_at_s: float, elapsed_s: float) -> Frame:
        """`frame` with that number and those times; a time before that of the last frame is set to that."""
        self._number = number
        self._captured_at_s = max(self._captured_at_s, captured_at_s)
        self._elapsed_s = max(self._elapsed_s, elapsed_s)
        return frame.renumber(number, self._captured_at_s, self._elapsed_s)
