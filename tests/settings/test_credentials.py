"""Where a secret is looked for, and what is none."""

from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.settings import credentials


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("of the file\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def systemd(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "mqtt_password").write_text("of systemd\n")
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def test_file_beats_environment_beats_systemd(file: Path, systemd: dict[str, str]) -> None:
    both = {**systemd, "FER_EDGE_MQTT_PASSWORD": "of the environment"}
    assert credentials.read_secret("mqtt_password", file, both) == "of the file"
    assert credentials.read_secret("mqtt_password", None, both) == "of the environment"
    assert credentials.read_secret("mqtt_password", None, systemd) == "of systemd"
    assert credentials.read_secret("mqtt_password", None, {}) is None
    assert credentials.read_secret("token", None, systemd) is None


def test_one_line_break_at_the_end_is_not_part_of_the_secret(file: Path) -> None:
    file.write_bytes(b" kept as it is \r\n")
    assert credentials.read_secret("mqtt_password", file, {}) == " kept as it is "


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "nothing"),
        (b"\n", "nothing"),
        (b"hunter2\nhunter2\n", "several lines"),
        (b"hunter2\xff", "no UTF-8"),
    ],
)
def test_invalid_secret_is_refused_and_not_shown(file: Path, content: bytes, found: str) -> None:
    file.write_bytes(content)
    with pytest.raises(
        ConfigError, match=f"the MQTT password in {file}, found {found}|found: {found}"
    ) as raised:
        credentials.read_secret("mqtt_password", file, {})
    assert "hunter2" not in str(raised.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none, found: No such file"):
        credentials.read_secret("mqtt_password", tmp_path / "none", {})


def test_empty_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="in FER_EDGE_MQTT_PASSWORD, found nothing"):
        credentials.read_secret("mqtt_password", None, {"FER_EDGE_MQTT_PASSWORD": ""})


@pytest.mark.parametrize(("mode", "warns"), [(0o600, False), (0o640, False), (0o644, True), (0o660, True)])
def test_file_that_others_can_read_gives_a_warning(
    file: Path, mode: int, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    file.chmod(mode)
    credentials.read_secret("token", file, {})
    assert (f"chmod 600 {file}" in caplog.text) == warns
    assert "of the file" not in caplog.text
