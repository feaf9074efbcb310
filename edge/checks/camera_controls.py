"""Lists the controls of the settings' camera, and checks those that the settings set."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge.cameras.spec import CsiCamera, V4l2Device, parse_camera
from edge.checks.check_result import CheckResult, make_problem, ok, skip
from edge.checks.machine import Machine
from edge.errors import CameraError

if TYPE_CHECKING:
    from edge.settings.config import Config

LIBCAMERA_WITHIN_S = 20.0
_LIST_CSI = """import sys
from picamera2 import Picamera2
camera = Picamera2(int(sys.argv[1]))
for name, (least, most, default) in sorted(camera.camera_controls.items()):
    print(f"CONTROL {name} ({least} to {most}, default {default})")
camera.close()"""


def check_controls(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """The controls with their ranges, and of a V4L2 camera with their present values."""
    match parse_camera(config.camera):
        case V4l2Device(device):
            yield from _check_v4l2(machine, config, device)
        case CsiCamera(index):
            yield _list_csi(machine, index)
        case _:
            yield skip("only USB and CSI cameras have some")


def _check_v4l2(machine: Machine, config: "Config", device: str) -> Iterator[CheckResult]:
    from edge.cameras import v4l2_controls

    try:
        present = v4l2_controls.list_controls(machine.root / device.lstrip("/"))
    except OSError:
        yield skip(f"{device} cannot be opened: see camera")
        return
    try:
        v4l2_controls.check_controls(present, config.camera_controls, device)
    except CameraError as error:
        yield make_problem(error)
    yield ok("; ".join(map(str, present)) if present else f"{device} has none")


def _list_csi(machine: Machine, index: int) -> CheckResult:
    result = machine.run([sys.executable, "-c", _LIST_CSI, str(index)], LIBCAMERA_WITHIN_S)
    if result is None or result.code:
        return skip(f"libcamera does not list them: {result.last_error if result else 'no Python'}")
    lines = result.stdout.splitlines()
    return ok("; ".join(line.removeprefix("CONTROL ") for line in lines if line.startswith("CONTROL ")))
