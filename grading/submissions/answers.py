"""Find the answers in a submitted notebook, wherever an editor or a student has put them."""

import ast
import copy
import re
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_locked, is_solution

from grading.course import Homework
from grading.pages.harmless import attached, shown
from grading.pages.release import anchor

SHORTEST_LINE = 10  # characters from which a first line identifies a cell
NEEDED = "needed"  # the author's tag on cells that answers rest on
GONE = "(There is no cell for this answer in the notebook that was handed in.)"
READY_MADE = re.compile(r"labutils\.smoothgrad|\bengine\b|NoiseTunnel|NOISE_SOURCES|AGGREGATIONS")
SHORTEST_FUNCTION = 300  # characters of a syntax tree from which it is more than a line or two


@dataclass
class Found:
    """What a submission holds.

    Attributes:
        notebook: its cells, with what they showed, made harmless, and nbgrader's metadata on the
            answers.
        needed: places and sources of the code cells that answers rest on, in order.
        every: of all code cells.
        functions: by grade id, the names under which an answer's function may be found.
        untouched: grade ids of answers that are as they were handed out.
        missing: grade ids of answers that have no cell.
        other_text: was text written outside the cells for answers?
        looks: what an instructor should look at, in words.
        prints: by grade id, the syntax tree of an answer's function, to find two alike.
    """

    notebook: NotebookNode
    needed: list[tuple[int, str]] = field(default_factory=list)
    every: list[tuple[int, str]] = field(default_factory=list)
    functions: dict[str, list[str]] = field(default_factory=dict)
    untouched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    other_text: bool = False
    notes: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    prints: dict[str, str] = field(default_factory=dict)


def find(submitted: NotebookNode, homework: Homework) -> Found:
    """Match the answers to the homework's; the submitted notebook is not changed."""
    cells = [fresh(cell) for cell in submitted.cells]
    claims = [claimed_id(cell) for cell in submitted.cells]
    found = Found(nbformat.v4.new_notebook(metadata=copy.deepcopy(homework.released.metadata)))
    handed_out = {cell.source.strip() for notebook in (homework.released, homework.student)
                  for cell in notebook.cells}
    own = [place for place, cell in enumerate(cells) if cell.source.strip() not in handed_out]
    places: dict[str, int] = {}
    skipped: set[int] = set()
    for wanted in answers(homework.released):
        name = wanted.metadata.nbgrader["grade_id"]
        look = find_function if wanted.cell_type == "code" else find_text
        place = look(wanted, name, cells, claims, own, found, skipped)
        if place is None or place in places.values():
            found.missing.append(name)
            cells.append(fresh(wanted))
            cells[-1].source, place = GONE if wanted.cell_type == "markdown" else f"# {GONE}", len(
                cells) - 1
        places[name] = place
        cells[place].metadata = copy.deepcopy(wanted.metadata)
    rests = {cell.source.strip() for cell in homework.released.cells
             if NEEDED in cell.metadata.get("tags", [])}
    for place, cell in enumerate(cells[:len(submitted.cells)]):
        if cell.cell_type == "code":
            cell.outputs = shown(submitted.cells[place])
            if place not in skipped:
                found.every.append((place, cell.source))
                if place in own or cell.source.strip() in rests:
                    found.needed.append((place, cell.source))
    found.other_text = any(cells[place].cell_type == "markdown" and place not in places.values()
                           and cells[place].source.strip() for place in own)
    if found.other_text:
        found.notes.append("text was written outside the cells for answers")
    look_closely(found, cells, own, places, homework)
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # the same at every staging, so that nothing seems changed
    found.notebook.cells = cells
    return found


def find_function(wanted: NotebookNode, name: str, cells: list[NotebookNode], claims: list[str],
                  own: list[int], found: Found, skipped: set[int]) -> int | None:
    """The place of the cell with an answer's function.

    Writes into ``found`` under which names to call it, and into ``skipped`` the stubs that would
    take the place of an answer that stands before them.
    """
    (function,) = functions(wanted.source).values()
    code = [place for place, cell in enumerate(cells) if cell.cell_type == "code"]
    defining = [place for place in code if function.name in functions(cells[place].source)]
    written = [place for place in defining
               if not is_stub(functions(cells[place].source)[function.name])]
    found.functions[name] = [function.name]
    if written:
        skipped.update(set(defining) - set(written))
        place = written[-1]
        if claims[place] != name:
            had_stub = any(claims[other] == name for other in code)
            found.notes.append(f"{name}: found in another cell" if had_stub
                               else f"{name}: metadata was lost, found again")
        elif len(written) > 1:
            found.notes.append(f"{name}: {len(written)} cells with {function.name}, the last "
                               "one counts")
        found.prints[name] = printed(functions(cells[place].source)[function.name])
        return place
    # No function of that name; is there one of its signature that nobody handed out?
    alike = {other.name: place for place in own if cells[place].cell_type == "code"
             for other in functions(cells[place].source).values()
             if len(other.args.args) == len(function.args.args) and other.name != function.name
             and not is_stub(other)}
    assigned = [place for place in own if cells[place].cell_type == "code"
                and function.name in assigned_names(cells[place].source)]
    if assigned:
        skipped.update(defining)
        return assigned[-1]
    if len(alike) == 1:
        ((other, place),) = alike.items()
        found.functions[name] = [other]
        skipped.update(defining)
        found.notes.append(f"{name}: no {function.name}, but {other} takes as many arguments")
        found.looks.append(f"{name}: renamed, {other} was called in place of {function.name}")
        found.prints[name] = printed(functions(cells[place].source)[other])
        return place
    if alike:
        found.notes.append(f"{name}: no {function.name}; {' or '.join(alike)} may be it")
        return defining[-1] if defining else None
    if defining:
        found.untouched.append(name)
        return defining[-1]
    broken = [place for place in code if claims[place] == name]
    return broken[-1] if broken else None


