"""Maps judged: those that a caller gives, and those that a method makes."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from labutils.engine.door import describe
from labutils.engine.lending import Method


def as_maps(maps: Tensor | np.ndarray, inputs: Tensor | None, caller: str) -> Tensor:
    """Maps in double precision on the CPU, one for each input.

    Args:
        maps: (N, H, W), finite; not changed.
        inputs: (N, C, H, W), whose number and size they must have; None when any will do.
        caller: named in errors.
    """
    if not isinstance(maps, (Tensor, np.ndarray)) or maps.ndim != 3 or 0 in maps.shape:
        hint = " Of saliency (N, C, H, W) take compute_max(compute_abs(saliency))." if getattr(
            maps, "ndim", 0) == 4 else ""
        raise ValueError(f"{caller}: maps is {describe(maps)}; expected one map for each "
                         f"picture, (N, H, W).{hint}")
    if inputs is not None:
        wanted = (len(inputs), *inputs.shape[2:])
        if tuple(maps.shape) != wanted:
            raise ValueError(f"{caller}: the maps have the shape {tuple(maps.shape)}, the "
                             f"pictures need {wanted}; give one map for each picture, of the "
                             "picture's size.")
    if isinstance(maps, np.ndarray):
        maps = torch.from_numpy(maps.astype(np.float64))
    maps = maps.detach().cpu().double()
    bad = (~torch.isfinite(maps)).flatten(1).any(dim=1)
    if bad.any():
        raise ValueError(f"{caller}: the map of picture {int(bad.nonzero()[0])} has NaN or "
                         "infinite values; look at how it was computed.")
    return maps


def maps_of(
    method: Method, inputs: Tensor, labels: Sequence[int], model: nn.Module, caller: str
) -> Tensor:
    """The maps that a method makes, (N, H, W), as of ``as_maps``; max-abs where it is signed.

    Args:
        method: a function (X, y, model) → saliency (N, C, H, W) or maps (N, H, W).
        inputs: (N, C, H, W); labels: N class numbers.
        caller: named in errors.
    """
    if not callable(method):
        raise TypeError(f"{caller}: method is {describe(method)}; expected a function "
                        "(X, y, model) → saliency (N, C, H, W) or maps (N, H, W).")
    found = method(inputs.clone(), list(labels), model)
    if isinstance(found, Tensor) and found.ndim == 4:
        found = found.detach().abs().amax(dim=1)
    return as_maps(found, inputs, f"{caller}: of what method gave")


def refuse_blank(blank: Tensor, caller: str) -> None:
    """Raise when a picture's map is 0 everywhere, (N,), so that nothing is a share of it."""
    if blank.any():
        raise ValueError(f"{caller}: the map of picture {int(blank.nonzero()[0])} is 0 "
                         "everywhere. Is its class dead? dead_classes(X, y, model) tells.")
