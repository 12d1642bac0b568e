"""A class with honest, clumsy and hostile students, graded in one command: make grade.

Those of make rehearse, but for who shows nothing here that a cheaper test does not show.
"""

import base64
import json
import re
import subprocess
import time

import nbformat
import pytest
from sample_class import tiny
from sample_class.graded import (
    MEMORY_GB,
    PYTHON,
    Graded,
    grading_environment,
    left_behind,
    make_grade,
)
from sample_class.notebooks import ANSWER, FIGURE, HOMEWORK, ROOT
from sample_class.students import REHEARSED, Student, honest, hostiles, table

pytestmark = [pytest.mark.long, pytest.mark.rare]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """The class, graded with one command."""
    home, submissions = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("handed-in")
    students = [student for student in honest() + hostiles(MEMORY_GB << 30, [], 9)
                if student.name not in REHEARSED]
    for student in students:
        student.write(submissions)
    start = time.monotonic()
    output = make_grade(home, submissions)
    return Graded(students, home, submissions, output, time.monotonic() - start, [])


def test_every_student_scores_as_expected_and_nobody_disturbs_another(graded, notes):
    rows = graded.rows()
    notes += [f"the class in {graded.seconds:.0f} s, "
              f"{'isolated' if graded.isolated else 'NOT isolated'}",
              *table(graded.students, rows)]
    assert [s.name for s in graded.students if not s.scored_by(rows[s.name])] == []
    assert rows.keys() == {student.name for student in graded.students}


def test_no_process_is_left_behind(graded):
    assert left_behind(graded.home) == []


def test_every_file_that_cannot_be_graded_is_listed(graded):
    report = graded.report()
    for student in graded.students:
        if not student.function:
            path = student.path or f"{student.name}_2026-11-21_{HOMEWORK}.ipynb"
            assert f"{path}: {student.status}" in report


def test_the_report_says_what_was_found_and_begins_with_what_deserves_a_look(graded):
    look, rest = graded.report().split("Files that were not graded:")
    for line in (f"renamed, {HOMEWORK}: {ANSWER}: renamed, my_own_maps was called",
                 f"source, {HOMEWORK}: the notebook for instructors was handed in",
                 f"engine, {HOMEWORK}: {ANSWER}: what is to be written is imported or used",
                 f"noimport, {HOMEWORK}: {ANSWER} is open: NameError: name 'th' is not defined",
                 f"{ANSWER} is word for word the same: "):
        assert line in look
    assert "was stopped by ModuleNotFoundError: No module named 'google" in rest


def test_no_word_of_the_judge_lies_in_a_file_of_the_room(graded):
    if not graded.isolated:
        pytest.skip("bubblewrap does not work here; the report says so")
    assert graded.reached("reach", ANSWER) == "[]"


def test_no_page_holds_a_line_of_the_judging_code(graded):
    code = [line.strip() for name in ("task_04", "judge", "drawing")
            for line in (ROOT / "grading" / "execution" / f"{name}.py").read_text().splitlines()
            if len(line.strip()) > 25 and "Statement" not in line and '"' not in line
            and "import" not in line]
    assert len(code) > 30
    for student in graded.students:
        if student.function:
            page = graded.page(student.name)
            text = re.sub(r"<[^>]*>", "", page)
            encoded = "".join(re.findall(r"[A-Za-z0-9+/=]{40,}", text))
            plain = base64.b64decode(encoded[:len(encoded) // 4 * 4]).decode(errors="replace")
            assert [line for line in code if line in text or line in plain] == []


def test_the_students_own_figure_is_shown_and_no_script(graded):
    page = graded.page("correct")
    assert FIGURE in page and 'alt="my maps"' in page
    assert "alert(1)" not in page


def test_feedback_tells_the_student_what_happened(graded):
    told = {name: re.sub(r"<[^>]*>", "", graded.page(name))
            for name in ("engine", "endless")}
    assert "Open, no points yet: TimeIsUp" in told["endless"]
    assert "is not here while your own answer is graded" in told["engine"]


@pytest.mark.parametrize("name, sentence", [
    ("handed-in", "There is no file in"), ("nowhere", "nowhere is not a folder")])
def test_a_folder_without_submissions_is_an_error(tmp_path, name, sentence):
    (tmp_path / "handed-in").mkdir()
    result = subprocess.run(["make", "grade", f"SUBMISSIONS={tmp_path}/{name}"], cwd=ROOT,
                            env=grading_environment(tmp_path / "home"), capture_output=True,
                            text=True)
    assert result.returncode != 0
    assert sentence in result.stderr


def test_a_run_that_is_killed_is_taken_up_where_it_stopped(tmp_path):
    notebooks, home, submissions = (tmp_path / name for name in ("notebooks", "home", "class"))
    notebooks.mkdir()
    tiny.hand_out(notebooks)
    slow = tiny.slow(notebooks, seconds=5)
    for name in ("a", "b"):
        Student(name, slow.content, "4", homework=tiny.TINY).write(submissions)
    (tiny_a,) = submissions.glob("a_*")
    notebook = nbformat.read(tiny_a, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "time.sleep" not in cell.source]
    nbformat.write(notebook, tiny_a)
    record = home / "records" / f"{tiny.TINY}+a.record.json"
    with subprocess.Popen([PYTHON, "-m", "grading", submissions, "--jobs", "1"], cwd=ROOT,
                          env=grading_environment(home, GRADING_NOTEBOOKS=str(notebooks)),
                          stdout=subprocess.DEVNULL) as process:
        while not record.exists() and process.poll() is None:
            time.sleep(0.05)
        process.kill()
    first = json.loads(record.read_text("utf-8"))
    output = make_grade(home, submissions, GRADING_NOTEBOOKS=str(notebooks))
    assert "2 to grade, 1 of them unchanged" in output
    assert json.loads(record.read_text("utf-8")) == first
    rows = Graded([], home, submissions, output, 0, []).rows()
    assert {row[tiny.ANSWER] for row in rows.values()} == {"4"}
    assert left_behind(home) == []
