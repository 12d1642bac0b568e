"""From a folder of submitted files to one notebook per student and homework."""

import hashlib
import json
import re
import shutil
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from grading.course import Homework
from grading.settings import Bounds, home
from grading.submissions.answers import Found, answers, claimed_id, find, functions
from grading.submissions.names import Who, order, read

FIGURE = re.compile(r"\.(pdf|png)", re.IGNORECASE)
MOST_GROWTH = 50  # of a zip as it is unpacked; notebooks become some five times as large


@dataclass
class Staged:
    """One submitted file.

    Attributes:
        path: where it lies in the folder of submissions.
        who: whose it is.
        problem: why there is nothing to grade, or "".
        texts: written answers by grade id.
        found: what it holds; None where there is a problem.
    """

    path: str
    who: Who
    student: str = ""
    assignment: str = ""
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    found: Found | None = None
    digest: str = ""  # of the notebook; it changes when anything in it does


def stage(submissions: Path, homework: dict[str, Homework]) -> list[Staged]:
    """Read every submitted notebook.

    Args:
        submissions: a folder with files, folders and zips as platforms export them; or such a
            zip.
        homework: the homework notebooks by name.

    Returns:
        Every file, in order of its path. Of several versions by one student the latest counts;
        the others have a problem.
    """
    unpacked = home() / "tmp" / "unpacked"
    files = dict(sorted(gather(submissions, unpacked).items()))
    who = read([spelt(path) for path in files], list(homework), home() / "who.csv")
    results = {path: examine(file, who[spelt(path)], homework)
               for path, file in files.items()}
    latest: dict[tuple[str, str], str] = {}
    for path in sorted(files, key=lambda path: (
            order(path, list(homework)), files[path].lstat().st_mtime)):
        if not results[path].problem:
            latest[results[path].student.casefold(), results[path].assignment] = path
    for path, result in results.items():
        best = latest.get((result.student.casefold(), result.assignment))
        if not result.problem and best != path:
            result.problem = f"an earlier version of {results[best].path}"
    keep_figures(results, files)
    return list(results.values())


def keep_figures(results: dict[str, Staged], files: dict[str, Path]) -> None:
    """Copy the figures that lie with a student's notebook, unopened and under names of our own.

    They are linked in the student's feedback and earn nothing.
    """
    figures: dict[str, list[str]] = {}
    students = {result.student for result in results.values() if not result.problem}
    for path, result in results.items():
        if (result.student in students and FIGURE.fullmatch(files[path].suffix)
                and not files[path].is_symlink()):
            figures.setdefault(result.student, []).append(path)
    for student, paths in figures.items():
        folder = home() / "figures" / student
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, path in enumerate(paths, start=1):
            told = "a figure: not scored, "
            if number > Bounds.figures or files[path].stat().st_size > Bounds.figure_bytes:
                told += f"not kept (at most {Bounds.figures} of {Bounds.figure_bytes >> 20} MB)"
            else:
                name = f"figure-{number}{files[path].suffix.lower()}"
                shutil.copy2(files[path], folder / name)
                told += f"linked in the feedback as {name}"
            results[path].problem = told


def gather(submissions: Path, unpacked: Path) -> dict[str, Path]:
    """Every file by its path inside the folder; a zip counts as a folder."""
    if submissions.is_file():
        return unpack(submissions, "", unpacked / "0")
    files: dict[str, Path] = {}
    for number, path in enumerate(sorted(submissions.rglob("*")), start=1):
        name = path.relative_to(submissions).as_posix()
        if is_hidden(name) or path.is_dir() and not path.is_symlink():
            continue
        files[name] = path
        if path.suffix.lower() == ".zip" and not path.is_symlink():
            outer = "" if path.parent == submissions else f"{PurePosixPath(name).parent}/"
            try:
                files |= unpack(path, outer, unpacked / str(number))
                del files[name]
            except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, OSError):
                continue  # no zip, damaged, with a password, too large: a file like others
    return files


