"""How fast the network's convolutions alone could be on this machine."""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn


def convolution_floor(model: nn.Module, batch_size: int, dtype: torch.dtype) -> float:
    """Seconds a copy for the convolutions of one class score, forward and backward to the input.

    Each layer is timed alone, channels-last, on data of its own shape; the
    minimum of five goes into the sum. Nothing else that a map needs is counted.
    """
    layers = convolution_inputs(model, batch_size)
    return sum(_layer_seconds(layer, X, dtype) for layer, X in layers) / batch_size


def convolution_inputs(model: nn.Module, batch_size: int) -> list[tuple[nn.Conv2d, Tensor]]:
    """Every convolution with an input of the shape that it sees; the last one with one class."""
    device = next(model.parameters()).device
    seen: list[tuple[nn.Conv2d, Tensor]] = []
    hooks = [m.register_forward_hook(lambda m, args, out: seen.append((m, args[0])))
             for m in model.modules() if isinstance(m, nn.Conv2d)]
    try:
        with torch.no_grad():
            model(torch.randn(batch_size, 3, 224, 224, device=device))
    finally:
        for hook in hooks:
            hook.remove()
    last, X = seen[-1]
    head = nn.Conv2d(last.in_channels, 1, 1).to(device).requires_grad_(False)
    return [*seen[:-1], (head, X)]


def multiply_adds(model: nn.Module) -> float:
    """Multiply-adds of one copy, forward and backward to the input, in 10⁹."""
    total = 0
    for layer, X in convolution_inputs(model, 1):
        with torch.no_grad():
            outputs = layer(X).numel()
        total += 2 * outputs * layer.weight[0].numel()
    return total / 1e9


def _layer_seconds(layer: nn.Conv2d, X: Tensor, dtype: torch.dtype) -> float:
    X = X.to(dtype, memory_format=torch.channels_last).detach()
    weight = layer.weight.to(dtype, memory_format=torch.channels_last)
    bias = layer.bias.to(dtype)
    geometry = dict(stride=layer.stride, padding=layer.padding)
    out = torch.nn.functional.conv2d(X, weight, bias, **geometry)
    gradient = torch.ones_like(out)

    def both() -> None:
        torch.nn.functional.conv2d(X, weight, bias, **geometry)
        torch.ops.aten.convolution_backward(
            gradient, X, weight, [len(weight)], list(layer.stride), list(layer.padding), [1, 1],
            False, [0, 0], 1, [True, False, False])

    return best_of(both, 5)


def best_of(function: Callable[[], object], times: int) -> float:
    """The shortest of several runs, in seconds, after one run to warm up."""
    function()
    seconds = []
    for _ in range(times):
        synchronise()
        start = time.perf_counter()
        function()
        synchronise()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def synchronise() -> None:
    """Wait for the GPU, when there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
