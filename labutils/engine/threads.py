"""Run small independent jobs on every core, results in order."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import torch

Job = TypeVar("Job")
Result = TypeVar("Result")


def workers(device: torch.device) -> int:
    """How many jobs can be computed at the same time: one a core, or one on a GPU."""
    return torch.get_num_threads() if device.type == "cpu" else 1


def map_in_order(
    function: Callable[[Job], Result], jobs: Iterable[Job], count: int
) -> Iterator[Result]:
    """Yield function(job) for every job, in order, ``count`` of them at the same time.

    One thread per core, each computing alone: two cores that each work on their own
    noisy copies never wait for each other inside a layer. The results do not depend on
    the number of threads, because every job is computed by one. At most two jobs per
    thread are under way, so memory does not grow with the number of jobs. The caller's
    thread is left as it is, so nothing has to be put right however this ends.
    """
    if count == 1:
        yield from map(function, jobs)
        return
    pool = _pool(count)
    under_way = deque()
    try:
        for job in jobs:
            under_way.append(pool.submit(function, job))
            if len(under_way) >= 2 * count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for future in under_way:
            future.cancel()
        wait(under_way)


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch computes in the caller's thread alone.

    For small sums while every core is busy with copies: each would wait for a second core
    (1 ms a copy). Nobody else's code may run inside.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that compute alone; kept, because a new thread's first jobs are slow.

    The memory of a fresh thread has to come from the system page by page: 12 ms
    for every call of smoothgrad with n = 50.
    """
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, initializer=_compute_alone)
    # All start here and now: each lowers the number that further new threads begin with.
    all_started = threading.Barrier(threads)
    list(pool.map(lambda _: all_started.wait(), range(threads)))
    torch.set_num_threads(before)
    return pool


def _compute_alone() -> None:
    torch.set_num_threads(1)
    torch.get_num_threads()  # from now on this thread heeds nobody else's number
    # After one large block the C library keeps what is freed, up to twice its size, instead of
    # handing it back and faulting it in again page by page with every batch.
    torch.empty(31 * 2**20, dtype=torch.uint8)


if hasattr(os, "register_at_fork"):  # A forked process has the pool but not its threads.
    os.register_at_fork(after_in_child=_pool.cache_clear)
