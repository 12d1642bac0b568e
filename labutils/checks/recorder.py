"""A book of what a network was shown, and which scores were differentiated."""

import itertools
import threading
from dataclasses import dataclass, field
from uuid import uuid4

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from labutils.checks.result import Finding

_numbers = itertools.count()
_seen: dict[int, list[Tensor]] = {}


class Stopped(BaseException):
    """Raised to stop a function that asks on and on, with the finding about it.

    Not an Exception, so that a student's ``except Exception`` does not swallow it.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


# An operator for which no rule of batching is known: vmap, torch.func's and that of
# torch.autograd.grad(…, is_grads_batched=True), falls back to calling it for each entry. Its
# name is another whenever this file is loaded anew, so that a check from before goes on working.
@torch.library.custom_op(f"labutils_checks::look_{uuid4().hex}", mutates_args=())
def _look(t: Tensor, number: int) -> Tensor:
    _seen[number].append(t.detach().clone())
    return t.new_zeros(())


def entries(t: Tensor) -> list[Tensor]:
    """Copies of t that outlive torch.func's transforms: one for each entry of the vmaps around."""
    number = next(_numbers)
    _seen[number] = []
    with torch.no_grad():
        _look(t, number)
    return _seen.pop(number)


class _Watched(torch.autograd.Function):
    """The scores, unchanged; each backward pass through them is written down.

    A function instead of a hook: inside vmap a tensor takes no hook for a transform around it.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(scores: Tensor, shown: "Shown") -> Tensor:
        return scores.clone()

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: Tensor) -> None:
        ctx.shown = inputs[1]

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        ctx.shown.sensitivities.append(torch.cat(entries(gradient)).cpu().float())
        return gradient, None

    @staticmethod
    def jvp(ctx: FunctionCtx, tangent: Tensor, _: None) -> Tensor:
        return tangent.clone()


@dataclass
class Shown:
    """One forward pass.

    Attributes:
        values: (k, 3, P), the network's input at the recorder's pixels.
        sensitivities: for each backward pass ∂ result / ∂ scores, (m, classes): as many rows as
            values, several times as many, or fewer, when they hold for several inputs alike.
    """

    values: Tensor
    sensitivities: list[Tensor] = field(default_factory=list)

    def rows(self) -> list[tuple[Tensor, Tensor]]:
        """(values, sensitivity) of each picture that was differentiated."""
        total, k = None, len(self.values)
        for s in self.sensitivities:
            s = s.repeat(max(k // max(len(s), 1), 1), 1)
            if not k or len(s) % k:  # nothing, or a transform that we cannot read
                return []
            s = s.reshape(-1, k, s.shape[1]).sum(dim=0)
            total = s if total is None else total + s
        return [] if total is None else [
            (v, s) for v, s in zip(self.values, total, strict=True) if s.any()]


class Recorder:
    """What was shown, in order; safe when several threads ask the network at once."""

    def __init__(self, pixels: Tensor, limit: int, beyond: Finding) -> None:
        self.pixels, self.limit, self.beyond = pixels, limit, beyond
        self.shown: list[Shown] = []
        self.asked = 0
        self.stopped = False
        self.lock = threading.Lock()

    def __deepcopy__(self, memo: dict) -> "Recorder":
        return self  # a copy of the network writes into the same book

    def record(self, X: Tensor, scores: Tensor) -> Tensor:
        """Write one forward pass down; the scores returned tell of its backward passes.

        Raises:
            Stopped: more pictures than the limit were shown.
        """
        values = X.detach().flatten(2)[..., self.pixels.to(X.device)]
        with self.lock:
            self.asked += len(X)
            if self.asked > self.limit:
                self.stopped = True  # a bare `except` swallows even this exception
                raise Stopped(self.beyond)
            self.shown.append(Shown(torch.cat(entries(values)).cpu().float()))
            shown = self.shown[-1]
        return _Watched.apply(scores, shown)

    def differentiated(self) -> bool:
        """Was there any backward pass, be its gradient 0 everywhere?"""
        return any(shown.sensitivities for shown in self.shown)

    def rows(self) -> list[tuple[Tensor, Tensor]]:
        """(values (3, P), sensitivity (classes,)) of all differentiated pictures, in order."""
        return [row for shown in self.shown for row in shown.rows()]
