"""Checks the camera of the settings: is it there, may this user open it, is it free, is it fast enough?"""

import glob
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cameras.spec import (
    CsiCamera,
    DemoPicture,
    NetworkStream,
    UnsupportedUrl,
    V4l2Device,
    VideoFile,
    hide_secrets,
    parse_camera,
)
from edge.checks.check_result import CheckResult, ok, problem, skip, warning
from edge.checks.machine import Machine
from edge.checks.processes import Process, read_process

if TYPE_CHECKING:
    from edge.cameras.v4l2 import CaptureFormat
    from edge.settings.config import Config

LIBCAMERA_WITHIN_S = 20.0
# A camera that delivers less than this share of the rate asked for gets a warning.
MIN_RATE_SHARE = 0.9
_INSTALL = "sudo apt install python3-picamera2, and make the environment with --system-site-packages"
_REPAIR = "pip install 'simplejpeg>=1.8.2', and check what rpicam-hello --list-cameras reports"
_USE_PICAMERA2 = "open it with --camera picamera2"
_LIST_CSI = """from picamera2 import Picamera2
for number, camera in enumerate(Picamera2.global_camera_info()):
    print(f"CAMERA picamera2:{number} ({camera['Model']})")"""
_LOG_IN = "sudo usermod -aG {} $USER, and log in again"


