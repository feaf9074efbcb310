"""The result of a check: what it found, how bad that is, and what to do about it."""

from dataclasses import dataclass
from enum import Enum


class CheckState(Enum):
    """How bad it is what a check found."""

    OK = "ok"
    WARNING = "warning"  # It works, but not as well or as safely as it could.
    PROBLEM = "problem"  # The program does not start, or gets no pictures.
    SKIPPED = "skipped"  # Not checked; `found` gives the reason.


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the doctor's output; a warning and a problem have a `remedy`."""

    state: CheckState
    found: str
    remedy: str | None = None
    check: str = ""
    """The name of the check; the doctor fills it in."""


def ok(found: str) -> CheckResult:
    """The result that all is well."""
    return CheckResult(CheckState.OK, found)


def warning(found: str, remedy: str) -> CheckResult:
    """The result that something works, but could be better."""
    return CheckResult(CheckState.WARNING, found, remedy)


def problem(found: str, remedy: str) -> CheckResult:
    """The result that something does not work."""
    return CheckResult(CheckState.PROBLEM, found, remedy)


def skip(reason: str) -> CheckResult:
    """The result that nothing was checked."""
    return CheckResult(CheckState.SKIPPED, reason)


def make_problem(error: Exception) -> CheckResult:
    """The problem that one of the program's own errors describes: `expected …, found …; what to do`."""
    found, _, remedy = str(error).rpartition("; ")
    return problem(found or str(error), remedy if found else "correct that")
