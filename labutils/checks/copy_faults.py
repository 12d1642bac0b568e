"""What the noisy copies of one call show: mistakes in the noise, and in the way to the network."""

from collections.abc import Iterator
from functools import partial

import torch

from labutils.checks.copies import WHOLE, Copies, deviation, first_of_each, is_clean
from labutils.checks.messages import SMOOTHGRAD
from labutils.checks.probe import SIZE
from labutils.checks.result import Finding
from labutils.checks.tables import finding

MOST_FRACTIONS = 0.001  # the share of values that may be no whole grey level


def examine(copies: list[Copies], situation: str, noise_pct: float) -> Iterator[Finding]:
    """What one call's copies show; the number of copies is judged over several calls.

    Args:
        situation: the call in words, for messages.
    """
    say = partial(finding, SMOOTHGRAD, situation=situation)
    shown = [c for c in copies if len(c)]
    if not shown:
        yield say("no_gradient")
        return
    if noise_pct and any(map(_is_one_number, shown)):
        yield say("same_noise_everywhere", alike="all values of a copy")
        return
    begun_again = max(map(_share_begun_again, shown))
    if begun_again:
        yield say("wraps_around", share=begun_again)
        return
    if noise_pct and any(map(_is_biased, shown)):
        yield say("biased", mean=max((float(c.noise.mean()) for c in shown), key=abs))
        return
    if any(map(_is_foreign, shown)) and not all(map(_is_very_noisy, shown)):
        yield say("wrong_preprocessing")
        return
    fractional = max(map(_share_of_fractions, shown))
    if fractional > MOST_FRACTIONS:
        yield say("noise_after_normalisation", share=fractional)
    if not noise_pct:
        return
    if all(c.noise.abs().max() < WHOLE for c in shown):
        yield say("no_noise")
        return
    clean = sum(int(is_clean(c).sum()) for c in shown)
    if clean:
        yield say("clean_copy", clean=clean, shown=sum(map(len, shown)))
        return
    if any(map(_is_grey, shown)):
        yield say("same_noise_everywhere", alike="red, green and blue of every pixel")
    if any(map(_is_striped, shown)):
        yield say("same_noise_everywhere", alike="all pixels of a row, or of a column,")
    repeated = [c for c in shown if len(first_of_each(c)) < len(c)]
    if repeated:
        yield say("noise_once", shown=len(repeated[0]), different=len(first_of_each(repeated[0])))
    elif any(map(_grows, shown)):
        yield say("noise_on_noise", growth=max(map(_growth, shown)))


def averaged(copies: list[Copies], n: int) -> bool:
    """True when one mean of n noisy copies was shown for each picture."""
    expected = n**-0.5
    return n > 1 and all(
        len(c) == 1 and 0.75 * expected < c.strength < 1.3 * expected for c in copies)


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
    if len(copies) < 2 or copies.strength < 2 or _share_of_fractions(copies) > MOST_FRACTIONS:
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


def _growth(copies: Copies) -> float:
    strengths = copies.deviations
    return float(strengths[-1] / strengths[0]) if len(copies) > 1 else 1.0


def _grows(copies: Copies) -> bool:
    """True when each copy has more noise than the one before, and the last visibly so."""
    strengths = copies.deviations
    return _growth(copies) > 1.3 and bool((strengths[1:] > strengths[:-1]).all())
