"""Numbers to compare saliency maps with: how alike two are, how rough or concentrated one is.

A map is a tensor or an array (H, W); a metric that looks at a single map expects
magnitudes, 0 or more.
"""

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from labutils.engine.door import describe

Map = Tensor | np.ndarray


def relative_error(saliency_map: Map, reference: Map) -> float:
    """‖M − R‖₂ / ‖R‖₂; 0 for equal maps."""
    m, r = _two(saliency_map, reference, "relative_error")
    if not r.any():
        raise ValueError("relative_error: the second map is 0 everywhere.")
    return float(np.linalg.norm(m - r) / np.linalg.norm(r))


def correlation(first: Map, second: Map) -> float:
    """Pearson's correlation of two maps' pixels, −1…1; their scales do not matter.

    Raises:
        ValueError: one of the maps is constant: 0/0.
    """
    a, b = _two_that_vary(first, second, "correlation")
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def rank_correlation(first: Map, second: Map) -> float:
    """Spearman's correlation, −1…1: Pearson's of the ranks, so only the order of pixels counts.

    Source: Spearman 1904, "The proof and measurement of association between two
    things"; for saliency maps Adebayo et al. 2018, "Sanity checks for saliency maps".

    Raises:
        ValueError: one of the maps is constant: 0/0.
    """
    a, b = _two_that_vary(first, second, "rank_correlation")
    return float(stats.spearmanr(a.ravel(), b.ravel()).statistic)


def total_variation(saliency_map: Map) -> float:
    """Roughness: mean |difference of neighbours| / mean, with neighbours in rows and columns.

    Source: the total variation of Rudin, Osher, Fatemi 1992, divided by the
    mean so that a brighter map is not a rougher one.
    """
    m = _one(saliency_map, "total_variation")
    differences = (np.abs(np.diff(m, axis=axis)).mean() for axis in (0, 1))
    return float(sum(differences) / 2 / m.mean())


def gini(saliency_map: Map) -> float:
    """Concentration, 0…1: 0 when all pixels are equal, near 1 when a few have everything.

    G = Σ_i (2i − N − 1) m_i / (N Σ_i m_i) with the N pixels in rising order. Source:
    Hurley, Rickard 2009, "Comparing measures of sparsity", section II.
    """
    m = np.sort(_one(saliency_map, "gini").ravel())
    weights = 2 * np.arange(1, m.size + 1) - m.size - 1
    return float((weights * m).sum() / (m.size * m.sum()))


def to_numpy(x: Tensor | np.ndarray) -> np.ndarray:
    """A tensor on any device, of any dtype, tracked or not, or an array, as a numpy array."""
    if not isinstance(x, Tensor):
        return np.asarray(x)
    x = x.detach().cpu()
    # numpy has no bfloat16.
    return (x.float() if x.dtype is torch.bfloat16 else x).numpy()


def _one(saliency_map: Map, caller: str) -> np.ndarray:
    """A map of magnitudes in double precision."""
    m = _as_array(saliency_map, caller)
    if (m < 0).any():
        raise ValueError(f"{caller}: the map has negative values; expected magnitudes, "
                         "such as compute_max(compute_abs(saliency)) gives.")
    if not m.any():
        raise ValueError(f"{caller}: the map is 0 everywhere; its mean is no scale to measure by.")
    return m


def _two(first: Map, second: Map, caller: str) -> tuple[np.ndarray, np.ndarray]:
    a, b = _as_array(first, caller), _as_array(second, caller)
    if a.shape != b.shape:
        raise ValueError(f"{caller}: the maps have shapes {a.shape} and {b.shape}; "
                         "expected the same shape.")
    return a, b


def _two_that_vary(first: Map, second: Map, caller: str) -> tuple[np.ndarray, np.ndarray]:
    a, b = _two(first, second, caller)
    for m, which in ((a, "first"), (b, "second")):
        if m.min() == m.max():
            raise ValueError(f"{caller}: the {which} map is constant, {m.flat[0]:.4g} everywhere; "
                             "expected maps that vary: a constant one correlates with nothing.")
    return a, b


def _as_array(saliency_map: Map, caller: str) -> np.ndarray:
    if (not isinstance(saliency_map, (Tensor, np.ndarray)) or saliency_map.ndim != 2
            or 0 in saliency_map.shape):
        raise ValueError(f"{caller}: the map is {describe(saliency_map)}; expected one map (H, W). "
                         "Of several maps (N, H, W) give one after the other.")
    m = to_numpy(saliency_map).astype(np.float64)
    if not np.isfinite(m).all():
        raise ValueError(f"{caller}: the map has NaN or infinite values.")
    return m
