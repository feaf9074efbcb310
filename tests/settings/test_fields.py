"""How each setting looks to users."""

import pytest

from edge.settings.config import Config
from edge.settings.fields import SETTINGS


def test_every_field_is_a_setting_with_a_description() -> None:
    assert tuple(SETTINGS) == Config.__struct_fields__
    for setting in SETTINGS.values():
        assert setting.description and not setting.description.endswith("."), setting.key


@pytest.mark.parametrize(
    ("key", "flag", "allowed"),
    [
        ("min_face_px", "--min-face", "a whole number from 20 to 2048"),
        ("log_every_s", "--log-every", "a number from 0.1 to 3600"),
        ("duration_s", "--duration", "a number above 0"),
        ("record_keep", "--record-keep", "a whole number from 1"),
        ("detector", "--detector", "one of auto, haar, yunet"),
        (
            "camera_controls",
            "--camera-control",
            "a table of names, each with a number, true, false, a text or a list of numbers",
        ),
        ("rotate", "--rotate", "one of 0, 90, 180, 270"),
        ("stream", "--stream", "true or false"),
        ("camera", "--camera", "a text that is not empty"),
        ("token_file", "--token-file", "a text that is not empty"),
        ("model", "--model", "a text"),
    ],
)
def test_flag_has_no_unit_and_the_limits_are_words(key: str, flag: str, allowed: str) -> None:
    assert (SETTINGS[key].flag, SETTINGS[key].allowed) == (flag, allowed)


def test_flags_are_unique() -> None:
    assert len({setting.flag for setting in SETTINGS.values()}) == len(SETTINGS)
