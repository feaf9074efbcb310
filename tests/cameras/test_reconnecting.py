"""A camera that goes away in each of the known ways, and comes back."""

import os
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import reconnecting
from edge.cameras.reconnecting import ReconnectingCamera
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout
from edge.frames import Frame
from tests.cameras.devices import BY_ID, Bench
from tests.cameras.standins import Buffer, V4l2Capture

BACK_WITHIN_S = 2.0


class Away:
    """A made-up machine with a camera on it, and the log of what is said about it."""

    def __init__(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        self.bench, self._caplog = bench, caplog
        self.backs = 0

    def camera(self, device: int | str = 0, *, waits: bool = False) -> ReconnectingCamera:
        def sleep(seconds: float) -> None:
            assert 0 <= seconds <= reconnecting.NOTICE_EVERY_S
            self.bench.advance(seconds)

        def count() -> None:
            self.backs += 1

        return ReconnectingCamera(
            self.bench.camera(device),
            640,
            480,
            waits=waits,
            on_back=count,
            clock=lambda: self.bench.now_s,
            sleep=sleep,
        )

    def lose(self, fault: str) -> None:
        """Do to the camera what `fault` names."""
        if fault == "unplugged":
            self.bench.unplug()
        else:
            self.bench.capture.fault = fault

    def notices(self, camera: ReconnectingCamera, seconds: float) -> list[Frame]:
        """What the camera gives in that time."""
        until_s, frames = self.bench.now_s + seconds, []
        while self.bench.now_s < until_s:
            frames.append(next(camera))
        return frames

    def told(self) -> list[str]:
        """The warnings in the log."""
        return [record.getMessage() for record in self._caplog.records if record.levelname == "WARNING"]


@pytest.fixture
def away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Away:
    caplog.set_level("INFO")
    return Away(Bench(tmp_path), caplog)


FAULTS = {
    "unplugged": "gone",
    "starved": "gives none",
    "frozen": "within 1 s",
    "protocol": "on the bus",
    "garbage": "cannot be decoded",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_told_once_on_the_picture_and_in_the_log_and_the_camera_goes_on(
    away: Away, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    bench = away.bench
    bench.name_stably()
    with away.camera() as camera:
        frames = list(islice(camera, 3))
        away.lose(fault)
        gone = away.notices(camera, 30.0)
        notices = [frame for frame in gone if frame.notice]
        assert FAULTS[fault] in str(notices[0].notice) and {frame.notice for frame in notices} == {
            notices[0].notice
        }
        # A read of a frozen camera blocks for a second, and no thread is spent on it.
        assert (0.8 if fault == "frozen" else 2) <= len(notices) / 30 <= 5
        assert len(away.told()) == 1 and "no camera" in away.told()[0]
        if fault != "unplugged":
            bench.unplug()
        bench.plug()
        back_s = bench.now_s
        back = away.notices(camera, BACK_WITHIN_S + 0.5)
    first = next(frame for frame in back if not frame.notice)
    assert first.captured_at_s - back_s <= BACK_WITHIN_S
    assert first.grey.any() and all(not frame.notice for frame in back if frame.number > first.number)
    assert len(away.told()) == 1 and away.backs == 1
    assert sum("is back after" in message for message in caplog.messages) == 1
    assert_goes_on([*frames, *gone, *back])


def assert_goes_on(frames: list[Frame]) -> None:
    numbers, captured_s, elapsed_s = zip(
        *((frame.number, frame.captured_at_s, frame.elapsed_s) for frame in frames), strict=True
    )
    assert list(numbers) == sorted(set(numbers))
    assert list(captured_s) == sorted(captured_s) and list(elapsed_s) == sorted(elapsed_s)
    assert elapsed_s[-1] == pytest.approx(captured_s[-1] - captured_s[0], abs=0.05)


class Clearing(V4l2Capture):
    """A handle that gives garbage at first, for so many frames."""

    def __init__(self, bench: Bench, frames: int) -> None:
        super().__init__(bench.advance)
        self._garbage = frames

    def read(self) -> "tuple[bool, Buffer | None]":
        self._garbage -= 1
        self.fault = "garbage" if self._garbage >= 0 else None
        return super().read()


def test_garbage_that_opening_anew_cures_is_over_within_the_time(away: Away) -> None:
    with away.camera() as camera:
        next(camera)
        away.lose("garbage")
        lost_s = away.bench.now_s
        away.bench.open = lambda *_: Clearing(away.bench, 0)  # type: ignore[method-assign]
        first = next(frame for frame in away.notices(camera, 5.0) if not frame.notice and frame.grey.any())
    assert first.captured_at_s - lost_s <= BACK_WITHIN_S


@pytest.mark.parametrize("garbage", [4, 9, 30])
def test_camera_that_starts_with_garbage_each_time_is_waited_for_longer_each_time(
    away: Away, garbage: int
) -> None:
    with away.camera() as camera:
        frames = [next(camera)]
        away.bench.unplug()
        frames += away.notices(camera, 1.0)
        away.bench.plug()
        away.bench.make_capture = lambda **_: Clearing(away.bench, garbage)  # type: ignore[method-assign]
        away.bench.capture.release()
        frames += away.notices(camera, 60.0)
    assert not frames[-1].notice and away.backs == 1
    # What was passed over was never a frame.
    assert [frame.number for frame in frames] == list(range(len(frames)))


def test_absence_is_no_drop(away: Away) -> None:
    with away.camera() as camera:
        frames = list(islice(camera, 3))
        away.bench.unplug()
        frames += away.notices(camera, 5.0)
        away.bench.plug()
        frames += away.notices(camera, 3.0)
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert not frames[-1].notice


def test_old_handle_is_released_so_that_the_camera_comes_back_as_the_same_node(away: Away) -> None:
    with away.camera() as camera:
        next(camera)
        away.bench.unplug()
        next(camera)
        away.bench.plug()
        assert away.bench.node == "video0"
        assert not away.notices(camera, 3.0)[-1].notice


def test_camera_is_found_again_by_its_stable_name_when_its_index_has_moved(away: Away) -> None:
    away.bench.name_stably()
    with away.camera(BY_ID) as camera:
        next(camera)
        away.bench.unplug()
        away.notices(camera, 1.0)
        away.bench.add_device("video0", index=0)
        away.bench.plug("video3")
        assert not away.notices(camera, 3.0)[-1].notice
    assert away.bench.opened[-1] == BY_ID


@pytest.mark.parametrize("named", [0, "/dev/video0"])
def test_camera_named_by_its_node_is_found_again_when_that_has_moved(
    away: Away, named: int | str, caplog: pytest.LogCaptureFixture
) -> None:
    bench = away.bench
    with away.camera(named) as camera:
        next(camera)
        bench.unplug()
        assert "gone" in str(away.notices(camera, 1.0)[-1].notice)
        # Another one takes the name, which is no reason to take it.
        bench.plug_usb("video0", "1-1.4", kind="1bcf:28c4")
        assert "gone" in str(away.notices(camera, 30.0)[-1].notice)
        bench.plug("video3")
        assert not away.notices(camera, BACK_WITHIN_S)[-1].notice
        assert camera.name == "/dev/video3"
    assert bench.opened == ["/dev/video0", "/dev/video3"]
    assert "/dev/video3 is back" in caplog.text and len(away.told()) == 1


def test_camera_that_is_none_of_usb_is_awaited_under_its_name(away: Away) -> None:
    bench = away.bench
    bench.add_device("video1", index=0)
    with away.camera(1) as camera:
        next(camera)
        bench.capture.fault = "unplugged"
        (bench.root / "dev/video1").unlink()
        bench.capture = bench.make_capture()
        assert away.notices(camera, 3.0)[-1].notice
        bench.add_device("video1", index=0)
        assert not away.notices(camera, 3.0)[-1].notice
    assert bench.opened == ["/dev/video1", "/dev/video1"]


def test_size_of_the_notice_is_that_of_the_last_picture_and_another_one_is_taken(away: Away) -> None:
    away.bench.capture = away.bench.make_capture(offers=(320, 240))
    with away.camera() as camera:
        next(camera)
        away.bench.unplug()
        notice = next(camera)
        assert (notice.width, notice.height) == (320, 240) and notice.bgr.shape == (240, 320, 3)
        away.bench.plug(offers=(1280, 720))
        last = away.notices(camera, 3.0)[-1]
    assert (last.width, last.height, last.bgr.shape) == (1280, 720, (720, 1280, 3))


def test_camera_taken_by_another_process_meanwhile_is_told_too(away: Away) -> None:
    with away.camera() as camera:
        next(camera)
        away.bench.unplug()
        away.notices(camera, 1.0)
        away.bench.plug(opens=False)
        descriptors = away.bench.root / "proc/4321/fd"
        descriptors.mkdir(parents=True)
        (descriptors / "7").symlink_to(away.bench.root / "dev/video0")
        (descriptors.parent / "comm").write_text("motion\n")
        assert "4321 (motion)" in str(away.notices(camera, 3.0)[-1].notice)
        away.notices(camera, 30.0)
    assert len(away.told()) == 2


def test_lost_camera_that_is_gone_then_is_told_once_and_the_picture_says_the_newest(away: Away) -> None:
    with away.camera() as camera:
        next(camera)
        away.lose("protocol")
        assert "on the bus" in str(next(camera).notice)
        away.bench.unplug()
        assert "gone" in str(away.notices(camera, 60.0)[-1].notice)
    assert len(away.told()) == 1 and "on the bus" in away.told()[0]


def test_loose_plug_does_not_fill_the_log(away: Away, caplog: pytest.LogCaptureFixture) -> None:
    with away.camera() as camera:
        for _ in range(100):
            away.notices(camera, 1.0)
            away.bench.unplug()
            away.notices(camera, 1.0)
            away.bench.plug()
        last = away.notices(camera, 90.0)[-1]
    minutes = (away.bench.now_s - 1000) / 60
    assert not last.notice and away.backs == 100
    assert (
        len(away.told()) <= 3 + minutes
        and sum("is back after" in line for line in caplog.messages) <= 3 + minutes
    )
    assert "is back now" in away.told()[-1]


def test_camera_that_never_was_there_is_told_with_the_others_that_come(away: Away) -> None:
    with away.camera(7, waits=True) as camera:
        assert "there are: /dev/video0" in str(next(camera).notice)
        away.bench.add_device("video2", index=0)
        assert "there are: /dev/video0, /dev/video2" in str(away.notices(camera, 60.0)[-1].notice)
    assert len(away.told()) == 2


def test_state_that_passes_is_not_told(away: Away) -> None:
    with away.camera() as camera:
        next(camera)
        away.bench.unplug()
        away.notices(camera, 5.0)
        # The node is there before its picture is.
        away.bench.plug(opens=False)
        while away.bench.opened.count("/dev/video0") + away.bench.opened.count(BY_ID) < 2:
            assert "gone" in str(next(camera).notice)
        away.bench.capture = away.bench.make_capture()
        assert not away.notices(camera, 3.0)[-1].notice
    assert len(away.told()) == 1


def test_camera_that_takes_seconds_to_settle_is_not_opened_for_ever_anew(away: Away) -> None:
    opened_s = [0.0]

    class Settling(V4l2Capture):
        def __init__(self) -> None:
            super().__init__(away.bench.advance)
            opened_s[0] = away.bench.now_s

        def read(self) -> "tuple[bool, Buffer | None]":
            self.fault = "frozen" if away.bench.now_s - opened_s[0] < 3.5 else None
            return super().read()

    with away.camera() as camera:
        next(camera)
        away.bench.unplug()
        away.notices(camera, 1.0)
        away.bench.plug()
        away.bench.make_capture = lambda **_: Settling()  # type: ignore[method-assign]
        away.bench.capture.release()
        assert not away.notices(camera, 30.0)[-1].notice


@pytest.mark.parametrize("content", [b"", b"\0" * 99, b"\xff\xd8 cut off"])
def test_one_broken_picture_is_no_fault(away: Away, content: bytes) -> None:
    with away.camera() as camera:
        frames = list(islice(camera, 40))
        whole = away.bench.capture.read
        away.bench.capture.read = lambda: (True, np.frombuffer(content, np.uint8))  # type: ignore[method-assign]
        frames += islice(camera, reconnecting.MOST_UNDECODABLE - 1)
        away.bench.capture.read = whole  # type: ignore[method-assign]
        frames += islice(camera, 40)
    assert not any(frame.notice for frame in frames) and away.told() == []


def test_picture_that_is_cut_to_a_third_is_a_good_one(away: Away) -> None:
    with away.camera() as camera:
        away.lose("cut")
        assert not any(frame.notice or not frame.grey.any() for frame in islice(camera, 50))


def test_camera_missing_at_the_start_is_refused(away: Away) -> None:
    away.bench.unplug()
    with pytest.raises(CameraNotFound, match="no such device"), away.camera():
        pass


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("starved", CameraError),
        ("protocol", CameraError),
        ("frozen", CameraTimeout),
        ("garbage", CameraError),
    ],
)
def test_camera_that_never_gave_a_picture_is_refused(
    away: Away, fault: str, error: type[CameraError]
) -> None:
    with away.camera() as camera, pytest.raises(error):
        away.lose(fault)
        away.notices(camera, 3.0)
    assert away.told() == []


@pytest.mark.parametrize("fault", ["unplugged", "starved", "protocol", "frozen", "garbage"])
def test_camera_missing_at_the_start_is_awaited_where_that_is_wanted(away: Away, fault: str) -> None:
    away.lose(fault)
    with away.camera(waits=True) as camera:
        if fault == "frozen":
            # As every camera's, its first frame may be late.
            with pytest.raises(CameraTimeout):
                next(camera)
        frames = away.notices(camera, 10.0)
        assert frames[-1].notice and frames[-1].bgr.shape == (480, 640, 3)
        assert len(away.told()) == 1
        if fault != "unplugged":
            away.bench.unplug()
        away.bench.plug()
        frames += away.notices(camera, 3.0)
    assert not frames[-1].notice and away.backs == 1
    assert_goes_on(frames)


@pytest.mark.parametrize("device", ["/dev/video1", "/dev/null"])
def test_wrong_node_is_told_and_awaited_where_that_is_wanted(away: Away, device: str) -> None:
    away.bench.add_device(device.rpartition("/")[2], index=1)
    away.bench.capture = away.bench.make_capture(opens=False)
    with away.camera(device, waits=True) as camera:
        assert "gives no picture; there are: /dev/video0" in str(next(camera).notice)


def test_busy_camera_is_refused_at_the_start(away: Away) -> None:
    descriptors = away.bench.root / "proc/4321/fd"
    descriptors.mkdir(parents=True)
    (descriptors / "7").symlink_to(away.bench.root / "dev/video0")
    (descriptors.parent / "comm").write_text("motion\n")
    away.bench.capture = away.bench.make_capture(opens=False)
    with pytest.raises(CameraBusy, match="motion"), away.camera():
        pass


def test_camera_that_breaks_while_it_is_set_up_is_released_and_tried_again(away: Away) -> None:
    with away.camera() as camera:
        next(camera)
        away.bench.unplug()
        next(camera)
        away.bench.plug()
        broken = away.bench.capture

        def raises(*_: object) -> bool:
            raise cv2.error("VIDIOC_S_FMT: No such device")

        broken.set = raises  # type: ignore[method-assign, assignment]
        away.notices(camera, 2.0)
        assert broken.is_released
        away.bench.capture = away.bench.make_capture()
        assert not away.notices(camera, 3.0)[-1].notice


def test_camera_that_is_left_while_away_holds_nothing(away: Away) -> None:
    with away.camera() as camera:
        next(camera)
        away.bench.unplug()
        next(camera)
    assert away.bench.capture.is_released
    with pytest.raises(RuntimeError, match="enter it first"):
        next(camera)


def test_many_absences_leave_no_descriptor_and_count_each(away: Away) -> None:
    with away.camera() as camera:
        descriptors = 0
        for cycle in range(40):
            next(camera)
            away.bench.unplug()
            next(camera)
            away.bench.plug()
            while next(camera).notice:
                pass
            if cycle == 10:
                descriptors = len(os.listdir("/proc/self/fd"))
    assert away.backs == 40
    assert len(os.listdir("/proc/self/fd")) == descriptors
