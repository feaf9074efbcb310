"""The work of a frame by the real parts, as this machine's own code."""

from pathlib import Path

import pytest

from benchmarks.arm64.workload import process_frames
from benchmarks.clip import load_clip
from edge.settings.config import Config


@pytest.mark.parametrize("follows", [True, False])
def test_workload_finds_the_face(face_clip: Path, *, follows: bool) -> None:
    counted = process_frames(load_clip(face_clip), 12, Config(detector="haar"), follows=follows)
    assert len(counted) == 12
    # The last frame: following needs some frames to search everywhere.
    assert len(counted[-1]["boxes"]) == len(counted[-1]["int8"]) == len(counted[-1]["float"]) == 1
    assert sum(counted[-1]["int8"][0]) == pytest.approx(1, abs=1e-3)
