"""A machine for the checks."""

from pathlib import Path

import pytest

from tests.checks.machines import tree


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    return tree(tmp_path)
