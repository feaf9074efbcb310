"""The service on a real systemd, from its installation to its removal (make test-service).

This needs root and takes minutes.  The tests depend on each other: they use one machine, in this order.  With
-s pytest prints what happens on it.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.demo import DemoCamera
from tests import onnx_files
from tests.machine import CAMERAS, Machine

SUITE = os.environ.get("SUITE", "trixie")
STOP_WITHIN_S = 2.0
# Shorter than the unit's, so that the test is short.
WATCHDOG_S = 5
PROGRAM = "/opt/fer-edge/current/bin/python"
# Lists everything that the program leaves on the machine, except the journal; and the answer for nothing.
LEFT = (
    "find / -xdev -path /proc -prune -o -path /srv -prune -o -path /sys -prune -o -path /var/log -prune -o "
    "-name '*fer*edge*' -print; getent passwd fer-edge"
)
NOTHING_LEFT = "exit code 2\n"
# In place of apt's python3-picamera2: the system's Python imports it without the packages of the environment.
# Its camera delivers 30 pictures a second.
PICAMERA2 = """
import time

def __getattr__(name):
    if name != "Picamera2":
        raise AttributeError(name)
    from picamera2.standins import Picamera2

    class Paced(Picamera2):
        def wait(self, job, timeout):
            time.sleep(1 / 30)
            return super().wait(job, timeout)
    return Paced
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with Machine(SUITE) as booted:
        yield booted


