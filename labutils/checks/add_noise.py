"""Instant feedback on ``add_noise(x, noise_pct, rng)``."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy.special import ndtr

from labutils.checks.attempt import as_array, attempt
from labutils.checks.frame import conduct
from labutils.checks.probe import probe_pictures
from labutils.checks.result import CheckResult, Finding

ORDER = (
    "not_callable", "not_implemented", "raises", "wrong_type", "wrong_shape", "wrong_dtype",
    "not_finite", "changes_input", "not_the_picture", "no_noise", "same_noise_every_time",
    "rng_ignored",
    "noise_pct_ignored", "wraps_around", "not_clipped", "wrong_clipping",
    "same_noise_everywhere", "colour_without_noise",
    "biased",
    "wrong_strength", "not_gaussian", "rounded",
)
BY_PLACE = ""  # as the third argument
FEW_DISTINCT = ("same_noise_everywhere", "colour_without_noise")
AXES = ("all rows", "all columns", "the three colours")


@dataclass
class Copy:
    """One call: picture, ordered strength, and the copy that came back, float64.

    Of both every other row and column is kept, which is enough to measure by.
    """

    x: np.ndarray
    noisy: np.ndarray
    noise_pct: float
    sigma: float  # the deviation that was ordered, in grey levels

    @cached_property
    def noise(self) -> np.ndarray:
        """Copy minus picture."""
        return self.noisy - self.x

    @cached_property
    def is_whole(self) -> bool:
        """True for whole grey levels."""
        return np.array_equal(self.noisy, np.floor(self.noisy))

    @cached_property
    def measured(self) -> float:
        """The deviation of the noise, without that of the cut-off decimals."""
        return float(np.sqrt(max(self.noise.var() - self.is_whole / 12, 0)))

    @cached_property
    def at_the_ends(self) -> np.ndarray:
        """Where the copy is black or white."""
        return (self.noisy <= 0) | (self.noisy >= 255)

    def is_off(self) -> bool:
        """True when the noise is more than a twentieth stronger or weaker than ordered."""
        return not 0.95 < self.measured / self.sigma < 1.05

    def is_cut_before_adding(self) -> bool:
        """True when the noise alone lost its decimals, towards 0, and is right otherwise.

        Then everything between −1 and 1 became 0, twice as much as when the sum is cut, and
        the deviation is that of what is left.
        """
        k = np.arange(1, 256)
        shares = 2 * (ndtr((k + 1) / self.sigma) - ndtr(k / self.sigma))
        left, zeros = np.sqrt((shares * k**2).sum()), 1 - shares.sum()
        return self.is_whole and 0.9 < (self.noise == 0).mean() / zeros < 1.1 and (
            0.95 < self.noise.std() / left < 1.05)


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
    return conduct("add_noise", ORDER, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    findings: list[Finding] = []
    taking = _how_it_takes_rng(function)
    with_rng = taking is not None
    copies = {name: _call(function, *task, taking, seed, findings)
              for name, task in _tasks(seed).items()}
    yield from findings
    yield from _compare({name: copy for name, copy in copies.items() if copy}, with_rng)


def _tasks(seed: int) -> dict[str, tuple[np.ndarray, float, int]]:
    """Picture, noise_pct and the generator's seed of every call."""
    # Quiet enough that nothing is clipped; the colours differ in contrast.
    pale, lively = (_unequal_colours(x) for x in probe_pictures((9, 15), seed))
    return {"strong": (pale, 0.5, 1), "again": (pale, 0.5, 1), "other seed": (pale, 0.5, 2),
            "lively": (lively, 0.1, 3), "extreme": (_extreme(seed), 0.3, 4), "none": (pale, 0, 5)}


