"""Class scores and vanilla saliency: gradients that are right and leave no trace."""

import copy

import numpy as np
import pytest
import torch
from captum.attr import Saliency
from conftest import NEAR_EDGES, relative_difference
from torchvision.models import resnet18

from labutils.engine.pixels import normalise
from labutils.saliency import (
    class_scores,
    compute_abs,
    compute_max,
    compute_saliency_maps,
    score_gradient,
)


def test_class_scores_are_the_models_scores_of_the_labels(X5, y5, model):
    expected = model(X5)[torch.arange(5), y5]
    assert torch.equal(class_scores(X5, y5, model), expected)


def test_class_scores_of_pictures_are_those_of_preprocessed_pictures(pictures, X5, y5, model):
    assert torch.equal(class_scores(pictures.X, y5, model), class_scores(X5, y5, model))


def test_class_scores_pass_the_gradient_on(tiny_model):
    X = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0)).requires_grad_()
    class_scores(X, [4, 1], tiny_model).sum().backward()
    assert torch.allclose(X.grad, compute_saliency_maps(X.detach(), [4, 1], tiny_model))


def test_saliency_has_the_shape_of_the_input_and_is_float32(X5, y5, model):
    saliency = compute_saliency_maps(X5[:2], y5[:2], model)
    assert (saliency.shape, saliency.dtype) == ((2, 3, 224, 224), torch.float32)


def test_saliency_agrees_with_finite_differences(tiny_model):
    tiny_model.double()
    X = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0)).double()
    y = torch.tensor([3, 8])
    saliency = compute_saliency_maps(X, y, tiny_model)
    step = 1e-5
    for index in [(0, 0, 0, 0), (0, 1, 5, 7), (0, 2, 11, 11), (1, 0, 6, 2), (1, 2, 3, 9)]:
        up, down = X.clone(), X.clone()
        up[index] += step
        down[index] -= step
        difference = class_scores(up, y, tiny_model) - class_scores(down, y, tiny_model)
        slope = difference[index[0]] / (2 * step)
        assert saliency[index].item() == pytest.approx(slope.item(), rel=1e-6, abs=1e-10)


def test_saliency_agrees_with_captum(X5, y5, model):
    X = X5[:2].clone().requires_grad_()
    expected = Saliency(model).attribute(X, target=y5[:2], abs=False)
    assert relative_difference(compute_saliency_maps(X5[:2], y5[:2], model), expected) < NEAR_EDGES


def test_saliency_of_another_architecture_agrees_with_captum():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = resnet18(weights=None).eval()
        X = torch.randn(2, 3, 64, 64)
    X_tracked = X.clone().requires_grad_()
    expected = Saliency(network).attribute(X_tracked, target=torch.tensor([5, 700]), abs=False)
    assert relative_difference(compute_saliency_maps(X, [5, 700], network), expected) < NEAR_EDGES


def test_saliency_of_pictures_is_that_of_preprocessed_pictures(pictures, X5, y5, model):
    assert torch.equal(compute_saliency_maps(pictures.X[:1], y5[:1], model),
                       compute_saliency_maps(X5[:1], y5[:1], model))


def test_float_pictures_and_uint8_pictures_have_the_same_saliency(tiny_pictures, tiny_model):
    assert torch.equal(compute_saliency_maps(tiny_pictures.astype(float), [1, 2, 3], tiny_model),
                       compute_saliency_maps(tiny_pictures, [1, 2, 3], tiny_model))


def test_saliency_twice_on_the_same_input_does_not_add_up(X5, y5, model):
    first, second = (compute_saliency_maps(X5[:1], y5[:1], model) for _ in range(2))
    assert torch.equal(first, second)


def test_a_pictures_saliency_does_not_depend_on_its_neighbours(X5, y5, model):
    assert torch.equal(compute_saliency_maps(X5[:2], y5[:2], model)[1:],
                       compute_saliency_maps(X5[1:2], y5[1:2], model))


