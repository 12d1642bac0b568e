"""Data files of installed packages, found without importing the packages."""

import importlib.metadata
from pathlib import Path


def package_file(package: str, pattern: str) -> list[Path]:
    """Files of an installed package, without importing it.

    Raises:
        FileNotFoundError: the package is missing or has no such file.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    paths = sorted(Path(f.locate()) for f in files if f.match(pattern))
    if not paths:
        raise FileNotFoundError(
            f"The package {package} is not installed (no file {pattern}); "
            "run: pip install -r requirements.txt"
        )
    return paths
