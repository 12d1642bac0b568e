"""grades.csv for the instructor's table, report.txt for the instructor's eyes."""

import csv
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry

from grading.records import all_records, tests_of
from grading.settings import home
from grading.stage import Staged

NOT_EXECUTED, TAMPERED, TO_MARK, DELETED, FAILED = (
    "not executed", "tampered", "to be marked", "deleted", "grading failed")


def write_grades() -> Path:
    """Write grades.csv: one row per student, for each homework a status and its scores.

    A score is a number or says why there is none: "not executed", "tampered", "to be marked",
    "deleted", "grading failed"; where nothing was handed in it is empty. ``total`` sums the
    numbers, ``open`` counts what may still become one.
    """
    records = {(r["student"], r["assignment"]): r for r in all_records()}
    problems = {(p["student"], p["assignment"]): p["problem"] for p in all_records("problem")}
    tasks = columns()
    header = ["student"]
    for assignment, cells in tasks.items():
        header += [assignment, *cells]
    students = sorted({student for student, _ in [*records, *problems]})
    path = home().folder / "grades.csv"
    with Gradebook(home().database) as gradebook, path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow([*header, "total", "open"])
        for student in students:
            row, numbers, waiting = [student], [], 0
            for assignment, cells in tasks.items():
                record = records.get((student, assignment))
                row.append(status(record, problems.get((student, assignment), "")))
                for name in cells:
                    score = score_of(gradebook, record, name) if record else ""
                    numbers += [score] if isinstance(score, float) else []
                    waiting += score in (NOT_EXECUTED, TAMPERED, TO_MARK, FAILED)
                    row.append(f"{score:g}" if isinstance(score, float) else score)
            table.writerow([*row, f"{sum(numbers):g}", waiting])
    return path


def columns() -> dict[str, list[str]]:
    """The cells with points, by homework."""
    found = {}
    for path in sorted((home().folder / "release").glob("*/*.ipynb")):
        cells = [cell.metadata.get("nbgrader", {})
                 for cell in nbformat.read(path, as_version=4).cells]
        found[path.stem] = [cell["grade_id"] for cell in cells if cell.get("points")]
    return found


def status(record: dict | None, problem: str) -> str:
    """The state of one homework in a few words."""
    if record is None:
        return problem or "not handed in"
    if problem:  # of all that was handed in this time
        return f"{status(record, '')} earlier; now {problem}"
    if not record["done"]:
        return FAILED
    if record["tampered"]:
        return TAMPERED
    return record["ended"] or "executed"


def score_of(gradebook: Gradebook, record: dict, name: str) -> float | str:
    """A number, or why there is none; what a grader has entered always counts."""
    try:
        grade = gradebook.find_grade(name, record["assignment"], record["assignment"],
                                     record["student"])
    except MissingEntry:
        return FAILED
    if grade.manual_score is not None:
        return float(grade.manual_score) + float(grade.extra_credit or 0)
    if not record["done"]:
        return FAILED
    if name in record["missing"]:
        return DELETED
    if grade.auto_score is not None:
        return float(grade.auto_score)
    if name in record["points"]:
        return TAMPERED if record["tampered"] else NOT_EXECUTED
    return TO_MARK


def write_report(files: list[Staged], weakness: str) -> Path:
    """Write report.txt: every file and what became of it; nothing is left out."""
    lines = [isolation(weakness), ""]
    cannot = [s for s in files if s.problem]
    if cannot:
        lines += ["Files that were not graded:", *(f"  {s.path}: {s.problem}" for s in cannot), ""]
    lines.append("Submissions:")
    for record in all_records():
        lines.append(f"  {record['student']}, {record['assignment']}: {status(record, '')}, "
                     f"{record['seconds']} s, from {record['path']}")
        lines += [f"    {note}" for note in record["notes"]]
        if record.get("tests") != tests_of(record["assignment"]):
            lines.append("    scored by earlier tests, as it was not in the folder this time")
        lines += [f"    {stop}" for stop in record.get("stops", [])]
        lines += [f"    {name}: stopped by {error}"
                  for name, error in record.get("errors", {}).items()]
        lines += [f"    {line}" for line in record["log"].splitlines()]
    path = home().folder / "report.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def add_to_report(heading: str, lines: list[str]) -> None:
    """Write some lines at the end of report.txt."""
    with (home().folder / "report.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in ["", heading, *(f"  {line}" for line in lines)])


def isolation(weakness: str) -> str:
    """One line on what student code could reach."""
    if not weakness:
        return ("Isolation: student code ran without a network and saw neither the gradebook, "
                "nor the sources, nor other submissions.")
    return ("ISOLATION: NONE. This computer does not allow it "
            f"({weakness}). Student code ran with limits on time, memory and processes, but it "
            "could use the network and read the gradebook, the sources and other submissions.")
