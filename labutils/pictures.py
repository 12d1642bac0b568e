"""Labelled pictures: the default samples, the original lab's, your own."""

import importlib.metadata
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from labutils.files.archives import check_unpacked_size
from labutils.files.downloads import fetch
from labutils.files.packages import package_file
from labutils.files.picture_files import open_rgb

SIZE = 224
LARGEST_NPZ = 10**9  # bytes when unpacked: 6,600 pictures
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
VAL_25_NAME = "imagenet_val_25.npz"
VAL_25_SHA256 = "35141609d22457c791e8fbe10c2d3b09ed0d6a04b669173e9fbebb0b4915cd3c"
VAL_25_URLS = (
    "https://raw.githubusercontent.com/CNN-ADF/Task2020/master/resources/imagenet_val_25.npz",
    "http://cs231n.stanford.edu/imagenet_val_25.npz",
)


@dataclass(frozen=True)
class Pictures:
    """Pictures with labels; unpacks as ``X, y, class_names``.

    Attributes:
        X: uint8 array (N, 224, 224, 3), RGB.
        y: int64 array (N,), ImageNet class numbers 0…999.
        class_names: class number → name.
        source: which pictures these are, in words.
    """

    X: np.ndarray
    y: np.ndarray
    class_names: Mapping[int, str]
    source: str

    def __iter__(self) -> Iterator:
        return iter((self.X, self.y, self.class_names))

    def __len__(self) -> int:
        return len(self.X)


def load_pictures(name: str | os.PathLike | None = None, num: int | None = None) -> Pictures:
    """Load labelled pictures.

    Args:
        name: ``"samples"`` (the default: 20 photographs that come with the
            package foolbox), ``"imagenet_val_25"`` (the original lab's), or the
            path of a folder of pictures named ``…_LABEL.jpg``, or of an
            ``.npz`` file with ``X`` and ``y``. Without a name, what
            ``LAB_PICTURES`` says, else ``"samples"``.
        num: only the first num pictures.

    Returns:
        ``Pictures``; ``X, y, class_names = load_pictures()`` works too.

    Raises:
        ValueError, FileNotFoundError, labutils.files.downloads.DownloadError
    """
    name = name if name is not None else os.environ.get("LAB_PICTURES") or "samples"
    if num is not None and (not isinstance(num, (int, np.integer)) or num < 1):
        raise ValueError(f"load_pictures: num is {num!r}; expected a whole number, 1 or more.")
    if name == "samples":
        pictures = _load_samples()
    elif name == "imagenet_val_25":
        pictures = _load_imagenet_val_25()
    else:
        pictures = _load_own(Path(name).expanduser())
    if num is not None and num > len(pictures):
        raise ValueError(f"load_pictures: num is {num}, but there are {len(pictures)} pictures.")
    return Pictures(pictures.X[:num], pictures.y[:num], pictures.class_names, pictures.source)


def load_imagenet_val(num: int | None = None) -> Pictures:
    """The original lab's 25 ImageNet validation pictures; downloaded once."""
    return load_pictures("imagenet_val_25", num)


def read_picture(path: str | os.PathLike, size: int = SIZE) -> np.ndarray:
    """One picture file as uint8 (size, size, 3): middle square, resized.

    Grey becomes RGB, 16 bits are scaled to 8.

    Raises:
        FileNotFoundError: no such file.
        ValueError: empty, not a picture, or too large.
    """
    return middle_square(open_rgb(Path(path).expanduser(), "read_picture"), size)


def middle_square(img: Image.Image, size: int = SIZE) -> np.ndarray:
    """An RGB image as uint8 (size, size, 3): its middle square, resized."""
    side = min(img.size)
    left, top = (img.width - side) // 2, (img.height - side) // 2
    square = img.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))


def imagenet_class_names() -> dict[int, str]:
    """Class number → name, from torchvision's weight metadata."""
    from torchvision.models import SqueezeNet1_1_Weights

    return dict(enumerate(SqueezeNet1_1_Weights.IMAGENET1K_V1.meta["categories"]))


def _load_samples() -> Pictures:
    paths = package_file("foolbox", "foolbox/data/imagenet_*_*.jpg")
    version = importlib.metadata.version("foolbox")
    source = f"samples: {len(paths)} photographs from the package foolbox {version}"
    return _from_files(paths, source)


def _load_imagenet_val_25() -> Pictures:
    path = fetch(VAL_25_NAME, VAL_25_URLS, VAL_25_SHA256, "load_pictures('samples')")
    # label_map is a pickled dict: safe to read, because fetch checked the hash.
    with np.load(path, allow_pickle=True) as file:
        names = file["label_map"].item()
        return Pictures(file["X"], file["y"].astype(np.int64), names,
                        "imagenet_val_25: the original lab's 25 ImageNet validation pictures")


def _load_own(path: Path) -> Pictures:
    if path.is_dir():
        paths = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        if not paths:
            raise FileNotFoundError(f"load_pictures: the folder {path} holds no pictures.")
        return _from_files(paths, f"your own: {len(paths)} pictures from {path.name}")
    if path.is_file() and path.suffix == ".npz":
        return _from_npz(path)
    raise FileNotFoundError(
        f"load_pictures: {str(path)!r} is neither 'samples' nor 'imagenet_val_25', "
        "nor a folder of pictures, nor an .npz file."
    )


def _from_files(paths: list[Path], source: str) -> Pictures:
    labels = [re.search(r"_(\d+)$", p.stem) for p in paths]
    missing = [p.name for p, label in zip(paths, labels, strict=True)
               if label is None or int(label[1]) > 999]
    if missing:
        raise ValueError(
            f"load_pictures: labels missing: {', '.join(missing[:5])}. Name each file "
            "…_LABEL.jpg with an ImageNet class number 0…999, for example cat_281.jpg."
        )
    X = np.stack([read_picture(p) for p in paths])
    y = np.array([int(label[1]) for label in labels], dtype=np.int64)
    return Pictures(X, y, imagenet_class_names(), source)


def _from_npz(path: Path) -> Pictures:
    check_unpacked_size(path, LARGEST_NPZ, "load_pictures")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files if name in ("X", "y")}
    except Exception as error:  # no zip archive, a truncated one, or pickled objects inside
        raise ValueError(
            f"load_pictures: {path.name} cannot be read as an .npz file of arrays "
            f"({type(error).__name__}: {error})."
        ) from error
    absent = {"X", "y"} - arrays.keys()
    if absent:
        raise ValueError(f"load_pictures: {path.name} lacks {', '.join(sorted(absent))}; "
                         "expected X (N, 224, 224, 3) uint8 and y (N,).")
    X, y = arrays["X"], arrays["y"]
    if X.dtype != np.uint8 or X.ndim != 4 or X.shape[1:] != (SIZE, SIZE, 3) or not len(X):
        raise ValueError(f"load_pictures: X in {path.name} is {X.shape} {X.dtype}; "
                         f"expected (N, {SIZE}, {SIZE}, 3) uint8.")
    if y.shape != (len(X),) or y.dtype.kind not in "iu" or y.min() < 0 or y.max() > 999:
        raise ValueError(f"load_pictures: y in {path.name} is {y.shape} {y.dtype}; "
                         f"expected {len(X)} class numbers 0…999.")
    return Pictures(X, y.astype(np.int64), imagenet_class_names(), f"your own: {path.name}")
