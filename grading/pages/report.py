"""grades.csv for the instructor's table, report.txt for the instructor's eyes."""

import csv
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

from grading.gradebook import grade_of, open_gradebook
from grading.pages.harmless import no_formula
from grading.records import all_records, tests_of
from grading.settings import home
from grading.submissions.answers import SHORTEST_FUNCTION
from grading.submissions.stage import Staged

OPEN, TO_MARK, DELETED, FAILED = "open", "to be marked", "deleted", "grading failed"


def write_grades() -> Path:
    """Write grades.csv: one row per student, for each homework a status and its scores.

    A score is a number or says why there is none: "open", "to be marked", "deleted", "grading
    failed"; where nothing was handed in it is empty. ``total`` sums the numbers, ``open`` counts
    what may still become one. ``id`` and ``file`` are the platform's.
    """
    records = {(r["student"], r["assignment"]): r for r in all_records()}
    problems = {(p["student"], p["assignment"]): p["problem"] for p in all_records("problem")}
    tasks = columns()
    header = ["student", "id"]
    for assignment, cells in tasks.items():
        header += [assignment, f"{assignment} file", *cells]
    students = sorted({student for student, _ in [*records, *problems]})
    path = home() / "grades.csv"
    with open_gradebook() as gradebook, path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*header, "total", "open"])
        for student in students:
            ids = [records[pair]["id"] for pair in records if pair[0] == student]
            row, numbers, waiting = [student, next(filter(None, ids), "")], [], 0
            for assignment, cells in tasks.items():
                record = records.get((student, assignment))
                row += [status(record, problems.get((student, assignment), "")),
                        record["path"] if record else ""]
                for name in cells:
                    score = score_of(gradebook, record, name) if record else ""
                    numbers += [score] if isinstance(score, float) else []
                    waiting += score in (OPEN, TO_MARK, DELETED, FAILED)
                    row.append(f"{score:g}" if isinstance(score, float) else score)
            table.writerow([*map(no_formula, row), f"{sum(numbers):g}", waiting])
    return path


def columns() -> dict[str, list[str]]:
    """The cells with points, by homework."""
    found = {}
    for path in sorted((home() / "release").glob("*/*.ipynb")):
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
    reasons = [answer["open"] for answer in record["answers"].values() if answer["open"]]
    return record["ended"] or (f"open: {reasons[0]}" if reasons else "executed")


def score_of(gradebook: Gradebook, record: dict, name: str) -> float | str:
    """A number, or why there is none; what a grader has entered always counts."""
    grade = grade_of(gradebook, record, name)
    if grade is None:
        return FAILED
    if grade.manual_score is not None:
        return float(grade.manual_score) + float(grade.extra_credit or 0)
    if not record["done"]:
        return FAILED
    if grade.auto_score is not None:
        return float(grade.auto_score)
    if name in record["answers"]:
        return OPEN
    return DELETED if name in record["missing"] else TO_MARK


def write_report(files: list[Staged], weakness: str) -> Path:
    """Write report.txt: every file and what became of it; nothing is left out."""
    records = all_records()
    lines = [isolation(weakness), ""]
    look = look_at(records)
    if look:
        lines += ["Look at these:", *(f"  {line}" for line in look), ""]
    cannot = [s for s in files if s.problem]
    if cannot:
        lines += ["Files that were not graded:", *(f"  {s.path}: {s.problem}" for s in cannot), ""]
    lines.append("Submissions:")
    for record in records:
        lines.append(f"  {record['student']}, {record['assignment']}: {status(record, '')}, "
                     f"{record['seconds']} s, from {record['path']}")
        lines += [f"    {note}" for note in record["notes"]]
        if record.get("tests") != tests_of(record["assignment"]):
            lines.append("    scored by earlier tasks, as it was not in the folder this time")
        lines += [f"    cell {number + 1} was stopped by {error}"
                  for number, error in record["stops"][:5]]
        for name, answer in record["answers"].items():
            lines += [f"    {name}: {error}" for error in answer["errors"][:3]]
            lines += [f"    {name}: does not hold: {words}"
                      for words, _, holds in answer["statements"] if not holds]
        lines += [f"    {line}" for line in record["log"].splitlines()]
    path = home() / "report.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def look_at(records: list[dict]) -> list[str]:
    """What an instructor's eye should see, one line each."""
    lines, alike = [], {}
    for record in records:
        who = f"{record['student']}, {record['assignment']}"
        lines += [f"{who}: {look}" for look in record["looks"]]
        lines += [f"{who}: {name} is open: {answer['open']}"
                  for name, answer in record["answers"].items() if answer["open"]]
        lines += [f"{who}: {name} is {answer['given']}: half the points for the observation"
                  for name, answer in record["answers"].items() if answer["given"]]
        lines += [f"{who}: {name} has no cell" for name in record["missing"]]
        lines += [f"{who}: handed in late"] if record["late"] else []
        for name, tree in record["prints"].items():
            if len(tree) >= SHORTEST_FUNCTION:
                alike.setdefault((record["assignment"], name, tree), []).append(record["student"])
    lines += [f"{name} is word for word the same: {', '.join(students)}"
              for (_, name, _), students in alike.items() if len(students) > 1]
    return lines


def add_to_report(heading: str, lines: list[str]) -> None:
    """Write some lines at the end of report.txt."""
    with (home() / "report.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in ["", heading, *(f"  {line}" for line in lines)])


def isolation(weakness: str) -> str:
    """One line on what student code could reach."""
    if not weakness:
        return ("Isolation: student code ran without a network and saw neither the gradebook, "
                "nor the sources, nor other submissions.")
    return (f"Isolation: NONE ({weakness}). Student code ran with limits on time, memory and "
            "processes, but it could use the network and read the gradebook, the sources and "
            "other submissions.")
