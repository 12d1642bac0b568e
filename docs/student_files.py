"""A Sphinx extension: beside its badge, each notebook's page has the student's file to download."""

import base64
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
STUDENT = Path(__file__).resolve().parent.parent / "notebooks" / "student"
BADGE = re.compile(r'<a [^>]*href="https://colab\.research\.google\.com/[^>]*>.*?</a>', re.DOTALL)
# The file stands in the link: to a file beside the page, browsers would only save it over http;
# opened from a disk, the page would show the notebook's text instead.
LINK = ('<a class="download-notebook" download="{name}" '
        'href="data:application/x-ipynb+json;base64,{data}">Download the notebook</a>')


def add_download(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Put the link behind the badge of a notebook's page."""
    path = STUDENT / f"{Path(page).name}.ipynb"
    if not page.startswith("notebooks/") or not path.is_file():
        return
    badge = BADGE.search(context["body"])
    if badge is None:
        logger.warning("%s: its opening has no badge \"Open in Colab\", so there is no place for "
                       "the download; add the badge.", path.name)
        return
    data = base64.b64encode(path.read_bytes()).decode()
    context["body"] = (context["body"][:badge.end()] + " " + LINK.format(name=path.name, data=data)
                       + context["body"][badge.end():])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("html-page-context", add_download)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
