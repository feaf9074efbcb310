"""Times of recordings and streams."""

import pytest

from edge.cameras.media_clock import MediaClock, StreamClock


def test_time_starts_with_the_first_picture_and_follows_the_stamps() -> None:
    clock = MediaClock()
    assert [clock.advance(stamp_s, 0.04) for stamp_s in (7.0, 7.1, 9.5)] == pytest.approx([0, 0.1, 2.5])


def test_missing_or_equal_stamp_is_a_period_later() -> None:
    clock = MediaClock()
    stamps = (None, None, 3.0, 3.0, 2.98, 3.2)
    assert [clock.advance(stamp_s, 0.04) for stamp_s in stamps] == pytest.approx(
        [0, 0.04, 0.08, 0.12, 0.16, 0.28]
    )


@pytest.mark.parametrize("jump_s", [-500.0, 95_000.0])
def test_jump_is_another_clock(jump_s: float) -> None:
    clock = MediaClock(max_step_s=10)
    stamps = (500.0, 500.5, 500.5 + jump_s, 501.0 + jump_s)
    assert [clock.advance(stamp_s, 0.5) for stamp_s in stamps] == pytest.approx([0, 0.5, 1.0, 1.5])


def test_gap_in_a_recording_is_a_gap() -> None:
    clock = MediaClock()
    assert [clock.advance(stamp_s, 0.04) for stamp_s in (0.0, 3600.0)] == [0, 3600]


def test_backlog_of_a_stream_keeps_its_own_times() -> None:
    clock = StreamClock()
    # Four seconds come at once, then each second's picture when it is taken.
    arrivals = [(float(stamp), 100.0) for stamp in range(5)] + [(5.0, 101.0), (6.0, 102.0)]
    assert [clock.advance(stamp_s, arrived_s, 1.0) for stamp_s, arrived_s in arrivals] == list(range(7))


def test_stream_whose_clock_jumps_goes_on_by_ours() -> None:
    clock = StreamClock()
    arrivals = [(0.0, 100.0), (1.0, 101.0), (90_000.0, 102.5), (90_001.0, 103.5)]
    times_s = [clock.advance(stamp_s, arrived_s, 1.0) for stamp_s, arrived_s in arrivals]
    assert times_s == pytest.approx([0, 1, 2.5, 3.5])


def test_stream_without_stamps_is_timed_by_the_arrivals() -> None:
    clock = StreamClock()
    assert [clock.advance(None, arrived_s, 0.04) for arrived_s in (50.0, 51.25, 52.5)] == [0, 1.25, 2.5]
