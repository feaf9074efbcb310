"""The links, paths, commands, flags, make targets and exit codes that the pages name exist."""

import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import errors
from tests.conftest import ROOT

README = ROOT / "README.md"
GUIDES = sorted((ROOT / "docs").glob("*.md"))
PAGES = [
    README,
    *GUIDES,
    *(
        ROOT / name
        for name in (
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "benchmarks/README.md",
            "systemd/fleet/README.md",
            "models/STEPS.md",
            "models/fer.int8.md",
        )
    ),
]
OURS = ("edge", "export", "benchmarks")
# What takes the flags of another command, too.
TAKES_ALSO = {"edge.doctor": "edge.run"}
MODULES_OF_COMMANDS = {"fer-edge": "edge.run", "fer-edge-doctor": "edge.doctor"}

over_pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def pieces(page: Path) -> Iterator[str]:
    """The code on `page`: its indented lines without their comments, and what stands between backticks.

    Drawings, between lines of three backticks, are left out.
    """
    prose = []
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.startswith("    "):
            yield re.split(r" # |\s{3,}", line.strip())[0]
        else:
            prose.append(line)
    for piece in re.findall(r"`([^`]+)`", "\n".join(prose)):
        yield " ".join(piece.split())


def flags(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z](?:[\w-]*\w)?(?![\w-])", text))


@functools.cache
def flags_of(module: str, command: str = "") -> set[str]:
    """The flags of `python -m module command`, as its --help says them."""
    ended = subprocess.run(
        [sys.executable, "-m", module, *command.split(), "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return flags(ended.stdout) | (flags_of(TAKES_ALSO[module]) if module in TAKES_ALSO else set())


def command_of(piece: str) -> tuple[str, str] | None:
    """The module of ours that `piece` runs and its subcommand, as "line" of benchmarks; else None."""
    if ran := re.search(
        rf"(?:python -m |^(?=export [a-z]))((?:{'|'.join(OURS)})[\w.]*) ?([a-z]*)(?![\w=/])", piece
    ):
        return ran[1], ran[2] if ran[1] in ("export", "benchmarks") else ""
    if installed := re.search(r"bin/(fer-edge(?:-doctor)?)\b", piece):
        return MODULES_OF_COMMANDS[installed[1]], ""
    return None


@over_pages
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


@over_pages
def test_commands_have_the_flags_that_are_named(page: Path) -> None:
    said, known = set[str](), flags_of("edge.run")
    for piece in pieces(page):
        if command := command_of(piece):
            assert flags(piece) <= flags_of(*command), piece
            known = known | flags_of(*command)
        elif piece.startswith("--"):
            said |= flags(piece)
    assert said <= known


@over_pages
def test_targets_of_make_are_there(page: Path) -> None:
    there = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {
        target for piece in pieces(page) for target in re.findall(r"\bmake ([a-z][\w-]*)", piece)
    } <= there


@over_pages
def test_paths_are_there(page: Path) -> None:
    path = re.compile(rf"({'|'.join(OURS)}|models|systemd|tests)/[\w./-]*")
    named = [piece for piece in pieces(page) if path.fullmatch(piece)]
    assert not [name for name in named if not (ROOT / name).exists() and not (page.parent / name).exists()]


def test_map_of_the_code_names_everything_in_edge() -> None:
    named = set(pieces(ROOT / "docs" / "developing.md"))
    there = {f"edge/{path.parent.name}/" for path in (ROOT / "edge").glob("*/__init__.py")}
    there |= {f"edge/{path.name}" for path in (ROOT / "edge").glob("*.py") if path.name != "__init__.py"}
    assert not there - named


def test_names_in_the_guide_to_the_code_are_in_the_code() -> None:
    files = [*(ROOT / "edge").rglob("*.py"), *(ROOT / "tests").glob("*.py")]
    code = "\n".join(path.read_text() for path in files)
    file_names = {path.name for path in files}
    for piece in pieces(ROOT / "docs" / "developing.md"):
        if re.fullmatch(r"\w+\.py", piece):
            assert piece in file_names
        # Names of classes, functions and constants.
        elif re.fullmatch(r"\w*([a-z][A-Z]|_)\w*", piece):
            assert re.search(rf"\b{piece}\b", code), piece


def test_scripts_have_the_flags_that_are_named() -> None:
    named = [
        (script, flags(piece))
        for page in (README, *GUIDES)
        for piece in pieces(page)
        for script in re.findall(r"\b((?:un)?install)\.sh\b", piece)
    ]
    assert named
    for script, said in named:
        assert said <= flags((ROOT / f"systemd/{script}.sh").read_text())


def test_exit_codes_are_those_of_the_errors() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    codes = {
        int(code)
        for code in re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "on-a-pi.md").read_text(), re.MULTILINE)
    }
    assert codes == {0} | {kind.exit_code for kind in kinds if issubclass(kind, errors.FerEdgeError)}
