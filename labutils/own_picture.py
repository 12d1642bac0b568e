"""A student's own photograph goes along: notebook 01 keeps it, later notebooks find it.

Its label is the network's first choice, since nobody labelled it.
"""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from labutils.engine.door import describe
from labutils.files.picture_files import open_rgb
from labutils.pictures import SIZE, read_picture

KEPT = "my_picture.png"


def keep_picture(picture: np.ndarray, path: str | os.PathLike = KEPT) -> Path:
    """Write a picture where later notebooks find it; an older kept one is replaced.

    Args:
        picture: uint8 array (224, 224, 3), as ``read_picture`` gives it.
        path: file name, without a folder beside the notebook.

    Returns:
        The file's path.

    Raises:
        ValueError: not such a picture, or the file there is no kept picture but some
            other file, which would be lost.
    """
    if getattr(picture, "shape", None) != (SIZE, SIZE, 3) or picture.dtype != np.uint8:
        raise ValueError(f"keep_picture: picture is {describe(picture)}; expected "
                         f"({SIZE}, {SIZE}, 3) uint8, such as read_picture gives.")
    path = Path(path).expanduser()
    if path.exists() and not _is_kept(path):
        raise ValueError(f"keep_picture: {path} is there already and was not kept by this "
                         "function; rename or delete it, so that it is not lost.")
    # PNG loses nothing, so every notebook sees the very same pixels.
    Image.fromarray(np.asarray(picture)).save(path, format="PNG")
    return path


def kept_picture(path: str | os.PathLike = KEPT) -> np.ndarray | None:
    """The picture that was kept, uint8 (224, 224, 3), or None where there is none.

    Looked for in the working folder, then in the folder above it: the notebooks for
    students lie one folder further down.

    Raises:
        ValueError: there is a file, but it is empty or not a picture.
    """
    path = Path(path).expanduser()
    for place in (path, ".." / path):
        if place.is_file():
            return read_picture(place)
    return None


def _is_kept(path: Path) -> bool:
    """Whether the file can be one of ours: a readable picture of the network's size."""
    try:
        return open_rgb(path, "keep_picture").size == (SIZE, SIZE)
    except (FileNotFoundError, ValueError):  # a folder, or no picture
        return False
