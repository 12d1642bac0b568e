"""What runs in the room, beside the student's code: cells first, then the graded functions.

    python inside.py GIVEN        with an order (JSON) on stdin

Nothing here knows what is right. Whatever happens is written to stdout as a row of frames, each
eight bytes of length and an .npz of plain arrays; stdout of the student's code goes nowhere.
"""

import ast
import importlib
import io
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

MOST_TEXT = 2000  # characters of an error
MOST_BYTES = 30 << 20  # of all results of an answer
PROCESSES_AND_THREADS = 512  # a backstop; supervise.py counts processes more strictly
FILE_BYTES = 64 << 20  # of a file, the one of the frames, too


class TimeIsUp(BaseException):
    """A cell or a call has had its time."""


def main(given: Path) -> None:
    """Run the cells of the order, call its functions, tell what came of it."""
    order = json.load(sys.stdin)
    tell = mouth()
    limit(order["memory"])
    shell = start_shell()
    for number, source in order["cells"]:
        tell(cell=number)
        for error in run(shell, source, order["seconds"]):
            tell(cell=number, error=error)
    answers = json.loads((given / "calls.json").read_text("utf-8"))
    arrays = np.load(given / "arrays.npz", allow_pickle=False)
    for answer, names in order["answers"].items():
        task = answers[answer]
        name = next((name for name in names if callable(shell.user_ns.get(name))), "")
        tell(answer=answer, function=name)
        if name:
            call_all(answer, task, shell.user_ns[name], arrays, order["seconds"], tell)
    tell(end=True)


def limit(memory: int) -> None:
    """Bound, for good, what this process and its children may take, each for itself."""
    # Libraries map much that they never touch, so addresses are worth less than memory.
    bounds = {"NPROC": PROCESSES_AND_THREADS, "AS": memory + (4 << 30), "FSIZE": FILE_BYTES,
              "CORE": 0} | ({"DATA": memory} if sys.platform == "linux" else {})
    for name, value in bounds.items():
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))


def mouth() -> Callable:
    """What writes a frame to the stdout that was there before; afterwards there is none."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    save, pack = np.savez, struct.pack

    def tell(**told: object) -> None:
        frame = io.BytesIO()
        save(frame, **told)
        out.write(pack(">Q", frame.tell()) + frame.getvalue())

    return tell


def start_shell() -> object:
    """An IPython without history and without other programs."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    # "!pip install …" needs a network, and what Colab has is here.
    shell.system = shell.system_piped = shell.system_raw = lambda command: None
    shell.getoutput = lambda *arguments, **more: []
    return shell


def run(shell: object, source: str, seconds: int) -> Iterator[str]:
    """Run a cell, statement by statement: what one cannot do keeps no other from its work.

    Yields:
        Each error, as text.
    """
    try:
        statements = ast.parse(shell.transform_cell(source)).body
    except BaseException as error:
        yield described(error)
        return
    try:
        with at_most(seconds):
            for statement in statements:
                try:
                    exec(compile(ast.Module([statement], []), "<cell>", "exec"), shell.user_ns)
                except TimeIsUp:
                    raise
                except BaseException as error:
                    yield described(error)
    except TimeIsUp as error:
        yield described(error)


def call_all(answer: str, task: dict, function: Callable, arrays: dict[str, np.ndarray],
             seconds: int, tell: Callable) -> None:
    """Make every call of one answer, then ask the check that students have for its words."""
    left = MOST_BYTES
    for number, encoded in enumerate(task["calls"]):
        tell(answer=answer, begun=number)
        arguments = [decoded(argument, arrays) for argument in encoded]
        before = [copied(argument) for argument in arguments]
        try:
            with at_most(seconds):
                value = plain(function(*arguments))
            if value.nbytes > left:
                raise ValueError(f"a result of shape {value.shape}, and what was before it, is "
                                 "more than can be taken")
            left -= value.nbytes
        except BaseException as error:
            tell(answer=answer, call=number, error=described(error))
            if isinstance(error, TimeIsUp):
                return  # the others would take as long
            continue
        changed = any(not np.array_equal(a, copied(b)) for a, b in
                      zip(before, arguments, strict=True) if a is not None)
        tell(answer=answer, call=number, value=value, changed=changed)
    if task["check"]:
        module, name = task["check"].split(":")
        try:
            with at_most(seconds):
                said = str(getattr(importlib.import_module(module), name)(function))[:MOST_TEXT]
        except BaseException:
            return  # it may miss what is not here
        tell(answer=answer, said=said)


def decoded(argument: dict, arrays: dict[str, np.ndarray]) -> object:
    """An argument as the function gets it, its own each time."""
    ((kind, content),) = argument.items()
    if kind == "array":
        return arrays[content].copy()
    if kind == "tuple":
        return tuple(content)
    if kind == "value":
        return content
    import torch

    if kind == "tensor":
        return torch.from_numpy(arrays[content].copy())
    if kind == "seed":
        return torch.Generator().manual_seed(content)
    from labutils.network import load_squeezenet

    network = load_squeezenet(device="cpu")
    prefix = f"{content}."
    network.load_state_dict({name.removeprefix(prefix): torch.from_numpy(arrays[name].copy())
                             for name in arrays.files if name.startswith(prefix)})
    return network


def copied(argument: object) -> np.ndarray | None:
    """The numbers of an argument that could be changed."""
    if hasattr(argument, "detach"):
        argument = argument.detach().numpy()
    return argument.copy() if isinstance(argument, np.ndarray) else None


def plain(value: object) -> np.ndarray:
    """A result as numbers: arrays, tensors on any device, lists of these.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, (list, tuple)) and any(hasattr(part, "__array__") for part in value):
        value = np.stack([plain(part) for part in value])
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float().numpy() if value.is_floating_point() else value.numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"the result is {type(value).__name__}; expected numbers")
    return array


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise TimeIsUp in what takes longer, again each second for those who go on."""
    def stop(number: int, frame: object) -> None:
        raise TimeIsUp(f"the time limit of {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def described(error: BaseException) -> str:
    """An error in one line."""
    try:
        return " ".join(f"{type(error).__name__}: {error}".split())[:MOST_TEXT]
    except BaseException:
        return type(error).__name__


if __name__ == "__main__":
    main(Path(sys.argv[1]))
