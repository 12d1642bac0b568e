"""Is everything in place? Run ``python -m labutils.doctor``."""

import importlib
import importlib.metadata
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MEND = "pip install -r requirements.txt"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    ok: bool
    subject: str
    detail: str
    mend: str = ""

    def __str__(self) -> str:
        line = f"[{'OK' if self.ok else 'FAIL'}] {self.subject}: {self.detail}"
        return line if self.ok else f"{line}\n       mend: {self.mend}"


def examine() -> Iterator[Finding]:
    """Python, the packages, then the pictures and weights that would be used."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(sys.version_info >= (3, 11), "Python", version, "install Python 3.11 or newer")
    for package, wanted in requirements().items():
        yield package_finding(package, wanted)
    yield working_finding("classroom folder", _classroom, "LAB_DATA")
    yield working_finding("pictures", _pictures, "LAB_PICTURES")
    yield working_finding("weights", _weights, "LAB_WEIGHTS")
    yield working_finding("saliency map", _saliency, "LAB_PICTURES", "LAB_WEIGHTS")


def requirements() -> dict[str, str]:
    """Package → version range: from requirements.txt, else from labutils' metadata."""
    path = Path(__file__).resolve().parent.parent / "requirements.txt"
    if path.is_file():
        lines = [line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines()]
    else:
        lines = importlib.metadata.requires("smoothgrad-lab") or []
    parts = [re.match(r"([A-Za-z0-9._-]+)\s*(.*)", line) for line in lines if line]
    return {part[1]: part[2] for part in parts if part}


def package_finding(package: str, wanted: str) -> Finding:
    """Whether a package is installed in a version that will do."""
    from packaging.specifiers import SpecifierSet

    try:
        found = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return Finding(False, package, f"missing, wanted {wanted}", MEND)
    fits = SpecifierSet(wanted).contains(found, prereleases=True)
    return Finding(fits, package, f"{found} (wanted {wanted})", MEND)


def working_finding(subject: str, check: Callable[[], str], *variables: str) -> Finding:
    """Whether check() works; what it returns is the detail.

    Args:
        variables: the environment's, which may be at fault when they are set.
    """
    try:
        return Finding(True, subject, check())
    except Exception as error:  # whatever it is, the report goes on
        suspects = [f"check {v}, which is {os.environ[v]!r}" for v in variables if os.getenv(v)]
        mend = "; ".join(suspects) or MEND
        return Finding(False, subject, f"{type(error).__name__}: {error}", mend)


def _classroom() -> str:
    folder = importlib.import_module("labutils.files.folders").classroom_folder()
    return "none, LAB_DATA is not set" if folder is None else str(folder)


def _pictures() -> str:
    return importlib.import_module("labutils.pictures").load_pictures().source


def _weights() -> str:
    model = importlib.import_module("labutils.network").load_squeezenet()
    return f"{model.source}, on {next(model.parameters()).device}"


def _saliency() -> str:
    pictures = importlib.import_module("labutils.pictures").load_pictures(num=1)
    model = importlib.import_module("labutils.network").load_squeezenet()
    saliency = importlib.import_module("labutils.saliency").compute_saliency_maps(
        pictures.X, pictures.y, model)
    return f"computed for one picture, shape {tuple(saliency.shape)}"


def main() -> int:
    """Print the report; 0 when all is well, else 1."""
    if hasattr(sys.stdout, "reconfigure"):  # a terminal without "…" is no reason to stop
        sys.stdout.reconfigure(errors="replace")
    findings = []
    for finding in examine():
        findings.append(finding)
        print(finding)
    bad = sum(not finding.ok for finding in findings)
    print("All is well." if not bad else f"{bad} of {len(findings)} checks failed.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
