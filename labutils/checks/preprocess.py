"""Instant feedback on ``preprocess(img)``, written by hand: (224, 224, 3) → (1, 3, 224, 224).

The picture is known, so what each mistake makes of it can be computed: every order of the axes,
every order of the colours, every step of the formula (p / 255 − μ) / s left out. The way with the
fewest mistakes that gives the student's numbers is the one that was taken.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np
from torch import Tensor

from labutils.checks.attempt import as_array, attempt, described
from labutils.checks.frame import conduct
from labutils.checks.messages import PREPROCESS
from labutils.checks.probe import SIZE, network_inputs, probe_pictures
from labutils.checks.result import CheckResult, Finding
from labutils.checks.tables import finding
from labutils.engine.pixels import IMAGENET_MEAN, IMAGENET_STD

Codes = tuple[str, ...]  # keys of the messages of a way's mistakes; none for the right one

SHAPE = (1, 3, SIZE, SIZE)
# Share of the largest value. Rounding needs a thousandth of it (float16); 256 for 255 is found.
AGREES = 2e-3

say = partial(finding, PREPROCESS)

# What stands on the axes of a result with this shape, without an axis of length 1 in front.
LAYOUTS: dict[tuple[int, ...], dict[str, Codes]] = {
    (3, SIZE, SIZE): {"CHW": (), "CWH": ("transposed",), "reshaped": ("channels_last/reshaped",)},
    (SIZE, SIZE, 3): {"HWC": ("channels_last",), "WHC": ("channels_last", "transposed")},
}
COLOURS: dict[tuple[int, ...], Codes] = {(0, 1, 2): (), (2, 1, 0): ("colours_reversed",)}


def check_preprocess(function: object, *, seed: int = 0) -> CheckResult:
    """Feedback on a student's ``preprocess(img)``.

    Args:
        function: takes a picture (224, 224, 3) uint8; returns the network's input, a float32
            tensor (1, 3, 224, 224), ImageNet-normalised.
        seed: of the pictures.

    Returns:
        ``CheckResult``. Errors of the function become findings. Random states are restored.

    Raises:
        KeyboardInterrupt: only this passes through.
    """
    return conduct("preprocess", PREPROCESS, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    pictures = _with_white_grains(probe_pictures((30, 45), seed), seed)
    findings: list[Finding] = []
    results = [_call(function, img, findings) for img in pictures]
    yield from findings
    first, second = results
    if first is None or second is None:
        return
    if np.array_equal(first, second):
        yield say("picture_ignored")
    else:
        yield from _compare(first, pictures[0])


def _with_white_grains(X: np.ndarray, seed: int) -> np.ndarray:
    """Where division cuts decimals off, white alone is left: pictures without it would be alike."""
    return np.where(np.random.default_rng(seed).random(X.shape) < 0.01, 255, X).astype(np.uint8)


def _call(function: object, img: np.ndarray, findings: list[Finding]) -> np.ndarray | None:
    """The numbers of one call, float64; what is wrong with its result as such goes to findings."""
    given = img.copy()
    value = attempt(function, (given,), f"With a picture {img.shape}")
    if not np.array_equal(given, img):
        findings.append(say("changes_input"))
    numbers = value if isinstance(value, Finding) else as_array(value, PREPROCESS)
    if isinstance(numbers, Finding):
        findings.append(numbers)
        return None
    if not isinstance(value, Tensor):
        findings.append(say("wrong_type/array", seen=described(value)))
    elif value.dtype.itemsize != 4 or not value.is_floating_point():
        findings.append(say("wrong_dtype", dtype=value.dtype))
    inner = numbers.shape[1:] if numbers.ndim == 4 and len(numbers) == 1 else numbers.shape
    if inner not in LAYOUTS:
        findings.append(say("wrong_shape", shape=numbers.shape, expected=SHAPE))
        return None
    if numbers.ndim == 3:
        findings.append(say("missing_axis", shape=numbers.shape))
    numbers = numbers.reshape(inner).real.astype(np.float64)
    if not np.isfinite(numbers).all():
        findings.append(say("not_finite"))
        return None
    return numbers


def _compare(numbers: np.ndarray, img: np.ndarray) -> Iterator[Finding]:
    """Which way leads from the picture to these numbers?

    Args:
        numbers: the student's, with the axes of one of ``LAYOUTS``.
        img: the picture (224, 224, 3).
    """
    ways = [(layout_codes + colour_codes, _arranged(numbers, layout), list(order))
            for (layout, layout_codes), (order, colour_codes) in product(
                LAYOUTS[numbers.shape].items(), COLOURS.items())]
    expected = network_inputs(img[None])[0].double().numpy().transpose(1, 2, 0)
    seen = {"low": numbers.min(), "high": numbers.max(),
            "least": expected.min(), "most": expected.max()}
    explained = [(*codes, *left_out) for codes, arranged, order in ways
                 for left_out, values in _recipes(img[..., order])
                 if _agree(arranged, values)]
    fitted = [(codes, constants) for codes, arranged, order in ways
              if (constants := _constants(arranged, img[..., order]))]
    if explained:
        yield from (say(code, **seen) for code in min(explained, key=len))
    elif fitted:
        codes, (mean, std) = min(fitted, key=lambda way: len(way[0]))
        yield from (say(code) for code in codes)
        alike = min(np.ptp(mean), np.ptp(std) / max(abs(std))) < AGREES
        yield say("one_for_all" if alike else "wrong_constants", mean=_in_words(mean),
                  std=_in_words(std))
    else:
        yield say("wrong_values", **seen)


def _arranged(numbers: np.ndarray, layout: str) -> np.ndarray:
    """(H, W, C), whatever the order of the axes is."""
    if layout == "reshaped":  # the numbers of (H, W, C) in their order, cut up otherwise
        return numbers.reshape(SIZE, SIZE, 3)
    return numbers.transpose([layout.index(axis) for axis in "HWC"])


def _recipes(img: np.ndarray) -> Iterator[tuple[Codes, np.ndarray]]:
    """The formula (p / 255 − μ) / s with every choice of steps, (H, W, 3) → (H, W, 3)."""
    p = img.astype(np.float64)
    mean, std = np.array(IMAGENET_MEAN), np.array(IMAGENET_STD)
    scales = {(): p / 255, ("not_divided",): p, ("not_divided/whole",): p // 255}
    means = {(): mean, ("mean_not_subtracted",): 0 * mean}
    deviations = {(): std, ("std_not_divided",): 1 + 0 * std}
    for (a, values), (b, m), (c, s) in product(scales.items(), means.items(), deviations.items()):
        yield a + b + c, (values - m) / s
    yield ("not_divided",), (p - 255 * mean) / std
    yield ("order_of_steps",), p / 255 / std - mean
    yield ("order_of_steps",), p / 255 - mean / std


def _constants(values: np.ndarray, img: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """(μ, s) of each channel, (3,) each, if the values are (p / 255 − μ) / s of the picture."""
    p = img / 255
    centred = p - p.mean(axis=(0, 1))
    slope = (centred * values).mean(axis=(0, 1)) / np.square(centred).mean(axis=(0, 1))
    offset = values.mean(axis=(0, 1)) - slope * p.mean(axis=(0, 1))
    if not (slope > 0).all() or not _agree(values, slope * p + offset):
        return None
    return -offset / slope, 1 / slope


def _agree(values: np.ndarray, expected: np.ndarray) -> bool:
    """Up to rounding."""
    return bool(np.abs(values - expected).max() <= AGREES * np.abs(expected).max())


def _in_words(constants: np.ndarray) -> str:
    return ", ".join(f"{constant:.3g}" for constant in constants)
