"""The doctor on this machine, and on three that are broken."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import doctor
from edge.checks.check_result import CheckResult, CheckState, ok, problem, warning
from edge.checks.machine import CommandResult
from tests.checks.machines import add_listener, add_process, make_files, make_machine, plug_camera, write_file

TIMEOUT_S = 60


def select_lines(findings: list[CheckResult], state: CheckState) -> list[str]:
    return [f"{finding.check}: {finding.found}" for finding in findings if finding.state is state]


def list_remedies(findings: list[CheckResult]) -> list[str]:
    return [f"{finding.check}: {finding.remedy}" for finding in doctor.order_remedies(findings)]


def test_healthy_machine_gives_no_problem(tmp_path: Path) -> None:
    plug_camera(make_files(tmp_path))
    findings, _ = doctor.examine(make_machine(tmp_path))
    assert select_lines(findings, CheckState.PROBLEM) == []
    assert "Debian GNU/Linux 13 (trixie), aarch64, 64 bit, Raspberry Pi 5" in doctor.format_text(
        findings, has_colours=False
    )


def test_pi_4_with_under_voltage_and_a_library_that_crashes_on_it(tmp_path: Path) -> None:
    plug_camera(make_files(tmp_path, "Raspberry Pi 4 Model B Rev 1.4"))
    write_file(tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    show = (
        "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nUnitFileState=enabled\nResult=signal\n"
        "ExecMainStatus=4\nNRestarts=31\nStatusText=\n"
    )
    journal = (
        "2026-11-25 10:00:00,123 INFO captured 30 FPS\n"
        "fer-edge: expected /dev/video0 to be free, found none\n"
        "2026-11-25 10:00:01,123 WARNING the token travels unencrypted\n"
    )
    findings, _ = doctor.examine(
        make_machine(
            tmp_path,
            versions={"onnxruntime": "1.21.0"},
            groups=frozenset(("users",)),
            answers={
                "import edge": CommandResult(-4, "numpy\ncv2\nonnxruntime\n", ""),
                "edge.checks.trial": CommandResult(-4, "", ""),
                "systemctl": CommandResult(0, show, ""),
                "journalctl": CommandResult(0, journal, ""),
            },
        )
    )
    assert select_lines(findings, CheckState.PROBLEM) == [
        "power: under-voltage now",
        "libraries: onnxruntime 1.21.0 dies with SIGILL on a Raspberry Pi 4",
        "libraries: the import of onnxruntime dies of SIGILL",
        "groups: this user is not in the group video, which may open the camera",
        "model: the trial dies of SIGILL",
        "service: activating (auto-restart), result signal, exit code 4, restarted 31 times",
    ]
    assert list_remedies(findings)[:2] == [
        "power: use the Pi's own power supply (5 V, 3 A; 5 A for a Pi 5), and a hub with its own for the "
        "camera",
        "libraries: pip install 'onnxruntime>=1.22'",
    ]
    assert "service: its journal: WARNING the token travels unencrypted" in select_lines(
        findings, CheckState.WARNING
    )
    assert "service: its journal: fer-edge: expected /dev/video0 to be free, found none" in select_lines(
        findings, CheckState.WARNING
    )


def test_pi_5_whose_camera_and_port_are_in_use(tmp_path: Path) -> None:
    node = plug_camera(make_files(tmp_path))
    plug_camera(tmp_path, "video2", "usb-Sonix_Camera_SN0001-video-index0")
    add_process(tmp_path, 812, "motion", "/usr/bin/motion", node)
    add_process(tmp_path, 913, "nginx", "nginx: worker", "socket:[4711]")
    add_listener(tmp_path, 8080, 4711)
    write_file(
        tmp_path / "config.toml",
        f'listen = "0.0.0.0:8080"\nmqtt = "mqtt://broker.lan"\ntoken_file = "{tmp_path}/none"\n',
    )
    findings, _ = doctor.examine(
        make_machine(tmp_path, arguments=["--config", str(tmp_path / "config.toml")])
    )
    assert select_lines(findings, CheckState.PROBLEM) == [
        "camera: /dev/video0 is held by process 812 (motion)",
        "port: port 8080 is in use by process 913 (nginx)",
        f"access: expected the token in {tmp_path}/none, found: No such file or directory",
        "mqtt: no broker answers at broker.lan:1883: Connection refused",
    ]
    assert list_remedies(findings)[:2] == [
        "camera: stop it: kill 812",
        "port: stop that, or set listen to another port",
    ]
    assert "camera: /dev/video0 may be another of the 2 cameras after a restart" in select_lines(
        findings, CheckState.WARNING
    )


def test_32_bit_system_with_a_new_opencv_and_an_old_simplejpeg(tmp_path: Path) -> None:
    make_files(tmp_path)
    write_file(
        tmp_path / "etc/os-release", 'PRETTY_NAME="Raspbian GNU/Linux 11"\nID=raspbian\nVERSION_ID="11"\n'
    )
    write_file(tmp_path / "proc/meminfo", "MemAvailable:    90000 kB\n")
    write_file(tmp_path / "config.toml", 'camera = "picamera2"\nwitdh = 640\n')
    findings, _ = doctor.examine(
        make_machine(
            tmp_path,
            architecture="armv7l",
            bits=32,
            free_mb=20,
            arguments=["--config", str(tmp_path / "config.toml")],
            versions={
                "opencv-python-headless": "5.0.0.90",
                "opencv-python": "4.11.0.86",
                "simplejpeg": "1.7.2",
            },
        )
    )
    problems = select_lines(findings, CheckState.PROBLEM)
    assert problems[0].startswith("system: Raspbian GNU/Linux 11, armv7l, 32 bit")
    assert problems[1:4] == [
        "libraries: OpenCV 5.0.0 has no cascades: the Haar detector cannot work",
        "libraries: simplejpeg 1.7.2 was built for numpy 1 and numpy is 2.4.6: picamera2 cannot start",
        problems[3],
    ]
    assert "found witdh" in problems[3] and problems[3].endswith("(what follows is about the defaults)")
    assert "camera: no camera at /dev/video0; there is none at all" in problems
    assert "memory: 92 MB free, and the program takes about 120" in problems
    assert list_remedies(findings)[3] == "settings: did you mean width?"


def test_check_that_fails_is_a_finding_after_what_it_found() -> None:
    def check() -> Iterator[CheckResult]:
        yield ok("a")
        raise ZeroDivisionError("by zero")

    found = doctor.run_check("sums", check)
    assert [finding.state for finding in found] == [CheckState.OK, CheckState.PROBLEM]
    assert (
        found[1].check == "sums" and found[1].found == "the check itself failed: ZeroDivisionError: by zero"
    )


def test_check_that_hangs_is_abandoned() -> None:
    free = threading.Event()

    def check() -> Iterator[CheckResult]:
        free.wait()
        yield ok("late")

    [found] = doctor.run_check("slow", check, within_s=0.01)
    free.set()
    assert found.state is CheckState.PROBLEM and found.found == "the check itself did not end within 0.01 s"


def test_check_without_its_library_points_to_the_libraries() -> None:
    def check() -> list[CheckResult]:
        raise ImportError("No module named 'cv2'")

    [found] = doctor.run_check("camera", check)
    assert found.state is CheckState.SKIPPED and found.found == "No module named 'cv2': see libraries"


def test_problems_come_before_warnings_and_each_remedy_once() -> None:
    findings = [warning("a", "x"), problem("b", "y"), problem("c", "y"), warning("d", "z"), problem("e", "x")]
    assert [finding.found for finding in doctor.order_remedies(findings)] == ["b", "e", "d"]


def test_demo_gives_no_problem_on_this_machine() -> None:
    command = [sys.executable, "-m", "edge.doctor", "--json", "--camera", "demo", "--listen", "127.0.0.1:0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    said = json.loads(ended.stdout)
    assert ended.returncode == 0, ended.stdout
    assert any("the model on the demo's face: happy" in finding["found"] for finding in said["findings"])


def test_wrong_settings_hide_no_other_finding(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert doctor.main(["--widht", "3"], make_machine(make_files(tmp_path))) == 1
    out = capsys.readouterr().out
    assert "settings     problem  unrecognized arguments: --widht 3" in out and "benchmark " in out


def test_doctor_works_without_its_libraries() -> None:
    without = (
        "import sys; sys.modules['msgspec'] = sys.modules['cv2'] = None; from edge import doctor; "
        "sys.exit(doctor.main([]))"
    )
    ended = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True, timeout=TIMEOUT_S)
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert "settings     problem" in ended.stdout and "memory " in ended.stdout


def test_json_contains_nothing_private(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "kitchen-pi")
    plug_camera(make_files(tmp_path))
    journal = (
        "fer-edge: a wrong token from 192.168.1.17 at kitchen-pi, dc:a6:32:01:02:03\n"
        "fer-edge: cannot read /home/anna/My Clips/birthday.mp4 or rtsp://anna:pw@cam.lan/live\n"
        "fer-edge: hunter2 is not the token of anna; fe80::dea6:32ff:fe01:203\n"
    )
    show = (
        "LoadState=loaded\nActiveState=failed\nSubState=failed\nUnitFileState=enabled\nResult=exit-code\n"
        "ExecMainStatus=69\nNRestarts=3\nStatusText=\n"
    )
    here = make_machine(
        tmp_path,
        answers={"systemctl": CommandResult(0, show, ""), "journalctl": CommandResult(0, journal, "")},
        environment={"FER_EDGE_TOKEN": "hunter2", "USER": "anna", "HOME": "/home/anna"},
    )
    doctor.main(
        [
            "--json",
            "--mqtt",
            "mqtts://anna@secret.example/anna",
            "--record",
            "/home/anna/My Clips/birthday.mp4",
        ],
        here,
    )
    out = capsys.readouterr().out
    said = json.loads(out)
    assert "its journal" in out and "usb-046d_HD_Pro_Webcam_C920_…-video-index0" in out
    assert {finding["state"] for finding in said["findings"]} <= {state.value for state in CheckState}
    for private in (
        "kitchen-pi",
        "192.168",
        "dc:a6",
        "fe80",
        "anna",
        "birthday",
        "Clips",
        "cam.lan",
        "hunter2",
        "secret.example",
        "ABC123",
    ):
        assert private not in out, private


def test_checks_write_nothing_below_the_root(tmp_path: Path) -> None:
    pi = make_files(tmp_path)
    plug_camera(pi)

    def list_files() -> list[tuple[str, int]]:
        return sorted((str(path), path.lstat().st_mtime_ns) for path in pi.rglob("*"))

    before = list_files()
    doctor.examine(make_machine(pi))
    assert list_files() == before
