"""The app's settings that follow from a benchmark's options."""

from argparse import ArgumentTypeError, Namespace
from pathlib import Path

import pytest

from benchmarks.options import describe_source, make_config, parse_size
from edge.errors import ConfigError


def test_options_become_the_settings_of_their_names() -> None:
    config = make_config(Namespace(camera="demo", detector="haar", fps=25, rounds=3, yunet=None))
    assert (config.camera, config.detector, config.fps) == ("demo", "haar", 25)


def test_settings_of_a_benchmark_are_added() -> None:
    assert make_config(Namespace(detector="haar"), min_face_px=20).min_face_px == 20


def test_size_is_a_width_and_a_height() -> None:
    assert parse_size("1280x720") == (1280, 720)
    for text in ("1280", "1280x", "0x720", "1280×720", "-1x720", "99999x720"):
        with pytest.raises(ArgumentTypeError, match="expected WIDTHxHEIGHT such as 1280x720, found"):
            parse_size(text)


def test_rate_of_a_clip_is_no_setting_of_the_app() -> None:
    assert make_config(Namespace(fps=1000)) == make_config(Namespace())


def test_value_that_the_app_refuses_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected what python -m edge\.run takes, found: .*fps"):
        make_config(Namespace(camera="demo", fps=100_000))


def test_source_is_a_clip_or_a_live_camera() -> None:
    config = make_config(Namespace(detector="haar"))
    assert describe_source(Namespace(clip=Path("/a/clip.mp4")), config) == {
        "clip": "clip.mp4",
        "detector": "haar",
    }
    assert describe_source(Namespace(clip=None), config)["clip"] is None
