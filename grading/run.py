"""Grade a class: make grade SUBMISSIONS=folder

    python -m grading.run FOLDER [--regrade STUDENT …] [--jobs N]

Stages, executes and scores what is new or changed since the last time, then writes grades.csv,
report.txt and the feedback pages. An interrupted run is taken up where it stopped.
"""

import argparse
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from grading.course import nbgrader, prepare
from grading.pages import write_pages
from grading.records import path_of, read_record, remember_problems, tests_of, write_record
from grading.report import add_to_report, write_grades, write_report
from grading.settings import ROOT, home
from grading.stage import Staged, stage


def digest(staged: Staged) -> str:
    """Changes when the submission or the homework's tests do."""
    return hashlib.sha256((tests_of(staged.assignment) + staged.text).encode()).hexdigest()


def changed_texts(staged: Staged, before: dict) -> list[str]:
    """Notes on written answers that are others than at the last grading."""
    return [f"{name}: another text than last time; look whether its mark still holds"
            for name, text in staged.texts.items() if before.get(name, text) != text]


@contextmanager
def alone() -> Iterator[int]:
    """Wait until no other run works in the course folder, then keep others out.

    Yields a file that is to be passed on to the supervisors: a run that was killed keeps
    others out until its supervisors have cleaned up.
    """
    home().folder.mkdir(parents=True, exist_ok=True)
    with (home().folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another run is at work in this folder; waiting for its end", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def autograde(staged: Staged, lock: int) -> dict:
    """Execute and score one submission; returns its record."""
    start = time.monotonic()
    path_of(staged.assignment, staged.student, "outcome").unlink(missing_ok=True)
    before = read_record(staged.assignment, staged.student).get("texts", {})
    process = subprocess.run(
        [sys.executable, "-m", "grading.supervise", str(os.getpid()),
         sys.executable, "-m", "grading.worker", "autograde", staged.assignment, staged.student],
        cwd=ROOT, pass_fds=[lock], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace")
    *log, last = process.stdout.strip().splitlines() or ["{}"]
    watched = json.loads(last) if last.startswith("{") else {}
    outcome = read_record(staged.assignment, staged.student, "outcome")
    done = watched.get("status") == 0 and bool(outcome)
    record = {"assignment": staged.assignment, "student": staged.student, "path": staged.path,
              "notes": staged.notes + changed_texts(staged, before), "missing": staged.missing,
              # A run that failed has not been reported yet, so what it compares with stays.
              "texts": staged.texts if done else before,
              "tests": tests_of(staged.assignment), "done": done,
              "ended": watched.get("stopped") or outcome.get("ended", ""),
              "tampered": outcome.get("tampered", False), "points": outcome.get("points", {}),
              "errors": outcome.get("errors", {}), "stops": outcome.get("stops", []),
              "seconds": round(time.monotonic() - start, 1),
              "digest": digest(staged) if done else "", "log": "" if done else "\n".join(log)}
    record["for_student"] = message(record)
    write_record(staged.assignment, staged.student, record)
    return record


def message(record: dict) -> str:
    """What the feedback page says at the top, or ""."""
    if record["tampered"]:
        return ("**No automatic points:** a cell that must fail did not, so the tests cannot be "
                "trusted in this notebook. Please talk to your instructor.")
    if record["ended"]:
        waiting = any(points is None for points in record["points"].values())
        told = "Not every test has a score" if waiting else "The notebook was not run to its end"
        return f"**{told}:** {record['ended']}."
    return ""


def summary(record: dict) -> str:
    """One record in a few words."""
    if not record["done"]:
        return "GRADING FAILED, see report.txt"
    if record["tampered"]:
        return "tampered"
    points = {name: value for name, value in record["points"].items()
              if not name.endswith("-canary")}
    told = ", ".join(f"{name} {'not executed' if value is None else f'{value:g}'}"
                     + (", an error" if name in record["errors"] else "")
                     for name, value in points.items())
    return told + (f" ({record['ended']})" if record["ended"] else "")


def is_pending(staged: Staged, regrade: list[str]) -> bool:
    """Has this submission to be executed?"""
    known = read_record(staged.assignment, staged.student).get("digest", "")
    return known != digest(staged) or staged.student in regrade or "all" in regrade


def main(arguments: list[str]) -> int:
    """Grade; the exit status is 1 if grading a submission failed for reasons of our own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("submissions", type=Path)
    parser.add_argument("--regrade", nargs="*", default=[], metavar="STUDENT",
                        help="execute these again (all: everyone)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    if not options.submissions.is_dir():
        print(f"{options.submissions} is not a folder; give the one with the submissions: "
              "make grade SUBMISSIONS=folder", file=sys.stderr)
        return 2
    with alone() as lock:
        return grade(options, lock)


def grade(options: argparse.Namespace, lock: int) -> int:
    """The whole run; returns the exit status."""
    start = time.monotonic()
    homework, weakness = prepare()
    print(f"Isolation: {weakness and 'NONE, ' + weakness or 'no network, few files, limits'}")
    files = stage(options.submissions.resolve(), homework, home())
    unknown = {*options.regrade} - {"all", *(s.student for s in files)}
    if unknown:
        print(f"To be graded again, but not in this folder: {', '.join(sorted(unknown))}")
    pending = [s for s in files if not s.problem and is_pending(s, options.regrade)]
    graded = sum(not s.problem for s in files)
    print(f"{len(files)} files: {graded} to grade, {graded - len(pending)} of them unchanged "
          f"since the last time; {len(files) - graded} that cannot be graded", flush=True)
    remember_problems(files)
    failures = grade_all(pending, options.jobs, lock)
    with_scores = write_grades()
    write_report(files, weakness)
    missing = write_pages(nbgrader())
    if missing:
        add_to_report("Feedback pages that could not be written:", missing)
    print(f"Wrote {with_scores}, report.txt and feedback/ beside it, "
          f"in {time.monotonic() - start:.0f} s")
    return bool(failures or missing)


def grade_all(pending: list[Staged], jobs: int, lock: int) -> int:
    """Grade in parallel, telling as it goes; returns how many failed."""
    failures, width = 0, max((len(s.student) for s in pending), default=0)
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        for record in pool.map(partial(autograde, lock=lock), pending):
            failures += not record["done"]
            print(f"  {record['student']:{width}}  {record['assignment']}  "
                  f"{record['seconds']:5.1f} s  {summary(record)}", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
