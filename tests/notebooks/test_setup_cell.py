"""The set-up cell that every notebook opens with, run as a student would run it."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from conftest import FAKE_COLAB
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
REPORT = "\nimport labutils; print(labutils.__file__)\n"


# What was set before the cell ran, and what is shown of it.
FAULTS = {
    "owner": ({"LAB_REPO_URL": "https://github.com/OWNER/smoothgrad-lab"},
              "branch main of https://github.com/OWNER/smoothgrad-lab still holds OWNER; who hands "
              "this out runs `make set-owner OWNER=account`, you put `%env "
              "LAB_REPO_URL=https://…` into a cell above."),
    "owner by ssh": ({"LAB_REPO_URL": "git@github.com:OWNER/smoothgrad-lab.git"},
                     "branch main of git@github.com:OWNER/smoothgrad-lab.git still holds OWNER;"),
    "no repository": ({"LAB_REPO_URL": "/nowhere", "LAB_REPO_REF": "autumn"},
                      "branch autumn of /nowhere was not fetched (fatal: repository '/nowhere' "
                      "does not exist); check the network, address (`%env LAB_REPO_URL=…`) and "
                      "branch (`%env LAB_REPO_REF=…`)."),
    "another project": ({"LAB_REPO_URL": "other"},
                        "branch main of other was not fetched (it holds no labutils); check"),
    "no git": ({"LAB_REPO_URL": "other", "PATH": "bin"},
               "branch main of other was not fetched (env: "),
}


def set_up(path: Path) -> str:
    """The set-up cell of a notebook."""
    notebook = nbformat.read(path, as_version=4)
    return next(c.source for c in notebook.cells if c.cell_type == "code")


@pytest.fixture(scope="module")
def cell() -> str:
    return set_up(ROOT / "notebooks" / "01_loading_data.ipynb")


@pytest.fixture(scope="module")
def shown(cell: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, nbformat.NotebookNode]:
    """The cells after each fault, as a kernel has executed them."""
    folder = tmp_path_factory.mktemp("colab")
    subprocess.run(["git", "init", "-q", "-b", "main", folder / "other"], check=True)
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q",
                    "--allow-empty", "-m", "first"], cwd=folder / "other", check=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "env").symlink_to(shutil.which("env"))
    before = FAKE_COLAB + "import os\nclean = dict(os.environ)"
    cells = [f"os.environ.clear()\nos.environ.update(clean | {{'LAB_REPO_REF': 'main'}} | {change})"
             f"\n{cell}" for change, _ in FAULTS.values()]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)
                                               for source in [before, *cells]])
    NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True,
                   resources={"metadata": {"path": str(folder)}}).execute()
    return dict(zip(FAULTS, notebook.cells[1:], strict=True))


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
    assert "labutils was not found; open this notebook in the project's folder" in result.stderr


def test_in_colab_it_clones_the_repository_and_is_safe_to_run_twice(cell, tmp_path, repository):
    result = run(FAKE_COLAB + cell + "\n" + cell + REPORT, tmp_path, LAB_REPO_URL=str(repository))
    expected = tmp_path / "smoothgrad-lab" / "labutils" / "__init__.py"
    assert result.stdout.strip() == str(expected), result.stderr
    # In a new session of the same machine nothing is fetched again: here there is no git.
    again = run(FAKE_COLAB + cell + REPORT, tmp_path, LAB_REPO_URL=str(repository), PATH="")
    assert again.stdout.strip() == str(expected), again.stderr


def test_in_colab_it_checks_out_the_wanted_version(cell, tmp_path, repository):
    newer = tmp_path / "smoothgrad-lab" / "labutils" / "newer.py"
    for version, newest in (("main", True), ("v1", False)):
        result = run(FAKE_COLAB + cell, tmp_path, LAB_REPO_URL=str(repository),
                     LAB_REPO_REF=version)
        assert result.returncode == 0, result.stderr
        assert newer.exists() == newest


def test_a_missing_version_is_not_replaced_by_another_on_the_second_try(cell, tmp_path, repository):
    for _ in range(2):
        result = run(FAKE_COLAB + cell, tmp_path, LAB_REPO_URL=str(repository), LAB_REPO_REF="v9")
        assert result.returncode == 1
        assert f"branch v9 of {repository} was not fetched" in result.stderr


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_shown_as_one_sentence_and_stops_the_notebook(shown, fault):
    (output,) = shown[fault].outputs
    assert output.output_type == "error"
    (line,) = output.traceback
    assert line.startswith("Set-up stopped: " + FAULTS[fault][1])
    assert "\n" not in line
    # Colab adds a note about pip and apt below every ImportError.
    assert output.ename == "SetUpError"


def test_half_a_clone_is_removed_and_cloned_again(cell, tmp_path, repository):
    home = tmp_path / "smoothgrad-lab"
    # As a kernel that dies leaves it: some of the files, and git's lock.
    subprocess.run(["git", "clone", "-q", repository, home], check=True)
    (home / ".git" / "index.lock").touch()
    (home / "labutils" / "saliency.py").unlink()
    result = run(FAKE_COLAB + cell, tmp_path, LAB_REPO_URL=str(repository))
    assert result.returncode == 0, result.stderr
    assert (home / "labutils" / "saliency.py").is_file()


def test_after_make_set_owner_the_owner_s_repository_is_fetched(tmp_path):
    for name in ("Makefile", "pyproject.toml", "notebooks/01_loading_data.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(["make", "-s", "set-owner", "OWNER=ada"], cwd=tmp_path, check=True)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]
    git = tmp_path / "git"  # one that never fetches anything
    git.write_text('#!/bin/sh\necho "asked for $*" >&2\nexit 1\n')
    git.chmod(0o755)
    result = run(FAKE_COLAB + set_up(tmp_path / "notebooks" / "01_loading_data.ipynb"), tmp_path,
                 PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert "holds OWNER" not in result.stderr
    assert f"-- {project['urls']['Repository']} " in result.stderr


def test_its_repository_is_the_one_of_pyproject(cell):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f'"{project["urls"]["Repository"]}"' in cell
