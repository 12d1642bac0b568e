"""The set-up cell that every notebook opens with, run as a student would run it."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from conftest import FAKE_COLAB

ROOT = Path(__file__).resolve().parents[2]
REPORT = "\nimport labutils; print(labutils.__file__)\n"


@pytest.fixture(scope="module")
def cell() -> str:
    notebook = nbformat.read(ROOT / "notebooks" / "01_loading_data.ipynb", as_version=4)
    return next(c.source for c in notebook.cells if c.cell_type == "code")


def run(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run code in folder, in a fresh Python that does not know the project."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LAB_REPO_URL")}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=clean | environment,
                          capture_output=True, text=True, timeout=120)


def test_it_finds_the_project_from_the_notebooks_folder(cell):
    result = run(cell + REPORT, ROOT / "notebooks")
    assert result.stdout.strip() == str(ROOT / "labutils" / "__init__.py"), result.stderr


def test_it_finds_the_project_from_below(cell, tmp_path):
    below = ROOT / "notebooks" / "images"
    result = run(cell + REPORT, below)
    assert result.stdout.strip() == str(ROOT / "labutils" / "__init__.py"), result.stderr


def test_it_does_nothing_when_labutils_can_be_imported(cell, tmp_path):
    result = run("import sys; before = list(sys.path)\n" + cell + "\nassert sys.path == before",
                 tmp_path, PYTHONPATH=str(ROOT))
    assert result.returncode == 0, result.stderr


def test_elsewhere_it_fails_with_one_clear_sentence(cell, tmp_path):
    result = run(cell, tmp_path)
    assert result.returncode == 1
    assert "labutils was not found: open this notebook inside the project's folder" in result.stderr


def test_in_colab_it_clones_the_repository_and_is_safe_to_run_twice(cell, tmp_path, repository):
    result = run(FAKE_COLAB + cell + "\n" + cell + REPORT, tmp_path, LAB_REPO_URL=str(repository))
    expected = tmp_path / "smoothgrad-lab" / "labutils" / "__init__.py"
    assert result.stdout.strip() == str(expected), result.stderr
    again = run(FAKE_COLAB + cell + REPORT, tmp_path, LAB_REPO_URL="nowhere")
    assert again.stdout.strip() == str(expected), again.stderr


def test_in_colab_it_checks_out_the_wanted_version(cell, tmp_path, repository):
    result = run(FAKE_COLAB + cell, tmp_path, LAB_REPO_URL=str(repository), LAB_REPO_REF="v1")
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "smoothgrad-lab" / "labutils" / "newer.py").exists()


def test_a_missing_version_is_not_replaced_by_another_on_the_second_try(cell, tmp_path, repository):
    for _ in range(2):
        result = run(FAKE_COLAB + cell, tmp_path, LAB_REPO_URL=str(repository), LAB_REPO_REF="v9")
        assert result.returncode == 1
        assert "v9" in result.stderr


def test_its_repository_is_the_one_of_pyproject(cell):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f'"{project["urls"]["Repository"]}"' in cell
