"""From pictures to what the network wants, and back."""

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter1d
from torch import Tensor
from torchvision.transforms import functional as F

from labutils.engine.door import check_picture, describe
from labutils.engine.pixels import normalise, to_pixels
from labutils.files.picture_files import as_rgb


def preprocess(img: Image.Image | np.ndarray, size: int = 224) -> Tensor:
    """One picture as the network's input.

    Resize the shorter side to ``size``, cut the middle square, divide by 255,
    subtract ImageNet's mean, divide by its standard deviation. Fractions of a
    grey level in a float array are kept, as in every function that takes
    pictures; when a uint8 picture is resized its pixels stay whole numbers.

    Args:
        img: a PIL image, or an array (H, W, 3), integers or floats in 0…255.
        size: side of the result in pixels.

    Returns:
        Tensor (1, 3, size, size), float32.

    Raises:
        TypeError, ValueError: not a picture of that kind; the message says why.
    """
    if not isinstance(img, Image.Image):
        check_picture(img, "preprocess")
    if isinstance(img, np.ndarray) and img.dtype.kind == "f":
        picture = torch.from_numpy(img.astype(np.float32)).permute(2, 0, 1)
    elif isinstance(img, np.ndarray):
        picture = Image.fromarray(img.astype(np.uint8))
    else:
        picture = as_rgb(img, "preprocess: img")
    if F.get_image_size(picture) != [size, size]:
        picture = F.center_crop(F.resize(picture, size, antialias=True), [size, size])
    pixels = picture if isinstance(picture, Tensor) else F.pil_to_tensor(picture).float()
    return normalise(pixels.contiguous())[None]


def deprocess(x: Tensor, should_rescale: bool = True) -> Image.Image:
    """A network input as a picture: the way back of ``preprocess``.

    Args:
        x: Tensor (1, 3, H, W) or (3, H, W), ImageNet-normalised.
        should_rescale: stretch the values to the full range 0…1 first
            (``rescale``). Without it a picture comes back as it was.

    Returns:
        PIL image, RGB, W×H.
    """
    if not isinstance(x, Tensor) or x.ndim not in (3, 4) or x.shape[-3] != 3 or (
        x.ndim == 4 and len(x) != 1
    ):
        raise ValueError(
            f"deprocess: x is {describe(x)}; expected one picture as a tensor "
            "(1, 3, H, W) or (3, H, W)."
        )
    unit = to_pixels(x.detach().reshape(x.shape[-3:]).float().cpu()) / 255
    unit = rescale(unit) if should_rescale else unit.clamp(0, 1)
    # Rounded, not truncated: the way there and back must not darken a picture.
    return F.to_pil_image((unit * 255).round().to(torch.uint8))


def rescale(x: Tensor | np.ndarray) -> Tensor | np.ndarray:
    """Stretch a tensor or array to 0…1: (x − min) / (max − min); constants become 0.

    Integers become floats first: the width of int8's range does not fit into int8.
    """
    if isinstance(x, Tensor):
        x = x if x.is_floating_point() else x.float()
    else:
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
    low, high = x.min(), x.max()
    return (x - low) / (high - low) if high > low else x * 0.0


def blur_image(X: Tensor, sigma: float = 1.0) -> Tensor:
    """Gaussian blur along height and width.

    Args:
        X: Tensor (N, C, H, W) or (C, H, W).
        sigma: standard deviation in pixels, at least 0.

    Returns:
        A new tensor of X's shape, dtype and device; X is not changed.
    """
    if not isinstance(X, Tensor) or X.ndim not in (3, 4):
        raise ValueError(f"blur_image: X is {describe(X)}; expected a tensor (N, C, H, W).")
    if not sigma >= 0:
        raise ValueError(f"blur_image: sigma is {sigma}; expected a number of pixels, 0 or more.")
    if sigma == 0:
        return X.detach().clone()
    blurred = gaussian_filter1d(X.detach().cpu().numpy(), sigma, axis=-1)
    blurred = gaussian_filter1d(blurred, sigma, axis=-2)
    return torch.from_numpy(blurred).to(X)
