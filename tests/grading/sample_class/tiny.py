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
from sample_class.students import HIDDEN_TEST, Student

TINY = "01_doubling"
ANSWER, TEST, OBSERVATION = "doubling-answer", "doubling-test", "doubling-observation"
HEAD = "def double(numbers):\n"
RIGHT = HEAD + "    return [FACTOR * number for number in numbers]\n"
HALF = HEAD + "    return [FACTOR * abs(number) for number in numbers]\n"
NONE = HEAD + "    return numbers\n"
EXIT = HEAD + "    import os\n    os._exit(0)\n"
FORGED = HEAD + "    import sys\n    sys.displayhook(4.0)\n    return numbers\n"
WORDS = "A number below zero moves away from zero, too."

SOLUTION = f"""{HEAD}    ### BEGIN SOLUTION
    return [FACTOR * number for number in numbers]
    ### END SOLUTION"""
HIDDEN = """### BEGIN HIDDEN TESTS
def graded_double(function) -> float:
    function([])
    of_positive_numbers = function([1, 20]) == [2, 40]
    of_negative_numbers = function([-1, -20]) == [-2, -40]
    return 2.0 * of_positive_numbers + 2.0 * of_negative_numbers

graded_double(double)
### END HIDDEN TESTS"""
CANARY = """### BEGIN HIDDEN TESTS
canary = graded_double(lambda numbers: numbers) > 0
### END HIDDEN TESTS"""
MODEL_ANSWER = """<!-- doubling-observation -->
<!-- ### BEGIN SOLUTION -->
Each number is twice as far from zero as it was before.

=== BEGIN MARK SCHEME ===

- 2 points: says what becomes of numbers below zero.

=== END MARK SCHEME ===
<!-- ### END SOLUTION -->"""


def source() -> NotebookNode:
    """The notebook with solutions and hidden tests."""
    notebook = new_notebook(cells=[
        new_markdown_cell("# Doubling"),
        new_code_cell("FACTOR = 2"),
        new_code_cell('print("a lesson on which nothing depends")'),
        graded(new_code_cell(SOLUTION), ANSWER, solution=True),
        graded(new_code_cell(HIDDEN), TEST, points=4, locked=True),
        graded(new_code_cell(CANARY), "doubling-canary", points=0, locked=True),
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
    curious = answered(RIGHT)
    for cell in (hostile.spy(paths), hostile.caller(port), hostile.LOUD):
        with_cell_before(curious, TEST, cell)
    half = answered(HALF)
    cell_of(half, TEST).source = "print('All tests passed')\n4.0"
    tiny = partial(Student, homework=TINY, columns=(TEST, OBSERVATION))
    return [
        tiny("right", shown(answered(RIGHT)), "4"),
        tiny("half", half, "2"),
        tiny("untouched", untouched, "0", "0"),
        tiny("emptyfile", "", "", "", "an empty file"),
        tiny("exit", answered(EXIT), "not executed", status="the kernel ended"),
        tiny("forged", answered(FORGED), "tampered", status="tampered"),
        tiny("curious", curious, "4"),
        Student("correct", filled(), "12"),
        Student("wrong", filled(CORRECT.replace("maps / n", "maps")), "6"),
        Student("patched", with_cell_before(filled(BLACK), HIDDEN_TEST, hostile.PATCHED_CHECK),
                "tampered", status="tampered"),
    ]


def crowd(folder: Path) -> Student:
    """A student of the tiny homework whose cell starts too many processes."""
    notebook = nbformat.read(folder / "student" / f"{TINY}.ipynb", as_version=4)
    cell_of(notebook, ANSWER).source = RIGHT
    with_cell_before(notebook, TEST, hostile.CROWD)
    return Student("crowd", notebook, "not executed", "0", "more than", homework=TINY,
                   columns=(TEST, OBSERVATION))
