"""Write the student versions of the notebooks: make student

    python scripts/make_student.py [--into notebooks/student] [--check]

Every notebook of notebooks/ (of GRADING_NOTEBOOKS, where that is set) has one, so that all that
students open lies in one folder. It has stubs for answers, no outputs, and beside each
stub of the homework, folded, what it should lead to.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from grading.pages.release import release  # noqa: E402
from grading.settings import notebooks  # noqa: E402
from scripts.expected import add_expected_results  # noqa: E402
from scripts.published import FOR_INSTRUCTORS  # noqa: E402

NOTEBOOKS = notebooks()
LINK = re.compile(r"(\]\(|src=\")([^)\s\"]+)")


def read(path: Path) -> NotebookNode:
    """A notebook as it is, without conversion."""
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def student_version(path: Path, names: set[str]) -> str:
    """The text of one student version.

    Args:
        path: the source notebook.
        names: file names of all notebooks.
    """
    source = read(path)
    notebook = release(source)
    opening = notebook.cells[0]
    opening.source = opening.source.replace(FOR_INSTRUCTORS, "", 1)
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "nbgrader" not in cell.metadata:
            cell.source = LINK.sub(lambda found: moved_link(found, path.name, names), cell.source)
    add_expected_results(notebook, source)
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def moved_link(found: re.Match, own_name: str, names: set[str]) -> str:
    """A link as it must be one folder further down."""
    start, target = found.groups()
    if target.endswith(f"/notebooks/{own_name}"):  # the badge
        return start + target.removesuffix(own_name) + f"student/{own_name}"
    if re.match(r"[a-z]+:|#", target) or target.split("#")[0] in names:
        return start + target
    return f"{start}../{target}"


def main(arguments: list[str]) -> int:
    """Write what is out of date, or with --check only say so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=NOTEBOOKS / "student")
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    sources = sorted(NOTEBOOKS.glob("*.ipynb"))
    names = {path.name for path in sources}
    versions = {path.name: student_version(path, names) for path in sources}
    options.into.mkdir(parents=True, exist_ok=True)
    present = {path.name: path.read_text("utf-8") for path in options.into.glob("*.ipynb")}
    outdated = sorted(name for name in versions.keys() | present.keys()
                      if versions.get(name) != present.get(name))
    if options.check:
        if outdated:
            print("Out of date, run make student:", ", ".join(outdated), file=sys.stderr)
        return bool(outdated)
    for name in outdated:
        if name in versions:
            (options.into / name).write_text(versions[name], "utf-8")
        else:
            (options.into / name).unlink()
        print(f"  {'wrote' if name in versions else 'deleted'} {name}")
    print(f"{len(versions)} student versions, {len(outdated)} of them changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
