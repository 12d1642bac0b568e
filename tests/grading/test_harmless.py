"""What a submitted cell showed is taken over as text and pictures, and as nothing else."""

import nbformat
import pytest
from grading.handed_in import Share, shown

from grading import handed_in
from grading.settings import Bounds

CODE = "iVBORw0KGgo="


def cell(*outputs: dict) -> nbformat.NotebookNode:
    return nbformat.from_dict({"cell_type": "code", "source": "", "outputs": list(outputs)})


def displayed(**data: str) -> dict:
    return {"output_type": "display_data", "metadata": {},
            "data": {name.replace("_", "/"): value for name, value in data.items()}}


def test_a_picture_in_a_page_is_kept_with_its_alt_text():
    found = shown(cell(displayed(
        text_html=f'<p>a</p><img alt="x &lt; y" src="data:image/webp;base64,{CODE}">',
        text_plain="<HTML object>")))
    assert [output.data["text/html"] for output in found] == [
        f'<img alt="x &lt; y" style="max-width:100%" src="data:image/webp;base64,{CODE}">']


def test_a_picture_of_matplotlibs_own_display_is_kept():
    (found,) = shown(cell(displayed(image_png=CODE + "\n", text_plain="<Figure size 1x1>")))
    assert f"data:image/png;base64,{CODE}" in found.data["text/html"]


@pytest.mark.parametrize("page", [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<img src="https://example.org/x.png">',
    '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
    '<img src="data:image/png;base64,x" onerror="alert(1)">'.replace("x", "x&quot;x"),
])
def test_what_could_do_something_is_not_taken_over(page):
    assert shown(cell(displayed(text_html=page))) == []


def test_attributes_of_a_picture_are_not_taken_over():
    (found,) = shown(cell(displayed(
        text_html=f'<img onload="alert(1)" src="data:image/png;base64,{CODE}" alt="a&quot;b">')))
    assert "onload" not in found.data["text/html"]
    assert 'alt="a&quot;b"' in found.data["text/html"]


def test_numbers_are_kept_as_text():
    found = shown(cell({"output_type": "stream", "name": "stdout", "text": "0.98\n"},
                       {"output_type": "stream", "name": "stderr", "text": "a warning"},
                       displayed(text_html="<table>", text_plain="n  error\n2  0.5")))
    assert [output.text for output in found] == ["0.98\n", "n  error\n2  0.5"]


def test_length_is_limited(monkeypatch):
    monkeypatch.setattr(handed_in, "MOST_PICTURES", 100)
    many = [displayed(image_png=CODE), displayed(image_png=CODE),
            {"output_type": "stream", "name": "stdout", "text": 9000 * "a"}]
    found = shown(cell(*many))
    assert [output.output_type for output in found] == ["display_data", "stream", "stream"]
    assert found[1].text == handed_in.TOO_LARGE
    assert len(found[2].text) == handed_in.MOST_TEXT


def test_a_picture_that_is_too_large_is_named():
    (found,) = shown(cell(displayed(image_png=2_100_000 * "A")))
    assert found.text == handed_in.TOO_LARGE


def figure(size: int) -> dict:
    return {"data": {"image/png": size * "A", "text/plain": "<Figure>"}}


def in_page(size: int) -> dict:
    source = f"data:image/png;base64,{size * 'A'}"
    return {"data": {"text/html": f'<img alt="a" src="{source}">', "text/plain": "<HTML>"}}


@pytest.mark.parametrize("content", [figure(700_000), in_page(700_000)])
def test_of_an_executed_cell_several_figures_are_kept(content):
    share = Share()
    assert [share.refusal(content, Bounds()) for _ in range(6)] == 5 * [""] + ["picture"]
    assert share.refusal({"text": "0.98"}, Bounds()) == ""


@pytest.mark.parametrize("content", [figure(2_100_000), in_page(2_100_000)])
def test_of_an_executed_cell_a_huge_figure_is_not_kept(content):
    share = Share()
    assert share.refusal(content, Bounds()) == "picture"
    assert share.refusal(figure(700_000), Bounds()) == ""


@pytest.mark.parametrize("content", [
    {"text": 250_000 * "a"}, {"data": {"text/html": 250_000 * "<img "}},
    {"data": {"text/plain": 250_000 * "a"}}, {"data": {"application/json": {"a": 250_000 * "a"}}},
    {"data": {"text/plain": f'<img src="data:image/png;base64,{250_000 * "A"}">'}}])
def test_of_an_executed_cell_text_has_a_limit_of_its_own(content):
    assert Share().refusal(content, Bounds()) == "text"


def test_a_value_is_kept_whatever_was_printed_and_a_second_one_with_it():
    share, value = Share(), {"data": {"text/plain": "3.0"}, "execution_count": 7}
    assert share.refusal({"text": 250_000 * "a"}, Bounds()) == "text"
    assert [share.refusal(value, Bounds(), is_result=True) for _ in range(3)] == ["", "", "text"]
    # A display that looks like a value uses up nothing.
    assert share.refusal(value, Bounds()) == "text"


@pytest.mark.parametrize("text", [
    "<table><b>" * 100_000, '<p style="color:' + "rgb(" * 3000 + '">'])
def test_html_that_cannot_be_cleaned_in_time_is_shown_as_text(text):
    page = handed_in.safe_html(text)
    assert page.startswith("<pre>&lt;") and len(page) < 2_000_000


def test_odd_outputs_are_no_problem():
    assert shown(cell({"output_type": "error", "ename": "E"}, {"output_type": "stream"},
                      displayed(text_plain=None), displayed(image_png=3))) == []
