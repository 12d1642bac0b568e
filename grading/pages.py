"""Pages: for marking and for feedback without scripts, for feedback without the hidden tests.

Student code runs in the tests' kernel and could print them in a cipher; what is found here is
what a student can read: the lines themselves, also letter by letter.
"""

import html
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import nbformat
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_locked

from grading.canary import OWN
from grading.handed_in import MOST_TAGS, as_text, joined, safe_html, safe_output
from grading.records import all_records, read_record, write_record
from grading.settings import home

HIDDEN = "# Hidden tests"
WITHHELD = "(Withheld: this output quotes the hidden tests.)"
TELLING = 12  # characters from which a line counts as quoted
PAGE_SECONDS = 120  # for one feedback page; a usual one takes a second
SPELT = 16  # letters and digits from which it does so letter by letter
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TEXT_ONLY = re.compile(r"""\w{0,2}"[^"]*"\W*|\w{0,2}'[^']*'\W*""")
MARKUP = re.compile(r"<[^<>]*>")


class Harmless(Preprocessor):
    """Take out of a notebook what could act in the browser that shows it.

    Its HTML passes safe_html later, when it is made of the text (nbgrader_config.py).
    """

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Keep of outputs and attachments what a page needs."""
        notebook.metadata.pop("widgets", None)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [safe_output(output) for output in cell.outputs]
            elif "attachments" in cell:
                cell.attachments = pictures_among(cell.attachments)
        return notebook, resources


def pictures_among(attachments: dict[str, dict]) -> dict[str, dict[str, str]]:
    """The attachments that are pictures, by name."""
    bundles = {name: {kind: joined(code) for kind, code in bundle.items()
                      if kind.startswith("image/") and joined(code)}
               for name, bundle in attachments.items()}
    return {name: bundle for name, bundle in bundles.items() if bundle}


class Renderer(IPythonRenderer):
    """nbconvert's; where an attachment is missing, it says so instead of giving up."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture, or words in its place."""
        for spelling in (url, unquote(url)):  # names with spaces or umlauts come quoted
            try:
                return super().image(text, spelling, title)
            except InvalidNotebook:
                continue
        return html.escape(f"({unquote(url).replace(':', ' ', 1)} is missing)")


@pass_context
def markdown_to_html(context: Context, source: str) -> str:
    """The page's filter markdown2html: a cell's text as harmless HTML."""
    if source.count("<") > MOST_TAGS:
        return as_text(source)
    renderer = Renderer(escape=False, attachments=context.get("cell", {}).get("attachments", {}),
                        exclude_anchor_links=True)
    try:
        return safe_html(MarkdownWithMath(renderer=renderer).render(source))
    except Exception:  # whatever a text contains (brackets too deep, say), it can be read
        return as_text(source)


class HideTests(NbGraderPreprocessor):
    """Take the hidden tests out of the cells and out of what the cells printed."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Clean every cell; tell at the top what happened."""
        tests = [cell for cell in notebook.cells if cell.cell_type == "code" and is_hidden(cell)]
        for cell in tests:
            cell.outputs = [without_traceback(output) for output in cell.outputs]
        secret = Secret("\n".join(cell.source for cell in tests))
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = cleaned(cell.outputs, secret)
        for cell in tests:
            if cell.metadata.nbgrader["grade_id"].endswith(OWN):
                cell.outputs = []  # of a wrong answer that is not the student's
            cell.source = f"{HIDDEN}: {cell.metadata.nbgrader['grade_id']}"
        names = resources["nbgrader"]
        pair = names["assignment"], names["student"]
        told = read_record(*pair).get("for_student", "")
        unmarked = read_record(*pair, "unmarked").get("cells", [])
        if unmarked:
            told += f"\n\n**No score yet** (below they count as 0): {', '.join(unmarked)}."
        links = ", ".join(f"[{file.name}]({file.name})" for file in figures_of(names["student"]))
        if links:
            told += f"\n\n**With your notebook you handed in** (it has no points): {links}"
        if told:
            notebook.cells.insert(0, nbformat.v4.new_markdown_cell(told))
        return notebook, resources


def figures_of(student: str) -> list[Path]:
    """What staging has kept of a student's exported figures."""
    return sorted((home().figures / student).glob("figure-*"))


def is_hidden(cell: NotebookNode) -> bool:
    """A test cell that students do not have."""
    return is_locked(cell) and "BEGIN HIDDEN TESTS" in cell.source


class Secret:
    """The lines of the hidden tests, to be found in a text."""

    def __init__(self, source: str) -> None:
        lines = [line.strip() for line in source.splitlines()]
        self.lines = {line for line in lines if len(line) >= TELLING}
        # A line that is a text and nothing else is what a failed test says.
        self.spelt = {short for line in lines if len(short := squeezed(line)) >= SPELT
                      and not TEXT_ONLY.fullmatch(line)}

    def is_in(self, text: str) -> bool:
        """Does the text quote a line, as it is or with other spaces and signs in between?"""
        return any(line in form for form in forms(text) for line in self.lines) or any(
            line in short for short in map(squeezed, forms(text)) for line in self.spelt)


