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
from tests.cameras.fake_machine import BY_ID, FakeMachine
from tests.cameras.standins import Buffer, V4l2Capture

BACK_WITHIN_S = 2.0


class Scene:
    """A fake machine with a camera, and the log."""

    def __init__(self, machine: FakeMachine, caplog: pytest.LogCaptureFixture) -> None:
        self.machine, self._caplog = machine, caplog
        self.reconnects = 0

    def open_camera(self, device: int | str = 0, *, wait_at_start: bool = False) -> ReconnectingCamera:
        def sleep(seconds: float) -> None:
            assert 0 <= seconds <= reconnecting.NOTICE_EVERY_S
            self.machine.advance(seconds)

        def count() -> None:
            self.reconnects += 1

        return ReconnectingCamera(
            self.machine.make_camera(device),
            640,
            480,
            wait_at_start=wait_at_start,
            on_reconnect=count,
            clock=lambda: self.machine.now_s,
            sleep=sleep,
        )

    def lose(self, fault: str) -> None:
        """Give the camera the fault."""
        if fault == "unplugged":
            self.machine.unplug()
        else:
            self.machine.capture.fault = fault

    def take_frames(self, camera: ReconnectingCamera, seconds: float) -> list[Frame]:
        """The frames that the camera delivers in that time."""
        until_s, frames = self.machine.now_s + seconds, []
        while self.machine.now_s < until_s:
            frames.append(next(camera))
        return frames

    def warnings(self) -> list[str]:
        """The warnings in the log."""
        return [record.getMessage() for record in self._caplog.records if record.levelname == "WARNING"]


