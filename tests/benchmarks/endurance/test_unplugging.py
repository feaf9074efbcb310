"""The camera that can be unplugged, and its handle."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.clip import encode_jpeg
from benchmarks.endurance.unplugging import FakeCapture, UsbSocket


@pytest.fixture
def socket(tmp_path: Path) -> UsbSocket:
    return UsbSocket(tmp_path, [encode_jpeg(np.full((8, 8, 3), shade, np.uint8)) for shade in (10, 200)])


def test_stable_name_leads_to_another_device_file_each_time(socket: UsbSocket) -> None:
    link = socket.root / socket.name.lstrip("/")
    first = link.resolve()
    assert first.exists()
    socket.unplug()
    assert not first.exists() and not link.is_symlink()
    socket.plug_in()
    assert link.resolve().exists() and link.resolve() != first


def test_capture_delivers_until_the_camera_is_unplugged(socket: UsbSocket) -> None:
    capture = FakeCapture(socket)
    assert capture.isOpened()
    pictures = [capture.read() for _ in range(2)]
    assert all(is_read for is_read, _ in pictures)
    socket.unplug()
    assert capture.read() == (False, None)
    # Plugged in again, the old handle stays dead, and a new one works.
    socket.plug_in()
    assert capture.read() == (False, None)
    assert FakeCapture(socket).read()[0]


def test_capture_of_an_unplugged_camera_is_not_open(socket: UsbSocket) -> None:
    socket.unplug()
    assert not FakeCapture(socket).isOpened()


def test_properties_are_kept(socket: UsbSocket) -> None:
    capture = FakeCapture(socket)
    assert capture.get(5) == 0
    assert capture.set(5, 30.0) and capture.get(5) == 30.0
