"""Lists and sets the controls of a V4L2 device, such as focus, exposure, gain and mains frequency."""

import fcntl
import logging
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge.cameras import v4l2
from edge.cameras.controls import Controls, ControlValue, find_name, make_value_error, simplify
from edge.cameras.v4l2 import Ioctl
from edge.errors import CameraError

log = logging.getLogger(__name__)

# The sizes of the kernel's structures, in bytes.
_CONTROL_BYTES, _QUERYCTRL_BYTES, _QUERYMENU_BYTES = 8, 68, 44
VIDIOC_G_CTRL, VIDIOC_S_CTRL = v4l2.make_iowr(27, _CONTROL_BYTES), v4l2.make_iowr(28, _CONTROL_BYTES)
VIDIOC_QUERYCTRL = v4l2.make_iowr(36, _QUERYCTRL_BYTES)
VIDIOC_QUERYMENU = v4l2.make_iowr(37, _QUERYMENU_BYTES)
# V4L2_CTRL_FLAG_NEXT_CTRL: with an id, it asks for the control with the next higher id.
_NEXT = 0x8000_0000
# The types of controls that can be set here: a button has no value, and no camera needs a string or a 64-bit
# number.
_INTEGER, _BOOLEAN, _MENU, _INTEGER_MENU = 1, 2, 3, 9
# Flags of controls: not supported, cannot be written, and set automatically by another control at the moment.
_DISABLED, _READ_ONLY, _INACTIVE = 0x1, 0x4, 0x10
# The names of controls before Linux 5.14, which many web pages still use, and the present ones.
_FORMER_NAMES = {
    "focus_auto": "focus_automatic_continuous",
    "white_balance_temperature_auto": "white_balance_automatic",
    "exposure_auto": "auto_exposure",
    "exposure_absolute": "exposure_time_absolute",
    "exposure_auto_priority": "exposure_dynamic_framerate",
}


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a device, with its present value; `name` is as v4l2-ctl prints it."""

    name: str
    id: int
    kind: int
    minimum: int
    maximum: int
    default: int
    value: int
    is_inactive: bool
    menu: Mapping[int, str] = field(default_factory=dict)
    """The names of the values, by number; empty for a control whose values have no names."""

    def __str__(self) -> str:
        """The name, the value, and in parentheses the values that it may have."""
        if self.menu:
            value, values = self.menu.get(self.value, str(self.value)), ", ".join(self.menu.values())
        elif self.kind == _BOOLEAN:
            value, values = str(bool(self.value)).lower(), "true, false"
        else:
            value, values = str(self.value), f"{self.minimum} to {self.maximum}"
        return f"{self.name} {value} ({values}{'; set automatically now' if self.is_inactive else ''})"

    def to_number(self, value: ControlValue, camera: str) -> int:
        """The number that stands for `value`; CameraError if the control cannot have it."""
        if self.kind == _INTEGER_MENU:
            # A number is the entry that it shows, not its place in the menu.
            for number, entry in self.menu.items():
                if entry == str(value):
                    return number
            raise make_value_error(self.name, camera, f"one of {', '.join(self.menu.values())}", value)
        if isinstance(value, str) and self.menu:
            for number, entry in self.menu.items():
                if simplify(entry) == simplify(value):
                    return number
        if self.menu:
            expected = f"one of {', '.join(self.menu.values())}"
            is_allowed = isinstance(value, int | float) and value in self.menu
        elif self.kind == _BOOLEAN:
            expected, is_allowed = "true or false", value in (0, 1)
        else:
            expected = f"a whole number from {self.minimum} to {self.maximum}"
            is_allowed = isinstance(value, int | float) and self.minimum <= value <= self.maximum
        if not is_allowed or not isinstance(value, int | float) or value != int(value):
            raise make_value_error(self.name, camera, expected, value)
        return int(value)


def list_controls(device: Path, ioctl: Ioctl = fcntl.ioctl) -> list[Control]:
    """The controls that `device` has and that can be set; OSError when `device` cannot be opened."""
    descriptor = v4l2.open_device(device)
    try:
        return list(_enumerate_controls(descriptor, ioctl))
    finally:
        os.close(descriptor)


def set_controls(device: Path, wanted: Controls, camera: str, ioctl: Ioctl = fcntl.ioctl) -> None:
    """Set the controls `wanted`; raises CameraError, whose text calls the device `camera`.

    Another program may use the device meanwhile.  Booleans and menus are set before numbers: for example, an
    exposure time can be set only when automatic exposure is off.
    """
    try:
        descriptor = v4l2.open_device(device)
    except OSError as error:
        raise CameraError(f"expected to set controls of {camera}, found: {error.strerror}") from error
    try:
        settings = check_controls(list(_enumerate_controls(descriptor, ioctl)), wanted, camera)
        for control, number in sorted(settings, key=lambda setting: setting[0].kind == _INTEGER):
            _set_control(descriptor, control, number, camera, ioctl)
    finally:
        os.close(descriptor)


def check_controls(present: Sequence[Control], wanted: Controls, camera: str) -> list[tuple[Control, int]]:
    """Each control of `wanted` with its number; CameraError if it is not `present` or not with that value."""
    by_name = {control.name: control for control in present}
    settings = []
    for name, value in wanted.items():
        control = by_name[find_name(_translate_name(name, by_name), by_name, camera)]
        settings.append((control, control.to_number(value, camera)))
    return settings


def _translate_name(name: str, present: Mapping[str, Control]) -> str:
    """The device's own name of a control: the present or the former one, whichever of them `name` is."""
    for former, current in _FORMER_NAMES.items():
        pair = (former, current)
        if simplify(name) in map(simplify, pair):
            return next((other for other in pair if other in present), name)
    return name


