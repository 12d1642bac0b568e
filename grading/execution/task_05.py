"""Notebook 05: noise_study(X, y, model, strengths, n), count_study(X, y, model, counts, long_run).

Both use labutils.smoothgrad, so it is in the room.
"""

from collections.abc import Iterator

import numpy as np

from grading.execution.drawing import close, drawn_network, drawn_pictures
from grading.execution.tasks import Answer, Arrays, Returned, Statement

ABSENT: dict[str, list[str]] = {}


def draw_noise_study(rng: np.random.Generator) -> tuple[list[tuple], Arrays]:
    """Three strengths, none of them in order."""
    from labutils.smoothgrad import smoothgrad

    network = drawn_network(rng)
    X, y = drawn_pictures(rng, network, 2)
    n, strong, weak = int(rng.integers(3, 7)), 0.4 + 0.2 * rng.random(), 0.05 + 0.1 * rng.random()
    maps = [smoothgrad(X, y, network, n if s else 1, s, seed=0).numpy()
            for s in (strong, 0, weak)]
    return [(X, y, network, [strong, 0, weak], n)], {"maps": np.stack(maps)}


def judge_noise_study(returned: list[Returned], expected: Arrays) -> Iterator[Statement]:
    """4 points for each of three statements."""
    (one,), known = returned, expected["maps"]
    maps = one.value if one.value is not None and one.value.shape == known.shape else None
    yield Statement("one map per strength and picture, pictures unchanged", 4,
                    maps is not None and np.ptp(maps) > 0 and not one.changed)
    yield Statement("strength 0 is the vanilla map", 4,
                    maps is not None and close(maps[1], known[1]))
    yield Statement("the other strengths are SmoothGrad", 4, maps is not None
                    and close(maps[0], known[0]) and close(maps[2], known[2]))


def draw_count_study(rng: np.random.Generator) -> tuple[list[tuple], Arrays]:
    """Two counts, against a long run."""
    from labutils.metrics import relative_error
    from labutils.smoothgrad import smoothgrad

    network = drawn_network(rng)
    X, y = drawn_pictures(rng, network, 2)
    counts, long_run = [int(rng.integers(7, 10)), int(rng.integers(2, 5))], int(
        rng.integers(12, 16))
    reference = smoothgrad(X, y, network, long_run, seed=1)
    errors = [[float(relative_error(one, known)) for one, known in zip(
        smoothgrad(X, y, network, n, seed=0), reference, strict=True)] for n in counts]
    return [(X, y, network, counts, long_run)], {"errors": np.array(errors)}


def judge_count_study(returned: list[Returned], expected: Arrays) -> Iterator[Statement]:
    """4 points for each of three statements."""
    (one,), known = returned, expected["errors"]
    errors = one.value if one.value is not None and one.value.shape == known.shape else None
    yield Statement("one error per count and picture", 4,
                    errors is not None and np.ptp(errors) > 0 and not one.changed)
    for place, which in enumerate(("first", "second")):
        yield Statement(f"errors of the {which} count", 4, errors is not None
                        and np.allclose(errors[place], known[place], rtol=5e-3))


ANSWERS = {"noise-study-answer": Answer("noise_study", draw_noise_study, judge_noise_study),
           "count-study-answer": Answer("count_study", draw_count_study, judge_count_study)}
