"""Many submissions at once, by Dask: on this computer, or over the cluster that SCHEDULER names.

    dask scheduler
    dask worker tcp://HOST:8786 --nthreads 1      in the project's folder, one for each core

The workers see the same files under the same paths, and each has bubblewrap.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict

from grading.execution.grade import FAILED, Job
from grading.settings import ROOT


def results(jobs: list[Job], at_once: int) -> Iterator[tuple[int, dict]]:
    """The place of each job and its record, as they end; each exactly once, for what a worker
    that ends has not finished another one begins anew.

    Args:
        at_once: how many run together on this computer.
    """
    if not jobs:
        return
    from distributed import Client, as_completed  # a second that an unchanged class need not wait

    address = os.environ.get("SCHEDULER")
    # Threads of this process that wait for others. Dask's two pages stay on this computer.
    here = {"n_workers": 1, "threads_per_worker": max(1, at_once), "processes": False,
            "memory_limit": 0, "dashboard_address": "127.0.0.1:0",
            "worker_dashboard_address": "127.0.0.1:0"}
    with Client(address) if address else Client(**here) as client:
        # One by one: Dask warns of large orders.
        futures = [client.submit(graded_apart, job, pure=False) for job in jobs]
        places = {future.key: place for place, future in enumerate(futures)}
        for future, record in as_completed(futures, with_results=True, raise_errors=False):
            if future.status == "error":
                record = FAILED | {"log": f"on the cluster: {future.exception()}"}
            yield places[future.key], record


def graded_apart(job: Job) -> dict:
    """The record of one submission, made by a process of its own, which ends with this one."""
    # A session of its own: Ctrl-C is for who asked, and its end is seen in any case.
    with subprocess.Popen([sys.executable, "-m", "grading.execution.grade"], cwd=ROOT, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors="replace", start_new_session=True) as process:
        try:
            process.stdin.write(json.dumps(asdict(job)) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # what it says tells why
        told = process.stdout.read()
    last = (told.splitlines() or [""])[-1]
    return json.loads(last) if last.startswith("{") else FAILED | {"log": told[-1000:]}
