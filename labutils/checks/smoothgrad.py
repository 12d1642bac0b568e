"""Instant feedback on the homework, ``smoothgrad(X, y, model, n, noise_pct)``."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from labutils.checks.attempt import as_numbers, attempt
from labutils.checks.copies import sort_by_picture
from labutils.checks.copy_faults import examine
from labutils.checks.frame import conduct
from labutils.checks.map_faults import compare
from labutils.checks.messages import SHAPE_HINTS, SMOOTHGRAD
from labutils.checks.probe import DEAD, SIZE, ProbeNetwork, probe_pictures
from labutils.checks.recorder import Recorder
from labutils.checks.result import CheckResult, Finding
from labutils.checks.runs import Run, Situation, over_all
from labutils.checks.tables import finding
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
    return conduct("smoothgrad", SMOOTHGRAD, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    model = ProbeNetwork(seed, choose_device())
    runs = [_run(function, model, situation, seed + 1000 * k)
            for k, situation in enumerate(SITUATIONS)]
    together = [*over_all(runs)]
    misleading = _consequences(runs, together)
    yield from (found for run in runs for found in run.findings if found.code not in misleading)
    yield from together


def _consequences(runs: list[Run], together: list[Finding]) -> set[str]:
    """Codes that follow from another finding, and would send the student to the wrong place."""
    codes = set()
    # One copy fewer than ordered is none where one is ordered.
    if any(found.code == "wrong_count" for found in together):
        codes.add("no_gradient")
    # Other inputs without noise look like noise with a mean; biased noise is none there.
    if any("wrong_preprocessing" in run.codes for run in runs if not run.situation.noise_pct):
        codes.add("biased")
    # A note on the shape would contradict a finding about it.
    if any("wrong_shape" in run.codes for run in runs):
        codes.add("note")
    return codes


def _run(function: object, model: ProbeNetwork, situation: Situation, seed: int) -> Run:
    say = partial(finding, SMOOTHGRAD, situation=situation)
    run = Run(situation)
    X = probe_pictures(situation.spreads, seed)
    y = np.array(situation.y)
    given = X.copy(), y.copy()
    most = MOST_PASSES * (situation.n + 3)
    stopped = say("n_ignored/stopped", most=most, n=situation.n)
    model.recorder = Recorder(model.pixels, most * len(X), stopped)
    value = attempt(function, (*given, model, situation.n, situation.noise_pct), str(situation))
    for name, before, after in zip("Xy", (X, y), given, strict=True):
        if not np.array_equal(before, after):
            run.findings.append(say("changes_input", name=name))
    if model.training:
        model.eval()
        run.findings.append(say("training_mode"))
    run.copies = sort_by_picture(
        model.recorder.rows(), X, model.pixels, situation.n, situation.noise_pct)
    if isinstance(value, Finding):
        run.findings.append(value)
    elif model.recorder.stopped:  # the function's own `except` has swallowed it
        run.findings.append(stopped)
    elif not any(run.counts) and model.recorder.differentiated():
        run.findings.append(say("no_gradient/empty"))
    else:
        run.findings += examine(run.copies, str(situation), situation.noise_pct)
        maps = _maps(value, situation, run)
        if maps is not None and all(run.counts) and not run.is_foreign():
            run.findings += compare(maps, model, run)
    return run


def _maps(value: object, situation: Situation, run: Run) -> Tensor | None:
    """The result as (N, H, W), or None; what is odd about it goes into the run."""
    say = partial(finding, SMOOTHGRAD, situation=situation)
    expected = (len(situation.y), SIZE, SIZE)
    numbers = as_numbers(value, expected, SMOOTHGRAD, lists=True)
    if isinstance(numbers, Finding):
        run.findings.append(numbers)
        return None
    shape = tuple(numbers.shape)
    if shape == (expected[0], 1, SIZE, SIZE):
        run.findings.append(say("note/channel"))
    elif shape != expected:
        run.findings.append(say("wrong_shape", shape=shape, expected=expected,
                                hint=_hint(shape, expected, situation.n)))
    if [size for size in shape if size > 1] != [size for size in expected if size > 1]:
        return None
    maps = numbers.reshape(expected)
    if not torch.isfinite(maps).all():
        run.findings.append(say("not_finite", bad=float((~torch.isfinite(maps)).float().mean())))
        return None
    return maps


def _hint(shape: tuple[int, ...], expected: tuple[int, ...], n: int) -> str:
    """A sentence about what the axes of a wrong shape look like."""
    pictures, *size = expected
    if shape == (3, *size) and pictures == 1:  # the picture of this call, two of the one before
        return SHAPE_HINTS["earlier"]
    if shape[-2:] == tuple(size) and shape[:-2] in {(pictures, 3), (3,)} or shape[-1:] == (3,):
        return SHAPE_HINTS["channels"]
    if shape == tuple(size):
        return SHAPE_HINTS["no_axis" if pictures == 1 else "one_for_all"]
    return SHAPE_HINTS["copies" if n in shape[:-2] else "none"].format(n=n)
