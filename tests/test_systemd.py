"""The unit as systemd judges it, the scripts as shellcheck does, and the sample file as the settings do."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge import pipeline
from edge.settings import sample
from edge.settings.config import Config
from edge.settings.parsing import parse_settings
from edge.web import server_thread
from tests.conftest import ROOT

SYSTEMD = ROOT / "systemd"
UNIT = SYSTEMD / "fer-edge.service"
SAMPLE = SYSTEMD / "config.toml"
SCRIPTS = sorted(SYSTEMD.glob("**/*.sh"))
# systemd-analyze security: 0 is the safest, 10 the most exposed; 2.0 is the most that this service may be.
MAX_EXPOSURE = 20


needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and "CI" not in os.environ,
    reason="systemd-analyze is not installed",
)


def run(*command: str | Path) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.stdout + ended.stderr + (f"exit code {ended.returncode}" if ended.returncode else "")


def verify(folder: Path, text: str) -> str:
    """What systemd has to say of the unit, once its program is there."""
    unit = folder / UNIT.name
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", text))
    return run("systemd-analyze", "verify", "--man=no", unit)


@needs_systemd
def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    assert verify(tmp_path, UNIT.read_text()) == ""


@needs_systemd
def test_systemd_would_report_a_misspelt_key(tmp_path: Path) -> None:
    assert "WatchdogSecs" in verify(tmp_path, UNIT.read_text().replace("WatchdogSec=", "WatchdogSecs="))


@needs_systemd
def test_exposure_of_the_service_is_low() -> None:
    said = run(
        "systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MAX_EXPOSURE}", UNIT
    )
    assert "exit code" not in said, said
    assert "Overall exposure level" in said


def test_unit_and_scripts_use_the_same_folders() -> None:
    unit, install, uninstall = (
        path.read_text() for path in (UNIT, SYSTEMD / "install.sh", SYSTEMD / "uninstall.sh")
    )
    for place in ("/opt/fer-edge", "/etc/fer-edge"):
        assert place in unit and place in install and place in uninstall
    assert (
        "StateDirectory=fer-edge" in unit
        and "/var/lib/fer-edge" in install
        and "/var/lib/fer-edge" in uninstall
    )
    assert "User=fer-edge" in unit and "USER_NAME=fer-edge" in install and "userdel fer-edge" in uninstall
    assert "RestartPreventExitStatus=78" in unit


def test_program_has_time_to_name_a_thread_that_hangs() -> None:
    [stop_s] = re.findall(r"(?m)^TimeoutStopSec=(\d+)$", UNIT.read_text())
    assert int(stop_s) > pipeline.STOP_WITHIN_S + server_thread.STOP_WITHIN_S


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_no_fault_in_the_script(script: Path) -> None:
    assert run(Path(sys.executable).with_name("shellcheck"), script) == ""


@pytest.mark.parametrize(
    "script", [SYSTEMD / "install.sh", SYSTEMD / "uninstall.sh"], ids=lambda path: path.name
)
def test_script_has_a_help_and_refuses_unknown_arguments(script: Path) -> None:
    assert run(script, "--help").startswith("usage: sudo ./systemd/")
    refused = run(script, "--everything")
    assert "expected" in refused and "found --everything" in refused and "exit code 1" in refused


def test_sample_is_up_to_date() -> None:
    assert SAMPLE.read_text() == sample.format_sample(), (
        "write it again: python -m edge.settings.sample > systemd/config.toml"
    )


def test_sample_sets_nothing() -> None:
    assert parse_settings(["--config", str(SAMPLE)], {})[0].config == Config()


def test_sample_with_all_lines_uncommented_sets_every_default(tmp_path: Path) -> None:
    lines = [
        line.removeprefix("#")
        for line in sample.format_sample().splitlines()
        if re.match(r"#(\w+ = [^…]|\[)", line)
    ]
    path = tmp_path / "config.toml"
    path.write_text("\n".join(lines))
    chosen = parse_settings(["--config", str(path)], {})[0]
    assert chosen.config == Config()
    assert {key for key, origin in chosen.origins.items() if origin != "default"} == {
        key for key in Config.__struct_fields__ if getattr(Config(), key) is not None
    }
