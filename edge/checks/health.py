"""Checks how the machine and the service are: power, heat, memory, disk, and what systemd reports."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edge import board
from edge.checks.check_result import CheckResult, ok, problem, skip, warning
from edge.checks.machine import Machine

if TYPE_CHECKING:
    from edge.settings.config import Config

# At this temperature a Pi's firmware begins to slow the processor down.
HOT_C = 80.0
MEGABYTE = 1_000_000
MIN_DISK_MB, SCARCE_DISK_MB = 50, 1000
# The program takes 120 MB with a face and a viewer.
MIN_MEMORY_MB, SCARCE_MEMORY_MB = 120, 200
SYSTEMD_WITHIN_S = 10.0
SERVICE = "fer-edge"
LINES_READ, ERRORS_SHOWN = 300, 3
_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "Result",
    "ExecMainStatus",
    "NRestarts",
    "StatusText",
)
_BY_EXIT_CODE = {
    "65": "see model above",
    "69": "see camera above",
    "74": "see port and display above",
    "78": "see settings above, correct /etc/fer-edge/config.toml",
}
_IS_ERROR = re.compile(r"\b(ERROR|WARNING|CRITICAL)\b|^fer-edge: |^\w+(Error|Exception)\b")
_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ")
_UNKNOWN = "this machine does not report it"


def check_power(machine: Machine) -> Iterator[CheckResult]:
    """Under-voltage, which makes cameras disappear, and throttling, which makes everything slow."""
    state = board.read(machine.root)
    now = state.throttled
    before = [reason for reason in state.was_throttled if reason not in state.throttled]
    if "under-voltage" in now or "under-voltage" in before:
        make = problem if "under-voltage" in now else warning
        yield make(
            f"under-voltage {'now' if 'under-voltage' in now else 'since the start'}",
            "use the Pi's own power supply (5 V, 3 A; 5 A for a Pi 5), and a hub with its own for the camera",
        )
    others = [reason for reason in (*now, *before) if reason != "under-voltage"]
    if others:
        yield warning(
            f"the firmware has slowed the processor down: {', '.join(dict.fromkeys(others))}",
            "cool it: a fan, a heat sink, a freer place",
        )
    if not now and not before:
        yield skip(_UNKNOWN) if state.model is None else ok("no throttling since the start")


def check_temperature(machine: Machine) -> Iterator[CheckResult]:
    """The temperature of the processor."""
    degrees = board.read(machine.root).temperature_c
    if degrees is None:
        yield skip(_UNKNOWN)
    elif degrees >= HOT_C:
        yield warning(f"{degrees:.0f} °C", "cool it: a fan, a heat sink, a freer place")
    else:
        yield ok(f"{degrees:.0f} °C")


def check_memory(machine: Machine) -> Iterator[CheckResult]:
    """Whether there is enough memory for the program."""
    free = re.search(r"^MemAvailable:\s*(\d+) kB", machine.read_text("proc/meminfo"), re.MULTILINE)
    if free is None:
        yield skip(_UNKNOWN)
        return
    free_mb = int(free[1]) * 1024 // MEGABYTE
    if free_mb < SCARCE_MEMORY_MB:
        make = problem if free_mb < MIN_MEMORY_MB else warning
        yield make(
            f"{free_mb} MB free, and the program takes about 120", "end other programs, or the desktop"
        )
    else:
        yield ok(f"{free_mb} MB free")


def check_disk(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """Whether there is room in the folders that the program writes to, and whether it may write there."""
    folders = {Path(name).parent for name in (config.record, config.events, config.report) if name}
    for folder in sorted(folders) or [Path()]:
        try:
            free_mb = machine.measure_free_bytes(folder) // MEGABYTE
        except OSError as error:
            yield problem(f"{folder} cannot be written to: {error.strerror}", f"mkdir -p {folder}")
            continue
        if free_mb < SCARCE_DISK_MB and folders:
            make = problem if free_mb < MIN_DISK_MB else warning
            yield make(f"{free_mb} MB free in {folder}", "make room, or set record_limit_mb and record_keep")
        elif folders and not os.access(folder, os.W_OK):
            yield problem(f"{folder} may not be written to by this user", "name another folder")
        else:
            yield ok(f"{free_mb:,} MB free in {folder.absolute()}")


def check_service(machine: Machine) -> Iterator[CheckResult]:
    """What systemd reports about the service, and the newest errors in its journal."""
    command = ["systemctl", "show", SERVICE, f"--property={','.join(_PROPERTIES)}"]
    result = machine.run(command, SYSTEMD_WITHIN_S)
    if result is None or result.code:
        yield skip("no systemd answers here")
        return
    properties = dict(line.partition("=")[::2] for line in result.stdout.splitlines())
    if properties.get("LoadState") != "loaded":
        yield skip("not installed: sudo ./systemd/install.sh installs it")
        return
    yield _judge_service(properties)
    if properties["ActiveState"] != "active" or properties["NRestarts"] not in ("", "0"):
        yield from _find_errors(machine)


def _judge_service(properties: Mapping[str, str]) -> CheckResult:
    status, restarts = properties["ExecMainStatus"], properties["NRestarts"] or "0"
    state = f"{properties['ActiveState']} ({properties['SubState']})"
    journal = f"journalctl -u {SERVICE} shows why"
    if properties["ActiveState"] == "active":
        if restarts != "0":
            return warning(f"{state}, restarted {restarts} times", journal)
        return ok(f"{state}, {properties['StatusText'] or 'no status yet'}")
    if properties["ActiveState"] == "failed" or restarts != "0":
        return problem(
            f"{state}, result {properties['Result']}, exit code {status}, restarted {restarts} times",
            f"{_BY_EXIT_CODE.get(status, journal)}, then sudo systemctl restart {SERVICE}",
        )
    verb = "enable --now" if properties["UnitFileState"] != "enabled" else "start"
    return warning(f"{state}, {properties['UnitFileState']}", f"sudo systemctl {verb} {SERVICE}")


def _find_errors(machine: Machine) -> Iterator[CheckResult]:
    result = machine.run(
        ["journalctl", "--unit", SERVICE, "--output=cat", "--no-pager", f"--lines={LINES_READ}"],
        SYSTEMD_WITHIN_S,
    )
    lines = result.stdout.splitlines() if result else []
    errors = [_TIMESTAMP.sub("", line) for line in lines if _IS_ERROR.search(line)]
    for line in list(dict.fromkeys(reversed(errors)))[:ERRORS_SHOWN]:
        yield warning(f"its journal: {line}", f"journalctl -u {SERVICE} -n 50 shows what came before")
