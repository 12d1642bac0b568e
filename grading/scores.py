"""From executed cells to scores in the gradebook."""

import re

from nbformat import NotebookNode
from nbgrader.api import Grade
from nbgrader.preprocessors import SaveAutoGrades

from grading.canary import OWN, is_done, is_test
from grading.records import write_record

# The last line of a test that gives points in shares, as notebooks 04 to 06 write it.
SHOWS_POINTS = re.compile(r"^graded_\w+\(.+\)$", re.MULTILINE)


class SaveScores(SaveAutoGrades):
    """nbgrader's SaveAutoGrades; a test that was not executed has no score, rather than 0.

    What happened is written to records/, for report.py.
    """

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Save the scores of all cells, and the record."""
        outcome = resources["grading"]
        tests = {cell.metadata.nbgrader["grade_id"]: cell for cell in notebook.cells
                 if is_test(cell)}
        outcome["points"] = {name: points_of(cell) for name, cell in tests.items()}
        outcome["errors"] = {name: error for name, cell in tests.items()
                             if not name.endswith(OWN) and (error := error_of(cell))}
        outcome["stops"] = stopped_cells(notebook)
        early = stopped_before_answers(notebook)
        outcome["tampered"] = is_tampered(outcome, tests)
        vouched = {name for name in tests if name in outcome["vouched"]}
        if any(name.endswith(OWN) for name in tests.keys() - vouched):
            vouched = set()
        for name in tests:
            if outcome["tampered"] or name not in vouched:
                outcome["points"][name] = None
            # What an import that failed brings to a stop says nothing about the answer.
            elif early and name in outcome["errors"]:
                outcome["points"][name] = None
                outcome["ended"] = (outcome["ended"]
                                    or f"a cell before the first answer was stopped by {early}")
        self.outcome = outcome
        self.other_text = notebook.metadata.get("grading", {}).get("other_text", False)
        notebook, resources = super().preprocess(notebook, resources)
        write_record(self.assignment_id, self.student_id, outcome, kind="outcome")
        return notebook, resources

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        name = cell.metadata.nbgrader["grade_id"]
        if name not in self.outcome["points"]:
            super()._add_score(cell, resources)  # a written answer
            if self.other_text:
                self._leave_open(name)
            return
        grade = self._grade(name)
        grade.auto_score = self.outcome["points"][name]
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        self.gradebook.db.commit()

    def _leave_open(self, name: str) -> None:
        """An answer that was left empty may stand elsewhere, so a person looks."""
        grade = self._grade(name)
        if grade.auto_score == 0:
            grade.auto_score, grade.needs_manual_grade = None, True
            self.gradebook.db.commit()

    def _grade(self, name: str) -> Grade:
        return self.gradebook.find_grade(
            name, self.notebook_id, self.assignment_id, self.student_id)


def stopped_cells(notebook: NotebookNode) -> list[str]:
    """The first cells, other than tests, that an error stopped: where, and by what."""
    stops = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and is_done(cell) and not is_test(cell):
            error = error_of(cell)
            if error and "canary" not in cell.metadata:
                first = next(iter(cell.source.strip().splitlines()), "")
                stops.append(f"the cell «{first[:60]}» was stopped by {error}")
    return stops[:5]


def stopped_before_answers(notebook: NotebookNode) -> str:
    """The error of a cell before the first answer, or ""."""
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:  # the answer, or its check where the answer was deleted
            break
        if cell.cell_type == "code" and is_done(cell) and "canary" not in cell.metadata:
            error = error_of(cell)
            if error:
                return error
    return ""


def error_of(cell: NotebookNode) -> str:
    """The error that stopped a cell, in one line; "" if there was none."""
    for output in cell.outputs:
        if output.output_type == "error" and output.ename == "KeyboardInterrupt":
            return "the time limit"
        if output.output_type == "error":
            return " ".join(f"{output.ename}: {output.evalue}".split())[:200]
    return ""


def points_of(cell: NotebookNode) -> float | None:
    """What a test cell's outputs are worth; None if it was not executed to its end.

    An error is worth 0, a number as the cell's last value is worth itself, and a cell that
    ends without either is worth all points.
    """
    if not is_done(cell):
        return None
    most = float(cell.metadata.nbgrader["points"])
    if any(output.output_type == "error" for output in cell.outputs):
        return 0.0
    values = results(cell)
    if not values:
        return most
    try:
        return min(max(float(values[-1]), 0.0), most)
    except ValueError:
        return 0.0


def results(cell: NotebookNode) -> list[str]:
    """The values that a cell displayed as its result; one at most, if all is well."""
    return [output.data.get("text/plain", "") for output in cell.outputs
            if output.output_type == "execute_result"]


def is_tampered(outcome: dict, tests: dict[str, NotebookNode]) -> bool:
    """Did a canary stay silent, or does a test show what no honest run can?"""
    scored = any(points for points in outcome["points"].values())
    # A test that a broken variable brings to a stop may stop its canary, too; one that
    # gives points may not.
    stopped = any(output.output_type == "error" for name, cell in tests.items()
                  if name.endswith(OWN) for output in cell.outputs)
    forged = any(len(results(cell)) > 1 or lacks_result(cell) for cell in tests.values())
    return bool(outcome["silent"]) or forged or (stopped and scored)


def lacks_result(cell: NotebookNode) -> bool:
    """Did a test that shows its points end without an error, and without showing them?"""
    ended = is_done(cell) and all(output.output_type != "error" for output in cell.outputs)
    return ended and not results(cell) and bool(SHOWS_POINTS.search(cell.source))
