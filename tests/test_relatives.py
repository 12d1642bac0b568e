"""SmoothGrad's newer relatives: what each formula says where the answer is known exactly."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from conftest import NEAR_EDGES, relative_difference
from test_methods import make_small_model, state_of
from torch import Tensor, nn
from torchvision.models import mobilenet_v3_small, resnet18

from labutils.aggregations import max_abs
from labutils.engine.copies import draw_noise
from labutils.engine.pixels import normalise
from labutils.noise import gaussian
from labutils.relatives import (
    adapt_grad,
    cell_sums,
    coarse,
    forward_estimate,
    fusion_grad,
    mean_gradient,
    noise_grad,
    smooth_diff,
)
from labutils.saliency import compute_saliency_maps
from labutils.smoothgrad import smoothgrad

LABELS = [3, 8, 1]
RELATIVES = {"mean_gradient": mean_gradient, "adapt_grad": adapt_grad, "noise_grad": noise_grad,
             "fusion_grad": fusion_grad, "smooth_diff": smooth_diff,
             "forward_estimate": forward_estimate}
SMALL = {"fusion_grad": {"m": 2}, "forward_estimate": {"cell": 8}}


@pytest.fixture
def small_model() -> nn.Module:
    return make_small_model()


@pytest.fixture
def small_X() -> Tensor:
    """Three ImageNet-normalised pictures of odd size."""
    generator = torch.Generator().manual_seed(5)
    return normalise(torch.randint(0, 256, (3, 3, 16, 18), generator=generator).float())


def noise_of(i: int, k: int, X: Tensor, seed: int) -> Tensor:
    """What smoothgrad draws for copy k of picture i, (C, H, W)."""
    shape = (*X.shape[2:], X.shape[1])
    return draw_noise(gaussian, shape, "cpu", seed, i, k).permute(2, 0, 1)


def copy_by_copy(X: Tensor, y: list[int], model: nn.Module, n: int, noise_pct: float,
                 seed: int) -> Tensor:
    """The paper's SmoothGrad before the magnitude, copy by copy."""
    means = []
    for i, x in enumerate(X):
        sigma = noise_pct * (x.max() - x.min())
        copies = torch.stack([x + sigma * noise_of(i, k, X, seed) for k in range(n)])
        means.append(compute_saliency_maps(copies, n * [y[i]], model).mean(dim=0))
    return torch.stack(means)


# --- the mean gradient ---

def test_the_mean_gradient_is_the_papers_smoothgrad_before_the_magnitude(small_X, small_model):
    found = mean_gradient(small_X, LABELS, small_model, n=7, noise_pct=0.2, seed=3)
    expected = copy_by_copy(small_X, LABELS, small_model, 7, 0.2, 3)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    papers = smoothgrad(small_X, LABELS, small_model, 7, 0.2, manner="paper", reduction="signed",
                        seed=3)
    torch.testing.assert_close(max_abs(found), papers, rtol=1e-4, atol=1e-6)


def test_the_mean_gradients_noise_may_be_the_same_within_a_cell(small_X, small_model):
    found = mean_gradient(small_X, LABELS, small_model, n=3, cell=4, seed=1)
    papers = smoothgrad(small_X, LABELS, small_model, 3, manner="paper", reduction="signed",
                        noise=partial(coarse, cell=4), seed=1)
    torch.testing.assert_close(max_abs(found), papers, rtol=1e-4, atol=1e-6)


# --- AdaptGrad ---

