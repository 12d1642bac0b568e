"""The noisy copies that a student's function showed the network: how many, and how noisy."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from labutils.engine.copies import lab_copies
from labutils.engine.pixels import to_pixels
from labutils.noise import gaussian

WHOLE = 0.02  # grey levels; further from a whole number is no rounding error


@dataclass
class Copies:
    """The copies of one picture whose score was differentiated.

    Attributes:
        values: (m, 3, P), network inputs at some pixels.
        sensitivities: (m, classes), ∂ result / ∂ scores.
        order: m places in the order of all copies of all pictures.
        clean: (3, P), the picture's grey levels.
        nominal: the noise's standard deviation as ``add_noise`` makes it, in grey levels.
        where: (P,), the pixels' places in the flattened picture.
        looks: looks at the clean picture beside the noisy ones, which should count for nothing.
    """

    values: Tensor
    sensitivities: Tensor
    order: list[int]
    clean: Tensor
    nominal: float
    where: Tensor
    looks: "Copies | None" = None

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def pixels(self) -> Tensor:
        """The copies as grey levels, (m, 3, P)."""
        return to_pixels(self.values[..., None])[..., 0]

    @cached_property
    def noise(self) -> Tensor:
        """Copies minus picture, in grey levels."""
        return self.pixels - self.clean

    @cached_property
    def deviations(self) -> Tensor:
        """The standard deviation of each copy's noise, (m,), in grey levels."""
        return deviation(self.noise)

    def at(self, places: list[int]) -> "Copies":
        """Some of the copies."""
        return replace(self, values=self.values[places], order=[self.order[k] for k in places],
                       sensitivities=self.sensitivities[places])

    def with_looks(self) -> "Copies":
        """As if the looks at the clean picture were copies, too."""
        if self.looks is None:
            return self
        return replace(
            self, values=torch.cat([self.values, self.looks.values]),
            sensitivities=torch.cat([self.sensitivities, self.looks.sensitivities]),
            order=self.order + self.looks.order, looks=None)

    @property
    def strength(self) -> float:
        """Measured noise as a multiple of the nominal one; NaN where none was ordered."""
        if not len(self) or not self.nominal:
            return float("nan")
        return float(self.deviations.mean()) / self.nominal

    @property
    def by_colour(self) -> list[float]:
        """The strength in red, green and blue; NaN where no noise was ordered."""
        if not len(self) or not self.nominal:
            return [float("nan")] * 3
        noise = self.noise - self.noise.mean(dim=2, keepdim=True)
        return (noise.square().mean(dim=(0, 2)).sqrt() / self.nominal).tolist()

    def is_uneven(self) -> bool:
        """True when one colour's noise is stronger than another's."""
        return max(self.by_colour) > 1.15 * min(self.by_colour)


def sort_by_picture(
    rows: list[tuple[Tensor, Tensor]], X: np.ndarray, where: Tensor, n: int, noise_pct: float
) -> list[Copies]:
    """Which copy belongs to which picture: the one it looks most like.

    Args:
        rows: a recorder's, in order.
        X: the pictures, uint8 (N, H, W, 3).
        where: the recorder's pixels.
        n, noise_pct: the copies and the noise that were ordered.
    """
    clean = at_pixels(X, where)
    looks = _standardised(clean)
    owner = [int((looks @ _standardised(values[None])[0]).argmax()) for values, _ in rows]
    sorted_copies, generator = [], torch.Generator().manual_seed(0)
    for i in range(len(X)):
        order = [k for k, picture in enumerate(owner) if picture == i]
        values = torch.stack([rows[k][0] for k in order]) if order else clean.new_zeros(
            0, *clean.shape[1:])
        sensitivities = torch.stack([rows[k][1] for k in order]) if order else clean.new_zeros(0, 0)
        sigma = noise_pct * float(X[i].std())
        noisy = lab_copies(clean[i], gaussian(tuple(clean[i].shape), generator), sigma)
        nominal = float(deviation(noisy - clean[i]))
        copies = Copies(values, sensitivities, order, clean[i], nominal, where)
        sorted_copies.append(_without_repeats(_without_clean(copies, n), n))
    return sorted_copies


def at_pixels(X: np.ndarray, where: Tensor) -> Tensor:
    """Pictures (N, H, W, 3) at some pixels, (N, 3, P), float32."""
    return torch.from_numpy(X).permute(0, 3, 1, 2).flatten(2)[..., where].float()


def deviation(noise: Tensor) -> Tensor:
    """Standard deviation over the last two axes; several times as fast as torch.std."""
    return (noise - noise.mean(dim=(-2, -1), keepdim=True)).square().mean(dim=(-2, -1)).sqrt()


def _without_clean(copies: Copies, n: int) -> Copies:
    """A look at the clean picture beside its n noisy copies is no sample."""
    if not len(copies) or not copies.nominal:
        return copies
    noisy = ~is_clean(copies)
    if noisy.all() or noisy.sum() < n:
        return copies
    looks = copies.at((~noisy).nonzero()[:, 0].tolist())
    return replace(copies.at(noisy.nonzero()[:, 0].tolist()), looks=looks)


def is_clean(copies: Copies) -> Tensor:
    """Which of the copies have no noise at all, (m,)."""
    return copies.noise.abs().amax(dim=(1, 2)) < WHOLE


def _without_repeats(copies: Copies, n: int) -> Copies:
    """A second look at n different copies adds no sample."""
    first = first_of_each(copies)
    return copies.at(first) if len(copies) > n == len(first) else copies


def _standardised(pictures: Tensor) -> Tensor:
    flat = pictures.flatten(1) - pictures.flatten(1).mean(dim=1, keepdim=True)
    return flat / flat.norm(dim=1, keepdim=True).clamp_min(1e-12)


def first_of_each(copies: Copies) -> list[int]:
    """The places of the copies that differ from all before them."""
    distinct: list[int] = []
    for k, values in enumerate(copies.pixels):
        if all((values - copies.pixels[j]).abs().max() >= WHOLE for j in distinct):
            distinct.append(k)
    return distinct
