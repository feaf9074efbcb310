"""What every test may use, and what every test must leave behind: no thread."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import edge  # noqa: F401  Before any test imports OpenCV: it says what that reads of the environment.

ROOT = Path(__file__).parent.parent
OURS = {"capture", "detect", "infer", "deliver", "mjpeg", "mqtt"}
# No deadline, since machines are busy; the same cases every time. HYPOTHESIS_PROFILE=hunt looks for new ones.
settings.register_profile(
    "bounded",
    deadline=None,
    max_examples=100,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("hunt", settings.get_profile("bounded"), max_examples=5000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "bounded"))
MATERIAL = Path(os.environ.get("FER_MATERIAL", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def material() -> Callable[[str], Path]:
    """Finds what may be tested with but not committed (videos of people, FER2013, other people's
    models) in the folder $FER_MATERIAL; a test is skipped, by name, without it."""

    def find(name: str) -> Path:
        path = MATERIAL / name
        if not path.exists():
            pytest.skip(f"{name} is not in {MATERIAL} (FER_MATERIAL names another folder)")
        return path

    return find


@pytest.fixture(autouse=True)
def leaves_no_thread() -> Iterator[None]:
    """A test that leaves a thread of ours alive fails."""
    before = set(threading.enumerate())
    yield
    # The browser's driver keeps an executor of asyncio's for all tests of its module.
    left = [
        thread.name
        for thread in threading.enumerate()
        if thread not in before
        and (thread.name in OURS or not thread.daemon)
        and not thread.name.startswith("asyncio_")
    ]
    assert not left, f"threads left alive: {left}"


@pytest.fixture
def desktop_there() -> None:
    """A test is skipped, by name, where no virtual desktop can be had."""
    missing = [
        program for program in ("xvfb-run", "openbox", "xdotool", "xwininfo") if shutil.which(program) is None
    ]
    if missing:
        pytest.skip(f"{', '.join(missing)} not there; make desktop brings them")
