"""An open graphics card: the calls of Linux's DRM/KMS interface, and its hotplug events."""

import contextlib
import ctypes as C
import fcntl
import mmap
import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from edge.screens import drm

# linux/netlink.h: the protocol of device events, the multicast group of the events that the kernel itself
# sends, and a buffer size that is enough for the longest event.
NETLINK_KOBJECT_UEVENT, KERNEL_GROUP, UEVENT_BYTES = 15, 1, 8192

_Structure = TypeVar("_Structure", bound=C.Structure)


class Kernel:
    """The system calls that a Card makes; a test replaces them."""

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    read = staticmethod(os.read)
    ioctl = staticmethod(fcntl.ioctl)
    mmap: Callable[..., Any] = staticmethod(mmap.mmap)

    @staticmethod
    def open_uevent_socket() -> int:
        """A descriptor from which the kernel's device events are read; OSError where a sandbox forbids it."""
        with socket.socket(
            socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT
        ) as events:
            events.bind((0, KERNEL_GROUP))
            return events.detach()


class Card:
    """An open /dev/dri/card; every method raises OSError."""

    def __init__(self, path: str, kernel: Kernel) -> None:
        """Open `path`."""
        self._kernel = kernel
        self.fd: int = kernel.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self._uevents: int | None = None
        with contextlib.suppress(OSError):
            self._uevents = kernel.open_uevent_socket()

    def close(self) -> None:
        """Close the card; once no program has it open, the kernel shows the console again."""
        self._kernel.close(self.fd)
        if self._uevents is not None:
            self._kernel.close(self._uevents)

    def set_master(self) -> None:
        """Become DRM master, to be allowed to change what is shown; EBUSY or EACCES if another program is."""
        self._kernel.ioctl(self.fd, drm.SET_MASTER)

    def call(self, request: int, structure: _Structure) -> _Structure:
        """Make the ioctl `request`; returns `structure`, filled in."""
        # fcntl.ioctl accepts a structure, which is a buffer; its type does not say so.
        self._kernel.ioctl(self.fd, request, structure)  # type: ignore[arg-type]
        return structure

    def get_resources(self) -> tuple[Sequence[int], Sequence[int]]:
        """The ids of the CRTCs, whose order is that of the bits in masks, and the ids of the connectors."""
        counts = self.call(drm.GET_RESOURCES, drm.CardResources())
        crtcs, connectors = (C.c_uint32 * counts.count_crtcs)(), (C.c_uint32 * counts.count_connectors)()
        self.call(
            drm.GET_RESOURCES,
            drm.CardResources(
                crtcs=C.addressof(crtcs),
                count_crtcs=counts.count_crtcs,
                connectors=C.addressof(connectors),
                count_connectors=counts.count_connectors,
            ),
        )
        return list(crtcs), list(connectors)

    def is_connected(self, connector: int, *, probe: bool) -> bool:
        """Whether a display is plugged in at `connector`, as far as the driver knows.

        With `probe` the driver first asks the display.  Only the DRM master can make it do so, and the driver
        then reads the display's modes, which takes too long to do for every picture.
        """
        # The kernel probes when it is asked for no modes (drm_mode_getconnector).
        room = (drm.ModeInfo * 1)()
        found = self.call(
            drm.GET_CONNECTOR,
            drm.Connector(id=connector)
            if probe
            else drm.Connector(id=connector, count_modes=1, modes=C.addressof(room)),
        )
        return bool(found.connection == drm.CONNECTED)

    def has_hotplug_event(self) -> bool:
        """Whether, since the last call, the kernel announced that a display was plugged in or pulled out.

        Some drivers only announce it, and wait for the DRM master to make them probe.
        """
        has_event = False
        while self._uevents is not None:
            try:
                event = self._kernel.read(self._uevents, UEVENT_BYTES)
            except BlockingIOError:
                break
            except OSError:
                return True  # ENOBUFS: more events came than there was room for.
            has_event = has_event or b"SUBSYSTEM=drm" in event
        return has_event

    def probe_connector(self, connector: int) -> tuple[drm.Connector, Sequence[drm.ModeInfo], Sequence[int]]:
        """The connector, its modes and the ids of its encoders; the driver probes for the display."""
        found = self.call(drm.GET_CONNECTOR, drm.Connector(id=connector))
        modes, encoders = (drm.ModeInfo * found.count_modes)(), (C.c_uint32 * found.count_encoders)()
        found = self.call(
            drm.GET_CONNECTOR,
            drm.Connector(
                id=connector,
                count_modes=found.count_modes,
                modes=C.addressof(modes),
                count_encoders=found.count_encoders,
                encoders=C.addressof(encoders),
            ),
        )
        return found, list(modes), list(encoders)

    def list_overlay_planes(self) -> list[drm.Plane]:
        """The overlay planes; in each, `count_formats` is set and `formats` is not."""
        count = self.call(drm.GET_PLANES, drm.Planes()).count
        ids = (C.c_uint32 * count)()
        self.call(drm.GET_PLANES, drm.Planes(planes=C.addressof(ids), count=count))
        return [self.call(drm.GET_PLANE, drm.Plane(id=plane)) for plane in ids]

    def list_pixel_formats(self, plane: drm.Plane) -> Sequence[int]:
        """The pixel formats that `plane` can show, such as drm.XRGB8888."""
        formats = (C.c_uint32 * plane.count_formats)()
        self.call(
            drm.GET_PLANE,
            drm.Plane(id=plane.id, count_formats=plane.count_formats, formats=C.addressof(formats)),
        )
        return list(formats)

    def has_completed_flip(self) -> bool:
        """Read the card's events; whether one of them says that the last page flip is done."""
        try:
            events = self._kernel.read(self.fd, drm.EVENTS_BYTES)
        except BlockingIOError:
            return False
        is_completed, at = False, 0
        while at + drm.EVENT_HEADER_BYTES <= len(events):
            kind, length = (
                int.from_bytes(events[at + 4 * word : at + 4 * word + 4], sys.byteorder) for word in (0, 1)
            )
            is_completed = is_completed or kind == drm.EVENT_FLIP_COMPLETE
            at += max(length, drm.EVENT_HEADER_BYTES)
        return is_completed

    def map_dumb_buffer(self, size: int, offset: int) -> Any:
        """The memory of a dumb buffer, as an mmap."""
        return self._kernel.mmap(
            self.fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=offset
        )
