"""Whose file is it? Names as learning platforms, browsers and students make them; and who.csv."""

import os
from pathlib import Path

import pytest

from grading.submissions.names import by_pattern, order, read

FOUR, FIVE = HOMEWORK = ["04_smoothgrad_homework", "05_noise_and_sample_count"]


def students(tmp_path: Path, *paths: str) -> list[str]:
    """Whose the files of one folder of submissions are."""
    return [who.student for who in read(list(paths), HOMEWORK, tmp_path / "who.csv").values()]


@pytest.mark.parametrize(("path", "student", "homework", "platform", "number"), [
    (f"Ann Lee_1234_assignsubmission_file_/{FOUR}.ipynb", "Ann-Lee", FOUR, "Moodle", "1234"),
    (f"Export/Ann Lee_1234_assignsubmission_file_/x/{FOUR}.ipynb", "Ann-Lee", FOUR, "Moodle",
     "1234"),
    (f"Ann Lee_1234_assignsubmission_file_{FOUR}.ipynb", "Ann-Lee", FOUR, "Moodle", "1234"),
    (f"1234-5678 - Ann Lee - Nov 20, 2026 1015 PM - {FOUR}.ipynb", "Ann-Lee", FOUR,
     "Brightspace", "1234"),
    (f"1234-5678 - Ann Lee - Nov 20, 2026 1015 PM/{FOUR}.ipynb", "Ann-Lee", FOUR, "Brightspace",
     "1234"),
    (f"Homework 4_s111_attempt_2026-11-21-10-00-00_{FOUR}.ipynb", "s111", FOUR, "Blackboard", ""),
    (f"leeann_1234_567890_{FOUR}.ipynb", "leeann", FOUR, "Canvas", "1234"),
    (f"leeann_LATE_1234_567890_{FOUR}-1.ipynb", "leeann", FOUR, "Canvas", "1234"),
    (f"submission_987654/{FOUR}.ipynb", "submission-987654", FOUR, "Gradescope", "987654"),
    (f"s02_2026-11-21_{FOUR} (1).ipynb", "s02", FOUR, "file", ""),
    (f"Ann_Lee_{FOUR}.ipynb", "Ann_Lee", FOUR, "file", ""),
    (f"s02_{FOUR.upper()}.IPYNB", "s02", FOUR, "file", ""),
    (f"1234_{FOUR}.ipynb", "1234", FOUR, "file", ""),
    (f"Monday/s02_{FOUR}.ipynb", "s02", FOUR, "file", ""),
    (f"s02/{FOUR}.ipynb", "s02", FOUR, "folder", ""),
    (f"s02/attempt/{FIVE}-Copy1.ipynb", "s02", FIVE, "folder", ""),
    ("s02/homework.ipynb", "s02", "", "folder", ""),
    (f"Ann Lee/Copy of {FOUR}.ipynb", "Ann-Lee", FOUR, "folder", ""),
    (f"export/Ann Lee/{FOUR}.ipynb", "Ann-Lee", FOUR, "folder", ""),
    (f"Mu\u0308ller_{FOUR}.ipynb", "M\u00fcller", FOUR, "file", ""),
    (f"\u0e21\u0e32\u0e19\u0e35_{FOUR}.ipynb", "\u0e21\u0e32\u0e19\u0e35", FOUR, "file", ""),
    (f"{FOUR}.ipynb", "", FOUR, "", ""),
    (f"Copy of {FOUR}.ipynb", "", FOUR, "", ""),
    ("Untitled3.ipynb", "", "", "", ""),
])
def test_a_platforms_pattern_tells_whose_it_is(path, student, homework, platform, number):
    who = by_pattern(path, HOMEWORK)
    assert (who.student, who.homework, who.platform, who.id) == (
        student, homework, platform, number)