def test_adapt_grad_is_the_mean_gradient_of_copies_with_a_noise_for_every_value(
        small_X, small_model):
    a, b = (normalise(torch.full((1, 3, 1, 1), v))[0] for v in (0.0, 255.0))
    quantile = 1.6448536  # 90 % of a normal distribution lie within so many deviations
    expected, outside = torch.zeros_like(small_X), 0.0
    for i, x in enumerate(small_X):
        sigma = torch.minimum(x - a, b - x) / quantile
        for k in range(6):
            noisy = x + sigma * noise_of(i, k, small_X, 2)
            expected[i] += compute_saliency_maps(noisy[None], LABELS[i : i + 1], small_model)[0] / 6
            outside += float(((noisy < a) | (noisy > b)).float().mean()) / 18
    found = adapt_grad(small_X, LABELS, small_model, n=6, confidence=0.9, seed=2)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    # At most one of ten values is outside; nearly all of them on the side that is nearer.
    assert 0.04 < outside < 0.1


def test_what_lies_on_a_bound_gets_no_noise(tiny_model):
    black_and_white = np.zeros((1, 16, 18, 3), np.uint8)
    black_and_white[:, 4:9] = 255
    torch.testing.assert_close(adapt_grad(black_and_white, [3], tiny_model, n=3, seed=0),
                               compute_saliency_maps(black_and_white, [3], tiny_model))


def test_own_bounds_serve_networks_without_colour():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).eval()
    X = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert adapt_grad(X, [1, 2], network, n=2, bounds=(0.0, 1.0)).shape == X.shape
    with pytest.raises(ValueError, match=r"^adapt_grad: bounds is None.*such as \(0.0, 1.0\)"):
        adapt_grad(X, [1, 2], network, n=2)
    with pytest.raises(ValueError, match=r"bounds is \(0, 0.5\), and X has values from"):
        adapt_grad(X, [1, 2], network, n=2, bounds=(0, 0.5))


# --- NoiseGrad and FusionGrad ---

def test_without_noise_on_the_weights_noise_grad_is_the_gradient(small_X, small_model):
    torch.testing.assert_close(noise_grad(small_X, LABELS, small_model, n=2, sigma=0),
                               compute_saliency_maps(small_X, LABELS, small_model))


