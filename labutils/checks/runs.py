"""Calls of the homework's function: what came of each, and what only several show."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from labutils.checks.copies import Copies
from labutils.checks.copy_faults import averaged
from labutils.checks.messages import SMOOTHGRAD
from labutils.checks.result import Finding
from labutils.checks.tables import finding

say = partial(finding, SMOOTHGRAD)

# A share of the picture's deviation that whole grey levels swallow.
VANISHING = 0.03


@dataclass(frozen=True)
class Situation:
    """One call of the student's function."""

    y: tuple[int, ...]
    n: int
    noise_pct: float
    spreads: tuple[float, ...]

    def __str__(self) -> str:
        count = len(self.y)
        return (f"With {count} picture{'s' if count > 1 else ''}, n = {self.n} and "
                f"noise_pct = {self.noise_pct}")


@dataclass
class Run:
    """What came of one call."""

    situation: Situation
    findings: list[Finding] = field(default_factory=list)
    copies: list[Copies] = field(default_factory=list)

    @property
    def codes(self) -> set[str]:
        """The codes of what was found."""
        return {found.code for found in self.findings}

    @property
    def counts(self) -> list[int]:
        """Copies of each picture."""
        return [len(c) for c in self.copies]

    def is_foreign(self) -> bool:
        """Was the network shown something else than these pictures?"""
        return bool(self.codes & {"wrong_preprocessing", "wraps_around", "biased"})


def over_all(runs: list[Run]) -> Iterator[Finding]:
    """What only the comparison of several calls shows: number and strength of the copies."""
    complete = [run for run in runs if any(run.counts) and not run.is_foreign()]
    noisy = [run for run in complete if run.situation.noise_pct]
    if not noisy:
        return
    if all(averaged(run.copies, run.situation.n) for run in noisy):
        yield say("averaged_images", n=noisy[0].situation.n)
        return
    yield from _numbers(noisy)
    yield from _strengths(noisy)


def _numbers(runs: list[Run]) -> Iterator[Finding]:
    wrong = [run for run in runs if set(run.counts) != {run.situation.n}]
    if not wrong or any("n_ignored" in run.codes for run in runs):
        return
    seen = {count for run in runs for count in run.counts}
    if len(seen) == 1 and len(runs) > 1:
        yield say("n_ignored/one" if seen == {1} else "n_ignored", count=seen.pop())
    else:
        yield say("wrong_count", situation=wrong[0].situation, counts=wrong[0].counts)


def _strengths(runs: list[Run]) -> Iterator[Finding]:
    codes = set().union(*(run.codes for run in runs))
    if codes & {"no_noise", "clean_copy", "noise_on_noise", "same_noise_everywhere"}:
        return
    shares = [[c.strength * run.situation.noise_pct for c in run.copies if len(c)]
              for run in runs]
    means = [sum(s) / len(s) for s in shares]
    # Beyond 1 the limits 0 and 255 swallow most of the noise: different strengths become alike.
    if len(runs) > 1 and VANISHING < max(means) < 1.3 * min(means) and min(means) < 1:
        yield say("noise_pct_ignored", seen=" and ".join(f"{m:.2f}" for m in means),
                  ordered=" and ".join(str(run.situation.noise_pct) for run in runs))
        return
    if "noise_after_normalisation" in codes:
        return
    for run, found in zip(runs, shares, strict=True):
        ordered = run.situation.noise_pct
        uneven = [c for c in run.copies if len(c) and c.is_uneven()]
        if uneven:
            yield say("wrong_strength/colours", situation=run.situation,
                      seen=", ".join(f"{s * ordered:.2f}" for s in uneven[0].by_colour))
        elif any(not 0.93 < share / ordered < 1.07 for share in found):
            yield say("wrong_strength", situation=run.situation,
                      seen=", ".join(f"{s:.3f}" for s in found))
