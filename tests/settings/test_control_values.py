"""Controls of a camera in flags, in the environment and in the file."""

from pathlib import Path

import pytest

from edge.cameras.controls import ControlValue
from edge.errors import ConfigError
from edge.settings.config import Settings
from edge.settings.parsing import parse_settings


def parse(*arguments: str, **environment: str) -> Settings:
    return parse_settings(arguments, environment)[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30", 30),
        ("-5", -5),
        ("2.5", 2.5),
        ("TRUE", True),
        ("false", False),
        ("50 Hz", "50 Hz"),
        ("1.5, 2", [1.5, 2.0]),
        ("0, 0,1280, 960", [0, 0, 1280, 960]),
        ("a=b", "a=b"),
        ("nan", "nan"),
    ],
)
def test_value_of_a_flag_is_a_number_a_switch_numbers_or_a_text(text: str, value: ControlValue) -> None:
    [(name, found)] = parse("--camera-control", f" focus = {text}").config.camera_controls.items()
    assert (name, found, type(found)) == ("focus", value, type(value))


def test_each_control_comes_from_the_highest_layer_that_sets_it(tmp_path: Path) -> None:
    file = tmp_path / "fer.toml"
    file.write_text("fps = 10\n[camera_controls]\na = 1\nb = 1.5\nc = true\nd = [1.5, 2]\n")
    settings = parse(
        "--config",
        str(file),
        "--camera-control",
        "a=3",
        "--camera-control",
        "e=50 Hz",
        FER_EDGE_CAMERA_CONTROLS="a=2; b=2;",
    )
    assert settings.config.camera_controls == {"a": 3, "b": 2, "c": True, "d": [1.5, 2.0], "e": "50 Hz"}
    assert settings.origins["camera_controls"] == "--camera-control"
    printed = tmp_path / "printed.toml"
    printed.write_text(str(settings))
    assert parse("--config", str(printed)).config == settings.config


@pytest.mark.parametrize("text", ["focus", "=3", "focus="])
def test_flag_without_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected NAME=VALUE for a control of the camera, found"):
        parse("--camera-control", text)


@pytest.mark.parametrize("text", ["camera_controls = 3", "[camera_controls.focus]\nauto = true"])
def test_table_of_something_else_names_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "fer.toml"
    file.write_text(f"fps = 10\n{text}\n")
    with pytest.raises(ConfigError, match=r"expected a table of names, .* for camera_controls.* line 2"):
        parse("--config", str(file))
