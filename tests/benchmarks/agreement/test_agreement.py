"""The agreement figures of the real line over a real clip, and the scenes they are taken in."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import clip as clips
from benchmarks.__main__ import main
from benchmarks.agreement.agreement import CHANGING
from benchmarks.clip import Clip, ClipCamera
from benchmarks.scenes import EMPTY, SCENES, Stage, is_cut
from edge.contracts import Box
from tests.clocks import Clock


def plain_clip(frames: int = 4) -> Clip:
    """Pictures of 160×120, each a little brighter than the last."""
    return Clip(
        [clips.encoded(np.full((120, 160, 3), 20 * (1 + index), np.uint8)) for index in range(frames)],
        10.0,
        160,
        120,
    )


def test_endless_clip_goes_to_and_fro() -> None:
    clip = plain_clip(3)
    assert [round(int(clip.picture(index)[0, 0, 0]) / 20) for index in range(8)] == [1, 2, 3, 3, 2, 1, 1, 2]


def test_clip_camera_waits_for_who_takes_its_frames() -> None:
    with ClipCamera(plain_clip(), 6) as camera:
        frames = list(camera)
    assert not camera.is_live
    assert [frame.number for frame in frames] == list(range(6))
    assert frames[5].elapsed_s == pytest.approx(0.5)


def test_live_clip_camera_drops_what_nobody_took_in_time() -> None:
    clock = Clock(100.0)
    with ClipCamera(plain_clip(), 9, live_fps=10, clock=clock, sleep=clock.sleep) as camera:
        first = next(camera)
        clock.sleep(0.35)
        rest = list(camera)
    assert camera.is_live
    assert (first.number, first.captured_at_s) == (0, 100.0)
    assert [frame.number for frame in rest] == [3, 4, 5, 6, 7, 8]
    assert rest[1].captured_at_s == pytest.approx(100.4)


@pytest.mark.parametrize("name", SCENES)
def test_scene_shows_the_same_in_every_run_and_has_the_clip_in_it(name: str) -> None:
    stage = Stage(plain_clip(), Box(40, 20, 60, 60))
    pictures = [SCENES[name](stage, index) for index in range(45)]
    assert {picture.shape for picture in pictures} == {pictures[0].shape}
    assert any((picture[..., 0] != EMPTY).any() for picture in pictures)
    np.testing.assert_array_equal(SCENES[name](stage, 7), pictures[7])


@pytest.mark.parametrize(
    ("name", "cuts"), [("away", [20]), ("elsewhere", [20, 40]), ("second", [40]), ("dim", [])]
)
def test_scene_tells_when_a_face_is_cut_out(name: str, cuts: list[int]) -> None:
    stage = Stage(plain_clip(), Box(40, 20, 60, 60))
    assert [index for index in range(45) if is_cut(name, stage, index)] == cuts


def test_figures_of_the_line_over_a_real_clip(
    material: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "agreement.json"
    assert (
        main(
            [
                "agreement",
                "--clip",
                str(material("data/faces.mp4")),
                "--seconds",
                "1",
                "--yunet",
                str(material("models/yunet_s_320_320.onnx")),
                "--json",
                str(out),
            ]
        )
        == 0
    )
    figures = json.loads(out.read_text())
    assert set(figures["scenes"]) == {*SCENES, CHANGING}
    assert figures["scenes"]["filmed"]["with_faces"] == 25
    assert figures["all"]["agreeing"] >= 0.9 * figures["all"]["with_faces"]
    assert "filmed" in capsys.readouterr().out


def test_clip_without_a_face_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    writer.write(np.zeros((120, 160, 3), np.uint8))
    writer.release()
    assert main(["agreement", "--clip", str(path), "--detector", "haar"]) == 69
    assert "expected a face in the clip" in capsys.readouterr().err


def test_clip_that_is_missing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agreement", "--clip", str(tmp_path / "none.mp4")]) == 69
    assert "none.mp4" in capsys.readouterr().err


def test_option_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agreement", "--clop"]) == 78
    assert "--help" in capsys.readouterr().err
