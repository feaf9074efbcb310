"""The command fer-edge: builds the pipeline that the settings describe, and runs it."""

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
from edge.errors import CameraError, SinkError
from edge.settings import batch
from edge.settings.config import Settings
from edge.settings.parsing import parse_settings
from edge.settings.reloading import ConfigReloader
from edge.sinks import systemd
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter

log = logging.getLogger("edge.run")


def run(chosen: Settings, waiter: SignalWaiter, reloader: ConfigReloader) -> None:
    """Build and run the pipeline of `chosen` until it ends or `waiter` is asked to stop; raises FerEdgeError.

    `reloader` changes settings while the pipeline runs.
    """
    config = chosen.config
    spec = parse_camera(config.camera)
    is_file = isinstance(spec, VideoFile) and spec.is_regular_file()
    # A file is read as fast as possible, and streamed at its own frame rate only on request.
    is_requested = any(chosen.origins[key] != "default" for key in ("stream", "listen"))
    telemetry = Telemetry(read_board=board.CachedBoard())
    pipeline = build(
        config,
        telemetry=telemetry,
        has_stream=config.stream and (not is_file or is_requested),
        on_quit=waiter.stop,
        is_stopping=lambda: waiter.is_asked_to_stop,
        on_change=reloader.on_change,
    )
    try:
        pipeline.run(waiter, frames=config.frames, duration_s=config.duration_s, on_reload=reloader.reload)
    finally:
        if config.report and config.events and telemetry.read_stats().analysed:
            from edge import report

            report.write([Path(config.events)], Path(config.report))


def make_signal_waiter() -> SignalWaiter:
    """The program's signals: SIGTERM and Ctrl-C stop it, SIGHUP makes it read its settings again."""
    if sys.stdin is not None and sys.stdin.isatty():
        # From a terminal, SIGHUP means that the terminal was closed: nobody could stop the program any more.
        return SignalWaiter(signals=(signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    return SignalWaiter(signals=(signal.SIGTERM, signal.SIGINT), reload_signals=(signal.SIGHUP,))


def run_all(chosen: Settings, waiter: SignalWaiter, reloader: ConfigReloader) -> None:
    """Run the pipeline for `chosen`, or for each video of a folder in turn; raises FerEdgeError.

    If a video cannot be read, or its outputs not be written, the others are still read; one error at the end
    names all that failed.
    """
    settings_by_video = batch.split_videos(chosen)
    if len(settings_by_video) == 1:
        run(settings_by_video[0], waiter, reloader)
        return
    broken, errors = [], []
    for number, settings in enumerate(settings_by_video, 1):
        if waiter.is_asked_to_stop:
            return
        log.info("video %d of %d: %s", number, len(settings_by_video), settings.config.camera)
        try:
            run(settings, waiter, reloader)
        except (CameraError, SinkError) as error:
            log.error("%s", error)
            broken.append(settings.config.camera)
            errors.append(error)
    if broken:
        raise type(errors[0])(
            f"expected {len(settings_by_video)} videos that can be read and outputs that can be written, "
            f"found {len(broken)} that cannot: {', '.join(broken)}; the others are done"
        )


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with `arguments`, by default those of the process."""
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
