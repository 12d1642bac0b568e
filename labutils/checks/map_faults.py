"""The homework's maps beside those that follow from the copies that were shown."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from labutils.checks.copies import Copies
from labutils.checks.messages import SMOOTHGRAD
from labutils.checks.probe import ProbeNetwork
from labutils.checks.recipes import Match, explain, max_abs, smoothed
from labutils.checks.result import Finding
from labutils.checks.runs import Run
from labutils.checks.scores import gradients_of, wrong_scores
from labutils.checks.tables import finding

# Pixels on which the recipes are tried; no two of them agree on that many.
SOME = 1024


def compare(maps: Tensor, model: ProbeNetwork, run: Run) -> Iterator[Finding]:
    """Compare the maps with those that follow from the copies that were shown."""
    say = partial(finding, SMOOTHGRAD, situation=run.situation)
    at_pixels = maps.flatten(1)[:, model.pixels]
    wanted = [gradients_of(c, model, label) for c, label in
              zip(run.copies, run.situation.y, strict=True)]
    right = torch.stack([max_abs(g).mean(dim=0) for g in wanted])
    off = at_pixels - right
    # The norm alone would not see that the few largest values are cut off.
    if off.norm() <= 0.01 * right.norm() and off.abs().max() <= 0.02 * right.max():
        return
    scores = list(wrong_scores(run.copies, run.situation.y))
    yield from scores
    high, low = float(maps.amax(dim=(1, 2)).max()), float(maps.min())
    rescaled = abs(high - 1) < 1e-3 and -1e-3 < low < 0.9
    if rescaled:
        yield say("normalised_map")
    match = _explained(at_pixels, run.copies, model, rescaled)
    exact = match is not None and match.is_exact()
    # The right recipe, and yet another map.
    unfound = exact and not (match.codes or scores or rescaled)
    if not exact or unfound:
        if _counts_looks(at_pixels, run, model):
            yield say("clean_copy/sample")
            return
        if _weighs_copies(at_pixels, run, model):
            yield say("softmax/score")
            return
    if match is None or unfound:
        if not rescaled:
            yield say("wrong_map")
        return
    yield from map(say, match.codes)
    if not exact and not rescaled:
        yield from _odd_factor(match, run)


def _explained(at_pixels: Tensor, copies: list[Copies], model: ProbeNetwork,
               rescaled: bool = False, weighted: bool = False) -> Match | None:
    """The recipe that makes the map out of these copies.

    Args:
        weighted: each gradient counts as strongly as it was asked for.
    """
    gradients = [model.gradients(c.values, c.sensitivities) if weighted else gradients_of(c, model)
                 for c in copies]
    maps, gradients = at_pixels[:, :SOME], [g[..., :SOME] for g in gradients]
    return explain(maps, smoothed(gradients, maps, [c.order for c in copies]), rescaled)


def _counts_looks(at_pixels: Tensor, run: Run, model: ProbeNetwork) -> bool:
    """Was the clean picture's map counted as one more sample?"""
    if not all(c.looks for c in run.copies):
        return False
    match = _explained(at_pixels, [c.with_looks() for c in run.copies], model)
    return match is not None and not match.codes


def _weighs_copies(at_pixels: Tensor, run: Run, model: ProbeNetwork) -> bool:
    """Was a function of the score differentiated, whose slope differs from copy to copy?"""
    sizes = [c.sensitivities.abs().amax(dim=1) for c in run.copies]
    if all(s.max() <= 1.001 * s.min() for s in sizes):
        return False
    match = _explained(at_pixels, run.copies, model, weighted=True)
    return match is not None and match.is_exact()


def _odd_factor(match: Match, run: Run) -> Iterator[Finding]:
    say = partial(finding, SMOOTHGRAD, situation=run.situation)
    factor, n, copies = match.factor(), run.situation.n, run.counts[0]
    if factor and abs(factor / copies - 1) < 0.01:
        yield say("sum_not_mean", factor=factor)
    elif not factor or (abs(factor * n / copies - 1) > 0.01 and "last_only" not in match.codes):
        yield say("wrong_scale", factor=match.in_words())
