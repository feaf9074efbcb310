"""A window on an X11 or Wayland desktop, through SDL."""

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

# Closing the window counts as this key, which quits the program.
CLOSE_KEY = "q"
TITLE = "fer-edge"


class WindowScreen:
    """A Screen and its Keyboard: a window whose picture SDL's renderer scales."""

    def __init__(self, width: int, height: int) -> None:
        """Open a window for pictures of `width` × `height`; SinkError if there is no desktop."""
        try:
            pygame.display.init()
            pygame.display.set_caption(TITLE)
            with warnings.catch_warnings():
                # SDL warns if it scales in software.
                warnings.simplefilter("ignore")
                # With SCALED the surface keeps its size, and the picture its proportions on the screen.
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
        """Show the picture, (H, W, 3); SinkError when the desktop is gone."""
        picture = pygame.image.frombuffer(bgr.data, (bgr.shape[1], bgr.shape[0]), "BGR")
        try:
            self._surface.blit(picture, (0, 0))
            pygame.display.flip()
        except pygame.error as error:
            raise SinkError(
                f"expected the window to take a picture, found: {error}; start the desktop"
            ) from error

    def read_keys(self) -> Sequence[str]:
        """The keys pressed since the last call, named as in screens/keyboard.py; closing the window is q."""
        keys: list[str] = []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                keys.append(CLOSE_KEY)
            elif event.type == pygame.KEYDOWN:
                keys.append(pygame.key.name(event.key).replace("escape", "esc"))
        return keys

    def toggle_full_screen(self) -> None:
        """Switch between a window and the full screen."""
        pygame.display.toggle_fullscreen()

    def close(self) -> None:
        """Close the window."""
        pygame.display.quit()
