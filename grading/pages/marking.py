"""The notebook that the marking pages show, and the feedback after them."""

import html
import re

import nbformat
from nbformat import NotebookNode

from grading.settings import home

SCHEME = re.compile(r"=== BEGIN MARK SCHEME ===(.*?)=== END MARK SCHEME ===", re.DOTALL)
FOR_GRADERS = "for-graders"  # cells that are left out of the feedback
MOST_SAID = 1500


def write_marking_page(record: dict, notebook: NotebookNode, source: NotebookNode) -> None:
    """Put the notebook where nbgrader looks for it, with what was found beside each answer and
    the mark scheme beside each text."""
    schemes = {cell.metadata.nbgrader["grade_id"]: found[1].strip() for cell in source.cells
               if "nbgrader" in cell.metadata and (found := SCHEME.search(cell.source))}
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in record["answers"]:
            cells.append(added(verdict(record["answers"][name]), "verdict", name))
        if name in schemes:
            cells.append(added(f"**Mark scheme**\n\n{schemes[name]}", FOR_GRADERS, name))
    notebook.cells = cells
    path = (home() / "autograded" / record["student"] / record["assignment"]
            / f"{record['assignment']}.ipynb")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook), "utf-8", errors="replace")


def added(text: str, tag: str, name: str) -> NotebookNode:
    """A text cell of ours."""
    return nbformat.v4.new_markdown_cell(text, id=f"{tag}-{name}"[:64], metadata={"tags": [tag]})


def verdict(answer: dict) -> str:
    """What was found of one answer, for student and grader."""
    if answer["points"] is None:
        lines = [f"**Open, no points yet:** {quoted(answer['open'])}. A person looks at it."]
    else:
        lines = [f"**{answer['points']:g} points**" if answer["statements"] else
                 "**0 points:** there is no answer here, only the stub."]
    lines += [f"- {'holds' if holds else 'does not hold'}: {words} ({worth:g} points)"
              for words, worth, holds in answer["statements"]]
    if answer["given"]:
        lines.append(f"- it is {answer['given']}: the observation gets half of its points")
    if answer["statements"]:
        lines += [f"- it was stopped by {quoted(error)}" for error in answer["errors"][:3]]
    if answer["said"] and not answer["said"].rstrip().endswith("passed"):
        lines.append("\nWhat the notebook's own check says of it:\n\n<pre>"
                     f"{html.escape(answer['said'][:MOST_SAID])}</pre>")
    return "\n".join(lines)


def quoted(text: str) -> str:
    """A text that student code may have made, as one line of code."""
    return f"<code>{html.escape(text[:300])}</code>"
