"""Reads the keys that are pressed on a console, from evdev devices or from the terminal."""

import contextlib
import os
import re
import select
import struct
import sys
import termios
import tty
from collections.abc import Sequence
from pathlib import Path

# The key codes of linux/input-event-codes.h.  A keyboard has all of these; a mouse or a power button has not.
KEY_NAMES = {1: "esc", 16: "q", 31: "s", 33: "f", 48: "b"}
# The type of an event that is a key, and the value of a press (0 is a release, 2 a repetition).
EV_KEY, PRESSED = 1, 1
# struct input_event: the time as two words, type, code and value.
EVENT = struct.Struct("llHHi")
READ_BYTES = 64 * EVENT.size
ESCAPE = "\x1b"
# A terminal sends several characters for an arrow and every other key without a letter (ECMA-48's control
# sequences, "[[" and a letter on Linux's console, or "O" and a letter), and for a letter with Alt.
ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[\[.|\[[0-?]*[ -/]*[@-~]|O[@-~]|[^\x1b])")


class EvdevKeyboard:
    """A Keyboard: all keyboards that were plugged in when it was made, for users in the group input.

    It needs no terminal.
    """

    def __init__(self, devices: Path = Path("/dev/input"), classes: Path = Path("/sys/class/input")) -> None:
        """Open the keyboards that this user may read; there may be none."""
        self._keyboards: list[int] = []
        for device in sorted(devices.glob("event*")):
            if _has_our_keys(classes / device.name / "device/capabilities/key"):
                with contextlib.suppress(OSError):  # This user may not read it, or it was unplugged.
                    self._keyboards.append(os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))

    def __bool__(self) -> bool:
        return bool(self._keyboards)

    def read_keys(self) -> Sequence[str]:
        """The keys pressed since the last call."""
        return [key for keyboard in list(self._keyboards) for key in self._read_device(keyboard)]

    def _read_device(self, keyboard: int) -> list[str]:
        try:
            content = os.read(keyboard, READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            # It was unplugged.
            self._keyboards.remove(keyboard)
            os.close(keyboard)
            return []
        events = EVENT.iter_unpack(content[: len(content) // EVENT.size * EVENT.size])
        return [
            KEY_NAMES[code]
            for _, _, kind, code, value in events
            if kind == EV_KEY and value == PRESSED and code in KEY_NAMES
        ]

    def close(self) -> None:
        """Close the keyboards."""
        while self._keyboards:
            os.close(self._keyboards.pop())


class TerminalKeyboard:
    """A Keyboard: the terminal in which the program was started, without echo and without Return."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is an open terminal."""
        self._descriptor = descriptor
        self._saved = termios.tcgetattr(descriptor)
        # Ctrl-C keeps its meaning.
        tty.setcbreak(descriptor)
        # Without this, keys that were pressed before the program started would be read too.
        termios.tcflush(descriptor, termios.TCIFLUSH)

    def read_keys(self) -> Sequence[str]:
        """The keys pressed since the last call."""
        if not select.select([self._descriptor], [], [], 0)[0]:
            return []
        try:
            typed = os.read(self._descriptor, READ_BYTES).decode("ascii", "ignore")
        except OSError:
            return []  # The terminal has hung up and SIGHUP was ignored: nobody can press a key.
        return [
            "esc" if character == ESCAPE else character.lower()
            for character in ESCAPE_SEQUENCE.sub("", typed)
        ]

    def close(self) -> None:
        """Restore the terminal's settings, if it is still there."""
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._saved)


def open_keyboard() -> EvdevKeyboard | TerminalKeyboard:
    """The terminal, if the program was started in the foreground of one; else the keyboards themselves."""
    if sys.stdin is not None and _is_foreground(sys.stdin.fileno()):
        return TerminalKeyboard(sys.stdin.fileno())
    return EvdevKeyboard()


def _is_foreground(descriptor: int) -> bool:
    """Whether it is a terminal with this program in the foreground.

    The kernel stops a program in the background that changes its terminal's settings.
    """
    try:
        return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False  # The terminal has hung up, or belongs to another session.


def _has_our_keys(capabilities: Path) -> bool:
    """Whether the device has all the keys of KEY_NAMES.

    `capabilities` is the kernel's bit mask of its keys: words in hexadecimal, the lowest last.
    """
    try:
        words = [int(word, 16) for word in capabilities.read_text().split()][::-1]
    except (OSError, ValueError):
        return False
    bits = 8 * struct.calcsize("l")
    return all(key // bits < len(words) and words[key // bits] >> key % bits & 1 for key in KEY_NAMES)
