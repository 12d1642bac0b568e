"""The glossary, the cheat sheet and the drawing keep to what the notebooks and labutils say."""

import ast
import importlib
import inspect
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
SHEET = (ROOT / "docs" / "cheat_sheet.md").read_text("utf-8")
DRAWING = ROOT / "notebooks" / "images" / "pipeline.svg"
SVG = "{http://www.w3.org/2000/svg}"

ENTRIES = re.findall(r"^\*\*(.+?)\*\* \(\[(\d\d)\]\((.+?)\)\): (.+?)\n\n", GLOSSARY,
                     re.DOTALL | re.MULTILINE)
# (module, function as the sheet writes it)
FUNCTIONS = [(row[1], written) for row in re.finditer(r"^\| `(labutils\.\w+)` \|(.*)\|$", SHEET,
                                                      re.MULTILINE)
             for written in re.findall(r"`(.+?)`", row[2])]
# What was seen to fit on one sheet of A4 in print, with a few lines to spare.
MOST_ROWS, MOST_WORDS = 32, 850


def words_of(notebook: str) -> str:
    path = ROOT / "docs" / notebook
    cells = json.loads(path.read_text("utf-8"))["cells"]
    questions = path.parent / "questions" / f"{path.name[:2]}.json"
    return (" ".join("".join(cell["source"]) for cell in cells)
            + questions.read_text("utf-8")).lower()


def test_the_glossary_is_alphabetical_and_has_no_word_twice():
    terms = [term.casefold() for term, *_ in ENTRIES]
    assert len(terms) > 60
    assert terms == sorted(set(terms))


def test_every_entry_of_the_glossary_is_read_by_these_tests():
    bold_lines = re.findall(r"^\*\*(.+?)\*\*", GLOSSARY, re.MULTILINE)
    assert bold_lines == [term for term, *_ in ENTRIES]


@pytest.mark.parametrize("notebook", sorted({link for _, _, link, _ in ENTRIES}))
def test_a_word_of_the_glossary_stands_in_the_notebook_that_it_names(notebook):
    text = words_of(Path("..") / notebook)
    for term, number, link, _ in ENTRIES:
        if link == notebook:
            assert Path(link).name.startswith(number)
            # The beginning of each word: plurals and other forms count.
            stems = [word[:5] for word in re.findall(r"\w+", term.lower()) if len(word) > 3]
            missing = [stem for stem in stems if stem not in text]
            assert not missing, f"{term}: {missing} not in {notebook}"


@pytest.mark.parametrize("term, text", [(term, text) for term, _, _, text in ENTRIES])
def test_an_entry_is_one_to_three_sentences(term, text):
    assert 1 <= len(re.findall(r"\.(?=\s|$)", text)) <= 3
    assert text.rstrip().endswith(".")


def test_symbols_of_the_series_are_in_the_glossary():
    table = GLOSSARY.split("## Symbols")[1]
    for symbol in ("`X`", "`y`", "`model`", "`n`", "`noise_pct`", "$x$", "$c$", "$k$", "$i$", "$j$",
                   "$S_c$", "$M$", r"$\hat M$", r"$\sigma$", r"$\varepsilon$", r"$\mu$", "$s$",
                   r"$\rho$", "$r$"):
        assert re.search(rf"^\|[^|]*{re.escape(symbol)}", table, re.MULTILINE), symbol


def test_the_sheet_names_the_functions_that_students_use():
    names = {written.split("(")[0] for _, written in FUNCTIONS}
    assert {"add_noise", "compute_saliency_maps", "smoothgrad", "gini"} <= names
    assert len(FUNCTIONS) > 20


@pytest.mark.parametrize("module, written", FUNCTIONS)
def test_a_function_of_the_sheet_has_these_arguments_and_defaults(module, written):
    name = written.split("(")[0]
    function = getattr(importlib.import_module(module), name)
    namespace = {}
    exec(compile(ast.parse(f"def {written}: pass"), "sheet", "exec"), namespace)
    shown = inspect.signature(namespace[name]).parameters
    real = inspect.signature(function).parameters
    for parameter in shown.values():
        assert parameter.name in real, parameter.name
        assert parameter.default == real[parameter.name].default
        assert parameter.kind == real[parameter.name].kind
    assert [p for p in real if p in shown] == list(shown)
    needed = [p.name for p in real.values() if p.default is p.empty]
    assert set(needed) <= set(shown)


def test_names_of_noise_and_aggregations_on_the_sheet_are_those_of_labutils():
    from labutils.aggregations import AGGREGATIONS
    from labutils.noise import NOISE_SOURCES

    for line, known in (("Noise", NOISE_SOURCES), ("Aggregations", AGGREGATIONS)):
        item = re.search(rf"^- {line}:(.*?)(?=^- |\Z)", SHEET, re.DOTALL | re.MULTILINE)[1]
        assert set(re.findall(r'`"(\w+)"`', item)) <= set(known)
        assert len(re.findall(r'`"(\w+)"`', item)) >= 5


def test_the_sheet_is_no_longer_than_what_fits_on_one_page():
    rows = re.findall(r"^\| [$`]", SHEET, re.MULTILINE)
    assert len(rows) <= MOST_ROWS
    assert len(SHEET.split()) <= MOST_WORDS


def test_the_drawing_has_a_title_and_a_description_and_is_small():
    assert DRAWING.stat().st_size < 20_000
    root = ET.parse(DRAWING).getroot()
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title.text and len(description.text) > 100
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]


def test_the_drawing_needs_nothing_from_elsewhere():
    root = ET.parse(DRAWING).getroot()
    ids = {element.get("id") for element in root.iter()} - {None}
    for element in root.iter():
        assert element.tag not in (f"{SVG}image", f"{SVG}script", f"{SVG}foreignObject")
        if "href" in element.attrib:
            assert element.get("href").removeprefix("#") in ids
    assert "sans-serif" in root.find(f"{SVG}style").text


def test_the_steps_of_the_drawing_are_numbered_without_a_gap():
    root = ET.parse(DRAWING).getroot()
    numbers = [int(part.text) for part in root.iter(f"{SVG}tspan") if part.get("class") == "no"]
    assert sorted(numbers) == list(range(1, 9))
