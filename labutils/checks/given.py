"""Is an answer of one's own one of those that notebook 06 gives?

Told from outputs alone, and only where they leave no doubt: a rule by comparing maps pixel by
pixel, noise by its distribution and by what its values know of each other. Noise that differs
from a given one in either passes for the student's own.
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from labutils.aggregations import AGGREGATIONS

# The geometric mean is not among them: the original lab names it as a rule of one's own.
RULES = {"mean": "mean", "median": "median", "maximum": "maximum", "trimmed_mean": "trimmed mean",
         "mean_square": "mean of squares", "variance": "variance"}
# Distribution functions of a mean of 0 and a deviation of 1.
DISTRIBUTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "Gaussian": torch.special.ndtr,
    "uniform": lambda x: (x / math.sqrt(12) + 0.5).clamp(0, 1),
    "Laplace": lambda x: 0.5 + x.sign() * (1 - (-math.sqrt(2) * x.abs()).exp()) / 2,
}
# Of the largest of some ten thousand correlations chance makes 4.5 standard errors.
CHANCE = 6
# √n times the largest gap between two distribution functions; chance makes more than 3 in one of
# thirty million cases.
GAP = 3
# The sum of twelve uniform numbers has an excess kurtosis of −0.1, its gap is too small to see.
KURTOSIS, KURTOSIS_OF_FEW = 0.05, 0.15
MOST_GRAINS = 0.3  # the share of values that are black or white; the given noise has 0.1
# Of the smooth noise's blur: the radius, and how far correlations are looked at. Four or five
# standard errors of one that all channels tell together, and of one that two of them tell.
RADIUS, REACH, SURE, LESS_SURE = 2.0, 6, 0.03, 0.06


def given_rule(stacks: Iterable[Tensor], results: Iterable[Tensor | None]) -> str | None:
    """Which given rule gives the same maps, up to rounding and one factor for each map; or None.

    Args:
        stacks: of odd numbers of maps (n, H, W). Every median is then the same one.
        results: what the student's function made of each (H, W).
    """
    pairs = list(zip(stacks, results, strict=True))
    for name, told in RULES.items():
        if all(found is not None and _proportional(found, _by(name, maps))
               for maps, found in pairs):
            return told
    return None


def _by(name: str, maps: Tensor) -> Tensor:
    aggregator = AGGREGATIONS[name]()
    for saliency_map in maps:
        aggregator.add(saliency_map)
    return aggregator.result()


def _proportional(found: Tensor, expected: Tensor) -> bool:
    """In every pixel, also in the dark ones. A variance by n − 1 is one, and a scaled mean."""
    found, expected = found.double(), expected.double()
    factor = float((found * expected).sum() / expected.square().sum())
    return factor > 0 and torch.allclose(found / factor, expected, rtol=1e-3,
                                         atol=1e-8 * float(expected.max()))


def given_source(draws: Tensor) -> str | None:
    """The given noise source whose draws cannot be told from these; or None.

    Args:
        draws: (m, H, W, 3), at least some hundred thousand values.
    """
    values = _standardised(draws.double())
    if values.mean(dim=0).square().mean() > 2 / len(values):  # a part of it is always the same
        return None
    kurtosis = float((values**4).mean()) - 3
    if _is_blurred(values):
        return "smooth" if abs(kurtosis) < KURTOSIS_OF_FEW else None
    # Values can be uncorrelated and yet hang together by their sizes.
    if not all(_is_white(_standardised(field)) for field in (values, values.abs())):
        return None
    if _is_grains(values):
        return "salt and pepper"
    for name, distribution in DISTRIBUTIONS.items():
        if _gap(values, distribution) * math.sqrt(values.numel()) < GAP and (
                name != "Gaussian" or abs(kurtosis) < KURTOSIS):
            return name
    return None


def _standardised(values: Tensor) -> Tensor:
    return (values - values.mean()) / values.std().clamp_min(1e-12)


def _correlations(values: Tensor) -> Tensor:
    """The mean product of two values so far apart, in two channels: (C, C, H, W), round the edges.

    Args:
        values: standardised, (m, H, W, C).
    """
    waves = torch.fft.fft2(values, dim=(1, 2))
    products = torch.einsum("mhwc,mhwd->cdhw", waves, waves.conj())
    return torch.fft.ifft2(products).real / values[..., 0].numel()


def _is_white(values: Tensor) -> bool:
    """Does no value tell another, at whatever distance, in whatever channel?"""
    correlations = _correlations(values)
    correlations.diagonal()[0, 0] = 0  # of each value with itself
    return bool(correlations.abs().max() < CHANCE / math.sqrt(values[..., 0].numel()))


def _is_blurred(values: Tensor) -> bool:
    """Are a channel's values correlated as after the given noise's blur, and channels not?"""
    correlations = _correlations(values)
    rows, columns = (torch.fft.fftfreq(size, 1 / size) for size in correlations.shape[2:])
    squares = rows[:, None] ** 2 + columns**2
    near, expected = squares <= REACH**2, (-squares / (4 * RADIUS**2)).exp()
    own = correlations.diagonal().mean(dim=-1)
    correlations.diagonal()[:] = 0
    return bool((own - expected)[near].abs().max() < SURE
                and correlations[..., near].abs().max() < LESS_SURE)


def _is_grains(values: Tensor) -> bool:
    """Are there as many white values as black ones, and all others, the most, are grey?"""
    share = float((values.abs() > 0.5).double().mean())
    grains = values.sign() * (values.abs() > 0.5) / math.sqrt(max(share, 1e-12))
    return share < MOST_GRAINS and bool((values - grains).abs().max() < 0.1)


def _gap(values: Tensor, distribution: Callable[[Tensor], Tensor]) -> float:
    """The largest difference of two distribution functions (Kolmogorov and Smirnov)."""
    ordered = values.flatten().sort().values
    ranks = (torch.arange(len(ordered)) + 0.5) / len(ordered)
    return float((distribution(ordered) - ranks).abs().max())
