"""Instant feedback on ``add_noise(x, noise_pct, rng)``."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from labutils.checks.attempt import BY_PLACE, as_array, attempt, way_to_hand_over
from labutils.checks.drawn_noise import Drawn, explained, measured
from labutils.checks.frame import conduct
from labutils.checks.messages import ADD_NOISE
from labutils.checks.probe import probe_pictures
from labutils.checks.result import CheckResult, Finding
from labutils.checks.tables import finding

say = partial(finding, ADD_NOISE)


@dataclass
class Copy:
    """One call: picture, ordered strength, and the copy that came back, float64.

    Attributes:
        source: a generator in the state in which the function got its own; None without.
    """

    x: np.ndarray
    noisy: np.ndarray
    noise_pct: float
    source: np.random.Generator | None

    @cached_property
    def drawn(self) -> Drawn:
        """The numbers behind the noise: those from the source, or else measured."""
        whole = np.floor(self.noisy)
        return (self.source and explained(whole, self.x, self.source)) or measured(whole, self.x)

    @property
    def sigma(self) -> float:
        """The deviation that was ordered, in grey levels."""
        return self.noise_pct * float(self.x.std())

    @property
    def noise(self) -> np.ndarray:
        """Copy minus picture."""
        return self.noisy - self.x

    def ranges(self) -> dict[str, float]:
        """Of copy and picture, for messages."""
        return {"low": self.noisy.min(), "high": self.noisy.max(),
                "least": self.x.min(), "most": self.x.max()}


def check_add_noise(function: object, *, seed: int = 0) -> CheckResult:
    """Feedback on a student's ``add_noise(x, noise_pct, rng)``.

    Args:
        function: takes a picture (H, W, 3) uint8, the noise strength and a numpy generator;
            returns the noisy copy, uint8. Without the parameter rng it is called without;
            other parameters keep their defaults.
        seed: of the pictures and generators.

    Returns:
        ``CheckResult``. Errors of the function become findings. Random states are restored.

    Raises:
        KeyboardInterrupt: only this passes through.
    """
    return conduct("add_noise", ADD_NOISE, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    findings: list[Finding] = []
    taking = way_to_hand_over(function)
    copies = {name: _call(function, *task, taking, seed, findings)
              for name, task in _tasks(seed).items()}
    yield from findings
    yield from _compare({k: copy for k, copy in copies.items() if copy}, taking is not None)


def _tasks(seed: int) -> dict[str, tuple[np.ndarray, float, int]]:
    """Picture, noise_pct and the generator's seed of every call."""
    # Quiet enough that nothing is clipped; the colours differ in contrast.
    pale, lively = (_unequal_colours(x) for x in probe_pictures((9, 15), seed))
    return {"strong": (pale, 0.5, 1), "again": (pale, 0.5, 1), "other seed": (pale, 0.5, 2),
            "lively": (lively, 0.1, 3), "extreme": (_extreme(seed), 0.3, 4), "none": (pale, 0, 5)}


def _call(function: object, x: np.ndarray, noise_pct: float, rng_seed: int,
          taking: str | None, seed: int, findings: list[Finding]) -> Copy | None:
    """One call; what is wrong with its result as such goes into findings."""
    given, situation = x.copy(), f"With noise_pct = {noise_pct}"
    rng, its_twin = (np.random.default_rng([seed, rng_seed]) for _ in range(2))
    called = partial(function, **{taking: rng}) if taking else function
    value = attempt(called, (given, noise_pct, *((rng,) if taking == BY_PLACE else ())), situation)
    if not np.array_equal(given, x):
        findings.append(say("changes_input"))
    noisy = value if isinstance(value, Finding) else as_array(value, ADD_NOISE)
    if isinstance(noisy, Finding):
        findings.append(noisy)
        return None
    if noisy.dtype != np.uint8:
        findings.append(say("wrong_dtype", dtype=noisy.dtype))
    if noisy.shape != x.shape:
        findings.append(say("wrong_shape", shape=noisy.shape, expected=x.shape))
        return None
    x, noisy = x.astype(np.float64), noisy.astype(np.float64)
    if not np.isfinite(noisy).all():
        findings.append(say("not_finite", situation=situation))
        return None
    return Copy(x, noisy, noise_pct, None if taking is None else its_twin)


def _compare(copies: dict[str, Copy], with_rng: bool) -> Iterator[Finding]:
    noisy = [copies[name] for name in ("strong", "other seed", "lively") if name in copies]
    if noisy and not any(copy.noise.any() for copy in noisy):
        yield say("no_noise")
        return
    clean = [*_without_noise(copies["none"])] if "none" in copies else []
    yield from clean
    if any(found.code != "noise_pct_ignored" for found in clean):
        return  # what is odd without noise is odd with it
    yield from _repeats(*(copies.get(k) for k in ("strong", "again", "other seed")), with_rng)
    quiet = [copies[name] for name in ("strong", "lively") if name in copies]
    of_noise = [*_numbers(quiet)]
    yield from of_noise
    if "extreme" in copies:
        yield from _ends(copies["extreme"], len(quiet) == 2 and {
            found.code for found in of_noise} <= {"rounded"})


