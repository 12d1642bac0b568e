"""A student's own photograph goes along: notebook 01 takes and keeps it, later notebooks find it.

Its label is the network's first choice, since nobody labelled it.
"""

import importlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from ipywidgets import FileUpload
from PIL import Image

from labutils.engine.door import describe
from labutils.files.picture_files import open_rgb, rgb_of
from labutils.pictures import SIZE, middle_square, read_picture

KEPT = "my_picture.png"


def picture_button() -> FileUpload:
    """A button that opens the browser's file dialog; ``take_picture`` reads what was chosen."""
    return FileUpload(accept="image/*", multiple=False, description="Choose a picture",
                      layout={"width": "max-content"})


def colab_dialog() -> dict[str, bytes]:
    """Colab's own file dialog, which waits for a choice: file name → content.

    Raises:
        RuntimeError: this is not Colab.
    """
    try:
        files = importlib.import_module("google.colab.files")
    except ImportError as error:
        raise RuntimeError("colab_dialog: this is not Colab; use picture_button(), or the name "
                           "of a file.") from error
    return files.upload()


def take_picture(
    source: str | os.PathLike | FileUpload | Mapping[str, bytes]
) -> np.ndarray | None:
    """The chosen picture, uint8 (224, 224, 3): upright, its middle square, resized.

    Args:
        source: a file's name, what ``picture_button`` or what ``colab_dialog`` gave.

    Returns:
        The picture, or None where nothing has been chosen yet.

    Raises:
        FileNotFoundError: no such file.
        ValueError: empty, not a picture (the message says what it is), or too large.
    """
    if isinstance(source, str | os.PathLike):
        return read_picture(source)
    chosen = _contents(source.value if isinstance(source, FileUpload) else source)
    if not chosen:
        return None
    name, content = list(chosen.items())[-1]
    return middle_square(rgb_of(bytes(content), name, "take_picture"))


def _contents(value: tuple[dict, ...] | Mapping) -> dict[str, bytes]:
    """File name → content, of the button's value or of Colab's.

    ipywidgets 7, which Colab has: {name: {"metadata": …, "content": bytes}}; ipywidgets 8:
    ({"name": …, "content": memoryview}, …).
    """
    if isinstance(value, Mapping):
        return {name: file["content"] if isinstance(file, Mapping) else file
                for name, file in value.items()}
    return {file["name"]: file["content"] for file in value}


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
