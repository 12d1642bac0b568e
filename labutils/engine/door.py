"""What attribution functions accept, checked at the door."""

import difflib
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import SqueezeNet

from labutils.engine.pixels import normalise
from labutils.engine.squeezenet import is_plain_squeezenet

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
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


def pick(name: str, known: Collection[str], argument: str) -> str:
    """name, when it is known; else an error that lists the names and suggests one."""
    if isinstance(name, str) and name in known:
        return name
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"smoothgrad: {argument} is {name!r}; expected one of "
        f"{', '.join(map(repr, known))}.{hint}"
    )


def precision_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The dtype of a precision's name, when the device computes in it at a useful speed."""
    dtype = PRECISIONS[pick(precision, PRECISIONS, "precision")]
    if dtype is torch.float16 and device.type == "cpu":
        raise ValueError(
            "smoothgrad: precision is 'float16', which a CPU computes ten times slower than "
            "float32; choose 'bfloat16' or 'float32'."
        )
    return dtype


def check_seed(seed: int | None) -> None:
    """Raise unless seed is None or a whole number, 0 or more."""
    if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
        raise ValueError(f"smoothgrad: seed is {seed!r}; expected a whole number, 0 or more, "
                         "or None.")


def check_count(value: int, argument: str) -> None:
    """Raise unless value is a whole number, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"smoothgrad: {argument} is {value!r}; expected a whole number.")
    if value < 1:
        raise ValueError(f"smoothgrad: {argument} is {value}; expected 1 or more.")


def sorted_counts(counts: Iterable[int]) -> list[int]:
    """Sample counts in rising order, each once."""
    counts = list(counts)
    for count in counts:
        check_count(count, "n")
    if not counts:
        raise ValueError("smoothgrad: counts is empty; expected sample counts, such as [10, 50].")
    return sorted({int(count) for count in counts})


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
