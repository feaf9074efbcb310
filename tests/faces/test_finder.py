"""The face finder hands the tracker the frame and the detector."""

from edge.faces.finder import TrackingFaceFinder
from edge.faces.tracking import FollowingTracker
from tests.scripted import ScriptedDetector, face_at, frame_at


def test_faces_are_those_that_the_tracker_finds_with_the_detector() -> None:
    detector = ScriptedDetector([face_at(300)])
    finder = TrackingFaceFinder(FollowingTracker(48), detector)
    found = [finder.find(frame_at(step / 30)) for step in range(3)]
    assert [[(face.track_id, face.box.left) for face in faces] for faces in found] == [[(1, 300)]] * 3
    assert detector.searches
