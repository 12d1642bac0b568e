"""Whose file is it? Names as learning platforms, browsers and students make them."""

import os
from pathlib import Path

import pytest
from grading.names import Named, namesakes, read

FOUR, FIVE = HOMEWORK = ["04_smoothgrad_homework", "05_noise_and_sample_count"]


def parse(path: str) -> Named:
    """One path, alone in the folder of submissions."""
    return read([Path(path)], HOMEWORK)[Path(path)]


def students(*paths: str) -> list[str]:
    """Whose the files of one folder of submissions are; "refused" instead of namesakes."""
    named = read([Path(path) for path in paths], HOMEWORK)
    refused = namesakes({path: told for path, told in named.items() if told.student})
    return ["refused" if path in refused else told.student for path, told in named.items()]


def latest(*paths: str) -> str:
    """The path that counts among several of one student, whatever the files' times."""
    named = read([Path(path) for path in paths], HOMEWORK)
    assert len({(told.student, told.homework) for told in named.values()}) == 1
    assert len({told.order for told in named.values()}) == len(paths)
    assert not namesakes(named)
    return str(max(named, key=lambda path: named[path].order))


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
    ("\u0e21\u0e32\u0e19\u0e35_04_smoothgrad_homework.ipynb", "\u0e21\u0e32\u0e19\u0e35",
     "04_smoothgrad_homework"),
    ("V00123456/04_smoothgrad_homework.ipynb", "V00123456", "04_smoothgrad_homework"),
    ("V00123456_04_smoothgrad_homework.ipynb", "V00123456", "04_smoothgrad_homework"),
])
def test_student_and_homework_are_read_from_the_name(path, student, homework):
    named = parse(path)
    assert (named.student, named.homework) == (student, homework)


@pytest.mark.parametrize(("earlier", "later"), [
    ("s02_2026-11-20_04_smoothgrad_homework", "s02_2026-11-21_04_smoothgrad_homework"),
    ("s02_04_smoothgrad_homework", "s02_04_smoothgrad_homework (1)"),
    ("s02_04_smoothgrad_homework (2)", "s02_04_smoothgrad_homework (10)"),
    ("s02_2026-11-20_04_smoothgrad_homework (3)", "s02_2026-11-21_04_smoothgrad_homework"),
    ("s02_04_smoothgrad_homework", "s02_2026-11-21_04_smoothgrad_homework"),
    ("s02_1_9999_04_smoothgrad_homework", "s02_1_10000_04_smoothgrad_homework"),
])
def test_the_later_version_sorts_behind_the_earlier(earlier, later):
    first, second = (parse(f"{name}.ipynb") for name in (earlier, later))
    assert first.student == second.student
    assert first.order < second.order


@pytest.mark.parametrize(("one", "other"), [
    ("Anna_Müller_04_smoothgrad_homework.ipynb", "Anna_Schmidt_04_smoothgrad_homework.ipynb"),
    (f"Jane_12345_assignsubmission_file_/{FOUR}.ipynb",
     f"Jane_67890_assignsubmission_file_/{FOUR}.ipynb"),
    (f"Anna Schmidt_1111_assignsubmission_file_{FOUR}.ipynb",
     f"Anna Schmidt_2222_assignsubmission_file_{FOUR}.ipynb"),
    (f"schmidtmichael_11111_900001_{FOUR}.ipynb", f"schmidtmichael_22222_900002_{FOUR}.ipynb"),
    (f"schmidtmichael_LATE_11111_900001_{FOUR}.ipynb",
     f"schmidtmichael_22222_900002_{FIVE}.ipynb"),
    (f"1234-5678 - Ann Lee - Nov 20, 2026 1015 PM - {FOUR}.ipynb",
     f"4321-5678 - Ann Lee - Nov 20, 2026 1015 PM - {FOUR}.ipynb"),
    (f"Ann_Lee_{FOUR}.ipynb", f"Ann_Ray_{FIVE}.ipynb"),
    (f"ann_{FOUR}.ipynb", f"Ann_{FIVE}.ipynb"),
    ("max muster/04_smoothgrad_homework.ipynb", "max-muster/04_smoothgrad_homework.ipynb"),
    # A month, where no date is.
    (f"Ann_May_{FOUR}.ipynb", f"Ann_Lee_{FOUR}.ipynb"),
    (f"Ann_May_21.11.2026_{FOUR}.ipynb", f"Ann_June_{FOUR}.ipynb"),
    # A folder of two, and whose a file is stands behind the homework's name.
    (f"Gruppe7/{FOUR}_ann.ipynb", f"Gruppe7/{FOUR}_bob.ipynb"),
])
def test_namesakes_can_be_told_apart(one, other):
    assert students(one, other) == ["refused", "refused"]


