"""Which random numbers lie behind a noisy copy, and how they were scaled and shifted.

The check hands the generator over, so the numbers that a function draws from it are known: a
generator of the same state gives them again. Each way of drawing, right or mistaken, is tried;
the one that was taken explains the noise, value by value, as shift + strength · number. Noise
from anywhere else has to be measured.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
# Below it the noise is explained: whole grey levels leave an error of 0.3, cut twice 0.6.
UNEXPLAINED = 0.6
AXES = ("all rows", "all columns", "the three colours")


def _red_alone(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    unit = np.zeros(shape)
    unit[..., 0] = rng.standard_normal(shape[:2])
    return unit


# The way to draw, the mean of such numbers, the misconception in it, and for which axis the
# numbers are all the same.
DRAWS: tuple[tuple[Draw, float, str, str], ...] = (
    (lambda rng, s: rng.standard_normal(s), 0, "", ""),
    (lambda rng, s: rng.standard_normal((s[2], *s[:2])).transpose(1, 2, 0), 0, "", ""),
    (lambda rng, s: rng.random(s), 0.5, "not_gaussian", ""),
    (lambda rng, s: rng.laplace(size=s), 0, "not_gaussian", ""),
    (lambda rng, s: np.abs(rng.standard_normal(s)), (2 / np.pi) ** 0.5, "not_gaussian", ""),
    (lambda rng, s: rng.standard_normal((1, *s[1:])), 0, "same_noise_everywhere", AXES[0]),
    (lambda rng, s: rng.standard_normal((s[0], 1, s[2])), 0, "same_noise_everywhere", AXES[1]),
    (lambda rng, s: rng.standard_normal((*s[:2], 1)), 0, "same_noise_everywhere", AXES[2]),
    (lambda rng, s: rng.standard_normal((1, 1, s[2])), 0, "same_noise_everywhere", AXES[0]),
    (_red_alone, 0, "colour_without_noise", ""),
)


@dataclass
class Drawn:
    """The numbers behind one copy's noise.

    Attributes:
        code: the misconception in how they were drawn, or "".
        alike: for which axis all are the same, in words.
        mean, deviation: of the noise, in grey levels, before decimals were cut off.
        by_colour: the deviation in red, green and blue.
        unit: the numbers, with deviation 1; None where they are not known, but measured.
    """

    code: str
    alike: str
    mean: float
    deviation: float
    by_colour: list[float]
    unit: np.ndarray | None = None


def explained(noisy: np.ndarray, x: np.ndarray, source: np.random.Generator) -> Drawn | None:
    """The way of drawing from this source that explains the copy; None when there is none.

    Args:
        noisy: the copy (H, W, 3), whole numbers, float64.
        x: the picture.
        source: in the state in which the function got it; left so.
    """
    for draw, mean, code, alike in DRAWS:
        unit = np.broadcast_to(draw(deepcopy(source), x.shape), x.shape)
        # Every other row and column is enough to fit by.
        fits = [_fit(*(a[::2, ::2, c] for a in (noisy, x, unit))) for c in range(3)]
        if all(fits):
            shifts, strengths = np.array(fits).T
            by_colour = strengths * max(float(unit.std()), 1e-12)
            return Drawn(code, alike, float((shifts + strengths * mean).mean()),
                         float(np.square(by_colour).mean() ** 0.5), by_colour.tolist(),
                         unit / max(float(unit.std()), 1e-12))
    return None


def _fit(noisy: np.ndarray, x: np.ndarray, unit: np.ndarray) -> tuple[float, float] | None:
    """(shift, strength), if one colour's noise is shift + strength · unit."""
    inside = (noisy > 0) & (noisy < 255)
    if inside.mean() < 0.01:  # everything is black or white
        return None
    noise, known = (noisy - x)[inside] + 0.5, unit[inside]
    spread = float(known.var())
    strength = float(((noise - noise.mean()) * known).mean()) / spread if spread > 1e-12 else 0.0
    shift = float(noise.mean() - strength * known.mean())
    error = float((noise - shift - strength * known).std())
    if spread <= 1e-12:  # one number for all: whole grey levels leave it one number
        return (shift, strength) if error < 0.1 else None
    explains = strength * spread**0.5 > max(2 * error, 0.1)
    return (shift, strength) if explains and error < UNEXPLAINED else None


def measured(noisy: np.ndarray, x: np.ndarray) -> Drawn:
    """The same from the noise alone, for numbers that come from nobody knows where."""
    noise, decimals = noisy - x, 1 / 12  # the variance of cut-off decimals
    by_colour = [max(float(noise[..., c].var()) - decimals, 0) ** 0.5 for c in range(3)]
    deviation = max(float(noise.var()) - decimals, 0) ** 0.5
    drawn = Drawn("", "", float(noise.mean()) + 0.5, deviation, by_colour)
    alike = [name for axis, name in enumerate(AXES)
             if noise.mean(axis=axis).var() >= 0.5 * noise.var()]
    if alike:
        drawn.code, drawn.alike = "same_noise_everywhere", alike[0]
    elif not noise.std(axis=(0, 1)).all():
        drawn.code = "colour_without_noise"
    else:
        squares = (noise - noise.mean(axis=(0, 1))) ** 2
        tails = (squares**2).mean(axis=(0, 1)) / squares.mean(axis=(0, 1)).clip(1e-12) ** 2
        clipped = ((noisy <= 0) | (noisy >= 255)).mean() > 0.01  # has another distribution
        if not clipped and deviation > 2 and np.abs(tails - 3).max() > 0.4:  # 3: Gaussian
            drawn.code = "not_gaussian"
    return drawn
