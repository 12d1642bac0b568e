"""Instant feedback on the homework, ``smoothgrad(X, y, model, n, noise_pct)``."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from labutils.checks.attempt import as_numbers, attempt
from labutils.checks.copies import Copies, averaged, examine, sort_by_picture
from labutils.checks.frame import conduct
from labutils.checks.probe import (
    DEAD,
    SIZE,
    ProbeNetwork,
    Recorder,
    probe_pictures,
)
from labutils.checks.recipes import Match, explain, max_abs
from labutils.checks.result import CheckResult, Finding
from labutils.checks.scores import gradients_of, wrong_scores
from labutils.checks.smoothgrad_messages import MESSAGES, ORDER, shape_hint
from labutils.network import choose_device

# Forward passes allowed per picture and copy: room for a map of each channel, each of which
# asks twice, and for more; an end to n = 10,000.
MOST_PASSES = 12
# A share of the picture's deviation that whole grey levels swallow.
VANISHING = 0.03
# Pixels on which the recipes are tried; no two of them agree on that many.
SOME = 1024


@dataclass(frozen=True)
class Situation:
    """One call of the student's function."""

    y: tuple[int, ...]
    n: int
    noise_pct: float
    spreads: tuple[float, ...]

    def __str__(self) -> str:
        count = len(self.y)
        return (f"With {count} picture{'s' if count > 1 else ''}, n = {self.n} and "
                f"noise_pct = {self.noise_pct}")


SITUATIONS = (
    Situation((2, 1), 4, 0.3, (30, 60)),
    # A single picture: squeeze() would drop its axis. 17 copies fill no usual batch.
    Situation((0,), 17, 0.1, (45,)),
    Situation((DEAD,), 1, 0, (50,)),  # one copy, no noise, and a map of zeros
)


@dataclass
class Run:
    """What came of one call."""

    situation: Situation
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    copies: list[Copies] = field(default_factory=list)

    @property
    def counts(self) -> list[int]:
        """Copies of each picture."""
        return [len(c) for c in self.copies]

    def is_foreign(self) -> bool:
        """Was the network shown something else than these pictures?"""
        return any(finding.code in ("wrong_preprocessing", "wraps_around", "biased")
                   for finding in self.findings)


def check_smoothgrad(function: object, *, seed: int = 0) -> CheckResult:
    """Feedback on a student's ``smoothgrad(X, y, model, n, noise_pct)``.

    The function is called three times with small tasks and a network that writes down
    what it is shown; from the very copies that it was shown, the right map is computed, and
    the map that each known misconception gives. Takes a few tenths of a second.

    Args:
        function: takes pictures (N, 224, 224, 3) uint8, N labels, a classifier, the number
            of copies, the noise strength; returns maps (N, 224, 224) as a tensor, array or list.
        seed: of the tasks.

    Returns:
        ``CheckResult``. Errors of the function become findings. Random states are restored.

    Raises:
        KeyboardInterrupt: only this passes through.
    """
    return conduct("smoothgrad", ORDER, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding | str]:
    model = ProbeNetwork(seed, choose_device())
    runs = [_run(function, model, situation, seed + 1000 * k)
            for k, situation in enumerate(SITUATIONS)]
    findings, over_all = [finding for run in runs for finding in run.findings], [*_over_all(runs)]
    misleading = _consequences(runs, over_all)
    yield from (finding for finding in findings if finding.code not in misleading)
    yield from over_all
    # A note on the shape would contradict a finding about it.
    if all(finding.code != "wrong_shape" for finding in findings):
        yield from (note for run in runs for note in run.notes)


def _consequences(runs: list[Run], over_all: list[Finding]) -> set[str]:
    """Codes that follow from another finding, and would send the student to the wrong place."""
    codes = set()
    # One copy fewer than ordered is none where one is ordered.
    if any(finding.code == "wrong_count" for finding in over_all):
        codes.add("no_gradient")
    # Other inputs without noise look like noise with a mean; biased noise is none there.
    if any(finding.code == "wrong_preprocessing" for run in runs for finding in run.findings
           if not run.situation.noise_pct):
        codes.add("biased")
    return codes


