"""The boards as the emulator imitates them."""

import pytest

from benchmarks.arm64.emulated_boards import BOARDS, EmulatedBoard


def test_estimate_is_instructions_over_rate() -> None:
    board = EmulatedBoard(
        "Pi", "cortex", "fp", 0, 1, 2, clock_ghz=2.0, low_ipc=0.5, likely_ipc=1.0, high_ipc=2.0
    )
    assert board.estimate_ms(4e6) == (1.0, 2.0, 4.0)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_cpuinfo_names_the_processor_of_four_cores(board: EmulatedBoard) -> None:
    text = board.make_cpuinfo()
    assert text.count("processor\t: ") == 4
    assert f"CPU part\t: {board.part:#x}" in text
    assert board.low_ipc < board.likely_ipc < board.high_ipc
