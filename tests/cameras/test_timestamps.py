"""Numbers and times of frames from a driver's time stamps."""

import pytest

from edge.cameras.timestamps import MAX_STAMP_AGE_S, FrameStamper


def test_frames_are_counted_and_timed_from_the_first() -> None:
    stamper = FrameStamper()
    assert stamper.stamp(99.98, 100.0) == (0, 99.98, 0.0)
    number, captured_at_s, elapsed_s = stamper.stamp(100.02, 100.04)
    assert (number, captured_at_s) == (1, 100.02) and elapsed_s == pytest.approx(0.04)


@pytest.mark.parametrize("stamp_s", [0.0, 100.0 - MAX_STAMP_AGE_S, 100.1])
def test_stamp_of_another_clock_is_replaced_by_the_present(stamp_s: float) -> None:
    assert FrameStamper().stamp(stamp_s, 100.0).captured_at_s == 100.0


def test_time_does_not_go_below_zero_where_the_stamps_go_back() -> None:
    stamper = FrameStamper()
    stamper.stamp(99.98, 100.0)
    assert stamper.stamp(99.9, 100.0).elapsed_s == 0.0
