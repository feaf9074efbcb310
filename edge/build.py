"""Builds the pipeline that the settings describe: the composition root of every program that runs one."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2

from edge import board, files, models
from edge.build_sinks import make_sinks
from edge.cameras.demo import DemoCamera
from edge.cameras.picamera import PiCamera
from edge.cameras.reconnecting import ReconnectingCamera
from edge.cameras.self_turning import SelfTurningCamera
from edge.cameras.spec import (
    CsiCamera,
    DemoPicture,
    NetworkStream,
    UnsupportedUrl,
    V4l2Device,
    VideoFile,
    parse_camera,
)
from edge.cameras.turned import TurnedCamera
from edge.cameras.usb import UsbCamera
from edge.contracts import Camera, FaceDetector, Sink, Smoother
from edge.detectors.haar import HaarDetector
from edge.detectors.yunet import YunetDetector
from edge.faces.classifier import OnnxClassifier
from edge.faces.finder import TrackingFaceFinder
from edge.faces.reader import SmoothingExpressionReader
from edge.faces.smoothing import ExponentialSmoother
from edge.faces.tracking import FollowingTracker
from edge.orientation import UPRIGHT, Orientation
from edge.pipeline import Pipeline
from edge.settings import benchmark_result
from edge.settings.config import Config
from edge.settings.reloading import OnChange, ignore_changes
from edge.sinks.face_blur import FaceBlurSink
from edge.telemetry import Telemetry
from edge.threads import share_heap

log = logging.getLogger(__name__)


def build(
    config: Config,
    *,
    camera: Camera | None = None,
    telemetry: Telemetry | None = None,
    has_stream: bool = False,
    change_outputs: Callable[[list[Sink]], Sequence[Sink]] = lambda outputs: outputs,
    on_quit: Callable[[], None] = lambda: None,
    is_stopping: Callable[[], bool] = lambda: False,
    on_change: OnChange = ignore_changes,
) -> Pipeline:
    """Build the pipeline of `config`; raises FerEdgeError.  Call it before any thread is started.

    `camera` and `telemetry` replace those of `config`.  `has_stream` adds the HTTP server.  `change_outputs`
    gets the sinks for the outputs that `config` asks for, and returns the sinks to use in their place, so
    that a benchmark can add or replace some.  `on_quit` is called when somebody quits at the display.
    `is_stopping` says whether the program was asked to stop, while the pipeline still waits for its camera.
    `on_change` gets a function for each setting that can change while the pipeline runs.
    """
    _limit_libraries()
    is_over = threading.Event()
    telemetry = telemetry or Telemetry(read_board=board.CachedBoard())
    camera = camera or make_camera(
        config,
        is_paced=has_stream or config.display,
        on_reconnect=telemetry.count_reconnect,
        is_stopping=lambda: is_over.is_set() or is_stopping(),
    )
    detector = make_detector(config)
    classifier = make_classifier(config, detector)
    tracker = make_tracker(config)
    labels, model = classifier.labels, describe_model(detector, classifier)
    sinks = make_sinks(
        config,
        camera,
        labels,
        telemetry,
        model,
        has_stream=has_stream,
        change_outputs=change_outputs,
        on_quit=on_quit,
        on_change=on_change,
    )
    face_finder = TrackingFaceFinder(tracker, detector)
    expression_reader = SmoothingExpressionReader(classifier, make_smoother())
    # With --blur, the pipeline knows one sink alone, which hides the faces from all others.
    outer_sinks: list[Sink] = [FaceBlurSink(sinks)] if config.blur else sinks
    pipeline = Pipeline(camera, face_finder, expression_reader, outer_sinks, telemetry, on_end=is_over.set)
    on_change("min_face_px", tracker.set_min_face_px)
    on_change("log_every_s", partial(setattr, pipeline, "log_every_s"))
    log.info("camera %s", camera.name)
    return pipeline


def _limit_libraries() -> None:
    """Keep libraries from using more memory and cores than a process with several threads should."""
    share_heap()
    # Threads inside OpenCV would compete with the stages for the cores.
    cv2.setNumThreads(1)


def make_camera(
    config: Config,
    *,
    is_paced: bool,
    on_reconnect: Callable[[], None] = lambda: None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Camera:
    """The camera that `config.camera` names; `is_paced` plays a file at its own frame rate.

    `on_reconnect` is called when a camera that was away has come back.  A wait for a network camera ends soon
    after `is_stopping` is true.
    """
    requested, orientation = (config.width, config.height, config.fps), config.orientation
    camera: Camera
    spec = parse_camera(config.camera)
    if config.camera_controls and not isinstance(spec, V4l2Device | CsiCamera):
        log.warning("camera_controls has no effect: only USB and CSI cameras have controls")
    match spec:
        case DemoPicture():
            return _turn(DemoCamera(*requested), orientation, config)
        case VideoFile(source) | UnsupportedUrl(source):
            # Imported here because FFmpeg takes memory that no other camera needs.
            from edge.cameras.video import VideoCamera

            # When it is opened, the camera refuses a URL that it does not support.
            return _turn(VideoCamera(source, paced=is_paced), orientation, config)
        case V4l2Device(path):
            camera = UsbCamera(path, *requested, controls=config.camera_controls)
        case CsiCamera(index):
            at_sensor = UPRIGHT if orientation.swaps_sides else orientation
            camera = PiCamera(index, *requested, orientation=at_sensor, controls=config.camera_controls)
            orientation = orientation if orientation.swaps_sides else UPRIGHT
        case NetworkStream(url):
            camera = _make_network_camera(config, url, is_stopping)
    width, height = config.width, config.height
    if config.orientation.swaps_sides:
        width, height = height, width
    return ReconnectingCamera(
        _turn(camera, orientation, config),
        width,
        height,
        wait_at_start=config.wait_for_camera,
        on_reconnect=on_reconnect,
    )


def _make_network_camera(config: Config, url: str, is_stopping: Callable[[], bool]) -> Camera:
    from edge.cameras.stream_session import DEFAULT_TIMEOUTS, Timeouts
    from edge.cameras.video import VideoCamera

    timeouts = DEFAULT_TIMEOUTS
    if config.camera_timeout_s is not None:
        timeouts = Timeouts(open_s=config.camera_timeout_s, read_s=config.camera_timeout_s)
    return VideoCamera(url, fps=config.fps, timeouts=timeouts, is_stopping=is_stopping)


def _turn(camera: Camera, orientation: Orientation, config: Config) -> Camera:
    """The camera turned by `orientation`, and by what it finds out itself if `config` asks for that."""
    if orientation != UPRIGHT:
        camera = TurnedCamera(camera, orientation)
    if config.auto_rotate:
        camera = SelfTurningCamera(camera, make_detector(config), config.min_face_px)
    return camera


def make_detector(config: Config) -> FaceDetector:
    """The detector that `config.detector` names; auto is YuNet if its model is installed, otherwise Haar."""
    path = Path(config.yunet) if config.yunet else models.locate_yunet()
    if config.detector == "yunet" or (config.detector == "auto" and (config.yunet or os.path.isfile(path))):
        return YunetDetector(path)
    if config.detector == "auto":
        log.info(
            "detector haar, because there is no YuNet at %s; YuNet misses fewer faces, and "
            "python -m edge.models fetches it",
            path,
        )
    return HaarDetector()


def make_classifier(config: Config, detector: FaceDetector) -> OnnxClassifier:
    """The classifier, with its crops framed for the boxes of `detector`."""
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
    """The model file, its threads, and why: as set, the best in this device's benchmark, or the default."""
    if config.model is not None:
        return Path(config.model), config.threads or 1, "as set"
    shipped = models.locate_classifier()
    found = benchmark_result.read(shipped.parent)
    if found is None:
        return shipped, config.threads or 1, "the default"
    return shipped.with_name(found.model), config.threads or found.threads, found.why


def make_tracker(config: Config) -> FollowingTracker:
    """The tracker for faces of the size that `config` names."""
    return FollowingTracker(config.min_face_px)


def make_smoother() -> Smoother:
    """The smoother with its usual constants."""
    return ExponentialSmoother()


def describe_model(detector: FaceDetector, classifier: OnnxClassifier) -> dict[str, str]:
    """The names, precision and checksum that the metrics report of the detector and the model file."""
    return {
        "detector": detector.name,
        "file": classifier.path.name,
        "precision": classifier.metadata.precision,
        "sha256": files.sha256(classifier.path),
    }
