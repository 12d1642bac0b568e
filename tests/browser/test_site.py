"""The site in a browser: wide and narrow, light and dark, from a disk and from a server."""

import functools
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ANSWER, ROOT, Record, drawn, figures_of
from playwright.sync_api import Browser, Page, expect

SITE, SHOWN = ROOT / "build" / "site", ROOT / "build" / "pages"
PAGES = sorted(str(page.relative_to(SITE)) for page in SITE.rglob("*.html")
               if "_static" not in page.parts)
LOOKS = [(width, theme) for width in (1280, 390) for theme in ("light", "dark")]
# Axe takes seconds; these two have every width and every theme.
FOR_AXE = [(1280, "light"), (390, "dark")]
GRAVE = {"serious", "critical"}
# The colours of code are the same everywhere, and take axe longer than all else; here are all.
WITH_COLOURS = "notebooks/09_does_it_help.html"
# Axe would fetch the style sheets once more, which a page from a disk may not.
AXE_OPTIONS = {"resultTypes": ["violations"], "preload": False}


class Quiet(SimpleHTTPRequestHandler):
    """A server that does not print every request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The site's address over http."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE)) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()


@dataclass
class Visit:
    """What was seen of one page in one look."""

    record: Record
    pictures: list[bool]  # of each in the page's text, whether it is drawn
    figures: int  # that a notebook's cells show
    too_wide: int  # pixels by which the page can be scrolled sideways
    grave: str  # axe's report of what is serious or critical


@pytest.fixture(scope="session")
def visits(browser: Browser, screenshots: Path) -> Callable[..., Visit]:
    """Visits to the site; each page is opened once in each look."""

    @functools.cache
    def visit(address: str, name: str, width: int, theme: str) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900},
                                      color_scheme=theme, reduced_motion="reduce")
        record = Record(context)
        page = context.new_page()
        page.goto(address + name)
        pictures, figures = (drawn(page, part) for part in ("article img", ".cell_output img"))
        stem = name.removesuffix(".html").replace("/", "-")
        page.screenshot(path=screenshots / f"site-{stem}-{width}-{theme}.jpg", full_page=True,
                        type="jpeg", quality=70)
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if name != WITH_COLOURS:
            page.locator(".highlight pre").evaluate_all(
                "all => all.forEach(code => code.textContent = code.textContent)")
        grave = judged(page) if (width, theme) in FOR_AXE else ""
        context.close()
        return Visit(record, pictures, len(figures), too_wide, grave)
    return visit


def judged(page: Page) -> str:
    """Axe's report of what keeps people out, "" if there is nothing serious."""
    found = Axe().run(page, options=AXE_OPTIONS)
    violations = found.response["violations"]
    found.response["violations"] = [one for one in violations if one["impact"] in GRAVE]
    return found.generate_report() if found.violations_count else ""


def in_looks(*looks: tuple[int, str]) -> pytest.MarkDecorator:
    """For a test of every page in these looks."""
    return pytest.mark.parametrize("look", looks, ids=["-".join(map(str, look)) for look in looks])


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    """A page's path in the site."""
    return request.param


@pytest.fixture
def visit(name: str, look: tuple[int, str], visits: Callable[..., Visit]) -> Visit:
    """A page from the disk in a look; if a test fails, what its console said is printed."""
    found = visits(SITE.as_uri() + "/", name, *look)
    print("\n".join(found.record.console))
    return found


@in_looks(*LOOKS)
def test_every_picture_is_drawn(visit: Visit) -> None:
    assert all(visit.pictures)


@in_looks(*LOOKS)
def test_no_page_scrolls_sideways(visit: Visit) -> None:
    assert visit.too_wide == 0


@in_looks(*FOR_AXE)
def test_axe_finds_nothing_serious(visit: Visit) -> None:
    assert not visit.grave, visit.grave


@in_looks(*LOOKS)
def test_no_page_asks_for_anything_off_the_machine(visit: Visit) -> None:
    assert visit.record.elsewhere == []


@in_looks(*LOOKS)
def test_everything_that_a_page_asks_for_is_there(visit: Visit) -> None:
    assert visit.record.unanswered == []


@in_looks(LOOKS[0])
def test_a_page_shows_every_figure_of_its_notebook(name: str, visit: Visit) -> None:
    notebook = (SHOWN / name).with_suffix(".ipynb")
    if not notebook.is_file():
        pytest.skip("not a notebook")
    assert visit.figures == figures_of(notebook)


@pytest.fixture(params=["disk", "server"])
def page(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[Page]:
    """The landing page, from the disk and from a server."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        record = Record(context)
        page = context.new_page()
        page.goto((SITE.as_uri() + "/" if request.param == "disk" else server) + "index.html")
        yield page
        print("\n".join(record.console))
        assert record.elsewhere == []


def test_the_search_finds_pages_and_shows_lines_of_them(page: Page, screenshots: Path,
                                                        request: pytest.FixtureRequest) -> None:
    page.keyboard.press("Control+K")
    field = page.get_by_role("searchbox").locator("visible=true")
    field.fill("truncation")
    field.press("Enter")
    expect(page.locator("#search-results li").first).to_be_visible()
    expect(page.locator("#search-results .context").first).to_contain_text("truncat")
    page.screenshot(path=screenshots / f"site-{request.node.callspec.id}-search.jpg", quality=70,
                    type="jpeg")


def test_a_question_of_the_site_is_answered_by_keyboard(page: Page) -> None:
    page.get_by_role("link", name=re.compile("^01 ")).first.click()
    question = page.locator("fieldset").first
    question.locator("input").first.focus()
    for key, chosen in (("Space", 0), ("ArrowDown", 1)):
        page.keyboard.press(key)
        expect(question.locator("input").nth(chosen)).to_be_checked()
        expect(question.get_by_role("status")).to_have_text(ANSWER)


def test_the_sites_slider_obeys_the_keyboard_and_the_map_changes(page: Page) -> None:
    page.get_by_role("link", name=re.compile("^05 ")).first.click()
    slider = page.locator("form").filter(has=page.get_by_role("slider"))
    handle, figure = slider.get_by_role("slider").first, slider.locator("img").last
    before = figure.get_attribute("src")
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(figure).not_to_have_attribute("src", before)
