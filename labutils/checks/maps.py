"""Maps as they are accepted from a student's smoothgrad."""

from torch import Tensor

from labutils.checks.attempt import as_numbers
from labutils.checks.messages import MAPS
from labutils.checks.result import Finding
from labutils.checks.tables import finding


def as_maps(result: object) -> Tensor:
    """Maps in one form, whichever of the accepted forms they have.

    ``check_smoothgrad`` accepts lists, arrays and tensors on any device, with or without an
    axis for a single channel; what comes after the check can rely on one form.

    Args:
        result: maps (N, H, W) or (N, 1, H, W), or a list of N maps; not changed.

    Returns:
        A copy, float32, (N, H, W), on the CPU.

    Raises:
        TypeError: these are no decimal numbers.
        ValueError: another shape.
    """
    maps = as_numbers(result, (), MAPS, lists=True)
    if isinstance(maps, Finding):
        raise TypeError(maps.message)
    if maps.ndim == 4 and maps.shape[1] == 1:
        maps = maps.squeeze(1)
    if maps.ndim != 3:
        raise ValueError(finding(MAPS, "wrong_shape", shape=tuple(maps.shape)).message)
    return maps
