"""The checks of power, heat, disk and service."""

from pathlib import Path

import pytest

from edge.checks import health
from edge.checks.check_result import CheckState
from edge.checks.machine import CommandResult, Machine
from edge.settings.config import Config
from tests.checks.machines import make_machine, remedies_of, states_of, write_file


def test_past_under_voltage_and_present_heat_are_warnings(pi: Path) -> None:
    write_file(pi / "sys/devices/platform/soc/soc:firmware/get_throttled", "10008\n")
    assert states_of(health.check_power(make_machine(pi))) == [
        (CheckState.WARNING, "under-voltage since the start"),
        (CheckState.WARNING, "the firmware has slowed the processor down: temperature limit"),
    ]
    write_file(pi / "sys/class/thermal/thermal_zone0/temp", "83000\n")
    assert states_of(health.check_temperature(make_machine(pi))) == [(CheckState.WARNING, "83 °C")]


def test_disk_is_checked_in_the_folder_of_a_recording(pi: Path, tmp_path: Path) -> None:
    recording = Config(record=str(tmp_path / "out.mp4"))
    assert [state for state, _ in states_of(health.check_disk(make_machine(pi, free_mb=20), recording))] == [
        CheckState.PROBLEM
    ]
    assert [state for state, _ in states_of(health.check_disk(make_machine(pi, free_mb=500), recording))] == [
        CheckState.WARNING
    ]
    assert [
        state for state, _ in states_of(health.check_disk(make_machine(pi, free_mb=5000), recording))
    ] == [CheckState.OK]
    here = Machine(environment={})
    assert remedies_of(health.check_disk(here, Config(events=str(tmp_path / "none/out.csv")))) == [
        f"mkdir -p {tmp_path}/none"
    ]


def service(
    active: str, *, restarts: str = "0", code: str = "0", enabled: str = "enabled"
) -> dict[str, CommandResult]:
    return {
        "systemctl": CommandResult(
            0,
            f"LoadState=loaded\nActiveState={active}\nSubState=x\nUnitFileState={enabled}\n"
            f"Result=exit-code\nExecMainStatus={code}\nNRestarts={restarts}\n"
            "StatusText=30.0 FPS, 1 face\n",
            "",
        )
    }


@pytest.mark.parametrize(
    ("answers", "state", "text"),
    [
        (service("active"), CheckState.OK, "active (x), 30.0 FPS, 1 face"),
        (service("active", restarts="3"), CheckState.WARNING, "active (x), restarted 3 times"),
        (service("inactive", enabled="disabled"), CheckState.WARNING, "inactive (x), disabled"),
        (
            service("failed", code="78"),
            CheckState.PROBLEM,
            "failed (x), result exit-code, exit code 78, restarted 0 times",
        ),
        ({"systemctl": CommandResult(0, "LoadState=not-found\n", "")}, CheckState.SKIPPED, "not installed"),
        (
            {"systemctl": CommandResult(1, "", "System has not been booted with systemd")},
            CheckState.SKIPPED,
            "no systemd answers here",
        ),
        ({}, CheckState.SKIPPED, "no systemd answers here"),
    ],
)
def test_service(pi: Path, answers: dict[str, CommandResult], state: CheckState, text: str) -> None:
    [(found, said)] = states_of(health.check_service(make_machine(pi, answers)))
    assert found is state and said.startswith(text)
