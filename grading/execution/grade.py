"""One submission: into the room, out of it, before the judge."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from grading.execution.room import students_environment, work
from grading.settings import ROOT, students_python

JUDGE_SECONDS = 120
TOUCHED, NOTHING = "the stub is as it was handed out", "nothing was tried"


@dataclass(frozen=True)
class Job:
    """What is to be tried of one submission.

    Attributes:
        needed, every: places and sources of cells: those that answers rest on, and all.
        functions: by grade id, the names under which an answer's function may be found.
        untouched: grade ids of answers that nobody has touched.
        tasks: the folder of the homework's tasks.
        walls: is there a room?
    """

    assignment: str
    student: str
    needed: list[tuple[int, str]]
    every: list[tuple[int, str]]
    functions: dict[str, list[str]]
    untouched: list[str]
    tasks: str
    walls: bool


def grade(job: Job, lock: int | None = None) -> dict:
    """Try the answers and judge what came back.

    Returns:
        "done", "answers" (by grade id, as judge.py tells, with points or a reason in "open"),
        "stops" (cells that an error stopped), "ended" (why the room was closed, or ""),
        "seconds", "log" (of a fault of ours).
    """
    start = time.monotonic()
    record = {"done": False, "answers": {}, "stops": [], "ended": "", "log": ""}
    try:
        record |= attempt(job, job.needed, lock)
        if any(answer["open"].startswith("NameError") for answer in record["answers"].values()):
            again = attempt(job, job.every, lock)
            if not again["ended"]:
                record |= again
        record["done"] = True
    except (RuntimeError, subprocess.SubprocessError, OSError, ValueError) as error:
        record["log"] = f"{type(error).__name__}: {error} {getattr(error, 'stderr', '') or ''}"
    record["seconds"] = round(time.monotonic() - start, 1)
    return record


def attempt(job: Job, cells: list[tuple[int, str]], lock: int | None) -> dict:
    """Run some cells and the functions, and judge them."""
    tried = {name: names for name, names in job.functions.items() if name not in job.untouched}
    with TemporaryDirectory(prefix="results-") as folder:
        results = Path(folder, "frames")
        results.touch()
        ended = ""
        if tried:
            ended = work({"cells": cells, "answers": tried}, Path(job.tasks), job.walls, results,
                         lock)
        judged = subprocess.run(
            [students_python(), "-m", "grading.execution.judge", job.assignment, job.tasks,
             results], cwd=ROOT, env=students_environment(), capture_output=True, text=True,
            check=True, timeout=JUDGE_SECONDS)
    found = json.loads(judged.stdout)
    if not found.pop("ended") and tried:
        ended = ended or "the program ended before its end"
    for name, answer in found["answers"].items():
        if name in job.untouched:
            answer |= {"points": 0.0, "open": "", "errors": [TOUCHED]}
        elif answer["points"] is None:
            answer["open"] = ended or answer["open"] or NOTHING
    return found | {"ended": ended}
