"""A homework notebook as the site shows it: all figures, no solutions."""

import json

HIDDEN = "BEGIN HIDDEN TESTS"
NOTE = ("\n\n> The homework is left for you to write; what you see below it was computed with a "
        "model answer. The badge above opens the notebook.")


def without_solutions(executed: str, handed_out: str) -> str:
    """The executed notebook with the tasks as students receive them.

    Args:
        executed: the notebook with solutions, as JSON.
        handed_out: its student version, as JSON.

    Returns:
        The executed notebook, as JSON: answers are the stubs, hidden tests are left out, and
        the badge opens the student version; the opening says so.
    """
    notebook, released = json.loads(executed), json.loads(handed_out)
    texts = {name: cell["source"] for cell in released["cells"] if (name := grade_id(cell))}
    notebook["cells"] = [cell for cell in notebook["cells"]
                         if HIDDEN not in "".join(cell["source"])]
    for cell in notebook["cells"]:
        cell["source"] = texts.get(grade_id(cell), cell["source"])
    opening = notebook["cells"][0]
    opening["source"] = "".join(opening["source"]) + NOTE
    return json.dumps(notebook).replace("/blob/main/notebooks/", "/blob/main/notebooks/student/")


def grade_id(cell: dict) -> str:
    """The name under which nbgrader knows a cell, or ""."""
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")
