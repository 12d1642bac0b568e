"""Instant feedback on an aggregation of the student's own, (n, H, W) → (H, W)."""

from collections.abc import Iterator

import torch
from torch import Tensor

from labutils.checks.attempt import as_numbers, attempt
from labutils.checks.frame import conduct
from labutils.checks.result import CheckResult, Finding

ORDER = (
    "not_callable", "not_implemented", "raises", "wrong_type", "wrong_shape", "not_finite",
    "changes_input", "not_reproducible", "ignores_maps", "order_matters", "negative_values",
    "grows_with_n",
)
N, HEIGHT, WIDTH = 6, 24, 20
MANY = 8  # times the same maps: what is like a mean stays, what is like a sum grows


def check_aggregate(function: object, *, seed: int = 0) -> CheckResult:
    """Feedback on a student's aggregation; any formula will do that has the properties of one.

    Args:
        function: takes n maps (n, H, W), not negative; returns one map (H, W).
        seed: of the maps.

    Returns:
        ``CheckResult``. Errors of the function become findings. Random states are restored.

    Raises:
        KeyboardInterrupt: only this passes through.
    """
    return conduct("aggregation", ORDER, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding | str]:
    generator = torch.Generator().manual_seed(seed)
    maps, others = _probe_maps(generator), _probe_maps(generator)
    findings: list[Finding] = []
    found = _call(function, maps, findings)
    dark = maps.clone()
    dark[0, :4], dark[:, -4:] = 0, 0  # as below a ReLU: one copy's zeros, all copies' zeros
    _call(function, dark, findings)
    yield from findings
    if found is not None:
        yield from _is_a_rule(function, maps, others, found, generator)
        yield from _not_negative(found)
        yield from _keeps_its_size(function, maps, found)
        yield from _notes(function, maps, found)


def _probe_maps(generator: torch.Generator) -> Tensor:
    """Like saliency maps: mostly dark, some pixels much brighter, and different in each copy."""
    brightness = torch.rand(HEIGHT, WIDTH, generator=generator) ** 2
    copies = torch.empty(N, HEIGHT, WIDTH).exponential_(generator=generator)
    return brightness * copies + 1e-4


def _call(function: object, maps: Tensor, findings: list[Finding]) -> Tensor | None:
    """The aggregated map, or None; what is wrong with it goes into findings."""
    given, n = maps.clone(), len(maps)
    outcome = attempt(function, (given,), f"With {n} maps {tuple(maps.shape)}")
    if given.shape != maps.shape or not torch.equal(given.detach(), maps):
        findings.append(Finding(
            "changes_input", "After the call the maps that were given are others than before. "
            "They were expected to stay; look for a function whose name ends in _ or an "
            "assignment into the argument."))
    result = outcome.finding or as_numbers(outcome.value, "one map as a tensor or an array")
    if isinstance(result, Finding):
        findings.append(result)
        return None
    if result.shape != maps.shape[1:]:
        findings.append(Finding(
            "wrong_shape", f"{n} maps of shape {tuple(maps.shape)} became {tuple(result.shape)}; "
            f"expected one map, {tuple(maps.shape[1:])}. Look at the axis over which you join."))
        return None
    if not torch.isfinite(result).all():
        zeros = "of which some have zeros" if (maps == 0).any() else "none of which has a zero"
        findings.append(Finding(
            "not_finite", f"With {n} maps, {zeros}, the result has NaN or infinite values. "
            "Look for a division or a logarithm."))
        return None
    return result


