"""Each check on machines that lack one thing at a time, and on this machine's own sockets and processes."""

import os
import socket
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from edge import doctor
from edge.cameras import v4l2
from edge.cameras.v4l2 import CaptureFormat
from edge.checks import camera, health, model, outputs, system
from edge.checks.findings import Finding, State
from edge.checks.machine import Machine, Ran, connect, run, version
from edge.checks.processes import listeners, process
from edge.settings import benchmark_result
from edge.settings.config import Config
from tests.checks.machines import TRIAL, listener, machine, plug, tree, write
from tests.checks.machines import process as add_process


def told(findings: Iterable[Finding]) -> list[tuple[State, str]]:
    return [(finding.state, finding.found) for finding in findings]


def remedies(findings: Iterable[Finding]) -> list[str]:
    return [finding.remedy for finding in findings if finding.remedy]


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    return tree(tmp_path)


# The camera.


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ([CaptureFormat("MJPG", 640, 480, 30)], []),
        (
            [CaptureFormat("YUYV", 640, 480, 15)],
            [(State.WARNING, "the camera gives 15 FPS in YUYV where 640×480 at 30 FPS are asked for")],
        ),
        ([CaptureFormat("YUYV", 640, 480, 15), CaptureFormat("MJPG", 640, 480, 60)], []),
        ([CaptureFormat("MJPG", 1920, 1080, 30)], [(State.WARNING, "the camera has no 640×480")]),
        ([], []),
    ],
)
def test_camera_too_slow_or_of_other_sizes(
    pi: Path, monkeypatch: pytest.MonkeyPatch, modes: list[CaptureFormat], expected: list[tuple[State, str]]
) -> None:
    plug(pi)
    monkeypatch.setattr(v4l2, "enumerate_formats", lambda path: modes)
    first, *rest = told(camera.camera(machine(pi), Config()))
    assert first == (State.OK, "/dev/video0 is there and free") and rest == expected


