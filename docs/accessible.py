"""A Sphinx extension: mends for screen readers, in pages as the tools write them."""

import re

from docutils import nodes
from sphinx.application import Sphinx

# The corner of a table heads nothing.
CORNER = re.compile(r"<th\b([^>]*)>(?:\s|&nbsp;|<p>\s*</p>)*</th>")
# Folded code says "Show the set-up", but would be announced under another name.
OTHER_NAME = re.compile(r'(<summary) aria-label="Toggle hidden content"')


def mend(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Mend the body of a page."""
    if "body" in context:
        context["body"] = OTHER_NAME.sub(r"\1", CORNER.sub(r"<td\1></td>", context["body"]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
