"""The libraries' share of the pipeline's CPU time: times every call into them in the calling thread."""

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
class CallTimer:
    """The CPU time of each call by the name of the function, s; any thread may add to it."""

    times_s: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def clear(self) -> None:
        """Forget the calls so far."""
        for times_s in self.times_s.values():
            times_s.clear()

    def wrap_function(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap `function` so that the time of each call is added under `name`."""
        add_time = self.times_s[name].append  # Atomic, so it needs no lock.
        clock = time.thread_time

        def call(*arguments: Any, **options: Any) -> Any:
            started_s = clock()
            result = function(*arguments, **options)
            add_time(clock() - started_s)
            return result

        return call

    def wrap_object(self, name: str, wrapped: Any) -> Any:
        """Wrap `wrapped` so that the times of its methods' calls are added under `name`.METHOD."""
        return _TimedObject(self, name, wrapped)


class _TimedObject:
    def __init__(self, timer: CallTimer, name: str, wrapped: Any) -> None:
        self._timer, self._name, self._wrapped = timer, name, wrapped

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._wrapped, name)
        if callable(attribute):
            attribute = self._timer.wrap_function(f"{self._name}.{name}", attribute)
        setattr(self, name, attribute)
        return attribute


@contextmanager
def time_libraries() -> Iterator[CallTimer]:
    """Time OpenCV's functions, and the cascades and ONNX Runtime sessions that are made in this context."""
    timer = CallTimer()
    replaced: list[tuple[Any, str, Any]] = []

    def replace(module: Any, name: str, by: Any) -> None:
        replaced.append((module, name, getattr(module, name)))
        setattr(module, name, by)

    for name, function in list(vars(cv2).items()):
        if isinstance(function, BuiltinFunctionType) and not name.startswith("_"):
            replace(cv2, name, timer.wrap_function(name, function))
    cascade, session = cv2.CascadeClassifier, ort.InferenceSession
    replace(cv2, "CascadeClassifier", lambda *given: timer.wrap_object("cascade", cascade(*given)))
    replace(
        ort,
        "InferenceSession",
        lambda model, *given, **options: _wrap_session(timer, session(model, *given, **options)),
    )
    try:
        yield timer
    finally:
        for module, name, original in reversed(replaced):
            setattr(module, name, original)


def _wrap_session(timer: CallTimer, session: ort.InferenceSession) -> Any:
    """Wrap the session under the name of what it runs: only a classifier of ours has our metadata."""
    is_ours = metadata.KEY in session.get_modelmeta().custom_metadata_map
    return timer.wrap_object("classifier" if is_ours else "yunet", session)


def measure_timer_s() -> float:
    """Measure what timing one call costs on this machine, CPU s.

    Hardly any of it is in the time that is added.
    """
    timer = CallTimer()

    def do_nothing() -> None:
        pass

    timed = timer.wrap_function("nothing", do_nothing)
    times_s = []
    for function in (do_nothing, timed):
        started_s = time.thread_time()
        for _ in range(_CALIBRATION_CALLS):
            function()
        times_s.append(time.thread_time() - started_s)
    plain_s, timed_s = times_s
    added_s = sum(timer.times_s["nothing"])
    return max(0.0, timed_s - plain_s - added_s) / _CALIBRATION_CALLS
