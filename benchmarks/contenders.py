"""The programs that are timed against each other: one picture, n noisy copies, one map.

Each makes its noise inside the timed part and returns the map (224, 224).
"""

from collections.abc import Callable

import numpy as np
import torch
from captum.attr import NoiseTunnel, Saliency
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torchvision import transforms

from labutils.engine.pixels import IMAGENET_MEAN, IMAGENET_STD
from labutils.preprocessing import preprocess
from labutils.smoothgrad import smoothgrad

NOISE_PCT = 0.1
Contender = Callable[[np.ndarray, int, nn.Module, int], Tensor]


def engine(x: np.ndarray, label: int, model: nn.Module, n: int, **options) -> Tensor:
    """labutils.smoothgrad."""
    return smoothgrad(x[None], [label], model, n=n, noise_pct=NOISE_PCT, seed=0, **options)[0]


def engine_bfloat16(x: np.ndarray, label: int, model: nn.Module, n: int) -> Tensor:
    """labutils.smoothgrad in half precision."""
    return engine(x, label, model, n, precision="bfloat16")


def lab_loop(x: np.ndarray, label: int, model: nn.Module, n: int) -> Tensor:
    """The original lab's way: one copy after the other, through PIL and ToTensor."""
    rng = np.random.default_rng(0)
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD)])
    device = next(model.parameters()).device
    target = torch.tensor([label], device=device)
    total = torch.zeros(x.shape[:2], device=device)
    for _ in range(n):
        noise = rng.normal(0, NOISE_PCT * np.std(x), x.shape)
        noisy = np.clip(x + noise, 0, 255).astype(np.uint8)
        X = transform(Image.fromarray(noisy))[None].to(device).requires_grad_()
        model(X).gather(1, target[:, None]).squeeze().backward()
        total += X.grad.abs().amax(dim=1)[0]
    return total / n


def captum_in_batches(batch_size: int, forward: Callable | None = None) -> Contender:
    """captum's NoiseTunnel over Saliency with a given batch size."""

    def contender(x: np.ndarray, label: int, model: nn.Module, n: int) -> Tensor:
        X = preprocess(x).to(next(model.parameters()).device)
        sigma = NOISE_PCT * float(x.std()) / 255 / float(np.mean(IMAGENET_STD))
        torch.manual_seed(0)
        tunnel = NoiseTunnel(Saliency(forward or model))
        attribution = tunnel.attribute(
            X.requires_grad_(), nt_samples=n, nt_samples_batch_size=batch_size,
            nt_type="smoothgrad", stdevs=sigma, target=None if forward else label)
        return attribution.detach().amax(dim=1)[0]

    return contender


def captum_fast_network(x: np.ndarray, label: int, model: nn.Module, n: int) -> Tensor:
    """captum, given a channels-last network whose last layer computes a single class."""
    head = model.classifier[1]
    weight, bias = head.weight[label : label + 1], head.bias[label : label + 1]

    def forward(X: Tensor) -> Tensor:
        features = model.features(X.contiguous(memory_format=torch.channels_last))
        return functional.conv2d(features, weight, bias).relu().mean(dim=(1, 2, 3))

    return captum_in_batches(4, forward)(x, label, model, n)


CONTENDERS: dict[str, Contender] = {
    "engine, float32": engine,
    "engine, bfloat16": engine_bfloat16,
    "the lab's loop": lab_loop,
    "captum, batches of 1": captum_in_batches(1),
    "captum, batches of 5": captum_in_batches(5),
    "captum, batches of 50": captum_in_batches(50),
    "captum, our network": captum_fast_network,
}
# These get the network as torchvision lays it out; only ours is channels-last.
PLAIN_NETWORK = {"the lab's loop", "captum, batches of 1", "captum, batches of 5",
                 "captum, batches of 50"}
