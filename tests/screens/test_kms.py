"""The console's screen, on a fake card."""

import errno
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.errors import SinkError
from edge.frames import Image
from edge.screens.card import Kernel
from edge.screens.kms import KmsScreen
from edge.screens.modes import Placement, choose_mode, fit_picture
from tests.screens.fake_kernel import CONSOLE_FB, FakeKernel, make_mode

RED, BLUE = (0, 0, 255), (255, 0, 0)


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    (tmp_path / "card0").touch()
    return tmp_path


def make_picture(colour: tuple[int, int, int] = RED, width: int = 640, height: int = 480) -> Image:
    return np.full((height, width, 3), colour, np.uint8)


def open_screen(kernel: FakeKernel, cards: Path, width: int = 640, height: int = 480) -> KmsScreen:
    return KmsScreen(width, height, cards=cards, kernel=kernel)  # type: ignore[arg-type]


def read_pixels(kernel: FakeKernel, fb: int) -> Image:
    width, pitch, memory = kernel.picture(fb)
    return np.frombuffer(memory, np.uint8).reshape(-1, pitch)[:, : 4 * width].reshape(-1, width, 4)


@pytest.fixture
def planeless(cards: Path) -> Iterator[tuple[FakeKernel, KmsScreen]]:
    """A screen without an overlay plane."""
    kernel = FakeKernel()
    screen = open_screen(kernel, cards)
    yield kernel, screen
    screen.close()


def test_mode_is_the_one_that_fits_the_picture_where_nothing_scales(
    planeless: tuple[FakeKernel, KmsScreen],
) -> None:
    kernel, screen = planeless
    assert kernel.mode_on_crtc == (640, 480) and screen.mode == "640×480 at 60 Hz"


def test_picture_is_drawn_in_the_buffer_that_is_not_shown(planeless: tuple[FakeKernel, KmsScreen]) -> None:
    kernel, screen = planeless
    for colour in (RED, BLUE, RED):
        shown_before = kernel.fb_on_crtc
        screen.show(make_picture(colour))
        assert kernel.flips[-1] != shown_before
        assert (read_pixels(kernel, kernel.flips[-1])[..., :3] == colour).all()
        kernel.read(1000, 1)
        kernel.pending.append(kernel.flips[-1])
    assert len(set(kernel.flips)) == 2


def test_picture_that_comes_before_the_last_is_shown_is_left_out(
    planeless: tuple[FakeKernel, KmsScreen],
) -> None:
    kernel, screen = planeless
    screen.show(make_picture(RED))
    waiting = kernel.pending.copy()
    kernel.pending.clear()
    screen.show(make_picture(BLUE))
    assert len(kernel.flips) == 1
    kernel.pending.extend(waiting)
    screen.show(make_picture(BLUE))
    assert len(kernel.flips) == 2


def test_picture_stands_in_the_middle_of_a_mode_that_is_larger(cards: Path) -> None:
    kernel = FakeKernel(modes=[make_mode(1920, 1080, preferred=True), make_mode(800, 600)])
    screen = open_screen(kernel, cards)
    screen.show(make_picture(RED))
    shown = read_pixels(kernel, kernel.flips[-1])[..., :3]
    assert shown.shape[:2] == (600, 800)
    assert (shown[60:540, 80:720] == RED).all()
    assert shown.astype(int).sum() == 640 * 480 * 255
    screen.close()


def test_picture_too_large_for_the_display_is_shrunk_in_its_shape(cards: Path) -> None:
    kernel = FakeKernel(modes=[make_mode(640, 480)])
    screen = open_screen(kernel, cards, 1280, 720)
    screen.show(make_picture(RED, 1280, 720))
    shown = read_pixels(kernel, kernel.flips[-1])[..., :3]
    assert (shown[60:420] == RED).all() and not shown[:60].any() and not shown[420:].any()
    screen.close()


def test_plane_scales_to_the_displays_own_mode(cards: Path) -> None:
    kernel = FakeKernel(has_plane=True)
    screen = open_screen(kernel, cards)
    shown: list[int] = []
    for colour in (RED, BLUE, RED):
        screen.show(make_picture(colour))
        assert kernel.on_plane is not None
        shown.append(kernel.on_plane.fb)
        assert (read_pixels(kernel, kernel.on_plane.fb)[..., :3] == colour).all()
    assert kernel.mode_on_crtc == (1920, 1080) and not kernel.flips
    place = kernel.on_plane
    assert place is not None
    assert (place.left, place.top, place.width, place.height) == (240, 0, 1440, 1080)
    assert (place.source_width, place.source_height) == (640 << 16, 480 << 16)
    assert shown[0] != shown[1] == shown[1] and shown[0] == shown[2]
    screen.close()


