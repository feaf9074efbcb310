"""What the libraries take of the line's CPU time: every call into them, timed in the thread that makes it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import BuiltinFunctionType
from typing import Any

import cv2
import onnxruntime as ort

from edge.faces import metadata

_CALIBRATION_CALLS = 20_000


@dataclass(slots=True, eq=False)
class Calls:
    """The CPU time of each call by the name of the function, s; filled by all threads."""

    times_s: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def clear(self) -> None:
        """Forget the calls so far."""
        for times_s in self.times_s.values():
            times_s.clear()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, its calls noted under `name`."""
        note = self.times_s[name].append  # Atomic: no lock.
        clock = time.thread_time

        def call(*arguments: Any, **options: Any) -> Any:
            started_s = clock()
            result = function(*arguments, **options)
            note(clock() - started_s)
            return result

        return call

    def all_timed(self, name: str, whole: Any) -> Any:
        """`whole`, the calls of its methods noted under their names."""
        return _Timed(self, name, whole)


class _Timed:
    def __init__(self, calls: Calls, name: str, whole: Any) -> None:
        self._calls, self._name, self._whole = calls, name, whole

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        if callable(found):
            found = self._calls.timed(f"{self._name}.{name}", found)
        setattr(self, name, found)
        return found


@contextmanager
def timed_libraries() -> Iterator[Calls]:
    """Time OpenCV's functions, its detectors and ONNX Runtime's sessions that are made from now on."""
    calls = Calls()
    replaced: list[tuple[Any, str, Any]] = []

    def replace(module: Any, name: str, by: Any) -> None:
        replaced.append((module, name, getattr(module, name)))
        setattr(module, name, by)

    for name, function in list(vars(cv2).items()):
        if isinstance(function, BuiltinFunctionType) and not name.startswith("_"):
            replace(cv2, name, calls.timed(name, function))
    cascade, session = cv2.CascadeClassifier, ort.InferenceSession
    replace(cv2, "CascadeClassifier", lambda *given: calls.all_timed("cascade", cascade(*given)))
    replace(
        ort,
        "InferenceSession",
        lambda model, *given, **options: _named(calls, session(model, *given, **options)),
    )
    try:
        yield calls
    finally:
        for module, name, original in reversed(replaced):
            setattr(module, name, original)


def _named(calls: Calls, session: ort.InferenceSession) -> Any:
    """The session, timed under the name of what it runs: a classifier of ours says what it is."""
    is_ours = metadata.KEY in session.get_modelmeta().custom_metadata_map
    return calls.all_timed("classifier" if is_ours else "yunet", session)


def timer_s() -> float:
    """What timing one call costs on this machine, CPU s, of which next to nothing is in the time noted."""
    calls = Calls()

    def nothing() -> None:
        pass

    timed = calls.timed("nothing", nothing)
    times_s = []
    for function in (nothing, timed):
        started_s = time.thread_time()
        for _ in range(_CALIBRATION_CALLS):
            function()
        times_s.append(time.thread_time() - started_s)
    plain_s, timed_s = times_s
    noted_s = sum(calls.times_s["nothing"])
    return max(0.0, timed_s - plain_s - noted_s) / _CALIBRATION_CALLS
