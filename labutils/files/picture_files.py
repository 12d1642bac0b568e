"""Picture files of any kind as 8-bit RGB."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def open_rgb(path: Path, caller: str) -> Image.Image:
    """A picture file as it is meant to be seen: upright, 8-bit RGB.

    Raises:
        FileNotFoundError: no such file.
        ValueError: empty, not a picture, or too large to be unpacked.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{caller}: there is no file {path}.")
    if path.stat().st_size == 0:
        raise ValueError(f"{caller}: {path} is empty (0 bytes); copy or download it again.")
    try:
        with Image.open(path) as img:
            # Phones store the picture lying on its side, with a note how to turn it.
            return as_rgb(ImageOps.exif_transpose(img), "it")
    except Exception as error:  # damaged bytes make Pillow raise errors of many kinds
        raise ValueError(
            f"{caller}: {path} is not a picture that can be read "
            f"({type(error).__name__}: {error}); expected a JPEG, PNG, WebP or BMP file."
        ) from error


def as_rgb(img: Image.Image, name: str) -> Image.Image:
    """An image of any mode as RGB; 16-bit grey levels are scaled to 8 bits.

    Args:
        name: what the error calls the image.

    Raises:
        ValueError: floating-point grey levels, or integers that do not fit into 16 bits.
    """
    if img.mode != "F" and not img.mode.startswith("I"):
        return img.convert("RGB")
    grey = np.asarray(img)
    if img.mode == "F" or grey.min() < 0 or grey.max() > 65535:
        raise ValueError(f"{name} has grey levels from {grey.min():.4g} to {grey.max():.4g}, "
                         f"{grey.dtype}; expected 8 or 16 bits: scale them to 0…255, uint8.")
    if img.mode == "I" and grey.max() <= 255:  # 8 bits in 32
        return img.convert("RGB")
    # Pillow's own conversion cuts off at 255, which turns 16 bits white nearly everywhere.
    return Image.fromarray((grey / 257).round().astype(np.uint8)).convert("RGB")
