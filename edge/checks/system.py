"""Checks the operating system, Python and the libraries: without these nothing else can work."""

import platform
import re
import signal
import sys
from collections.abc import Iterator, Mapping

from edge import board
from edge.checks.check_result import CheckResult, ok, problem, skip, warning
from edge.checks.machine import Machine

# Enough for the first import of all libraries on a Pi with a slow SD card.
IMPORT_WITHIN_S = 60.0
MIN_DEBIAN = 12
OPENCV = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python-headless",
    "opencv-contrib-python",
)
# Arguments of `pip install` for versions that work together.
GOOD_OPENCV = "pip install 'opencv-python-headless>=4.11,<5'"
GOOD_ONNXRUNTIME = "pip install 'onnxruntime>=1.22'"
GOOD_SIMPLEJPEG = "pip install 'simplejpeg>=1.8.2'"
# 1.21.0 dies with SIGILL on a Cortex-A72.
BAD_ONNXRUNTIME = (1, 21, 0)
_PI_4 = re.compile(r"Raspberry Pi (4|400|Compute Module 4)\b")
# If an import fails, the name of its library is the last that was printed.
_IMPORTS = """import edge
for name in ("numpy", "cv2", "onnxruntime", "msgspec", "aiohttp"):
    print(name, flush=True)
    __import__(name)
print("all")"""


def check_system(machine: Machine) -> Iterator[CheckResult]:
    """The operating system, the architecture and the board."""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', machine.read_text("etc/os-release"), re.MULTILINE))
    model = machine.read_text("proc/device-tree/model").rstrip("\0") or "unknown board"
    name = release.get("PRETTY_NAME", "unknown system")
    found = f"{name}, {machine.architecture}, {machine.bits} bit, {model}"
    if machine.bits < 64:
        yield problem(
            found, "write the 64-bit Raspberry Pi OS to the card: ONNX Runtime has no 32-bit ARM version"
        )
    elif _is_old_debian(release):
        yield warning(found, "upgrade to Debian 12 or 13, on which this program is tested")
    else:
        yield ok(found)


def _is_old_debian(release: Mapping[str, str]) -> bool:
    major = release.get("VERSION_ID", "").partition(".")[0]
    is_debian = release.get("ID") in ("debian", "raspbian")
    return is_debian and major.isdecimal() and int(major) < MIN_DEBIAN


def check_python(machine: Machine) -> Iterator[CheckResult]:
    """The interpreter, for the record: one that is too old could not run this program."""
    where = "in an environment of its own" if sys.prefix != sys.base_prefix else "the system's own"
    yield ok(f"{platform.python_version()}, {where}")


def check_libraries(machine: Machine) -> Iterator[CheckResult]:
    """Versions, pairs known not to work together, and whether all libraries can be imported."""
    names = ("numpy", *OPENCV, "onnxruntime")
    versions = {name: found for name in names if (found := machine.find_version(name))}
    yield ok(", ".join(f"{name} {_shorten(found)}" for name, found in versions.items()) or "none")
    yield from _check_opencv(versions)
    yield from _check_onnxruntime(versions.get("onnxruntime"), board.read(machine.root).model)
    yield from _check_simplejpeg(versions.get("numpy"), machine.find_version("simplejpeg"))
    yield from _check_imports(machine)


def _parse_version(version: str) -> tuple[int, ...]:
    """The first three numbers of a version, for comparisons."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _shorten(version: str) -> str:
    """A version without its fourth number, which counts packages of the same release."""
    return ".".join(version.split(".")[:3])


def _check_opencv(versions: Mapping[str, str]) -> Iterator[CheckResult]:
    wheels = [name for name in versions if name in OPENCV]
    if len(wheels) > 1:
        yield warning(
            f"{' and '.join(wheels)} install into one folder and overwrite each other",
            f"pip uninstall {' '.join(wheels)}, then {GOOD_OPENCV}",
        )
    for name in wheels:
        if _parse_version(versions[name]) >= (5,):
            yield problem(
                f"OpenCV {_shorten(versions[name])} has no cascades: the Haar detector cannot work",
                GOOD_OPENCV,
            )


def _check_onnxruntime(version: str | None, model: str | None) -> Iterator[CheckResult]:
    if version and _parse_version(version) == BAD_ONNXRUNTIME:
        make = problem if _PI_4.search(model or "") else warning
        yield make(f"onnxruntime {version} dies with SIGILL on a Raspberry Pi 4", GOOD_ONNXRUNTIME)


def _check_simplejpeg(numpy: str | None, simplejpeg: str | None) -> Iterator[CheckResult]:
    """picamera2 imports simplejpeg, and Debian 12's was built against numpy 1."""
    if numpy and simplejpeg and _parse_version(numpy) >= (2,) and _parse_version(simplejpeg) < (1, 8, 2):
        yield problem(
            f"simplejpeg {simplejpeg} was built for numpy 1 and numpy is {numpy}: picamera2 cannot start",
            GOOD_SIMPLEJPEG,
        )


def _check_imports(machine: Machine) -> Iterator[CheckResult]:
    """Import all libraries, in another process: a library for another processor kills it."""
    result = machine.run([sys.executable, "-c", _IMPORTS], IMPORT_WITHIN_S)
    if result is None:
        yield skip("imports: this Python cannot be started again")
        return
    name = (result.stdout.split() or ["edge"])[-1]
    if result.code == 0:
        yield ok("all of them can be imported")
    elif result.code < 0:
        yield problem(
            f"the import of {name} dies of {signal.Signals(-result.code).name}",
            f"pip install --upgrade --force-reinstall the versions of constraints.txt ({name} first)",
        )
    else:
        yield problem(
            f"{name} cannot be imported: {result.last_error}",
            "pip install --constraint constraints.txt fer-edge",
        )
