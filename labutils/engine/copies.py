"""Noisy copies of pictures as the network takes them, in the lab's and in the paper's manner."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from labutils.engine.door import Admitted, describe
from labutils.engine.pixels import IMAGENET_MEAN, IMAGENET_STD

# A noise source draws noise of mean 0 and standard deviation 1.
NoiseSource = Callable[[tuple[int, ...], torch.Generator], Tensor]


def noise_adder(
    admitted: Admitted, noise_pct: float, manner: str
) -> Callable[[int, Tensor], Tensor]:
    """A function that makes one noisy network input of picture i.

    Args:
        admitted: pictures as the door hands them on, with pixels for the lab's manner.
        noise_pct: noise strength.
        manner: ``"lab"`` or ``"paper"``.

    Returns:
        A function (i, noise (H, W, C) of standard deviation 1) → (H, W, C),
        channels last, as convolutions want it.
    """
    clean = admitted.inputs.permute(0, 2, 3, 1).contiguous()
    if noise_pct == 0:  # Every copy is the picture itself: nothing to round.
        return lambda i, epsilon: clean[i]
    if manner == "paper":
        sigmas = [paper_sigma(x, noise_pct) for x in clean]
        return lambda i, epsilon: paper_copies(clean[i], epsilon.to(clean.device), sigmas[i])
    pixels = admitted.pixels.permute(0, 2, 3, 1).contiguous()
    sigmas = [lab_sigma(x, noise_pct) for x in pixels]
    # Written out for every pixel: 0.05 instead of 0.25 ms a copy.
    mean, std = (pixels.new_tensor(c).expand(pixels.shape[1:]).contiguous()
                 for c in (IMAGENET_MEAN, IMAGENET_STD))
    return lambda i, epsilon: lab_copies(
        pixels[i], epsilon.to(pixels.device), sigmas[i]).div_(255).sub_(mean).div_(std)


def draw_noise(
    source: NoiseSource, shape: tuple[int, int, int], device: torch.device, entropy: int,
    picture: int, copy: int,
) -> Tensor:
    """The noise of one copy of one picture, (H, W, C), float32, drawn on the device.

    Each copy has a generator of its own, so that its noise is the same
    whichever other copies are drawn with it.
    """
    child = np.random.SeedSequence(entropy, spawn_key=(picture, copy))
    generator = torch.Generator(device).manual_seed(int(child.generate_state(1, np.uint64)[0]))
    return source(shape, generator)


def shift_of(copy: int, shifts: int) -> tuple[int, int]:
    """By how many (rows, columns) a copy is rolled, each 0…shifts−1.

    shifts copies in a row have every row number and every column number once, shifts² of them
    every pair.
    """
    return copy % shifts, (copy + copy // shifts) % shifts


def rolled(x: Tensor, copy: int, shifts: int) -> Tensor:
    """One copy, (H, W, C), rolled by its shift."""
    return x if shifts == 1 else x.roll(shift_of(copy, shifts), dims=(0, 1))


def rolled_back(
    samples: Tensor, copies: Iterable[int], shifts: int, sides: tuple[int, int]
) -> Tensor:
    """The copies' saliencies (k, …, H, W), each where it belongs again.

    Args:
        samples, copies: saliencies, and of which copies they are.
        shifts: as for ``smoothgrad``.
        sides: the picture's (H, W).
    """
    if shifts == 1:
        return samples
    if samples.shape[-2:] != tuple(sides):
        raise ValueError(
            f"smoothgrad: shifts is {shifts}, and method gave maps of "
            f"{samples.shape[-2]}×{samples.shape[-1]} for pictures of {sides[0]}×{sides[1]}; only "
            "maps of the picture's size can be rolled back by pixels. Leave shifts out, or have "
            "method upsample its maps.")
    return torch.stack([sample.roll([-d for d in shift_of(copy, shifts)], dims=(-2, -1))
                        for sample, copy in zip(samples, copies, strict=True)])


def own_source(source: NoiseSource) -> NoiseSource:
    """A student's own noise source: its result is judged, and copied, as it may be a buffer."""

    def draw(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        epsilon = source(shape, generator)
        if not isinstance(epsilon, (Tensor, np.ndarray)) or tuple(epsilon.shape) != shape:
            raise ValueError(f"smoothgrad: noise gave {describe(epsilon)}; "
                             f"expected a tensor or an array of shape {shape}.")
        epsilon = torch.as_tensor(epsilon).detach().to(torch.float32, copy=True)
        if not torch.isfinite(epsilon).all():
            raise ValueError("smoothgrad: noise gave NaN or infinite values.")
        return epsilon

    return draw


def lab_sigma(pixels: Tensor, noise_pct: float) -> float:
    """σ in grey levels: a share of the picture's standard deviation."""
    return noise_pct * pixels.std(correction=0).item()


def lab_copies(pixels: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """Noisy copies in the lab's manner: clipped to 0…255 and truncated.

    Args:
        pixels: one picture, whole numbers 0…255.
        noise: the picture's shape or k times it, standard deviation 1.
        sigma: the noise's standard deviation in grey levels, ``lab_sigma``.

    Returns:
        Tensor of noise's shape, whole numbers 0…255.
    """
    # Of numbers from 0 up floor is truncation, and 25 times as fast as trunc.
    return (noise.to(pixels.dtype) * sigma).add_(pixels).clamp_(0, 255).floor_()


def paper_sigma(x: Tensor, noise_pct: float) -> float:
    """σ in the network input's units: a share of its range, max − min.

    Source: Smilkov et al. 2017, "SmoothGrad", section 3.1.
    """
    return noise_pct * (x.max() - x.min()).item()


def paper_copies(x: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """Noisy copies in the paper's manner: neither clipped nor rounded.

    Args:
        x: one network input.
        noise: the input's shape or k times it, standard deviation 1.
        sigma: the noise's standard deviation, ``paper_sigma``.

    Returns:
        Tensor of noise's shape.
    """
    return x + noise * sigma