def _call(function: Callable, x: np.ndarray, noise_pct: float, rng_seed: int,
          taking: str | None, seed: int, findings: list[Finding]) -> Copy | None:
    """One call; what is wrong with its result as such goes into findings."""
    given, situation, sigma = x.copy(), f"With noise_pct = {noise_pct}", noise_pct * x.std()
    rng = np.random.default_rng([seed, rng_seed])
    called = partial(function, **{taking: rng}) if taking else function
    third = (rng,) if taking == BY_PLACE else ()
    outcome = attempt(called, (given, noise_pct, *third), situation)
    if not np.array_equal(given, x):
        findings.append(Finding(
            "changes_input", "After the call the caller's picture is another than before. A new "
            "array was expected; look for an assignment into x."))
    if outcome.finding:
        findings.append(outcome.finding)
        return None
    noisy = as_array(outcome.value, "a picture as a uint8 array")
    if isinstance(noisy, Finding):
        findings.append(noisy)
        return None
    if noisy.dtype != np.uint8:
        findings.append(Finding(
            "wrong_dtype", f"The copy has the dtype {noisy.dtype}; expected uint8, as the picture "
            "has it. Look at the last step."))
    if noisy.shape != x.shape:
        findings.append(Finding(
            "wrong_shape", f"The copy has the shape {noisy.shape}; expected the picture's, "
            f"{x.shape}."))
        return None
    x, noisy = (a[::2, ::2].astype(np.float64) for a in (x, noisy))
    if not np.isfinite(noisy).all():
        findings.append(Finding("not_finite", f"{situation} the copy has NaN or infinite values. "
                                "Look for a division or a logarithm."))
        return None
    return Copy(x, noisy, noise_pct, sigma)


def _compare(copies: dict[str, Copy], with_rng: bool) -> Iterator[Finding]:
    strong, lively = copies.get("strong"), copies.get("lively")
    noisy = [copies[name] for name in ("strong", "other seed", "lively") if name in copies]
    if noisy and not any(copy.noise.any() for copy in noisy):
        yield Finding("no_noise", "Whatever noise_pct is, the copy is the clean picture."
                      " Look at which variable you return, and when it gets its dtype.")
        return
    if lively and _likeness(lively) < 0.5:
        yield Finding("not_the_picture", "Even with weak noise the copy does not look like the "
                      f"picture: it has values from {lively.noisy.min():.0f} to "
                      f"{lively.noisy.max():.0f}, the picture from {lively.x.min():.0f} to "
                      f"{lively.x.max():.0f}. Look at what the noise is added to, and at the range "
                      "of values after each step.")
        return
    if "none" in copies and _is_rescaled(copies["none"]):
        none = copies["none"]
        yield Finding("wrong_clipping", "With noise_pct = 0 the copy has values from "
                      f"{none.noisy.min():.0f} to {none.noisy.max():.0f}, the picture from "
                      f"{none.x.min():.0f} to {none.x.max():.0f}. Values inside 0…255 were "
                      "expected to stay as they are; look at what brings the others back.")
        return
    yield from _repeats(copies, with_rng)
    quiet = [copy for copy in (strong, lively) if copy]
    distribution = list(_distribution(strong)) if strong else []
    strength = list(_strength_of(quiet, distribution))
    if quiet and all(copy.is_cut_before_adding() for copy in quiet):
        # What else is odd, such as a deviation that is too small, follows from that.
        distribution, strength = [f for f in distribution if f.code == "rounded"], []
    yield from distribution
    yield from strength
    if "extreme" in copies:
        ordinary = len(quiet) == 2 and {f.code for f in (*distribution, *strength)} <= {"rounded"}
        yield from _leaves_range(copies["extreme"], ordinary)
    if "none" in copies and np.abs(copies["none"].noise).max() >= 1:
        yield Finding("noise_pct_ignored", "With noise_pct = 0 the copy differs from the picture. "
                      "No noise was expected; look at where noise_pct is used.")


def _strength_of(copies: list[Copy], distribution: list[Finding]) -> Iterator[Finding]:
    """Is it noise_pct that makes the noise strong, and as strong as ordered?"""
    if any(f.code in FEW_DISTINCT for f in distribution):
        return  # few numbers were drawn, so that their deviation tells nothing
    shares = [copy.measured / copy.x.std() for copy in copies]
    if len(shares) == 2 and max(shares) < 1.2 * min(shares):
        yield Finding("noise_pct_ignored", "With noise_pct = 0.5 and 0.1 the noise is the same "
                      f"share of the picture's deviation ({shares[0]:.2f} and {shares[1]:.2f}). "
                      "Look at where noise_pct is used.")
    else:
        yield from _strength(copies)


