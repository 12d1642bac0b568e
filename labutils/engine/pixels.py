"""Pixels 0…255 and what the network takes, there and back."""

import torch
from torch import Tensor

# Means and standard deviations of ImageNet's training pictures (R, G, B), on a
# scale of 0 to 1: the constants that torchvision's classifiers were trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def normalise(pixels: Tensor) -> Tensor:
    """Pixels 0…255, (..., 3, H, W) → ImageNet-normalised, as ``preprocess`` does."""
    mean, std = _constants(pixels)
    return (pixels / 255 - mean) / std


def to_pixels(X: Tensor) -> Tensor:
    """ImageNet-normalised (..., 3, H, W) → pixels 0…255, not rounded."""
    mean, std = _constants(X)
    return (X * std + mean) * 255


def _constants(like: Tensor) -> tuple[Tensor, Tensor]:
    mean = torch.tensor(IMAGENET_MEAN, dtype=like.dtype, device=like.device)
    std = torch.tensor(IMAGENET_STD, dtype=like.dtype, device=like.device)
    return mean[:, None, None], std[:, None, None]
