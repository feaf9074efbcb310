"""The check of the camera's controls."""

from pathlib import Path

import pytest

from edge.cameras import v4l2_controls
from edge.cameras.controls import ControlValue
from edge.cameras.v4l2_controls import Control
from edge.checks import camera_controls
from edge.checks.check_result import CheckState
from edge.checks.machine import CommandResult
from edge.settings.config import Config
from tests.checks.machines import make_machine, plug_camera, states_of

FOCUS = Control("focus_absolute", 1, 1, 0, 250, 0, 30, is_inactive=True)
MAINS = Control("power_line_frequency", 2, 3, 0, 1, 0, 1, is_inactive=False, menu={0: "Disabled", 1: "50 Hz"})
LISTED = (
    CheckState.OK,
    "focus_absolute 30 (0 to 250; set automatically now); power_line_frequency 50 Hz (Disabled, 50 Hz)",
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"focus_absolute": 20}, [LISTED]),
        (
            {"zoom": 2},
            [
                (
                    CheckState.PROBLEM,
                    "expected a control of /dev/video0 (focus_absolute, power_line_frequency), found zoom",
                ),
                LISTED,
            ],
        ),
    ],
)
def test_controls_are_listed_and_those_of_the_settings_are_checked(
    pi: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: dict[str, ControlValue],
    expected: list[tuple[CheckState, str]],
) -> None:
    plug_camera(pi)
    monkeypatch.setattr(v4l2_controls, "list_controls", lambda device: [FOCUS, MAINS])
    config = Config(camera="0", camera_controls=wanted)
    assert states_of(camera_controls.check_controls(make_machine(pi), config)) == expected


def test_camera_without_controls_or_away(pi: Path) -> None:
    plug_camera(pi)
    assert states_of(camera_controls.check_controls(make_machine(pi), Config())) == [
        (CheckState.OK, "/dev/video0 has none")
    ]
    assert states_of(camera_controls.check_controls(make_machine(pi), Config(camera="7"))) == [
        (CheckState.SKIPPED, "/dev/video7 cannot be opened: see camera")
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            CommandResult(0, "a line of libcamera\nCONTROL AfMode (0 to 2, default 0)\n", ""),
            (CheckState.OK, "AfMode (0 to 2, default 0)"),
        ),
        (
            CommandResult(1, "", "RuntimeError: Camera __init__ sequence did not complete."),
            (
                CheckState.SKIPPED,
                "libcamera does not list them: RuntimeError: Camera __init__ sequence did not complete.",
            ),
        ),
    ],
)
def test_controls_of_a_csi_camera(pi: Path, answer: CommandResult, expected: tuple[CheckState, str]) -> None:
    machine = make_machine(pi, {"camera_controls": answer})
    assert states_of(camera_controls.check_controls(machine, Config(camera="picamera2"))) == [expected]


def test_other_cameras_have_none(pi: Path) -> None:
    [(state, _)] = states_of(camera_controls.check_controls(make_machine(pi), Config(camera="demo")))
    assert state is CheckState.SKIPPED
