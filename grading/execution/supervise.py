"""Watch a command and what it starts; nothing survives it. Bounds: settings.py."""

import ctypes
import select
import subprocess
import sys
import time
from pathlib import Path

import psutil

from grading.settings import Bounds

PAUSE = 0.1  # seconds between two looks
GRACE = 10  # seconds after which a step's own time limit must have had an effect
ADOPT_ORPHANS = 36  # of prctl


def adopt_orphans() -> None:
    """Be the parent of what leaves its own; elsewhere than on Linux such processes may survive."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ADOPT_ORPHANS, ctypes.c_ulong(1), 0, 0, 0)


def watch(worker: subprocess.Popen, results: Path, bounds: Bounds) -> str:
    """Wait until a command has ended or must be stopped.

    Args:
        results: a file that it writes to with every step.

    Returns:
        Why it was stopped, or "".

    Raises:
        SystemExit: stdin has ended, so nobody waits for what would come.
    """
    start, stopped = time.monotonic(), ""
    try:
        while worker.poll() is None and not stopped:
            idle = time.time() - results.stat().st_mtime
            stopped = excess(offspring(), time.monotonic() - start, idle, bounds)
            if select.select([sys.stdin], [], [], PAUSE)[0]:
                sys.exit("nobody waits for this any more")
    finally:
        end()
    return stopped


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
