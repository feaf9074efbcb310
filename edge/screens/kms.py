"""A screen without a desktop: full screen through DRM/KMS, for whom the group video lets at it."""

import ctypes as C
import errno
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.errors import SinkError
from edge.frames import Image
from edge.screens import drm
from edge.screens.drm import Card, Kernel
from edge.screens.modes import fitted, nearest

CARDS = Path("/dev/dri")
# The same words when it is missing at the start and when it goes, so that a pulled cable is told once.
NO_DISPLAY = "expected a display for --display, found none connected; plug in its cable, and switch it on"
# SET_PLANE takes sizes of the source in this part of a pixel.
SUBPIXELS = 1 << 16
# What a driver says of a plane that cannot scale, or not so far.
CANNOT_SCALE = (errno.EINVAL, errno.ERANGE, errno.ENOSPC)


class KmsScreen:
    """A Screen on the first display that is connected.

    A plane of the display's hardware scales the picture where there is one that can.  Where there is none, the
    mode is the smallest that holds the picture, which stands in the middle of it.  Two buffers take turns, and the
    display changes from one to the other between two of its own pictures, so that none is torn.
    """

    def __init__(self, width: int, height: int, *, cards: Path = CARDS, kernel: Kernel | None = None) -> None:
        """Show pictures of `width` × `height`; SinkError when there is no display, or another program holds it."""
        self._size = width, height
        self._card, self._connector = _first_connected(cards, kernel or Kernel())
        self._buffers: list[_Buffer] = []
        self._saved: drm.Crtc | None = None
        self._plane: int | None = None
        self._hidden = 0
        self._is_flipping = False
        try:
            self._begin()
        except OSError as error:
            self.close()
            raise _refusal(error) from error

    def _begin(self) -> None:
        self._card.set_master()
        connector, modes, encoders = self._card.connector(self._connector)
        if not modes or not encoders:
            # Such as when the cable was pulled just now.
            raise OSError(errno.ENODATA, "a display that names no mode")
        self._crtc, index = _crtc_of(self._card, connector, encoders)
        self._saved = self._card.call(drm.GET_CRTC, drm.Crtc(id=self._crtc))
        self._plane = _overlay(self._card, index)
        if self._plane is None or not self._scales(modes):
            self._plane = None
            self._letter_box(modes)

    def _scales(self, modes: Sequence[drm.Mode]) -> bool:
        """Have the plane scale the picture to the display's own mode; False where it does not."""
        mode = next((mode for mode in modes if mode.type & drm.MODE_PREFERRED), modes[0])
        self._buffers = [
            _Buffer(self._card, *self._size),
            _Buffer(self._card, *self._size),
            _Buffer(self._card, mode.width, mode.height),
        ]
        self._set_mode(mode, self._buffers[2])
        self._place = fitted(*self._size, mode.width, mode.height, enlarges=True)
        try:
            self._show_on_plane(self._buffers[0])
        except OSError as error:
            if error.errno not in CANNOT_SCALE:
                raise
            return False
        return True

    def _letter_box(self, modes: Sequence[drm.Mode]) -> None:
        """Show the picture as it is in the mode that is nearest to it."""
        old, mode = self._buffers, nearest(modes, *self._size)
        self._place = fitted(*self._size, mode.width, mode.height, enlarges=False)
        self._buffers = [_Buffer(self._card, mode.width, mode.height) for _ in range(2)]
        self._set_mode(mode, self._buffers[1])
        for buffer in old:
            buffer.free()

    def _set_mode(self, mode: drm.Mode, buffer: "_Buffer") -> None:
        self.mode = f"{mode.width}×{mode.height} at {mode.refresh} Hz"
        self._set_crtc(drm.Crtc(id=self._crtc, fb=buffer.fb, has_mode=1, mode=mode))

    def _set_crtc(self, crtc: drm.Crtc) -> None:
        connectors = (C.c_uint32 * 1)(self._connector)
        crtc.connectors, crtc.count_connectors = C.addressof(connectors), 1
        self._card.call(drm.SET_CRTC, crtc)

    def show(self, bgr: Image) -> None:
        """Put the picture (H, W, 3) on the screen; one that comes before the last is shown is left out.

        SinkError when the display was unplugged or another program has it.
        """
        try:
            if not self._card.is_connected(self._connector, probes=self._card.has_news()):
                raise SinkError(NO_DISPLAY)
            if self._is_flipping and not self._card.has_flipped():
                return
            buffer, place = self._buffers[self._hidden], self._place
            if self._plane is not None:
                cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA, buffer.pixels)
                self._show_on_plane(buffer)
            else:
                if (place.width, place.height) != self._size:
                    size = place.width, place.height
                    bgr = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
                cv2.cvtColor(
                    bgr,
                    cv2.COLOR_BGR2BGRA,
                    buffer.pixels[
                        place.top : place.top + place.height, place.left : place.left + place.width
                    ],
                )
                self._card.call(drm.PAGE_FLIP, drm.Flip(crtc=self._crtc, fb=buffer.fb, flags=drm.FLIP_EVENT))
                self._is_flipping = True
        except OSError as error:
            raise _refusal(error) from error
        self._hidden = 1 - self._hidden

    def _show_on_plane(self, buffer: "_Buffer") -> None:
        place, (width, height) = self._place, self._size
        self._card.call(
            drm.SET_PLANE,
            drm.SetPlane(
                id=self._plane,
                crtc=self._crtc,
                fb=buffer.fb,
                left=place.left,
                top=place.top,
                width=place.width,
                height=place.height,
                source_width=width * SUBPIXELS,
                source_height=height * SUBPIXELS,
            ),
        )

    def toggle_full_screen(self) -> None:
        """There is nothing but the full screen."""

    def close(self) -> None:
        """Give the console its picture back; the kernel does so, too, when the program is killed."""
        try:
            if self._saved is not None and self._saved.has_mode:
                self._set_crtc(self._saved)
            for buffer in self._buffers:
                buffer.free()
        except OSError:
            pass  # The display is gone; closing the card frees what is left.
        self._buffers = []
        self._card.close()


