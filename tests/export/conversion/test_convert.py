"""Keras files of every age become ONNX files that agree with them, or nothing at all."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge.errors import ModelError
from edge.faces import preprocess
from edge.faces.classifier import OnnxClassifier
from export.conversion import quantize
from export.conversion.request import Request
from export.data.dataset import LABELS, Split
from export.data.framing import FER2013_FRAMING
from export.evaluation import model_size
from export.tensorflow_import import import_tensorflow
from tests.export.conftest import (
    Converted,
    Export,
    KerasFiles,
    Toy,
    make_toy_split,
    read_refusal,
    save_npz,
    scale_crops,
)

import_tensorflow()
import keras  # noqa: E402  # after its quiet import
from keras import layers  # noqa: E402

from export.conversion import convert  # noqa: E402

INPUT = keras.Input((48, 48, 1))


def build_untrained(*tail: layers.Layer, side: int = 48, channels: int = 1) -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((side, side, channels)), layers.AveragePooling2D(8), layers.Flatten(), *tail]
    )


def test_float_model_computes_what_keras_computes(converted: Converted, tiny: keras.Model, toy: Toy) -> None:
    split = toy.splits["PublicTest"]
    classifier = OnnxClassifier(converted.as_float, "haar")
    calibrated = preprocess.calibrate(np.asarray(tiny(scale_crops(split))), classifier.metadata.temperature)
    np.testing.assert_allclose(
        [expression.probabilities for expression in classifier.classify(list(split.images))],
        calibrated,
        atol=1e-5,
    )


def test_int8_model_names_the_same_classes_and_is_smaller(converted: Converted, toy: Toy) -> None:
    split = toy.splits["PublicTest"]
    expressions = OnnxClassifier(converted.as_int8, "yunet").classify(list(split.images))
    assert (
        np.mean(
            [
                expression.top_label == LABELS[label]
                for expression, label in zip(expressions, split.labels, strict=True)
            ]
        )
        > 0.9
    )
    assert converted.as_int8.stat().st_size < 0.8 * converted.as_float.stat().st_size


def test_int8_weights_and_activations_are_int8(converted: Converted) -> None:
    model = onnx.load(converted.as_int8)
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            assert types[node.input[2]] == onnx.TensorProto.UINT8, node.name
    weights = [
        tensor
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) >= 2
    ]
    assert len(weights) == 3
    for tensor in weights:
        # Seven bits of the eight: more would saturate on some x86.
        assert np.abs(onnx.numpy_helper.to_array(tensor).astype(int)).max() <= 64


def test_batch_normalisation_is_folded_and_flattening_costs_one_node(converted: Converted) -> None:
    assert model_size.count_operators(onnx.load(converted.as_float)) == {
        "Gemm": 2,
        "Relu": 2,
        "Reshape": 2,
        "Conv": 1,
        "MaxPool": 1,
        "Softmax": 1,
    }


def test_metadata_describes_input_and_origin(converted: Converted) -> None:
    metadata = OnnxClassifier(converted.as_int8, "haar").metadata
    assert metadata.labels == LABELS and (metadata.height, metadata.width) == (48, 48)
    assert metadata.precision == "int8" and metadata.scale == 1 / 255 and metadata.framing == FER2013_FRAMING
    assert metadata.made_from["calibration"].startswith("300 images of Training in toy.npz (sha256 ")
    assert metadata.made_from["model"].startswith("tiny.keras (sha256 ")
    assert {"keras", "tf2onnx", "onnx", "onnxruntime"} <= set(metadata.made_from)
    assert "/" not in "".join(metadata.made_from.values())


def test_comparison_is_printed_with_its_images(converted: Converted) -> None:
    assert "compared on 140 images of PublicTest in toy.npz" in converted.stdout
    forms = [line.split("  ")[0] for line in converted.stdout.partition("\nchosen: ")[0].splitlines()[2:]]
    assert forms == ["Keras", "float", *(way.name for way in quantize.SCHEMES)]
    chosen = re.search(
        r"^chosen: (.*); temperature ([0-9.]+), fitted to the FER\+ majority of 140 images",
        converted.stdout,
        re.MULTILINE,
    )
    assert chosen is not None and chosen[1] in forms
    metadata = [OnnxClassifier(path, "haar").metadata for path in (converted.as_float, converted.as_int8)]
    assert {one.temperature for one in metadata} == {float(chosen[2])}
    assert metadata[1].made_from["quantization"] == chosen[1]
    assert all(way.name in metadata[1].made_from["same_top_1_by_way_tried"] for way in quantize.SCHEMES)
    assert "median time per face / ms" in converted.stdout


def test_temperature_is_fitted_to_the_truth_of_the_command(
    keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    code, stdout, _ = export(
        "convert",
        "--model",
        keras_files.keras,
        "--calibration",
        toy.npz,
        "--calibrate-by",
        "original",
        "--output",
        tmp_path / "tiny",
    )
    assert code == 0 and "fitted to the original labels of 140 images of PublicTest" in stdout
    code, stdout, _ = export(
        "convert",
        "--model",
        keras_files.keras,
        "--calibration",
        toy.csv,
        "--output",
        tmp_path / "without_votes",
    )
    assert code == 0 and "fitted to the original labels" in stdout


def test_description_of_the_training_reaches_the_metadata(
    keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    (tmp_path / "best.keras").write_bytes(keras_files.keras.read_bytes())
    (tmp_path / "run.json").write_text('{"training": "420 images"}')
    assert (
        export(
            "convert",
            "--model",
            tmp_path / "best.keras",
            "--calibration",
            toy.npz,
            "--output",
            tmp_path / "tiny",
        )[0]
        == 0
    )
    assert OnnxClassifier(tmp_path / "tiny.int8.onnx", "haar").metadata.made_from["training"] == "420 images"


def test_images_outside_the_calibration_are_held_out_without_public_test(
    keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    only = save_npz(tmp_path / "training.npz", {"Training": toy.splits["Training"]})
    code, stdout, _ = export(
        "convert", "--model", keras_files.keras, "--calibration", only, "--output", tmp_path / "tiny"
    )
    assert code == 0 and "compared on 120 images of Training in training.npz" in stdout


def test_model_of_another_size_gets_crops_of_its_size(toy: Toy, tmp_path: Path, export: Export) -> None:
    model = build_untrained(layers.Dense(7, activation="softmax"), side=64)
    model.save(tmp_path / "wide.keras")
    assert (
        export(
            "convert",
            "--model",
            tmp_path / "wide.keras",
            "--calibration",
            toy.npz,
            "--same-top",
            "0.5",
            "--tolerance",
            "50",
            "--as-given",
            "--output",
            tmp_path / "wide",
        )[0]
        == 0
    )
    metadata = OnnxClassifier(tmp_path / "wide.int8.onnx", "haar").metadata
    assert (metadata.height, metadata.width) == (64, 64)


def test_labels_and_scaling_are_those_of_the_command(
    tiny: keras.Model, toy: Toy, tmp_path: Path, export: Export
) -> None:
    order = [3, 0, 1, 2, 6, 5, 4]
    rescaled = keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Rescaling(0.5, offset=0.5),
            *tiny.layers[:-1],
            layers.Dense(7, activation="softmax", name="reordered"),
        ]
    )
    kernel, bias = tiny.layers[-1].get_weights()
    rescaled.layers[-1].set_weights([kernel[:, order], bias[order]])
    rescaled.save(tmp_path / "m.keras")
    labels = ",".join(LABELS[number] for number in order)
    # A pixel becomes -1 to 1, and the network's own layer brings that to 0 to 1.
    code, _, _ = export(
        "convert",
        "--model",
        tmp_path / "m.keras",
        "--calibration",
        toy.npz,
        "--scale",
        "2/255",
        "--offset",
        "-1",
        "--labels",
        labels,
        "--output",
        tmp_path / "m",
    )
    assert code == 0
    classifier = OnnxClassifier(tmp_path / "m.float.onnx", "haar")
    assert classifier.labels == tuple(labels.split(",")) and classifier.metadata.offset == -1
    assert classifier.classify([toy.splits["PublicTest"].images[3]])[0].top_label == "happy"


def test_pair_of_2023_is_converted_exactly(
    material: Callable[[str], Path], tmp_path: Path, export: Export
) -> None:
    with np.load(material("data/fer2013.npz")) as arrays:
        images = {
            name: Split(arrays["image"][rows], arrays["label"][rows].astype(int), arrays["votes"][rows])
            for name, rows in (("Training", slice(0, 400)), ("PublicTest", slice(28_709, 29_109)))
        }
    few = save_npz(tmp_path / "few.npz", images)
    code, stdout, _ = export(
        "convert",
        "--architecture",
        material("seed/Facial Expression Recognition.json"),
        "--weights",
        material("seed/fer.h5"),
        "--calibration",
        few,
        "--output",
        tmp_path / "fer2023",
    )
    assert code == 0 and "images of PublicTest in few.npz" in stdout
    # Its training set held most of these images: far above what such a network reaches on others.
    compared = stdout.partition("\nchosen: ")[0].splitlines()[2:]
    accuracies = [float(found[1]) for line in compared if (found := re.search(r"([0-9.]+)%", line))]
    assert len(accuracies) == 2 + len(quantize.SCHEMES) and all(
        80 < accuracy < 96 for accuracy in accuracies[:3]
    )
    assert (tmp_path / "fer2023.int8.onnx").stat().st_size < 0.3 * (
        tmp_path / "fer2023.float.onnx"
    ).stat().st_size
    assert model_size.count_operators(onnx.load(tmp_path / "fer2023.float.onnx")) == {
        "Relu": 6,
        "Conv": 5,
        "MaxPool": 3,
        "Gemm": 2,
        "Reshape": 2,
        "Softmax": 1,
    }


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (build_untrained(layers.Dense(5, activation="softmax")), "(n, 5)"),
        (build_untrained(layers.Dense(7, activation="softmax"), channels=4), "(n, 48, 48, 4)"),
        (
            keras.Sequential(
                [
                    keras.Input((None, None, 1)),
                    layers.GlobalAveragePooling2D(),
                    layers.Dense(7, activation="softmax"),
                ]
            ),
            "(n, n, n, 1)",
        ),
        (
            keras.Model(
                [INPUT, keras.Input((3,))], layers.Dense(7, activation="softmax")(layers.Flatten()(INPUT))
            ),
            "2 inputs",
        ),
    ],
    ids=["five classes", "four channels", "any size", "two inputs"],
)
def test_network_that_is_no_classifier_of_grey_crops_is_refused(
    expect_refusal: Callable[..., str], tmp_path: Path, model: keras.Model, found: str
) -> None:
    model.save(tmp_path / "m.keras")
    assert found in expect_refusal("--model", tmp_path / "m.keras")


def test_weights_that_are_not_numbers_are_refused(
    expect_refusal: Callable[..., str], tiny: keras.Model, tmp_path: Path
) -> None:
    broken = keras.models.clone_model(tiny)
    broken.set_weights([np.full_like(weights, np.nan) for weights in tiny.get_weights()])
    broken.save(tmp_path / "nan.keras")
    assert "sum to 1" in expect_refusal("--model", tmp_path / "nan.keras")


@pytest.mark.parametrize("labels", ["angry,angry,fear,happy,sad,surprise,neutral", "a,b,c,d,e,f,g"])
def test_labels_that_fer2013_does_not_have_are_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, labels: str
) -> None:
    assert "each once" in expect_refusal("--model", keras_files.keras, "--labels", labels)


def test_calibration_without_images_is_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    np.savez(
        tmp_path / "none.npz",
        image=np.zeros((0, 48, 48), np.uint8),
        label=np.zeros(0, int),
        usage=np.zeros(0, int),
    )
    assert "found no images" in expect_refusal(
        "--model", keras_files.keras, "--calibration", tmp_path / "none.npz"
    )


def test_calibration_of_another_shape_is_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    np.savez(
        tmp_path / "wide.npz",
        image=np.zeros((9, 64, 64, 4), np.uint8),
        label=np.zeros(9, int),
        usage=np.zeros(9, int),
    )
    assert "(9, 64, 64, 4)" in expect_refusal(
        "--model", keras_files.keras, "--calibration", tmp_path / "wide.npz"
    )


def test_calibration_that_leaves_no_held_out_image_is_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    few = save_npz(tmp_path / "few.npz", {"Training": make_toy_split(2, 0)})
    assert "14 of the calibration" in expect_refusal("--model", keras_files.keras, "--calibration", few)


def test_message_begins_with_the_name_of_the_step_that_failed(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    assert expect_refusal("--model", missing).startswith("fer-edge: load the Keras model: expected ")
    line = expect_refusal("--model", keras_files.keras, "--calibration", missing)
    assert line.startswith("fer-edge: choose the images: expected ")
    line = expect_refusal("--model", keras_files.keras, "--difference", "1e-30")
    assert line.startswith("fer-edge: compare float ONNX with Keras: expected ")


def test_error_of_a_step_keeps_its_kind_and_its_cause(toy: Toy, tmp_path: Path) -> None:
    request = Request({"model": tmp_path / "none.keras"}, toy.npz, tmp_path / "out")
    with pytest.raises(ModelError, match=r"^load the Keras model: ") as raised:
        convert.convert(request)
    assert type(raised.value) is ModelError and type(raised.value.__cause__) is ModelError
    assert str(raised.value) == f"load the Keras model: {raised.value.__cause__}"


def test_steps_have_names_of_their_own() -> None:
    assert len({step.name for step in convert.STEPS}) == len(convert.STEPS)


def test_float_model_over_the_tolerance_is_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles
) -> None:
    assert "nothing was written" in expect_refusal("--model", keras_files.keras, "--difference", "1e-30")


def test_int8_model_that_disagrees_too_often_is_refused_and_float_written(
    keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    # Calibrated on darkness, whatever is bright saturates.
    dark = Split(
        toy.splits["Training"].images // 20, toy.splits["Training"].labels, toy.splits["Training"].votes
    )
    images = save_npz(tmp_path / "dark.npz", {"Training": dark, "PublicTest": toy.splits["PublicTest"]})
    output = tmp_path / "dark"
    line = read_refusal(
        export("convert", "--model", keras_files.keras, "--calibration", images, "--output", output)
    )
    assert "compare int8 with float ONNX: expected " in line and "less accuracy" in line
    assert "dark.float.onnx was written" in line and "or use the float file" in line
    assert not (tmp_path / "dark.int8.onnx").exists()
    assert OnnxClassifier(tmp_path / "dark.float.onnx", "haar").metadata.precision == "float32"
    (tmp_path / "dark.int8.onnx").touch()
    line = read_refusal(
        export("convert", "--model", keras_files.keras, "--calibration", images, "--output", output)
    )
    assert "dark.int8.onnx is of an earlier conversion" in line


def test_float_only_tries_no_int8(keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export) -> None:
    arguments = ("--model", keras_files.keras, "--calibration", toy.npz, "--float-only")
    code, stdout, _ = export("convert", *arguments, "--output", tmp_path / "tiny")
    assert code == 0 and "chosen: float alone" in stdout
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.float.onnx"]
    metadata = OnnxClassifier(tmp_path / "tiny.float.onnx", "haar").metadata
    assert "--float-only" in metadata.made_from["conversion_command"]


def test_refusal_keeps_the_models_that_were_there(
    keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    (tmp_path / "tiny.int8.onnx").write_text("the old one")
    read_refusal(
        export(
            "convert",
            "--model",
            keras_files.keras,
            "--calibration",
            toy.npz,
            "--difference",
            "1e-30",
            "--output",
            tmp_path / "tiny",
        )
    )
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"tiny.int8.onnx": "the old one"}


def test_output_that_cannot_be_written_leaves_neither_file(
    keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    (tmp_path / "tiny.int8.onnx").mkdir()
    code, _, err = export(
        "convert", "--model", keras_files.keras, "--calibration", toy.npz, "--output", tmp_path / "tiny"
    )
    assert code == 74 and "tiny.int8.onnx" in err and "Traceback" not in err
    assert "fer-edge: write the files: " in err
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.int8.onnx"]


def test_model_no_better_than_one_answer_is_converted_with_a_warning(
    toy: Toy, tmp_path: Path, export: Export, caplog: pytest.LogCaptureFixture
) -> None:
    build_untrained(layers.Dense(7, activation="softmax", kernel_initializer="zeros")).save(
        tmp_path / "m.keras"
    )
    assert (
        export(
            "convert", "--model", tmp_path / "m.keras", "--calibration", toy.npz, "--output", tmp_path / "m"
        )[0]
        == 0
    )
    assert "check --scale, --offset, --labels" in caplog.text


def test_alphabetical_labels_and_another_scaling_are_found_and_named(
    expect_refusal: Callable[..., str], tiny: keras.Model, toy: Toy, tmp_path: Path, export: Export
) -> None:
    order = [LABELS.index(label) for label in sorted(LABELS)]
    reordered = keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Rescaling(0.5, offset=0.5),
            *tiny.layers[:-1],
            layers.Dense(7, activation="softmax", name="alphabetical"),
        ]
    )
    kernel, bias = tiny.layers[-1].get_weights()
    reordered.layers[-1].set_weights([kernel[:, order], bias[order]])
    reordered.save(tmp_path / "m.keras")
    named = f"--labels {','.join(sorted(LABELS))}"
    line = expect_refusal("--model", tmp_path / "m.keras")
    assert line.startswith("fer-edge: check labels and scaling: expected ")
    assert f"give --scale 2/255 --offset -1 {named}, or --as-given" in line
    line = expect_refusal("--model", tmp_path / "m.keras", "--scale", "2/255", "--offset", "-1")
    assert f"give {named}, or" in line
    flags = ("--scale", "2/255", "--offset", "-1", "--as-given", "--float-only", "--output", tmp_path / "m")
    assert export("convert", "--model", tmp_path / "m.keras", "--calibration", toy.npz, *flags)[0] == 0
