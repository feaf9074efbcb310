"""A short soak: the real pipeline, the real stream, viewers that come and go."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.endurance import sampling, soak
from benchmarks.endurance.sampling import Sample
from benchmarks.endurance.soak import SoakResult
from benchmarks.passes.process import CompletedPass
from benchmarks.passes.protocol import PassResult
from benchmarks.process_usage import ProcessUsage

COMPLETED = CompletedPass(
    PassResult(
        numbers=[0],
        captured_at_s=[0.0],
        drawn_at_s=[0.0],
        faces=[1],
        cpu_s=0.0,
        rss_bytes=0,
        threads=1,
        calls_s={},
        timer_s=0.0,
    ),
    0.0,
)


def make_result(*, mb: float = 100.0, threads: int = 8, descriptors: int = 9) -> SoakResult:
    """A soak from 100 MB, 8 threads and 9 descriptors, growing evenly for an hour."""
    between = [
        Sample(at_s, ProcessUsage(8, 9, rss_mb))
        for at_s, rss_mb in zip(range(0, 3601, 60), np.linspace(100, mb, 61), strict=True)
    ]
    first = Sample(60, ProcessUsage(8, 9, 100.0))
    last = Sample(3660, ProcessUsage(threads, descriptors, mb))
    return SoakResult(first, last, between, COMPLETED, {}, {})


def test_steady_pipeline_has_not_grown() -> None:
    assert make_result(mb=101.9).list_growth() == []
    assert make_result(mb=90.0, threads=7, descriptors=8).list_growth() == []


@pytest.mark.parametrize(
    ("grown", "what"),
    [
        ({"mb": 104.0}, "memory: 4.0 MB"),
        ({"threads": 9}, "threads: 8"),
        ({"descriptors": 10}, "descriptors: 9"),
    ],
)
def test_growth_is_listed(grown: dict[str, float], what: str) -> None:
    (line,) = make_result(**grown).list_growth()  # type: ignore[arg-type]
    assert line.startswith(what)


def test_slope_of_the_memory() -> None:
    assert make_result(mb=112.0).compute_mb_per_hour() == pytest.approx(12)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SETTLE_S", 0.5)
    monkeypatch.setattr(sampling, "SAMPLE_EVERY_S", 0.5)
    monkeypatch.setattr(soak, "SCENE_S", 0.5)
    monkeypatch.setattr(sampling, "QUIET_SAMPLES", 1)


@pytest.mark.usefixtures("quick")
def test_pipeline_with_viewers_is_sampled(
    face_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "soak.json"
    assert main(
        [
            "soak",
            "--minutes",
            "0.05",
            "--clip",
            str(face_clip),
            "--detector",
            "haar",
            "--viewers",
            "6",
            "--json",
            str(out),
        ]
    ) in (0, 1)  # In so short a time it may well grow.
    stats = json.loads(out.read_text())
    assert stats["frames_per_s"] > 0 and sum(stats["visits"].values()) >= 12 and not stats["refused"]
    assert stats["first"]["threads"] >= 6 and stats["first"]["descriptors"] > 3
    assert "viewers" in capsys.readouterr().out


@pytest.mark.usefixtures("quick")
def test_pipeline_that_fails_is_reported_by_its_own_message(
    face_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(
            [
                "soak",
                "--minutes",
                "0.05",
                "--clip",
                str(face_clip),
                "--detector",
                "haar",
                "--model",
                str(tmp_path / "none.onnx"),
            ]
        )
        == 65
    )
    assert "none.onnx" in capsys.readouterr().err
