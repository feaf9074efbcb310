"""A screen without a desktop: the whole display through DRM/KMS, for users in the group video."""

import ctypes as C
import errno
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.errors import SinkError
from edge.frames import Image
from edge.screens import drm
from edge.screens.card import Card, Kernel
from edge.screens.dumb_buffer import DumbBuffer
from edge.screens.modes import Placement, choose_mode, fit_picture

CARDS = Path("/dev/dri")
# The same text when the display is missing at the start and when it goes, so that a pulled cable is logged
# once.
NO_DISPLAY = "expected a display for --display, found none connected; plug in its cable, and switch it on"
# SET_PLANE counts the size of the source in 1/65536 px (16.16 fixed point).
FIXED_POINT_ONE = 1 << 16
# The errors of a driver whose plane cannot scale, or not by this factor.
CANNOT_SCALE = (errno.EINVAL, errno.ERANGE, errno.ENOSPC)


class KmsScreen:
    """A Screen on the first connected display.

    If the display hardware has an overlay plane that can scale, the plane scales the picture to the display's
    own mode.  If not, the display is set to the smallest mode that holds the picture, which is centred in it.
    Two buffers take turns, and the display changes to the other one between two of its own pictures, so that
    no picture is torn.
    """

    def __init__(self, width: int, height: int, *, cards: Path = CARDS, kernel: Kernel | None = None) -> None:
        """Take the display for pictures of `width` × `height`.

        SinkError when there is no display, or when another program holds it.
        """
        self.mode = ""
        self._size = width, height
        self._card, self._connector = _open_connected_card(cards, kernel or Kernel())
        # The CRTC (the part of the card that feeds a display), and what it showed before.
        self._crtc = 0
        self._saved: drm.Crtc | None = None
        # The overlay plane that scales, if there is one.
        self._plane: int | None = None
        self._placement = Placement(0, 0, width, height)
        self._buffers: list[DumbBuffer] = []
        # Which of the first two buffers is not shown.
        self._back = 0
        self._is_flip_pending = False
        try:
            self._take_display()
        except OSError as error:
            self.close()
            raise _make_sink_error(error) from error

    def _take_display(self) -> None:
        self._card.set_master()
        connector, modes, encoders = self._card.probe_connector(self._connector)
        if not modes or not encoders:
            # For example, the cable was pulled just now.
            raise OSError(errno.ENODATA, "a display that names no mode")
        self._crtc, index = _choose_crtc(self._card, connector, encoders)
        self._saved = self._card.call(drm.GET_CRTC, drm.Crtc(id=self._crtc))
        self._plane = _find_overlay_plane(self._card, index)
        if self._plane is None or not self._try_scaling_plane(modes):
            self._plane = None
            self._use_nearest_mode(modes)

    def _try_scaling_plane(self, modes: Sequence[drm.ModeInfo]) -> bool:
        """Have the plane scale the picture to the display's own mode; False where it cannot."""
        mode = next((mode for mode in modes if mode.type & drm.MODE_PREFERRED), modes[0])
        # Two buffers for the plane's pictures, and a black one that fills the display behind them.
        self._buffers = [
            DumbBuffer(self._card, *self._size),
            DumbBuffer(self._card, *self._size),
            DumbBuffer(self._card, mode.width, mode.height),
        ]
        self._set_mode(mode, self._buffers[2])
        self._placement = fit_picture(*self._size, mode.width, mode.height, enlarges=True)
        try:
            self._show_on_plane(self._buffers[0])
        except OSError as error:
            if error.errno not in CANNOT_SCALE:
                raise
            return False
        return True

    def _use_nearest_mode(self, modes: Sequence[drm.ModeInfo]) -> None:
        """Set the display to the mode that is nearest to the picture, which is not enlarged."""
        old, mode = self._buffers, choose_mode(modes, *self._size)
        self._placement = fit_picture(*self._size, mode.width, mode.height, enlarges=False)
        self._buffers = [DumbBuffer(self._card, mode.width, mode.height) for _ in range(2)]
        self._set_mode(mode, self._buffers[1])
        for buffer in old:
            buffer.free()

    def _set_mode(self, mode: drm.ModeInfo, buffer: DumbBuffer) -> None:
        self.mode = f"{mode.width}×{mode.height} at {mode.refresh} Hz"
        self._set_crtc(drm.Crtc(id=self._crtc, fb=buffer.framebuffer, has_mode=1, mode=mode))

    def _set_crtc(self, crtc: drm.Crtc) -> None:
        connectors = (C.c_uint32 * 1)(self._connector)
        crtc.connectors, crtc.count_connectors = C.addressof(connectors), 1
        self._card.call(drm.SET_CRTC, crtc)

    def show(self, bgr: Image) -> None:
        """Show the picture, (H, W, 3); a picture that comes before the last one is shown is dropped.

        SinkError when the display was unplugged, or another program holds it.
        """
        try:
            if not self._card.is_connected(self._connector, probe=self._card.has_hotplug_event()):
                raise SinkError(NO_DISPLAY)
            if self._is_flip_pending and not self._card.has_completed_flip():
                return
            buffer = self._buffers[self._back]
            if self._plane is not None:
                cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA, buffer.pixels)
                self._show_on_plane(buffer)
            else:
                self._draw_centred(bgr, buffer)
                flip = drm.Flip(crtc=self._crtc, fb=buffer.framebuffer, flags=drm.FLIP_EVENT)
                self._card.call(drm.PAGE_FLIP, flip)
                self._is_flip_pending = True
        except OSError as error:
            raise _make_sink_error(error) from error
        self._back = 1 - self._back

    def _draw_centred(self, bgr: Image, buffer: DumbBuffer) -> None:
        place = self._placement
        if (place.width, place.height) != self._size:
            size = place.width, place.height
            bgr = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
        rows = slice(place.top, place.top + place.height)
        columns = slice(place.left, place.left + place.width)
        cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA, buffer.pixels[rows, columns])

    def _show_on_plane(self, buffer: DumbBuffer) -> None:
        place, (width, height) = self._placement, self._size
        self._card.call(
            drm.SET_PLANE,
            drm.SetPlane(
                id=self._plane,
                crtc=self._crtc,
                fb=buffer.framebuffer,
                left=place.left,
                top=place.top,
                width=place.width,
                height=place.height,
                source_width=width * FIXED_POINT_ONE,
                source_height=height * FIXED_POINT_ONE,
            ),
        )

    def toggle_full_screen(self) -> None:
        """Do nothing: without a desktop there is only the full screen."""

    def close(self) -> None:
        """Show the console again; when the program is killed, the kernel does so."""
        try:
            if self._saved is not None and self._saved.has_mode:
                self._set_crtc(self._saved)
            for buffer in self._buffers:
                buffer.free()
        except OSError:
            pass  # The display is gone; closing the card frees what is left.
        self._buffers = []
        self._card.close()


