"""Noisy copies of pictures as the network takes them."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from labutils.engine.door import as_pixels, describe, is_pictures
from labutils.engine.pixels import IMAGENET_MEAN, IMAGENET_STD, to_pixels
from labutils.noise import NoiseSource, lab_copies, lab_sigma, paper_copies, paper_sigma


def noise_adder(
    X: Tensor | np.ndarray, inputs: Tensor, noise_pct: float, manner: str
) -> Callable[[int, Tensor], Tensor]:
    """A function that makes one noisy network input of picture i.

    Args:
        X: what the user gave, pictures or network inputs.
        inputs: the same as network inputs (N, C, H, W).
        noise_pct: noise strength.
        manner: ``"lab"`` or ``"paper"``.

    Returns:
        A function (i, noise (H, W, C) of standard deviation 1) → (H, W, C),
        channels last, as convolutions want it.
    """
    if noise_pct == 0:  # Every copy is the picture itself: nothing to round.
        return lambda i, epsilon: inputs[i].permute(1, 2, 0)
    if manner == "paper":
        clean = inputs.permute(0, 2, 3, 1).contiguous()
        sigmas = [paper_sigma(x, noise_pct) for x in clean]
        return lambda i, epsilon: paper_copies(clean[i], epsilon.to(clean.device), sigmas[i])
    pixels = _pixels(X, inputs).permute(0, 2, 3, 1).contiguous()
    sigmas = [lab_sigma(x, noise_pct) for x in pixels]
    # Written out for every pixel: 0.05 instead of 0.25 ms a copy.
    mean, std = (pixels.new_tensor(c).expand(pixels.shape[1:]).contiguous()
                 for c in (IMAGENET_MEAN, IMAGENET_STD))
    return lambda i, epsilon: lab_copies(
        pixels[i], epsilon.to(pixels.device), sigmas[i]).div_(255).sub_(mean).div_(std)


def draw_noise(
    source: NoiseSource, shape: tuple[int, int, int], entropy: int, picture: int, copy: int
) -> Tensor:
    """The noise of one copy of one picture, (H, W, C), float32.

    Each copy has a generator of its own, so that its noise is the same
    whichever other copies are drawn with it.
    """
    child = np.random.SeedSequence(entropy, spawn_key=(picture, copy))
    generator = torch.Generator().manual_seed(int(child.generate_state(1, np.uint64)[0]))
    return source(shape, generator)


def checked(source: NoiseSource) -> NoiseSource:
    """A student's own noise source, with its result checked."""

    def draw(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        epsilon = source(shape, generator)
        if not isinstance(epsilon, (Tensor, np.ndarray)) or tuple(epsilon.shape) != shape:
            raise ValueError(f"smoothgrad: noise gave {describe(epsilon)}; "
                             f"expected a tensor or an array of shape {shape}.")
        epsilon = torch.as_tensor(epsilon).float()
        if not torch.isfinite(epsilon).all():
            raise ValueError("smoothgrad: noise gave NaN or infinite values.")
        return epsilon

    return draw


def _pixels(X: Tensor | np.ndarray, inputs: Tensor) -> Tensor:
    """The pictures that the network inputs came from, (N, 3, H, W) in 0…255."""
    if is_pictures(X):
        return as_pixels(X, "smoothgrad").to(inputs.device)
    pixels = to_pixels(inputs).round() if inputs.shape[1] == 3 else None
    if pixels is None or pixels.min() < 0 or pixels.max() > 255:
        raise ValueError(
            f"smoothgrad: X is {describe(X)} and not an ImageNet-normalised picture, so the "
            "lab's noise on pixels 0…255 has no meaning; give pictures (N, H, W, 3), or "
            "choose manner='paper', which adds noise to the network's input."
        )
    return pixels
