"""A class with honest, clumsy and hostile students, graded in one command: make grade."""

import base64
import json
import re
import subprocess
import time
from collections.abc import Iterator

import pytest
from sample_class.graded import (
    MEMORY_GB,
    PYTHON,
    Graded,
    grading_environment,
    left_behind,
    listening,
    make_grade,
    mark_by_hand,
)
from sample_class.notebooks import ANSWER, FIGURE, HOMEWORK, OBSERVATION, ROOT, cell_of
from sample_class.students import Student, honest, hostiles, table

pytestmark = [pytest.mark.long, pytest.mark.rare]


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port on the loopback interface, and what was sent to it."""
    with listening() as port_and_calls:
        yield port_and_calls


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory,
           listener: tuple[int, list[bytes]]) -> Graded:
    """The whole class, graded with one command."""
    home, submissions = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("handed-in")
    paths = [str(home), str(home / "gradebook.db"), str(ROOT / "notebooks"),
             str(ROOT / "grading"), str(submissions)]
    students = honest() + hostiles(MEMORY_GB << 30, paths, listener[0])
    for student in students:
        student.write(submissions)
    start = time.monotonic()
    output = make_grade(home, submissions)
    return Graded(students, home, submissions, output, time.monotonic() - start, listener[1])


def test_every_student_scores_as_expected_and_nobody_disturbs_another(graded, notes):
    rows = graded.rows()
    notes += [f"the class in {graded.seconds:.0f} s, "
              f"{'isolated' if graded.isolated else 'NOT isolated'}",
              *table(graded.students, rows)]
    assert [s.name for s in graded.students if not s.scored_by(rows[s.name])] == []
    assert rows.keys() == {student.name for student in graded.students}


def test_open_and_zero_are_different_in_the_table(graded):
    rows = graded.rows()
    assert rows["exit"][ANSWER] == "open"
    assert rows["untouched"][ANSWER] == "0"
    assert rows["exit"]["open"] == "2"  # the function and the observation
    assert rows["untouched"]["open"] == "0"


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
                 f"newcell, {HOMEWORK}: recovered: {ANSWER}: found in another cell",
                 f"{ANSWER} is word for word the same: "):
        assert line in look
    for line in ("text was written outside the cells for answers",
                 f"{OBSERVATION}: metadata was lost, found again",
                 "was stopped by ModuleNotFoundError: No module named 'google"):
        assert line in rest


def test_student_code_cannot_read_the_gradebook_or_the_sources(graded):
    if not graded.isolated:
        pytest.skip("bubblewrap does not work here; the report says so")
    assert graded.reached("spy", ANSWER) == str(5 * ["FileNotFoundError"])
    assert graded.reached("reach", ANSWER) == "[]"


def test_student_code_has_no_network(graded):
    if not graded.isolated:
        pytest.skip("bubblewrap does not work here; the report says so")
    assert graded.reached("caller", ANSWER) != "through"
    assert graded.calls == []


def test_fifty_megabytes_of_output_are_not_kept(graded):
    assert graded.executed("loud").stat().st_size < 1_000_000


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


def test_feedback_says_what_has_no_score_yet(graded):
    assert "No score yet (below they count as 0): smoothgrad-observation." in re.sub(
        r"<[^>]*>", "", graded.page("elsewhere"))


def test_feedback_tells_the_student_what_happened(graded):
    told = {name: re.sub(r"<[^>]*>", "", graded.page(name))
            for name in ("partial", "exit", "engine")}
    assert "does not hold: as bright as the map of many noisy copies" in told["partial"]
    assert "Open, no points yet: the program ended before its end" in told["exit"]
    assert "is not here while your own answer is graded" in told["engine"]


def test_grading_again_keeps_manual_scores_and_executes_only_what_it_is_told(graded):
    mark_by_hand(graded.home, HOMEWORK, "correct", OBSERVATION, 6.5, "Which chair?")
    before = {s.name: graded.executed(s.name).stat().st_mtime_ns
              for s in graded.students if s.function}
    (correct,) = (s for s in graded.students if s.name == "correct")
    cell_of(correct.content, OBSERVATION).source += " And I see a dog."
    correct.write(graded.submissions)
    make_grade(graded.home, graded.submissions, "REGRADE=correct")
    changed = {name for name, moment in before.items()
               if graded.executed(name).stat().st_mtime_ns != moment}
    assert changed == {"correct"}
    row = graded.rows()["correct"]
    assert (row[ANSWER], row[OBSERVATION], row["total"]) == ("12", "6.5", "18.5")
    assert "Which chair?" in graded.page("correct")
    assert f"{OBSERVATION}: another text than last time" in graded.report()


def test_another_folder_adds_to_the_table_and_takes_nothing_away(graded, tmp_path):
    before = graded.rows()
    Student("newcomer", "", "", "", "an empty file").write(tmp_path)
    make_grade(graded.home, tmp_path)
    rows = graded.rows()
    assert rows == before | {"newcomer": rows["newcomer"]}


def test_an_empty_folder_is_an_error(tmp_path):
    (tmp_path / "handed-in").mkdir()
    result = subprocess.run(["make", "grade", f"SUBMISSIONS={tmp_path}/handed-in"], cwd=ROOT,
                            env=grading_environment(tmp_path / "home"), capture_output=True,
                            text=True)
    assert result.returncode != 0
    assert "There is no file in" in result.stderr


def test_an_interrupted_run_is_taken_up_where_it_stopped(tmp_path):
    home, submissions = tmp_path / "home", tmp_path / "handed-in"
    for name in ("a", "b"):
        Student(name, honest()[0].content, "12").write(submissions)
    record = home / "records" / f"{HOMEWORK}+a.record.json"
    with subprocess.Popen([PYTHON, "-m", "grading", submissions, "--jobs", "1"], cwd=ROOT,
                          env=grading_environment(home), stdout=subprocess.DEVNULL) as process:
        while not record.exists() and process.poll() is None:
            time.sleep(0.05)
        process.kill()
    first = json.loads(record.read_text("utf-8"))
    output = make_grade(home, submissions)
    assert "2 to grade, 1 of them unchanged" in output
    assert json.loads(record.read_text("utf-8")) == first
    graded = Graded([], home, submissions, output, 0, [])
    assert {row[ANSWER] for row in graded.rows().values()} == {"12"}
    assert left_behind(home) == []


def test_without_isolation_the_report_says_so_and_nothing_is_left_behind(tmp_path):
    home, submissions = tmp_path / "home", tmp_path / "handed-in"
    wanted = ("correct", "crowd")
    students = [s for s in honest() + hostiles(MEMORY_GB << 30, [], 9) if s.name in wanted]
    for student in students:
        student.write(submissions)
    output = make_grade(home, submissions, GRADING_SANDBOX="off")
    assert "Isolation: NONE, GRADING_SANDBOX is off" in output
    assert "ISOLATION: NONE" in (home / "report.txt").read_text("utf-8")
    rows = Graded(students, home, submissions, output, 0, []).rows()
    assert {s.name: rows[s.name][ANSWER] for s in students} == {
        s.name: s.function for s in students}
    assert left_behind(home) == []


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    result = subprocess.run(["make", "grade", f"SUBMISSIONS={tmp_path}/nowhere"], cwd=ROOT,
                            env=grading_environment(tmp_path / "home"), capture_output=True,
                            text=True)
    assert result.returncode != 0
    assert "nowhere is not a folder" in result.stderr
