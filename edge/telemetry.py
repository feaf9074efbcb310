"""Measures the pipeline: rates, dropped frames and latency, and the log line that reports them."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.board import Board
from edge.contracts import Result
from edge.frames import Frame

# The time that rates and percentiles cover, up to now.
WINDOW_S = 5.0


@dataclass(frozen=True, slots=True)
class Stats:
    """Rates and latency of the last WINDOW_S seconds; all counts are since the start."""

    captured_fps: float
    analysed_fps: float
    shown_fps: float
    captured: int
    analysed: int
    dropped: int
    """Frames with a number (see Frame.number) that never reached the sinks: a newer frame replaced them."""
    latency_p50_ms: float
    """From the capture of a frame until every output has taken its result."""
    latency_p95_ms: float
    faces: int
    """In the newest result."""
    temperature_c: float | None
    """The processor's temperature; None where the machine does not report it."""
    throttled: tuple[str, ...]
    """The reasons for which the firmware slows the processor down."""
    outputs_lost: int
    """How often a recording or another output has failed."""
    reconnects: int
    """How often the camera has come back after it was away."""

    def to_log_line(self) -> str:
        """The stats as one line for the log."""
        line = (
            f"captured {self.captured_fps:.1f} FPS, analysed {self.analysed_fps:.1f}, "
            f"shown {self.shown_fps:.1f}, dropped {self.dropped}, "
            f"latency p50 {self.latency_p50_ms:.1f} ms p95 {self.latency_p95_ms:.1f} ms, faces {self.faces}"
        )
        if self.temperature_c is not None:
            line += f", {self.temperature_c:.0f} °C"
        if self.outputs_lost:
            line += f", outputs lost {self.outputs_lost}"
        if self.reconnects:
            line += f", reconnects {self.reconnects}"
        return f"{line}, THROTTLED: {', '.join(self.throttled)}" if self.throttled else line

    def to_dict(self) -> dict[str, float]:
        """The stats by name, rounded for people.  Unknown ones are left out, and `throttled` is 0 or 1."""
        stats = {name: getattr(self, name) for name in self.__slots__}
        stats["throttled"] = int(bool(self.throttled))
        return {name: round(value, 2) for name, value in stats.items() if value is not None}


class Telemetry:
    """Counts what passes each stage; any thread may call it."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        read_board: Callable[[], Board] = lambda: Board(None, None),
    ) -> None:
        """`read_board` returns the machine's health; each read_stats() calls it."""
        self._clock, self._read_board = clock, read_board
        self._lock = threading.Lock()
        self._started_s = clock()
        self._captured, self._analysed, self._shown = _Window(), _Window(), _Window()
        self._captured_count = self._analysed_count = self._dropped_count = self._faces = 0
        self._outputs_lost = self._reconnects = 0
        self._last_number = -1

    def count_captured(self, frame: Frame) -> None:
        """The camera has delivered `frame`."""
        now_s = self._clock()
        with self._lock:
            self._captured.add(now_s, now_s - frame.captured_at_s)
            self._captured_count += 1

    def count_analysed(self, result: Result) -> None:
        """The expressions of `result` have been read."""
        now_s = self._clock()
        with self._lock:
            self._analysed.add(now_s, now_s - result.frame.captured_at_s)
            self._analysed_count += 1
            self._faces = len(result.readings)

    def count_delivered(self, result: Result) -> None:
        """The delivering stage has taken `result`; the frames whose numbers were skipped count as dropped."""
        with self._lock:
            self._dropped_count += result.frame.number - self._last_number - 1
            self._last_number = result.frame.number

    def count_shown(self, result: Result) -> None:
        """Every output has taken `result`."""
        now_s = self._clock()
        with self._lock:
            self._shown.add(now_s, now_s - result.frame.captured_at_s)

    def count_lost_output(self) -> None:
        """A sink has failed, and the other sinks go on."""
        with self._lock:
            self._outputs_lost += 1

    def count_reconnect(self) -> None:
        """The camera has come back after it was away."""
        with self._lock:
            self._reconnects += 1

    def read_stats(self) -> Stats:
        """The stats at this moment."""
        board, now_s = self._read_board(), self._clock()
        # Until the first window is full, rates cover the time since the start.
        window_s = max(1e-3, min(WINDOW_S, now_s - self._started_s))
        with self._lock:
            ages_s = self._shown.read_ages(now_s) or [0.0]
            p50_s, p95_s = np.percentile(ages_s, [50, 95])
            return Stats(
                captured_fps=len(self._captured.read_ages(now_s)) / window_s,
                analysed_fps=len(self._analysed.read_ages(now_s)) / window_s,
                shown_fps=len(self._shown.read_ages(now_s)) / window_s,
                captured=self._captured_count,
                analysed=self._analysed_count,
                dropped=self._dropped_count,
                latency_p50_ms=float(p50_s) * 1000,
                latency_p95_ms=float(p95_s) * 1000,
                faces=self._faces,
                temperature_c=board.temperature_c,
                throttled=board.throttled,
                outputs_lost=self._outputs_lost,
                reconnects=self._reconnects,
            )


class _Window:
    """The ages of the frames that passed a stage in the last WINDOW_S seconds."""

    def __init__(self) -> None:
        self._ages: deque[tuple[float, float]] = deque()
        """When a frame passed, and its age then; s."""

    def add(self, now_s: float, age_s: float) -> None:
        self._ages.append((now_s, age_s))
        self._remove_old(now_s)

    def read_ages(self, now_s: float) -> list[float]:
        self._remove_old(now_s)
        return [age_s for _, age_s in self._ages]

    def _remove_old(self, now_s: float) -> None:
        while self._ages and self._ages[0][0] < now_s - WINDOW_S:
            self._ages.popleft()
