"""SmoothGrad: the average saliency of noisy copies of a picture.

    M̂_c(x) = 1/n Σ_k M_c(x + ε_k),    ε_k ~ N(0, σ²)

Source: Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise",
section 3.
"""

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from labutils.inputs import as_labels, as_network_input, check_model, count_classes
from labutils.noise import NOISE_SOURCES, NoiseSource, check_noise_pct
from labutils.noisy_inputs import checked, draw_noise, noise_adder
from labutils.saliency import score_gradient
from labutils.single_class import single_class
from labutils.workers import map_in_order, workers

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def max_abs(saliency: Tensor) -> Tensor:
    """(k, C, H, W) → (k, H, W): magnitude, then maximum over the channels."""
    return saliency.abs().amax(dim=1)


def signed(saliency: Tensor) -> Tensor:
    """(k, C, H, W) as it is."""
    return saliency


def mean(samples: Iterator[Tensor]) -> Tensor:
    """The average of a stream of tensors; one tensor in memory at a time."""
    total, count = next(samples).clone(), 1
    for sample in samples:
        total += sample
        count += 1
    return total / count


@dataclass(frozen=True)
class Aggregation:
    """How n saliencies become one map: reduce each, combine them, finish."""

    reduce: Callable[[Tensor], Tensor]
    combine: Callable[[Iterator[Tensor]], Tensor]
    finish: Callable[[Tensor], Tensor] = lambda combined: combined


AGGREGATIONS = {
    # The lab: mean of the n max-abs maps.
    "mean": Aggregation(reduce=max_abs, combine=mean),
    # The paper: average the signed gradients, take the magnitude afterwards.
    "signed_mean": Aggregation(reduce=signed, combine=mean,
                               finish=lambda combined: max_abs(combined[None])[0]),
}


def smoothgrad(
    X: Tensor | np.ndarray,
    y: Tensor | np.ndarray | Sequence[int],
    model: nn.Module,
    n: int = 50,
    noise_pct: float = 0.1,
    *,
    noise: str | NoiseSource = "gaussian",
    manner: str = "lab",
    aggregate: str = "mean",
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
        noise: ``"gaussian"``, or a function (shape, generator) → noise of mean
            0 and standard deviation 1, called once per copy with shape (H, W, C).
        manner: ``"lab"`` adds noise to the pixels, clips to 0…255 and
            truncates; ``"paper"`` adds it to the network's input, no clipping.
        aggregate: ``"mean"`` of the max-abs maps (the lab's), or
            ``"signed_mean"``, the magnitude of the mean gradient (the paper's).
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
    check_model(model, "smoothgrad")
    _check_count(n, "n")
    check_noise_pct(noise_pct, "smoothgrad")
    aggregation = AGGREGATIONS[_pick(aggregate, AGGREGATIONS, "aggregate")]
    own = callable(noise)
    source = checked(noise) if own else NOISE_SOURCES[_pick(noise, NOISE_SOURCES, "noise")]
    _pick(manner, ("lab", "paper"), "manner")
    dtype = PRECISIONS[_pick(precision, PRECISIONS, "precision")]
    if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
        raise ValueError(f"smoothgrad: seed is {seed!r}; expected a whole number, 0 or more, "
                         "or None.")
    inputs = as_network_input(X, model, "smoothgrad")
    labels = as_labels(y, len(inputs), count_classes(model, inputs, "smoothgrad"), "smoothgrad")
    _check_precision(dtype, inputs.device)
    batch_size = _good_batch_size(inputs, dtype) if batch_size is None else batch_size
    _check_count(batch_size, "batch_size")
    noisy_input = noise_adder(X, inputs, noise_pct, manner)
    scores = [single_class(model, int(label)) for label in labels]
    entropy = np.random.SeedSequence(seed).entropy
    shape = (*inputs.shape[2:], inputs.shape[1])

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
        return aggregation.reduce(gradient.float())

    batches = map_in_order(reduced_saliency, jobs(), inputs.device)
    samples = tqdm((sample for batch in batches for sample in batch), desc="SmoothGrad",
                   unit="copy", total=len(inputs) * n, disable=not progress)
    samples = iter(samples)
    return torch.stack([aggregation.finish(aggregation.combine(islice(samples, n)))
                        for _ in range(len(inputs))])


def _pick(name: str, known: Collection[str], argument: str) -> str:
    """name, when it is known; else an error that lists the names and suggests one."""
    if isinstance(name, str) and name in known:
        return name
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"smoothgrad: {argument} is {name!r}; expected one of "
        f"{', '.join(map(repr, known))}.{hint}"
    )


def _check_precision(dtype: torch.dtype, device: torch.device) -> None:
    if dtype is torch.float16 and device.type == "cpu":
        raise ValueError(
            "smoothgrad: precision is 'float16', which a CPU computes ten times slower than "
            "float32; choose 'bfloat16' or 'float32'."
        )


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


def _check_count(value: int, argument: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"smoothgrad: {argument} is {value!r}; expected a whole number.")
    if value < 1:
        raise ValueError(f"smoothgrad: {argument} is {value}; expected 1 or more.")
