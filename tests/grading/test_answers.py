"""What editors and students break is put right, nothing is invented; no cell is executed.

nbgrader lives in an environment of its own, so one process there mends every notebook.
"""

import json
import os
import subprocess

import pytest
from sample_class.graded import PYTHON
from sample_class.notebooks import (
    ANSWER,
    CORRECT,
    FIGURE,
    OBSERVATION,
    ROOT,
    TESTS,
    WORDS,
    cell_of,
    released,
)

GRADED = [ANSWER, "smoothgrad-identity", "smoothgrad-check", "smoothgrad-test",
          "smoothgrad-canary", OBSERVATION]

MEND = """
import copy, json, warnings
import nbformat
from grading.course import Homework, read
from grading.mend import claimed_id, mend
from grading.release import release
from sample_class.notebooks import HOMEWORK, ROOT
from sample_class.students import honest

warnings.simplefilter("ignore")  # what is odd here is mended
source = read(ROOT / "notebooks" / f"{HOMEWORK}.ipynb")
homework = Homework(source, release(source), read(ROOT / "notebooks/student" / f"{HOMEWORK}.ipynb"))
found = {}
for student in honest():
    if isinstance(student.content, str):
        continue
    submitted = nbformat.reads(nbformat.v4.nbjson.writes(student.content), as_version=4)
    before = copy.deepcopy(submitted)
    mended = mend(submitted, homework)
    cells = mended.notebook.cells
    grading = [cell.metadata.get("grading", {}) for cell in cells]
    found[student.name] = {
        "notes": mended.notes, "missing": mended.missing, "untouched": submitted == before,
        "ids": [claimed_id(cell) for cell in cells if claimed_id(cell)],
        "sources": {claimed_id(cell): cell.source for cell in cells if claimed_id(cell)},
        "run": [cell.source for cell, told in zip(cells, grading)
                if cell.cell_type == "code" and not told.get("skip")],
        "shown": json.dumps([told.get("shown") for told in grading]),
        "outputs": sum(len(cell.get("outputs", [])) for cell in cells),
        "other_text": mended.notebook.metadata.get("grading", {}).get("other_text", False),
        "again": mend(submitted, homework).notebook == mended.notebook}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def mended() -> dict[str, dict]:
    """What became of the notebooks of those who mean well, by student."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "grading")])
    result = subprocess.run([PYTHON, "-c", MEND], cwd=ROOT, capture_output=True, text=True,
                            env=os.environ | {"PYTHONPATH": paths})
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


# "correct" is not damaged at all.
DAMAGED = pytest.mark.parametrize("name", [
    "correct", "drive", "deletedtest", "doubled", "stripped", "colab"])


@DAMAGED
def test_answers_are_kept_and_all_cells_are_there_in_their_order(mended, name):
    assert mended[name]["ids"] == GRADED
    assert mended[name]["sources"][ANSWER].strip() == CORRECT.strip()
    assert WORDS in mended[name]["sources"][OBSERVATION]
    assert mended[name]["missing"] == []


@DAMAGED
def test_locked_cells_are_as_they_were_handed_out(mended, name):
    handed_out = released()
    assert {test: mended[name]["sources"][test] for test in TESTS} == {
        test: cell_of(handed_out, test).source for test in TESTS}


@pytest.mark.parametrize("name, notes", [
    ("correct", []),
    ("colab", []),
    ("deletedtest", [f"{test}: was deleted, put back" for test in TESTS]),
    ("editedtest", [f"{test}: was edited, put right" for test in TESTS]),
    ("doubled", [f"{test}: 2 cells of that name, one kept"
                 for test in (ANSWER, "smoothgrad-test", OBSERVATION)]
     + ["text was written outside the cells for answers",
        f"{ANSWER}: smoothgrad is defined in another cell, too"]),
    ("stripped", [f"{test}: metadata was lost, found again" for test in GRADED]),
    ("noanswer", [f"{test}: was deleted by the student" for test in (ANSWER, OBSERVATION)]),
    ("elsewhere", ["text was written outside the cells for answers"]),
])
def test_what_was_mended_is_noted_and_nothing_else(mended, name, notes):
    assert mended[name]["notes"] == notes


def test_an_answer_that_was_deleted_is_not_invented(mended):
    assert mended["noanswer"]["missing"] == [ANSWER, OBSERVATION]
    assert {ANSWER, OBSERVATION}.isdisjoint(mended["noanswer"]["ids"])


def test_words_in_another_cell_are_looked_at_by_a_person(mended):
    assert mended["elsewhere"]["other_text"]
    assert not mended["correct"]["other_text"]


def test_what_a_student_adds_is_run_and_lessons_on_which_nothing_depends_are_not(mended):
    added = "%precision 3"
    assert any(source.startswith(added) for source in mended["habits"]["run"])
    assert len(mended["habits"]["run"]) == len(mended["correct"]["run"]) + 1
    assert not any("submission/04_smoothgrad" in source for source in mended["correct"]["run"])


def test_a_figure_is_kept_as_a_picture_and_no_output_as_it_was(mended):
    assert FIGURE in mended["correct"]["shown"]
    assert "alert(1)" not in mended["correct"]["shown"]
    assert mended["correct"]["outputs"] == 0


def test_the_submitted_notebook_is_not_changed_and_staging_twice_gives_the_same(mended):
    assert {name: (found["untouched"], found["again"]) for name, found in mended.items()} == {
        name: (True, True) for name in mended}
