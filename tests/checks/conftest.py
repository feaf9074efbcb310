"""A machine for the checks."""

from pathlib import Path

import pytest

from tests.checks.machines import make_files


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    return make_files(tmp_path)
