"""What is remembered of each submission, in the course folder's records/."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from grading.settings import home
from grading.submissions.stage import Staged


def path_of(assignment: str, student: str, kind: str = "record") -> Path:
    """The file of one record."""
    return home() / "records" / f"{assignment}+{student}.{kind}.json"


def read_record(assignment: str, student: str, kind: str = "record") -> dict:
    """A record, or {} if there is none."""
    path = path_of(assignment, student, kind)
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def write_record(assignment: str, student: str, content: dict, kind: str = "record") -> None:
    """Write a record as a whole or not at all."""
    path = path_of(assignment, student, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")
    os.replace(part, path)


def all_records(kind: str = "record") -> list[dict]:
    """Every record of a kind; records and problems have "assignment" and "student"."""
    return [json.loads(path.read_text("utf-8"))
            for path in sorted((home() / "records").glob(f"*.{kind}.json"))]


def remember_problems(files: Iterable[Staged]) -> None:
    """Keep why a student's file could not be graded, until one can be."""
    for staged in sorted(files, key=lambda staged: not staged.problem):
        path = path_of(staged.assignment, staged.student, "problem")
        if not staged.problem:
            path.unlink(missing_ok=True)
        elif staged.student and staged.assignment:
            write_record(staged.assignment, staged.student, {
                "assignment": staged.assignment, "student": staged.student,
                "problem": staged.problem}, "problem")


def tests_of(assignment: str) -> str:
    """A fingerprint of a homework's source; changes when its cells do."""
    source = home() / "source" / assignment / f"{assignment}.ipynb"
    return hashlib.sha256(source.read_bytes()).hexdigest()
