"""The stages of the real parts, the choice of the model's form, and the picture."""

import json
import sys
from pathlib import Path

import cv2
import pytest

from benchmarks import clip
from benchmarks.__main__ import main
from benchmarks.arithmetic import Spread
from benchmarks.speed import model_choice, stages
from benchmarks.speed.stages import Cost, Inference
from edge.models import classifier_path
from edge.settings import benchmark_result
from edge.settings.config import Config


def cost(wall_ms: float, cpu_ms: float) -> Cost:
    """With quartiles a hundredth of it away."""
    return Cost(*(Spread(value, 0.99 * value, 1.01 * value) for value in (wall_ms, cpu_ms)))


def costs(**by_form: tuple[float, float]) -> dict[Inference, Cost]:
    """Wall and CPU time of four faces by form_threads."""
    return {
        Inference(name[:-1], int(name[-1]), model_choice.FACES): cost(*times)
        for name, times in by_form.items()
    }


def test_least_cpu_time_wins_where_all_are_quick_enough() -> None:
    times = costs(int1=(8.0, 8.0), int2=(5.0, 9.5), float1=(10.0, 10.0), float2=(6.0, 11.0))
    assert model_choice.best(times, "int") == ("int", 1)
    times = costs(int1=(8.0, 8.0), int2=(5.0, 9.5), float1=(6.0, 6.0), float2=(3.0, 7.0))
    assert model_choice.best(times, "int") == ("float", 1)


def test_threads_are_worth_their_cost_where_one_is_too_slow() -> None:
    assert model_choice.best(costs(int1=(20.0, 20.0), int2=(10.5, 22.0), float1=(40.0, 40.0)), "int") == (
        "int",
        2,
    )


def test_quickest_wins_where_none_is_quick_enough() -> None:
    assert model_choice.best(costs(int1=(40.0, 40.0), int2=(25.0, 44.0), int4=(30.0, 60.0)), "int") == (
        "int",
        2,
    )


def test_form_that_ships_keeps_its_place_within_the_noise() -> None:
    assert model_choice.best(costs(int1=(8.0, 8.0), float1=(7.9, 7.9)), "int") == ("int", 1)


def test_every_core_is_tried_up_to_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    made = stages.inferences(clip.demo(), Config(detector="haar"), [classifier_path()])
    assert {(run.threads, run.faces) for run in made} == {
        (threads, faces) for threads in (1, 2, 3, 4) for faces in range(1, 9)
    }


def test_stages_are_timed_drawn_and_the_best_form_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, face_clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(stages, "ROUND_S", 0.0)
    out, picture = tmp_path / "stages.json", tmp_path / "stages.png"
    arguments = ["stages", "--clip", str(face_clip), "--rounds", "2"]
    assert main([*arguments, "--json", str(out), "--png", str(picture)]) == 0
    said = capsys.readouterr().out
    assert "search a region (haar)" in said and "8 faces" in said and "fer.float.onnx ×1" in said
    figures = json.loads(out.read_text())
    assert all(figure["low"] <= figure["median"] <= figure["high"] for figure in figures["spread"].values())
    assert cv2.imread(str(picture)).shape[1] > 1000
    kept = json.loads(benchmark_result.locate().read_text())
    assert kept["model"] in kept["compared"] and kept["machine"] == benchmark_result.describe_machine()
    assert benchmark_result.locate().parent.parent == tmp_path
    assert main([*arguments, "--compare", str(out)]) == 0
    assert "changed beyond the noise" in capsys.readouterr().out


def test_picture_without_matplotlib_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["stages", "--png", str(tmp_path / "out.png")]) == 78
    assert "pip install fer-edge[benchmarks]" in capsys.readouterr().err
