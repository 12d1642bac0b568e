"""A Sphinx extension: search results show lines of the pages' text, on a disk as well.

Sphinx's search fetches each page that it found, to show the lines around the word. A page that was
opened from a disk may not read others, and in those that were fetched the formulas' TeX would stand
among the words. So the texts of all pages lie in one script, which the search page loads.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

# What has no words to show, and the marks of everything but sections, which results point to.
SILENT = re.compile(r"<(style|script|annotation|svg)\b.*?</\1>|<!--.*?-->"
                    r"|<a class=\"headerlink\".*?</a>", re.DOTALL)
MARKS = re.compile(r"<(?!/?section\b)[^>]*>")
SCRIPT = """\
const TEXTS = {texts};
window.fetch = (url) => {{
  const page = decodeURI(url).replace(/^(\\.\\/)+/, "").replace(/\\.html$/, "");
  return Promise.resolve(new Response(`<div role="main">${{TEXTS[page] ?? ""}}</div>`));
}};
"""


def collect(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Keep the text of a page; the search page gets the script that holds them all."""
    if page == "search":
        app.add_js_file("search_texts.js")
    elif doctree is not None:
        app.search_texts[page] = text_of(context["body"])


def text_of(body: str) -> str:
    """A page's body with its words and its sections, and no other marks."""
    return re.sub(r"\s+", " ", MARKS.sub("", SILENT.sub("", body)))


def write(app: Sphinx, problem: Exception | None) -> None:
    """Write the script when all pages are done."""
    if problem is None:
        texts = json.dumps(app.search_texts, ensure_ascii=False)
        Path(app.outdir, "_static", "search_texts.js").write_text(
            SCRIPT.format(texts=texts), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension; the texts are gathered in one process."""
    app.search_texts = {}
    app.connect("html-page-context", collect)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
