"""The service and a USB camera that fails, under Debian's kernel, uvcvideo, udev and systemd (make test-rig, as root).

The tests are the chapters of one story on one virtual computer, in this order; -s shows the times, by its own clock.
"""

import os
from collections.abc import Iterator

import pytest

from tests.rig.pi import Pi
from tests.rig.watched import Watched

SUITE = os.environ.get("SUITE", "trixie")
BY_ID = "/dev/v4l/by-id/usb-fer-edge_Test_webcam_{}-video-index0"
STABLE = BY_ID.format("A")
SETTINGS = f'camera = "{STABLE}"\nwidth = 320\nheight = 240\nfps = 15\nlog_every_s = 1.0\n'
PROGRAM = "/opt/fer-edge/current/bin/fer-edge"
GONE = f"no camera: expected a frame from {STABLE}, found the camera gone"
FROZEN = f"no camera: expected a frame from {STABLE} within 1 s, found none"
# Takes the first camera that there is, before udev has a name for it.
HOLDER = """
import os, time, cv2
print("lies in wait", flush=True)
while not os.path.exists("/dev/video0"):
    time.sleep(0.01)
camera = cv2.VideoCapture(0, cv2.CAP_V4L2)
while camera.read()[0]:
    pass
"""


pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can make a Debian and install the service in it"
)


@pytest.fixture(scope="module")
def pi() -> Iterator[Pi]:
    with Pi(SUITE, SETTINGS) as booted:
        yield booted


@pytest.fixture(scope="module")
def service(pi: Pi) -> Watched:
    return Watched(pi)


def held_cameras(pi: Pi) -> str:
    """The nodes that the service has open."""
    return pi.run(
        "find /proc/$(systemctl show --value --property=MainPID fer-edge)/fd -lname '/dev/video*' "
        "-printf '%l\\n'"
    )


def plug_in_another(pi: Pi, service: Watched) -> None:
    """Plug the webcam B in, which gets the number of A."""
    pi.webcam("plug B")
    pi.wait("the webcam B", lambda: pi.run(f"readlink -f {BY_ID.format('B')}") == "/dev/video0\n")
    service.goes_on()


def test_service_starts_at_boot_and_waits_for_its_camera(pi: Pi, service: Watched) -> None:
    service.shows(service.told_once(0, f"no camera: expected a camera at {STABLE}, found no such device"))
    print(pi.run("systemctl status --no-pager --full fer-edge"))


def test_camera_is_used_once_it_is_plugged_in(pi: Pi, service: Watched) -> None:
    service.is_plugged_in()
    pi.wait_for("gives MJPG 320×240", 0)
    print(pi.run("ls -l /dev/v4l/by-id /dev/video*; systemctl show --property=StatusText fer-edge"))


def test_second_node_of_the_camera_is_told_to_give_no_picture(pi: Pi) -> None:
    said = pi.run(f"{PROGRAM} --camera /dev/video1 --no-stream")
    print(said)
    assert said.splitlines()[-1] == "exit 69" and "/dev/video1, found a device that gives no picture" in said
    assert f"/dev/video0 ({STABLE})" in said and "Traceback" not in said


def test_camera_that_is_in_use_is_told_to_be_busy(pi: Pi) -> None:
    pid = pi.run("systemctl show --value --property=MainPID fer-edge").strip()
    said = pi.run(f"{PROGRAM} --camera 0 --no-stream")
    print(said)
    assert said.splitlines()[-1] == "exit 69" and f"held by process {pid} (fer-edge)" in said


def test_unplugged_camera_is_told_once_and_taken_again(service: Watched) -> None:
    service.fails("unplug A", GONE)
    service.is_plugged_in()


def test_camera_is_found_by_its_stable_name_where_another_has_its_number(pi: Pi, service: Watched) -> None:
    service.fails("unplug A", GONE)
    since = pi.now()
    plug_in_another(pi, service)
    service.is_plugged_in()
    assert held_cameras(pi) == "/dev/video2\n"
    pi.webcam("unplug B")
    service.goes_on()
    assert service.warnings(since) == []


def test_frozen_camera_is_told_once_and_thaws(service: Watched) -> None:
    service.fails("freeze", FROZEN)
    service.is_mended("thaw")


def test_noise_in_the_place_of_pictures_is_told_once(service: Watched) -> None:
    service.fails(
        "garble 100000", f"no camera: expected pictures from {STABLE}, found several in a row that cannot"
    )
    service.is_mended("garble 0")


