"""The command that checks this machine, its camera, the model and the service, and tells the user what to do.

    python -m edge.doctor [--json] [the arguments of edge.run]

It takes the settings of edge.run, changes nothing, needs no root, and ends with 1 if there is a problem.
"""

import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from edge.checks import camera, health, machine, model, outputs, redaction, system
from edge.checks.findings import Finding, State, make_problem, ok, problem, skip
from edge.checks.machine import Machine
from edge.command import DISTRIBUTION, command, describe_version
from edge.errors import ConfigError
from edge.threads import WorkerGroup

if TYPE_CHECKING:
    from edge.settings.config import Config

# Longer than the commands of any one check may take together.
CHECK_WITHIN_S = 75.0
JSON_FLAG = "--json"
# The settings of the unit, and its XDG_DATA_HOME, which holds YuNet and the benchmark's result.
SERVICE_CONFIG, SERVICE_DATA_HOME = "/etc/fer-edge/config.toml", "/var/lib"
USAGE = f"""usage: python -m edge.doctor [{JSON_FLAG}] [the arguments of edge.run]

Checks this machine, its camera, the model and the service, and says what to do, the most urgent first.
It changes nothing and needs no root; as root it also sees the processes of other users. It ends with 1 if
there is a problem.
For the service: sudo /opt/fer-edge/current/bin/fer-edge-doctor --config {SERVICE_CONFIG}

  {JSON_FLAG}      print a report for a bug report: without names, paths below a home, addresses, secrets and
              serial numbers
  -h, --help  print this text; python -m edge.run --help lists the arguments of edge.run
  --version   print the version and exit
"""
_COLOURS = {State.OK: "32", State.WARNING: "33", State.PROBLEM: "1;31", State.SKIPPED: "2"}
_CHECK_WIDTH, _STATE_WIDTH, _WIDTH = 12, 8, 100

# In the order in which to repair things: an early problem may be the cause of a later one.
CHECKS_BEFORE_SETTINGS = (
    system.check_system,
    health.check_power,
    system.check_python,
    system.check_libraries,
)
CHECKS_OF_SETTINGS = (
    camera.check_groups,
    camera.check_camera,
    camera.check_cameras,
    camera.check_csi,
    model.check_yunet,
    model.check_model,
    model.check_benchmark,
    outputs.check_port,
    outputs.check_access,
    outputs.check_display,
    outputs.check_mqtt,
    health.check_disk,
)
CHECKS_AFTER_SETTINGS = (health.check_memory, health.check_temperature, health.check_service)
_PREFIX = "check_"


def examine(here: Machine) -> tuple[list[Finding], "Config | None"]:
    """The findings of all checks, in order, and the settings that were checked, None if unreadable."""
    findings = []
    for check in CHECKS_BEFORE_SETTINGS:
        findings += run_check(check.__name__, partial(check, here))
    config, about_settings = _read_settings(here)
    findings.append(about_settings)
    if about_settings.state is State.PROBLEM:
        # Wrong settings hide no other problem: the other checks use the defaults.
        here = replace(here, arguments=())
    if config is not None:
        for check_settings in CHECKS_OF_SETTINGS:
            findings += run_check(check_settings.__name__, partial(check_settings, here, config))
    for check in CHECKS_AFTER_SETTINGS:
        findings += run_check(check.__name__, partial(check, here))
    return findings, config


def _read_settings(here: Machine) -> tuple["Config | None", Finding]:
    """The settings that edge.run would have, or the defaults; None if a library for them is missing."""
    try:
        from edge.settings import config, parsing
    except ImportError as error:
        found = problem(
            f"{error}: nothing that depends on the settings was checked",
            "pip install --constraint constraints.txt fer-edge",
        )
        return None, replace(found, check="settings")
    try:
        settings, _ = parsing.parse_settings(here.arguments, here.environment)
    except ConfigError as error:
        found = make_problem(error)
        return config.Config(), replace(
            found, found=f"{found.found} (what follows is about the defaults)", check="settings"
        )
    own = ", ".join(f"{key} ({origin})" for key, origin in settings.origins.items() if origin != "default")
    return settings.config, replace(ok(f"all right: {own or 'the defaults'}"), check="settings")


