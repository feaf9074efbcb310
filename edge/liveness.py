"""Decides by the newest result whether pictures still come."""

from edge.contracts import Result

# /readyz and the page report a problem when the newest picture is older than this: several times what the
# slowest camera and model take.  The page's copy is STALE_PICTURE_MS in web/static/page.js.
STALE_PICTURE_S = 3.0
# MQTT and the metrics report a problem when the newest result is older than this: the pipeline hangs then,
# whatever its camera reports.
STALE_RESULT_S = 5.0


def find_picture_problem(newest: Result | None, now_s: float) -> str | None:
    """Why there is no live picture to watch, or None; `now_s` is on the clock of time.monotonic()."""
    if newest is None:
        return "no frame has been analysed yet"
    if newest.frame.notice is not None:
        return newest.frame.notice
    age_s = now_s - newest.frame.captured_at_s
    return f"the newest frame is {age_s:.1f} s old" if age_s > STALE_PICTURE_S else None


def find_camera_problem(newest: Result, now_s: float) -> str | None:
    """Why no results come from the camera, or None; `now_s` is on the clock of the result's times."""
    if newest.frame.notice is not None:
        return newest.frame.notice
    return f"no frame for {STALE_RESULT_S:g} s" if now_s - newest.inferred_at_s > STALE_RESULT_S else None
