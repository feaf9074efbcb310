"""Keys from fake input devices and a real pseudo-terminal."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from edge.screens.keyboard import EVENT, EvdevKeyboard, TerminalKeyboard

# The masks of a keyboard and of a power button, as a 64-bit kernel prints them.
KEYBOARD_KEYS, BUTTON_KEYS = "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe", "10000000000000 0"


def make_event(kind: int, code: int, value: int) -> bytes:
    return EVENT.pack(0, 0, kind, code, value)


def plug_in(folder: Path, name: str, keys: str) -> Path:
    """Add a fake device: a named pipe."""
    device = folder / "dev" / name
    capabilities = folder / "class" / name / "device/capabilities"
    capabilities.mkdir(parents=True)
    (capabilities / "key").write_text(keys + "\n")
    device.parent.mkdir(exist_ok=True)
    os.mkfifo(device)
    return device


def test_presses_of_our_keys_are_read_once_and_nothing_else(tmp_path: Path) -> None:
    device = plug_in(tmp_path, "event0", KEYBOARD_KEYS)
    keyboard = EvdevKeyboard(tmp_path / "dev", tmp_path / "class")
    writer = os.open(device, os.O_WRONLY)
    pressed, released, held, letter_a, moved = (1, 16, 1), (1, 16, 0), (1, 33, 2), (1, 30, 1), (2, 16, 1)
    os.write(
        writer, b"".join(make_event(*one) for one in (pressed, released, held, letter_a, moved, (1, 1, 1)))
    )
    assert keyboard.read_keys() == ["q", "esc"]
    assert keyboard.read_keys() == []
    os.close(writer)
    keyboard.close()


def test_only_keyboards_are_opened(tmp_path: Path) -> None:
    plug_in(tmp_path, "event0", BUTTON_KEYS)
    assert not EvdevKeyboard(tmp_path / "dev", tmp_path / "class")
    assert not EvdevKeyboard(tmp_path / "none", tmp_path / "none")


def test_no_keyboard_is_no_error(tmp_path: Path) -> None:
    keyboard = EvdevKeyboard(tmp_path, tmp_path)
    assert keyboard.read_keys() == []
    keyboard.close()


def test_terminal_gives_keys_without_return_and_is_restored() -> None:
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    keyboard = TerminalKeyboard(theirs)
    os.write(ours, b"Fb\x1b")
    assert keyboard.read_keys() == ["f", "b", "esc"]
    assert keyboard.read_keys() == []
    keyboard.close()
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


# An arrow, F1 on Linux's console and on others, F5, Alt-x.
@pytest.mark.parametrize("sequence", [b"\x1b[A", b"\x1b[[A", b"\x1bOP", b"\x1b[15~", b"\x1bx"])
def test_key_without_a_letter_is_not_taken_for_esc_and_costs_no_other_key(sequence: bytes) -> None:
    ours, theirs = pty.openpty()
    keyboard = TerminalKeyboard(theirs)
    os.write(ours, sequence)
    assert keyboard.read_keys() == []
    os.write(ours, b"f" + sequence + b"s" + sequence + b"\x1b")
    assert keyboard.read_keys() == ["f", "s", "esc"]
    keyboard.close()
    os.close(ours)
    os.close(theirs)


def test_terminal_that_has_hung_up_gives_no_keys_and_no_error() -> None:
    ours, theirs = pty.openpty()
    keyboard = TerminalKeyboard(theirs)
    os.close(ours)
    assert keyboard.read_keys() == []
    keyboard.close()
    os.close(theirs)


def test_terminal_is_left_alone_by_a_program_in_its_background() -> None:
    """In a session of its own: a program in the foreground, and one as a shell starts it with &."""
    print_keyboard = (
        "from edge.screens.keyboard import open_keyboard; print(type(open_keyboard()).__name__, flush=True)"
    )
    script = (
        "import os, subprocess, sys\nos.open(os.ttyname(0), os.O_RDWR)\n"
        f"exec({print_keyboard!r})\n"
        f"subprocess.run([sys.executable, '-c', {print_keyboard!r}], process_group=0, timeout=20)\n"
    )
    ours, theirs = pty.openpty()
    completed = subprocess.run(
        [sys.executable, "-c", script],
        stdin=theirs,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
        timeout=30,
    )
    assert completed.stdout.split() == ["TerminalKeyboard", "EvdevKeyboard"], completed.stderr
    os.close(ours)
    os.close(theirs)
