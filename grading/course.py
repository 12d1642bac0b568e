"""The course folder: nbgrader's sources, the gradebook's tables, the sandboxed kernel."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from traitlets.config.loader import PyFileConfigLoader

from grading.release import is_graded
from grading.settings import ROOT, Bounds, Home, home, notebooks, students_python

KERNEL = "graded"


def read(path: Path) -> NotebookNode:
    """A notebook in the newest format."""
    return nbformat.read(path, as_version=4)


def homework() -> dict[str, Path]:
    """Name and path of every notebook that has cells to grade."""
    paths = sorted(notebooks().glob("*.ipynb"))
    return {path.stem: path for path in paths if is_graded(read(path))}


def nbgrader() -> NbGraderAPI:
    """nbgrader with our configuration and the sandboxed kernel."""
    # nbgrader starts alembic, which lies beside its Python.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["JUPYTER_PATH"] = str(home().kernels)
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT / "grading"))
    return NbGraderAPI(config=loader.load_config())


@dataclass(frozen=True)
class Homework:
    """One homework notebook, with its solutions and as it was handed out.

    Attributes:
        source: with solutions and hidden tests.
        released: what nbgrader makes of it; its cells are those to grade.
        student: the student version, which has some texts more.
    """

    source: NotebookNode
    released: NotebookNode
    student: NotebookNode


def prepare() -> tuple[dict[str, Homework], str]:
    """Bring the course folder up to date.

    Returns:
        Every homework notebook, by name; and "", or why students' code cannot be isolated on
        this computer.

    Raises:
        SystemExit: with what to do, when nbgrader refuses a notebook.
    """
    course = home()
    course.folder.mkdir(parents=True, exist_ok=True)
    weakness = write_kernel(course)
    api = None
    for name, path in homework().items():
        source = read(path)
        source.metadata["kernelspec"] = {"name": KERNEL, "display_name": KERNEL,
                                         "language": "python"}
        text = nbformat.writes(source)
        target = course.source / name / f"{name}.ipynb"
        released = course.folder / "release" / name / f"{name}.ipynb"
        if released.is_file() and target.is_file() and target.read_text("utf-8") == text:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        api = api or nbgrader()
        result = api.generate_assignment(name, force=True, create=True)
        if not result["success"]:
            target.unlink()
            raise SystemExit(f"nbgrader refuses {path.name}:\n{result.get('log', '')}"
                             f"{result.get('error', '')}")
    return {name: Homework(read(course.source / name / f"{name}.ipynb"),
                           read(course.folder / "release" / name / f"{name}.ipynb"),
                           read(notebooks() / "student" / f"{name}.ipynb"))
            for name in homework()}, weakness


def write_kernel(course: Home) -> str:
    """Write the kernelspec and the sandbox's settings; returns why isolation is off, or ""."""
    python, sandbox = str(students_python()), str(ROOT / "grading" / "sandbox.py")
    # -P: what lies beside sandbox.py must not hide a module of the same name.
    start = [python, "-P", sandbox, "--settings", str(course.sandbox), "--connection"]
    settings = {"project": str(ROOT), "memory_bytes": Bounds().memory_bytes, "isolate": True}
    course.sandbox.write_text(json.dumps(settings), "utf-8")
    weakness = why_not_isolated(start, python)
    settings["isolate"] = not weakness
    course.sandbox.write_text(json.dumps(settings), "utf-8")
    folder = course.kernels / "kernels" / KERNEL
    folder.mkdir(parents=True, exist_ok=True)
    file = "{connection_file}"
    spec = {"display_name": KERNEL, "language": "python", "interrupt_mode": "signal",
            "argv": [*start, file, python, "-m", "ipykernel_launcher", "-f", file]}
    (folder / "kernel.json").write_text(json.dumps(spec, indent=1), "utf-8")
    return weakness


def why_not_isolated(start: list[str], python: str) -> str:
    """Try the sandbox; "" when it works."""
    if os.environ.get("GRADING_SANDBOX") == "off":
        return "GRADING_SANDBOX is off"
    with TemporaryDirectory(prefix="k") as folder:
        trial = subprocess.run([*start, f"{folder}/kernel.json", python, "-c",
                                "import ipykernel, labutils"], capture_output=True, text=True)
    if trial.returncode == 0:
        return ""
    lines = trial.stderr.strip().splitlines()
    return lines[-1] if lines else f"the sandbox ended with status {trial.returncode}"
