"""What a bug report keeps of a text, and what it does not."""

import pytest

from edge.checks.redaction import make_redactor

ENVIRONMENT = {"HOME": "/home/anna", "USER": "anna", "FER_EDGE_MQTT_PASSWORD": "hunter2"}


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("hunter2 is wrong for anna", "… is wrong for …"),
        ("no file /home/anna/My.mp4; none", "no file ~/…; none"),
        ("no file /home/bert/x.mp4", "no file ~/…"),
        ("rtsp://anna:pw@cam.lan/live fails", "rtsp://… fails"),
        ("http://127.0.0.1:8080/stream", "http://127.0.0.1:8080/stream"),
        ("from 192.168.1.17 and 127.0.0.1", "from … and 127.0.0.1"),
        ("dc:a6:32:01:02:03 is fe80::dea6:32ff:fe01:203", "… is …"),
        ("by-id/usb-046d_HD_Pro_ABC123-video-index0", "by-id/usb-046d_HD_Pro_…-video-index0"),
        ("onnxruntime 1.21.0 at 10:20:30", "onnxruntime 1.21.0 at 10:20:30"),
    ],
)
def test_private_parts_of_a_text_are_removed(
    text: str, redacted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "kitchen-pi")
    assert make_redactor(ENVIRONMENT, [])(text) == redacted


def test_values_of_settings_are_removed_wherever_they_appear() -> None:
    redact = make_redactor(
        ENVIRONMENT, ["/home/anna/My Clips/birthday.mp4", "mqtts://secret.example/anna", 8]
    )
    assert redact("cannot read /home/anna/My Clips/birthday.mp4") == "cannot read …"
    assert redact("cannot write to /home/anna/My Clips") == "cannot write to …"
    assert redact("no broker answers at secret.example:8883") == "no broker answers at …:8883"


@pytest.mark.parametrize("name", ["root", "fer-edge", "raspberrypi", "localhost"])
def test_names_of_many_machines_and_users_stay(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: name)
    assert make_redactor({"USER": name}, [])(f"I am {name}") == f"I am {name}"
