"""The display as a sink: its keys, and displays that come and go; on a fake screen and in a real window."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.contracts import Box
from edge.errors import SinkError
from edge.frames import Image
from edge.sinks.hdmi import RETRY_AFTER_S, HdmiSink
from tests.clocks import Clock
from tests.results import reading_of, result_of

NOISE: Image = np.random.default_rng(5).integers(0, 256, (240, 320, 3), np.uint8)
FACE = Box(100, 60, 96, 96)


class FakeScreen:
    """A screen and its keyboard."""

    mode = "a fake"

    def __init__(self, width: int, height: int) -> None:
        self.size = width, height
        self.pictures: list[Image] = []
        self.keys: list[str] = []
        self.error: SinkError | None = None
        self.is_open, self.toggled = True, 0

    def show(self, bgr: Image) -> None:
        if self.error:
            raise self.error
        self.pictures.append(bgr)

    def read_keys(self) -> Sequence[str]:
        keys, self.keys = self.keys, []
        return keys

    def toggle_full_screen(self) -> None:
        self.toggled += 1

    def close(self) -> None:
        self.is_open = False


class Desk:
    """A sink on fake screens that are made anew on each attempt."""

    def __init__(self, snapshots: Path) -> None:
        self.screens: list[FakeScreen] = []
        self.missing: SinkError | None = None
        self.quits, self.attempts, self.clock = 0, 0, Clock(100.0)
        self.sink = HdmiSink(self.make, self.quit, lambda: {"shown_fps": 30.0}, snapshots, clock=self.clock)

    def make(self, width: int, height: int) -> tuple[FakeScreen, FakeScreen]:
        self.attempts += 1
        if self.missing:
            raise self.missing
        self.screens.append(FakeScreen(width, height))
        return self.screens[-1], self.screens[-1]

    def quit(self) -> None:
        self.quits += 1

    def show(self, number: int = 0, picture: Image = NOISE) -> None:
        self.sink.show(result_of(picture, reading_of(FACE), number=number, elapsed_s=number / 30))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_picture_is_annotated_and_of_the_frames_size(desk: Desk) -> None:
    with desk.sink:
        assert not desk.sink.needs_picture
        desk.show()
        assert desk.sink.needs_picture
    (screen,) = desk.screens
    assert screen.size == (320, 240) and screen.pictures[0].shape == NOISE.shape
    assert (screen.pictures[0] != NOISE).any() and not screen.is_open


@pytest.mark.parametrize("key", ["q", "esc"])
def test_q_and_esc_quit(desk: Desk, key: str) -> None:
    with desk.sink:
        desk.show()
        desk.screens[0].keys = [key]
        desk.show()
    assert desk.quits == 1


def test_f_toggles_full_screen_and_other_keys_do_nothing(desk: Desk) -> None:
    with desk.sink:
        desk.show()
        desk.screens[0].keys = ["f", "x", "return"]
        desk.show()
    assert desk.screens[0].toggled == 1 and desk.quits == 0


def crop_face(picture: Image) -> Image:
    return picture[FACE.top + 10 : FACE.bottom - 10, FACE.left + 10 : FACE.right - 10]


def test_b_hides_the_faces_and_shows_them_again(desk: Desk) -> None:
    with desk.sink:
        desk.show()
        (screen,) = desk.screens
        clear = len(np.unique(crop_face(screen.pictures[-1])))
        screen.keys = ["b"]
        for number in range(1, 40):
            desk.show(number)
        assert len(np.unique(crop_face(screen.pictures[-1]))) < clear / 8
        screen.keys = ["b"]
        desk.clock.sleep(1.0)
        desk.show(40)
        assert len(np.unique(crop_face(screen.pictures[-1]))) == clear


def test_key_that_is_held_down_counts_once(desk: Desk) -> None:
    with desk.sink:
        desk.show()
        (screen,) = desk.screens
        clear = len(np.unique(crop_face(screen.pictures[-1])))
        screen.keys = ["b", "b"]
        for number in range(1, 40):
            desk.show(number)
            desk.clock.sleep(0.03)
            screen.keys = ["b"] if number < 10 else []
        assert len(np.unique(crop_face(screen.pictures[-1]))) < clear / 8


def test_s_saves_the_picture_as_it_is_shown(desk: Desk, tmp_path: Path) -> None:
    with desk.sink:
        desk.show()
        desk.screens[0].keys = ["s"]
        desk.show(1)
    (snapshot,) = tmp_path.glob("fer-edge-*.jpg")
    kept = cv2.imread(str(snapshot))
    assert kept is not None and kept.shape == NOISE.shape
    shown = np.asarray(cv2.imdecode(cv2.imencode(".jpg", desk.screens[0].pictures[0])[1], cv2.IMREAD_COLOR))
    np.testing.assert_array_equal(kept, shown)


def test_snapshot_that_cannot_be_written_is_one_line_and_the_pictures_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path / "nowhere")
    with desk.sink:
        desk.show()
        desk.screens[0].keys = ["s"]
        desk.show(1)
    assert len(desk.screens[0].pictures) == 2
    (line,) = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert "--snapshots" in line


def test_missing_display_is_logged_once_and_tried_again_and_costs_nothing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.missing = SinkError("no display; plug one in")
    with desk.sink:
        for step in range(100):
            desk.show(step)
            desk.clock.sleep(RETRY_AFTER_S / 10)
        assert desk.attempts == 10 and not desk.sink.needs_picture
        line = "no display, trying again: no display; plug one in"
        assert [record.message for record in caplog.records].count(line) == 1
        desk.missing = None
        desk.clock.sleep(RETRY_AFTER_S)
        desk.show()
        assert desk.sink.needs_picture and desk.screens[0].pictures


def test_picture_is_back_with_the_cable(desk: Desk) -> None:
    with desk.sink:
        desk.show()
        desk.screens[0].error = SinkError("cable pulled; plug it in again")
        desk.show()
        assert not desk.sink.needs_picture and not desk.screens[0].is_open
        desk.clock.sleep(RETRY_AFTER_S)
        desk.show()
        assert len(desk.screens[1].pictures) == 1


def test_pictures_of_another_size_get_another_screen(desk: Desk) -> None:
    with desk.sink:
        desk.show()
        desk.show(1, NOISE[:200, :300].copy())
    assert [screen.size for screen in desk.screens] == [(320, 240), (300, 200)]
    assert not any(screen.is_open for screen in desk.screens)


def run_on_desktop(script: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program with --display on a virtual desktop of 1280×800, with `script` at its keyboard."""
    options = f"--display --no-stream --snapshots {folder} {' '.join(arguments)}"
    run = f"{sys.executable} -m edge.run --camera demo {options}"
    wait = """until window=$(xwininfo -root -tree | awk '/"fer-edge"/ {print $1}'); [ -n "$window" ]; do
              sleep 0.1; kill -0 $app || exit 9; done; sleep 1"""
    return subprocess.run(
        [
            "xvfb-run",
            "--auto-servernum",
            "--server-args=-screen 0 1280x800x24",
            "bash",
            "-c",
            f"openbox & {run} & app=$!; {wait}; {script}; wait $app; echo code $?",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SDL_RENDER_DRIVER": "software"},
    )


@pytest.mark.usefixtures("desktop_there")
def test_real_keys_in_a_real_window(tmp_path: Path) -> None:
    screenshot = tmp_path / "screen.xwd"
    ended = run_on_desktop(
        f"xwd -root -silent -out {screenshot}; xdotool key s; sleep 0.5; xdotool key f; sleep 1; "
        f"xwd -root -silent -out {tmp_path}/full.xwd; xdotool key q",
        tmp_path,
    )
    assert ended.stdout.splitlines()[-1] == "code 0", ended.stderr
    assert re.search(r"display: 640×480 in a window on x11", ended.stderr)
    assert len(list(tmp_path.glob("fer-edge-*.jpg"))) == 1
    window, full = (measure_lit_share(path) for path in (screenshot, tmp_path / "full.xwd"))
    assert 0.05 < window < 0.31, "what is not black of 640×480 in 1280×800"
    assert full > 2 * window


@pytest.mark.usefixtures("desktop_there")
def test_closing_the_window_quits(tmp_path: Path) -> None:
    ended = run_on_desktop("xdotool key alt+F4", tmp_path)
    assert ended.stdout.splitlines()[-1] == "code 0", ended.stderr


def measure_lit_share(path: Path) -> float:
    """The share of the screen that is not black.

    An xwd file is a header, the colours, and rows of 32-bit pixels.
    """
    raw = path.read_bytes()
    header_bytes, _, _, _, width, height = (int.from_bytes(raw[at : at + 4], "big") for at in range(0, 24, 4))
    pixels = np.frombuffer(raw[-4 * width * height :], np.uint8).reshape(height, width, 4)
    assert header_bytes < len(raw)
    return float((pixels[..., :3].max(axis=2) > 8).mean())
