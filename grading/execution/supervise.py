"""Run one command and watch what it starts; nothing survives it.

    python -m grading.execution.supervise PARENT ORDER RESULTS VARIABLES COMMAND …

PARENT is the caller's process number: without the caller it ends, too. The command reads the file
ORDER, writes to the file RESULTS and has the environment VARIABLES (JSON). The last line on stdout
is JSON: {"stopped": why the command was, or ""}. Bounds: settings.py.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from grading.settings import Bounds

PAUSE = 0.1  # seconds between two looks
GRACE = 10  # seconds after which a step's own time limit must have had an effect
FILE_BYTES = 256 << 20
PARENT_DEATH_SIGNAL, ADOPT_ORPHANS = 1, 36  # of prctl, on Linux


def limit(memory_bytes: int) -> None:
    """Bound what this process and its children may take, each for itself."""
    # Libraries map much that they never touch, so addresses are worth less than memory.
    bounds = {"RLIMIT_DATA": memory_bytes, "RLIMIT_AS": memory_bytes + (4 << 30),
              "RLIMIT_FSIZE": FILE_BYTES, "RLIMIT_CORE": 0}
    if sys.platform != "linux":
        bounds.pop("RLIMIT_DATA")
    for name, value in bounds.items():
        hard = resource.getrlimit(getattr(resource, name))[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(getattr(resource, name), (value, value))


def offspring() -> list[psutil.Process]:
    """All that runs below this process, except what is dead already."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def excess(processes: list[psutil.Process], seconds: float, idle: float, bounds: Bounds) -> str:
    """Which bound is exceeded, or "".

    Args:
        seconds: since the beginning.
        idle: seconds since the last word about a step.
    """
    if len(processes) > bounds.processes:
        return f"more than {bounds.processes} processes"
    if seconds > bounds.total_seconds:
        return f"more than {bounds.total_seconds:.0f} seconds altogether"
    if idle > bounds.cell_seconds + GRACE:
        return "did not stop when its time was over"
    memory = 0
    for process in processes:
        try:
            memory += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    if memory > bounds.memory_bytes:
        return f"more than {bounds.memory_bytes / (1 << 30):g} GB of memory"
    return ""


def end() -> None:
    """Kill all that runs below this process; again while there is something."""
    for _ in range(100):
        processes = offspring()
        if not processes:
            return
        for process in processes:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(processes, timeout=1)


def watch(command: list[str], variables: dict[str, str], order: Path, results: Path,
          bounds: Bounds) -> str:
    """Run the command; returns why it was stopped, or ""."""
    with order.open("rb") as asked, results.open("wb") as told:
        worker = subprocess.Popen(command, stdin=asked, stdout=told, env=variables,
                                  cwd=variables["HOME"] if command[0] != "bwrap" else "/",
                                  preexec_fn=lambda: limit(bounds.memory_bytes))
    start, stopped = time.monotonic(), ""
    try:
        while worker.poll() is None and not stopped:
            idle = time.time() - results.stat().st_mtime
            stopped = excess(offspring(), time.monotonic() - start, idle, bounds)
            time.sleep(PAUSE)
    finally:
        end()
    return stopped


def control(option: int, value: int) -> None:
    """Call prctl; elsewhere than on Linux processes that hide from their group may survive."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def main(arguments: list[str]) -> int:
    """Watch the command; report in one line."""
    parent, order, results, variables, *command = arguments
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    control(ADOPT_ORPHANS, 1)
    control(PARENT_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != int(parent):
        return 1  # it ended before this process could take notice
    stopped = watch(command, json.loads(variables), Path(order), Path(results), Bounds())
    print(json.dumps({"stopped": stopped}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
