"""The keys that are pressed on the keyboard of a console, from evdev or from the terminal."""

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

# linux/input-event-codes.h; a keyboard has all of these, a mouse or a power button has not.
KEYS = {1: "esc", 16: "q", 31: "s", 33: "f", 48: "b"}
EV_KEY, PRESSED = 1, 1
# struct input_event: the time in two words, type, code and value.
EVENT = struct.Struct("llHHi")
READ_BYTES = 64 * EVENT.size
ESCAPE = "\x1b"
# The arrows, and all keys without a letter, come as several characters (ECMA-48's control sequences, "[[" and a letter
# of Linux's console, "O" and a letter), and so does a letter with Alt.
SEQUENCE = re.compile(r"\x1b(?:\[\[.|\[[0-?]*[ -/]*[@-~]|O[@-~]|[^\x1b])")


class EvdevKeyboard:
    """The keyboards plugged in when it was opened, read without a terminal; the group input lets at them."""

    def __init__(self, devices: Path = Path("/dev/input"), classes: Path = Path("/sys/class/input")) -> None:
        """Open those that may be read; there may be none."""
        self._keyboards: list[int] = []
        for device in sorted(devices.glob("event*")):
            if _has_our_keys(classes / device.name / "device/capabilities/key"):
                with contextlib.suppress(OSError):  # Not ours to read, or unplugged meanwhile.
                    self._keyboards.append(os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))

    def __bool__(self) -> bool:
        return bool(self._keyboards)

    def read_keys(self) -> Sequence[str]:
        """The keys pressed since the last call."""
        return [key for keyboard in list(self._keyboards) for key in self._read(keyboard)]

    def _read(self, keyboard: int) -> list[str]:
        try:
            told = os.read(keyboard, READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            # Unplugged.
            self._keyboards.remove(keyboard)
            os.close(keyboard)
            return []
        events = EVENT.iter_unpack(told[: len(told) // EVENT.size * EVENT.size])
        return [
            KEYS[code]
            for _, _, kind, code, value in events
            if kind == EV_KEY and value == PRESSED and code in KEYS
        ]

    def close(self) -> None:
        """Give the keyboards back."""
        while self._keyboards:
            os.close(self._keyboards.pop())


class TerminalKeyboard:
    """The terminal that the program was started in: a key is told at once and not echoed."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is an open terminal."""
        self._descriptor = descriptor
        self._saved = termios.tcgetattr(descriptor)
        # Ctrl-C keeps its meaning.
        tty.setcbreak(descriptor)
        # Keys that were pressed while no program had the terminal open would come with the first.
        termios.tcflush(descriptor, termios.TCIFLUSH)

    def read_keys(self) -> Sequence[str]:
        """The keys pressed since the last call."""
        if not select.select([self._descriptor], [], [], 0)[0]:
            return []
        try:
            typed = os.read(self._descriptor, READ_BYTES).decode("ascii", "ignore")
        except OSError:
            return []  # Hung up, and SIGHUP was ignored: there is nobody to press a key.
        return ["esc" if character == ESCAPE else character.lower() for character in SEQUENCE.sub("", typed)]

    def close(self) -> None:
        """Give the terminal back as it was, if it is still there."""
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._saved)


def open_keyboard() -> EvdevKeyboard | TerminalKeyboard:
    """The terminal where the program was started in the foreground of one, else the keyboards themselves."""
    if sys.stdin is not None and _is_foreground(sys.stdin.fileno()):
        return TerminalKeyboard(sys.stdin.fileno())
    return EvdevKeyboard()


def _is_foreground(descriptor: int) -> bool:
    """Whether it is a terminal that is ours: a program in the background is stopped when it touches one."""
    try:
        return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False  # Hung up, or the terminal of another session.


def _has_our_keys(capabilities: Path) -> bool:
    """Whether the kernel's list of keys, words in hexadecimal with the lowest last, has ours."""
    try:
        words = [int(word, 16) for word in capabilities.read_text().split()][::-1]
    except (OSError, ValueError):
        return False
    bits = 8 * struct.calcsize("l")
    return all(key // bits < len(words) and words[key // bits] >> key % bits & 1 for key in KEYS)