def linear_model(inputs: int) -> nn.Module:
    """A score whose gradient is its weights."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(inputs, 10))
    nn.init.uniform_(network[1].weight, 0.5, 1.5, generator=torch.Generator().manual_seed(1))
    return network.eval()


def test_the_weights_noise_is_a_share_of_every_weight(small_X):
    network = linear_model(small_X[0].numel())
    weights = network[1].weight.detach()[LABELS].reshape(small_X.shape)
    eta = noise_grad(small_X, LABELS, network, n=1, sigma=0.2, seed=0) / weights
    assert float((eta.mean() - 1).abs()) < 4 * 0.2 / math.sqrt(eta.numel())
    assert float(eta.std()) == pytest.approx(0.2, rel=0.06)
    mean = noise_grad(small_X, LABELS, network, n=16, sigma=0.2, seed=0) / weights
    assert float(mean.std()) == pytest.approx(0.05, rel=0.06)


def test_noise_grad_averages_any_method(small_X, small_model):
    def twice(X: Tensor, y: list[int], model: nn.Module) -> Tensor:
        return 2 * compute_saliency_maps(X, y, model)

    torch.testing.assert_close(
        noise_grad(small_X, LABELS, small_model, n=3, method=twice, seed=0),
        2 * noise_grad(small_X, LABELS, small_model, n=3, seed=0))


def test_fusion_grad_without_noise_on_the_weights_is_smoothgrad(small_X, small_model):
    found = fusion_grad(small_X, LABELS, small_model, n=2, m=3, sigma=0, noise_pct=0.2, seed=4)
    torch.testing.assert_close(found, copy_by_copy(small_X, LABELS, small_model, 6, 0.2, 4),
                               rtol=1e-4, atol=1e-6)
    expected = smoothgrad(small_X, LABELS, small_model, 6, 0.2, manner="paper",
                          reduction="signed", seed=4)
    torch.testing.assert_close(max_abs(found), expected, rtol=1e-4, atol=1e-6)


def test_fusion_grad_without_noise_on_the_picture_is_noise_grad(small_X, small_model):
    torch.testing.assert_close(
        fusion_grad(small_X, LABELS, small_model, n=3, m=2, noise_pct=0, seed=4),
        noise_grad(small_X, LABELS, small_model, n=3, seed=4))


# --- SmoothDiff ---

def test_smooth_diff_without_noise_is_the_gradient(small_X, small_model):
    torch.testing.assert_close(smooth_diff(small_X, LABELS, small_model, n=3, noise_pct=0),
                               compute_saliency_maps(small_X, LABELS, small_model))


def test_smooth_diff_of_one_copy_is_the_gradient_at_that_copy(small_X, small_model):
    torch.testing.assert_close(
        smooth_diff(small_X, LABELS, small_model, n=1, noise_pct=0.3, seed=6),
        copy_by_copy(small_X, LABELS, small_model, 1, 0.3, 6), rtol=1e-4, atol=1e-6)


def test_both_hold_on_squeezenet(X5, y5, model):
    X, y = X5[:1], y5[:1].tolist()
    clean = smooth_diff(X, y, model, n=2, noise_pct=0)
    assert relative_difference(clean, compute_saliency_maps(X, y, model)) < NEAR_EDGES
    one = smooth_diff(X, y, model, n=1, noise_pct=0.1, seed=6)
    assert relative_difference(one, copy_by_copy(X, y, model, 1, 0.1, 6)) < NEAR_EDGES


def test_both_hold_on_a_network_with_shortcuts():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, X = resnet18(weights=None).eval(), torch.randn(1, 3, 48, 48)
    one = smooth_diff(X, [5], network, n=1, noise_pct=0.1, seed=6)
    assert relative_difference(one, copy_by_copy(X, [5], network, 1, 0.1, 6)) < NEAR_EDGES


POOLINGS = {
    "plain": nn.MaxPool2d(2), "overlapping": nn.MaxPool2d(3, 2),
    "overhanging": nn.MaxPool2d(3, 2, ceil_mode=True), "padded": nn.MaxPool2d(3, 2, padding=1),
    "wide": nn.MaxPool2d((2, 3), (3, 1), dilation=(2, 1)), "gaps": nn.MaxPool2d(2, 3)}


@pytest.mark.parametrize("name", ["ReLU", *POOLINGS])
def test_with_a_single_gate_smooth_diff_is_smoothgrad(small_X, name):
    # The mean of a product with one varying factor is the product with its mean.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        layers = [nn.Conv2d(3, 4, 3), POOLINGS.get(name, nn.ReLU()), nn.Flatten()]
        size = nn.Sequential(*layers)(small_X).shape[1]
        network = nn.Sequential(*layers, nn.Linear(size, 10)).eval()
    found = smooth_diff(small_X, LABELS, network, n=7, noise_pct=0.3, seed=6)
    torch.testing.assert_close(found, copy_by_copy(small_X, LABELS, network, 7, 0.3, 6),
                               rtol=1e-4, atol=1e-6)


def test_with_two_gates_smooth_diff_is_not_smoothgrad(small_X, small_model):
    found = smooth_diff(small_X, LABELS, small_model, n=7, noise_pct=0.3, seed=6)
    expected = copy_by_copy(small_X, LABELS, small_model, 7, 0.3, 6)
    assert 0.001 < relative_difference(found, expected) < 0.9


def test_what_smooth_diff_cannot_average_is_refused(tiny_pictures, tiny_model):
    with pytest.raises(ValueError, match="^smooth_diff: the model calls tanh; averaged are"):
        smooth_diff(tiny_pictures, LABELS, tiny_model, n=2)
    with pytest.raises(ValueError, match="^smooth_diff: the model calls hardswish"):
        smooth_diff(tiny_pictures, LABELS, mobilenet_v3_small(weights=None).eval(), n=2)
    both = nn.Sequential(nn.MaxPool2d(2, return_indices=True), First(), nn.Flatten(),
                         nn.Linear(216, 10)).eval()
    with pytest.raises(ValueError, match="^smooth_diff: the model calls .*max_pool2d"):
        smooth_diff(tiny_pictures, LABELS, both, n=2)


class First(nn.Module):
    def forward(self, pair: tuple) -> Tensor:
        return pair[0]


# --- the forward-only estimate ---

class Quadratic(nn.Module):
    """Scores of second degree: the gradient of their smoothed form is their own gradient."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.linear = linear_model(inputs)

    def forward(self, X: Tensor) -> Tensor:
        return self.linear(X) + 5 * (X**2).sum(dim=(1, 2, 3))[:, None]