def write_clip(path: Path) -> None:
    """Two seconds without a face, then ten with one."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 480))
    for _ in range(60):
        writer.write(np.full((480, 640, 3), 96, np.uint8))
    with DemoCamera(640, 480, 30, sleep=lambda _: None) as camera:
        for _ in range(300):
            writer.write(next(camera).bgr)
    writer.release()


def configure(machine: Machine, *lines: str) -> None:
    text = "\n".join(lines)
    machine.run(f"cat > /etc/fer-edge/config.toml <<'END'\n{text}\nEND")


def start(machine: Machine) -> None:
    machine.run(
        "systemctl reset-failed fer-edge; systemctl start fer-edge; systemctl status --no-pager fer-edge"
    )


def wait_for_restarts(machine: Machine, count: int) -> float:
    return machine.wait(
        "the restart",
        lambda: machine.show("NRestarts") == str(count) and machine.show("SubState") == "running",
    )


def drop_in(machine: Machine, *lines: str) -> None:
    """Change the unit by `lines`, or back to what it was."""
    text = "\n".join(["[Service]", *lines])
    machine.run(
        "mkdir -p /etc/systemd/system/fer-edge.service.d && "
        f"cat > /etc/systemd/system/fer-edge.service.d/test.conf <<'END'\n{text}\nEND\n"
        "systemctl daemon-reload"
    )


def get(machine: Machine, path: str) -> str:
    return machine.run(
        f"{PROGRAM} -c 'import urllib.request as r; "
        f'print(r.urlopen("http://127.0.0.1:8080{path}").read().decode())\''
    )


def test_machine_is_checked_first(machine: Machine) -> None:
    assert machine.run("/srv/fer-edge/systemd/install.sh --check") == "this machine is ready\n"
    machine.run("mv /usr/lib/python3.*/ensurepip /root/ && groupmod -n away render")
    said = machine.run("/srv/fer-edge/systemd/install.sh")
    assert "sudo apt install python3-venv" in said and "the group render" in said and "exit code 1" in said
    assert "No such file" in machine.run("ls /opt/fer-edge")
    machine.run("mv /root/ensurepip /usr/lib/python3.*/ && groupmod -n render away")


def test_csi_camera_without_picamera2_is_refused_and_leaves_nothing(machine: Machine) -> None:
    said = machine.run("/srv/fer-edge/systemd/install.sh --csi")
    assert said.splitlines()[1:] == [
        "  - picamera2, which only Raspberry Pi OS has: sudo apt install python3-picamera2",
        "exit code 1",
    ]
    assert machine.run(LEFT) == NOTHING_LEFT


def test_installs_and_enables_but_does_not_start(machine: Machine) -> None:
    said = machine.run("/srv/fer-edge/systemd/install.sh")
    assert "exit code" not in said and "installed" in said
    assert machine.run("systemctl is-enabled fer-edge") == "enabled\n"
    assert machine.show("ActiveState") == "inactive"


def test_is_ready_with_the_first_result_and_logs_its_speed(machine: Machine) -> None:
    configure(machine, 'camera = "demo"', "log_every_s = 1.0")
    start(machine)
    assert (machine.show("ActiveState"), machine.show("SubState")) == ("active", "running")
    machine.wait("the FPS in the status", lambda: "1 face" in machine.show("StatusText"))
    machine.wait("the FPS in the log", lambda: "FPS" in machine.run("journalctl -u fer-edge", quiet=True))
    print(machine.show("StatusText"))
    assert '"label"' in get(machine, "/state")
    machine.run("systemctl status --no-pager fer-edge; journalctl --no-pager -u fer-edge | tail -n 5")


def test_reload_takes_new_settings_into_the_same_process(machine: Machine) -> None:
    pid = machine.show("MainPID")
    configure(machine, 'camera = "demo"', "log_every_s = 2.0")
    assert machine.run("systemctl reload fer-edge") == ""
    machine.wait("the journal", lambda: "log_every_s" in machine.run("journalctl -u fer-edge", quiet=True))
    machine.run("journalctl --no-pager -u fer-edge | grep log_every_s")
    assert machine.show("MainPID") == pid


def test_sandbox_allows_cameras_and_little_else(machine: Machine) -> None:
    machine.run("ps -o user,group,supgrp:30,nlwp,rss,args -p $(systemctl show --value -p MainPID fer-edge)")
    inside = "nsenter -t $(systemctl show --value -p MainPID fer-edge) -m"
    assert "Read-only" in machine.run(f"{inside} touch /usr/local/x")
    assert machine.run(f"{inside} ls /home /root").count("\n") <= 3
    assert "0000000000000000" in machine.run(
        "grep CapBnd /proc/$(systemctl show --value -p MainPID fer-edge)/status"
    )
    machine.run("systemd-analyze security --no-pager fer-edge | tail -n 1")


def test_stops_at_once(machine: Machine) -> None:
    began_s = time.monotonic()
    machine.run("systemctl stop fer-edge")
    took_s = time.monotonic() - began_s
    print(f"stopped in {took_s:.2f} s")
    assert took_s < STOP_WITHIN_S
    assert (machine.show("Result"), machine.show("ExecMainStatus")) == ("success", "0")


def test_is_restarted_after_a_kill(machine: Machine) -> None:
    start(machine)
    killed = machine.show("MainPID")
    machine.run(f"kill -9 {killed}")
    took_s = wait_for_restarts(machine, 1)
    print(f"runs again after {took_s:.1f} s")
    assert machine.show("MainPID") != killed


def test_watchdog_restarts_a_stopped_process(machine: Machine) -> None:
    machine.run("systemctl stop fer-edge")
    drop_in(machine, f"WatchdogSec={WATCHDOG_S}")
    start(machine)
    machine.run("kill -STOP $(systemctl show --value --property=MainPID fer-edge)")
    took_s = wait_for_restarts(machine, 1)
    print(f"runs again {took_s:.1f} s after it stood still")
    assert "Watchdog timeout" in machine.run(
        "journalctl --no-pager -u fer-edge | grep -i watchdog | tail -n 3"
    )


def test_watchdog_restarts_a_hanging_inference_and_the_journal_shows_where(machine: Machine) -> None:
    machine.run("systemctl stop fer-edge")
    write_clip(machine.shared / "face_comes.avi")
    onnx_files.write_hanging(machine.shared / "hangs.onnx")
    configure(
        machine,
        'camera = "/srv/shared/face_comes.avi"',
        'model = "/srv/shared/hangs.onnx"',
        'listen = "127.0.0.1:8080"',
        'detector = "haar"',
    )
    start(machine)
    ready_pid = machine.show("MainPID")
    took_s = machine.wait("the watchdog", lambda: machine.show("NRestarts") == "1")
    print(f"to be restarted {took_s:.1f} s after it was ready")
    said = machine.run(
        f"journalctl --no-pager -o cat _PID={ready_pid} | grep -E 'Fatal Python|classif|_infer'"
    )
    assert "Fatal Python error: Aborted" in said and "in classify" in said
    assert "Watchdog timeout" in machine.run(
        "journalctl --no-pager -u fer-edge | grep -i watchdog | tail -n 3"
    )
    drop_in(machine)


def test_config_error_is_logged_and_not_tried_again(machine: Machine) -> None:
    machine.run("systemctl stop fer-edge")
    configure(machine, 'camera = "demo"', "min_face = 48")
    start(machine)
    assert machine.show("ExecMainStatus") == "78" and machine.show("ActiveState") == "failed"
    assert "line 2" in machine.run("journalctl --no-pager -u fer-edge | grep min_face | tail -n 1")
    # Twice the time that systemd would wait before it tries again.
    time.sleep(4)
    assert (machine.show("NRestarts"), machine.show("ActiveState")) == ("0", "failed")


def test_devices_of_cameras_and_displays_are_allowed_and_others_are_not(machine: Machine) -> None:
    machine.run(
        "mkdir -p /dev/input && mknod -m 660 /dev/input/event99 c 13 99 && chgrp input /dev/input/event99; "
        "mknod -m 666 /dev/other c 10 200"
    )
    probe = (
        "import os\nfor node in ('/dev/input/event99', '/dev/other', '/dev/null'):\n"
        "    try: print(node, 'opens', os.close(os.open(node, os.O_RDONLY)))\n"
        "    except OSError as error: print(node, error.strerror)"
    )
    machine.run(f"cat > /usr/local/probe.py <<'END'\n{probe}\nEND")
    drop_in(machine, f"ExecStartPre={PROGRAM} /usr/local/probe.py")
    configure(machine, 'camera = "demo"')
    start(machine)
    machine.wait("the journal", lambda: "/dev/null" in machine.run("journalctl -o cat -t python", quiet=True))
    said = machine.run("journalctl --no-pager -o cat -t python | tail -n 3")
    # No such device stands behind the node: the kernel says so only to those whom it lets through.
    assert "/dev/input/event99 No such device" in said
    assert "/dev/other Operation not permitted" in said and "/dev/null opens" in said
    drop_in(machine)


@pytest.mark.skipif(not CAMERAS, reason="this machine has no /dev/video*")
def test_usb_camera_is_seen_through_the_sandbox(machine: Machine) -> None:
    configure(machine, f'camera = "{CAMERAS[0]}"')
    machine.run("systemctl restart fer-edge")
    machine.wait("the FPS in the status", lambda: "FPS" in machine.show("StatusText"))


def test_missing_camera_is_waited_for(machine: Machine) -> None:
    configure(machine, 'camera = "/dev/video42"')
    machine.run("systemctl restart fer-edge")
    assert machine.show("ActiveState") == "active" and "/dev/video42" in machine.show("StatusText")
    machine.run(
        "systemctl status --no-pager fer-edge | grep Status; journalctl --no-pager -u fer-edge | tail -n 2"
    )
    began_s = time.monotonic()
    machine.run("systemctl stop fer-edge")
    assert time.monotonic() - began_s < STOP_WITHIN_S
    configure(machine, 'camera = "demo"')
    start(machine)


def test_failed_upgrade_keeps_the_running_version(machine: Machine) -> None:
    before = machine.run("readlink /opt/fer-edge/current")
    said = machine.run("PIP_FIND_LINKS=/nowhere /srv/fer-edge/systemd/install.sh 2>&1 | tail -n 2")
    assert "could not be installed" in said
    assert machine.run("readlink /opt/fer-edge/current") == before
    assert machine.run("ls -d /opt/fer-edge/release-*") == f"/opt/fer-edge/{before}"
    assert machine.show("SubState") == "running"


def test_installing_again_upgrades_and_keeps_the_settings(machine: Machine) -> None:
    before, pid = machine.run("readlink /opt/fer-edge/current"), machine.show("MainPID")
    machine.run("echo '# mine' >> /etc/fer-edge/config.toml")
    assert "installed" in machine.run("/srv/fer-edge/systemd/install.sh")
    after = machine.run("readlink /opt/fer-edge/current")
    assert after != before and machine.run("ls -d /opt/fer-edge/release-*") == f"/opt/fer-edge/{after}"
    assert machine.show("SubState") == "running" and machine.show("MainPID") != pid
    assert "# mine" in machine.run("cat /etc/fer-edge/config.toml")


def test_csi_camera_is_used_through_the_systems_picamera2(machine: Machine) -> None:
    (machine.shared / "picamera2.py").write_text(PICAMERA2)
    machine.run(
        "cd /usr/lib/python3/dist-packages && mkdir picamera2 && cp /srv/shared/picamera2.py "
        "picamera2/__init__.py && cp /srv/fer-edge/tests/cameras/standins.py picamera2"
    )
    assert "installed" in machine.run("/srv/fer-edge/systemd/install.sh --csi")
    said = machine.run(
        f"{PROGRAM} -c 'import picamera2, numpy, simplejpeg; "
        "print(picamera2.__file__, numpy.__file__, simplejpeg.__file__)'"
    )
    assert said.startswith("/usr/lib/python3/dist-packages/") and said.count(" /opt/fer-edge/") == 2
    configure(machine, 'camera = "picamera2"', "log_every_s = 1.0")
    machine.run("systemctl restart fer-edge")
    machine.wait(
        "the FPS in the log",
        lambda: (
            "captured"
            in machine.run(
                "journalctl -u fer-edge _PID=$(systemctl show --value -p MainPID fer-edge)", quiet=True
            )
        ),
    )
    assert "picamera2:0 gives YUV420 640×480" in machine.run("journalctl --no-pager -u fer-edge | tail -n 8")
    said = machine.run(f"{PROGRAM} -m edge.doctor --config /etc/fer-edge/config.toml")
    assert re.search(r"^csi +ok +picamera2:0 \(imx708\)$", said, re.MULTILINE)


def test_upgrade_keeps_the_choice_of_a_csi_camera(machine: Machine) -> None:
    assert "installed" in machine.run("/srv/fer-edge/systemd/install.sh")
    assert machine.run(f"{PROGRAM} -c 'import picamera2'") == ""


def test_uninstalling_leaves_nothing_but_the_settings(machine: Machine) -> None:
    said = machine.run("/opt/fer-edge/uninstall.sh")
    assert said == "kept: /etc/fer-edge\n"
    assert machine.run(LEFT) == f"/etc/fer-edge\n{NOTHING_LEFT}"
    assert "could not be found" in machine.run("systemctl status fer-edge")


def test_recordings_stay_after_uninstalling_unless_all_is_given(machine: Machine) -> None:
    machine.run("/srv/fer-edge/systemd/install.sh")
    configure(machine, 'camera = "demo"', 'events = "out.csv"')
    start(machine)
    machine.run("systemctl stop fer-edge")
    assert (
        machine.run("/srv/fer-edge/systemd/uninstall.sh") == "kept: /var/lib/fer-edge\nkept: /etc/fer-edge\n"
    )
    assert "root" in machine.run("ls -l /var/lib/fer-edge/out.csv")
    assert machine.run(
        "/srv/fer-edge/systemd/uninstall.sh --all; ls -d /etc/fer-edge /var/lib/fer-edge 2>&1 | wc -l"
    ).endswith("2\n")
