"""The checks of the camera, on machines that lack one thing each."""

from pathlib import Path

import pytest

from edge.cameras import v4l2
from edge.cameras.v4l2 import CaptureFormat
from edge.checks import camera
from edge.checks.check_result import CheckState
from edge.checks.machine import CommandResult
from edge.settings.config import Config
from tests.checks.machines import add_process, make_machine, plug_camera, remedies_of, states_of, write_file


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ([CaptureFormat("MJPG", 640, 480, 30)], []),
        (
            [CaptureFormat("YUYV", 640, 480, 15)],
            [(CheckState.WARNING, "the camera gives 15 FPS in YUYV where 640×480 at 30 FPS are asked for")],
        ),
        ([CaptureFormat("YUYV", 640, 480, 15), CaptureFormat("MJPG", 640, 480, 60)], []),
        ([CaptureFormat("MJPG", 1920, 1080, 30)], [(CheckState.WARNING, "the camera has no 640×480")]),
        ([], []),
    ],
)
def test_camera_too_slow_or_of_other_sizes(
    pi: Path,
    monkeypatch: pytest.MonkeyPatch,
    modes: list[CaptureFormat],
    expected: list[tuple[CheckState, str]],
) -> None:
    plug_camera(pi)
    monkeypatch.setattr(v4l2, "enumerate_formats", lambda path: modes)
    first, *rest = states_of(camera.check_camera(make_machine(pi), Config()))
    assert first == (CheckState.OK, "/dev/video0 is there and free") and rest == expected


def test_cameras_are_listed_with_the_requested_and_the_largest_size(
    pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_camera(pi)
    monkeypatch.setattr(
        v4l2,
        "enumerate_formats",
        lambda path: [
            CaptureFormat("MJPG", 320, 240, 30),
            CaptureFormat("MJPG", 640, 480, 30),
            CaptureFormat("MJPG", 1920, 1080, 15),
            CaptureFormat("GREY", 640, 480, None),
        ],
    )
    assert states_of(camera.check_cameras(make_machine(pi), Config())) == [
        (
            CheckState.OK,
            (
                "/dev/video0 (/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_ABC123-video-index0), "
                "HD Pro Webcam C920: MJPG 640×480 at 30, 1920×1080 at 15; GREY 640×480"
            ),
        )
    ]


def test_receiver_of_a_csi_camera_is_told_and_not_listed(pi: Path) -> None:
    plug_camera(pi)
    write_file(pi / "sys/class/video4linux/video0/name", "unicam-image")
    findings = list(camera.check_camera(make_machine(pi), Config(camera="/dev/video0")))
    assert "open it with --camera picamera2" in remedies_of(findings)
    assert "no V4L2 camera" in next(iter(camera.check_cameras(make_machine(pi), Config()))).found


def test_camera_in_use_by_our_own_service_is_ok(pi: Path) -> None:
    node = plug_camera(pi)
    add_process(
        pi,
        700,
        "fer-edge",
        "/opt/fer-edge/current/bin/python3 /opt/fer-edge/current/bin/fer-edge --config x",
        node,
    )
    assert states_of(camera.check_camera(make_machine(pi), Config())) == [
        (CheckState.OK, "/dev/video0 is in use by fer-edge, process 700 (fer-edge)")
    ]


def test_camera_held_by_a_process_that_this_user_may_not_see(
    pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_camera(pi)
    monkeypatch.setattr(v4l2, "is_busy", lambda path: path == pi / "dev/video0")
    [(state, text), *_] = states_of(camera.check_camera(make_machine(pi), Config()))
    assert state is CheckState.PROBLEM and "held by a process that this user may not see" in text


@pytest.mark.parametrize(
    ("spec", "state"),
    [
        ("demo", CheckState.OK),
        ("/nowhere.mp4", CheckState.PROBLEM),
        (__file__, CheckState.OK),
        ("http://anna:pw@cam.lan/live", CheckState.PROBLEM),
        ("rtmp://anna:pw@cam.lan/live", CheckState.PROBLEM),
    ],
)
def test_camera_that_is_not_a_device(pi: Path, spec: str, state: CheckState) -> None:
    [(found, text)] = states_of(camera.check_camera(make_machine(pi), Config(camera=spec)))
    assert found is state and "pw" not in text


@pytest.mark.parametrize(
    ("answer", "found", "remedy"),
    [
        (CommandResult(0, "CAMERA picamera2:0 (imx708)\n", ""), "picamera2:0 (imx708)", None),
        (CommandResult(0, "", ""), "no camera picamera2; libcamera finds none", "ribbon cable"),
        (
            CommandResult(1, "", "ModuleNotFoundError: No module named 'picamera2'"),
            "No module named 'picamera2'",
            "sudo apt install",
        ),
        (
            CommandResult(1, "", "ValueError: numpy.dtype size changed"),
            "numpy.dtype size changed",
            "simplejpeg>=1.8.2",
        ),
    ],
)
def test_csi_camera(pi: Path, answer: CommandResult, found: str, remedy: str | None) -> None:
    [finding] = camera.check_csi(make_machine(pi, {"Picamera2": answer}), Config(camera="picamera2"))
    assert found in finding.found and (remedy is None) == (finding.remedy is None)
    assert remedy is None or remedy in str(finding.remedy)


def test_display_needs_groups(pi: Path) -> None:
    findings = list(
        camera.check_groups(
            make_machine(pi, groups=frozenset(("video",))), Config(camera="demo", display=True)
        )
    )
    assert [finding.state for finding in findings] == [CheckState.WARNING, CheckState.WARNING]
    assert remedies_of(findings) == [
        f"sudo usermod -aG {name} $USER, and log in again" for name in ("render", "input")
    ]
