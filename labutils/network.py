"""SqueezeNet 1.1 with pretrained weights: the default ones, torchvision's, your own."""

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import squeezenet1_1

from labutils.files.archives import check_unpacked_size
from labutils.files.authors_weights import deepscale_state
from labutils.files.downloads import fetch

LARGEST_FILE = 100 * 10**6  # bytes when unpacked: twenty times the weights
TORCHVISION_NAME = "squeezenet1_1-b8a52dc0.pth"
TORCHVISION_SHA256 = "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b"
TORCHVISION_URLS = ("https://download.pytorch.org/models/" + TORCHVISION_NAME,)


def load_squeezenet(
    weights: str | os.PathLike | None = None, device: str | torch.device | None = None
) -> nn.Module:
    """SqueezeNet 1.1 for ImageNet's 1000 classes, ready for attribution.

    Source: Iandola et al. 2016, "SqueezeNet", and the authors' version 1.1.

    Args:
        weights: ``"deepscale"`` (the default: the SqueezeNet authors' own, from
            the package ndf), ``"torchvision"`` (IMAGENET1K_V1, downloaded
            once), or the path of a state dict (``.pth``) or of an ``.npz``
            file. Without it what ``LAB_WEIGHTS`` says, else ``"deepscale"``.
        device: where to put it; without it CUDA when there, else MPS, else CPU.

    Returns:
        The network in eval mode, parameters frozen. ``.source`` says in words
        which weights these are. Input: (N, 3, H, W) float32, ImageNet-normalised.

    Raises:
        FileNotFoundError, ValueError, labutils.files.downloads.DownloadError
    """
    weights = weights if weights is not None else os.environ.get("LAB_WEIGHTS") or "deepscale"
    if weights == "deepscale":
        state, source = deepscale_state(), "deepscale: the SqueezeNet authors' own v1.1 weights"
    elif weights == "torchvision":
        path = fetch(TORCHVISION_NAME, TORCHVISION_URLS, TORCHVISION_SHA256,
                     "load_squeezenet('deepscale')")
        state, source = _state_from_file(path), "torchvision: SqueezeNet 1.1 IMAGENET1K_V1"
    else:
        path = Path(weights).expanduser()
        state, source = _state_from_file(path), f"your own: {path.name}"
    # Without storage: the random weights that torchvision would draw are not wanted,
    # and drawing them would move the caller's random state.
    with torch.device("meta"):
        model = squeezenet1_1(weights=None)
    _load_state(model, state, source)
    model.eval().requires_grad_(False)
    model.to(device=choose_device(device), dtype=torch.float32,
             memory_format=torch.channels_last)
    model.source = source
    return model


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """The named device, or the best one: CUDA, else MPS (Apple), else the CPU."""
    if device is not None:
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _load_state(model: nn.Module, state: dict[str, Tensor], source: str) -> None:
    wanted = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    found = {name: tuple(getattr(t, "shape", ())) for name, t in state.items()}
    wrong = sorted(k for k in wanted.keys() | found.keys() if wanted.get(k) != found.get(k))
    if wrong:
        name = wrong[0]
        raise ValueError(
            f"load_squeezenet: {source} is not a SqueezeNet 1.1 state dict: {len(wrong)} of "
            f"{len(wanted)} tensors differ, the first is {name!r}: expected shape "
            f"{wanted.get(name, 'none')}, got {found.get(name, 'none')}."
        )
    bad = [name for name, t in state.items() if not torch.isfinite(t).all()]
    if bad:
        raise ValueError(f"load_squeezenet: {source} has NaN or infinite values in {bad[0]!r}.")
    model.to_empty(device="cpu").load_state_dict(state)


def _state_from_file(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise FileNotFoundError(
            f"load_squeezenet: {str(path)!r} is neither 'deepscale' nor 'torchvision', "
            "nor a file; give the path of a .pth or .npz file."
        )
    check_unpacked_size(path, LARGEST_FILE, "load_squeezenet")
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: torch.from_numpy(file[name]) for name in file.files}
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"load_squeezenet: {path.name} cannot be read as weights "
            f"({type(error).__name__}); expected a state dict saved with torch.save, "
            "or an .npz file of arrays."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        raise ValueError(f"load_squeezenet: {path.name} holds {type(state).__name__}; "
                         "expected a state dict (names → tensors).")
    return state
