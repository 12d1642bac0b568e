"""Instant feedback on the homework, ``smoothgrad(X, y, model, n, noise_pct)``."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from labutils.checks.attempt import as_numbers, attempt
from labutils.checks.copies import examine, sort_by_picture
from labutils.checks.frame import conduct
from labutils.checks.probe import (
    DEAD,
    EMPTY_GRADIENT,
    SIZE,
    ProbeNetwork,
    probe_pictures,
)
from labutils.checks.recorder import Recorder
from labutils.checks.result import CheckResult, Finding
from labutils.checks.smoothgrad_maps import compare
from labutils.checks.smoothgrad_messages import MESSAGES, ORDER, shape_hint
from labutils.checks.smoothgrad_runs import Run, Situation, over_all
from labutils.network import choose_device

# Forward passes allowed per picture and copy: room for a map of each channel, each of which
# asks twice, and for more; an end to n = 10,000.
MOST_PASSES = 12

SITUATIONS = (
    Situation((2, 1), 4, 0.3, (30, 60)),
    # A single picture: squeeze() would drop its axis. 17 copies fill no usual batch.
    Situation((0,), 17, 0.1, (45,)),
    Situation((DEAD,), 1, 0, (50,)),  # one copy, no noise, and a map of zeros
)


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
    findings, together = [finding for run in runs for finding in run.findings], [*over_all(runs)]
    misleading = _consequences(runs, together)
    yield from (finding for finding in findings if finding.code not in misleading)
    yield from together
    # A note on the shape would contradict a finding about it.
    if all(finding.code != "wrong_shape" for finding in findings):
        yield from (note for run in runs for note in run.notes)


def _consequences(runs: list[Run], together: list[Finding]) -> set[str]:
    """Codes that follow from another finding, and would send the student to the wrong place."""
    codes = set()
    # One copy fewer than ordered is none where one is ordered.
    if any(finding.code == "wrong_count" for finding in together):
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
        run.findings.append(Finding("no_gradient", f"{situation} {EMPTY_GRADIENT}"))
        return run
    run.findings += examine(run.copies, str(situation), situation.noise_pct)
    maps = _maps(outcome.value, situation, run)
    if maps is not None and all(run.counts) and not run.is_foreign():
        run.findings += compare(maps, model, run)
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
