"""Says why a V4L2 device cannot be used, as far as that can be found out."""

import os
from pathlib import Path

from edge.cameras import device_nodes, v4l2
from edge.errors import CameraBusy, CameraError, CameraNotFound

# What OpenCV makes pictures of; not so H264, HEVC, and the depths and infrared pairs of depth cameras.
# fmt: off
READABLE_FOURCCS = frozenset((
    "MJPG", "JPEG", "YUYV", "UYVY", "YVYU", "YU12", "YV12", "411P", "NV12", "NV21", "GREY", "Y10",
    "Y12", "Y16", "BGR3", "RGB3", "XR24", "AR24", "BA81", "GBRG", "GRBG", "RGGB",
))
# fmt: on


def check_usable(root: Path, name: str) -> None:
    """Raise CameraError where the device `name` below `root` is missing or may not be opened."""
    path = root / name.lstrip("/")
    if not path.exists():
        listed = ", ".join(device_nodes.list_cameras(root)) or "none"
        raise CameraNotFound(f"expected a camera at {name}, found no device there; there are: {listed}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise CameraError(
            f"expected permission to open {name}, found none; sudo usermod -aG video $USER, and log in again"
        )


def explain_refusal(root: Path, name: str) -> CameraError:
    """The error of a device that did not open, with the reason as far as it can be found out."""
    path = root / name.lstrip("/")
    # Only a camera is busy because a process holds it: many processes hold /dev/null.
    if (root / "sys/class/video4linux" / path.resolve().name).exists():
        if held_by := device_nodes.list_holders(path, root / "proc"):
            return _make_busy_error(name, f"process {', '.join(held_by)}; stop that first")
        # The service cannot see what other users' processes hold.
        if v4l2.is_busy(path):
            return _make_busy_error(
                name, "another user's process; stop that first: python -m edge.doctor names it to root"
            )
    if device_nodes.is_csi_receiver(name, root):
        return CameraError(
            f"expected a USB camera at {name}, found the receiver of a CSI camera, which gives raw "
            "values; open it with --camera picamera2"
        )
    if (offered := _list_fourccs(path)) and not offered & READABLE_FOURCCS:
        return CameraError(
            f"expected MJPG, YUYV or another format of whole pictures from {name}, found "
            f"{', '.join(sorted(offered))} only; use another camera, or another of its device nodes"
        )
    listed = ", ".join(device_nodes.list_cameras(root)) or "none"
    return CameraNotFound(
        f"expected a camera at {name}, found a device that gives no picture; there are: {listed}"
    )


def _make_busy_error(name: str, holder: str) -> CameraBusy:
    return CameraBusy(f"expected {name} to be free, found it held by {holder}")


def _list_fourccs(path: Path) -> set[str]:
    try:
        return {offered.fourcc for offered in v4l2.enumerate_formats(path)}
    except OSError:
        return set()
