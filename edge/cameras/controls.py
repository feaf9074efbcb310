"""Compares the names of cameras' controls, and makes the errors of those that are wrong."""

from collections.abc import Iterable, Mapping

from edge.errors import CameraError

ControlValue = bool | int | float | str | list[int | float]
Controls = Mapping[str, ControlValue]


def simplify(name: str) -> str:
    """The letters and digits of a name, in lower case: equal for "Focus, Auto" and focus_auto."""
    return "".join(filter(str.isalnum, name)).lower()


def find_name(name: str, present: Iterable[str], camera: str) -> str:
    """The one of `present` that `name` means; if there is none, a CameraError that lists them."""
    names = {simplify(other): other for other in present}
    if (found := names.get(simplify(name))) is None:
        listed = ", ".join(sorted(names.values())) or "no controls"
        raise CameraError(f"expected a control of {camera} ({listed}), found {name}; change camera_controls")
    return found


def make_value_error(name: str, camera: str, expected: str, found: ControlValue) -> CameraError:
    """The error of a value that a control cannot have."""
    return CameraError(f"expected {expected} for {name} of {camera}, found {found!r}; change camera_controls")