@pytest.fixture
def scene(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Scene:
    caplog.set_level("INFO")
    return Scene(FakeMachine(tmp_path), caplog)


FAULTS = {
    "unplugged": "gone",
    "starved": "gives none",
    "frozen": "within 1 s",
    "protocol": "on the bus",
    "garbage": "cannot be decoded",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_shown_and_logged_once_and_the_camera_goes_on(
    scene: Scene, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    machine = scene.machine
    machine.make_by_id_link()
    with scene.open_camera() as camera:
        frames = list(islice(camera, 3))
        scene.lose(fault)
        gone = scene.take_frames(camera, 30.0)
        notices = [frame for frame in gone if frame.notice]
        assert FAULTS[fault] in str(notices[0].notice) and {frame.notice for frame in notices} == {
            notices[0].notice
        }
        # A read of a frozen camera blocks for a second, and no thread is spent on it.
        assert (0.8 if fault == "frozen" else 2) <= len(notices) / 30 <= 5
        assert len(scene.warnings()) == 1 and "no camera" in scene.warnings()[0]
        if fault != "unplugged":
            machine.unplug()
        machine.plug()
        back_s = machine.now_s
        back = scene.take_frames(camera, BACK_WITHIN_S + 0.5)
    first = next(frame for frame in back if not frame.notice)
    assert first.captured_at_s - back_s <= BACK_WITHIN_S
    assert first.grey.any() and all(not frame.notice for frame in back if frame.number > first.number)
    assert len(scene.warnings()) == 1 and scene.reconnects == 1
    assert sum("is back after" in message for message in caplog.messages) == 1
    assert_continuous([*frames, *gone, *back])


def assert_continuous(frames: list[Frame]) -> None:
    numbers, captured_s, elapsed_s = zip(
        *((frame.number, frame.captured_at_s, frame.elapsed_s) for frame in frames), strict=True
    )
    assert list(numbers) == sorted(set(numbers))
    assert list(captured_s) == sorted(captured_s) and list(elapsed_s) == sorted(elapsed_s)
    assert elapsed_s[-1] == pytest.approx(captured_s[-1] - captured_s[0], abs=0.05)


class GarbageAtFirst(V4l2Capture):
    """A handle whose first frames, so many, are garbage."""

    def __init__(self, machine: FakeMachine, frames: int) -> None:
        super().__init__(machine.advance)
        self._garbage = frames

    def read(self) -> "tuple[bool, Buffer | None]":
        self._garbage -= 1
        self.fault = "garbage" if self._garbage >= 0 else None
        return super().read()


def test_garbage_that_opening_anew_cures_is_over_within_the_time(scene: Scene) -> None:
    with scene.open_camera() as camera:
        next(camera)
        scene.lose("garbage")
        lost_s = scene.machine.now_s
        scene.machine.open_capture = lambda *_: GarbageAtFirst(scene.machine, 0)  # type: ignore[method-assign]
        first = next(
            frame for frame in scene.take_frames(camera, 5.0) if not frame.notice and frame.grey.any()
        )
    assert first.captured_at_s - lost_s <= BACK_WITHIN_S


@pytest.mark.parametrize("garbage", [4, 9, 30])
def test_camera_that_starts_with_garbage_each_time_is_waited_for_longer_each_time(
    scene: Scene, garbage: int
) -> None:
    with scene.open_camera() as camera:
        frames = [next(camera)]
        scene.machine.unplug()
        frames += scene.take_frames(camera, 1.0)
        scene.machine.plug()
        scene.machine.make_capture = lambda **_: GarbageAtFirst(scene.machine, garbage)  # type: ignore[method-assign]
        scene.machine.capture.release()
        frames += scene.take_frames(camera, 60.0)
    assert not frames[-1].notice and scene.reconnects == 1
    # Frames that were left out have no number.
    assert [frame.number for frame in frames] == list(range(len(frames)))


def test_absence_is_no_drop(scene: Scene) -> None:
    with scene.open_camera() as camera:
        frames = list(islice(camera, 3))
        scene.machine.unplug()
        frames += scene.take_frames(camera, 5.0)
        scene.machine.plug()
        frames += scene.take_frames(camera, 3.0)
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert not frames[-1].notice


def test_old_handle_is_released_so_that_the_camera_comes_back_as_the_same_node(scene: Scene) -> None:
    with scene.open_camera() as camera:
        next(camera)
        scene.machine.unplug()
        next(camera)
        scene.machine.plug()
        assert scene.machine.node == "video0"
        assert not scene.take_frames(camera, 3.0)[-1].notice


def test_camera_is_found_again_by_its_stable_name_when_its_index_has_moved(scene: Scene) -> None:
    scene.machine.make_by_id_link()
    with scene.open_camera(BY_ID) as camera:
        next(camera)
        scene.machine.unplug()
        scene.take_frames(camera, 1.0)
        scene.machine.add_node("video0", index=0)
        scene.machine.plug("video3")
        assert not scene.take_frames(camera, 3.0)[-1].notice
    assert scene.machine.opened[-1] == BY_ID


@pytest.mark.parametrize("named", [0, "/dev/video0"])
def test_camera_named_by_its_node_is_found_again_when_that_has_moved(
    scene: Scene, named: int | str, caplog: pytest.LogCaptureFixture
) -> None:
    machine = scene.machine
    with scene.open_camera(named) as camera:
        next(camera)
        machine.unplug()
        assert "gone" in str(scene.take_frames(camera, 1.0)[-1].notice)
        # Another camera gets the name: it must not be taken for the lost one.
        machine.plug_usb("video0", "1-1.4", kind="1bcf:28c4")
        assert "gone" in str(scene.take_frames(camera, 30.0)[-1].notice)
        machine.plug("video3")
        assert not scene.take_frames(camera, BACK_WITHIN_S)[-1].notice
        assert camera.name == "/dev/video3"
    assert machine.opened == ["/dev/video0", "/dev/video3"]
    assert "/dev/video3 is back" in caplog.text and len(scene.warnings()) == 1


def test_camera_without_usb_is_waited_for_under_its_name(scene: Scene) -> None:
    machine = scene.machine
    machine.add_node("video1", index=0)
    with scene.open_camera(1) as camera:
        next(camera)
        machine.capture.fault = "unplugged"
        (machine.root / "dev/video1").unlink()
        machine.capture = machine.make_capture()
        assert scene.take_frames(camera, 3.0)[-1].notice
        machine.add_node("video1", index=0)
        assert not scene.take_frames(camera, 3.0)[-1].notice
    assert machine.opened == ["/dev/video1", "/dev/video1"]


def test_size_of_the_notice_is_that_of_the_last_picture_and_another_one_is_taken(scene: Scene) -> None:
    scene.machine.capture = scene.machine.make_capture(offers=(320, 240))
    with scene.open_camera() as camera:
        next(camera)
        scene.machine.unplug()
        notice = next(camera)
        assert (notice.width, notice.height) == (320, 240) and notice.bgr.shape == (240, 320, 3)
        scene.machine.plug(offers=(1280, 720))
        last = scene.take_frames(camera, 3.0)[-1]
    assert (last.width, last.height, last.bgr.shape) == (1280, 720, (720, 1280, 3))


def test_camera_taken_by_another_process_meanwhile_is_logged_too(scene: Scene) -> None:
    with scene.open_camera() as camera:
        next(camera)
        scene.machine.unplug()
        scene.take_frames(camera, 1.0)
        scene.machine.plug(opens=False)
        descriptors = scene.machine.root / "proc/4321/fd"
        descriptors.mkdir(parents=True)
        (descriptors / "7").symlink_to(scene.machine.root / "dev/video0")
        (descriptors.parent / "comm").write_text("motion\n")
        assert "4321 (motion)" in str(scene.take_frames(camera, 3.0)[-1].notice)
        scene.take_frames(camera, 30.0)
    assert len(scene.warnings()) == 2


def test_loss_is_logged_once_and_the_picture_shows_the_newest_reason(scene: Scene) -> None:
    with scene.open_camera() as camera:
        next(camera)
        scene.lose("protocol")
        assert "on the bus" in str(next(camera).notice)
        scene.machine.unplug()
        assert "gone" in str(scene.take_frames(camera, 60.0)[-1].notice)
    assert len(scene.warnings()) == 1 and "on the bus" in scene.warnings()[0]


def test_loose_plug_does_not_fill_the_log(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    with scene.open_camera() as camera:
        for _ in range(100):
            scene.take_frames(camera, 1.0)
            scene.machine.unplug()
            scene.take_frames(camera, 1.0)
            scene.machine.plug()
        last = scene.take_frames(camera, 90.0)[-1]
    minutes = (scene.machine.now_s - 1000) / 60
    assert not last.notice and scene.reconnects == 100
    assert (
        len(scene.warnings()) <= 3 + minutes
        and sum("is back after" in line for line in caplog.messages) <= 3 + minutes
    )
    assert "is back now" in scene.warnings()[-1]


def test_message_about_a_missing_camera_lists_the_others_as_they_come(scene: Scene) -> None:
    with scene.open_camera(7, wait_at_start=True) as camera:
        assert "there are: /dev/video0" in str(next(camera).notice)
        scene.machine.add_node("video2", index=0)
        assert "there are: /dev/video0, /dev/video2" in str(scene.take_frames(camera, 60.0)[-1].notice)
    assert len(scene.warnings()) == 2


def test_passing_reason_is_not_reported(scene: Scene) -> None:
    with scene.open_camera() as camera:
        next(camera)
        scene.machine.unplug()
        scene.take_frames(camera, 5.0)
        # The device node appears before the camera can be opened.
        scene.machine.plug(opens=False)
        while scene.machine.opened.count("/dev/video0") + scene.machine.opened.count(BY_ID) < 2:
            assert "gone" in str(next(camera).notice)
        scene.machine.capture = scene.machine.make_capture()
        assert not scene.take_frames(camera, 3.0)[-1].notice
    assert len(scene.warnings()) == 1


def test_camera_that_takes_seconds_to_settle_is_not_opened_for_ever_anew(scene: Scene) -> None:
    opened_s = [0.0]

    class SlowStarter(V4l2Capture):
        def __init__(self) -> None:
            super().__init__(scene.machine.advance)
            opened_s[0] = scene.machine.now_s

        def read(self) -> "tuple[bool, Buffer | None]":
            self.fault = "frozen" if scene.machine.now_s - opened_s[0] < 3.5 else None
            return super().read()

    with scene.open_camera() as camera:
        next(camera)
        scene.machine.unplug()
        scene.take_frames(camera, 1.0)
        scene.machine.plug()
        scene.machine.make_capture = lambda **_: SlowStarter()  # type: ignore[method-assign]
        scene.machine.capture.release()
        assert not scene.take_frames(camera, 30.0)[-1].notice


@pytest.mark.parametrize("content", [b"", b"\0" * 99, b"\xff\xd8 cut off"])
def test_one_broken_picture_is_no_fault(scene: Scene, content: bytes) -> None:
    with scene.open_camera() as camera:
        frames = list(islice(camera, 40))
        whole = scene.machine.capture.read
        scene.machine.capture.read = lambda: (True, np.frombuffer(content, np.uint8))  # type: ignore[method-assign]
        frames += islice(camera, reconnecting.MAX_UNDECODABLE - 1)
        scene.machine.capture.read = whole  # type: ignore[method-assign]
        frames += islice(camera, 40)
    assert not any(frame.notice for frame in frames) and scene.warnings() == []


def test_picture_that_is_cut_to_a_third_is_a_good_one(scene: Scene) -> None:
    with scene.open_camera() as camera:
        scene.lose("cut")
        assert not any(frame.notice or not frame.grey.any() for frame in islice(camera, 50))


def test_camera_missing_at_the_start_is_refused(scene: Scene) -> None:
    scene.machine.unplug()
    with pytest.raises(CameraNotFound, match="no device there"), scene.open_camera():
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
    scene: Scene, fault: str, error: type[CameraError]
) -> None:
    with scene.open_camera() as camera, pytest.raises(error):
        scene.lose(fault)
        scene.take_frames(camera, 3.0)
    assert scene.warnings() == []


@pytest.mark.parametrize("fault", ["unplugged", "starved", "protocol", "frozen", "garbage"])
def test_camera_missing_at_the_start_is_waited_for_where_that_is_wanted(scene: Scene, fault: str) -> None:
    scene.lose(fault)
    with scene.open_camera(wait_at_start=True) as camera:
        if fault == "frozen":
            # As with every camera, the first frame may be late.
            with pytest.raises(CameraTimeout):
                next(camera)
        frames = scene.take_frames(camera, 10.0)
        assert frames[-1].notice and frames[-1].bgr.shape == (480, 640, 3)
        assert len(scene.warnings()) == 1
        if fault != "unplugged":
            scene.machine.unplug()
        scene.machine.plug()
        frames += scene.take_frames(camera, 3.0)
    assert not frames[-1].notice and scene.reconnects == 1
    assert_continuous(frames)


@pytest.mark.parametrize("device", ["/dev/video1", "/dev/null"])
def test_wrong_node_is_reported_and_waited_for_where_that_is_wanted(scene: Scene, device: str) -> None:
    scene.machine.add_node(device.rpartition("/")[2], index=1)
    scene.machine.capture = scene.machine.make_capture(opens=False)
    with scene.open_camera(device, wait_at_start=True) as camera:
        assert "gives no picture; there are: /dev/video0" in str(next(camera).notice)


def test_busy_camera_is_refused_at_the_start(scene: Scene) -> None:
    descriptors = scene.machine.root / "proc/4321/fd"
    descriptors.mkdir(parents=True)
    (descriptors / "7").symlink_to(scene.machine.root / "dev/video0")
    (descriptors.parent / "comm").write_text("motion\n")
    scene.machine.capture = scene.machine.make_capture(opens=False)
    with pytest.raises(CameraBusy, match="motion"), scene.open_camera():
        pass


def test_camera_that_breaks_while_it_is_set_up_is_released_and_tried_again(scene: Scene) -> None:
    with scene.open_camera() as camera:
        next(camera)
        scene.machine.unplug()
        next(camera)
        scene.machine.plug()
        broken = scene.machine.capture

        def raises(*_: object) -> bool:
            raise cv2.error("VIDIOC_S_FMT: No such device")

        broken.set = raises  # type: ignore[method-assign, assignment]
        scene.take_frames(camera, 2.0)
        assert broken.is_released
        scene.machine.capture = scene.machine.make_capture()
        assert not scene.take_frames(camera, 3.0)[-1].notice


def test_camera_that_is_left_while_away_holds_nothing(scene: Scene) -> None:
    with scene.open_camera() as camera:
        next(camera)
        scene.machine.unplug()
        next(camera)
    assert scene.machine.capture.is_released
    with pytest.raises(RuntimeError, match="enter it first"):
        next(camera)


def test_many_absences_leave_no_descriptor_and_count_each(scene: Scene) -> None:
    with scene.open_camera() as camera:
        descriptors = 0
        for cycle in range(40):
            next(camera)
            scene.machine.unplug()
            next(camera)
            scene.machine.plug()
            while next(camera).notice:
                pass
            if cycle == 10:
                descriptors = len(os.listdir("/proc/self/fd"))
    assert scene.reconnects == 40
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_frame_that_was_checked_is_not_decoded_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with scene.open_camera() as camera:
        frame = next(camera)
    # The first frame is always checked.
    monkeypatch.setattr(cv2, "imdecode", None)
    assert frame.grey.any()
