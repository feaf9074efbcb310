"""The service and a faulty USB camera, under Debian's kernel, udev and systemd (make test-rig, as root).

The tests build on each other: they run in this order on one virtual computer.  -s shows the times, by its
clock.
"""

import os
from collections.abc import Iterator

import pytest

from tests.rig.pi import Pi
from tests.rig.service import Service

SUITE = os.environ.get("SUITE", "trixie")
BY_ID = "/dev/v4l/by-id/usb-fer-edge_Test_webcam_{}-video-index0"
STABLE = BY_ID.format("A")
SETTINGS = f'camera = "{STABLE}"\nwidth = 320\nheight = 240\nfps = 15\nlog_every_s = 1.0\n'
PROGRAM = "/opt/fer-edge/current/bin/fer-edge"
GONE = f"no camera: expected a frame from {STABLE}, found the camera gone"
FROZEN = f"no camera: expected a frame from {STABLE} within 1 s, found none"
# Opens the camera as soon as its device node appears, before the service can.
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
def service(pi: Pi) -> Service:
    return Service(pi)


def list_open_cameras(pi: Pi) -> str:
    """The device nodes that the service has open."""
    return pi.run(
        "find /proc/$(systemctl show --value --property=MainPID fer-edge)/fd -lname '/dev/video*' "
        "-printf '%l\\n'"
    )


def plug_in_another(pi: Pi, service: Service) -> None:
    """Plug in the webcam B, which gets the number that A had."""
    pi.command_webcam("plug B")
    pi.wait("the webcam B", lambda: pi.run(f"readlink -f {BY_ID.format('B')}") == "/dev/video0\n")
    service.wait_for_frames()


def test_service_starts_at_boot_and_waits_for_its_camera(pi: Pi, service: Service) -> None:
    service.expect_on_the_stream(
        service.expect_one_warning(0, f"no camera: expected a camera at {STABLE}, found no device there")
    )
    print(pi.run("systemctl status --no-pager --full fer-edge"))


def test_camera_is_used_once_it_is_plugged_in(pi: Pi, service: Service) -> None:
    service.plug_in()
    pi.wait_for("gives MJPG 320×240", 0)
    print(pi.run("ls -l /dev/v4l/by-id /dev/video*; systemctl show --property=StatusText fer-edge"))


def test_metadata_node_of_the_camera_is_refused(pi: Pi) -> None:
    output = pi.run(f"{PROGRAM} --camera /dev/video1 --no-stream")
    print(output)
    assert (
        output.splitlines()[-1] == "exit 69" and "/dev/video1, found a device that gives no picture" in output
    )
    assert f"/dev/video0 ({STABLE})" in output and "Traceback" not in output


def test_camera_in_use_is_reported_as_busy(pi: Pi) -> None:
    pid = pi.run("systemctl show --value --property=MainPID fer-edge").strip()
    output = pi.run(f"{PROGRAM} --camera 0 --no-stream")
    print(output)
    assert output.splitlines()[-1] == "exit 69" and f"held by process {pid} (fer-edge)" in output


def test_unplugged_camera_is_logged_once_and_used_again(service: Service) -> None:
    service.cause_outage("unplug A", GONE)
    service.plug_in()


def test_camera_is_found_by_its_stable_name_where_another_has_its_number(pi: Pi, service: Service) -> None:
    service.cause_outage("unplug A", GONE)
    since = pi.count_entries()
    plug_in_another(pi, service)
    service.plug_in()
    assert list_open_cameras(pi) == "/dev/video2\n"
    pi.command_webcam("unplug B")
    service.wait_for_frames()
    assert service.list_warnings(since) == []


def test_frozen_camera_is_logged_once_and_thaws(service: Service) -> None:
    service.cause_outage("freeze", FROZEN)
    service.end_fault("thaw")


def test_noise_in_place_of_pictures_is_logged_once(service: Service) -> None:
    service.cause_outage(
        "garble 100000", f"no camera: expected pictures from {STABLE}, found several in a row that cannot"
    )
    service.end_fault("garble 0")


