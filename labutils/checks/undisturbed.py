"""Leave the notebook's random numbers and settings as they were."""

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import lru_cache, partial
from types import CodeType, FunctionType, MethodType, SimpleNamespace

import numpy as np
import torch

Restore = Callable[[], object]
# Where the notebook creates tensors, when it does not say where.
_notebooks_device: ContextVar[torch.device] = ContextVar("device", default=torch.device("cpu"))

GENERATORS = (np.random.Generator, np.random.RandomState, torch.Generator, random.Random)
CONTAINERS = (list, tuple, dict, SimpleNamespace)
WRAPPERS = (FunctionType, type(lru_cache(abs)))  # what functools.wraps and lru_cache make


@contextmanager
def undisturbed(function: object, seed: int) -> Iterator[None]:
    """Inside: known random numbers and torch's own defaults. Afterwards: all as before.

    Restored are the global generators of torch (every device), numpy and
    Python, the generators that the function itself refers to, torch's number of
    threads, its grad mode, default dtype and default device, the handling of warnings.

    Args:
        function: the student's, which may hold a generator of its own.
        seed: for the global generators, so that the same code gets the same feedback.
    """
    restores = [*_settings(), *_global_generators(),
                *map(_generator_state, generators_within_reach(function))]
    device = torch.get_default_device()
    token = _notebooks_device.set(device)
    try:
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        _set_defaults()
        # The probes are small: on a busy machine threads would mostly wait for each other.
        torch.set_num_threads(1)
        with warnings.catch_warnings(), np.errstate(), _creating_on(torch.device("cpu"), device):
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
        with _creating_on(_notebooks_device.get(), torch.get_default_device()):
            yield
    finally:
        _set_defaults()


def _creating_on(device: torch.device, now: torch.device) -> AbstractContextManager:
    """A default device for a while; torch is slower with one, so only where it is another."""
    return nullcontext() if device == now else device


def _set_defaults() -> None:
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)


def generators_within_reach(function: object) -> list:
    """The random generators that a function, or its helpers in the same notebook, refers to."""
    found, seen, todo = [], {}, [function]
    home = getattr(plain_function(function), "__globals__", None)
    while todo and len(seen) < 500:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing  # kept, so that no other thing gets its id
        kind = type(thing)  # not isinstance, which may run an odd object's own code
        if issubclass(kind, GENERATORS) and kind is not random.SystemRandom:
            found.append(thing)
        elif kind in WRAPPERS:
            todo += [getattr(thing, "__wrapped__", None), *vars(thing).values()]
            if getattr(thing, "__globals__", None) is home:
                todo += _names_of(thing)
        elif kind in CONTAINERS:
            todo += _contents(thing)[:100]
        elif kind is MethodType:
            todo += [thing.__self__, thing.__func__]
        elif kind is partial:
            todo += [thing.func, *thing.args, *thing.keywords.values()]
        elif kind.__module__ == (home or {}).get("__name__"):
            todo += [*vars(kind).values(), *_attributes(thing).values()]
    return found


def plain_function(function: object) -> FunctionType | None:
    """The Python function behind a method, a partial, a decorator or a ``__call__``."""
    for _ in range(10):
        kind = type(function)
        if kind in WRAPPERS and hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif kind is FunctionType:
            return function
        elif kind is partial:
            function = function.func
        elif kind is MethodType:
            function = function.__func__
        else:
            function = getattr(kind, "__call__", None)  # noqa: B004  the method is wanted
    return None


def _contents(thing: list | tuple | dict | SimpleNamespace) -> list:
    if isinstance(thing, (list, tuple)):
        return list(thing)
    return list((thing if isinstance(thing, dict) else vars(thing)).values())


def _attributes(thing: object) -> dict:
    try:
        return object.__getattribute__(thing, "__dict__")
    except AttributeError:  # an object with slots
        return {}


def _names_of(function: FunctionType) -> list:
    values = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for cell in function.__closure__ or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:  # a name that has no value yet
            continue
    codes = [function.__code__]
    for code in codes:
        values += [function.__globals__[name] for name in code.co_names
                   if name in function.__globals__]
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return values


def _generator_state(generator: object) -> Restore:
    if isinstance(generator, np.random.Generator):
        bits = generator.bit_generator
        return partial(setattr, bits, "state", bits.state)
    if isinstance(generator, random.Random):
        return partial(generator.setstate, generator.getstate())
    return partial(generator.set_state, generator.get_state())


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
