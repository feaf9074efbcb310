"""Clips with several faces, made of a clip with one."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.clip import Clip, encode_jpeg, load_clip
from benchmarks.speed.tiling import (
    Grid,
    add_noise,
    choose_window,
    make_tiled_clip,
    make_wall,
    plan_grid,
    tile_faces,
)
from benchmarks.whole_frame import make_frame, search_whole_frame
from edge.build import make_detector
from edge.contracts import Box
from edge.errors import ConfigError
from edge.settings.config import Config

WINDOW = Box(0, 0, 200, 240)


@pytest.mark.parametrize(
    ("count", "size", "grid"),
    [
        (1, (640, 480), Grid(1, 1, 1.0)),
        (4, (640, 480), Grid(2, 2, 1.0)),
        (9, (1280, 720), Grid(5, 2, 1.0)),
        (20, (1920, 1080), Grid(7, 3, 1.0)),
        (20, (640, 480), Grid(5, 4, 0.5)),
        (2, (200, 480), Grid(1, 2, 1.0)),
    ],
)
def test_tiles_are_as_large_as_they_can_be(count: int, size: tuple[int, int], grid: Grid) -> None:
    planned = plan_grid(count, *size, WINDOW)
    assert planned == grid
    assert planned.columns * planned.rows >= count
    assert planned.factor * WINDOW.width <= size[0] / planned.columns
    assert planned.factor * WINDOW.height <= size[1] / planned.rows


def test_window_has_the_face_in_it_wherever_it_goes() -> None:
    boxes = [Box(100, 50, 100, 120), Box(140, 60, 80, 120)]
    assert choose_window(boxes, 640, 480) == Box(70, 20, 180, 190)
    assert choose_window(boxes, 230, 200) == Box(70, 20, 160, 180)


def test_each_tile_shows_another_moment() -> None:
    # Each picture of the clip has a grey level of its own.
    clip = Clip([encode_jpeg(np.full((40, 40, 3), 30 * index, np.uint8)) for index in range(8)], 10.0, 40, 40)
    tiled = tile_faces(clip, Box(10, 10, 20, 20), Grid(2, 2, 1.0), 4, 160, 120)
    assert (tiled.width, tiled.height, tiled.fps, len(tiled.jpegs)) == (160, 120, 10.0, 8)
    picture = tiled.decode_picture(1)
    assert picture.shape == (120, 160, 3)
    middles = [float(picture[y - 4 : y + 4, x - 4 : x + 4].mean()) for y in (30, 90) for x in (40, 120)]
    # Frames 1, 5, 9 and 13 of the clip, which is played forwards and backwards.
    assert middles == pytest.approx([30, 150, 180, 60], abs=3)


def test_wall_is_the_same_in_every_run_and_its_noise_is_not_that_of_the_last_frame() -> None:
    wall = make_wall(160, 120)
    np.testing.assert_array_equal(make_wall(160, 120), wall)
    assert 15 < wall.std() < 30
    noisy = add_noise(wall, 1)
    np.testing.assert_array_equal(add_noise(wall, 1), noisy)
    assert (noisy.astype(int) - wall).std() == pytest.approx(2, rel=0.05)
    assert (add_noise(wall, 2) != noisy).any()


def test_faces_are_found_where_they_were_put(material: Callable[[str], Path]) -> None:
    config = Config(detector="yunet", yunet=str(material("models/yunet_s_320_320.onnx")))
    clip = make_tiled_clip(load_clip(material("data/faces.mp4")), config, 4, 800, 600)
    faces = search_whole_frame(make_frame(clip.jpegs[0], clip, 0), make_detector(config), config.min_face_px)
    quarters = {(face.box.left // 400, face.box.top // 300) for face in faces}
    assert quarters == {(0, 0), (1, 0), (0, 1), (1, 1)}


def test_faces_that_get_too_small_are_refused(face_clip: Path) -> None:
    with pytest.raises(ConfigError, match="expected room for faces of 48 px in 320×240"):
        make_tiled_clip(load_clip(face_clip), Config(detector="haar"), 40, 320, 240)


def test_line_plays_a_tiled_clip(face_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "line.json"
    arguments = ["line", "--detector", "haar", "--frames", "8", "--fps", "60", "--rounds", "1"]
    arguments += ["--clip", str(face_clip), "--size", "800x600", "--faces", "2", "--json", str(out)]
    assert main(arguments) == 0
    stats = json.loads(out.read_text())
    assert stats["tiles"] == "2 on 800x600"
    assert stats["faces_per_frame"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--camera", "demo", "--size", "800x600"], "expected --clip with --size"),
        (["--camera", "demo", "--faces", "2"], "expected --clip with --size"),
        (["--clip", "demo", "--size", "800"], "expected WIDTHxHEIGHT such as 1280x720, found 800"),
    ],
)
def test_wrong_size_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["line", "--detector", "haar", *arguments]) == 78
    assert message in capsys.readouterr().err