def test_cameras_are_listed_with_the_wished_and_the_largest_size(
    pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(pi)
    monkeypatch.setattr(
        v4l2,
        "enumerate_formats",
        lambda path: [
            CaptureFormat("MJPG", 320, 240, 30),
            CaptureFormat("MJPG", 640, 480, 30),
            CaptureFormat("MJPG", 1920, 1080, 15),
            CaptureFormat("GREY", 640, 480, None),
        ],
    )
    assert told(camera.cameras(machine(pi), Config())) == [
        (
            State.OK,
            (
                "/dev/video0 (/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_ABC123-video-index0), HD Pro Webcam C920: "
                "MJPG 640×480 at 30, 1920×1080 at 15; GREY 640×480"
            ),
        )
    ]


def test_camera_that_our_own_service_holds_is_all_right(pi: Path) -> None:
    node = plug(pi)
    add_process(
        pi,
        700,
        "fer-edge",
        "/opt/fer-edge/current/bin/python3 /opt/fer-edge/current/bin/fer-edge --config x",
        node,
    )
    assert told(camera.camera(machine(pi), Config())) == [
        (State.OK, "/dev/video0 is at work for fer-edge, process 700 (fer-edge)")
    ]


def test_camera_whose_holder_this_user_may_not_see(pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(pi)
    monkeypatch.setattr(v4l2, "is_busy", lambda path: path == pi / "dev/video0")
    [(state, text), *_] = told(camera.camera(machine(pi), Config()))
    assert state is State.PROBLEM and "held by a process that this user may not see" in text


@pytest.mark.parametrize(
    ("spec", "state"),
    [
        ("demo", State.OK),
        ("/nowhere.mp4", State.PROBLEM),
        (__file__, State.OK),
        ("http://anna:pw@cam.lan/live", State.PROBLEM),
        ("rtmp://anna:pw@cam.lan/live", State.PROBLEM),
    ],
)
def test_camera_that_is_no_device(pi: Path, spec: str, state: State) -> None:
    [(found, text)] = told(camera.camera(machine(pi), Config(camera=spec)))
    assert found is state and "pw" not in text


@pytest.mark.parametrize(
    ("answer", "found", "remedy"),
    [
        (Ran(0, "CAMERA picamera2:0 (imx708)\n", ""), "picamera2:0 (imx708)", None),
        (Ran(0, "", ""), "no camera picamera2; libcamera finds none", "ribbon cable"),
        (
            Ran(1, "", "ModuleNotFoundError: No module named 'picamera2'"),
            "No module named 'picamera2'",
            "sudo apt install",
        ),
        (Ran(1, "", "ValueError: numpy.dtype size changed"), "numpy.dtype size changed", "simplejpeg>=1.8.2"),
    ],
)
def test_csi_camera(pi: Path, answer: Ran, found: str, remedy: str | None) -> None:
    [finding] = camera.csi(machine(pi, {"Picamera2": answer}), Config(camera="picamera2"))
    assert found in finding.found and (remedy is None) == (finding.remedy is None)
    assert remedy is None or remedy in str(finding.remedy)


def test_groups_of_a_display(pi: Path) -> None:
    findings = list(
        camera.groups(machine(pi, groups=frozenset(("video",))), Config(camera="demo", display=True))
    )
    assert [finding.state for finding in findings] == [State.WARNING, State.WARNING]
    assert remedies(findings) == [
        f"sudo usermod -aG {name} $USER, and log in again" for name in ("render", "input")
    ]


# Models.


@pytest.mark.parametrize(
    ("ran", "state", "text"),
    [
        (
            Ran(65, "", "INFO x\nexpected a model at x, found no file; make one"),
            State.PROBLEM,
            "expected a model at x",
        ),
        (Ran(78, "", "expected"), State.SKIPPED, "no trial before the settings are right"),
        (Ran(124, "", "no answer within 60 s"), State.PROBLEM, "the trial fails: no answer within 60 s"),
        (Ran(0, TRIAL.out.replace('"happy", "took', 'null, "took'), ""), State.PROBLEM, "no face"),
        (
            Ran(0, TRIAL.out.replace('"happy", "took', '"angry", "took'), ""),
            State.WARNING,
            "where happy is expected",
        ),
    ],
)
def test_trial_that_goes_wrong(pi: Path, ran: Ran, state: State, text: str) -> None:
    *_, (found, said) = told(model.model(machine(pi, {"edge.checks.trial": ran}), Config()))
    assert found is state and text in said


def test_result_of_the_benchmark(pi: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    here = machine(pi)
    assert [state for state, _ in told(model.benchmark(here, Config()))] == [State.SKIPPED]
    write(benchmark_result.locate(), "{")
    assert [state for state, _ in told(model.benchmark(here, Config()))] == [State.WARNING]
    write(
        benchmark_result.locate(),
        '{"machine": "another", "compared": {}, "model": "a", "threads": 1, "why": "b"}',
    )
    [(state, text)] = told(model.benchmark(here, Config()))
    assert state is State.WARNING and "it is of another" in text


# Outputs.


def test_port_that_this_very_process_listens_at() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        [(address, owner)] = listeners(port, Path("/proc"))
        assert address == "127.0.0.1" and owner is not None and owner.id == os.getpid() and not owner.is_ours
        [finding] = outputs.port(Machine(environment={}), Config(listen=f"127.0.0.1:{port}"))
        assert finding.state is State.PROBLEM and f"in use by process {os.getpid()}" in finding.found
    [finding] = outputs.port(Machine(environment={}), Config(listen=f"127.0.0.1:{port}"))
    assert finding.state is State.OK


def test_name_of_a_program_of_ours_is_known(pi: Path) -> None:
    add_process(pi, 5, "python3", "python3 -m edge.run --camera 0")
    add_process(pi, 6, "python3", "python3 -m edge.runner")
    assert process(5, pi / "proc").is_ours and not process(6, pi / "proc").is_ours


@pytest.mark.parametrize(
    ("listen", "address", "state"),
    [
        ("127.0.0.1:8080", "0200007F", State.OK),
        ("127.0.0.1:8080", "00000000", State.PROBLEM),
        ("0.0.0.0:8080", "0100007F", State.PROBLEM),
        ("127.0.0.1:80", "00000000", State.PROBLEM),
    ],
)
def test_port_of_another_address(pi: Path, listen: str, address: str, state: State) -> None:
    listener(pi, 8080, 1, address)
    assert [found for found, _ in told(outputs.port(machine(pi), Config(listen=listen)))] == [state]


def test_who_may_watch(pi: Path, tmp_path: Path) -> None:
    token = write(tmp_path / "token", "a-long-secret\n")
    token.chmod(0o644)
    cases = [
        (Config(), ["this machine alone"]),
        (Config(listen="0.0.0.0:1", insecure=True), ["everybody who reaches 0.0.0.0:1 can watch (insecure)"]),
        (
            Config(listen="0.0.0.0:1", token_file=str(token)),
            [f"every user of this machine can read {token}", "token and pictures travel unencrypted"],
        ),
        (
            Config(tls_certificate=str(token), tls_key=str(token)),
            [f"expected PEM files in {token} and {token}, found that OpenSSL cannot read {token}"],
        ),
    ]
    for config, expected in cases:
        found = told(outputs.access(machine(pi), config))
        assert [text for _, text in found] == expected and "a-long-secret" not in str(found)


def test_display(pi: Path) -> None:
    assert told(outputs.display(machine(pi), Config())) == [
        (State.SKIPPED, "this machine has no graphics driver")
    ]
    write(pi / "sys/class/drm/card1-HDMI-A-1/status", "connected\n")
    write(pi / "sys/class/drm/card1-HDMI-A-1/modes", "1920x1080\n1280x720\n")
    other = write(pi / "sys/class/drm/card1-HDMI-A-2/status", "disconnected\n")
    assert told(outputs.display(machine(pi), Config())) == [(State.OK, "HDMI-A-1 1920x1080")]
    (other.parents[1] / "card1-HDMI-A-1/status").write_text("disconnected\n")
    assert told(outputs.display(machine(pi), Config(display=True))) == [
        (State.PROBLEM, "no display is connected")
    ]


def test_broker_that_answers_and_one_that_speaks_no_tls(pi: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        here = machine(pi, connect=connect)
        assert told(outputs.mqtt(here, Config(mqtt=f"mqtt://127.0.0.1:{port}"))) == [
            (State.OK, f"127.0.0.1:{port} answers")
        ]

        def babble() -> None:
            for _ in range(2):
                client, _ = broker.accept()
                with client:
                    client.sendall(b"no TLS at all" * 9)

        thread = threading.Thread(target=babble, name="babble")
        thread.start()
        [(state, text)] = told(outputs.mqtt(here, Config(mqtt=f"mqtts://127.0.0.1:{port}")))
        thread.join()
        assert state is State.PROBLEM and "not with a certificate to trust" in text
    [(state, text)] = told(outputs.mqtt(here, Config(mqtt=f"mqtt://127.0.0.1:{port}")))
    assert state is State.PROBLEM and "no broker answers" in text


def test_broker_without_its_library(pi: Path) -> None:
    here = machine(pi, version={}.get)
    assert remedies(outputs.mqtt(here, Config(mqtt="mqtt://broker"))) == ["pip install 'fer-edge[mqtt]'"]


# The machine.


def test_power_that_was_weak_and_heat_that_is(pi: Path) -> None:
    write(pi / "sys/devices/platform/soc/soc:firmware/get_throttled", "10008\n")
    assert told(health.power(machine(pi))) == [
        (State.WARNING, "under-voltage since the start"),
        (State.WARNING, "the firmware has slowed the processor down: temperature limit"),
    ]
    write(pi / "sys/class/thermal/thermal_zone0/temp", "83000\n")
    assert told(health.temperature(machine(pi))) == [(State.WARNING, "83 °C")]


def test_disk_where_a_recording_goes(pi: Path, tmp_path: Path) -> None:
    recording = Config(record=str(tmp_path / "out.mp4"))
    assert [state for state, _ in told(health.disk(machine(pi, free_mb=20), recording))] == [State.PROBLEM]
    assert [state for state, _ in told(health.disk(machine(pi, free_mb=500), recording))] == [State.WARNING]
    assert [state for state, _ in told(health.disk(machine(pi, free_mb=5000), recording))] == [State.OK]
    here = Machine(environment={})
    assert remedies(health.disk(here, Config(events=str(tmp_path / "none/out.csv")))) == [
        f"mkdir -p {tmp_path}/none"
    ]


def service(active: str, *, restarts: str = "0", code: str = "0", enabled: str = "enabled") -> dict[str, Ran]:
    return {
        "systemctl": Ran(
            0,
            f"LoadState=loaded\nActiveState={active}\nSubState=x\nUnitFileState={enabled}\n"
            f"Result=exit-code\nExecMainStatus={code}\nNRestarts={restarts}\n"
            "StatusText=30.0 FPS, 1 face\n",
            "",
        )
    }


@pytest.mark.parametrize(
    ("answers", "state", "text"),
    [
        (service("active"), State.OK, "active (x), 30.0 FPS, 1 face"),
        (service("active", restarts="3"), State.WARNING, "active (x), restarted 3 times"),
        (service("inactive", enabled="disabled"), State.WARNING, "inactive (x), disabled"),
        (
            service("failed", code="78"),
            State.PROBLEM,
            "failed (x), result exit-code, exit code 78, restarted 0 times",
        ),
        ({"systemctl": Ran(0, "LoadState=not-found\n", "")}, State.SKIPPED, "not installed"),
        (
            {"systemctl": Ran(1, "", "System has not been booted with systemd")},
            State.SKIPPED,
            "no systemd answers here",
        ),
        ({}, State.SKIPPED, "no systemd answers here"),
    ],
)
def test_service(pi: Path, answers: dict[str, Ran], state: State, text: str) -> None:
    [(found, said)] = told(health.service(machine(pi, answers)))
    assert found is state and said.startswith(text)


# The libraries.


def test_library_that_cannot_be_imported_is_named_with_its_reason(pi: Path) -> None:
    ran = Ran(1, "numpy\ncv2\n", "Traceback\nImportError: libGL.so.1: cannot open shared object file\n")
    *_, last = told(system.libraries(machine(pi, {"import edge": ran})))
    assert last == (
        State.PROBLEM,
        "cv2 cannot be imported: ImportError: libGL.so.1: cannot open shared object file",
    )


def test_commands_end_in_time_and_missing_ones_are_none() -> None:
    assert run(["no-such-command"], 1) is None
    assert run([sys.executable, "-c", "import time; time.sleep(60)"], 0.1) == Ran(
        124, "", "no answer within 0.1 s"
    )
    killed = run([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGILL)"], 60)
    assert killed is not None and killed.code == -4
    assert version("no-such-distribution") is None and version("numpy")


def test_nothing_of_a_check_is_written_below_the_root(pi: Path) -> None:
    plug(pi)

    def everything() -> list[tuple[str, int]]:
        return sorted((str(path), path.lstat().st_mtime_ns) for path in pi.rglob("*"))

    before = everything()
    doctor.examine(machine(pi))
    assert everything() == before
