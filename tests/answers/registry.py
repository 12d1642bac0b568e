"""Answers that the checks must accept or reject, and with which code."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One student's function; code is None when it is right."""

    name: str
    function: Callable
    code: str | None


class Answers:
    """The answers to one task, in the order of their files."""

    def __init__(self) -> None:
        self.all: list[Answer] = []

    def right(self, function: Callable) -> Callable:
        """Decorator of an answer that must pass."""
        return self._add(function, None)

    def wrong(self, code: str) -> Callable[[Callable], Callable]:
        """Decorator of an answer that must be rejected with this code."""
        return lambda function: self._add(function, code)

    def _add(self, function: Callable, code: str | None) -> Callable:
        called = function() if isinstance(function, type) else function
        self.all.append(Answer(function.__name__, called, code))
        return function


SMOOTHGRAD, ADD_NOISE, SALIENCY, NOISE_SOURCE, AGGREGATE = (Answers() for _ in range(5))
