"""What attribution functions accept, checked at the door."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import SqueezeNet

from labutils.preprocessing import check_pixel_values, describe, normalise
from labutils.single_class import is_plain_squeezenet

EXPECTED_X = "pictures (N, H, W, 3) in 0…255 or a preprocessed float tensor (N, C, H, W)"


def as_network_input(X: Tensor | np.ndarray, model: nn.Module, caller: str) -> Tensor:
    """X as the network takes it, on the network's device; X is not changed.

    Args:
        X: preprocessed pictures, float tensor (N, C, H, W), or raw pictures
            (N, H, W, 3), uint8 or numbers in 0…255, which are normalised here.
        model: any classifier; its first parameter says which device.
        caller: named in errors.
    """
    device = device_of(model)
    if is_pictures(X):
        return normalise(as_pixels(X, caller).to(device)).contiguous()
    came = describe(X)
    if isinstance(X, np.ndarray) and X.dtype.kind in "iuf":
        X = torch.from_numpy(X)
    if not isinstance(X, Tensor) or X.ndim != 4 or 0 in X.shape:
        hint = " A single picture needs a batch dimension: X[None]." if getattr(
            X, "ndim", 0) == 3 else ""
        raise ValueError(f"{caller}: X is {came}; expected {EXPECTED_X}.{hint}")
    if not X.is_floating_point():
        raise TypeError(f"{caller}: X is {came}; expected {EXPECTED_X}, such as "
                        "torch.cat([preprocess(x) for x in X]).")
    if not torch.isfinite(X).all():
        raise ValueError(f"{caller}: X has NaN or infinite values; check the preprocessing.")
    return X.detach().to(device)


def is_pictures(X: object) -> bool:
    """True for (N, H, W, 3): channels last, as picture files have them."""
    return (isinstance(X, (np.ndarray, Tensor)) and X.ndim == 4 and len(X) > 0
            and X.shape[-1] == 3 and X.shape[1] != 3)


def as_pixels(X: np.ndarray | Tensor, caller: str) -> Tensor:
    """Pictures (N, H, W, 3) as float32 (N, 3, H, W) in 0…255."""
    array = X.detach().cpu().numpy() if isinstance(X, Tensor) else X
    check_pixel_values(array, "X", caller)
    return torch.from_numpy(array.astype(np.float32)).permute(0, 3, 1, 2)


def as_labels(
    y: Tensor | np.ndarray | Sequence[int], count: int, classes: int | None, caller: str
) -> Tensor:
    """y as an int64 tensor (count,), every label in 0…classes−1."""
    if y is None:
        raise ValueError(f"{caller}: y is None; give one label per picture.")
    try:
        array = np.asarray(y.detach().cpu() if isinstance(y, Tensor) else y)
    except (TypeError, ValueError):  # lists in lists of different lengths
        array = None
    if array is None or array.ndim != 1 or array.dtype.kind not in "iu":
        came = describe(y if array is None else array)
        raise TypeError(f"{caller}: y is {came}; expected whole numbers, shape (N,).")
    labels = torch.from_numpy(array.astype(np.int64))
    if len(labels) != count:
        raise ValueError(
            f"{caller}: y has {len(labels)} labels but X has {count} pictures; "
            "give one label per picture."
        )
    wrong = labels[(labels < 0) | (labels >= classes)] if classes else labels[labels < 0]
    if len(wrong):
        last = f"…{classes - 1}" if classes else " or more"
        raise ValueError(f"{caller}: y has the label {int(wrong[0])}; expected 0{last}.")
    return labels


def check_model(model: nn.Module, caller: str) -> None:
    """Raise unless model is a module in eval mode."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"{caller}: model is {describe(model)}; expected a torch.nn.Module.")
    if any(module.training for module in model.modules()):
        raise ValueError(
            f"{caller}: the model is in training mode, so dropout would change the maps "
            "from call to call; call model.eval() first."
        )


def device_of(model: nn.Module) -> torch.device:
    """The device of the model's first parameter; the CPU when it has none."""
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


def checked_scores(model: nn.Module, X: Tensor, caller: str) -> Tensor:
    """model(X), the scores (N, classes); an error that names X when they do not fit."""
    try:
        scores = model(X)
    except RuntimeError as error:
        dtype = next((p.dtype for p in model.parameters()), torch.float32)
        raise ValueError(
            f"{caller}: X is {describe(X)}, on which the model fails ({error}); expected "
            f"{EXPECTED_X}, {dtype} like the model's parameters."
        ) from error
    if not isinstance(scores, Tensor) or scores.ndim != 2 or len(scores) != len(X):
        raise ValueError(
            f"{caller}: the model gives {describe(scores)} for {len(X)} pictures; "
            "expected scores (N, classes)."
        )
    return scores


def count_classes(model: nn.Module, X: Tensor, caller: str) -> int:
    """How many scores the model gives; asks the model unless its last layer says so."""
    if isinstance(model, SqueezeNet) and is_plain_squeezenet(model):
        return model.classifier[1].out_channels
    with torch.no_grad():
        return checked_scores(model, X[:1], caller).shape[1]
