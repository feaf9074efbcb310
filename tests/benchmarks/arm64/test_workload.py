"""The work of a frame by the real parts, as this machine's own code."""

import json
from pathlib import Path

import pytest

from benchmarks.arm64 import emulator
from benchmarks.arm64.result_comparison import compare_results
from benchmarks.arm64.workload import process_frames
from benchmarks.clip import load_clip, write_clip
from edge.errors import ConfigError
from edge.settings.config import Config


@pytest.mark.parametrize("follows", [True, False])
def test_workload_finds_the_face(face_clip: Path, *, follows: bool) -> None:
    counted = process_frames(load_clip(face_clip), 12, Config(detector="haar"), follows=follows)
    assert len(counted) == 12
    # The last frame: following needs some frames to search everywhere.
    assert len(counted[-1]["boxes"]) == len(counted[-1]["int8"]) == len(counted[-1]["float"]) == 1
    assert sum(counted[-1]["int8"][0]) == pytest.approx(1, abs=1e-3)


def test_workload_of_this_machine_prints_what_it_found(face_clip: Path, tmp_path: Path) -> None:
    write_clip(load_clip(face_clip), tmp_path / "clip")
    printed = emulator.run_native([str(tmp_path / "clip"), "3", "haar", "whole"])
    found = json.loads(printed)
    assert [len(frame["boxes"]) for frame in found] == [1, 1, 1]
    assert compare_results(found, found).is_equal


def test_workload_that_fails_is_reported_by_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.*run this again"):
        emulator.run_native([str(tmp_path / "none"), "3", "haar", "whole"])
