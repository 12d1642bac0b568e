"""Questions: well formed, accessible, each asked once, and clear when something is missing."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from elements import Elements

from labutils import quiz
from labutils.quiz import ask, fault

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
QUESTIONS = {id: question for path in sorted((NOTEBOOKS / "questions").glob("*.json"))
             for id, question in json.loads(path.read_text("utf-8")).items()}
RIGHT = {"text": "yes", "right": True, "feedback": "so it is"}
WRONG = {"text": "no", "right": False, "feedback": "look again"}


every_question = pytest.mark.parametrize("id", QUESTIONS)


@every_question
def test_every_choice_is_a_labelled_radio_button_of_one_group_with_its_feedback(id):
    page = Elements(ask(id).data)
    buttons = page.all("input")
    assert len(page.all("fieldset")) == len(page.all("legend")) == 1
    assert {button["type"] for button in buttons} == {"radio"}
    assert len({button["name"] for button in buttons}) == 1
    assert len(re.findall(r"<label[^>]*><input[^>]*><span>.+?</span></label>",
                          ask(id).data)) == len(buttons)
    said = [button["data-feedback"] for button in buttons]
    assert sum("Right." in text for text in said) == 1
    assert len(set(said)) == len(said) == len(QUESTIONS[id]["choices"])


@every_question
def test_the_answer_appears_where_a_screen_reader_announces_it(id):
    page = ask(id).data
    status = [attributes for _, attributes in Elements(page).found
              if attributes.get("role") == "status"]
    assert len(status) == 1
    assert re.search(r'<p role="status"[^>]*>[^<]*</p>\n</fieldset>$', page)


@every_question
def test_nothing_is_fetched(id):
    assert not re.search(r"https?:|src=|url\(|@import", ask(id).data)


@every_question
def test_a_question_is_well_formed_and_begins_with_its_notebooks_number(id):
    assert fault(QUESTIONS[id]) == ""
    assert id[:2] in {path.name[:2] for path in NOTEBOOKS.glob("[0-9]*.ipynb")}


def test_every_question_is_asked_once_in_its_notebook():
    asked = []
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells:
            ids = re.findall(r'^ask\("(.+?)"\)', cell.source, re.MULTILINE)
            assert all(id.startswith(path.name[:2]) for id in ids)
            asked += ids if cell.cell_type == "code" else []
    assert sorted(asked) == sorted(QUESTIONS)


def test_the_order_hangs_on_the_seed_and_on_nothing_else():
    pages = [ask("01-sum", seed=seed).data for seed in range(6)]
    assert ask("01-sum", seed=3).data == pages[3]
    assert len(set(pages)) > 1


@pytest.mark.parametrize(("question", "message"), [
    ({"choices": [RIGHT, WRONG]}, 'no "question"'),
    ({"question": "?", "choices": [RIGHT]}, "has 1 choices"),
    ({"question": "?", "choices": [WRONG, WRONG]}, "0 right"),
    ({"question": "?", "choices": [RIGHT, RIGHT]}, "2 right"),
    ({"question": "?", "choices": [RIGHT, {"text": "no"}]}, 'without "text" or without "feed')])
def test_a_malformed_question_is_told(question, message, tmp_path, monkeypatch):
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "03.json").write_text(json.dumps({"03-x": question}), "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        ask("03-x")


def test_a_missing_question_names_those_that_there_are():
    with pytest.raises(ValueError, match="has no question '01-y'; it has 01-sum"):
        ask("01-y")
    with pytest.raises(FileNotFoundError, match=r"no questions/99\.json"):
        ask("99-x")


def test_text_is_escaped_and_backticks_are_code():
    assert quiz.marked_up("a < b, `X[0]`") == (
        'a &lt; b, <code style="color: inherit; background: none">X[0]</code>')


@pytest.mark.parametrize("below", ["", "student"])
def test_the_questions_are_found_from_both_folders_of_notebooks(below, monkeypatch):
    monkeypatch.chdir(NOTEBOOKS / below)
    assert quiz.folder().samefile(NOTEBOOKS / "questions")


def test_arrow_keys_choose_and_do_not_reach_the_page_around_the_question():
    (card,) = Elements(ask(next(iter(QUESTIONS))).data).all("fieldset")
    assert card["onkeydown"] == "event.stopPropagation()"
