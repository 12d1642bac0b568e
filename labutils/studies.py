"""Studies of SmoothGrad's two knobs: maps and numbers at several strengths and sample counts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from labutils.engine.copies import draw_noise, noise_adder
from labutils.engine.door import admit
from labutils.metrics import correlation, total_variation
from labutils.noise import gaussian
from labutils.preprocessing import preprocess
from labutils.smoothgrad import smoothgrad, smoothgrad_snapshots


def first_choices(X: np.ndarray, model: nn.Module) -> np.ndarray:
    """The class with the highest score for each picture, (N,); X is (N, H, W, 3), uint8."""
    device = next(model.parameters()).device
    with torch.no_grad():
        scores = [model(preprocess(x).to(device)) for x in X]
    return torch.cat(scores).argmax(dim=1).cpu().numpy()


def share_right(x: np.ndarray, label: int, model: nn.Module, noise_pct: float, *,
                copies: int = 10, manner: str = "lab", seed: int = 0) -> float:
    """The share of noisy copies that the network still classifies as the label, 0…1.

    On the CPU they are the first copies that ``smoothgrad(x[None], …)`` averages with this seed.

    Args:
        x: one picture (H, W, 3), uint8.
        label: its class number.
        noise_pct, manner, seed: as for ``smoothgrad``.
        copies: how many are asked.
    """
    admitted = admit(x[None], [label], model, "share_right", pixels=manner == "lab")
    noisy, device = noise_adder(admitted, noise_pct, manner), admitted.inputs.device
    entropy = np.random.SeedSequence(seed).entropy
    inputs = torch.stack([noisy(0, draw_noise(gaussian, x.shape, device, entropy, 0, k))
                          for k in range(copies)]).permute(0, 3, 1, 2)
    with torch.no_grad():
        return float((model(inputs).argmax(dim=1) == label).float().mean())


def strength_study(x: np.ndarray, label: int, model: nn.Module, strengths: Sequence[float], *,
                   n: int = 20, copies: int = 10, manner: str = "lab", seed: int = 0
                   ) -> tuple[dict[float, Tensor], pd.DataFrame]:
    """One picture's maps at several noise strengths, and three numbers for each of them.

    Args:
        x: one picture (H, W, 3), uint8.
        label: its class number.
        strengths: in any order; 0 is the vanilla map.
        n: copies of a map; copies: how many of them are asked for the share.
        manner, seed: as for ``smoothgrad``.

    Returns:
        strength → map (H, W); and a table with a row per strength: the correlation with the
        vanilla map, the total variation, and the share of copies that are still right.
    """
    def map_at(strength: float) -> Tensor:
        # Without noise all copies are the picture itself.
        return smoothgrad(x[None], [label], model, n if strength else 1, strength, manner=manner,
                          seed=seed)[0].cpu()

    maps, vanilla = {s: map_at(s) for s in strengths}, map_at(0)
    rows = [{"noise_pct": s, "correlation": correlation(m, vanilla),
             "total variation": total_variation(m),
             "still right": share_right(x, label, model, s, copies=copies, manner=manner,
                                        seed=seed)} for s, m in maps.items()]
    return maps, pd.DataFrame(rows).set_index("noise_pct")


def maps_at_counts(X: np.ndarray, y: Sequence[int], model: nn.Module, counts: Iterable[int],
                   seed: int, **options: Any) -> dict[int, Tensor]:
    """Count → maps (N, H, W) of all pictures, every count out of one run.

    Args:
        X, y, model, seed, options: as for ``smoothgrad_snapshots``.
    """
    maps: dict[int, list[Tensor]] = {}
    for _, n, saliency_map in smoothgrad_snapshots(X, y, model, counts, seed=seed, **options):
        maps.setdefault(n, []).append(saliency_map.cpu())
    return {n: torch.stack(stack) for n, stack in maps.items()}


def maps_of_copies(X: np.ndarray, y: Sequence[int], model: nn.Module, n: int,
                   noise_pct: float = 0.1, **options: Any) -> Tensor:
    """The map of every copy, before they become one; their mean is what ``smoothgrad`` gives.

    Args:
        X, y, model, n, noise_pct, options: as for ``smoothgrad``, which has no ``aggregate`` here.

    Returns:
        Tensor (N, n, H, W), float32, on the CPU.
    """
    kept: list[Tensor] = []

    def keep(maps: Tensor) -> Tensor:
        kept.append(maps.cpu())  # a copy of the engine's, picture by picture
        return maps[0]

    smoothgrad(X, y, model, n, noise_pct, aggregate=keep, **options)
    return torch.stack(kept)


def table_of(metric: Callable[[Tensor, Tensor], float], first: Mapping[int, Tensor],
             second: Mapping[int, Tensor], names: Sequence[str]) -> pd.DataFrame:
    """How alike two runs' maps are: a row per count of the first, a column per picture.

    Args:
        metric: of two maps (H, W), such as ``correlation`` or ``relative_error``.
        first, second: count → maps (N, H, W), as of ``maps_at_counts``.
        names: N names.
    """
    rows = [[metric(*pair) for pair in zip(maps, second[n], strict=True)]
            for n, maps in first.items()]
    return pd.DataFrame(rows, columns=list(names), index=pd.Index(first, name="n"))
