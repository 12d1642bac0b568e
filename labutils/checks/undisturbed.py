"""Leave the notebook's random numbers and settings as they were."""

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial

import numpy as np
import torch

Restore = Callable[[], object]
# Where the notebook creates tensors, when it does not say where; None outside a check.
_notebooks_device: ContextVar[torch.device | None] = ContextVar("device", default=None)


@contextmanager
def undisturbed(seed: int) -> Iterator[None]:
    """Inside: known random numbers and torch's own defaults. Afterwards: all as before.

    Restored are the global generators of torch (every device), numpy and Python, torch's number
    of threads, its grad mode, default dtype and default device, the handling of warnings. A
    generator of the student's own has moved on, as after any call.

    Args:
        seed: for the global generators, so that the same code gets the same feedback.
    """
    restores = [*_settings(), *_global_generators()]
    device = torch.get_default_device()
    token = _notebooks_device.set(device)
    try:
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        _set_defaults()
        # The probes are small: on a busy machine threads would mostly wait for each other.
        torch.set_num_threads(1)
        with warnings.catch_warnings(), np.errstate(), _creating_on(torch.device("cpu")):
            warnings.simplefilter("ignore")
            yield
    finally:
        _notebooks_device.reset(token)
        for restore in restores:
            restore()
        if torch.get_default_device() != device:
            torch.set_default_device(device)


@contextmanager
def in_the_notebook() -> Iterator[None]:
    """Around a call of the student's function: the notebook's default device, and what the
    function sets ends with the call."""
    try:
        with _creating_on(_notebooks_device.get() or torch.get_default_device()):
            yield
    finally:
        _set_defaults()


def _creating_on(device: torch.device) -> AbstractContextManager:
    """A default device for a while; torch is slower with one, so only where it is another."""
    return nullcontext() if device == torch.get_default_device() else device


def _set_defaults() -> None:
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)


def _global_generators() -> Iterator[Restore]:
    yield partial(random.setstate, random.getstate())
    yield partial(np.random.set_state, np.random.get_state())
    yield partial(torch.set_rng_state, torch.get_rng_state())
    if torch.cuda.is_available():
        yield partial(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all())
    if torch.backends.mps.is_available():
        yield partial(torch.mps.set_rng_state, torch.mps.get_rng_state())


def _settings() -> Iterator[Restore]:
    yield partial(torch.set_num_threads, torch.get_num_threads())
    yield partial(torch.set_grad_enabled, torch.is_grad_enabled())
    yield partial(torch.set_default_dtype, torch.get_default_dtype())
