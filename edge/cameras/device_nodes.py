"""The machine's V4L2 device nodes: which of them are cameras, and which processes hold one."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.cameras import v4l2

# The beginnings of the names of nodes that belong to a Raspberry Pi's codecs and image processors.
_PROCESSORS = ("bcm2835-codec", "bcm2835-isp", "rpi-hevc", "pispbe")
# The beginnings of the names of CSI receivers, which deliver only a sensor's raw values.
_CSI_RECEIVERS = ("unicam", "rp1-cfe")


@dataclass(frozen=True, slots=True)
class UsbIdentity:
    """How a USB camera is recognized after it was plugged in again, whatever its device node is called then.

    `kind` holds vendor id, product id, serial number (may be ""), USB interface (which differs between
    two cameras in one device) and the index of the node.
    `port` is the path of the USB port from hub to hub, such as 1-1.2.
    `twin_ports` are the ports at which further cameras of the same kind were plugged in.
    """

    kind: tuple[str, ...]
    port: str
    twin_ports: frozenset[str] = frozenset()


def identify_usb_camera(node: str, root: Path = Path("/")) -> UsbIdentity | None:
    """The identity of the USB camera whose device node is `node`, such as /dev/video0.

    None if `node` is a link, or belongs to no USB device.  `root` is the folder that holds sys.
    """
    present = dict(_iterate_usb_nodes(root))
    if (camera := present.pop(node, None)) is None:
        return None
    twin_ports = frozenset(other.port for other in present.values() if other.kind == camera.kind)
    return UsbIdentity(camera.kind, camera.port, twin_ports)


def find_node(camera: UsbIdentity, root: Path = Path("/")) -> str | None:
    """The device node that `camera` has now; None if it is not plugged in, or cannot be told from another.

    It is the camera of this kind at the same port; or else at a port where none was before, if there is only
    one.
    """
    nodes = {other.port: node for node, other in _iterate_usb_nodes(root) if other.kind == camera.kind}
    if camera.port in nodes:
        return nodes[camera.port]
    new = [node for port, node in nodes.items() if port not in camera.twin_ports]
    return new[0] if len(new) == 1 else None


def list_cameras(root: Path = Path("/")) -> list[str]:
    """The video capture devices, for people to read: each node, with its stable name where udev made one.

    `root` is the folder that holds dev and sys.
    """
    links = (root / "dev/v4l/by-id").glob("*")
    stable_names = {link.resolve().name: f"/dev/v4l/by-id/{link.name}" for link in links}
    cameras = []
    for folder in _list_sysfs_folders(root):
        if _is_camera(folder, root / "dev" / folder.name):
            stable_name = f" ({stable_names[folder.name]})" if folder.name in stable_names else ""
            cameras.append(f"/dev/{folder.name}{stable_name}")
    return cameras


def is_csi_receiver(node: str, root: Path = Path("/")) -> bool:
    """Whether `node` delivers a CSI camera's raw values, from which only libcamera makes pictures."""
    name = (root / node.lstrip("/")).resolve().name
    return _read_text(root / "sys/class/video4linux" / name / "name").startswith(_CSI_RECEIVERS)


def list_holders(device: Path, proc: Path = Path("/proc")) -> list[str]:
    """The other processes that hold `device` open, each as "PID (command)", as far as this user may see."""
    target = device.resolve()
    holders = []
    for process in proc.glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            if any(descriptor.resolve() == target for descriptor in (process / "fd").iterdir()):
                holders.append(f"{process.name} ({(process / 'comm').read_text().strip()})")
        except OSError:
            continue  # The process has ended, or belongs to another user.
    return holders


def _is_camera(folder: Path, node: Path) -> bool:
    """Whether `node`, which `folder` of sysfs describes, delivers a camera's pictures."""
    # The second node of a UVC camera, index 1, carries metadata and no picture.
    is_first = _read_text(folder / "index") in ("", "0")
    is_other = _read_text(folder / "name").startswith((*_PROCESSORS, *_CSI_RECEIVERS))
    # A node that this user may not open counts as a camera.
    return is_first and not is_other and node.exists() and v4l2.is_capture_node(node) is not False


def _iterate_usb_nodes(root: Path) -> Iterator[tuple[str, UsbIdentity]]:
    """Each device node of a USB device, with its identity except for the twins."""
    for folder in _list_sysfs_folders(root):
        # …/usb1/1-1/1-1.2/1-1.2:1.0 is the interface that the driver uses, of the device at port 1-1.2.
        interface = (folder / "device").resolve()
        port, _, number = interface.name.partition(":")
        ids = [_read_text(interface.parent / name) for name in ("idVendor", "idProduct", "serial")]
        if ids[0]:
            yield f"/dev/{folder.name}", UsbIdentity((*ids, number, _read_text(folder / "index")), port)


def _list_sysfs_folders(root: Path) -> list[Path]:
    return sorted((root / "sys/class/video4linux").glob("video*"))


def _read_text(path: Path) -> str:
    """The content of a file of sysfs; "" where there is none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
