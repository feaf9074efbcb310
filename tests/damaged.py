"""Loads files that may be damaged in a process that may die of them, so that the tests do not.

    python -m tests.damaged classifier|yunet FILE

For each line on stdin it loads FILE, uses it once, and says on stdout in one line what came of it.
"""

import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from edge.cameras.demo import DemoCamera
from edge.contracts import Box, Search
from edge.detectors.yunet import YunetDetector
from edge.errors import ModelError
from edge.faces.classifier import OnnxClassifier
from edge.frames import Frame

TIMEOUT_S = 60
MARK = "SAID "


class Trial:
    """A process that tries one kind of file after the other."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._path = folder / "damaged.onnx"
        self._command = [sys.executable, "-m", "tests.damaged", kind, str(self._path)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def of(self, content: bytes) -> str:
        """What came of a file with `content`: "works", or the line of a ModelError."""
        self._path.write_bytes(content)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("\n")
        line = ""
        while not line.startswith(MARK):
            ready, _, _ = select.select([self._process.stdout], [], [], TIMEOUT_S)
            line = self._process.stdout.readline() if ready else ""
            if not line:
                self._process.kill()
                code = self._process.wait()
                self.__exit__(None, None, None)
                self.__enter__()
                raise AssertionError(
                    f"expected an answer, found {'an end with ' + str(code) if ready else 'a hang'}"
                )
        return line.removeprefix(MARK).rstrip("\n")


def _use_classifier(path: Path) -> None:
    [expression] = OnnxClassifier(path, "haar").classify([np.full((48, 48), 100, np.uint8)])
    assert abs(expression.probabilities.sum() - 1) < 0.05, expression.probabilities


def _use_yunet(path: Path, frame: Frame) -> None:
    detector = YunetDetector(path)
    followed = Search(Box(100, 100, 200, 200), 60, 200, is_tracking=True)
    for search in (*detector.plan_searches(frame.width, frame.height, 80), followed):
        for face in detector.detect(frame, search):
            assert face.box.clip_to(frame) == face.box, face


def _said(use: Callable[[], None]) -> str:
    try:
        use()
    except ModelError as error:
        return f"ModelError: {error}".replace("\n", "\\n")
    except BaseException as error:  # What the test is after.
        return f"{type(error).__name__}: {error}".replace("\n", "\\n")
    return "works"


def main() -> None:
    """The process."""
    kind, path = sys.argv[1], Path(sys.argv[2])
    with DemoCamera(640, 480, 30, sleep=lambda _: None) as camera:
        frame = next(camera)
    for _ in sys.stdin:
        print(
            MARK
            + _said(
                (lambda: _use_classifier(path)) if kind == "classifier" else (lambda: _use_yunet(path, frame))
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
