"""Scenes that are made of a clip."""

import numpy as np
import pytest

from benchmarks.scenes import EMPTY_GREY, SCENES, SceneSource, is_cut
from edge.contracts import Box
from tests.benchmarks.clips import make_plain_clip


@pytest.mark.parametrize("name", SCENES)
def test_scene_shows_the_same_in_every_run_and_has_the_clip_in_it(name: str) -> None:
    source = SceneSource(make_plain_clip(), Box(40, 20, 60, 60))
    pictures = [SCENES[name](source, index) for index in range(45)]
    assert {picture.shape for picture in pictures} == {pictures[0].shape}
    assert any((picture[..., 0] != EMPTY_GREY).any() for picture in pictures)
    np.testing.assert_array_equal(SCENES[name](source, 7), pictures[7])


@pytest.mark.parametrize(
    ("name", "cuts"), [("away", [20]), ("elsewhere", [20, 40]), ("second", [40]), ("dim", [])]
)
def test_frame_in_which_a_face_is_cut_out_is_known(name: str, cuts: list[int]) -> None:
    source = SceneSource(make_plain_clip(), Box(40, 20, 60, 60))
    assert [index for index in range(45) if is_cut(name, source, index)] == cuts
