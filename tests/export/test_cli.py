"""The command line of export: help, wrong arguments, missing libraries, Ctrl-C."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from export.data import loading
from tests.export.conftest import Export, KerasFiles, Toy

COMMANDS = ["train", "fold", "convert", "quantize", "evaluate", "card", "framing"]


def python(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=kept | environment,
        text=True,
        capture_output=True,
        timeout=120,
        cwd=Path(__file__).parent.parent.parent,
    )


def test_help_names_every_command(capsys: pytest.CaptureFixture[str], export: Export) -> None:
    with pytest.raises(SystemExit) as ended:
        export("--help")
    assert ended.value.code == 0
    stdout = capsys.readouterr().out
    assert all(command in stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_every_default(command: str, capsys: pytest.CaptureFixture[str], export: Export) -> None:
    with pytest.raises(SystemExit):
        export(command, "--help")
    stdout = " ".join(capsys.readouterr().out.split())
    usage, _, options = stdout.partition("options:")
    # What is in brackets in the usage is optional, and so needs a default; of A and B one must be given.
    optional = [part.split("]")[0].split()[0] for part in usage.split(" [--")[1:]]
    for option in optional:
        described = options.partition(f" --{option} ")[2].partition(" --")[0]
        assert "(default: " in described or option == "weights", option


def test_help_imports_neither_tensorflow_nor_matplotlib() -> None:
    program = (
        "import sys; from export.__main__ import main\n"
        "try: main(['train', '--help'])\n"
        "finally: print(sorted({'tensorflow', 'keras', 'tf2onnx', 'matplotlib', 'onnx'} & set(sys.modules)))"
    )
    ended = python("-c", program)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("bake",),
        ("train", "--data", "x"),
        ("train", "--data", "x", "--output", "y", "--epochs", "0"),
        ("train", "--data", "x", "--output", "y", "--learning-rate", "-1"),
        ("evaluate", "--model", "m.onnx", "--data", "d", "--split", "Test"),
        ("convert", "--calibration", "d", "--output", "o"),
        ("convert", "--model", "m", "--architecture", "a", "--calibration", "d", "--output", "o"),
        ("convert", "--model", "m", "--calibration", "d", "--output", "o", "--scale", "1/0"),
        ("convert", "--architecture", "a", "--calibration", "d", "--output", "o"),
        ("convert", "--model", "m", "--weights", "w", "--calibration", "d", "--output", "o"),
    ],
    ids=lambda arguments: " ".join(arguments) or "nothing",
)
def test_wrong_arguments_are_reported_in_one_line(arguments: tuple[str, ...], export: Export) -> None:
    code, out, err = export(*arguments)
    assert code == 78 and out == "" and err.startswith("fer-edge: ") and err.count("\n") == 1


def test_missing_tensorflow_is_reported_with_what_to_install(
    toy: Toy, tmp_path: Path, export: Export
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # None there is how Python marks a module that cannot be imported.
        patch.setitem(sys.modules, "tensorflow", None)
        code, _, err = export("train", "--data", toy.npz, "--output", tmp_path / "run")
    assert code == 78 and "pip install fer-edge[export]" in err and err.count("\n") == 1


def test_interruption_is_reported_in_one_line(
    toy: Toy, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "load", interrupted)
    code, _, err = export("evaluate", "--model", "m.onnx", "--data", toy.npz, "--split", "PublicTest")
    assert code == 130 and "interrupted" in err and "Traceback" not in err


def test_command_prints_nothing_of_its_libraries(keras_files: KerasFiles, toy: Toy) -> None:
    ended = python(
        "-m", "export", "evaluate", "--model", keras_files.keras, "--data", toy.npz, "--split", "PublicTest"
    )
    assert ended.returncode == 0 and "accuracy" in ended.stdout
    # The progress bar alone, which overwrites itself.
    assert [
        line
        for line in ended.stderr.replace("\r", "\n").splitlines()
        if line.strip() and not line.startswith("PublicTest:")
    ] == []
