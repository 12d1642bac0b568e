"""The site shows no solution and no mark scheme, but every figure."""

import json
import re
from pathlib import Path

import pytest

from scripts.published import INSTEAD, WIDGET, as_published

ROOT = Path(__file__).resolve().parents[2]
STUDENT = sorted((ROOT / "notebooks" / "student").glob("*.ipynb"))


@pytest.fixture(params=STUDENT, ids=lambda path: path.stem)
def pair(request: pytest.FixtureRequest) -> tuple[dict, dict]:
    """The notebook with solutions, and what is published of it."""
    source = (ROOT / "notebooks" / request.param.name).read_text("utf-8")
    published = as_published(source, request.param.read_text("utf-8"))
    return json.loads(source), json.loads(published)


def text(notebook: dict) -> str:
    return "\n".join("".join(cell["source"]) for cell in notebook["cells"])


def outputs(notebook: dict) -> list[dict]:
    """All outputs but those that need a kernel."""
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])
            if WIDGET not in output.get("data", {})
            and INSTEAD not in output.get("data", {}).values()]


def test_nothing_that_students_must_not_see_is_published(pair):
    source, published = (text(notebook) for notebook in pair)
    assert "BEGIN SOLUTION" in source
    for mark in ("BEGIN SOLUTION", "MARK SCHEME", "for instructors"):
        assert mark not in published
    assert "your solution is still missing" in published


def test_all_outputs_are_published_but_those_that_need_a_kernel(pair):
    source, published = map(outputs, pair)
    assert sum("text/html" in output.get("data", {}) for output in source) >= 5
    assert published == source
    assert WIDGET not in json.dumps(pair[1]["cells"])


def test_a_sentence_stands_for_sliders_and_nothing_for_progress_bars():
    def showing(text: str) -> dict:
        shown = {"output_type": "display_data", "metadata": {},
                 "data": {WIDGET: {}, "text/plain": text}}
        return {"id": "b", "cell_type": "code", "metadata": {}, "source": "x", "outputs": [shown]}

    cells = [{"id": "a", "cell_type": "markdown", "metadata": {}, "source": "# 01"},
             showing("  0%|          | 0/8 [00:00<?, ?it/s]"), showing("HBox(children=…)")]
    _, progress, sliders = json.loads(
        as_published(*[json.dumps({"cells": cells})] * 2))["cells"]
    assert progress["outputs"] == []
    assert [output["data"] for output in sliders["outputs"]] == [{"text/html": INSTEAD}]


def test_everything_else_is_published_as_it_is(pair):
    plain = [[cell["source"] for cell in notebook["cells"][1:] if "nbgrader" not in cell["metadata"]
              and not re.search("BEGIN SOLUTION|YOUR CODE", "".join(cell["source"]))]
             for notebook in pair]
    assert plain[0] == plain[1]


def test_the_badge_opens_the_student_version(pair):
    first = "".join(pair[1]["cells"][0]["source"])
    assert re.search(r"/blob/main/notebooks/student/\d\d_", first)
    assert not re.search(r"/blob/main/notebooks/\d", first)
    assert "computed with model answers" in first
    assert "buttons above" in first


def test_set_up_and_imports_are_folded(pair):
    code = [cell for cell in pair[1]["cells"] if cell["cell_type"] == "code"]
    names = [cell["metadata"].get("mystnb", {}).get("code_prompt_show") for cell in code]
    assert names[:2] == ["Show the set-up", "Show the imports"]
    folded = [cell for cell in code if "hide-input" in cell["metadata"].get("tags", [])]
    assert folded == [cell for cell, name in zip(code, names, strict=True) if name]
    hidden = [cell["metadata"].get("jupyter", {}).get("source_hidden", False)
              and "remove-input" not in cell["metadata"]["tags"] for cell in code[2:]]
    assert [bool(name) for name in names[2:]] == hidden


def test_the_link_to_colab_has_a_picture_on_the_site(pair):
    first = "".join(pair[1]["cells"][0]["source"])
    assert "[![Open in Colab](images/colab-badge.svg)](https://colab" in first


def test_what_jupyterlab_folds_is_folded():
    hidden = {"cell_type": "code", "id": "b", "source": "x = 1",
              "metadata": {"jupyter": {"source_hidden": True}}}
    seen = {"cell_type": "code", "id": "c", "source": "import math", "metadata": {}}
    texts = [{"cell_type": "markdown", "id": text, "source": text, "metadata": {}}
             for text in ("# 01", "## 1 A lesson")]
    cells = [*texts, hidden, seen]
    published = json.loads(as_published(*[json.dumps({"cells": cells})] * 2))["cells"]
    assert published[2]["metadata"]["tags"] == ["hide-input"]
    assert published[3] == seen  # an import further down belongs to the lesson
