"""Run a check on one answer; imported by the processes that share the work."""

import contextlib
import io
import os
from collections.abc import Sequence
from multiprocessing import parent_process
from threading import Thread

import torch

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
    smoothgrad_wrong_noise,
)

from labutils import checks

TASKS = {
    "smoothgrad": (checks.check_smoothgrad, registry.SMOOTHGRAD),
    "add_noise": (checks.check_add_noise, registry.ADD_NOISE),
    "saliency": (checks.check_saliency, registry.SALIENCY),
    "noise_source": (checks.check_noise_source, registry.NOISE_SOURCE),
    "aggregate": (checks.check_aggregate, registry.AGGREGATE),
}


def prepare_process() -> None:
    """What each process does first: compute in one thread, and end when its parent does.

    Threads that wait for work would slow the other process down; a killed test run would
    leave its processes behind.
    """
    torch.set_num_threads(1)

    def leave_with_parent() -> None:
        parent_process().join()
        os._exit(1)

    Thread(target=leave_with_parent, daemon=True).start()


def judge(task: str, number: int, seeds: Sequence[int]) -> list[list[str]]:
    """The codes that the task's check finds in one answer, for each seed."""
    check, answers = TASKS[task]
    with contextlib.redirect_stdout(io.StringIO()):
        return [check(answers.all[number].function, seed=seed).codes for seed in seeds]