def test_the_fit_of_a_score_of_second_degree_is_exact(small_X):
    network = Quadratic(small_X[0].numel()).eval()
    found = forward_estimate(small_X, LABELS, network, n=40, cell=8, regression=True, seed=0)
    expected = cell_sums(compute_saliency_maps(small_X, LABELS, network), 8)
    assert found.shape == (3, 3, 2, 3)
    assert relative_difference(found, expected) < 1e-3


def test_steins_estimate_comes_near_the_slope_as_one_over_root_n(small_X):
    X, network = small_X[:1], Quadratic(small_X[0].numel()).eval()
    expected = cell_sums(compute_saliency_maps(X, [3], network), 8)
    errors = [relative_difference(forward_estimate(X, [3], network, n=n, cell=8, seed=0), expected)
              for n in (60, 1000)]
    slopes = expected.numel()
    for n, error in zip((60, 1000), errors, strict=True):
        assert error < 2 * math.sqrt((slopes + 1) / n)
    assert errors[1] < errors[0] / 2


def test_scores_and_gradients_of_coarse_copies_tell_the_same(small_X, small_model):
    X, generator = small_X[:1], torch.Generator().manual_seed(0)
    found = forward_estimate(X, [3], small_model, n=150, noise_pct=0.05, cell=8, regression=True,
                             seed=0)
    sigma = 0.05 * (X.max() - X.min())
    copies = torch.cat([X + sigma * coarse((16, 18, 3), generator, 8).permute(2, 0, 1)
                        for _ in range(60)])
    mean = compute_saliency_maps(copies, [3] * 60, small_model).mean(dim=0, keepdim=True)
    assert relative_difference(found, cell_sums(mean, 8)) < 0.1


def test_squeezenets_scores_take_the_short_way_to_the_same_slopes(X5, y5, model):
    found = forward_estimate(X5[:1], y5[:1], model, n=3, cell=112, seed=0)
    the_long_way = forward_estimate(X5[:1], y5[:1], nn.Sequential(model).eval(), n=3, cell=112,
                                    seed=0)
    torch.testing.assert_close(found, the_long_way, rtol=1e-3, atol=1e-3)


def test_coarse_noise_is_standard_normal_and_the_same_within_a_cell():
    epsilon = coarse((90, 200, 3), torch.Generator().manual_seed(0), cell=4)
    assert epsilon.shape == (90, 200, 3)
    assert torch.equal(epsilon[:88:4], epsilon[3:88:4]) and torch.equal(
        epsilon[:, ::4], epsilon[:, 3::4])
    assert float(epsilon.std()) == pytest.approx(1, abs=0.05)
    assert abs(float(epsilon.mean())) < 0.05


def test_smoothgrad_takes_coarse_noise(small_X, small_model):
    found = smoothgrad(small_X, LABELS, small_model, 3, 0.1, manner="paper", noise=coarse, seed=0)
    assert torch.isfinite(found).all()


