"""The choices that make a SmoothGrad recipe: names, counts, seeds; what is none is refused."""

import difflib
from collections.abc import Collection, Iterable

import numpy as np
import torch

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def pick(name: str, known: Collection[str], argument: str, caller: str = "smoothgrad") -> str:
    """name, when it is known; else an error that lists the names and suggests one."""
    if isinstance(name, str) and name in known:
        return name
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"{caller}: {argument} is {name!r}; expected one of "
        f"{', '.join(map(repr, known))}.{hint}"
    )


def precision_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The dtype of a precision's name, when the device computes in it at a useful speed."""
    dtype = PRECISIONS[pick(precision, PRECISIONS, "precision")]
    slow = {torch.float16} if device.type == "cpu" else set()
    # Measured on such a processor: 164 ms a copy instead of 13.
    if device.type == "cpu" and torch.backends.cpu.get_cpu_capability() == "AVX2":
        slow.add(torch.bfloat16)
    if dtype in slow:
        raise ValueError(
            f"smoothgrad: precision is {precision!r}, which this processor computes ten times "
            "slower than float32; choose 'float32'."
        )
    return dtype


def check_seed(seed: int | None, caller: str = "smoothgrad") -> None:
    """Raise unless seed is None or a whole number, 0 or more."""
    if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
        raise ValueError(f"{caller}: seed is {seed!r}; expected a whole number, 0 or more, "
                         "or None.")


def check_count(value: int, argument: str, caller: str = "smoothgrad") -> None:
    """Raise unless value is a whole number, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{caller}: {argument} is {value!r}; expected a whole number.")
    if value < 1:
        raise ValueError(f"{caller}: {argument} is {value}; expected 1 or more.")


def sorted_counts(counts: Iterable[int]) -> list[int]:
    """Sample counts in rising order, each once."""
    counts = list(counts)
    for count in counts:
        check_count(count, "n")
    if not counts:
        raise ValueError("smoothgrad: counts is empty; expected sample counts, such as [10, 50].")
    return sorted({int(count) for count in counts})


def checked_shifts(shifts: int | None, sides: tuple[int, int]) -> int:
    """shifts, 1 for None; raise unless it is from 1 up to the picture's shorter side."""
    if shifts is None:
        return 1
    check_count(shifts, "shifts")
    if shifts > min(sides):
        raise ValueError(f"smoothgrad: shifts is {shifts}, and the pictures are "
                         f"{sides[0]}×{sides[1]}; expected no more than they have rows and "
                         "columns, such as 4.")
    return int(shifts)
