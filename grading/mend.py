"""Make a submitted notebook fit for nbgrader again, without touching an answer."""

import ast
import copy
import re
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_locked

from grading.course import Homework
from grading.handed_in import shown
from grading.needed import needed

SHORTEST_LINE = 10  # characters from which a first line identifies a cell


@dataclass
class Mended:
    """A mended notebook and what was done to it."""

    notebook: NotebookNode
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # answers that were deleted


def mend(submitted: NotebookNode, homework: Homework) -> Mended:
    """Match the cells to the released notebook's and restore what grading needs.

    Args:
        submitted: a student's notebook; not changed.
        homework: as it was handed out.

    Returns:
        A notebook with fresh cells (source and attachments of the submitted ones, no outputs)
        and the metadata of the released ones. Cells that need not run have what they showed,
        made harmless, in their metadata.
    """
    released = homework.released
    cells = [fresh(cell) for cell in submitted.cells]
    claims = [claimed_id(cell) for cell in submitted.cells]
    mended = Mended(nbformat.v4.new_notebook(metadata=copy.deepcopy(released.metadata)))
    places: dict[str, int] = {}
    known = firsts_of_one_cell(released)
    # A cell that was handed out for something else is no candidate, however alike.
    others = {cell.source.strip() for cell in released.cells}
    for wanted in graded_cells(released):
        name = wanted.metadata.nbgrader["grade_id"]
        free = [place for place, cell in enumerate(cells)
                if place not in places.values() and cell.cell_type == wanted.cell_type
                and (same(cell, wanted) or cell.source.strip() not in others)]
        place, note = find(wanted, name, cells, claims, free, known)
        if note:
            mended.notes.append(f"{name}: {note}")
        if place is None:
            if not is_locked(wanted):
                mended.missing.append(name)
            continue
        if is_locked(wanted) and cells[place].source != wanted.source:
            mended.notes.append(f"{name}: was edited, put right" + (
                "; a function was defined in it"
                if functions(cells[place].source) - functions(wanted.source) else ""))
        places[name] = place
        cells[place].metadata = copy.deepcopy(wanted.metadata)
    mended.notebook.cells = put_back(cells, places, released, mended.notes)
    mark_skippable(mended.notebook.cells, released, homework.source)
    for cell, as_submitted in zip(cells, submitted.cells, strict=True):
        if "grading" in cell.metadata:
            cell.metadata["grading"]["shown"] = shown(as_submitted)
    look_elsewhere(mended, homework)
    for number, cell in enumerate(mended.notebook.cells):
        cell.id = f"cell-{number}"  # the same at every staging, so that nothing seems changed
    return mended


def graded_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that nbgrader knows."""
    return [cell for cell in notebook.cells if "nbgrader" in cell.metadata]


def fresh(cell: NotebookNode) -> NotebookNode:
    """A cell with the same text; an editor's metadata, ids and outputs stay behind."""
    source = re.sub(r"\r\n?", "\n", str(cell.get("source", "")))
    if cell.cell_type == "code":
        return nbformat.v4.new_code_cell(source)
    new = (nbformat.v4.new_markdown_cell if cell.cell_type == "markdown"
           else nbformat.v4.new_raw_cell)(source)
    if "attachments" in cell:
        new.attachments = copy.deepcopy(cell.attachments)
    return new


def claimed_id(cell: NotebookNode) -> str:
    """The grade id in a cell's metadata, or ""."""
    metadata = cell.get("metadata", {}).get("nbgrader")
    name = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def find(wanted: NotebookNode, name: str, cells: list[NotebookNode], claims: list[str],
         free: list[int], known: set[str]) -> tuple[int | None, str]:
    """The place of a released cell among the submitted ones, and what is to be noted.

    Args:
        claims: the grade id of every submitted cell, or "".
        free: places of the cells that may be it if their metadata does not tell.
        known: first lines by which a released cell can be recognised.
    """
    own = [place for place, claim in enumerate(claims) if claim == name]
    if own:
        written = [place for place in own if cells[place].source != wanted.source]
        # Of copies of an answer the last that was worked on counts, as it does in the kernel.
        best = written[-1] if written and not is_locked(wanted) else own[0]
        return best, f"{len(own)} cells of that name, one kept" if len(own) > 1 else ""
    free = [place for place in free if not claims[place]]
    first = first_line(wanted)
    for alike in (
        [place for place in free if same(cells[place], wanted)],
        [place for place in free if first in known and first_line(cells[place]) == first],
        [place for place in free if has_anchor(cells[place].source, wanted.source, name)],
    ):
        if alike:
            return alike[-1], "metadata was lost, found again"
    return None, ("was deleted, put back" if is_locked(wanted) else "was deleted by the student")


