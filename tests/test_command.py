"""How every command ends: with its documented exit code, in one line, and quietly where its reader goes."""

import os
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from edge import command as commands
from edge.command import INTERRUPTED, READER_GONE, command, describe_version, make_parser
from edge.errors import ConfigError
from tests.conftest import ROOT

TIMEOUT_S = 120
# Programs that benchmarks start, and that import nothing of this checkout: those of peers/runners run in
# other environments, and any_checkout.py runs the worker of another checkout.
PEERS = ROOT / "benchmarks" / "peers" / "runners"
ANY_CHECKOUT = ROOT / "benchmarks" / "passes" / "any_checkout.py"


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")


# Every module that can be run, whoever adds one.
COMMANDS = sorted(
    name_of(path)
    for package in ("benchmarks", "edge", "export")
    for path in (ROOT / package).glob("**/*.py")
    if 'if __name__ == "__main__":' in path.read_text()
    and not path.is_relative_to(PEERS)
    and path != ANY_CHECKOUT
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_commands_are_found() -> None:
    assert {"edge.run", "edge.checks.trial", "export", "benchmarks", "benchmarks.peers"} < set(COMMANDS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "edge.doctor"])
def test_unknown_flag_is_a_wrong_setting_and_one_line(name: str) -> None:
    ended = run(name, "--no-such-flag")
    assert ended.returncode == ConfigError.exit_code == 78
    assert ended.stdout == "" and len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("fer-edge: ") and ended.stderr.endswith(" --help lists the arguments\n")


def test_unknown_flag_is_among_what_the_doctor_finds() -> None:
    ended = run("edge.doctor", "--no-such-flag")
    assert ended.returncode == 1 and "settings     problem  unrecognized arguments" in ended.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_version_is_that_of_the_distribution(name: str) -> None:
    ended = run(name, "--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{describe_version()}\n", "")


def test_checkout_that_is_not_installed_knows_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    installed = describe_version()
    monkeypatch.setattr(metadata, "version", find_nothing)
    assert describe_version() == installed
    monkeypatch.setattr(commands, "__file__", str(tmp_path / "edge" / "command.py"))
    assert describe_version().startswith("fer-edge (version unknown")


def test_ctrl_c_ends_a_command_with_one_line() -> None:
    program = (
        "import sys, time; from edge.command import command\n"
        "@command\n"
        "def main():\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "sys.exit(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout and running.stderr
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGINT)
        assert running.stderr.read() == b"\nfer-edge: interrupted\n"
    assert running.returncode == INTERRUPTED == 128 + 2


@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["at the end", "at once"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("edge.doctor", "--json", "--camera", "demo"),
        ("edge.run", "--print-config"),
        ("edge.run", "--version"),
    ],
    ids=" ".join,
)
def test_command_whose_reader_has_gone_ends_quietly(
    arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**inherited, **environment},
    ) as ran:
        assert ran.stdout and ran.stderr
        ran.stdout.close()
        assert ran.stderr.read() == b""
    assert ran.returncode == READER_GONE == 128 + 13


def test_command_without_an_output_does_its_work() -> None:
    ended = subprocess.run(
        f"{sys.executable} -m edge.run --print-config >&-",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_pipe_that_breaks_elsewhere_is_a_bug() -> None:
    @command
    def breaking() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        breaking()


def test_parser_raises_what_a_wrong_setting_raises() -> None:
    with pytest.raises(ConfigError, match="unrecognized arguments: --x; tool --help lists the arguments"):
        make_parser("tool", "A tool.").parse_args(["--x"])
