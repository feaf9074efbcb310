"""What a V4L2 device says of itself, asked without taking it from whoever uses it (linux/videodev2.h)."""

import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Sizes and rates of one format that are asked for at the most: a driver that never ends is none to wait for.
MOST_ANSWERS = 256
_CAPTURE = 1
_DISCRETE = 1


def _iowr(number: int, size: int) -> int:
    """_IOWR('V', number, a struct of `size` bytes)."""
    return 3 << 30 | size << 16 | ord("V") << 8 | number


ENUM_FMT = _iowr(2, 64)
GET_FMT, SET_FMT = _iowr(4, 208), _iowr(5, 208)
ENUM_FRAMESIZES = _iowr(74, 44)
ENUM_FRAMEINTERVALS = _iowr(75, 52)
Ioctl = Callable[[int, int, bytearray, bool], int]


@dataclass(frozen=True, slots=True)
class Mode:
    """Pictures that a device can give; `fps` is the highest rate, None where the driver does not tell."""

    code: str
    width: int
    height: int
    fps: float | None


def modes(device: Path, ioctl: Ioctl = fcntl.ioctl) -> list[Mode]:
    """The modes of `device`, as its driver lists them; OSError when it cannot be opened."""
    # Not to block is to be told at once; nothing is set, no buffer asked for.
    descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    ask = _asker(descriptor, ioctl)
    try:
        return [
            Mode(code.decode("ascii", "replace").strip(), width, height, _best_fps(ask, code, width, height))
            for code in _codes(ask)
            for width, height in _sizes(ask, code)
        ]
    finally:
        os.close(descriptor)


def is_busy(device: Path, ioctl: Ioctl = fcntl.ioctl) -> bool:
    """Somebody takes pictures from `device`, be it a process that this user may not see; False where it does not tell.

    It is asked to keep the format that it has: while it is at work, only who uses it may ask that.
    """
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            pixels = bytearray(struct.pack("=I", _CAPTURE).ljust(208, b"\0"))
            ioctl(descriptor, GET_FMT, pixels, True)
            ioctl(descriptor, SET_FMT, pixels, True)
        finally:
            os.close(descriptor)
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


_Ask = Callable[[int, int, bytes], Iterator[bytearray]]


def _asker(descriptor: int, ioctl: Ioctl) -> _Ask:
    """A function that asks the list of a request, an index after the other, to its end."""

    def ask(request: int, size: int, question: bytes) -> Iterator[bytearray]:
        with suppress(OSError):  # EINVAL ends the list; ENOTTY says that there is none.
            for index in range(MOST_ANSWERS):
                answer = bytearray(struct.pack("=I", index) + question).ljust(size, b"\0")
                ioctl(descriptor, request, answer, True)
                yield answer

    return ask


def _codes(ask: _Ask) -> Iterator[bytes]:
    for answer in ask(ENUM_FMT, 64, struct.pack("=I", _CAPTURE)):
        yield bytes(answer[44:48])


def _sizes(ask: _Ask, code: bytes) -> Iterator[tuple[int, int]]:
    """Of a range of sizes, the largest."""
    for answer in ask(ENUM_FRAMESIZES, 44, code):
        kind, *sides = struct.unpack_from("=6I", answer, 8)
        if kind != _DISCRETE:
            # Least, most and step of the width, then of the height.
            yield sides[1], sides[4]
            return
        yield sides[0], sides[1]


def _best_fps(ask: _Ask, code: bytes, width: int, height: int) -> float | None:
    """The highest rate: of the shortest time from frame to frame."""
    rates = []
    for answer in ask(ENUM_FRAMEINTERVALS, 52, code + struct.pack("=II", width, height)):
        # One interval, or the shortest of a range, as a fraction of a second.
        numerator, denominator = struct.unpack_from("=II", answer, 20)
        if numerator:
            rates.append(denominator / numerator)
        if struct.unpack_from("=I", answer, 16)[0] != _DISCRETE:
            break
    return max(rates, default=None)
