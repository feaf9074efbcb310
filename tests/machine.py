"""A machine for tests of the service: a Debian root with a real systemd as PID 1, thrown away afterwards."""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import ROOT

# What is slow to make and the same each time: the root, and the packages for its Python.
CACHE = Path(os.environ.get("FER_EDGE_CACHE", ROOT / "build" / "appliance"))
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
INCLUDED = "systemd,systemd-sysv,dbus,udev,python3,python3-venv,ca-certificates,procps"
# What install.sh asks pip for, and what pip builds with.
PACKAGES = "fer-edge[record,mqtt,metrics]", "simplejpeg>=1.8.2", "setuptools>=69"
CAMERAS = sorted(Path("/dev").glob("video*"))
BOOT_WITHIN_S = 60
POLL_S = 0.05


def debian(suite: str) -> Path:
    """The root of a fresh Debian `suite` (made in a minute, from Debian's packages)."""
    root = CACHE / suite
    if not root.exists():
        partial = CACHE / f".partial-{suite}"
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["rm", "-rf", partial], check=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", suite, partial],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        partial.rename(root)
    return root


def wheels(suite: str) -> Path:
    """A folder of the packages that the app needs, for the Python of `suite`; the machine has no network."""
    wanted = b"".join((ROOT / name).read_bytes() for name in ("setup.cfg", "constraints.txt"))
    wanted += " ".join(PACKAGES).encode()
    folder = CACHE / f"wheels-{suite}-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if not (folder / "complete").exists():
        with tempfile.TemporaryDirectory() as own:
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", own, ROOT], check=True)
            platforms = [
                f"--platform=manylinux{name}_{os.uname().machine}" for name in ("_2_28", "_2_27", "2014")
            ]
            subprocess.run(
                [
                    *pip,
                    "download",
                    "--dest",
                    folder,
                    f"--python-version={PYTHONS[suite]}",
                    *platforms,
                    "--only-binary=:all:",
                    f"--constraint={ROOT}/constraints.txt",
                    f"--find-links={own}",
                    *PACKAGES,
                ],
                check=True,
            )
        (folder / "complete").touch()
    return folder


class Machine:
    """Boots on entering and is gone on leaving; `run` is a shell in it, as root, and prints what it does.

    The checkout is its /srv/fer-edge, the folder `shared` its /srv/shared, and it has this machine's cameras.
    """

    def __init__(self, suite: str) -> None:
        """`suite` is Debian's."""
        self._root, self._wheels = debian(suite), wheels(suite)

    def __enter__(self) -> Self:
        self._changes = tempfile.TemporaryDirectory(dir=CACHE, prefix="changes-")
        self.shared = Path(self._changes.name) / "shared"
        self.shared.mkdir()
        self._nspawn = subprocess.Popen(
            [
                ROOT / "tests" / "nspawn.sh",
                self._root,
                self._changes.name,
                f"--machine=fer-edge-test-{os.getpid()}",
                f"--bind-ro={ROOT}:/srv/fer-edge",
                f"--bind-ro={self._wheels}:/srv/wheels",
                f"--bind-ro={self.shared}:/srv/shared",
                *(f"--bind={node}" for node in CAMERAS),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self.wait("systemd to be PID 1", lambda: self._leader() is not None)
            self.wait(
                "the machine to be up",
                lambda: "running" in self.run("systemctl is-system-running", quiet=True),
            )
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._nspawn.terminate()
        try:
            self._nspawn.wait(BOOT_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        self._changes.cleanup()

    def run(self, script: str, *, quiet: bool = False) -> str:
        """What `script` printed on both streams, and "exit code N" if that is not 0."""
        leader = self._leader()
        assert leader is not None, "the machine is not up"
        ended = subprocess.run(
            [
                "nsenter",
                f"--target={leader}",
                "--mount",
                "--uts",
                "--ipc",
                "--net",
                "--pid",
                "--cgroup",
                "env",
                "-i",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG=C.UTF-8",
                "SYSTEMD_COLORS=0",
                "SYSTEMD_PAGER=",
                "PIP_NO_INDEX=1",
                "PIP_FIND_LINKS=/srv/wheels",
                "sh",
                "-c",
                script,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        said = ended.stdout + (f"exit code {ended.returncode}\n" if ended.returncode else "")
        if not quiet:
            print(f"# {script}\n{said}", end="", flush=True)
        return said

    def show(self, name: str) -> str:
        """A property of the service, such as ActiveState."""
        return self.run(f"systemctl show --value --property={name} fer-edge", quiet=True).strip()

    def wait(self, what: str, is_so: Callable[[], bool], within_s: float = BOOT_WITHIN_S) -> float:
        """How long it took, s; AssertionError when it takes too long."""
        began_s = time.monotonic()
        while not is_so():
            assert self._nspawn.poll() is None, f"the machine ended with {self._nspawn.returncode}"
            assert time.monotonic() - began_s < within_s, f"waited {within_s:.0f} s for {what}"
            time.sleep(POLL_S)
        return time.monotonic() - began_s

    def _leader(self) -> int | None:
        """Its PID 1, as this machine counts."""
        for pid in Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split():
            if re.match(r"systemd|init", Path(f"/proc/{pid}/comm").read_text()) and self._is_pid_1(pid):
                return int(pid)
        return None

    @staticmethod
    def _is_pid_1(pid: str) -> bool:
        return (
            "\t1\n" in Path(f"/proc/{pid}/status").read_text().partition("NSpid:")[2].partition("NSpgid")[0]
        )
