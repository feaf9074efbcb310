"""The state of a board, from files as a Pi has them and from a command that answers as the firmware does."""

from pathlib import Path

import pytest

from edge import board
from edge.board import READ_EVERY_S, Board, CachedBoard
from tests.clocks import Clock

PI_4 = "devices/platform/soc/soc:firmware"
PI_5 = "devices/platform/soc@107c000000/soc@107c000000:firmware"
NO_COMMAND = "no-such-command"


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """The root folder of a Pi without a fault."""
    write(tmp_path / "proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
    write(tmp_path / "sys/class/thermal/thermal_zone0/temp", "48312\n")
    write(tmp_path / "sys" / PI_4 / "get_throttled", "0\n")
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_command(path: Path, script: str) -> str:
    write(path, f"#!/bin/sh\n{script}\n").chmod(0o755)
    return str(path)


def test_pi_reports_its_model_and_temperature(pi: Path) -> None:
    assert board.read(pi, NO_COMMAND) == Board("Raspberry Pi 4 Model B Rev 1.4", 48.312)


@pytest.mark.parametrize("firmware", [PI_4, PI_5])
def test_flags_become_words_for_now_and_since_the_start(pi: Path, firmware: str) -> None:
    (pi / "sys" / PI_4 / "get_throttled").unlink()
    write(pi / "sys" / firmware / "get_throttled", "d0005\n")
    found = board.read(pi, NO_COMMAND)
    assert found.throttled == ("under-voltage", "throttled")
    assert found.was_throttled == ("under-voltage", "throttled", "temperature limit")


def test_command_is_run_where_the_kernel_has_no_flags(pi: Path) -> None:
    (pi / "sys" / PI_4 / "get_throttled").unlink()
    vcgencmd = write_command(pi / "vcgencmd", '[ "$1" = get_throttled ] && echo throttled=0x50008')
    found = board.read(pi, vcgencmd)
    assert found.throttled == ("temperature limit",) and found.was_throttled == ("under-voltage", "throttled")


def test_command_is_not_run_where_the_kernel_has_the_flags(pi: Path) -> None:
    board.read(pi, write_command(pi / "vcgencmd", f"touch {pi}/ran"))
    assert not (pi / "ran").exists()


@pytest.mark.parametrize("script", ["exit 1", "echo VCHI initialization failed", "exec sleep 60"])
def test_command_that_fails_hangs_or_babbles_leaves_the_flags_unknown(
    pi: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "VCGENCMD_WITHIN_S", 0.1)
    (pi / "sys" / PI_4 / "get_throttled").unlink()
    assert board.read(pi, write_command(pi / "vcgencmd", script)).throttled == ()


def test_machine_that_reports_nothing_is_unknown(tmp_path: Path) -> None:
    assert board.read(tmp_path, NO_COMMAND) == Board(None, None)


def test_nonsense_in_the_files_is_unknown(pi: Path) -> None:
    write(pi / "sys/class/thermal/thermal_zone0/temp", "cold\n")
    write(pi / "sys" / PI_4 / "get_throttled", "perhaps\n")
    found = board.read(pi, NO_COMMAND)
    assert found.temperature_c is None and found.throttled == ()


def test_cached_board_is_read_no_oftener_than_it_promises() -> None:
    clock, boards = Clock(), iter([Board(None, 40.0), Board(None, 50.0)])
    cached = CachedBoard(lambda: next(boards), clock)
    clock.sleep(READ_EVERY_S / 2)
    assert cached().temperature_c == 40.0
    clock.sleep(READ_EVERY_S / 2)
    assert cached().temperature_c == cached().temperature_c == 50.0


def test_this_very_machine_can_be_read() -> None:
    assert isinstance(board.read(), Board)
