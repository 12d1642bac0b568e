"""What every check does around its own probes."""

from collections.abc import Callable, Iterable, Sequence

from labutils.checks.attempt import not_callable
from labutils.checks.result import CheckResult, Finding, collect
from labutils.checks.undisturbed import undisturbed

# What a judge yields: findings, and notes, which are plain text and no fault.
Judge = Callable[[object, int], Iterable[Finding | str]]


def conduct(name: str, order: Sequence[str], judge: Judge, function: object,
            seed: int) -> CheckResult:
    """Have a student's function judged, if it is one, and leave everything as it was.

    Args:
        name: the function's name in the task.
        order: the codes of all findings, the most specific first.
        judge: takes the function and a seed, calls the function and says what it found.
        seed: of the tasks.
    """
    missing = not_callable(function)
    if missing:
        return collect(name, [missing], order)
    with undisturbed(function, seed):
        remarks = list(judge(function, seed))
    notes = [remark for remark in remarks if isinstance(remark, str)]
    return collect(name, [r for r in remarks if isinstance(r, Finding)], order, notes)
