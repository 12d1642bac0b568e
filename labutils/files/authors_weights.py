"""The SqueezeNet authors' own weights, folded to torchvision's input convention."""

import pickle

import numpy as np
import torch
from torch import Tensor

from labutils.engine.pixels import IMAGENET_MEAN, IMAGENET_STD
from labutils.files.downloads import check_sum
from labutils.files.packages import package_file

SHA256 = "f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1"
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
# torchvision's number of each Fire module in ``features`` → the authors' name.
FIRE_MODULES = {3: "fire2", 4: "fire3", 6: "fire4", 7: "fire5",
                9: "fire6", 10: "fire7", 11: "fire8", 12: "fire9"}


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that can build numpy arrays and nothing else."""

    ALLOWED = {("numpy.core.multiarray", "_reconstruct"): np.ndarray.__reduce__(np.empty(0))[0],
               ("numpy", "ndarray"): np.ndarray,
               ("numpy", "dtype"): np.dtype}

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a file of weights")
        return self.ALLOWED[module, name]


def read_deepscale_arrays() -> dict[str, list[np.ndarray]]:
    """The authors' weights as the package ndf ships them, untouched.

    Returns:
        Layer name → [kernel (h, w, in, out), bias (out,)], float32, for BGR
        input in 0…255 minus the Caffe means.

    Raises:
        FileNotFoundError: ndf is not installed.
        labutils.files.downloads.DownloadError: the file's SHA-256 is wrong.
    """
    (path,) = package_file("ndf", "ndf/example_models/weights/squeezenet_weights.pkl")
    check_sum(path, SHA256)
    with path.open("rb") as file:
        return _ArraysOnly(file, encoding="latin1").load()


def deepscale_state() -> dict[str, Tensor]:
    """The same weights as a state dict of ``torchvision.models.squeezenet1_1``.

    The network then takes RGB input, ImageNet-normalised, like torchvision's.
    """
    arrays = read_deepscale_arrays()
    layers = {"features.0": fold_preprocessing(*arrays["conv1"]), "classifier.1": arrays["conv10"]}
    for number, fire in FIRE_MODULES.items():
        for part in ("squeeze", "expand1x1", "expand3x3"):
            name = "squeeze1x1" if part == "squeeze" else part
            layers[f"features.{number}.{part}"] = arrays[f"{fire}/{name}"]
    state = {}
    for layer, (kernel, bias) in layers.items():
        state[f"{layer}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        state[f"{layer}.bias"] = torch.from_numpy(bias.copy())
    return state


def fold_preprocessing(kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fold the authors' preprocessing into the first convolution.

    With x the ImageNet-normalised RGB input, the authors' input is
    255·(std_c·x_c + mean_c) − caffe_mean_c in BGR order, so that

        W'[:, c] = W[:, bgr(c)] · 255·std_c
        b' = b + Σ W[:, bgr(c)] · (255·mean_c − caffe_mean_c)

    Exact, because that convolution has no padding.

    Args:
        kernel: (h, w, 3, out), BGR.
        bias: (out,).

    Returns:
        The folded kernel (RGB) and bias, float32, computed in float64.
    """
    rgb = kernel[:, :, ::-1].astype(np.float64)
    std, mean = np.array(IMAGENET_STD), np.array(IMAGENET_MEAN)
    caffe_mean = np.array(CAFFE_MEAN_BGR[::-1])
    shift = np.einsum("hwco,c->o", rgb, 255 * mean - caffe_mean)
    folded = rgb * (255 * std)[:, None]
    return folded.astype(np.float32), (bias + shift).astype(np.float32)
