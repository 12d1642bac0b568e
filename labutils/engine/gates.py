"""What ReLUs and max pooling let through, averaged over several forward passes of one network.

A ReLU's derivative is 0 or 1 at every value, and that of max pooling 0 or 1 at every place of
every window. The averages of both over noisy copies lie between, and are put in their place on
the way back. Everything else in the network has to be linear, so that its derivative is the same
at every copy.
"""

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from labutils.engine.inside import RELUS, RuledReLU, relu_like

MAX_POOLINGS = {torch.max_pool2d, F.max_pool2d}
# Functions whose result is linear in a tensor of the network, up to a constant (in eval mode).
LINEAR = {
    "conv1d", "conv2d", "linear", "batch_norm", "dropout", "adaptive_avg_pool2d", "avg_pool2d",
    "mean", "sum", "add", "add_", "__add__", "__radd__", "__iadd__", "sub", "__sub__", "neg",
    "cat", "stack", "concat", "pad", "flatten", "view", "reshape", "squeeze", "unsqueeze",
    "permute", "transpose", "contiguous", "clone", "to", "float", "__getitem__", "select",
    "chunk", "split",
}


class Gates(TorchFunctionMode):
    """The averaged gates of a network's ReLUs and max poolings, in the order of their calls.

    First ``with gates.collecting(): model(copies)``, as often as wanted, then
    ``with gates.replaying(): model(x)``, whose way back has the averages.

    Args:
        caller: named in errors.
    """

    def __init__(self, caller: str) -> None:
        super().__init__()
        self.caller, self.copies, self.replay = caller, 0, False
        self.sums: list[Tensor] = []
        self.place = 0

    def collecting(self, copies: int) -> "Gates":
        """For a forward pass of so many copies of one picture, at most 255."""
        self.copies, self.place, self.replay = self.copies + copies, 0, False
        return self

    def replaying(self) -> "Gates":
        """For the forward pass of one input whose gradient is wanted."""
        self.place, self.replay = 0, True
        return self

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Called by torch in place of its function."""
        if function in RELUS:
            return relu_like(function, args, kwargs, self._relu)
        if function in MAX_POOLINGS:
            return self._max_pool(*args, **(kwargs or {}))
        result = function(*args, **(kwargs or {}))
        name = getattr(function, "__name__", str(function))
        found = result if isinstance(result, (tuple, list)) else (result,)
        if name not in LINEAR and any(isinstance(part, Tensor) for part in found):
            raise ValueError(
                f"{self.caller}: the model calls {name}; averaged are the gates of ReLUs and max "
                "pooling, all else in the model must be linear.")
        return result

    def _relu(self, x: Tensor) -> Tensor:
        gate = self._average(lambda: count_true(x > 0))
        return RuledReLU.apply(x, lambda R, active: R * gate) if self.replay else x.clamp(min=0)

    def _max_pool(self, x: Tensor, kernel_size, stride=None, padding=0, dilation=1,
                  ceil_mode=False, return_indices=False) -> Tensor:
        pooled, places = F.max_pool2d_with_indices(
            x, kernel_size, stride, padding, dilation, ceil_mode)
        window = Window(x.shape[-2:], pooled.shape[-2:], kernel_size, stride, padding, dilation)
        shares = self._average(lambda: window.counts(places))
        return RoutedPooling.apply(x, pooled.detach(), shares, window) if self.replay else pooled

    def _average(self, count) -> Tensor | None:
        """The next gate's average over all copies; while collecting it is counted."""
        place, self.place = self.place, self.place + 1
        if self.replay:
            return self.sums[place] / self.copies
        if place == len(self.sums):
            self.sums.append(count().float())
        else:
            self.sums[place] += count()
        return None


class Window:
    """Where the windows of a pooling lie.

    Args:
        sides: (H, W) of what is pooled.
        positions: (h, w) of the result.
        kernel_size, stride, padding, dilation: as for ``torch.nn.MaxPool2d``.
    """

    def __init__(self, sides, positions, kernel_size, stride, padding, dilation) -> None:
        self.sides, self.positions = sides, positions
        (self.kernel, self.stride, self.padding, self.dilation) = (
            _pair(value) for value in (kernel_size, stride or kernel_size, padding, dilation))
        self.offsets = [(a, b) for a in range(self.kernel[0]) for b in range(self.kernel[1])]

    def counts(self, places: Tensor) -> Tensor:
        """Of k copies' maxima, (k, C, h, w) numbers of pixels: (offsets, 1, C, h, w)."""
        rows, columns = (torch.arange(n, device=places.device) * s - p for n, s, p in zip(
            self.positions, self.stride, self.padding, strict=True))
        from_corner = (places - (rows[:, None] * self.sides[1] + columns)).to(torch.int32)
        return torch.stack([
            count_true(from_corner == a * self.dilation[0] * self.sides[1] + b * self.dilation[1])
            for a, b in self.offsets])

    def spread(self, R: Tensor, shares: Tensor) -> Tensor:
        """R of the result (1, C, h, w), handed to every window's places by their shares."""
        reach = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(
            self.positions, self.stride, self.kernel, self.dilation, strict=True)]
        size = [max(r, side + p) for r, side, p in zip(reach, self.sides, self.padding,
                                                       strict=True)]
        spread = R.new_zeros(*R.shape[:2], *size)
        for (a, b), share in zip(self.offsets, shares, strict=True):
            top, left = a * self.dilation[0], b * self.dilation[1]
            bottom = top + (self.positions[0] - 1) * self.stride[0] + 1
            right = left + (self.positions[1] - 1) * self.stride[1] + 1
            spread[..., top:bottom:self.stride[0], left:right:self.stride[1]] += share * R
        (H, W), (p, q) = self.sides, self.padding
        return spread[..., p : p + H, q : q + W]


class RoutedPooling(torch.autograd.Function):
    """A max pooling whose way back is shared among the places of every window."""

    @staticmethod
    def forward(ctx, x: Tensor, pooled: Tensor, shares: Tensor, window: Window) -> Tensor:
        """x, already pooled, → pooled."""
        ctx.shares, ctx.window = shares, window
        return pooled.clone()

    @staticmethod
    def backward(ctx, R: Tensor) -> tuple:
        """R to the places that were the largest, as often as they were."""
        return ctx.window.spread(R, ctx.shares), None, None, None


def count_true(which: Tensor) -> Tensor:
    """How many of k ≤ 255 are true, (k, …) → (1, …), uint8: 40 times as fast as a sum of bools."""
    first, *others = which.view(torch.uint8)
    total = first.clone()
    for other in others:
        total += other
    return total[None]


def _pair(value) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value) * (1 if len(value) > 1 else 2)
