"""Which files a run opens and what it connects to, according to the kernel: only what its user asked for."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge import models
from export.data.dataset import SPLITS
from tests.conftest import ROOT

STRACE = shutil.which("strace")
pytestmark = pytest.mark.skipif(STRACE is None and "CI" not in os.environ, reason="strace is not installed")
CALLS = (
    "%network,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
)
# Devices are no files that stay, nor are the semaphores of multiprocessing's locks.
NO_FILES = re.compile(r"/dev/(null|tty|shm/sem\.[\w-]+)|/proc/.*")
ANSWER = re.compile(r"= \d+<([^>]*)>$")


class TracedRun:
    """A command that ran under strace, with its own home, temporary folder and working directory."""

    def __init__(self, folder: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> None:
        """`codes` are the exit codes that the command may end with."""
        assert STRACE is not None
        self.folder, self.state = folder / "run", folder / "state"
        self.home, temporary = folder / "home", folder / "tmp"
        for made in (self.folder, self.home, temporary):
            made.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_DATA_HOME": str(self.state),
            "TMPDIR": str(temporary),
            "PYTHONPATH": f"{ROOT}:{folder.parent}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        trace = folder / "trace"
        ended = subprocess.run(
            [
                STRACE,
                "--follow-forks",
                "--decode-fds=path",
                "--seccomp-bpf",
                "--string-limit=4096",
                "--quiet=all",
                f"--trace={CALLS}",
                f"--output={trace}",
                sys.executable,
                "-m",
                *arguments,
            ],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode in codes, ended.stderr
        self.calls = trace.read_text().splitlines()
        self.left = sorted(
            str(path.relative_to(folder)) for place in (self.home, temporary) for path in place.rglob("*")
        )

    def find_addresses(self, call: str) -> set[str]:
        """The Internet addresses that were passed to `call`."""
        lines = [
            line for line in self.calls if f" {call}(" in line and re.search(r"sa_family=AF_INET6?\b", line)
        ]
        return {
            f"{host[1]}:{port[1]}"
            for line in lines
            if (host := re.search(r'inet_(?:addr\(|pton\(AF_INET6, )"([^"]+)"', line))
            and (port := re.search(r"sin6?_port=htons\((\d+)\)", line))
        }

    def find_written_paths(self) -> set[str]:
        """The paths made or opened for writing, outside the run's folder and the state directory."""
        opened = [
            line
            for line in self.calls
            if re.search(r" (open|openat|openat2|creat)\(", line)
            and re.search(r"O_WRONLY|O_RDWR|O_CREAT", line)
        ]
        paths = {answer[1] for line in opened if (answer := ANSWER.search(line))}
        made = [
            line
            for line in self.calls
            if re.search(r" (mkdir|rename|link|symlink)\w*\(", line) and line.endswith("= 0")
        ]
        paths |= {path for line in made for path in re.findall(r'"(/[^"]*)"', line)}
        return {
            path
            for path in paths
            if not NO_FILES.fullmatch(path) and not path.startswith((str(self.folder), str(self.state)))
        }

    def assert_innocent(self) -> None:
        """The run left nothing outside its folder and the state directory, and connected to nothing."""
        assert self.find_written_paths() == set() and self.left == []
        assert (
            self.find_addresses("connect") | self.find_addresses("sendto") | self.find_addresses("sendmsg")
            == set()
        )


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_run_writes_and_opens_only_what_was_asked_for(tmp_path: Path, port: int) -> None:
    run = TracedRun(
        tmp_path,
        "edge.run",
        "--camera",
        "demo",
        "--frames",
        "30",
        "--listen",
        f"127.0.0.1:{port}",
        "--events",
        "out.csv",
        "--record",
        "out.mp4",
    )
    assert run.find_addresses("bind") == {f"127.0.0.1:{port}"}
    run.assert_innocent()
    assert {path.name for path in run.folder.iterdir()} == {"out.csv", "out.mp4"}


def test_evaluation_writes_and_connects_to_nothing(tmp_path: Path) -> None:
    images, labels = np.zeros((14, 48, 48), np.uint8), np.repeat(np.arange(7), 2)
    np.savez(tmp_path / "data.npz", image=images, label=labels, usage=np.full(14, SPLITS.index("PublicTest")))
    run = TracedRun(
        tmp_path,
        "export",
        "evaluate",
        "--model",
        str(models.locate_classifier()),
        "--data",
        str(tmp_path / "data.npz"),
        "--split",
        "PublicTest",
    )
    assert run.find_addresses("bind") == set()
    run.assert_innocent()


def test_doctor_writes_and_connects_to_nothing(tmp_path: Path, port: int) -> None:
    doctor = TracedRun(
        tmp_path, "edge.doctor", "--camera", "demo", "--listen", f"127.0.0.1:{port}", codes=(0, 1)
    )
    assert doctor.find_addresses("bind") <= {f"127.0.0.1:{port}"}
    doctor.assert_innocent()


def test_benchmark_writes_only_its_result_and_connects_to_nothing(tmp_path: Path) -> None:
    # Git, which is asked for the commit, likes to note in its index that a file was touched.
    (ROOT / "README.md").touch()
    run = TracedRun(tmp_path, "benchmarks", "stages", "--rounds", "1")
    assert run.find_addresses("bind") == set()
    run.assert_innocent()
    assert [path.name for path in run.state.rglob("*.*")] == ["tuning.json"]


def test_trace_would_show_a_connection_a_lookup_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "guilty.py").write_text(
        "import pathlib, socket\n"
        "pathlib.Path('~/.device').expanduser().write_text('id')\n"
        "socket.socket().connect_ex(('127.0.0.1', 9))\n"
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 9))\n"
    )
    (tmp_path / "sub").mkdir()
    run = TracedRun(tmp_path / "sub", "guilty")
    assert run.find_addresses("connect") == run.find_addresses("sendto") == {"127.0.0.1:9"}
    assert run.find_written_paths() == {str(run.home / ".device")} and run.left == ["home/.device"]
