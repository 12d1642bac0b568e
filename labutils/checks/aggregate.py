"""Instant feedback on an aggregation of the student's own, (n, H, W) → (H, W)."""

from collections.abc import Iterator

import torch
from torch import Tensor

from labutils.checks.attempt import numbers_from
from labutils.checks.frame import conduct
from labutils.checks.given import given_rule
from labutils.checks.messages import AGGREGATE
from labutils.checks.result import CheckResult, Finding
from labutils.checks.tables import finding

N, HEIGHT, WIDTH = 6, 24, 20
MANY = 8  # times the same maps: what is like a mean stays, what is like a sum grows


def check_aggregate(function: object, *, seed: int = 0) -> CheckResult:
    """Feedback on a student's aggregation; any formula will do that has the properties of one.

    One of the given rules passes with a remark. The geometric mean, written out, is one's own.

    Args:
        function: takes n maps (n, H, W), not negative; returns one map (H, W).
        seed: of the maps.

    Returns:
        ``CheckResult``. Errors of the function become findings. Random states are restored.

    Raises:
        KeyboardInterrupt: only this passes through.
    """
    return conduct("aggregation", AGGREGATE, _judge, function, seed)


def _judge(function: object, seed: int) -> Iterator[Finding]:
    generator = torch.Generator().manual_seed(seed)
    maps, others = _probe_maps(generator), _probe_maps(generator)
    dark = maps.clone()
    dark[0, :4], dark[:, -4:] = 0, 0  # as below a ReLU: one copy's zeros, all copies' zeros
    findings: list[Finding] = []
    found = _result(function, maps, findings)
    _result(function, dark, findings, " of which some have zeros")
    yield from findings
    if found is None:
        return
    yield from _is_a_rule(function, maps, others, found, generator)
    if found.min() < 0:
        yield finding(AGGREGATE, "negative_values", least=float(found.min()))
    yield from _keeps_its_size(function, maps, found)
    brighter = _result(function, 2 * maps)
    if brighter is not None and brighter.abs().mean() < 1.05 * found.abs().mean():
        yield finding(AGGREGATE, "note/brightness")
    if _result(function, maps[:1]) is None:
        yield finding(AGGREGATE, "note/single")
    stacks = _stacks_to_compare(generator)
    if rule := given_rule(stacks, [_result(function, stack) for stack in stacks]):
        yield finding(AGGREGATE, "given_rule", rule=rule, stacks=len(stacks))


def _probe_maps(generator: torch.Generator) -> Tensor:
    """Like saliency maps: mostly dark, some pixels much brighter, and different in each copy."""
    brightness = torch.rand(HEIGHT, WIDTH, generator=generator) ** 2
    copies = torch.empty(N, HEIGHT, WIDTH).exponential_(generator=generator)
    return brightness * copies + 1e-4


def _stacks_to_compare(generator: torch.Generator) -> list[Tensor]:
    """Plain ones, one with zeros as below a ReLU, and one with a very bright copy in each pixel:
    what differs from a given rule only there is another rule."""
    plain, more, dark, glaring = (
        torch.cat([_probe_maps(generator) for _ in range(MANY)])[:n] for n in (21, 45, 33, 47))
    dark[::3, :12], dark[:, -4:] = 0, 0
    glaring[0] *= 100
    return [plain, more, dark, glaring]


def _result(function: object, maps: Tensor, findings: list[Finding] | None = None,
            which: str = "") -> Tensor | None:
    """The aggregated map, or None; what is wrong with it goes into findings, if these are given."""
    given, findings = maps.clone(), [] if findings is None else findings
    situation = f"With {len(maps)} maps {tuple(maps.shape)}{which}"
    result = numbers_from(function, (given,), situation, tuple(maps.shape[1:]), AGGREGATE)
    if given.shape != maps.shape or not torch.equal(given.detach(), maps):
        findings.append(finding(AGGREGATE, "changes_input"))
    if isinstance(result, Finding):
        findings.append(result)
        return None
    return result


def _is_a_rule(function: object, maps: Tensor, others: Tensor, found: Tensor,
               generator: torch.Generator) -> Iterator[Finding]:
    """The same maps give the same result, every map counts, in any order."""
    again = [_result(function, maps) for _ in range(3)]
    if any(result is not None and _differ(result, found) for result in again):
        yield finding(AGGREGATE, "not_reproducible")
        return
    # A rule that selects maps, the brighter half or those nearest to the mean, notices only some.
    middle = maps.mean(dim=0)
    unused = [k + 1 for k in range(len(maps)) if not _counts(
        function, maps, k, (others[k], torch.zeros_like(middle), 10 * others[k], middle), found)]
    if unused:
        yield finding(AGGREGATE, "ignores_maps", maps=len(maps), unused=", ".join(map(str, unused)))
        return
    # The larger stack shows whether a rule heeds only its beginning.
    many = torch.cat([_probe_maps(generator) for _ in range(MANY)])
    stacks = [(maps, found)] * 3 + [(many, _result(function, many))]
    if any(_heeds_order(function, stack, result, generator) for stack, result in stacks):
        yield finding(AGGREGATE, "order_matters")


def _heeds_order(function: object, maps: Tensor, found: Tensor | None,
                 generator: torch.Generator) -> bool:
    """Is the result another when the maps are shuffled?"""
    shuffled = _result(function, maps[torch.randperm(len(maps), generator=generator)])
    return found is not None and shuffled is not None and _differ(shuffled, found)


def _counts(function: object, maps: Tensor, k: int, others: tuple[Tensor, ...],
            found: Tensor) -> bool:
    """Does the result change when map k is replaced by one of the others?"""
    for other in others:
        changed = maps.clone()
        changed[k] = other
        result = _result(function, changed)
        if result is None or not torch.equal(result, found):
            return True
    return False


def _differ(result: Tensor, found: Tensor) -> bool:
    """By more than rounding."""
    return bool((result - found).norm() > 1e-3 * found.norm())


def _keeps_its_size(function: object, maps: Tensor, found: Tensor) -> Iterator[Finding]:
    """Compare the results of 48 and of 384 maps, repetitions of the same six.

    Not with that of the six themselves: their second largest value is another than that of
    the same eight times, and the error of their mean is no small part of the mean. From 48 to
    384 maps a mean minus two of its errors becomes 1.2 times as large, minus three 1.35 times;
    what grows like ln n 1.5 times, like √n 2.8 times. The limit lies between.
    """
    several = _result(function, maps.repeat(MANY, 1, 1))
    many = _result(function, maps.repeat(MANY**2, 1, 1))
    # Where even more maps are too much, as a product becomes infinite, the first step tells.
    fewer, more = (found, several) if many is None else (several, many)
    if fewer is None or more is None or not found.any():
        return
    lit = fewer != 0
    ratio = float((more[lit] / fewer[lit]).abs().median()) if lit.any() else 0.0
    if not 0.7 < ratio < 1.4:
        yield finding(AGGREGATE, "grows_with_n", times=MANY, maps=len(maps),
                      ratio=f"{ratio:.0f}" if ratio > 10 else f"{ratio:.2f}")