def test_a_pictures_saliency_depends_on_the_label(X5, model):
    assert not torch.equal(compute_saliency_maps(X5[:1], [1], model),
                           compute_saliency_maps(X5[:1], [2], model))


def test_saliency_works_inside_no_grad(X5, y5, model):
    expected = compute_saliency_maps(X5[:1], y5[:1], model)
    with torch.no_grad():
        assert torch.equal(compute_saliency_maps(X5[:1], y5[:1], model), expected)


@pytest.mark.parametrize("y", [[3, 8, 1], (3, 8, 1), np.array([3, 8, 1]), torch.tensor([3, 8, 1]),
                               np.array([3, 8, 1], np.uint8), torch.tensor([3, 8, 1]).int()],
                         ids=["list", "tuple", "array", "tensor", "uint8", "int32"])
def test_labels_may_come_in_any_container(tiny_pictures, tiny_model, y):
    expected = compute_saliency_maps(tiny_pictures, [3, 8, 1], tiny_model)
    assert torch.equal(compute_saliency_maps(tiny_pictures, y, tiny_model), expected)


@pytest.mark.parametrize("function", [class_scores, compute_saliency_maps])
def test_nothing_that_is_given_is_changed(tiny_pictures, tiny_model, function):
    X = normalise(torch.from_numpy(tiny_pictures).permute(0, 3, 1, 2).float()).requires_grad_()
    y = torch.tensor([3, 8, 1])
    X_before, y_before = X.detach().clone(), y.clone()
    state_before = copy.deepcopy(tiny_model.state_dict())
    function(X, y, tiny_model)
    assert torch.equal(X, X_before) and torch.equal(y, y_before)
    assert X.requires_grad and X.grad is None
    for name, parameter in tiny_model.named_parameters():
        assert torch.equal(parameter, state_before[name])
        assert parameter.requires_grad and parameter.grad is None


def test_an_input_without_gradient_stays_without(X5, y5, model):
    compute_saliency_maps(X5[:1], y5[:1], model)
    assert not X5.requires_grad


class Squares(torch.nn.Module):
    """Two scores: the sum of squares, and its double."""

    def forward(self, X):
        total = (X**2).sum((1, 2, 3))
        return torch.stack([total, 2 * total], dim=1)


def test_score_gradient_keeps_the_pictures_apart():
    X = torch.arange(8.0).reshape(2, 1, 2, 2)
    assert torch.equal(score_gradient(X, [0, 1], Squares()),
                       X * torch.tensor([2.0, 4.0]).reshape(2, 1, 1, 1))


def test_score_gradient_does_not_make_the_input_require_a_gradient():
    X = torch.ones(1, 3, 2, 2).to(memory_format=torch.channels_last)
    score_gradient(X, [0], Squares())
    assert not X.requires_grad


def test_compute_abs_and_compute_max_are_magnitude_and_largest_channel():
    saliency = torch.tensor([1.0, -3.0, 2.0]).reshape(1, 3, 1, 1)
    assert compute_max(compute_abs(saliency)).tolist() == [[[3.0]]]


def test_compute_max_without_compute_abs_keeps_the_sign():
    saliency = torch.tensor([-1.0, -3.0, -2.0]).reshape(1, 3, 1, 1)
    assert compute_max(saliency).tolist() == [[[-1.0]]]


def test_compute_abs_leaves_the_saliency_alone():
    saliency = torch.full((1, 3, 2, 2), -1.0)
    compute_abs(saliency)
    assert saliency.max() == -1


@pytest.mark.parametrize("function", [compute_abs, compute_max])
@pytest.mark.parametrize("saliency", [np.zeros((1, 3, 4, 4)), torch.zeros(4, 4), None],
                         ids=["array", "a map", "None"])
def test_abs_and_max_refuse_what_is_no_saliency(function, saliency):
    with pytest.raises(ValueError, match=rf"{function.__name__}: saliency is .*expected a tensor"):
        function(saliency)