def find_text(wanted: NotebookNode, name: str, cells: list[NotebookNode], claims: list[str],
              own: list[int], found: Found, skipped: set[int]) -> int | None:
    """The place of a written answer."""
    texts = [place for place, cell in enumerate(cells) if cell.cell_type == "markdown"]
    alike = [[place for place in texts if claims[place] == name],
             [place for place in texts if anchor(name) in cells[place].source]]
    for places in alike:
        written = [place for place in places if cells[place].source.strip() != (
            wanted.source.strip())]
        if places:
            if not written:
                found.untouched.append(name)
            elif places is alike[1]:
                found.notes.append(f"{name}: metadata was lost, found again")
            return (written or places)[-1]
    return None


def look_closely(found: Found, cells: list[NotebookNode], own: list[int], places: dict[str, int],
                 homework: Homework) -> None:
    """Write into ``found`` what deserves an instructor's eye."""
    texts = "\n".join(cells[place].source for place in own)
    if "BEGIN SOLUTION" in texts or "BEGIN MARK SCHEME" in texts:
        found.looks.append("the notebook for instructors was handed in, or parts of it")
    for wanted in answers(homework.source):
        name = wanted.metadata.nbgrader["grade_id"]
        if name in found.missing or name in found.untouched:
            continue
        source = cells[places[name]].source
        if wanted.cell_type == "code":
            model = printed(*functions(wanted.source).values())
            if found.prints.get(name) == model and len(model) >= SHORTEST_FUNCTION:
                found.looks.append(f"{name}: the model solution, word for word")
            if READY_MADE.search(source) and not READY_MADE.search(wanted.source):
                found.looks.append(f"{name}: what is to be written is imported or used in it")
        elif any(len(line) > 60 and line in wanted.source for line in source.splitlines()):
            found.looks.append(f"{name}: lines of the model answer")
    found.looks += [f"recovered: {note}" for note in found.notes if "found" in note]


def answers(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that students fill in and that nbgrader knows."""
    return [cell for cell in notebook.cells
            if "nbgrader" in cell.metadata and is_solution(cell) and not is_locked(cell)]


def fresh(cell: NotebookNode) -> NotebookNode:
    """A cell with the same text; an editor's metadata, ids and outputs stay behind."""
    source = re.sub(r"\r\n?", "\n", str(cell.get("source", "")))
    if cell.cell_type == "code":
        return nbformat.v4.new_code_cell(source)
    new = (nbformat.v4.new_markdown_cell if cell.cell_type == "markdown"
           else nbformat.v4.new_raw_cell)(source)
    if isinstance(cell.get("attachments"), dict):
        new.attachments = attached(cell.attachments)
    return new


def claimed_id(cell: NotebookNode) -> str:
    """The grade id in a cell's metadata, or ""."""
    metadata = cell.get("metadata", {}).get("nbgrader")
    name = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def statements(source: str) -> list[ast.stmt]:
    """A cell's statements; none if it cannot be read as Python."""
    lines = ["" if line.lstrip().startswith(("!", "%")) else line for line in source.split("\n")]
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # too deep for the parser
        return []


def functions(source: str) -> dict[str, ast.FunctionDef]:
    """The functions that a cell defines, by name."""
    return {node.name: node for node in statements(source) if isinstance(node, ast.FunctionDef)}


def assigned_names(source: str) -> set[str]:
    """The names that a cell gives to what was made elsewhere."""
    found: set[str] = set()
    for node in statements(source):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {one.asname or one.name for one in node.names}
        elif isinstance(node, ast.Assign):
            found |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    return found


def is_stub(function: ast.FunctionDef) -> bool:
    """Does a function do nothing but say that it is not written yet?"""
    nodes = list(ast.walk(function))
    return (any(isinstance(node, ast.Name) and node.id == "NotImplementedError" for node in nodes)
            and not any(isinstance(node, ast.Return | ast.Yield) for node in nodes))


def printed(function: ast.FunctionDef) -> str:
    """A function's syntax tree, without texts and annotations."""
    body = [node for node in function.body
            if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return "\n".join(ast.dump(node) for node in body)