def _enumerate_controls(descriptor: int, ioctl: Ioctl) -> Iterator[Control]:
    last = 0
    with suppress(OSError):  # EINVAL is the end of the list; ENOTTY means that there is no list.
        for _ in range(v4l2.MAX_ENTRIES):
            entry = bytearray(struct.pack("=I", last | _NEXT).ljust(_QUERYCTRL_BYTES, b"\0"))
            ioctl(descriptor, VIDIOC_QUERYCTRL, entry, True)
            id_, kind, name = struct.unpack_from("=II32s", entry)
            minimum, maximum, _, default, flags = struct.unpack_from("=4iI", entry, 40)
            last = id_
            if kind not in (_INTEGER, _BOOLEAN, _MENU, _INTEGER_MENU) or flags & (_DISABLED | _READ_ONLY):
                continue
            menu = {}
            if kind in (_MENU, _INTEGER_MENU):
                menu = dict(_enumerate_menu(descriptor, id_, kind, minimum, maximum, ioctl))
            value = _get_value(descriptor, id_, ioctl)
            if value is not None:
                yield Control(
                    _make_name(name),
                    id_,
                    kind,
                    minimum,
                    maximum,
                    default,
                    value,
                    bool(flags & _INACTIVE),
                    menu,
                )


def _enumerate_menu(
    descriptor: int, id_: int, kind: int, minimum: int, maximum: int, ioctl: Ioctl
) -> Iterator[tuple[int, str]]:
    """Number and name of each entry; a menu may have gaps."""
    for index in range(minimum, min(maximum, minimum + v4l2.MAX_ENTRIES) + 1):
        entry = bytearray(struct.pack("=II", id_, index).ljust(_QUERYMENU_BYTES, b"\0"))
        with suppress(OSError):
            ioctl(descriptor, VIDIOC_QUERYMENU, entry, True)
            text = bytes(entry[8:40]).partition(b"\0")[0].decode("utf-8", "replace")
            yield index, str(struct.unpack_from("=q", entry, 8)[0]) if kind == _INTEGER_MENU else text


def _get_value(descriptor: int, id_: int, ioctl: Ioctl) -> int | None:
    answer = bytearray(struct.pack("=Ii", id_, 0))
    try:
        ioctl(descriptor, VIDIOC_G_CTRL, answer, True)
    except OSError:
        return None  # Some devices list controls that they do not have.
    return int(struct.unpack_from("=i", answer, 4)[0])


def _set_control(descriptor: int, control: Control, number: int, camera: str, ioctl: Ioctl) -> None:
    try:
        ioctl(descriptor, VIDIOC_S_CTRL, bytearray(struct.pack("=Ii", control.id, number)), True)
    except OSError as error:
        raise CameraError(
            f"expected to set {control.name} of {camera} to {number}, found: {error.strerror}; "
            "switch off the automatic control that sets it, or take it out of camera_controls"
        ) from error
    if (now := _get_value(descriptor, control.id, ioctl)) != number:
        log.warning("%s: %s is %s where %d was asked for", camera, control.name, now, number)


def _make_name(name: bytes) -> str:
    """The name as v4l2-ctl prints it: "Power Line Frequency" becomes power_line_frequency."""
    text = name.partition(b"\0")[0].decode("utf-8", "replace").lower()
    words = "".join(letter if letter.isalnum() else " " for letter in text)
    return "_".join(words.split())
