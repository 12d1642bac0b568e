"""Install in Google Colab what the notebooks import and Colab lacks; nothing else.

Run by the set-up cell as a script, before anything else of labutils can be
imported. Nothing that is installed is upgraded: a newer torch or numpy would
need a restart of the notebook.
"""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path


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


def main() -> None:
    """Install what is missing, without its dependencies: Colab has those."""
    path = Path(__file__).resolve().parents[2] / "requirements.txt"
    packages = missing(path.read_text("utf-8"))
    if packages:
        print("Installing", ", ".join(packages))
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *packages],
                       check=True)


if __name__ == "__main__":
    main()