def test_two_versions_of_one_student_have_one_person():
    times = ("2026-11-20", "21-Nov-2026", "December 1, 10-30 AM", "2026-12-01_11-30_PM_late",
             "May 3", "20261121_1030", "final")
    assert {parse(f"s02_{time}_04_smoothgrad_homework.ipynb").person
            for time in times} == {""}


@pytest.mark.parametrize("around", [
    "export", "Homework 4", "Submitted files", "Kurs Mittwoch", "2026-11-21", "Download/Gruppe 7"])
@pytest.mark.parametrize(("paths", "expected"), [
    ([f"ann/{FOUR}.ipynb", f"bob/{FOUR}.ipynb", f"cem/{FOUR}.ipynb"], ["ann", "bob", "cem"]),
    ([f"Ann Lee/x/{FOUR}.ipynb", f"Bo Ek/{FOUR}.ipynb"], ["Ann-Lee", "Bo-Ek"]),
    ([f"ann_{FOUR}.ipynb", f"bob_{FOUR}.ipynb"], ["ann", "bob"]),
    ([f"ann_{FOUR}.ipynb", f"bob/{FOUR}.ipynb"], ["ann", "bob"]),
    (["ann.ipynb", "bob.ipynb"], ["ann", "bob"]),
])
def test_a_folder_around_all_is_nobodys(around, paths, expected):
    assert students(*(f"{around}/{path}" for path in paths)) == expected


@pytest.mark.parametrize(("paths", "expected"), [
    # Two folders for sorting, one student in both.
    ([f"Homework 4/ann_{FOUR}.ipynb", f"Homework 4/bob_{FOUR}.ipynb",
      f"Homework 5/ann_{FIVE}.ipynb"], ["ann", "bob", "ann"]),
    ([f"Homework 4/ann/{FOUR}.ipynb", f"Homework 5/ann/{FIVE}.ipynb"], ["ann", "ann"]),
    # Files' names tell, and one does not.
    ([f"Monday/ann_{FOUR}.ipynb", f"Monday/bob_{FOUR}.ipynb", f"Monday/{FOUR}.ipynb",
      f"cem/{FOUR}.ipynb"], ["ann", "bob", "", "cem"]),
    ([f"Monday/Ann_Lee_{FOUR}.ipynb", f"Monday/Ann_Ray_{FOUR}.ipynb", f"cem/{FOUR}.ipynb"],
     ["refused", "refused", "cem"]),
    ([f"Monday/ann_{FOUR}.ipynb", f"Monday/bob_{FOUR}.ipynb", f"Friday/ann_{FOUR}.ipynb",
      f"Friday/cem_{FOUR}.ipynb"], ["refused", "bob", "refused", "cem"]),
    # Students or versions? Nobody can know.
    ([f"Monday/ann/{FOUR}.ipynb", f"Monday/bob/{FOUR}.ipynb", f"cem/{FOUR}.ipynb"],
     ["refused", "refused", "cem"]),
    ([f"Monday/ann/{FOUR}.ipynb", f"Monday/{FOUR}.ipynb"], ["refused", "refused"]),
    (["Monday/ann.ipynb", "Monday/bob.ipynb", f"cem/{FOUR}.ipynb"], ["refused", "refused", "cem"]),
])
def test_in_a_folder_of_several_persons_no_file_counts_as_anothers(paths, expected):
    assert students(*paths) == expected


