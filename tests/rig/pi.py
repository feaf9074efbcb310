"""A small virtual computer with the service installed and USB webcams to plug in, and its journal."""

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
    """A line of the journal, by the guest's own clock."""

    at_s: float
    by: str
    text: str


class Pi(Computer):
    """Debian `suite` with fer-edge installed by install.sh, enabled, and set to `settings`."""

    def __init__(self, suite: str, settings: str) -> None:
        """Nothing runs yet, but that it is installed."""
        super().__init__(
            "pi.sh",
            MODULES,
            "apparmor=0",
            "3G",
            {"debian": debian(suite), "installed": _installed(suite, settings)},
        )

    def _boot(self) -> None:
        super()._boot()
        shutil.copy(HERE / "webcam.py", self.out)
        _write_pictures(self.out / "pictures")
        self.run("systemd-run --quiet --unit=webcam python3 /mnt/webcam.py /mnt/pictures /run/webcam")
        self.run("while ! test -p /run/webcam; do sleep 0.1; done; systemctl is-system-running --wait")

    def webcam(self, command: str) -> None:
        """Have `command` done to its webcams, as webcam.py names it."""
        said = self.run(f"timeout 10 sh -c 'echo {command} > /run/webcam'")
        assert said == "", "webcam.py has ended; the journal says why"

    def now(self) -> int:
        """How many entries its journal has."""
        return len(self.journal())

    def journal(self, since: int = 0) -> list[Entry]:
        """Its entries, but for the first `since` ones."""
        return list(self._entries())[since:]

    def wait_for(self, text: str, since: int, by: str = "fer-edge", times: int = 1) -> Entry:
        """The first entry of `by` with `text` behind the first `since` ones; the last of so many `times`."""

        def found() -> list[Entry]:
            return [entry for entry in self.journal(since) if entry.by == by and text in entry.text]

        self.wait(repr(text), lambda: len(found()) >= times, ANSWER_WITHIN_S)
        return found()[times - 1]

    def _entries(self) -> Iterator[Entry]:
        for line in (self.out / "journal").read_text(errors="replace").splitlines():
            if matched := ENTRY.match(line):
                yield Entry(float(matched[1]), matched[2], matched[3])


def _installed(suite: str, settings: str) -> Path:
    """What install.sh changes in a Debian: done here, as it would take minutes where each instruction is translated."""
    changes = BUILD / "installed"
    shutil.rmtree(changes, ignore_errors=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    with Machine(suite) as machine:
        said = machine.run("/srv/fer-edge/systemd/install.sh")
        assert "exit code" not in said, said
        machine.run(f"cat > /etc/fer-edge/config.toml <<'END'\n{settings}END")
        subprocess.run(["cp", "--archive", machine.shared.parent / "upper", changes], check=True)
    return changes


def _write_pictures(folder: Path) -> None:
    """A face, in each size as JPEG and as YUYV."""
    folder.mkdir()
    for width, height in SIZES:
        with DemoCamera(width, height, 30, sleep=lambda _: None) as camera:
            for number in range(PICTURES):
                name, picture = f"{number:02}-{width}x{height}", next(camera).bgr
                Path(folder, f"{name}.mjpg").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
                Path(folder, f"{name}.yuyv").write_bytes(
                    cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_YUY2).tobytes()
                )
