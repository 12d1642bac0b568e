"""Run a check on one answer; imported by the processes that share the work."""

import contextlib
import io
from collections.abc import Sequence

# Importing an answers' file registers its answers.
from answers import (  # noqa: F401
    add_noise,
    aggregate,
    noise_source,
    registry,
    saliency,
    smoothgrad_right,
    smoothgrad_wrong_copies,
    smoothgrad_wrong_maps,
)

from labutils import checks

TASKS = {
    "smoothgrad": (checks.check_smoothgrad, registry.SMOOTHGRAD),
    "add_noise": (checks.check_add_noise, registry.ADD_NOISE),
    "saliency": (checks.check_saliency, registry.SALIENCY),
    "noise_source": (checks.check_noise_source, registry.NOISE_SOURCE),
    "aggregate": (checks.check_aggregate, registry.AGGREGATE),
}


def judge(task: str, number: int, seeds: Sequence[int]) -> list[list[str]]:
    """The codes that the task's check finds in one answer, for each seed."""
    check, answers = TASKS[task]
    with contextlib.redirect_stdout(io.StringIO()):
        return [check(answers.all[number].function, seed=seed).codes for seed in seeds]
