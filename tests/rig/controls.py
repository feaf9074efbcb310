"""A V4L2 device of the kernel's own driver vivid: which of its nodes is a camera, and its controls."""

import sys
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.rig.guest import Guest

CAMERA = "/dev/video0"
LIST_NODES = """
from pathlib import Path
from edge.cameras import device_nodes, v4l2
print(device_nodes.list_cameras())
print({path.name: v4l2.is_capture_node(path) for path in sorted(Path("/dev").glob("video*"))})
"""
LIST_CONTROLS = """
from pathlib import Path
from edge.cameras import v4l2_controls
for control in v4l2_controls.list_controls(Path("/dev/video0")):
    print(control)
"""


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    with Guest("vivid") as booted:
        yield booted


def run_python(guest: Guest, script: str) -> str:
    """What `script` prints in the guest."""
    (guest.out / "script.py").write_text(script)
    return guest.run(f"cd {ROOT} && PYTHONPATH={ROOT} {sys.executable} /mnt/script.py")


def run_app(guest: Guest, *controls: str) -> str:
    """What the app says, and its exit code, when it takes three frames with `controls`."""
    flags = " ".join(f"--camera-control '{control}'" for control in controls)
    command = f"{sys.executable} -m edge.run --camera 0 --frames 3 --no-stream --detector haar {flags}"
    return guest.run(f"cd {ROOT} && {command} 2>&1")


def test_only_the_node_that_captures_is_a_camera(guest: Guest) -> None:
    cameras, nodes = run_python(guest, LIST_NODES).splitlines()
    assert cameras == str([CAMERA])
    assert "'video0': True" in nodes and "False" in nodes, nodes


def test_controls_of_every_kind_are_set_and_read_back(guest: Guest) -> None:
    said = run_app(
        guest,
        "brightness=99",
        "gain=33",
        "gain_automatic=false",
        "test_pattern=100% White",
        "integer_menu=13",
    )
    assert "exit" not in said and "was asked for" not in said, said
    controls = run_python(guest, LIST_CONTROLS).splitlines()
    for expected in ("brightness 99 (0 to 255)", "gain 33 (0 to 255)", "gain_automatic false (true, false)"):
        assert expected in controls
    assert any(control.startswith("test_pattern 100% White (75% Colorbar, ") for control in controls)
    assert "integer_menu 13 (2, 3, 5, 8, 13, 21, 42)" in controls


def test_control_that_the_device_lacks_is_one_line(guest: Guest) -> None:
    said = run_app(guest, "focus_absolute=3")
    assert said.endswith("exit 69\n")
    assert "expected a control of /dev/video0 (" in said and "brightness, " in said
    assert "Traceback" not in said


def test_value_out_of_range_is_one_line(guest: Guest) -> None:
    said = run_app(guest, "hue=9999")
    assert said.endswith("exit 69\n")
    assert "expected a whole number from -128 to 128 for hue of /dev/video0, found 9999" in said
