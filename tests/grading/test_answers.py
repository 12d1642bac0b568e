"""Answers are found wherever an editor or a student has put them; no cell is executed.

nbgrader lives in an environment of its own, so one process there reads every notebook.
"""

import json
import os
import subprocess

import pytest
from sample_class.graded import PYTHON
from sample_class.notebooks import ANSWER, CORRECT, FIGURE, OBSERVATION, ROOT, WORDS

FIND = """
import copy, json, warnings
import nbformat
from grading.course import Homework, read
from grading.pages.release import release
from grading.submissions.answers import claimed_id, find
from sample_class.notebooks import HOMEWORK, ROOT
from sample_class.students import honest

warnings.simplefilter("ignore")  # what is odd here is mended
source = read(ROOT / "notebooks" / f"{HOMEWORK}.ipynb")
homework = Homework(source, release(source), read(
    ROOT / "notebooks/student" / f"{HOMEWORK}.ipynb"))
told = {}
for student in honest():
    if isinstance(student.content, str):
        continue
    submitted = nbformat.reads(nbformat.v4.nbjson.writes(student.content), as_version=4)
    before = copy.deepcopy(submitted)
    found = find(submitted, homework)
    cells = found.notebook.cells
    told[student.name] = {
        "notes": found.notes, "missing": found.missing, "unchanged": submitted == before,
        "ids": [claimed_id(cell) for cell in cells if claimed_id(cell)],
        "sources": {claimed_id(cell): cell.source for cell in cells if claimed_id(cell)},
        "needed": [source for _, source in found.needed], "functions": found.functions,
        "every": len(found.every), "looks": found.looks, "untouched": found.untouched,
        "shown": json.dumps([cell.get("outputs") for cell in cells]),
        "other_text": found.other_text, "again": find(submitted, homework) == found}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, dict]:
    """What was found in the notebooks of those who mean well, by student."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "grading")])
    result = subprocess.run([PYTHON, "-c", FIND], cwd=ROOT, capture_output=True, text=True,
                            env=os.environ | {"PYTHONPATH": paths})
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", ["correct", "deletedtest", "doubled", "stripped", "colab"])
def test_answers_are_kept_and_found(found, name):
    assert found[name]["ids"] == [ANSWER, OBSERVATION]
    assert found[name]["sources"][ANSWER].strip() == CORRECT.strip()
    assert WORDS in found[name]["sources"][OBSERVATION]
    assert found[name]["missing"] == found[name]["untouched"] == []


@pytest.mark.parametrize("name", ["atend", "newcell", "drive", "renamed", "helper"])
def test_a_function_that_stands_elsewhere_or_is_called_otherwise_is_found(found, name):
    called = "my_own_maps" if name == "renamed" else "smoothgrad"
    assert found[name]["functions"] == {ANSWER: [called]}
    assert f"def {called}" in found[name]["sources"][ANSWER]
    assert not any("is still missing" in source for source in found[name]["needed"])
    assert found[name]["missing"] == []


@pytest.mark.parametrize(("name", "notes"), [
    ("correct", []),
    ("colab", []),
    ("deletedtest", []),
    ("editedtest", []),
    ("doubled", [f"{ANSWER}: 2 cells with smoothgrad, the last one counts",
                 "text was written outside the cells for answers"]),
    ("stripped", [f"{name}: metadata was lost, found again" for name in (ANSWER, OBSERVATION)]),
    ("newcell", [f"{ANSWER}: found in another cell"]),
    ("renamed", [f"{ANSWER}: no smoothgrad, but my_own_maps takes as many arguments"]),
    ("elsewhere", ["text was written outside the cells for answers"]),
])
def test_what_was_found_elsewhere_is_noted_and_nothing_else(found, name, notes):
    assert found[name]["notes"] == notes


def test_an_answer_that_was_deleted_is_not_invented(found):
    assert found["noanswer"]["missing"] == [ANSWER, OBSERVATION]
    assert "no cell for this answer" in found["noanswer"]["sources"][ANSWER]


def test_only_a_stub_is_untouched(found):
    assert {name for name, told in found.items() if ANSWER in told["untouched"]} == {
        "untouched", "editedtest"}


def test_words_in_another_cell_are_looked_at_by_a_person(found):
    assert found["elsewhere"]["other_text"]
    assert not found["correct"]["other_text"]


def test_what_a_student_adds_is_run_and_lessons_are_not_at_first(found):
    assert any(source.startswith("%precision 3") for source in found["habits"]["needed"])
    assert len(found["habits"]["needed"]) == len(found["correct"]["needed"]) + 1
    assert not any("submission/04_smoothgrad" in source for source in found["correct"]["needed"])
    assert found["correct"]["every"] > len(found["correct"]["needed"]) + 5


def test_what_an_instructor_should_look_at_is_said(found):
    assert any("for instructors" in look for look in found["source"]["looks"])
    assert any("word for word" in look for look in found["source"]["looks"])
    assert any("renamed" in look for look in found["renamed"]["looks"])
    assert found["correct"]["looks"] == []


def test_a_figure_is_kept_as_a_picture_and_no_output_as_it_was(found):
    assert FIGURE in found["correct"]["shown"]
    assert "alert(1)" not in found["correct"]["shown"]


def test_the_submitted_notebook_is_not_changed_and_reading_twice_gives_the_same(found):
    assert {name: (told["unchanged"], told["again"]) for name, told in found.items()} == {
        name: (True, True) for name in found}
