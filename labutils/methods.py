"""Other ways to attribute a class score to pixels or to places, each one short function.

They have one signature, (X, y, model) → saliency, that of ``compute_saliency_maps``, so that
``smoothgrad(..., method=guided_backpropagation)`` smooths any of them. Options go along with
``functools.partial(integrated_gradients, steps=20)``.

X, y, model are everywhere as for ``compute_saliency_maps``: preprocessed pictures, float tensor
(N, C, H, W), or pictures (N, H, W, 3) in 0…255; N class numbers; a classifier in eval mode. None
of them is changed, no gradient is accumulated, no hook stays behind. What is not of that kind is
refused with TypeError or ValueError, and so are maps with NaN; the message names the argument.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labutils.engine.batches import ON_A_CORE, even_batches
from labutils.engine.choices import check_count, check_seed
from labutils.engine.copies import draw_noise
from labutils.engine.door import admit, describe, device_of
from labutils.engine.each import asked_dtype, picture_by_picture
from labutils.engine.finite import refuse_not_finite
from labutils.engine.inside import (
    GlobalPooling,
    Rule,
    changed_relus,
    output_of,
    refuse_compiled,
)
from labutils.engine.pixels import normalise
from labutils.engine.threads import map_in_order, workers
from labutils.noise import gaussian
from labutils.preprocessing import blur_image
from labutils.saliency import gradient_function, score_gradient

Pictures = Tensor | np.ndarray
Labels = Tensor | np.ndarray | Sequence[int]

GREY_LEVELS = {"black": 0.0, "grey": 127.5, "white": 255.0}
MODES = ("nearest", "bilinear", "bicubic")


def gradient_times_input(X: Pictures, y: Labels, model: nn.Module) -> Tensor:
    """x ⊙ ∂S_c/∂x, on the network's input.

    Source: Shrikumar, Greenside, Shcherbina, Kundaje 2016, "Not just a black box", section 2.

    Returns:
        Tensor (N, C, H, W), float32, signed. Where the normalised input is 0 (the average
        colour, not black) it is 0.
    """
    admitted = admit(X, y, model, "gradient_times_input")
    x, labels = admitted.inputs, admitted.labels
    gradient, count = gradient_function(model, workers(x.device), asked_dtype(x.device))
    gradients = map_in_order(lambda i: gradient(x[i : i + 1], labels[i]), range(len(x)), count)
    product = x * torch.cat(list(gradients))
    refuse_not_finite(product, admitted, model, "gradient_times_input")
    return product


def integrated_gradients(
    X: Pictures, y: Labels, model: nn.Module, *, baseline: str | Tensor = "black", steps: int = 50
) -> Tensor:
    """(x − x′) ⊙ ∫₀¹ ∂S_c/∂x (x′ + α (x − x′)) dα

    The integral is a weighted sum, Σ_s w_s ∂S_c/∂x (x′ + α_s (x − x′)), over the Gauss–Legendre
    points α_s. Source: Sundararajan, Taly, Yan 2017, "Axiomatic attribution for deep networks",
    section 3. Completeness: all values together are S_c(x) − S_c(x′). The sum misses a little of
    that: of SqueezeNet on photographs on average 1 % with 50 steps, of a few pictures 6 %; with
    200 steps 0.3 % and 1 %.

    Args:
        baseline: x′, where the way begins: ``"black"``, ``"grey"``, ``"white"``, or a network
            input of your own, a float tensor of X's shape or (1, C, H, W) for all pictures.
        steps: points of the integral, 1 or more; memory does not grow with them.

    Returns:
        Tensor (N, C, H, W), float32, signed.
    """
    admitted = admit(X, y, model, "integrated_gradients")
    x, labels = admitted.inputs, admitted.labels
    x0 = _baseline(baseline, x)
    alphas, weights = _gauss_legendre(steps, x)
    gradient, count = gradient_function(model, workers(x.device), asked_dtype(x.device))

    def share(job: tuple[int, range]) -> Tensor:
        i, some = job
        points = x0[i] + alphas[some] * (x[i] - x0[i])
        return (weights[some] * gradient(points, labels[i])).sum(dim=0)

    jobs = [(i, some) for i in range(len(x)) for some in even_batches(steps, ON_A_CORE)]
    integral = torch.zeros_like(x)
    for (i, _), part in zip(jobs, map_in_order(share, jobs, count), strict=True):
        integral[i] += part
    refuse_not_finite(integral, admitted, model, "integrated_gradients")
    return (x - x0) * integral


def guided_backpropagation(X: Pictures, y: Labels, model: nn.Module) -> Tensor:
    """∂S_c/∂x, but each ReLU passes back R ⊙ [f > 0] ⊙ [R > 0]: positive values only.

    f is the ReLU's input, R what comes back to it from the layers above. Source: Springenberg,
    Dosovitskiy, Brox, Riedmiller 2015, "Striving for simplicity", section 3.4.

    Returns:
        Tensor (N, C, H, W), float32, signed; without ReLUs the plain gradient.
    """
    return _with_relus(lambda R, active: (R * active).clamp(min=0), X, y, model,
                       "guided_backpropagation")


def deconvolution(X: Pictures, y: Labels, model: nn.Module) -> Tensor:
    """∂S_c/∂x, but each ReLU passes back R ⊙ [R > 0], wherever it was active itself.

    R is what comes back to the ReLU from the layers above. Source: Zeiler, Fergus 2014,
    "Visualizing and understanding convolutional networks", section 2.1; as a rule for ReLUs in
    Simonyan, Vedaldi, Zisserman 2014, "Deep inside convolutional networks", section 4.

    Returns:
        Tensor (N, C, H, W), float32, signed; without ReLUs the plain gradient.
    """
    return _with_relus(lambda R, active: R.clamp(min=0), X, y, model, "deconvolution")


def _with_relus(rule: Rule, X: Pictures, y: Labels, model: nn.Module, caller: str) -> Tensor:
    admitted = admit(X, y, model, caller)
    refuse_compiled(model, caller)

    def method(X: Tensor, y: Sequence[int], model: nn.Module) -> Tensor:
        with changed_relus(rule):
            return score_gradient(X, y, model)

    return picture_by_picture(method, admitted, model, caller)


def cam(X: Pictures, y: Labels, model: nn.Module) -> Tensor:
    """The class activation map M_c(p) = Σ_k w_k f_k(p) + b; its mean over the positions p is S_c.

    f are the feature maps that the network's global average pooling takes in, w and b what the
    layers after it do to their means: S_c = Σ_k w_k mean_p f_k(p) + b. In SqueezeNet nothing
    comes after it, and M_c is the class's own map after the last convolution and ReLU. Source:
    Zhou, Khosla, Lapedriza, Oliva, Torralba 2016, "Learning deep features for discriminative
    localization", section 2; they leave out b, the same number at every position.

    Returns:
        Tensor (N, h, w), float32; SqueezeNet's is 13×13 and never negative.

    Raises:
        ValueError: besides the above, where the network does not end in global average pooling
            and, at most, linear layers.
    """
    admitted = admit(X, y, model, "cam")
    refuse_compiled(model, "cam")

    def method(X: Tensor, y: Sequence[int], model: nn.Module) -> Tensor:
        X = X.clone().requires_grad_()
        with GlobalPooling() as watched:
            scores = model(X.clone())
        _check_pooling(watched)
        f, mean, score = watched.features, watched.pooled, _pick(scores, y)
        w = _slope(score, mean)
        if w is None:
            raise ValueError("cam: the class score does not come from the model's last global "
                             "average pooling; use grad_cam instead.")
        b = score - (w * mean).flatten(1).sum(dim=1)
        return (w.reshape(*f.shape[:2], 1, 1) * f).sum(dim=1) + b[:, None, None]

    return picture_by_picture(method, admitted, model, "cam")


def grad_cam(
    X: Pictures, y: Labels, model: nn.Module, layer: str = "features.12", *, relu: bool = True
) -> Tensor:
    """ReLU(Σ_k α_k A_k(p)) with α_k = mean_p ∂S_c/∂A_k(p).

    A are the layer's feature maps. Source: Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra
    2017, "Grad-CAM", section 3.

    Args:
        layer: a name out of ``model.named_modules()`` whose output is (N, K, h, w); the default
            is SqueezeNet's last one before the classifier.
        relu: False leaves the outer ReLU out, and the map is signed.

    Returns:
        Tensor (N, h, w), float32, of the layer's size.

    Raises:
        ValueError: besides the above, a layer that does not exist, gives no feature maps, or has
            no influence on the score.
    """
    admitted = admit(X, y, model, "grad_cam")

    def method(X: Tensor, y: Sequence[int], model: nn.Module) -> Tensor:
        X = X.clone().requires_grad_()
        with output_of(model, layer, "grad_cam") as outputs:
            score = _pick(model(X.clone()), y)
        A = outputs[-1] if outputs else None
        if not isinstance(A, Tensor) or A.ndim != 4:
            raise ValueError(f"grad_cam: layer {layer!r} gave {describe(A)}; expected feature "
                             "maps (N, K, h, w), such as a convolution gives.")
        slope = _slope(score, A)
        if slope is None:
            raise ValueError(f"grad_cam: layer {layer!r} has no influence on the class score; "
                             "choose one on the way to it.")
        alpha = slope.mean(dim=(2, 3), keepdim=True)
        weighted = (alpha * A).sum(dim=1)
        return weighted.clamp(min=0) if relu else weighted

    return picture_by_picture(method, admitted, model, "grad_cam")


def upsample(maps: Tensor, size: int | tuple[int, int], *, mode: str = "bilinear") -> Tensor:
    """Coarse maps (N, h, w) at a picture's size, (N, H, W).

    Args:
        maps: float tensor, such as ``cam`` gives.
        size: H and W, or one number for both.
        mode: ``"bilinear"``; ``"nearest"``, which shows the positions as they are; or
            ``"bicubic"``, which looks smoothest and goes below the least and above the largest
            of the values.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    if not isinstance(maps, Tensor) or maps.ndim != 3 or not maps.is_floating_point():
        raise ValueError(f"upsample: maps is {describe(maps)}; expected a float tensor (N, h, w).")
    if not torch.isfinite(maps).all():
        raise ValueError("upsample: maps has NaN or infinite values; each would spread over its "
                         "neighbours. Look at how the maps were computed.")
    sides = size if isinstance(size, (tuple, list, torch.Size)) else (size, size)
    if len(sides) != 2 or not all(_is_count(side) for side in sides):
        raise ValueError(f"upsample: size is {size!r}; expected a number of pixels or (H, W).")
    if mode not in MODES:
        raise ValueError(f"upsample: mode is {mode!r}; expected one of "
                         f"{', '.join(map(repr, MODES))}.")
    corners = {} if mode == "nearest" else {"align_corners": False}
    return F.interpolate(maps[:, None], tuple(map(int, sides)), mode=mode, **corners)[:, 0]


