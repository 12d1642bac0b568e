"""The student versions of the notebooks: generated, complete, without solutions."""

import ast
import re
import subprocess
import tomllib
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from conftest import FAKE_COLAB
from nbclient import NotebookClient
from needed import needed

ROOT = Path(__file__).resolve().parents[2]
STUDENT = sorted((ROOT / "notebooks" / "student").glob("*.ipynb"))
MAKE = [ROOT / ".venv-grading" / "bin" / "python", ROOT / "scripts" / "make_student.py"]
CELL_SECONDS = 300

HOMEWORK = [path for path in STUDENT if "nbgrader" in path.read_text("utf-8")]

every_version = pytest.mark.parametrize("path", STUDENT, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def source_of(path: Path) -> nbformat.NotebookNode:
    return read(ROOT / "notebooks" / path.name)


def answers(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    """The code cells that students fill in, by id; those of the homework and those for practice."""
    marks = ("### BEGIN SOLUTION", "# YOUR CODE HERE")
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"
            and (is_homework(cell) or any(mark in cell.source for mark in marks))}


def is_homework(cell: nbformat.NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def solution(source: str) -> str:
    """The lines between the marks."""
    return source.split("### BEGIN SOLUTION\n")[1].split("### END SOLUTION")[0].rstrip(" ")


def prose(path: Path) -> str:
    return "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")


def test_every_notebook_has_a_student_version():
    sources = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert [path.name for path in sources] == [path.name for path in STUDENT]


@every_version
def test_only_the_source_is_for_instructors(path):
    mark = " · for instructors"
    title = source_of(path).cells[0].source.splitlines()[0]
    assert title.endswith(mark)
    assert read(path).cells[0].source.splitlines()[0] == title.removesuffix(mark)


@every_version
def test_there_is_something_to_write(path):
    assert answers(read(path))


def test_the_student_versions_are_up_to_date():
    result = subprocess.run([*MAKE, "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_two_runs_write_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        subprocess.run([*MAKE, "--into", tmp_path / name], check=True, capture_output=True)
    for path in STUDENT:
        assert (tmp_path / "one" / path.name).read_bytes() == (
            tmp_path / "two" / path.name).read_bytes()


@every_version
def test_stub_plus_solution_is_the_source(path):
    stubs, originals = answers(read(path)), answers(source_of(path))
    assert stubs.keys() == originals.keys()
    for name, stub in stubs.items():
        mark = re.compile(r"^ *# YOUR CODE HERE.*\n *raise NotImplementedError\(.*\)\n?", re.M)
        assert len(mark.findall(stub.source)) == 1
        filled = mark.sub(lambda _, name=name: solution(originals[name].source), stub.source)
        plain = re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", originals[name].source, flags=re.M)
        assert filled.rstrip() == plain.rstrip()


@every_version
def test_there_is_no_solution(path):
    text = "\n".join(cell.source for cell in read(path).cells)
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "MARK SCHEME"):
        assert mark not in text
    secret = [solution(cell.source) for cell in answers(source_of(path)).values()]
    lines = {line.strip() for line in "\n".join(secret).splitlines() if len(line.strip()) >= 30}
    told = [line for line in lines if line in text]
    assert told == []


@every_version
def test_the_model_answers_are_gone(path):
    text = prose(path)
    for cell in source_of(path).cells:
        if cell.cell_type == "markdown" and "nbgrader" in cell.metadata:
            lines = [line for line in cell.source.splitlines()
                     if len(line) > 30 and not line.startswith("<!--")]
            assert lines
            assert [line for line in lines if line in text] == []


@every_version
def test_there_are_no_outputs(path):
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@every_version
def test_the_expected_result_stands_folded_beside_every_stub_of_the_homework(path):
    cells = read(path).cells
    for number, cell in enumerate(cells):
        if cell.cell_type == "code" and is_homework(cell):
            text = cells[number + 1].source
            assert text.startswith("<details><summary><strong>What it should lead to")
            assert text.endswith("</details>")
            assert "<img alt=" in text


@every_version
def test_the_badge_opens_the_student_version(path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    owner_and_name = project["urls"]["Repository"].removeprefix("https://github.com/")
    badges = re.findall(r"https://colab[^)\s]*", prose(path))
    assert badges == [f"https://colab.research.google.com/github/{owner_and_name}"
                      f"/blob/main/notebooks/student/{path.name}"]


@every_version
def test_every_relative_link_resolves(path):
    links = re.findall(r"\]\(([^)\s]+)\)", prose(path))
    relative = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert relative
    assert [link for link in relative if not (path.parent / link).exists()] == []


@every_version
def test_no_link_leads_to_a_solution(path):
    names = [other.name for other in STUDENT]
    links = re.findall(r"\]\(([^)\s]+)\)", prose(path))
    assert [link for link in links if link.split("#")[0].removeprefix("../") in names
            and link.startswith("../")] == []


def told_by(notebook: nbformat.NotebookNode, path: Path) -> list[str]:
    """Execute a notebook in its folder; what each code cell has said.

    Raises:
        CellExecutionError: at the first cell that fails.
    """
    NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3",
                   resources={"metadata": {"path": str(path.parent)}}).execute()
    return ["\n".join(output.get("text") or output.get("data", {}).get("text/plain", "")
                      for output in cell.outputs)
            for cell in notebook.cells if cell.cell_type == "code"]


@every_version
def test_unfilled_every_check_says_not_yet_after_the_cells_that_it_depends_on(path):
    notebook = read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    checks = [place for place, cell in enumerate(code)
              if cell.source.startswith("check_")
              or cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("-check")]
    assert len(checks) == len(answers(notebook))
    # The set-up cell is the folder's, so it comes in addition.
    chosen = sorted(needed([cell.source for cell in code], {*checks}) | {0})
    notebook.cells = [code[place] for place in chosen]
    told = told_by(notebook, path)
    assert ["not yet" in told[chosen.index(check)].lower() for check in checks] == [
        True for _ in checks]


@every_version
def test_nothing_but_its_check_calls_an_answer_for_practice(path):
    notebook = read(path)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    for stub in answers(notebook).values():
        if not is_homework(stub):
            name = re.search(r"^def (\w+)\(", stub.source, re.MULTILINE)[1]
            users = [source for source in code if name in {
                node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}]
            assert len(users) == 1 and users[0].startswith("check_")


@pytest.mark.long
@pytest.mark.parametrize("path", HOMEWORK, ids=lambda path: path.stem)
def test_unfilled_homework_runs_from_top_to_bottom_and_says_not_yet(path):
    notebook = read(path)
    told = "\n".join(told_by(notebook, path))
    assert told.lower().count("not yet") >= len(answers(notebook))


def test_opened_alone_in_colab_the_first_check_answers(tmp_path, repository, monkeypatch, notes):
    monkeypatch.setenv("LAB_REPO_URL", str(repository))
    notebook = read(next(path for path in STUDENT if path.stem.startswith("04")))
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    del notebook.cells[names.index("smoothgrad-check") + 1:]
    notebook.cells.insert(0, nbformat.v4.new_code_cell(FAKE_COLAB))
    NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3",
                   resources={"metadata": {"path": str(tmp_path)}}).execute()
    check = notebook.cells[-1]
    moments = [datetime.fromisoformat(check.metadata["execution"][f"iopub.status.{state}"])
               for state in ("busy", "idle")]
    notes.append(f"first check in Colab: {(moments[1] - moments[0]).total_seconds():.2f} s")
    assert (tmp_path / "smoothgrad-lab" / "labutils").is_dir()
    assert "not_implemented" in check.outputs[-1].data["text/plain"]
