"""SqueezeNet's first layer with a fast way back to the picture.

    stem(x) = maxpool(conv(x)),    ∂S/∂x = convᵀ(poolᵀ(∂S/∂stem))

The way back through a convolution of stride 2 is left to a slow path by the
library (2.3 of a copy's 17 ms on one core). Written as an ordinary convolution of
stride 1 it takes 1.1 ms: every other pixel of ∂S/∂x meets the same weights, so four
small kernels, one for each parity of (row, column), give four images that are
interleaved. This is the sub-pixel convolution of Shi et al. 2016, "Real-Time Single
Image and Video Super-Resolution", section 3.2.
"""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

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
