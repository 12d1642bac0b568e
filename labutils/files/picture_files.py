"""Picture files of any kind as 8-bit RGB."""

import io
import re
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

LARGEST = 50 * 10**6  # bytes
HEIC = {b"ftyp" + brand for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx",
                                      b"mif1", b"msf1")}


def open_rgb(path: Path, caller: str) -> Image.Image:
    """A picture file as it is meant to be seen: upright, 8-bit RGB.

    Raises:
        FileNotFoundError: no such file.
        ValueError: empty, not a picture, or too large.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{caller}: there is no file {path}.")
    _check_bytes(path.stat().st_size, str(path), caller)
    return rgb_of(path.read_bytes(), str(path), caller)


def rgb_of(data: bytes, name: str, caller: str) -> Image.Image:
    """The same of a file's bytes; errors as in ``open_rgb``, which call it by its name."""
    _check_bytes(len(data), name, caller)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as img:
                # Phones store the picture lying on its side, with a note how to turn it.
                return as_rgb(ImageOps.exif_transpose(img), "it")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{caller}: {name} has more than {Image.MAX_IMAGE_PIXELS / 1e6:.0f} million pixels; "
            "224 × 224 are enough here, so save it smaller.") from error
    except Exception as error:  # damaged bytes make Pillow raise errors of many kinds
        if kind := kind_of(data):
            raise ValueError(f"{caller}: {name} is {kind}.") from error
        raise ValueError(
            f"{caller}: {name} is not a picture that can be read "
            f"({type(error).__name__}: {_short(error)}); expected a JPEG, PNG, WebP or BMP file."
        ) from error


def kind_of(data: bytes) -> str:
    """What a file is that is no readable picture, and what to do; "" where nobody knows.

    By its first bytes: people rename files, and browsers do.
    """
    if data.startswith(b"%PDF"):
        return "a PDF document, not a picture; take a screenshot of the page and choose that"
    if data[4:12] in HEIC:
        return ("a HEIC photograph, as iPhones take them, which cannot be read here; save or send "
                "it as JPEG (a screenshot of it will do) and choose that")
    if data[4:8] == b"ftyp" or data.startswith(b"\x1aE\xdf\xa3") or data[8:12] == b"AVI ":
        return "a video, not a picture; pause it, take a screenshot and choose that"
    return ""


def _check_bytes(size: int, name: str, caller: str) -> None:
    if size == 0:
        raise ValueError(f"{caller}: {name} is empty (0 bytes); copy or download it again.")
    if size > LARGEST:
        raise ValueError(f"{caller}: {name} has {size / 1e6:.0f} MB; a picture of at most "
                         f"{LARGEST / 1e6:.0f} MB is read, so save it smaller.")


def _short(error: Exception) -> str:
    """Its message without the address in memory that Pillow puts there."""
    return re.sub(r" <_io\.BytesIO object at \w+>", "", str(error))


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
