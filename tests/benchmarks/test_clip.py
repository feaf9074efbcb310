"""Clips that go from process to process."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import clip as clips


def test_clip_that_was_stored_is_the_same(tmp_path: Path) -> None:
    made = clips.Clip(
        [clips.encoded(np.full((30, 40, 3), 60 * shade, np.uint8)) for shade in range(3)], 29.97, 40, 30
    )
    clips.store(made, tmp_path / "clip")
    with clips.stored(tmp_path / "clip") as read:
        assert (read.fps, read.width, read.height) == (29.97, 40, 30)
        # There and back, once and a half.
        for index in range(9):
            np.testing.assert_array_equal(read.jpeg(index), made.jpeg(index))
        with pytest.raises(IndexError):
            read.jpegs[3]
