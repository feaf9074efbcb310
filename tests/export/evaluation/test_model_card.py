"""The card says what the file and a run of it say."""

import json
from pathlib import Path

from export.data.dataset import LABELS
from export.evaluation.robustness import DISTURBANCES
from tests.export.conftest import Converted, Export, Toy, read_refusal


def copy(path: Path, folder: Path) -> Path:
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    return copy


def test_card_stands_beside_the_model_with_the_figures_of_an_evaluation(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    model, reference = copy(converted.as_int8, tmp_path), copy(converted.as_float, tmp_path)
    code, stdout, _ = export("card", "--model", model, "--data", toy.npz, "--float", reference)
    card = tmp_path / "tiny.int8.md"
    assert code == 0 and stdout.strip() == str(card)
    text = card.read_text()
    export(
        "evaluate",
        "--model",
        model,
        "--data",
        toy.npz,
        "--split",
        "PublicTest",
        "--json",
        tmp_path / "f.json",
    )
    figures = json.loads((tmp_path / "f.json").read_text())
    for title, name, form in (
        ("accuracy", "accuracy", ".2%"),
        ("macro-F1", "macro_f1", ".4f"),
        ("accuracy by the FER+ majority", "ferplus_accuracy", ".2%"),
    ):
        lower, upper = figures["intervals"][name]
        assert f"| {title} | {figures[name]:{form}} [{lower:{form}}, {upper:{form}}] |" in text
    assert f"| expected calibration error | {figures['calibration_error']:.2%} |" in text
    assert (
        "a little: the temperature, the way of quantizing." in text
        and "weights were trained elsewhere" in text
    )
    for label, row in zip(LABELS, figures["confusion"], strict=True):
        lower, upper = figures["intervals"][label]
        assert (
            f"| {label} | 20 | {figures['recall'][label]:.2%} [{lower:.1%}, {upper:.1%}] | "
            f"{' | '.join(map(str, row))} |" in text
        )
    assert all(f"| {name} | " in text for name in DISTURBANCES)
    assert f"{model.stat().st_size:,} bytes" in text and "300 images of Training in toy.npz" in text
    # Once for what they answer, once for how long they take.
    assert [line.split()[0] for line in text.splitlines() if line.startswith(("float32 ", "int8 "))] == [
        "float32",
        "int8",
    ] * 2


def test_card_without_a_reference_compares_nothing(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    model = copy(converted.as_float, tmp_path)
    assert export("card", "--model", model, "--data", toy.csv)[0] == 0
    text = (tmp_path / "tiny.float.md").read_text()
    assert (
        "Against the float model" not in text
        and "by the FER+ majority | " not in text.partition("## How robust")[0]
    )


def test_card_of_a_file_without_metadata_is_refused(toy: Toy, tmp_path: Path, export: Export) -> None:
    (tmp_path / "a.onnx").write_text("no model")
    assert "a.onnx" in read_refusal(export("card", "--model", tmp_path / "a.onnx", "--data", toy.npz))
    assert not (tmp_path / "a.md").exists()
