"""Notebook 06: my_noise(shape, generator) and my_aggregation(maps), none of them given."""

from collections.abc import Iterator

import numpy as np

from grading.execution.tasks import Answer, Arrays, Returned, Statement

ABSENT = {"smoothgrad": ["*"], "aggregations": ["*"],
          "noise": ["gaussian", "uniform", "laplace", "salt_and_pepper", "smooth",
                    "NOISE_SOURCES"]}
SHAPE, OTHER_SHAPE, DRAWS = (20, 30, 3), (33, 18, 3), 300
MOST_OFF = 0.1
MOST_FIXED = 0.45  # the share of the variance that the draws' mean may keep
N, MANY = 11, 8  # a tenth of eleven can be trimmed


def draw_noise(rng: np.random.Generator) -> tuple[list[tuple], Arrays]:
    """Many draws, one of them twice, one of another shape."""
    import torch

    first = int(rng.integers(1 << 40))

    def generator(seed: int) -> torch.Generator:
        return torch.Generator().manual_seed(first + seed)

    calls = [(SHAPE, generator(k)) for k in (*range(DRAWS), 0)]
    calls.append((OTHER_SHAPE, generator(DRAWS)))
    return calls, {}


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

    def drawn() -> torch.Tensor:
        maps = rng.random((24, 20)) ** 2 * rng.exponential(size=(N, 24, 20)) + 1e-4
        return torch.from_numpy(maps.astype(np.float32))

    maps, others = drawn(), drawn()
    order = rng.permutation(N)
    while (order[[0, N // 2, -1]] == [0, N // 2, N - 1]).any():  # others first, middle and last
        order = rng.permutation(N)
    calls = [maps, maps[torch.from_numpy(order)], torch.zeros_like(maps),
             maps.repeat(MANY, 1, 1), maps.repeat(MANY**2, 1, 1)]
    for place in range(N):
        for other in (torch.zeros_like(maps[0]), 10 * others[place], maps.mean(dim=0)):
            calls.append(maps.clone())
            calls[-1][place] = other
    # Of odd numbers of maps, so that every median is the same one.
    return [(one.contiguous(),) for one in calls], {
        "stacks": np.stack([one.numpy() for one in calls if len(one) == N])}


def judge_rule(returned: list[Returned], expected: Arrays) -> Iterator[Statement]:
    """4 points for each of three statements."""
    shape = expected["stacks"].shape[2:]
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


def given_noise(returned: list[Returned], expected: Arrays) -> str:
    """Which of the notebook's noise sources an answer is, or ""."""
    import torch

    from labutils.checks.given import given_source

    draws = [one.value for one in returned[:DRAWS]]
    if any(draw is None or draw.shape != SHAPE or not np.isfinite(draw).all() for draw in draws):
        return ""
    name = given_source(torch.from_numpy(np.stack(draws).astype(np.float32)))
    return f"the given {name} noise" if name else ""


def given_rule(returned: list[Returned], expected: Arrays) -> str:
    """Which of the notebook's rules an answer is, or ""."""
    import torch

    from labutils.checks.given import given_rule as rule_of

    stacks, maps = expected["stacks"], [one.value for one in [*returned[:2], *returned[5:]]]
    # Darkness, third among the stacks, is the same under every rule.
    pairs = list(zip(np.delete(stacks, 2, axis=0), maps, strict=True))[:6]
    if any(found is None or found.shape != stack.shape[1:]
                          or not np.isfinite(found).all() for stack, found in pairs):
        return ""
    name = rule_of(*zip(*((torch.from_numpy(stack), torch.from_numpy(found.astype(np.float32)))
                          for stack, found in pairs), strict=True))
    return f"the given rule {name}" if name else ""


ANSWERS = {
    "my-noise-answer": Answer("my_noise", draw_noise, judge_noise,
                              "labutils.checks:check_noise_source", given_noise),
    # Its check compares with the given rules, which are not in the room.
    "my-aggregation-answer": Answer("my_aggregation", draw_rule, judge_rule, "", given_rule)}