def _is_rescaled(copy: Copy) -> bool:
    """True when a copy without noise has the picture's values times a factor, plus a number."""
    slope = _likeness(copy)
    rescaled = copy.noisy.mean() + slope * (copy.x - copy.x.mean())
    return abs(slope - 1) > 0.02 and bool(np.abs(copy.noisy - rescaled).max() < 1.5)


def _likeness(copy: Copy) -> float:
    """The slope of the copy's values over the picture's: 1 for any noise that is added."""
    centred = copy.x - copy.x.mean()
    return float((copy.noisy * centred).mean() / (centred**2).mean())


def _repeats(copies: dict[str, Copy], with_rng: bool) -> Iterator[Finding]:
    """The same noise when it should differ, other noise when it should be the same."""
    first, again, other = (copies.get(name) for name in ("strong", "again", "other seed"))
    same = first and again and np.array_equal(first.noisy, again.noisy)
    # A single number for all pixels, rounded, can be the same twice by chance.
    if first and other and np.ptp(first.noise) and np.array_equal(first.noisy, other.noisy):
        yield Finding("same_noise_every_time", "Two calls " + (
            "with different generators " if with_rng else "") + "gave exactly the same noise. "
            "Fresh noise was expected; look for a seed or a generator made inside the function.")
    elif with_rng and first and again and not same:
        yield Finding("rng_ignored", "Two calls with generators of the same seed gave different "
                      "noise. The numbers were expected to come from rng, and from nowhere else.")


def _leaves_range(copy: Copy, ordinary: bool) -> Iterator[Finding]:
    """What becomes of values outside 0…255.

    Args:
        ordinary: nothing is wrong with noise that stays inside, so that its size is known.
    """
    low, high = copy.noisy.min(), copy.noisy.max()
    if low < 0 or high > 255:
        yield Finding("not_clipped", f"The copy has values from {low:.0f} to {high:.0f}; a picture "
                      "has 0…255. Look at what happens to values that leave this range.")
        return
    # Noise as ordered reaches 190 grey levels, almost six deviations, once in 10⁸ values. Of
    # other noise: strong noise reaches the middle before it reaches the other end; a value
    # that starts again at the other end does not.
    size = np.abs(copy.noise)
    jumps = float(((size > 190) & (ordinary | ~copy.at_the_ends)).mean())
    if jumps > max(1e-4, float(((size > 80) & (size < 160)).mean()) * (not ordinary)):
        yield Finding("wraps_around", f"{jumps:.1%} of the values jump from dark to bright or "
                      "back, further than noise of this strength goes. Look at what happens to a "
                      "value just outside 0…255 when it becomes uint8 (notebook 01, the first "
                      "question).")
    elif ordinary:
        yield from _heaps(copy)


def _heaps(copy: Copy) -> Iterator[Finding]:
    """Whatever would be darker than black is black, whatever would be brighter than white white.

    Half of it is enough: other distributions of the same deviation differ a little.
    """
    black = float(ndtr((1 - copy.x) / copy.sigma).mean())
    white = float(ndtr((copy.x - 255) / copy.sigma).mean())
    for value, expected in ((0, black), (255, white)):
        seen = float((copy.noisy == value).mean())
        if seen < 0.5 * expected:
            yield Finding("wrong_clipping", f"In a picture of dark and bright values {seen:.1%} of "
                          f"the copy's are {value}; about {expected:.0%} were expected, as noise "
                          "of this strength takes so many out of 0…255. Look at what becomes of "
                          "them.")


