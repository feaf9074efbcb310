"""Device nodes in a fake /sys, laid out as the kernel does, and the holders of a file in the real /proc."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.cameras import device_nodes, v4l2
from edge.cameras.device_nodes import UsbIdentity
from tests.cameras.fake_machine import FakeMachine


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    machine = FakeMachine(tmp_path)
    machine.unplug()
    return machine


def identify(machine: FakeMachine, node: str) -> UsbIdentity:
    identity = device_nodes.identify_usb_camera(f"/dev/{node}", machine.root)
    assert identity is not None
    return identity


def test_camera_at_its_port_is_found_whatever_its_node_is(machine: FakeMachine) -> None:
    machine.plug_usb("video0", "1-1.2")
    camera = identify(machine, "video0")
    assert (camera.kind, camera.port) == (("046d", "0825", "", "1.0", "0"), "1-1.2")
    machine.unplug_usb("video0")
    assert device_nodes.find_node(camera, machine.root) is None
    machine.plug_usb("video0", "1-1.3")
    machine.plug_usb("video4", "1-1.2")
    assert device_nodes.find_node(camera, machine.root) == "/dev/video4"


def test_camera_at_another_port_is_found_where_it_is_the_only_one_of_its_kind(machine: FakeMachine) -> None:
    machine.plug_usb("video0", "1-1.2")
    camera = identify(machine, "video0")
    machine.unplug_usb("video0")
    machine.plug_usb("video0", "1-1.3", kind="1bcf:28c4")
    assert device_nodes.find_node(camera, machine.root) is None
    machine.plug_usb("video2", "2-1")
    assert device_nodes.find_node(camera, machine.root) == "/dev/video2"
    machine.plug_usb("video4", "2-2")
    assert device_nodes.find_node(camera, machine.root) is None


def test_twin_that_was_there_all_along_is_not_taken_for_it(machine: FakeMachine) -> None:
    machine.plug_usb("video0", "1-1.2")
    machine.plug_usb("video2", "1-1.3")
    camera = identify(machine, "video0")
    machine.unplug_usb("video0")
    assert device_nodes.find_node(camera, machine.root) is None
    machine.plug_usb("video0", "1-1.4")
    assert device_nodes.find_node(camera, machine.root) == "/dev/video0"


def test_serial_numbers_tell_twins_apart(machine: FakeMachine) -> None:
    machine.plug_usb("video0", "1-1.2", serial="A")
    camera = identify(machine, "video0")
    machine.unplug_usb("video0")
    machine.plug_usb("video0", "1-1.2", serial="B")
    assert device_nodes.find_node(camera, machine.root) is None
    machine.plug_usb("video2", "1-1.3", serial="A")
    assert device_nodes.find_node(camera, machine.root) == "/dev/video2"


def test_nodes_of_one_device_are_not_taken_for_each_other(machine: FakeMachine) -> None:
    # The colour camera, its metadata node, and the infrared camera.
    for node, interface, index in (("video0", "1.0", 0), ("video1", "1.0", 1), ("video2", "1.2", 0)):
        machine.plug_usb(node, "1-3", interface=interface, index=index)
    colour, infrared = identify(machine, "video0"), identify(machine, "video2")
    machine.unplug_usb("video0")
    for node, interface, index in (("video5", "1.2", 0), ("video6", "1.0", 1), ("video7", "1.0", 0)):
        machine.plug_usb(node, "1-3", interface=interface, index=index)
    assert device_nodes.find_node(colour, machine.root) == "/dev/video7"
    assert device_nodes.find_node(infrared, machine.root) == "/dev/video5"


@pytest.mark.parametrize(
    "name", ["/dev/video0", "/dev/video9", "/dev/v4l/by-id/usb-Cheap_Webcam-video-index0"]
)
def test_what_is_no_node_of_a_usb_device_has_no_identity(machine: FakeMachine, name: str) -> None:
    machine.add_node("video0", index=0)
    machine.make_by_id_link()
    assert device_nodes.identify_usb_camera(name, machine.root) is None


def test_holders_are_found_in_the_real_proc(tmp_path: Path, hold_open: Callable[[Path], int]) -> None:
    path = tmp_path / "device"
    path.touch()
    assert device_nodes.list_holders(path) == []
    pid = hold_open(path)
    assert [holder.split()[0] for holder in device_nodes.list_holders(path)] == [str(pid)]


def add_named_node(machine: FakeMachine, number: int, name: str) -> Path:
    machine.add_node(f"video{number}", 0)
    (machine.root / f"sys/class/video4linux/video{number}/name").write_text(f"{name}\n")
    return machine.root / f"dev/video{number}"


@pytest.mark.parametrize(
    "name",
    [
        "bcm2835-codec-decode",
        "bcm2835-isp-capture0",
        "rpi-hevc-dec",
        "pispbe-output0",
        "unicam",
        "rp1-cfe-c0",
    ],
)
def test_codecs_image_processors_and_receivers_of_a_pi_are_no_cameras(
    machine: FakeMachine, name: str
) -> None:
    add_named_node(machine, 10, name)
    assert device_nodes.list_cameras(machine.root) == []
    add_named_node(machine, 11, "HD Pro Webcam C920")
    assert device_nodes.list_cameras(machine.root) == ["/dev/video11"]


def test_node_that_says_it_captures_nothing_is_no_camera_and_one_that_cannot_be_asked_is(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [add_named_node(machine, number, f"device {number}") for number in range(3)]
    answers: dict[Path, bool | None] = dict(zip(nodes, (True, False, None), strict=True))
    monkeypatch.setattr(v4l2, "is_capture_node", answers.get)
    assert device_nodes.list_cameras(machine.root) == ["/dev/video0", "/dev/video2"]


def test_entry_without_a_node_is_no_camera(machine: FakeMachine) -> None:
    add_named_node(machine, 10, "webcam").unlink()
    assert device_nodes.list_cameras(machine.root) == []


def test_receiver_of_a_csi_camera_is_recognized_also_by_a_link(machine: FakeMachine) -> None:
    node = add_named_node(machine, 0, "unicam-image")
    add_named_node(machine, 1, "webcam")
    (machine.root / "dev/link").symlink_to(node)
    found = [
        device_nodes.is_csi_receiver(f"/dev/{name}", machine.root) for name in ("video0", "link", "video1")
    ]
    assert found == [True, True, False]
