"""What a submitted cell showed, as text and pictures: graders see the student's own figures.

The marking pages run in the grader's browser, so nothing that could do something there is
taken over: pictures as their bare data, all else as text.
"""

import html
import re

import nbformat
from nbformat import NotebookNode

IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
SOURCE = re.compile(r'\ssrc="data:image/(png|jpeg|webp);base64,([A-Za-z0-9+/=\s]+)"')
ALT = re.compile(r'\salt="([^"]*)"')
DATA = re.compile(r"[A-Za-z0-9+/=\s]+")
MOST_TEXT, MOST_PICTURES = 4_000, 2_000_000  # characters of one cell


def shown(cell: NotebookNode) -> list[NotebookNode]:
    """The outputs of a submitted code cell, harmless and no longer than a page needs.

    Returns:
        Outputs of text on stdout and of one ``<img>`` each, in their order.
    """
    found, text, pictures = [], 0, 0
    for output in cell.get("outputs", []):
        for picture in pictures_of(output):
            pictures += len(picture)
            if pictures <= MOST_PICTURES:
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
    pictures = [(source[1], source[2], html.unescape(alt[1]) if alt else "") for source, alt in tags]
    pictures += [(kind, joined(data[f"image/{kind}"]), "") for kind in ("png", "jpeg")
                 if DATA.fullmatch(joined(data.get(f"image/{kind}")))]
    return [f'<img alt="{html.escape(alt)}" style="max-width:100%" '
            f'src="data:image/{kind};base64,{"".join(code.split())}">'
            for kind, code, alt in pictures]


def text_of(output: NotebookNode) -> str:
    """The text of one output; "" for a picture, a warning, an error."""
    if output.get("output_type") == "stream":
        return joined(output.get("text")) if output.get("name") == "stdout" else ""
    return "" if pictures_of(output) else joined(output.get("data", {}).get("text/plain"))


def joined(value: object) -> str:
    """A notebook file's text: one piece, or a list of lines; "" for anything else."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