def _is_a_rule(function: object, maps: Tensor, others: Tensor, found: Tensor,
               generator: torch.Generator) -> Iterator[Finding]:
    """The same maps give the same result, every map counts, in any order."""
    again = [_call(function, maps, []) for _ in range(3)]
    if any(result is not None and _differ(result, found) for result in again):
        yield Finding("not_reproducible", "Two calls with the same maps gave different results. "
                      "The same result was expected; look for random numbers.")
        return
    # A rule that selects maps, the brighter half or those nearest to the mean, notices only some.
    middle = maps.mean(dim=0)
    unused = [k + 1 for k in range(len(maps)) if not _counts(
        function, maps, k, (others[k], torch.zeros_like(middle), 10 * others[k], middle), found)]
    if unused:
        yield Finding("ignores_maps", f"Of {len(maps)} maps, number {', '.join(map(str, unused))} "
                      "can be replaced by any other without a change of the result. All were "
                      "expected to count; look at what the loop or the index keeps.")
        return
    # The larger stack shows whether a rule heeds only its beginning.
    many = torch.cat([_probe_maps(generator) for _ in range(MANY)])
    stacks = [(maps, found)] * 3 + [(many, _call(function, many, []))]
    if any(_heeds_order(function, stack, result, generator) for stack, result in stacks):
        yield Finding("order_matters", "The same maps in another order give another result. Noisy "
                      "copies have no order, so all were expected to count equally; look at what "
                      "each round of a loop, or an index, does to the maps before it.")


def _heeds_order(function: object, maps: Tensor, found: Tensor | None,
                 generator: torch.Generator) -> bool:
    """Is the result another when the maps are shuffled?"""
    shuffled = _call(function, maps[torch.randperm(len(maps), generator=generator)], [])
    return found is not None and shuffled is not None and _differ(shuffled, found)


def _counts(function: object, maps: Tensor, k: int, others: tuple[Tensor, ...],
            found: Tensor) -> bool:
    """Does the result change when map k is replaced by one of the others?"""
    for other in others:
        changed = maps.clone()
        changed[k] = other
        result = _call(function, changed, [])
        if result is None or not torch.equal(result, found):
            return True
    return False


def _differ(result: Tensor, found: Tensor) -> bool:
    """By more than rounding."""
    return bool((result - found).norm() > 1e-3 * found.norm())


def _not_negative(found: Tensor) -> Iterator[Finding]:
    if found.min() < 0:
        yield Finding("negative_values", f"The result has values down to {found.min():.2f}. "
                      "Numbers of 0 or more were expected, as dark means 0; look at what is "
                      "subtracted.")


def _keeps_its_size(function: object, maps: Tensor, found: Tensor) -> Iterator[Finding]:
    """Compare the results of 48 and of 384 maps, repetitions of the same six.

    Not with that of the six themselves: their second largest value is another than that of
    the same eight times, and the error of their mean is no small part of the mean. From 48 to
    384 maps a mean minus two of its errors becomes 1.2 times as large, minus three 1.35 times;
    what grows like ln n 1.5 times, like √n 2.8 times. The limit lies between.
    """
    several = _call(function, maps.repeat(MANY, 1, 1), [])
    many = _call(function, maps.repeat(MANY**2, 1, 1), [])
    # Where even more maps are too much, as a product becomes infinite, the first step tells.
    fewer, more = (found, several) if many is None else (several, many)
    if fewer is None or more is None or not found.any():
        return
    lit = fewer != 0
    ratio = float((more[lit] / fewer[lit]).abs().median()) if lit.any() else 0.0
    if not 0.7 < ratio < 1.4:
        shown = f"{ratio:.0f}" if ratio > 10 else f"{ratio:.2f}"
        yield Finding("grows_with_n", f"{MANY} times as many maps, all of them repetitions of the "
                      f"same {len(maps)}, make the result {shown} times as large. More samples of "
                      "the same were expected to change little; look at what depends on the "
                      "number of maps.")


def _notes(function: object, maps: Tensor, found: Tensor) -> Iterator[str]:
    brighter = _call(function, 2 * maps, [])
    if brighter is not None and brighter.abs().mean() < 1.05 * found.abs().mean():
        yield ("Maps twice as bright do not make the result brighter, so it cannot be compared "
               "in size with a mean.")
    if _call(function, maps[:1], []) is None:
        yield "With a single map (n = 1) there is no proper result; say so where you use it."