def test_cut_pictures_are_shown_as_they_are_and_have_no_face(pi: Pi, service: Service) -> None:
    since = pi.count_entries()
    pi.command_webcam("cut 100000")
    pi.wait_for("faces 0", since)
    service.viewer.wait_for_picture()
    # The lower half has a single colour: libjpeg fills in what is missing.
    assert service.viewer.read_newest_picture()[160:].std() < 2
    pi.command_webcam("cut 0")
    pi.wait_for("faces 1", pi.count_entries())
    assert service.list_warnings(since) == []
    complaints = [entry.text for entry in pi.read_journal(since) if "JPEG" in entry.text]
    print(f"{len(complaints)} complaints of libjpeg in the journal", *set(complaints), sep="\n")
    # The systemd of Debian 12 cannot filter them.
    assert not complaints or SUITE == "bookworm"


def test_fault_of_the_bus_costs_frames_and_not_the_camera(pi: Pi, service: Service) -> None:
    """The driver marks the buffers of that moment as damaged; nobody opens the camera again."""
    since = pi.count_entries()
    pi.command_webcam("fault")
    pi.wait_for("Non-zero status (-71)", since, "kernel")
    service.wait_for_frames()
    service.viewer.wait_for_picture()
    assert service.list_warnings(since) == []


def test_camera_of_another_size_is_used_in_that_size(pi: Pi, service: Service) -> None:
    service.cause_outage("unplug A", GONE)
    since = pi.count_entries()
    assert "with 640×480" in service.plug_in("640x480").text
    pi.wait_for("gives MJPG 640×480 at 15 FPS (asked for MJPG 320×240 at 15)", since)
    service.viewer.wait_for_picture()
    assert service.viewer.read_newest_picture().shape == (480, 640, 3)


def test_camera_without_jpeg_gives_yuyv(pi: Pi, service: Service) -> None:
    service.cause_outage("unplug A", GONE)
    since = pi.count_entries()
    service.plug_in("yuyv")
    pi.wait_for("gives YUYV 320×240 at 15 FPS (asked for MJPG 320×240 at 15)", since)
    pi.wait_for("faces 1", since)


def test_camera_that_another_user_holds_is_reported_as_busy_until_it_is_free(
    pi: Pi, service: Service
) -> None:
    service.cause_outage("unplug A", GONE)
    since = pi.count_entries()
    (pi.out / "holder.py").write_text(HOLDER)
    pi.run("systemd-run --quiet --unit=holder /opt/fer-edge/current/bin/python /mnt/holder.py")
    pi.wait_for("lies in wait", since, "python")
    pi.command_webcam("plug A")
    service.expect_on_the_stream(
        service.expect_one_warning(
            since, f"no camera: expected {STABLE} to be free, found it held by another user's process"
        )
    )
    since = pi.count_entries()
    pi.run("systemctl stop holder")
    service.expect_return(since, pi.wait_for("Stopped holder", since, "systemd"))
    assert service.list_warnings(since) == []


def test_viewer_stays_connected_all_along(pi: Pi, service: Service) -> None:
    service.viewer.wait_for_picture()
    assert pi.run("systemctl show --property=SubState,NRestarts viewer") == "NRestarts=0\nSubState=running\n"
    started = [entry for entry in pi.read_journal() if entry.text.startswith("Started fer-edge.service")]
    print(f"\n{(pi.read_journal()[-1].at_s - started[0].at_s):.0f} s on one process, one stream")
    assert len(started) == 1


def test_service_with_a_frozen_camera_is_stopped(pi: Pi, service: Service) -> None:
    service.cause_outage("freeze", FROZEN)
    since = pi.count_entries()
    pi.run("systemctl stop fer-edge")
    stopping, stopped = (
        pi.wait_for(f"{word} fer-edge", since, "systemd") for word in ("Stopping", "Stopped")
    )
    print(f"\nstopped in {stopped.at_s - stopping.at_s:.2f} s")
    # systemd kills a service that takes too long to stop, and the result is a timeout.
    assert (
        pi.run("systemctl show --property=Result,ExecMainStatus fer-edge")
        == "Result=success\nExecMainStatus=0\n"
    )


def test_camera_named_by_its_number_is_found_under_another(pi: Pi) -> None:
    pi.command_webcam("thaw")
    pi.run(f"sed --in-place 's|{STABLE}|0|' /etc/fer-edge/config.toml && systemctl start fer-edge")
    service = Service(pi)
    service.wait_for_frames()
    service.cause_outage("unplug A", "no camera: expected a frame from /dev/video0, found the camera gone")
    since = pi.count_entries()
    plug_in_another(pi, service)
    assert "/dev/video2 is back" in service.plug_in().text
    assert list_open_cameras(pi) == "/dev/video2\n" and service.list_warnings(since) == []
