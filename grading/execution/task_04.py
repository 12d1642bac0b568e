"""Notebook 04: smoothgrad(X, y, model, n, noise_pct)."""

from collections.abc import Iterator

import numpy as np

from grading.execution.drawing import close, drawn_network, drawn_pictures
from grading.execution.tasks import Answer, Arrays, Returned, Statement

ABSENT = {"smoothgrad": ["*"], "aggregations": ["*"]}
WEAK, STRONG, FEW, MANY, LONG = 0.1, 0.6, 2, 24, 80
SLACK = 0.06  # of a correlation: how far a right map may lie below the engine's own
SEEDS = 4  # runs of the engine that tell what agreement an ordered number of copies gives


def draw(rng: np.random.Generator) -> tuple[list[tuple], Arrays]:
    """Without noise; one order; few and many copies, weak and strong noise."""
    from labutils.smoothgrad import smoothgrad  # with torch, which the judge does without

    network = drawn_network(rng)
    X, y = drawn_pictures(rng, network, 3)
    few, many = int(FEW + rng.integers(2)), int(MANY + rng.integers(6))
    weak, strong = WEAK + 0.04 * rng.random(), STRONG + 0.1 * rng.random()
    middle = 0.3 + 0.1 * rng.random()
    pair = X[1:], y[1:]
    calls = [(X, y, network, 1, 0), (X[:1], y[:1], network, many, middle),
             (*pair, network, few, strong), (*pair, network, many, strong),
             (*pair, network, many, weak)]

    def maps(pictures: np.ndarray, labels: np.ndarray, n: int, noise_pct: float,
             seed: int) -> np.ndarray:
        return smoothgrad(pictures, labels, network, n, noise_pct, seed=seed).numpy()

    expected = {"plain": maps(X, y, 1, 0, 0), "ordered": maps(X[:1], y[:1], LONG, middle, 0),
                "strong": maps(*pair, LONG, strong, 0), "weak": maps(*pair, LONG, weak, 0)}
    expected["agreement of ordered"] = np.array([
        agreement(maps(X[:1], y[:1], many, middle, seed), expected["ordered"])
        for seed in range(1, SEEDS + 1)])
    for name, n in (("few", few), ("many", many)):
        expected[f"agreement of {name}"] = np.array([
            agreement(maps(*pair, n, strong, seed), expected["strong"])
            for seed in range(1, SEEDS + 1)])
    return calls, expected


def judge(returned: list[Returned], expected: Arrays) -> Iterator[Statement]:
    """3 points for each of four statements."""
    plain, ordered, few, many, weak = (
        as_maps(one, shape) for one, shape in zip(returned, (3, 1, 2, 2, 2), strict=True))
    yield Statement(
        "one map per picture, none of them blank, pictures unchanged", 3,
        all(maps is not None and (np.ptp(maps, axis=(1, 2)) > 0).all()
            for maps in (plain, ordered, few, many, weak))
        and not any(one.changed for one in returned))
    yield Statement("n = 1 without noise is the vanilla map", 3,
                    plain is not None and close(plain, expected["plain"]))
    yield Statement(
        "as bright as the map of many noisy copies, and like it", 3,
        ordered is not None and bright(ordered, expected["ordered"])
        and agreement(ordered, expected["ordered"])
        > expected["agreement of ordered"].mean() - SLACK)
    yield Statement("n and noise_pct matter, for brightness and for grain", 3,
                    few is not None and many is not None and weak is not None
                    and heeds_orders(few, many, weak, expected))


def heeds_orders(few: np.ndarray, many: np.ndarray, weak: np.ndarray, expected: Arrays) -> bool:
    """Is every map as bright as ordered, few copies grainy, many smooth, and each map more like
    the long run with its own strength of noise than like the other?"""
    strong, faint = expected["strong"], expected["weak"]
    border = (expected["agreement of few"].mean() + expected["agreement of many"].mean()) / 2
    return (bright(few, strong) and bright(many, strong) and bright(weak, faint)
            and agreement(few, strong) < border < agreement(many, strong)
            and agreement(many, strong) > agreement(many, faint)
            and agreement(weak, faint) > agreement(weak, strong))


def as_maps(one: Returned, num: int) -> np.ndarray | None:
    """Maps (num, 224, 224), with or without an axis for a single channel; None for anything
    else."""
    maps = one.value
    if maps is None or maps.shape not in {(num, 224, 224), (num, 1, 224, 224)}:
        return None
    maps = maps.reshape(num, 224, 224).astype(np.float64)
    return maps if np.isfinite(maps).all() else None


def bright(maps: np.ndarray, known: np.ndarray) -> bool:
    """Are the maps as bright as the known ones, up to a fifth?"""
    ratios = maps.mean(axis=(1, 2)) / known.mean(axis=(1, 2))
    return bool((ratios > 0.8).all() and (ratios < 1.25).all())


def agreement(maps: np.ndarray, known: np.ndarray) -> float:
    """The mean over pictures of the correlation of map and known map; 0 for a blank map."""
    with np.errstate(all="ignore"):
        found = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(maps, known, strict=True)]
    return float(np.nan_to_num(found).mean())


ANSWERS = {"smoothgrad-answer": Answer("smoothgrad", draw, judge,
                                       "labutils.checks:check_smoothgrad")}