def maximize_activation(
    y: Labels, model: nn.Module, *, steps: int = 100, size: int = 224, step_size: float = 25.0,
    decay: float = 1e-3, jitter: int = 16, blur_every: int = 10, blur: float = 0.5,
    seed: int | None = None,
) -> Tensor:
    """argmax_x S_c(x) − λ‖x‖², climbed from noise: what the class looks like to the network.

    Each step rolls x a little (jitter), goes along the normalised gradient, rolls back, and
    keeps x within what pixels 0…255 can be; now and then x is blurred. Sources: Simonyan,
    Vedaldi, Zisserman 2014, "Deep inside convolutional networks", section 2 (gradient, decay);
    Yosinski, Clune, Nguyen, Fuchs, Lipson 2015, "Understanding neural networks through deep
    visualization", section 3 (blur); Mordvintsev, Olah, Tyka 2015, "Inceptionism" (jitter).

    Args:
        y: N class numbers.
        model: a classifier of ImageNet-normalised colour pictures, in eval mode.
        steps: 1 or more.
        size: side of the pictures in pixels.
        step_size: how far a step goes, in the input's units (length of the whole step).
        decay: λ.
        jitter: the largest roll in pixels, along rows and along columns.
        blur_every, blur: every so many steps a Gaussian blur of this standard deviation.
        seed: of noise and jitter; same seed, same pictures.

    Returns:
        Network inputs (N, 3, H, W), float32, for ``deprocess``.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    for name, value in {"steps": steps, "size": size, "blur_every": blur_every}.items():
        check_count(value, name, "maximize_activation")
    if not _is_count(jitter + 1) or not 0 <= decay < float("inf") or not (
            0 < step_size < float("inf")):
        raise ValueError(f"maximize_activation: step_size is {step_size!r}, decay {decay!r}, "
                         f"jitter {jitter!r}; expected a number above 0, a number from 0 up, and "
                         "a whole number from 0 up.")
    check_seed(seed, "maximize_activation")
    entropy, device = np.random.SeedSequence(seed).entropy, device_of(model)
    count = max(1, len(y)) if np.ndim(y) == 1 else 1  # the door judges y
    start = torch.stack([draw_noise(gaussian, (size, size, 3), device, entropy, i, 0)
                         for i in range(count)]).permute(0, 3, 1, 2)
    admitted = admit(start, y, model, "maximize_activation")
    low, high = (normalise(torch.full((3, 1, 1), level, device=device)) for level in (0.0, 255.0))
    gradient, count = gradient_function(model, workers(device))

    def climb(i: int) -> Tensor:
        x = admitted.inputs[i : i + 1]
        rng = np.random.default_rng([entropy, i])
        for step in range(steps):
            roll = rng.integers(-jitter, jitter, 2, endpoint=True).tolist()
            x = x.roll(roll, dims=(2, 3))
            slope = gradient(x, admitted.labels[i])
            if not slope.any():
                raise ValueError(
                    f"maximize_activation: after {step} steps the score of class "
                    f"{admitted.labels[i]} has no slope, every position of its map is dead; "
                    "try another seed.")
            slope = slope - 2 * decay * x
            x = (x + step_size * slope / slope.norm()).roll([-r for r in roll], dims=(2, 3))
            x = x.clamp(low, high)
            if step % blur_every == 0:
                x = blur_image(x, blur)
        return x

    pictures = torch.cat(list(map_in_order(climb, range(len(admitted)), count)))
    refuse_not_finite(pictures, admitted, model, "maximize_activation")
    return pictures


def _pick(scores: Tensor, y: Sequence[int]) -> Tensor:
    """(N, classes) → the scores of the labels, (N,)."""
    return scores[range(len(scores)), list(y)]


def _slope(scores: Tensor, inner: Tensor) -> Tensor | None:
    """∂S/∂(something inside the network); None where S does not depend on it."""
    (slope,) = torch.autograd.grad(scores.sum(), inner, allow_unused=True)
    return slope


def _check_pooling(watched: GlobalPooling) -> None:
    if watched.features is None:
        raise ValueError(
            "cam: the model has no global average pooling; cam needs a network that ends in one, "
            "such as SqueezeNet or ResNet. grad_cam takes any layer of feature maps.")
    if watched.after:
        raise ValueError(
            f"cam: after its last global average pooling the model calls {watched.after[0]}; "
            "cam needs a network in which only linear layers follow. grad_cam takes any layer "
            "of feature maps.")


def _baseline(baseline: str | Tensor, x: Tensor) -> Tensor:
    """x′ for every picture, of x's shape."""
    if isinstance(baseline, str) and baseline in GREY_LEVELS:
        if x.shape[1] != 3:
            raise ValueError(
                f"integrated_gradients: baseline is {baseline!r}, a colour, and X has "
                f"{x.shape[1]} channels; give a tensor of shape {tuple(x.shape)}.")
        return normalise(torch.full_like(x, GREY_LEVELS[baseline]))
    if not isinstance(baseline, Tensor) or not baseline.is_floating_point():
        raise ValueError(
            f"integrated_gradients: baseline is "
            f"{baseline if isinstance(baseline, str) else describe(baseline)!r}; expected "
            f"'black', 'grey', 'white' or a float tensor of shape {tuple(x.shape)}.")
    if baseline.shape not in (x.shape, (1, *x.shape[1:])):
        raise ValueError(
            f"integrated_gradients: baseline has the shape {tuple(baseline.shape)} and X "
            f"{tuple(x.shape)} as the network takes it; give the same, or {(1, *x.shape[1:])} "
            "for all pictures.")
    if not torch.isfinite(baseline).all():
        raise ValueError("integrated_gradients: baseline has NaN or infinite values.")
    return baseline.detach().to(x).expand_as(x)


def _gauss_legendre(steps: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Points in 0…1 and their weights, (steps, 1, 1, 1) each; exact up to degree 2·steps − 1."""
    check_count(steps, "steps", "integrated_gradients")
    points, weights = np.polynomial.legendre.leggauss(int(steps))  # for −1…1
    alphas, weights = (torch.from_numpy(values).to(like)[:, None, None, None]
                       for values in ((points + 1) / 2, weights / 2))
    return alphas, weights


def _is_count(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 1
