"""Pages without scripts for marking and for feedback, and the feedback's own."""

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
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.preprocessors import NbGraderPreprocessor

from grading.gradebook import open_gradebook
from grading.pages.harmless import MOST_TAGS, as_text, safe_html
from grading.pages.marking import FOR_GRADERS
from grading.records import all_records, read_record, write_record
from grading.settings import home

FOREIGN = re.compile(r"""<script[^>]*\ssrc=["']https?:[^>]*>\s*</script>""")
PAGE_SECONDS = 120  # for one feedback page; a usual one takes a second


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


class Tell(NbGraderPreprocessor):
    """Leave out what is for graders; say at the top what has no score yet."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Change the cells."""
        notebook.cells = [cell for cell in notebook.cells
                          if FOR_GRADERS not in cell.metadata.get("tags", [])]
        names = resources["nbgrader"]
        unmarked = read_record(names["assignment"], names["student"], "page").get("unmarked", [])
        told = f"**No score yet** (below they count as 0): {', '.join(unmarked)}." * bool(unmarked)
        links = ", ".join(f"[{file.name}]({file.name})" for file in figures_of(names["student"]))
        if links:
            told += f"\n\n**With your notebook you handed in** (it has no points): {links}"
        if told:
            notebook.cells.insert(0, nbformat.v4.new_markdown_cell(told))
        return notebook, resources


def figures_of(student: str) -> list[Path]:
    """What staging has kept of a student's exported figures."""
    return sorted((home() / "figures" / student).glob("figure-*"))


def write_pages(api: NbGraderAPI) -> list[str]:
    """Write the feedback pages whose notebook or scores have changed since they were written.

    Returns:
        A line for each page that could not be written; the next run tries again.
    """
    problems = []
    with open_gradebook() as gradebook:
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
    unmarked, state = state_of(gradebook, record)
    page = home() / "feedback" / names[1] / names[0] / f"{names[0]}.html"
    if page.is_file() and read_record(*names, "page").get("state") == state:
        return
    write_record(*names, {"unmarked": unmarked}, "page")  # for Tell
    with at_most(PAGE_SECONDS):
        result = api.generate_feedback(*names, force=True)
    if not result["success"]:
        raise RuntimeError(reason(result))
    # What is asked of other computers is MathJax; without it a formula is read as TeX.
    page.write_text(FOREIGN.sub("", page.read_text("utf-8")), "utf-8")
    for figure in figures_of(names[1]):
        shutil.copy2(figure, page.parent)
    write_record(*names, {"unmarked": unmarked, "state": state}, "page")


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


def state_of(gradebook: Gradebook, record: dict) -> tuple[list[str], list]:
    """The cells of one submission that have no number yet, and all that its page depends on."""
    assignment, student = record["assignment"], record["student"]
    submitted = gradebook.find_submission_notebook(assignment, assignment, student)
    unmarked = sorted(grade.name for grade in submitted.grades if grade.max_score
                      and grade.auto_score is None and grade.manual_score is None)
    scores = sorted([grade.name, grade.score, grade.extra_credit] for grade in submitted.grades)
    comments = sorted([comment.name, comment.comment] for comment in submitted.comments)
    figures = [[figure.name, figure.stat().st_mtime_ns] for figure in figures_of(student)]
    return unmarked, [record["digest"], record["seconds"], scores, comments, unmarked, *figures]
