"""Where NaN and infinite values come from, in a sentence, instead of maps full of them."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from labutils.engine.door import Admitted


def refuse_not_finite(
    saliency: Tensor, admitted: Admitted, model: nn.Module, caller: str
) -> None:
    """Raise ValueError unless all pictures' saliencies (N, …) are finite."""
    bad = (~torch.isfinite(saliency)).flatten(1).any(dim=1)
    if bad.any():
        i = int(bad.nonzero()[0])
        raise ValueError(f"{caller}: the saliency of picture {i} has NaN or infinite values; "
                         f"{_cause(admitted.inputs[i : i + 1], model)}")


def refuse_copies(
    finite: list[Tensor], i: int, copy_of: Callable[[int, int], Tensor], model: nn.Module
) -> None:
    """Raise ValueError unless every copy of picture i so far has a finite saliency.

    Args:
        finite: of each copy, whether it has.
        i: the picture.
        copy_of: (i, k) → copy k again, (1, C, H, W).
        model: the network, to find the cause in.
    """
    bad = ~torch.stack(finite)
    if bad.any():
        k = int(bad.nonzero()[0])
        raise ValueError(f"smoothgrad: the saliency of picture {i} has NaN or infinite values in "
                         f"copy {k}; {_cause(copy_of(i, k), model)}")


def _cause(x: Tensor, model: nn.Module) -> str:
    """From which module of the network on the values of one input (1, C, H, W) are not finite."""
    found: list[str] = []
    try:
        model = copy.deepcopy(model)
        for name, module in model.named_modules():
            if not list(module.children()):
                module.register_forward_hook(
                    lambda module, given, result, name=name: None if _finite(result)
                    else found.append(f"{name} ({type(module).__name__})"))
        with torch.no_grad():
            finite = _finite(model(x.clone()))
    except Exception:  # a model that cannot be copied or run once more
        return "look at the network's weights and layers."
    if found:
        return f"the network's values are not finite from its layer {found[0]} on."
    return ("the network's scores are finite, their gradient is not. Look for a root, a "
            "logarithm or a division at 0." if finite else "the network's scores are not finite.")


def _finite(result: object) -> bool:
    return not isinstance(result, Tensor) or bool(torch.isfinite(result).all())
