"""A notebook as the site shows it: all figures, no solutions, no machinery."""

import json
import re
from itertools import takewhile

SOLUTION = "BEGIN SOLUTION"
FOR_INSTRUCTORS = " · for instructors"  # at the end of a source's first line
NOTE = ("\n\n> The exercises are left for you to write; what you see below them was computed with "
        "model answers. The buttons above open the notebook, for you to work in.")
# A picture for the link: a page of the site has one at hand, a copy of the notebook has not.
LINK = "[**Open this notebook in Colab**]("
BADGE = "[![Open in Colab](images/colab-badge.svg)]("
# Comments, then an import: the set-up cell and the one below it.
IMPORTS = re.compile(r"(\s*#.*\n)*\s*(import|from) \w")
FOLDED, REMOVED = "hide-input", "remove-input"  # tags of myst-nb
WIDGET = "application/vnd.jupyter.widget-view+json"
PROGRESS = re.compile(r"\d+%\|")
INSTEAD = "<p><em>Here stand sliders while the notebook runs.</em></p>"


def as_published(executed: str, handed_out: str) -> str:
    """The executed notebook with the tasks as students receive them.

    Args:
        executed: the notebook with solutions, as JSON.
        handed_out: its student version, as JSON.

    Returns:
        The executed notebook, as JSON: answers are the stubs, and the link to Colab opens the
        student version; the opening says so. Set-up and imports are folded; there are no
        progress bars, which stand still without a kernel.
    """
    cells = json.loads(executed)["cells"]
    without_solutions(cells, json.loads(handed_out)["cells"])
    opening = "".join(cells[0]["source"]).replace(FOR_INSTRUCTORS, "", 1)
    cells[0]["source"] = opening.replace(LINK, BADGE) + NOTE
    for cell, name in machinery(cells):
        fold(cell, name)
    for cell in cells:
        drop_widgets(cell)
    published = json.dumps(json.loads(executed) | {"cells": cells})
    return published.replace("/blob/main/notebooks/", "/blob/main/notebooks/student/")


def without_solutions(cells: list[dict], released: list[dict]) -> None:
    """Put students' cells in the place of those that hold a solution."""
    texts = {cell["id"]: "".join(cell["source"]) for cell in released}
    for cell in cells:
        if SOLUTION in "".join(cell["source"]) or "nbgrader" in cell["metadata"]:
            cell["source"] = texts[cell["id"]]


def machinery(cells: list[dict]) -> list[tuple[dict, str]]:
    """What is folded, with its name: set-up and imports, and what JupyterLab folds as well."""
    def hidden(cell: dict) -> bool:
        return (cell["metadata"].get("jupyter", {}).get("source_hidden", False)
                and REMOVED not in cell["metadata"].get("tags", []))

    first = list(takewhile(lambda cell: hidden(cell) or IMPORTS.match("".join(cell["source"])),
                           cells[1:]))
    others = [cell for cell in cells if hidden(cell) and cell not in first]
    names = ["set-up", *["imports"] * len(first)][:len(first)] + ["code"] * len(others)
    return list(zip(first + others, names, strict=True))


def fold(cell: dict, name: str) -> None:
    """Hide a cell's code behind words that say what it is."""
    cell["metadata"]["tags"] = sorted({*cell["metadata"].get("tags", []), FOLDED})
    cell["metadata"]["mystnb"] = {f"code_prompt_{verb}": f"{verb.capitalize()} the {name}"
                                  for verb in ("show", "hide")}


def drop_widgets(cell: dict) -> None:
    """Take out what only a kernel can move; one sentence stands for sliders."""
    widgets = [output for output in cell.get("outputs", []) if WIDGET in output.get("data", {})]
    if not widgets:
        return
    cell["outputs"] = [output for output in cell["outputs"] if output not in widgets]
    texts = ["".join(widget["data"].get("text/plain", "")) for widget in widgets]
    if not all(PROGRESS.search(text) for text in texts):
        cell["outputs"].insert(0, {"output_type": "display_data", "metadata": {},
                                   "data": {"text/html": INSTEAD}})
