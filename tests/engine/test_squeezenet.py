"""The short way to one class's score is exact, and only taken where it is safe."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18, squeezenet1_1

from labutils.engine.squeezenet import is_plain_squeezenet, single_class
from labutils.saliency import score_gradient


@pytest.fixture
def own_squeezenet() -> nn.Module:
    """SqueezeNet with random weights, to be hooked and altered."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return squeezenet1_1(weights=None).eval()


@pytest.fixture
def X() -> torch.Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_the_score_of_one_class_is_that_of_the_whole_network(X5, y5, model):
    label = int(y5[0])
    torch.testing.assert_close(single_class(model, label)(X5), model(X5)[:, label])


def test_the_gradient_of_one_class_is_that_of_the_whole_network(X5, y5, model):
    # In float64, where no rounding can put a value on the other side of a ReLU.
    network = squeezenet1_1(weights=None).eval().double()
    network.load_state_dict(model.state_dict())
    label, X = int(y5[0]), X5[:1].double()
    expected = score_gradient(lambda X: network(X)[:, label], X)
    torch.testing.assert_close(score_gradient(single_class(network, label), X), expected)


def test_another_architecture_takes_the_general_path(X):
    network = resnet18(weights=None).eval()
    assert torch.equal(single_class(network, 7)(X), network(X)[:, 7])


def test_a_plain_squeezenet_takes_the_short_way(own_squeezenet, X, monkeypatch):
    monkeypatch.setattr(own_squeezenet, "forward", None)  # whoever calls the network fails
    assert single_class(own_squeezenet, 7)(X).shape == (2,)


@pytest.mark.parametrize("part", ["classifier", "features.1", "classifier.2"])
def test_a_hook_anywhere_is_respected(own_squeezenet, X, part):
    own_squeezenet.get_submodule(part).register_forward_hook(
        lambda module, inputs, output: 2 * output)
    torch.testing.assert_close(single_class(own_squeezenet, 7)(X), own_squeezenet(X)[:, 7])


@pytest.mark.parametrize("register", [
    lambda m: m.register_forward_hook(lambda *args: None),
    lambda m: m.register_forward_pre_hook(lambda *args: None),
    lambda m: m.register_full_backward_hook(lambda *args: None),
    lambda m: m.register_full_backward_pre_hook(lambda *args: None),
], ids=["forward", "forward pre", "backward", "backward pre"])
def test_a_hook_of_any_kind_leads_to_the_general_path(own_squeezenet, register):
    register(own_squeezenet.features[1])
    assert not is_plain_squeezenet(own_squeezenet)


def test_an_altered_head_leads_to_the_general_path(own_squeezenet, X):
    own_squeezenet.classifier[2] = nn.Softplus()
    torch.testing.assert_close(single_class(own_squeezenet, 7)(X), own_squeezenet(X)[:, 7])


def test_an_altered_stem_leads_to_the_general_path(own_squeezenet, X):
    own_squeezenet.features[1] = nn.Tanh()
    torch.testing.assert_close(single_class(own_squeezenet, 7)(X), own_squeezenet(X)[:, 7])


@pytest.mark.parametrize("name, value", [
    ("features.0.stride", (1, 1)), ("features.0.padding", (1, 1)), ("features.2.ceil_mode", False)])
def test_an_altered_geometry_leads_to_the_general_path(own_squeezenet, X, name, value):
    part, _, attribute = name.rpartition(".")
    setattr(own_squeezenet.get_submodule(part), attribute, value)
    torch.testing.assert_close(single_class(own_squeezenet, 7)(X), own_squeezenet(X)[:, 7])


def test_without_its_hook_a_squeezenet_is_plain_again(own_squeezenet):
    own_squeezenet.register_forward_hook(lambda *args: None).remove()
    assert is_plain_squeezenet(own_squeezenet)
