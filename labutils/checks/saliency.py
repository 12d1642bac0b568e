"""Instant feedback on a saliency function, ``(X, y, model)`` → signed gradients."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from labutils.checks.attempt import as_numbers, attempt
from labutils.checks.copies import Copies, sort_by_picture
from labutils.checks.frame import conduct
from labutils.checks.probe import (
    CLASSES,
    EMPTY_GRADIENT,
    ProbeNetwork,
    network_inputs,
    probe_pictures,
)
from labutils.checks.recorder import Recorder
from labutils.checks.result import CheckResult, Finding
from labutils.checks.scores import gradients_of, wrong_scores

ORDER = (
    "not_callable", "not_implemented", "raises", "wrong_type", "wrong_shape", "not_finite",
    "too_many_passes", "no_gradient", "changes_input", "training_mode", "accumulated_gradient",
    "missing_pictures", "wrong_class", "softmax", "absolute_value", "times_input", "wrong_sign",
    "normalised_map", "wrong_scale", "wrong_saliency",
)
MESSAGES = {
    "absolute_value":
        "No value is negative. The signed gradient was expected here; the magnitude is another "
        "function's work.",
    "times_input":
        "The values are the gradient times the picture. The gradient alone was expected; look at "
        "the last step.",
    "wrong_sign":
        "All signs are turned around. The gradient of the score was expected; look at what you "
        "differentiate.",
    "normalised_map":
        "The values are stretched, so that the largest is 1. The gradient's own size was expected; "
        "look at the last step.",
    "accumulated_gradient":
        "A picture's values contain those of other pictures: the gradients of several backward "
        "passes are added up. Each picture's own was expected; look at what a second backward "
        "pass does to `.grad`.",
    "wrong_saliency":
        "The values are not the gradient of the class score, and no mistake that this check "
        "knows explains them. Go through the four steps: forward, pick, backward, read.",
}
LABELS = ((2, 1), (0,))
MOST_PASSES = 24

MISTAKES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "absolute_value": lambda gradient, X: gradient.abs(),
    "times_input": lambda gradient, X: gradient * X,
    "wrong_sign": lambda gradient, X: -gradient,
}
# One leaf for all pictures: what its .grad holds after each, and what it holds in the end.
ADDED_UP: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda gradient: gradient.cumsum(dim=0),
    lambda gradient: gradient.sum(dim=0, keepdim=True).expand_as(gradient),
)


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
    return conduct("saliency", ORDER, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    model = ProbeNetwork(seed, torch.device("cpu"))  # as in the notebook on saliency
    for k, labels in enumerate(LABELS):
        pixels = probe_pictures((30, 60)[: len(labels)], seed + 1000 * k)
        yield from _probe(function, model, pixels, labels)


def _probe(function: object, model: ProbeNetwork, pixels: np.ndarray, labels: tuple[int, ...]
           ) -> Iterator[Finding]:
    """Two calls with one and the same tensor."""
    X = network_inputs(pixels)
    given, y = X.clone(), np.array(labels)
    first, rows = _call(function, model, given, y)
    second, _ = _call(function, model, given, y)
    yield from _side_effects(X, given, labels, y, model)
    for result in (first, second):
        if isinstance(result, Finding):
            yield result
    if not isinstance(first, Tensor):
        return
    if isinstance(second, Tensor) and first.any() and (
            second - 2 * first).norm() < 0.01 * first.norm():
        yield Finding("accumulated_gradient", "The second call with the same tensor gives exactly "
                      "twice the first. The same result was expected; look at what a second "
                      "backward pass does to `.grad`.")
    if not rows:
        seen = (EMPTY_GRADIENT if model.recorder.differentiated() else
                "the network was never asked for a gradient. Look at where yours comes from, and "
                "which network it asks.")
        yield Finding("no_gradient", f"{_situation(X)} {seen}")
        return
    copies = sort_by_picture(rows, pixels, model.pixels, 1, 0)
    yield from _compare(*(t.flatten(2)[..., model.pixels] for t in (first, X)), labels, copies,
                        model, float(first.abs().max()))


def _call(function: object, model: ProbeNetwork, X: Tensor, y: np.ndarray
          ) -> tuple[Tensor | Finding, list[tuple[Tensor, Tensor]]]:
    """The result, if it has X's shape and finite numbers, and what was differentiated."""
    situation = _situation(X)
    model.recorder = Recorder(model.pixels, MOST_PASSES * len(X), Finding(
        "too_many_passes", f"{situation} the network was asked more than {MOST_PASSES} times per "
        "picture, and the check stopped. Once is enough; look at what is repeated."))
    outcome = attempt(function, (X, y, model), situation)
    rows, shape = model.recorder.rows(), tuple(X.shape)
    result = outcome.finding or as_numbers(
        outcome.value, f"gradients {shape} as a tensor, an array or a list", lists=True)
    if isinstance(result, Finding):
        return result, rows
    if tuple(result.shape) != shape:
        joined = result.ndim == 3 and len(result) == len(X)
        return Finding(
            "wrong_shape", f"{situation} the result has the shape {tuple(result.shape)}; "
            f"expected X's, {shape}." + " The channels are joined already." * joined), rows
    if not torch.isfinite(result).all():
        return Finding("not_finite", f"{situation} the result has NaN or infinite values. Look "
                       "for a division or a logarithm."), rows
    return result, rows


