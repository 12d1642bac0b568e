"""The checks survive whatever they are given, and leave everything as it was."""

import contextlib
import inspect
import io
import random
from unittest.mock import MagicMock, Mock

import numpy as np
import pytest
import torch
from answers import smoothgrad_right

from labutils import checks
from labutils.checks import Finding

CHECKS = pytest.mark.parametrize("check", [
    checks.check_preprocess, checks.check_smoothgrad, checks.check_add_noise,
    checks.check_saliency, checks.check_noise_source, checks.check_aggregate],
    ids=lambda check: check.__name__)


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def exits(*arguments):
    raise SystemExit(3)


def raises_mutely(*arguments):
    raise MuteError


def prints(*arguments):
    print("hello")


def yields(*arguments):
    yield 1


async def waits(*arguments):
    return 1


def recurses(*arguments):
    return recurses(*arguments)


class Closed:
    def __getattribute__(self, name):
        raise ValueError("closed")

    def __call__(self, *arguments):
        raise ValueError("closed")


ODD = {
    "nothing": None, "a text": "smoothgrad", "a number": 3, "an array": np.zeros((2, 224, 224)),
    "no arguments": lambda: 1, "many arguments": lambda a, b, c, d, e, f, g: 1,
    "returns a text": lambda *a: "map", "returns a dictionary": lambda *a: {"map": 1},
    "returns itself": lambda *a: print, "returns an empty list": lambda *a: [],
    "returns a ragged list": lambda *a: [[1.0], [1.0, 2.0]], "returns 0": lambda *a: 0,
    "returns objects": lambda *a: np.array([object()]), "returns a type": lambda *a: int,
    "returns a scalar": lambda *a: torch.tensor(1.0), "returns its model": lambda *a: a[-1],
    "returns a sparse tensor": lambda *a: torch.zeros(2, 2).to_sparse(),
    "returns a tensor without values": lambda *a: torch.zeros(2, 224, 224, device="meta"),
    "returns complex numbers": lambda *a: torch.zeros(2, 224, 224, dtype=torch.complex64),
    "returns an empty tensor": lambda *a: torch.zeros(0),
    "a mock": Mock(), "a magic mock": MagicMock(),
    "a class": dict, "a built-in": len, "a torch function": torch.add, "a closed object": Closed(),
    "exits": exits, "raises mutely": raises_mutely, "prints": prints, "yields": yields,
    "waits": waits, "recurses": recurses,
}


@CHECKS
@pytest.mark.parametrize("name", ODD)
def test_an_odd_object_becomes_a_finding(check, name):
    with contextlib.redirect_stdout(io.StringIO()):
        result = check(ODD[name])
    assert not result.passed
    assert all(isinstance(f, Finding) and f.message for f in result.findings)
    assert repr(result) and result._repr_html_()


@CHECKS
def test_a_coroutine_is_closed_so_that_python_does_not_warn(check):
    returned = []

    def forgets_to_wait(*arguments):
        returned.append(waits(*arguments))
        return returned[-1]

    check(forgets_to_wait)
    assert {inspect.getcoroutinestate(coroutine) for coroutine in returned} == {"CORO_CLOSED"}


SHOWN = {
    "grey": lambda X: torch.zeros(len(X), 1, 224, 224), "small": lambda X: torch.zeros(1, 3, 9, 9),
    "one picture without its axis": lambda X: torch.zeros(3, 224, 224),
    "not a number": lambda X: torch.full((len(X), 3, 224, 224), torch.nan),
    "constant": lambda X: torch.ones(len(X), 3, 224, 224), "an array": lambda X: X,
    "no pictures": lambda X: torch.zeros(0, 3, 224, 224)}


@pytest.mark.parametrize("what", SHOWN)
def test_showing_the_network_something_odd_becomes_a_finding(what):
    def shows(X, y, model, n, noise_pct):
        inputs = SHOWN[what](X).requires_grad_() if what != "an array" else X
        model(inputs)[:, 0].sum().backward()
        return torch.zeros(len(X), 224, 224)

    assert not checks.check_smoothgrad(shows).passed


@CHECKS
def test_what_is_no_function_is_named(check):
    assert check("smoothgrad").codes == ["not_callable"]
    assert check(np.zeros(3)).codes == ["not_callable"]
    assert check(None).codes == ["not_implemented"]


@CHECKS
def test_stopping_the_check_by_hand_stops_it(check):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(interrupted)


def disturbs(*arguments):
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(2)
    np.seterr(all="raise")
    raise KeyboardInterrupt if disturbs.interrupt else ValueError


def state() -> tuple:
    return (random.getstate(), np.random.get_state()[1].tolist(), np.random.get_state()[2:],
            torch.get_rng_state().tolist(), torch.is_grad_enabled(), torch.get_default_dtype(),
            torch.get_num_threads(), np.geterr())


@CHECKS
@pytest.mark.parametrize("interrupt", [False, True], ids=["error", "interrupt"])
def test_random_states_and_settings_are_as_before(check, interrupt):
    before, disturbs.interrupt = state(), interrupt
    with contextlib.suppress(KeyboardInterrupt):
        check(disturbs)
    assert state() == before


@CHECKS
def test_the_same_seed_gives_the_same_words(check):
    def random_answer(*arguments):
        return torch.rand(2, 224, 224)

    assert repr(check(random_answer, seed=1)) == repr(check(random_answer, seed=1))


@torch.enable_grad()
def decorated(*arguments):
    raise ValueError("in the decorated function")


def test_an_error_in_a_decorated_function_names_the_students_line():
    (finding,) = checks.check_smoothgrad(decorated).findings
    assert "(decorated)" in finding.message


@pytest.fixture
def other_defaults():
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


@CHECKS
def test_a_check_works_under_the_notebooks_defaults_and_keeps_them(check, other_defaults):
    devices = []

    def answer(*arguments):
        devices.append(torch.get_default_device().type)
        torch.set_default_dtype(torch.float16)
        raise ValueError("after all")

    assert "raises" in check(answer).codes
    assert set(devices) == {"meta"}
    assert (torch.get_default_dtype(), torch.get_default_device().type) == (torch.float64, "meta")


def test_a_right_answer_passes_where_the_default_dtype_is_another():
    torch.set_default_dtype(torch.float64)
    try:
        assert checks.check_smoothgrad(smoothgrad_right.loop_over_copies).passed
    finally:
        torch.set_default_dtype(torch.float32)
