"""What a pass is asked to do and what it reports: JSON between the benchmark and the process of the pass."""

import msgspec

from edge.settings.config import Config


class PassRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass has to do."""

    config: Config
    clip: str | None
    """A file that `clip.write_clip` wrote; None for the camera of `config`."""
    frames: int | None
    live_fps: float | None
    """The rate at which the clip is played; None to deliver each frame as soon as the last one was taken."""
    viewer: bool
    """Serve the frames over HTTP, and wait for a viewer first."""
    time_libraries: bool
    """Time every call into a library, which costs time itself."""
    is_drawn: bool = True
    """Draw every frame; False to have nobody look at pictures."""
    kept: int | None = None
    """Report only this many of the newest results; None for all."""


class PassResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass saw from its first drawn frame to its last.

    Times are on the clock of time.monotonic(), s.
    """

    numbers: list[int]
    captured_at_s: list[float]
    drawn_at_s: list[float]
    faces: list[int]
    cpu_s: float
    rss_bytes: int
    threads: int
    calls_s: dict[str, list[float]]
    """The CPU time of each call by the name of the library function, if calls were timed."""
    timer_s: float
    """What timing one call costs."""
