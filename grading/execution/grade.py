"""One submission: into the room, out of it, before the judge.

    python -m grading.execution.grade

Reads a Job (JSON) in the first line of stdin, prints the record (JSON) in the last of stdout.
When stdin ends before that, nobody waits any more: then it ends, and with it all that it has
started, however its caller came to its end.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from grading.execution.room import enter, students_environment
from grading.execution.supervise import adopt_orphans, watch
from grading.settings import ROOT, Bounds, students_python

JUDGE_SECONDS = 120
TOUCHED, NOTHING = "the stub is as it was handed out", "nothing was tried"
# A record before anything was found. "answers": by grade id, as judge.py tells, with points or a
# reason in "open"; "stops": cells that an error stopped; "ended": why the room was closed, or "";
# "log": of a fault of ours.
FAILED = {"done": False, "answers": {}, "stops": [], "ended": "", "seconds": 0, "log": ""}


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
    needed: list[tuple[int, str]]
    every: list[tuple[int, str]]
    functions: dict[str, list[str]]
    untouched: list[str]
    tasks: str
    walls: bool


def grade(job: Job) -> dict:
    """Try the answers and judge what came back; the record."""
    start = time.monotonic()
    try:
        record = FAILED | attempt(job, job.needed)
        if any(answer["open"].startswith("NameError") for answer in record["answers"].values()):
            again = attempt(job, job.every)
            if not again["ended"]:
                record |= again
        record["done"] = True
    except (RuntimeError, subprocess.SubprocessError, OSError, ValueError) as error:
        record = FAILED | {
            "log": f"{type(error).__name__}: {error} {getattr(error, 'stderr', '') or ''}"}
    return record | {"seconds": round(time.monotonic() - start, 1)}


def attempt(job: Job, cells: list[tuple[int, str]]) -> dict:
    """Run some cells and the functions, and judge them."""
    tried = {name: names for name, names in job.functions.items() if name not in job.untouched}
    with TemporaryDirectory(prefix="results-") as folder:
        results = Path(folder, "frames")
        results.touch()
        ended = work({"cells": cells, "answers": tried}, job, results) if tried else ""
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


def work(order: dict, job: Job, results: Path) -> str:
    """Have one order ("cells" and "answers", as inside.py reads them) worked on in the room.

    Returns:
        Why the room was closed before the end, or "".

    Raises:
        RuntimeError: for a fault of ours: no student code has run.
    """
    bounds = Bounds()
    asked, said, scratch = (results.with_name(name) for name in ("order", "said", "home"))
    asked.write_text(json.dumps(order | {"seconds": bounds.cell_seconds,
                                         "memory": bounds.memory_bytes}), "utf-8")
    scratch.mkdir()
    command, variables = enter(Path(job.tasks), job.walls, scratch)
    with asked.open("rb") as stdin, results.open("wb") as stdout, said.open("wb") as stderr:
        stopped = watch(subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=stderr, env=variables,
            cwd="/" if job.walls else scratch), results, bounds)
    if results.stat().st_size == 0 and not stopped:
        raise RuntimeError(f"the room did not open: {said.read_text(errors='replace')[-1000:]}")
    return stopped


if __name__ == "__main__":
    adopt_orphans()
    print(json.dumps(grade(Job(**json.loads(sys.stdin.readline())))))