def test_plane_that_cannot_scale_gives_way_to_the_nearest_mode(cards: Path) -> None:
    kernel = FakeKernel(has_plane=True, plane_scales=False)
    screen = open_screen(kernel, cards)
    assert kernel.mode_on_crtc == (640, 480)
    screen.show(make_picture())
    assert kernel.flips and len(kernel.sizes) == 2, "the buffers of the plane are given back"
    screen.close()


@pytest.mark.parametrize("has_plane", [True, False])
def test_console_is_given_back_as_it_was(cards: Path, has_plane: bool) -> None:
    kernel = FakeKernel(has_plane=has_plane)
    screen = open_screen(kernel, cards)
    screen.show(make_picture())
    screen.close()
    assert (kernel.fb_on_crtc, kernel.mode_on_crtc) == (CONSOLE_FB, (1920, 1080))
    assert kernel.is_closed and not kernel.sizes and not kernel.memory


def catch_refusal(kernel: FakeKernel, cards: Path) -> str:
    with pytest.raises(SinkError) as raised:
        open_screen(kernel, cards)
    assert kernel.is_closed and not kernel.memory
    return str(raised.value)


def test_missing_display_is_reported(cards: Path, tmp_path: Path) -> None:
    assert "found none connected" in catch_refusal(FakeKernel(connected=False), cards)
    assert "found none connected" in catch_refusal(FakeKernel(), tmp_path / "nowhere")
    assert "found none connected" in catch_refusal(FakeKernel(only_renders=True), cards)


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EACCES])
def test_another_program_that_holds_the_display_is_reported(cards: Path, number: int) -> None:
    assert "another program holds it" in catch_refusal(FakeKernel(master_errno=number), cards)


def test_display_without_a_mode_is_reported(cards: Path) -> None:
    assert "names no mode" in catch_refusal(FakeKernel(modes=[]), cards)


def test_missing_group_is_reported(cards: Path) -> None:
    assert "groups video" in catch_refusal(FakeKernel(open_errno=errno.EACCES), cards)


def test_pulled_cable_is_reported(cards: Path) -> None:
    kernel = FakeKernel()
    screen = open_screen(kernel, cards)
    kernel.connected = False
    with pytest.raises(SinkError, match="none connected") as raised:
        screen.show(make_picture())
    screen.close()
    assert catch_refusal(kernel, cards) == str(raised.value), "the sink tells one reason once"


def test_cable_pulled_from_a_driver_that_only_probes_when_asked_is_reported(cards: Path) -> None:
    kernel = FakeKernel(probes_itself=False)
    screen = open_screen(kernel, cards)
    kernel.connected = False
    kernel.uevents.append(b"change@/devices/pci0000:00/usb1\0SUBSYSTEM=usb\0")
    screen.show(make_picture())
    kernel.uevents.append(b"change@/devices/pci0000:00/drm/card0\0SUBSYSTEM=drm\0HOTPLUG=1\0")
    with pytest.raises(SinkError, match="none connected"):
        screen.show(make_picture())
    screen.close()
    kernel.connected = True
    open_screen(kernel, cards).close()


def test_picture_is_shown_where_a_sandbox_forbids_the_uevent_socket(cards: Path) -> None:
    kernel = FakeKernel(allows_uevents=False)
    screen = open_screen(kernel, cards)
    screen.show(make_picture())
    assert kernel.flips
    screen.close()


def test_kernel_lets_every_user_read_uevents() -> None:
    kernel = Kernel()
    listener = kernel.open_uevent_socket()
    with pytest.raises(BlockingIOError):
        kernel.read(listener, 1)
    kernel.close(listener)


def test_smallest_mode_that_holds_the_picture_is_nearest() -> None:
    modes = [make_mode(1920, 1080), make_mode(1280, 720, 50), make_mode(1280, 720, 60), make_mode(720, 400)]
    assert choose_mode(modes, 640, 480) is modes[2]
    assert choose_mode(modes, 700, 400) is modes[3]
    assert choose_mode(modes, 4000, 3000) is modes[0]


def test_picture_fits_in_its_shape_in_the_middle() -> None:
    assert fit_picture(640, 480, 1920, 1080, enlarges=True) == Placement(240, 0, 1440, 1080)
    assert fit_picture(640, 480, 1920, 1080, enlarges=False) == Placement(640, 300, 640, 480)
    assert fit_picture(1920, 1080, 640, 480, enlarges=False) == Placement(0, 60, 640, 360)
