"""The part of Linux's DRM/KMS interface that puts a picture on a screen: its structures and calls.

The numbers, names and layouts are those of the kernel's include/uapi/drm/drm.h and drm_mode.h.  Strings of
ids and modes are C arrays whose address stands in the structure.
"""

import contextlib
import ctypes as C
import fcntl
import mmap
import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

CONNECTED = 1
MODE_PREFERRED = 1 << 3
FLIP_EVENT = 1
EVENT_FLIP_COMPLETE = 2
# A red, a green and a blue byte and one unused of 32 bits: in memory blue first.
XRGB8888 = int.from_bytes(b"XR24", "little")
BITS, DEPTH = 32, 24
EVENT_HEAD_BYTES, EVENT_BYTES = 8, 1024
# linux/netlink.h; the group is that of the kernel's own messages, each at most this long.
NETLINK_KOBJECT_UEVENT, FROM_KERNEL, UEVENT_BYTES = 15, 1, 8192

_U16, _U32, _U64 = C.c_uint16, C.c_uint32, C.c_uint64


def _fields(kind: type[Any], *names: str) -> list[tuple[str, type[Any]]]:
    return [(name, kind) for name in names]


class Resources(C.Structure):
    """drm_mode_card_res."""

    _fields_ = [
        *_fields(_U64, "fbs", "crtcs", "connectors", "encoders"),
        *_fields(
            _U32,
            "count_fbs",
            "count_crtcs",
            "count_connectors",
            "count_encoders",
            "min_width",
            "max_width",
            "min_height",
            "max_height",
        ),
    ]


class Mode(C.Structure):
    """drm_mode_modeinfo."""

    _fields_ = [
        ("clock", _U32),
        *_fields(
            _U16,
            "width",
            "hsync_start",
            "hsync_end",
            "htotal",
            "hskew",
            "height",
            "vsync_start",
            "vsync_end",
            "vtotal",
            "vscan",
        ),
        *_fields(_U32, "refresh", "flags", "type"),
        ("name", C.c_char * 32),
    ]


class Connector(C.Structure):
    """drm_mode_get_connector."""

    _fields_ = [
        *_fields(_U64, "encoders", "modes", "props", "prop_values"),
        *_fields(
            _U32,
            "count_modes",
            "count_props",
            "count_encoders",
            "encoder",
            "id",
            "type",
            "type_id",
            "connection",
            "width_mm",
            "height_mm",
            "subpixel",
            "pad",
        ),
    ]


class Encoder(C.Structure):
    """drm_mode_get_encoder."""

    _fields_ = _fields(_U32, "id", "type", "crtc", "possible_crtcs", "possible_clones")


class Crtc(C.Structure):
    """drm_mode_crtc."""

    _fields_ = [
        ("connectors", _U64),
        *_fields(_U32, "count_connectors", "id", "fb", "x", "y", "gamma_size", "has_mode"),
        ("mode", Mode),
    ]


class Dumb(C.Structure):
    """drm_mode_create_dumb."""

    _fields_ = [*_fields(_U32, "height", "width", "bpp", "flags", "handle", "pitch"), ("size", _U64)]


class DumbMap(C.Structure):
    """drm_mode_map_dumb."""

    _fields_ = [*_fields(_U32, "handle", "pad"), ("offset", _U64)]


class Fb(C.Structure):
    """drm_mode_fb_cmd."""

    _fields_ = _fields(_U32, "id", "width", "height", "pitch", "bpp", "depth", "handle")


class Flip(C.Structure):
    """drm_mode_crtc_page_flip."""

    _fields_ = [*_fields(_U32, "crtc", "fb", "flags", "reserved"), ("user_data", _U64)]


class Planes(C.Structure):
    """drm_mode_get_plane_res."""

    _fields_ = [("planes", _U64), ("count", _U32)]


class Plane(C.Structure):
    """drm_mode_get_plane."""

    _fields_ = [
        *_fields(_U32, "id", "crtc", "fb", "possible_crtcs", "gamma_size", "count_formats"),
        ("formats", _U64),
    ]


class SetPlane(C.Structure):
    """drm_mode_set_plane; the source in 1/65536 px."""

    _fields_ = [
        *_fields(_U32, "id", "crtc", "fb", "flags"),
        *_fields(C.c_int32, "left", "top"),
        *_fields(_U32, "width", "height", "source_left", "source_top", "source_height", "source_width"),
    ]


class Handle(C.Structure):
    """drm_mode_destroy_dumb, and the id that RMFB takes."""

    _fields_ = [("handle", _U32)]


_Structure = TypeVar("_Structure", bound=C.Structure)
_NO_ARGUMENT, _READ_AND_WRITE, _DRM = 0, 3, ord("d")

SET_MASTER = _NO_ARGUMENT << 30 | _DRM << 8 | 0x1E


def code(number: int, structure: type[C.Structure]) -> int:
    """The request of an ioctl that reads and writes `structure` (Linux's _IOWR)."""
    return _READ_AND_WRITE << 30 | C.sizeof(structure) << 16 | _DRM << 8 | number


GET_RESOURCES, GET_CRTC, SET_CRTC = code(0xA0, Resources), code(0xA1, Crtc), code(0xA2, Crtc)
GET_ENCODER, GET_CONNECTOR = code(0xA6, Encoder), code(0xA7, Connector)
ADD_FB, REMOVE_FB, PAGE_FLIP = code(0xAE, Fb), code(0xAF, Handle), code(0xB0, Flip)
CREATE_DUMB, MAP_DUMB, DESTROY_DUMB = code(0xB2, Dumb), code(0xB3, DumbMap), code(0xB4, Handle)
GET_PLANES, GET_PLANE, SET_PLANE = code(0xB5, Planes), code(0xB6, Plane), code(0xB7, SetPlane)