class _Buffer:
    """Memory that the display reads, black at first: `pixels` is (H, W, 4) uint8, blue first."""

    def __init__(self, card: Card, width: int, height: int) -> None:
        self._card = card
        self._dumb = card.call(drm.CREATE_DUMB, drm.Dumb(width=width, height=height, bpp=drm.BITS))
        self.fb: int = card.call(
            drm.ADD_FB,
            drm.Fb(
                width=width,
                height=height,
                pitch=self._dumb.pitch,
                bpp=drm.BITS,
                depth=drm.DEPTH,
                handle=self._dumb.handle,
            ),
        ).id
        offset = card.call(drm.MAP_DUMB, drm.DumbMap(handle=self._dumb.handle)).offset
        self._memory = card.map(self._dumb.size, offset)
        rows = np.frombuffer(self._memory, np.uint8, height * self._dumb.pitch).reshape(height, -1)
        self.pixels = rows[:, : 4 * width].reshape(height, width, 4)
        self.pixels[:] = 0

    def free(self) -> None:
        """Give the memory back."""
        del self.pixels
        self._memory.close()
        self._card.call(drm.REMOVE_FB, drm.Handle(self.fb))
        self._card.call(drm.DESTROY_DUMB, drm.Handle(self._dumb.handle))


def _first_connected(cards: Path, kernel: Kernel) -> tuple[Card, int]:
    """The card and the connector of the first display that is plugged in."""
    refused: OSError | None = None
    for path in sorted(cards.glob("card*")):
        try:
            card = Card(str(path), kernel)
        except OSError as error:
            refused = error
            continue
        try:
            for connector in card.resources()[1]:
                if card.is_connected(connector, probes=True):
                    return card, connector
        except OSError as error:
            # A card that only computes, as the first of a Pi, has no connectors to tell of.
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL):
                refused = error
        card.close()
    if refused is not None:
        raise _refusal(refused) from refused
    raise SinkError(NO_DISPLAY)


def _crtc_of(card: Card, connector: drm.Connector, encoders: Sequence[int]) -> tuple[int, int]:
    """The CRTC that feeds, or can feed, the connector; its id, and its place in masks."""
    crtcs, _ = card.resources()
    encoder = card.call(drm.GET_ENCODER, drm.Encoder(id=connector.encoder or encoders[0]))
    if encoder.crtc:
        return encoder.crtc, crtcs.index(encoder.crtc)
    index = next((index for index in range(len(crtcs)) if encoder.possible_crtcs >> index & 1), None)
    if index is None:
        raise SinkError(
            "expected a free output of the graphics card for the display, found none; unplug another display"
        )
    return crtcs[index], index


def _overlay(card: Card, index: int) -> int | None:
    """A plane that is free for the CRTC in place `index` and shows our pixels."""
    try:
        return next(
            (
                plane.id
                for plane in card.planes()
                if plane.possible_crtcs >> index & 1
                and not plane.crtc
                and drm.XRGB8888 in card.formats(plane)
            ),
            None,
        )
    except OSError:
        return None  # An old or simple driver; the mode nearest to the picture will do.


def _refusal(error: OSError) -> SinkError:
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
