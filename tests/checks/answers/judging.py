"""Run a check on one answer."""

import contextlib
import io
from types import ModuleType

import pytest

# Importing an answers' file registers its answers.
from answers import (  # noqa: F401
    add_noise,
    aggregate,
    noise_source,
    preprocess,
    registry,
    saliency,
    smoothgrad_right,
    smoothgrad_wrong_copies,
    smoothgrad_wrong_maps,
    smoothgrad_wrong_noise,
)

from labutils import checks

TASKS = {
    "preprocess": (checks.check_preprocess, registry.PREPROCESS),
    "smoothgrad": (checks.check_smoothgrad, registry.SMOOTHGRAD),
    "add_noise": (checks.check_add_noise, registry.ADD_NOISE),
    "saliency": (checks.check_saliency, registry.SALIENCY),
    "noise_source": (checks.check_noise_source, registry.NOISE_SOURCE),
    "aggregate": (checks.check_aggregate, registry.AGGREGATE),
}


def each_answer(task: str, *files: ModuleType) -> pytest.MarkDecorator:
    """Parametrise a test with ``answer``: all answers to a task, or those in some files."""
    names = {file.__name__ for file in files}
    chosen = [answer for answer in TASKS[task][1].all
              if not names or answer.function.__module__ in names]
    return pytest.mark.parametrize("answer", chosen, ids=lambda answer: answer.name)


def judge(task: str, answer: registry.Answer, seeds: range) -> list[list[str]]:
    """The codes that the task's check finds in one answer, for each seed."""
    check = TASKS[task][0]
    with contextlib.redirect_stdout(io.StringIO()):
        return [check(answer.function, seed=seed).codes for seed in seeds]


def assert_judged_rightly(task: str, answer: registry.Answer, config: pytest.Config) -> None:
    """Every seed must do: two of them, or twenty in the long suite, three of what is slow."""
    seeds = (3 if answer.slow else 20) if config.getoption("--long") else 2
    found = judge(task, answer, range(seeds))
    assert all(map(answer.is_judged_rightly, found)), f"{found}, expected {answer.code}"
