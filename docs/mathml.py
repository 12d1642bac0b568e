"""A Sphinx extension: formulas become MathML while the site is built.

Every browser of today draws MathML by itself, so the pages need no JavaScript
and no network for their mathematics.
"""

import html
import re

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)
# With the LaTeX source as an annotation, which copying and screen readers use.
CONVERTER = LatexToMathML(annotation=True, fancy_error=False)
# Sphinx numbers equations, so these environments must not number their lines as well.
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|gather|multline)\}")
# An inline formula and the marks that touch it, which belong on one line with it.
# One formula only: a match must not run on into the next formula of the paragraph.
ONE = r"<math>(?:(?!</math>).)*</math>"
INLINE = re.compile(rf"\(?{ONE}[.,;:?!)]+|\({ONE}", re.DOTALL)


def to_mathml(node: nodes.Element, displayed: bool) -> str:
    """The formula of a node; a bad one is reported with its page and line, and shown as text."""
    latex = NUMBERED.sub(r"\\\1{\2*}", node.astext().strip())
    try:
        return CONVERTER.convert_with_local_state(latex, displaystyle=displayed)
    except LatexError as error:
        logger.warning("bad formula %s (character %s)", latex, error, location=node)
        return f'<code class="bad-formula">{html.escape(latex)}</code>'


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line of text."""
    self.body.append(to_mathml(node, displayed=False))
    raise nodes.SkipNode


def visit_displayed(self: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on its own line, with its number when it has a label."""
    self.body.append(self.starttag(node, "div", CLASS="math notranslate"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})</span>')
    self.body.append(to_mathml(node, displayed=True))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def keep_marks_with_formulas(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Browsers may break a line between a formula and the full stop after it; forbid that."""
    if "body" in context:
        context["body"] = INLINE.sub(r'<span class="formula">\g<0></span>', context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_displayed, None))
    app.connect("html-page-context", keep_marks_with_formulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