@pytest.mark.parametrize("paths", [
    [f"{FOUR}.ipynb", f"{FOUR} (1).ipynb", f"{FIVE}.ipynb"],
    [f"Ann_{FOUR}.ipynb", f"Ann_Lee_{FIVE}.ipynb"],
    [f"ann_{FOUR}.ipynb", f"{FIVE}.ipynb"],
    [f"draft_{FOUR}.ipynb", f"final_{FOUR}.ipynb", f"v2_{FOUR}.ipynb"],
    [f"Version 1/{FOUR}.ipynb", f"Version 2/{FOUR}.ipynb", f"{FIVE}.ipynb"],
    [f"my_{FOUR}.ipynb", f"corrected_{FOUR}.ipynb", f"{FOUR}_neu.ipynb"],
    [f"{FOUR}_with_comments.ipynb", f"{FOUR}.ipynb"],
    [f"2026-11-20/{FOUR}.ipynb", f"2/{FOUR}.ipynb", f"{FOUR}/{FOUR}.ipynb"],
])
@pytest.mark.parametrize("others", [[], [f"Bo Ek/{FOUR}.ipynb"], [f"bob_{FOUR}.ipynb"]])
def test_a_students_own_folder_names_all_files_in_it(paths, others):
    found = students(*(f"Ann Lee/{path}" for path in paths), *others)
    assert found[:len(paths)] == ["Ann-Lee"] * len(paths)


def test_numbers_before_the_homework_are_versions_in_a_students_own_folder():
    paths = [f"Ann Lee/1_{FOUR}.ipynb", f"Ann Lee/2_{FOUR}.ipynb", f"Bo Ek/{FOUR}.ipynb"]
    assert students(*paths) == ["Ann-Lee", "Ann-Lee", "Bo-Ek"]


def test_numbers_with_a_zero_in_front_are_persons():
    paths = [f"Group 7/01_{FOUR}.ipynb", f"Group 7/02_{FOUR}.ipynb", f"Bo Ek/{FOUR}.ipynb"]
    assert students(*paths) == ["01", "02", "Bo-Ek"]
    assert students(*(f"{day}/{FOUR}.ipynb" for day in ("Mon/01", "Mon/02", "Fri/03"))) == [
        "refused", "refused", "Fri"]


@pytest.mark.parametrize(("one", "other"), [
    ("\u0905\u0928\u093f\u0924\u093e", "\u0905\u0928\u0940\u0924\u093e"),  # vowel signs
    ("\u0e21\u0e32\u0e19\u0e35", "\u0e21\u0e32\u0e19"),
    (os.fsdecode(b"M\xfcller"), os.fsdecode(b"M\xe4ller")),  # of another system
    ("ann\U0001f600", "ann\U0001f601"),
])
@pytest.mark.parametrize("form", ["{}_{}.ipynb", "{}/{}.ipynb", "Ann_{}_{}.ipynb"])
def test_every_sign_of_a_name_counts(one, other, form):
    found = students(*(form.format(name, FOUR) for name in (one, other)))
    assert found == ["refused", "refused"] or found[0] != found[1]
    "".join(found).encode()  # fit for a folder's name and for records


def test_moodles_numbers_are_others_in_the_next_homework():
    paths = [f"Ann Lee_1111_assignsubmission_file_/{FOUR}.ipynb",
             f"Ann Lee_2222_assignsubmission_file_/{FIVE}.ipynb"]
    assert students(*paths) == ["Ann-Lee", "Ann-Lee"]
    assert students(*paths, f"Ann Lee_3333_assignsubmission_file_/{FOUR}.ipynb") == ["refused"] * 3


