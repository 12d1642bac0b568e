"""Inside a network during a forward pass: something is watched or changed, then all is as before.

Torch asks a ``TorchFunctionMode`` at every one of its functions, in the thread that entered its
``with`` block and nowhere else. So the model itself is never touched: no layer is exchanged, no
hook is set, an in-place ReLU stays one, and another thread may run the same model meanwhile.
"""

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

# (R: what comes back from above, active: where the ReLU let its input through) → what goes on.
Rule = Callable[[Tensor, Tensor], Tensor]

IN_PLACE = {torch.relu_, Tensor.relu_}
RELUS = IN_PLACE | {F.relu, torch.relu, Tensor.relu}
POOLINGS = {"adaptive_avg_pool2d", "avg_pool2d", "mean"}
# After a pooling to one value per channel these leave the score an affine function of it.
AFFINE = {"flatten", "view", "reshape", "squeeze", "dropout", "linear", "conv2d", "batch_norm"}


class changed_relus(TorchFunctionMode):  # noqa: N801, read as ``with changed_relus(rule):``
    """Inside, every ReLU computes what it always does, and its way back is the rule's.

    Args:
        rule: (R, active) → R of the layer below, each of the ReLU's shape.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Called by torch in place of its function."""
        if function not in RELUS:
            return function(*args, **(kwargs or {}))
        return relu_like(function, args, kwargs, lambda x: RuledReLU.apply(x, self.rule))


def relu_like(function, args: tuple, kwargs: dict | None, relu: Callable[[Tensor], Tensor]):
    """relu(x), written into x where the function called is one that works in place."""
    kwargs = kwargs or {}
    x = args[0] if args else kwargs["input"]
    inplace = function in IN_PLACE or True in args[1:] or kwargs.get("inplace", False)
    return x.copy_(relu(x)) if inplace else relu(x)


class RuledReLU(torch.autograd.Function):
    """max(x, 0), with a way back of one's own."""

    @staticmethod
    def forward(ctx, x: Tensor, rule: Rule) -> Tensor:
        """x (any shape) → max(x, 0)."""
        ctx.active, ctx.rule = x > 0, rule
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, R: Tensor) -> tuple[Tensor, None]:
        """What the rule makes of R."""
        return ctx.rule(R, ctx.active), None


def refuse_compiled(model: nn.Module, caller: str) -> None:
    """Raise where torch cannot be asked function by function."""
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule) or type(module).__name__ == "OptimizedModule":
            raise ValueError(
                f"{caller}: the model is compiled ({name or 'as a whole'}: "
                f"{type(module).__name__}), so its layers cannot be reached; give the model as it "
                "was before compiling.")


class GlobalPooling(TorchFunctionMode):
    """Watches for the last global average pooling of a forward pass.

    Attributes:
        features: what was pooled, (N, C, h, w); None as long as nothing was.
        pooled: its mean over the positions, (N, C) or (N, C, 1, 1).
        after: names of functions that follow and are not affine.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features, self.pooled, self.after = None, None, []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Called by torch in place of its function."""
        result = function(*args, **(kwargs or {}))
        if not isinstance(result, Tensor):
            return result
        name = getattr(function, "__name__", str(function))
        x = args[0] if args else (kwargs or {}).get("input")
        if (name in POOLINGS and isinstance(x, Tensor) and x.ndim == 4
                and result.numel() == x.shape[0] * x.shape[1] == result.shape[:2].numel()):
            self.features, self.pooled, self.after = x, result, []
        elif self.pooled is not None and name not in AFFINE:
            self.after.append(name)
        return result


@contextmanager
def output_of(model: nn.Module, layer: str, caller: str) -> Iterator[list[Tensor]]:
    """Inside, what the named layer gives is kept: in the list, the latest last.

    Args:
        model: any network.
        layer: a name out of ``model.named_modules()``.
        caller: named in errors.

    Raises:
        ValueError: there is no layer of that name.
    """
    kept: list[Tensor] = []

    def keep(module: nn.Module, given: tuple, result: Tensor) -> Tensor:
        kept.append(result)
        # The next layer may work in place: it gets a copy.
        return result.clone() if isinstance(result, Tensor) else result

    hook = named_layer(model, layer, caller).register_forward_hook(keep)
    try:
        yield kept
    finally:
        hook.remove()


def named_layer(model: nn.Module, layer: str, caller: str) -> nn.Module:
    """The model's layer of that name; else an error that suggests one."""
    layers = {name: module for name, module in model.named_modules() if name}
    if layer in layers:
        return layers[layer]
    close = difflib.get_close_matches(str(layer), layers, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"{caller}: layer is {layer!r}, and the model has no layer of that name{hint}"
        f"{'' if hint else '.'} All names: [name for name, _ in model.named_modules()].")
