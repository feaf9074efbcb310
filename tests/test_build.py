"""The pipeline that the settings describe, and what a program may replace in it."""

from functools import partial
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge import build as builders
from edge.build import build, make_camera
from edge.cameras.demo import DemoCamera
from edge.cameras.reconnecting import ReconnectingCamera
from edge.cameras.self_turning import SelfTurningCamera
from edge.cameras.turned import TurnedCamera
from edge.cameras.video import VideoCamera
from edge.cameras.wrapper import CameraWrapper
from edge.contracts import FaceDetector, Sink
from edge.drawing.blur import BlurredFrame
from edge.settings.config import Config
from edge.settings.reloading import Setter
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter
from tests.fakes import FakeCamera, FakeSink

CONFIG = Config(detector="haar", camera="demo")


def run(config: Config, frames: int) -> tuple[FakeSink, Telemetry]:
    """Run the pipeline of `config` with a fake camera and a fake sink."""
    sink, telemetry = FakeSink(), Telemetry()
    camera = FakeCamera(frames, is_live=False)
    with SignalWaiter() as waiter:
        build(config, camera=camera, telemetry=telemetry, change_outputs=lambda _: [sink]).run(waiter)
    assert camera.was_opened and not camera.is_open and not sink.is_open
    return sink, telemetry


def test_given_camera_sinks_and_telemetry_are_used() -> None:
    sink, telemetry = run(CONFIG, 20)
    assert [result.frame.number for result in sink.results] == list(range(20))
    assert telemetry.read_stats().captured == 20 and telemetry.read_stats().shown_fps > 0


def test_blur_hides_the_faces_from_every_sink_and_loses_no_result() -> None:
    sink, telemetry = run(Config(detector="haar", camera="demo", blur=True), 20)
    assert [result.frame.number for result in sink.results] == list(range(20))
    assert all(isinstance(result.frame, BlurredFrame) for result in sink.results)
    assert telemetry.read_stats().dropped == 0 and telemetry.read_stats().shown_fps > 0


def test_sinks_of_the_settings_are_offered_for_change(tmp_path: Path) -> None:
    offered: list[Sink] = []

    def keep(sinks: list[Sink]) -> list[Sink]:
        offered.extend(sinks)
        return sinks

    config = Config(detector="haar", camera="demo", events=str(tmp_path / "out.csv"))
    build(config, camera=FakeCamera(1, is_live=False), change_outputs=keep)
    assert [sink.name for sink in offered] == ["events", "progress"]


def test_settings_that_can_change_while_the_pipeline_runs_are_offered() -> None:
    changes: dict[str, Setter] = {}
    pipeline = build(CONFIG, camera=FakeCamera(1, is_live=False), on_change=changes.__setitem__)
    assert set(changes) == {"min_face_px", "log_every_s"}
    changes["log_every_s"](1.5)
    assert pipeline.log_every_s == 1.5


def test_libraries_are_limited_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    make_detector = builders.make_detector

    def note_and_make(config: Config) -> FaceDetector:
        steps.append("make detector")
        return make_detector(config)

    monkeypatch.setattr(builders, "share_heap", partial(steps.append, "share heap"))
    monkeypatch.setattr(builders, "make_detector", note_and_make)
    build(CONFIG, camera=FakeCamera(1, is_live=False))
    assert steps == ["share heap", "make detector"] and cv2.getNumThreads() == 1


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("demo", DemoCamera),
        ("clip.mp4", VideoCamera),
        ("0", ReconnectingCamera),
        ("/dev/video3", ReconnectingCamera),
        ("picamera2:1", ReconnectingCamera),
        ("rtsp://door/stream", ReconnectingCamera),
    ],
)
def test_camera_is_of_the_kind_that_its_spec_names_and_a_device_is_reconnected(spec: str, kind: type) -> None:
    assert type(make_camera(Config(camera=spec), is_paced=False)) is kind


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({}, [DemoCamera]),
        ({"mirror": True}, [TurnedCamera, DemoCamera]),
        ({"auto_rotate": True}, [SelfTurningCamera, DemoCamera]),
        ({"auto_rotate": True, "flip": True}, [SelfTurningCamera, TurnedCamera, DemoCamera]),
    ],
)
def test_camera_is_turned_as_the_settings_say(options: dict[str, Any], kinds: list[type]) -> None:
    camera = make_camera(Config(camera="demo", detector="haar", **options), is_paced=False)
    found: list[type] = [type(camera)]
    while isinstance(camera, CameraWrapper):
        camera = camera._camera
        found.append(type(camera))
    assert found == kinds


def test_notice_of_a_camera_on_its_side_has_the_size_of_its_pictures() -> None:
    config = Config(camera="/dev/no-camera", rotate=90, width=640, height=480, wait_for_camera=True)
    with make_camera(config, is_paced=False) as camera:
        frame = next(camera)
    assert frame.notice and (frame.width, frame.height) == (480, 640)


@pytest.mark.parametrize(("spec", "is_ignored"), [("demo", True), ("rtsp://door/stream", True), ("0", False)])
def test_controls_of_a_camera_that_has_none_are_told(
    spec: str, is_ignored: bool, caplog: pytest.LogCaptureFixture
) -> None:
    make_camera(Config(camera=spec, camera_controls={"zoom": 2}), is_paced=False)
    assert ("camera_controls has no effect" in caplog.text) == is_ignored
