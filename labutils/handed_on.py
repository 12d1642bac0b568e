"""A student's own ``smoothgrad`` goes along from notebook 04 to the later ones, as a file."""

import ast
import builtins
import functools
import importlib.util
import inspect
import os
import textwrap
from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from labutils.checks import as_maps, check_smoothgrad
from labutils.smoothgrad import smoothgrad as engine

FILE = "my_smoothgrad.py"
# What a function of notebook 04 may use besides itself.
HEADER = """\
import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from labutils.noise import add_noise
from labutils.preprocessing import preprocess
from labutils.saliency import compute_abs, compute_max, compute_saliency_maps
"""


def hand_on(function: Callable, path: str | Path = FILE) -> Path:
    """Write a function into a file of its own, with the imports of notebook 04.

    Raises:
        ValueError: its source is not to be had, or it uses a name of the notebook that the
            file would not know.
    """
    try:
        source = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(source)
    except (OSError, TypeError, SyntaxError) as problem:
        raise ValueError(f"hand_on: the source of {function!r} cannot be read: {problem}") from None
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own = {node.id for node in names if not isinstance(node.ctx, ast.Load)} | {
        node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    known = own | set(dir(builtins)) | _names_of_the_header() | {function.__name__}
    strange = sorted({node.id for node in names} - known)
    if strange:
        raise ValueError(f"hand_on: {function.__name__} uses {', '.join(strange)}, which only this "
                         "notebook knows; define or import it inside the function.")
    path = Path(path)
    # In one step, because another notebook may be reading the file.
    half = path.with_name(f"{path.name}.part")
    half.write_text(f"{HEADER}\n\n{source}", encoding="utf-8")
    os.replace(half, path)
    return path


def handed_on(name: str = FILE) -> tuple[Callable, str]:
    """The student's own smoothgrad, or the engine's, and a sentence that says which.

    The file is looked for in the working folder and the folder above it. Whatever is wrong
    with it becomes part of the sentence. The student's maps, whether a tensor, an array or a
    list, come as a tensor (N, H, W), float32 on the CPU.
    """
    path = next((folder / name for folder in (Path.cwd(), Path.cwd().parent)
                 if (folder / name).is_file()), None)
    if path is None:
        return engine, f"SmoothGrad: the engine's (no {name} lies beside this notebook)"
    try:
        spec = importlib.util.spec_from_file_location("my_smoothgrad", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        function = module.smoothgrad
    except (Exception, SystemExit) as problem:  # an exit() would end the notebook's kernel
        return engine, (f"SmoothGrad: the engine's ({name} cannot be used: "
                        f"{type(problem).__name__}: {problem})")
    if not check_smoothgrad(function).passed:
        return engine, f"SmoothGrad: the engine's (that of {name} does not pass the check of 04)"
    return _giving_maps(function), f"SmoothGrad: your own, from {name}"


def _giving_maps(function: Callable) -> Callable[..., Tensor]:
    @functools.wraps(function)
    def smoothgrad(*args: object, **kwargs: object) -> Tensor:
        return as_maps(function(*args, **kwargs))

    return smoothgrad


def _names_of_the_header() -> set[str]:
    """What its imports define."""
    return {(alias.asname or alias.name).split(".")[0] for node in ast.parse(HEADER).body
            for alias in node.names}
