"""The stats of scenes, computed from frames made to order, combined and formatted."""

from dataclasses import replace

import pytest

from benchmarks.agreement.scene_stats import CHANGING, combine, compute_stats, format_scenes
from tests.benchmarks.agreement.frames import FACE, FAR, make_frames

# A face comes, is found 0.2 s later, leaves, and is shown for 0.3 s more.
COMES_AND_LEAVES = make_frames(
    [[], [], *[[FACE]] * 10, *[[FACE]] * 2, *[[]] * 8], [*[[FACE]] * 12, *[[]] * 10]
)


def test_stats_of_a_face_that_comes_and_leaves() -> None:
    stats = compute_stats(COMES_AND_LEAVES)
    assert (stats.frames, stats.with_faces, stats.agreeing, stats.extra) == (22, 12, 10, 2)
    assert (stats.with_known_faces, stats.agreeing_on_known) == (9, 9)
    assert stats.found_after_ms == [200.0] and stats.dropped_after_ms == [300.0]
    assert stats.ids == [1]
    assert stats.minutes == pytest.approx(1.1 / 60)
    assert (stats.raw_changes, stats.smoothed_changes, stats.label_delays_ms) == (0, 0, [])


def test_changes_that_are_made_on_purpose_are_left_out_of_all() -> None:
    stats = replace(compute_stats(COMES_AND_LEAVES), raw_changes=3, smoothed_changes=1)
    combined = combine({"filmed": stats, CHANGING: stats})
    assert (combined.frames, combined.agreeing, combined.found_after_ms) == (44, 20, [200.0, 200.0])
    assert (combined.raw_changes, combined.smoothed_changes) == (3, 1)
    assert combined.minutes == stats.minutes


def test_table_has_a_row_for_each_scene_one_for_all_and_the_aims() -> None:
    never = compute_stats(make_frames([[]] * 6, [[FAR]] * 6))
    lines = format_scenes({"filmed": compute_stats(COMES_AND_LEAVES), "dim": never}).splitlines()
    assert [line.split()[0] for line in lines] == ["scene", "filmed", "dim", "all", "aim"]
    assert "83.3% of 12" in lines[1] and "200 (200) ×1" in lines[1] and "300 (300) ×1" in lines[1]
    # The pipeline never has this face.
    assert "0.0% of 6" in lines[2] and "- !1" in lines[2]
