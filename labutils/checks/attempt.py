"""Call a student's function so that nothing it does ends the check."""

import inspect
import traceback
from functools import lru_cache, partial
from types import FunctionType, MethodType

import numpy as np
import torch
from torch import Tensor

from labutils.checks.messages import CALL, Table, finding
from labutils.checks.recorder import Stopped
from labutils.checks.result import Finding
from labutils.checks.undisturbed import in_the_notebook
from labutils.engine.door import describe

LONGEST_TEXT = 300
WRAPPERS = (FunctionType, type(lru_cache(abs)))  # what functools.wraps and lru_cache make


def attempt(function: object, arguments: tuple, situation: str) -> object:
    """The value that the function returns, or the ``Finding`` about why there is none.

    Args:
        function: the student's.
        arguments: positional.
        situation: the call in words, for messages.

    Raises:
        KeyboardInterrupt: the student stopped the check.
    """
    try:
        with in_the_notebook():
            value = function(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: it would end the notebook's kernel
        return _why(error, function, situation)
    if value is None or value is Ellipsis or value is NotImplemented:
        return finding(CALL, "not_implemented", situation=situation, value=value)
    if inspect.iscoroutine(value):
        value.close()  # or Python warns that nobody waited for it
    return value


def numbers_from(function: object, arguments: tuple, situation: str, shape: tuple[int, ...],
                 table: Table, lists: bool = False) -> Tensor | Finding:
    """Call the function; its result as finite float32 numbers of this shape, or why not."""
    value = attempt(function, arguments, situation)
    numbers = value if isinstance(value, Finding) else as_numbers(value, shape, table, lists)
    if isinstance(numbers, Finding):
        return numbers
    if tuple(numbers.shape) != shape:
        return finding(table, "wrong_shape", situation=situation, shape=tuple(numbers.shape),
                       expected=shape)
    if not torch.isfinite(numbers).all():
        return finding(table, "not_finite", situation=situation)
    return numbers


def as_numbers(value: object, shape: tuple[int, ...], table: Table, lists: bool = False
               ) -> Tensor | Finding:
    """A result as a float32 tensor on the CPU, a copy; or the finding that it is none.

    Args:
        value: a tensor or an array.
        shape: what it should have, for the message; it is not looked at here.
        table: the task's messages.
        lists: a list or tuple of tensors, arrays or numbers is welcome too.
    """
    numbers = None if isinstance(value, (list, tuple)) and not lists else _to_tensor(value)
    if numbers is not None and numbers.is_floating_point():
        return numbers.to(torch.float32, copy=True)
    seen = described(value) if numbers is None else (
        f"numbers of the dtype {numbers.dtype}, not decimals")
    return finding(table, "wrong_type", seen=seen, expected=shape)


def as_array(value: object, table: Table) -> np.ndarray | Finding:
    """A result as an array of its own dtype, a copy; or the finding that it is no array."""
    numbers = _to_tensor(value) if isinstance(value, (np.ndarray, Tensor)) else None
    if numbers is None:
        return finding(table, "wrong_type", seen=described(value))
    if numbers.dtype is torch.bfloat16:  # numpy has no such numbers
        numbers = numbers.float()
    return numbers.numpy().copy()


def described(value: object) -> str:
    """A few words on any object, also on one that raises when it is looked at."""
    try:
        if inspect.isgenerator(value):
            return "a generator (is there a `yield`?)"
        if isinstance(value, (list, tuple)):
            kinds = sorted({type(item).__name__ for item in value})
            return f"a {type(value).__name__} of {len(value)} ({', '.join(kinds) or 'empty'})"
        return f"an object of type {describe(value)}"
    except KeyboardInterrupt:
        raise
    except BaseException:
        return f"an object of type {type(value).__name__}"


def _to_tensor(value: object) -> Tensor | None:
    """On the CPU; None for what cannot be one."""
    try:
        return _converted(value)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return None


def _converted(value: object) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach().to_dense().cpu()
    if isinstance(value, np.ndarray):
        # Copied, because negative strides and foreign byte orders are no tensors.
        return torch.from_numpy(value.astype(value.dtype.newbyteorder("="), order="C"))
    if isinstance(value, (list, tuple)) and len(value):
        if isinstance(value[0], (Tensor, np.ndarray, list, tuple)):
            return torch.stack([_converted(item) for item in value])
        return torch.tensor([float(item) for item in value])
    raise TypeError


def _why(error: BaseException, function: object, situation: str) -> Finding:
    if isinstance(error, Stopped):
        return error.finding
    code = getattr(_plain(function), "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    students = [frame for frame in frames if code and frame.filename == code.co_filename]
    if isinstance(error, NotImplementedError) and students[-1:] == frames[-1:]:
        return finding(CALL, "not_implemented/stub", situation=situation)
    where = f" in line {students[-1].lineno} ({students[-1].name})" if students else ""
    return finding(CALL, "raises", situation=situation, where=where,
                   error=type(error).__name__, text=_text(error))


def _plain(function: object) -> FunctionType | None:
    """The Python function behind a method, a partial, a decorator or a ``__call__``."""
    for _ in range(10):
        kind = type(function)  # not isinstance, which may run an odd object's own code
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


def _text(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split()) or "(no text)"
    except KeyboardInterrupt:
        raise
    except BaseException:
        return "(its text cannot be shown)"
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