def _situation(X: Tensor) -> str:
    return f"With {len(X)} picture{'s' if len(X) > 1 else ''}"


def _side_effects(X: Tensor, given: Tensor, labels: tuple[int, ...], y: np.ndarray,
                  model: ProbeNetwork) -> Iterator[Finding]:
    changed = [what for what, is_changed in (
        ("has other values", not torch.equal(given.detach(), X)),
        ("wants a gradient", given.requires_grad),
        ("has a `.grad`", given.is_leaf and given.grad is not None)) if is_changed]
    if changed:
        yield Finding("changes_input", f"After the call the caller's X {' and '.join(changed)}, "
                      "unlike before. It was expected to stay as it was; look at which tensor "
                      "you prepare for the backward pass.")
    if tuple(y) != labels:
        yield Finding("changes_input", "After the call the caller's y is another than before.")
    if model.training:
        model.eval()
        yield Finding("training_mode", "After the call the network is in training mode, in which "
                      "dropout makes every call different. Look for what switches it.")


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
    empty = [i for i, c in enumerate(copies) if not len(c)]
    if empty:
        yield Finding("missing_pictures", f"Of {len(X)} pictures {len(empty)} got no backward "
                      "pass. A gradient was expected for each; look at what you start from.")
        return
    findings = list(wrong_scores(copies, labels))
    yield from findings
    found = right if not findings else torch.cat(
        [gradients_of(c, model)[:1] for c in copies])
    if abs(largest - 1) < 1e-2:
        yield Finding("normalised_map", MESSAGES["normalised_map"])
        return
    if _factor(saliency, found) is not None:
        factor = _factor(saliency, found)
        if abs(factor - 1) > 0.01:
            yield Finding("wrong_scale", f"The values are right up to a factor: they are "
                          f"{factor:.3g} times as large as expected. Look at what a mean is "
                          "taken over, and at what is multiplied.")
        return
    if len(X) > 1 and any(_factor(saliency, added(found)) is not None for added in ADDED_UP):
        yield Finding("accumulated_gradient", MESSAGES["accumulated_gradient"])
        return
    fitting = [code for code, mistake in MISTAKES.items()
               if _factor(saliency, mistake(found, X)) is not None]
    code = fitting[0] if fitting else "wrong_saliency"
    yield Finding(code, MESSAGES[code])


def _factor(saliency: Tensor, candidate: Tensor) -> float | None:
    """saliency = factor · candidate with a positive factor, or None."""
    factor = float((saliency * candidate).sum() / candidate.square().sum().clamp_min(1e-30))
    fits = (saliency - factor * candidate).norm() <= 0.01 * saliency.norm()
    return factor if fits and factor > 0 else None