def test_cell_sums_add_up_every_value_once(small_X):
    assert cell_sums(small_X, 8).shape == (3, 3, 2, 3)
    torch.testing.assert_close(cell_sums(small_X, 8).sum(dim=(2, 3)), small_X.sum(dim=(2, 3)),
                               rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(cell_sums(small_X, 8)[..., 1, 2], small_X[..., 8:, 16:].sum((2, 3)))


def test_a_fit_needs_more_copies_than_slopes_and_an_estimate_needs_noise(small_X, small_model):
    with pytest.raises(ValueError, match=r"n is 10, and a fit has \(3, 2, 3\) = 18 slopes"):
        forward_estimate(small_X, LABELS, small_model, n=10, cell=8, regression=True)
    with pytest.raises(ValueError, match="noise_pct is 0; without noise the scores tell no slope"):
        forward_estimate(small_X, LABELS, small_model, n=10, cell=8, noise_pct=0)


# --- all of them ---

@pytest.mark.parametrize("name", RELATIVES)
def test_the_same_seed_gives_the_same_map_and_another_seed_another(small_X, small_model, name):
    first, again, other = (RELATIVES[name](small_X, LABELS, small_model, n=3, seed=seed,
                                           **SMALL.get(name, {})) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize("name", RELATIVES)
def test_a_relative_leaves_everything_as_it_was(small_X, small_model, name):
    small_model[0].weight.requires_grad_(False)
    X, before, random = small_X.clone(), state_of(small_model), torch.get_rng_state()
    with torch.no_grad():
        found = RELATIVES[name](X, LABELS, small_model, n=2, **SMALL.get(name, {}))
    assert state_of(small_model) == before and torch.equal(X, small_X)
    assert torch.equal(torch.get_rng_state(), random)
    assert not found.requires_grad and found.dtype is torch.float32


@pytest.mark.parametrize("name", RELATIVES)
def test_a_relative_refuses_what_the_door_refuses(small_X, small_model, name):
    function = RELATIVES[name]
    for n in (0, 2.5):
        with pytest.raises((TypeError, ValueError), match=f"^{name}: n is {n}; expected"):
            function(small_X, LABELS, small_model, n=n)
    with pytest.raises(ValueError, match=f"^{name}: seed is -1"):
        function(small_X, LABELS, small_model, n=2, seed=-1)
    with pytest.raises(ValueError, match=f"^{name}: y has 2 labels"):
        function(small_X, [1, 2], small_model)
    with pytest.raises(ValueError, match=f"^{name}: the model is in training mode"):
        function(small_X, LABELS, small_model.train())


@pytest.mark.parametrize("name", RELATIVES)
def test_a_relative_refuses_maps_that_are_not_finite(small_X, small_model, name):
    with torch.no_grad():
        small_model[3].weight[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match="saliency of picture 0 has NaN or infinite values"):
        RELATIVES[name](small_X, LABELS, small_model, n=2, **SMALL.get(name, {}))


@pytest.mark.parametrize("function, options, message", [
    (adapt_grad, {"confidence": 1}, "^adapt_grad: confidence is 1; expected a probability"),
    (adapt_grad, {"confidence": 95}, "^adapt_grad: confidence is 95"),
    (adapt_grad, {"bounds": (1, 0)}, "^adapt_grad: bounds is"),
    (noise_grad, {"sigma": -0.1}, "^noise_grad: sigma is -0.1; expected a share"),
    (fusion_grad, {"sigma": "0.2"}, "^fusion_grad: sigma is '0.2'"),
    (fusion_grad, {"m": 0}, "^fusion_grad: m is 0; expected"),
    (fusion_grad, {"noise_pct": -1}, "^fusion_grad: noise_pct is -1"),
    (smooth_diff, {"noise_pct": torch.nan}, "^smooth_diff: noise_pct is nan"),
    (mean_gradient, {"cell": 0}, "^mean_gradient: cell is 0"),
    (mean_gradient, {"noise_pct": -1}, "^mean_gradient: noise_pct is -1"),
    (forward_estimate, {"cell": 0}, "^forward_estimate: cell is 0")])
def test_settings_that_are_none_are_refused(small_X, small_model, function, options, message):
    with pytest.raises(ValueError, match=message):
        function(small_X, LABELS, small_model, n=2, **options)
