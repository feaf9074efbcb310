"""The ids of faces and the regions of searches, on scripted sequences."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from edge.contracts import Box, Face, Search
from edge.faces.box_filter import MAX_LAG
from edge.faces.tracking import CYCLE_S, LOST_AFTER_S, MAX_REGIONS, UNCONFIRMED_S, FollowingTracker
from tests.scripted import HEIGHT, WIDTH, ScriptedDetector, face_at, frame_at, frame_showing

FPS = 30
Script = Callable[[float], Sequence[Face]]


def run(script: Script, seconds: float, tracker: FollowingTracker | None = None) -> list[dict[int, Box]]:
    """Track the faces that `script` returns for each time; returns the boxes of each frame by id."""
    tracker, detector = tracker or FollowingTracker(48), ScriptedDetector()
    frames = []
    for step in range(round(seconds * FPS)):
        detector.faces = list(script(step / FPS))
        faces = tracker.track(frame_showing(detector.faces, step / FPS), detector)
        frames.append({face.track_id: face.box for face in faces if face.track_id is not None})
        assert len(frames[-1]) == len(faces)
    return frames


def searches_for(faces: Sequence[Face], *, frames: int = 30) -> list[list[Search]]:
    """The searches of each frame, the faces standing still."""
    tracker, detector = FollowingTracker(48), ScriptedDetector(faces)
    noted = []
    for step in range(frames):
        detector.searches = []
        tracker.track(frame_at(step / FPS), detector)
        noted.append(detector.searches)
    return noted


def test_moving_face_keeps_its_id_and_is_seen_in_every_frame() -> None:
    frames = run(lambda now_s: [face_at(round(20 + 300 * now_s))], 1.5)
    assert all(set(frame) == {1} for frame in frames)
    lags_px = [abs(frame[1].left - round(20 + 300 * step / FPS)) for step, frame in enumerate(frames)]
    assert max(lags_px) <= round(100 * MAX_LAG) and max(lags_px[10:]) <= 3


def test_face_too_fast_for_its_region_is_found_in_the_wider_one_at_once() -> None:
    frames = run(lambda now_s: [face_at(round(40 * now_s * FPS))], 0.4)
    assert all(set(frame) == {1} for frame in frames)


def test_faces_that_cross_keep_their_ids() -> None:
    frames = run(lambda now_s: [face_at(round(200 * now_s), 60), face_at(round(400 - 200 * now_s), 190)], 2)
    assert all(set(frame) == {1, 2} for frame in frames)
    assert frames[0][1].top == frames[-1][1].top and frames[0][2].top == frames[-1][2].top


def test_face_that_passes_before_another_leaves_both_their_ids() -> None:
    """The farther one is hidden while the nearer one covers it."""

    def script(now_s: float) -> list[Face]:
        near = face_at(round(50 + 400 * now_s), 100, 140)
        far = face_at(300, 110, 100)
        return [near] if near.box.iou(far.box) > 0.3 else [near, far]

    frames = run(script, 1)
    assert set(frames[0]) == set(frames[-1]) == {1, 2}
    assert frames[-1][1].width == 140 and frames[-1][2].width == 100


def test_face_that_enters_where_another_left_gets_a_new_id() -> None:
    def script(now_s: float) -> list[Face]:
        return [] if 0.5 < now_s < 0.6 + LOST_AFTER_S else [face_at(300)]

    frames = run(script, 2)
    assert set(frames[0]) == {1} and set(frames[-1]) == {2}


def test_face_hidden_for_a_moment_keeps_its_id_and_is_not_shown_meanwhile() -> None:
    def script(now_s: float) -> list[Face]:
        return [] if 0.5 < now_s < 0.4 + LOST_AFTER_S else [face_at(300)]

    frames = run(script, 1.5)
    assert set(frames[-1]) == {1}
    assert {} in frames


def test_lost_face_is_gone_from_the_next_frame() -> None:
    frames = run(lambda now_s: [face_at(300)] if now_s < 0.5 else [], 1)
    assert not any(frames[round(0.5 * FPS) :])


def test_face_that_comes_nearer_is_followed_through_all_sizes() -> None:
    frames = run(lambda now_s: [face_at(100, 20, round(50 * 2**now_s))], 3)
    assert all(set(frame) == {1} for frame in frames)
    assert frames[-1][1].width == pytest.approx(400, rel=0.05)


def script_one_face(came_s: float, now_s: float) -> list[Face]:
    return [face_at(300)] * (now_s >= came_s)


def test_new_face_is_found_within_a_cycle() -> None:
    for start in range(10):
        came_s = 1 + start / 100
        frames = run(partial(script_one_face, came_s), 1.6)
        found_s = next(index for index, frame in enumerate(frames) if frame) / FPS
        assert found_s - came_s <= CYCLE_S + 1 / FPS


def test_new_face_beside_a_known_one_is_found_within_a_cycle() -> None:
    frames = run(lambda now_s: [face_at(50), face_at(400)] if now_s >= 0.5 else [face_at(50)], 1)
    assert set(frames[round((0.5 + CYCLE_S) * FPS) + 1]) == {1, 2}


def test_first_frame_is_searched_whole() -> None:
    assert set(run(lambda _: [face_at(300)], 0.03)[0]) == {1}


def test_twenty_faces_are_all_there_in_every_frame_each_with_its_id() -> None:
    def script(now_s: float) -> list[Face]:
        return [
            face_at(10 + 125 * column + round(20 * now_s), 5 + 118 * row, 60)
            for row in range(4)
            for column in range(5)
        ]

    frames = run(script, 2)
    assert all(set(frame) == set(range(1, 21)) for frame in frames)
    for id_, box in frames[-1].items():
        # One that had to wait for its turn stands where it was a frame or two ago.
        assert box.iou(frames[-4][id_]) > 0.9


def test_face_that_waits_for_its_turn_is_not_lost_to_a_slow_camera() -> None:
    """Of 20 faces each has a turn in every third frame, which is too late at 5 frames a second."""
    tracker = FollowingTracker(48)
    detector = ScriptedDetector(
        [face_at(10 + 125 * (index % 5), 5 + 118 * (index // 5), 60) for index in range(20)]
    )
    for step in range(15):
        assert {face.track_id for face in tracker.track(frame_at(step / 5), detector)} == set(range(1, 21))


@pytest.mark.parametrize("count", [0, 1, 5, 20])
def test_frame_costs_no_more_searches_than_promised(count: int) -> None:
    faces = [face_at(10 + 125 * (index % 5), 5 + 118 * (index // 5), 60) for index in range(count)]
    for searches in searches_for(faces)[1:]:
        regions = [search for search in searches if search.is_tracking]
        assert len(regions) <= min(count, MAX_REGIONS) and len(searches) - len(regions) <= 1


def test_known_face_is_looked_for_in_a_small_region_over_few_sizes() -> None:
    (region,) = [search for search in searches_for([face_at(300)])[1] if search.is_tracking]
    around = Box(290, 90, 120, 120)
    assert region.region.intersection_area(around) == around.area
    assert region.region.width == region.region.height <= 200
    assert 60 <= region.min_face_px < 100 < region.max_face_px <= 150


def test_region_at_the_edge_is_moved_into_the_frame() -> None:
    (region,) = [
        search for search in searches_for([face_at(WIDTH - 100, HEIGHT - 100)])[1] if search.is_tracking
    ]
    assert (region.region.right, region.region.bottom) == (WIDTH, HEIGHT)
    assert region.region.left <= WIDTH - 150 and region.region.top <= HEIGHT - 150


def test_face_higher_than_the_frame_allows_a_region_for_is_followed() -> None:
    frames = run(lambda _: [face_at(20, 0, HEIGHT)], 1)
    assert all(set(frame) == {1} for frame in frames)


def test_face_found_by_two_searches_is_one() -> None:
    parts = [Search(Box(0, 0, WIDTH, 300), 48, 200), Search(Box(0, 50, WIDTH, 300), 48, 200)]
    detector = ScriptedDetector([face_at(300)], parts=parts)
    tracker = FollowingTracker(48)
    for step in range(20):
        assert [face.track_id for face in tracker.track(frame_at(step / FPS), detector)] == [1]


def test_weak_face_is_followed_and_given_up_when_no_part_confirms_it() -> None:
    tracker, detector = FollowingTracker(48), ScriptedDetector([face_at(300)])
    tracker.track(frame_at(0.0), detector)
    detector.faces, detector.weak = [], [face_at(300)]
    ids = [
        [face.track_id for face in tracker.track(frame_at(step / FPS), detector)]
        for step in range(1, round((UNCONFIRMED_S + 1) * FPS))
    ]
    assert ids[: round(UNCONFIRMED_S * FPS) - 1] == [[1]] * (round(UNCONFIRMED_S * FPS) - 1)
    assert ids[-1] == []


def test_face_that_the_second_search_does_not_find_is_never_returned() -> None:
    tracker, detector = FollowingTracker(48), ScriptedDetector([face_at(300)], false=[face_at(50)])
    for step in range(30):
        assert [face.box.left for face in tracker.track(frame_at(step / FPS), detector)] == [300]


def test_picture_of_another_size_begins_anew() -> None:
    tracker, detector = FollowingTracker(48), ScriptedDetector([face_at(50)])
    assert [face.track_id for face in tracker.track(frame_at(0.0), detector)] == [1]
    detector.searches = []
    assert [face.track_id for face in tracker.track(frame_at(0.1, 320, 240), detector)] == [2]
    assert detector.searches[0].region == Box(0, 0, 320, 240)


def test_other_least_size_is_looked_for_from_the_next_frame_on_and_known_faces_keep_their_ids() -> None:
    tracker, detector = FollowingTracker(48), ScriptedDetector([face_at(100)])
    [before] = tracker.track(frame_at(0.0), detector)
    tracker.set_min_face_px(80)
    detector.searches = []
    frames = [tracker.track(frame_at(step / FPS), detector) for step in range(1, 15)]
    assert {search.min_face_px for search in detector.searches if not search.is_tracking} == {80}
    assert {face.track_id for faces in frames for face in faces} == {before.track_id}
