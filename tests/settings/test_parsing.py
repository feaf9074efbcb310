"""Layers, origins and refusals of the settings."""

from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.settings.config import Config, Settings
from edge.settings.parsing import parse_settings


def parse(*arguments: str, **environment: str) -> Settings:
    return parse_settings(arguments, environment)[0]


def test_settings_without_any_source_are_the_defaults() -> None:
    settings = parse()
    assert settings.config == Config()
    assert set(settings.origins.values()) == {"default"}


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    file = tmp_path / "fer.toml"
    file.write_text("width = 320\nheight = 240\nfps = 10\n")
    settings = parse("--config", str(file), "--width", "800", FER_EDGE_WIDTH="1024", FER_EDGE_HEIGHT="768")
    assert (settings.config.width, settings.config.height, settings.config.fps) == (800, 768, 10)
    assert settings.origins["width"] == "--width"
    assert settings.origins["height"] == "FER_EDGE_HEIGHT"
    assert settings.origins["fps"] == f"{file}, line 3"
    assert settings.origins["camera"] == "default"


def test_printed_settings_are_toml_that_gives_the_same_settings(tmp_path: Path) -> None:
    settings = parse("--camera", "demo", "--duration", "1.5", "--no-stream")
    file = tmp_path / "printed.toml"
    file.write_text(str(settings))
    assert parse("--config", str(file)).config == settings.config


def test_variables_of_other_programs_are_ignored() -> None:
    assert parse(FER_MATERIAL="x", PATH="y").config == Config()


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["--width", "7"], {}, "expected a whole number from 64 to 4096 for width, found '7' (--width)"),
        (["--width", "wide"], {}, "expected a whole number from 64 to 4096 for width, found 'wide'"),
        (
            [],
            {"FER_EDGE_FPS": "0"},
            "expected a whole number from 5 to 240 for fps, found '0' (FER_EDGE_FPS)",
        ),
        ([], {"FER_EDGE_WIDHT": "640"}, "found widht (FER_EDGE_WIDHT); did you mean width?"),
        (["--detector", "dlib"], {}, "expected one of auto, haar, yunet for detector, found 'dlib'"),
        (
            ["--log-every", "0"],
            {},
            "expected a number from 0.1 to 3600 for log_every_s, found '0' (--log-every)",
        ),
        (["--duration", "-1"], {}, "expected a number above 0 for duration_s"),
        (["--listen", "8080"], {}, "expected HOST:PORT with a port from 0 to 65535 for listen, found '8080'"),
        (["--listen", "127.0.0.1:99999"], {}, "found '127.0.0.1:99999'"),
        (
            ["--listen", "0.0.0.0:8080"],
            {},
            "found 0.0.0.0 (--listen): others could watch; name a token's file",
        ),
        (
            ["--tls-key", "key.pem"],
            {},
            "expected both tls_certificate and tls_key, found tls_key alone (--tls-key)",
        ),
        (
            ["--token", "hunter2"],
            {},
            "expected no secret in a flag, which the list of processes shows, found token; put",
        ),
        (["--mqtt", "broker"], {}, "for mqtt, found 'broker' (--mqtt)"),
        (
            ["--mqtt", "mqtt://broker/${HOST}"],
            {},
            "expected no variable but ${HOSTNAME} for mqtt, found ${HOST} (--mqtt)",
        ),
        (
            ["--mqtt", "mqtt://broker", "--mqtt-ca", "ca.crt"],
            {},
            "expected mqtts:// for mqtt (--mqtt) where mqtt_ca",
        ),
        (
            ["--auto-rotate", "--rotate", "90"],
            {},
            "auto_rotate (--auto-rotate) without rotate (--rotate), found both, and it says the same",
        ),
        (
            ["--auto-rotate"],
            {"FER_EDGE_BLUR": "true"},
            "without blur (FER_EDGE_BLUR), found both, and a face may lie on its side; take auto_rotate out",
        ),
        (
            ["--report", "out.html"],
            {},
            "expected events where report is set (--report), found none; add --events",
        ),
        (
            ["--record-limit", "0"],
            {},
            "expected a number from 1 for record_limit_s, found '0' (--record-limit)",
        ),
        (["--camera", ""], {}, "expected a text that is not empty for camera"),
        (["--widht", "640"], {}, "unrecognized arguments: --widht 640; fer-edge --help"),
        (
            ["--config", "/nowhere/fer.toml"],
            {},
            "expected a configuration in /nowhere/fer.toml, found: No such file",
        ),
    ],
)
def test_bad_setting_is_one_line_that_names_key_value_and_origin(
    arguments: list[str], environment: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(*arguments, **environment)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# a comment\n\nwidth = 10\n", "for width, found 10 ({file}, line 3)"),
        (
            'width = "640"\n',
            "expected a whole number from 64 to 4096 for width, found '640' ({file}, line 1)",
        ),
        ("stream = 1\n", "expected true or false for stream, found 1"),
        ("fps = 30\nwitdh = 640\n", "found witdh ({file}, line 2); did you mean width?"),
        ("[camera]\nwidth = 640\n", "for camera, found {{'width': 640}} ({file}, line 1)"),
        ("width = = 640\n", "expected TOML in {file}"),
        ("\udcff", "expected TOML in {file}"),
    ],
)
def test_bad_file_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "fer.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ConfigError) as raised:
        parse("--config", str(file))
    assert message.format(file=file) in str(raised.value)


