"""Whatever a file holds, the program says in one line what is wrong with it, or works.

HYPOTHESIS_PROFILE=hunt looks for more; what it has found stands here as an example.
"""

import json
import string
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from edge import models
from edge.cameras.demo import DemoCamera
from edge.errors import ConfigError, DataError
from edge.frames import Frame, PixelFormat
from edge.reporting.rows import read_rows
from edge.reporting.summary import summarize
from edge.settings.config import Config
from edge.settings.parsing import parse_settings
from tests.damaged import Trial

# A damage: where, as a share of the length, and what is there instead; None cuts the file off there.
DAMAGE = some.tuples(some.floats(0, 1, exclude_max=True), some.none() | some.integers(1, 255))
DAMAGES = some.lists(DAMAGE, min_size=1, max_size=3)
Damages = list[tuple[float, int | None]]


def damaged(content: bytes, damages: Damages) -> bytes:
    changed = bytearray(content)
    for share, flip in damages:
        place = int(share * len(changed))
        if flip is None:
            del changed[place:]
        elif changed:
            changed[place] ^= flip
    return bytes(changed)


def at(place: int, flip: int, content: bytes) -> bytes:
    changed = bytearray(content)
    changed[place] ^= flip
    return bytes(changed)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


KEYS = some.sampled_from(list(Config.__struct_fields__))
VALUES = some.recursive(
    some.booleans()
    | some.integers()
    | some.floats()
    | some.text()
    | some.sampled_from(["[::1]:0", "demo", "yunet"]),
    lambda value: some.lists(value, max_size=3) | some.dictionaries(some.text(), value, max_size=3),
    max_leaves=5,
)


def check_settings(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        chosen = parse_settings(["--config", str(file)], {})[0]
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1 and "; " in str(error)
        return
    file.write_text(str(chosen), encoding="utf-8")
    assert parse_settings(["--config", str(file)], {})[0].config == chosen.config


@given(content=some.binary(max_size=300) | some.text(max_size=300).map(str.encode))
@example(content=b"a = " + 3000 * b"[")
@example(content=b"fps = " + 5000 * b"9")
@example(content=b'"a\\nb" = 1')
@example(content=b"duration_s = inf")
@example(content=b"duration_s = nan")
@example(content=b"\xef\xbb\xbffps = 30\n")
def test_any_bytes_as_settings(folder: Path, content: bytes) -> None:
    check_settings(folder / "any.toml", content)


@given(table=some.dictionaries(KEYS | some.text(string.printable, max_size=9), VALUES, max_size=5))
@example(table={"camera": "\x7f\u2028"})
def test_any_table_as_settings(folder: Path, table: dict[str, object]) -> None:
    text = "\n".join(f"{toml(key)} = {toml(value)}" for key, value in table.items())
    check_settings(folder / "table.toml", text.encode("utf-8", "replace"))


def toml(value: object) -> str:
    """`value` as TOML writes it."""
    match value:
        case float():
            return repr(value)
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{toml(key)} = {toml(held)}" for key, held in value.items()) + "}"
    # The one character that JSON leaves as it is and TOML does not.
    return json.dumps(value).replace("\x7f", "\\u007f")


@pytest.fixture(scope="module")
def classifiers(folder: Path) -> Iterator[Trial]:
    with Trial("classifier", folder) as trial:
        yield trial


@pytest.fixture(scope="module")
def yunets(folder: Path) -> Iterator[Trial]:
    with Trial("yunet", folder) as trial:
        yield trial


def check_model(trial: Trial, content: bytes) -> None:
    said = trial.of(content)
    assert said == "works" or (said.startswith("ModelError: expected ") and "\\n" not in said), said


@given(damages=DAMAGES)
def test_damaged_classifier_is_refused_or_works(classifiers: Trial, damages: Damages) -> None:
    check_model(classifiers, damaged(models.locate_classifier().read_bytes(), damages))


