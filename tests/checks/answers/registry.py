"""Answers that the checks must accept or reject, and with which code."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One student's function.

    Attributes:
        code: what the check must find; None when the answer is right.
        also: codes of further findings that are true of it.
        slow: it takes seconds for a seed, so a few seeds must do.
    """

    name: str
    function: Callable
    code: str | None
    also: frozenset[str]
    slow: bool = False

    def is_judged_rightly(self, codes: list[str]) -> bool:
        """True when a check's codes are those of this answer."""
        if self.code is None:
            return not codes
        return self.code in codes and self.also.issuperset(set(codes) - {self.code})


class Answers:
    """The answers to one task, in the order of their files."""

    def __init__(self) -> None:
        self.all: list[Answer] = []

    def right(self, function: Callable) -> Callable:
        """Decorator of an answer that must pass."""
        return self._add(function, None)

    def wrong(self, code: str, *also: str, slow: bool = False) -> Callable[[Callable], Callable]:
        """Decorator of an answer in which this code must be found, perhaps with others."""
        return lambda function: self._add(function, code, *also, slow=slow)

    def _add(self, function: Callable, code: str | None, *also: str, slow: bool = False
             ) -> Callable:
        called = function() if isinstance(function, type) else function
        self.all.append(Answer(function.__name__, called, code, frozenset(also), slow))
        return function


PREPROCESS, SMOOTHGRAD, ADD_NOISE, SALIENCY, NOISE_SOURCE, AGGREGATE = (
    Answers() for _ in range(6))
