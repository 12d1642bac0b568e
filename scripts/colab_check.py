"""Try what students meet in Google Colab, with its versions: make colab-check

    .venv-colab/bin/python scripts/colab_check.py [faults] [01 02 …] [student/01 …]

Every notebook and hand-out runs from a folder that holds nothing else; its set-up cell fetches
the project by file://. Before that every fault of the set-up cell is brought about, and what
Colab would show of it is compared. A line for each case; the exit status is 1 if one fails.
What was executed is kept in build/colab/.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import nbformat
from colab_faults import Case, cases
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "colab"
CELL_SECONDS = 600
FAULTS = "faults"
ENDED = "colab-check: a kernel was ended (Ctrl-C, or too little memory), so the check ends here."
SHOWN = ("torch", "numpy", "ipython", "ipywidgets")

# IPython runs it when a kernel starts. Like Colab, it adds a note to every ImportError.
STAND_IN = '''\
import sys, types
sys.modules["google.colab"] = types.ModuleType("google.colab")

def with_note(shell, etype, error, traceback, tb_offset=None):
    lines = shell.InteractiveTB.structured_traceback(etype, error, traceback, tb_offset=tb_offset)
    shell._showtraceback(etype, error, [*lines, "NOTE: If your import is failing due to a missing "
                                        "package, you can install it using !pip or !apt."])

get_ipython().set_custom_exc((ImportError,), with_note)
'''


def git(*arguments: str | Path, folder: Path = ROOT) -> str:
    """What git printed."""
    return subprocess.run(["git", "-c", "user.name=check", "-c", "user.email=check@example.org",
                           *arguments], cwd=folder, check=True, capture_output=True,
                          text=True).stdout.strip()


def snapshot(target: Path) -> str:
    """The address of a new repository whose main is the checkout, with what is not committed."""
    git("init", "--quiet", "--bare", "--initial-branch=main", target)
    git("config", "receive.shallowUpdate", "true", folder=target)  # the checkout may be shallow
    commit = git("stash", "create") or git("rev-parse", "HEAD")
    git("push", "--quiet", target, f"{commit}:refs/heads/main")
    return f"file://{target}"


def environment(work: Path, **changes: str) -> dict[str, str]:
    """Variables of a kernel: the shell's, without what would reveal or alter the project."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LAB_", "PYTHONPATH"))}
    return clean | {"IPYTHONDIR": str(work / "ipython")} | changes


def execute(notebook: NotebookNode, folder: Path, variables: dict[str, str]) -> str:
    """Run a notebook in folder; "" or in one line what went wrong.

    Raises:
        SystemExit: the kernel was ended; nbclient makes this of Ctrl-C, too.
    """
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3",
                            resources={"metadata": {"path": str(folder)}})
    try:
        client.execute(env=variables)
    except CellTimeoutError as error:
        return str(error).splitlines()[0]
    except CellExecutionError as error:
        if error.ename != "KeyboardInterrupt":
            return f"{error.ename}: {error.evalue}".splitlines()[0]
        raise SystemExit(ENDED) from error
    except DeadKernelError as error:
        raise SystemExit(ENDED) from error
    return ""


def fault(case: Case, setup: str, work: Path) -> str:
    """Bring one fault about; "" or what is wrong with what the student sees."""
    folder = work / "faults" / case.name.replace(" ", "-")
    folder.mkdir(parents=True)
    case.prepare(folder)
    notebook = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell(setup), nbformat.v4.new_code_cell("import labutils.verdicts")])
    execute(notebook, folder, environment(work, **case.variables))
    first, later = notebook.cells
    case.shown = "" if case.sentence else "no word of it is shown"
    if not case.sentence:
        wrong = [o for cell in notebook.cells for o in cell.outputs if o.get("name") != "stdout"]
        return f"it did not heal: {wrong}" if wrong else ""
    errors = [o for o in first.outputs if o.output_type == "error"]
    others = [o for o in first.outputs if o not in errors and o.get("name") != "stdout"]
    lines = [line for error in errors for line in error.traceback]
    if lines:
        case.shown = lines[0]
    if later.execution_count is not None:
        return "the next cell ran all the same"
    if len(lines) != 1 or others or "\n" in lines[0]:
        return f"more than one line is shown: {lines} {others}"
    expected = re.compile("Set-up stopped: " + case.sentence, re.DOTALL)
    return "" if expected.fullmatch(lines[0]) else f"another sentence: {lines[0]}"


