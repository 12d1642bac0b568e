"""Feedback pages: what students see of their graded notebook, without the hidden tests."""

import html
import json

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_locked

from grading.canary import OWN
from grading.records import all_records, read_record, write_record
from grading.settings import home

HIDDEN = "# Hidden tests"
WITHHELD = "(Withheld: this output quotes the hidden tests.)"
TELLING = 12  # characters from which a line counts as quoted


class HideTests(NbGraderPreprocessor):
    """Take the hidden tests out of the cells and out of what the cells printed."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Clean every cell; tell at the top what happened."""
        tests = [cell for cell in notebook.cells if cell.cell_type == "code" and is_hidden(cell)]
        for cell in tests:
            cell.outputs = [without_traceback(output) for output in cell.outputs]
        secret = {line.strip() for cell in tests for line in cell.source.splitlines()
                  if len(line.strip()) >= TELLING}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [cleaned(output, secret) for output in cell.outputs]
        for cell in tests:
            if cell.metadata.nbgrader["grade_id"].endswith(OWN):
                cell.outputs = []  # of a wrong answer that is not the student's
            cell.source = f"{HIDDEN}: {cell.metadata.nbgrader['grade_id']}"
        names = resources["nbgrader"]
        pair = names["assignment"], names["student"]
        told = read_record(*pair).get("for_student", "")
        unmarked = read_record(*pair, "unmarked").get("cells", [])
        if unmarked:
            told += f"\n\n**No score yet** (below they count as 0): {', '.join(unmarked)}."
        if told:
            notebook.cells.insert(0, nbformat.v4.new_markdown_cell(told))
        return notebook, resources


def is_hidden(cell: NotebookNode) -> bool:
    """A test cell that students do not have."""
    return is_locked(cell) and "BEGIN HIDDEN TESTS" in cell.source


def cleaned(output: NotebookNode, secret: set[str]) -> NotebookNode:
    """The output, unless it contains a line of the hidden tests."""
    # As plain text: quotes and line ends are escaped in JSON, < and & in HTML.
    text = json.dumps(output, ensure_ascii=False)
    forms = {text, html.unescape(text), text.replace('\\"', '"').replace("\\\\", "\\")}
    if any(line in form for line in secret for form in forms):
        return nbformat.v4.new_output("stream", name="stdout", text=WITHHELD + "\n")
    return output


def without_traceback(output: NotebookNode) -> NotebookNode:
    """An error of a hidden test: its message, not the lines that led to it."""
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    return output


def write_pages(api: NbGraderAPI) -> None:
    """Write the feedback pages whose notebook or scores have changed since they were written."""
    with Gradebook(home().database) as gradebook:
        for record in all_records():
            names = record["assignment"], record["student"]
            if not record["done"]:
                continue
            state = state_of(gradebook, record)
            page = home().feedback / names[1] / names[0] / f"{names[0]}.html"
            if page.is_file() and read_record(*names, "page").get("state") == state:
                continue
            write_record(*names, {"cells": without_score(gradebook, record)}, "unmarked")
            result = api.generate_feedback(*names, force=True)
            if not result["success"]:
                raise SystemExit(f"nbgrader could not write {page}:\n{result.get('log', '')}"
                                 f"{result.get('error', '')}")
            write_record(*names, {"state": state}, "page")


def without_score(gradebook: Gradebook, record: dict) -> list[str]:
    """The cells of one submission that have no number yet."""
    assignment, student = record["assignment"], record["student"]
    submitted = gradebook.find_submission_notebook(assignment, assignment, student)
    return sorted(grade.name for grade in submitted.grades
                  if grade.max_score and grade.auto_score is None and grade.manual_score is None)


def state_of(gradebook: Gradebook, record: dict) -> list:
    """What a page depends on."""
    assignment, student = record["assignment"], record["student"]
    submitted = gradebook.find_submission_notebook(assignment, assignment, student)
    scores = sorted([grade.name, grade.score, grade.extra_credit] for grade in submitted.grades)
    comments = sorted([comment.name, comment.comment] for comment in submitted.comments)
    return [record["digest"], record["seconds"], scores, comments]
