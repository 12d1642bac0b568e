"""The one door for arguments: judged here once, with a sentence for whatever is refused.

What comes out (``Admitted``) is a copy that belongs to the run: network inputs, labels and,
where they are wanted, the pixels that the inputs came from. No room behind the door asks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from labutils.engine.pixels import normalise, to_pixels
from labutils.engine.squeezenet import INPUT, is_torchvisions

EXPECTED_X = "pictures (N, H, W, 3) in 0…255 or a preprocessed float tensor (N, C, H, W)"


@dataclass(frozen=True)
class Admitted:
    """Arguments that were found right.

    Attributes:
        inputs: (N, C, H, W), float, on the model's device, a copy without history.
        labels: N class numbers.
        pixels: (N, 3, H, W), float32 in 0…255, on the model's device; None where not wanted.
    """

    inputs: Tensor
    labels: list[int]
    pixels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)


def admit(
    X: Tensor | np.ndarray,
    y: Tensor | np.ndarray | Sequence[int],
    model: nn.Module,
    caller: str,
    pixels: bool = False,
) -> Admitted:
    """Judge pictures, labels and classifier together.

    Args:
        X: preprocessed pictures, float tensor (N, C, H, W), or raw pictures (N, H, W, 3),
            uint8 or numbers in 0…255, which are normalised here; not changed.
        y: N class numbers.
        model: any classifier in eval mode; its first parameter says which device.
        caller: named in errors.
        pixels: the pixels are wanted, too.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    check_model(model, caller)
    inputs = network_inputs(X, model, caller).detach().clone()
    labels = as_labels(y, len(inputs), _classes(model, inputs, caller), caller)
    return Admitted(inputs, labels.tolist(), _pixels_of(X, inputs, caller) if pixels else None)


def network_inputs(X: Tensor | np.ndarray, model: nn.Module, caller: str) -> Tensor:
    """X as the network takes it, on the network's device; a gradient finds its way back to X."""
    device = device_of(model)
    if is_pictures(X):
        return normalise(_as_pixels(X, caller).to(device)).contiguous()
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
    return X.to(device)


def is_pictures(X: object) -> bool:
    """True for (N, H, W, 3): channels last, as picture files have them."""
    return (isinstance(X, (np.ndarray, Tensor)) and X.ndim == 4 and len(X) > 0
            and X.shape[-1] == 3 and X.shape[1] != 3)


def _as_pixels(X: np.ndarray | Tensor, caller: str) -> Tensor:
    """Pictures (N, H, W, 3) as float32 (N, 3, H, W) in 0…255."""
    if isinstance(X, np.ndarray):
        check_pixel_values(X, "X", caller)
        X = torch.from_numpy(X.astype(np.float32))
    else:
        X = X.float() if X.is_floating_point() else X
        check_pixel_values(X.detach().cpu().numpy(), "X", caller)
    return X.float().permute(0, 3, 1, 2)


def _pixels_of(X: Tensor | np.ndarray, inputs: Tensor, caller: str) -> Tensor:
    """The pictures that the network inputs came from."""
    if is_pictures(X):
        return _as_pixels(X, caller).detach().to(inputs.device)
    wide = torch.promote_types(inputs.dtype, torch.float32)
    pixels = to_pixels(inputs.to(wide)).round() if inputs.shape[1] == 3 else None
    if pixels is None or pixels.min() < 0 or pixels.max() > 255:
        raise ValueError(
            f"{caller}: X is {describe(X)} and not an ImageNet-normalised picture, so the "
            "lab's noise on pixels 0…255 has no meaning; give pictures (N, H, W, 3), or "
            "choose manner='paper', which adds noise to the network's input."
        )
    return pixels


def as_labels(
    y: Tensor | np.ndarray | Sequence[int], count: int, classes: int, caller: str
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
    wrong = labels[(labels < 0) | (labels >= classes)]
    if len(wrong):
        raise ValueError(
            f"{caller}: y has the label {int(wrong[0])}; expected 0…{classes - 1}.")
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


def _classes(model: nn.Module, inputs: Tensor, caller: str) -> int:
    """How many scores the model gives; it is asked, unless all is as in every notebook."""
    if is_torchvisions(model) and (inputs.shape[1:], inputs.dtype) == INPUT:
        return model.num_classes
    with torch.no_grad():
        return checked_scores(model, inputs[:1].clone(), caller).shape[1]


def check_noise_pct(noise_pct: float, caller: str) -> None:
    """Raise unless noise_pct is a finite number, 0 or more."""
    if isinstance(noise_pct, bool) or not isinstance(noise_pct, (int, float, np.number)):
        raise TypeError(f"{caller}: noise_pct is {describe(noise_pct)}; expected a number.")
    if not (np.isfinite(noise_pct) and noise_pct >= 0):
        raise ValueError(
            f"{caller}: noise_pct is {noise_pct}; expected a share, 0 or more, such as 0.1."
        )


def check_picture(img: np.ndarray, caller: str) -> None:
    """Raise unless img is one picture (H, W, 3), uint8 or numbers in 0…255."""
    if not isinstance(img, np.ndarray) or img.ndim != 3 or img.shape[-1] != 3:
        raise ValueError(
            f"{caller}: img is {describe(img)}; expected one picture (H, W, 3), "
            "RGB, as a PIL image or a numpy array."
        )
    check_pixel_values(img, "img", caller)


def check_pixel_values(x: np.ndarray, name: str, caller: str) -> None:
    """Raise unless x holds uint8, or numbers in 0…255 without NaN.

    Floats that end at 1 are refused: nearly always pixels in 0…1, which would
    pass as an almost black picture.
    """
    if x.dtype == np.uint8:
        return
    if x.dtype.kind not in "iuf":
        raise TypeError(f"{caller}: {name} is {describe(x)}; expected uint8 pixels 0…255.")
    if not np.isfinite(x).all():
        raise ValueError(f"{caller}: {name} has NaN or infinite pixels; expected 0…255.")
    if x.size and (x.min() < 0 or x.max() > 255):
        raise ValueError(
            f"{caller}: {name} has values from {x.min():.4g} to {x.max():.4g}; "
            "expected pixels 0…255 (before preprocessing)."
        )
    if x.dtype.kind == "f" and 0 < x.max(initial=0) <= 1:
        raise ValueError(
            f"{caller}: {name} has values from {x.min():.4g} to {x.max():.4g}, pixels in 0…1 such "
            f"as plt.imread gives; expected 0…255. Convert: "
            f'({name} * 255).round().astype("uint8").'
        )


def describe(x: object) -> str:
    """A few words for error messages: type, shape and dtype."""
    shape, dtype = getattr(x, "shape", None), getattr(x, "dtype", None)
    if shape is None:
        return type(x).__name__
    return f"{type(x).__name__} {tuple(shape)} {dtype}"
