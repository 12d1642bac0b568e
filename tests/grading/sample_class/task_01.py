"""What the tiny homework's function is called with."""

from collections.abc import Iterator

import numpy as np

from grading.execution.tasks import Answer, Arrays, Returned, Statement

ABSENT: dict[str, list[str]] = {}


def draw(rng: np.random.Generator) -> tuple[list[tuple], Arrays]:
    """Numbers above zero, then below."""
    numbers = [[int(n) for n in rng.integers(1, 1000, 5)], [int(n) for n in -rng.integers(1, 9, 4)]]
    return [(one,) for one in numbers], {str(k): 2 * np.array(one) for k, one in enumerate(numbers)}


def judge(returned: list[Returned], expected: Arrays) -> Iterator[Statement]:
    """2 points for each of two statements."""
    for place, which in enumerate(("above", "below")):
        value = returned[place].value
        yield Statement(f"numbers {which} zero are doubled", 2,
                        value is not None and np.array_equal(value, expected[str(place)]))


ANSWERS = {"doubling-answer": Answer("double", draw, judge)}
