"""Notebooks in JupyterLab: what a student presses, and what appears."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ANSWER, ROOT, figures_in, figures_of
from lab import Notebook, serving
from playwright.sync_api import Browser, expect

HAND_OUT = "notebooks/student/01_loading_data.ipynb"
HOMEWORK = "notebooks/04_smoothgrad_homework.ipynb"
STUDIES = "notebooks/05_noise_and_sample_count.ipynb"
WRONG = "def my_preprocess(img):\n    return preprocess(img).permute(0, 2, 3, 1)"
RIGHT = "def my_preprocess(img):\n    return preprocess(img)"


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab on a copy of the notebooks."""
    with serving(tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture(scope="session")
def run_once(browser: Browser, jupyterlab: str) -> Callable[[str], Notebook]:
    """Opens a notebook and runs all its cells, once for all tests."""
    @functools.cache
    def run(path: str) -> Notebook:
        context = browser.new_context(viewport={"width": 1280, "height": 1400})
        notebook = Notebook(context, jupyterlab, path)
        notebook.run_all()
        return notebook
    return run


@pytest.fixture(params=[HAND_OUT, HOMEWORK, STUDIES], ids=lambda path: Path(path).stem)
def notebook(request: pytest.FixtureRequest, run_once: Callable[[str], Notebook]
             ) -> Iterator[Notebook]:
    """A notebook that has run; if a test fails, what the page's console said is printed."""
    notebook = run_once(request.param)
    yield notebook
    print("\n".join(notebook.record.console))


def only(path: str) -> pytest.MarkDecorator:
    """For a test of one notebook."""
    return pytest.mark.parametrize("notebook", [path], indirect=True, ids=[Path(path).stem])


def test_no_cell_fails(notebook: Notebook) -> None:
    assert notebook.errors() == []


def test_every_figure_is_drawn(notebook: Notebook, screenshots: Path) -> None:
    found = 0
    for number, cell in enumerate(notebook.cells()):
        if figures_in(cell["outputs"]):
            shown = notebook.cell(number)
            expect(shown.locator(".jp-OutputArea img").first).to_be_visible()
            widths = shown.locator(".jp-OutputArea img").evaluate_all(
                "all => Promise.all(all.map(i => i.decode().then(() => i.naturalWidth)))")
            shown.screenshot(path=screenshots / f"{notebook.name}-cell-{number}.png")
            assert min(widths) > 0, f"cell {number}"
            found += len(widths)
    assert found == figures_of(ROOT / "notebooks" / f"{notebook.name}.ipynb")


def test_a_question_is_answered_by_keyboard(notebook: Notebook, screenshots: Path) -> None:
    question = notebook.cell(notebook.number_of("ask(")).locator("fieldset")
    question.locator("input").first.focus()
    for key, chosen in (("Space", 0), ("ArrowDown", 1)):
        notebook.page.keyboard.press(key)
        question.screenshot(path=screenshots / f"{notebook.name}-question-{chosen}.png")
        answer = question.locator("input").nth(chosen)
        expect(answer).to_be_checked()
        expect(question.get_by_role("status")).to_have_text(ANSWER)


@only(STUDIES)
@pytest.mark.parametrize("kind, begin", [
    ("without-kernel", "map_slider("), ("with-kernel", "picture = widgets.interactive_output")])
def test_a_slider_obeys_the_keyboard_and_the_map_changes(
    notebook: Notebook, kind: str, begin: str, screenshots: Path
) -> None:
    cell = notebook.cell(notebook.number_of(begin))
    handle, figure = cell.get_by_role("slider").first, cell.locator("img").last
    before = figure.get_attribute("src")
    handle.focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(figure).not_to_have_attribute("src", before)
    cell.screenshot(path=screenshots / f"{notebook.name}-slider-{kind}.png")


@only(HAND_OUT)
@pytest.mark.parametrize("answer, verdict", [
    (None, "preprocess: not yet right, 1 finding"), (WRONG, "The colours are still the last axis."),
    (RIGHT, "preprocess: passed")], ids=["empty", "wrong", "right"])
def test_the_check_says_what_it_thinks_of_an_answer(
    notebook: Notebook, answer: str | None, verdict: str, screenshots: Path,
    request: pytest.FixtureRequest
) -> None:
    if answer:
        notebook.write(notebook.number_of("def my_preprocess"), answer)
        notebook.run(notebook.number_of("check_preprocess"))
    cell = notebook.cell(notebook.number_of("check_preprocess"))
    expect(cell.get_by_role("status")).to_contain_text(verdict)
    cell.screenshot(path=screenshots / f"{request.node.callspec.id}.png")


def test_no_notebook_asks_for_anything_off_the_machine(notebook: Notebook) -> None:
    assert notebook.record.elsewhere == []
