"""Single-choice questions that answer at once, without a kernel and without a network.

The questions of a notebook lie in ``notebooks/questions/``, one JSON file per notebook:

    {"01-sum": {"question": "What is …?",
                "choices": [{"text": "260", "right": false, "feedback": "That does not fit …"},
                            {"text": "4", "right": true, "feedback": "Eight bits …"}]}}

Text between backticks is shown as code.
"""

import html
import json
import random
import re
from pathlib import Path

from IPython.display import HTML

FOLDER = "questions"
MOST, FEWEST = 5, 2  # choices

# Everything stands in the one element, so that it works wherever HTML is shown: JupyterLab,
# Colab's frame, the site. The verdict is in words; colours are the page's own, light or dark.
# Keys stop here: JupyterLab would take the arrows that choose, and go to another cell.
CARD = """\
<fieldset style="border: 1px solid; border-radius: 6px; padding: 0.4em 1em; max-width: 44em"
 onkeydown="event.stopPropagation()"
 onchange="this.lastElementChild.innerHTML = event.target.dataset.feedback">
<legend style="font-weight: bold; padding: 0 0.4em; width: auto; float: none; font-size: 1em">\
{question}</legend>
{choices}
<p role="status" style="min-height: 1.5em; margin: 0.4em 0">Choose an answer.</p>
</fieldset>"""
CHOICE = """\
<label style="display: flex; gap: 0.5em; align-items: baseline; margin: 0.3em 0">\
<input type="radio" name="{id}" data-feedback="{feedback}"><span>{text}</span></label>"""
CODE = '<code style="color: inherit; background: none">\\1</code>'


def ask(id: str, *, seed: int = 0) -> HTML:
    """One question with its choices; each choice has an answer of its own.

    Args:
        id: the question's, such as ``"01-sum"``; it begins with the notebook's number.
        seed: of the order of the choices.

    Raises:
        FileNotFoundError: there is no file of questions for this notebook.
        ValueError: the file has no such question, or it is not as the head of this page says.
    """
    question = load(id)
    choices = question["choices"][:]
    random.Random(f"{id} {seed}").shuffle(choices)
    return HTML(CARD.format(question=marked_up(question["question"]), choices="\n".join(
        CHOICE.format(id=f"question-{id}", text=marked_up(choice["text"]),
                      feedback=html.escape(answer_to(choice)))
        for choice in choices)))


def load(id: str) -> dict:
    """A question as it is written down: {"question", "choices"}; errors as in ``ask``."""
    number = id.split("-")[0]
    path = folder() / f"{number}.json"
    if not path.is_file():
        raise FileNotFoundError(f"ask: there is no {FOLDER}/{path.name} beside the notebooks for "
                                f"the question {id!r}; ids begin with the notebook's number.")
    questions = json.loads(path.read_text("utf-8"))
    if id not in questions:
        raise ValueError(f"ask: {FOLDER}/{path.name} has no question {id!r}; "
                         f"it has {', '.join(questions)}.")
    if wrong := fault(questions[id]):
        raise ValueError(f"ask: question {id!r} {wrong}.")
    return questions[id]


def folder() -> Path:
    """The folder of questions: beside the notebook, one folder up, or in the project."""
    project = Path(__file__).resolve().parents[1] / "notebooks"
    places = [place / FOLDER for place in (Path.cwd(), Path.cwd().parent, project)]
    return next((place for place in places if place.is_dir()), places[-1])


def fault(question: dict) -> str:
    """What is wrong with a question as written down, or ""."""
    choices = question.get("choices", [])
    if not question.get("question"):
        return 'has no "question"'
    if not FEWEST <= len(choices) <= MOST:
        return f"has {len(choices)} choices; expected {FEWEST} to {MOST}"
    if any(not choice.get("text") or not choice.get("feedback") for choice in choices):
        return 'has a choice without "text" or without "feedback"'
    right = sum(bool(choice.get("right")) for choice in choices)
    return "" if right == 1 else f"has {right} right choices; expected one"


def answer_to(choice: dict) -> str:
    """HTML that says whether a choice is right, and why."""
    verdict = "Right." if choice.get("right") else "Not quite."
    return f"<strong>{verdict}</strong> {marked_up(choice['feedback'])}"


def marked_up(text: str) -> str:
    """Plain text as HTML, with `code` between backticks."""
    return re.sub(r"`([^`]+)`", CODE, html.escape(text))
