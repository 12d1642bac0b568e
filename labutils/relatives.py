"""Newer relatives of SmoothGrad: other noise, noise elsewhere, fewer backward passes, or none.

They have the one signature (X, y, model) → saliency (N, C, H, W), signed: the maximum of the
magnitudes over the channels is taken afterwards, as in the paper's SmoothGrad
(``smoothgrad(..., manner="paper", reduction="signed")``), which each of them is to be compared
with. The copy k of picture i has the noise that ``smoothgrad`` gives it with the same seed (on a
GPU: of the same kind). X, y, model are as for ``compute_saliency_maps`` and are not changed; what
is not of that kind is refused with TypeError or ValueError, and the message names the argument.
"""

import copy
import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from labutils.engine.batches import ON_A_CORE, even_batches
from labutils.engine.choices import check_count, check_seed
from labutils.engine.copies import draw_noise, noise_adder
from labutils.engine.door import Admitted, admit, check_noise_pct
from labutils.engine.each import asked_dtype, by_number
from labutils.engine.finite import refuse_not_finite
from labutils.engine.gates import Gates
from labutils.engine.inside import refuse_compiled
from labutils.engine.lending import Method
from labutils.engine.pixels import normalise
from labutils.engine.threads import map_in_order, workers
from labutils.methods import Labels, Pictures
from labutils.noise import gaussian
from labutils.saliency import compute_saliency_maps, gradient_function, score_function

# (picture, copies) → noisy network inputs (k, C, H, W)
Copies = Callable[[int, Sequence[int]], Tensor]


def mean_gradient(
    X: Pictures, y: Labels, model: nn.Module, *, n: int = 50, noise_pct: float = 0.1,
    cell: int = 1, seed: int | None = None,
) -> Tensor:
    """1/n Σ_k ∂S_c/∂x (x + ε_k): the paper's SmoothGrad before its magnitude is taken.

    Source: Smilkov et al. 2017, "SmoothGrad", section 3.

    Args:
        n: noisy copies per picture, 1 or more.
        noise_pct: noise strength, a share of the input's max − min.
        cell: the noise is the same on cell×cell pixels, as of ``coarse``; 1: on each its own.
        seed: same seed, same maps.

    Returns:
        Tensor (N, C, H, W), float32, signed.
    """
    admitted = _admitted(X, y, model, n, seed, "mean_gradient")
    check_noise_pct(noise_pct, "mean_gradient")
    check_count(cell, "cell", "mean_gradient")
    copies = _noisy_copies(admitted, noise_pct, np.random.SeedSequence(seed).entropy, cell)
    return _mean_gradient(copies, n, admitted, model, "mean_gradient")


def adapt_grad(
    X: Pictures, y: Labels, model: nn.Module, *, n: int = 50, confidence: float = 0.95,
    bounds: tuple[float, float] | None = None, seed: int | None = None,
) -> Tensor:
    """1/n Σ_k ∂S_c/∂x (x + σ ⊙ ε_k) with σ_j = min(x_j − a_j, b_j − x_j) / (√2 erf⁻¹(confidence))

    Every number x_j of the input has a noise of its own, so small that a noisy x_j stays between
    the bounds a and b with at least the probability given as confidence: a pixel that is black
    or white already has none. Source: Zhou, Ma, Wang, Wu, Shi 2025, "AdaptGrad: adaptive
    sampling to reduce noise", NeurIPS.

    Args:
        n: noisy copies per picture, 1 or more.
        confidence: above 0 and below 1; the paper takes 0.95.
        bounds: (a, b) in the input's units; without it what pixels 0…255 become.
        seed: same seed, same maps.

    Returns:
        Tensor (N, C, H, W), float32, signed.
    """
    admitted = _admitted(X, y, model, n, seed, "adapt_grad")
    if not isinstance(confidence, (int, float)) or not 0 < confidence < 1:
        raise ValueError(f"adapt_grad: confidence is {confidence!r}; expected a probability above "
                         "0 and below 1, such as 0.95.")
    x = admitted.inputs
    a, b = _bounds(bounds, x)
    sigma = torch.minimum(x - a, b - x).abs() / (
        math.sqrt(2) * torch.erfinv(torch.tensor(float(confidence))).to(x))
    epsilon = _noise(admitted, seed)
    return _mean_gradient(lambda i, some: x[i] + sigma[i] * epsilon(i, some), n, admitted, model,
                          "adapt_grad")


