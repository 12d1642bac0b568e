"""Models lent to threads, one to a job at a time: a forward pass may keep state in its model."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

import torch
from torch import Tensor, nn

from labutils.engine.squeezenet import is_hooked

# (X (k, C, H, W), y, model) → saliency (k, C, H, W), or (k, h, w) where a method has no channels.
Method = Callable[[Tensor, Sequence[int], nn.Module], Tensor]


def lent(
    method: Method, model: nn.Module, count: int, dtype: torch.dtype = torch.float32
) -> tuple[Callable[[Tensor, int], Tensor], int]:
    """The method with models of its own, safe in several threads.

    Args:
        method: what each model is given to.
        model: any classifier.
        count: threads that would like to compute at the same time.
        dtype: to compute in.

    Returns:
        A function (X (k, C, H, W), label) → what the method gives, and how many threads may
        call it.
    """
    lender = Lender(model, count)

    def function(X: Tensor, label: int) -> Tensor:
        with lender.lend() as own, plain_torch(X.device.type, dtype):
            return method(X, [label] * len(X), own)

    return function, lender.count


class Lender:
    """Lends a model, or a copy of it, to one job at a time.

    Args:
        model: the caller's.
        count: how many jobs would like one at the same time.

    Attributes:
        count: for how many there is one. Copies share the parameters; a model with hooks,
            which may write anywhere, and one that cannot be copied, is lent alone.
    """

    def __init__(self, model: nn.Module, count: int) -> None:
        self._models: SimpleQueue[nn.Module] = SimpleQueue()
        models = [model, *_replicas(model, count - 1)]
        for each in models:
            self._models.put(each)
        self.count = len(models)

    @contextmanager
    def lend(self) -> Iterator[nn.Module]:
        """A model that nobody else runs meanwhile."""
        model = self._models.get()
        try:
            yield model
        finally:
            self._models.put(model)


@contextmanager
def plain_torch(device_type: str, dtype: torch.dtype) -> Iterator[None]:
    """Gradients on, no inference mode, autocast for ``dtype`` alone: the same in every thread."""
    half = dtype is not torch.float32
    with (torch.inference_mode(False), torch.enable_grad(),
          torch.autocast(device_type, dtype if half else None, enabled=half)):
        yield


def _replicas(model: nn.Module, count: int) -> list[nn.Module]:
    if is_hooked(model):
        return []
    try:
        return [copy.deepcopy(model, {id(p): p for p in model.parameters()})
                for _ in range(count)]
    except Exception:  # whatever the model holds that cannot be copied
        return []
