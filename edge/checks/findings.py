"""What a check found: the state of something, in words, and what to do about it."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How well something is."""

    OK = "ok"
    WARNING = "warning"  # It works, but not as well or as safely as it could.
    PROBLEM = "problem"  # The program does not start, or gets no pictures.
    SKIPPED = "skipped"  # Not checked; `found` gives the reason.


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check; a warning and a problem have a `remedy`."""

    state: State
    found: str
    remedy: str | None = None
    check: str = ""
    """The name of the check; the doctor fills it in."""


def ok(found: str) -> Finding:
    """A finding that all is well."""
    return Finding(State.OK, found)


def warning(found: str, remedy: str) -> Finding:
    """A finding that something works, but could be better."""
    return Finding(State.WARNING, found, remedy)


def problem(found: str, remedy: str) -> Finding:
    """A finding that something does not work."""
    return Finding(State.PROBLEM, found, remedy)


def skip(reason: str) -> Finding:
    """A finding that nothing was checked."""
    return Finding(State.SKIPPED, reason)


def make_problem(error: Exception) -> Finding:
    """The problem that one of the program's own errors describes: `expected …, found …; what to do`."""
    found, _, remedy = str(error).rpartition("; ")
    return problem(found or str(error), remedy if found else "correct that")
