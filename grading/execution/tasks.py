"""What the graded functions are called with, drawn anew in every run.

    python -m grading.execution.tasks HOMEWORK SEED FOLDER

Runs where torch is, before any student's code. FOLDER/given is what the room gets to see: the
arguments of every call. FOLDER/expected holds what is right, and stays outside. Each homework has
a module task_NN.py, NN being the number in its name, with ``ABSENT`` and ``ANSWERS``.
"""

import hashlib
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Returned:
    """What came back from one call.

    Attributes:
        value: the function's result, or None.
        error: what stopped it, as text; "" when nothing did.
        changed: the room's word for it that an argument was changed; takes points, gives none.
    """

    value: np.ndarray | None = None
    error: str = ""
    changed: bool = False


@dataclass(frozen=True)
class Statement:
    """One thing that should hold, and what it is worth when it does."""

    words: str
    points: float
    holds: bool


@dataclass(frozen=True)
class Answer:
    """One graded function.

    Attributes:
        function: its name.
        draw: from a generator, the arguments of each call, and what is expected.
        judge: from what each call returned and what was expected, the statements; a call that
            raised an error has the value None there.
        check: "module:function" of labutils whose words go into the feedback.
        given: says which of the notebook's own solutions an answer is, or "".
    """

    function: str
    draw: Callable[[np.random.Generator], tuple[list[tuple], Arrays]]
    judge: Callable[[list[Returned], Arrays], Iterator[Statement]]
    check: str = ""
    given: Callable[[list[Returned], Arrays], str] = field(default=lambda returned, expected: "")


def module_of(homework: str) -> ModuleType:
    """The homework's module of tasks; GRADING_TASKS names a package to look in before this one."""
    names = [f"{package}.task_{homework[:2]}"
             for package in (os.environ.get("GRADING_TASKS"), "grading.execution") if package]
    return importlib.import_module(next(name for name in names if importlib.util.find_spec(name)))


def encoded(argument: object, arrays: Arrays) -> dict:
    """One argument as JSON, its numbers put among the arrays."""
    kind, name = type(argument).__name__, f"a{len(arrays)}"
    if isinstance(argument, np.ndarray):
        arrays[name] = argument
        return {"array": name}
    if kind == "Tensor":
        arrays[name] = argument.numpy()
        return {"tensor": name}
    if kind == "Generator":
        return {"seed": argument.initial_seed()}
    if kind == "SqueezeNet":
        state = {key: value.numpy() for key, value in argument.state_dict().items()}
        prefix = fingerprint(state)
        arrays |= {f"{prefix}.{key}": value for key, value in state.items()}
        return {"network": prefix}
    return {"tuple": list(argument)} if isinstance(argument, tuple) else {"value": argument}


def fingerprint(state: Arrays) -> str:
    """A name for a network, the same for the same weights."""
    return hashlib.sha256(b"".join(map(np.ndarray.tobytes, state.values()))).hexdigest()[:12]


def write(homework: str, seed: int, folder: Path) -> None:
    """Draw the tasks of one homework."""
    module, rng = module_of(homework), np.random.default_rng(seed)
    arrays: Arrays = {}
    answers = {}
    (folder / "given").mkdir(parents=True, exist_ok=True)
    (folder / "expected").mkdir(exist_ok=True)
    for name, answer in module.ANSWERS.items():
        calls, expected = answer.draw(rng)
        np.savez(folder / "expected" / f"{name}.npz", **expected)
        answers[name] = {
            "function": answer.function, "check": answer.check,
            "calls": [[encoded(argument, arrays) for argument in call] for call in calls]}
    np.savez(folder / "given" / "arrays.npz", **arrays)
    (folder / "given" / "calls.json").write_text(json.dumps(answers), "utf-8")
    (folder / "absent.json").write_text(json.dumps(module.ABSENT), "utf-8")


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
