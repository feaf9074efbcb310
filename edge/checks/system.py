"""The operating system, Python and the libraries: without these nothing else can be right."""

import platform
import re
import signal
import sys
from collections.abc import Iterator, Mapping

from edge import board
from edge.checks.findings import Finding, ok, problem, skipped, warning
from edge.checks.machine import Machine

# A Pi's first import of everything from a slow SD card.
IMPORT_WITHIN_S = 60.0
LEAST_DEBIAN = 12
OPENCV = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python-headless",
    "opencv-contrib-python",
)
# What `pip install` takes that works together.
GOOD_OPENCV = "pip install 'opencv-python-headless>=4.11,<5'"
GOOD_ONNXRUNTIME = "pip install 'onnxruntime>=1.22'"
GOOD_SIMPLEJPEG = "pip install 'simplejpeg>=1.8.2'"
# 1.21.0 dies with SIGILL on a Cortex-A72.
BAD_ONNXRUNTIME = (1, 21, 0)
_PI_4 = re.compile(r"Raspberry Pi (4|400|Compute Module 4)\b")
# The last name printed is that of the library whose import failed.
_IMPORTS = """import edge
for name in ("numpy", "cv2", "onnxruntime", "msgspec", "aiohttp"):
    print(name, flush=True)
    __import__(name)
print("all")"""


def system(machine: Machine) -> Iterator[Finding]:
    """OS and architecture."""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', machine.text("etc/os-release"), re.MULTILINE))
    model = machine.text("proc/device-tree/model").rstrip("\0") or "no board that tells its name"
    said = f"{release.get('PRETTY_NAME', 'an unknown system')}, {machine.architecture}, {machine.bits} bit, {model}"
    if machine.bits < 64:
        yield problem(
            said, "write the 64-bit Raspberry Pi OS to the card: ONNX Runtime has no 32-bit ARM version"
        )
    elif _is_old_debian(release):
        yield warning(said, "upgrade to Debian 12 or 13, on which this program is tested")
    else:
        yield ok(said)


def _is_old_debian(release: Mapping[str, str]) -> bool:
    major = release.get("VERSION_ID", "").partition(".")[0]
    is_debian = release.get("ID") in ("debian", "raspbian")
    return is_debian and major.isdecimal() and int(major) < LEAST_DEBIAN


def python(machine: Machine) -> Iterator[Finding]:
    """The interpreter; one that is too old cannot even begin with this program."""
    where = "in an environment of its own" if sys.prefix != sys.base_prefix else "the system's own"
    yield ok(f"{platform.python_version()}, {where}")


def libraries(machine: Machine) -> Iterator[Finding]:
    """Versions, pairs known to be bad, and whether all of them can be imported."""
    there = {name: found for name in ("numpy", *OPENCV, "onnxruntime") if (found := machine.version(name))}
    yield ok(", ".join(f"{name} {_short(found)}" for name, found in there.items()) or "none")
    yield from _bad_opencv(there)
    yield from _bad_onnxruntime(there.get("onnxruntime"), board.read(machine.root).model)
    yield from _bad_simplejpeg(there.get("numpy"), machine.version("simplejpeg"))
    yield from _imports(machine)


def numbers(version: str) -> tuple[int, ...]:
    """The first three numbers of a version, to compare it by."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _short(version: str) -> str:
    """Without the fourth number, which is only the packaging's."""
    return ".".join(version.split(".")[:3])


def _bad_opencv(there: Mapping[str, str]) -> Iterator[Finding]:
    wheels = [name for name in there if name in OPENCV]
    if len(wheels) > 1:
        yield warning(
            f"{' and '.join(wheels)} lie in one folder and overwrite each other",
            f"pip uninstall {' '.join(wheels)}, then {GOOD_OPENCV}",
        )
    for name in wheels:
        if numbers(there[name]) >= (5,):
            yield problem(
                f"OpenCV {_short(there[name])} has no cascades: the Haar detector cannot work", GOOD_OPENCV
            )


def _bad_onnxruntime(version: str | None, model: str | None) -> Iterator[Finding]:
    if version and numbers(version) == BAD_ONNXRUNTIME:
        tell = problem if _PI_4.search(model or "") else warning
        yield tell(f"onnxruntime {version} dies with SIGILL on a Raspberry Pi 4", GOOD_ONNXRUNTIME)


def _bad_simplejpeg(numpy: str | None, simplejpeg: str | None) -> Iterator[Finding]:
    """picamera2 imports simplejpeg, and Debian 12's was built against numpy 1."""
    if numpy and simplejpeg and numbers(numpy) >= (2,) and numbers(simplejpeg) < (1, 8, 2):
        yield problem(
            f"simplejpeg {simplejpeg} was built for numpy 1 and numpy is {numpy}: picamera2 cannot start",
            GOOD_SIMPLEJPEG,
        )


def _imports(machine: Machine) -> Iterator[Finding]:
    """In a process of their own: a library of the wrong processor kills it."""
    ran = machine.run([sys.executable, "-c", _IMPORTS], IMPORT_WITHIN_S)
    if ran is None:
        yield skipped("imports: this Python cannot be started again")
        return
    name = (ran.out.split() or ["edge"])[-1]
    if ran.code == 0:
        yield ok("all of them can be imported")
    elif ran.code < 0:
        yield problem(
            f"the import of {name} dies of {signal.Signals(-ran.code).name}",
            f"pip install --upgrade --force-reinstall the versions of constraints.txt ({name} first)",
        )
    else:
        reason = (ran.err.strip().splitlines() or ["no reason"])[-1]
        yield problem(
            f"{name} cannot be imported: {reason}", "pip install --constraint constraints.txt fer-edge"
        )
