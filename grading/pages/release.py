"""What students receive of a notebook: answers become stubs, mark schemes go."""

import copy

from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    NbGraderPreprocessor,
)
from nbgrader.utils import is_solution
from traitlets.config import Config

CODE_STUB = ("# YOUR CODE HERE: it takes the place of these two lines.\n"
             'raise NotImplementedError("your solution is still missing")')
TEXT_STUB = "*Write your answer here: it takes the place of this line.*"


class AddAnchors(NbGraderPreprocessor):
    """Name every written answer in a comment: staging finds the cell by it, should an editor
    lose the metadata."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict,
                        index: int) -> tuple[NotebookNode, dict]:
        """Add the anchor where it is not there yet."""
        if cell.cell_type == "markdown" and is_solution(cell):
            comment = anchor(cell.metadata.nbgrader["grade_id"])
            if comment not in cell.source:
                cell.source = f"{comment}\n{cell.source}"
        return cell, resources


def anchor(grade_id: str) -> str:
    """The comment that names a written answer; it does not show in the rendered text."""
    return f"<!-- {grade_id} -->"


def configure(config: Config) -> None:
    """Put the stubs and delimiters into an nbgrader configuration."""
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    # Exercises for practice have a solution, but nothing that nbgrader must know.
    config.ClearSolutions.enforce_metadata = False
    # nbgrader knows mark schemes in its task cells only; ours stand in the answers.
    config.ClearMarkScheme.enforce_metadata = False


# What the gradebook keeps of the source lies between the two lists.
BEFORE_SAVING = [LockCells, ClearSolutions, AddAnchors, ClearOutput, CheckCellMetadata,
                 ComputeChecksums]
AFTER_SAVING = [ClearMarkScheme, ComputeChecksums, CheckCellMetadata]


def is_graded(notebook: NotebookNode) -> bool:
    """Does a notebook contain cells for nbgrader?"""
    return any("nbgrader" in cell.metadata for cell in notebook.cells)


def release(source: NotebookNode) -> NotebookNode:
    """The student version of a notebook's cells; the source is not changed."""
    config = Config()
    configure(config)
    notebook = copy.deepcopy(source)
    for preprocessor in [*BEFORE_SAVING, *AFTER_SAVING]:
        notebook, _ = preprocessor(config=config, enabled=True)(notebook, {})
    return notebook
