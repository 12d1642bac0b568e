"""A method, picture by picture: every core has pictures of its own, none knows its neighbours."""

import torch
from torch import Tensor, nn

from labutils.engine.door import Admitted
from labutils.engine.finite import refuse_not_finite
from labutils.engine.lending import Method, lent
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
    inputs, labels = admitted.inputs, admitted.labels
    method, count = lent(method, model, workers(inputs.device), asked_dtype(inputs.device))
    maps = map_in_order(lambda i: method(inputs[i : i + 1], labels[i]).detach(),
                        range(len(admitted)), count)
    found = torch.cat(list(maps))
    refuse_not_finite(found, admitted, model, caller)
    return found


def asked_dtype(device: torch.device) -> torch.dtype:
    """What autocast asks for in this thread, such as smoothgrad's precision; else float32."""
    if torch.is_autocast_enabled(device.type):
        return torch.get_autocast_dtype(device.type)
    return torch.float32