def look_elsewhere(mended: Mended, homework: Homework) -> None:
    """Note what may be an answer, but stands where none is looked for."""
    handed_out = {cell.source.strip() for cell in homework.student.cells}
    others = [cell for cell in mended.notebook.cells
              if "nbgrader" not in cell.metadata and cell.source.strip() not in handed_out]
    if any(cell.cell_type == "markdown" and cell.source.strip() for cell in others):
        mended.notebook.metadata["grading"] = {"other_text": True}
        mended.notes.append("text was written outside the cells for answers")
    for answer in graded_cells(homework.released):
        for name in functions(answer.source) if not is_locked(answer) else ():
            if any(cell.cell_type == "code" and name in functions(cell.source) for cell in others):
                mended.notes.append(f"{answer.metadata.nbgrader['grade_id']}: {name} is defined in "
                                    "another cell, too")


def same(cell: NotebookNode, wanted: NotebookNode) -> bool:
    """Exactly the text that was handed out."""
    return cell.source.strip() == wanted.source.strip()


def first_line(cell: NotebookNode) -> str:
    """The first line of a cell's text."""
    return cell.source.strip().split("\n")[0].strip()


def firsts_of_one_cell(released: NotebookNode) -> set[str]:
    """First lines that are long enough to tell, and no other cell's."""
    lines = [first_line(cell) for cell in released.cells]
    return {line for line in lines if len(line) >= SHORTEST_LINE and lines.count(line) == 1}


def has_anchor(source: str, wanted: str, name: str) -> bool:
    """A comment with the grade id, or a definition of the same function."""
    if re.search(rf"<!-- {re.escape(name)} -->|^# {re.escape(name)}:", source, re.MULTILINE):
        return True
    return bool(functions(source) & functions(wanted))


def functions(source: str) -> set[str]:
    """Names of the functions that a cell defines; none if it cannot be read as Python."""
    try:
        return {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # too deep for the parser
        return set()


def put_back(cells: list[NotebookNode], places: dict[str, int], released: NotebookNode,
             notes: list[str]) -> list[NotebookNode]:
    """The cells with the missing locked ones behind the released cell that came before them."""
    result, before = list(cells), None
    for wanted in graded_cells(released):
        name = wanted.metadata.nbgrader["grade_id"]
        if name in places:
            before = cells[places[name]]
        elif is_locked(wanted):
            restored = copy.deepcopy(wanted)
            position = 0 if before is None else next(
                i for i, cell in enumerate(result) if cell is before) + 1
            result.insert(position, restored)
            before = restored
    return result


def mark_skippable(cells: list[NotebookNode], released: NotebookNode,
                   source: NotebookNode) -> None:
    """Mark the cells that are as they were handed out and that nothing else depends on."""
    handed_out = {cell.source for cell in released.cells if cell.cell_type == "code"}
    complete = {cell.metadata.nbgrader["grade_id"]: cell.source for cell in graded_cells(source)}
    code = [cell for cell in cells if cell.cell_type == "code"]
    always = {place for place, cell in enumerate(code)
              if "nbgrader" in cell.metadata or cell.source not in handed_out}
    # What runs in the place of a locked cell is the source's text, with the hidden tests.
    texts = [complete[cell.metadata.nbgrader["grade_id"]] if is_locked(cell) else cell.source
             for cell in code]
    for place in set(range(len(code))) - needed(texts, always):
        code[place].metadata["grading"] = {"skip": True}
