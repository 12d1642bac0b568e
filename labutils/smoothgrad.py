"""SmoothGrad: the average saliency of noisy copies of a picture.

    M̂_c(x) = 1/n Σ_k M_c(x + ε_k),    ε_k ~ N(0, σ²)

M_c is the saliency map of class c, and k counts the noisy copies; M̂_c is the mean over them.

Source: Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise",
section 3.

``plain_smoothgrad`` is the whole of it, one copy after the other. ``smoothgrad`` computes the
same on every core at once, and a test holds the two together.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from labutils.aggregations import (
    AGGREGATIONS,
    REDUCTIONS,
    Aggregator,
    max_abs,
    own_aggregation,
)
from labutils.engine.batches import even_batches, good_batch_size
from labutils.engine.choices import (
    check_count,
    check_seed,
    pick,
    precision_dtype,
    sorted_counts,
)
from labutils.engine.copies import NoiseSource, draw_noise, noise_adder, own_source
from labutils.engine.door import admit, check_noise_pct, describe
from labutils.engine.finite import refuse_copies
from labutils.engine.lending import Method, lent
from labutils.engine.threads import map_in_order, one_thread, workers
from labutils.noise import NOISE_SOURCES
from labutils.saliency import compute_saliency_maps, gradient_function


def plain_smoothgrad(
    X: Tensor | np.ndarray, y: Sequence[int], model: nn.Module, n: int, noise_pct: float, *,
    method: Method, noise: NoiseSource, manner: str, reduction: str, aggregate: str, seed: int,
) -> Tensor:
    """What ``smoothgrad`` computes, as a plain loop; arguments and result as there."""
    admitted, maps = admit(X, y, model, "plain_smoothgrad", pixels=manner == "lab"), []
    noisy, shape = noise_adder(admitted, noise_pct, manner), admitted.inputs.shape
    for i, label in enumerate(admitted.labels):
        aggregator = AGGREGATIONS[aggregate]()
        for k in range(n):
            epsilon = draw_noise(noise, (*shape[2:], shape[1]), "cpu", seed, i, k)
            x = noisy(i, epsilon).permute(2, 0, 1)[None]
            aggregator.add(REDUCTIONS[reduction](_with_channels(method, x, [label], model))[0])
        result = aggregator.result()
        maps.append(max_abs(result[None])[0] if reduction == "signed" else result)
    return torch.stack(maps)


def smoothgrad(
    X: Tensor | np.ndarray,
    y: Tensor | np.ndarray | Sequence[int],
    model: nn.Module,
    n: int = 50,
    noise_pct: float = 0.1,
    *,
    method: Method = compute_saliency_maps,
    noise: str | NoiseSource = "gaussian",
    manner: str = "lab",
    reduction: str = "max_abs",
    aggregate: str | Callable[[Tensor], Tensor] = "mean",
    seed: int | None = None,
    precision: str = "float32",
    batch_size: int | None = None,
    progress: bool = False,
) -> Tensor:
    """Smoothed saliency maps.

    Args:
        X: pictures (N, H, W, 3), uint8 or numbers in 0…255; or preprocessed
            pictures, float tensor (N, C, H, W), C channels.
        y: N class numbers.
        model: a classifier in eval mode.
        n: noisy copies per picture, 1 or more.
        noise_pct: noise strength; in the lab's manner a share of the picture's
            standard deviation, in the paper's a share of max − min.
        method: what is smoothed: any function (X, y, model) → saliency (n, C, H, W) or (n, h, w);
            the plain gradient when left out, which takes a short way through SqueezeNet.
            One of labutils may run in several threads, each with a model of its own; any
            other function runs alone.
        noise: a name in ``labutils.noise.NOISE_SOURCES``, or a function
            (shape, generator) → noise of mean 0 and standard deviation 1,
            called once per copy, in order, with shape (H, W, C) and a generator on the CPU.
        manner: ``"lab"`` adds noise to the pixels, clips to 0…255 and
            truncates; ``"paper"`` adds it to the network's input, no clipping.
        reduction: what happens to one copy's saliency (C, H, W) before the
            aggregation: ``"max_abs"`` (the lab's) or ``"sum_abs"`` over the
            channels; or ``"signed"`` (the paper's), nothing before, and
            max-abs over the channels after it.
        aggregate: how n of them become one: ``"mean"``, ``"mean_square"``
            (SmoothGrad²), ``"variance"`` (VarGrad), ``"maximum"``,
            ``"median"``, ``"geometric_mean"``, ``"trimmed_mean"`` (without the
            lowest and highest tenth); ``"mean_and_error"``, two maps (2, H, W): the
            mean and its standard error; or a function (n, H, W) → (H, W).
        seed: same seed, same maps, bit for bit, on one machine; copy k of
            picture i gets the same noise whatever n and the batch size are.
        precision: ``"float32"``; ``"bfloat16"`` is faster where the processor has it
            (AVX-512, GPUs) and differs from it less than another seed does; ``"float16"`` is
            for GPUs only.
        batch_size: copies per forward pass; without it a good choice is made.
        progress: show a progress bar.

    Returns:
        Tensor (N, H, W), or (N, 2, H, W) of means and errors, float32, on the
        model's device. With n=1 and
        noise_pct=0 it equals the vanilla max-abs map. X, y and the model are
        not changed.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    snapshots = smoothgrad_snapshots(
        X, y, model, [n], noise_pct, method=method, noise=noise, manner=manner, reduction=reduction,
        aggregate=aggregate, seed=seed, precision=precision, batch_size=batch_size,
        progress=progress)
    return torch.stack([saliency_map for _, _, saliency_map in snapshots])


def smoothgrad_snapshots(
    X: Tensor | np.ndarray,
    y: Tensor | np.ndarray | Sequence[int],
    model: nn.Module,
    counts: Iterable[int],
    noise_pct: float = 0.1,
    *,
    method: Method = compute_saliency_maps,
    noise: str | NoiseSource = "gaussian",
    manner: str = "lab",
    reduction: str = "max_abs",
    aggregate: str | Callable[[Tensor], Tensor] = "mean",
    seed: int | None = None,
    precision: str = "float32",
    batch_size: int | None = None,
    progress: bool = False,
) -> Iterator[tuple[int, int, Tensor]]:
    """The maps of several sample counts out of a single run, as the copies arrive.

    Args:
        counts: sample counts, in any order; the largest says how long the run is.
        X, y, model and the others: as for ``smoothgrad``.

    Yields:
        (i, n, map): the map (H, W) of picture i from its first n copies, picture
        by picture, each picture's counts in rising order; equal to what
        ``smoothgrad`` gives with this n and the same seed, to rounding.

    Raises:
        TypeError, ValueError: at the call, before the first map.
    """
    counts = sorted_counts(counts)
    check_noise_pct(noise_pct, "smoothgrad")
    reduce = REDUCTIONS[pick(reduction, REDUCTIONS, "reduction")]
    new_aggregator = _aggregation(aggregate, reduction)
    source = own_source(noise) if callable(noise) else NOISE_SOURCES[
        pick(noise, NOISE_SOURCES, "noise")]
    pick(manner, ("lab", "paper"), "manner")
    check_seed(seed)
    admitted = admit(X, y, model, "smoothgrad", pixels=manner == "lab" and noise_pct > 0)
    device = admitted.inputs.device
    dtype = precision_dtype(precision, device)
    saliency, count = _saliency_function(method, model, workers(device), dtype)
    if batch_size is None:
        batch_size = good_batch_size(partial(saliency, label=admitted.labels[0]), admitted.inputs)
    check_count(batch_size, "batch_size")
    noisy = noise_adder(admitted, noise_pct, manner)
    draw = partial(draw_noise, source, (*admitted.inputs.shape[2:], admitted.inputs.shape[1]),
                   torch.device("cpu") if callable(noise) else device,
                   np.random.SeedSequence(seed).entropy)

    def jobs() -> Iterator[tuple[int, Iterable[Tensor]]]:
        for i in range(len(admitted)):
            for copies in even_batches(counts[-1], batch_size):
                draws = map(partial(draw, i), copies)
                # A student's source may keep a state: call it here, in order.
                yield i, list(draws) if callable(noise) else draws

    def reduced_saliency(job: tuple[int, Iterable[Tensor]]) -> tuple[Tensor, Tensor]:
        i, draws = job
        copies = torch.stack([noisy(i, epsilon) for epsilon in draws]).permute(0, 3, 1, 2)
        samples = reduce(saliency(copies, admitted.labels[i]).float())
        return samples, torch.isfinite(samples).flatten(1).all(dim=1)

    def copy(i: int, k: int) -> Tensor:
        return noisy(i, draw(i, k)).permute(2, 0, 1)[None]

    def snapshots() -> Iterator[tuple[int, int, Tensor]]:
        batches = map_in_order(reduced_saliency, jobs(), count)
        samples = (pair for batch in batches for pair in zip(*batch, strict=True))
        with tqdm(desc="SmoothGrad", total=len(admitted) * counts[-1], unit="copy",
                  disable=not progress) as bar:
            for i in range(len(admitted)):
                aggregator, finite = new_aggregator(), []
                for k in range(1, counts[-1] + 1):
                    sample, is_finite = next(samples)
                    finite.append(is_finite)
                    with one_thread():
                        aggregator.add(sample)
                    bar.update()
                    if k in counts:
                        refuse_copies(finite, i, copy, model)
                        result = aggregator.result()
                        yield i, k, max_abs(result[None])[0] if reduction == "signed" else result

    return snapshots()


def _saliency_function(
    method: Method, model: nn.Module, count: int, dtype: torch.dtype
) -> tuple[Callable[[Tensor, int], Tensor], int]:
    """(copies (n, C, H, W), label) → saliency, and how many threads may call it."""
    if method is compute_saliency_maps:
        return gradient_function(model, count, dtype)
    if not callable(method):
        raise TypeError(f"smoothgrad: method is {describe(method)}; expected a function "
                        "(X, y, model) → saliency (N, C, H, W).")
    module = getattr(getattr(method, "func", method), "__module__", None) or ""
    # What a student's function writes down besides its result, threads would mix up.
    alone = not module.startswith("labutils.")
    return lent(partial(_with_channels, method), model, 1 if alone else count, dtype)


def _with_channels(method: Method, X: Tensor, y: Sequence[int], model: nn.Module) -> Tensor:
    """The method's saliency, (n, C, H, W): one channel where the method has none."""
    saliency = method(X, y, model)
    if not isinstance(saliency, Tensor) or saliency.ndim not in (3, 4) or len(saliency) != len(X):
        raise ValueError(f"smoothgrad: method gave {describe(saliency)} for {len(X)} copies; "
                         "expected a tensor (N, C, H, W) or (N, h, w).")
    return saliency.detach() if saliency.ndim == 4 else saliency.detach()[:, None]


def _aggregation(
    aggregate: str | Callable[[Tensor], Tensor], reduction: str
) -> Callable[[], Aggregator]:
    if callable(aggregate):
        return own_aggregation(aggregate)
    unsigned = {"geometric_mean": "negative values do not have",
                "mean_and_error": "is told for one map, not for three channels"}
    if pick(aggregate, AGGREGATIONS, "aggregate") in unsigned and reduction == "signed":
        raise ValueError(f"smoothgrad: aggregate is {aggregate!r}, which {unsigned[aggregate]}; "
                         "choose reduction='max_abs' or 'sum_abs'.")
    return AGGREGATIONS[aggregate]
