"""A notebook as the site shows it: all figures, no solutions."""

import json
import re
from itertools import takewhile

SOLUTION = "BEGIN SOLUTION"
FOR_INSTRUCTORS = " · for instructors"  # at the end of a source's first line
NOTE = ("\n\n> The exercises are left for you to write; what you see below them was computed with "
        "model answers. The buttons above open the notebook, for you to work in.")
# Wherever a notebook takes its badge from, a page of the site takes its own.
BADGE = re.compile(r"!\[Open in Colab\]\([^)]*\)")
OWN_BADGE = "![Open in Colab](images/colab-badge.svg)"
# Comments, then an import: the set-up cell and the one below it.
IMPORTS = re.compile(r"(\s*#.*\n)*\s*(import|from) \w")
FOLDED = "hide-input"  # myst-nb's tag


def without_solutions(executed: str, handed_out: str) -> str:
    """The executed notebook with the tasks as students receive them.

    Args:
        executed: the notebook with solutions, as JSON.
        handed_out: its student version, as JSON.

    Returns:
        The executed notebook, as JSON: answers are the stubs, and the badge opens the
        student version; the opening says so. Set-up and imports are folded.
    """
    notebook, released = json.loads(executed), json.loads(handed_out)
    texts = {cell["id"]: "".join(cell["source"]) for cell in released["cells"]}
    for cell in notebook["cells"]:
        if SOLUTION in "".join(cell["source"]) or "nbgrader" in cell["metadata"]:
            cell["source"] = texts[cell["id"]]
    opening = notebook["cells"][0]
    text = "".join(opening["source"]).replace(FOR_INSTRUCTORS, "", 1)
    opening["source"] = BADGE.sub(OWN_BADGE, text) + NOTE
    for cell, name in machinery(notebook["cells"]):
        cell["metadata"].setdefault("tags", []).append(FOLDED)
        cell["metadata"]["mystnb"] = {"code_prompt_show": f"Show the {name}",
                                      "code_prompt_hide": f"Hide the {name}"}
    return json.dumps(notebook).replace("/blob/main/notebooks/", "/blob/main/notebooks/student/")


def machinery(cells: list[dict]) -> list[tuple[dict, str]]:
    """What is folded, with its name: set-up and imports, and what JupyterLab folds as well."""
    first = list(takewhile(lambda cell: IMPORTS.match("".join(cell["source"])), cells[1:]))
    others = [cell for cell in cells if cell not in first
              and cell["metadata"].get("jupyter", {}).get("source_hidden")]
    return [*zip(first, ("set-up", *["imports"] * len(first))), *((cell, "code") for cell in others)]
