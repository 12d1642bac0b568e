"""What is remembered of each submission, in the course folder's records/."""

import json
import os
from pathlib import Path

from grading.settings import home


def path_of(assignment: str, student: str, kind: str = "record") -> Path:
    """The file of one record."""
    return home().records / f"{assignment}+{student}.{kind}.json"


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


def all_records() -> list[dict]:
    """Every record; each has "assignment" and "student"."""
    return [json.loads(path.read_text("utf-8"))
            for path in sorted(home().records.glob("*.record.json"))]