@pytest.mark.parametrize(("earlier", "later"), [
    ("max_21.11.2026_{}", "max_03.12.2026_{}"),
    ("max_21.11.2026_{}", "max_2026-12-03_{}"),
    ("max_2026-11-21_{}", "max_3.12.2026_{}"),
    ("max_21-Nov-2026_{}", "max_03-Dec-2026_{}"),
    ("max_31-12-2025_{}", "max_01-02-2026_{}"),
    ("max_11-21-2026_{}", "max_12-13-2026_{}"),
    ("max_2026-12-01_11-30_AM_{}", "max_2026-12-01_1-15_PM_{}"),
    ("max_20261121_1030_{}", "max_20261203_0915_{}"),
    ("max_11111_900001_{}", "max_11111_1000001_{}"),
    ("max_11111_900001_my_{}", "max_LATE_11111_900002_{}"),
    ("Bo Ek/Homework 4/Version 1/{}", "Bo Ek/Homework 4/Version 2/{}"),
    ("Bo Ek/Homework 4/Version 9/{} (1)", "Bo Ek/Homework 4/Version 10/{}"),
    ("Bo Ek/21.11.2026/{}", "Bo Ek/03.12.2026/{}"),
    ("1234-5678 - Ann Lee - Nov 20, 2026 1015 PM - {}",
     "1234-5678 - Ann Lee - Dec 3, 2026 915 AM - {}"),
    ("1234-5678 - Ann Lee - Nov 20, 2026 1115 AM - {}",
     "1234-5678 - Ann Lee - Nov 20, 2026 1015 PM - {}"),
    ("1234-5678 - Ann Lee - Nov 20, 2026 1015 PM/{}",
     "1234-5678 - Ann Lee - Dec 3, 2026 915 AM/{}"),
    ("Ann Lee_1111_assignsubmission_file_{}", "Ann Lee_1111_assignsubmission_file_{} (1)"),
    ("s02_{}_v1", "s02_{}_v2"),
    ("s02_{}", "s02_{}_2"),
    ("s02_{}_2026-11-21", "s02_{}_3.12.2026"),
    ("s02_2026-11-21_{}_v9", "s02_2026-12-03_{}_v1"),
])
def test_the_latest_of_one_students_versions_counts(earlier, later):
    paths = [f"{name}.ipynb".format(FOUR) for name in (earlier, later)]
    assert latest(*paths) == latest(*reversed(paths)) == paths[1]


@pytest.mark.parametrize("name", [
    f"1234-5678 - Ann Lee - Nov 20, 2026 1015 PM - {FOUR}.ipynb",
    f"1234-5678 - Ann Lee - Nov 20, 2026 1015 PM/{FOUR}.ipynb",
    f"Ann Lee_1111_assignsubmission_file_{FOUR}.ipynb",
    f"Homework 4/Ann Lee_1111_assignsubmission_file_mine_{FOUR}.ipynb",
])
def test_of_a_platforms_name_the_students_part_is_taken(name):
    assert parse(name).student == "Ann-Lee"


@pytest.mark.parametrize("letter", ["a", "\u00fc", "\u5b57", "\U00020000"])
@pytest.mark.parametrize("form", ["{}/{}.ipynb", "{}_{}.ipynb"])
def test_a_long_name_is_cut_and_stays_the_students_own(letter, form):
    one, other = (parse(form.format(letter * 240 + end, FOUR)).student for end in ("x", "y"))
    assert one != other
    assert one == parse(form.format(letter * 240 + "x", FIVE)).student
    # Records' names: a file system allows 255 bytes.
    assert len(f"{FOUR}+{one}.problem.json".encode()) < 255
    assert one.startswith(letter * 40)


def test_odd_letters_in_a_date_stop_nothing():
    assert parse(f"max_21-\u017fep-2026_{FOUR}.ipynb").student == "max"


def test_a_name_that_is_not_too_long_is_left_alone():
    assert parse(f"{'ab' * 60}/{FOUR}.ipynb").student == "ab" * 60


@pytest.mark.parametrize("name", ["../../etc_04_smoothgrad_homework", "a b$c_04_x", "-rf_04_x"])
def test_a_student_name_is_safe_as_a_folder_name(name):
    student = parse(f"{name}.ipynb").student
    assert "/" not in student
    assert not student.startswith((".", "-"))
