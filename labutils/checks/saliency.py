"""Instant feedback on a saliency function, ``(X, y, model)`` → signed gradients."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from labutils.checks.attempt import numbers_from
from labutils.checks.copies import Copies, sort_by_picture
from labutils.checks.frame import conduct
from labutils.checks.messages import SALIENCY
from labutils.checks.probe import CLASSES, ProbeNetwork, network_inputs, probe_pictures
from labutils.checks.recipes import explain, signed
from labutils.checks.recorder import Recorder
from labutils.checks.result import CheckResult, Finding
from labutils.checks.scores import gradients_of, wrong_scores
from labutils.checks.tables import finding

LABELS = ((2, 1), (0,))
MOST_PASSES = 24

say = partial(finding, SALIENCY)


def check_saliency(function: object, *, seed: int = 0) -> CheckResult:
    """Feedback on a student's saliency ``(X, y, model)`` → (N, 3, H, W).

    Args:
        function: takes preprocessed pictures (N, 3, 224, 224), N labels as an array, and a
            classifier; returns the signed gradient of each picture's class score.
        seed: of the pictures.

    Returns:
        ``CheckResult``. Errors of the function become findings. Random states are restored.

    Raises:
        KeyboardInterrupt: only this passes through.
    """
    return conduct("saliency", SALIENCY, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    model = ProbeNetwork(seed, torch.device("cpu"))  # as in the notebook on saliency
    for k, labels in enumerate(LABELS):
        pixels = probe_pictures((30, 60)[: len(labels)], seed + 1000 * k)
        yield from _probe(function, model, pixels, labels)


def _probe(function: object, model: ProbeNetwork, pixels: np.ndarray, labels: tuple[int, ...]
           ) -> Iterator[Finding]:
    """Two calls with one and the same tensor."""
    X = network_inputs(pixels)
    situation = f"With {len(X)} picture{'s' if len(X) > 1 else ''}"
    given, y = X.clone(), np.array(labels)
    results, rows = [], []
    for _ in range(2):
        model.recorder = Recorder(model.pixels, MOST_PASSES * len(X), say(
            "too_many_passes", situation=situation, most=MOST_PASSES))
        results.append(numbers_from(
            function, (given, y, model), situation, tuple(X.shape), SALIENCY, lists=True))
        rows = rows or model.recorder.rows()
    first, second = results
    yield from _side_effects(X, given, labels, y, model)
    yield from (result for result in results if isinstance(result, Finding))
    if isinstance(first, Finding):
        return
    if isinstance(second, Tensor) and first.any() and (
            second - 2 * first).norm() < 0.01 * first.norm():
        yield say("accumulated_gradient/calls")
    if not rows:
        empty = "/empty" * model.recorder.differentiated()
        yield say(f"no_gradient{empty}", situation=situation)
        return
    copies = sort_by_picture(rows, pixels, model.pixels, 1, 0)
    yield from _compare(*(t.flatten(2)[..., model.pixels] for t in (first, X)), labels, copies,
                        model, float(first.abs().max()))


def _side_effects(X: Tensor, given: Tensor, labels: tuple[int, ...], y: np.ndarray,
                  model: ProbeNetwork) -> Iterator[Finding]:
    changed = [what for what, is_changed in (
        ("has other values", not torch.equal(given.detach(), X)),
        ("wants a gradient", given.requires_grad),
        ("has a `.grad`", given.is_leaf and given.grad is not None)) if is_changed]
    if changed:
        yield say("changes_input", changed=" and ".join(changed))
    if tuple(y) != labels:
        yield say("changes_input/y")
    if model.training:
        model.eval()
        yield say("training_mode")


def _compare(saliency: Tensor, X: Tensor, labels: tuple[int, ...], copies: list[Copies],
             model: ProbeNetwork, largest: float) -> Iterator[Finding]:
    """Compare with the gradient in closed form, all at some pixels, (N, 3, P).

    Args:
        largest: the largest magnitude at all pixels.
    """
    wanted = torch.zeros(len(X), CLASSES)
    wanted[torch.arange(len(X)), list(labels)] = 1
    right = model.gradients(X, wanted)
    if (saliency - right).norm() <= 0.01 * right.norm():
        return
    missing = sum(not len(c) for c in copies)
    if missing:
        yield say("missing_pictures", pictures=len(X), missing=missing)
        return
    scores = list(wrong_scores(copies, labels))
    yield from scores
    if abs(largest - 1) < 1e-2:
        yield say("normalised_map")
        return
    found = torch.cat([gradients_of(c, model)[:1] for c in copies]) if scores else right
    match = explain(saliency, signed(found, X))
    if match is None:
        yield say("wrong_saliency")
    elif match.codes:
        yield say(match.codes[0])
    elif not match.is_exact():
        yield say("wrong_scale", factor=match.in_words())