def check_groups(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """Whether this user is in the groups whose members may open the devices."""
    needed = []
    if isinstance(parse_camera(config.camera), V4l2Device | CsiCamera):
        needed.append(("video", problem, "camera"))
    if config.display:
        needed += [("video", problem, "display"), ("render", warning, "display"), ("input", warning, "keys")]
    if not needed:
        yield skip("neither camera nor display needs one")
        return
    missing = {name: (make, device) for name, make, device in needed if name not in machine.groups}
    if machine.is_root or not missing:
        names = ", ".join(name for name, _, _ in needed)
        yield ok("root, who may open all devices" if machine.is_root else names)
        return
    for name, (make, device) in missing.items():
        yield make(f"this user is not in the group {name}, which may open the {device}", _LOG_IN.format(name))


def check_camera(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """The camera of the settings."""
    match parse_camera(config.camera):
        case DemoPicture():
            yield ok("demo, which is built in")
        case CsiCamera():
            yield skip(f"{config.camera} is no V4L2 device: see csi")
        case V4l2Device(path):
            yield from _check_device(machine, config, Path(path))
        case NetworkStream() as stream:
            yield _check_stream(machine, stream)
        case UnsupportedUrl(url):
            yield problem(
                f"no camera reads the address {hide_secrets(url)}",
                "name one that begins with rtsp://, rtsps://, http:// or https://",
            )
        case VideoFile(path) if os.path.exists(path) or glob.glob(path):
            yield ok(f"{path} is there")
        case VideoFile(path):
            yield problem(f"there is no file {hide_secrets(path)}", "name another with --camera")


def _check_device(machine: Machine, config: "Config", device: Path) -> Iterator[CheckResult]:
    from edge.cameras import device_nodes

    cameras = device_nodes.list_cameras(machine.root)
    path = machine.root / str(device).lstrip("/")
    if not path.exists():
        others = f"there are: {', '.join(cameras)}" if cameras else "there is none at all"
        yield problem(
            f"no camera at {device}; {others}",
            "name one of these with --camera" if cameras else "plug it in, and check whether lsusb lists it",
        )
        return
    if device_nodes.is_csi_receiver(str(device), machine.root):
        # An adapter from HDMI to CSI does give pictures here.
        yield warning(
            f"{device} is the receiver of a CSI camera, and of a sensor it gives raw values", _USE_PICAMERA2
        )
    if not os.access(path, os.R_OK | os.W_OK):
        yield problem(f"{device} may not be opened by this user", _LOG_IN.format("video"))
        return
    proc = machine.root / "proc"
    holders = [read_process(int(held.split()[0]), proc) for held in device_nodes.list_holders(path, proc)]
    yield _judge_holders(device, path, holders)
    if len(cameras) > 1 and "/by-" not in str(device):
        yield warning(
            f"{device} may be another of the {len(cameras)} cameras after a restart",
            "name it in the settings by its path in /dev/v4l/by-id",
        )
    yield from _check_formats(_list_formats(path), config)


def _judge_holders(device: Path, path: Path, holders: Sequence[Process]) -> CheckResult:
    """Whether the device is free; `holders` are those of its users that this user may see."""
    from edge.cameras import v4l2

    if others := [holder for holder in holders if not holder.is_ours]:
        return problem(
            f"{device} is held by process {', '.join(map(str, others))}",
            f"stop it: kill {' '.join(str(holder.id) for holder in others)}",
        )
    if holders:
        return ok(f"{device} is in use by fer-edge, process {', '.join(map(str, holders))}")
    if v4l2.is_busy(path):
        return problem(
            f"{device} is held by a process that this user may not see",
            "run this again with sudo, which shows the process",
        )
    return ok(f"{device} is there and free")


def _check_formats(formats: Sequence["CaptureFormat"], config: "Config") -> Iterator[CheckResult]:
    """Whether the device delivers the size and the rate that are asked for."""
    if not formats:
        return
    fitting = [found for found in formats if (found.width, found.height) == (config.width, config.height)]
    if not fitting:
        yield warning(f"the camera has no {config.width}×{config.height}", "ask for one of the sizes below")
    elif max(found.max_fps or config.fps for found in fitting) < MIN_RATE_SHARE * config.fps:
        best = max(fitting, key=lambda found: found.max_fps or 0)
        yield warning(
            f"the camera gives {best.max_fps:g} FPS in {best.fourcc} where "
            f"{config.width}×{config.height} at {config.fps} FPS are asked for",
            "ask for a smaller size, or use a camera that gives MJPG",
        )


def check_cameras(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """Every V4L2 camera with its stable name, formats and rates."""
    from edge.cameras import device_nodes

    cameras = device_nodes.list_cameras(machine.root)
    if not cameras:
        yield skip("this machine has no V4L2 camera")
    for camera in cameras:
        device = camera.split()[0].lstrip("/")
        name = machine.read_text(f"sys/class/video4linux/{Path(device).name}/name")
        formats = _describe_formats(_list_formats(machine.root / device), config)
        yield ok(f"{camera}{f', {name}' if name else ''}: {formats or 'it lists no formats'}")


def _list_formats(path: Path) -> list["CaptureFormat"]:
    from edge.cameras import v4l2

    try:
        return v4l2.enumerate_formats(path)
    except OSError:
        return []  # check_camera reports a device that cannot be opened.


def _describe_formats(formats: Sequence["CaptureFormat"], config: "Config") -> str:
    """Each pixel format with the size that is asked for and the largest size, and their rates."""
    by_fourcc = defaultdict(list)
    for found in formats:
        by_fourcc[found.fourcc].append(found)
    descriptions = []
    for fourcc, sizes in by_fourcc.items():
        requested = [size for size in sizes if (size.width, size.height) == (config.width, config.height)]
        largest = max(sizes, key=lambda size: size.width * size.height)
        descriptions.append(
            f"{fourcc} {', '.join(map(_describe_size, dict.fromkeys([*requested, largest])))}"
        )
    return "; ".join(descriptions)


def _describe_size(size: "CaptureFormat") -> str:
    return f"{size.width}×{size.height}" + (f" at {size.max_fps:g}" if size.max_fps else "")


def check_csi(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """Libcamera and picamera2, if the settings ask for a CSI camera."""
    spec = parse_camera(config.camera)
    if not isinstance(spec, CsiCamera):
        yield skip(f"the camera is {hide_secrets(config.camera)}, not picamera2")
        return
    result = machine.run([sys.executable, "-c", _LIST_CSI], LIBCAMERA_WITHIN_S)
    if result is None or result.code:
        reason = result.last_error if result else "no Python"
        remedy = _INSTALL if "No module named" in reason else _REPAIR
        yield problem(f"picamera2 does not work: {reason}", remedy)
        return
    lines = result.stdout.splitlines()
    cameras = [line.removeprefix("CAMERA ") for line in lines if line.startswith("CAMERA ")]
    if spec.index < len(cameras):
        yield ok(", ".join(cameras))
    else:
        yield problem(
            f"no camera {config.camera}; libcamera finds {', '.join(cameras) or 'none'}",
            "check the ribbon cable and camera_auto_detect=1 in /boot/firmware/config.txt, and restart",
        )


def _check_stream(machine: Machine, stream: NetworkStream) -> CheckResult:
    """Whether a server answers at the address; no picture is requested."""
    try:
        host, port = stream.split_address()
        machine.connect(host, port).close()
    except (OSError, ValueError) as error:
        # The text of a ValueError may hold the password.
        found = "it is malformed" if isinstance(error, ValueError) else error
        return problem(
            f"nobody answers at the camera's address: {found}",
            "check the address, the network and the camera's power",
        )
    return ok(f"{host}:{port} answers")