def test_pictures_that_are_cut_are_shown_as_they_are_and_have_no_face(pi: Pi, service: Watched) -> None:
    since = pi.now()
    pi.webcam("cut 100000")
    pi.wait_for("faces 0", since)
    service.viewer.looks_on()
    # The lower half is of one colour, such as libjpeg gives to what is missing.
    assert service.viewer.newest()[160:].std() < 2
    pi.webcam("cut 0")
    pi.wait_for("faces 1", pi.now())
    assert service.warnings(since) == []
    complaints = [entry.text for entry in pi.journal(since) if "JPEG" in entry.text]
    print(f"{len(complaints)} complaints of libjpeg in the journal", *set(complaints), sep="\n")
    # Its systemd cannot leave them out.
    assert not complaints or SUITE == "bookworm"


def test_fault_of_the_bus_is_told_once_and_the_camera_opened_anew(pi: Pi, service: Watched) -> None:
    since = service.a_new_outage()
    pi.webcam("fault")
    service.told_once(since, f"no camera: expected a frame from {STABLE}, found a camera that gives none")
    service.is_back(since, pi.wait_for("Non-zero status (-71)", since, "kernel"))


def test_camera_of_another_size_goes_on_with_that(pi: Pi, service: Watched) -> None:
    service.fails("unplug A", GONE)
    since = pi.now()
    assert "with 640×480" in service.is_plugged_in("640x480").text
    pi.wait_for("gives MJPG 640×480 at 15 FPS (asked for MJPG 320×240 at 15)", since)
    service.viewer.looks_on()
    assert service.viewer.newest().shape == (480, 640, 3)


def test_camera_without_jpeg_gives_yuyv(pi: Pi, service: Watched) -> None:
    service.fails("unplug A", GONE)
    since = pi.now()
    service.is_plugged_in("yuyv")
    pi.wait_for("gives YUYV 320×240 at 15 FPS (asked for MJPG 320×240 at 15)", since)
    pi.wait_for("faces 1", since)


def test_camera_that_another_user_took_is_told_to_be_busy_until_that_ends(pi: Pi, service: Watched) -> None:
    service.fails("unplug A", GONE)
    since = pi.now()
    (pi.out / "holder.py").write_text(HOLDER)
    pi.run("systemd-run --quiet --unit=holder /opt/fer-edge/current/bin/python /mnt/holder.py")
    pi.wait_for("lies in wait", since, "python")
    pi.webcam("plug A")
    service.shows(
        service.told_once(
            since, f"no camera: expected {STABLE} to be free, found it held by another user's process"
        )
    )
    since = pi.now()
    pi.run("systemctl stop holder")
    service.is_back(since, pi.wait_for("Stopped holder", since, "systemd"))
    assert service.warnings(since) == []


def test_viewer_is_the_same_all_along(pi: Pi, service: Watched) -> None:
    service.viewer.looks_on()
    assert pi.run("systemctl show --property=SubState,NRestarts viewer") == "NRestarts=0\nSubState=running\n"
    started = [entry for entry in pi.journal() if entry.text.startswith("Started fer-edge.service")]
    print(f"\n{(pi.journal()[-1].at_s - started[0].at_s):.0f} s on one process, one stream")
    assert len(started) == 1


def test_service_with_a_frozen_camera_is_stopped(pi: Pi, service: Watched) -> None:
    service.fails("freeze", FROZEN)
    since = pi.now()
    pi.run("systemctl stop fer-edge")
    stopping, stopped = (
        pi.wait_for(f"{word} fer-edge", since, "systemd") for word in ("Stopping", "Stopped")
    )
    print(f"\nstopped in {stopped.at_s - stopping.at_s:.2f} s")
    # What outlasts the unit's patience is killed, and the result is a timeout.
    assert (
        pi.run("systemctl show --property=Result,ExecMainStatus fer-edge")
        == "Result=success\nExecMainStatus=0\n"
    )


def test_camera_that_is_named_by_its_number_is_found_under_another(pi: Pi) -> None:
    pi.webcam("thaw")
    pi.run(f"sed --in-place 's|{STABLE}|0|' /etc/fer-edge/config.toml && systemctl start fer-edge")
    service = Watched(pi)
    service.goes_on()
    service.fails("unplug A", "no camera: expected a frame from /dev/video0, found the camera gone")
    since = pi.now()
    plug_in_another(pi, service)
    assert "/dev/video2 is back" in service.is_plugged_in().text
    assert held_cameras(pi) == "/dev/video2\n" and service.warnings(since) == []
