"""A notebook as the site shows it: all figures, no solutions."""

import json

SOLUTION = "BEGIN SOLUTION"
FOR_INSTRUCTORS = " · for instructors"  # at the end of a source's first line
NOTE = ("\n\n> The exercises are left for you to write; what you see below them was computed with "
        "model answers. The link above opens the notebook.")


def without_solutions(executed: str, handed_out: str) -> str:
    """The executed notebook with the tasks as students receive them.

    Args:
        executed: the notebook with solutions, as JSON.
        handed_out: its student version, as JSON.

    Returns:
        The executed notebook, as JSON: answers are the stubs, and the link to Colab opens the
        student version; the opening says so.
    """
    notebook, released = json.loads(executed), json.loads(handed_out)
    texts = {cell["id"]: "".join(cell["source"]) for cell in released["cells"]}
    for cell in notebook["cells"]:
        if SOLUTION in "".join(cell["source"]) or "nbgrader" in cell["metadata"]:
            cell["source"] = texts[cell["id"]]
    opening = notebook["cells"][0]
    opening["source"] = "".join(opening["source"]).replace(FOR_INSTRUCTORS, "", 1) + NOTE
    return json.dumps(notebook).replace("/blob/main/notebooks/", "/blob/main/notebooks/student/")
