"""Published claims, each tested by a number with its interval.

``notebooks/claims.csv`` lists the claims, what is measured of each, and for which numbers it holds;
it was written before anything was measured. The cell that tests a claim says so first, then
measures, and prints one line:

    claim 9: -0.48 [-0.49, -0.47] holds

The verdict follows from the interval by the rule in ``labutils.verdicts`` and from nothing else.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats

from labutils.verdicts import (
    FAILS,
    HOLDS,
    LINE,
    UNDECIDED,
    VERDICTS,
    WITH_LIMITS,
    Estimate,
    Printed,
    agree,
    claim,
    claims_in,
    verdict,
)

__all__ = ["FAILS", "HOLDS", "LINE", "UNDECIDED", "VERDICTS", "WITH_LIMITS", "Estimate", "Printed",
           "agree", "claim", "claims_in", "estimate", "verdict"]

RESAMPLES = 5000


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
