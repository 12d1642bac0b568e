"""What every check does around its own probes."""

from collections.abc import Callable, Iterable, Iterator

from labutils.checks.attempt import described
from labutils.checks.messages import CALL, REMARKS
from labutils.checks.result import CheckResult, Finding
from labutils.checks.tables import Table, codes, finding
from labutils.checks.undisturbed import undisturbed

Judge = Callable[[object, int], Iterator[Finding]]


def conduct(name: str, table: Table, judge: Judge, function: object, seed: int) -> CheckResult:
    """Have a student's function judged, if it is one, and leave everything as it was.

    Args:
        name: the function's name in the task.
        table: of the task's messages, the most specific first.
        judge: takes the function and a seed, calls the function and says what it found.
        seed: of the tasks.
    """
    if function is None or function is Ellipsis:
        return collect(name, [finding(CALL, "not_implemented/no_function", seen=function)], table)
    if not callable(function):
        return collect(name, [finding(CALL, "not_callable", seen=described(function))], table)
    with undisturbed(seed):
        return collect(name, judge(function, seed), table)


def collect(name: str, findings: Iterable[Finding], table: Table) -> CheckResult:
    """Each code once, its first message, in the table's order; notes apart.

    Remarks are about answers that work: they are told where nothing else was found.
    """
    first: dict[str, Finding] = {}
    notes = []
    for found in findings:
        if found.code == "note":
            notes.append(found.message)
        else:
            first.setdefault(found.code, found)
    told = [first[code] for code in codes(table) if code in first]
    wrong = [found for found in told if found.code not in REMARKS]
    return CheckResult(name, wrong, list(dict.fromkeys(notes)), [] if wrong else told)
