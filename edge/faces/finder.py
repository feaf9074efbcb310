"""The face finder of the pipeline: a tracker with the detector that it sends to search."""

from edge.contracts import Face, FaceDetector, Tracker
from edge.frames import Frame


class TrackingFaceFinder:
    """A FaceFinder made of a Tracker and a FaceDetector."""

    def __init__(self, tracker: Tracker, detector: FaceDetector) -> None:
        self._tracker, self._detector = tracker, detector

    def find(self, frame: Frame) -> tuple[Face, ...]:
        """The faces of `frame`, each with its track_id."""
        return self._tracker.track(frame, self._detector)
