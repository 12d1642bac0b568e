"""Which score a student's function differentiated, and the gradient that follows from it."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from labutils.checks.copies import Copies
from labutils.checks.messages import SHARED
from labutils.checks.probe import ProbeNetwork
from labutils.checks.result import Finding
from labutils.checks.tables import finding


def gradients_of(copies: Copies, model: ProbeNetwork, label: int | None = None) -> Tensor:
    """The copies' gradients (m, 3, P): of the label's score, or of what was differentiated."""
    sensitivities = copies.sensitivities
    if label is not None:
        sensitivities = torch.zeros_like(sensitivities).index_fill_(1, torch.tensor([label]), 1)
    else:
        # A batch's mean instead of its sum changes the size alone: that is a factor's matter.
        single = (sensitivities != 0).sum(dim=1, keepdim=True) == 1
        sizes = sensitivities.abs().amax(dim=1, keepdim=True)
        sensitivities = sensitivities / torch.where(single, sizes, 1)
    return model.gradients(copies.values, sensitivities)


def wrong_scores(copies: Sequence[Copies], labels: Sequence[int]) -> Iterator[Finding]:
    """What was differentiated instead of the label's score."""
    for of_picture, label in zip(copies, labels, strict=True):
        for s in of_picture.sensitivities:
            several = (s.abs() > 1e-6 * s.abs().max()).sum() > 1
            if several and s.sum().abs() < 1e-3 * s.abs().sum():
                yield finding(SHARED, "softmax")
            elif several:
                yield finding(SHARED, "wrong_class/several", label=label)
            elif int(s.abs().argmax()) != label:
                yield finding(SHARED, "wrong_class", found=int(s.abs().argmax()), label=label)
