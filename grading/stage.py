"""From a folder of submitted files to one mended notebook per student and homework."""

import json
import re
import shutil
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grading.course import Homework
from grading.mend import claimed_id, functions, graded_cells, mend
from grading.names import EXTENSION, Named, namesakes, read
from grading.settings import Bounds, Home

FIGURE = re.compile(r"\.(pdf|png)", re.IGNORECASE)


@dataclass
class Staged:
    """One submitted file.

    Attributes:
        path: where it lies in the folder of submissions.
        problem: why there is nothing to grade, or "".
        missing: grade ids of answers that were deleted.
        texts: written answers by grade id.
    """

    path: str
    student: str = ""
    assignment: str = ""
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    text: str = ""  # the mended notebook


def stage(submissions: Path, homework: dict[str, Homework], course: Home) -> list[Staged]:
    """Mend every submitted notebook and write it to the course folder.

    Args:
        submissions: a folder with files, or with one folder per student.
        homework: the homework notebooks by name.
        course: gets submitted/STUDENT/HOMEWORK/HOMEWORK.ipynb.

    Returns:
        Every file of the folder, in order of its path. Of several versions by one student the
        latest counts; the others have a problem. So have all files under one name that seem
        to be of different students.
    """
    bounds = Bounds()
    files = sorted(path for path in submissions.rglob("*")
                   if (path.is_file() or path.is_symlink()) and not is_hidden(path, submissions))
    told = read([path.relative_to(submissions) for path in files], list(homework))
    named = {path: told[path.relative_to(submissions)] for path in files}
    results = {path: examine(path, submissions, named[path], homework, bounds)
               for path in files}
    refuse_namesakes(results, named)
    latest: dict[tuple[str, str], Path] = {}
    for path in sorted(files, key=lambda p: (named[p].order, p.lstat().st_mtime)):
        if not results[path].problem:
            latest[results[path].student, results[path].assignment] = path
    for path, result in results.items():
        key = result.student, result.assignment
        if not result.problem and latest[key] != path:
            result.problem = f"an earlier version of {results[latest[key]].path}"
        if not result.problem:
            write(result, course)
    keep_figures(results, course, bounds)
    return list(results.values())


def keep_figures(results: dict[Path, Staged], course: Home, bounds: Bounds) -> None:
    """Copy the figures that lie with a student's notebook, unopened and under names of our own.

    They are linked in the student's feedback and earn nothing.
    """
    students = {result.student for result in results.values() if not result.problem}
    figures: dict[str, list[Path]] = {}
    for path, result in results.items():
        if result.student in students and FIGURE.fullmatch(path.suffix) and not path.is_symlink():
            figures.setdefault(result.student, []).append(path)
    for student, paths in figures.items():
        shutil.rmtree(course.figures / student, ignore_errors=True)
        (course.figures / student).mkdir(parents=True)
        for number, path in enumerate(paths, start=1):
            told = "a figure: not scored, "
            if number > bounds.figures or path.stat().st_size > bounds.figure_bytes:
                told += f"not kept (at most {bounds.figures} of {bounds.figure_bytes >> 20} MB)"
            else:
                name = f"figure-{number}{path.suffix.lower()}"
                shutil.copy2(path, course.figures / student / name)
                told += f"linked in the feedback as {name}"
            results[path].problem = told


def refuse_namesakes(results: dict[Path, Staged], named: dict[Path, Named]) -> None:
    """Grade nobody's file as an earlier version of somebody else's, or in his row."""
    gradable = {path: replace(named[path], homework=result.assignment)
                for path, result in results.items() if not result.problem}
    for path, other in namesakes(gradable).items():
        results[path].problem = (
            f"cannot be told apart from {results[other].path}: rename the files or folders, "
            "so that the first word is each student's own")


def is_hidden(path: Path, root: Path) -> bool:
    """.DS_Store, .ipynb_checkpoints/ and the like are nobody's submission."""
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def examine(path: Path, root: Path, named: Named, homework: dict[str, Homework],
            bounds: Bounds) -> Staged:
    """Read and mend one file, or say why it cannot be graded."""
    result = Staged(printable(str(path.relative_to(root))), named.student, named.homework)
    notebook = attempt(path, bounds, result)
    if notebook is not None:
        try:
            prepare(notebook, result, named, homework)
        except Exception as error:  # whatever a notebook contains, the others are graded
            result.problem = f"cannot be prepared for grading ({type(error).__name__})"
    return result


def prepare(notebook: NotebookNode, result: Staged, named: Named,
            homework: dict[str, Homework]) -> None:
    """Mend a notebook into result.text, or write into result why it cannot be graded."""
    alike = {name: likeness(notebook, one.released) for name, one in homework.items()}
    best = max(alike, key=alike.__getitem__)
    if alike[best] == 0:
        result.problem = "a foreign notebook: nothing in it was handed out as homework"
        return
    if not named.homework:
        result.assignment = best
        result.notes.append(f"recognised as {best} by its contents")
    elif alike[named.homework] == 0:
        result.problem = f"a foreign notebook: its contents are those of {best}"
        return
    if not result.student:
        result.problem = "the name does not say whose it is"
        return
    original = homework[result.assignment]
    mended = mend(notebook, original)
    result.notes += mended.notes
    result.missing = mended.missing
    result.texts = {claimed_id(cell): printable(cell.source) for cell in mended.notebook.cells
                    if cell.cell_type == "markdown" and claimed_id(cell)}
    result.text = printable(nbformat.writes(mended.notebook))


def attempt(path: Path, bounds: Bounds, result: Staged) -> NotebookNode | None:
    """Read a notebook; None, and the problem in result, if it is none."""
    if path.is_symlink():
        result.problem = "a link, which is not followed"
    elif not EXTENSION.search(path.name):
        result.problem = "not a notebook (.ipynb)"
    elif path.stat().st_size == 0:
        result.problem = "an empty file"
    elif path.stat().st_size > bounds.file_bytes:
        result.problem = f"larger than {bounds.file_bytes >> 20} MB"
    if result.problem:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):  # what is odd here is mended
            notebook = nbformat.reads(decoded(path.read_bytes()), as_version=4)
        empty = not any(cell.source.strip() for cell in notebook.cells)
    except Exception as error:  # any file may be handed in, so any error may come of it
        result.problem = f"cannot be read as a notebook ({type(error).__name__})"
        return None
    if empty:
        result.problem = "an empty notebook"
        return None
    return notebook


def decoded(content: bytes) -> str:
    """A file's text, whatever editor wrote it."""
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        return content.decode("latin-1")


def printable(text: str) -> str:
    """A text with a question mark for what is no character: odd bytes, half a pair."""
    return text.encode("utf-8", "replace").decode()


def likeness(notebook: NotebookNode, reference: NotebookNode) -> int:
    """How many cells of the homework's own a notebook contains, by grade id or function."""
    wanted = graded_cells(reference)
    ids = {cell.metadata.nbgrader["grade_id"] for cell in wanted}
    tasks: set[str] = set().union(*(functions(cell.source) for cell in wanted
                                    if cell.cell_type == "code"))
    there = {claimed_id(cell) for cell in notebook.cells} & ids
    defined: set[str] = set().union(*(functions(cell.source) for cell in notebook.cells
                                      if cell.cell_type == "code"))
    return len(there) + len(defined & tasks)


def write(result: Staged, course: Home) -> None:
    """Put the mended notebook where nbgrader looks for it, unless the same is there already."""
    name = result.assignment
    path = course.submitted / result.student / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(result.text, "utf-8")
