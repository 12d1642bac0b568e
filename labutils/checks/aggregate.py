"""Instant feedback on an aggregation of the student's own, (n, H, W) → (H, W)."""

from collections.abc import Iterator

import torch
from torch import Tensor

from labutils.checks.attempt import as_numbers, attempt, not_callable
from labutils.checks.result import CheckResult, Finding, collect
from labutils.checks.undisturbed import undisturbed

ORDER = (
    "not_callable", "not_implemented", "raises", "wrong_type", "wrong_shape", "not_finite",
    "changes_input", "ignores_maps", "order_matters", "negative_values", "grows_with_n",
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
    missing = not_callable(function)
    if missing:
        return collect("aggregation", [missing], ORDER)
    generator = torch.Generator().manual_seed(seed)
    maps = torch.rand(N, HEIGHT, WIDTH, generator=generator) + 0.5
    # Like a saliency map these differ much from copy to copy, and come close to 0.
    others = torch.rand(N, HEIGHT, WIDTH, generator=generator) * 3
    findings: list[Finding] = []
    with undisturbed(function, seed):
        found = _call(function, maps, findings)
        dark = maps.clone()
        dark[0, :4], dark[:, -4:] = 0, 0  # as below a ReLU: one copy's zeros, all copies' zeros
        _call(function, dark, findings)
        if found is not None:
            findings += _treats_maps_alike(function, maps, others, found)
            findings += _not_negative(function, others)
            findings += _keeps_its_size(function, maps, found)
            notes = list(_notes(function, maps, found))
    return collect("aggregation", findings, ORDER, notes if found is not None else ())


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


def _treats_maps_alike(
    function: object, maps: Tensor, others: Tensor, found: Tensor
) -> Iterator[Finding]:
    unused = []
    for k in range(len(maps)):
        changed = maps.clone()
        changed[k] = others[k]
        result = _call(function, changed, [])
        if result is not None and torch.equal(result, found):
            unused.append(k + 1)
    if unused:
        yield Finding("ignores_maps", f"Of {len(maps)} maps, number {', '.join(map(str, unused))} "
                      "can be replaced by any other without a change of the result. All were "
                      "expected to count; look at what the loop or the index keeps.")
        return
    turned = _call(function, maps.flip(0), [])
    if turned is not None and not torch.allclose(turned, found, rtol=1e-4, atol=1e-6):
        yield Finding("order_matters", "The same maps in another order give another result. Noisy "
                      "copies have no order, so all were expected to count equally; look at what "
                      "each round of a loop, or an index, does to the maps before it.")


def _not_negative(function: object, lively: Tensor) -> Iterator[Finding]:
    found = _call(function, lively, [])
    if found is not None and found.min() < 0:
        yield Finding("negative_values", f"The result has values down to {found.min():.2f}. "
                      "Numbers of 0 or more were expected, as dark means 0; look at what is "
                      "subtracted.")


def _keeps_its_size(function: object, maps: Tensor, found: Tensor) -> Iterator[Finding]:
    repeated = _call(function, maps.repeat(MANY, 1, 1), [])
    if repeated is None or not found.abs().max():
        return
    ratio = float(repeated.abs().mean() / found.abs().mean())
    if not 0.7 < ratio < 1.4:
        shown = f"{ratio:.0f}" if ratio > 10 else f"{ratio:.2f}"
        yield Finding("grows_with_n", f"The same maps given {MANY} times make the result {shown} "
                      "times as large. More samples of the same were expected to change little; "
                      "look at what depends on the number of maps.")


def _notes(function: object, maps: Tensor, found: Tensor) -> Iterator[str]:
    brighter = _call(function, 2 * maps, [])
    if brighter is not None and brighter.abs().mean() < 1.05 * found.abs().mean():
        yield ("Maps twice as bright do not make the result brighter, so it cannot be compared "
               "in size with a mean.")
    if _call(function, maps[:1], []) is None:
        yield "With a single map (n = 1) there is no proper result; say so where you use it."
