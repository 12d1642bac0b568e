"""Published claims, each tested by a number with its interval.

``notebooks/claims.csv`` lists the claims, what is measured of each, and for which numbers it holds;
it was written before anything was measured. The cell that tests a claim says so first, then
measures, and prints one line:

    claim 9: -0.48 [-0.49, -0.47] holds

The verdict follows from the interval by the rule in ``verdict`` and from nothing else.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

HOLDS, WITH_LIMITS = "holds", "holds with limits"
UNDECIDED, FAILS = "undecided here", "does not hold here"
VERDICTS = (HOLDS, WITH_LIMITS, UNDECIDED, FAILS)

RESAMPLES = 5000
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


def estimate(values: np.ndarray, statistic: Callable[..., float] = np.mean,
             *, seed: int = 0) -> Estimate:
    """A statistic of one value per picture, with its 95 % bootstrap interval over pictures.

    The pictures are drawn again and again with replacement; the middle 95 % of what the
    statistic then gives are the interval. Source: Efron 1979, "Bootstrap methods: another
    look at the jackknife".

    Args:
        values: one number per picture, three or more.
        statistic: of an array (N,), for instance ``np.mean`` or ``np.median``; if it takes an
            ``axis``, it is called once for all resamples.
        seed: of the resampling.

    Raises:
        ValueError: fewer than three values, or values that are not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) < 3:
        raise ValueError(f"estimate: values have the shape {values.shape}; expected one number "
                         "per picture, (N,), of three pictures or more.")
    if not np.isfinite(values).all():
        raise ValueError(f"estimate: value {int(np.argmin(np.isfinite(values)))} is not finite.")
    number = float(statistic(values))
    if (values == values[0]).all():
        return Estimate(number, number, number)
    interval = stats.bootstrap((values,), statistic, confidence_level=0.95, method="percentile",
                               n_resamples=RESAMPLES, random_state=np.random.default_rng(seed)
                               ).confidence_interval
    return Estimate(number, float(interval.low), float(interval.high))


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
