"""The window, on SDL's dummy driver; tests/sinks/test_hdmi.py opens a real window."""

from collections.abc import Iterator

import numpy as np
import pygame
import pytest

from edge.errors import SinkError
from edge.screens.window import WindowScreen


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Iterator[WindowScreen]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    screen = WindowScreen(64, 48)
    yield screen
    screen.close()


def test_picture_is_shown_in_its_colours(window: WindowScreen) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :32] = (255, 0, 0)
    window.show(picture)
    surface = pygame.display.get_surface()
    assert surface is not None
    assert surface.get_at((5, 5))[:3] == (0, 0, 255)
    assert surface.get_at((60, 5))[:3] == (0, 0, 0)


def test_keys_are_read_by_name_and_closing_the_window_is_q(window: WindowScreen) -> None:
    window.read_keys()
    for key in (pygame.K_f, pygame.K_ESCAPE):
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
        pygame.event.post(pygame.event.Event(pygame.KEYUP, key=key))
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert window.read_keys() == ["f", "esc", "q"]
    assert window.read_keys() == []


def test_missing_desktop_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(SinkError, match="expected a desktop"):
        WindowScreen(64, 48)


def test_desktop_that_is_gone_is_reported(window: WindowScreen) -> None:
    pygame.display.quit()
    with pytest.raises(SinkError, match="expected the window to take a picture"):
        window.show(np.zeros((48, 64, 3), np.uint8))