def run_check(
    name: str, check: Callable[[], Iterable[Finding]], within_s: float = CHECK_WITHIN_S
) -> list[Finding]:
    """The findings of `check`; one of them says so if it fails or does not end within `within_s`."""
    name = name.removeprefix(_PREFIX)
    findings: list[Finding] = []
    # In a thread of its own, which is abandoned if it hangs in a driver or on an unreachable network drive.
    worker = WorkerGroup()
    worker.start(f"doctor {name}", lambda: findings.extend(check()))
    try:
        worker.join(within_s)
    except ImportError as error:
        findings.append(skip(f"{error}: see libraries"))
    except Exception as error:  # Whatever it is, the other checks must still run.
        is_late = worker.is_running
        reason = (
            f"did not end within {within_s:g} s" if is_late else f"failed: {type(error).__name__}: {error}"
        )
        findings.append(problem(f"the check itself {reason}", "report that, with the output of --json"))
    return [replace(finding, check=name) for finding in findings]


def order_remedies(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with a remedy, the most urgent first, each remedy once.

    Problems come before warnings, and causes before what they cause.
    """
    urgent = [
        finding for state in (State.PROBLEM, State.WARNING) for finding in findings if finding.state is state
    ]
    by_remedy: dict[str | None, Finding] = {}
    for finding in urgent:
        by_remedy.setdefault(finding.remedy, finding)
    return list(by_remedy.values())


def format_text(findings: Sequence[Finding], *, has_colours: bool) -> str:
    """A line for each finding, then what to do."""
    lines = []
    for finding in findings:
        state = finding.state.value.ljust(_STATE_WIDTH)
        if has_colours:
            state = f"\x1b[{_COLOURS[finding.state]}m{state}\x1b[0m"
        lines.append(f"{finding.check.ljust(_CHECK_WIDTH)} {state} {finding.found}")
    to_do = order_remedies(findings)
    lines += ["", "What to do, the most urgent first:" if to_do else "Nothing to do."]
    for number, finding in enumerate(to_do, 1):
        lines += textwrap.wrap(
            f"{number}. {finding.check}: {finding.remedy}",
            _WIDTH,
            subsequent_indent="   ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def format_json(findings: Sequence[Finding], redact: Callable[[str], str]) -> str:
    """The findings and the remedies in their order, without anything private."""
    redacted = [
        {
            "check": finding.check,
            "state": finding.state.value,
            "found": redact(finding.found),
            "remedy": finding.remedy and redact(finding.remedy),
        }
        for finding in findings
    ]
    to_do = [redact(f"{finding.check}: {finding.remedy}") for finding in order_remedies(findings)]
    return json.dumps(
        {
            "schema": 1,
            "fer_edge": machine.find_version(DISTRIBUTION),
            "findings": redacted,
            "to_do": to_do,
        },
        indent=1,
        ensure_ascii=False,
    )


@command
def main(arguments: Sequence[str] | None = None, here: Machine | None = None) -> int:
    """The command; a test gives it another machine than this as `here`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if {"-h", "--help"} & set(given):
        print(USAGE, end="")
        return 0
    if "--version" in given:
        print(describe_version())
        return 0
    if any(SERVICE_CONFIG in argument for argument in given):
        os.environ.setdefault("XDG_DATA_HOME", SERVICE_DATA_HOME)
    for_run = [argument for argument in given if argument != JSON_FLAG]
    here = replace(
        here or Machine(environment=os.environ, groups=machine.list_groups(), is_root=os.geteuid() == 0),
        arguments=for_run,
    )
    findings, config = examine(here)
    if JSON_FLAG in given:
        values = [getattr(config, key) for key in config.__struct_fields__] if config else []
        print(format_json(findings, redaction.make_redactor(here.environment, [*values, *for_run])))
    else:
        print(format_text(findings, has_colours=sys.stdout.isatty() and "NO_COLOR" not in here.environment))
    return int(any(finding.state is State.PROBLEM for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
