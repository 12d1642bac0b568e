"""What a measurement is held against: maps and networks that know nothing.

Maps that never saw the network (``random_maps``, ``constant_maps``, ``sobel_maps``), a map that
only became smoother (``blurred_maps``), and a network that forgot what it had learned
(``randomize``).
"""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn

from labutils.engine.choices import pick
from labutils.engine.door import check_model, describe, is_pictures
from labutils.engine.maps import as_maps
from labutils.preprocessing import blur_image
from labutils.saliency import class_scores


def random_maps(X: Tensor | np.ndarray, seed: int = 0) -> Tensor:
    """Every pixel drawn from 0…1, the same chance for each: (N, H, W), float32.

    Args:
        X: pictures (N, H, W, 3) or inputs (N, C, H, W); only their number and size count.
        seed: same seed, same maps.
    """
    shape = _channels_last(X, "random_maps").shape[:3]
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def constant_maps(X: Tensor | np.ndarray) -> Tensor:
    """1 everywhere: (N, H, W), float32; X as for ``random_maps``."""
    return torch.ones(_channels_last(X, "constant_maps").shape[:3])


def sobel_maps(X: Tensor | np.ndarray) -> Tensor:
    """Edges: the largest over the channels of √(G_x² + G_y²), (N, H, W), float32.

    G_x and G_y are the picture's changes along its rows and columns, smoothed across, in grey
    levels where X are pictures. Source: Sobel, Feldman 1968; as a control of saliency maps
    Adebayo et al. 2018, "Sanity checks for saliency maps", figure 1.

    Args:
        X: pictures (N, H, W, 3) or inputs (N, C, H, W).
    """
    pictures = _channels_last(X, "sobel_maps").double().numpy()
    g_x, g_y = (ndimage.correlate1d(ndimage.correlate1d(pictures, [-1, 0, 1], axis=along),
                                    [1, 2, 1], axis=across) for along, across in ((2, 1), (1, 2)))
    return torch.from_numpy(np.hypot(g_x, g_y).max(axis=3)).float()


def blurred_maps(maps: Tensor | np.ndarray, sigma: float = 3.0) -> Tensor:
    """Maps smoothed without the network, by a Gaussian of ``sigma`` pixels: (N, H, W), float32.

    What SmoothGrad does beyond this it must have from the network.
    """
    return blur_image(as_maps(maps, None, "blurred_maps"), sigma).float()


def randomize(
    model: nn.Module, layers: str | Sequence[str] = "all", *, seed: int = 0
) -> nn.Module:
    """A copy of the network in which some layers have forgotten what they learned.

    Their weights are drawn anew from N(0, 2/fan-in), as before training; biases become 0, the
    scales of normalisation layers 1. A map that stays as it was cannot have told what the
    layers had learned.

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", section 3, the model
    parameter randomisation test; He et al. 2015, "Delving deep into rectifiers", section 2.2
    (the distribution). What speaks against the test: Binder et al. 2023, "Shortcomings of
    top-down randomization-based sanity checks".

    A new network may have **dead classes**: SqueezeNet ends in convolution, ReLU and average
    pooling, so a class that is negative at every position has score 0 and a map of zeros.
    ``dead_classes`` tells which; leave those pictures out and say how many they were.

    Args:
        model: any classifier in eval mode; it is not changed.
        layers: ``"all"``; ``"last"``, the last layer with weights; or names, such as
            ``["features.12", "classifier.1"]``; none of them gives an equal copy.
        seed: same seed, same weights.

    Returns:
        The copy, on the model's device, in eval mode.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    check_model(model, "randomize")
    names = _layer_names(model, layers)
    forgetful = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name in names:
            layer = forgetful.get_submodule(name)
            for parameter_name, parameter in layer.named_parameters():
                fresh = torch.full(parameter.shape, float(not parameter_name.endswith("bias")))
                if parameter.ndim > 1:
                    nn.init.kaiming_normal_(fresh, nonlinearity="relu", generator=generator)
                parameter.copy_(fresh)
            for module in layer.modules():
                if hasattr(module, "reset_running_stats"):
                    module.reset_running_stats()
    if names and hasattr(model, "source"):
        where = names[0] if len(names) == 1 else f"{len(names)} layers, {names[0]} to {names[-1]}"
        forgetful.source = f"{model.source}, but random in {where}"
    return forgetful


def dead_classes(
    X: Tensor | np.ndarray, y: Tensor | np.ndarray | Sequence[int], model: nn.Module
) -> Tensor:
    """True where a picture's class has the score 0, (N,): its map is 0 everywhere.

    Args:
        X, y, model: as for ``class_scores``.
    """
    with torch.no_grad():
        return class_scores(X, y, model) == 0


def _layer_names(model: nn.Module, layers: str | Sequence[str]) -> list[str]:
    with_weights = [name for name, module in model.named_modules()
                    if list(module.parameters(recurse=False))]
    if layers == "all":
        return with_weights
    if layers == "last":
        return with_weights[-1:]
    layers = [layers] if isinstance(layers, str) else list(layers)
    known = [name for name, module in model.named_modules() if name and list(module.parameters())]
    return [pick(name, known, "a name in layers", "randomize") for name in layers]


def _channels_last(X: Tensor | np.ndarray, caller: str) -> Tensor:
    """Pictures or inputs as (N, H, W, C) on the CPU."""
    if not isinstance(X, (Tensor, np.ndarray)) or X.ndim != 4 or 0 in X.shape:
        raise ValueError(f"{caller}: X is {describe(X)}; expected pictures (N, H, W, 3) or a "
                         "tensor (N, C, H, W).")
    pixels = torch.as_tensor(X if isinstance(X, Tensor) else X.copy()).detach().cpu()
    return pixels if is_pictures(X) else pixels.permute(0, 2, 3, 1)
