"""Which recipe makes this result out of these gradients?

What the network was shown is known, so is the network; therefore the map that each recipe,
right or mistaken, gives for the very same copies can be computed and compared.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

MOST = 8  # misconceptions, as many as there are ways over the channels
AGREES = 0.01  # relative difference; two computations of one map differ by a millionth

# Recipes map the gradients of each picture, (m, 3, P), to one map each, (P,).
Gradients = list[Tensor]
Recipe = Callable[[Gradients, Tensor], Tensor]
Codes = tuple[str, ...]  # a recipe's misconceptions; none for the right one


def max_abs(g: Tensor) -> Tensor:
    """The largest magnitude of the three channels."""
    return g.abs().amax(dim=-2)


# The way over the channels, and the misconceptions in it.
CHANNELS: dict[Callable[[Tensor], Tensor], Codes] = {
    max_abs: (),
    lambda g: g.amax(dim=-2): ("signed_max",),
    lambda g: g.amax(dim=-2).abs(): ("signed_max",),
    lambda g: g.abs().mean(dim=-2): ("mean_not_max",),
    lambda g: g.abs().sum(dim=-2): ("mean_not_max",),
    lambda g: g.norm(dim=-2): ("mean_not_max",),
    lambda g: g.mean(dim=-2).abs(): ("mean_not_max",),
    lambda g: g.mean(dim=-2): ("mean_not_max", "signed_max"),
}


@dataclass(frozen=True)
class Match:
    """A recipe that gives the student's map.

    Attributes:
        codes: its misconceptions; none for the right recipe.
        factors: the map as a multiple of the recipe's, one for each picture.
    """

    codes: Codes
    factors: Tensor

    def factor(self) -> float | None:
        """The multiple, when it is the same for every picture."""
        low, high = float(self.factors.min()), float(self.factors.max())
        return (low + high) / 2 if high - low <= 2 * AGREES * high else None

    def in_words(self) -> str:
        """The multiple, or one for each picture."""
        factors = self.factors if self.factor() is None else [self.factor()]
        return ", ".join(f"{float(factor):.3g}" for factor in factors)

    def is_exact(self) -> bool:
        """True when the map is the recipe's, without another factor."""
        return bool(((self.factors - 1).abs() <= AGREES).all())


def explain(result: Tensor, candidates: Iterable[tuple[Codes, Callable[[], Tensor]]],
            rescaled: bool = False) -> Match | None:
    """The match with the fewest misconceptions, up to a factor; None when nothing fits.

    Args:
        result: (N, ...), the student's.
        candidates: each with its misconceptions.
        rescaled: the result was stretched, so a constant may have been subtracted.
    """
    best, least = None, MOST
    for codes, candidate in candidates:
        factors = _factors(result, candidate(), rescaled) if len(codes) < least else None
        if factors is None:
            continue
        match = Match(codes, factors)
        faults = len(codes) + (not match.is_exact())
        if faults < least:
            best, least = match, faults
    return best


def signed(gradient: Tensor, X: Tensor) -> Iterator[tuple[Codes, Callable[[], Tensor]]]:
    """What may become of one gradient for each picture, (N, 3, P), in ``check_saliency``."""
    yield (), lambda: gradient
    # One leaf for all pictures: what its .grad holds after each, and what in the end.
    if len(X) > 1:
        yield ("accumulated_gradient",), lambda: gradient.cumsum(dim=0)
        yield ("accumulated_gradient",), lambda: gradient.sum(dim=0).expand_as(gradient)
    yield ("absolute_value",), lambda: gradient.abs()
    yield ("times_input",), lambda: gradient * X
    yield ("wrong_sign",), lambda: -gradient


def smoothed(gradients: Gradients, maps: Tensor, order: list[list[int]]
             ) -> Iterator[tuple[Codes, Callable[[], Tensor]]]:
    """What may become of the gradients of the copies of each picture in ``check_smoothgrad``.

    Args:
        gradients: (m, 3, P) for each picture.
        maps: (N, P), the student's, to tell which single copy may be left of several.
        order: the place of each gradient in the order of all.
    """
    for codes, recipe in _recipes(order):
        for leak_codes, leak in _leaks(len(maps), len(order[0])):
            yield codes + leak_codes, lambda recipe=recipe, leak=leak: leak(
                recipe(gradients, maps))


