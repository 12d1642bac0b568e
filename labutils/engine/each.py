"""A method, picture by picture: every core has pictures of its own, none knows its neighbours."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labutils.engine.door import Admitted
from labutils.engine.finite import refuse_not_finite
from labutils.engine.lending import Lender, Method, plain_torch
from labutils.engine.threads import map_in_order, workers


def picture_by_picture(
    method: Method, admitted: Admitted, model: nn.Module, caller: str
) -> Tensor:
    """The method's maps of all pictures, (N, …).

    Args:
        method: (X (1, C, H, W), y, model) → map (1, …); called with gradients on, in several
            threads, each with a model of its own.
        admitted: pictures and labels as the door hands them on.
        model: any classifier.
        caller: named in errors.

    Raises:
        ValueError: a map has NaN or infinite values.
    """
    def map_of(i: int, model: nn.Module) -> Tensor:
        return method(admitted.inputs[i : i + 1], admitted.labels[i : i + 1], model)

    return by_number(map_of, admitted, model, caller)


def by_number(
    map_of: Callable[[int, nn.Module], Tensor], admitted: Admitted, model: nn.Module, caller: str
) -> Tensor:
    """As ``picture_by_picture``, of a function (the picture's number, model) → map (1, …)."""
    device, lender = admitted.inputs.device, Lender(model, workers(admitted.inputs.device))
    dtype = asked_dtype(device)

    def job(i: int) -> Tensor:
        with lender.lend() as own, plain_torch(device.type, dtype):
            return map_of(i, own).detach()

    maps = torch.cat(list(map_in_order(job, range(len(admitted)), lender.count)))
    refuse_not_finite(maps, admitted, model, caller)
    return maps


def asked_dtype(device: torch.device) -> torch.dtype:
    """What autocast asks for in this thread, such as smoothgrad's precision; else float32."""
    if torch.is_autocast_enabled(device.type):
        return torch.get_autocast_dtype(device.type)
    return torch.float32