def _open_connected_card(cards: Path, kernel: Kernel) -> tuple[Card, int]:
    """The card and the connector of the first display that is plugged in."""
    refused: OSError | None = None
    for path in sorted(cards.glob("card*")):
        try:
            card = Card(str(path), kernel)
        except OSError as error:
            refused = error
            continue
        try:
            for connector in card.get_resources()[1]:
                if card.is_connected(connector, probe=True):
                    return card, connector
        except OSError as error:
            # A card that only renders, such as the first one of a Pi, has no connectors.
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL):
                refused = error
        card.close()
    if refused is not None:
        raise _make_sink_error(refused) from refused
    raise SinkError(NO_DISPLAY)


def _choose_crtc(card: Card, connector: drm.Connector, encoders: Sequence[int]) -> tuple[int, int]:
    """The CRTC that feeds, or can feed, the connector: its id, and its position in masks."""
    crtcs, _ = card.get_resources()
    encoder = card.call(drm.GET_ENCODER, drm.Encoder(id=connector.encoder or encoders[0]))
    if encoder.crtc:
        return encoder.crtc, crtcs.index(encoder.crtc)
    index = next((index for index in range(len(crtcs)) if encoder.possible_crtcs >> index & 1), None)
    if index is None:
        raise SinkError(
            "expected a free output of the graphics card for the display, found none; unplug another display"
        )
    return crtcs[index], index


def _find_overlay_plane(card: Card, index: int) -> int | None:
    """An unused overlay plane that can show XRGB8888 on the CRTC at position `index`; None without one."""
    try:
        return next(
            (
                plane.id
                for plane in card.list_overlay_planes()
                if plane.possible_crtcs >> index & 1
                and not plane.crtc
                and drm.XRGB8888 in card.list_pixel_formats(plane)
            ),
            None,
        )
    except OSError:
        return None  # The driver is old or simple; the nearest mode will do.


def _make_sink_error(error: OSError) -> SinkError:
    if error.errno in (errno.EBUSY, errno.EACCES) and error.filename is None:
        return SinkError(
            "expected the display to be free, found that another program holds it; "
            "stop the desktop or the other program"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return SinkError(
            f"expected to open {error.filename}, found: {error.strerror}; "
            "sudo usermod --append --groups video $USER, and log in again"
        )
    return SinkError(f"expected to show pictures on the display, found: {error.strerror}; plug it in again")
