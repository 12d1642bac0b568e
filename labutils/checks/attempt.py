"""Call a student's function so that nothing it does ends the check."""

import inspect
import traceback
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labutils.checks.recorder import Stopped
from labutils.checks.result import Finding
from labutils.checks.undisturbed import in_the_notebook, plain_function
from labutils.engine.door import describe

LONGEST_TEXT = 300


@dataclass(frozen=True)
class Attempt:
    """The value that a function returned, or the finding about why there is none."""

    value: object = None
    finding: Finding | None = None


def not_callable(function: object) -> Finding | None:
    """A finding when there is nothing to call."""
    if callable(function):
        return None
    if function is None or function is Ellipsis:
        return Finding("not_implemented", "There is no function yet: the check was given "
                       f"{function!r}. Define the function, run its cell, and give its name.")
    return Finding("not_callable", f"The check was given {_described(function)}, not a function. "
                   "Give the function's name alone, without brackets behind it.")


def attempt(function: object, arguments: tuple, situation: str) -> Attempt:
    """Call the function; whatever goes wrong becomes a finding.

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
        return Attempt(finding=_why(error, function, situation))
    if value is None or value is Ellipsis or value is NotImplemented:
        return Attempt(finding=Finding(
            "not_implemented", f"{situation} the function returned {value!r}. Is the task's code "
            "in place, and does every way through the function end in a `return` with a value?"))
    if inspect.iscoroutine(value):
        value.close()  # or Python warns that nobody waited for it
    return Attempt(value)


def as_numbers(value: object, expected: str, lists: bool = False) -> Tensor | Finding:
    """A result as a float32 tensor on the CPU, a copy; or the finding that it is none.

    Args:
        value: a tensor or an array.
        expected: what it should be, in words.
        lists: a list or tuple of them is welcome too.
    """
    if isinstance(value, (list, tuple)) and not lists:
        return _wrong_type(_described(value), expected)
    numbers = _converted(value, expected)
    if isinstance(numbers, Finding) or numbers.is_floating_point():
        return numbers if isinstance(numbers, Finding) else numbers.to(torch.float32, copy=True)
    return _wrong_type(f"numbers of the dtype {numbers.dtype}", f"{expected}, with decimals")


def as_array(value: object, expected: str) -> np.ndarray | Finding:
    """A result as an array of its own dtype, a copy; or the finding that it is no array."""
    if isinstance(value, (np.ndarray, Tensor)):
        numbers = _converted(value, expected)
        return numbers if isinstance(numbers, Finding) else numbers.numpy().copy()
    return _wrong_type(_described(value), expected)


def _converted(value: object, expected: str) -> Tensor | Finding:
    try:
        return _to_tensor(value)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return _wrong_type(_described(value), expected)


def _wrong_type(seen: str, expected: str) -> Finding:
    return Finding("wrong_type", f"The function returned {seen}; expected {expected}.")


def _to_tensor(value: object) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach().to_dense().cpu()
    if isinstance(value, np.ndarray):
        # Copied, because negative strides and foreign byte orders are no tensors.
        return torch.from_numpy(value.astype(value.dtype.newbyteorder("="), order="C"))
    if isinstance(value, (list, tuple)) and len(value):
        if isinstance(value[0], (Tensor, np.ndarray, list, tuple)):
            return torch.stack([_to_tensor(item) for item in value])
        return torch.tensor([float(item) for item in value])
    raise TypeError


def _described(value: object) -> str:
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


def _why(error: BaseException, function: object, situation: str) -> Finding:
    frames = _student_frames(error, function)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    if isinstance(error, Stopped):
        return error.finding
    if isinstance(error, NotImplementedError) and frames[-1:] == last:
        return Finding("not_implemented", f"{situation} the function stopped with "
                       "NotImplementedError, as the empty task does. Replace that line by your "
                       "own code.")
    where = f" in line {frames[-1].lineno} ({frames[-1].name})" if frames else ""
    return Finding("raises", f"{situation} the function stopped{where} with "
                   f"{type(error).__name__}: {_text(error)}")


def _student_frames(error: BaseException, function: object) -> list[traceback.FrameSummary]:
    """The frames of the error that lie in the file or cell of the function."""
    plain = plain_function(function)
    return [frame for frame in traceback.extract_tb(error.__traceback__)
            if plain is not None and frame.filename == plain.__code__.co_filename]


def _text(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split()) or "(no text)"
    except KeyboardInterrupt:
        raise
    except BaseException:
        return "(its text cannot be shown)"
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
