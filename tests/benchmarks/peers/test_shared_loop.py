"""The loop that all runners share."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.runners.shared_loop import Stopwatch, read_pictures


def test_stopwatch_leaves_the_first_frame_out_of_the_rates() -> None:
    seconds, cpu = iter([13.0, 13.5, 14.0]), iter([2.0, 2.25, 2.5])
    stopwatch = Stopwatch(10.0, lambda: next(seconds), lambda: next(cpu))
    for faces in (1, 0, 2):
        stopwatch.record_frame(faces)
    stats = stopwatch.compute_stats()
    assert stats["first_result_s"] == 3.0
    assert stats["frames_per_s"] == 2.0
    assert stats["cpu_ms_per_frame"] == 250.0
    assert (stats["frames"], stats["frames_with_face"]) == (3, 2)
    assert stats["rss_mb"] > 1


def test_stopwatch_cannot_time_one_frame() -> None:
    stopwatch = Stopwatch(0.0)
    stopwatch.record_frame(1)
    with pytest.raises(ValueError, match="two frames"):
        stopwatch.compute_stats()


def test_clip_starts_again_at_its_end(face_clip: Path) -> None:
    seen = list(read_pictures(face_clip, 23))
    assert len(seen) == 23
    assert np.array_equal(seen[0], seen[20])
