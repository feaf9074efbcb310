"""The command: settings become a pipeline, which runs to its end; the end becomes an exit code."""

import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from edge import board
from edge.build import build
from edge.cameras.spec import VideoFile, parse_camera
from edge.command import command
from edge.errors import CameraError
from edge.settings import batch
from edge.settings.config import Settings
from edge.settings.parsing import parse_settings
from edge.settings.reloading import ConfigReloader
from edge.sinks import systemd
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter

log = logging.getLogger("edge.run")


def run(chosen: Settings, waiter: SignalWaiter, reloader: ConfigReloader) -> None:
    """Build what `chosen` names and run it to its end, or until `waiter` is asked to stop; raises FerEdgeError.

    `reloader` changes what can be changed meanwhile.
    """
    config = chosen.config
    spec = parse_camera(config.camera)
    is_file = isinstance(spec, VideoFile) and spec.is_regular_file()
    # A file is read as fast as possible.  It is played at its own pace only for people who watch it.
    is_asked_for = any(chosen.origins[key] != "default" for key in ("stream", "listen"))
    telemetry = Telemetry(read_board=board.CachedBoard())
    pipeline = build(
        config,
        telemetry=telemetry,
        streams=config.stream and (not is_file or is_asked_for),
        on_quit=waiter.stop,
        on_change=reloader.on_change,
    )
    try:
        pipeline.run(waiter, frames=config.frames, duration_s=config.duration_s, on_reload=reloader.reload)
    finally:
        if config.report and config.events and telemetry.read_stats().analysed:
            from edge import report

            report.write([Path(config.events)], Path(config.report))


def make_signal_waiter() -> SignalWaiter:
    """What signals wake: SIGTERM and Ctrl-C stop the program, SIGHUP has it read its settings again."""
    if sys.stdin is not None and sys.stdin.isatty():
        # The terminal that the program was started at is gone: nobody is left to stop it.
        return SignalWaiter(signals=(signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    return SignalWaiter(signals=(signal.SIGTERM, signal.SIGINT), reload_signals=(signal.SIGHUP,))


def run_all(chosen: Settings, waiter: SignalWaiter, reloader: ConfigReloader) -> None:
    """Run what `chosen` names, a folder's videos one after the other; raises FerEdgeError.

    A video that cannot be read holds up none of the others; the error at the end says how many there were.
    """
    several = batch.split_videos(chosen)
    if len(several) == 1:
        run(several[0], waiter, reloader)
        return
    broken = []
    for number, one in enumerate(several, 1):
        if waiter.is_asked_to_stop:
            return
        log.info("video %d of %d: %s", number, len(several), one.config.camera)
        try:
            run(one, waiter, reloader)
        except CameraError as error:
            log.error("%s", error)
            broken.append(one.config.camera)
    if broken:
        raise CameraError(
            f"expected {len(several)} videos that can be read, found {len(broken)} that cannot: "
            f"{', '.join(broken)}; the others are done"
        )


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    given = sys.argv[1:] if arguments is None else arguments
    chosen, flags = parse_settings(given, os.environ)
    if flags.print_config:
        print(chosen)
        return
    logging.basicConfig(
        format=("" if systemd.is_stderr_journal(os.environ) else "%(asctime)s ") + "%(levelname)s %(message)s"
    )
    reloader = ConfigReloader(chosen, lambda: parse_settings(given, os.environ)[0])
    reloader.on_change(
        "verbose", lambda is_on: logging.getLogger().setLevel(logging.DEBUG if is_on else logging.INFO)
    )
    with make_signal_waiter() as waiter:
        run_all(chosen, waiter, reloader)


if __name__ == "__main__":
    sys.exit(main())