# Metadata that is no text; a node's name that is none; a graph that loads and cannot run.
@pytest.mark.parametrize("place", [(713625, 196), (17454, 185), (23553, 102)])
def test_classifier_damaged_where_it_was_not_noticed_once(classifiers: Trial, place: tuple[int, int]) -> None:
    assert classifiers.of(at(*place, models.locate_classifier().read_bytes())).startswith(
        "ModelError: expected "
    )


@given(damages=DAMAGES)
def test_damaged_yunet_is_refused_or_works(
    yunets: Trial, material: Callable[[str], Path], damages: Damages
) -> None:
    check_model(yunets, damaged(material("models/yunet_s_320_320.onnx").read_bytes(), damages))


# The first three crash OpenCV's importer; the next two put faces at infinity; the last fail at one size only.
@pytest.mark.parametrize(
    "place",
    [
        (11802, 246),
        (232279, 96),
        (729, 58),
        (224500, 72),
        (150348, 69),
        (44036, 127),
        (4660, 101),
        (8361, 111),
        (1286, 72),
        (7537, 84),
    ],
)
def test_yunet_damaged_where_it_was_not_noticed_once(
    yunets: Trial, material: Callable[[str], Path], place: tuple[int, int]
) -> None:
    check_model(yunets, at(*place, material("models/yunet_s_320_320.onnx").read_bytes()))


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    with DemoCamera(160, 120, 30, sleep=lambda _: None) as camera:
        return bytes(cv2.imencode(".jpg", next(camera).bgr)[1])


def check_picture(content: bytes) -> None:
    for name, shape in (("grey", (120, 160)), ("bgr", (120, 160, 3))):
        frame = Frame(np.frombuffer(content, np.uint8), PixelFormat.MJPG, 160, 120, 0, 0.0, 0.0)
        picture = getattr(frame, name)
        assert picture.shape == shape and picture.dtype == np.uint8


@given(damages=some.lists(DAMAGE, min_size=1, max_size=9))
def test_damaged_jpeg_is_a_picture(jpeg: bytes, damages: Damages) -> None:
    check_picture(damaged(jpeg, damages))


@given(content=some.binary(max_size=200))
@example(content=b"")
@example(content=b"\xff\xd8\xff\xd9")
def test_any_bytes_are_a_picture(content: bytes) -> None:
    check_picture(content)


EVENTS = {
    ".csv": b"frame,time_s,track,label,p_happy\n0,0.0,1,happy,0.9\n1,0.03,1,happy,0.8\n2,0.07,2,sad,0.1\n",
    ".jsonl": b'{"frame": 0, "time_s": 0.0, "track": 1, "label": "happy", "p_happy": 0.9}\n'
    b'{"frame": 1, "time_s": 0.03, "track": 1, "label": "sad", "p_happy": 0.1}\n',
}


def check_events(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        summarize(read_rows([file]))
    except DataError as error:
        assert len(str(error).splitlines()) == 1 and str(file) in str(error)


@pytest.mark.parametrize("suffix", EVENTS)
@given(damages=DAMAGES, tail=some.binary(max_size=50))
def test_damaged_events_are_read_or_refused(folder: Path, suffix: str, damages: Damages, tail: bytes) -> None:
    check_events(folder / f"events{suffix}", damaged(EVENTS[suffix], damages) + tail + b"\n")


@pytest.mark.parametrize(
    "line",
    [
        100_000 * b"[",
        b'{"frame": ' + 5000 * b"9" + b"}",
        b'{"frame": 1e999}',
        b"null",
        b'{"frame": 1, "time_s": 1e308, "track": 1, "label": "a"}',
        b'{"frame": 1, "time_s": -1, "track": null, "label": {"a": 1}}',
    ],
)
def test_odd_line_of_events(folder: Path, line: bytes) -> None:
    check_events(folder / "odd.jsonl", EVENTS[".jsonl"] + line + b"\n")
