"""What a check says: how it stands, what was found, and what to do about it."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How something stands."""

    OK = "ok"
    WARNING = "warning"  # It works, and not as well or as safely as it could.
    PROBLEM = "problem"  # The program does not start, or sees nothing.
    SKIPPED = "skipped"  # Not looked at, and `found` says why.


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check; a warning and a problem have a `remedy`."""

    state: State
    found: str
    remedy: str | None = None
    check: str = ""
    """The check's name, which its runner fills in."""


def ok(found: str) -> Finding:
    """All is well."""
    return Finding(State.OK, found)


def warning(found: str, remedy: str) -> Finding:
    """It works, and could be better."""
    return Finding(State.WARNING, found, remedy)


def problem(found: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(State.PROBLEM, found, remedy)


def skipped(reason: str) -> Finding:
    """Nothing was looked at."""
    return Finding(State.SKIPPED, reason)


def refused(error: Exception) -> Finding:
    """The problem that one of the program's own errors tells, `expected …, found …; what to do`."""
    found, _, remedy = str(error).rpartition("; ")
    return problem(found or str(error), remedy if found else "mend that")
