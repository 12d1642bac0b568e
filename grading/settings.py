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


def home() -> Path:
    """The course's folder, with gradebook, records and results: GRADING_HOME, else
    build/grading/."""
    return Path(os.environ.get("GRADING_HOME") or ROOT / "build" / "grading").resolve()


def database() -> str:
    """The gradebook's address: DATABASE_URL, else a file in the course's folder."""
    return os.environ.get("DATABASE_URL") or f"sqlite:///{home() / 'gradebook.db'}?timeout=60"


def notebooks() -> Path:
    """The folder of the homework notebooks: GRADING_NOTEBOOKS, else notebooks/."""
    return Path(os.environ.get("GRADING_NOTEBOOKS") or ROOT / "notebooks").resolve()


def students_python() -> Path:
    """The Python that has torch; not resolved, or it would leave its environment."""
    return ROOT / ".venv" / "bin" / "python"
