"""What a submitted cell showed is taken over as text and pictures, and as nothing else."""

import nbformat
import pytest

from grading.pages import harmless
from grading.pages.harmless import shown

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
    monkeypatch.setattr(harmless, "MOST_PICTURES", 100)
    many = [displayed(image_png=CODE), displayed(image_png=CODE),
            {"output_type": "stream", "name": "stdout", "text": 9000 * "a"}]
    found = shown(cell(*many))
    assert [output.output_type for output in found] == ["display_data", "stream", "stream"]
    assert found[1].text == harmless.TOO_LARGE
    assert len(found[2].text) == harmless.MOST_TEXT


def test_a_picture_that_is_too_large_is_named():
    (found,) = shown(cell(displayed(image_png=2_100_000 * "A")))
    assert found.text == harmless.TOO_LARGE


@pytest.mark.parametrize("text", [
    "<table><b>" * 100_000, '<p style="color:' + "rgb(" * 3000 + '">'])
def test_html_that_cannot_be_cleaned_in_time_is_shown_as_text(text):
    page = harmless.safe_html(text)
    assert page.startswith("<pre>&lt;") and len(page) < 2_000_000


def test_odd_outputs_are_no_problem():
    assert shown(cell({"output_type": "error", "ename": "E"}, {"output_type": "stream"},
                      displayed(text_plain=None), displayed(image_png=3))) == []
