"""The checks of the libraries."""

from pathlib import Path

from edge.checks import system
from edge.checks.check_result import CheckState
from edge.checks.machine import CommandResult
from tests.checks.machines import make_machine, states_of


def test_library_that_cannot_be_imported_is_named_with_its_reason(pi: Path) -> None:
    ran = CommandResult(
        1, "numpy\ncv2\n", "Traceback\nImportError: libGL.so.1: cannot open shared object file\n"
    )
    *_, last = states_of(system.check_libraries(make_machine(pi, {"import edge": ran})))
    assert last == (
        CheckState.PROBLEM,
        "cv2 cannot be imported: ImportError: libGL.so.1: cannot open shared object file",
    )