def _run(function: object, model: ProbeNetwork, situation: Situation, seed: int) -> Run:
    run = Run(situation)
    X = probe_pictures(situation.spreads, seed)
    y = np.array(situation.y)
    given_X, given_y = X.copy(), y.copy()
    most = MOST_PASSES * (situation.n + 3)
    stopped = Finding("n_ignored", MESSAGES["stopped"].format(
        situation=situation, most=most, n=situation.n))
    model.recorder = Recorder(model.pixels, most * len(X), stopped)
    outcome = attempt(
        function, (given_X, given_y, model, situation.n, situation.noise_pct), f"{situation}")
    run.findings += _side_effects(model, X, given_X, y, given_y)
    run.copies = sort_by_picture(
        model.recorder.rows(), X, model.pixels, situation.n, situation.noise_pct)
    if outcome.finding:
        run.findings.append(outcome.finding)
        return run
    if model.recorder.stopped:  # the function's own `except` has swallowed it
        run.findings.append(stopped)
        return run
    if not any(run.counts) and model.recorder.differentiated():
        run.findings.append(Finding("no_gradient", MESSAGES["empty_gradient"].format(
            situation=situation)))
        return run
    run.findings += examine(run.copies, str(situation), situation.noise_pct)
    maps = _maps(outcome.value, situation, run)
    if maps is not None and all(run.counts) and not run.is_foreign():
        run.findings += _compare(maps, model, run)
    return run


def _side_effects(model: ProbeNetwork, X: np.ndarray, given_X: np.ndarray, y: np.ndarray,
                  given_y: np.ndarray) -> Iterator[Finding]:
    for name, before, after in (("X", X, given_X), ("y", y, given_y)):
        if not np.array_equal(before, after):
            yield Finding("changes_input", MESSAGES["changes_input"].format(name=name))
    if model.training:
        model.eval()
        yield Finding("training_mode", MESSAGES["training_mode"])


def _maps(value: object, situation: Situation, run: Run) -> Tensor | None:
    """The result as (N, H, W), or None; what is odd about it goes into the run."""
    expected = (len(situation.y), SIZE, SIZE)
    wanted = f"saliency maps {expected} as a tensor, an array or a list"
    numbers = as_numbers(value, wanted, lists=True)
    if isinstance(numbers, Finding):
        run.findings.append(numbers)
        return None
    shape = tuple(numbers.shape)
    if shape == (expected[0], 1, SIZE, SIZE):
        run.notes.append("The maps have the shape (N, 1, H, W); (N, H, W) is what the task "
                         "asks for. This is no fault.")
    elif shape != expected:
        run.findings.append(Finding("wrong_shape", MESSAGES["wrong_shape"].format(
            situation=situation, shape=shape, expected=expected,
            hint=shape_hint(shape, expected, situation.n))))
    if [size for size in shape if size > 1] != [size for size in expected if size > 1]:
        return None
    maps = numbers.reshape(expected)
    if not torch.isfinite(maps).all():
        bad = float((~torch.isfinite(maps)).float().mean())
        run.findings.append(Finding("not_finite", MESSAGES["not_finite"].format(
            situation=situation, bad=bad)))
        return None
    return maps


def _compare(maps: Tensor, model: ProbeNetwork, run: Run) -> Iterator[Finding]:
    """Compare the maps with those that follow from the copies that were shown."""
    n = run.situation.n
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
        yield Finding("normalised_map", MESSAGES["normalised_map"])
    match = _explained(at_pixels, run.copies, model, rescaled)
    exact = match is not None and match.is_exact()
    # The right recipe, and yet another map.
    unfound = exact and not (match.codes or scores or rescaled)
    if (not exact or unfound) and _counts_looks(at_pixels, run, model):
        yield Finding("clean_copy", MESSAGES["clean_too"].format(situation=run.situation))
        return
    if (not exact or unfound) and _weighs_copies(at_pixels, run, model):
        yield Finding("softmax", MESSAGES["score_function"])
        return
    if match is None or unfound:
        if not rescaled:
            yield Finding("wrong_map", MESSAGES["wrong_map"].format(situation=run.situation))
        return
    for code in match.codes:
        yield Finding(code, MESSAGES[code])
    if not exact and not rescaled:
        yield from _odd_factor(match, n, run)


