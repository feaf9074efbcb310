"""The measurement of framings, on faces whose boxes are known."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.contracts import Box, Face, RegionGrid, Search
from edge.errors import DataError
from edge.frames import Frame
from export.data import framing
from export.data.dataset import SIDE_PX
from export.data.framing import FER2013_FRAMING
from tests.export.conftest import Export, Toy, make_toy_split


class KnownDetector:
    """A FaceDetector that finds a face of known place in every crop with enough light."""

    name = "known"
    region_grid = RegionGrid(face_px=64, picture_px=128, wide_picture_px=160, cell_px=32)

    def __init__(self, width: float, height: float, down: float) -> None:
        """In sides of the crop: the size of the box, and how far below the crop's centre its centre lies."""
        self._width, self._height, self._down = width, height, down

    def plan_searches(self, width: int, height: int, min_face_px: int) -> list[Search]:
        return [Search(Box(0, 0, width, height), min_face_px, height)]

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        crop_px = SIDE_PX * framing.ENLARGEMENT
        width, height = round(self._width * crop_px), round(self._height * crop_px)
        centre = frame.width / 2
        box = Box(round(centre - width / 2), round(centre + self._down * crop_px - height / 2), width, height)
        return [Face(box, 1.0)] if frame.grey.max() > framing.GREY else []


def test_crop_twice_as_wide_as_the_box_has_scale_2() -> None:
    measured = framing.measure(KnownDetector(0.5, 0.5, 0.0), make_toy_split(1, 0))
    assert measured.scale.median == pytest.approx(2.0, abs=0.02)
    assert measured.shift_down.median == pytest.approx(0.0, abs=0.02)


def test_box_below_the_crops_centre_means_a_crop_above_the_boxs() -> None:
    measured = framing.measure(KnownDetector(0.4, 0.6, 0.1), make_toy_split(1, 0))
    # The mean of width and height is half the crop's side, by which the shift is measured.
    assert measured.scale.median == pytest.approx(2.0, abs=0.02)
    assert measured.shift_down.median == pytest.approx(-0.2, abs=0.02)


def test_crops_without_a_face_count_as_not_found() -> None:
    split = make_toy_split(2, 0)
    split.images[:5] = 20
    measured = framing.measure(KnownDetector(0.5, 0.5, 0.0), split)
    assert (measured.found, measured.crops) == (9, 14)


def test_no_face_anywhere_is_refused() -> None:
    split = make_toy_split(1, 0)
    split.images[:] = 20
    with pytest.raises(DataError, match="found none with the detector known"):
        framing.measure(KnownDetector(0.5, 0.5, 0.0), split)


def test_real_crops_have_the_framing_that_models_are_given(
    material: Callable[[str], Path], tmp_path: Path, export: Export
) -> None:
    code, stdout, _ = export(
        "framing",
        "--data",
        material("data/fer2013.npz"),
        "--count",
        "200",
        "--yunet",
        material("models/yunet_s_320_320.onnx"),
        "--json",
        tmp_path / "out.json",
    )
    assert code == 0 and "haar" in stdout and "yunet" in stdout
    measured = json.loads((tmp_path / "out.json").read_text())
    assert set(measured) == set(FER2013_FRAMING)
    for name, constant in FER2013_FRAMING.items():
        # Quartiles are about 0.1 apart; the median of 200 is good to a fraction of that.
        assert measured[name]["scale"]["median"] == pytest.approx(constant.scale, abs=0.05)
        assert measured[name]["shift_down"]["median"] == pytest.approx(constant.shift_down, abs=0.03)
        assert measured[name]["found"] > 100


def test_missing_detector_model_is_refused(toy: Toy, tmp_path: Path, export: Export) -> None:
    code, _, err = export("framing", "--data", toy.npz, "--yunet", tmp_path / "none.onnx")
    assert code == 65 and "none.onnx" in err


def test_known_detector_sees_the_crop_in_the_middle_of_grey() -> None:
    seen: list[np.ndarray] = []

    class RecordingDetector(KnownDetector):
        def detect(self, frame: Frame, search: Search) -> list[Face]:
            seen.append(frame.grey)
            return super().detect(frame, search)

    framing.measure(RecordingDetector(0.5, 0.5, 0.0), make_toy_split(1, 0))
    assert seen[0].shape == (288, 288) and (seen[0][:48] == framing.GREY).all()
