"""The whole series runs on the original lab's pictures and weights, too."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


# 07 to 10 take minutes on one thread.
BY_SIZE = [pytest.param(path, marks=pytest.mark.rare if path.name >= "07" else (), id=path.stem)
           for path in NOTEBOOKS]


@pytest.mark.parametrize("path", BY_SIZE)
def test_a_notebook_runs_on_the_original_labs_data(path, lab_data, monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_DATA", str(lab_data))
    monkeypatch.setenv("LAB_PICTURES", "imagenet_val_25")
    monkeypatch.setenv("LAB_WEIGHTS", str(lab_data / "squeezenet1_1_reference.pth"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(output.get("text", "") for cell in notebook.cells
                      for output in cell.get("outputs", []))
    assert "Pictures: imagenet_val_25:" in printed
    assert "Weights: your own: squeezenet1_1_reference.pth" in printed
