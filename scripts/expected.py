"""Beside each graded stub of a student version, folded: what the solution printed and drew."""

import html
import re

import nbformat
from nbformat import NotebookNode

PICTURE = re.compile(r"<img [^>]*>")
PRACTICE = "### BEGIN SOLUTION"  # in an answer that nbgrader does not know
FOLDED = ("<details><summary><strong>What it should lead to</strong>, further down: open it when "
          "you have guessed</summary>\n\n{}\n\n</details>")


def add_expected_results(notebook: NotebookNode, source: NotebookNode) -> None:
    """Insert a text cell after each graded code stub.

    Unfolded, it shows the results of the source's cells from the stub up to the written answer
    or the next stub.

    Args:
        notebook: the student version, with the source's cells in the source's order; changed.
        source: the notebook with solutions and outputs.
    """
    expected = {}
    for number, cell in enumerate(source.cells):
        if cell.cell_type == "code" and is_graded_answer(cell):
            expected[cell.id] = results_of(source.cells[number + 1:])
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if expected.get(cell.id):
            text = FOLDED.format(expected[cell.id])
            cells.append(nbformat.v4.new_markdown_cell(text, id=f"{cell.id}-expected"))
    notebook.cells = cells


def is_graded_answer(cell: NotebookNode) -> bool:
    """A cell that students fill in and nbgrader knows."""
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def results_of(cells: list[NotebookNode]) -> str:
    """Printed lines and pictures up to the next answer, as Markdown."""
    parts = []
    for cell in cells:
        if is_graded_answer(cell) or PRACTICE in cell.source:
            break
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade"):
            parts += [as_markdown(output) for output in cell.outputs]
    return "\n\n".join(part for part in parts if part)


def as_markdown(output: NotebookNode) -> str:
    """Printed text as a code block, a figure as its picture; anything else is left out."""
    if output.output_type == "stream" and output.name == "stdout":
        return f"<pre>{html.escape(output.text.strip())}</pre>"
    drawn = PICTURE.search(output.get("data", {}).get("text/html", ""))
    return drawn.group() if drawn else ""
