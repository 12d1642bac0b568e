"""Marking pages and feedback pages: nothing of a student's acts in them, nothing of his is lost.

nbgrader lives in an environment of its own, so one process there makes every page.
"""

import json
import os
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grading.pages.harmless import attached, no_formula, shown
from grading.pages.marking import verdict

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-grading" / "bin" / "python"
DOT = "iVBORw0KGgo="
FIGURE = f"data:image/png;base64,{DOT}"
ATTACK = "stolen()"
SECRET = "2 points: names a place beside the object"

MAKE = """
import json, sys
from pathlib import Path
import nbformat
from grading.pages import feedback
from grading.course import nbgrader
from grading.settings import home
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

config = nbgrader().config
for template in ("formgrade", "feedback"):
    one = Config(config)
    one.HTMLExporter.template_name = template
    one.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    static = Path(handlers.static_path) / "node_modules" / "bootstrap" / "dist" / "css"
    one.HTMLExporter.extra_template_paths = [str(static)]
    exporter = HTMLExporter(config=one)
    if template == "feedback":
        exporter.register_preprocessor(feedback.Tell, enabled=True)
    for path in sorted(Path(sys.argv[1]).glob("*.ipynb")):
        names = {"assignment": "a", "student": "s", "notebook": "n", "score": 1, "max_score": 2,
                 "late_penalty": 0}
        page, _ = exporter.from_filename(str(path), resources={
            "nbgrader": names, "base_url": "", "index": 0, "total": 1, "submission_id": "1"})
        path.with_suffix("." + template).write_text(page, "utf-8")
"""


def displayed(metadata: dict | None = None, **data: str) -> nbformat.NotebookNode:
    return new_output("display_data", {name.replace("_", "/", 1): value
                                       for name, value in data.items()}, metadata=metadata or {})


def graded(cell: nbformat.NotebookNode, name: str, **roles: bool) -> nbformat.NotebookNode:
    cell.metadata.nbgrader = {"grade_id": name, "points": 1, "score": 1, "comment": "",
                              "grade": True, "solution": False,
                              "locked": False, "task": False, "schema_version": 3} | roles
    return cell


def attacks() -> list[nbformat.NotebookNode]:
    texts = [f"The dots are gone.\n<script>{ATTACK}</script>", f"<img src=x onerror={ATTACK}>",
             f"[a link](javascript:{ATTACK})", f"<svg onload={ATTACK}>", f"<style>{ATTACK}</style>",
             f'<iframe srcdoc="<script>{ATTACK}</script>"></iframe>',
             f'<a href="java&#115;cript:{ATTACK}">x</a>',
             f"![x](y\" onerror=\"{ATTACK})", "![x](https://example.org/track.png)",
             '<button class="full-credit">x</button><b class="btn full-credit" id="score">y</b>',
             f"<form action=/formgrader><input name=x onfocus={ATTACK} autofocus></form>"]
    outputs = [displayed(text_html=f"<script>{ATTACK}</script>"),
               displayed(text_html=f"<img src=x onerror={ATTACK}>"),
               displayed(text_html='<p style="color:' + "rgb(" * 3000 + '">'),
               displayed(application_javascript=ATTACK, text_plain="<Javascript object>"),
               displayed(text_markdown=f"<script>{ATTACK}</script>"),
               displayed({"image/png": {"width": f"1 onerror={ATTACK}"}}, image_png="AAAA"),
               displayed({"text/html": {"isolated": True}}, text_html=f"<b onclick={ATTACK}>"),
               displayed({"filenames": {"image/png": "/logout"}}, image_png="AAAA")]
    outputs.append(new_output("display_data", {
        "application/vnd.jupyter.widget-view+json": {"model_id": ATTACK}}))
    text = graded(new_markdown_cell("\n\n".join(texts)), "observation", solution=True)
    code = new_code_cell("f()", outputs=outputs)
    code.outputs = shown(code)  # as staging does
    return [text, *map(new_markdown_cell, texts), code]


