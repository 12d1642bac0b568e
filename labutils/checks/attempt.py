"""Call a student's function so that nothing it does ends the check."""

import inspect
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

import labutils
from labutils.checks.messages import CALL
from labutils.checks.recorder import Stopped
from labutils.checks.result import Finding
from labutils.checks.tables import Table, finding
from labutils.checks.undisturbed import in_the_notebook
from labutils.engine.door import describe

LONGEST_TEXT = 300
BY_PLACE = ""  # as the third argument
# Where files lie that are no student's: Python's own, installed ones, ours.
LIBRARIES = (*{sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")},
             str(Path(labutils.__file__).parent), "<frozen")
T = TypeVar("T")


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
        return _why(error, situation)
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


def way_to_hand_over(function: object) -> str | None:
    """How to give a function a generator: BY_PLACE, the keyword, or None, if it takes none.

    A third parameter that has another default than None, as a mean of 0, is the student's own.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except Exception:  # no signature to be had: the call will tell
        return BY_PLACE
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    for third in places[2:3]:
        if third.default in (None, inspect.Parameter.empty) or _is_for_rng(third):
            return BY_PLACE
    if len(places) == 2 and any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return BY_PLACE
    others = [p for p in parameters if p not in places[:3] and p.kind is not p.POSITIONAL_ONLY]
    return next((p.name for p in others if _is_for_rng(p)), None)


def _is_for_rng(parameter: inspect.Parameter) -> bool:
    return parameter.name in ("rng", "generator") or isinstance(
        parameter.default, (np.random.Generator, np.random.RandomState))


def as_numbers(value: object, shape: tuple[int, ...], table: Table, lists: bool = False
               ) -> Tensor | Finding:
    """A result as a float32 tensor on the CPU, a copy; or the finding that it is none.

    Args:
        value: a tensor or an array.
        shape: what it should have, for the message; it is not looked at here.
        table: the task's messages.
        lists: a list or tuple of tensors, arrays or numbers is welcome too.
    """
    numbers = None if isinstance(value, (list, tuple)) and not lists else _safely(
        _converted, value)
    if numbers is not None and numbers.is_floating_point():
        return numbers.to(torch.float32, copy=True)
    seen = described(value) if numbers is None else (
        f"numbers of the dtype {numbers.dtype}, not decimals")
    return finding(table, "wrong_type", seen=seen, expected=shape)


def as_array(value: object, table: Table) -> np.ndarray | Finding:
    """A result as an array of its own dtype, a copy; or the finding that it is no array."""
    numbers = _safely(_converted, value) if isinstance(value, (np.ndarray, Tensor)) else None
    if numbers is None:
        return finding(table, "wrong_type", seen=described(value))
    if numbers.dtype is torch.bfloat16:  # numpy has no such numbers
        numbers = numbers.float()
    return numbers.numpy().copy()


def described(value: object) -> str:
    """A few words on any object, also on one that raises when it is looked at."""
    return _safely(_words, value) or f"an object of type {type(value).__name__}"


def _words(value: object) -> str:
    if inspect.isgenerator(value):
        return "a generator (is there a `yield`?)"
    if isinstance(value, (list, tuple)):
        kinds = sorted({type(item).__name__ for item in value})
        return f"a {type(value).__name__} of {len(value)} ({', '.join(kinds) or 'empty'})"
    return f"an object of type {describe(value)}"


def _safely(look: Callable[[object], T], thing: object) -> T | None:
    """What a look at the thing gives, or None where it raises."""
    try:
        return look(thing)
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


def _why(error: BaseException, situation: str) -> Finding:
    if isinstance(error, Stopped):
        return error.finding
    frames = traceback.extract_tb(error.__traceback__)
    students = [frame for frame in frames if not frame.filename.startswith(LIBRARIES)]
    if isinstance(error, NotImplementedError) and students[-1:] == frames[-1:]:
        return finding(CALL, "not_implemented/stub", situation=situation)
    where = f" in line {students[-1].lineno} ({students[-1].name})" if students else ""
    text = _safely(str, error)
    text = "(its text cannot be shown)" if text is None else " ".join(text.split()) or "(no text)"
    return finding(CALL, "raises", situation=situation, where=where, error=type(error).__name__,
                   text=text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…")
