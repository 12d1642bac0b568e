"""Instant feedback on a noise source, ``(shape, generator)`` → noise of standard deviation 1."""

import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from labutils.checks.attempt import as_numbers, attempt
from labutils.checks.frame import conduct
from labutils.checks.result import CheckResult, Finding

ORDER = (
    "not_callable", "not_implemented", "raises", "wrong_type", "wrong_shape", "not_finite",
    "not_reproducible", "same_noise_every_time", "fixed_pattern", "changes_global_state",
    "wrong_mean", "wrong_deviation",
)
SHAPE, OTHER_SHAPE = (64, 64, 3), (30, 48, 3)
DRAWS = 40
MOST_FIXED = 0.45  # even one random sign for all pixels next to never keeps as much by chance


def check_noise_source(function: object, *, seed: int = 0) -> CheckResult:
    """Feedback on a student's noise source.

    Mean and deviation are judged over many draws, with a tolerance that the draws themselves
    tell: noise whose pixels hang together varies more from draw to draw.

    Args:
        function: takes a shape (H, W, 3) and a ``torch.Generator``; returns noise of that
            shape with mean 0 and standard deviation 1, made from that generator alone.
        seed: of the generators.

    Returns:
        ``CheckResult``. Errors of the function become findings. Random states are restored.

    Raises:
        KeyboardInterrupt: only this passes through.
    """
    return conduct("noise source", ORDER, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    seeds = [1000 * seed + k for k in range(DRAWS)]
    before = _global_state()
    draws = [_draw(function, SHAPE, s) for s in seeds]
    touched = _global_state() != before
    again, other = _draw(function, SHAPE, seeds[0]), _draw(function, OTHER_SHAPE, seeds[0])
    yield from (draw for draw in (*draws, again, other) if isinstance(draw, Finding))
    noise = [draw for draw in draws if isinstance(draw, Tensor)]
    if noise and isinstance(again, Tensor):
        yield from _randomness(noise, again, touched)
    if noise:
        yield from _moments(torch.stack(noise))


def _global_state() -> tuple[str, str, bytes]:
    """The states of Python's, numpy's and torch's global generators."""
    return (repr(random.getstate()), repr(np.random.get_state()[1].tolist()) + repr(
        np.random.get_state()[2:]), torch.get_rng_state().numpy().tobytes())


def _draw(function: object, shape: tuple[int, ...], seed: int) -> Tensor | Finding:
    outcome = attempt(function, (shape, torch.Generator().manual_seed(seed)),
                      f"For the shape {shape}")
    if outcome.finding:
        return outcome.finding
    noise = as_numbers(outcome.value, "noise as a tensor of float32")
    if isinstance(noise, Finding):
        return noise
    if tuple(noise.shape) != shape:
        return Finding("wrong_shape", f"The noise has the shape {tuple(noise.shape)}; expected "
                       f"the shape that was given, {shape}.")
    if not torch.isfinite(noise).all():
        return Finding("not_finite", "The noise has NaN or infinite values. Look for a division, "
                       "a logarithm of 0, or a root of a negative number.")
    return noise


def _randomness(noise: list[Tensor], again: Tensor, touched: bool) -> Iterator[Finding]:
    if not torch.equal(noise[0], again):
        yield Finding("not_reproducible", "Two generators of the same seed gave different noise. "
                      "All random numbers were expected to come from the generator that is "
                      "handed in; look for a draw that does not use it.")
    elif len(noise) > 1 and all(torch.equal(noise[0], other) for other in noise):
        yield Finding("same_noise_every_time", "Generators of different seeds gave exactly the "
                      "same noise. Fresh noise was expected; look for a seed that is set inside "
                      "the function.")
    elif len(noise) == DRAWS and (fixed := _fixed_share(torch.stack(noise))) > MOST_FIXED:
        yield Finding("fixed_pattern", f"Over {DRAWS} draws {fixed:.0%} of the noise's variance is "
                      "a pattern that stays. Noise that differs from draw to draw was expected, "
                      "as only that cancels in an average; look at what is made without the "
                      "generator.")
    if touched:
        yield Finding("changes_global_state", "The function has moved or set a global random "
                      "state. It was expected to stay as it was; use the generator alone.")


def _fixed_share(noise: Tensor) -> float:
    """The share of the variance that the draws' mean keeps; about 1 / draws without a pattern."""
    varying = noise - noise.mean()
    return float(varying.mean(dim=0).square().mean() / varying.square().mean().clamp_min(1e-12))


def _moments(noise: Tensor) -> Iterator[Finding]:
    """Mean and mean square over all draws, each within four of its own standard errors."""
    means, squares = noise.mean(dim=(1, 2, 3)), noise.square().mean(dim=(1, 2, 3))
    mean, square = float(means.mean()), float(squares.mean())
    if abs(mean) > max(0.02, 4 * _error(means)):
        yield Finding("wrong_mean", f"Over {len(noise)} draws the noise has a mean of {mean:+.2f}; "
                      "expected 0, so that noise makes a picture neither brighter nor darker.")
    variance = square - mean**2
    if abs(variance - 1) > max(0.05, 4 * _error(squares)):
        yield Finding("wrong_deviation", f"Over {len(noise)} draws the noise has a standard "
                      f"deviation of {max(variance, 0)**0.5:.2f}; expected 1, so that noise_pct "
                      "means the same for every source.")


def _error(values: Tensor) -> float:
    """The standard error of a mean."""
    return float(values.std()) / len(values) ** 0.5 if len(values) > 1 else 0.0
