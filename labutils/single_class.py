"""The score of one class, without computing the other 999."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import SqueezeNet

from labutils.stem import Stem, parity_kernels


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
