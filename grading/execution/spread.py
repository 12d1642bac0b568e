"""Many submissions at once: on this computer, or over a Dask cluster that SCHEDULER names.

    dask scheduler
    dask worker tcp://HOST:8786 --nthreads 1      in the project's folder, one for each core

The workers see the same files under the same paths, and each has bubblewrap.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

import psutil

from grading.execution.grade import Job, grade


def results(jobs: list[Job], at_once: int, lock: int) -> Iterator[tuple[int, dict]]:
    """The place of each job and what came of it, as they end; each exactly once.

    Args:
        at_once: how many run together on this computer.
        lock: a file that the supervisors on this computer keep open.
    """
    if address := os.environ.get("SCHEDULER"):
        yield from over_cluster(jobs, address)
        return
    pool = ThreadPoolExecutor(max(1, at_once))
    places: dict[Future, int] = {pool.submit(grade, job, lock): place
                                 for place, job in enumerate(jobs)}
    try:
        for future in as_completed(places):
            yield places[future], future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in places):  # after Ctrl-C only
            for child in psutil.Process().children():
                child.terminate()
            time.sleep(0.1)


def over_cluster(jobs: list[Job], address: str) -> Iterator[tuple[int, dict]]:
    """The same, with Dask: what a worker that ends has not finished another one begins anew."""
    from distributed import Client  # only who has a cluster needs it
    from distributed import as_completed as ended

    with Client(address) as client:
        futures = client.map(grade, jobs, pure=False)
        places = {future.key: place for place, future in enumerate(futures)}
        for future, outcome in ended(futures, with_results=True, raise_errors=False):
            if future.status == "error":
                outcome = {"done": False, "answers": {}, "stops": [], "ended": "", "seconds": 0,
                           "log": f"on the cluster: {future.exception()}"}
            yield places[future.key], outcome
