"""Where grading keeps its files, and the bounds within which students' code runs.

Every bound can be set in the environment: GRADING_CELL_SECONDS=20 make grade SUBMISSIONS=…
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _number(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text or default)
    except ValueError:
        value = -1
    if value <= 0:
        raise SystemExit(f"{name} is {text!r}; expected a number above 0, or nothing at all.")
    return value


@dataclass(frozen=True)
class Bounds:
    """What one submission may take."""

    cell_seconds: int = field(default_factory=lambda: int(_number("GRADING_CELL_SECONDS", 60)))
    total_seconds: float = field(default_factory=lambda: _number("GRADING_TOTAL_SECONDS", 900))
    memory_bytes: int = field(
        default_factory=lambda: int(_number("GRADING_MEMORY_GB", 4) * (1 << 30)))
    processes: int = field(default_factory=lambda: int(_number("GRADING_PROCESSES", 48)))
    picture_characters: int = 2_000_000  # of one picture, as it stands in the notebook
    pictures_characters: int = 4_000_000  # of all pictures of one cell
    file_bytes: int = 100 << 20  # of one submitted file
    figure_bytes: int = 10 << 20  # of one exported figure
    figures: int = 6  # of one student


@dataclass(frozen=True)
class Home:
    """The folder of one course: gradebook, submissions, results."""

    folder: Path

    @property
    def source(self) -> Path:
        """nbgrader's source notebooks, with solutions."""
        return self.folder / "source"

    @property
    def unpacked(self) -> Path:
        """What the submissions' zips held."""
        return self.folder / "unpacked"

    @property
    def figures(self) -> Path:
        """Exported figures as they were handed in, by student."""
        return self.folder / "figures"

    @property
    def autograded(self) -> Path:
        """The submissions as the pages show them."""
        return self.folder / "autograded"

    @property
    def feedback(self) -> Path:
        """nbgrader's pages for students."""
        return self.folder / "feedback"

    @property
    def records(self) -> Path:
        """One JSON file per submission: what happened to it."""
        return self.folder / "records"

    @property
    def database(self) -> str:
        """The gradebook's address: DATABASE_URL, else a file in the folder."""
        file = self.folder / "gradebook.db"
        return os.environ.get("DATABASE_URL") or f"sqlite:///{file}?timeout=60"


def home() -> Home:
    """The folder named by GRADING_HOME, else build/grading/."""
    return Home(Path(os.environ.get("GRADING_HOME") or ROOT / "build" / "grading").resolve())


def notebooks() -> Path:
    """The folder of the homework notebooks: GRADING_NOTEBOOKS, else notebooks/."""
    return Path(os.environ.get("GRADING_NOTEBOOKS") or ROOT / "notebooks").resolve()


def students_python() -> Path:
    """The Python that has torch; not resolved, or it would leave its environment."""
    return ROOT / ".venv" / "bin" / "python"
