"""Run small independent jobs on every core, results in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Job = TypeVar("Job")
Result = TypeVar("Result")


def map_in_order(
    function: Callable[[Job], Result], jobs: Iterable[Job], device: torch.device
) -> Iterator[Result]:
    """Yield function(job) for every job, in order.

    On the CPU one thread per core, each computing alone: two cores that each
    work on their own noisy copies never wait for each other inside a layer
    (8.6 ms a copy against 9.6 ms when both share every layer). The results do
    not depend on the number of threads, because every job is computed by one.
    At most two jobs per thread are under way, so memory does not grow with
    the number of jobs. On a GPU the jobs simply follow each other.
    """
    if device.type != "cpu":
        yield from map(function, jobs)
        return
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    under_way = deque()
    # The caller adds up the results meanwhile; on two cores each addition would
    # wait for a core that is busy with a copy (1 ms a copy).
    torch.set_num_threads(1)
    try:
        for job in jobs:
            under_way.append(pool.submit(function, job))
            if len(under_way) >= 2 * threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        # The pool's setting is also the default of threads yet to come.
        torch.set_num_threads(threads)
