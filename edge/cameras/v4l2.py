"""Queries a V4L2 device without taking it from the program that uses it (linux/videodev2.h)."""

import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# How many entries of one list are read at most: a faulty driver may never end its list.
MAX_ENTRIES = 256
_V4L2_BUF_TYPE_VIDEO_CAPTURE = 1
# The same number for frame sizes (V4L2_FRMSIZE_TYPE_DISCRETE) and frame intervals
# (V4L2_FRMIVAL_TYPE_DISCRETE).
_TYPE_DISCRETE = 1
# The sizes of the kernel's structures, in bytes.
_FORMAT_BYTES, _FMTDESC_BYTES, _FRMSIZEENUM_BYTES, _FRMIVALENUM_BYTES = 208, 64, 44, 52
_CAPABILITY_BYTES = 104
# Bits of device_caps: the node delivers pictures (of one plane or of several); or it takes pictures (M2M: to
# convert them).
_CAPTURES, _CONVERTS_OR_TAKES = 0x1 | 0x1000, 0x4000 | 0x8000 | 0x2 | 0x2000
_HAS_DEVICE_CAPS = 0x8000_0000


def make_iowr(number: int, size: int) -> int:
    """The kernel's _IOWR('V', number, structure), for a structure of `size` bytes."""
    return 3 << 30 | size << 16 | ord("V") << 8 | number


VIDIOC_QUERYCAP = 2 << 30 | _CAPABILITY_BYTES << 16 | ord("V") << 8
VIDIOC_ENUM_FMT = make_iowr(2, _FMTDESC_BYTES)
VIDIOC_G_FMT, VIDIOC_S_FMT = make_iowr(4, _FORMAT_BYTES), make_iowr(5, _FORMAT_BYTES)
VIDIOC_ENUM_FRAMESIZES = make_iowr(74, _FRMSIZEENUM_BYTES)
VIDIOC_ENUM_FRAMEINTERVALS = make_iowr(75, _FRMIVALENUM_BYTES)

Ioctl = Callable[[int, int, bytearray, bool], int]
_Enumerate = Callable[[int, int, bytes], Iterator[bytearray]]


@dataclass(frozen=True, slots=True)
class CaptureFormat:
    """A pixel format and frame size that a device offers.

    `max_fps` is the highest rate; None if the driver lists no rates.
    """

    fourcc: str
    width: int
    height: int
    max_fps: float | None


def enumerate_formats(device: Path, ioctl: Ioctl = fcntl.ioctl) -> list[CaptureFormat]:
    """The formats that the driver of `device` lists, in its order; OSError when `device` cannot be opened."""
    descriptor = open_device(device)
    entries = _make_enumerator(descriptor, ioctl)
    try:
        return [
            CaptureFormat(
                fourcc.decode("ascii", "replace").strip(),
                width,
                height,
                _find_max_fps(entries, fourcc, width, height),
            )
            for fourcc in _enumerate_pixel_formats(entries)
            for width, height in _enumerate_frame_sizes(entries, fourcc)
        ]
    finally:
        os.close(descriptor)


def is_capture_node(device: Path, ioctl: Ioctl = fcntl.ioctl) -> bool | None:
    """Whether `device` delivers pictures and takes none, as a camera does; None if unknown."""
    capability = bytearray(_CAPABILITY_BYTES)
    try:
        descriptor = open_device(device)
        try:
            ioctl(descriptor, VIDIOC_QUERYCAP, capability, True)
        finally:
            os.close(descriptor)
    except OSError:
        return None
    all_nodes, this_node = struct.unpack_from("=II", capability, 84)
    bits = this_node if all_nodes & _HAS_DEVICE_CAPS else all_nodes
    return bool(bits & _CAPTURES) and not bits & _CONVERTS_OR_TAKES


def is_busy(device: Path, ioctl: Ioctl = fcntl.ioctl) -> bool:
    """Whether a program streams from `device`, even one that this user may not see; False if unknown.

    It asks the driver to set the format that is set already.  While a program streams, every other gets
    EBUSY.
    """
    try:
        descriptor = open_device(device)
        try:
            format_ = bytearray(struct.pack("=I", _V4L2_BUF_TYPE_VIDEO_CAPTURE).ljust(_FORMAT_BYTES, b"\0"))
            ioctl(descriptor, VIDIOC_G_FMT, format_, True)
            ioctl(descriptor, VIDIOC_S_FMT, format_, True)
        finally:
            os.close(descriptor)
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def open_device(device: Path) -> int:
    """A descriptor of `device`, which the caller closes; it does not take the device from others."""
    # Without O_NONBLOCK a driver may wait; nothing is set here, and no buffer requested.
    return os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def _make_enumerator(descriptor: int, ioctl: Ioctl) -> _Enumerate:
    """A function that reads all entries of a list, one ioctl for each index."""

    def entries(request: int, size: int, question: bytes) -> Iterator[bytearray]:
        with suppress(OSError):  # EINVAL is the end of the list; ENOTTY means that there is no list.
            for index in range(MAX_ENTRIES):
                entry = bytearray(struct.pack("=I", index) + question).ljust(size, b"\0")
                ioctl(descriptor, request, entry, True)
                yield entry

    return entries


def _enumerate_pixel_formats(entries: _Enumerate) -> Iterator[bytes]:
    for entry in entries(VIDIOC_ENUM_FMT, _FMTDESC_BYTES, struct.pack("=I", _V4L2_BUF_TYPE_VIDEO_CAPTURE)):
        yield bytes(entry[44:48])


def _enumerate_frame_sizes(entries: _Enumerate, fourcc: bytes) -> Iterator[tuple[int, int]]:
    """Width and height of each frame size; the largest one where the driver gives a range."""
    for entry in entries(VIDIOC_ENUM_FRAMESIZES, _FRMSIZEENUM_BYTES, fourcc):
        kind, *sides = struct.unpack_from("=6I", entry, 8)
        if kind != _TYPE_DISCRETE:
            # Least, most and step of the width, then of the height.
            yield sides[1], sides[4]
            return
        yield sides[0], sides[1]


def _find_max_fps(entries: _Enumerate, fourcc: bytes, width: int, height: int) -> float | None:
    """The rate of the shortest frame interval."""
    rates_fps = []
    question = fourcc + struct.pack("=II", width, height)
    for entry in entries(VIDIOC_ENUM_FRAMEINTERVALS, _FRMIVALENUM_BYTES, question):
        # A discrete interval, or the shortest one of a range, as a fraction of a second.
        numerator, denominator = struct.unpack_from("=II", entry, 20)
        if numerator:
            rates_fps.append(denominator / numerator)
        if struct.unpack_from("=I", entry, 16)[0] != _TYPE_DISCRETE:
            break
    return max(rates_fps, default=None)
