"""A fake DRM card that answers ioctls as the kernel does and remembers what is on its screen."""

import ctypes as C
import errno
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge.screens import drm

CONNECTOR, ENCODER, CRTC, OTHER_CRTC, PLANE, CONSOLE_FB = 31, 32, 41, 40, 51, 7
FD, LISTENER = 1000, 1001


def make_mode(width: int, height: int, refresh: int = 60, *, preferred: bool = False) -> drm.ModeInfo:
    return drm.ModeInfo(
        width=width, height=height, refresh=refresh, type=drm.MODE_PREFERRED if preferred else 0
    )


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _fill(address: int, values: list[int]) -> None:
    C.memmove(address, (C.c_uint32 * len(values))(*values), 4 * len(values))


@dataclass
class FakeKernel:
    """The calls of edge.screens.card.Kernel, to a card with one connector."""

    modes: list[drm.ModeInfo] = field(
        default_factory=lambda: [
            make_mode(1920, 1080, preferred=True),
            make_mode(800, 600),
            make_mode(640, 480),
        ]
    )
    connected: bool = True
    probes_itself: bool = True
    """Whether the driver probes on a hotplug event, or only announces it and probes when asked to."""
    allows_uevents: bool = True
    has_plane: bool = False
    plane_scales: bool = True
    master_errno: int = 0
    open_errno: int = 0
    only_renders: bool = False
    is_open: bool = False
    fb_on_crtc: int = CONSOLE_FB
    mode_on_crtc: tuple[int, int] = (1920, 1080)
    on_plane: drm.SetPlane | None = None
    flips: list[int] = field(default_factory=list)
    uevents: list[bytes] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    memory: dict[int, mmap.mmap] = field(default_factory=dict)
    sizes: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    _next: int = 100
    _known_connected: bool = False
    _is_listening: bool = False

    def open(self, path: str, flags: int) -> int:
        if self.open_errno:
            raise OSError(self.open_errno, os.strerror(self.open_errno), path)
        self.is_open = True
        return FD

    def open_uevent_socket(self) -> int:
        if not self.allows_uevents:
            raise _error(errno.EAFNOSUPPORT)
        self._is_listening = True
        return LISTENER

    def close(self, fd: int) -> None:
        if fd == LISTENER:
            assert self._is_listening
            self._is_listening = False
            return
        assert fd == FD
        self.is_open = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing was left open."""
        return not self.is_open and not self._is_listening

    def read(self, fd: int, count: int) -> bytes:
        if fd == LISTENER:
            assert self._is_listening
            if not self.uevents:
                raise BlockingIOError
            return self.uevents.pop(0)
        if not self.pending:
            raise BlockingIOError
        self.fb_on_crtc = self.pending.pop(0)
        return (drm.EVENT_FLIP_COMPLETE).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(24)

    def mmap(self, fd: int, size: int, flags: int, protection: int, offset: int) -> mmap.mmap:
        self.memory[offset] = mmap.mmap(-1, size)
        return self.memory[offset]

    def ioctl(self, fd: int, request: int, structure: Any = None) -> int:
        assert self.is_open and fd == FD
        answers: dict[int, Callable[[Any], None]] = {
            drm.SET_MASTER: self._set_master,
            drm.GET_RESOURCES: self._resources,
            drm.GET_CONNECTOR: self._connector,
            drm.GET_ENCODER: self._encoder,
            drm.GET_CRTC: self._get_crtc,
            drm.SET_CRTC: self._set_crtc,
            drm.ADD_FB: self._add_fb,
            drm.CREATE_DUMB: self._create,
            drm.MAP_DUMB: self._map,
            drm.REMOVE_FB: self._remove_fb,
            drm.DESTROY_DUMB: self._destroy,
            drm.PAGE_FLIP: self._flip,
            drm.GET_PLANES: self._planes,
            drm.GET_PLANE: self._get_plane,
            drm.SET_PLANE: self._set_plane,
        }
        answers[request](structure)
        return 0

    def picture(self, fb: int) -> tuple[int, int, bytes]:
        """The width, pitch and content of a buffer."""
        width, _, pitch = self.sizes[fb]
        return width, pitch, self.memory[fb][:]

    def _set_master(self, _: None) -> None:
        if self.master_errno:
            raise _error(self.master_errno)

    def _resources(self, asked: drm.CardResources) -> None:
        if self.only_renders:
            raise _error(errno.EOPNOTSUPP)
        if asked.crtcs:
            _fill(asked.crtcs, [OTHER_CRTC, CRTC])
            _fill(asked.connectors, [CONNECTOR])
        asked.count_crtcs, asked.count_connectors = 2, 1

    def _connector(self, asked: drm.Connector) -> None:
        assert asked.id == CONNECTOR
        if asked.count_modes >= len(self.modes) and asked.modes:
            (drm.ModeInfo * len(self.modes)).from_address(asked.modes)[:] = self.modes
        if asked.encoders:
            _fill(asked.encoders, [ENCODER])
        if self.probes_itself or not asked.count_modes:
            self._known_connected = self.connected
        asked.count_modes, asked.count_encoders, asked.encoder = len(self.modes), 1, 0
        asked.connection = drm.CONNECTED if self._known_connected else 2

    def _encoder(self, asked: drm.Encoder) -> None:
        assert asked.id == ENCODER
        asked.crtc, asked.possible_crtcs = 0, 0b10

    def _get_crtc(self, asked: drm.Crtc) -> None:
        assert asked.id == CRTC
        asked.fb, asked.has_mode, asked.mode = self.fb_on_crtc, 1, make_mode(*self.mode_on_crtc)

    def _set_crtc(self, asked: drm.Crtc) -> None:
        assert asked.id == CRTC and asked.count_connectors == 1
        assert (C.c_uint32 * 1).from_address(asked.connectors)[0] == CONNECTOR
        assert asked.fb == CONSOLE_FB or asked.fb in self.sizes
        self.fb_on_crtc, self.mode_on_crtc = asked.fb, (asked.mode.width, asked.mode.height)

    def _create(self, asked: drm.Dumb) -> None:
        self._next += 1
        # The pitch is larger than a row, as with real drivers.
        asked.handle, asked.pitch = self._next, asked.width * 4 + 64
        asked.size = asked.pitch * asked.height
        self.sizes[asked.handle] = (asked.width, asked.height, asked.pitch)

    def _add_fb(self, asked: drm.Fb) -> None:
        assert (asked.width, asked.height, asked.pitch) == self.sizes[asked.handle] and asked.bpp == 32
        asked.id = asked.handle

    def _map(self, asked: drm.DumbMap) -> None:
        asked.offset = asked.handle

    def _remove_fb(self, asked: drm.Handle) -> None:
        del self.sizes[asked.handle]

    def _destroy(self, asked: drm.Handle) -> None:
        self.memory.pop(asked.handle)

    def _flip(self, asked: drm.Flip) -> None:
        assert asked.crtc == CRTC and asked.flags == drm.FLIP_EVENT
        if self.pending:
            raise _error(errno.EBUSY)
        self.flips.append(asked.fb)
        self.pending.append(asked.fb)

    def _planes(self, asked: drm.Planes) -> None:
        if asked.planes and self.has_plane:
            _fill(asked.planes, [PLANE])
        asked.count = int(self.has_plane)

    def _get_plane(self, asked: drm.Plane) -> None:
        assert asked.id == PLANE
        if asked.formats:
            _fill(asked.formats, [drm.XRGB8888])
        asked.possible_crtcs, asked.count_formats = 0b10, 1

    def _set_plane(self, asked: drm.SetPlane) -> None:
        if not self.plane_scales:
            raise _error(errno.EINVAL)
        assert asked.fb in self.sizes and asked.crtc == CRTC
        self.on_plane = drm.SetPlane.from_buffer_copy(asked)