def unpack(archive: Path, outer: str, folder: Path) -> dict[str, Path]:
    """The files of a zip, by their paths in it; each into a file with a number for a name, so
    that no path in a zip leads anywhere.

    Raises:
        ValueError: it would become larger than notebooks do.
    """
    files = {}
    with zipfile.ZipFile(archive) as content:
        members = content.infolist()
        if sum(member.file_size for member in members) > MOST_GROWTH * archive.stat().st_size:
            raise ValueError(f"more than {MOST_GROWTH} times as large unpacked")
        for number, member in enumerate(members):
            name = PurePosixPath(member.filename)
            if member.is_dir() or is_hidden(str(name)) or ".." in name.parts:
                continue
            target = folder / str(number) / f"member{name.suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read(member))
            files[outer + str(name)] = target
    return files


def is_hidden(name: str) -> bool:
    """.DS_Store, .ipynb_checkpoints/, __MACOSX/ are nobody's submission."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


class Problem(Exception):
    """Why a file cannot be graded."""


def examine(file: Path, who: Who, homework: dict[str, Homework]) -> Staged:
    """Read one file, or say why it cannot be graded."""
    result = Staged(who.file, who, who.student, who.homework)
    try:
        prepare(attempt(file), result, homework)
    except Problem as problem:
        result.problem = str(problem)
    except Exception as error:  # whatever a notebook contains, the others are graded
        result.problem = f"cannot be prepared for grading ({type(error).__name__})"
    return result


def prepare(notebook: NotebookNode, result: Staged, homework: dict[str, Homework]) -> None:
    """Find the answers and write them into the result.

    Raises:
        Problem: it is none of the homework, or nobody's.
    """
    alike = {name: likeness(notebook, one.released) for name, one in homework.items()}
    best = max(alike, key=alike.__getitem__)
    if alike[best] == 0:
        raise Problem("a foreign notebook: nothing in it was handed out as homework")
    if result.assignment not in homework:
        result.assignment = best
        result.notes.append(f"recognised as {best} by its contents")
    elif alike[result.assignment] == 0:
        raise Problem(f"a foreign notebook: its contents are those of {best}")
    if not result.student:
        raise Problem("the name does not say whose it is: write it into who.csv")
    result.found = find(notebook, homework[result.assignment])
    result.notes += result.found.notes
    result.texts = {claimed_id(cell): printable(cell.source)
                    for cell in result.found.notebook.cells
                    if cell.cell_type == "markdown" and claimed_id(cell)}
    result.digest = hashlib.sha256(
        printable(nbformat.writes(result.found.notebook)).encode()).hexdigest()


def attempt(path: Path) -> NotebookNode:
    """Read a notebook.

    Raises:
        Problem: it is none.
    """
    name, size, most = path.name.lower(), path.lstat().st_size, Bounds.file_bytes
    for wrong, problem in (
            (path.is_symlink(), "a link, which is not followed"),
            (not name.removesuffix(".txt").removesuffix(".json").endswith(".ipynb"),
             "not a notebook (.ipynb)"),
            (size == 0, "an empty file"),
            (size > most, f"larger than {most >> 20} MB")):
        if wrong:
            raise Problem(problem)
    try:
        with warnings.catch_warnings(action="ignore"):  # what is odd here is mended
            notebook = nbformat.reads(decoded(path.read_bytes()), as_version=4)
        empty = not any(cell.source.strip() for cell in notebook.cells)
    except Exception as error:  # any file may be handed in, so any error may come of it
        raise Problem(f"cannot be read as a notebook ({type(error).__name__})") from error
    if empty:
        raise Problem("an empty notebook")
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


def spelt(path: str) -> str:
    """A path that can be written to a table; bytes of another system are spelt out."""
    return path.encode("utf-8", "backslashreplace").decode()


def likeness(notebook: NotebookNode, reference: NotebookNode) -> int:
    """How much of a homework a notebook contains: cells by grade id or text, functions."""
    wanted = answers(reference)
    ids = {cell.metadata.nbgrader["grade_id"] for cell in wanted}
    tasks: set[str] = set().union(*(functions(cell.source) for cell in wanted
                                    if cell.cell_type == "code"))
    there = {claimed_id(cell) for cell in notebook.cells} & ids
    defined: set[str] = set().union(*(functions(cell.source) for cell in notebook.cells
                                      if cell.cell_type == "code"))
    same = {cell.source.strip() for cell in notebook.cells} & {
        cell.source.strip() for cell in reference.cells if "nbgrader" in cell.metadata}
    return len(there) + len(defined & tasks) + len(same)
