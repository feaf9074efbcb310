"""Controls of a fake V4L2 driver that fills in the kernel's structures, as uvcvideo does."""

import errno
import struct
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.cameras import v4l2_controls
from edge.cameras.controls import ControlValue
from edge.cameras.v4l2_controls import VIDIOC_G_CTRL, VIDIOC_QUERYCTRL, VIDIOC_QUERYMENU, VIDIOC_S_CTRL
from edge.errors import CameraError

INTEGER, BOOLEAN, MENU, BUTTON, CLASS, INTEGER_MENU = 1, 2, 3, 4, 6, 9
DISABLED, INACTIVE, NEXT = 0x1, 0x10, 0x8000_0000
CAMERA = "/dev/video0"


@dataclass
class Entry:
    id: int
    name: str
    kind: int = INTEGER
    minimum: int = 0
    maximum: int = 255
    value: int = 128
    flags: int = 0
    menu: dict[int, str] = field(default_factory=dict)


class Driver:
    """A webcam; while its exposure is automatic, an exposure that is set is refused."""

    def __init__(self) -> None:
        self.entries = [
            Entry(0x0098_0001, "User Controls", CLASS),
            Entry(0x0098_0900, "Brightness"),
            Entry(
                0x0098_0918,
                "Power Line Frequency",
                MENU,
                0,
                3,
                2,
                menu={0: "Disabled", 1: "50 Hz", 2: "60 Hz"},
            ),
            Entry(0x0098_0920, "Zoom, Absolute", flags=DISABLED),
            Entry(0x0098_0930, "Reset", BUTTON),
            Entry(
                0x009A_0901,
                "Auto Exposure",
                MENU,
                0,
                3,
                3,
                menu={1: "Manual Mode", 3: "Aperture Priority Mode"},
            ),
            Entry(0x009A_0902, "Exposure Time, Absolute", INTEGER, 3, 2047, 250, INACTIVE),
            Entry(0x009A_090C, "Focus, Automatic Continuous", BOOLEAN, 0, 1, 1),
            Entry(0x009A_0913, "Exposure, Bias", INTEGER_MENU, 0, 2, 1, menu={0: "-1000", 1: "0", 2: "1000"}),
        ]
        self.was_set: list[tuple[str, int]] = []
        self.clamps = False

    def __getitem__(self, id_: int) -> Entry:
        found = [entry for entry in self.entries if entry.id == id_]
        if not found:
            raise OSError(errno.EINVAL, "Invalid argument")
        return found[0]

    def __call__(self, descriptor: int, request: int, answer: bytearray, mutate: bool) -> int:
        assert mutate
        sizes = {VIDIOC_G_CTRL: 8, VIDIOC_S_CTRL: 8, VIDIOC_QUERYCTRL: 68, VIDIOC_QUERYMENU: 44}
        assert len(answer) == sizes[request]
        id_, number = struct.unpack_from("=II", answer)
        if request == VIDIOC_QUERYCTRL:
            assert id_ & NEXT
            later = [entry for entry in self.entries if entry.id > id_ - NEXT]
            if not later:
                raise OSError(errno.EINVAL, "Invalid argument")
            entry = later[0]
            struct.pack_into("=II32s", answer, 0, entry.id, entry.kind, entry.name.encode())
            struct.pack_into("=4iI", answer, 40, entry.minimum, entry.maximum, 1, entry.value, entry.flags)
        elif request == VIDIOC_QUERYMENU:
            if number not in self[id_].menu:
                raise OSError(errno.EINVAL, "Invalid argument")
            entry = self[id_]
            if entry.kind == INTEGER_MENU:
                struct.pack_into("=q", answer, 8, int(entry.menu[number]))
            else:
                struct.pack_into("=32s", answer, 8, entry.menu[number].encode())
        elif request == VIDIOC_G_CTRL:
            struct.pack_into("=i", answer, 4, self[id_].value)
        else:
            self.set(self[id_], number)
        return 0

    def set(self, entry: Entry, number: int) -> None:
        if entry.name.startswith("Exposure Time") and self[0x009A_0901].value != 1:
            raise OSError(errno.EIO, "Input/output error")
        entry.value = min(number, 200) if self.clamps else number
        self.was_set.append((entry.name, number))


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def node(tmp_path: Path) -> Path:
    path = tmp_path / "video0"
    path.touch()
    return path


def test_requests_are_those_of_the_kernel() -> None:
    assert (VIDIOC_G_CTRL, VIDIOC_S_CTRL) == (0xC008_561B, 0xC008_561C)
    assert (VIDIOC_QUERYCTRL, VIDIOC_QUERYMENU) == (0xC044_5624, 0xC02C_5625)


