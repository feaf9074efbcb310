"""The benchmark arm64, up to where it needs the emulator."""

from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.arm64 import emulator
from edge.errors import ConfigError


def test_machine_without_emulator_hears_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="apt install qemu-user"):
        emulator.prepare(tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_command_without_clip_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arm64", "--clip", str(tmp_path / "none.mp4")]) == 69
    assert "found no file" in capsys.readouterr().err
