"""The command that finds what is wrong with this machine, its camera, the model or the service, and says the remedy.

    python -m edge.doctor [--json] [the arguments of edge.run]

It takes the settings of edge.run, changes nothing, needs no root, and ends with 1 where there is a problem.
"""

import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from edge.checks import camera, health, machine, model, outputs, privacy, system
from edge.checks.findings import Finding, State, ok, problem, refused, skipped
from edge.checks.machine import Machine
from edge.command import command, describe_version
from edge.errors import ConfigError
from edge.threads import WorkerGroup

if TYPE_CHECKING:
    from edge.settings.config import Config

# More than the commands of any one check may take together.
CHECK_WITHIN_S = 75.0
JSON_FLAG = "--json"
# The unit's settings, and where its environment says that YuNet and the benchmark's result lie.
SERVICE_CONFIG, SERVICE_SHARE = "/etc/fer-edge/config.toml", "/var/lib"
USAGE = f"""usage: python -m edge.doctor [{JSON_FLAG}] [the arguments of edge.run]

Finds what is wrong with this machine, its camera, the model or the service, and says what to do, first things first.
Changes nothing and needs no root; as root it also sees what other users hold. Ends with 1 where there is a problem.
For the service: sudo /opt/fer-edge/current/bin/fer-edge-doctor --config {SERVICE_CONFIG}

  {JSON_FLAG}  for a bug report: without names, paths below a home, addresses, secrets and serial numbers
  -h, --help  this text; python -m edge.run --help lists the arguments of edge.run
  --version   print the version and exit
"""
_COLOURS = {State.OK: "32", State.WARNING: "33", State.PROBLEM: "1;31", State.SKIPPED: "2"}
_CHECK_WIDTH, _STATE_WIDTH, _WIDTH = 12, 8, 100

# In the order in which things are to be mended: what stands first may be the cause of what follows.
BEFORE = (system.system, health.power, system.python, system.libraries)
WITH_SETTINGS = (
    camera.groups,
    camera.camera,
    camera.cameras,
    camera.csi,
    model.yunet,
    model.model,
    model.benchmark,
    outputs.port,
    outputs.access,
    outputs.display,
    outputs.mqtt,
    health.disk,
)
AFTER = (health.memory, health.temperature, health.service)


def examine(here: Machine) -> tuple[list[Finding], "Config | None"]:
    """What every check finds, in order, and the settings that were looked at, None where they cannot even be read."""
    config, about_settings = _settings(here)
    findings = [finding for check in BEFORE for finding in looked(check.__name__, partial(check, here))]
    findings.append(about_settings)
    if about_settings.state is State.PROBLEM:
        # Wrong settings hide nothing else: the rest is looked at with the defaults.
        here = replace(here, arguments=())
    if config is not None:
        findings += [
            finding
            for check in WITH_SETTINGS
            for finding in looked(check.__name__, partial(check, here, config))
        ]
    findings += [finding for check in AFTER for finding in looked(check.__name__, partial(check, here))]
    return findings, config


def _settings(here: Machine) -> tuple["Config | None", Finding]:
    """The settings that edge.run would have, else the defaults; None where a library for them is missing."""
    try:
        from edge.settings import config, parsing
    except ImportError as error:
        found = problem(
            f"{error}: nothing that depends on the settings was looked at",
            "pip install --constraint constraints.txt fer-edge",
        )
        return None, replace(found, check="settings")
    try:
        chosen = parsing.parse_settings(here.arguments, here.environment)[0]
    except ConfigError as error:
        found = refused(error)
        return config.Config(), replace(
            found, found=f"{found.found} (what follows is about the defaults)", check="settings"
        )
    own = {key: origin for key, origin in chosen.origins.items() if origin != "default"}
    said = ", ".join(f"{key} ({origin})" for key, origin in own.items())
    return chosen.config, replace(ok(f"all right: {said or 'the defaults'}"), check="settings")


def looked(
    name: str, check: Callable[[], Iterable[Finding]], within_s: float = CHECK_WITHIN_S
) -> list[Finding]:
    """What `check` finds within `within_s`; that it fails, or does not end, is a finding too."""
    found: list[Finding] = []
    # A thread of its own, left behind where it hangs in a driver or on a dead network's disk.
    worker = WorkerGroup()
    worker.start(f"doctor {name}", lambda: found.extend(check()))
    try:
        worker.join(within_s)
    except ImportError as error:
        found.append(skipped(f"{error}: see libraries"))
    except Exception as error:  # Whatever it is, the other checks still have something to tell.
        is_late = worker.is_running
        reason = (
            f"did not end within {within_s:g} s" if is_late else f"failed: {type(error).__name__}: {error}"
        )
        found.append(problem(f"the check itself {reason}", "report that, with the output of --json"))
    return [replace(finding, check=name) for finding in found]


def remedies(findings: Sequence[Finding]) -> list[Finding]:
    """What to do first stands first: problems before warnings, causes before what they cause; each remedy once."""
    first = [
        finding for state in (State.PROBLEM, State.WARNING) for finding in findings if finding.state is state
    ]
    kept: dict[str | None, Finding] = {}
    for finding in first:
        kept.setdefault(finding.remedy, finding)
    return list(kept.values())


def as_text(findings: Sequence[Finding], *, colours: bool) -> str:
    """A line for each finding, then what to do."""
    lines = []
    for finding in findings:
        state = finding.state.value.ljust(_STATE_WIDTH)
        if colours:
            state = f"\x1b[{_COLOURS[finding.state]}m{state}\x1b[0m"
        lines.append(f"{finding.check.ljust(_CHECK_WIDTH)} {state} {finding.found}")
    todo = remedies(findings)
    lines += ["", "What to do, first things first:" if todo else "Nothing to do."]
    for number, finding in enumerate(todo, 1):
        lines += textwrap.wrap(
            f"{number}. {finding.check}: {finding.remedy}",
            _WIDTH,
            subsequent_indent="   ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def as_json(findings: Sequence[Finding], redact: Callable[[str], str]) -> str:
    """The findings, and the remedies in their order, with nothing private in them."""
    told = [
        {
            "check": finding.check,
            "state": finding.state.value,
            "found": redact(finding.found),
            "remedy": finding.remedy and redact(finding.remedy),
        }
        for finding in findings
    ]
    todo = [redact(f"{finding.check}: {finding.remedy}") for finding in remedies(findings)]
    return json.dumps(
        {"schema": 1, "fer_edge": machine.version("fer-edge"), "findings": told, "to_do": todo},
        indent=1,
        ensure_ascii=False,
    )


@command
def main(arguments: Sequence[str] | None = None, here: Machine | None = None) -> int:
    """The command; returns its exit code.  `here` is another machine than this."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if {"-h", "--help"} & set(given):
        print(USAGE, end="")
        return 0
    if "--version" in given:
        print(describe_version())
        return 0
    if any(SERVICE_CONFIG in argument for argument in given):
        os.environ.setdefault("XDG_DATA_HOME", SERVICE_SHARE)
    ours = [argument for argument in given if argument != JSON_FLAG]
    here = replace(
        here or Machine(environment=os.environ, groups=machine.groups(), is_root=os.geteuid() == 0),
        arguments=ours,
    )
    findings, config = examine(here)
    if JSON_FLAG in given:
        values = [getattr(config, key) for key in config.__struct_fields__] if config else []
        print(as_json(findings, privacy.redactor(here.environment, [*values, *ours])))
    else:
        print(as_text(findings, colours=sys.stdout.isatty() and "NO_COLOR" not in here.environment))
    return int(any(finding.state is State.PROBLEM for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
