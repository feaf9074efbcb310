"""The table for a board."""

from benchmarks.arm64.emulated_boards import BOARDS
from benchmarks.arm64.estimate import format_estimate


def test_estimate_sums_up_what_a_watched_frame_costs() -> None:
    whole = {"search": 40e6, "whole search": 40e6, "draw": 1e6}
    follow = {"search": 10e6, "region search": 8e6, "draw": 1e6}
    lines = format_estimate(BOARDS[0], whole, follow).splitlines()
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
        for cells in (line.split("|") for line in lines)
        if len(cells) > 3
    }
    assert rows["**nobody watches**"][:3] == ["40.00", "10.00", "4.0"]
    assert rows["**watched**"][:3] == ["41.00", "11.00", "3.7"]
    assert rows["whole search"][1:3] == ["0.00", "–"]
    assert "1.5 GHz" in lines[-1]
