"""The display on a virtual GPU: Debian's kernel, a real card, real keys and what the screen shows (make test-rig).

The tests are the chapters of one story on one guest, in this order.  The pictures are kept in build/rig/pictures.
"""

import re
import shutil
import time
from collections.abc import Iterator
from functools import partial

import cv2
import numpy as np
import pytest

from edge.frames import Image
from edge.sinks.hdmi import REPEATS_WITHIN_S
from tests.rig.computer import BUILD
from tests.rig.guest import SCREEN, VIDEO, Guest, Program

PICTURES = BUILD / "pictures"
# Small and slow, for a processor that is translated: each picture is on the screen long enough to be looked at.
ARGUMENTS = (
    "--camera",
    "demo",
    "--width",
    "320",
    "--height",
    "240",
    "--fps",
    "5",
    "--display",
    "--no-stream",
    "--log-every",
    "2",
    "--snapshots",
    "/mnt",
)
PICTURE = slice(120, 360), slice(160, 480)
"""Where the picture stands in the smallest mode of the card, 640 × 480."""
# Levels; how far a snapshot's JPEG is from what the screen showed. A picture later it is some 20, and more.
SNAPSHOT_DIFFERS = 5


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    with Guest() as booted:
        booted.run("echo The console is here. > /dev/tty1")
        yield booted


@pytest.fixture(scope="module")
def console(guest: Guest) -> Image:
    return seen(guest, "console")


def seen(guest: Guest, name: str) -> Image:
    picture = guest.screen()
    cv2.imwrite(str(PICTURES / f"{name}.png"), picture)
    return picture


def shown(guest: Guest, name: str) -> Image:
    """The camera's picture on the screen, once there is one."""
    guest.wait("a picture", lambda: (now := guest.screen()).shape == (480, 640, 3) and now[PICTURE].any())
    picture = seen(guest, name)
    around = picture.copy()
    around[PICTURE] = 0
    assert not around.any(), "black all around"
    return picture[PICTURE]


def wait_for_console(guest: Guest, console: Image, name: str) -> None:
    guest.wait("the console", lambda: np.array_equal(guest.screen(), console))
    seen(guest, name)


def steps(picture: Image) -> float:
    """How much of a picture changes from a pixel to the next: little where blocks hide a face."""
    return float(np.abs(np.diff(picture.astype(np.int16), axis=1)).mean())


def start(guest: Guest, name: str) -> Program:
    program = guest.start(name, *ARGUMENTS)
    program.wait_for("display: 320×240 in 640×480 at 60 Hz")
    return program


@pytest.fixture(scope="module")
def first(guest: Guest, console: Image) -> Program:
    """The program of the first chapters."""
    return start(guest, "first")


def test_picture_is_on_the_screen_and_moves(guest: Guest, console: Image, first: Program) -> None:
    assert console.shape[1::-1] == SCREEN
    before = shown(guest, "picture")
    guest.wait("another picture", lambda: not np.array_equal(guest.screen()[PICTURE], before))


def test_key_keeps_what_is_on_the_screen(guest: Guest, first: Program) -> None:
    def is_kept_as_seen() -> bool:
        time.sleep(REPEATS_WITHIN_S)
        times = len(snapshots(first)) + 1
        screens = [shown(guest, "snapshot")]
        guest.press("s")
        screens.append(guest.screen()[PICTURE])
        first.wait_for("snapshot ", times)
        kept = np.asarray(cv2.imread(str(guest.out / snapshots(first)[-1])), np.int16)
        return min(np.abs(kept - screen).mean() for screen in screens) < SNAPSHOT_DIFFERS

    # A picture may come and go between two looks at the screen.
    guest.wait("a snapshot of what was seen on the screen", is_kept_as_seen)


def snapshots(program: Program) -> list[str]:
    return re.findall(r"snapshot /mnt/(\S+)", program.said)


def test_key_hides_the_face(guest: Guest, first: Program) -> None:
    clear = steps(shown(guest, "clear"))
    guest.press("b")
    guest.wait("blocks", lambda: steps(guest.screen()[PICTURE]) < 0.9 * clear)
    seen(guest, "hidden")


def test_another_program_waits_for_the_display_and_goes_on_without(
    guest: Guest, console: Image, first: Program
) -> None:
    second = guest.start("second", *ARGUMENTS, "--events", "/mnt/second.csv")
    second.wait_for("another program holds it")
    second.wait_for("captured", times=2)
    assert second.said.count("WARNING") == 1, second.said
    assert len((guest.out / "second.csv").read_text().splitlines()) > 1
    guest.press("q")
    assert first.ended() == 0
    second.wait_for("display: ")
    shown(guest, "second")
    second.signal("TERM")
    assert second.ended() == 0
    wait_for_console(guest, console, "console-after-quitting")


def test_kill_gives_the_console_back(guest: Guest, console: Image) -> None:
    program = start(guest, "killed")
    shown(guest, "before-the-kill")
    program.signal("KILL")
    program.ended()
    wait_for_console(guest, console, "console-after-the-kill")


def test_missing_group_is_told_once_and_the_rest_goes_on(guest: Guest) -> None:
    program = guest.start("nobody", *ARGUMENTS, groups=())
    program.wait_for("sudo usermod --append --groups video")
    program.wait_for("captured", times=2)
    assert program.said.count("WARNING") == 1, program.said
    program.signal("TERM")
    assert program.ended() == 0


def test_pulled_cable_is_told_once_and_the_picture_returns_with_it(guest: Guest, console: Image) -> None:
    program = start(guest, "cable")
    shown(guest, "before-the-pull")
    guest.plug(0, 0)
    program.wait_for("found none connected")
    said = len(program.said)
    guest.wait("the line to go on", lambda: program.said[said:].count("captured") == 2)
    assert program.said.count("WARNING") == 1, program.said
    guest.plug(*SCREEN)
    program.wait_for("display: ", times=2)
    shown(guest, "cable-put-back")
    guest.press("esc")
    assert program.ended() == 0
    wait_for_console(guest, console, "console-after-the-cable")


def test_terminal_has_the_keys_where_the_program_was_started_in_it(guest: Guest, console: Image) -> None:
    settings = partial(guest.run, "stty --all < /dev/tty1")
    before = settings()
    program = guest.start("terminal", *ARGUMENTS, groups=(VIDEO,), stdin="/dev/tty1")
    program.wait_for("display: ")
    shown(guest, "terminal")
    assert settings() != before
    for key in ("left", "s"):
        guest.press(key)
    program.wait_for("snapshot ")
    # The keys of the chapters before, in which nobody had the terminal open, are no keys of this one.
    program.wait_for("captured", times=2)
    assert len(snapshots(program)) == 1
    guest.press("q")
    assert program.ended() == 0 and settings() == before
    wait_for_console(guest, console, "console-after-the-terminal")
