"""What the tests in a browser share: Chromium, and a record of what its pages asked for and said.

They run in .venv-browser, which has neither torch nor the project's other tests:
``make browser-check``.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ANSWER = re.compile(r"^(Right|Not quite)\. .+")  # to a question
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


class Record:
    """What the pages of one context ask for and say."""

    def __init__(self, context: BrowserContext) -> None:
        """Write down from now on."""
        self.console: list[str] = []
        self.elsewhere: list[str] = []  # addresses that are not on this machine
        self.unanswered: list[str] = []  # what was not found, or broke off
        context.on("request", lambda request: self.asked(request.url))
        context.on("page", lambda page: page.on("websocket", lambda ws: self.asked(ws.url)))
        context.on("requestfailed", self.failed)
        context.on("response", lambda answer: answer.status < 400 or self.unanswered.append(
            f"{answer.status} {answer.url}"))
        context.on("console", lambda said: self.console.append(f"{said.type}: {said.text}"))
        context.on("weberror", lambda error: self.console.append(f"uncaught: {error.error}"))

    def asked(self, url: str) -> None:
        """An address: does it lead off the machine?"""
        address = urlsplit(url)
        if address.scheme in {"http", "https", "ws", "wss"}:
            if address.hostname not in THIS_MACHINE:
                self.elsewhere.append(url)

    def failed(self, request: Request) -> None:
        """A request without an answer; one that the page itself gave up does not count."""
        if request.failure != "net::ERR_ABORTED":
            self.unanswered.append(f"{request.failure} {request.url}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail(f"no browser found, tried {', '.join(NAMES)}; "
                    "install one, in Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        # In a container its own sandbox cannot start; it opens nothing but this project's pages.
        chromium = playwright.chromium.launch(executable_path=path, chromium_sandbox=False)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The folder of screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS


def drawn(page: Page, selector: str) -> list[bool]:
    """Of each picture under a selector, whether it was really drawn."""
    page.wait_for_function("s => [...document.querySelectorAll(s)].every(i => i.complete)",
                           arg=selector)
    return page.locator(selector).evaluate_all("all => all.map(i => i.naturalWidth > 0)")


def figures_in(outputs: list[dict]) -> int:
    """How many figures a cell's outputs show: pictures, or HTML with pictures."""
    shown = [output["data"] for output in outputs if "data" in output]
    return sum("".join(data["text/html"]).count("<img") if "text/html" in data
               else any(kind.startswith("image/") for kind in data) for data in shown)


def figures_of(path: Path) -> int:
    """How many figures the outputs of a notebook's file show."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return sum(figures_in(cell.get("outputs", [])) for cell in cells)
