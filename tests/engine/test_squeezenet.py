"""The short way through SqueezeNet is exact, and only taken by exactly torchvision's network."""

import copy

import pytest
import torch
from conftest import NEAR_EDGES, relative_difference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torchvision.models import SqueezeNet, resnet18, squeezenet1_0, squeezenet1_1

from labutils.engine.squeezenet import (
    ShortWay,
    _torchvisions_anatomy,
    interleave,
    is_torchvisions,
)
from labutils.saliency import compute_saliency_maps, score_gradient


def squeezenet(classes: int = 10) -> nn.Module:
    """SqueezeNet with random weights, to be hooked and altered."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return squeezenet1_1(weights=None, num_classes=classes).eval()


@pytest.fixture
def own_squeezenet() -> nn.Module:
    return squeezenet()


@pytest.mark.parametrize("size", [(224, 224), (31, 50), (64, 65), (225, 227)],
                         ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_short_way_is_the_gradient_autograd_gives(model, size):
    # In float64, where no rounding can put a value on the other side of a ReLU.
    network = copy.deepcopy(model).double()
    X = torch.randn(2, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = ShortWay(network, torch.float64).gradient(X, 281)
    torch.testing.assert_close(found, score_gradient(X, [281, 281], network))


@pytest.mark.parametrize("size", [(224, 224), (31, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_short_ways_score_is_the_networks(model, size):
    X = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))
    short, scores = ShortWay(model), model(X)
    for label in (281, int(scores[0].argmin()), int(scores[0].argmax())):
        torch.testing.assert_close(short.score(X, label), scores[:, label], atol=1e-4, rtol=1e-4)


def test_in_float32_it_differs_by_rounding_only(X5, y5, model):
    label = int(y5[0])
    found = ShortWay(model).gradient(X5[:1], label)
    assert relative_difference(found, score_gradient(X5[:1], [label], model)) < NEAR_EDGES


def test_it_changes_neither_the_input_nor_the_model(X5, model):
    before, weights = X5.clone(), copy.deepcopy(model.state_dict())
    ShortWay(model).gradient(X5, 3)
    ShortWay(model).score(X5, 3)
    assert torch.equal(X5, before)
    assert all(torch.equal(t, weights[name]) for name, t in model.state_dict().items())


def test_parts_of_each_parity_land_on_their_rows_and_columns():
    parts = torch.arange(4.0).reshape(1, 4, 1, 1).expand(1, 4, 2, 2)
    picture = interleave(parts, 4, 3)
    assert picture[0, 0].tolist() == [[0, 1, 0], [2, 3, 2], [0, 1, 0], [2, 3, 2]]


@pytest.mark.parametrize("classes", [1000, 10])
def test_torchvisions_own_is_recognised_with_any_weights(classes):
    assert is_torchvisions(squeezenet(classes).requires_grad_(False))


@pytest.mark.parametrize("build", [resnet18, squeezenet1_0])
def test_another_architecture_is_not(build):
    assert not is_torchvisions(build(weights=None).eval())


def test_in_double_precision_it_is_not(own_squeezenet):
    assert not is_torchvisions(own_squeezenet.double())


def test_it_is_recognised_whatever_the_default_dtype_was_at_first(own_squeezenet):
    _torchvisions_anatomy.cache_clear()
    torch.set_default_dtype(torch.float64)
    try:
        assert is_torchvisions(own_squeezenet)
    finally:
        torch.set_default_dtype(torch.float32)
    assert is_torchvisions(own_squeezenet)


@pytest.mark.parametrize("threads", [1, 2])
def test_its_map_does_not_depend_on_autocast(X5, y5, model, threads):
    expected = compute_saliency_maps(X5[:1], y5[:1], model)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            found = compute_saliency_maps(X5[:1], y5[:1], model)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found, expected)


def test_without_its_hook_a_squeezenet_is_torchvisions_again(own_squeezenet):
    handle = own_squeezenet.register_forward_hook(lambda *args: None)
    assert not is_torchvisions(own_squeezenet)
    handle.remove()
    assert is_torchvisions(own_squeezenet)


@pytest.mark.parametrize("register", [
    nn.modules.module.register_module_forward_hook,
    nn.modules.module.register_module_forward_pre_hook,
    nn.modules.module.register_module_full_backward_hook,
], ids=["forward", "forward pre", "backward"])
def test_a_hook_on_all_modules_leads_to_the_general_way(own_squeezenet, register):
    handle = register(lambda *args: None)
    try:
        assert not is_torchvisions(own_squeezenet)
    finally:
        handle.remove()


class GuidedReLU(nn.ReLU):
    """Only positive gradients pass."""

    def forward(self, X: Tensor) -> Tensor:
        X = X.relu()
        if X.requires_grad:
            X.register_hook(lambda gradient: gradient.clamp_min(0))
        return X


class Doubled(SqueezeNet):
    """A subclass with a forward of its own."""

    def forward(self, X: Tensor) -> Tensor:
        return 2 * super().forward(X)


class Twice(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return 2 * weight


def replace(name: str, module: nn.Module):
    return lambda m: m.set_submodule(name, module)


def put(name: str, attribute: str, value: object):
    return lambda m: setattr(m.get_submodule(name), attribute, value)


def hook(name: str, kind: str):
    def register(m: nn.Module) -> None:
        function = {
            "forward_hook": lambda module, given, result: 2 * result,
            "forward_pre_hook": lambda module, given: (2 * given[0],),
            "full_backward_hook": lambda module, given, result: (2 * given[0],),
            "full_backward_pre_hook": lambda module, given: (2 * given[0],),
        }[kind]
        # ReLUs that work in place and backward hooks do not go together.
        for relu in m.modules():
            if isinstance(relu, nn.ReLU):
                relu.inplace = False
        getattr(m.get_submodule(name), f"register_{kind}")(function)

    return register


def doubled_forward(name: str):
    def alter(m: nn.Module) -> None:
        module = m.get_submodule(name)
        forward = module.forward
        module.forward = lambda X: 2 * forward(X)

    return alter


ALTERATIONS = {
    "a subclass": lambda m: setattr(m, "__class__", Doubled),
    "its own forward": doubled_forward(""),
    "a layer's own forward": doubled_forward("features.4"),
    "guided ReLUs": replace("features.1", GuidedReLU()),
    "a guided ReLU inside": replace("features.7.squeeze_activation", GuidedReLU()),
    "a soft head": replace("classifier.2", nn.Softplus()),
    "a 3×3 head": replace("classifier.1", nn.Conv2d(512, 10, 3)),
    "a padded head": replace("classifier.1", nn.Conv2d(512, 10, 1, padding=1)),
    "a head of stride 2": put("classifier.1", "stride", (2, 2)),
    "max instead of mean": replace("classifier.3", nn.AdaptiveMaxPool2d((1, 1))),
    "a stem of stride 1": put("features.0", "stride", (1, 1)),
    "a padded stem": put("features.0", "padding", (1, 1)),
    "pooling rounds down": put("features.2", "ceil_mode", False),
    "a pooling of 2": put("features.5", "kernel_size", 2),
    "mean pooling": replace("features.8", nn.AvgPool2d(3, 2, ceil_mode=True)),
    "another activation": replace("features.9.expand3x3_activation", nn.Tanh()),
    "reflected borders": put("features.10.expand3x3", "padding_mode", "reflect"),
    "a parametrised weight": lambda m: parametrize.register_parametrization(
        m.features[3].expand1x1, "weight", Twice()),
    "a hook": hook("features.6", "forward_hook"),
    "a pre-hook": hook("classifier", "forward_pre_hook"),
    "a backward hook": hook("features.6.squeeze", "full_backward_hook"),
    "a backward pre-hook": hook("features.11", "full_backward_pre_hook"),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_squeezenet_is_not_torchvisions(own_squeezenet, name):
    ALTERATIONS[name](own_squeezenet)
    assert not is_torchvisions(own_squeezenet)


@settings(max_examples=25, deadline=None, derandomize=True,
          suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(sorted(ALTERATIONS)), min_size=0, max_size=2, unique=True))
def test_whatever_is_altered_the_map_is_that_of_a_plain_autograd_loop(names):
    model = squeezenet()
    for name in names:
        ALTERATIONS[name](model)
    model.eval()
    X = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    try:
        expected = []
        for x, label in zip(X, (3, 7), strict=True):
            leaf = x[None].clone().requires_grad_()
            model(leaf)[0, label].backward()
            expected.append(leaf.grad)
    except (RuntimeError, AttributeError):  # two alterations that no network survives
        return
    found = compute_saliency_maps(X, [3, 7], model)
    torch.testing.assert_close(found, torch.cat(expected), rtol=1e-3, atol=1e-6)
