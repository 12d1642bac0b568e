"""Run one command and watch what it starts; nothing survives it.

    python -m grading.supervise PARENT COMMAND …

PARENT is the caller's process number: without the caller it ends, too. The last line on stdout
is JSON: {"status": the command's, "stopped": why its kernel was
stopped or ""}. Bounds: settings.py.
"""

import json
import os
import signal
import subprocess
import sys
import time

import psutil

from grading.isolation import adopt_orphans, die_with_parent
from grading.settings import Bounds

PAUSE = 0.1  # seconds between two looks
PATIENCE = 60  # seconds that nbgrader may take after its kernel was stopped


def offspring(but: int) -> list[psutil.Process]:
    """All that runs below this process, except one and what is dead already."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.pid != but and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def excess(processes: list[psutil.Process], seconds: float, bounds: Bounds) -> str:
    """Which bound is exceeded, or ""."""
    if len(processes) > bounds.processes:
        return f"more than {bounds.processes} processes"
    if seconds > bounds.total_seconds:
        return f"more than {bounds.total_seconds:.0f} seconds altogether"
    memory = 0
    for process in processes:
        try:
            memory += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    if memory > bounds.memory_bytes:
        return f"more than {bounds.memory_bytes / (1 << 30):g} GB of memory"
    return ""


def end(but: int = 0) -> None:
    """Kill all that runs below this process, except one; again while there is something."""
    for _ in range(100):
        processes = offspring(but)
        if not processes:
            return
        for process in processes:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(processes, timeout=1)


def watch(command: list[str], bounds: Bounds) -> tuple[int, str]:
    """Run the command; returns its status and why its offspring was stopped, or ""."""
    worker = subprocess.Popen(command)
    start, stopped, since = time.monotonic(), "", 0.0
    try:
        while worker.poll() is None:
            now = time.monotonic()
            if not stopped:
                stopped = excess(offspring(worker.pid), now - start, bounds)
                since = now
            if stopped:
                end(but=worker.pid)
                if now - since > PATIENCE:
                    worker.kill()
            time.sleep(PAUSE)
    finally:
        end()
    return worker.returncode, stopped


def main(parent: int, command: list[str]) -> int:
    """Watch the command; report in one line."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    adopt_orphans()
    die_with_parent(signal.SIGTERM)
    if os.getppid() != parent:
        return 1  # it ended before this process could take notice
    status, stopped = watch(command, Bounds())
    print(json.dumps({"status": status, "stopped": stopped}))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
