"""The noisy copies that a student's function showed the network: how many, and how noisy."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from labutils.checks.probe import SIZE
from labutils.checks.result import Finding
from labutils.engine.pixels import IMAGENET_MEAN, IMAGENET_STD
from labutils.noise import gaussian, lab_copies

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
        mean, std = (torch.tensor(c).reshape(3, 1) for c in (IMAGENET_MEAN, IMAGENET_STD))
        return (self.values * std + mean) * 255

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


def examine(copies: list[Copies], situation: str, noise_pct: float) -> Iterator[Finding]:
    """What one call's copies show; the number of copies is judged over several calls.

    Args:
        situation: the call in words, for messages.
    """
    shown = [c for c in copies if len(c)]
    if not shown:
        yield Finding(
            "no_gradient", f"{situation} the network was never asked for a gradient. A saliency "
            "map is the gradient of a class score; look at where yours comes from, and which "
            "network it asks.")
        return
    if noise_pct and any(map(_is_one_number, shown)):
        yield Finding(
            "same_noise_everywhere", f"{situation} all values of a copy are off by the same "
            "number. A number of its own was expected for every value; look at how many you draw.")
        return
    begun_again = max(_share_begun_again(c) for c in shown)
    if begun_again:
        yield Finding(
            "wraps_around", f"{situation} {begun_again:.1%} of the values left the range 0…255 and "
            "began again at its other end. They were expected to stop at 0 and 255, as in "
            "notebook 03; look at the step before the conversion to uint8.")
        return
    if noise_pct and any(map(_is_biased, shown)):
        yield Finding(
            "biased", f"{situation} the noise has a mean of "
            f"{_largest_mean(shown):.1f} grey levels; about 0 was expected. Look at what the "
            "random numbers are drawn around.")
        return
    if any(_is_foreign(c) for c in shown) and not all(map(_is_very_noisy, shown)):
        yield Finding(
            "wrong_preprocessing", "The network was shown something that is not one of the "
            "pictures as `preprocess` gives them: turned back into grey levels it has other "
            "values, even if noise is allowed for. Look at the way from picture to input.")
        return
    fractional = max(_share_of_fractions(c) for c in shown)
    if fractional > 0.001:
        yield Finding(
            "noise_after_normalisation", "The network was shown values that no picture of whole "
            f"grey levels 0…255 has ({fractional:.0%} of them). `add_noise` makes a uint8 picture "
            "from a uint8 picture; look at where noise is added, and at the dtype of the copy.")
    if not noise_pct:
        return
    if all(c.noise.abs().max() < WHOLE for c in shown):
        yield Finding(
            "no_noise", f"With noise_pct = {noise_pct} every copy that the network was shown is "
            "the clean picture. Look at which variable you hand on.")
        return
    clean = sum(int(_is_clean(c).sum()) for c in shown)
    if clean:
        yield Finding(
            "clean_copy", f"{situation} {clean} of the {sum(map(len, shown))} pictures that count "
            "are clean. All copies were expected to be noisy, with the same strength; look at "
            "when noise is added for the first time, and how much.")
        return
    if any(_is_grey(c) for c in shown):
        yield Finding(
            "same_noise_everywhere", "In every pixel red, green and blue get the same noise. A "
            "number of its own was expected for every value; look at how many you draw.")
    if any(_is_striped(c) for c in shown):
        yield Finding(
            "same_noise_everywhere", "All pixels of a row, or of a column, get the same noise. A "
            "number of its own was expected for every value; look at how many you draw.")
    repeated = [c for c in shown if len(c) > 1 and len(_first_of_each(c)) < len(c)]
    if repeated:
        yield Finding(
            "noise_once", f"{len(repeated[0])} copies of one picture were shown; the number of "
            f"different ones is {len(_first_of_each(repeated[0]))}. Fresh noise was expected for "
            "each; look at where, or with which generator, it is drawn.")
    elif any(_grows(c) for c in shown):
        yield Finding(
            "noise_on_noise", "The copies get noisier one after the other: the last has "
            f"{_growth(max(shown, key=_growth)):.1f} times the noise of the first. The same "
            "strength was expected for all, starting from the clean picture; look at what each "
            "copy is made from.")


def averaged(copies: list[Copies], n: int) -> bool:
    """True when one mean of n noisy copies was shown for each picture."""
    expected = n**-0.5
    return n > 1 and all(
        len(c) == 1 and 0.75 * expected < c.strength < 1.3 * expected for c in copies)


def _without_clean(copies: Copies, n: int) -> Copies:
    """A look at the clean picture beside its n noisy copies is no sample."""
    if not len(copies) or not copies.nominal:
        return copies
    noisy = ~_is_clean(copies)
    if noisy.all() or noisy.sum() < n:
        return copies
    looks = copies.at((~noisy).nonzero()[:, 0].tolist())
    return replace(copies.at(noisy.nonzero()[:, 0].tolist()), looks=looks)


def _is_clean(copies: Copies) -> Tensor:
    """Which of the copies have no noise at all, (m,)."""
    return copies.noise.abs().amax(dim=(1, 2)) < WHOLE


def _without_repeats(copies: Copies, n: int) -> Copies:
    """A second look at n different copies adds no sample."""
    first = _first_of_each(copies)
    return copies.at(first) if len(copies) > n == len(first) else copies


def _standardised(pictures: Tensor) -> Tensor:
    flat = pictures.flatten(1) - pictures.flatten(1).mean(dim=1, keepdim=True)
    return flat / flat.norm(dim=1, keepdim=True).clamp_min(1e-12)


def _is_foreign(copies: Copies) -> bool:
    """True when copies are no noisy versions: slope of copy against picture, or mean, is off."""
    pixels, clean = copies.pixels, copies.clean
    if not torch.isfinite(pixels).all():
        return True
    centred = clean - clean.mean()
    slope = (pixels * centred).mean() / centred.square().mean()
    shift = (pixels - clean).mean(dim=(1, 2)).abs().max()
    return not 0.85 < slope < 1.15 or bool(shift > 0.25 * deviation(clean))


def _is_one_number(copies: Copies) -> bool:
    """True when a copy is the picture, made brighter or darker as a whole."""
    shift = copies.noise.mean(dim=(1, 2)).abs().max()
    return bool(shift > WHOLE) and bool(copies.deviations.max() < 0.1 * shift)


def _is_very_noisy(copies: Copies) -> bool:
    """True for the right pictures with much more noise than ordered, in which little is left.

    Noise differs from copy to copy; where another picture was shown, most of the difference stays.
    """
    if len(copies) < 2 or copies.strength < 2 or _share_of_fractions(copies) > 0.001:
        return False
    return bool(copies.noise.var(dim=0).mean() > 0.7 * copies.noise.square().mean())


def _share_begun_again(copies: Copies) -> float:
    """The share of values that overflowed: 260 became 4, and −4 became 252."""
    far = copies.noise.abs() > 128
    folded = torch.remainder(copies.noise + 128, 256) - 128
    if not far.any() or deviation(folded).max() > 2 * copies.nominal + WHOLE:
        return 0.0
    # Strong noise has more values a little below the limit than beyond it; an overflow has not.
    below = (copies.noise.abs() > 80) & ~far
    return float(far.float().mean()) if far.sum() > below.sum() else 0.0


def _is_biased(copies: Copies) -> bool:
    """True for noise of about the right strength around another number than 0."""
    means = copies.noise.mean(dim=(1, 2))
    return bool((means.abs() > 0.3 * copies.nominal).all()
                and (copies.deviations < 2 * copies.nominal).all()
                and (copies.deviations > 0.3 * copies.nominal).all())


def _largest_mean(shown: list[Copies]) -> float:
    return max((float(c.noise.mean()) for c in shown), key=abs)


def _is_striped(copies: Copies) -> bool:
    """True when the noise is the same along every row or every column.

    Of independent numbers the means of k have a k-th of the variance; a row or a column has
    nine of the pixels.
    """
    noise = copies.noise.mean(dim=0)
    noise = noise - noise.mean(dim=1, keepdim=True)
    for line in (copies.where // SIZE, copies.where % SIZE):
        counts = torch.bincount(line, minlength=SIZE)
        sums = torch.zeros(3, SIZE).index_add_(1, line, noise)
        if sums.square().div(counts.clamp_min(1)).sum() > 0.6 * noise.square().sum():
            return True
    return False


def _is_grey(copies: Copies) -> bool:
    """True when the noise is the same for the three colours."""
    varying = copies.noise - copies.noise.mean(dim=(1, 2), keepdim=True)
    return bool((varying.mean(dim=1).square().mean(dim=1) > 0.6 * varying.square().mean(dim=(1, 2))
                 ).all())


def _share_of_fractions(copies: Copies) -> float:
    pixels = copies.pixels
    wrong = (pixels - pixels.round()).abs() > WHOLE
    wrong |= (pixels < -WHOLE) | (pixels > 255 + WHOLE)
    return float(wrong.float().mean())


def _first_of_each(copies: Copies) -> list[int]:
    """The places of the copies that differ from all before them."""
    distinct: list[int] = []
    for k, values in enumerate(copies.pixels):
        if all((values - copies.pixels[j]).abs().max() >= WHOLE for j in distinct):
            distinct.append(k)
    return distinct


def _growth(copies: Copies) -> float:
    strengths = copies.deviations
    return float(strengths[-1] / strengths[0]) if len(copies) > 1 else 1.0


def _grows(copies: Copies) -> bool:
    """True when each copy has more noise than the one before, and the last visibly so."""
    strengths = copies.deviations
    return _growth(copies) > 1.3 and bool((strengths[1:] > strengths[:-1]).all())
