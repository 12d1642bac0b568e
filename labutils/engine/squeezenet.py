"""The score of one class, without computing the other 999."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F
from torchvision.models import SqueezeNet


def single_class(model: nn.Module, label: int) -> Callable[[Tensor], Tensor]:
    """A function X (N, C, H, W) → the scores of one class (N,).

    Any classifier works; for SqueezeNet a shorter way to the same score is
    taken. The model is not changed.
    """
    if isinstance(model, SqueezeNet) and is_plain_squeezenet(model):
        return squeezenet_single_class(model, label)
    return lambda X: model(X)[:, label]


def is_plain_squeezenet(model: SqueezeNet) -> bool:
    """True when the model is as torchvision builds it, without hooks to respect."""
    hooked = any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks
                 or m._backward_pre_hooks for m in model.modules())
    head = [nn.Dropout, nn.Conv2d, nn.ReLU, nn.AdaptiveAvgPool2d]
    stem = [nn.Conv2d, nn.ReLU, nn.MaxPool2d]
    if hooked or [type(m) for m in model.classifier] != head or [
            type(m) for m in model.features[:3]] != stem:
        return False
    convolution, _, pool = model.features[:3]
    return ((convolution.kernel_size, convolution.stride, convolution.padding,
             convolution.dilation) == ((3, 3), (2, 2), (0, 0), (1, 1))
            and (pool.kernel_size, pool.stride, pool.padding, pool.dilation,
                 pool.ceil_mode) == (3, 2, 0, 1, True))


def squeezenet_single_class(model: SqueezeNet, label: int) -> Callable[[Tensor], Tensor]:
    """SqueezeNet's score of one class by three exact shortcuts.

    The last 1×1 convolution computes one of its 1000 channels: a quarter of
    the network's arithmetic is saved. The first pooling goes before its ReLU,
    which is the same thing because ReLU is monotonic: the gradient is the
    same, and a quarter of the values are kept. And the first convolution's
    way back to the picture is written as a faster one, see stem.py.
    """
    convolution, fire_modules = model.features[0], model.features[3:]
    kernels = parity_kernels(convolution.weight)
    weight = model.classifier[1].weight[label : label + 1]
    bias = model.classifier[1].bias[label : label + 1]

    def score(X: Tensor) -> Tensor:
        stem = Stem.apply(X, convolution.weight, convolution.bias, kernels)
        return F.conv2d(fire_modules(stem.relu_()), weight, bias).relu().mean(dim=(1, 2, 3))

    return score


POOLING = {"kernel_size": 3, "stride": 2, "ceil_mode": True}


class Stem(torch.autograd.Function):
    """(X, weight, bias, parity kernels) → maxpool(conv(X)); a gradient for X only."""

    @staticmethod
    def forward(ctx: FunctionCtx, X: Tensor, weight: Tensor, bias: Tensor,
                kernels: Tensor) -> Tensor:
        features = F.conv2d(X, weight, bias, stride=2)
        pooled, positions = F.max_pool2d_with_indices(features, **POOLING)
        ctx.save_for_backward(positions, kernels)
        ctx.sizes = X.shape, features.shape
        return pooled

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        positions, kernels = ctx.saved_tensors
        size, features_size = ctx.sizes
        spread = torch.empty(features_size, dtype=gradient.dtype, device=gradient.device,
                             memory_format=torch.channels_last)
        torch.ops.aten.max_pool2d_with_indices_backward.grad_input(
            gradient, spread, [3, 3], [2, 2], [0, 0], [1, 1], True, positions, grad_input=spread)
        parts = F.conv2d(spread, kernels.to(gradient.dtype), padding=1)
        return interleave(parts, *size[2:]), None, None, None


def parity_kernels(weight: Tensor) -> Tensor:
    """Weights (F, C, 3, 3) of a stride-2 convolution → kernels (4·C, F, 2, 2) of its way back.

    Row 2a + p of the picture lies under weight row p at output row a, and, if
    p = 0, under weight row 2 at output row a − 1 too; columns alike. So the
    padded 4×4 kernel, read in steps of 2 from (p, q) and turned around, is
    what the gradient has to be convolved with.
    """
    padded = F.pad(weight, (0, 1, 0, 1))
    kernels = [padded[:, :, p::2, q::2].flip(2, 3).transpose(0, 1)
               for p in (0, 1) for q in (0, 1)]
    return torch.cat(kernels).contiguous(memory_format=torch.channels_last)


def interleave(parts: Tensor, height: int, width: int) -> Tensor:
    """(N, 4·C, a, b), channel blocks (p, q) → (N, C, H, W) with row 2a + p, column 2b + q."""
    count, _, rows, columns = parts.shape
    pixels = parts.permute(0, 2, 3, 1).reshape(count, rows, columns, 2, -1).transpose(2, 3)
    picture = pixels.reshape(count, 2 * rows, 2 * columns, -1)
    return picture.permute(0, 3, 1, 2)[:, :, :height, :width]
