"""What the site's own extensions make of a page. Sphinx is not in this environment."""

import base64
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
BADGE = '<a class="reference" href="https://colab.research.google.com/x"><img alt="Open"/></a>'


@pytest.fixture
def extension(monkeypatch):
    """Loads an extension of docs/ with stand-ins for Sphinx; its warnings are in ``said``."""
    said = []
    logger = SimpleNamespace(warning=lambda *words: said.append(words))
    for name in ("docutils", "docutils.nodes", "sphinx", "sphinx.application", "sphinx.util"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["docutils"].nodes = SimpleNamespace(document=object)
    sys.modules["sphinx.application"].Sphinx = object
    sys.modules["sphinx.util"].logging = SimpleNamespace(getLogger=lambda name: logger)

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.said = said
        return module

    return load


def test_the_download_holds_the_students_file_under_its_own_name(extension):
    pages = extension("student_files")
    context = {"body": f"<h1>02</h1><p>{BADGE}</p>"}
    pages.add_download(None, "notebooks/02_vanilla_saliency", "", context, None)
    link = re.search(rf'{re.escape(BADGE)} <a [^>]*download="(.+?)" href="data:.+?;base64,(.+?)"',
                     context["body"])
    assert link[1] == "02_vanilla_saliency.ipynb"
    assert base64.b64decode(link[2]) == (
        ROOT / "notebooks" / "student" / link[1]).read_bytes()


def test_a_notebook_without_a_badge_is_told(extension):
    pages = extension("student_files")
    context = {"body": "<h1>02</h1>"}
    pages.add_download(None, "notebooks/02_vanilla_saliency", "", context, None)
    assert context == {"body": "<h1>02</h1>"}
    assert "has no badge" in pages.said[0][0]


@pytest.mark.parametrize("page", ["glossary", "data/README", "notebooks/99_none"])
def test_other_pages_have_no_download(extension, page):
    context = {"body": BADGE}
    extension("student_files").add_download(None, page, "", context, None)
    assert context == {"body": BADGE}


def test_texts_for_the_search_have_words_and_sections_and_nothing_else(extension):
    body = ('<section id="one"><h1>One<a class="headerlink" href="#one">#</a></h1>\n'
            '<style>p { top: 0 }</style><p>A <em>map</em> of <code class="x">X</code>, '
            '<img alt="none" src="data:x"/>seen.</p><!-- note --></section>')
    assert extension("search_texts").text_of(body) == (
        '<section id="one">One A map of X, seen.</section>')


def test_corners_of_tables_and_folded_code_are_named_as_they_look(extension):
    context = {"body": '<th class="head"></th><th>n</th><th>&nbsp;</th>'
                       '<summary aria-label="Toggle hidden content"><span>Show</span></summary>'}
    extension("accessible").mend(None, "x", "", context, None)
    assert context["body"] == ('<td class="head"></td><th>n</th><td></td>'
                               "<summary><span>Show</span></summary>")
