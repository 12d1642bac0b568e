"""Grade a class in one command and read what came of it."""

import csv
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import psutil

from sample_class.hostile import CHILD_SECONDS, MARK
from sample_class.notebooks import HOMEWORK, ROOT
from sample_class.students import Student

CELL_SECONDS, MEMORY_GB = 30, 4
PYTHON = ROOT / ".venv-grading" / "bin" / "python"
LONGEST = 1200  # seconds for the whole class on a slow machine


@dataclass
class Graded:
    """A graded class."""

    students: list[Student]
    home: Path
    submissions: Path
    output: str
    seconds: float
    calls: list[bytes]

    @property
    def isolated(self) -> bool:
        """Did the system allow it?"""
        return "Isolation: NONE" not in self.output

    def rows(self) -> dict[str, dict[str, str]]:
        """grades.csv by student."""
        with (self.home / "grades.csv").open(newline="", encoding="utf-8") as file:
            return {row["student"]: row for row in csv.DictReader(file)}

    def report(self) -> str:
        """report.txt."""
        return (self.home / "report.txt").read_text("utf-8")

    def executed(self, student: str, homework: str = HOMEWORK) -> Path:
        """The notebook as the marking pages show it."""
        return self.home / "autograded" / student / homework / f"{homework}.ipynb"

    def page(self, student: str, homework: str = HOMEWORK) -> str:
        """The feedback page's text."""
        path = self.home / "feedback" / student / homework / f"{homework}.html"
        return unescape(path.read_text("utf-8"))

    def record(self, student: str, homework: str = HOMEWORK) -> dict:
        """What is remembered of a submission."""
        path = self.home / "records" / f"{homework}+{student}.record.json"
        return json.loads(path.read_text("utf-8"))

    def reached(self, student: str, answer: str, homework: str = HOMEWORK) -> str:
        """What a curious answer has told in its error."""
        errors = self.record(student, homework)["answers"][answer]["errors"]
        (found,) = {error for error in errors if MARK in error}
        return found.split(MARK)[1].strip()


def grading_environment(home: Path, **more: str) -> dict[str, str]:
    """What grading reads, for a course in a folder of its own."""
    return os.environ | {"GRADING_HOME": str(home), "GRADING_CELL_SECONDS": str(CELL_SECONDS),
                         "GRADING_MEMORY_GB": str(MEMORY_GB),
                         # The tiny homework's tasks; the real ones' lie beside the judge.
                         "GRADING_TASKS": "sample_class",
                         "PYTHONPATH": str(ROOT / "tests" / "grading")} | more


def make_grade(home: Path, submissions: Path, *options: str, **more: str) -> str:
    """Grade a folder; returns what the command printed."""
    result = subprocess.run(["make", "grade", f"SUBMISSIONS={submissions}", *options], cwd=ROOT,
                            env=grading_environment(home, **more), capture_output=True,
                            text=True, timeout=LONGEST)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def left_behind(home: Path) -> list[str]:
    """Command lines of processes that grading or a sample student has left behind.

    Another course may be graded at the same time: its folders have other names.
    """
    marks = (CHILD_SECONDS, str(home))
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        words = [*(process.info["cmdline"] or []), *(process.info["environ"] or {}).values()]
        if any(mark in word for mark in marks for word in words):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


def mark_by_hand(home: Path, homework: str, student: str, cell: str, score: float,
                 comment: str) -> None:
    """Enter a score and a comment, as the marking pages do."""
    code = f"""
from nbgrader.api import Gradebook
from grading.settings import database
with Gradebook(database()) as gradebook:
    names = ({homework!r}, {homework!r}, {student!r})
    gradebook.find_grade({cell!r}, *names).manual_score = {score}
    gradebook.find_comment({cell!r}, *names).manual_comment = {comment!r}
    gradebook.db.commit()
"""
    subprocess.run([PYTHON, "-c", code], cwd=ROOT, env=grading_environment(home), check=True)


@contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A port on the loopback interface, and what was sent to it."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    received.append(connection.recv(100))

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], received
        server.shutdown(socket.SHUT_RDWR)
