"""Whose file is it, and which homework? Read from file and folder names."""

import re
from dataclasses import dataclass
from pathlib import Path

COPY_MARK = re.compile(r"[ _-]*(?:\((\d+)\)|copy[ _-]?(\d*)|kopie[ _-]?(\d*))$", re.IGNORECASE)
LMS_MARK = re.compile(r"_\d+_assignsubmission.*$")


@dataclass(frozen=True)
class Named:
    """What a path tells.

    Attributes:
        student: "" when the path does not tell.
        homework: "" when the path does not tell.
        order: what sorts several files of one student; the last one counts.
    """

    student: str
    homework: str
    order: tuple[str, int]


def parse(path: Path, homework: list[str]) -> Named:
    """Read a path relative to the folder of submissions.

    A folder names the student (``s02/04_….ipynb``); without one, what stands before the
    homework's name does (``s02_2026-11-21_04_… (1).ipynb``).
    """
    stem, number = without_copy_marks(path.stem)
    found = [name for name in homework if name.lower() in stem.lower()]
    name = max(found, key=len, default="")
    before = stem[:stem.lower().index(name.lower())] if name else stem
    first, _, rest = before.strip(" _-").partition("_")
    folders = [part for part in path.parts[:-1] if part not in homework]
    student = LMS_MARK.sub("", folders[0]) if folders else first
    # A homework's own name is nobody's: "04_smoothgrad.ipynb" is not of a student "04".
    if not folders and not name and re.fullmatch(r"\d*", first):
        student = ""
    return Named(clean(student), name, (rest or before, number))


def without_copy_marks(stem: str) -> tuple[str, int]:
    """A file name without "(1)", "-Copy1" and the like; and the highest such number."""
    number = 0
    while mark := COPY_MARK.search(stem):
        digits = next((group for group in mark.groups() if group), "1")
        number, stem = max(number, int(digits)), stem[:mark.start()]
    return stem.strip(), number


def clean(student: str) -> str:
    """A name that can be a folder's; nbgrader and records use it."""
    return re.sub(r"[^\w.@-]+", "-", student.strip()).strip("-.")
