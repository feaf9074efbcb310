"""One suite over every tracker: what edge.contracts.Tracker promises."""

import pytest

from benchmarks.arm64.workload import WholeFrameTracker
from edge.contracts import Face, Search, Tracker
from edge.faces.tracking import FollowingTracker
from edge.frames import Frame
from tests.fakes import FakeTracker
from tests.scripted import HEIGHT, WIDTH, ScriptedDetector, face_at, frame_at

FPS = 30


@pytest.fixture(params=["following", "whole frame", "fake"])
def tracker(request: pytest.FixtureRequest) -> Tracker:
    if request.param == "following":
        return FollowingTracker(48)
    return WholeFrameTracker(48) if request.param == "whole frame" else FakeTracker()


def test_no_face_is_returned_for_a_frame_without_one(tracker: Tracker) -> None:
    assert tracker.track(frame_at(0.0), ScriptedDetector()) == ()


def test_first_frame_gives_every_face_that_the_detector_finds_with_an_id_of_its_own(tracker: Tracker) -> None:
    faces = [face_at(50, score=0.9), face_at(300, score=0.8), face_at(450, 250, 150, score=0.7)]
    found = tracker.track(frame_at(0.0), ScriptedDetector(faces))
    assert {face.box for face in found} == {face.box for face in faces}
    ids = [face.track_id for face in found]
    assert None not in ids and len(set(ids)) == 3


def test_face_keeps_the_score_that_the_detector_gave_it(tracker: Tracker) -> None:
    (face,) = tracker.track(frame_at(0.0), ScriptedDetector([face_at(300, score=0.8)]))
    assert face.score == 0.8


def test_face_that_stays_keeps_its_id(tracker: Tracker) -> None:
    detector = ScriptedDetector([face_at(50, score=0.9), face_at(300, score=0.8)])
    frames = [tracker.track(frame_at(step / FPS), detector) for step in range(30)]
    by_id = [{face.track_id: face.box for face in faces} for faces in frames]
    assert all(faces == by_id[0] for faces in by_id)


def test_search_lies_within_the_frame(tracker: Tracker) -> None:
    detector = ScriptedDetector([face_at(0, 0), face_at(WIDTH - 100, HEIGHT - 100)])
    for step in range(30):
        tracker.track(frame_at(step / FPS), detector)
    assert detector.searches
    for search in detector.searches:
        region = search.region
        assert 0 <= region.left < region.right <= WIDTH and 0 <= region.top < region.bottom <= HEIGHT
        assert 0 < search.min_face_px <= search.max_face_px


def test_error_of_the_detector_is_raised_unchanged(tracker: Tracker) -> None:
    class Broken(ScriptedDetector):
        def detect(self, frame: Frame, search: Search) -> list[Face]:
            raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        tracker.track(frame_at(0.0), Broken([face_at(300)]))
