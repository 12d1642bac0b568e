"""The notebooks as files: complete, executed, accessible, and linked to what exists."""

import ast
import re
import tomllib
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_BYTES = 1_500_000
SETUP_MARK = "#@title Set-up:"

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    return "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")


def html_outputs(path: Path) -> str:
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    return "\n".join(o.get("data", {}).get("text/html", "") for o in outputs)


def test_there_are_notebooks():
    numbers = [int(path.stem[:2]) for path in NOTEBOOKS]
    assert numbers == list(range(1, len(NOTEBOOKS) + 1))
    assert len(NOTEBOOKS) >= 4


@every_notebook
def test_a_notebook_is_valid_nbformat(path):
    nbformat.validate(read(path))


@every_notebook
def test_cell_ids_are_unique(path):
    ids = [cell.id for cell in read(path).cells]
    assert len(ids) == len(set(ids))


@every_notebook
def test_a_notebook_was_executed_in_order(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_no_output_is_an_error_or_a_warning(path):
    bad = [output.get("ename", output.get("text")) for cell in code_cells(path)
           for output in cell.outputs
           if output.output_type == "error" or output.get("name") == "stderr"]
    assert bad == []


@every_notebook
def test_no_matplotlib_object_leaks_into_the_output(path):
    leaks = [output.data["text/plain"] for cell in code_cells(path) for output in cell.outputs
             if re.match(r"\[?(Text\(|<matplotlib|<Axes|<Figure|array\(\[?\[?<)",
                         output.get("data", {}).get("text/plain", ""))]
    assert leaks == []


@every_notebook
def test_a_notebook_stays_small(path):
    assert path.stat().st_size < MAX_BYTES


@every_notebook
def test_cells_are_short(path):
    lengths = sorted(len(cell.source.splitlines()) for cell in code_cells(path))
    assert lengths[-1] <= 30
    assert lengths[len(lengths) // 2] < 10


@every_notebook
def test_every_figure_has_alt_text(path):
    pictures = re.findall(r"<img[^>]*>", html_outputs(path))
    assert pictures, "a notebook without figures"
    assert [p[:80] for p in pictures if not re.search(r'alt="[^"]{20,}"', p)] == []
    assert [mime for cell in code_cells(path) for output in cell.outputs
            for mime in output.get("data", {}) if mime.startswith("image/")] == []


@every_notebook
def test_every_picture_in_the_prose_has_alt_text(path):
    assert re.findall(r"!\[\s*\]\(", prose(path)) == []


@every_notebook
def test_the_set_up_cell_is_the_first_and_the_same_everywhere(path):
    first = code_cells(path)[0].source
    assert first.startswith(SETUP_MARK)
    assert first == code_cells(NOTEBOOKS[0])[0].source
    assert sum(cell.source.startswith(SETUP_MARK) for cell in code_cells(path)) == 1


@every_notebook
def test_set_up_and_imports_are_folded_in_colab_and_jupyterlab_and_on_the_site(path):
    for cell in code_cells(path)[:2]:
        assert cell.source.startswith("#@title ")  # without it Colab does not fold
        assert cell.metadata.cellView == "form"
        assert cell.metadata.jupyter.source_hidden
        assert "hide-input" in cell.metadata.tags
    assert sum("cellView" in cell.metadata for cell in code_cells(path)) == 2


@every_notebook
def test_every_relative_link_resolves(path):
    links = re.findall(r"\]\(([^)\s]+)\)", prose(path))
    relative = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in relative if not (path.parent / link).exists()] == []


@every_notebook
def test_no_text_shows_a_picture_which_colab_would_not_find(path):
    assert not re.search(r"!\[|<img", prose(path))


@every_notebook
def test_the_link_to_colab_opens_this_very_notebook(path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    owner_and_name = project["urls"]["Repository"].removeprefix("https://github.com/")
    start = f"https://colab.research.google.com/github/{owner_and_name}/blob/main/notebooks/"
    assert start + path.name in prose(path)


@every_notebook
def test_the_readme_leads_to_the_student_version_only(path):
    readme = (ROOT / "README.md").read_text("utf-8")
    links = re.findall(rf"\(([^)\s]*/{re.escape(path.name)})", readme)
    assert len(links) == 2  # the file and its badge
    assert all(link.endswith(f"notebooks/student/{path.name}") for link in links)


@every_notebook
def test_a_notebook_has_objectives_time_questions_and_recap(path):
    text = prose(path)
    for part in ("**Time needed:**", "**After this notebook you can**", "## Questions", "## Recap"):
        assert part in text
    asked = sum(cell.source.startswith("ask(") for cell in code_cells(path))
    assert 2 <= text.split("## Questions")[1].count("<details>") + asked <= 4


@every_notebook
def test_pictures_and_weights_in_use_are_printed(path):
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    printed = "".join(output.get("text", "") for output in outputs)
    assert "Pictures: samples:" in printed
    assert "Weights: deepscale:" in printed


@every_notebook
def test_only_labutils_and_public_packages_are_imported(path):
    tree = ast.parse("\n".join(cell.source for cell in code_cells(path)))
    modules = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import)
               for alias in node.names}
    modules |= {node.module.split(".")[0] for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom)}
    assert not modules & {"grading", "tests", "scripts", "benchmarks"}


@every_notebook
def test_a_notebook_names_no_path_of_a_machine(path):
    text = re.sub(r"base64,[^\"]*", "", path.read_text("utf-8"))
    assert not re.search(r"/home/|/Users/|/root/|/tmp/|[A-Z]:\\\\", text)
