"""The camera that the settings name: is it there, may it be opened, is it free, and what can it give?"""

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
    parse_camera,
)
from edge.checks.findings import Finding, ok, problem, skipped, warning
from edge.checks.machine import Machine
from edge.checks.processes import process
from edge.settings.credentials import hide_secrets

if TYPE_CHECKING:
    from edge.cameras.v4l2 import CaptureFormat
    from edge.settings.config import Config

LIBCAMERA_WITHIN_S = 20.0
# A camera that gives less than this of the rate asked for is worth a word.
LEAST_SHARE = 0.9
_INSTALL = "sudo apt install python3-picamera2, and make the environment with --system-site-packages"
_MEND = "pip install 'simplejpeg>=1.8.2', and see what rpicam-hello --list-cameras says"
_LIST_CSI = """from picamera2 import Picamera2
for number, camera in enumerate(Picamera2.global_camera_info()):
    print(f"CAMERA picamera2:{number} ({camera['Model']})")"""


def groups(machine: Machine, config: "Config") -> Iterator[Finding]:
    """Who is not of these groups may not open the devices."""
    wanted = []
    if isinstance(parse_camera(config.camera), V4l2Device | CsiCamera):
        wanted.append(("video", problem, "camera"))
    if config.display:
        wanted += [("video", problem, "display"), ("render", warning, "display"), ("input", warning, "keys")]
    if not wanted:
        yield skipped("neither camera nor display needs one")
        return
    missing = {name: (tell, what) for name, tell, what in wanted if name not in machine.groups}
    if machine.is_root or not missing:
        yield ok(
            "root, who may open all devices" if machine.is_root else ", ".join(name for name, _, _ in wanted)
        )
        return
    for name, (tell, what) in missing.items():
        yield tell(
            f"this user is not in the group {name}, which may open the {what}",
            f"sudo usermod -aG {name} $USER, and log in again",
        )


def camera(machine: Machine, config: "Config") -> Iterator[Finding]:
    """The camera of the settings."""
    match parse_camera(config.camera):
        case DemoPicture():
            yield ok("demo, which is built in")
        case CsiCamera():
            yield skipped(f"{config.camera} is no V4L2 device: see csi")
        case V4l2Device(path):
            yield from _device(machine, config, Path(path))
        case NetworkStream() as stream:
            yield _stream(machine, stream)
        case UnsupportedUrl(url):
            yield problem(
                f"no camera reads the address {hide_secrets(url)}",
                "name one that begins with rtsp://, rtsps://, http:// or https://",
            )
        case VideoFile(path) if os.path.exists(path) or glob.glob(path):
            yield ok(f"{path} is there")
        case VideoFile(path):
            yield problem(f"there is no file {hide_secrets(path)}", "name another with --camera")


def _device(machine: Machine, config: "Config", device: Path) -> Iterator[Finding]:
    from edge.cameras import device_nodes, v4l2

    there = device_nodes.list_cameras(machine.root)
    path = machine.root / str(device).lstrip("/")
    if not path.exists():
        listed = f"there are: {', '.join(there)}" if there else "there is none at all"
        yield problem(
            f"no camera at {device}; {listed}",
            "name one of these with --camera" if there else "plug it in, and look whether lsusb lists it",
        )
        return
    if not os.access(path, os.R_OK | os.W_OK):
        yield problem(
            f"{device} may not be opened by this user", "sudo usermod -aG video $USER, and log in again"
        )
        return
    proc = machine.root / "proc"
    holding = [process(int(held.split()[0]), proc) for held in device_nodes.list_holders(path, proc)]
    if strangers := [held for held in holding if not held.is_ours]:
        yield problem(
            f"{device} is held by process {', '.join(map(str, strangers))}",
            f"stop it: kill {' '.join(str(held.id) for held in strangers)}",
        )
    elif holding:
        yield ok(f"{device} is at work for fer-edge, process {', '.join(map(str, holding))}")
    elif v4l2.is_busy(path):
        yield problem(
            f"{device} is held by a process that this user may not see",
            "run this again with sudo: it names it",
        )
    else:
        yield ok(f"{device} is there and free")
    if len(there) > 1 and "/by-" not in str(device):
        yield warning(
            f"{device} may be another of the {len(there)} cameras after a restart",
            "name it in the settings by its path in /dev/v4l/by-id",
        )
    yield from _fitting(_modes(path), config)


