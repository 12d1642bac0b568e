"""The short way through SqueezeNet: ∂S_c/∂x without an autograd graph.

Exactly torchvision's SqueezeNet 1.1, forward and backward written out layer by layer, because
that leaves out what autograd must do for any network. Each shortcut is exact:

- The last 1×1 convolution computes one of its 1000 channels: a quarter of the arithmetic.
- ReLU comes after pooling, which is the same, because ReLU never decreases, and a quarter of
  the values are left.
- A Fire module's two outputs stay apart instead of being joined by ``cat``: the next layer's
  weights are split instead, W·[a; b] = W_a·a + W_b·b.
- 1×1 convolutions are matrix products over pixels, W·x, and their way back is Wᵀ·g; that of a
  3×3 convolution is a convolution with the kernels turned around.
- The way back through the first convolution, of stride 2, is four small convolutions, one for
  each parity of (row, column), interleaved: the sub-pixel convolution of Shi et al. 2016,
  "Real-Time Single Image and Video Super-Resolution", section 3.2.

(N, C, H, W) tensors lie channels-last in memory, so that ``rows`` is a view of one.
"""

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import SqueezeNet, squeezenet1_1
from torchvision.models.squeezenet import Fire

INPUT = ((3, 224, 224), torch.float32)  # what it was trained on, and what every notebook gives it
LAST = torch.channels_last
METHODS = ("forward", "_conv_forward", "_call_impl")  # what an instance may have of its own
POOLING = {"kernel_size": 3, "stride": 2, "ceil_mode": True}


def is_torchvisions(model: nn.Module) -> bool:
    """True for exactly torchvision's SqueezeNet 1.1 in float32, whatever its weights and classes.

    Any other type, geometry, forward or hook anywhere, and the answer is no: the short way would
    go past it and give a wrong map.
    """
    if type(model) is not SqueezeNet or is_hooked(model):
        return False
    head = getattr(model.classifier, "1", None)
    return (all(p.dtype is torch.float32 for p in model.parameters())
            and _anatomy(model) == _torchvisions_anatomy(getattr(head, "out_channels", 0)))


def _anatomy(model: nn.Module) -> list[tuple]:
    """Every module's type and geometry, what hides its methods, and every parameter's shape."""
    modules = [(name, type(module), module.extra_repr(),
                [method for method in METHODS if method in vars(module)])
               for name, module in model.named_modules()]
    return modules + [(name, type(p), p.shape) for name, p in model.named_parameters()]


@cache
def _torchvisions_anatomy(classes: int) -> list[tuple]:
    with torch.device("meta"):
        return _anatomy(squeezenet1_1(num_classes=classes)) if classes else []


def is_hooked(model: nn.Module) -> bool:
    """Is anything else called when the model is? Of one module, or of all modules of torch."""
    names = ("forward_hooks", "forward_pre_hooks", "backward_hooks", "backward_pre_hooks")
    everywhere = (getattr(nn.modules.module, f"_global_{name}", None) for name in names)
    return any(everywhere) or any(
        getattr(module, f"_{name}", None) for module in model.modules() for name in names)


class ShortWay:
    """The scores and gradients of torchvision's SqueezeNet, for any class.

    Args:
        model: one for which ``is_torchvisions`` is true; its weights are copied.
        dtype: to compute in.
    """

    def __init__(self, model: SqueezeNet, dtype: torch.dtype = torch.float32) -> None:
        first, head = model.features[0], model.classifier[1]
        self.dtype = dtype
        self.weight, self.bias = _last(first.weight, dtype), first.bias.to(dtype)
        self.kernels = _last(parity_kernels(first.weight), dtype)
        self.fires, inputs = [], 1
        for layer, after in zip(model.features[3:], [*model.features[4:], None], strict=True):
            if isinstance(layer, Fire):
                pooled = isinstance(after, nn.MaxPool2d)
                self.fires.append(ShortFire(layer, inputs, pooled, dtype))
                inputs = 2
        self.head_weight = head.weight.flatten(1).to(dtype)
        self.head_bias = head.bias.to(dtype)

    @torch.inference_mode()
    def gradient(self, X: Tensor, label: int) -> Tensor:
        """∂S_label/∂x for every x of a batch.

        Args:
            X: (N, 3, H, W); not changed.
            label: a class number.

        Returns:
            Tensor of X's shape, in ``dtype``.
        """
        # Without autocast, which would meet some layers and not others, and no other thread.
        with torch.autocast(X.device.type, enabled=False):
            return self._gradient(_last(X, self.dtype), label)

    @torch.inference_mode()
    def score(self, X: Tensor, label: int) -> Tensor:
        """S_label of every x of a batch, (N,): the forward half alone; X as for ``gradient``."""
        with torch.autocast(X.device.type, enabled=False):
            streams, _ = self._forward(_last(X, self.dtype))
            return self._head_scores(streams, label).relu_().view(len(X), -1).mean(dim=1)

    def _forward(self, X: Tensor) -> tuple[list[Tensor], tuple]:
        """The last activations, and what the way back needs of all the others."""
        features = F.conv2d(X, self.weight, self.bias, stride=2)
        first, places = F.max_pool2d_with_indices(features, **POOLING)
        streams = [first.relu_()]
        tape = []
        for fire in self.fires:
            streams, seen = fire.forward(streams)
            tape.append(seen)
        return streams, (features, first, places, tape)

    def _gradient(self, X: Tensor, label: int) -> Tensor:
        streams, (features, first, places, tape) = self._forward(X)
        gradients = self._head_gradient(streams, label)
        for fire, seen in zip(reversed(self.fires), reversed(tape), strict=True):
            gradients = fire.backward(gradients, seen)
        (gradient,) = gradients
        gradient = _unpool(_gate(_like(gradient, first), first), features, places)
        return interleave(F.conv2d(gradient, self.kernels, padding=1), *X.shape[2:])

    def _head_gradient(self, streams: list[Tensor], label: int) -> list[Tensor]:
        """Of the mean over positions p of relu(w·x_p + b): w/P where that is active, else 0."""
        scores = self._head_scores(streams, label)
        share = (scores > 0).to(self.dtype)[:, None] * (len(streams[0]) / len(scores))
        return [share * w for w in self.head_weight[label].chunk(2)]

    def _head_scores(self, streams: list[Tensor], label: int) -> Tensor:
        """w·x_p + b of every position p of every picture, in a row."""
        weights = self.head_weight[label].chunk(2)
        return self.head_bias[label] + sum(
            rows(x) @ w for x, w in zip(streams, weights, strict=True))