def test_stream_for_other_machines_must_be_allowed() -> None:
    assert parse("--listen", "0.0.0.0:8080", "--insecure").config.address == ("0.0.0.0", 8080)
    assert parse("--listen", "0.0.0.0:8080", "--no-stream").config.stream is False


@pytest.mark.parametrize(
    ("arguments", "environment"), [(["--token-file", "token"], {}), ([], {"FER_EDGE_TOKEN": "x"})]
)
def test_token_allows_other_addresses(arguments: list[str], environment: dict[str, str]) -> None:
    assert parse("--listen", "0.0.0.0:8080", *arguments, **environment).config.address == ("0.0.0.0", 8080)


@pytest.mark.parametrize(
    "arguments", [["--token", "hunter2"], ["--token=hunter2"], ["--mqtt-password", "hunter2"]]
)
def test_secret_in_a_flag_is_not_repeated(arguments: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(*arguments)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "camera", ["rtsp://anna:hunter2@cam/one", "rtsp:/anna:hunter2@cam/one", "http://cam/one?pwd=hunter2"]
)
def test_password_of_a_camera_is_not_printed(camera: str, tmp_path: Path) -> None:
    settings = parse(FER_EDGE_CAMERA=camera)
    assert settings.config.camera == camera
    assert "cam/one" in str(settings) and "hunter2" not in str(settings)
    (tmp_path / "list.toml").write_text(f'camera = ["{camera}"]\n')
    for wrong in (["--camra", camera], ["--config", str(tmp_path / "list.toml")]):
        with pytest.raises(ConfigError, match=r"expected|unrecognized") as raised:
            parse(*wrong)
        assert "hunter2" not in str(raised.value)


def test_token_is_not_printed() -> None:
    assert "hunter2" not in str(parse(FER_EDGE_TOKEN="hunter2"))


def test_address_of_ipv6() -> None:
    assert parse("--listen", "[::1]:80").config.address == ("::1", 80)


def test_help_lists_every_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_settings(["--help"], {})
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for flag in ("--camera", "--no-stream", "--insecure", "--min-face", "--log-every", "--print-config"):
        assert flag in text
    assert "(default: 127.0.0.1:8080)" in text


def test_hostname_in_a_text_is_replaced_by_this_machines_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "pi-07")
    file = tmp_path / "fer.toml"
    file.write_text('mqtt = "mqtts://${HOSTNAME}@broker/shop/${HOSTNAME}"\nevents = "/srv/${HOSTNAME}.csv"\n')
    config = parse("--config", str(file), FER_EDGE_CAMERA="${HOSTNAME}.mp4").config
    assert config.mqtt == "mqtts://pi-07@broker/shop/pi-07"
    assert (config.events, config.camera) == ("/srv/pi-07.csv", "pi-07.mp4")


def test_password_of_the_broker_is_not_a_setting_and_not_printed() -> None:
    settings = parse("--mqtt", "mqtt://fer@broker", FER_EDGE_MQTT_PASSWORD="secret")
    assert "secret" not in str(settings) + repr(settings)
