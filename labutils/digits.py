"""Small networks on small pictures: what noise or a penalty in training does to gradients.

A network for scikit-learn's 8×8 pictures of digits is trained in about a second. Its inputs are
tensors (N, 1, 8, 8) in 0…1, paper 0 and ink 1, which ``compute_saliency_maps``, ``class_scores``
and ``smoothgrad(..., manner="paper")`` take as they take any network's.
"""

import math
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import torch
from sklearn import datasets
from torch import Tensor, nn
from torch.nn import functional as F

from labutils.engine.choices import check_count
from labutils.engine.door import admit
from labutils.engine.threads import map_in_order, one_thread, workers
from labutils.saliency import score_gradient

TEST = 450  # pictures, a quarter
BATCH, RATE = 64, 3e-3


class Digits(NamedTuple):
    """Pictures (N, 1, 8, 8), float32 in 0…1, and what they show (N,), for training and test."""

    X_train: Tensor
    y_train: Tensor
    X_test: Tensor
    y_test: Tensor


class Trained(NamedTuple):
    """A network in eval mode, its parameters frozen, and the share of test pictures it knows."""

    model: nn.Module
    accuracy: float


@cache
def _shuffled() -> Digits:
    pictures = datasets.load_digits()
    X = torch.from_numpy(pictures.images / 16).float()[:, None]
    y = torch.from_numpy(pictures.target).long()
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
    train, test = order[TEST:], order[:TEST]
    return Digits(X[train], y[train], X[test], y[test])


def load_digits() -> Digits:
    """scikit-learn's digits, 1347 for training and 450 for the test, always the same.

    Source: Alpaydin, Kaynak 1998, "Optical recognition of handwritten digits", UCI Machine
    Learning Repository; the package ships its test part, 1797 pictures.
    """
    return Digits(*(part.clone() for part in _shuffled()))


def train(*, noise: float = 0.0, gradient_penalty: float = 0.0, seed: int = 0, epochs: int = 15
          ) -> Trained:
    """A small CNN for the digits, trained on the CPU.

        loss = mean over the batch of −log p_y(x + ε) + λ ‖∂S_y/∂x (x + ε)‖²,   ε ~ N(0, noise²)

    Source: noise in training: Smilkov et al. 2017, "SmoothGrad", section 4.4; Bishop 1995,
    "Training with noise is equivalent to Tikhonov regularization". The penalty: Drucker, LeCun
    1992, "Improving generalization performance using double backpropagation", here on the
    class score, whose gradient the maps show.

    Args:
        noise: standard deviation, on the scale 0…1 of the pictures.
        gradient_penalty: λ, 0 or more.
        seed: of first weights, order and noise; same arguments, same weights, bit for bit, on
            one machine, whatever the number of threads.
        epochs: how often each picture is seen.

    Returns:
        ``Trained``: the network (N, 1, 8, 8) → scores (N, 10) and its accuracy on the test
        pictures, without noise. Nobody else's random state moves.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    _check_strength(noise, "noise", "train")
    _check_strength(gradient_penalty, "gradient_penalty", "train")
    check_count(epochs, "epochs", "train")
    digits, generator = _shuffled(), torch.Generator().manual_seed(seed)
    model = _untrained(generator)
    with one_thread(), torch.enable_grad():
        optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
        for _ in range(epochs):
            order = torch.randperm(len(digits.y_train), generator=generator)
            for batch in order.split(BATCH):
                x, y = digits.X_train[batch], digits.y_train[batch]
                x = x + noise * torch.randn(x.shape, generator=generator)
                loss = _loss(model, x, y, gradient_penalty)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        model.eval().requires_grad_(False)
        right = model(digits.X_test).argmax(dim=1) == digits.y_test
    return Trained(model, float(right.float().mean()))


def train_each(choices: Iterable[dict]) -> Iterator[Trained]:
    """``train(**one)`` for each of the choices, in order, as many at a time as there are cores.

    Each network is the same, bit for bit, as if it were trained by itself.

    Raises:
        TypeError, ValueError: as ``train``, when the network in question is asked for.
    """
    return map_in_order(lambda one: train(**one), choices, workers(torch.device("cpu")))


def smoothed_gradients(
    X: Tensor, y: Tensor, model: nn.Module, n: int = 50, noise: float = 0.3, seed: int = 0
) -> Tensor:
    """SmoothGrad as the paper writes it, with its sign: 1/n Σ_k ∂S_y/∂x (x + ε_k).

    Source: Smilkov et al. 2017, "SmoothGrad", section 3.

    Args:
        X: (N, 1, 8, 8); y: N class numbers; model: as of ``train``.
        n: noisy copies of each picture; noise: their standard deviation, ε ~ N(0, noise²).
        seed: same seed, same noise.

    Returns:
        Tensor of X's shape, signed; with noise 0 the plain gradient.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    caller = "smoothed_gradients"
    check_count(n, "n", caller)
    _check_strength(noise, "noise", caller)
    admitted, generator = admit(X, y, model, caller), torch.Generator().manual_seed(seed)
    X, total = admitted.inputs, torch.zeros_like(admitted.inputs)
    with one_thread(), torch.enable_grad():
        for _ in range(n):
            epsilon = noise * torch.randn(X.shape, generator=generator)
            total += score_gradient(X + epsilon, admitted.labels, model)
    return total / n


def _loss(model: nn.Module, x: Tensor, y: Tensor, gradient_penalty: float) -> Tensor:
    if not gradient_penalty:
        return F.cross_entropy(model(x), y)
    x.requires_grad_()
    scores = model(x)
    own = scores.gather(1, y[:, None]).sum()
    # A graph of the gradient itself: the penalty has to be differentiated, too.
    (gradient,) = torch.autograd.grad(own, x, create_graph=True)
    penalty = gradient.square().flatten(1).sum(dim=1).mean()
    return F.cross_entropy(scores, y) + gradient_penalty * penalty


def _untrained(generator: torch.Generator) -> nn.Module:
    with torch.device("meta"):  # so that its own first weights move nobody's random state
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 4 * 4, 10))
    model.to_empty(device="cpu")
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)
        else:
            nn.init.zeros_(parameter)
    return model


def _check_strength(value: float, argument: str, caller: str) -> None:
    if (isinstance(value, bool) or not isinstance(value, (int, float))
            or not 0 <= value < math.inf):
        raise ValueError(f"{caller}: {argument} is {value!r}; expected a number, 0 or more.")
