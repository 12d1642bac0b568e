"""A score of one pixel made of ReLUs: calm, with a slope that jumps.

    S(x) = Σ_u w_u · max(0, x − b_u)        S′(x) = Σ_u w_u · [x > b_u]

A network's score along a straight line through its input space is such a sum, of far more
ReLUs (Montúfar et al. 2014, "On the number of linear regions of deep neural networks").
"""

import numpy as np
from numpy.typing import ArrayLike

# The slopes of the straight pieces rise and fall in turn; a ReLU's weight is the jump between
# two of them, and before the first kink the score is 0.
KINKS = np.array([0, 1.1, 1.8, 3.1, 3.6, 4.9, 5.5, 6.6, 7.4, 8.5, 9.1])  # b
SLOPES = np.array([2, -1.6, 2.2, -2, 1.9, -2.2, 1.7, -1.2, 1.6, -1.5, 1.2])
WEIGHTS = np.diff(SLOPES, prepend=0)  # w


def toy_score(x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The score of each pixel value and its slope there.

    Args:
        x: pixel values of any shape; the kinks lie between 0 and 10.

    Returns:
        (score, slope), two arrays of x's shape. At a kink the slope is that of the piece to
        its left, as in PyTorch, whose ReLU has the slope 0 at 0.

    Raises:
        ValueError: x has values that are not finite.
    """
    x = np.asarray(x, dtype=np.float64)
    if not np.isfinite(x).all():
        raise ValueError("toy_score: x has values that are not finite.")
    beyond = x[..., None] - KINKS
    return np.maximum(0, beyond) @ WEIGHTS, (beyond > 0) @ WEIGHTS
