"""Vanilla saliency: the gradient of a class score with respect to the picture.

    M_c(x) = ∂S_c/∂x

Source: Simonyan, Vedaldi, Zisserman 2014, "Deep Inside Convolutional
Networks", section 3.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from labutils.engine.door import (
    admit,
    as_labels,
    check_model,
    checked_scores,
    describe,
    network_inputs,
)
from labutils.engine.finite import refuse_not_finite
from labutils.engine.lending import lent
from labutils.engine.squeezenet import ShortWay, is_torchvisions
from labutils.engine.threads import map_in_order, workers


def class_scores(
    X: Tensor | np.ndarray, y: Tensor | np.ndarray | Sequence[int], model: nn.Module
) -> Tensor:
    """The score S_y(x) of each picture's own class: the logit, before softmax.

    Args:
        X: preprocessed pictures, float tensor (N, 3, H, W); or pictures
            (N, H, W, 3) in 0…255, which are normalised first.
        y: N class numbers.
        model: a classifier in eval mode, (N, 3, H, W) → (N, classes).

    Returns:
        Tensor (N,), float32. When X requires a gradient, so does the result.
    """
    check_model(model, "class_scores")
    # A copy, because a network's first layer may work in place.
    inputs = network_inputs(X, model, "class_scores").clone()
    scores = checked_scores(model, inputs, "class_scores")
    labels = as_labels(y, len(inputs), scores.shape[1], "class_scores").to(scores.device)
    return scores.gather(1, labels[:, None]).squeeze(1)


def compute_saliency_maps(
    X: Tensor | np.ndarray, y: Tensor | np.ndarray | Sequence[int], model: nn.Module
) -> Tensor:
    """The saliency M_c(x) = ∂S_c/∂x of every picture and channel.

    Args:
        X, y, model: as for ``class_scores``. None of them is changed, and no
            gradient is accumulated anywhere.

    Returns:
        Tensor (N, 3, H, W), float32, signed, on the model's device; computed in full
        precision whatever autocast says.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    admitted = admit(X, y, model, "compute_saliency_maps")
    device = admitted.inputs.device
    gradient, count = gradient_function(model, workers(device))

    def saliency_of(i: int) -> Tensor:
        return gradient(admitted.inputs[i : i + 1], admitted.labels[i])

    saliency = torch.cat(list(map_in_order(saliency_of, range(len(admitted)), count)))
    refuse_not_finite(saliency, admitted, model, "compute_saliency_maps")
    return saliency


def gradient_function(
    model: nn.Module, count: int, dtype: torch.dtype = torch.float32
) -> tuple[Callable[[Tensor, int], Tensor], int]:
    """The gradient of a model's class scores, safe in several threads.

    Args:
        model: any classifier; torchvision's SqueezeNet takes a short way.
        count: threads that would like to compute at the same time.
        dtype: to compute in.

    Returns:
        A function ((N, C, H, W), label) → ∂S_label/∂X, and how many threads may call it.
    """
    if is_torchvisions(model):
        return ShortWay(model, dtype).gradient, count
    return lent(score_gradient, model, count, dtype)


def score_function(
    model: nn.Module, count: int
) -> tuple[Callable[[Tensor, int], Tensor], int]:
    """The class scores of a model without their gradient, safe in several threads.

    Args:
        model, count: as for ``gradient_function``.

    Returns:
        A function ((N, C, H, W), label) → S_label, (N,), and how many threads may call it.
    """
    if is_torchvisions(model):
        return ShortWay(model).score, count
    return lent(_scores_alone, model, count)


def _scores_alone(X: Tensor, labels: Sequence[int], model: nn.Module) -> Tensor:
    with torch.no_grad():
        return model(X.clone(memory_format=torch.channels_last))[range(len(X)), list(labels)]


def score_gradient(X: Tensor, labels: Sequence[int], model: nn.Module) -> Tensor:
    """∂S_y(x)/∂x for every x of a batch, (N, C, H, W), by autograd.

    The sum over the batch has the gradient of each picture in its place,
    because no picture's score depends on another picture.
    """
    X = X.clone(memory_format=torch.channels_last).requires_grad_()
    # Of a copy, because a network's first layer may work in place.
    scores = model(X.clone())[range(len(X)), list(labels)]
    (gradient,) = torch.autograd.grad(scores.sum(), X)
    return gradient


def compute_abs(saliency: Tensor) -> Tensor:
    """The magnitude |M| of a signed saliency; same shape."""
    _check_saliency(saliency, (3, 4), "compute_abs")
    return saliency.abs()


def compute_max(saliency: Tensor) -> Tensor:
    """The maximum over the colour channels: (N, C, H, W) → (N, H, W)."""
    _check_saliency(saliency, (4,), "compute_max")
    return saliency.amax(dim=1)


def _check_saliency(saliency: Tensor, dimensions: tuple[int, ...], caller: str) -> None:
    if not isinstance(saliency, Tensor) or saliency.ndim not in dimensions:
        raise ValueError(
            f"{caller}: saliency is {describe(saliency)}; expected a tensor (N, C, H, W)."
        )
