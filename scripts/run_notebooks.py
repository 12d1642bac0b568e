"""Execute notebooks in order into build/notebooks/; the sources are not changed.

    python scripts/run_notebooks.py notebooks/01_loading_data.ipynb …
"""

import re
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "notebooks"
CELL_SECONDS = 300
COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


def execute(path: Path) -> tuple[float, str]:
    """Run one notebook, write the result, return (seconds, "" or what went wrong)."""
    notebook = nbformat.read(path, as_version=4)
    # In the notebook's own folder, as in JupyterLab.
    # At the end the kernel is killed: to unload its libraries in order takes over a second.
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3",
                            shutdown_kernel="immediate", extra_arguments=["--log-level=ERROR"],
                            resources={"metadata": {"path": str(path.resolve().parent)}})
    start, fault = time.perf_counter(), ""
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        fault = describe(notebook, error)
    seconds = time.perf_counter() - start
    drop_progress_bars(notebook)
    nbformat.write(notebook, RESULTS / path.name)
    return seconds, fault


def drop_progress_bars(notebook: nbformat.NotebookNode) -> None:
    """Without a kernel a progress bar is stuck at 0 %, so it is no result to keep."""
    widget = "application/vnd.jupyter.widget-view+json"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if widget not in o.get("data", {})]


def describe(notebook: nbformat.NotebookNode, error: Exception) -> str:
    """Which cell failed, what it says, and the traceback."""
    # Cells are counted as JupyterLab does, code and text together. The one that
    # failed is the last that was started.
    started = [i for i, cell in enumerate(notebook.cells)
               if cell.cell_type == "code" and "execution" in cell.metadata]
    number = started[-1] if started else 0
    cell = notebook.cells[number]
    source = "\n".join("    " + line for line in cell.source.splitlines())
    tracebacks = ["\n".join(output.traceback) for output in cell.get("outputs", [])
                  if output.output_type == "error"]
    # A kernel that died or took too long leaves no traceback.
    reason = tracebacks[-1] if tracebacks else f"{type(error).__name__}: {error}"
    return (f"cell {number + 1} of {len(notebook.cells)}:\n\n{source}\n\n"
            + COLOUR_CODES.sub("", reason))


def main(paths: list[Path]) -> int:
    """Run them all; stop at the first that fails."""
    if not paths:
        print("There are no notebooks to run in notebooks/.", file=sys.stderr)
        return 1
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    print(f"Executing {len(paths)} notebooks into {RESULTS.relative_to(ROOT)}/")
    width, total = max(len(path.name) for path in paths), 0.0
    for path in paths:
        print(f"  {path.name:{width}}", end="  ", flush=True)
        seconds, fault = execute(path)
        total += seconds
        print(f"{seconds:6.1f} s", flush=True)
        if fault:
            print(f"\n{path.name} failed in {fault}\n"
                  f"What was computed until then: {RESULTS.relative_to(ROOT) / path.name}",
                  file=sys.stderr)
            return 1
    print(f"  {'total':{width}}  {total:6.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
