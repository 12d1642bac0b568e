"""How n saliencies become one map: first over the colour channels, then over the copies.

Below, M_k is the map of copy k, and M̂ is the mean of all n of them. In shapes C is the number
of channels.

Sources: Smilkov et al. 2017, "SmoothGrad", section 3 (mean); Hooker et al. 2019,
"A benchmark for interpretability methods in deep neural networks", section 4.2
(mean of squares, SmoothGrad²); Adebayo et al. 2018, "Local explanation methods for deep
neural networks lack sensitivity to parameter values" (variance, VarGrad). The authors of the
latter two take signed gradients; so does ``reduction="signed"``.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from labutils.engine.door import describe

# Values sorted at a time: 8 MiB of float32, and twice that for the sort's indices.
CHUNK = 2 * 1024**2
# Samples kept side by side in memory.
BLOCK = 32


def max_abs(saliency: Tensor) -> Tensor:
    """(n, C, H, W) → (n, H, W): magnitude, then maximum over the channels."""
    return saliency.abs().amax(dim=1)


def sum_abs(saliency: Tensor) -> Tensor:
    """(n, C, H, W) → (n, H, W): magnitude, then sum over the channels."""
    return saliency.abs().sum(dim=1)


def signed(saliency: Tensor) -> Tensor:
    """(n, C, H, W) as it is; channels are joined after the aggregation."""
    return saliency


REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "max_abs": max_abs, "sum_abs": sum_abs, "signed": signed}


class Aggregator(Protocol):
    """Takes samples one by one and can tell the map of those seen so far."""

    def add(self, sample: Tensor) -> None:
        """Take in one more sample; it is not changed."""

    def result(self) -> Tensor:
        """The map of all samples so far, a new tensor."""


class Mean:
    """M̂ = 1/n Σ_k M_k."""

    def __init__(self) -> None:
        self.total, self.n = 0, 0

    def add(self, sample: Tensor) -> None:
        # In place from the second sample on; the first is the caller's.
        self.total = self.total.add_(sample) if self.n else sample.clone()
        self.n += 1

    def result(self) -> Tensor:
        return self.total / self.n


class MeanSquare(Mean):
    """1/n Σ_k M_k², "SmoothGrad²"."""

    def add(self, sample: Tensor) -> None:
        super().add(sample * sample)


class GeometricMean(Mean):
    """(Π_k M_k)^(1/n), as exp of the mean logarithm.

    A pixel that is 0 in a single copy is 0 in the map: log 0 = −∞, exp −∞ = 0.
    """

    def add(self, sample: Tensor) -> None:
        super().add(sample.log())

    def result(self) -> Tensor:
        return super().result().exp_()


class Variance:
    """1/n Σ_k (M_k − M̂)², "VarGrad", in one pass and never negative.

    The textbook's mean of squares minus square of the mean loses its digits
    where the two are almost equal and can come out negative. Source: Welford
    1962, "Note on a method for calculating corrected sums of squares".
    """

    def __init__(self) -> None:
        self.mean, self.squares, self.n = 0, 0, 0

    def add(self, sample: Tensor) -> None:
        self.n += 1
        difference = sample - self.mean
        self.mean = self.mean + difference / self.n
        self.squares = self.squares + difference.square() * ((self.n - 1) / self.n)

    def result(self) -> Tensor:
        return self.squares / self.n


class MeanAndError(Variance):
    """Two maps, (2, H, W): the mean, and its standard error √(Σ_k (M_k − M̂)² / (n (n − 1)))."""

    def result(self) -> Tensor:
        if self.n < 2:
            raise ValueError("smoothgrad: aggregate is 'mean_and_error' and n is 1; "
                             "a single copy does not tell its error, take 2 or more.")
        error = (self.squares / (self.n * (self.n - 1))).sqrt()
        return torch.stack([self.mean, error])


class Maximum:
    """max_k M_k."""

    def __init__(self) -> None:
        self.largest = None

    def add(self, sample: Tensor) -> None:
        self.largest = sample.clone() if self.largest is None else torch.maximum(
            self.largest, sample)

    def result(self) -> Tensor:
        return self.largest.clone()


class Stored:
    """For aggregations that need all n maps at once: n·H·W numbers in memory."""

    def __init__(self, combine: Callable[[Tensor], Tensor]) -> None:
        self.combine, self.samples, self.block = combine, [], None

    def add(self, sample: Tensor) -> None:
        # Copied into blocks of their own. The samples themselves lie scattered over the
        # workers' memory and would keep it from being used again: 400 MB more at n = 1000.
        place = len(self.samples) % BLOCK
        if place == 0:
            self.block = sample.new_empty(BLOCK, *sample.shape)
        self.block[place] = sample
        self.samples.append(self.block[place])

    def result(self) -> Tensor:
        return self.combine(torch.stack(self.samples))


class Sorted(Stored):
    """For aggregations of the sorted values of each pixel, some rows at a time."""

    def result(self) -> Tensor:
        rows = self.samples[0].shape[-2]
        at_once = max(1, CHUNK * rows // (len(self.samples) * self.samples[0].numel()))
        parts = []
        for first in range(0, rows, at_once):
            part = [sample[..., first : first + at_once, :] for sample in self.samples]
            parts.append(self.combine(torch.stack(part).sort(dim=0).values))
        return torch.cat(parts, dim=-2)


def middle(ordered: Tensor) -> Tensor:
    """The median of values sorted along dimension 0: of an even number the middle two's mean."""
    n = len(ordered)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def trimmed(ordered: Tensor) -> Tensor:
    """The mean without the lowest and the highest tenth of values sorted along dimension 0."""
    cut = len(ordered) // 10
    return ordered[cut : len(ordered) - cut].mean(dim=0)


AGGREGATIONS: dict[str, Callable[[], Aggregator]] = {
    "mean": Mean,
    "mean_square": MeanSquare,
    "variance": Variance,
    "mean_and_error": MeanAndError,
    "maximum": Maximum,
    "median": lambda: Sorted(middle),
    "geometric_mean": GeometricMean,
    "trimmed_mean": lambda: Sorted(trimmed),
}


def own_aggregation(combine: Callable[[Tensor], Tensor]) -> Callable[[], Aggregator]:
    """A student's own function (n, H, W) → (H, W), with its result checked."""

    def checked(samples: Tensor) -> Tensor:
        result = combine(samples.clone())  # whatever it does to its argument
        expected = tuple(samples.shape[1:])
        if not isinstance(result, (Tensor, np.ndarray)) or tuple(result.shape) != expected:
            raise ValueError(
                f"smoothgrad: aggregate gave {describe(result)} for maps of shape "
                f"{tuple(samples.shape)}; expected one map of shape {expected}.")
        return torch.as_tensor(result).to(samples)

    return lambda: Stored(checked)
