"""One run: reads the submissions, tries and judges what is new or changed since the last time,
then writes grades.csv, report.txt and the feedback pages. An interrupted run is taken up where it
stopped."""

import argparse
import fcntl
import hashlib
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grading.course import Homework, nbgrader, prepare
from grading.execution.grade import Job
from grading.execution.room import draw_tasks, judging_code, why_no_walls
from grading.execution.spread import results
from grading.gradebook import enter, open_gradebook
from grading.pages.feedback import write_pages
from grading.pages.marking import write_marking_page
from grading.pages.report import add_to_report, write_grades, write_report
from grading.records import read_record, remember_problems, tests_of, write_record
from grading.settings import home
from grading.submissions.stage import Staged, stage


def digest(staged: Staged) -> str:
    """Changes when the submission, the homework, its tasks or the judging code do."""
    return hashlib.sha256("\n".join([
        tests_of(staged.assignment), judging_code(staged.assignment), staged.digest,
        str(staged.found.needed)]).encode("utf-8", "replace")).hexdigest()


def changed_texts(staged: Staged, before: dict) -> list[str]:
    """Notes on written answers that are others than at the last grading."""
    return [f"{name}: another text than last time; look whether its mark still holds"
            for name, text in staged.texts.items() if before.get(name, text) != text]


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other run works in the course folder, then keep others out."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another run is at work in this folder; waiting for its end", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def clear() -> None:
    """Delete what an earlier run may have left behind; have a place for temporary files."""
    for name in ("tmp", "tasks"):
        shutil.rmtree(home() / name, ignore_errors=True)
    tempfile.tempdir = os.environ["TMPDIR"] = str(home() / "tmp")
    Path(tempfile.tempdir).mkdir()


def keep(staged: Staged, graded: dict, homework: Homework) -> dict:
    """Write what came of one submission: scores, the page for marking, the record."""
    before = read_record(staged.assignment, staged.student)
    found, done = staged.found, graded["done"]
    record = {
        "assignment": staged.assignment, "student": staged.student, "path": staged.path,
        "id": staged.who.id, "late": staged.who.late,
        "notes": staged.notes + changed_texts(staged, before.get("texts", {})),
        # A run that failed has not been reported yet, so what it compares with stays.
        "texts": staged.texts if done else before.get("texts", {}),
        "missing": found.missing, "other_text": found.other_text, "looks": found.looks,
        "prints": found.prints, "tests": tests_of(staged.assignment),
        "digest": digest(staged) if done else ""} | graded
    if done:
        with open_gradebook() as gradebook:
            enter(gradebook, record, found.untouched, found.other_text)
        write_marking_page(record, found.notebook, homework.source)
    write_record(staged.assignment, staged.student, record)
    return record


def summary(record: dict) -> str:
    """One record in a few words."""
    if not record["done"]:
        return "GRADING FAILED, see report.txt"
    told = ", ".join(
        f"{name} {'open' if answer['points'] is None else format(answer['points'], 'g')}"
        for name, answer in record["answers"].items())
    return told + (f" ({record['ended']})" if record["ended"] else "")


def is_pending(staged: Staged, regrade: list[str]) -> bool:
    """Has this submission to be tried?"""
    known = read_record(staged.assignment, staged.student).get("digest", "")
    return known != digest(staged) or staged.student in regrade or "all" in regrade


def main(arguments: list[str]) -> int:
    """Grade; the exit status is 1 if grading a submission failed for reasons of our own."""
    parser = argparse.ArgumentParser("grading", description="Grade a class")
    parser.add_argument("submissions", type=Path)
    parser.add_argument("--regrade", nargs="*", default=[], metavar="STUDENT",
                        help="try these again (all: everyone)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    if not options.submissions.is_dir() and options.submissions.suffix != ".zip":
        print(f"{options.submissions} is not a folder; give the one with the submissions, or the "
              "platform's zip: make grade SUBMISSIONS=folder", file=sys.stderr)
        return 2
    with alone():
        return run(options)


def run(options: argparse.Namespace) -> int:
    """The whole run; returns the exit status."""
    start = time.monotonic()
    clear()
    homework, weakness = prepare(), why_no_walls()
    print(f"Isolation: {weakness and 'NONE, ' + weakness or 'no network, few files, limits'}")
    files = stage(options.submissions.resolve(), homework)
    if not files:
        print(f"There is no file in {options.submissions}", file=sys.stderr)
        return 2
    unknown = {*options.regrade} - {"all", *(s.student for s in files)}
    if unknown:
        print(f"To be graded again, but not in this folder: {', '.join(sorted(unknown))}")
    pending = [s for s in files if not s.problem and is_pending(s, options.regrade)]
    graded = sum(not s.problem for s in files)
    print(f"{len(files)} files: {graded} to grade, {graded - len(pending)} of them unchanged "
          f"since the last time; {len(files) - graded} that cannot be graded", flush=True)
    remember_problems(files)
    seeds = {name: secrets.randbelow(1 << 31) for name in sorted({s.assignment for s in pending})}
    tasks = {name: draw_tasks(name, seed) for name, seed in seeds.items()}
    jobs = [job_of(staged, str(tasks[staged.assignment]), not weakness) for staged in pending]
    failures, width = 0, max((len(s.student) for s in pending), default=0)
    for place, outcome in results(jobs, options.jobs):
        staged = pending[place]
        outcome["seed"] = seeds[staged.assignment]  # tells the tasks, should somebody ask
        record = keep(staged, outcome, homework[staged.assignment])
        failures += not record["done"]
        print(f"  {record['student']:{width}}  {record['assignment']}  "
              f"{record['seconds']:5.1f} s  {summary(record)}", flush=True)
    with_scores = write_grades()
    write_report(files, weakness)
    missing = write_pages(nbgrader())
    if missing:
        add_to_report("Feedback pages that could not be written:", missing)
    print(f"Wrote {with_scores}, report.txt and feedback/ beside it, "
          f"in {time.monotonic() - start:.0f} s")
    return bool(failures or missing)


def job_of(staged: Staged, tasks: str, walls: bool) -> Job:
    """What is to be tried of a submission."""
    found = staged.found
    return Job(staged.assignment, found.needed, found.every, found.functions,
               found.untouched, tasks, walls)
