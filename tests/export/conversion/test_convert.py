"""Keras files of every age become ONNX files that agree with them, or nothing at all."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest

from edge.faces import preprocess
from edge.faces.classifier import OnnxClassifier
from export.conversion import onnx_graph, quantize
from export.data.dataset import FER2013_FRAMING, LABELS, Split
from export.tensorflow_import import import_tensorflow
from tests.export.conftest import Converted, Export, KerasFiles, Toy, as_crops, refusal, save_npz, toy_split

import_tensorflow()

import keras  # noqa: E402  # after its quiet import
from keras import layers  # noqa: E402

from export import keras_models  # noqa: E402

INPUT = keras.Input((48, 48, 1))


def untrained(*tail: layers.Layer, side: int = 48, channels: int = 1) -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((side, side, channels)), layers.AveragePooling2D(8), layers.Flatten(), *tail]
    )


# What is written.


def test_float_model_computes_what_keras_computes(converted: Converted, tiny: keras.Model, toy: Toy) -> None:
    split = toy.splits["PublicTest"]
    classifier = OnnxClassifier(converted.as_float, "haar")
    calibrated = preprocess.calibrate(np.asarray(tiny(as_crops(split))), classifier.metadata.temperature)
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


def test_int8_weights_and_activations_are_what_they_claim(converted: Converted) -> None:
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
    assert onnx_graph.count_operators(onnx.load(converted.as_float)) == {
        "Gemm": 2,
        "Relu": 2,
        "Reshape": 2,
        "Conv": 1,
        "MaxPool": 1,
        "Softmax": 1,
    }


def test_metadata_says_what_goes_in_and_where_it_is_from(converted: Converted) -> None:
    metadata = OnnxClassifier(converted.as_int8, "haar").metadata
    assert metadata.labels == LABELS and (metadata.height, metadata.width) == (48, 48)
    assert metadata.precision == "int8" and metadata.scale == 1 / 255 and metadata.framing == FER2013_FRAMING
    assert metadata.made_from["calibration"].startswith("300 images of Training in toy.npz (sha256 ")
    assert metadata.made_from["model"].startswith("tiny.keras (sha256 ")
    assert {"keras", "tf2onnx", "onnx", "onnxruntime"} <= set(metadata.made_from)
    assert "/" not in "".join(metadata.made_from.values())


def test_comparison_is_printed_with_the_images_it_rests_on(converted: Converted) -> None:
    assert "compared on 140 images of PublicTest in toy.npz" in converted.said
    forms = [line.split("  ")[0] for line in converted.said.partition("\nchosen: ")[0].splitlines()[2:]]
    assert forms == ["Keras", "float", *(way.name for way in quantize.WAYS)]
    chosen = re.search(
        r"^chosen: (.*); temperature ([0-9.]+), fitted to the FER\+ majority of 140 images",
        converted.said,
        re.MULTILINE,
    )
    assert chosen is not None and chosen[1] in forms
    metadata = [OnnxClassifier(path, "haar").metadata for path in (converted.as_float, converted.as_int8)]
    assert {one.temperature for one in metadata} == {float(chosen[2])}
    assert metadata[1].made_from["quantization"] == chosen[1]
    assert all(way.name in metadata[1].made_from["same_top_1_by_way_tried"] for way in quantize.WAYS)
    assert "median time per face / ms" in converted.said


def test_temperature_is_fitted_to_the_truth_that_is_asked_for(
    keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    code, said, _ = export(
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
    assert code == 0 and "fitted to the original labels of 140 images of PublicTest" in said
    code, said, _ = export(
        "convert",
        "--model",
        keras_files.keras,
        "--calibration",
        toy.csv,
        "--output",
        tmp_path / "without_votes",
    )
    assert code == 0 and "fitted to the original labels" in said


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


def test_images_that_did_not_calibrate_judge_where_there_is_no_public_test(
    keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    only = save_npz(tmp_path / "training.npz", {"Training": toy.splits["Training"]})
    code, said, _ = export(
        "convert", "--model", keras_files.keras, "--calibration", only, "--output", tmp_path / "tiny"
    )
    assert code == 0 and "compared on 120 images of Training in training.npz" in said


def test_model_of_another_size_gets_crops_of_its_size(toy: Toy, tmp_path: Path, export: Export) -> None:
    model = untrained(layers.Dense(7, activation="softmax"), side=64)
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
            "--output",
            tmp_path / "wide",
        )[0]
        == 0
    )
    metadata = OnnxClassifier(tmp_path / "wide.int8.onnx", "haar").metadata
    assert (metadata.height, metadata.width) == (64, 64)


def test_labels_and_scaling_are_the_users_own(
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
    code, said, _ = export(
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


# The forms in which people have their models.


@pytest.mark.parametrize("form", ["full_h5", "pair"])
def test_file_of_keras_2_gives_what_the_keras_file_gives(
    keras_files: KerasFiles, tiny: keras.Model, toy: Toy, form: str
) -> None:
    model = (
        keras_models.load(keras_files.full_h5)
        if form == "full_h5"
        else keras_models.load_pair(keras_files.architecture, keras_files.weights)
    )
    crops = as_crops(toy.splits["PublicTest"])
    np.testing.assert_array_equal(np.asarray(model(crops)), np.asarray(tiny(crops)))


def test_keras_3_refuses_the_architecture_that_is_read_here(keras_files: KerasFiles) -> None:
    with pytest.raises(TypeError, match="Could not locate class"):
        keras.models.model_from_json(keras_files.architecture.read_text())


def test_functional_architecture_of_keras_2_with_depthwise_convolutions_is_read(tmp_path: Path) -> None:
    def layer(kind: str, name: str, inputs: list[str], **config: object) -> dict[str, object]:
        nodes = [[[source, 0, 0, {}] for source in inputs]] if inputs else []
        return {"class_name": kind, "name": name, "inbound_nodes": nodes, "config": {"name": name, **config}}

    described = {
        "class_name": "Functional",
        "keras_version": "2.12.0",
        "backend": "tensorflow",
        "config": {
            "name": "model",
            "input_layers": [["crops", 0, 0]],
            "output_layers": [["answer", 0, 0]],
            "layers": [
                layer(
                    "InputLayer",
                    "crops",
                    [],
                    batch_input_shape=[None, 48, 48, 1],
                    dtype="float32",
                    sparse=False,
                    ragged=False,
                ),
                layer(
                    "DepthwiseConv2D", "depthwise", ["crops"], kernel_size=[3, 3], padding="same", groups=1
                ),
                layer(
                    "SeparableConv2D",
                    "separable",
                    ["depthwise"],
                    filters=1,
                    kernel_size=[3, 3],
                    padding="same",
                    groups=1,
                ),
                layer("Add", "sum", ["crops", "separable"]),
                layer("GlobalAveragePooling2D", "mean", ["sum"]),
                layer("Dense", "answer", ["mean"], units=7, activation="softmax"),
            ],
        },
    }
    (tmp_path / "a.json").write_text(json.dumps(described))
    keras.utils.set_random_seed(0)
    crops = keras.Input((48, 48, 1))
    filtered = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(crops)
    filtered = layers.SeparableConv2D(1, 3, padding="same", name="separable")(filtered)
    mean = layers.GlobalAveragePooling2D()(layers.Add()([crops, filtered]))
    today = keras.Model(crops, layers.Dense(7, activation="softmax", name="answer")(mean))
    today.save_weights(tmp_path / "a.weights.h5")
    loaded = keras_models.load_pair(tmp_path / "a.json", tmp_path / "a.weights.h5")
    images = as_crops(toy_split(1, 0))
    np.testing.assert_array_equal(np.asarray(loaded(images)), np.asarray(today(images)))


def test_pair_of_2023_is_converted_exactly(
    material: Callable[[str], Path], tmp_path: Path, export: Export
) -> None:
    with np.load(material("data/fer2013.npz")) as arrays:
        images = {
            name: Split(arrays["image"][rows], arrays["label"][rows].astype(int), arrays["votes"][rows])
            for name, rows in (("Training", slice(0, 400)), ("PublicTest", slice(28_709, 29_109)))
        }
    few = save_npz(tmp_path / "few.npz", images)
    code, said, _ = export(
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
    assert code == 0 and "images of PublicTest in few.npz" in said
    # Its training set held most of these images: far above what such a network reaches on others.
    compared = said.partition("\nchosen: ")[0].splitlines()[2:]
    accuracies = [float(found[1]) for line in compared if (found := re.search(r"([0-9.]+)%", line))]
    assert len(accuracies) == 2 + len(quantize.WAYS) and all(
        80 < accuracy < 96 for accuracy in accuracies[:3]
    )
    assert (tmp_path / "fer2023.int8.onnx").stat().st_size < 0.3 * (
        tmp_path / "fer2023.float.onnx"
    ).stat().st_size
    assert onnx_graph.count_operators(onnx.load(tmp_path / "fer2023.float.onnx")) == {
        "Relu": 6,
        "Conv": 5,
        "MaxPool": 3,
        "Gemm": 2,
        "Reshape": 2,
        "Softmax": 1,
    }


# What is refused, and leaves nothing behind.


@pytest.fixture
def refused(toy: Toy, tmp_path: Path, export: Export) -> Callable[..., str]:
    """Runs export convert, which must refuse in one line and write nothing; returns the line."""

    def run(*arguments: str | Path) -> str:
        given = list(arguments)
        if "--calibration" not in given:
            given += ["--calibration", toy.npz]
        line = refusal(export("convert", *given, "--output", tmp_path / "out" / "model"))
        assert not (tmp_path / "out").exists()
        return line

    return run


def test_missing_model_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "no such file" in refused("--model", tmp_path / "none.keras")


def test_missing_half_of_a_pair_is_refused(
    refused: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    assert "none.json" in refused("--architecture", tmp_path / "none.json", "--weights", keras_files.weights)
    assert "none.h5" in refused("--architecture", keras_files.architecture, "--weights", tmp_path / "none.h5")


@pytest.mark.parametrize("form", ["keras", "full_h5"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.95])
def test_truncated_model_is_refused(
    refused: Callable[..., str], keras_files: KerasFiles, tmp_path: Path, form: str, kept: float
) -> None:
    whole: Path = getattr(keras_files, form)
    cut = tmp_path / f"cut{whole.suffix}"
    content = whole.read_bytes()
    cut.write_bytes(content[: int(kept * len(content))])
    assert str(cut) in refused("--model", cut)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.95])
def test_truncated_weights_are_refused(
    refused: Callable[..., str], keras_files: KerasFiles, tmp_path: Path, kept: float
) -> None:
    content = keras_files.weights.read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: int(kept * len(content))])
    assert "cut.h5" in refused("--architecture", keras_files.architecture, "--weights", tmp_path / "cut.h5")


def test_weights_that_are_no_hdf5_are_refused(
    refused: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    (tmp_path / "w.h5").write_text("no weights")
    assert "w.h5" in refused("--architecture", keras_files.architecture, "--weights", tmp_path / "w.h5")


@pytest.mark.parametrize("change", ["fewer layers", "another shape", "no names"])
def test_weights_that_do_not_fit_their_architecture_are_refused(
    refused: Callable[..., str], keras_files: KerasFiles, tmp_path: Path, change: str
) -> None:
    described = json.loads(keras_files.architecture.read_text())
    weights = tmp_path / "w.h5"
    weights.write_bytes(keras_files.weights.read_bytes())
    if change == "fewer layers":
        del described["config"]["layers"][-1]
    elif change == "another shape":
        described["config"]["layers"][1]["config"]["filters"] = 5
    else:
        with h5py.File(weights, "a") as file:
            del file.attrs["layer_names"]
    (tmp_path / "a.json").write_text(json.dumps(described))
    line = refused("--architecture", tmp_path / "a.json", "--weights", weights)
    assert "that fit the architecture" in line and "w.h5" in line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        '{"class_name": "Sequential"}',
        '{"class_name": "Sequential", "config": {"layers": [{"class_name": "Magic"}]}}',
    ],
)
def test_architecture_that_is_none_is_refused(
    refused: Callable[..., str], keras_files: KerasFiles, tmp_path: Path, text: str
) -> None:
    (tmp_path / "a.json").write_text(text)
    assert "a.json" in refused("--architecture", tmp_path / "a.json", "--weights", keras_files.weights)


def test_weights_alone_as_a_model_say_which_options_take_them(
    refused: Callable[..., str], keras_files: KerasFiles
) -> None:
    assert "--architecture" in refused("--model", keras_files.weights)


def test_file_of_another_kind_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "model.pb").touch()
    assert ".keras or .h5" in refused("--model", tmp_path / "model.pb")


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (untrained(layers.Dense(7)), "softmax"),
        (untrained(layers.Dense(7, activation="sigmoid")), "softmax"),
        (untrained(layers.Dense(5, activation="softmax")), "(n, 5)"),
        (untrained(layers.Dense(7, activation="softmax"), channels=3), "(n, 48, 48, 3)"),
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
    ids=["logits", "sigmoids", "five classes", "colour", "any size", "two inputs"],
)
def test_network_that_is_no_classifier_of_grey_crops_is_refused(
    refused: Callable[..., str], tmp_path: Path, model: keras.Model, found: str
) -> None:
    model.save(tmp_path / "m.keras")
    assert found in refused("--model", tmp_path / "m.keras")


def test_weights_that_are_not_numbers_are_refused(
    refused: Callable[..., str], tiny: keras.Model, tmp_path: Path
) -> None:
    broken = keras.models.clone_model(tiny)
    broken.set_weights([np.full_like(weights, np.nan) for weights in tiny.get_weights()])
    broken.save(tmp_path / "nan.keras")
    assert "sum to 1" in refused("--model", tmp_path / "nan.keras")


@pytest.mark.parametrize("labels", ["angry,angry,fear,happy,sad,surprise,neutral", "a,b,c,d,e,f,g"])
def test_labels_that_fer2013_does_not_have_are_refused(
    refused: Callable[..., str], keras_files: KerasFiles, labels: str
) -> None:
    assert "each once" in refused("--model", keras_files.keras, "--labels", labels)


def test_calibration_without_images_is_refused(
    refused: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    np.savez(
        tmp_path / "none.npz",
        image=np.zeros((0, 48, 48), np.uint8),
        label=np.zeros(0, int),
        usage=np.zeros(0, int),
    )
    assert "found no images" in refused("--model", keras_files.keras, "--calibration", tmp_path / "none.npz")


def test_calibration_of_another_shape_is_refused(
    refused: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    np.savez(
        tmp_path / "wide.npz",
        image=np.zeros((9, 64, 64, 4), np.uint8),
        label=np.zeros(9, int),
        usage=np.zeros(9, int),
    )
    assert "(9, 64, 64, 4)" in refused("--model", keras_files.keras, "--calibration", tmp_path / "wide.npz")


def test_calibration_that_leaves_nothing_to_judge_by_is_refused(
    refused: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    few = save_npz(tmp_path / "few.npz", {"Training": toy_split(2, 0)})
    assert "14 that calibrate" in refused("--model", keras_files.keras, "--calibration", few)


def test_float_model_over_the_tolerance_is_refused(
    refused: Callable[..., str], keras_files: KerasFiles
) -> None:
    assert "nothing was written" in refused("--model", keras_files.keras, "--difference", "1e-30")


def test_int8_model_that_disagrees_too_often_is_refused(
    refused: Callable[..., str], keras_files: KerasFiles, toy: Toy, tmp_path: Path
) -> None:
    # Calibrated on darkness, whatever is bright saturates.
    dark = Split(
        toy.splits["Training"].images // 20, toy.splits["Training"].labels, toy.splits["Training"].votes
    )
    images = save_npz(tmp_path / "dark.npz", {"Training": dark, "PublicTest": toy.splits["PublicTest"]})
    line = refused("--model", keras_files.keras, "--calibration", images)
    assert "nothing was written" in line and "less accuracy" in line


def test_models_already_there_survive_a_refusal(
    keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    (tmp_path / "tiny.int8.onnx").write_text("the old one")
    refusal(
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
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.int8.onnx"]


def test_model_no_better_than_one_answer_is_converted_with_a_warning(
    toy: Toy, tmp_path: Path, export: Export, caplog: pytest.LogCaptureFixture
) -> None:
    untrained(layers.Dense(7, activation="softmax", kernel_initializer="zeros")).save(tmp_path / "m.keras")
    assert (
        export(
            "convert", "--model", tmp_path / "m.keras", "--calibration", toy.npz, "--output", tmp_path / "m"
        )[0]
        == 0
    )
    assert "check --scale, --offset, --labels" in caplog.text
