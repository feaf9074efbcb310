"""The messages of other libraries on one line."""

from export.error_text import shorten


def test_lines_and_spaces_become_one_line() -> None:
    assert shorten(ValueError("one\n  two\tthree ")) == "one two three"


def test_error_without_a_message_is_called_by_its_class() -> None:
    assert shorten(KeyError()) == "KeyError"


def test_long_message_keeps_its_beginning_and_its_end() -> None:
    short = shorten(ValueError("first " + "x" * 1000 + " last"))
    assert short.startswith("first ") and short.endswith(" last") and " … " in short and len(short) < 250
