"""The command: settings become objects, the objects a pipeline, its end an exit code."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2

from edge import board, models, outputs
from edge.cameras.demo import DemoCamera
from edge.cameras.picamera import PiCamera
from edge.cameras.reconnecting import ReconnectingCamera
from edge.cameras.spec import (
    CsiCamera,
    DemoPicture,
    NetworkStream,
    UnsupportedUrl,
    V4l2Device,
    VideoFile,
    parse_camera,
)
from edge.cameras.usb import UsbCamera
from edge.cameras.video import VideoCamera
from edge.contracts import Camera, FaceDetector, Smoother
from edge.detectors.haar import HaarDetector
from edge.detectors.yunet import YunetDetector
from edge.drawing.blur import FaceBlur
from edge.errors import CameraError, command
from edge.faces.classifier import OnnxClassifier
from edge.faces.smoothing import ExponentialSmoother
from edge.faces.tracking import FollowingTracker
from edge.pipeline import Pipeline
from edge.settings import batch, benchmark_result
from edge.settings import config as settings
from edge.settings.config import Config, Settings
from edge.settings.reloading import ConfigReloader
from edge.sinks import systemd
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter, share_heap

log = logging.getLogger("edge.run")


def make_camera(config: Config, *, paced: bool, on_back: Callable[[], None] = lambda: None) -> Camera:
    """The camera that `config.camera` names; a file is played at its own pace when `paced`.

    `on_back` is called when a camera is back that was away.
    """
    wish = config.width, config.height, config.fps
    camera: Camera
    match parse_camera(config.camera):
        case DemoPicture():
            return DemoCamera(*wish)
        case VideoFile(source) | UnsupportedUrl(source):
            # Of a URL that it cannot read the camera says so when it is opened.
            return VideoCamera(source, paced=paced)
        case V4l2Device(path):
            camera = UsbCamera(path, *wish)
        case CsiCamera(index):
            camera = PiCamera(index, *wish)
        case NetworkStream(url):
            camera = VideoCamera(url)
    return ReconnectingCamera(
        camera, config.width, config.height, waits=config.wait_for_camera, on_back=on_back
    )


def make_detector(config: Config) -> FaceDetector:
    """The detector that `config.detector` names; auto takes YuNet where its model is."""
    path = Path(config.yunet) if config.yunet else models.yunet_path()
    if config.detector == "yunet" or (config.detector == "auto" and (config.yunet or os.path.isfile(path))):
        return YunetDetector(path)
    if config.detector == "auto":
        log.info(
            "detector haar: no YuNet, which misses fewer faces, at %s; python -m edge.models fetches it", path
        )
    return HaarDetector()


def make_classifier(config: Config, detector: FaceDetector) -> OnnxClassifier:
    """The classifier for the boxes of `detector`."""
    model, threads, why = choose_model(config)
    classifier = OnnxClassifier(model, detector.name, threads)
    log.info(
        "detector %s, model %s (%s) on %d thread(s): %s",
        detector.name,
        model,
        classifier.metadata.precision,
        threads,
        why,
    )
    return classifier


def choose_model(config: Config) -> tuple[Path, int, str]:
    """The model file that `config` names or this device's benchmark found best, the threads in it, and why these."""
    if config.model is not None:
        return Path(config.model), config.threads or 1, "as set"
    shipped = models.classifier_path()
    found = benchmark_result.found(shipped.parent)
    if found is None:
        return shipped, config.threads or 1, "the default"
    return shipped.with_name(found.model), config.threads or found.threads, found.why


def make_tracker(config: Config) -> FollowingTracker:
    """What knows where to look for faces."""
    return FollowingTracker(config.min_face_px)


def make_smoother() -> Smoother:
    """What steadies the labels."""
    return ExponentialSmoother()


def run(chosen: Settings, waiter: SignalWaiter, reloader: ConfigReloader) -> None:
    """Build what `chosen` names and run it to its end, or until `waiter` is asked to stop; raises FerEdgeError.

    `reloader` changes what can be changed meanwhile.
    """
    config = chosen.config
    # The stages run side by side: threads inside OpenCV would fight them for the cores.
    cv2.setNumThreads(1)
    spec = parse_camera(config.camera)
    is_file = isinstance(spec, VideoFile) and spec.is_regular_file()
    # A file is read as fast as it goes, and played for people to watch only where they ask for it.
    is_asked_for = any(chosen.origins[key] != "default" for key in ("stream", "listen"))
    streams = config.stream and (not is_file or is_asked_for)
    telemetry = Telemetry(board=board.Watch())
    camera = make_camera(config, paced=streams or config.display, on_back=telemetry.reconnected)
    detector = make_detector(config)
    classifier = make_classifier(config, detector)
    model = {
        "detector": detector.name,
        "file": classifier.path.name,
        "precision": classifier.metadata.precision,
        "sha256": benchmark_result.sha256(classifier.path),
    }
    sinks = outputs.make_sinks(
        config,
        camera,
        classifier.labels,
        telemetry,
        model=model,
        streams=streams,
        on_quit=waiter.stop,
        on_change=reloader.on_change,
    )
    tracker = make_tracker(config)
    pipeline = Pipeline(
        camera,
        detector,
        tracker,
        classifier,
        make_smoother(),
        sinks,
        telemetry,
        veil=FaceBlur().follow if config.blur else iter,
    )
    reloader.on_change("min_face_px", tracker.look_for)
    reloader.on_change("log_every_s", partial(setattr, pipeline, "log_every_s"))
    log.info("camera %s", camera.name)
    try:
        pipeline.run(waiter, frames=config.frames, duration_s=config.duration_s, on_reload=reloader.reload)
    finally:
        if config.report and config.events and telemetry.figures().analysed:
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
    several = batch.split(chosen)
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
    chosen, flags = settings.parse(given, os.environ)
    if flags.print_config:
        print(chosen)
        return
    logging.basicConfig(
        format=("" if systemd.keeps_the_journal(os.environ) else "%(asctime)s ") + "%(levelname)s %(message)s"
    )
    reloader = ConfigReloader(chosen, lambda: settings.parse(given, os.environ)[0])
    reloader.on_change(
        "verbose", lambda is_on: logging.getLogger().setLevel(logging.DEBUG if is_on else logging.INFO)
    )
    share_heap()
    with make_signal_waiter() as waiter:
        run_all(chosen, waiter, reloader)


if __name__ == "__main__":
    sys.exit(main())