def _fitting(modes: Sequence["CaptureFormat"], config: "Config") -> Iterator[Finding]:
    """Whether the device gives the size and the rate that are asked for."""
    wish = f"{config.width}×{config.height} at {config.fps} FPS"
    sized = [mode for mode in modes if (mode.width, mode.height) == (config.width, config.height)]
    if not modes:
        return
    if not sized:
        yield warning(f"the camera has no {config.width}×{config.height}", "ask for one of the sizes below")
    elif max(mode.max_fps or config.fps for mode in sized) < LEAST_SHARE * config.fps:
        best = max(sized, key=lambda mode: mode.max_fps or 0)
        yield warning(
            f"the camera gives {best.max_fps:g} FPS in {best.fourcc} where {wish} are asked for",
            "ask for a smaller size, or use a camera that gives MJPG",
        )


def cameras(machine: Machine, config: "Config") -> Iterator[Finding]:
    """Every V4L2 camera with its stable name, formats and rates."""
    from edge.cameras import device_nodes

    there = device_nodes.list_cameras(machine.root)
    if not there:
        yield skipped("this machine has no V4L2 camera")
    for name in there:
        device = name.split()[0].lstrip("/")
        called = machine.text(f"sys/class/video4linux/{Path(device).name}/name")
        modes = _modes(machine.root / device)
        yield ok(
            f"{name}{f', {called}' if called else ''}: {_listed(modes, config) or 'it lists no formats'}"
        )


def _modes(path: Path) -> list["CaptureFormat"]:
    from edge.cameras import v4l2

    try:
        return v4l2.enumerate_formats(path)
    except OSError:
        return []  # What may not be opened is said elsewhere.


def _listed(modes: Sequence["CaptureFormat"], config: "Config") -> str:
    """A format each: its largest size, and the one asked for, with their rates."""
    formats = defaultdict(list)
    for mode in modes:
        formats[mode.fourcc].append(mode)
    said = []
    for code, sizes in formats.items():
        wished = [mode for mode in sizes if (mode.width, mode.height) == (config.width, config.height)]
        largest = max(sizes, key=lambda mode: mode.width * mode.height)
        said.append(f"{code} " + ", ".join(map(_size, dict.fromkeys([*wished, largest]))))
    return "; ".join(said)


def _size(mode: "CaptureFormat") -> str:
    return f"{mode.width}×{mode.height}" + (f" at {mode.max_fps:g}" if mode.max_fps else "")


def csi(machine: Machine, config: "Config") -> Iterator[Finding]:
    """Libcamera and picamera2, where the settings ask for a CSI camera."""
    spec = parse_camera(config.camera)
    if not isinstance(spec, CsiCamera):
        yield skipped(f"the camera is {hide_secrets(config.camera)}, not picamera2")
        return
    ran = machine.run([sys.executable, "-c", _LIST_CSI], LIBCAMERA_WITHIN_S)
    if ran is None or ran.code:
        reason = (ran.err.strip().splitlines() or ["no reason"])[-1] if ran else "no Python"
        yield problem(
            f"picamera2 does not work: {reason}", _INSTALL if "No module named" in reason else _MEND
        )
        return
    there = [line.removeprefix("CAMERA ") for line in ran.out.splitlines() if line.startswith("CAMERA ")]
    if spec.index < len(there):
        yield ok(", ".join(there))
    else:
        yield problem(
            f"no camera {config.camera}; libcamera finds {', '.join(there) or 'none'}",
            "check the ribbon cable and camera_auto_detect=1 in /boot/firmware/config.txt, and restart",
        )


def _stream(machine: Machine, stream: NetworkStream) -> Finding:
    """Whether somebody answers at the address; no picture is asked for."""
    try:
        host, port = stream.split_address()
        machine.connect(host, port).close()
    except (OSError, ValueError) as error:
        # What a ValueError says may hold the password.
        found = "it is none" if isinstance(error, ValueError) else error
        return problem(
            f"nobody answers at the camera's address: {found}",
            "check the address, the network and the camera's power",
        )
    return ok(f"{host}:{port} answers")
