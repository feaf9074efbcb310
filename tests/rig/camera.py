"""The service and a USB camera that fails, under Debian's kernel, uvcvideo, udev and systemd (make test-rig, as root).

The tests are the chapters of one story on one virtual computer, in this order; -s shows the times, by its own clock.
"""

import os
from collections.abc import Iterator

import pytest

from edge.cameras.outages import MOST_TOLD, PERIOD_S
from tests.rig.pi import Entry, Pi

SUITE = os.environ.get("SUITE", "trixie")
# The promise is 2 s from when the kernel has the camera again.  That takes udev, the webcam and the service many steps,
# each some twenty times slower on a translated processor.
BACK_WITHIN_S = 6.0
STABLE = "/dev/v4l/by-id/usb-fer-edge_Test_webcam_A-video-index0"
SETTINGS = f'camera = "{STABLE}"\nwidth = 320\nheight = 240\nfps = 15\nlog_every_s = 1.0\n'
PROGRAM = "/opt/fer-edge/current/bin/fer-edge"
VIEWER = """
import urllib.request
stream = urllib.request.urlopen("http://127.0.0.1:8080/stream")
while part := stream.read1():
    open("/mnt/viewed", "ab").write(part)
"""


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a Debian and install the service in it")


@pytest.fixture(scope="module")
def pi() -> Iterator[Pi]:
    with Pi(SUITE, SETTINGS) as booted:
        yield booted


def now(pi: Pi) -> int:
    """How many entries the journal has."""
    return len(pi.journal())


def warnings(pi: Pi, since: int) -> list[str]:
    """What the service warned of."""
    return [entry.text for entry in pi.journal(since) if entry.by == "fer-edge" and "WARNING" in entry.text]


def wait_for_the_line_to_go_on(pi: Pi) -> None:
    """Frames are counted, and there is time to say a thing twice."""
    pi.wait_for("captured", now(pi), times=3)


def a_new_outage(pi: Pi) -> int:
    """How many entries the journal has, once it is told of an outage by itself: of a loose plug it hears in sums."""
    def is_rare() -> bool:
        *_, newest = entries = pi.journal()
        return sum("WARNING" in entry.text and newest.at_s - entry.at_s <= PERIOD_S for entry in entries) < MOST_TOLD
    pi.wait("a minute with few outages", is_rare)
    return now(pi)


def told_once(pi: Pi, since: int, reason: str) -> Entry:
    """What it says of a fault, while it goes on."""
    told = pi.wait_for(reason, since)
    wait_for_the_line_to_go_on(pi)
    assert [told.text] == warnings(pi, since)
    assert pi.run("systemctl is-active fer-edge") == "active\n"
    print(f"\n{told.text}")
    return told


def plug_in(pi: Pi, *part: str) -> Entry:
    """Plug the service's camera in, and see that it is used as soon as was promised."""
    since = now(pi)
    pi.webcam(" ".join(("plug A", *part)))
    plugged = pi.wait_for("plug A", since, "python3")
    known = pi.wait_for("Found UVC", since, "kernel")
    print(f"\nthe kernel has the camera {known.at_s - plugged.at_s:.2f} s after it was plugged in")
    return seen_again(pi, since, known)


def seen_again(pi: Pi, since: int, cause: Entry) -> Entry:
    back = pi.wait_for("is back after", since)
    print(f"back {back.at_s - cause.at_s:.2f} s after {cause.text!r}: {back.text}")
    assert back.at_s - cause.at_s < BACK_WITHIN_S
    wait_for_the_line_to_go_on(pi)
    assert warnings(pi, since) == []
    return back


def unplug(pi: Pi) -> None:
    since = a_new_outage(pi)
    pi.webcam("unplug A")
    told_once(pi, since, "no camera: expected a frame from " + STABLE)


def test_service_starts_at_boot_and_waits_for_its_camera(pi: Pi) -> None:
    told_once(pi, 0, f"no camera: expected a camera at {STABLE}, found no such device")
    print(pi.run("systemctl status --no-pager --full fer-edge"))


def test_camera_is_used_once_it_is_plugged_in_and_seen_by_a_viewer(pi: Pi) -> None:
    plug_in(pi)
    pi.wait_for("gives MJPG 320×240", 0)
    print(pi.run("ls -l /dev/v4l/by-id /dev/video*; systemctl show --property=StatusText fer-edge"))
    (pi.out / "viewer.py").write_text(VIEWER)
    pi.run("systemd-run --quiet --unit=viewer python3 /mnt/viewer.py")
    pi.wait("the stream", lambda: (pi.out / "viewed").exists())


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


def test_unplugged_camera_is_told_once_and_taken_again(pi: Pi) -> None:
    unplug(pi)
    plug_in(pi)
