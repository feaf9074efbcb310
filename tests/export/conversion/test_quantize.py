"""Quantizing a float file again, on other images."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from edge.faces.classifier import OnnxClassifier
from export.conversion import quantize
from export.data.calibration import Images
from export.data.dataset import Split
from export.evaluation import model_size
from tests.export.conftest import Converted, Export, Toy, read_refusal, save_npz


def test_float_file_is_quantized_again_on_other_images(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    output = tmp_path / "again.onnx"
    code, stdout, _ = export(
        "quantize",
        "--model",
        converted.as_float,
        "--calibration",
        toy.npz,
        "--split-calibration",
        "PublicTest",
        "--output",
        output,
        "--same-top",
        "0.5",
    )
    # What judges may not have calibrated: PublicTest's 140 images all did, so nothing is left of it.
    assert code == 65 and stdout == "" and not output.exists()
    code, stdout, _ = export(
        "quantize", "--model", converted.as_float, "--calibration", toy.csv, "--output", output
    )
    assert code == 0 and "compared on 140 images of PublicTest in toy.csv" in stdout
    metadata = OnnxClassifier(output, "haar").metadata
    assert metadata.precision == "int8" and "toy.csv" in metadata.made_from["calibration"]
    assert metadata.made_from["model"].startswith("tiny.keras")


def test_quantizing_again_on_the_same_images_gives_the_same_file_but_for_their_name(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    output = tmp_path / "again.onnx"
    assert (
        export("quantize", "--model", converted.as_float, "--calibration", toy.npz, "--output", output)[0]
        == 0
    )
    again, first = onnx.load(output), onnx.load(converted.as_int8)
    assert again.graph.SerializeToString(deterministic=True) == first.graph.SerializeToString(
        deterministic=True
    )


def test_ranges_are_those_of_the_calibrating_crops(converted: Converted, toy: Toy) -> None:
    metadata = OnnxClassifier(converted.as_float, "haar").metadata
    split = toy.splits["Training"]
    half_bright = Images(Split(split.images // 2, split.labels), "Training", toy.npz)
    crops = quantize.prepare_inputs(half_bright, metadata)
    model = quantize.quantize(onnx.load(converted.as_float), crops, quantize.SCHEMES[0])
    scales = {tensor.name: tensor for tensor in model.graph.initializer}
    first = next(node for node in model.graph.node if node.op_type == "QuantizeLinear")
    assert np.isclose(255 * onnx.numpy_helper.to_array(scales[first.input[1]]), crops.max())


def test_folding_twice_changes_nothing(converted: Converted) -> None:
    model = onnx.load(converted.as_float)
    assert model_size.count_operators(quantize.fold_batch_normalisation(model)) == model_size.count_operators(
        model
    )


def test_int8_file_is_not_quantized_again(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    line = read_refusal(
        export(
            "quantize",
            "--model",
            converted.as_int8,
            "--calibration",
            toy.npz,
            "--output",
            tmp_path / "a.onnx",
        )
    )
    assert ".float.onnx" in line and not list(tmp_path.iterdir())


def test_int8_over_the_tolerance_is_refused_and_nothing_written(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    dark = Split(
        toy.splits["Training"].images // 20, toy.splits["Training"].labels, toy.splits["Training"].votes
    )
    images = save_npz(tmp_path / "dark.npz", {"Training": dark, "PublicTest": toy.splits["PublicTest"]})
    line = read_refusal(
        export(
            "quantize",
            "--model",
            converted.as_float,
            "--calibration",
            images,
            "--output",
            tmp_path / "a.onnx",
        )
    )
    assert "nothing was written" in line and not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize("way", quantize.SCHEMES, ids=lambda way: way.name)
def test_every_way_takes_any_number_of_images(converted: Converted, toy: Toy, way: quantize.Scheme) -> None:
    metadata = OnnxClassifier(converted.as_float, "haar").metadata
    some = Images(toy.splits["Training"].take(np.arange(61)), "Training", toy.npz)
    model = quantize.quantize(onnx.load(converted.as_float), quantize.prepare_inputs(some, metadata), way)
    assert model_size.count_operators(model)["QuantizeLinear"] > 0


def test_ranges_do_not_depend_on_the_size_of_the_batches(
    converted: Converted, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = OnnxClassifier(converted.as_float, "haar").metadata
    some = Images(toy.splits["Training"].take(np.arange(45)), "Training", toy.npz)
    crops = quantize.prepare_inputs(some, metadata)
    model = onnx.load(converted.as_float)
    graphs = []
    for pixels in (20 * 48 * 48, 48 * 48):  # Batches of 20, 20 and 5 crops, and of one.
        monkeypatch.setattr(quantize, "_BATCH_PIXELS", pixels)
        graphs.append(quantize.quantize(model, crops, quantize.SCHEMES[0]).graph)
    assert graphs[0] == graphs[1]


def test_ranges_in_a_file_are_those_that_were_measured(
    converted: Converted, toy: Toy, tmp_path: Path
) -> None:
    metadata = OnnxClassifier(converted.as_float, "haar").metadata
    some = Images(toy.splits["Training"].take(np.arange(45)), "Training", toy.npz)
    crops, model = quantize.prepare_inputs(some, metadata), onnx.load(converted.as_float)
    for scheme in quantize.SCHEMES[:3]:
        ranges = tmp_path / f"{scheme.method.name}.json"
        measured = quantize.quantize(model, crops, scheme, ranges=ranges)
        # Other crops would give other ranges.
        assert quantize.quantize(model, crops[:1], scheme, ranges=ranges).graph == measured.graph


def test_layer_that_hurts_stays_in_float(converted: Converted, toy: Toy) -> None:
    metadata = OnnxClassifier(converted.as_float, "haar").metadata
    model = onnx.load(converted.as_float)
    # One filter a thousand times as large as the rest: where all share a range, the others become 0.
    [kernel] = [tensor for tensor in model.graph.initializer if len(tensor.dims) == 4]
    array = onnx.numpy_helper.to_array(kernel).copy()
    array[0] *= 1000
    kernel.CopyFrom(onnx.numpy_helper.from_array(array, kernel.name))
    crops = quantize.prepare_inputs(
        Images(toy.splits["Training"].take(np.arange(20)), "Training", toy.npz), metadata
    )
    per_tensor = next(scheme for scheme in quantize.SCHEMES if not scheme.per_channel)
    errors = quantize.measure_errors(model, crops, per_tensor)
    [convolution] = [node.name for node in model.graph.node if node.op_type == "Conv"]
    assert len(errors) == 3
    mixed = quantize.quantize(model, crops, per_tensor, in_float=[convolution])
    [kept] = [node for node in mixed.graph.node if node.op_type == "Conv"]
    assert kept.input[1] == kernel.name and model_size.count_operators(mixed)["QuantizeLinear"] > 0