class Kernel:
    """The calls that a Card makes; a test gives it others."""

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    read = staticmethod(os.read)
    ioctl = staticmethod(fcntl.ioctl)
    mmap: Callable[..., Any] = staticmethod(mmap.mmap)

    @staticmethod
    def listen() -> int:
        """What the kernel tells of devices that change, to be read; OSError where a sandbox forbids it."""
        with socket.socket(
            socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT
        ) as listener:
            listener.bind((0, FROM_KERNEL))
            return listener.detach()


class Card:
    """An open /dev/dri/card; every call raises OSError."""

    def __init__(self, path: str, kernel: Kernel) -> None:
        """Open `path`."""
        self._kernel = kernel
        self.fd: int = kernel.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self._news: int | None = None
        with contextlib.suppress(OSError):
            self._news = kernel.listen()

    def close(self) -> None:
        """Give it back; the kernel puts the console on the screen again when the last program has."""
        self._kernel.close(self.fd)
        if self._news is not None:
            self._kernel.close(self._news)

    def set_master(self) -> None:
        """Claim the screens; EBUSY or EACCES while another program holds them."""
        self._kernel.ioctl(self.fd, SET_MASTER)

    def call(self, request: int, structure: _Structure) -> _Structure:
        """The ioctl `request`; returns `structure`, filled in."""
        # The type of fcntl.ioctl does not know structures, which are buffers too.
        self._kernel.ioctl(self.fd, request, structure)  # type: ignore[arg-type]
        return structure

    def resources(self) -> tuple[Sequence[int], Sequence[int]]:
        """The ids of the CRTCs, in the order that masks count them in, and of the connectors."""
        counts = self.call(GET_RESOURCES, Resources())
        crtcs, connectors = (_U32 * counts.count_crtcs)(), (_U32 * counts.count_connectors)()
        self.call(
            GET_RESOURCES,
            Resources(
                crtcs=C.addressof(crtcs),
                count_crtcs=counts.count_crtcs,
                connectors=C.addressof(connectors),
                count_connectors=counts.count_connectors,
            ),
        )
        return list(crtcs), list(connectors)

    def is_connected(self, connector: int, *, probes: bool) -> bool:
        """A screen is plugged in: as far as the driver has noticed, or, where `probes`, as it finds on looking.

        Only the program that holds the screens can have it look, which takes as long as to ask the screen for its
        modes: too long for every picture.
        """
        room = (Mode * 1)()
        found = self.call(
            GET_CONNECTOR,
            Connector(id=connector)
            if probes
            else Connector(id=connector, count_modes=1, modes=C.addressof(room)),
        )
        return bool(found.connection == CONNECTED)

    def has_news(self) -> bool:
        """Whether the kernel told, since the last call, of a screen that was plugged in or pulled.

        Some drivers do no more than that, and leave it to the program that holds the screens to have them look.
        """
        has_come = False
        while self._news is not None:
            try:
                told = self._kernel.read(self._news, UEVENT_BYTES)
            except BlockingIOError:
                break
            except OSError:
                return True  # ENOBUFS: it told more than there was room for.
            has_come = has_come or b"SUBSYSTEM=drm" in told
        return has_come

    def connector(self, connector: int) -> tuple[Connector, Sequence[Mode], Sequence[int]]:
        """The connector, probed, with its modes and the ids of its encoders."""
        found = self.call(GET_CONNECTOR, Connector(id=connector))
        modes, encoders = (Mode * found.count_modes)(), (_U32 * found.count_encoders)()
        found = self.call(
            GET_CONNECTOR,
            Connector(
                id=connector,
                count_modes=found.count_modes,
                modes=C.addressof(modes),
                count_encoders=found.count_encoders,
                encoders=C.addressof(encoders),
            ),
        )
        return found, list(modes), list(encoders)

    def planes(self) -> list[Plane]:
        """The overlay planes that there are, each with its `formats` counted and not listed."""
        count = self.call(GET_PLANES, Planes()).count
        ids = (_U32 * count)()
        self.call(GET_PLANES, Planes(planes=C.addressof(ids), count=count))
        return [self.call(GET_PLANE, Plane(id=plane)) for plane in ids]

    def formats(self, plane: Plane) -> Sequence[int]:
        """The pixel formats that `plane` shows."""
        formats = (_U32 * plane.count_formats)()
        self.call(
            GET_PLANE, Plane(id=plane.id, count_formats=plane.count_formats, formats=C.addressof(formats))
        )
        return list(formats)

    def has_flipped(self) -> bool:
        """Take what the kernel has to tell; whether it tells of a picture that is shown now."""
        try:
            told = self._kernel.read(self.fd, EVENT_BYTES)
        except BlockingIOError:
            return False
        is_flipped, at = False, 0
        while at + EVENT_HEAD_BYTES <= len(told):
            kind, length = (
                int.from_bytes(told[at + 4 * word : at + 4 * word + 4], sys.byteorder) for word in (0, 1)
            )
            is_flipped = is_flipped or kind == EVENT_FLIP_COMPLETE
            at += max(length, EVENT_HEAD_BYTES)
        return is_flipped

    def map(self, size: int, offset: int) -> Any:
        """The memory of a dumb buffer."""
        return self._kernel.mmap(
            self.fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=offset
        )
