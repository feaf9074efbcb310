"""Instructions by stage, of counts made to order."""

from benchmarks.arm64.instruction_counts import (
    STAGES,
    average_per_frame,
    count_by_stage,
    get_codes,
    parse_marks,
)


def make_marks(*stages: tuple[str, int, int]) -> list[tuple[int, int]]:
    """Marks before and after each stage at the counts given, in the order of the counts."""
    made = [
        (code, count)
        for stage, start, end in stages
        for code, count in zip(get_codes(stage), (start, end), strict=True)
    ]
    return sorted(made, key=lambda mark: mark[1])


def test_a_mark_costs_nothing_in_the_stages() -> None:
    # Each mark costs 10; a lap has one of its own and two of each lap within it.
    counted = count_by_stage(
        make_marks(
            ("nothing", 0, 10),
            ("nothing", 20, 30),
            ("search", 100, 1230),
            ("region search", 200, 510),
            ("part search", 600, 1110),
        )
    )
    assert counted == {"region search": [300], "part search": [500], "search": [1080]}


def test_stages_are_averaged_over_all_frames() -> None:
    assert average_per_frame({"part search": [300, 500], "draw": [10, 10, 10, 10]}, 4) == {
        "part search": 200,
        "draw": 10,
    }


def test_codes_are_read_back() -> None:
    written = [f"{code} {100 * code}" for stage in STAGES for code in get_codes(stage)]
    assert set(count_by_stage(parse_marks(written))) == set(STAGES) - {"nothing"}