def test_the_platforms_word_for_late_is_kept():
    assert by_pattern(f"leeann_LATE_1234_567890_{FOUR}.ipynb", HOMEWORK).late == "late"
    assert by_pattern(f"leeann_1234_567890_{FOUR}.ipynb", HOMEWORK).late == ""


@pytest.mark.parametrize(("earlier", "later"), [
    ("s02_2026-11-20_{}", "s02_2026-11-21_{}"),
    ("s02_2026-11-20_{} (3)", "s02_2026-11-21_{}"),
    ("s02_{}", "s02_{} (1)"),
    ("s02_{} (2)", "s02_{} (10)"),
    ("lee_11111_900001_{}", "lee_LATE_11111_1000001_{}"),
    ("1234-5678 - Ann Lee - Nov 20, 2026 1015 PM - {}",
     "1234-5678 - Ann Lee - Dec 3, 2026 915 AM - {}"),
    ("1234-5678 - Ann Lee - Nov 20, 2026 1215 AM - {}",
     "1234-5678 - Ann Lee - Nov 20, 2026 915 AM - {}"),
    ("H_s1_attempt_2026-11-21-10-00-00_{}", "H_s1_attempt_2026-11-21-10-00-01_{}"),
])
def test_the_latest_of_one_students_versions_counts(earlier, later):
    first, second = (f"{name}.ipynb".format(FOUR) for name in (earlier, later))
    assert order(first, HOMEWORK) < order(second, HOMEWORK)


def test_two_of_one_name_are_told_apart_by_their_numbers(tmp_path):
    assert students(tmp_path, f"lee_1111_900001_{FOUR}.ipynb", f"lee_2222_900002_{FOUR}.ipynb"
                    ) == ["lee-1111", "lee-2222"]


def test_moodles_numbers_are_others_in_the_next_homework(tmp_path):
    assert students(tmp_path, f"Ann Lee_1111_assignsubmission_file_/{FOUR}.ipynb",
                    f"Ann Lee_2222_assignsubmission_file_/{FIVE}.ipynb") == ["Ann-Lee", "Ann-Lee"]


def test_what_stands_in_who_csv_counts_and_is_kept(tmp_path):
    table, paths = tmp_path / "who.csv", [f"{FOUR}.ipynb", f"s02_{FOUR}.ipynb"]
    assert students(tmp_path, *paths) == ["", "s02"]
    table.write_text(table.read_text("utf-8").replace(f"{FOUR}.ipynb,,", f"{FOUR}.ipynb,Ann,", 1),
                     "utf-8-sig")
    assert students(tmp_path, *paths, f"s03_{FOUR}.ipynb") == ["Ann", "s02", "s03"]
    assert "Ann" in table.read_text("utf-8")


@pytest.mark.parametrize(("one", "other"), [
    ("\u0905\u0928\u093f\u0924\u093e", "\u0905\u0928\u0940\u0924\u093e"),  # vowel signs
    (os.fsdecode(b"M\xfcller"), os.fsdecode(b"M\xe4ller")),  # of another system
    ("ann\U0001f600", "ann\U0001f601"),
    (240 * "a" + "x", 240 * "a" + "y"),
])
@pytest.mark.parametrize("form", ["{}_{}.ipynb", "{}/{}.ipynb"])
def test_every_sign_of_a_name_counts(one, other, form):
    found = [by_pattern(form.format(name, FOUR), HOMEWORK).student for name in (one, other)]
    assert found[0] != found[1]
    # Records' names: a file system allows 255 bytes.
    assert all(len(f"{FOUR}+{name}.problem.json".encode()) < 255 for name in found)


@pytest.mark.parametrize("name", [f"../../etc_{FOUR}", f"a b$c_{FOUR}", f"-rf_{FOUR}"])
def test_a_student_name_is_safe_as_a_folder_name(name):
    student = by_pattern(f"{name}.ipynb", HOMEWORK).student
    assert "/" not in student
    assert not student.startswith((".", "-"))