def noise_grad(
    X: Pictures, y: Labels, model: nn.Module, *, n: int = 10, sigma: float = 0.2,
    method: Method = compute_saliency_maps, seed: int | None = None,
) -> Tensor:
    """1/n Σ_k M(x; θ ⊙ η_k) with η_k ~ N(1, σ²): noise on the weights θ, not on the picture.

    Source: Bykov, Hedström, Nakajima, Höhne 2022, "NoiseGrad: enhancing explanations by
    introducing stochasticity to model weights", AAAI; sigma and n are those of the authors' code.

    Args:
        n: noisy networks, the same ones for every picture.
        sigma: noise strength as a share of each weight, 0 or more.
        method: M, what is averaged.
        seed: same seed, same maps.

    Returns:
        What the method gives, float32.
    """
    return _fused(X, y, model, n, 1, sigma, 0, method, seed, "noise_grad")


def fusion_grad(
    X: Pictures, y: Labels, model: nn.Module, *, n: int = 10, m: int = 10, sigma: float = 0.2,
    noise_pct: float = 0.1, method: Method = compute_saliency_maps, seed: int | None = None,
) -> Tensor:
    """1/(n·m) Σ_k Σ_l M(x + ε_kl; θ ⊙ η_k): noise on weights and picture, NoiseGrad of SmoothGrad.

    Source: as for ``noise_grad``; n, m and sigma are those of the authors' code.

    Args:
        n: noisy networks; m: noisy copies of a picture for each of them.
        sigma: the weights' noise, a share of each weight, 0 or more.
        noise_pct: the picture's noise, a share of the input's max − min.
        method: M, what is averaged.
        seed: same seed, same maps.

    Returns:
        What the method gives, float32.
    """
    return _fused(X, y, model, n, m, sigma, noise_pct, method, seed, "fusion_grad")


def _fused(
    X: Pictures, y: Labels, model: nn.Module, n: int, m: int, sigma: float, noise_pct: float,
    method: Method, seed: int | None, caller: str,
) -> Tensor:
    admitted = _admitted(X, y, model, n, seed, caller)
    check_count(m, "m", caller)
    check_noise_pct(noise_pct, caller)
    if not isinstance(sigma, (int, float)) or not 0 <= sigma < math.inf:
        raise ValueError(f"{caller}: sigma is {sigma!r}; expected a share of the weights, 0 or "
                         "more, such as 0.2.")
    entropy = np.random.SeedSequence(seed).entropy
    copies, total = _noisy_copies(admitted, noise_pct, entropy), 0
    for k in range(n):
        noisy_model = _with_noisy_weights(model, sigma, entropy, k)
        noisy = torch.cat([copies(i, [copy_number]) for copy_number in range(k * m, (k + 1) * m)
                           for i in range(len(admitted))])
        found = method(noisy, admitted.labels * m, noisy_model)
        total = total + found.unflatten(0, (m, len(admitted))).sum(dim=0)
    return total / (n * m)


def smooth_diff(
    X: Pictures, y: Labels, model: nn.Module, *, n: int = 10, noise_pct: float = 0.1,
    seed: int | None = None,
) -> Tensor:
    """W_1ᵀ Ḡ_1 W_2ᵀ Ḡ_2 ⋯ ∂S_c/∂f with Ḡ_l = 1/n Σ_k G_l(x + ε_k): one backward pass for n copies.

    The gradient at a copy is a product of the linear layers' weights W_l and of gates G_l: what
    each ReLU (0 or 1 for a value) and each max pooling (0 or 1 for a place of a window) lets
    through there. SmoothGrad averages the products, SmoothDiff multiplies the averages, so it
    leaves out how the gates of different layers vary together. Source: Hill et al. 2025,
    "Smoothed differentiation efficiently mitigates shattered gradients in explanations", NeurIPS.

    Args:
        n: noisy copies per picture, of which only forward passes are made.
        noise_pct: noise strength, a share of the input's max − min.
        seed: same seed, same maps.

    Returns:
        Tensor (N, C, H, W), float32, signed.

    Raises:
        ValueError: besides the above, when the model has other functions than ReLU, max pooling
            and linear ones.
    """
    admitted = _admitted(X, y, model, n, seed, "smooth_diff")
    check_noise_pct(noise_pct, "smooth_diff")
    refuse_compiled(model, "smooth_diff")
    copies = _noisy_copies(admitted, noise_pct, np.random.SeedSequence(seed).entropy)

    def map_of(i: int, model: nn.Module) -> Tensor:
        gates = Gates("smooth_diff")
        for some in even_batches(n, ON_A_CORE):
            noisy = copies(i, some)
            with torch.no_grad(), gates.collecting(len(noisy)):
                model(noisy)
        x = admitted.inputs[i : i + 1].clone().requires_grad_()
        with gates.replaying():
            scores = model(x.clone())
        return torch.autograd.grad(scores[0, admitted.labels[i]], x)[0]

    return by_number(map_of, admitted, model, "smooth_diff")


