"""The engine is a plain loop on any classifier, not on SqueezeNet alone."""

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v3_small, resnet18, vit_b_16

from labutils.smoothgrad import smoothgrad

CLASSIFIERS = {
    "resnet18": (lambda: resnet18(weights=None), (3, 64, 64)),
    "mobilenet_v3_small": (lambda: mobilenet_v3_small(weights=None), (3, 64, 64)),
    "vit_b_16": (lambda: vit_b_16(weights=None, image_size=32), (3, 32, 32)),
    "digits": (lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 10)), (1, 8, 8)),
}


def plain_loop(X: Tensor, labels: list[int], model: nn.Module, sigma: list[float],
               drawn: list[Tensor]) -> Tensor:
    """One picture, one copy at a time, through the whole model, by backward()."""
    per_picture = len(drawn) // len(X)
    maps = torch.zeros(len(X), *X.shape[2:])
    for k, epsilon in enumerate(drawn):
        i = k // per_picture
        noisy = (X[i] + sigma[i] * epsilon.permute(2, 0, 1))[None].requires_grad_()
        model(noisy)[0, labels[i]].backward()
        maps[i] += noisy.grad[0].abs().amax(dim=0) / per_picture
    return maps


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_engine_is_a_plain_loop(name):
    build, shape = CLASSIFIERS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build().eval()
    X = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))
    labels, drawn = [3, 7], []

    def recording(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        drawn.append(torch.randn(shape, generator=generator))
        return drawn[-1]

    found = smoothgrad(X, labels, model, n=7, noise_pct=0.1, manner="paper", noise=recording,
                       seed=0)
    assert all(parameter.grad is None for parameter in model.parameters())
    sigma = [0.1 * (x.max() - x.min()).item() for x in X]
    expected = plain_loop(X, labels, model, sigma, drawn)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5 * float(expected.max()))
