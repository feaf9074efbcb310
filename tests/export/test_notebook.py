"""The notebook runs from its first cell to its last, and is stored without outputs."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.export.conftest import Toy, save_npz

NOTEBOOK = Path(__file__).parent.parent.parent / "export" / "training.ipynb"


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    read: nbformat.NotebookNode = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    return read


def test_short_version_runs_and_shows_every_picture(
    notebook: nbformat.NotebookNode, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = save_npz(
        tmp_path / "few.npz",
        {"Training": toy.splits["Training"].take(slice(0, 210)), "PublicTest": toy.splits["PublicTest"]},
    )
    for name, value in {
        "FER_DATA": few,
        "FER_RUN": tmp_path / "run",
        "FER_SHORT": 1,
        "IPYTHONDIR": tmp_path / "ipython",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent.parent)}}
    ).execute()
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 8
    assert (tmp_path / "run" / "fer.int8.md").exists() and os.listdir(tmp_path / "run").count(
        "fer.int8.onnx"
    ) == 1


def test_notebook_is_stored_without_outputs(notebook: nbformat.NotebookNode) -> None:
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
