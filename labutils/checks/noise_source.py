"""Instant feedback on a noise source, ``(shape, generator)`` → noise of standard deviation 1."""

import random
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from labutils.checks.attempt import numbers_from
from labutils.checks.frame import conduct
from labutils.checks.given import given_source
from labutils.checks.messages import NOISE_SOURCE
from labutils.checks.result import CheckResult, Finding
from labutils.checks.tables import finding

SHAPE, OTHER_SHAPE = (64, 64, 3), (30, 48, 3)
DRAWS, MOST_DRAWS = 40, 4000
MOST_SECONDS = 3  # for draws; of a slow source there are too few to judge it by
MOST_FIXED = 0.45  # even one random sign for all pixels next to never keeps as much by chance
# What the task's own test allows; a quarter of it, as four standard errors count as chance.
MOST_OFF = 0.1
SMALL_ERROR = MOST_OFF / 4
# Of 40 draws; the 400 of the task's test could then not tell a deviation to 0.1 either.
HOPELESS_ERROR = 1


def check_noise_source(function: object, *, seed: int = 0) -> CheckResult:
    """Feedback on a student's noise source.

    Mean and deviation are judged over many draws, with a tolerance that the draws themselves
    tell: noise whose pixels hang together varies more from draw to draw. Where it varies too
    much to tell, more is drawn; noise of a single number for all pixels needs 3200 draws. After
    three seconds a note says that a slow source was not judged by them. Noise that is right but one
    of the five given sources passes with a remark.

    Args:
        function: takes a shape (H, W, 3) and a ``torch.Generator``; returns noise of that
            shape with mean 0 and standard deviation 1, made from that generator alone.
        seed: of the generators.

    Returns:
        ``CheckResult``. Errors of the function become findings. Random states are restored.

    Raises:
        KeyboardInterrupt: only this passes through.
    """
    return conduct("noise source", NOISE_SOURCE, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    seeds = [MOST_DRAWS * seed + k for k in range(MOST_DRAWS)]
    before, end = _global_state(), time.monotonic() + MOST_SECONDS
    draws = [_draw(function, SHAPE, s) for s in seeds[:DRAWS]
             if time.monotonic() < end or s == seeds[0]]
    touched = _global_state() != before
    again, other = _draw(function, SHAPE, seeds[0]), _draw(function, OTHER_SHAPE, seeds[0])
    yield from (draw for draw in (*draws, again, other) if isinstance(draw, Finding))
    noise = [draw for draw in draws if isinstance(draw, Tensor)]
    if noise and isinstance(again, Tensor):
        yield from _randomness(noise, again)
        if touched:
            yield finding(NOISE_SOURCE, "changes_global_state")
    if len(noise) == DRAWS:
        yield from _moments(function, noise, seeds, end)
        if source := given_source(torch.stack(noise)):
            yield finding(NOISE_SOURCE, "given_noise", source=source, draws=DRAWS)
    elif len(draws) < DRAWS:
        yield finding(NOISE_SOURCE, "note/slow", draws=len(draws), seconds=MOST_SECONDS)


def _global_state() -> tuple[str, str, bytes]:
    """The states of Python's, numpy's and torch's global generators."""
    return (repr(random.getstate()), repr(np.random.get_state()[1].tolist()) + repr(
        np.random.get_state()[2:]), torch.get_rng_state().numpy().tobytes())


def _draw(function: object, shape: tuple[int, ...], seed: int) -> Tensor | Finding:
    arguments = (shape, torch.Generator().manual_seed(seed))
    return numbers_from(function, arguments, f"For the shape {shape}", shape, NOISE_SOURCE)


def _randomness(noise: list[Tensor], again: Tensor) -> Iterator[Finding]:
    if not torch.equal(noise[0], again):
        yield finding(NOISE_SOURCE, "not_reproducible")
    elif len(noise) > 1 and all(torch.equal(noise[0], other) for other in noise):
        yield finding(NOISE_SOURCE, "same_noise_every_time")
    elif len(noise) == DRAWS and (fixed := _fixed_share(torch.stack(noise))) > MOST_FIXED:
        yield finding(NOISE_SOURCE, "fixed_pattern", draws=DRAWS, fixed=fixed)


def _fixed_share(noise: Tensor) -> float:
    """The share of the variance that the draws' mean keeps; about 1 / draws without a pattern."""
    varying = noise - noise.mean()
    return float(varying.mean(dim=0).square().mean() / varying.square().mean().clamp_min(1e-12))


def _moments(function: object, noise: list[Tensor], seeds: list[int], end: float
             ) -> Iterator[Finding]:
    """Mean and variance over all draws, each within four standard errors, and never far off.

    The errors grow with the values, so that noise without any variance, as Cauchy's, would
    always lie within them: hence ``MOST_OFF``.

    Args:
        noise: the first draws.
        seeds: of these and of as many further draws as may become necessary.
        end: when time.monotonic() tells this, drawing stops.
    """
    moments = [_moments_of(draw) for draw in noise]
    while len(moments) < len(seeds) and (
            SMALL_ERROR < max(_errors(moments)) < HOPELESS_ERROR):
        for s in seeds[len(moments) : 2 * len(moments)]:
            if time.monotonic() >= end:
                yield finding(NOISE_SOURCE, "note/slow", draws=len(moments), seconds=MOST_SECONDS)
                return
            draw = _draw(function, SHAPE, s)
            if isinstance(draw, Finding):
                yield draw
                return
            moments.append(_moments_of(draw))
    mean, square = np.mean(moments, axis=0)
    error_of_mean, error_of_square = _errors(moments)
    if abs(mean) > min(MOST_OFF, max(0.02, 4 * error_of_mean)):
        yield finding(NOISE_SOURCE, "wrong_mean", draws=len(moments), mean=mean)
    variance = max(square - mean**2, 0)
    if abs(variance - 1) > max(0.05, 4 * error_of_square) or abs(variance**0.5 - 1) > MOST_OFF:
        yield finding(NOISE_SOURCE, "wrong_deviation", draws=len(moments),
                      deviation=variance**0.5)


def _moments_of(draw: Tensor) -> tuple[float, float]:
    """Mean and mean square of one draw."""
    values = draw.double()  # squares of float32 could become infinite
    return float(values.mean()), float(values.square().mean())


def _errors(moments: list[tuple[float, float]]) -> np.ndarray:
    """The standard errors of the draws' two moments, (2,)."""
    return np.std(moments, axis=0, ddof=1) / len(moments) ** 0.5
