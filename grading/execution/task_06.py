"""Notebook 06: my_noise(shape, generator) and my_aggregation(maps), none of them ready-made."""

from collections.abc import Iterator

import numpy as np

from grading.execution.tasks import Answer, Arrays, Returned, Statement

ABSENT = {"smoothgrad": ["*"], "aggregations": ["*"],
          "noise": ["gaussian", "uniform", "laplace", "salt_and_pepper", "smooth",
                    "NOISE_SOURCES"]}
SHAPE, OTHER_SHAPE, DRAWS = (20, 30, 3), (33, 18, 3), 300
MOST_OFF = 0.1
MOST_FIXED = 0.45  # the share of the variance that the draws' mean may keep
GIVEN = "given "  # begins the names of what ready-made solutions return
N, MANY = 7, 8


def draw_noise(rng: np.random.Generator) -> tuple[list[tuple], Arrays]:
    """Many draws, one of them twice, one of another shape."""
    import torch

    from labutils.noise import NOISE_SOURCES

    first = int(rng.integers(1 << 40))

    def generator(seed: int) -> torch.Generator:
        return torch.Generator().manual_seed(first + seed)

    calls = [(SHAPE, generator(k)) for k in (*range(DRAWS), 0)]
    calls.append((OTHER_SHAPE, generator(DRAWS)))
    return calls, {GIVEN + name: source(SHAPE, generator(0)).numpy()
                   for name, source in NOISE_SOURCES.items()}


def judge_noise(returned: list[Returned], expected: Arrays) -> Iterator[Statement]:
    """4 points for each of three statements."""
    values = [one.value for one in returned]
    shaped = all(value is not None and value.shape == shape and np.isfinite(value).all()
                 for value, shape in zip(values, [SHAPE] * (DRAWS + 1) + [OTHER_SHAPE],
                                         strict=True))
    draws = np.stack(values[:DRAWS]).astype(np.float64) if shaped else np.zeros((2, 1))
    varying = draws - draws.mean()
    power = np.square(varying).mean()
    yield Statement("noise of the ordered shape, without a pattern that stays", 4, shaped and bool(
        power > 0 and np.square(varying.mean(axis=0)).mean() < MOST_FIXED * power))
    # Of noise that is alike in all pixels even 300 draws leave some doubt.
    doubt = 3 * draws.reshape(len(draws), -1).mean(axis=1).std() / len(draws) ** 0.5
    yield Statement("mean 0 and standard deviation 1", 4, shaped and bool(
        abs(draws.mean()) < max(MOST_OFF, doubt) and abs(power**0.5 - 1) < max(MOST_OFF, doubt)))
    yield Statement("all chance comes from the generator", 4, shaped and bool(
        power > 0 and np.array_equal(values[DRAWS], values[0])
        and not np.array_equal(values[1], values[0])))


def draw_rule(rng: np.random.Generator) -> tuple[list[tuple], Arrays]:
    """Maps, the same in another order, darkness, each map replaced, the same maps many times."""
    import torch

    from labutils.aggregations import AGGREGATIONS

    def drawn() -> torch.Tensor:
        maps = rng.random((24, 20)) ** 2 * rng.exponential(size=(N, 24, 20)) + 1e-4
        return torch.from_numpy(maps.astype(np.float32))

    maps, others = drawn(), drawn()
    order = np.roll(np.arange(N), int(rng.integers(1, N)))
    order[:2] = order[1::-1]
    calls = [maps, maps[torch.from_numpy(order)], torch.zeros_like(maps),
             maps.repeat(MANY, 1, 1), maps.repeat(MANY**2, 1, 1)]
    for place in range(N):
        for other in (torch.zeros_like(maps[0]), 10 * others[place], maps.mean(dim=0)):
            calls.append(maps.clone())
            calls[-1][place] = other
    expected = {}
    for name, rule in AGGREGATIONS.items():
        aggregator = rule()
        for one in maps:
            aggregator.add(one)
        expected[GIVEN + name] = aggregator.result().numpy()
    return [(one.contiguous(),) for one in calls], expected


def judge_rule(returned: list[Returned], expected: Arrays) -> Iterator[Statement]:
    """4 points for each of three statements."""
    shape = expected[GIVEN + "mean"].shape
    sound = [one.value is not None and one.value.shape == shape and np.isfinite(one.value).all()
             and (one.value >= 0).all() for one in returned]
    first, shuffled, _, many, more, *replaced = (
        one.value.astype(np.float64) if fine else None
        for one, fine in zip(returned, sound, strict=True))
    lit = sound[0] and bool(np.ptp(first) > 0)
    yield Statement("one map, finite and not negative, also of darkness; maps unchanged", 4,
                    lit and all(sound[:3]) and not any(one.changed for one in returned))
    yield Statement("the order of the copies does not matter", 4,
                    lit and shuffled is not None and alike(shuffled, first))
    yield Statement("every copy counts, and their number does not", 4, lit and all(
        any(one is None or not np.array_equal(one, first) for one in replaced[3 * k:3 * k + 3])
        for k in range(N)) and keeps_its_size(first, many, more))


def keeps_its_size(first: np.ndarray, many: np.ndarray | None, more: np.ndarray | None) -> bool:
    """Is the result of eight times as many maps about as bright? Where so many are too much, as a
    product becomes infinite, the first step tells."""
    fewer, larger = (first, many) if more is None else (many, more)
    if fewer is None or larger is None or not (fewer > 0).any():
        return False
    return bool(0.7 < np.median(larger[fewer > 0] / fewer[fewer > 0]) < 1.4)


def alike(result: np.ndarray, known: np.ndarray) -> bool:
    """Equal up to rounding?"""
    return bool(np.linalg.norm(result - known) <= 1e-3 * np.linalg.norm(known))


def ready_made(returned: list[Returned], expected: Arrays) -> str:
    """Which of the notebook's own solutions the first result is, or ""."""
    first = returned[0].value
    names = [name.removeprefix(GIVEN) for name, known in expected.items()
             if first is not None and first.shape == known.shape and alike(first, known)]
    return f"«{names[0]}»" if names else ""


ANSWERS = {
    "my-noise-answer": Answer("my_noise", draw_noise, judge_noise,
                              "labutils.checks:check_noise_source", ready_made, 4),
    "my-aggregation-answer": Answer("my_aggregation", draw_rule, judge_rule,
                                    "labutils.checks:check_aggregate", ready_made, 4)}