class ShortFire:
    """One Fire module: squeeze 1×1, then expand 1×1 and 3×3 side by side, and what is pooled.

    Args:
        fire: torchvision's; its weights are copied.
        inputs: the streams that come in, 1 or 2.
        pooled: a max-pooling follows.
        dtype: to compute in.
    """

    def __init__(self, fire: Fire, inputs: int, pooled: bool, dtype: torch.dtype) -> None:
        self.pooled = pooled
        self.squeeze = [w.contiguous() for w in fire.squeeze.weight.flatten(1).to(dtype).chunk(
            inputs, dim=1)]
        self.expand1 = fire.expand1x1.weight.flatten(1).to(dtype)
        self.expand3 = _last(fire.expand3x3.weight, dtype)
        self.turned = _last(fire.expand3x3.weight.flip(2, 3).transpose(0, 1), dtype)
        self.biases = [layer.bias.to(dtype)
                       for layer in (fire.squeeze, fire.expand1x1, fire.expand3x3)]

    def forward(self, streams: list[Tensor]) -> tuple[list[Tensor], tuple]:
        """Two streams of activations, and what the way back needs of this."""
        squeezed = torch.addmm(self.biases[0], rows(streams[0]), self.squeeze[0].t())
        for x, weight in zip(streams[1:], self.squeeze[1:], strict=True):
            squeezed.addmm_(rows(x), weight.t())
        squeezed.relu_()
        one = torch.addmm(self.biases[1], squeezed, self.expand1.t())
        expanded = [_like(one, streams[0]), F.conv2d(
            _like(squeezed, streams[0]), self.expand3, self.biases[2], padding=1)]
        pooled = [F.max_pool2d_with_indices(x, **POOLING) if self.pooled else (x, None)
                  for x in expanded]
        active = [x.relu_() for x, _ in pooled]
        return active, (squeezed, expanded, active, [places for _, places in pooled])

    def backward(self, gradients: list[Tensor], seen: tuple) -> list[Tensor]:
        """∂S/∂streams, as rows, from ∂S/∂activations, which are used up."""
        squeezed, expanded, active, places = seen
        one, three = (
            _unpool(_gate(_like(g, a), a), x, where) if self.pooled else _gate(_like(g, a), a)
            for g, a, x, where in zip(gradients, active, expanded, places, strict=True))
        gradient = rows(F.conv2d(three, self.turned, padding=1)).addmm_(rows(one), self.expand1)
        _gate(gradient, squeezed)
        return [gradient @ weight for weight in self.squeeze]


def rows(x: Tensor) -> Tensor:
    """(N, C, H, W) → (N·H·W, C), a row for each pixel."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def _like(pixels: Tensor, x: Tensor) -> Tensor:
    """The way back of ``rows``, with the positions of x."""
    return pixels.view(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)


def _last(x: Tensor, dtype: torch.dtype) -> Tensor:
    return x.detach().to(dtype, memory_format=LAST)


def _gate(gradient: Tensor, activation: Tensor) -> Tensor:
    """ReLU's way back, in place: nothing passes where the activation is 0."""
    return torch.ops.aten.threshold_backward.grad_input(
        gradient, activation, 0, grad_input=gradient)


def _unpool(gradient: Tensor, x: Tensor, places: Tensor) -> Tensor:
    """Max-pooling's way back: each gradient goes to the place of its maximum in x."""
    spread = torch.empty_like(x)
    return torch.ops.aten.max_pool2d_with_indices_backward.grad_input(
        gradient, x, [3, 3], [2, 2], [0, 0], [1, 1], True, places, grad_input=spread)


def parity_kernels(weight: Tensor) -> Tensor:
    """Weights (F, C, 3, 3) of a stride-2 convolution → kernels (4·C, F, 2, 2) of its way back.

    Row 2a + p of the picture lies under weight row p at output row a, and, if
    p = 0, under weight row 2 at output row a − 1 too; columns alike. So the
    padded 4×4 kernel, read in steps of 2 from (p, q) and turned around, is
    what the gradient has to be convolved with.
    """
    padded = F.pad(weight, (0, 1, 0, 1))
    return torch.cat([padded[:, :, p::2, q::2].flip(2, 3).transpose(0, 1)
                      for p in (0, 1) for q in (0, 1)])


def interleave(parts: Tensor, height: int, width: int) -> Tensor:
    """(N, 4·C, a, b), channel blocks (p, q) → (N, C, H, W) with row 2a + p, column 2b + q."""
    count, _, lines, columns = parts.shape
    pixels = parts.permute(0, 2, 3, 1).reshape(count, lines, columns, 2, -1).transpose(2, 3)
    picture = pixels.reshape(count, 2 * lines, 2 * columns, -1)
    return picture.permute(0, 3, 1, 2)[:, :, :height, :width]
