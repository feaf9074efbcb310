"""Shows the annotated picture on a display of this device, and obeys the keys of its keyboard."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from edge.contracts import Keyboard, Result, Screen
from edge.drawing import overlay
from edge.drawing.blur import FaceBlur
from edge.errors import SinkError
from edge.frames import Image

log = logging.getLogger(__name__)

# The time between two tries to open the display, and so until the picture is back after its cable was plugged
# in again.
RETRY_AFTER_S = 1.0
# When a key is held down, Linux's console begins to repeat it after a quarter of a second, a desktop after up
# to half a second.
REPEATS_WITHIN_S = 0.6
QUIT, FULL_SCREEN, BLUR, SNAPSHOT = ("q", "esc"), "f", "b", "s"


class HdmiSink:
    """A Sink that shows every picture; keys quit the program, hide faces and save a snapshot.

    A display that is missing, in use or unplugged is logged once and does not disturb the other sinks; this
    sink tries to open it again every RETRY_AFTER_S.
    """

    name = "display"

    def __init__(
        self,
        make_screen: Callable[[int, int], tuple[Screen, Keyboard]],
        on_quit: Callable[[], None],
        read_stats: Callable[[], Mapping[str, float]],
        snapshots: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`make_screen` takes the width and the height of the pictures, px.

        `on_quit` is called in the delivering thread, `read_stats` returns the app's speed by name, and
        `snapshots` is the folder of the snapshots.
        """
        self._make_screen, self._on_quit, self._read_stats = make_screen, on_quit, read_stats
        self._snapshots, self._clock = snapshots, clock
        self._screen: Screen | None = None
        self._keyboard: Keyboard | None = None
        self._problem = ""
        self._size = (0, 0)
        self._tried_at_s = -math.inf
        # Hides the faces at this display alone; --blur hides them before any sink.
        self._blur: FaceBlur | None = None
        self._shown: Image | None = None
        self._pressed_at_s: dict[str, float] = {}

    @property
    def needs_picture(self) -> bool:
        """Whether a display is open."""
        return self._screen is not None

    def __enter__(self) -> Self:
        self._tried_at_s, self._blur, self._shown = -math.inf, None, None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def show(self, result: Result) -> None:
        """Obey the keys that were pressed, then show the picture if there is a display."""
        size = (result.frame.width, result.frame.height)
        if size != self._size:
            self._close()
            self._size, self._tried_at_s = size, -math.inf
        screen = self._screen or self._open()
        if screen is None:
            return
        try:
            self._obey_keys(screen)
            for visible in [result] if self._blur is None else self._blur.blur(result):
                self._shown = overlay.draw(visible, corner=f"{self._read_stats()['shown_fps']:.1f} FPS")
                screen.show(self._shown)
        except SinkError as error:
            self._handle_loss(error)

    def _obey_keys(self, screen: Screen) -> None:
        if self._keyboard is None:
            return
        for key in self._keyboard.read_keys():
            if not self._is_repeated(key):
                self._obey_key(screen, key)

    def _is_repeated(self, key: str) -> bool:
        """Whether the key is held down and only repeated: a second B would show the hidden faces."""
        now_s = self._clock()
        last_s = self._pressed_at_s.get(key, -math.inf)
        self._pressed_at_s[key] = now_s
        return now_s - last_s < REPEATS_WITHIN_S

    def _obey_key(self, screen: Screen, key: str) -> None:
        if key in QUIT:
            self._on_quit()
        elif key == BLUR:
            self._blur = FaceBlur() if self._blur is None else None
        elif key == SNAPSHOT and self._shown is not None:
            self._save_snapshot(self._shown)
        elif key == FULL_SCREEN:
            screen.toggle_full_screen()

    def _save_snapshot(self, picture: Image) -> None:
        """Write `picture` to a new file, whose name is the date and the time."""
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
        if now_s - self._tried_at_s < RETRY_AFTER_S:
            return None
        self._tried_at_s = now_s
        try:
            self._screen, self._keyboard = self._make_screen(*self._size)
        except SinkError as error:
            self._handle_loss(error)
            return None
        self._problem = ""
        log.info("display: %d×%d in %s", *self._size, self._screen.mode)
        return self._screen

    def _handle_loss(self, error: SinkError) -> None:
        """Close the display, and log `error` unless it was logged just before."""
        self._close()
        if str(error) != self._problem:
            self._problem = str(error)
            log.warning("no display, trying again: %s", error)

    def _close(self) -> None:
        screen, self._screen = self._screen, None
        keyboard, self._keyboard = self._keyboard, None
        try:
            if keyboard is not None:
                keyboard.close()
        finally:
            if screen is not None:
                screen.close()
