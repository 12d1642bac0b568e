"""What students' cells show, harmless and of bearable length.

The marking pages run in the grader's browser, with the right to give marks. So what a submitted
cell showed is taken over as bare pictures and text only (``shown``, ``attached``), and every text
and output passes ``safe_html`` on its way into a page (nbgrader_config.py).
"""

import html
import re

import nbformat
from bleach import Cleaner
from bleach.css_sanitizer import CSSSanitizer
from nbformat import NotebookNode

from grading.settings import Bounds

IMAGE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
SOURCE = re.compile(r'\ssrc="data:image/(png|jpeg|webp);base64,([A-Za-z0-9+/=\s]+)"')
ALT = re.compile(r'\salt="([^"]*)"')
DATA = re.compile(r"[A-Za-z0-9+/=\s]+")
MOST_TEXT = 4_000  # characters of one cell
MOST_SOURCE = 200_000  # characters of a text that is shown as it was written
MOST_PICTURE, MOST_PICTURES = Bounds.picture_characters, Bounds.pictures_characters
TOO_LARGE = "(A picture is too large to be kept; a smaller figsize or dpi would help.)\n"

MOST_TAGS = 5_000  # of one cell; the time for them grows with the square

# What a text, a pandas table and the lab's own displays consist of; no controls, no frames.
TAGS = """a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 h3 h4
h5 h6 hr i img kbd li ol p pre s small span strong sub summary sup table tbody td tfoot th thead
tr u ul""".split()
# Nothing that could lay itself over the page's buttons: no position, no margin.
STYLES = """background-color border border-bottom border-left border-right border-top color
font-family font-size font-style font-weight height max-width padding text-align vertical-align
white-space width""".split()
PLAIN = {"align", "alt", "border", "colspan", "height", "open", "role", "rowspan", "style",
         "title", "width"}
VALUES = {
    ("img", "src"): re.compile(
        r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+"),
    ("a", "href"): re.compile(r"(https?://|mailto:|#).*|figure-\d+\.(pdf|png)",
                              re.IGNORECASE | re.DOTALL),
}
# Of pygments and pandas; the page's scripts find their buttons by other classes.
CLASSES = re.compile(r"((highlight|dataframe|[a-z][a-z0-9]?)( |$))*")
SCRIPT, STYLE = (re.compile(rf"<{tag}\b.*?(</{tag}\s*>|$)", re.IGNORECASE | re.DOTALL)
                 for tag in ("script", "style"))
NO_SCRIPT = "(A script is left out here.)"


def shown(cell: NotebookNode) -> list[NotebookNode]:
    """The outputs of a submitted code cell, harmless and no longer than a page needs.

    Returns:
        Outputs of text on stdout and of one ``<img>`` each, in their order.
    """
    found, text, pictures = [], 0, 0
    for output in cell.get("outputs", []):
        for picture in pictures_of(output):
            if len(picture) > MOST_PICTURE or pictures + len(picture) > MOST_PICTURES:
                found.append(nbformat.v4.new_output("stream", name="stdout", text=TOO_LARGE))
                continue
            pictures += len(picture)
            found.append(nbformat.v4.new_output("display_data", {"text/html": picture}))
        words = text_of(output)[: MOST_TEXT - text]
        text += len(words)
        if words:
            found.append(nbformat.v4.new_output("stream", name="stdout", text=words))
    return found


def pictures_of(output: NotebookNode) -> list[str]:
    """The pictures in one output, each as an ``<img>`` with nothing but data and alt text."""
    data = output.get("data", {})
    tags = [(source, ALT.search(tag)) for tag in IMAGE.findall(joined(data.get("text/html")))
            if (source := SOURCE.search(tag))]
    pictures = [(source[1], source[2], html.unescape(alt[1]) if alt else "")
                for source, alt in tags]
    pictures += [(kind, joined(data[f"image/{kind}"]), "") for kind in ("png", "jpeg")
                 if DATA.fullmatch(joined(data.get(f"image/{kind}")))]
    return [f'<img alt="{html.escape(alt)}" style="max-width:100%" '
            f'src="data:image/{kind};base64,{"".join(code.split())}">'
            for kind, code, alt in pictures]


def attached(attachments: dict[str, dict]) -> dict[str, dict[str, str]]:
    """The attachments of a text that are pictures, by name."""
    bundles = {name: {kind: joined(code) for kind, code in bundle.items()
                      if kind.startswith("image/") and joined(code)}
               for name, bundle in attachments.items() if isinstance(bundle, dict)}
    return {name: bundle for name, bundle in bundles.items() if bundle}


def text_of(output: NotebookNode) -> str:
    """The text of one output; "" for a picture, a warning, an error."""
    if output.get("output_type") == "stream":
        return joined(output.get("text")) if output.get("name") == "stdout" else ""
    return "" if pictures_of(output) else joined(output.get("data", {}).get("text/plain"))


def allowed(tag: str, name: str, value: str) -> bool:
    """May an attribute stay?"""
    if name == "class":
        return bool(CLASSES.fullmatch(value))
    pattern = VALUES.get((tag, name))
    return bool(pattern.fullmatch(value)) if pattern else name in PLAIN


def safe_html(text: str) -> str:
    """HTML with nothing in it that acts, loads or looks like the page's own; the rest as text."""
    if str(text).count("<") > MOST_TAGS:
        return as_text(str(text))
    cleaner = Cleaner(tags=TAGS, attributes=allowed, protocols=["http", "https", "mailto", "data"],
                      css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES))
    try:
        # For the eye only: what these leave is made harmless by the cleaner, too.
        return cleaner.clean(STYLE.sub("", SCRIPT.sub(NO_SCRIPT, str(text))))
    except RecursionError:  # brackets too deep
        return as_text(str(text))


def as_text(text: str) -> str:
    """HTML that shows a text as it was written, as far as a page can bear it."""
    return f"<pre>{html.escape(text[:MOST_SOURCE])}</pre>"


def joined(value: object) -> str:
    """A notebook file's text: one piece, or a list of lines; "" for anything else."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def no_formula(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, such as a file's name that begins with =."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
