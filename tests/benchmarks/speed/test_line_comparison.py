"""Passes of two checkouts in turn: their ratios, and real passes of this checkout's own commits."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.clip import load_clip, write_clip
from benchmarks.passes.process import make_checkout_launcher, run_pass_process
from benchmarks.passes.protocol import PassRequest
from benchmarks.speed.line_comparison import compute_ratios, format_comparison
from benchmarks.speed.line_stats import compute_spreads
from benchmarks.speed.worktree import ROOT, open_worktree
from edge.settings.config import Config
from tests.benchmarks.speed.passes import make_pass

# The worker of this commit has other names than today's.
OLDEST = "0dd6e5c"


@pytest.fixture
def oldest() -> str:
    """OLDEST; a test is skipped where the repository lacks it."""
    command = ["git", "-C", str(ROOT), "cat-file", "-e", f"{OLDEST}^{{commit}}"]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"commit {OLDEST} is not in this repository")
    return OLDEST


def test_ratios_are_paired_round_by_round() -> None:
    old = [make_pass(cpu_ms=cpu_ms) for cpu_ms in (2, 4, 8)]
    new = [make_pass(cpu_ms=cpu_ms, latency_ms=10) for cpu_ms in (1, 2, 8)]
    ratios = compute_ratios({"unpaced": old, "live": old}, {"unpaced": new, "live": new})
    assert ratios["cpu_ms_per_frame"].median == pytest.approx(0.5)
    assert ratios["cpu_ms_per_frame"].high == pytest.approx(0.75)
    assert ratios["latency_ms.p95"].median == pytest.approx(2)
    assert ratios["faces_per_frame"].median == 1


def test_stat_that_was_zero_has_no_ratio() -> None:
    old, new = [make_pass(cpu_ms=0)], [make_pass(cpu_ms=1)]
    ratios = compute_ratios({"live": old}, {"live": new})
    assert "live_cpu_ms_per_frame" not in ratios
    table = format_comparison("abc", compute_spreads({"live": old}), compute_spreads({"live": new}), ratios)
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines()[1:]}
    assert rows["live_cpu_ms_per_frame"] == ["0.000", "1.00"]
    assert rows["rss_mb"] == ["100", "100", "×", "1.00", "1.00", "–", "1.00"]


def test_passes_of_a_commit_and_of_this_checkout(
    face_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], oldest: str
) -> None:
    out = tmp_path / "line.json"
    arguments = ["line", "--detector", "haar", "--frames", "12", "--fps", "60", "--rounds", "1"]
    arguments += ["--clip", str(face_clip), "--not-drawn", "--against", oldest, "--json", str(out)]
    assert main(arguments) == 0
    stats = json.loads(out.read_text())
    assert stats["against"].startswith(oldest) and not stats["is_drawn"]
    for name in ("cpu_ms_per_frame", "frames_per_s", "rss_mb", "cold_start_s"):
        assert stats["ratio"][name] > 0 and stats["old"][name] > 0 and stats["new"][name] > 0
    assert set(stats["ratio"]["latency_ms"]) == {"p50", "p95", "p99"}
    assert stats["ratio"]["faces_per_frame"] > 0
    assert {"ratio.cpu_ms_per_frame", "ratio.latency_ms.p99"} <= set(stats["spread"])
    assert f"{oldest}  this checkout" in capsys.readouterr().out


@pytest.mark.parametrize("is_drawn", [True, False])
def test_old_pass_draws_only_where_that_is_asked_for(
    is_drawn: bool, face_clip: Path, tmp_path: Path, oldest: str
) -> None:
    write_clip(load_clip(face_clip), tmp_path / "clip")
    request = PassRequest(
        config=Config(detector="haar", listen="127.0.0.1:0"),
        clip=str(tmp_path / "clip"),
        frames=12,
        live_fps=None,
        viewer=False,
        time_libraries=True,
        is_drawn=is_drawn,
    )
    with open_worktree(oldest) as worktree:
        launcher = make_checkout_launcher(worktree.path, tmp_path / "bytecode")
        calls = run_pass_process(request, launcher).result.calls_s
    assert ("putText" in calls) == is_drawn
    assert "imdecode" in calls


def test_live_camera_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["line", "--camera", "demo", "--against", "HEAD"]) == 78
    assert "expected --clip with --against" in capsys.readouterr().err


def test_commit_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["line", "--clip", "demo", "--detector", "haar", "--against", "none"]) == 78
    assert "expected a commit" in capsys.readouterr().err
