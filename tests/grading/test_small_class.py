"""What make grade does, on a homework that needs no torch and three answers to a real one."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from sample_class import tiny
from sample_class.graded import (
    PYTHON,
    Graded,
    grading_environment,
    left_behind,
    listening,
    make_grade,
    mark_by_hand,
)
from sample_class.hostile import FORGED_LINE
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
        (submissions / f"right_{TINY} map.png").write_bytes(PICTURE)
        start = time.monotonic()
        output = make_grade(home, submissions, GRADING_NOTEBOOKS=str(notebooks))
        return Graded(students, home, submissions, output, time.monotonic() - start, calls)


def test_every_student_scores_as_expected(graded):
    rows = graded.rows()
    assert [s.name for s in graded.students if not s.scored_by(rows[s.name])] == []
    assert rows.keys() == {student.name for student in graded.students}


def test_open_and_zero_are_different_in_the_table(graded):
    rows = graded.rows()
    assert (rows["exit"][tiny.ANSWER], rows["exit"]["open"]) == ("open", "2")
    assert (rows["untouched"][tiny.ANSWER], rows["untouched"]["open"]) == ("0", "0")
    assert rows["right"][HOMEWORK] == rows["correct"][TINY] == "not handed in"


def test_the_table_tells_which_file_was_graded(graded):
    assert graded.rows()["right"][f"{TINY} file"] == f"right_2026-11-21_{TINY}.ipynb"


def test_no_cell_of_the_table_is_a_formula_to_a_spreadsheet(graded):
    assert graded.rows()["half"][f"{TINY} file"] == f"'=half_2026-11-21_{TINY}.ipynb"


def test_no_process_is_left_behind(graded):
    assert left_behind(graded.home) == []


def test_a_process_that_is_left_behind_would_be_found(tmp_path):
    with subprocess.Popen(["sleep", "60"], env={"HOME": str(tmp_path)}) as process:
        found = left_behind(tmp_path)
        process.kill()
    assert found == ["sleep 60"]


def test_the_report_begins_with_what_deserves_a_look(graded):
    first = graded.report().split("Files that were not graded:")[0]
    assert f"exit, {TINY}: {tiny.ANSWER} is open: the program ended before its end" in first
    assert f"correct, {HOMEWORK}" not in first
    assert f"emptyfile_2026-11-21_{TINY}.ipynb: an empty file" in graded.report()


def test_no_student_writes_a_line_of_the_report(graded):
    assert "E: x bomber, 01_doubling" in graded.report()
    assert FORGED_LINE not in graded.report().splitlines()


def test_student_code_reads_nothing_of_the_graders_and_calls_nobody(graded):
    spied, called = (graded.reached(name, tiny.ANSWER, TINY) for name in ("spy", "caller"))
    if not graded.isolated:
        assert "Isolation: NONE" in graded.report()
        pytest.skip("bubblewrap does not work here; the report says so")
    assert spied == str(5 * ["FileNotFoundError"])
    assert called != "through" and graded.calls == []


def test_feedback_discloses_no_line_of_the_judging_code(graded):
    code = [line.strip() for name in ("task_04", "judge", "drawing")
            for line in (ROOT / "grading" / "execution" / f"{name}.py").read_text().splitlines()
            if len(line.strip()) > 25 and "Statement" not in line and '"' not in line
            and "import" not in line]
    assert len(code) > 30
    for student in graded.students:
        if student.function:
            text = re.sub(r"<[^>]*>", "", graded.page(student.name, student.homework))
            assert [line for line in code if line in text] == []


def test_fifty_megabytes_of_output_are_not_kept(graded):
    assert graded.executed("loud", TINY).stat().st_size < 100_000


def test_the_students_own_figure_is_shown_and_no_script(graded):
    page = graded.page("right", TINY)
    assert FIGURE in page and 'alt="my maps"' in page
    assert "alert(1)" not in page


def test_a_figure_that_was_handed_in_is_linked_as_it_is_and_named_in_the_report(graded):
    feedback = graded.home / "feedback" / "right" / TINY
    assert (feedback / "figure-1.png").read_bytes() == PICTURE
    assert 'href="figure-1.png"' in graded.page("right", TINY)
    assert "figure-1" not in graded.page("half", TINY)
    assert f"right_{TINY} map.png: a figure: not scored, linked in the" in graded.report()


def plain(page: str) -> str:
    """A page without its tags."""
    return re.sub(r"<[^>]*>", "", page)


def test_feedback_tells_the_student_what_happened(graded):
    assert "does not hold: numbers below zero are doubled" in plain(graded.page("half", TINY))
    assert "Open, no points yet: the program ended" in plain(graded.page("exit", TINY))
    assert "the notebook's own check says" in plain(graded.page("wrong"))
    assert "own check says" not in graded.page("correct")
    assert f"No score yet (below they count as 0): {tiny.OBSERVATION}." in plain(
        graded.page("right", TINY))


def test_the_mark_scheme_is_for_graders_only(graded):
    assert "says what becomes of numbers below zero" in graded.executed("right", TINY).read_text()
    assert "says what becomes" not in graded.page("right", TINY)


def test_a_feedback_page_asks_no_other_computer(graded):
    page = graded.page("right", TINY)
    assert not re.search(r"""(src|href)=["']https?://(?!github)""", page)
    assert str(ROOT) not in page and str(graded.home) not in page


def test_grading_again_keeps_manual_scores_and_executes_only_what_it_is_told(graded, notebooks):
    mark_by_hand(graded.home, TINY, "right", tiny.OBSERVATION, 1.5, "Which number?")
    before = {s.name: graded.executed(s.name, s.homework).stat().st_mtime_ns
              for s in graded.students if s.function}
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
    assert (row[tiny.ANSWER], row[tiny.OBSERVATION], row["total"]) == ("4", "1.5", "5.5")
    assert "Which number?" in graded.page("right", TINY)
    assert f"{tiny.OBSERVATION}: another text than last time" in graded.report()


def test_without_isolation_another_folder_is_added_and_nothing_is_left_behind(
        graded, notebooks, tmp_path):
    before = graded.rows()
    tiny.crowd(notebooks).write(tmp_path)
    output = make_grade(graded.home, tmp_path, GRADING_NOTEBOOKS=str(notebooks),
                        GRADING_SANDBOX="off")
    assert "Isolation: NONE, GRADING_SANDBOX is off" in output
    assert "Isolation: NONE" in graded.report()
    crowd = tiny.crowd(notebooks)
    rows = graded.rows()
    assert crowd.scored_by(rows["crowd"])
    assert rows == before | {"crowd": rows["crowd"]}
    assert left_behind(graded.home) == []


def test_ctrl_c_ends_with_one_sentence_and_no_litter(notebooks, tmp_path):
    tiny.slow(notebooks).write(tmp_path / "handed-in")
    home = tmp_path / "home"
    with subprocess.Popen([PYTHON, "-m", "grading", tmp_path / "handed-in"], cwd=ROOT,
                          env=grading_environment(home, GRADING_NOTEBOOKS=str(notebooks)),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        while not list(home.glob("tmp/results-*/frames")):
            assert process.poll() is None
            time.sleep(0.05)
        ports = [one.laddr.ip for one in psutil.Process(process.pid).net_connections()]
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate()
    assert (process.returncode, told.strip().count("\n")) == (130, 0), told
    assert "the same command goes on from here" in told
    assert set(ports) <= {"127.0.0.1"}
    while left_behind(home):  # what was under way takes note within a tenth of a second
        time.sleep(0.05)
    assert list(home.glob("tmp/results-*")) == []
