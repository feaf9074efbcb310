"""The annotated picture on a display of this very machine, and the keys that are pressed before it."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import cv2

from edge.contracts import Result
from edge.drawing import overlay
from edge.drawing.blur import FaceBlur
from edge.errors import SinkError
from edge.frames import Image

log = logging.getLogger(__name__)

# How soon the picture is back after the cable.
AGAIN_AFTER_S = 1.0
# Linux's console begins to repeat a key that is held down after a quarter of a second, a desktop after up to half.
REPEATS_WITHIN_S = 0.6
QUIT, FULL_SCREEN, BLUR, SNAPSHOT = ("q", "esc"), "f", "b", "s"


class Screen(Protocol):
    """What shows pictures of one size, one thread at a time; making one raises SinkError where there is none."""

    mode: str
    """What the log says of it."""

    def show(self, bgr: Image, /) -> None:
        """Put the picture (H, W, 3) on it; SinkError when it is gone."""
        ...

    def toggle_full_screen(self) -> None:
        """Fill the desktop, or no longer; on a console there is nothing but the full screen."""
        ...

    def close(self) -> None:
        """Give it back as it was."""
        ...


class Keyboard(Protocol):
    """What tells of the keys pressed before a screen."""

    def read_keys(self) -> Sequence[str]:
        """The letters, and esc, since the last call."""
        ...

    def close(self) -> None:
        """Give it back as it was."""
        ...


class HdmiSink:
    """A Sink that shows every picture, and lets whoever stands before it quit, hide faces and keep a snapshot.

    A display that is missing, taken or unplugged is told once, costs the other sinks nothing, and is tried again
    every AGAIN_AFTER_S.
    """

    name = "display"

    def __init__(
        self,
        make_screen: Callable[[int, int], tuple[Screen, Keyboard]],
        on_quit: Callable[[], None],
        figures: Callable[[], dict[str, float]],
        snapshots: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`make_screen` is given width and height of the pictures; `on_quit` is called in the delivering thread."""
        self._make_screen, self._on_quit, self._figures = make_screen, on_quit, figures
        self._snapshots, self._clock = snapshots, clock
        self._screen: Screen | None = None
        self._reason = ""

    @property
    def needs_picture(self) -> bool:
        """There is a display to show pictures on."""
        return self._screen is not None

    def __enter__(self) -> Self:
        self._size = (0, 0)
        self._tried_at_s = float("-inf")
        # Whose faces are hidden at this display alone; --blur hides them before any sink.
        self._veil: FaceBlur | None = None
        self._shown: Image | None = None
        self._pressed_at_s: dict[str, float] = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def show(self, result: Result) -> None:
        """Do what the keys ask for, then show the picture if there is a display."""
        size = (result.frame.width, result.frame.height)
        if size != self._size:
            self._close()
            self._size, self._tried_at_s = size, float("-inf")
        screen = self._screen or self._open()
        if screen is None:
            return
        try:
            for key in self._keyboard.read_keys():
                if not self._is_repeated(key):
                    self._press(screen, key)
            for shown in [result] if self._veil is None else self._veil.cover(result):
                self._shown = overlay.draw(shown, corner=f"{self._figures()['shown_fps']:.1f} FPS")
                screen.show(self._shown)
        except SinkError as error:
            self._lose(error)

    def _is_repeated(self, key: str) -> bool:
        """The key is held down, which a terminal tells as the same key again and again: faces would come back."""
        now_s = self._clock()
        last_s = self._pressed_at_s.get(key, float("-inf"))
        self._pressed_at_s[key] = now_s
        return now_s - last_s < REPEATS_WITHIN_S

    def _press(self, screen: Screen, key: str) -> None:
        if key in QUIT:
            self._on_quit()
        elif key == BLUR:
            self._veil = FaceBlur() if self._veil is None else None
        elif key == SNAPSHOT and self._shown is not None:
            self._keep(self._shown)
        elif key == FULL_SCREEN:
            screen.toggle_full_screen()

    def _keep(self, picture: Image) -> None:
        """Write `picture` to a file of its own."""
        path = self._snapshots / f"fer-edge-{datetime.now():%Y%m%d-%H%M%S-%f}.jpg"
        _, jpeg = cv2.imencode(".jpg", picture)
        try:
            path.write_bytes(jpeg.tobytes())
        except OSError as error:
            log.error(
                "expected to write %s, found: %s; make room, or name another folder with --snapshots",
                path,
                error.strerror,
            )
        else:
            log.info("snapshot %s", path)

    def _open(self) -> Screen | None:
        now_s = self._clock()
        if now_s - self._tried_at_s < AGAIN_AFTER_S:
            return None
        self._tried_at_s = now_s
        try:
            self._screen, self._keyboard = self._make_screen(*self._size)
        except SinkError as error:
            self._lose(error)
            return None
        self._reason = ""
        log.info("display: %d×%d in %s", *self._size, self._screen.mode)
        return self._screen

    def _lose(self, error: SinkError) -> None:
        self._close()
        if str(error) != self._reason:
            self._reason = str(error)
            log.warning("no display, tried again: %s", error)

    def _close(self) -> None:
        if self._screen is not None:
            screen, self._screen = self._screen, None
            try:
                self._keyboard.close()
            finally:
                screen.close()
