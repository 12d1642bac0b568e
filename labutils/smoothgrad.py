"""SmoothGrad: the average saliency of noisy copies of a picture.

    M̂_c(x) = 1/n Σ_k M_c(x + ε_k),    ε_k ~ N(0, σ²)

Source: Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise",
section 3.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

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
from labutils.engine.copies import checked, draw_noise, noise_adder
from labutils.engine.door import (
    as_labels,
    as_network_input,
    check_count,
    check_model,
    check_noise_pct,
    check_seed,
    count_classes,
    pick,
    precision_dtype,
    sorted_counts,
)
from labutils.engine.squeezenet import single_class
from labutils.engine.threads import map_in_order, workers
from labutils.noise import NOISE_SOURCES, NoiseSource
from labutils.saliency import score_gradient


def smoothgrad(
    X: Tensor | np.ndarray,
    y: Tensor | np.ndarray | Sequence[int],
    model: nn.Module,
    n: int = 50,
    noise_pct: float = 0.1,
    *,
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
            pictures, float tensor (N, C, H, W).
        y: N class numbers.
        model: a classifier in eval mode.
        n: noisy copies per picture, 1 or more.
        noise_pct: noise strength; in the lab's manner a share of the picture's
            standard deviation, in the paper's a share of max − min.
        noise: a name in ``labutils.noise.NOISE_SOURCES``, or a function
            (shape, generator) → noise of mean 0 and standard deviation 1,
            called once per copy with shape (H, W, C).
        manner: ``"lab"`` adds noise to the pixels, clips to 0…255 and
            truncates; ``"paper"`` adds it to the network's input, no clipping.
        reduction: what happens to one copy's saliency (C, H, W) before the
            aggregation: ``"max_abs"`` (the lab's) or ``"sum_abs"`` over the
            channels; or ``"signed"`` (the paper's), nothing before, and
            max-abs over the channels after it.
        aggregate: how n of them become one: ``"mean"``, ``"mean_square"``
            (SmoothGrad²), ``"variance"`` (VarGrad), ``"maximum"``,
            ``"median"``, ``"geometric_mean"``, ``"trimmed_mean"`` (without the
            lowest and highest tenth); or a function (n, H, W) → (H, W).
        seed: same seed, same maps, bit for bit, on one machine; copy k of
            picture i gets the same noise whatever n and the batch size are.
        precision: ``"float32"``; ``"bfloat16"`` is faster and differs from it less
            than another seed does; ``"float16"`` is for GPUs only.
        batch_size: copies per forward pass; without it a good choice is made.
        progress: show a progress bar.

    Returns:
        Tensor (N, H, W), float32, on the model's device. With n=1 and
        noise_pct=0 it equals the vanilla max-abs map. X, y and the model are
        not changed.

    Raises:
        TypeError, ValueError: the message names the argument.
    """
    snapshots = smoothgrad_snapshots(
        X, y, model, [n], noise_pct, noise=noise, manner=manner, reduction=reduction,
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
    check_model(model, "smoothgrad")
    counts = sorted_counts(counts)
    check_noise_pct(noise_pct, "smoothgrad")
    reduce = REDUCTIONS[pick(reduction, REDUCTIONS, "reduction")]
    new_aggregator = _aggregation(aggregate, reduction)
    own = callable(noise)
    source = checked(noise) if own else NOISE_SOURCES[pick(noise, NOISE_SOURCES, "noise")]
    pick(manner, ("lab", "paper"), "manner")
    check_seed(seed)
    inputs = as_network_input(X, model, "smoothgrad")
    labels = as_labels(y, len(inputs), count_classes(model, inputs, "smoothgrad"), "smoothgrad")
    dtype = precision_dtype(precision, inputs.device)
    batch_size = _good_batch_size(inputs, dtype) if batch_size is None else batch_size
    check_count(batch_size, "batch_size")
    noisy_input = noise_adder(X, inputs, noise_pct, manner)
    scores = [single_class(model, int(label)) for label in labels]
    entropy = np.random.SeedSequence(seed).entropy
    shape = (*inputs.shape[2:], inputs.shape[1])
    n = counts[-1]

    def jobs() -> Iterator[tuple[int, Iterable[Tensor]]]:
        for i in range(len(inputs)):
            for copies in _even_batches(n, batch_size, workers(inputs.device)):
                draws = map(partial(draw_noise, source, shape, entropy, i), copies)
                # A student's source may keep a state: call it here, in order.
                yield i, list(draws) if own else draws

    def reduced_saliency(job: tuple[int, Iterable[Tensor]]) -> Tensor:
        i, draws = job
        noisy = torch.stack([noisy_input(i, epsilon) for epsilon in draws]).permute(0, 3, 1, 2)
        with torch.autocast(inputs.device.type, dtype, enabled=dtype is not torch.float32):
            gradient = score_gradient(scores[i], noisy)
        return reduce(gradient.float())

    def snapshots() -> Iterator[tuple[int, int, Tensor]]:
        batches = map_in_order(reduced_saliency, jobs(), inputs.device)
        samples = iter(tqdm((sample for batch in batches for sample in batch), "SmoothGrad",
                            len(inputs) * n, unit="copy", disable=not progress))
        for i in range(len(inputs)):
            aggregator = new_aggregator()
            for k, sample in enumerate(islice(samples, n), start=1):
                aggregator.add(sample)
                if k in counts:
                    result = aggregator.result()
                    yield i, k, max_abs(result[None])[0] if reduction == "signed" else result

    return snapshots()


def _aggregation(
    aggregate: str | Callable[[Tensor], Tensor], reduction: str
) -> Callable[[], Aggregator]:
    if callable(aggregate):
        return own_aggregation(aggregate)
    if pick(aggregate, AGGREGATIONS, "aggregate") == "geometric_mean" and reduction == "signed":
        raise ValueError(
            "smoothgrad: aggregate is 'geometric_mean', which negative values do not have; "
            "choose reduction='max_abs' or 'sum_abs'."
        )
    return AGGREGATIONS[aggregate]


def _good_batch_size(inputs: Tensor, dtype: torch.dtype) -> int:
    """Copies per forward pass.

    On the CPU 5 (6 in half precision): much larger ones fall out of the cache and
    make the C library hand memory back and fault it in again. On a GPU as many
    as fit into half of its free memory, at most 256; a copy is counted as 400
    times its own size, a cautious guess that has not been measured on a GPU.
    """
    if inputs.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(inputs.device)
        return int(min(256, max(1, free / 2 // (400 * inputs[0].numel() * 4))))
    return 5 if dtype is torch.float32 else 6


def _even_batches(n: int, batch_size: int, multiple: int) -> Iterator[range]:
    """range(n) in batches of about one size, their number a multiple of the workers.

    With n = 50 and two workers 12 batches of 4 and one of 2 would leave one
    worker idle at the end: 0.3 ms a copy.
    """
    count = -(-n // batch_size)
    count = min(n, -(-count // multiple) * multiple)
    edges = [n * k // count for k in range(count + 1)]
    yield from map(range, edges[:-1], edges[1:])
