"""A small virtual computer with the service installed, USB webcams to plug in, and a journal."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from edge.cameras.demo import DemoCamera
from tests.machine import Machine, debian
from tests.rig.computer import ANSWER_WITHIN_S, BUILD, Computer

HERE = Path(__file__).parent
MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "vhci_hcd", "uvcvideo")
SIZES = (320, 240), (640, 480)
PICTURES = 30
ENTRY = re.compile(r"\[ *(\d+\.\d+)\] \S+ ([^\[:]+)(?:\[\d+\])?: (.*)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal; the time is of the guest's own clock."""

    at_s: float
    by: str
    text: str


class Pi(Computer):
    """Debian `suite` with fer-edge installed by install.sh, enabled, and set to `settings`."""

    def __init__(self, suite: str, settings: str) -> None:
        """Install the service; nothing is booted yet."""
        super().__init__(
            "pi.sh",
            MODULES,
            "apparmor=0",
            "3G",
            {"debian": debian(suite), "installed": _install(suite, settings)},
        )

    def _boot(self) -> None:
        super()._boot()
        shutil.copy(HERE / "webcam.py", self.out)
        _write_pictures(self.out / "pictures")
        self.run("systemd-run --quiet --unit=webcam python3 /mnt/webcam.py /mnt/pictures /run/webcam")
        self.run("while ! test -p /run/webcam; do sleep 0.1; done; systemctl is-system-running --wait")

    def command_webcam(self, command: str) -> None:
        """Send `command` to webcam.py, whose docstring lists the commands."""
        output = self.run(f"timeout 10 sh -c 'echo {command} > /run/webcam'")
        assert output == "", "webcam.py has ended; the journal says why"

    def count_entries(self) -> int:
        """The number of entries in the journal."""
        return len(self.read_journal())

    def read_journal(self, since: int = 0) -> list[Entry]:
        """The entries of the journal after the first `since` ones."""
        return list(self._parse_journal())[since:]

    def wait_for(self, text: str, since: int, by: str = "fer-edge", times: int = 1) -> Entry:
        """Wait for the entry number `times` by the program `by` with `text`, after the first `since` ones."""

        def find_entries() -> list[Entry]:
            return [entry for entry in self.read_journal(since) if entry.by == by and text in entry.text]

        self.wait(repr(text), lambda: len(find_entries()) >= times, ANSWER_WITHIN_S)
        return find_entries()[times - 1]

    def _parse_journal(self) -> Iterator[Entry]:
        for line in (self.out / "journal").read_text(errors="replace").splitlines():
            if matched := ENTRY.match(line):
                yield Entry(float(matched[1]), matched[2], matched[3])


def _install(suite: str, settings: str) -> Path:
    """Install the service in a Debian, and return the folder with the files that install.sh changed.

    It is done on this machine: on an emulated processor it would take minutes.
    """
    changes = BUILD / "installed"
    shutil.rmtree(changes, ignore_errors=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    with Machine(suite) as machine:
        output = machine.run("/srv/fer-edge/systemd/install.sh")
        assert "exit code" not in output, output
        machine.run(f"cat > /etc/fer-edge/config.toml <<'END'\n{settings}END")
        subprocess.run(["cp", "--archive", machine.shared.parent / "upper", changes], check=True)
    return changes


def _write_pictures(folder: Path) -> None:
    """Write pictures of a face, in each size, as JPEG and as YUYV."""
    folder.mkdir()
    for width, height in SIZES:
        with DemoCamera(width, height, 30, sleep=lambda _: None) as camera:
            for number in range(PICTURES):
                name, picture = f"{number:02}-{width}x{height}", next(camera).bgr
                Path(folder, f"{name}.mjpg").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
                Path(folder, f"{name}.yuyv").write_bytes(
                    cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_YUY2).tobytes()
                )
