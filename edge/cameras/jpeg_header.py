"""Reads from a JPEG's header how large its picture is, and how the camera was held."""

import struct
from typing import NamedTuple

from edge.frames import Image
from edge.orientation import BY_EXIF, UPRIGHT, Orientation

# How many bytes are searched for the header: enough, unless it holds a large thumbnail.
_HEADER_BYTES = 65_536
# Markers: the start of the picture, of an EXIF segment, of the pixels, and those that begin a frame header.
_SOI, _APP1, _SOS = 0xD8, 0xE1, 0xDA
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EOI = b"\xff\xd9"
# Nearly every camera puts the end marker within the last so many bytes.
_TAIL_BYTES = 64
_EXIF_START = b"Exif\0\0"
_ORIENTATION_TAG, _SHORT = 0x0112, 3


class JpegHeader(NamedTuple):
    """Width and height of the picture as it is stored, px, and how to turn it."""

    width: int
    height: int
    orientation: Orientation


def read_header(jpeg: Image) -> JpegHeader | None:
    """The header of a JPEG, (N,) uint8; None if it is missing or damaged."""
    header = jpeg[:_HEADER_BYTES].tobytes()
    orientation = UPRIGHT
    if header[:2] != bytes((0xFF, _SOI)):
        return None
    at = 2
    try:
        while True:
            start, marker, length = struct.unpack_from(">BBH", header, at)
            if start != 0xFF or marker == _SOS or length < 2:
                return None
            if marker in _FRAME_HEADERS:
                height, width = struct.unpack_from(">HH", header, at + 5)
                return JpegHeader(width, height, orientation) if width and height else None
            if marker == _APP1 and header.startswith(_EXIF_START, at + 4):
                orientation = _read_orientation(header[at + 10 : at + 2 + length])
            at += 2 + length
    except struct.error:
        return None  # The header is cut off.


def has_end(jpeg: Image) -> bool:
    """Whether a JPEG, (N,) uint8, holds the marker of its end; cameras may add any bytes behind it.

    Only a thumbnail in the header can have an end marker of its own: inside a picture there is none.
    """
    return _EOI in jpeg[-_TAIL_BYTES:].tobytes() or _EOI in jpeg.tobytes()


def _read_orientation(exif: bytes) -> Orientation:
    """The orientation in the first directory of `exif`, which is a TIFF file."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return UPRIGHT
    try:
        (directory,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, directory)
        for entry in range(entries):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, directory + 2 + 12 * entry)
            if (tag, kind) == (_ORIENTATION_TAG, _SHORT):
                return BY_EXIF.get(value, UPRIGHT)
    except struct.error:
        pass  # The directory points beyond the segment.
    return UPRIGHT
