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

from edge.checks import camera, camera_controls, health, model, outputs, redaction, system
from edge.checks.check_result import CheckResult, CheckState, make_problem, ok, problem, skip
from edge.checks.machine import Machine, find_version, list_groups
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
_COLOURS = {
    CheckState.OK: "32",
    CheckState.WARNING: "33",
    CheckState.PROBLEM: "1;31",
    CheckState.SKIPPED: "2",
}
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
    camera_controls.check_controls,
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


def examine(machine: Machine) -> tuple[list[CheckResult], "Config | None"]:
    """The results of all checks, in order, and the settings that were checked, or None if unreadable."""
    results = []
    for check in CHECKS_BEFORE_SETTINGS:
        results += run_check(check.__name__, partial(check, machine))
    config, about_settings = _read_settings(machine)
    results.append(about_settings)
    if about_settings.state is CheckState.PROBLEM:
        # Wrong settings must not hide another problem: the other checks use the defaults.
        machine = replace(machine, arguments=())
    if config is not None:
        for check_settings in CHECKS_OF_SETTINGS:
            results += run_check(check_settings.__name__, partial(check_settings, machine, config))
    for check in CHECKS_AFTER_SETTINGS:
        results += run_check(check.__name__, partial(check, machine))
    return results, config


def _read_settings(machine: Machine) -> tuple["Config | None", CheckResult]:
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
        settings, _ = parsing.parse_settings(machine.arguments, machine.environment)
    except ConfigError as error:
        found = make_problem(error)
        return config.Config(), replace(
            found, found=f"{found.found} (what follows is about the defaults)", check="settings"
        )
    own = ", ".join(f"{key} ({origin})" for key, origin in settings.origins.items() if origin != "default")
    return settings.config, replace(ok(f"all right: {own or 'the defaults'}"), check="settings")


def run_check(
    name: str, check: Callable[[], Iterable[CheckResult]], within_s: float = CHECK_WITHIN_S
) -> list[CheckResult]:
    """The results of `check`; if it fails or does not end within `within_s`, one more reports that."""
    name = name.removeprefix(_PREFIX)
    results: list[CheckResult] = []
    # In a thread of its own, which is abandoned if it hangs in a driver or on an unreachable network drive.
    worker = WorkerGroup()
    worker.start(f"doctor {name}", lambda: results.extend(check()))
    try:
        worker.join(within_s)
    except ImportError as error:
        results.append(skip(f"{error}: see libraries"))
    except Exception as error:  # Whatever it is, the other checks must still run.
        is_late = worker.is_running
        reason = (
            f"did not end within {within_s:g} s" if is_late else f"failed: {type(error).__name__}: {error}"
        )
        results.append(problem(f"the check itself {reason}", "report that, with the output of --json"))
    return [replace(result, check=name) for result in results]


def order_remedies(results: Sequence[CheckResult]) -> list[CheckResult]:
    """The results with a remedy, the most urgent first, each remedy once.

    Problems come before warnings, and causes before what they cause.
    """
    urgent = [
        result
        for state in (CheckState.PROBLEM, CheckState.WARNING)
        for result in results
        if result.state is state
    ]
    by_remedy: dict[str | None, CheckResult] = {}
    for result in urgent:
        by_remedy.setdefault(result.remedy, result)
    return list(by_remedy.values())


def format_text(results: Sequence[CheckResult], *, has_colours: bool) -> str:
    """A line for each result, then what to do."""
    lines = []
    for result in results:
        state = result.state.value.ljust(_STATE_WIDTH)
        if has_colours:
            state = f"\x1b[{_COLOURS[result.state]}m{state}\x1b[0m"
        lines.append(f"{result.check.ljust(_CHECK_WIDTH)} {state} {result.found}")
    to_do = order_remedies(results)
    lines += ["", "What to do, the most urgent first:" if to_do else "Nothing to do."]
    for number, result in enumerate(to_do, 1):
        lines += textwrap.wrap(
            f"{number}. {result.check}: {result.remedy}",
            _WIDTH,
            subsequent_indent="   ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def format_json(results: Sequence[CheckResult], redact: Callable[[str], str]) -> str:
    """The results and the remedies in their order, without anything private."""
    redacted = [
        {
            "check": result.check,
            "state": result.state.value,
            "found": redact(result.found),
            "remedy": result.remedy and redact(result.remedy),
        }
        for result in results
    ]
    to_do = [redact(f"{result.check}: {result.remedy}") for result in order_remedies(results)]
    return json.dumps(
        {
            "schema": 1,
            "fer_edge": find_version(DISTRIBUTION),
            "findings": redacted,
            "to_do": to_do,
        },
        indent=1,
        ensure_ascii=False,
    )


@command
def main(arguments: Sequence[str] | None = None, machine: Machine | None = None) -> int:
    """The command; a test makes up another `machine` than this one."""
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
    machine = replace(
        machine or Machine(environment=os.environ, groups=list_groups(), is_root=os.geteuid() == 0),
        arguments=for_run,
    )
    results, config = examine(machine)
    if JSON_FLAG in given:
        values = [getattr(config, key) for key in config.__struct_fields__] if config else []
        print(format_json(results, redaction.make_redactor(machine.environment, [*values, *for_run])))
    else:
        print(format_text(results, has_colours=sys.stdout.isatty() and "NO_COLOR" not in machine.environment))
    return int(any(result.state is CheckState.PROBLEM for result in results))


if __name__ == "__main__":
    sys.exit(main())