def _distribution(copy: Copy) -> Iterator[Finding]:
    noise, total = copy.noise, copy.noise.var()
    for axis, name in enumerate(AXES):
        if noise.mean(axis=axis).var() >= 0.5 * total:
            yield Finding("same_noise_everywhere", f"The noise is the same for {name}. A number of "
                          "its own was expected for every value; look at how many you draw.")
            return
    if not noise.std(axis=(0, 1)).all():
        yield Finding("colour_without_noise", "Not all of red, green and blue have noise. A number "
                      "of its own was expected for every value; look at an index or a shape.")
        return
    if copy.at_the_ends.mean() > 0.01:  # far too strong: clipping has changed the distribution
        return
    mean, expected = float(noise.mean()), -0.5  # truncation takes half a grey level on average
    if abs(mean - expected) > 0.25 + 0.1 * copy.sigma:
        yield Finding("biased", f"The noise has a mean of {mean:+.1f} grey levels, so the copy "
                      "gets brighter or darker. Noise with a mean of 0 was expected; look at "
                      "the distribution from which you draw.")
        return
    if mean - expected > 0.25 and copy.is_whole:
        yield Finding("rounded", f"The copy is {mean - expected:.1f} grey levels brighter than the "
                      "task's, which cuts decimals off once, from picture and noise together. Look at "
                      "where numbers become whole, and what becomes of 7.9 there.")
    squares = (noise - noise.mean(axis=(0, 1))) ** 2
    tails = (squares**2).mean(axis=(0, 1)) / squares.mean(axis=(0, 1)).clip(1e-12) ** 2
    if copy.measured > 2 and np.abs(tails - 3).max() > 0.4:  # 3 for every Gaussian
        yield Finding("not_gaussian", "The noise does not have the bell-shaped distribution of "
                      "Gaussian noise. Look at the distribution from which you draw.")


def _strength(copies: list[Copy]) -> Iterator[Finding]:
    wrong = [copy for copy in copies if copy.is_off()]
    if wrong:
        seen = "; ".join(f"{copy.measured:.2f} instead of {copy.sigma:.2f}" for copy in wrong)
        yield Finding("wrong_strength", f"The noise's standard deviation in grey levels is {seen}. "
                      "A share of the picture's own standard deviation was expected, a single one "
                      "for all its values; look at what noise_pct is multiplied by.")
    elif copies and max(_by_colour(copies[0])) > 1.15 * min(_by_colour(copies[0])):
        seen = ", ".join(f"{s:.2f}" for s in _by_colour(copies[0]))
        yield Finding("wrong_strength", f"Red, green and blue get noise of different strength "
                      f"({seen} grey levels). A single one for all values was expected; look at "
                      "what noise_pct is multiplied by.")


def _by_colour(copy: Copy) -> list[float]:
    return [max(float(copy.noise[..., c].std()), 1e-12) for c in range(3)]


def _how_it_takes_rng(function: object) -> str | None:
    """BY_PLACE, as the task does, by a keyword, or None: not at all.

    A third parameter that has another default than None, as a mean of 0, is the student's own.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except Exception:  # no signature to be had: the call will tell
        return BY_PLACE
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(places) > 2 and (places[2].default in (None, inspect.Parameter.empty)
                            or _is_for_rng(places[2])):
        return BY_PLACE
    if len(places) == 2 and any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return BY_PLACE
    return next((p.name for p in parameters
                 if p not in places[:3] and p.kind is not p.POSITIONAL_ONLY and _is_for_rng(p)),
                None)


def _is_for_rng(parameter: inspect.Parameter) -> bool:
    return parameter.name in ("rng", "generator") or isinstance(
        parameter.default, (np.random.Generator, np.random.RandomState))


def _unequal_colours(x: np.ndarray) -> np.ndarray:
    contrast = np.array([1.6, 1, 0.4])
    # Seven of the noise's deviations and more from both ends, so that nothing is clipped.
    return np.clip(125 + contrast * (x.astype(np.float64) - 125), 50, 205).astype(np.uint8)


def _extreme(seed: int) -> np.ndarray:
    """Half the values near black, half near white: strong noise leaves the range."""
    rng = np.random.default_rng(seed)
    dark = rng.integers(2, 30, (224, 224, 3))
    return np.where(rng.random(dark.shape) < 0.5, dark, 255 - dark).astype(np.uint8)
