"""Does a map say what the network looks at? Three questions that numbers can answer.

- ``patch_flipping``: does the score fall when the important patches go?
- ``sensitivity``: does the map stay when the picture hardly changes?
- ``grid_pointing``: of four pictures side by side, does the map find the right one?

None of them asks whether a map is pretty. Each is worth what it says of the maps and networks
in ``labutils.controls``, which know nothing: a measurement that ranks one of them above the
gradient measures something else than it seems to.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labutils.engine.batches import ON_A_CORE, ON_A_GPU
from labutils.engine.choices import check_count, pick
from labutils.engine.door import admit, describe, is_pictures, network_inputs
from labutils.engine.lending import Method
from labutils.engine.maps import as_maps, maps_of, refuse_blank
from labutils.engine.threads import map_in_order, workers
from labutils.preprocessing import blur_image
from labutils.saliency import compute_saliency_maps, score_function

BLUR = 10.0  # pixels, as in Fong, Vedaldi 2017, section 4.1: the object is gone, its colours stay
FILLS = {"blur": partial(blur_image, sigma=BLUR), "grey": torch.zeros_like}
Labels = Tensor | np.ndarray | Sequence[int]


class Flipped(NamedTuple):
    """What patch flipping found for N pictures.

    Attributes:
        least_first: (N, steps + 1), the class score while patches go, the least important first.
        most_first: (N, steps + 1), the same with the most important first.
        area: (N,), between the two curves, as a share of the whole picture's score.
    """

    least_first: Tensor
    most_first: Tensor
    area: Tensor


def patch_flipping(
    X: Tensor | np.ndarray, y: Labels, maps: Tensor | np.ndarray, model: nn.Module, *,
    patch: int = 8, fill: str = "blur", steps: int = 20,
) -> Flipped:
    """The class score while a picture's patches are replaced in the order of its map.

        area = ∫₀¹ (S(x without its least important share q)
                    − S(x without its most important share q)) dq / S(x)

    A patch is as important as the sum of the map over it. A good map keeps the score up in the
    one order and brings it down in the other; a map that knows nothing has area 0.

    Source: Samek et al. 2017, "Evaluating the visualization of what a deep neural network has
    learned", section III (one order); Blücher, Vielhaben, Strodthoff 2024, "Decoupling pixel
    flipping and occlusion strategy for consistent XAI benchmarks" (both: the symmetric
    relevance gain, SRG).

    Args:
        X, y, model: as for ``compute_saliency_maps``.
        maps: one for each picture, (N, H, W). Only the order of a map's values counts; patches
            of equal value go in an order drawn by chance, the same for every map.
        patch: side of a patch in pixels; it must divide H and W.
        fill: what a patch is replaced by: ``"blur"``, the picture blurred by 10 pixels, or
            ``"grey"``, ImageNet's mean colour (0 in the network's input).
        steps: points on a curve after the first; each step replaces the same share of the
            patches, and at least one.

    Returns:
        ``Flipped``, float32, on the CPU. Both curves start at the picture's score and end at
        that of the filling.

    Raises:
        TypeError, ValueError: the message names the argument. A picture whose class has no
            positive score has no share of it either.
    """
    caller = "patch_flipping"
    admitted = admit(X, y, model, caller)
    inputs, device = admitted.inputs, admitted.inputs.device
    _check_patch(patch, inputs)
    check_count(steps, "steps", caller)
    values = F.avg_pool2d(as_maps(maps, inputs, caller), patch)
    filling = FILLS[pick(fill, FILLS, "fill", caller)](inputs)
    patches = values[0].numel()
    counts = torch.linspace(0, patches, min(steps, patches) + 1).round().to(device)[:, None, None]
    score, threads = score_function(model, workers(device))
    together = ON_A_CORE if device.type == "cpu" else ON_A_GPU

    def scores(i: int) -> Tensor:
        """One order with both ends, which the two have in common, and then the other without."""
        least, most = (ranks(sign * values[i]).to(device) for sign in (1, -1))
        gone = torch.cat([least < counts, most < counts[1:-1]])
        gone = gone.repeat_interleave(patch, 1).repeat_interleave(patch, 2)[:, None]
        return torch.cat([score(torch.where(some, filling[i], inputs[i]), admitted.labels[i])
                          for some in gone.tensor_split(-(-len(gone) // together))])

    found = torch.stack(list(map_in_order(scores, range(len(inputs)), threads))).float().cpu()
    least_first, between = found.tensor_split([len(counts)], dim=1)
    most_first = torch.cat([least_first[:, :1], between, least_first[:, -1:]], dim=1)
    _check_scores(whole := least_first[:, 0])
    area = torch.trapezoid(least_first - most_first, counts.flatten().cpu() / patches) / whole
    return Flipped(least_first, most_first, area)


def ranks(values: Tensor) -> Tensor:
    """The place of each value in rising order, 0…; equal values by chance, always the same."""
    chance = torch.randperm(values.numel(), generator=torch.Generator().manual_seed(0))
    order = chance[values.flatten()[chance].argsort(stable=True)]
    return order.argsort().view_as(values)


def sensitivity(
    X: np.ndarray | Tensor, y: Labels, model: nn.Module, method: Method = compute_saliency_maps,
    *, levels: int = 2, trials: int = 10, seed: int = 0,
) -> Tensor:
    """The largest relative change of the map among pictures that nobody can tell apart.

        max over trials of ‖M(x + δ) − M(x)‖₂ / ‖M(x)‖₂,   δ whole numbers in −levels…levels

    0 is the best, and a constant map has it: a stable map need not be a true one.

    Source: Yeh et al. 2019, "On the (in)fidelity and sensitivity of explanations", section 3,
    definition 3.1, divided by the map's own norm, as captum does.

    Args:
        X: pictures (N, H, W, 3) in 0…255.
        y, model: as for ``compute_saliency_maps``.
        method: a function (X, y, model) → saliency (N, C, H, W), of which max-abs is taken, or
            maps (N, H, W). One that draws noise needs a fixed seed, as in
            ``partial(smoothgrad, n=10, seed=0)``; else the change of its noise is measured, too.
        levels: the largest change of a pixel in grey levels.
        trials: how many changed pictures are tried.
        seed: of the changes.

    Returns:
        Tensor (N,), float64, on the CPU.

    Raises:
        TypeError, ValueError: the message names the argument; a map of zeros has no relative
            change.
    """
    caller = "sensitivity"
    if not is_pictures(X):
        raise ValueError(f"{caller}: X is {describe(X)}; expected pictures (N, H, W, 3) in 0…255, "
                         "whose grey levels can be changed.")
    admitted = admit(X, y, model, caller)
    check_count(levels, "levels", caller)
    check_count(trials, "trials", caller)
    pixels = np.asarray(X.detach().cpu() if isinstance(X, Tensor) else X).astype(np.float32)
    rng = np.random.default_rng(seed)
    calm = maps_of(method, admitted.inputs, admitted.labels, model, caller).flatten(1)
    size = calm.norm(dim=1)
    refuse_blank(size == 0, caller)
    largest = torch.zeros_like(size)
    for _ in range(trials):
        delta = rng.integers(-levels, levels, pixels.shape, endpoint=True)
        near = network_inputs(np.clip(pixels + delta, 0, 255), model, caller)
        moved = maps_of(method, near, admitted.labels, model, caller).flatten(1)
        largest = torch.maximum(largest, (moved - calm).norm(dim=1) / size)
    return largest


def grid_pointing(
    X: Tensor | np.ndarray, y: Labels, model: nn.Module, method: Method = compute_saliency_maps
) -> Tensor:
    """The share of the map that lies on the right one of four pictures; by chance 0.25.

        Σ of M over the quadrant of the picture whose class is asked / Σ of M

    Source: Böhle, Fritz, Schiele 2021, "Convolutional dynamic alignment networks for
    interpretable classifications", the localisation metric in the section of experiments; Rao,
    Böhle, Schiele 2022, "Towards better understanding attribution methods" (grid pointing).

    Args:
        X: pictures, as for ``compute_saliency_maps``, four or a multiple of four; each four
            in a row make a mosaic and should be of four classes.
        y, model: as for ``compute_saliency_maps``; the network must take pictures of any size.
        method: a function (X, y, model) → saliency (N, C, H, W), of which max-abs is taken, or
            maps (N, H, W) of magnitudes. It is asked for mosaics, once for each of their four
            pictures.

    Returns:
        Tensor (N,), float64, on the CPU.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    admitted = admit(X, y, model, "grid_pointing")
    asked = mosaics(admitted.inputs).repeat_interleave(4, dim=0)
    return quadrant_shares(maps_of(method, asked, admitted.labels, model, "grid_pointing"))


