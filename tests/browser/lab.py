"""JupyterLab in a browser, on a copy of the notebooks: open one, run it, look at its cells."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import ROOT, Record
from playwright.sync_api import BrowserContext, Locator

MINUTE = 60_000  # milliseconds, as Playwright counts
# What a notebook says of itself and of its kernel. A figure is a picture or HTML with one.
STATE = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  const cells = [...(panel?.content?.widgets ?? [])].map(cell => ({
    source: cell.model.sharedModel.getSource(), code: cell.model.type === 'code',
    count: cell.model.executionCount, outputs: cell.model.outputs?.toJSON() ?? []}));
  return {kernel: panel?.sessionContext?.session?.kernel?.status, cells};
}"""
# Idle between two cells is not the end: every cell has its number then, or one failed.
DONE = f"""() => {{
  const {{kernel, cells}} = ({STATE})(), code = cells.filter(cell => cell.code && cell.source);
  return kernel === 'idle' && code.length > 0 && (code.every(cell => cell.count)
    || code.some(cell => cell.outputs.some(output => output.output_type === 'error')));
}}"""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """JupyterLab of .venv on a copy of the project in ``folder``; gives its address and token."""
    for name in ("labutils", "notebooks", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("LAB_", "PYTEST_"))}
    environment |= {f"JUPYTER_{kind.upper()}_DIR": str(folder / kind)
                    for kind in ("config", "runtime", "data")}
    with open(folder / "log.txt", "w") as log:
        server = subprocess.Popen(
            [ROOT / ".venv/bin/python", "-m", "jupyterlab", "--no-browser", "--allow-root",
             "--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={folder}",
             "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True"],
            cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield address_of(server, folder)
    finally:
        server.terminate()
        server.wait(30)


def address_of(server: subprocess.Popen, folder: Path) -> str:
    """Where the server can be reached, as soon as it says so itself: ``http://…/lab?token=…``."""
    for _ in range(600):
        for path in (folder / "runtime").glob("jpserver-*.json"):
            known = json.loads(path.read_text())
            return f"{known['url']}{{}}?token={known['token']}"
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{(folder / 'log.txt').read_text()}")


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, context: BrowserContext, address: str, path: str) -> None:
        """Open it, wait for its kernel, and forget its outputs."""
        self.record, self.name = Record(context), Path(path).stem
        self.page = page = context.new_page()
        # In a workspace of its own: else the notebooks opened before would be in the page, too.
        page.goto(address.format(f"lab/workspaces/{self.name}/tree/{path}"))
        page.wait_for_function(f"({STATE})().kernel === 'idle'", timeout=MINUTE)
        page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")

    def run_all(self) -> None:
        """Run every cell from the menu, and wait until the kernel is through."""
        for item in ("Run", "Run All Cells"):
            self.page.get_by_role("menuitem", name=item, exact=True).click()
        self.page.wait_for_function(DONE, timeout=5 * MINUTE)

    def cells(self) -> list[dict]:
        """Of each cell: {"source", "code", "count", "outputs"}."""
        return self.page.evaluate(STATE)["cells"]

    def errors(self) -> list[str]:
        """What went wrong in which cell."""
        return [f"cell {number}: {output['ename']}: {output['evalue']}"
                for number, cell in enumerate(self.cells()) for output in cell["outputs"]
                if output["output_type"] == "error"]

    def cell(self, number: int) -> Locator:
        """A cell on the screen; what is far from it JupyterLab takes out of the page."""
        self.page.evaluate("async number => { const notebook = "
                           "jupyterapp.shell.currentWidget.content; "
                           "notebook.activeCellIndex = number; "
                           "await notebook.scrollToItem(number, 'start'); }", number)
        return self.page.locator(f'.jp-Cell[data-windowed-list-index="{number}"]')

    def number_of(self, begin: str) -> int:
        """Which cell has a line that begins so."""
        return next(number for number, cell in enumerate(self.cells()) if cell["code"] and any(
            line.startswith(begin) for line in cell["source"].splitlines()))

    def write(self, number: int, source: str) -> None:
        """Replace a cell's text, as a student does, and run it."""
        editor = self.cell(number).locator(".cm-content")
        editor.click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(source)
        self.run(number)

    def run(self, number: int) -> None:
        """Run one cell by keyboard and wait until the kernel is through."""
        before = self.cells()[number]["count"]
        self.cell(number).locator(".cm-content").focus()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            f"([number, before]) => {{ const {{kernel, cells}} = ({STATE})(); return kernel === "
            "'idle' && cells[number].count > before; }", arg=[number, before], timeout=MINUTE)
