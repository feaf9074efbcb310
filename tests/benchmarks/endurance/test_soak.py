"""A soak that is short: the real line, the real stream, viewers that come and go."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.endurance import soak
from benchmarks.endurance.soak import Sample, Soaked
from benchmarks.passes.worker import PassResult
from benchmarks.speed.line import Pass

PASSED = Pass(
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


def soaked(*, mb: float = 100.0, threads: int = 8, descriptors: int = 9) -> Soaked:
    """From 100 MB, 8 threads and 9 descriptors, growing evenly for an hour."""
    between = [
        Sample(at_s, rss_mb, 8, 9) for at_s, rss_mb in zip(range(0, 3601, 60), np.linspace(100, mb, 61))
    ]
    return Soaked(Sample(60, 100.0, 8, 9), Sample(3660, mb, threads, descriptors), between, PASSED, {}, {})


def test_steady_line_has_not_grown() -> None:
    assert soaked(mb=101.9).grown() == []
    assert soaked(mb=90.0, threads=7, descriptors=8).grown() == []


@pytest.mark.parametrize(
    ("grown", "what"),
    [
        ({"mb": 104.0}, "memory: 4.0 MB"),
        ({"threads": 9}, "threads: 8"),
        ({"descriptors": 10}, "descriptors: 9"),
    ],
)
def test_growth_is_told(grown: dict[str, float], what: str) -> None:
    (line,) = soaked(**grown).grown()  # type: ignore[arg-type]
    assert line.startswith(what)


def test_slope_of_the_memory() -> None:
    assert soaked(mb=112.0).mb_per_hour() == pytest.approx(12)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "SETTLE_S", 0.5)
    monkeypatch.setattr(soak, "SAMPLE_EVERY_S", 0.5)
    monkeypatch.setattr(soak, "SCENE_S", 0.5)
    monkeypatch.setattr(soak, "LOOKS", 1)


@pytest.mark.usefixtures("quick")
def test_line_with_viewers_is_watched(
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
    figures = json.loads(out.read_text())
    assert figures["frames_per_s"] > 0 and sum(figures["visits"].values()) >= 12 and not figures["refused"]
    assert figures["first"]["threads"] >= 6 and figures["first"]["descriptors"] > 3
    assert "viewers" in capsys.readouterr().out


@pytest.mark.usefixtures("quick")
def test_line_that_fails_is_told_with_its_own_words(
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
