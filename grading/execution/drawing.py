"""Networks and pictures that nobody has seen before, and when two maps are equal."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # the judge does without torch
    from torch import nn


def drawn_network(rng: np.random.Generator) -> "nn.Module":
    """The lab's network, every weight off by a percent or so: nobody has its maps."""
    import torch

    from labutils.network import load_squeezenet

    network = load_squeezenet(device="cpu")
    for weights in network.parameters():
        off = rng.standard_normal(tuple(weights.shape), dtype=np.float32)
        weights.data *= 1 + 0.01 * torch.from_numpy(off)
    return network


def drawn_pictures(rng: np.random.Generator, network: "nn.Module",
                   num: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, some mirrored, with classes among the network's five favourites, the first with
    the fifth of them: who takes the predicted class instead of y is seen."""
    import torch

    from labutils.pictures import load_pictures
    from labutils.preprocessing import preprocess

    X, _, _ = load_pictures()
    X = X[rng.permutation(len(X))[:num]]
    X = np.stack([x[:, ::-1] if rng.random() < 0.5 else x for x in X])
    # A little darker or paler, so that no picture is one that a student has.
    X = (X * rng.uniform(0.85, 0.98, (num, 1, 1, 1))).astype(np.uint8)
    with torch.no_grad():
        best = network(torch.cat([preprocess(x) for x in X])).topk(5).indices.numpy()
    return X, np.array([best[k, (4, 0, 2)[k % 3]] for k in range(num)])




def close(maps: np.ndarray, known: np.ndarray) -> bool:
    """Equal up to rounding; where a value lies near a ReLU's edge, rounding decides its side."""
    return bool(np.linalg.norm(maps - known) < 0.01 * np.linalg.norm(known))
