"""What make grade does, on a homework that needs no torch and three answers to a real one."""

import re
import subprocess
import time
from pathlib import Path

import pytest
from sample_class import tiny
from sample_class.graded import (
    Graded,
    left_behind,
    listening,
    make_grade,
    mark_by_hand,
    scratch,
)
from sample_class.notebooks import FIGURE, HOMEWORK, ROOT, cell_of
from sample_class.tiny import TINY

PICTURE = b"<script>alert(1)</script>"


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of homework notebooks."""
    folder = tmp_path_factory.mktemp("notebooks")
    tiny.hand_out(folder)
    return folder


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, notebooks: Path) -> Graded:
    """The class, graded with one command."""
    home, submissions = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("handed-in")
    paths = [str(home), str(home / "gradebook.db"), str(notebooks), str(ROOT / "grading"),
             str(submissions)]
    with listening() as (port, calls):
        students = tiny.students(notebooks, paths, port)
        for student in students:
            student.write(submissions)
        (submissions / "right_my map.png").write_bytes(PICTURE)
        start = time.monotonic()
        output = make_grade(home, submissions, GRADING_NOTEBOOKS=str(notebooks))
        return Graded(students, home, submissions, output, time.monotonic() - start, calls)


def test_every_student_scores_as_expected(graded):
    rows = graded.rows()
    assert [s.name for s in graded.students if not s.scored_by(rows[s.name])] == []
    assert rows.keys() == {student.name for student in graded.students}


def test_not_executed_and_zero_are_different_in_the_table(graded):
    rows = graded.rows()
    assert (rows["exit"][tiny.TEST], rows["exit"]["open"]) == ("not executed", "2")
    assert (rows["untouched"][tiny.TEST], rows["untouched"]["open"]) == ("0", "0")
    assert rows["right"][HOMEWORK] == rows["correct"][TINY] == "not handed in"


def test_no_process_is_left_behind(graded):
    assert left_behind(graded.home) == []


def test_a_process_that_is_left_behind_would_be_found(tmp_path):
    with subprocess.Popen(["sleep", "60"], env={"HOME": str(scratch(tmp_path))}) as process:
        found = left_behind(tmp_path)
        process.kill()
    assert found == ["sleep 60"]


def test_the_report_names_what_was_mended_or_stopped_and_what_could_not_be_graded(graded):
    report = graded.report()
    assert f"emptyfile_2026-11-21_{TINY}.ipynb: an empty file" in report
    assert f"{tiny.TEST}: was edited, put right" in report
    assert f"{tiny.TEST}: stopped by NotImplementedError: your solution is still" in report


def test_student_code_reads_nothing_of_the_graders_and_calls_nobody(graded):
    spied = graded.printed("curious", "spy:", TINY)
    called = graded.printed("curious", "call:", TINY)
    assert (len(spied), len(called)) == (5, 1)
    if not graded.isolated:
        assert "ISOLATION: NONE" in graded.report()
        pytest.skip("this system allows no namespaces; the report says so")
    assert set(spied) == {"spy: no FileNotFoundError"}
    assert called != ["call: got through"] and graded.calls == []


def test_fifty_megabytes_of_output_are_not_kept(graded):
    assert graded.executed("curious", TINY).stat().st_size < 1_000_000


def test_feedback_discloses_no_line_of_the_hidden_tests(graded):
    hidden = [line.strip() for line in tiny.HIDDEN.splitlines() if "function(" in line]
    assert len(hidden) > 2
    for student in graded.students:
        if student.test and student.homework == TINY:
            text = re.sub(r"<[^>]*>", "", graded.page(student.name, TINY))
            assert "Doubling" in text
            assert [line for line in hidden if line in text] == []


def test_the_students_own_figure_is_shown_and_no_script(graded):
    page = graded.page("right", TINY)
    assert FIGURE in page and 'alt="my maps"' in page
    assert "alert(1)" not in page


def test_a_figure_that_was_handed_in_is_linked_as_it_is_and_named_in_the_report(graded):
    feedback = graded.home / "feedback" / "right" / TINY
    assert (feedback / "figure-1.png").read_bytes() == PICTURE
    assert 'href="figure-1.png"' in graded.page("right", TINY)
    assert "figure-1" not in graded.page("half", TINY)
    assert "right_my map.png: a figure: not scored, linked in the feedback" in graded.report()


def test_feedback_tells_the_student_what_happened(graded):
    assert "No automatic points" in graded.page("forged", TINY)
    assert "No automatic points" in graded.page("patched")
    assert "the kernel ended" in graded.page("exit", TINY)
    assert "No automatic points" not in graded.page("right", TINY)
    assert f"No score yet (below they count as 0): {tiny.OBSERVATION}." in re.sub(
        r"<[^>]*>", "", graded.page("right", TINY))


def test_grading_again_keeps_manual_scores_and_executes_only_what_it_is_told(graded, notebooks):
    mark_by_hand(graded.home, TINY, "right", tiny.OBSERVATION, 1.5, "Which number?")
    before = {s.name: graded.executed(s.name, s.homework).stat().st_mtime_ns
              for s in graded.students if s.test}
    right = next(s for s in graded.students if s.name == "right")
    cell_of(right.content, tiny.OBSERVATION).source += " And zero stays."
    right.write(graded.submissions)
    output = make_grade(graded.home, graded.submissions, "REGRADE=half",
                        GRADING_NOTEBOOKS=str(notebooks))
    assert f"{len(before)} to grade, {len(before) - 2} of them unchanged" in output
    homework = {s.name: s.homework for s in graded.students}
    assert {name for name, moment in before.items()
            if graded.executed(name, homework[name]).stat().st_mtime_ns != moment} == {
        "right", "half"}
    row = graded.rows()["right"]
    assert (row[tiny.TEST], row[tiny.OBSERVATION], row["total"]) == ("4", "1.5", "5.5")
    assert "Which number?" in graded.page("right", TINY)
    assert f"{tiny.OBSERVATION}: another text than last time" in graded.report()


def test_without_isolation_another_folder_is_added_and_nothing_is_left_behind(
        graded, notebooks, tmp_path):
    before = graded.rows()
    tiny.crowd(notebooks).write(tmp_path)
    output = make_grade(graded.home, tmp_path, GRADING_NOTEBOOKS=str(notebooks),
                        GRADING_SANDBOX="off")
    assert "Isolation: NONE, GRADING_SANDBOX is off" in output
    assert "ISOLATION: NONE" in graded.report()
    crowd = tiny.crowd(notebooks)
    rows = graded.rows()
    assert crowd.scored_by(rows["crowd"])
    assert rows == before | {"crowd": rows["crowd"]}
    assert left_behind(graded.home) == []