def _explained(at_pixels: Tensor, copies: list[Copies], model: ProbeNetwork,
               rescaled: bool = False, weighted: bool = False) -> Match | None:
    """The recipe that makes the map out of these copies.

    Args:
        weighted: each gradient counts as strongly as it was asked for.
    """
    gradients = [model.gradients(c.values, c.sensitivities) if weighted else gradients_of(c, model)
                 for c in copies]
    return explain(at_pixels[:, :SOME], [g[..., :SOME] for g in gradients],
                   [c.order for c in copies], rescaled)


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


def _odd_factor(match: Match, n: int, run: Run) -> Iterator[Finding]:
    factor, copies = match.factor(), run.counts[0]
    if factor is None:
        yield Finding("wrong_scale", MESSAGES["wrong_scale"].format(
            situation=run.situation, factor=", ".join(f"{f:.3g}" for f in match.factors)))
    elif abs(factor / copies - 1) < 0.01:
        yield Finding("sum_not_mean", MESSAGES["sum_not_mean"].format(
            situation=run.situation, factor=factor))
    elif abs(factor * n / copies - 1) > 0.01 and "last_only" not in match.codes:
        yield Finding("wrong_scale", MESSAGES["wrong_scale"].format(
            situation=run.situation, factor=f"{factor:.3g}"))


def _over_all(runs: list[Run]) -> Iterator[Finding]:
    """What only the comparison of several calls shows: number and strength of the copies."""
    complete = [run for run in runs if any(run.counts) and not run.is_foreign()]
    noisy = [run for run in complete if run.situation.noise_pct]
    if not noisy:
        return
    if all(averaged(run.copies, run.situation.n) for run in noisy):
        yield Finding("averaged_images", MESSAGES["averaged_images"].format(
            n=noisy[0].situation.n))
        return
    yield from _numbers(noisy)
    yield from _strengths(noisy)


def _numbers(runs: list[Run]) -> Iterator[Finding]:
    wrong = [run for run in runs if set(run.counts) != {run.situation.n}]
    stopped = any(finding.code == "n_ignored" for run in runs for finding in run.findings)
    if stopped or not wrong:
        return
    seen = {count for run in runs for count in run.counts}
    if len(seen) == 1 and len(runs) > 1:
        message = MESSAGES["one_gradient" if seen == {1} else "n_ignored"]
        yield Finding("n_ignored", message.format(count=seen.pop()))
    else:
        yield Finding("wrong_count", MESSAGES["wrong_count"].format(
            situation=wrong[0].situation, counts=wrong[0].counts))


def _strengths(runs: list[Run]) -> Iterator[Finding]:
    codes = {finding.code for run in runs for finding in run.findings}
    if codes & {"no_noise", "clean_copy", "noise_on_noise", "same_noise_everywhere"}:
        return
    shares = [[c.strength * run.situation.noise_pct for c in run.copies if len(c)]
              for run in runs]
    means = [sum(s) / len(s) for s in shares]
    # Beyond 1 the limits 0 and 255 swallow most of the noise: different strengths become alike.
    if len(runs) > 1 and VANISHING < max(means) < 1.3 * min(means) and min(means) < 1:
        yield Finding("noise_pct_ignored", MESSAGES["noise_pct_ignored"].format(
            ordered=" and ".join(str(run.situation.noise_pct) for run in runs),
            seen=" and ".join(f"{m:.2f}" for m in means)))
    elif "noise_after_normalisation" not in codes:
        for run, found in zip(runs, shares, strict=True):
            uneven = [c for c in run.copies if len(c) and c.is_uneven()]
            if uneven:
                yield Finding("wrong_strength", MESSAGES["unequal_strength"].format(
                    situation=run.situation, seen=", ".join(
                        f"{s * run.situation.noise_pct:.2f}" for s in uneven[0].by_colour)))
            elif any(not 0.93 < share / run.situation.noise_pct < 1.07 for share in found):
                yield Finding("wrong_strength", MESSAGES["wrong_strength"].format(
                    situation=run.situation, seen=", ".join(f"{s:.3f}" for s in found)))