def honest() -> list[nbformat.NotebookNode]:
    table = ('<style scoped>.dataframe {}</style><table border="1" class="dataframe"><tbody><tr>'
             '<td>0.25</td></tr></tbody></table>')
    pinned = new_markdown_cell("![mine](attachment:my%20map.png)",
                                 attachments={"my map.png": {"image/png": DOT}})
    code = new_code_cell("f()", outputs=[
        displayed(text_html=f'<img alt="my maps" src="{FIGURE}">'), displayed(image_png=DOT)])
    code.outputs = shown(code)
    missing = new_markdown_cell("See ![my figure](attachment:image.png) here.")
    broken = new_markdown_cell("![it](attachment:a.png)", attachments={"a.png": {}})
    for text in (pinned, broken):
        text.attachments = attached(text.attachments)
    return [new_markdown_cell("The mean $x_1 < y$ and `a < b` of <!-- c --> *all*.\n\n"
                              "```python\nimport os\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
            pinned, missing, broken, new_markdown_cell(f"{table}\n\nand $\\alpha$"), code]


def for_graders() -> list[nbformat.NotebookNode]:
    told = [new_markdown_cell(SECRET, metadata={"tags": ["for-graders"]}),
            new_markdown_cell(verdict({
                "points": None, "open": f"<script>{ATTACK}</script>", "statements": [],
                "errors": [], "given": "", "said": f"</pre><img src=x onerror={ATTACK}>"}))]
    return [*told, new_markdown_cell("the mean of my own maps: 0.25")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages by notebook and kind, such as "attacks.formgrade"."""
    folder = tmp_path_factory.mktemp("pages")
    for name, cells in {"attacks": attacks(), "honest": honest(), "graders": for_graders()}.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(new_notebook(cells=cells)), "utf-8")
    run(MAKE, folder)
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def run(code: str, folder: Path) -> str:
    result = subprocess.run([PYTHON, "-c", code, folder], cwd=ROOT, capture_output=True,
                            text=True, env=os.environ | {"GRADING_HOME": str(folder / "home")})
    assert result.returncode == 0, result.stderr
    return result.stdout


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts, self.inside = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        self.scripts += data if self.inside else ""


KINDS = pytest.mark.parametrize("kind", ["formgrade", "feedback"])


@KINDS
def test_nothing_that_a_student_wrote_acts(pages, kind):
    page = Tags(pages[f"attacks.{kind}"])
    assert ATTACK not in page.scripts
    for tag, attributes in page.tags:
        assert not any(ATTACK in (value or "") for value in attributes.values()), (tag, attributes)
        assert tag not in ("iframe", "form", "svg")
        assert tag != "img" or attributes.get("src", FIGURE).startswith("data:image/png")
    assert "The dots are gone." in pages[f"attacks.{kind}"]


def test_a_student_cannot_imitate_the_buttons(pages):
    attacked, own = (sum("full-credit" in (attributes.get("class") or "") for _, attributes in
                         Tags(page).tags)
                     for page in (pages["attacks.formgrade"], pages["honest.formgrade"]))
    assert (attacked, own) == (1, 0)  # the page's own, for its one graded cell


def test_the_pages_own_scripts_are_there(pages):
    sources = [attributes.get("src") or "" for tag, attributes in
               Tags(pages["attacks.formgrade"]).tags if tag == "script"]
    for script in ("formgrade.js", "backbone_xsrf.js"):
        assert any(source.endswith(script) for source in sources)
    assert any("mathjax" in source.lower() for source in sources)


@KINDS
def test_figures_tables_and_formulas_are_kept(pages, kind):
    page = pages[f"honest.{kind}"]
    images = [attributes for tag, attributes in Tags(page).tags if tag == "img"]
    assert [image["src"] for image in images] == 3 * [FIGURE]
    assert [image["alt"] for image in images][:2] == ["mine", "my maps"]
    for kept in ("<td>0.25</td>", "<td>1</td>", "$x_1 &lt; y$", "<code>a &lt; b</code>",
                 "<em>all</em>", '<span class="kn">import</span>', "$\\alpha$"):
        assert kept in page
    assert ".dataframe {}" not in page


@KINDS
def test_a_missing_attachment_is_said_to_be_missing(pages, kind):
    assert "See (attachment image.png is missing) here." in pages[f"honest.{kind}"]
    assert "(attachment a.png is missing)" in pages[f"honest.{kind}"]


def test_what_is_for_graders_stands_in_their_pages_only(pages):
    assert SECRET in pages["graders.formgrade"]
    assert SECRET not in pages["graders.feedback"]
    assert "the mean of my own maps: 0.25" in pages["graders.feedback"]


def test_a_page_that_cannot_be_made_costs_only_itself(tmp_path):
    told = run("""
from types import SimpleNamespace
from grading.pages import feedback as pages
made = []
class Api:
    def generate_feedback(self, assignment, student, force):
        made.append(student)
        if student == "a":
            return {"success": False, "error": "Traceback …\\nSystemExit: 1",
                    "log": "…\\nsome.InvalidNotebook: odd\\nsome.NbGraderException: see above"}
        if student == "b":
            while True:
                pass
        page = pages.home() / "feedback" / student / assignment / f"{assignment}.html"
        page.parent.mkdir(parents=True)
        page.write_text("<p>")
        return {"success": True}
class NoGradebook:
    def __enter__(self): return self
    def __exit__(self, *error): pass
pages.open_gradebook = NoGradebook
pages.state_of = lambda *names: ([], [1])
pages.all_records = lambda: [{"assignment": "h", "student": s, "done": True} for s in "abc"]
pages.PAGE_SECONDS = 1
problems = pages.write_pages(Api())
print(made, problems)
""", tmp_path)
    lines = ["No feedback page for a, h: some.InvalidNotebook: odd",
             "No feedback page for b, h: it took longer than 1 s"]
    assert told.splitlines() == [*lines, f"{['a', 'b', 'c']} {lines}"]


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_name_is_no_formula_to_a_spreadsheet(name):
    assert no_formula(name) == f"'{name}"
    assert no_formula(f"a{name}") == f"a{name}"
    assert no_formula("") == ""
