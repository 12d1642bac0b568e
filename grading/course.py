"""The course folder: nbgrader's sources and the gradebook's tables."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from traitlets.config.loader import PyFileConfigLoader

from grading.pages.release import is_graded
from grading.settings import ROOT, home, notebooks


def read(path: Path) -> NotebookNode:
    """A notebook in the newest format."""
    return nbformat.read(path, as_version=4)


def homework() -> dict[str, Path]:
    """Name and path of every notebook that has cells to grade."""
    paths = sorted(notebooks().glob("*.ipynb"))
    return {path.stem: path for path in paths if is_graded(read(path))}


def nbgrader() -> NbGraderAPI:
    """nbgrader with our configuration."""
    # nbgrader starts alembic, which lies beside its Python.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT / "grading"))
    return NbGraderAPI(config=loader.load_config())


@dataclass(frozen=True)
class Homework:
    """One homework notebook, with its solutions and as it was handed out.

    Attributes:
        source: with solutions and mark schemes.
        released: what nbgrader makes of it; its cells are those to grade.
        student: the student version, which has some texts more.
    """

    source: NotebookNode
    released: NotebookNode
    student: NotebookNode


def prepare() -> dict[str, Homework]:
    """Bring the course folder up to date.

    Returns:
        Every homework notebook, by name.

    Raises:
        SystemExit: with what to do, when nbgrader refuses a notebook.
    """
    sources, releases = home() / "source", home() / "release"
    api = None
    for name, path in homework().items():
        text = nbformat.writes(read(path))
        target, released = (folder / name / f"{name}.ipynb" for folder in (sources, releases))
        if released.is_file() and target.is_file() and target.read_text("utf-8") == text:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        released.unlink(missing_ok=True)  # until nbgrader has done it all
        target.write_text(text, "utf-8")
        api = api or nbgrader()
        result = api.generate_assignment(name, force=True, create=True)
        if not result["success"]:
            raise SystemExit(f"nbgrader refuses {path.name}:\n{result.get('log', '')}"
                             f"{result.get('error', '')}")
    return {name: Homework(read(sources / name / f"{name}.ipynb"),
                           read(releases / name / f"{name}.ipynb"),
                           read(notebooks() / "student" / f"{name}.ipynb"))
            for name in homework()}
