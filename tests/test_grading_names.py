"""Whose file is it? Names as learning platforms, browsers and students make them."""

from pathlib import Path

import pytest

from grading.names import parse

HOMEWORK = ["04_smoothgrad_homework", "05_noise_and_sample_count"]


@pytest.mark.parametrize(("path", "student", "homework"), [
    ("s02_2026-11-21_04_smoothgrad_homework (1).ipynb", "s02", "04_smoothgrad_homework"),
    ("s02/04_smoothgrad_homework.ipynb", "s02", "04_smoothgrad_homework"),
    ("s02/attempt/05_noise_and_sample_count-Copy1.ipynb", "s02", "05_noise_and_sample_count"),
    ("04_smoothgrad_homework/s02.ipynb", "s02", ""),
    ("04_smoothgrad_homework/s02/homework.ipynb", "s02", ""),
    ("s02_04_SmoothGrad_Homework.ipynb", "s02", "04_smoothgrad_homework"),
    ("Ann Lee_1234_assignsubmission_file_/04_smoothgrad_homework.ipynb", "Ann-Lee",
     "04_smoothgrad_homework"),
    ("anna-maria_04_smoothgrad_homework_final.ipynb", "anna-maria", "04_smoothgrad_homework"),
    ("04_smoothgrad_homework.ipynb", "", "04_smoothgrad_homework"),
    ("04_homework.ipynb", "", ""),
    ("Copy of 04_smoothgrad_homework.ipynb", "", "04_smoothgrad_homework"),
    ("Untitled3.ipynb", "", ""),
    ("1234_04_smoothgrad_homework.ipynb", "1234", "04_smoothgrad_homework"),
    ("Homework 4_s111_attempt_2026-11-21-10-00-00_04_smoothgrad_homework.ipynb", "s111",
     "04_smoothgrad_homework"),
    ("Export/Ann Lee_1234_assignsubmission_file_/04_smoothgrad_homework.ipynb", "Ann-Lee",
     "04_smoothgrad_homework"),
    ("Mu\u0308ller_04_smoothgrad_homework.ipynb", "M\u00fcller", "04_smoothgrad_homework"),
    ("s02_04_smoothgrad_homework.ipynb.txt", "s02", "04_smoothgrad_homework"),
    ("s02_04_smoothgrad_homework.IPYNB", "s02", "04_smoothgrad_homework"),
])
def test_student_and_homework_are_read_from_the_name(path, student, homework):
    named = parse(Path(path), HOMEWORK)
    assert (named.student, named.homework) == (student, homework)


@pytest.mark.parametrize(("earlier", "later"), [
    ("s02_2026-11-20_04_smoothgrad_homework", "s02_2026-11-21_04_smoothgrad_homework"),
    ("s02_04_smoothgrad_homework", "s02_04_smoothgrad_homework (1)"),
    ("s02_04_smoothgrad_homework (2)", "s02_04_smoothgrad_homework (10)"),
    ("s02_2026-11-20_04_smoothgrad_homework (3)", "s02_2026-11-21_04_smoothgrad_homework"),
    ("s02_04_smoothgrad_homework", "s02_2026-11-21_04_smoothgrad_homework"),
    ("s02_9999_1_04_smoothgrad_homework", "s02_10000_1_04_smoothgrad_homework"),
])
def test_the_later_version_sorts_behind_the_earlier(earlier, later):
    first, second = (parse(Path(f"{name}.ipynb"), HOMEWORK) for name in (earlier, later))
    assert first.student == second.student
    assert first.order < second.order


@pytest.mark.parametrize(("one", "other"), [
    ("Anna_Müller_04_smoothgrad_homework.ipynb", "Anna_Schmidt_04_smoothgrad_homework.ipynb"),
    ("Jane_12345_assignsubmission_file_/a.ipynb", "Jane_67890_assignsubmission_file_/a.ipynb"),
    ("max muster/04_smoothgrad_homework.ipynb", "max-muster/04_smoothgrad_homework.ipynb"),
])
def test_namesakes_can_be_told_apart(one, other):
    first, second = parse(Path(one), HOMEWORK), parse(Path(other), HOMEWORK)
    assert first.student == second.student
    assert first.person != second.person and first.person and second.person


def test_two_versions_of_one_student_have_one_person():
    times = ("2026-11-20", "21-Nov-2026", "December 1, 10-30 AM", "2026-12-01_11-30_PM_late", "final")
    assert {parse(Path(f"s02_{time}_04_smoothgrad_homework.ipynb"), HOMEWORK).person
            for time in times} == {""}


@pytest.mark.parametrize("name", ["../../etc_04_smoothgrad_homework", "a b$c_04_x", "-rf_04_x"])
def test_a_student_name_is_safe_as_a_folder_name(name):
    student = parse(Path(f"{name}.ipynb"), HOMEWORK).student
    assert "/" not in student
    assert not student.startswith((".", "-"))
