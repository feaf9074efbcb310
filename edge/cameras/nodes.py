"""The machine's V4L2 nodes: which are cameras, who holds one, and which is a USB camera's that was seen before."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a USB camera is known again, whatever its node is called by then.

    `kind` is vendor, product, serial number where it has one, the interface (of two in one device) and the node's
    index; `port` the way to its plug from hub to hub, as 1-1.2; `others` are the ports where more of the kind were.
    """

    kind: tuple[str, ...]
    port: str
    others: frozenset[str] = frozenset()


def identity(node: str, root: Path = Path("/")) -> Identity | None:
    """The camera that has the node, as /dev/video0, below `root`; None of a link, and where it is none of USB."""
    there = dict(_usb_cameras(root))
    if (camera := there.pop(node, None)) is None:
        return None
    others = frozenset(other.port for other in there.values() if other.kind == camera.kind)
    return Identity(camera.kind, camera.port, others)


def node_of(camera: Identity, root: Path = Path("/")) -> str | None:
    """The node that `camera` has now: at its port, or the only one of its kind that was not beside it before."""
    ports = {there.port: node for node, there in _usb_cameras(root) if there.kind == camera.kind}
    if camera.port in ports:
        return ports[camera.port]
    new = [node for port, node in ports.items() if port not in camera.others]
    return new[0] if len(new) == 1 else None


def cameras(root: Path = Path("/")) -> list[str]:
    """The capture devices below `root`, each with its stable name where udev made one, for people to read."""
    stable = {
        link.resolve().name: f"/dev/v4l/by-id/{link.name}" for link in (root / "dev/v4l/by-id").glob("*")
    }
    found = []
    for folder in _folders(root):
        # A camera's second node, index 1, carries its metadata and no picture.
        if _text(folder / "index") in ("", "0"):
            alias = f" ({stable[folder.name]})" if folder.name in stable else ""
            found.append(f"/dev/{folder.name}{alias}")
    return found


def holders(device: Path, proc: Path = Path("/proc")) -> list[str]:
    """The processes that hold `device` open, as "PID (command)", as far as this user may see."""
    target = device.resolve()
    found = []
    for process in proc.glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            is_holder = any(descriptor.resolve() == target for descriptor in (process / "fd").iterdir())
            if is_holder:
                found.append(f"{process.name} ({(process / 'comm').read_text().strip()})")
        except OSError:
            continue  # It has ended, or belongs to another user.
    return found


def _usb_cameras(root: Path) -> Iterator[tuple[str, Identity]]:
    """Each node of a USB device with its camera."""
    for folder in _folders(root):
        # …/usb1/1-1/1-1.2/1-1.2:1.0: the device at a port, and the interface that the driver took.
        interface = (folder / "device").resolve()
        port, _, number = interface.name.partition(":")
        ids = [_text(interface.parent / name) for name in ("idVendor", "idProduct", "serial")]
        if ids[0]:
            yield f"/dev/{folder.name}", Identity((*ids, number, _text(folder / "index")), port)


def _folders(root: Path) -> list[Path]:
    return sorted((root / "sys/class/video4linux").glob("video*"))


def _text(path: Path) -> str:
    """What the kernel says there; "" where it says nothing."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
