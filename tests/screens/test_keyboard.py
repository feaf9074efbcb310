"""Keys from made-up input devices and a real pseudo-terminal."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from edge.screens.keyboard import EVENT, EvdevKeyboard, TerminalKeyboard

# As the kernel prints them: an ordinary keyboard, and a power button, on 64 bits.
KEYBOARD_KEYS, BUTTON_KEYS = "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe", "10000000000000 0"


def event(kind: int, code: int, value: int) -> bytes:
    return EVENT.pack(0, 0, kind, code, value)


def plugged_in(folder: Path, name: str, keys: str) -> Path:
    """A made-up device, which a pipe with a name stands for."""
    device = folder / "dev" / name
    capabilities = folder / "class" / name / "device/capabilities"
    capabilities.mkdir(parents=True)
    (capabilities / "key").write_text(keys + "\n")
    device.parent.mkdir(exist_ok=True)
    os.mkfifo(device)
    return device


def test_presses_of_our_keys_are_told_once_and_nothing_else(tmp_path: Path) -> None:
    device = plugged_in(tmp_path, "event0", KEYBOARD_KEYS)
    keyboard = EvdevKeyboard(tmp_path / "dev", tmp_path / "class")
    writer = os.open(device, os.O_WRONLY)
    pressed, released, held, letter_a, moved = (1, 16, 1), (1, 16, 0), (1, 33, 2), (1, 30, 1), (2, 16, 1)
    os.write(writer, b"".join(event(*one) for one in (pressed, released, held, letter_a, moved, (1, 1, 1))))
    assert keyboard.read_keys() == ["q", "esc"]
    assert keyboard.read_keys() == []
    os.close(writer)
    keyboard.close()


def test_only_keyboards_are_opened(tmp_path: Path) -> None:
    plugged_in(tmp_path, "event0", BUTTON_KEYS)
    assert not EvdevKeyboard(tmp_path / "dev", tmp_path / "class")
    assert not EvdevKeyboard(tmp_path / "none", tmp_path / "none")


def test_no_keyboard_is_no_error(tmp_path: Path) -> None:
    keyboard = EvdevKeyboard(tmp_path, tmp_path)
    assert keyboard.read_keys() == []
    keyboard.close()


def test_terminal_tells_keys_without_return_and_is_given_back_as_it_was() -> None:
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


# An arrow, F1 of Linux's console and of others, F5, Alt-x.
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


def test_terminal_that_has_hung_up_tells_nothing_and_is_left_without_an_error() -> None:
    ours, theirs = pty.openpty()
    keyboard = TerminalKeyboard(theirs)
    os.close(ours)
    assert keyboard.read_keys() == []
    keyboard.close()
    os.close(theirs)


def test_terminal_is_left_alone_by_a_program_in_its_background() -> None:
    """A session of its own on a pseudo-terminal, in it a program in front, and one as a shell starts it with &."""
    tell = (
        "from edge.screens.keyboard import open_keyboard; print(type(open_keyboard()).__name__, flush=True)"
    )
    script = (
        "import os, subprocess, sys\nos.open(os.ttyname(0), os.O_RDWR)\n"
        f"exec({tell!r})\nsubprocess.run([sys.executable, '-c', {tell!r}], process_group=0, timeout=20)\n"
    )
    ours, theirs = pty.openpty()
    told = subprocess.run(
        [sys.executable, "-c", script],
        stdin=theirs,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
        timeout=30,
    )
    assert told.stdout.split() == ["TerminalKeyboard", "EvdevKeyboard"], told.stderr
    os.close(ours)
    os.close(theirs)
