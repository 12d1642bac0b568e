"""Whose file is it, and which homework? Read from file and folder names."""

import calendar
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

COPY_MARK = re.compile(r"[ _-]*(?:\((\d+)\)|copy[ _-]?(\d*)|kopie[ _-]?(\d*))$", re.IGNORECASE)
EXTENSION = re.compile(r"\.ipynb(\.json|\.txt)?$", re.IGNORECASE)
# Moodle: a folder "Ann Lee_1234_assignsubmission_file_", the number is the submission's.
MOODLE = re.compile(r"_(\d+)_assignsubmission.*$")
# Blackboard: "Homework 4_s111_attempt_2026-11-21-10-00-00_…".
BLACKBOARD = re.compile(r"^.*?_([^_]+)_attempt(?=_)")
# What stands in file names beside people's names.
NO_NAMES = {"am", "pm", "late", "draft", "final", "new", "version", "v"} | {
    month.lower() for month in [*calendar.month_abbr, *calendar.month_name]}
# Names that programs give, not people.
NOBODY = re.compile(r"\d*|copy of|kopie von|untitled\d*", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """What a path tells.

    Attributes:
        student: "" when the path does not tell.
        homework: "" when the path does not tell.
        person: what else the path says about the person, to tell apart two students whose
            ``student`` is the same; "" when nothing.
        order: what sorts several files of one student; the last one counts.
    """

    student: str
    homework: str
    person: str
    order: tuple[tuple[int, ...], int]


def parse(path: Path, homework: list[str]) -> Named:
    """Read a path relative to the folder of submissions.

    A folder names the student (``s02/04_….ipynb``); without one, what stands before the
    homework's name does (``s02_2026-11-21_04_… (1).ipynb``).
    """
    stem, number = without_copy_marks(EXTENSION.sub("", path.name))
    found = [name for name in homework if name.lower() in stem.lower()]
    name = max(found, key=len, default="")
    before = stem[:stem.lower().index(name.lower())] if name else stem
    folders = [part for part in path.parts[:-1] if part not in homework]
    if folders:
        student, person = from_folders(folders)
        return Named(clean(student), name, person, (numbers(before), number))
    first, _, rest = BLACKBOARD.sub(r"\1", before).strip(" _-").partition("_")
    # A homework's own name is nobody's: "04_smoothgrad.ipynb" is not of a student "04".
    if NOBODY.fullmatch(first) and not (name and first.isdigit()):
        first = ""
    words = re.findall(r"[^\W\d_]+", rest.lower())
    person = "-".join(word for word in words if word not in NO_NAMES)
    return Named(clean(first), name, person, (numbers(rest), number))


def from_folders(folders: list[str]) -> tuple[str, str]:
    """Student and person from the folders that a file lies in, outermost first."""
    for folder in folders:
        if mark := MOODLE.search(folder):
            return folder[:mark.start()], mark[1]
    return folders[0], unicodedata.normalize("NFC", folders[0])


def numbers(text: str) -> tuple[int, ...]:
    """The numbers in a text, such as those of a date; they sort as numbers."""
    return tuple(int(digits) for digits in re.findall(r"\d+", text))


def without_copy_marks(stem: str) -> tuple[str, int]:
    """A file name without "(1)", "-Copy1" and the like; and the highest such number."""
    number = 0
    while mark := COPY_MARK.search(stem):
        digits = next((group for group in mark.groups() if group), "1")
        number, stem = max(number, int(digits)), stem[:mark.start()]
    return stem.strip(), number


def clean(student: str) -> str:
    """A name that can be a folder's; nbgrader and records use it."""
    composed = unicodedata.normalize("NFC", student.strip())
    return re.sub(r"[^\w.@-]+", "-", composed).strip("-.")
