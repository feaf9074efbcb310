"""Headers of JPEGs: sizes and orientations, and what is no header."""

import cv2
import numpy as np
import pytest

from edge.cameras import jpeg_header
from edge.orientation import BY_EXIF, UPRIGHT
from tests.exif import add_exif

PICTURE = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)


def encode(*options: int) -> bytes:
    return np.asarray(cv2.imencode(".jpg", PICTURE, options)[1], np.uint8).tobytes()


def read(content: bytes) -> jpeg_header.JpegHeader | None:
    return jpeg_header.read_header(np.frombuffer(content, np.uint8))


@pytest.mark.parametrize(
    "options", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 4)]
)
def test_size_is_that_of_the_picture(options: tuple[int, ...]) -> None:
    assert read(encode(*options)) == (64, 48, UPRIGHT)


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("tag", BY_EXIF)
def test_orientation_is_that_of_exif(order: str, tag: int) -> None:
    assert read(add_exif(encode(), tag, order=order)) == (64, 48, BY_EXIF[tag])


def test_unknown_orientation_is_upright() -> None:
    assert read(add_exif(encode(), 9)) == (64, 48, UPRIGHT)


def test_what_is_no_header_gives_none_wherever_it_is_cut() -> None:
    whole = add_exif(encode(), 6)
    found = [read(whole[:length]) for length in range(len(whole))]
    first = next(length for length, header in enumerate(found) if header)
    assert first > 100 and not any(found[:first])
    assert set(found[first:]) == {(64, 48, BY_EXIF[6])}


def test_end_is_found_whatever_follows_it_and_missed_where_it_is_cut_off() -> None:
    whole = encode()
    for padding in (b"", b"\0" * 10, b"\0" * 5_000, b"\xff" * 100):
        assert jpeg_header.has_end(np.frombuffer(whole + padding, np.uint8))
    for length in (0, 2, 100, len(whole) // 2, len(whole) - 1):
        assert not jpeg_header.has_end(np.frombuffer(whole[:length], np.uint8))


def test_damaged_header_raises_nothing() -> None:
    whole = bytearray(add_exif(encode(), 6)[:200])
    generator = np.random.default_rng(0)
    for _ in range(2_000):
        damaged = whole.copy()
        for position in generator.integers(2, len(whole), 3):
            damaged[position] = int(generator.integers(256))
        read(bytes(damaged))
