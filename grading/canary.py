"""Canaries: cells that must fail. Where one does not, the submission was tampered with.

Student code runs in the same kernel as the tests, so it can take the teeth out of ``assert``,
of the checks, or of the display of results. Around each hidden test two cells are planted whose
outcome is known, with a word in them that nobody can know beforehand. A notebook's own canary
(grade id ``…-canary``) gives its tests a wrong answer and keeps in ``canary`` whether they let
it pass; the assertion that they do is planted, too, and must fail.
"""

import secrets

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution

OWN = "-canary"


# Tests call sum and map, and an error must be shown as one, not open the debugger.
TIDY = """get_ipython().run_line_magic("pdb", "off")
for _taken in [name for name in vars(__import__("builtins")) if not name.startswith("_")
               and not callable(globals().get(name, print))]:
    del globals()[_taken]"""


class Plant(NbGraderPreprocessor):
    """Put the canaries in, and before each test a cell that frees the names of Python's own."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Add a cell before every cell of hidden tests, and two after it; one after a canary of
        its own."""
        cells = []
        for cell in notebook.cells:
            if is_test(cell):
                cells.append(nbformat.v4.new_code_cell(TIDY, metadata={"tidy": True}))
            cells.append(cell)
            if is_test(cell):
                cells += canaries(cell.metadata.nbgrader["grade_id"])
        notebook.cells = cells
        return notebook, resources


class Uproot(NbGraderPreprocessor):
    """Take the canaries out again and note which tests they vouch for."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Write the grade ids of tests whose canaries all sang to resources["grading"]
        ["vouched"], and those of which one was executed and did not to ["silent"]."""
        planted = [cell for cell in notebook.cells if "canary" in cell.metadata]
        notebook.cells = [cell for cell in notebook.cells
                          if not {"canary", "tidy"} & set(cell.metadata)]
        silent = {cell.metadata.canary["test"] for cell in planted
                  if is_done(cell) and not has_sung(cell)}
        waiting = {cell.metadata.canary["test"] for cell in planted if not is_done(cell)}
        tests = {cell.metadata.canary["test"] for cell in planted}
        outcome = resources.setdefault("grading", {})
        outcome["silent"] = sorted(silent)
        outcome["vouched"] = sorted(tests - silent - waiting)
        return notebook, resources


def is_test(cell: NotebookNode) -> bool:
    """Is this a cell of tests that give points?"""
    return cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)


def canaries(grade_id: str) -> list[NotebookNode]:
    """The cells to plant after one test cell."""
    word = secrets.token_hex(8)
    if grade_id.endswith(OWN):
        # Where the notebook's canary was stopped by an error, scores.py looks at that.
        return [_cell(f"assert globals().get('canary'), '{word}'", grade_id, error=word)]
    # No number: with %precision it would be shown otherwise.
    text = repr(secrets.token_hex(8))
    return [_cell(f"assert 1 == 2, '{word}'", grade_id, error=word),
            _cell(text, grade_id, result=text)]


def _cell(source: str, grade_id: str, **expected: str) -> NotebookNode:
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["canary"] = {"test": grade_id, **expected}
    return cell


def is_done(cell: NotebookNode) -> bool:
    """Was a cell executed to its end?"""
    return cell.metadata.get("grading", {}).get("done", False)


def has_sung(cell: NotebookNode) -> bool:
    """Did a planted cell end as it must, and in no other way?"""
    expected = cell.metadata.canary
    errors = [(output.ename, output.evalue) for output in cell.outputs
              if output.output_type == "error"]
    results = [output.data.get("text/plain") for output in cell.outputs
               if output.output_type == "execute_result"]
    if "error" in expected:
        return errors == [("AssertionError", expected["error"])]
    return results == [expected["result"]] and not errors
