"""The display on a virtual GPU: Debian's kernel, a DRM card, keys, and what the screen shows (make test-rig).

The tests build on each other: they run in this order on one guest.  Their pictures are kept in
build/rig/pictures.
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
# Small and slow, for an emulated processor: each picture stays on the screen long enough to be captured.
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
"""The rows and columns of the picture in the smallest mode of the card, 640 × 480."""
# Mean difference in levels between a snapshot's JPEG and the screen; from the next picture it is some 20 or
# more.
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
    return save_screen(guest, "console")


def save_screen(guest: Guest, name: str) -> Image:
    picture = guest.take_screenshot()
    cv2.imwrite(str(PICTURES / f"{name}.png"), picture)
    return picture


def wait_for_picture(guest: Guest, name: str) -> Image:
    """Wait for the camera's picture on the screen; returns it."""
    guest.wait(
        "a picture", lambda: (now := guest.take_screenshot()).shape == (480, 640, 3) and now[PICTURE].any()
    )
    picture = save_screen(guest, name)
    around = picture.copy()
    around[PICTURE] = 0
    assert not around.any(), "black all around"
    return picture[PICTURE]


def wait_for_console(guest: Guest, console: Image, name: str) -> None:
    guest.wait("the console", lambda: np.array_equal(guest.take_screenshot(), console))
    save_screen(guest, name)


def measure_contrast(picture: Image) -> float:
    """The mean difference between neighbouring pixels: it is small where blocks hide a face."""
    return float(np.abs(np.diff(picture.astype(np.int16), axis=1)).mean())


def start_program(guest: Guest, name: str) -> Program:
    program = guest.start(name, *ARGUMENTS)
    program.wait_for("display: 320×240 in 640×480 at 60 Hz")
    return program


@pytest.fixture(scope="module")
def first(guest: Guest, console: Image) -> Program:
    """The program of the first tests."""
    return start_program(guest, "first")


def test_picture_is_on_the_screen_and_moves(guest: Guest, console: Image, first: Program) -> None:
    assert console.shape[1::-1] == SCREEN
    before = wait_for_picture(guest, "picture")
    guest.wait("another picture", lambda: not np.array_equal(guest.take_screenshot()[PICTURE], before))


def test_key_saves_what_is_on_the_screen(guest: Guest, first: Program) -> None:
    def is_snapshot_of_the_screen() -> bool:
        time.sleep(REPEATS_WITHIN_S)
        times = len(list_snapshots(first)) + 1
        screens = [wait_for_picture(guest, "snapshot")]
        guest.press("s")
        screens.append(guest.take_screenshot()[PICTURE])
        first.wait_for("snapshot ", times)
        kept = np.asarray(cv2.imread(str(guest.out / list_snapshots(first)[-1])), np.int16)
        return bool(min(np.abs(kept - screen).mean() for screen in screens) < SNAPSHOT_DIFFERS)

    # A picture may come and go between two screenshots.
    guest.wait("a snapshot of what the screen showed", is_snapshot_of_the_screen)


def list_snapshots(program: Program) -> list[str]:
    return re.findall(r"snapshot /mnt/(\S+)", program.output)


def test_key_hides_the_face(guest: Guest, first: Program) -> None:
    clear = measure_contrast(wait_for_picture(guest, "clear"))
    guest.press("b")
    guest.wait("blocks", lambda: measure_contrast(guest.take_screenshot()[PICTURE]) < 0.9 * clear)
    save_screen(guest, "hidden")


def test_another_program_waits_for_the_display_and_goes_on_without(
    guest: Guest, console: Image, first: Program
) -> None:
    second = guest.start("second", *ARGUMENTS, "--events", "/mnt/second.csv")
    second.wait_for("another program holds it")
    second.wait_for("captured", times=2)
    assert second.output.count("WARNING") == 1, second.output
    assert len((guest.out / "second.csv").read_text().splitlines()) > 1
    guest.press("q")
    assert first.wait_for_exit() == 0
    second.wait_for("display: ")
    wait_for_picture(guest, "second")
    second.signal("TERM")
    assert second.wait_for_exit() == 0
    wait_for_console(guest, console, "console-after-quitting")


def test_kill_gives_the_console_back(guest: Guest, console: Image) -> None:
    program = start_program(guest, "killed")
    wait_for_picture(guest, "before-the-kill")
    program.signal("KILL")
    program.wait_for_exit()
    wait_for_console(guest, console, "console-after-the-kill")


def test_missing_group_is_logged_once_and_the_rest_goes_on(guest: Guest) -> None:
    program = guest.start("nobody", *ARGUMENTS, groups=())
    program.wait_for("sudo usermod --append --groups video")
    program.wait_for("captured", times=2)
    assert program.output.count("WARNING") == 1, program.output
    program.signal("TERM")
    assert program.wait_for_exit() == 0


def test_pulled_cable_is_logged_once_and_the_picture_returns_with_it(guest: Guest, console: Image) -> None:
    program = start_program(guest, "cable")
    wait_for_picture(guest, "before-the-pull")
    guest.set_screen_size(0, 0)
    program.wait_for("found none connected")
    length = len(program.output)
    guest.wait("the pipeline to go on", lambda: program.output[length:].count("captured") == 2)
    assert program.output.count("WARNING") == 1, program.output
    guest.set_screen_size(*SCREEN)
    program.wait_for("display: ", times=2)
    wait_for_picture(guest, "cable-put-back")
    guest.press("esc")
    assert program.wait_for_exit() == 0
    wait_for_console(guest, console, "console-after-the-cable")


def test_terminal_has_the_keys_where_the_program_was_started_in_it(guest: Guest, console: Image) -> None:
    settings = partial(guest.run, "stty --all < /dev/tty1")
    before = settings()
    program = guest.start("terminal", *ARGUMENTS, groups=(VIDEO,), stdin="/dev/tty1")
    program.wait_for("display: ")
    wait_for_picture(guest, "terminal")
    assert settings() != before
    for key in ("left", "s"):
        guest.press(key)
    program.wait_for("snapshot ")
    # Keys that the tests before pressed, while no program had the terminal open, must not count.
    program.wait_for("captured", times=2)
    assert len(list_snapshots(program)) == 1
    guest.press("q")
    assert program.wait_for_exit() == 0 and settings() == before
    wait_for_console(guest, console, "console-after-the-terminal")