def _without_noise(copy: Copy) -> Iterator[Finding]:
    """A copy that should be the picture."""
    if np.abs(copy.noise).max() < 1:
        return
    centred = copy.x - copy.x.mean()
    slope = float((copy.noisy * centred).mean() / (centred**2).mean())
    if slope < 0.5:
        yield say("not_the_picture", **copy.ranges())
    elif abs(slope - 1) > 0.02 and np.abs(copy.noisy - copy.noisy.mean() - slope * centred
                                          ).max() < 1.5:  # a factor, plus a number
        yield say("wrong_clipping/rescaled", **copy.ranges())
    else:
        yield say("noise_pct_ignored/zero")


def _repeats(first: Copy | None, again: Copy | None, other: Copy | None, with_rng: bool
             ) -> Iterator[Finding]:
    """The same noise when it should differ, other noise when it should be the same."""
    # A single number for all pixels, rounded, can be the same twice by chance.
    if first and other and np.ptp(first.noise) and np.array_equal(first.noisy, other.noisy):
        yield say("same_noise_every_time",
                  generators=" with different generators" if with_rng else "")
    elif with_rng and first and again and not np.array_equal(first.noisy, again.noisy):
        yield say("rng_ignored")


def _numbers(copies: list[Copy]) -> Iterator[Finding]:
    """Are the numbers of the right kind, and is it noise_pct that makes them as strong as ordered?

    Args:
        copies: one or two, in which nothing should be clipped.
    """
    first = copies[0].drawn if copies else None
    if first is None or first.code in ("same_noise_everywhere", "colour_without_noise"):
        if first:  # few numbers were drawn, so that their deviation tells nothing
            yield say(first.code, alike=first.alike)
        return
    biased = abs(first.mean) > 0.25 + 0.1 * copies[0].sigma and not (
        first.unit is None and _is_clipped(copies[0]))
    rounded = not biased and first.mean > 0.25
    if biased:
        yield say("biased", mean=first.mean)
    elif first.code:
        yield say(first.code)
    if rounded:
        yield say("rounded", brighter=first.mean)
    shares = [copy.drawn.deviation / copy.x.std() for copy in copies]
    # Decimals of the noise that are cut off on their own take at most this.
    slack = 0.6 if rounded else 0
    wrong = [copy for copy in copies
             if abs(copy.drawn.deviation - copy.sigma) > 0.05 * copy.sigma + slack]
    if len(shares) == 2 and max(shares) < 1.2 * min(shares):
        yield say("noise_pct_ignored", shares=" and ".join(f"{share:.2f}" for share in shares))
    elif wrong:
        yield say("wrong_strength", seen="; ".join(
            f"{copy.drawn.deviation:.2f} instead of {copy.sigma:.2f}" for copy in wrong))
    elif max(first.by_colour) > 1.15 * min(first.by_colour):
        yield say("wrong_strength/colours", seen=", ".join(f"{s:.2f}" for s in first.by_colour))


def _is_clipped(copy: Copy) -> bool:
    """Far too strong noise, whose mean the clipping has changed."""
    return bool(((copy.noisy <= 0) | (copy.noisy >= 255)).mean() > 0.01)


def _ends(copy: Copy, ordinary: bool) -> Iterator[Finding]:
    """What becomes of values outside 0…255.

    Args:
        ordinary: nothing is wrong with noise that stays inside, so that its size is known.
    """
    if copy.noisy.min() < 0 or copy.noisy.max() > 255:
        yield say("not_clipped", **copy.ranges())
        return
    # Noise as ordered reaches 190 grey levels, almost six deviations, once in 10⁸ values. Of
    # other noise: strong noise reaches the middle before it reaches the other end; a value
    # that starts again at the other end does not.
    size, at_an_end = np.abs(copy.noise), (copy.noisy <= 0) | (copy.noisy >= 255)
    jumps = float(((size > 190) & (ordinary | ~at_an_end)).mean())
    if jumps > max(1e-4, float(((size > 80) & (size < 160)).mean()) * (not ordinary)):
        yield say("wraps_around", share=jumps)
    elif ordinary:
        # What leaves the range is known from the numbers that were drawn, or else of other
        # numbers; of these half is enough, as other distributions differ a little.
        known = copy.drawn.unit
        unit = np.random.default_rng(0).standard_normal(copy.x.shape) if known is None else known
        wanted = copy.x + copy.sigma * unit
        for value, beyond in ((0, wanted < 0), (255, wanted > 255)):
            seen, expected = float((copy.noisy == value).mean()), float(beyond.mean())
            if seen < (0.5 if known is None else 0.9) * expected:
                yield say("wrong_clipping", seen=seen, value=value, expected=expected)


def _unequal_colours(x: np.ndarray) -> np.ndarray:
    contrast = np.array([1.6, 1, 0.4])
    # Seven of the noise's deviations and more from both ends, so that nothing is clipped.
    return np.clip(125 + contrast * (x.astype(np.float64) - 125), 50, 205).astype(np.uint8)


def _extreme(seed: int) -> np.ndarray:
    """Half the values near black, half near white: strong noise leaves the range."""
    rng = np.random.default_rng(seed)
    dark = rng.integers(2, 30, (224, 224, 3))
    return np.where(rng.random(dark.shape) < 0.5, dark, 255 - dark).astype(np.uint8)
