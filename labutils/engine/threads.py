"""Run small independent jobs on every core, results in order."""

import copy
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import cache
from queue import SimpleQueue
from typing import TypeVar

import torch
from torch import nn

from labutils.engine.squeezenet import is_hooked

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


@contextmanager
def plain_torch(device_type: str, dtype: torch.dtype = torch.float32) -> Iterator[None]:
    """Gradients on, no inference mode, autocast for ``dtype`` alone: the same in every thread."""
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.autocast(
            device_type, dtype if dtype is not torch.float32 else None,
            enabled=dtype is not torch.float32))
        yield


class Lender:
    """Lends a model to one job at a time, because a model may keep state in its forward pass.

    Args:
        model: the caller's.
        count: how many jobs would like one at the same time.

    Attributes:
        count: for how many there is one. Copies share the parameters; a model with hooks,
            which may write anywhere, and one that cannot be copied, is lent alone.
    """

    def __init__(self, model: nn.Module, count: int) -> None:
        self._models: SimpleQueue[nn.Module] = SimpleQueue()
        models = [model, *_replicas(model, count - 1)]
        for each in models:
            self._models.put(each)
        self.count = len(models)

    @contextmanager
    def lend(self) -> Iterator[nn.Module]:
        """A model that nobody else runs meanwhile."""
        model = self._models.get()
        try:
            yield model
        finally:
            self._models.put(model)


def _replicas(model: nn.Module, count: int) -> list[nn.Module]:
    if is_hooked(model):
        return []
    try:
        return [copy.deepcopy(model, {id(p): p for p in model.parameters()})
                for _ in range(count)]
    except Exception:  # whatever the model holds that cannot be copied
        return []


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
