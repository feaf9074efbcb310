"""Builds the sinks that the settings ask for."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from edge import board
from edge.contracts import Camera, Keyboard, Screen, Sink
from edge.mqtt import address as mqtt_address
from edge.rotation import FileSeries, RotationLimits
from edge.settings import credentials
from edge.settings.config import Config
from edge.settings.loopback import LOOPBACK_HOSTS
from edge.settings.reloading import OnChange, ignore_changes
from edge.sinks import systemd
from edge.sinks.events import EventsSink
from edge.sinks.fault_tolerant import FaultTolerantSink
from edge.sinks.latency import LatencySink
from edge.sinks.metrics import MetricsSink
from edge.telemetry import Telemetry

log = logging.getLogger(__name__)


def make_sinks(
    config: Config,
    camera: Camera,
    labels: tuple[str, ...],
    telemetry: Telemetry,
    model: Mapping[str, str],
    *,
    has_stream: bool,
    change_outputs: Callable[[list[Sink]], Sequence[Sink]],
    on_quit: Callable[[], None],
    on_change: OnChange = ignore_changes,
) -> list[Sink]:
    """The sinks in the order in which they take a result: first all outputs, then those that observe them.

    The outputs are those that `config` asks for, and a progress bar for a file; `change_outputs` may replace
    them.  The observers measure, and report to Prometheus and systemd, that the outputs have taken a result.
    The metrics report `model`.  `on_quit` is called when somebody quits at the display.  `on_change` gets a
    function for each setting that can change while the sinks are in use.
    """
    outputs: list[Sink] = []
    observers: list[Sink] = [LatencySink(telemetry)]
    if has_stream:
        metrics = MetricsSink(labels, lambda: telemetry.read_stats().to_dict(), model)
        outputs.append(make_stream(config, telemetry, metrics.render))
        observers.append(metrics)
    if config.display:
        outputs.append(make_display(config, telemetry, on_quit))
    outputs += make_files(config, labels, telemetry, on_change, is_live=camera.is_live)
    if config.mqtt:
        outputs.append(make_mqtt_sink(config, config.mqtt, labels, telemetry, on_change))
    if not camera.is_live:
        from edge.sinks.progress import ProgressSink

        outputs.append(ProgressSink(camera, frames=config.frames))
    if systemd.is_started_by_systemd(os.environ):
        observers.append(systemd.SystemdSink(os.environ, telemetry.read_stats))
    return [*change_outputs(outputs), *observers]


def make_stream(config: Config, telemetry: Telemetry, metrics: Callable[[], bytes]) -> Sink:
    """The HTTP server with the stream, and its access control."""
    # Imported here because it takes a third of the time to start, and a run over a file does not need it.
    from edge.sinks.mjpeg import MjpegSink
    from edge.web import tls
    from edge.web.access import AccessControl
    from edge.web.limits import Limits
    from edge.web.sessions import Token

    host, port = config.address
    secret = credentials.read_secret(
        "token", Path(config.token_file) if config.token_file else None, os.environ
    )
    encryption = None
    if config.tls_certificate and config.tls_key:
        encryption = tls.make_context(Path(config.tls_certificate), Path(config.tls_key))
    if host not in LOOPBACK_HOSTS:
        if secret is None:
            log.warning("everybody who can reach %s can watch the stream (--insecure)", config.listen)
        elif encryption is None:
            log.warning(
                "the token and the pictures travel unencrypted; --tls-certificate and --tls-key encrypt them"
            )
    limits = Limits(connections=config.connections, connections_per_address=config.connections_per_address)
    access = AccessControl(
        [host, *(config.hosts or "").replace(" ", "").split(",")],
        Token(secret) if secret is not None else None,
        limits,
        is_encrypted=encryption is not None,
    )
    return MjpegSink(
        host,
        port,
        read_stats=lambda: telemetry.read_stats().to_dict(),
        has_raw=not config.blur,
        access=access,
        limits=limits,
        encryption=encryption,
        render_metrics=metrics,
    )


def make_display(config: Config, telemetry: Telemetry, on_quit: Callable[[], None]) -> Sink:
    """The display: a window if a desktop runs, otherwise the screen of the console."""
    from edge.screens.keyboard import open_keyboard
    from edge.sinks.hdmi import HdmiSink

    def make_screen(width: int, height: int) -> tuple[Screen, Keyboard]:
        if os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY"):
            from edge.screens.window import WindowScreen

            window = WindowScreen(width, height)
            return window, window
        from edge.screens.kms import KmsScreen

        return KmsScreen(width, height), open_keyboard()

    return HdmiSink(make_screen, on_quit, lambda: telemetry.read_stats().to_dict(), Path(config.snapshots))


def make_files(
    config: Config, labels: tuple[str, ...], telemetry: Telemetry, on_change: OnChange, *, is_live: bool
) -> list[Sink]:
    """The sinks that write files.  If one fails, the program goes on, unless that one is its only purpose."""
    sinks: list[Sink] = []
    if config.record:
        from edge.sinks.recorder import RecorderSink

        limits = RotationLimits(config.record_limit_mb, config.record_limit_s, config.record_keep)
        recorder = RecorderSink(
            FileSeries(Path(config.record), limits, replaces=not is_live), clean=config.clean
        )
        on_change("clean", partial(setattr, recorder, "clean"))
        sinks.append(recorder)
    if config.events:
        limits = RotationLimits(config.events_limit_mb, config.events_limit_s, config.events_keep)
        sinks.append(EventsSink(FileSeries(Path(config.events), limits, replaces=not is_live), labels))
    if not is_live and len(sinks) == 1:
        return sinks
    return [FaultTolerantSink(sink, telemetry.count_lost_output, is_live=is_live) for sink in sinks]


def make_mqtt_sink(
    config: Config, address: str, labels: tuple[str, ...], telemetry: Telemetry, on_change: OnChange
) -> Sink:
    """The sink that publishes to the MQTT broker at `address`."""
    from edge.sinks.mqtt import MqttSink

    password_file = Path(config.mqtt_password_file) if config.mqtt_password_file else None
    sink = MqttSink(
        mqtt_address.parse(address, "mqtt"),
        labels,
        lambda: telemetry.read_stats().to_dict(),
        password=credentials.read_secret("mqtt_password", password_file, os.environ),
        ca=Path(config.mqtt_ca) if config.mqtt_ca else None,
        every_s=config.mqtt_every_s,
        discovery=config.mqtt_discovery,
        board=board.read().model,
    )
    on_change("mqtt_every_s", partial(setattr, sink, "every_s"))
    return sink
