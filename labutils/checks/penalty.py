"""Instant feedback on ``gradient_penalty(model, x, y)``: mean over a batch of ‖∂S_y/∂x‖².

Each known mistake has a number of its own for the same network and batch; the number that the
student's function returns tells which one was made.
"""

import copy
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labutils.checks.attempt import as_numbers, attempt
from labutils.checks.frame import conduct
from labutils.checks.messages import PENALTY
from labutils.checks.result import CheckResult, Finding
from labutils.checks.tables import finding
from labutils.digits import load_digits, train

PICTURES = 12
AGREES = 1e-3  # share of the value

say = partial(finding, PENALTY)


def check_gradient_penalty(function: object, *, seed: int = 0) -> CheckResult:
    """Feedback on a student's ``gradient_penalty(model, x, y)``.

    Args:
        function: takes a network (N, 1, 8, 8) → scores (N, 10), a batch and its labels; returns
            the mean square of the gradients' length, a tensor of one number that can be
            differentiated with respect to the network's parameters.
        seed: of the network.

    Returns:
        ``CheckResult``. Errors of the function become findings. Random states are restored.

    Raises:
        KeyboardInterrupt: only this passes through.
    """
    return conduct("gradient_penalty", PENALTY, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    digits = load_digits()
    x, y = digits.X_test[:PICTURES], digits.y_test[:PICTURES]
    model = copy.deepcopy(train(seed=seed, epochs=1).model).requires_grad_(True)
    with torch.enable_grad():
        value = attempt(function, (model, x.clone(), y.clone()), "With a batch of twelve digits")
        if isinstance(value, Finding):
            yield value
            return
        if any(p.grad is not None for p in model.parameters()):
            yield say("accumulates")
        number = as_numbers(value, (), PENALTY)
        if not isinstance(value, Tensor) or isinstance(number, Finding):
            yield say("wrong_type", seen=type(value).__name__)
        elif number.numel() != 1:
            yield say("wrong_shape", shape=tuple(number.shape))
        elif not torch.isfinite(number).all():
            yield say("not_finite")
        elif wrong := _mistake(float(number), model, x, y):
            yield wrong
        elif not _leads_to(model, value):
            yield say("no_graph")


def _mistake(found: float, model: nn.Module, x: Tensor, y: Tensor) -> Finding | None:
    """Which way leads to this number, if it is not the right one?"""
    def squares(of: object) -> Tensor:
        inputs = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(of(model(inputs)), inputs)
        return gradient.square().flatten(1).sum(dim=1)

    own = squares(lambda scores: scores.gather(1, y[:, None]).sum())
    all_scores = squares(lambda scores: scores.sum())
    summed_loss = squares(lambda scores: F.cross_entropy(scores, y, reduction="sum"))
    mean_loss = squares(lambda scores: F.cross_entropy(scores, y))
    expected, pixels = float(own.mean()), x[0].numel()

    def fits(*values: Tensor) -> bool:
        return any(abs(found - float(value)) <= AGREES * float(value) for value in values)

    if fits(own.mean()):
        return None
    if fits(own.sum()):
        return say("sum", ratio=len(x))
    if fits(own.mean() / pixels):
        return say("mean_of_pixels", ratio=pixels)
    if fits(own.sqrt().mean(), own.sum().sqrt(), own.sqrt().sum()):
        return say("length")
    if fits(all_scores.mean(), all_scores.sum(), all_scores.mean() / pixels):
        return say("wrong_class")
    if fits(summed_loss.mean(), mean_loss.mean(), summed_loss.sum(), mean_loss.sum()):
        return say("loss")
    return say("wrong_values", found=found, expected=expected)


def _leads_to(model: nn.Module, value: Tensor) -> bool:
    """Can the value be differentiated with respect to the weights of the first layer?"""
    if not value.requires_grad:
        return False
    first = next(model.parameters())
    try:
        (gradient,) = torch.autograd.grad(value.sum(), first, allow_unused=True)
    except RuntimeError:  # a graph that was freed already
        return False
    return gradient is not None and bool(gradient.any())
