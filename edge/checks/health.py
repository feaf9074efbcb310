"""How the machine and the service fare: power, heat, room, and what systemd tells."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edge import board
from edge.checks.findings import Finding, ok, problem, skipped, warning
from edge.checks.machine import Machine

if TYPE_CHECKING:
    from edge.settings.config import Config

# Where a Pi's firmware begins to slow down.
HOT_C = 80.0
MEGABYTE = 1_000_000
LEAST_DISK_MB, SCARCE_DISK_MB = 50, 1000
# The program takes 120 MB with a face and a viewer.
LEAST_MEMORY_MB, SCARCE_MEMORY_MB = 120, 200
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
    "78": "see settings above, mend /etc/fer-edge/config.toml",
}
_IS_ERROR = re.compile(r"\b(ERROR|WARNING|CRITICAL)\b|^fer-edge: |^\w+(Error|Exception)\b")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ")


def power(machine: Machine) -> Iterator[Finding]:
    """Under-voltage makes cameras vanish; throttling makes everything slow."""
    found = board.read(machine.root)
    now, before = found.throttled, [reason for reason in found.was_throttled if reason not in found.throttled]
    if "under-voltage" in now or "under-voltage" in before:
        tell = problem if "under-voltage" in now else warning
        yield tell(
            f"under-voltage {'now' if 'under-voltage' in now else 'since the start'}",
            "use the Pi's own power supply (5 V, 3 A; 5 A for a Pi 5), and a hub with its own for the camera",
        )
    rest = [reason for reason in (*now, *before) if reason != "under-voltage"]
    if rest:
        yield warning(
            f"the firmware has slowed the processor down: {', '.join(dict.fromkeys(rest))}",
            "cool it: a fan, a heat sink, a freer place",
        )
    if not now and not before:
        yield (
            skipped("this machine does not tell")
            if found.model is None
            else ok("no throttling since the start")
        )


def temperature(machine: Machine) -> Iterator[Finding]:
    """The processor's."""
    degrees = board.read(machine.root).temperature_c
    if degrees is None:
        yield skipped("this machine does not tell")
    elif degrees >= HOT_C:
        yield warning(f"{degrees:.0f} °C", "cool it: a fan, a heat sink, a freer place")
    else:
        yield ok(f"{degrees:.0f} °C")


def memory(machine: Machine) -> Iterator[Finding]:
    """What is left for the program."""
    free = re.search(r"^MemAvailable:\s*(\d+) kB", machine.text("proc/meminfo"), re.MULTILINE)
    if free is None:
        yield skipped("this machine does not tell")
        return
    free_mb = int(free[1]) * 1024 // MEGABYTE
    if free_mb < SCARCE_MEMORY_MB:
        tell = problem if free_mb < LEAST_MEMORY_MB else warning
        yield tell(
            f"{free_mb} MB free, and the program takes about 120", "end other programs, or the desktop"
        )
    else:
        yield ok(f"{free_mb} MB free")


def disk(machine: Machine, config: "Config") -> Iterator[Finding]:
    """Room where the program writes."""
    folders = {Path(name).parent for name in (config.record, config.events, config.report) if name}
    for folder in sorted(folders) or [Path()]:
        try:
            free_mb = machine.free_bytes(folder) // MEGABYTE
        except OSError as error:
            yield problem(f"{folder} cannot be written to: {error.strerror}", f"mkdir -p {folder}")
            continue
        if free_mb < SCARCE_DISK_MB and folders:
            tell = problem if free_mb < LEAST_DISK_MB else warning
            yield tell(f"{free_mb} MB free in {folder}", "make room, or set record_limit_mb and record_keep")
        elif folders and not os.access(folder, os.W_OK):
            yield problem(f"{folder} may not be written to by this user", "name another folder")
        else:
            yield ok(f"{free_mb:,} MB free in {folder.absolute()}")


def service(machine: Machine) -> Iterator[Finding]:
    """What systemd says of it, and the newest complaints in its journal."""
    ran = machine.run(["systemctl", "show", SERVICE, f"--property={','.join(_PROPERTIES)}"], SYSTEMD_WITHIN_S)
    if ran is None or ran.code:
        yield skipped("no systemd answers here")
        return
    state = dict(line.partition("=")[::2] for line in ran.out.splitlines())
    if state.get("LoadState") != "loaded":
        yield skipped("not installed: sudo ./systemd/install.sh installs it")
        return
    yield _standing(state)
    if state["ActiveState"] != "active" or state["NRestarts"] not in ("", "0"):
        yield from _complaints(machine)


def _standing(state: Mapping[str, str]) -> Finding:
    status, restarts = state["ExecMainStatus"], state["NRestarts"] or "0"
    said = f"{state['ActiveState']} ({state['SubState']})"
    if state["ActiveState"] == "active":
        if restarts != "0":
            return warning(f"{said}, restarted {restarts} times", f"journalctl -u {SERVICE} tells why")
        return ok(f"{said}, {state['StatusText'] or 'no status yet'}")
    if state["ActiveState"] == "failed" or restarts != "0":
        return problem(
            f"{said}, result {state['Result']}, exit code {status}, restarted {restarts} times",
            f"{_BY_EXIT_CODE.get(status, f'journalctl -u {SERVICE} tells why')}, then "
            f"sudo systemctl restart {SERVICE}",
        )
    at_boot = "enable --now" if state["UnitFileState"] != "enabled" else "start"
    return warning(f"{said}, {state['UnitFileState']}", f"sudo systemctl {at_boot} {SERVICE}")


def _complaints(machine: Machine) -> Iterator[Finding]:
    ran = machine.run(
        ["journalctl", "--unit", SERVICE, "--output=cat", "--no-pager", f"--lines={LINES_READ}"],
        SYSTEMD_WITHIN_S,
    )
    lines = [_STAMP.sub("", line) for line in (ran.out if ran else "").splitlines() if _IS_ERROR.search(line)]
    for line in list(dict.fromkeys(reversed(lines)))[:ERRORS_SHOWN]:
        yield warning(f"its journal: {line}", f"journalctl -u {SERVICE} -n 50 shows what came before")
