"""Install in Google Colab what the notebooks import and Colab lacks; nothing else.

Run by the set-up cell, before anything else of labutils can be imported. Nothing that is
installed is upgraded: a newer torch or numpy would need a restart of the notebook.
"""

import importlib
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

# Notices of pip's own would stand between the students and the lesson.
PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-input",
       "--disable-pip-version-check", "--root-user-action=ignore")


def missing(requirements: str) -> list[str]:
    """The lines under ``[imports]`` whose package is not installed at all."""
    wanted = requirements.split("# [imports]")[1].split("# [local]")[0].splitlines()[1:]
    lines = [line.split("#")[0].strip() for line in wanted]
    return [line for line in lines if line and not _installed(re.split("[<>=!~]", line)[0])]


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def main(error: type[Exception]) -> None:
    """Install what is missing, without its dependencies: Colab has those.

    Args:
        error: what to raise where pip fails; the set-up cell's is shown without a traceback.

    Raises:
        error: with one sentence: what was not installed, why, and what to do.
    """
    path = Path(__file__).resolve().parents[2] / "requirements.txt"
    packages = missing(path.read_text("utf-8"))
    if not packages:
        return
    print("Installing", ", ".join(packages))
    pip = subprocess.run([*PIP, *packages], capture_output=True, text=True)
    if pip.returncode:
        raise error(f"pip could not install {', '.join(packages)} ({reason(pip.stderr)}); check "
                    "the network, then run this cell again.")
    importlib.invalidate_caches()  # else the running notebook may not see what is new


def reason(stderr: str) -> str:
    """The line in which pip says why, without its retries."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["no reason was given"])[-1].strip()
