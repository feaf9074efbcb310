"""The card says what the file and a run of it say."""

import json
from pathlib import Path

from export.dataset import LABELS
from tests.export.conftest import Converted, Export, Toy, refusal


def copied(path: Path, folder: Path) -> Path:
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    return copy


def test_card_stands_beside_the_model_with_the_figures_of_an_evaluation(
        converted: Converted, toy: Toy, tmp_path: Path, export: Export) -> None:
    model, reference = copied(converted.as_int8, tmp_path), copied(converted.as_float, tmp_path)
    code, said, _ = export("card", "--model", model, "--data", toy.npz, "--float", reference)
    card = tmp_path / "tiny.int8.md"
    assert code == 0 and said.strip() == str(card)
    text = card.read_text()
    export("evaluate", "--model", model, "--data", toy.npz, "--split", "PublicTest", "--json", tmp_path / "f.json")
    figures = json.loads((tmp_path / "f.json").read_text())
    assert f"| accuracy | {figures['accuracy']:.2%} |" in text
    assert f"| macro-F1 | {figures['macro_f1']:.4f} |" in text
    assert f"| {figures['ferplus_accuracy']:.2%} |" in text
    for label, row in zip(LABELS, figures["confusion"], strict=True):
        assert f"| {label} | 20 | {figures['recall'][label]:.2%} | {' | '.join(map(str, row))} |" in text
    assert f"{model.stat().st_size:,} bytes" in text and "300 images of Training in toy.npz" in text
    assert [line.split()[0] for line in text.splitlines() if line.startswith(("float32 ", "int8 "))] \
        == ["float32", "int8"]


def test_card_without_a_reference_compares_nothing(
        converted: Converted, toy: Toy, tmp_path: Path, export: Export) -> None:
    model = copied(converted.as_float, tmp_path)
    assert export("card", "--model", model, "--data", toy.csv)[0] == 0
    text = (tmp_path / "tiny.float.md").read_text()
    assert "Against the float model" not in text and "FER+ votes" not in text


def test_card_of_a_file_without_metadata_is_refused(toy: Toy, tmp_path: Path, export: Export) -> None:
    (tmp_path / "a.onnx").write_text("no model")
    assert "a.onnx" in refusal(export("card", "--model", tmp_path / "a.onnx", "--data", toy.npz))
    assert not (tmp_path / "a.md").exists()