def _recipes(order: list[list[int]]) -> Iterator[tuple[Codes, Recipe]]:
    for join, codes in CHANNELS.items():
        yield codes, partial(_each, lambda g, join=join: join(g).mean(dim=0))
        yield (*codes, "last_only"), partial(_one_copy, join)
        yield (*codes, "accumulated_gradient"), partial(
            _each, lambda g, join=join: join(g.cumsum(dim=0)).mean(dim=0))
        yield (*codes, "accumulated_gradient"), partial(_accumulated_over_all, join, order)
        if "signed_max" not in codes:
            yield (*codes, "abs_after_mean"), partial(
                _each, lambda g, join=join: join(g.mean(dim=0)))
    yield ("max_after_mean",), partial(_each, lambda g: g.abs().mean(dim=0).amax(dim=0))
    yield ("signed_max",), partial(_each, lambda g: g.mean(dim=0).amax(dim=0))
    yield ("signed_max",), partial(_each, lambda g: g.amax(dim=-2).mean(dim=0).abs())
    yield ("accumulated_gradient",), partial(_each, lambda g: max_abs(g.sum(dim=0)))


def _each(recipe: Callable[[Tensor], Tensor], gradients: Gradients, maps: Tensor) -> Tensor:
    return torch.stack([recipe(g) for g in gradients])


def _one_copy(join: Callable[[Tensor], Tensor], gradients: Gradients, maps: Tensor) -> Tensor:
    """The map of a single copy, of each picture the copy that fits best.

    Copies may have been computed in several threads, so "last" says nothing about the order.
    """
    chosen = []
    for g, saliency_map in zip(gradients, maps, strict=True):
        joined = join(g)
        errors = (joined / joined.norm(dim=1, keepdim=True).clamp_min(1e-30)
                  - saliency_map / saliency_map.norm().clamp_min(1e-30)).norm(dim=1)
        chosen.append(joined[errors.argmin()])
    return torch.stack(chosen)


def _accumulated_over_all(join: Callable[[Tensor], Tensor], order: list[list[int]],
                          gradients: Gradients, maps: Tensor) -> Tensor:
    """As if one tensor had gathered the gradients of all copies of all pictures."""
    places = torch.tensor([place for places in order for place in places])
    in_order = places.argsort()
    sums = torch.cat(gradients)[in_order].cumsum(dim=0)[in_order.argsort()]
    return _each(lambda g: join(g).mean(dim=0), list(sums.split([len(g) for g in gradients])), maps)


def _leaks(pictures: int, n: int) -> Iterator[tuple[Codes, Callable[[Tensor], Tensor]]]:
    yield (), lambda maps: maps
    if pictures > 1:
        number = torch.arange(1, pictures + 1)[:, None]
        yield ("shared_across_images",), lambda maps: maps.cumsum(dim=0)
        yield ("shared_across_images",), lambda maps: maps.cumsum(dim=0) / number
        yield ("shared_across_images",), lambda maps: _divided_again(maps, n)
        yield ("shared_across_images",), lambda maps: maps.sum(dim=0).expand_as(maps)
        yield ("shared_across_images",), lambda maps: maps[-1].expand_as(maps)


def _divided_again(maps: Tensor, n: int) -> Tensor:
    """One total for all pictures, divided by n after each: M_1, M_2 + M_1/n, …"""
    leaked = [maps[0]]
    for own in maps[1:]:
        leaked.append(own + leaked[-1] / n)
    return torch.stack(leaked)


def _factors(maps: Tensor, candidate: Tensor, rescaled: bool) -> Tensor | None:
    """maps = factor · candidate for each picture, or None when that does not hold."""
    maps, candidate = maps.flatten(1), candidate.flatten(1)
    if rescaled:
        maps = maps - maps.mean(dim=1, keepdim=True)
        candidate = candidate - candidate.mean(dim=1, keepdim=True)
    size, length = candidate.norm(dim=1), maps.norm(dim=1)
    typical = size.max()
    if typical == 0:
        return torch.ones(len(maps)) if length.max() < 1e-6 else None
    flat = size < 1e-6 * typical  # a class without a gradient has an empty map
    factors = (maps * candidate).sum(dim=1) / size.square().clamp_min(1e-30)
    errors = (maps - factors[:, None] * candidate).norm(dim=1)
    fits = torch.where(flat, length <= AGREES * typical,
                       (errors <= AGREES * length) & (factors > 0))
    return factors[~flat] if fits.all() else None
