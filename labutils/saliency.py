"""Vanilla saliency: the gradient of a class score with respect to the picture.

Source: Simonyan, Vedaldi, Zisserman 2014, "Deep Inside Convolutional
Networks", section 3.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from labutils.engine.door import (
    as_labels,
    as_network_input,
    check_model,
    checked_scores,
    count_classes,
    describe,
)
from labutils.engine.squeezenet import single_class
from labutils.engine.threads import map_in_order


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
    inputs = as_network_input(X, model, "class_scores")
    if isinstance(X, Tensor) and X.requires_grad and X.shape == inputs.shape:
        inputs = X.to(inputs.device)
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
        Tensor (N, 3, H, W), float32, signed, on the model's device.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    check_model(model, "compute_saliency_maps")
    X = as_network_input(X, model, "compute_saliency_maps")
    classes = count_classes(model, X, "compute_saliency_maps")
    y = as_labels(y, len(X), classes, "compute_saliency_maps")

    def saliency_of(i: int) -> Tensor:
        return score_gradient(single_class(model, int(y[i])), X[i : i + 1])

    return torch.cat(list(map_in_order(saliency_of, range(len(X)), X.device)))


def score_gradient(score: Callable[[Tensor], Tensor], X: Tensor) -> Tensor:
    """∂ score / ∂X for a batch, (N, C, H, W).

    The sum over the batch has the gradient of each picture in its place,
    because no picture's score depends on another picture.
    """
    X = X.detach().to(memory_format=torch.channels_last).requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(score(X).sum(), X)
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