def squeezed(text: str) -> str:
    """Letters and digits only."""
    return re.sub(r"[\W_]+", "", text)


def forms(text: str) -> set[str]:
    """A text as it is, as a page shows it, and as repr() or JSON would have quoted it."""
    text = COLOUR.sub("", text)
    plain = html.unescape(text)
    return {text, plain, html.unescape(MARKUP.sub("", text)), re.sub(r"\\(.)", r"\1", plain),
            re.sub(r"\\[nrt]", "\n", plain)}


def cleaned(outputs: list[NotebookNode], secret: Secret) -> list[NotebookNode]:
    """A cell's outputs without those that quote the hidden tests, alone or together."""
    withheld = nbformat.v4.new_output("stream", name="stdout", text=WITHHELD + "\n")
    texts = [list(texts_of(output)) for output in outputs]
    kept = [withheld if any(map(secret.is_in, found)) else output
            for output, found in zip(outputs, texts, strict=True)]
    together = ("".join(found[place] for found in texts if found) for place in (0, -1))
    return [withheld] if kept == outputs and any(map(secret.is_in, together)) else kept


def texts_of(output: NotebookNode) -> Iterator[str]:
    """The texts in an output; what nobody reads, a picture's data, is none."""
    if output.output_type == "stream":
        yield output.text
    elif output.output_type == "error":
        yield "\n".join([output.ename, output.evalue, *output.traceback])
    else:
        data = output.get("data", {})
        yield from (re.sub(r"data:image/[^\"'>\s]*", "", joined(data[kind]))
                    for kind in sorted(data, reverse=True) if not kind.startswith("image/"))


def without_traceback(output: NotebookNode) -> NotebookNode:
    """An error of a hidden test: its message, not the lines that led to it."""
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    return output


def write_pages(api: NbGraderAPI) -> list[str]:
    """Write the feedback pages whose notebook or scores have changed since they were written.

    Returns:
        A line for each page that could not be written; the next run tries again.
    """
    problems = []
    with Gradebook(home().database) as gradebook:
        for record in all_records():
            if record["done"]:
                try:
                    write_page(api, gradebook, record)
                except Exception as error:  # whatever a notebook contains, the others get theirs
                    problems.append(f"No feedback page for {record['student']}, "
                                    f"{record['assignment']}: {error}")
                    print(problems[-1], flush=True)
    return problems


def write_page(api: NbGraderAPI, gradebook: Gradebook, record: dict) -> None:
    """Write one student's page, unless it is up to date.

    Raises:
        RuntimeError: with nbgrader's last word, when it could not.
        TimeoutError: when it took too long.
    """
    names = record["assignment"], record["student"]
    state = state_of(gradebook, record)
    page = home().feedback / names[1] / names[0] / f"{names[0]}.html"
    if page.is_file() and read_record(*names, "page").get("state") == state:
        return
    write_record(*names, {"cells": without_score(gradebook, record)}, "unmarked")
    with at_most(PAGE_SECONDS):
        result = api.generate_feedback(*names, force=True)
    for figure in figures_of(names[1]) if result["success"] else []:
        shutil.copy2(figure, page.parent)
    write_record(*names, {"state": state if result["success"] else None,
                          "log": "" if result["success"] else str(result)}, "page")
    if not result["success"]:
        raise RuntimeError(reason(result))


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in what is done here when it takes longer."""
    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"it took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    # Again each second, for those who catch it and go on.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def reason(result: dict) -> str:
    """The error's own line in nbgrader's log."""
    lines = f"{result.get('error', '')}\n{result.get('log', '')}".splitlines()
    # nbgrader ends with one of its own, which says "see above".
    errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Notebook)\b", line)
              and "NbGraderException" not in line]
    return (errors or lines or ["nbgrader does not say why"])[-1][:300]


def without_score(gradebook: Gradebook, record: dict) -> list[str]:
    """The cells of one submission that have no number yet."""
    assignment, student = record["assignment"], record["student"]
    submitted = gradebook.find_submission_notebook(assignment, assignment, student)
    return sorted(grade.name for grade in submitted.grades
                  if grade.max_score and grade.auto_score is None and grade.manual_score is None)


def state_of(gradebook: Gradebook, record: dict) -> list:
    """What a page depends on."""
    assignment, student = record["assignment"], record["student"]
    submitted = gradebook.find_submission_notebook(assignment, assignment, student)
    scores = sorted([grade.name, grade.score, grade.extra_credit] for grade in submitted.grades)
    comments = sorted([comment.name, comment.comment] for comment in submitted.comments)
    figures = [[figure.name, figure.stat().st_mtime_ns] for figure in figures_of(student)]
    return [record["digest"], record["seconds"], scores, comments, *figures]
