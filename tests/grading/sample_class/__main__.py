"""A rehearsal: the sample class hands in, is graded and compared with what it should score.

    make rehearse
"""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

from sample_class.notebooks import ROOT
from sample_class.students import Student, honest, hostiles, table

MEMORY_GB = 4  # what the memory hog goes beyond
CELL_SECONDS = 60  # what the endless loops are given
DISCARD_PORT = 9  # nobody listens there


def hand_in(folder: Path) -> list[Student]:
    """Write everybody's file."""
    paths = [str(ROOT / "build"), str(ROOT / "notebooks"), str(ROOT / "grading"), str(folder)]
    students = honest() + hostiles(MEMORY_GB << 30, paths, DISCARD_PORT)
    for student in students:
        student.write(folder)
    return students


def graded(submissions: Path, home: Path) -> dict[str, dict[str, str]]:
    """make grade with a gradebook of its own; the rows of its grades.csv by student."""
    bounds = {"GRADING_HOME": str(home), "GRADING_MEMORY_GB": str(MEMORY_GB),
              "GRADING_CELL_SECONDS": str(CELL_SECONDS)}
    subprocess.run(["make", "grade", f"SUBMISSIONS={submissions}"], cwd=ROOT, check=True,
                   env=os.environ | bounds)
    with (home / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


if __name__ == "__main__":
    home = ROOT / "build" / "rehearsal"
    shutil.rmtree(home, ignore_errors=True)  # an old gradebook would hold the old scores
    everybody = hand_in(home / "submissions")
    rows = graded(home / "submissions", home)
    print(*table(everybody, rows), sep="\n")
    if any(not student.scored_by(rows[student.name]) for student in everybody):
        sys.exit("Not everybody was scored as expected, see above.")