def run(path: Path, address: str, work: Path) -> tuple[str, str]:
    """Run one notebook alone in an empty folder: (what went wrong or "", a remark)."""
    inside = path.relative_to(ROOT / "notebooks")
    folder, result = work / inside.with_suffix(""), RESULTS / inside
    folder.mkdir(parents=True)
    notebook = nbformat.read(path, as_version=4)
    wrong = execute(notebook, folder, environment(work, LAB_REPO_URL=address))
    result.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, result)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    warned = [o.text.strip().splitlines()[0] for cell in code for o in cell.outputs
              if o.get("name") == "stderr" and o.text.strip()]
    moments = code[0].metadata.get("execution", {})
    remark = ""
    if "iopub.status.idle" in moments:
        begun, ended = (datetime.fromisoformat(moments[f"iopub.status.{state}"])
                        for state in ("busy", "idle"))
        remark = f"set-up {(ended - begun).total_seconds():.1f} s"
    return wrong, remark + (f"; on stderr: {warned[0][:80]}" if warned else "")


def freeze() -> dict[str, str]:
    """Version of every installed package."""
    listed = subprocess.run([sys.executable, "-m", "pip", "list", "--format=json",
                             "--disable-pip-version-check"], check=True, capture_output=True)
    return {entry["name"]: entry["version"] for entry in json.loads(listed.stdout)}


def lacking() -> list[str]:
    """What the notebooks import and Colab lacks; it is not installed when this returns."""
    def names(text: str) -> set[str]:
        return {found.lower() for found in re.findall(r"^([\w-]+)[=<>]", text, re.MULTILINE)}
    imports = (ROOT / "requirements.txt").read_text("utf-8").split("# [local]")[0]
    has = names((ROOT / "scripts" / "colab_versions.txt").read_text("utf-8"))
    packages = sorted(names(imports) - has)
    subprocess.run([sys.executable, "-m", "pip", "uninstall", "--yes", "--quiet",
                    "--root-user-action=ignore", *packages], check=True, capture_output=True)
    return packages


def upgraded(before: dict[str, str], after: dict[str, str], allowed: list[str]) -> str:
    """"" or which packages have changed."""
    changed = [name for name in before if after.get(name) != before[name]]
    more = [name for name in after if name not in before and name.lower() not in allowed]
    return ", ".join(changed + more)


def tell(name: str, wrong: str, remark: str, seconds: float) -> bool:
    """Print a case's line; whether it passed."""
    print(f"{'FAILED' if wrong else 'ok':6} {name:42} {seconds:6.1f} s  {wrong or remark}",
          flush=True)
    return not wrong


def chosen(arguments: list[str]) -> list[Path]:
    """Notebooks and hand-outs, all or those that the arguments name."""
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    paths += sorted((ROOT / "notebooks" / "student").glob("*.ipynb"))
    wanted = [name for name in arguments if name != FAULTS]
    return [path for path in paths if not arguments or any(
        str(path.relative_to(ROOT / "notebooks")).startswith(name) for name in wanted)]


def every_case(arguments: list[str], work: Path) -> list[bool]:
    """Run what the arguments name, or everything; which cases passed."""
    startup = work / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-colab.py").write_text(STAND_IN, "utf-8")
    address, passed = snapshot(work / "lab.git"), []
    if not arguments or FAULTS in arguments:
        first = nbformat.read(sorted((ROOT / "notebooks").glob("*.ipynb"))[0], as_version=4)
        setup = next(cell.source for cell in first.cells if cell.cell_type == "code")
        for case in cases(address, work):
            start = time.perf_counter()
            wrong = fault(case, setup, work)
            passed.append(tell(case.name, wrong, case.shown, time.perf_counter() - start))
    for path in chosen(arguments):
        start = time.perf_counter()
        wrong, remark = run(path, address, work)
        name = str(path.relative_to(ROOT / "notebooks").with_suffix(""))
        passed.append(tell(name, wrong, remark, time.perf_counter() - start))
    return passed


def main(arguments: list[str]) -> int:
    """Run what the arguments name, or everything."""
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # no hints for those who debug a kernel
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    print(f"Python {ours}" + ("" if ours == "3.13" else " for want of Colab's 3.13") + ", "
          + ", ".join(f"{name} {version(name)}" for name in SHOWN), flush=True)
    packages = lacking()
    before, begun = freeze(), time.perf_counter()
    # Not within the project, which the set-up cell would find.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        passed = every_case(arguments, Path(folder))
    after = freeze()
    wrong = upgraded(before, after, packages)
    new = [f"{name} {after[name]}" for name in after if name not in before]
    passed.append(tell("nothing upgraded", wrong, f"{len(before)} packages as before; new: "
                       + (", ".join(new) or "none"), time.perf_counter() - begun))
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
