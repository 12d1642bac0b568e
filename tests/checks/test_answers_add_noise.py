"""Answers to the exercise on noise are judged rightly, wherever their numbers come from."""

import functools

import numpy as np
import pytest
import torch
from answers.judging import assert_judged_rightly, each_answer

from labutils.checks import check_add_noise
from labutils.noise import add_noise


@each_answer("add_noise")
def test_an_answer_is_judged_rightly(answer, pytestconfig):
    assert_judged_rightly("add_noise", answer, pytestconfig)


# Numbers from the generator that is handed over, in other ways than the task's.
DRAWS = {
    "in float32": lambda rng, shape: rng.standard_normal(shape, dtype=np.float32),
    "channels first": lambda rng, shape: rng.normal(size=shape[::-1]).transpose(2, 1, 0),
    "pixel by pixel, from behind": lambda rng, shape: rng.standard_normal(shape)[::-1, ::-1],
    "from torch": lambda rng, shape: torch.randn(
        shape, generator=torch.Generator().manual_seed(int(rng.integers(2**31)))).numpy(),
    "after another number": lambda rng, shape: (rng.random(), rng.standard_normal(shape))[1],
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("seed", range(3))
def test_numbers_may_be_drawn_in_any_way(draw, seed):
    def answer(x, noise_pct, rng):
        noisy = x + noise_pct * x.std() * draw(rng, x.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)

    assert check_add_noise(answer, seed=seed).codes == []


def test_a_decorator_may_take_arguments_by_place_alone():
    @functools.wraps(add_noise)
    def timed(*arguments):
        return add_noise(*arguments)

    assert check_add_noise(timed).codes == []


def with_noise(noise):
    """Without a generator as argument, so that nobody knows the numbers."""
    def answer(x, noise_pct):
        rng = np.random.default_rng()
        return np.clip(x + noise(rng, x, noise_pct), 0, 255).astype(np.uint8)

    return answer


MEASURED = {
    "wrong_strength": lambda rng, x, pct: pct * 255 * rng.standard_normal(x.shape),
    "biased": lambda rng, x, pct: rng.normal(pct * x.mean(), pct * x.std(), x.shape),
    "not_gaussian": lambda rng, x, pct: pct * x.std() * 3**0.5 * rng.uniform(-1, 1, x.shape),
    "same_noise_everywhere": lambda rng, x, pct: pct * x.std() * rng.normal(
        size=(*x.shape[:2], 1)),
    "colour_without_noise": lambda rng, x, pct: pct * x.std() * rng.normal(
        size=x.shape) * [1, 1, 0],
    "noise_pct_ignored": lambda rng, x, pct: 0.2 * x.std() * rng.standard_normal(x.shape),
    "rounded": lambda rng, x, pct: np.rint(pct * x.std() * rng.standard_normal(x.shape)),
}


@pytest.mark.parametrize("code", MEASURED)
@pytest.mark.parametrize("seed", range(3))
def test_noise_that_is_not_known_is_measured(code, seed):
    assert code in check_add_noise(with_noise(MEASURED[code]), seed=seed).codes


def test_a_strength_is_told_exactly_when_the_numbers_are_known():
    """A tenth too strong or too weak, which a glance at the copies would not tell."""
    for factor in (0.9, 1.1):
        def answer(x, noise_pct, rng, factor=factor):
            noisy = x + factor * noise_pct * x.std() * rng.standard_normal(x.shape)
            return np.clip(noisy, 0, 255).astype(np.uint8)

        assert check_add_noise(answer).codes == ["wrong_strength"]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.uint8])
def test_a_tensor_of_any_dtype_gets_an_answer(dtype):
    def answer(x, noise_pct, rng):
        noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
        return torch.from_numpy(np.clip(noisy, 0, 255).astype(np.uint8)).to(dtype)

    result = check_add_noise(answer)
    assert ("wrong_dtype" in result.codes) == (dtype != torch.uint8)
