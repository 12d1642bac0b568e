"""Noise for pictures: the lab's definition and the paper's."""

import math

import numpy as np
import torch
from torch import Tensor

from labutils.engine.copies import NoiseSource
from labutils.engine.door import check_noise_pct, check_pixel_values, describe
from labutils.engine.pixels import IMAGENET_STD


def add_noise(
    x: np.ndarray, noise_pct: float = 0.05, rng: np.random.Generator | None = None
) -> np.ndarray:
    """The lab's noisy copy of a picture.

    Gaussian noise of standard deviation ``noise_pct * x.std()`` is added, the
    result is clipped to 0…255 and truncated to whole numbers.

    Args:
        x: one picture (H, W, 3) or (H, W), or several (N, H, W, 3), each with
            its own standard deviation; uint8, or numbers in 0…255.
        noise_pct: noise strength as a share of the picture's standard
            deviation, 0 or more.
        rng: a numpy generator, for example ``np.random.default_rng(0)``;
            without it the noise is different every time.

    Returns:
        A new uint8 array of x's shape; x is not changed.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    if not isinstance(x, np.ndarray) or x.ndim not in (2, 3, 4) or x.size == 0 or (
        x.ndim > 2 and x.shape[-1] != 3
    ):
        raise ValueError(
            f"add_noise: x is {describe(x)}; expected pictures (H, W, 3) or (N, H, W, 3), RGB."
        )
    check_pixel_values(x, "x", "add_noise")
    check_noise_pct(noise_pct, "add_noise")
    if rng is None:
        rng = np.random.default_rng()
    elif not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"add_noise: rng is {describe(rng)}; expected np.random.default_rng(seed) or None."
        )
    sigma = noise_pct * x.std(axis=tuple(range(x.ndim))[-3:], dtype=np.float64, keepdims=True)
    noisy = x + sigma * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def noise_in_other_units(x: np.ndarray, noise_pct: float) -> dict[str, float]:
    """One noise strength in the units of the lab, the paper and the network.

    Args:
        x: one picture (H, W, 3), uint8.
        noise_pct: the lab's share of the picture's standard deviation.

    Returns:
        ``"grey levels"``: σ on the scale 0…255; ``"share of max − min"``: the
        paper's noise level; ``"normalised"``: σ in the network's input, mean of
        the three channels.
    """
    check_noise_pct(noise_pct, "noise_in_other_units")
    check_pixel_values(x, "x", "noise_in_other_units")
    sigma = noise_pct * float(x.std(dtype=np.float64))
    span = float(x.max()) - float(x.min())
    return {
        "grey levels": sigma,
        "share of max − min": sigma / span if span else 0.0,
        "normalised": sigma / 255 * float(np.mean(1 / np.array(IMAGENET_STD))),
    }


def gaussian(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard normal noise, float32."""
    return _empty(shape, generator).normal_(generator=generator)


def uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Evenly distributed between −√3 and √3, float32."""
    return _empty(shape, generator).uniform_(-math.sqrt(3), math.sqrt(3), generator=generator)


def laplace(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Density ∝ exp(−√2·|ε|): a peak and long tails, float32."""
    u = _empty(shape, generator).uniform_(-1, 1, generator=generator)
    # log(1 − v) of v in [0, 1) is finite; each half of u's range gives one sign.
    magnitude = -torch.log1p(-torch.where(u < 0, u + 1, u))
    return torch.where(u < 0, -magnitude, magnitude) / math.sqrt(2)


def salt_and_pepper(
    shape: tuple[int, ...], generator: torch.Generator, share: float = 0.1
) -> Tensor:
    """A share of the values is ±1/√share, half of them each, the others are 0; float32.

    Each colour channel has its own grains.
    """
    u = _empty(shape, generator).uniform_(generator=generator)
    return ((u < share / 2).float() - (u >= 1 - share / 2).float()) / math.sqrt(share)


def smooth(shape: tuple[int, ...], generator: torch.Generator, radius: float = 2.0) -> Tensor:
    """Low-pass noise (H, W, ...): Gaussian noise blurred along height and width, float32.

    Args:
        radius: standard deviation of the Gaussian blur in pixels; the noise of
            two pixels that far apart has a correlation of exp(−1/4) ≈ 0.78.
    """
    reach = int(4 * radius + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2)
    weights /= weights.sum()

    def blur(x: Tensor) -> Tensor:
        for axis in (0, 1):  # borders meet their opposites: every pixel has the same deviation
            x = sum(float(w) * x.roll(k - reach, axis) for k, w in enumerate(weights))
        return x

    impulse = torch.zeros(shape[:2], dtype=torch.float64)
    impulse[0, 0] = 1
    return blur(gaussian(shape, generator)) / float(blur(impulse).norm())


def _empty(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Room for noise where the generator draws it; float32 whatever torch's default is."""
    return torch.empty(shape, dtype=torch.float32, device=generator.device)


# A noise source of your own is a function like these; give it to smoothgrad itself.
NOISE_SOURCES: dict[str, NoiseSource] = {
    "gaussian": gaussian,
    "uniform": uniform,
    "laplace": laplace,
    "salt_and_pepper": salt_and_pepper,
    "smooth": smooth,
}
