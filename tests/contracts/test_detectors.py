"""One suite over both detectors, on a real face: each keeps the promises of edge.contracts.FaceDetector."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.demo import DemoCamera
from edge.cameras.video import VideoCamera
from edge.contracts import Box, FaceDetector, Search
from edge.detectors.haar import HaarDetector
from edge.detectors.yunet import YunetDetector
from edge.errors import ModelError
from edge.faces.tracking import FollowingTracker
from edge.frames import Frame, PixelFormat
from edge.models import locate_classifier


@pytest.fixture(params=["haar", "yunet"])
def detector(request: pytest.FixtureRequest, material: Callable[[str], Path]) -> FaceDetector:
    if request.param == "haar":
        return HaarDetector()
    return YunetDetector(material("models/yunet_s_320_320.onnx"))


@pytest.fixture(scope="module")
def portrait() -> Frame:
    with DemoCamera(640, 480, 30) as camera:
        return next(camera)


def frame_of(grey: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Frame:
    return Frame(grey, PixelFormat.GREY, grey.shape[1], grey.shape[0], 0, 0.0, 0.0)


def whole(frame: Frame, min_face_px: int = 48) -> Search:
    return Search(Box(0, 0, frame.width, frame.height), min_face_px, frame.height)


def test_finds_the_one_face(detector: FaceDetector, portrait: Frame) -> None:
    (face,) = detector.detect(portrait, whole(portrait))
    eyes_px = face.box.top + 0.4 * face.box.height
    assert portrait.width * 0.1 < face.box.left < eyes_px + portrait.width
    assert face.box == face.box.clip_to(portrait)
    assert face.track_id is None


def test_finds_nothing_where_there_is_nothing(detector: FaceDetector) -> None:
    frame = frame_of(np.full((480, 640), 128, np.uint8))
    assert detector.detect(frame, whole(frame)) == []


def test_region_search_gives_the_same_face_in_pixels_of_the_frame(
    detector: FaceDetector, portrait: Frame
) -> None:
    (face,) = detector.detect(portrait, whole(portrait))
    margin_px = face.box.width // 2
    region = Box(
        face.box.left - margin_px,
        face.box.top - margin_px,
        face.box.width + 2 * margin_px,
        face.box.height + 2 * margin_px,
    ).clip_to(portrait)
    (near,) = detector.detect(portrait, Search(region, face.box.height // 2, face.box.height * 2))
    assert near.box.iou(face.box) > 0.7


def test_looks_only_in_the_region_of_the_search(detector: FaceDetector, portrait: Frame) -> None:
    (face,) = detector.detect(portrait, whole(portrait))
    beside = Box(0, 0, face.box.left, portrait.height)
    assert all(
        found.box.right <= beside.right for found in detector.detect(portrait, Search(beside, 48, 480))
    )


def test_looks_only_for_the_sizes_of_the_search(detector: FaceDetector, portrait: Frame) -> None:
    (face,) = detector.detect(portrait, whole(portrait))
    search = Search(Box(0, 0, portrait.width, portrait.height), face.box.height * 2, face.box.height * 3)
    assert detector.detect(portrait, search) == []


def test_parts_together_find_the_face_of_any_size(detector: FaceDetector, portrait: Frame) -> None:
    (whole_face,) = detector.detect(portrait, whole(portrait))
    for scale in (0.5, 0.8, 1.2):
        size = round(portrait.width * scale), round(portrait.height * scale)
        frame = frame_of(np.asarray(cv2.resize(portrait.grey, size, interpolation=cv2.INTER_AREA), np.uint8))
        faces = [face for part in detector.plan_searches(*size, 48) for face in detector.detect(frame, part)]
        expected = Box(
            *(
                round(side * scale)
                for side in (
                    whole_face.box.left,
                    whole_face.box.top,
                    whole_face.box.width,
                    whole_face.box.height,
                )
            )
        )
        assert any(face.box.iou(expected) > 0.6 for face in faces), (scale, faces)


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5])
def test_followed_face_is_found_near_where_it_was(
    detector: FaceDetector, portrait: Frame, scale: float
) -> None:
    size = round(portrait.width * scale), round(portrait.height * scale)
    grey = np.asarray(cv2.resize(portrait.grey, size, interpolation=cv2.INTER_LINEAR_EXACT), np.uint8)
    frame = frame_of(grey)
    tracker = FollowingTracker(round(60 * scale))
    (first,) = tracker.track(frame, detector)
    for step in range(1, 8):
        shift = round(3 * step * scale)
        moved = np.roll(grey, shift, axis=1)
        (found,) = tracker.track(Frame(moved, PixelFormat.GREY, *size, step, 0.0, step / 30), detector)
        assert found.track_id == first.track_id
        assert abs(found.box.left - first.box.left - shift) < 0.2 * first.box.width


def test_faces_of_a_video_are_those_of_searching_every_whole_frame(
    detector: FaceDetector, material: Callable[[str], Path]
) -> None:
    tracker, agreed, found = FollowingTracker(48), 0, 0
    with VideoCamera(str(material("data/faces.mp4")), paced=False) as camera:
        for video_frame in camera:
            # As a camera delivers it: a film's luma has less contrast, and Haar finds fewer faces.
            grey = np.asarray(cv2.cvtColor(video_frame.bgr, cv2.COLOR_BGR2GRAY), np.uint8)
            frame = replace(video_frame, buffer=grey, format=PixelFormat.GREY, make_bgr=None)
            followed = tracker.track(frame, detector)
            if everywhere := detector.detect(frame, whole(frame)):
                found += 1
                agreed += any(face.box.iou(everywhere[0].box) >= 0.5 for face in followed)
    assert found > 100 and agreed >= 0.98 * found


def test_two_faces_come_best_first(detector: FaceDetector, portrait: Frame) -> None:
    small = cv2.resize(portrait.grey, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    height = portrait.height
    small = np.asarray(
        cv2.copyMakeBorder(small, 0, height - small.shape[0], 0, 0, cv2.BORDER_REPLICATE), np.uint8
    )
    frame = frame_of(np.hstack([portrait.grey, small]))
    faces = detector.detect(frame, whole(frame))
    assert len(faces) == 2
    assert faces[0].score >= faces[1].score


def test_yunet_gives_landmarks_within_the_box(portrait: Frame, material: Callable[[str], Path]) -> None:
    (face,) = YunetDetector(material("models/yunet_s_320_320.onnx")).detect(portrait, whole(portrait))
    assert face.landmarks is not None and face.landmarks.shape == (5, 2)
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < right_mouth[1]
    assert face.box.left < right_mouth[0] < left_mouth[0] < face.box.right


def test_yunet_without_its_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"python -m edge.models"):
        YunetDetector(tmp_path / "none.onnx")


def test_yunet_refuses_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"broken\.onnx") as raised:
        YunetDetector(tmp_path / "broken.onnx")
    assert "\n" not in str(raised.value)


def test_yunet_refuses_another_network() -> None:
    with pytest.raises(ModelError, match=r"sha256|edge\.models") as raised:
        YunetDetector(locate_classifier())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("name", "detector_class"), [("haar", HaarDetector), ("yunet", YunetDetector)])
def test_name_is_the_key_of_the_framing(
    name: str, detector_class: type[HaarDetector] | type[YunetDetector]
) -> None:
    assert detector_class.name == name
