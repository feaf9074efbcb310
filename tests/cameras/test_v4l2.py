"""Queries to a fake V4L2 driver that fills in the kernel's structures."""

import errno
import struct
from pathlib import Path

import pytest

from edge.cameras import v4l2
from edge.cameras.v4l2 import (
    VIDIOC_ENUM_FMT,
    VIDIOC_ENUM_FRAMEINTERVALS,
    VIDIOC_ENUM_FRAMESIZES,
    VIDIOC_G_FMT,
    VIDIOC_QUERYCAP,
    VIDIOC_S_FMT,
    CaptureFormat,
)

DISCRETE, CONTINUOUS, STEPWISE = 1, 2, 3


class Driver:
    """Answers the three requests with lists as uvcvideo does, or with ranges as vivid and CSI drivers do."""

    def __init__(
        self, sizes: dict[bytes, list[tuple[int, int]]], fps: list[int], kind: int = DISCRETE
    ) -> None:
        self.sizes, self.fps, self.kind = sizes, fps, kind

    def __call__(self, descriptor: int, request: int, answer: bytearray, mutate: bool) -> int:
        (index,) = struct.unpack_from("=I", answer)
        lists = {
            VIDIOC_ENUM_FMT: (64, len(self.sizes)),
            VIDIOC_ENUM_FRAMESIZES: (44, len(self.sizes.get(bytes(answer[4:8]), ()))),
            VIDIOC_ENUM_FRAMEINTERVALS: (52, len(self.fps)),
        }
        size, count = lists[request]
        assert mutate and len(answer) == size
        if index >= (count if self.kind == DISCRETE or request == VIDIOC_ENUM_FMT else min(count, 1)):
            raise OSError(errno.EINVAL, "Invalid argument")
        if request == VIDIOC_ENUM_FMT:
            answer[44:48] = list(self.sizes)[index]
        elif request == VIDIOC_ENUM_FRAMESIZES:
            width, height = self.sizes[bytes(answer[4:8])][index]
            sides = (width, height) if self.kind == DISCRETE else (16, width, 8, 16, height, 8)
            struct.pack_into(f"={1 + len(sides)}I", answer, 8, self.kind, *sides)
        else:
            fps = self.fps[index]
            # In a range the shortest interval comes first.
            struct.pack_into("=7I", answer, 16, self.kind, 1, fps, 1, 1, 1, 1)
        return 0


@pytest.fixture
def node(tmp_path: Path) -> Path:
    path = tmp_path / "video0"
    path.touch()
    return path


def test_requests_are_those_of_the_kernel() -> None:
    # The values of <linux/videodev2.h> on x86-64 and arm64.
    assert (VIDIOC_ENUM_FMT, VIDIOC_ENUM_FRAMESIZES, VIDIOC_ENUM_FRAMEINTERVALS) == (
        0xC0405602,
        0xC02C564A,
        0xC034564B,
    )
    assert (VIDIOC_G_FMT, VIDIOC_S_FMT) == (0xC0D05604, 0xC0D05605)


def test_every_format_with_every_size_and_its_best_rate(node: Path) -> None:
    driver = Driver({b"MJPG": [(640, 480), (1920, 1080)], b"YUYV": [(640, 480)]}, [15, 30, 24])
    assert v4l2.enumerate_formats(node, driver) == [
        CaptureFormat("MJPG", 640, 480, 30),
        CaptureFormat("MJPG", 1920, 1080, 30),
        CaptureFormat("YUYV", 640, 480, 30),
    ]


@pytest.mark.parametrize("kind", [CONTINUOUS, STEPWISE])
def test_of_a_range_the_largest_size_and_the_best_rate(node: Path, kind: int) -> None:
    assert v4l2.enumerate_formats(node, Driver({b"GREY": [(1280, 800)]}, [120], kind)) == [
        CaptureFormat("GREY", 1280, 800, 120)
    ]


def test_driver_that_lists_no_rates(node: Path) -> None:
    assert v4l2.enumerate_formats(node, Driver({b"Y16 ": [(160, 120)]}, [])) == [
        CaptureFormat("Y16", 160, 120, None)
    ]


def test_driver_whose_lists_never_end_is_not_waited_for(node: Path) -> None:
    class Endless(dict[bytes, list[tuple[int, int]]]):
        def __len__(self) -> int:
            return 1 << 30

        def __iter__(self):  # type: ignore[no-untyped-def]
            return iter([b"MJPG"] * v4l2.MAX_ENTRIES)

    assert len(v4l2.enumerate_formats(node, Driver(Endless({b"MJPG": [(64, 64)]}), [30]))) == v4l2.MAX_ENTRIES


def test_file_that_is_no_video_device_has_no_formats(node: Path) -> None:
    assert v4l2.enumerate_formats(node) == []


def test_missing_device_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        v4l2.enumerate_formats(tmp_path / "video9")


@pytest.mark.parametrize(("code", "is_busy"), [(None, False), (errno.EBUSY, True), (errno.EINVAL, False)])
def test_device_is_busy_when_it_may_not_even_keep_its_format(
    node: Path, code: int | None, is_busy: bool
) -> None:
    pixels = struct.pack("=2I4x2I", 1, 0, 640, 480).ljust(208, b"\0")
    set_to = []

    def driver(descriptor: int, request: int, answer: bytearray, mutate: bool) -> int:
        assert mutate and len(answer) == 208 and answer[0] == 1
        if request == VIDIOC_G_FMT:
            answer[:] = pixels
        elif code is not None:
            raise OSError(code, "refused")
        else:
            set_to.append(bytes(answer))
        return 0

    assert v4l2.is_busy(node, driver) is is_busy
    assert set_to == ([pixels] if code is None else [])


def test_file_that_is_no_video_device_is_not_busy(node: Path, tmp_path: Path) -> None:
    assert not v4l2.is_busy(node) and not v4l2.is_busy(tmp_path / "video9")


# Bits of v4l2_capability: picture, M2M, metadata, streaming, and "device_caps is filled in".
CAPTURE, CAPTURE_PLANES, OUTPUT, M2M_PLANES, METADATA = 0x1, 0x1000, 0x2, 0x4000, 0x80_0000
STREAMING, HAS_DEVICE_CAPS = 0x400_0000, 0x8000_0000


@pytest.mark.parametrize(
    ("device_caps", "is_camera"),
    [
        (CAPTURE | STREAMING, True),
        (CAPTURE_PLANES | STREAMING, True),
        (M2M_PLANES | STREAMING, False),
        (OUTPUT | STREAMING, False),
        (METADATA | STREAMING, False),
    ],
)
def test_node_that_captures_is_told_from_the_other_nodes_of_its_driver(
    node: Path, device_caps: int, is_camera: bool
) -> None:
    def answer(descriptor: int, request: int, answer: bytearray, mutate: bool) -> int:
        assert request == VIDIOC_QUERYCAP == 0x8068_5600 and len(answer) == 104
        # The first word is for all nodes together: every one says that it captures.
        struct.pack_into("=II", answer, 84, CAPTURE | METADATA | HAS_DEVICE_CAPS, device_caps)
        return 0

    assert v4l2.is_capture_node(node, answer) is is_camera


def test_node_that_is_no_video_device_or_not_there_is_unknown(node: Path) -> None:
    assert v4l2.is_capture_node(node) is None
    assert v4l2.is_capture_node(node.with_name("video7")) is None
