"""A window under X11 or Wayland, through SDL."""

import os
import warnings
from collections.abc import Sequence

from edge.errors import SinkError
from edge.frames import Image

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
try:
    import pygame
except ImportError as missing:
    raise SinkError(
        f"expected pygame-ce for a window, found: {missing}; pip install 'fer-edge[window]'"
    ) from missing

CLOSED = "q"
TITLE = "fer-edge"


class WindowScreen:
    """A Screen that the desktop shows, scaled by SDL's renderer; one thread uses it at a time."""

    def __init__(self, width: int, height: int) -> None:
        """Open a window for pictures of `width` × `height`; SinkError when there is no desktop."""
        try:
            pygame.display.init()
            pygame.display.set_caption(TITLE)
            with warnings.catch_warnings():
                # SDL warns where it scales in software.
                warnings.simplefilter("ignore")
                # SCALED: the picture keeps its size in memory, and its shape on the screen.
                self._surface = pygame.display.set_mode((width, height), pygame.SCALED | pygame.RESIZABLE)
        except pygame.error as error:
            pygame.display.quit()
            raise SinkError(
                f"expected a desktop for the window, found: {error}; start the program in one, or without "
                "DISPLAY and WAYLAND_DISPLAY on the console"
            ) from error
        self.mode = f"a window on {pygame.display.get_driver()}"
        pygame.mouse.set_visible(True)

    def show(self, bgr: Image) -> None:
        """Put the picture (H, W, 3) in the window; SinkError when the desktop has gone."""
        picture = pygame.image.frombuffer(bgr.data, (bgr.shape[1], bgr.shape[0]), "BGR")
        try:
            self._surface.blit(picture, (0, 0))
            pygame.display.flip()
        except pygame.error as error:
            raise SinkError(
                f"expected the window to take a picture, found: {error}; start the desktop"
            ) from error

    def read_keys(self) -> Sequence[str]:
        """The keys pressed since the last call, as they are named in edge.screens.keyboard; closing the window is q."""
        keys: list[str] = []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                keys.append(CLOSED)
            elif event.type == pygame.KEYDOWN:
                keys.append(pygame.key.name(event.key).replace("escape", "esc"))
        return keys

    def toggle_full_screen(self) -> None:
        """Fill the screen, or no longer."""
        pygame.display.toggle_fullscreen()

    def close(self) -> None:
        """Close the window."""
        pygame.display.quit()
