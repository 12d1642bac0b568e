"""A homework of a minute that needs no torch, and a class for it: what grading does, quickly."""

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sample_class import hostile
from sample_class.graded import PYTHON
from sample_class.notebooks import (
    BLACK,
    CORRECT,
    FIGURE,
    HOMEWORK,
    ROOT,
    cell_of,
    filled,
    with_cell_before,
)
from sample_class.students import Student

TINY, CHECK = "01_doubling", "doubling-check"
ANSWER, OBSERVATION = "doubling-answer", "doubling-observation"
HEAD = "def double(numbers):\n"
RIGHT = HEAD + "    return [FACTOR * number for number in numbers]\n"
HALF = HEAD + "    return [FACTOR * abs(number) for number in numbers]\n"
NONE = HEAD + "    return numbers\n"
EXIT = HEAD + "    import os\n    os._exit(0)\n"
FORGED = "%precision 4%.0s"
WORDS = "A number below zero moves away from zero, too."

SOLUTION = f"""{HEAD}    ### BEGIN SOLUTION
    return [FACTOR * number for number in numbers]
    ### END SOLUTION"""
MODEL_ANSWER = """<!-- doubling-observation -->
<!-- ### BEGIN SOLUTION -->
Each number is twice as far from zero as it was before.

=== BEGIN MARK SCHEME ===

- 2 points: says what becomes of numbers below zero.

=== END MARK SCHEME ===
<!-- ### END SOLUTION -->"""


def source() -> NotebookNode:
    """The notebook with solutions."""
    notebook = new_notebook(cells=[
        new_markdown_cell("# Doubling"),
        new_code_cell("FACTOR = 2", metadata={"tags": ["needed"]}),
        new_code_cell('LATE = FACTOR\nprint("a lesson on which no answer depends")'),
        graded(new_code_cell(SOLUTION), ANSWER, points=4, solution=True),
        graded(new_code_cell("print(double([1]))"), CHECK, locked=True),
        graded(new_markdown_cell(MODEL_ANSWER), OBSERVATION, points=2, solution=True)])
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def graded(cell: NotebookNode, name: str, points: int | None = None,
           **roles: bool) -> NotebookNode:
    """The cell with nbgrader's metadata; with points it is graded."""
    cell.metadata["nbgrader"] = {"grade_id": name, "grade": points is not None, "locked": False,
                                 "solution": False, "task": False, "schema_version": 3} | roles
    if points is not None:
        cell.metadata["nbgrader"]["points"] = points
    return cell


def hand_out(folder: Path) -> None:
    """Make a folder of homework: this one and the real 04, with their student versions."""
    nbformat.write(source(), folder / f"{TINY}.ipynb")
    shutil.copy(ROOT / "notebooks" / f"{HOMEWORK}.ipynb", folder)
    subprocess.run([PYTHON, ROOT / "scripts" / "make_student.py"], check=True,
                   stdout=subprocess.DEVNULL,
                   env=os.environ | {"GRADING_NOTEBOOKS": str(folder)})


def students(folder: Path, paths: list[str], port: int) -> list[Student]:
    """The class: everybody of the tiny homework, and three of the real one.

    Args:
        folder: what hand_out has filled.
        paths: what the spy looks for.
        port: of a listener on the loopback interface.
    """
    def answered(answer: str) -> NotebookNode:
        notebook = nbformat.read(folder / "student" / f"{TINY}.ipynb", as_version=4)
        cell_of(notebook, ANSWER).source = answer
        cell_of(notebook, OBSERVATION).source = f"<!-- {OBSERVATION} -->\n{WORDS}"
        return notebook

    def shown(notebook: NotebookNode) -> NotebookNode:
        page = f'<script>alert(1)</script><img onload="alert(1)" alt="my maps" src="{FIGURE}">'
        lesson = next(cell for cell in notebook.cells if "a lesson" in cell.source)
        lesson.outputs = [new_output("display_data", {"text/html": page})]
        return notebook

    untouched = nbformat.read(folder / "student" / f"{TINY}.ipynb", as_version=4)
    half = answered(HALF)
    cell_of(half, CHECK).source = "print('All tests passed')\n4.0"
    loud = with_cell_before(answered(RIGHT), CHECK, hostile.LOUD)
    forged = with_cell_before(answered(NONE), CHECK, FORGED)
    tiny = partial(Student, homework=TINY, columns=(ANSWER, OBSERVATION))
    return [
        tiny("right", shown(answered(RIGHT)), "4"),
        tiny("half", half, "2", path=f"=half_2026-11-21_{TINY}.ipynb"),
        tiny("untouched", untouched, "0", "0"),
        tiny("emptyfile", "", "", "", "an empty file"),
        tiny("exit", answered(EXIT), "open", status="the program ended"),
        tiny("forged", forged, "0"),
        tiny("bomber", answered(hostile.bomber(HEAD)), "0"),
        tiny("loud", loud, "4"),
        tiny("twin", answered(RIGHT), "4"),
        tiny("whole", answered(RIGHT.replace("FACTOR", "LATE")
                               + "\n'LATE is made by a lesson'"), "4"),
        tiny("spy", answered(hostile.spy(paths, HEAD)), "0"),
        tiny("caller", answered(hostile.caller(port, HEAD)), "0"),
        Student("correct", filled(), "12"),
        Student("wrong", filled(CORRECT.replace("maps / n", "maps")), "6"),
        Student("forger", with_cell_before(filled(BLACK), "smoothgrad-check",
                                           hostile.FORGERIES["patched"]), "0"),
    ]


def crowd(folder: Path) -> Student:
    """A student of the tiny homework whose cell starts too many processes."""
    notebook = nbformat.read(folder / "student" / f"{TINY}.ipynb", as_version=4)
    cell_of(notebook, ANSWER).source = RIGHT
    with_cell_before(notebook, CHECK, hostile.CROWD)
    return Student("crowd", notebook, "open", "0", "more than", homework=TINY,
                   columns=(ANSWER, OBSERVATION))


def slow(folder: Path, seconds: int = 30) -> Student:
    """A student of the tiny homework whose cell takes some time."""
    notebook = nbformat.read(folder / "student" / f"{TINY}.ipynb", as_version=4)
    with_cell_before(notebook, CHECK, f"import time\ntime.sleep({seconds})")
    cell_of(notebook, ANSWER).source = RIGHT
    return Student("slow", notebook, "4", homework=TINY, columns=(ANSWER, OBSERVATION))