def mosaics(X: Tensor | np.ndarray) -> Tensor | np.ndarray:
    """Pictures four by four: up left, up right, down left, down right.

    (N, H, W, 3) → (N/4, 2H, 2W, 3), or (N, C, H, W) → (N/4, C, 2H, 2W); N is a multiple of 4.
    """
    if not isinstance(X, (Tensor, np.ndarray)) or X.ndim != 4:
        raise ValueError(f"mosaics: X is {describe(X)}; expected pictures (N, H, W, 3) or a "
                         "tensor (N, C, H, W).")
    if len(X) < 4 or len(X) % 4:
        hint = f"; take X[:{len(X) // 4 * 4}]" if len(X) > 4 else ""
        raise ValueError(f"mosaics: X has {len(X)} pictures; a mosaic takes four, so give four "
                         f"or a multiple of four{hint}.")
    join = torch.cat if isinstance(X, Tensor) else np.concatenate
    height, width = (1, 2) if is_pictures(X) else (2, 3)
    return join([join([X[0::4], X[1::4]], width), join([X[2::4], X[3::4]], width)], height)


def quadrant_shares(maps: Tensor | np.ndarray) -> Tensor:
    """The share of map i in quadrant i mod 4, counted as ``mosaics`` lays them, (N,), float64.

    Args:
        maps: (N, 2H, 2W), magnitudes.
    """
    maps = as_maps(maps, None, "quadrant_shares")
    if maps.shape[1] % 2 or maps.shape[2] % 2:
        raise ValueError(f"quadrant_shares: the maps are {tuple(maps.shape)}; "
                         "expected an even height and width.")
    if (maps < 0).any():
        raise ValueError("quadrant_shares: the maps have negative values; expected magnitudes.")
    height, width = maps.shape[1] // 2, maps.shape[2] // 2
    sums = maps.unflatten(1, (2, height)).unflatten(3, (2, width)).sum(dim=(2, 4)).flatten(1)
    total = sums.sum(dim=1)
    refuse_blank(total == 0, "quadrant_shares")
    return sums[range(len(sums)), torch.arange(len(sums)) % 4] / total


def _check_patch(patch: int, inputs: Tensor) -> None:
    check_count(patch, "patch", "patch_flipping")
    height, width = inputs.shape[2:]
    common = math.gcd(height, width)
    if common % patch:
        fits = [str(p) for p in range(1, common + 1) if common % p == 0]
        raise ValueError(f"patch_flipping: patch is {patch}, which does not divide the pictures' "
                         f"{height}×{width} pixels; choose one of {', '.join(fits)}.")


def _check_scores(whole: Tensor) -> None:
    for i, score in enumerate(whole.tolist()):
        if not score > 0:
            raise ValueError(f"patch_flipping: the class score of picture {i} is {score:.4g}; "
                             "expected a positive one, as the area is told as a share of it.")