def forward_estimate(
    X: Pictures, y: Labels, model: nn.Module, *, n: int = 500, noise_pct: float = 0.1,
    cell: int = 32, regression: bool = False, seed: int | None = None,
) -> Tensor:
    """1/(2nσ) Σ_k z_k (S_c(x + σz_k) − S_c(x − σz_k)): the smoothed score's slope, scores alone.

    Stein's identity ∂/∂x E[S(x + σz)] = 1/σ E[z S(x + σz)], z ~ N(0, 1), says that this and the
    mean gradient of noisy copies estimate the same. z comes in pairs ±z, which takes the large
    constant S(x) out. To need fewer copies the noise is the same on every cell of a grid, and the
    slope is that of a whole cell: the sum of its pixels' slopes. Sources: Stein 1981, "Estimation
    of the mean of a multivariate normal distribution", lemma 1; Agarwal et al. 2021, "Towards
    the unification and robustness of perturbation and gradient based explanations", ICML, who show
    it of SmoothGrad and of C-LIME, the least-squares fit of the scores by the noise.

    Args:
        n: pairs of noisy copies per picture; the error falls as 1/√n.
        noise_pct: noise strength, a share of the input's max − min.
        cell: side of a cell in pixels.
        regression: True fits scores by noise, (Σ zzᵀ)⁻¹ Σ z (S − S)/2σ, as C-LIME does; n must
            be larger than the number of slopes.
        seed: same seed, same maps; the noise is that of
            ``smoothgrad(..., noise=partial(coarse, cell=cell))`` on the CPU.

    Returns:
        Tensor (N, C, h, w), float32, signed: a slope for every cell, h = ⌈H/cell⌉.
    """
    admitted = _admitted(X, y, model, n, seed, "forward_estimate")
    check_noise_pct(noise_pct, "forward_estimate")
    check_count(cell, "cell", "forward_estimate")
    x = admitted.inputs
    shape = (x.shape[1], *(-(-side // cell) for side in x.shape[2:]))
    if noise_pct == 0 or regression and n < math.prod(shape):
        raise ValueError(
            "forward_estimate: noise_pct is 0; without noise the scores tell no slope."
            if noise_pct == 0 else f"forward_estimate: n is {n}, and a fit has {shape} = "
            f"{math.prod(shape)} slopes to find; take more copies or larger cells.")
    entropy, sizes = np.random.SeedSequence(seed).entropy, (x.shape[2], x.shape[3], x.shape[1])
    copies = noise_adder(admitted, noise_pct, "paper")
    sigmas = noise_pct * (x.amax(dim=(1, 2, 3)) - x.amin(dim=(1, 2, 3)))

    score, threads = score_function(model, workers(x.device))

    def pairs(job: tuple[int, range]) -> tuple[Tensor, Tensor]:
        i, some = job
        epsilon = [draw_noise(partial(coarse, cell=cell), sizes, "cpu", entropy, i, k).to(x)
                   for k in some]
        up, down = (score(torch.stack([copies(i, sign * e) for e in epsilon]).permute(0, 3, 1, 2),
                          admitted.labels[i]) for sign in (1, -1))
        z = torch.stack([e[::cell, ::cell].permute(2, 0, 1).flatten() for e in epsilon])
        return z, (up - down) / (2 * sigmas[i])

    jobs = [(i, some) for i in range(len(x)) for some in even_batches(n, ON_A_CORE)]
    slopes = x.new_zeros(len(x), math.prod(shape))
    squares = x.new_zeros(len(x), math.prod(shape), math.prod(shape)) if regression else None
    for (i, _), (z, difference) in zip(jobs, map_in_order(pairs, jobs, threads), strict=True):
        slopes[i] += difference @ z
        if regression:
            squares[i] += z.T @ z
    slopes = torch.linalg.solve(squares, slopes) if regression else slopes / n
    refuse_not_finite(slopes, admitted, model, "forward_estimate")
    return slopes.reshape(len(x), *shape)


def coarse(shape: tuple[int, ...], generator: torch.Generator, cell: int = 32) -> Tensor:
    """Noise (H, W, C), standard normal, the same on every cell×cell pixels; for ``smoothgrad``."""
    lines, columns = (-(-side // cell) for side in shape[:2])
    z = gaussian((lines, columns, *shape[2:]), generator)
    z = z.repeat_interleave(cell, dim=0).repeat_interleave(cell, dim=1)
    return z[: shape[0], : shape[1]].contiguous()


def cell_sums(saliency: Tensor, cell: int = 32) -> Tensor:
    """The sum of each cell's values, (N, C, H, W) → (N, C, h, w): a slope of the whole cell."""
    lines, columns = (-side % cell for side in saliency.shape[2:])
    padded = nn.functional.pad(saliency, (0, columns, 0, lines))
    return nn.functional.avg_pool2d(padded, cell) * cell**2


def _admitted(
    X: Pictures, y: Labels, model: nn.Module, n: int, seed: int | None, caller: str
) -> Admitted:
    admitted = admit(X, y, model, caller)
    check_count(n, "n", caller)
    check_seed(seed, caller)
    return admitted


def _noise(admitted: Admitted, seed: int | None, cell: int = 1) -> Copies:
    """The noise of some copies of a picture, (k, C, H, W), standard normal."""
    entropy, (_, channels, *sides) = np.random.SeedSequence(seed).entropy, admitted.inputs.shape
    source = partial(coarse, cell=cell) if cell > 1 else gaussian

    def noise(i: int, some: Sequence[int]) -> Tensor:
        drawn = [draw_noise(source, (*sides, channels), admitted.inputs.device, entropy, i, k)
                 for k in some]
        return torch.stack(drawn).permute(0, 3, 1, 2)

    return noise


def _noisy_copies(
    admitted: Admitted, noise_pct: float, entropy: int, cell: int = 1
) -> Copies:
    """Noisy copies in the paper's manner."""
    noise, noisy = _noise(admitted, entropy, cell), noise_adder(admitted, noise_pct, "paper")
    return lambda i, some: torch.stack(
        [noisy(i, e) for e in noise(i, some).permute(0, 2, 3, 1)]).permute(0, 3, 1, 2)


def _mean_gradient(
    copies: Copies, n: int, admitted: Admitted, model: nn.Module, caller: str
) -> Tensor:
    """1/n Σ_k ∂S_c/∂x (copy k), (N, C, H, W); memory does not grow with n."""
    device = admitted.inputs.device
    gradient, count = gradient_function(model, workers(device), asked_dtype(device))
    jobs = [(i, some) for i in range(len(admitted)) for some in even_batches(n, ON_A_CORE)]
    parts = map_in_order(
        lambda job: gradient(copies(*job), admitted.labels[job[0]]).sum(dim=0), jobs, count)
    mean = torch.zeros_like(admitted.inputs)
    for (i, _), part in zip(jobs, parts, strict=True):
        mean[i] += part / n
    refuse_not_finite(mean, admitted, model, caller)
    return mean


def _with_noisy_weights(model: nn.Module, sigma: float, entropy: int, k: int) -> nn.Module:
    """A copy of the model, number k: every parameter times η ~ N(1, σ²)."""
    noisy = copy.deepcopy(model)
    child = np.random.SeedSequence(entropy, spawn_key=(k,))
    generator = torch.Generator().manual_seed(int(child.generate_state(1, np.uint64)[0]))
    with torch.no_grad():
        for parameter in noisy.parameters():
            eta = 1 + sigma * gaussian(tuple(parameter.shape), generator)
            parameter.mul_(eta.to(parameter))
    return noisy


def _bounds(bounds: tuple[float, float] | None, x: Tensor) -> tuple[Tensor, Tensor]:
    """The least and the largest value of the network's input."""
    if bounds is None and x.shape[1] == 3:
        return tuple(normalise(torch.full_like(x[:1, :, :1, :1], level)) for level in (0.0, 255.0))
    if (not isinstance(bounds, (tuple, list)) or len(bounds) != 2
            or not all(isinstance(b, (int, float)) for b in bounds) or not bounds[0] < bounds[1]):
        raise ValueError(f"adapt_grad: bounds is {bounds!r}; expected the least and the largest "
                         "value that the network's input can have, such as (0.0, 1.0).")
    if x.min() < bounds[0] or x.max() > bounds[1]:
        raise ValueError(f"adapt_grad: bounds is {bounds!r}, and X has values from "
                         f"{float(x.min()):.4g} to {float(x.max()):.4g}.")
    return x.new_tensor(bounds[0]), x.new_tensor(bounds[1])
