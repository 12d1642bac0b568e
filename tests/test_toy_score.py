"""The toy score: continuous, with the slope that its pieces have."""

import numpy as np
import pytest
import torch

from labutils.toy_score import KINKS, SLOPES, WEIGHTS, toy_score


def test_the_slope_is_what_finite_differences_say_between_the_kinks():
    middles = (KINKS[:-1] + KINKS[1:]) / 2
    (ahead, _), (behind, _), (_, slope) = (toy_score(middles + h) for h in (1e-4, -1e-4, 0))
    assert slope == pytest.approx((ahead - behind) / 2e-4, abs=1e-8)
    assert slope == pytest.approx(SLOPES[:-1])


def test_score_and_slope_are_those_of_pytorch_at_the_kinks_too():
    x = torch.tensor(np.append(KINKS, (-1.0, 4.8, 12.0)), requires_grad=True)
    torchs = torch.relu(x[:, None] - torch.tensor(KINKS)) @ torch.tensor(WEIGHTS)
    (torchs_slope,) = torch.autograd.grad(torchs.sum(), x)
    score, slope = toy_score(x.detach().numpy())
    assert score == pytest.approx(torchs.detach().numpy())
    assert slope == pytest.approx(torchs_slope.numpy(), abs=1e-12)


def test_at_every_kink_the_score_goes_on_and_the_slope_changes_its_sign():
    (before, left), (after, right) = (toy_score(KINKS[1:] + h) for h in (-1e-9, 1e-9))
    assert after == pytest.approx(before, abs=1e-7)
    assert (left * right < 0).all()


def test_any_shape_goes_in_and_comes_out():
    for x in (4.8, [1, 2], np.ones((2, 3, 4), dtype=np.uint8)):
        score, slope = toy_score(x)
        assert score.shape == slope.shape == np.shape(x)


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="toy_score: x has values that are not finite"):
        toy_score([1.0, np.nan])