def test_controls_are_listed_with_ranges_and_values(node: Path, driver: Driver) -> None:
    assert list(map(str, v4l2_controls.list_controls(node, driver))) == [
        "brightness 128 (0 to 255)",
        "power_line_frequency 60 Hz (Disabled, 50 Hz, 60 Hz)",
        "auto_exposure Aperture Priority Mode (Manual Mode, Aperture Priority Mode)",
        "exposure_time_absolute 250 (3 to 2047; set automatically now)",
        "focus_automatic_continuous true (true, false)",
        "exposure_bias 0 (-1000, 0, 1000)",
    ]


@pytest.mark.parametrize(
    ("wanted", "was_set"),
    [
        ({"brightness": 7}, [("Brightness", 7)]),
        ({"Brightness": 7.0}, [("Brightness", 7)]),
        ({"power_line_frequency": "50 Hz"}, [("Power Line Frequency", 1)]),
        ({"power_line_frequency": "50hz"}, [("Power Line Frequency", 1)]),
        ({"power_line_frequency": 1}, [("Power Line Frequency", 1)]),
        ({"exposure_bias": -1000}, [("Exposure, Bias", 0)]),
        ({"exposure_bias": 1000}, [("Exposure, Bias", 2)]),
        ({"exposure_bias": "0"}, [("Exposure, Bias", 1)]),
        ({"focus_automatic_continuous": False}, [("Focus, Automatic Continuous", 0)]),
        ({"focus_auto": 0}, [("Focus, Automatic Continuous", 0)]),
        (
            {"exposure_absolute": 100, "exposure_auto": "manual mode"},
            [("Auto Exposure", 1), ("Exposure Time, Absolute", 100)],
        ),
        ({}, []),
    ],
)
def test_controls_are_set_under_either_name_and_automatics_first(
    node: Path, driver: Driver, wanted: dict[str, ControlValue], was_set: list[tuple[str, int]]
) -> None:
    v4l2_controls.set_controls(node, wanted, CAMERA, driver)
    assert driver.was_set == was_set


def test_older_kernel_s_names_are_found_by_the_newer_ones(node: Path, driver: Driver) -> None:
    driver[0x009A_090C].name = "Focus, Auto"
    v4l2_controls.set_controls(node, {"focus_automatic_continuous": False}, CAMERA, driver)
    assert driver.was_set == [("Focus, Auto", 0)]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "zoom",
            2,
            "expected a control of /dev/video0 (auto_exposure, brightness, exposure_bias, "
            "exposure_time_absolute, focus_automatic_continuous, power_line_frequency), found zoom; "
            "change camera_controls",
        ),
        (
            "brightness",
            256,
            "expected a whole number from 0 to 255 for brightness of /dev/video0, found 256; "
            "change camera_controls",
        ),
        ("brightness", 1.5, "expected a whole number from 0 to 255 for brightness"),
        ("brightness", "high", "expected a whole number from 0 to 255 for brightness"),
        ("brightness", [1.0, 2.0], "expected a whole number from 0 to 255 for brightness"),
        ("focus_auto", 2, "expected true or false for focus_automatic_continuous"),
        ("power_line_frequency", "55 Hz", "expected one of Disabled, 50 Hz, 60 Hz for power_line_frequency"),
        (
            "exposure_bias",
            1,
            "expected one of -1000, 0, 1000 for exposure_bias of /dev/video0, found 1; change",
        ),
        ("power_line_frequency", [50, 60], "expected one of Disabled, 50 Hz, 60 Hz for power_line_frequency"),
        ("power_line_frequency", 9, "expected one of Disabled, 50 Hz, 60 Hz for power_line_frequency"),
        (
            "exposure_time_absolute",
            100,
            "expected to set exposure_time_absolute of /dev/video0 to 100, found: Input/output error; "
            "switch off the automatic control that sets it, or take it out of camera_controls",
        ),
    ],
)
def test_control_that_cannot_be_set_is_one_line(
    node: Path, driver: Driver, name: str, value: ControlValue, message: str
) -> None:
    with pytest.raises(CameraError) as raised:
        v4l2_controls.set_controls(node, {"focus_auto": True, name: value}, CAMERA, driver)
    assert message in str(raised.value) and "\n" not in str(raised.value)


def test_value_that_the_device_changes_is_told(
    node: Path, driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    driver.clamps = True
    v4l2_controls.set_controls(node, {"brightness": 220}, CAMERA, driver)
    assert "brightness is 200 where 220 was asked for" in caplog.text


def test_device_without_controls_says_so(node: Path) -> None:
    assert v4l2_controls.list_controls(node) == []
    with pytest.raises(CameraError, match=r"expected a control of /dev/video0 \(no controls\), found zoom"):
        v4l2_controls.set_controls(node, {"zoom": 1}, CAMERA)


def test_device_that_is_gone_is_an_error_of_the_camera(node: Path) -> None:
    node.unlink()
    with pytest.raises(CameraError, match="found: No such file"):
        v4l2_controls.set_controls(node, {"zoom": 1}, CAMERA)
