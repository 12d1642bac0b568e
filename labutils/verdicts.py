"""The verdict on a claim, the line that says it, and how such lines are read back.

    claim 9: -0.48 [-0.49, -0.47] holds

Python's own library is enough here, so that the site's builder can read what notebooks printed.
"""

import re
from typing import NamedTuple

HOLDS, WITH_LIMITS = "holds", "holds with limits"
UNDECIDED, FAILS = "undecided here", "does not hold here"
VERDICTS = (HOLDS, WITH_LIMITS, UNDECIDED, FAILS)

LINE = re.compile(rf"^claim (\d+): (\S+) \[(\S+), (\S+)\] ({'|'.join(VERDICTS)})$", re.MULTILINE)

Region = tuple[float, float]


class Estimate(NamedTuple):
    """A number and its 95 % interval."""

    number: float
    low: float
    high: float


class Printed(NamedTuple):
    """One printed claim."""

    id: int
    estimate: Estimate
    verdict: str


def verdict(low: float, high: float, holds: Region, limits: Region | None = None) -> str:
    """What the interval says about the claim, by a rule that was there before the numbers.

    - the whole interval lies in ``holds``: "holds",
    - else the whole interval lies in ``limits``: "holds with limits",
    - no part of the interval lies in ``limits``: "does not hold here",
    - else these pictures cannot decide: "undecided here".

    Args:
        low, high: the interval.
        holds: (from, to), the numbers for which the claim is true.
        limits: (from, to), the numbers for which something of it is true; ``holds`` when
            left out.

    Raises:
        ValueError: an interval that ends before it begins, or limits that leave out a part of
            ``holds``.
    """
    limits = holds if limits is None else limits
    if not (low <= high and limits[0] <= holds[0] <= holds[1] <= limits[1]):
        raise ValueError(f"claim: the interval is [{low}, {high}], holds {holds}, limits {limits}; "
                         "expected rising pairs, and limits that contain holds.")
    if holds[0] <= low and high <= holds[1]:
        return HOLDS
    if limits[0] <= low and high <= limits[1]:
        return WITH_LIMITS
    return FAILS if high < limits[0] or limits[1] < low else UNDECIDED


def claim(id: int, estimate: Estimate, *, holds: Region, limits: Region | None = None) -> str:
    """The line to print for a claim: its id, number, interval and verdict; see ``verdict``."""
    number, low, high = (f"{value:.3g}" for value in estimate)
    said = verdict(float(low), float(high), holds, limits)  # of what the reader sees
    return f"claim {id}: {number} [{low}, {high}] {said}"


def claims_in(text: str) -> list[Printed]:
    """The claims among printed lines."""
    return [Printed(int(id), Estimate(float(number), float(low), float(high)), said)
            for id, number, low, high, said in LINE.findall(text)]


def agree(first: Printed, second: Printed) -> bool:
    """Is the second a repetition of the first?

    The same verdict, and numbers within a tenth of the first interval's width (and the last
    printed digit), because processors round differently.
    """
    width = first.estimate.high - first.estimate.low
    return (first.id, first.verdict) == (second.id, second.verdict) and all(
        abs(a - b) <= 0.1 * width + 0.01 * abs(a)
        for a, b in zip(first.estimate, second.estimate, strict=True))
