"""Which changed settings are taken, which need a restart, and that a wrong file changes nothing."""

import logging
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.settings.config import Settings
from edge.settings.parsing import parse_settings
from edge.settings.reloading import ConfigReloader

TIMEOUT_S = 60


class ReloaderBench:
    """A file of settings, and a ConfigReloader of it that keeps what the parts took."""

    def __init__(self, file: Path) -> None:
        self.file, self.taken = file, list[tuple[str, object]]()
        self.write("fps = 30\n")
        self.reloading = ConfigReloader(self.parse(), self.parse)
        for key in ("min_face_px", "clean"):
            self.reloading.on_change(key, lambda value, key=key: self.taken.append((key, value)))  # type: ignore[misc]

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def parse(self) -> Settings:
        return parse_settings(["--config", str(self.file)], {})[0]

    def reload(self, text: str) -> list[tuple[str, object]]:
        """What was taken because of `text`."""
        self.write(text)
        self.taken.clear()
        self.reloading.reload()
        return self.taken


@pytest.fixture
def bench(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> ReloaderBench:
    caplog.set_level(logging.INFO)
    return ReloaderBench(tmp_path / "fer.toml")


def test_part_gets_the_value_in_force_at_once(bench: ReloaderBench) -> None:
    assert bench.taken == [("min_face_px", 48), ("clean", False)]


def test_changed_setting_is_handed_on_once_and_logged_with_its_origin(
    bench: ReloaderBench, caplog: pytest.LogCaptureFixture
) -> None:
    assert bench.reload("fps = 30\nmin_face_px = 60\n") == [("min_face_px", 60)]
    assert caplog.messages == [f"min_face_px is 60 from now on ({bench.file}, line 2)"]
    assert bench.reload("fps = 30\nmin_face_px = 60\n") == []
    assert caplog.messages[1:] == ["the settings are as they were"]


def test_setting_removed_from_the_file_returns_to_its_default(bench: ReloaderBench) -> None:
    bench.reload("clean = true\n")
    assert bench.reload("fps = 30\n") == [("clean", False)]


def test_change_that_needs_a_restart_is_logged_each_time_without_its_value(
    bench: ReloaderBench, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        assert bench.reload('camera = "rtsp://anna:pw@cam/live"\nblur = true\nclean = true\n')[1:] == []
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told == 2 * [
        f"camera has changed ({bench.file}, line 1) and needs a restart",
        f"blur has changed ({bench.file}, line 2) and needs a restart",
    ]
    assert "anna" not in caplog.text


@pytest.mark.parametrize("text", ["min_face_px = 60\nclean = 1\n", "min_face_px = = 60", "witdh = 640\n"])
def test_wrong_file_keeps_the_settings_and_is_logged_in_one_line(
    bench: ReloaderBench, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    assert bench.reload(text) == []
    [line] = caplog.messages
    assert line.startswith("the settings stay as they were: expected ") and "\n" not in line
    assert bench.reload("min_face_px = 60\n") == [("min_face_px", 60)]


def test_missing_file_keeps_the_settings(bench: ReloaderBench, caplog: pytest.LogCaptureFixture) -> None:
    bench.file.unlink()
    bench.reloading.reload()
    assert caplog.messages[0].startswith("the settings stay as they were: expected a configuration in")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """The app itself on the demo camera, once it runs, and its file of settings."""
    file = tmp_path / "fer.toml"
    file.write_text('camera = "demo"\nstream = false\nlog_every_s = 3600\n')
    process = subprocess.Popen(
        [sys.executable, "-m", "edge.run", "--config", str(file)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    read_until(process, "camera demo")
    yield process, file
    process.kill()
    process.communicate()


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """The next line on stderr that has `text` in it."""
    assert process.stderr is not None
    return next((line for line in process.stderr if text in line), f"ended without {text}")


def test_sighup_reloads_the_settings_of_a_running_process(app: tuple["subprocess.Popen[str]", Path]) -> None:
    process, file = app
    file.write_text('camera = "demo"\nstream = false\nlog_every_s = 0.1\nverbose = true\nfps = 10\n')
    process.send_signal(signal.SIGHUP)
    assert "fps has changed" in read_until(process, "needs a restart")
    assert "log_every_s is 0.1 from now on" in read_until(process, "from now on")
    assert "verbose is True" in read_until(process, "from now on")
    # The line that would have come in an hour.
    assert "faces 1" in read_until(process, "faces 1")
    file.write_text("camera = 3\n")
    process.send_signal(signal.SIGHUP)
    assert "ERROR the settings stay as they were" in read_until(process, "settings")
    assert "captured" in read_until(process, "captured")
    process.terminate()
    assert process.wait(TIMEOUT_S) == 0


def test_closed_terminal_ends_the_program_that_was_started_in_it(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "edge.run", "--camera", "demo", "--no-stream"],
        stdin=theirs,
        stderr=subprocess.PIPE,
        text=True,
    )
    read_until(process, "camera demo")
    process.send_signal(signal.SIGHUP)
    _, rest = process.communicate(timeout=TIMEOUT_S)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0 and "captured" in rest.splitlines()[-1]
